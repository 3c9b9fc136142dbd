//! Looking into a container: one scan by `serde_json`, which finds where each
//! key and value stands and leaves their insides alone.

use std::{fmt, sync::Arc};

use bytestring::ByteString;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::container::{Container, Item, Piece, Shape, Value};

/// The container that stands at a range of the source; none for a scalar.
pub(super) fn container(source: &ByteString, start: u32, end: u32) -> Option<Arc<Container>> {
    let text = source.get(start as usize..end as usize)?;
    if !text.starts_with(['{', '[']) {
        return None;
    }
    scan(source, start, text).ok().map(Arc::new)
}

/// The container that an edit put in; none for a scalar.
pub(super) fn own(text: &str) -> Option<Arc<Container>> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let source = ByteString::from(text);
    let end = u32::try_from(source.len()).ok()?;
    container(&source, 0, end)
}

/// Opens the container whose text begins at `start` of the source. The scan
/// reads everything in it, so that it also finds whatever is not JSON.
pub(super) fn scan(source: &ByteString, start: u32, text: &str) -> serde_json::Result<Container> {
    let members: Members<'_> = serde_json::from_str(text)?;
    let base = text.as_ptr().addr();
    let offset = |part: &str| span(part.as_ptr().addr() - base, start);
    let mut cursor = start + 1;
    let mut items = Vec::with_capacity(members.found.len());
    let mut has_escaped_keys = false;
    for (key, value) in members.found {
        let value_start = offset(value);
        has_escaped_keys |= key.is_some_and(|key| key.contains('\\'));
        let (key_start, key_end) = key.map_or((value_start, value_start), |key| {
            (offset(key), offset(key) + span(key.len(), 0))
        });
        let value_end = value_start + span(value.len(), 0);
        items.push(Item {
            lead: read(cursor, key_start),
            key: read(key_start, key_end),
            colon: read(key_end, value_start),
            value: Value::new(read(value_start, value_end)),
        });
        cursor = value_end;
    }
    Ok(Container {
        source: source.clone(),
        shape: members.shape,
        items,
        has_escaped_keys,
        tail: read(cursor, start + span(text.len(), 0)),
        len: text.len(),
    })
}

fn read(start: u32, end: u32) -> Piece {
    Piece::Read { start, end }
}

/// An offset into a document, whose length was found to fit when it was read.
fn span(offset: usize, base: u32) -> u32 {
    u32::try_from(offset).map_or(u32::MAX, |offset| offset.saturating_add(base))
}

/// Keys and values as they stand in the text.
struct Members<'de> {
    shape: Shape,
    found: Vec<(Option<&'de str>, &'de str)>,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scan;

        impl<'de> Visitor<'de> for Scan {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or an array")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut found = Vec::with_capacity(32);
                while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    found.push((Some(key.get()), value.get()));
                }
                Ok(Members {
                    shape: Shape::Object,
                    found,
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Members<'de>, A::Error> {
                let mut found = Vec::new();
                while let Some(value) = seq.next_element::<&RawValue>()? {
                    found.push((None, value.get()));
                }
                Ok(Members {
                    shape: Shape::Array,
                    found,
                })
            }
        }

        deserializer.deserialize_any(Scan)
    }
}
