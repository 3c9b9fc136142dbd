//! Plugins: what they name exists.

use std::{collections::BTreeSet, path::Path};

use super::Check;
use crate::config::{
    builtin,
    diagnostic::Code,
    report::{Finding, Mark},
    suggest,
};

impl Check<'_, '_> {
    pub(super) fn plugins(&mut self) {
        let tables = self.said_names("table");
        let config = self.config;
        for (name, plugin) in &config.plugin {
            self.exists(&["plugin", name, "wasm"], &plugin.wasm, &builtin::PLUGINS);
            for secret in plugin.secrets.keys() {
                if plugin.config.contains_key(secret) {
                    let message = format!("`{secret}` stands in `config` too");
                    let finding = Finding::error(Code::LiteralSecret, message);
                    let help =
                        "remove it there: what is a secret is not written into the configuration";
                    let path = ["plugin", name, "secrets", secret];
                    self.add(&path, Mark::Hidden, finding.help(help));
                }
            }
            for (index, table) in plugin.tables.iter().enumerate() {
                let path = ["plugin", name, "tables", &index.to_string()];
                self.defined(&path, "table", table, &tables);
            }
        }
    }

    /// Reports a name that nothing in a section has.
    pub(super) fn defined(
        &mut self,
        path: &[&str],
        section: &str,
        name: &str,
        known: &BTreeSet<String>,
    ) {
        if known.contains(name) {
            return;
        }
        let help = suggest::nearest(name, known.iter().map(String::as_str)).map_or_else(
            || format!("add [{section}.{name}], or remove the name here"),
            |near| format!("did you mean {near:?}?"),
        );
        let message = format!("there is no {section} named {name:?}");
        let finding = Finding::error(Code::UndefinedName, message);
        self.add(path, Mark::Value, finding.help(help));
    }

    /// Reports a builtin or a file that does not exist.
    pub(super) fn exists(&mut self, path: &[&str], target: &str, builtins: &[&str]) {
        if let Some(name) = builtin::name(target) {
            if !builtins.contains(&name) {
                let known: Vec<_> = builtins
                    .iter()
                    .map(|name| format!("builtin:{name}"))
                    .collect();
                let finding = Finding::error(Code::UndefinedName, format!("there is no {target}"));
                let help = format!("known are {}", known.join(", "));
                self.add(path, Mark::Value, finding.help(help));
            }
            return;
        }
        if !Path::new(target).is_file() {
            let finding = Finding::error(Code::MissingFile, format!("there is no file {target}"));
            self.add(
                path,
                Mark::Value,
                finding.help("correct the path; it is relative to the file that says it"),
            );
        }
    }
}
