//! Routes: names of their own, from and to what exists.

use std::collections::BTreeSet;

use super::Check;
use crate::{
    alert,
    config::{
        diagnostic::Code,
        report::{Finding, Mark},
    },
};

impl Check<'_, '_> {
    pub(super) fn routes(&mut self) {
        let config = self.config;
        let mut names = BTreeSet::new();
        for (index, route) in config.route.iter().enumerate() {
            let index = index.to_string();
            if !names.insert(&route.name) {
                let message = format!("there is another route named {:?}", route.name);
                let finding = Finding::error(Code::Duplicate, message);
                self.add(
                    &["route", &index, "name"],
                    Mark::Value,
                    finding.help("give each route a name of its own"),
                );
            }
            self.ends(&["route", &index, "from"], "source", &route.from);
            self.ends(&["route", &index, "to"], "destination", &route.to);
            self.chain(&["route", &index, "chain"], &route.chain);
            self.retired_ends(&index, &route.to);
        }
    }

    /// Checks the names that a route begins or ends with, or a stage begins with.
    pub(super) fn ends(&mut self, path: &[&str], section: &str, names: &[String]) {
        let mut known = self.said_names(section);
        if section == "source" {
            known.insert(alert::SOURCE.to_owned());
            known.extend(self.said_names("stage"));
        }
        let mut seen = BTreeSet::new();
        for (at, name) in names.iter().enumerate() {
            let at = at.to_string();
            let path = [path, &[&at]].concat();
            if !seen.insert(name) {
                let finding = Finding::error(Code::Duplicate, format!("{name:?} is named twice"));
                self.add(&path, Mark::Value, finding.help("name it once"));
            }
            self.defined(&path, section, name, &known);
        }
    }

    fn retired_ends(&mut self, index: &str, names: &[String]) {
        for (at, name) in names.iter().enumerate() {
            let retired = self
                .config
                .destination
                .get(name)
                .is_some_and(|one| one.retired);
            if retired {
                let finding = Finding::warning(
                    Code::RetiredInRoute,
                    format!("destination {name} is retired and gets nothing through this route"),
                );
                self.add(
                    &["route", index, "to", &at.to_string()],
                    Mark::Value,
                    finding.help("remove it from the route, or retired from the destination"),
                );
            }
        }
    }
}
