//! Plugins: what they name exists.

use std::{collections::BTreeSet, path::Path};

use super::Check;
use crate::{
    config::{
        builtin,
        diagnostic::Code,
        model::Plugin,
        report::{Finding, Mark},
        suggest,
    },
    plugin::origin::{Origin, is_remote},
};

impl Check<'_, '_> {
    pub(super) fn plugins(&mut self) {
        let tables = self.said_names("table");
        let config = self.config;
        for (name, plugin) in &config.plugin {
            if is_remote(&plugin.wasm) {
                self.fetched(name, plugin);
            } else {
                self.exists(&["plugin", name, "wasm"], &plugin.wasm, &builtin::PLUGINS);
                self.fetched_from_nowhere(name, plugin);
            }
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

    /// What a URL answers with is whatever someone puts there, so the
    /// configuration says what is meant.
    fn fetched(&mut self, name: &str, plugin: &Plugin) {
        let is_url = matches!(Origin::parse(&plugin.wasm), Ok(Origin::Url(_)));
        if is_url && plugin.sha256.is_none() && !self.is_said(&["plugin", name, "sha256"]) {
            let finding = Finding::error(Code::MissingKey, "`sha256` is missing");
            let help = "add the SHA-256 of the component that is meant, as `sha256sum` prints it";
            self.add(&["plugin", name, "wasm"], Mark::Value, finding.help(help));
        }
        if plugin.auth.is_some() && plugin.wasm.starts_with("http://") {
            let message = format!("plugin {name} sends credentials without TLS");
            let finding = Finding::warning(Code::PlainCredentials, message);
            let path = ["plugin", name, "auth"];
            self.add(
                &path,
                Mark::Key,
                finding.help("fetch it from an https:// URL"),
            );
        }
    }

    fn fetched_from_nowhere(&mut self, name: &str, plugin: &Plugin) {
        for (key, said) in [
            ("auth", plugin.auth.is_some()),
            ("tls", plugin.tls.is_some()),
        ] {
            if said {
                let message = format!("`{key}` means nothing for a component that is not fetched");
                let finding = Finding::error(Code::DoesNotApply, message);
                let path = ["plugin", name, key];
                self.add(&path, Mark::Key, finding.help("remove it"));
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
