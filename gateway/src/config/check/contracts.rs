//! Egress contracts: the gateway has to know where numbers stand in whatever
//! can reach a destination that may not hold them.

use super::Check;
use crate::config::{
    diagnostic::Code,
    model::Route,
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
                    let (source, key) = source;
                    let message = format!(
                        "route {} can bring records of source {source}, whose number places are not known",
                        route.name
                    );
                    let finding = Finding::error(Code::UnknownNumberPlaces, message)
                        .help(format!("list them in {key}; [] says that there are none"));
                    self.add(&["destination", name, "numbers"], Mark::Value, finding);
                }
            }
        }
    }

    /// Where a route begins without it being known where numbers stand, with the key
    /// that would say it.
    fn sources_without_places<'r>(&self, route: &'r Route) -> Vec<(&'r str, String)> {
        let from = route.from.iter();
        from.filter_map(|name| Some((name.as_str(), self.unsaid_places(name)?)))
            .collect()
    }
}
