//! Egress contracts: the gateway has to know where numbers stand in whatever
//! can reach a destination that may not hold them.

use super::Check;
use crate::config::{
    diagnostic::Code,
    model::{DialectName, Route},
    report::{Finding, Mark},
};

impl Check<'_, '_> {
    pub(super) fn contracts(&mut self) {
        let config = self.config;
        for (name, destination) in &config.destination {
            if destination.numbers.is_none() {
                continue;
            }
            for route in config.route.iter().filter(|route| route.to.contains(name)) {
                for source in self.sources_without_places(route) {
                    let message = format!(
                        "route {} can bring records of source {source}, whose number places are not known",
                        route.name
                    );
                    let finding = Finding::error(Code::UnknownNumberPlaces, message).help(format!(
                        "list them in source.{source}.numbers_in; [] says that there are none"
                    ));
                    self.add(&["destination", name, "numbers"], Mark::Value, finding);
                }
            }
        }
    }

    fn sources_without_places<'r>(&self, route: &'r Route) -> Vec<&'r str> {
        let unknown = |name: &&str| {
            self.config.source.get(*name).is_some_and(|source| {
                source.dialect == DialectName::Json
                    && source.numbers_in.is_none()
                    && !self.is_said(&["source", name, "numbers_in"])
            })
        };
        route
            .from
            .iter()
            .map(String::as_str)
            .filter(unknown)
            .collect()
    }
}
