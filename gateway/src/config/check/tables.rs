//! Lookup tables: their files exist, and what is said of them goes together.

use super::Check;
use crate::config::{
    builtin,
    diagnostic::Code,
    model::{Table, TableFormat},
    report::{Finding, Mark},
};

impl Check<'_, '_> {
    pub(super) fn tables(&mut self) {
        let config = self.config;
        for (name, table) in &config.table {
            self.exists(&["table", name, "file"], &table.file, &builtin::TABLES);
            if builtin::name(&table.file).is_some() {
                self.builtin_table(name);
            } else {
                self.database(name, table);
            }
        }
    }

    /// One that comes with the gateway is what it is.
    fn builtin_table(&mut self, name: &str) {
        for key in ["format", "sqlite"] {
            let path = ["table", name, key];
            if self.is_said(&path) {
                let message = format!("`{key}` means nothing for a table of the gateway's own");
                let finding = Finding::error(Code::DoesNotApply, message);
                self.add(&path, Mark::Key, finding.help("remove it, or name a file"));
            }
        }
    }

    fn database(&mut self, name: &str, table: &Table) {
        let is_sqlite = table.format() == TableFormat::Sqlite;
        if is_sqlite && !self.is_said(&["table", name, "sqlite"]) {
            let message = "it is not said what of the database is read";
            let finding = Finding::error(Code::MissingKey, message).help(
                "add sqlite.table with the name of a table or view, or sqlite.query with a SELECT",
            );
            self.add(&["table", name], Mark::Key, finding);
        }
        if !is_sqlite && table.sqlite.is_some() {
            let message = "`sqlite` means nothing for a file that is read in another format";
            let finding = Finding::error(Code::DoesNotApply, message);
            let help = "remove it, or `format`";
            self.add(&["table", name, "sqlite"], Mark::Key, finding.help(help));
        }
    }
}
