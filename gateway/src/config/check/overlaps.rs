//! Warnings of routes that can give one destination the same record: it then
//! goes through the first of them, which may not be what was meant.

use super::Check;
use crate::config::{
    condition::Condition,
    diagnostic::Code,
    model::Route,
    report::{Finding, Mark},
};

impl Check<'_, '_> {
    pub(super) fn overlaps(&mut self) {
        let routes = &self.config.route;
        let conditions: Vec<_> = routes
            .iter()
            .map(|route| Condition::parse(route.when.as_deref()))
            .collect();
        for (index, later) in routes.iter().enumerate() {
            let Some(condition) = &conditions[index] else {
                continue;
            };
            for (first, earlier) in conditions.iter().zip(routes).take(index) {
                if let Some(first) = first
                    && let Some(shared) = self.shared(first, earlier, condition, later)
                {
                    self.overlap(index, earlier, &shared);
                }
            }
        }
    }

    /// The destinations that both routes can give one record.
    fn shared(
        &self,
        first: &Condition,
        earlier: &Route,
        condition: &Condition,
        later: &Route,
    ) -> Option<String> {
        let shared: Vec<_> = later
            .to
            .iter()
            .filter(|name| earlier.to.contains(name) && self.config.destination.contains_key(*name))
            .map(String::as_str)
            .collect();
        let meet = later
            .from
            .iter()
            .any(|source| earlier.from.contains(source) && first.can_meet(condition, source));
        (meet && !shared.is_empty()).then(|| shared.join(", "))
    }

    fn overlap(&mut self, index: usize, earlier: &Route, shared: &str) {
        let later = &self.config.route[index];
        let message = format!(
            "routes {} and {} can both bring a record to {shared}; it then goes through {} only",
            earlier.name, later.name, earlier.name
        );
        let finding = Finding::warning(Code::OverlappingRoutes, message);
        self.add(
            &["route", &index.to_string(), "name"],
            Mark::Value,
            finding.help("narrow one `when` if records are meant to go through this route"),
        );
    }
}
