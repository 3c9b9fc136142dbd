//! Warnings of fields in `when` that no record of the sources has: a slip there
//! suspends every record, or lets none through.

use super::Check;
use crate::{
    config::{
        condition::Condition,
        diagnostic::Code,
        model::DialectName,
        report::{Finding, Mark},
    },
    ingest::dialect::{Dialect, Tccc},
    record::Kind,
    route::when::When,
};

impl Check<'_, '_> {
    pub(super) fn fields(&mut self) {
        let config = self.config;
        for (index, route) in config.route.iter().enumerate() {
            let Some(text) = &route.when else { continue };
            let (Ok(when), Some(condition)) = (When::compile(text), Condition::parse(Some(text)))
            else {
                continue;
            };
            // Plain JSON has no tables: what its records hold is not known.
            let known_dialect = |name: &&String| {
                config
                    .source
                    .get(*name)
                    .is_some_and(|source| source.dialect == DialectName::Tccc)
            };
            let Some(source) = route.from.iter().find(known_dialect) else {
                continue;
            };
            let kinds: Vec<_> = Kind::PUSHED
                .into_iter()
                .filter(|kind| condition.can_hold(*kind, source))
                .collect();
            for field in when.fields() {
                let path: Vec<_> = field.iter().map(String::as_str).collect();
                if !kinds
                    .iter()
                    .any(|kind| Tccc.knows_field(Some(*kind), &path))
                {
                    self.unknown_field(index, text, &path.join("."), source);
                }
            }
        }
    }

    fn unknown_field(&mut self, index: usize, text: &str, field: &str, source: &str) {
        let mark = text.find(field).map_or(Mark::Value, Mark::Within);
        let message = format!("no record of source {source} that gets here has a field {field}");
        let finding = Finding::warning(Code::UnknownField, message);
        self.add(
            &["route", &index.to_string(), "when"],
            mark,
            finding.help(
                "correct the name; a field that is newer than the gateway works all the same",
            ),
        );
    }
}
