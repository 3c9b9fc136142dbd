//! Tables: keys that exist, that must be there, and that exclude each other.

use std::collections::BTreeMap;

use super::{Shape, schema::TableForm};
use crate::config::{
    diagnostic::Code,
    report::{Finding, Mark},
    suggest,
    tree::{Node, Value},
};

impl<'a> Shape<'a, '_> {
    pub(super) fn table(
        &mut self,
        node: &Node,
        table: &BTreeMap<String, Node>,
        form: &TableForm<'a>,
    ) -> Option<Node> {
        let mut kept = BTreeMap::new();
        let mut meant = Vec::new();
        for (key, value) in table {
            let schema = form.keys.get(key.as_str()).copied().or(form.others);
            let Some(schema) = schema else {
                meant.extend(self.unknown_key(key, value, table, form));
                continue;
            };
            if let Some(value) = self.inside(key, |walk| walk.walk(value, schema)) {
                kept.insert(key.clone(), value);
            }
        }
        let present = |key: &str| table.contains_key(key) || meant.contains(&key);
        for key in form.required.iter().filter(|key| !present(key)) {
            let finding = Finding::error(Code::MissingKey, format!("`{key}` is missing"));
            self.add(node, Mark::Key, finding.help(format!("add `{key}` here")));
        }
        let count = form.one_of.iter().filter(|key| present(key)).count();
        if !form.one_of.is_empty() && count != 1 {
            self.not_exactly_one(node, count, &form.one_of);
        }
        let usable = form.required.iter().all(|key| kept.contains_key(*key));
        let one = form
            .one_of
            .iter()
            .filter(|key| kept.contains_key(**key))
            .count();
        (usable && one == usize::from(!form.one_of.is_empty())).then(|| Node {
            value: Value::Table(kept),
            origin: node.origin.clone(),
        })
    }

    /// Reports the key, and returns the one that was probably meant.
    fn unknown_key(
        &mut self,
        key: &str,
        value: &Node,
        table: &BTreeMap<String, Node>,
        form: &TableForm<'a>,
    ) -> Option<&'a str> {
        let free = form
            .keys
            .keys()
            .filter(|known| !table.contains_key(**known));
        let near = suggest::nearest(key, free.copied());
        let help = near.map_or_else(
            || {
                let known: Vec<_> = form.keys.keys().map(|key| format!("`{key}`")).collect();
                format!("known here are {}", known.join(", "))
            },
            |near| format!("did you mean `{near}`?"),
        );
        let finding = Finding::error(Code::UnknownKey, format!("unknown key `{key}`"));
        self.inside(key, |walk| walk.add(value, Mark::Key, finding.help(help)));
        near
    }

    fn not_exactly_one(&mut self, node: &Node, count: usize, one_of: &[&str]) {
        let keys: Vec<_> = one_of.iter().map(|key| format!("`{key}`")).collect();
        let keys = keys.join(", ");
        let finding = match count {
            0 => Finding::error(Code::ExactlyOne, format!("none of {keys} is set"))
                .help("add exactly one of them"),
            _ => Finding::error(Code::ExactlyOne, format!("more than one of {keys} is set"))
                .help("keep exactly one of them"),
        };
        self.add(node, Mark::Key, finding);
    }
}
