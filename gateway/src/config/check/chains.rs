//! Chains: every plugin that is used exists.

use super::Check;
use crate::config::{
    diagnostic::Code,
    model::ChainUse,
    report::{Finding, Mark},
};

impl Check<'_, '_> {
    /// Checks the chain at a path, which ends in `chain`.
    pub(super) fn chain(&mut self, path: &[&str], chain: &[ChainUse]) {
        let plugins = self.said_names("plugin");
        for (index, one) in chain.iter().enumerate() {
            let index = index.to_string();
            let mut path = path.to_vec();
            path.push(&index);
            let long = [path.as_slice(), &["use"]].concat();
            if self.left.at(&long).is_some() {
                path = long;
            }
            self.defined(&path, "plugin", &one.plugin, &plugins);
            if self.names_stage(&one.plugin) {
                let message = format!("plugin {} is a stage, no part of a chain", one.plugin);
                let finding = Finding::error(Code::DoesNotApply, message);
                let help =
                    "name it as plugin of a [stage.NAME], and let routes begin with that name";
                self.add(&path, Mark::Value, finding.help(help));
            }
        }
    }
}
