//! Secrets: references are followed, literals are refused.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::Value as Json;

use super::Shape;
use crate::config::{
    diagnostic::Code,
    model::{Secret, SecretRef},
    report::{Finding, Mark},
    source_file::SourceFile,
    tree::{Node, Origin, Value},
};

/// Reads secrets.
pub(in crate::config) struct SecretReader<'a> {
    pub(in crate::config) environment: &'a BTreeMap<String, String>,
    pub(in crate::config) files: &'a [SourceFile],
}

impl SecretReader<'_> {
    fn read(&self, reference: &SecretRef, origin: &Origin, lines: bool) -> Result<String, String> {
        let text = match reference {
            SecretRef::Env(name) => self
                .environment
                .get(name)
                .cloned()
                .ok_or_else(|| format!("environment variable {name} is not set"))?,
            SecretRef::File(path) => {
                let path = self.beside(path, origin);
                let text = fs::read_to_string(&path)
                    .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
                text.strip_suffix('\n')
                    .map_or(text.as_str(), |line| {
                        line.strip_suffix('\r').unwrap_or(line)
                    })
                    .to_owned()
            }
        };
        match text.as_str() {
            "" => Err(format!("{reference} is empty")),
            _ if text.contains(|c| is_out_of_place(c, lines)) => Err(format!(
                "{reference} holds a line end or another control character"
            )),
            _ => Ok(text),
        }
    }

    fn beside(&self, path: &PathBuf, origin: &Origin) -> PathBuf {
        match origin {
            Origin::File { file, .. } => self
                .files
                .get(*file)
                .map_or_else(|| path.clone(), |file| file.directory().join(path)),
            _ => path.clone(),
        }
    }
}

fn is_out_of_place(c: char, lines: bool) -> bool {
    c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'))
}

impl<'a> Shape<'a, '_> {
    pub(super) fn secret(&mut self, node: &Node, schema: &'a Json, lines: bool) -> Option<Node> {
        let outer = std::mem::replace(&mut self.hidden, true);
        let secret = self.secret_hidden(node, schema, lines);
        self.hidden = outer;
        secret
    }

    fn secret_hidden(&mut self, node: &Node, schema: &'a Json, lines: bool) -> Option<Node> {
        let name = self.path.last().cloned().unwrap_or_default();
        let Value::Table(table) = &node.value else {
            let finding = Finding::error(
                Code::LiteralSecret,
                "a secret is not written into the configuration",
            );
            self.add(
                node,
                Mark::Key,
                finding.help(format!("write {name}.env = \"NAME\" or {name}.file = \"PATH\", and change the secret: it has been in a file that others may read")),
            );
            return None;
        };
        let form = self.schema.secret_table(schema);
        let kept = self.table(node, table, &form)?;
        let Value::Table(kept) = kept.value else {
            return None;
        };
        let (key, target) = kept.iter().next()?;
        let Value::Text(text) = &target.value else {
            return None;
        };
        let reference = match key.as_str() {
            "env" => SecretRef::Env(text.clone()),
            _ => SecretRef::File(text.into()),
        };
        // An unread secret is reported, and stands empty so that the rest of
        // what it belongs to can be checked.
        let value = match self.secrets.read(&reference, &target.origin, lines) {
            Ok(value) => value,
            Err(problem) => {
                let finding = Finding::error(Code::UnreadableSecret, problem)
                    .help("provide it, readable for the gateway's user, or name another");
                let target = target.clone();
                self.inside(key, |walk| walk.add(&target, Mark::Key, finding));
                String::new()
            }
        };
        Some(Node {
            value: Value::Secret(Secret::new(reference, value)),
            origin: node.origin.clone(),
        })
    }
}
