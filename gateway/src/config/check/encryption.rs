//! Master keys that are keys, and a section that says something.

use super::Check;
use crate::{
    config::{
        diagnostic::Code,
        model::Secret,
        report::{Finding, Mark},
    },
    journal::seal::MasterKey,
};

impl Check<'_, '_> {
    pub(super) fn encryption(&mut self) {
        let config = self.config;
        let Some(encryption) = &config.journal.encryption else {
            return;
        };
        let section = ["journal", "encryption"];
        if !self.is_said(&["journal", "encryption", "master"])
            && !self.is_said(&["journal", "encryption", "previous"])
        {
            let finding = Finding::error(Code::MissingKey, "it names no master key");
            self.add(
                &section,
                Mark::Key,
                finding.help("set master.env or master.file, or take the section out"),
            );
        }
        if let Some(master) = &encryption.master {
            self.master_key(&["journal", "encryption", "master"], master);
        }
        for (index, key) in encryption.previous.iter().enumerate() {
            let index = index.to_string();
            self.master_key(&["journal", "encryption", "previous", &index], key);
        }
    }

    fn master_key(&mut self, path: &[&str], key: &Secret) {
        // One that cannot be read was reported, and stands empty.
        if key.expose().is_empty() {
            return;
        }
        if let Err(error) = MasterKey::parse(key.expose()) {
            let finding = Finding::error(Code::Malformed, error.to_string());
            self.add(
                path,
                Mark::Value,
                finding.help("make one with `openssl rand -base64 32`, and keep a copy elsewhere"),
            );
        }
    }
}
