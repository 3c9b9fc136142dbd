//! Renaming members: a key is exchanged, value and position stay.

use std::sync::Arc;

use bytestring::ByteString;

use super::{
    Document, EditError,
    container::{Container, Piece, Shape, Value},
    edit::{change, descend},
};
use crate::record::{pointer::Pointer, string};

impl Document {
    /// Gives every member at a place another name; false where nothing stands
    /// there. The finished document may be `max_bytes` long.
    pub fn rename(
        &mut self,
        pointer: &Pointer,
        name: &str,
        max_bytes: usize,
    ) -> Result<bool, EditError> {
        let Some((token, parents)) = pointer.tokens().split_last() else {
            return Err(EditError::NoParent);
        };
        let mut seen = Seen::default();
        self.at().every(parents, &mut |at| {
            if let Some(container) = at.container() {
                seen.look(container, token, name);
            }
        });
        if seen.members == 0 {
            return if seen.element {
                Err(EditError::NoParent)
            } else {
                Ok(false)
            };
        }
        if token == name {
            return Ok(true);
        }
        if seen.taken {
            return Err(EditError::NameTaken);
        }
        let key: Arc<str> = string::encode(name).into();
        let added = key.len().saturating_mul(seen.members);
        let length = self.len().saturating_add(added) - seen.key_bytes;
        if length > max_bytes {
            return Err(EditError::TooLarge(max_bytes));
        }
        exchange(&mut self.root, &self.source, parents, token, &key);
        self.touch(pointer.clone());
        Ok(true)
    }
}

/// What stands at a place, over all containers that its parent names.
#[derive(Default)]
struct Seen {
    /// Members of the old name.
    members: usize,
    /// How long their keys are as they are written, in bytes.
    key_bytes: usize,
    /// Whether one of their objects has a member of the new name.
    taken: bool,
    /// Whether an array has an element there.
    element: bool,
}

impl Seen {
    fn look(&mut self, container: &Container, token: &str, name: &str) {
        let found: Vec<_> = container
            .positions(token)
            .filter_map(|at| container.items.get(at))
            .collect();
        if found.is_empty() {
            return;
        }
        match container.shape {
            Shape::Array => self.element = true,
            Shape::Object => {
                self.members += found.len();
                self.key_bytes += found.iter().map(|item| item.key.len()).sum::<usize>();
                self.taken |= container.positions(name).next().is_some();
            }
        }
    }
}

/// False, and nothing changed, where no member is called so.
fn exchange(
    value: &mut Value,
    source: &ByteString,
    parents: &[String],
    token: &str,
    key: &Arc<str>,
) -> bool {
    change(value, source, |container| {
        let named = parents.first().map_or(token, String::as_str);
        let hits: Vec<usize> = container.positions(named).collect();
        let mut changed = false;
        for at in hits {
            changed |= match parents.split_first() {
                Some((_, rest)) => descend(container, at, |value, source| {
                    exchange(value, source, rest, token, key)
                }),
                None => exchange_key(container, at, key),
            };
        }
        changed
    })
}

fn exchange_key(container: &mut Container, at: usize, key: &Arc<str>) -> bool {
    if container.shape == Shape::Array {
        return false;
    }
    container.has_escaped_keys |= key.contains('\\');
    container.with_item(at, |item, _| {
        item.key = Piece::Own(Arc::clone(key));
        true
    })
}
