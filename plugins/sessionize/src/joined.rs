//! The record that is made of a session.

use std::collections::BTreeSet;

use cdr_plugin_sdk::{Kind, stage::Derived};
use serde::{Deserialize, Deserializer, de};

use crate::session::{Part, Session};

/// Kinds in the order in which they may be what the others are added to, and the
/// member that holds the others.
const KINDS: [(Kind, &str); 4] = [
    (Kind::Cdr, "Cdrs"),
    (Kind::Imcdr, "ImCdrs"),
    (Kind::Record, "Records"),
    (Kind::Voicemail, "Voicemails"),
];

/// Tag: whether every needed kind is there.
const COMPLETE: &str = "session_complete";

/// Tag: the kinds that are missing, separated by commas.
const MISSING: &str = "session_missing";

/// What was pushed cannot be made one record: no kind of it is known, or it has members
/// of its own where the others would stand.
#[derive(Debug)]
pub(crate) struct Unjoinable;

/// The record of a session. It is of the first part's kind, so that what reads
/// calls reads it.
pub(crate) fn record(id: &str, session: &Session, missing: &[&str]) -> Result<Derived, Unjoinable> {
    let first = |kind: Kind| session.parts.iter().position(|part| part.is(kind));
    let base = KINDS
        .iter()
        .find_map(|&(kind, _)| Some((kind, first(kind)?)));
    let Some((kind, at)) = base else {
        return Err(Unjoinable);
    };
    let mut members = Vec::new();
    for (kind, member) in KINDS {
        let parts = session.parts.iter().enumerate();
        let others: Vec<_> = parts
            .filter(|(index, part)| *index != at && part.is(kind))
            .map(|(_, part)| part.json.get())
            .collect();
        if !others.is_empty() {
            members.push((member, others.join(",")));
        }
    }
    let derived = Derived::new(kind, id, extended(&session.parts[at], &members)?)
        .of_session(id)
        .with_tag(COMPLETE, if missing.is_empty() { "true" } else { "false" });
    Ok(if missing.is_empty() {
        derived
    } else {
        derived.with_tag(MISSING, missing.join(","))
    })
}

/// The document with members at its end, and its own bytes as they were.
fn extended(part: &Part, members: &[(&str, String)]) -> Result<String, Unjoinable> {
    let text = part.json.get().trim_end();
    let Names(names) = serde_json::from_str(text).map_err(|_| Unjoinable)?;
    let open = text.strip_suffix('}').ok_or(Unjoinable)?;
    let mut json = open.trim_end().to_owned();
    for (index, (member, values)) in members.iter().enumerate() {
        if names.contains(*member) {
            return Err(Unjoinable);
        }
        if index > 0 || !names.is_empty() {
            json.push(',');
        }
        json.extend(["\"", member, "\":[", values, "]"]);
    }
    json.push('}');
    Ok(json)
}

/// The names of an object's members.
struct Names(BTreeSet<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> de::Visitor<'de> for Members {
            type Value = Names;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = BTreeSet::new();
                while let Some((name, de::IgnoredAny)) = map.next_entry()? {
                    names.insert(name);
                }
                Ok(Names(names))
            }
        }

        deserializer.deserialize_map(Members)
    }
}
