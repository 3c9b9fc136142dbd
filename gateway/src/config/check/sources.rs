//! Sources: one path each, keys that fit the dialect, and a warning where
//! anyone may send.

use std::collections::BTreeMap;

use super::Check;
use crate::config::{
    diagnostic::Code,
    model::{DialectName, Source},
    report::{Finding, Mark},
};

impl Check<'_, '_> {
    pub(super) fn sources(&mut self) {
        let mut paths: BTreeMap<&str, &str> = BTreeMap::new();
        let config = self.config;
        for (name, source) in &config.source {
            if let Some(first) = paths.insert(&source.path, name) {
                let message = format!("source {first} has the path {} already", source.path);
                let finding = Finding::error(Code::Duplicate, message);
                self.add(
                    &["source", name, "path"],
                    Mark::Value,
                    finding.help("give each source a path of its own"),
                );
                paths.insert(&source.path, first);
            }
            self.dialect_keys(name, source);
            self.open_source(name, source);
        }
    }

    fn dialect_keys(&mut self, name: &str, source: &Source) {
        let (dialect, strangers): (_, &[(&str, bool)]) = match source.dialect {
            DialectName::Tccc => (
                "tccc",
                &[
                    ("kind", source.kind.is_some()),
                    ("numbers_in", source.numbers_in.is_some()),
                    ("id_in", source.id_in.is_some()),
                ],
            ),
            DialectName::Json => ("json", &[("strict", source.strict)]),
        };
        for (key, _) in strangers.iter().filter(|(_, set)| *set) {
            let message = format!("`{key}` means nothing for the dialect {dialect}");
            let finding = Finding::error(Code::DoesNotApply, message);
            self.add(
                &["source", name, key],
                Mark::Key,
                finding.help("remove it, or correct the dialect"),
            );
        }
    }

    fn open_source(&mut self, name: &str, source: &Source) {
        let reachable = !self.config.ingest.listen.ip().is_loopback();
        if reachable && source.auth.is_none() && !self.is_said(&["source", name, "auth"]) {
            let finding = Finding::warning(
                Code::OpenSource,
                format!("source {name} accepts records from anyone who can reach the listener"),
            );
            self.add(
                &["source", name],
                Mark::Key,
                finding.help("set auth.basic, auth.bearer or auth.url_token, or auth.none = true if this is meant"),
            );
        }
    }
}
