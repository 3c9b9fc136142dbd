//! Names: short and plain, since they become labels, directories and paths.

use super::Check;
use crate::{
    alert,
    config::{
        diagnostic::Code,
        report::{Finding, Mark},
    },
};

const MAX_NAME: usize = 64;

impl Check<'_, '_> {
    pub(super) fn names(&mut self) {
        for section in ["source", "plugin", "table", "stage", "destination"] {
            for name in self.said_names(section) {
                if matches!(section, "source" | "stage") && name == alert::SOURCE {
                    self.reserved(section, &name);
                } else if !is_name(&name) {
                    let node = self.said.nearest(&[section, &name]);
                    self.report
                        .add(node, &format!("{section}.{name}"), Mark::Key, bad(&name));
                }
            }
        }
        for (index, route) in self.config.route.iter().enumerate() {
            if !is_name(&route.name) {
                let path = ["route", &index.to_string(), "name"];
                self.add(&path, Mark::Value, bad(&route.name));
            }
        }
        for (name, destination) in &self.config.destination {
            if let Some(old) = destination
                .renamed_from
                .as_deref()
                .filter(|old| !is_name(old))
            {
                let path = ["destination", name, "renamed_from"];
                self.add(&path, Mark::Value, bad(old));
            }
        }
    }
}

impl Check<'_, '_> {
    fn reserved(&mut self, section: &str, name: &str) {
        let message = format!("{name:?} is the source of the gateway's own alerts");
        let finding = Finding::error(Code::BadName, message);
        let remedy = "give it another name; routes take alerts without a source of yours";
        self.add(&[section, name], Mark::Key, finding.help(remedy));
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(allowed)
}

fn bad(name: &str) -> Finding {
    Finding::error(Code::BadName, format!("{name:?} cannot be a name")).help(format!(
        "use 1 to {MAX_NAME} of the characters a-z, 0-9, _ and -"
    ))
}
