//! JSON as the mock holds it: members in order with their duplicates, scalars
//! as the sender's own tokens.

use std::fmt::{self, Write as _};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

#[derive(Debug, Clone)]
pub(super) enum Node {
    Scalar(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn parse(json: &str) -> Result<Self, serde_json::Error> {
        Self::open(serde_json::from_str(json)?)
    }

    fn open(raw: &RawValue) -> Result<Self, serde_json::Error> {
        match raw.get().as_bytes().first() {
            Some(b'[') => {
                let elements: Vec<&RawValue> = serde_json::from_str(raw.get())?;
                let nodes: Result<_, _> = elements.into_iter().map(Self::open).collect();
                nodes.map(Self::Array)
            }
            Some(b'{') => {
                let Members(members) = serde_json::from_str(raw.get())?;
                let nodes: Result<_, _> = members
                    .into_iter()
                    .map(|(key, value)| Ok((key, Self::open(value)?)))
                    .collect();
                nodes.map(Self::Object)
            }
            _ => Ok(Self::Scalar(raw.get().to_owned())),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(token) => f.write_str(token),
            Self::Array(elements) => {
                f.write_char('[')?;
                for (index, element) in elements.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{element}")?;
                }
                f.write_char(']')
            }
            Self::Object(members) => {
                f.write_char('{')?;
                for (index, (key, value)) in members.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    let key = serde_json::Value::from(key.as_str());
                    write!(f, "{comma}{key}:{value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}
