//! JSON as CEL values, and back. Integers are `int`, those too large for it
//! `uint`, and those too large for that `double`, which is also what numbers with
//! a point or an exponent are.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use cel::{
    Value,
    objects::{Key, Map},
};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

/// Parts of a record, as far as they were fetched.
#[derive(Debug)]
pub enum Tree {
    /// All that stands there.
    Value(Value),
    /// Some of the members of what stands there.
    Members(BTreeMap<String, Tree>),
}

impl Tree {
    /// Puts something at a path. What is there already stays.
    pub fn put(&mut self, path: &[String], found: Tree) {
        match (self, path) {
            (place @ Tree::Members(_), []) => {
                // Members that were fetched are a part of what stands here.
                if let Tree::Value(_) = found {
                    *place = found;
                }
            }
            (Tree::Members(members), [key, rest @ ..]) => {
                let member = members.entry(key.clone());
                member
                    .or_insert_with(|| Tree::Members(BTreeMap::new()))
                    .put(rest, found);
            }
            (Tree::Value(_), _) => {}
        }
    }
}

impl From<Tree> for Value {
    fn from(tree: Tree) -> Self {
        match tree {
            Tree::Value(value) => value,
            Tree::Members(members) => map(members
                .into_iter()
                .map(|(key, member)| (key.into(), Value::from(member)))
                .collect()),
        }
    }
}

/// JSON text as a CEL value; `None` where it is not JSON.
pub fn parse(json: &str) -> Option<Value> {
    serde_json::from_str::<Parsed>(json)
        .ok()
        .map(|Parsed(value)| value)
}

/// A CEL value as JSON; `None` for what JSON cannot say: bytes, functions, types,
/// numbers that are infinite or none.
pub fn to_json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(int) => (*int).into(),
        Value::UInt(uint) => (*uint).into(),
        Value::Float(float) => serde_json::Number::from_f64(*float)?.into(),
        Value::String(text) => text.as_str().into(),
        Value::List(elements) => elements.iter().map(to_json).collect::<Option<_>>()?,
        Value::Map(members) => {
            let members = members.map.iter().map(|(key, member)| {
                let key = match key {
                    Key::String(key) => key.as_ref().clone(),
                    Key::Int(key) => key.to_string(),
                    Key::Uint(key) => key.to_string(),
                    Key::Bool(key) => key.to_string(),
                };
                Some((key, to_json(member)?))
            });
            Json::Object(members.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn map(members: HashMap<Key, Value>) -> Value {
    Value::Map(Map {
        map: Arc::new(members),
    })
}

/// A value, straight out of the text.
struct Parsed(Value);

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E: Error>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
                Ok(i64::try_from(value).map_or_else(|_| value.into(), Value::from))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(Parsed(element)) = sequence.next_element()? {
                    elements.push(element);
                }
                Ok(Value::List(Arc::new(elements)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
                let mut members = HashMap::new();
                while let Some((key, Parsed(member))) = access.next_entry::<String, _>()? {
                    members.insert(key.into(), member);
                }
                Ok(map(members))
            }
        }

        deserializer.deserialize_any(Any).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let cases = [
            (
                r#"{"a":[1,-1,18446744073709551615,1.5,"x",true,null],"b":{}}"#,
                None,
            ),
            ("90071992547409931234", Some("9.007199254740994e+19")),
            ("1.0", Some("1.0")),
        ];
        for (json, expected) in cases {
            let value = parse(json).unwrap();
            let written = to_json(&value).unwrap().to_string();
            assert_eq!(written, expected.unwrap_or(json));
        }
        assert!(parse("{").is_none());
        assert!(to_json(&Value::Bytes(Arc::new(vec![1]))).is_none());
        assert!(to_json(&Value::Float(f64::NAN)).is_none());
    }
}
