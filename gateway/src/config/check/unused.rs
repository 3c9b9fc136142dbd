//! Warnings of what is configured and never used.

use std::collections::BTreeSet;

use super::Check;
use crate::config::{
    diagnostic::Code,
    report::{Finding, Mark},
};

impl Check<'_, '_> {
    pub(super) fn unused(&mut self) {
        let config = self.config;
        let routes = &config.route;
        let chains = routes
            .iter()
            .map(|route| &route.chain)
            .chain(config.destination.values().map(|one| &one.chain));
        let stages = config.stage.values();
        let plugins: BTreeSet<_> = chains
            .flatten()
            .map(|one| one.plugin.as_str())
            .chain(stages.clone().map(|stage| stage.plugin.as_str()))
            .collect();
        let tables: BTreeSet<_> = config
            .plugin
            .values()
            .flat_map(|plugin| plugin.tables.iter().map(String::as_str))
            .collect();
        let sources: BTreeSet<_> = routes
            .iter()
            .flat_map(|route| &route.from)
            .chain(stages.flat_map(|stage| &stage.from))
            .map(String::as_str)
            .collect();
        let destinations: BTreeSet<_> = routes
            .iter()
            .flat_map(|route| route.to.iter().map(String::as_str))
            .chain(
                config
                    .destination
                    .iter()
                    .filter(|(_, destination)| destination.retired)
                    .map(|(name, _)| name.as_str()),
            )
            .collect();
        self.unused_in("plugin", config.plugin.keys(), &plugins, "no chain uses it");
        self.unused_in("table", config.table.keys(), &tables, "no plugin reads it");
        self.unused_in(
            "source",
            config.source.keys(),
            &sources,
            "no route begins with it",
        );
        let running = config.stage.iter().filter(|(_, stage)| !stage.retired);
        self.unused_in(
            "stage",
            running.map(|(name, _)| name),
            &sources,
            "no route begins with it",
        );
        self.unused_in(
            "destination",
            config.destination.keys(),
            &destinations,
            "no route leads to it",
        );
    }

    fn unused_in<'c>(
        &mut self,
        section: &str,
        names: impl Iterator<Item = &'c String>,
        used: &BTreeSet<&str>,
        how: &str,
    ) {
        for name in names.filter(|name| !used.contains(name.as_str())) {
            let finding = Finding::warning(Code::Unused, format!("{section} {name}: {how}"))
                .help(format!("use it, or remove [{section}.{name}]"));
            self.add(&[section, name], Mark::Key, finding);
        }
    }
}
