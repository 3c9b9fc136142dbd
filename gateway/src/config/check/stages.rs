//! Stages: of plugins that are stages, from what exists, and never of themselves.

use std::collections::BTreeSet;

use super::Check;
use crate::config::{
    builtin,
    diagnostic::Code,
    model::{DialectName, Stage},
    report::{Finding, Mark},
};

impl Check<'_, '_> {
    pub(super) fn stages(&mut self) {
        let config = self.config;
        let plugins = self.said_names("plugin");
        for (name, stage) in &config.stage {
            self.own_name(name);
            self.ends(&["stage", name, "from"], "source", &stage.from);
            self.defined(
                &["stage", name, "plugin"],
                "plugin",
                &stage.plugin,
                &plugins,
            );
            self.is_stage(name, stage);
            self.no_cycle(name, stage);
        }
        for (name, plugin) in &config.plugin {
            let for_stages = plugin.grant.state.is_some() || !plugin.grant.hosts.is_empty();
            if for_stages && self.in_chain(name) {
                let message = format!("plugin {name} is used in a chain, which is pure");
                let finding = Finding::error(Code::DoesNotApply, message)
                    .help("state and hosts are granted to stages only; remove them here");
                self.add(&["plugin", name, "grant"], Mark::Key, finding);
            }
            let by_stage = config.stage.values().any(|stage| stage.plugin == *name);
            if by_stage && plugin.cpu_budget_percent.is_some() {
                let message = format!("plugin {name} is that of a stage, which takes no worker");
                let finding = Finding::error(Code::DoesNotApply, message).help(
                    "remove it: a stage has a thread of its own, and does one thing at a time",
                );
                self.add(&["plugin", name, "cpu_budget_percent"], Mark::Key, finding);
            }
        }
    }

    /// What a stage makes is told apart from what a source accepts by its name.
    fn own_name(&mut self, name: &str) {
        if self.said_names("source").contains(name) {
            let message = format!("there is a source named {name:?}");
            let finding = Finding::error(Code::Duplicate, message)
                .help("give the stage another name: what it makes is of a source of that name");
            self.add(&["stage", name], Mark::Key, finding);
        }
    }

    fn is_stage(&mut self, name: &str, stage: &Stage) {
        let Some(plugin) = self.config.plugin.get(&stage.plugin) else {
            return;
        };
        let wasm = &plugin.wasm;
        let builtin = builtin::name(wasm).filter(|name| builtin::PLUGINS.contains(name));
        if builtin.is_some_and(|builtin| !builtin::STAGES.contains(&builtin)) {
            let message = format!("plugin {} ({wasm}) is no stage", stage.plugin);
            let finding = Finding::error(Code::DoesNotApply, message)
                .help("use it in a chain, or name a plugin of the world stage");
            self.add(&["stage", name, "plugin"], Mark::Value, finding);
        }
        let granted = self.is_said(&["plugin", &stage.plugin, "grant", "state"]);
        if builtin == Some("sessionize") && !granted {
            let message = format!("{wasm} remembers sessions, which it is not granted");
            let finding = Finding::error(Code::MissingKey, message).help(format!(
                "add grant.state = {{}} to [plugin.{}]",
                stage.plugin
            ));
            self.add(&["plugin", &stage.plugin], Mark::Key, finding);
        }
    }

    /// A stage that sees what it makes itself would never come to rest.
    fn no_cycle(&mut self, name: &str, stage: &Stage) {
        for (at, from) in stage.from.iter().enumerate() {
            if self.comes_from(from, name, &mut BTreeSet::new()) {
                let message = format!("stage {name} would see what it makes itself");
                let finding = Finding::error(Code::Duplicate, message)
                    .help("take from sources, or from stages that do not take from this one");
                let path = ["stage", name, "from", &at.to_string()];
                self.add(&path, Mark::Value, finding);
            }
        }
    }

    /// Whether what bears a name may be made of what a stage makes.
    fn comes_from<'c>(&'c self, name: &'c str, stage: &str, seen: &mut BTreeSet<&'c str>) -> bool {
        if name == stage {
            return true;
        }
        let from = self.config.stage.get(name).filter(|_| seen.insert(name));
        from.is_some_and(|one| {
            one.from
                .iter()
                .any(|from| self.comes_from(from, stage, seen))
        })
    }

    fn in_chain(&self, plugin: &str) -> bool {
        let routes = self.config.route.iter().map(|route| &route.chain);
        let destinations = self.config.destination.values().map(|one| &one.chain);
        let mut uses = routes.chain(destinations).flatten();
        uses.any(|one| one.plugin == plugin)
    }

    /// Whether a plugin is a stage, as far as can be told without loading it.
    pub(super) fn names_stage(&self, plugin: &str) -> bool {
        let config = self.config;
        let builtin = config.plugin.get(plugin);
        let builtin = builtin.and_then(|plugin| builtin::name(&plugin.wasm));
        builtin.is_some_and(|name| builtin::STAGES.contains(&name))
            || config.stage.values().any(|stage| stage.plugin == plugin)
    }

    /// The key that would say where numbers stand in what a source or a stage brings;
    /// none where that is known.
    pub(super) fn unsaid_places(&self, name: &str) -> Option<String> {
        self.unsaid_below(name, &mut BTreeSet::new())
    }

    /// `seen` are the stages that were looked at: they may be in a circle, which is an
    /// error of its own.
    fn unsaid_below<'n>(&'n self, name: &'n str, seen: &mut BTreeSet<&'n str>) -> Option<String> {
        if !seen.insert(name) {
            return None;
        }
        let key = |section| {
            (!self.is_said(&[section, name, "numbers_in"]))
                .then(|| format!("{section}.{name}.numbers_in"))
        };
        if let Some(source) = self.config.source.get(name) {
            let unknown = source.dialect == DialectName::Json && source.numbers_in.is_none();
            return key("source").filter(|_| unknown);
        }
        let stage = self.config.stage.get(name)?;
        if stage.numbers_in.is_some() {
            return None;
        }
        // A builtin says itself where it puts what its sources bring.
        let plugin = self.config.plugin.get(&stage.plugin);
        if plugin.is_some_and(|plugin| builtin::name(&plugin.wasm).is_none()) {
            return key("stage");
        }
        let mut from = stage.from.iter();
        from.find_map(|from| self.unsaid_below(from, seen))
    }
}
