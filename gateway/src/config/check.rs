//! What a single value cannot tell: names that must exist, things that exclude
//! each other, and what is probably not meant.

mod chains;
mod contracts;
mod destinations;
mod encryption;
mod fields;
mod files;
mod journal;
mod listeners;
mod names;
mod overlaps;
mod plugins;
mod policy;
mod routes;
mod sources;
mod stages;
mod tables;
mod unused;

use std::collections::BTreeSet;

use super::{
    model::Config,
    report::{Finding, Mark, Report},
    tree::{Node, Value},
};

/// What is checked. `config` is what is left of the configuration without what
/// was wrong in itself, `left` the tree it was made from, and `said` the whole
/// tree.
pub(super) struct Check<'a, 'f> {
    pub(super) config: &'a Config,
    pub(super) left: &'a Node,
    pub(super) said: &'a Node,
    pub(super) report: &'a mut Report<'f>,
}

impl Check<'_, '_> {
    pub(super) fn run(&mut self) {
        self.names();
        self.listeners();
        self.journal();
        self.encryption();
        self.sources();
        self.plugins();
        self.tables();
        self.stages();
        self.routes();
        self.destinations();
        self.contracts();
        self.overlaps();
        self.fields();
        // What is wrong may be what would have used it.
        if !self.report.found.has_errors() {
            self.unused();
        }
    }

    /// Adds a finding about the nearest thing to a path.
    fn add(&mut self, path: &[&str], mark: Mark, finding: Finding) {
        let node = self.left.nearest(path);
        self.report.add(node, &path.join("."), mark, finding);
    }

    /// The names that a section has, including those of things that are wrong
    /// in themselves: they are no reason to call their name undefined.
    fn said_names(&self, section: &str) -> BTreeSet<String> {
        match self.said.at(&[section]).map(|node| &node.value) {
            Some(Value::Table(table)) => table.keys().cloned().collect(),
            _ => BTreeSet::new(),
        }
    }

    /// Whether a key is there at all, even if what it says is wrong.
    fn is_said(&self, path: &[&str]) -> bool {
        self.said.at(path).is_some()
    }
}
