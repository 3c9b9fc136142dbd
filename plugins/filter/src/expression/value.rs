//! JSON as CEL values. Integers are `int`, those too large for it `uint`, and
//! those too large for that `double`, which is also what numbers with a point
//! or an exponent are.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use cel::Value;
use serde_json::Value as Json;

/// Parts of a record, as far as they were fetched.
#[derive(Debug)]
pub enum Tree {
    Value(Value),
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
            Tree::Members(members) => members
                .into_iter()
                .map(|(key, member)| (key, Value::from(member)))
                .collect::<HashMap<_, _>>()
                .into(),
        }
    }
}

/// JSON text as a CEL value; `None` where it is not JSON.
pub fn parse(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok().map(convert)
}

fn convert(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => value.into(),
        Json::String(text) => text.into(),
        Json::Number(number) => {
            if let Some(int) = number.as_i64() {
                int.into()
            } else if let Some(uint) = number.as_u64() {
                uint.into()
            } else {
                number.as_f64().map_or(Value::Null, Value::from)
            }
        }
        Json::Array(elements) => {
            let elements = elements.into_iter().map(convert).collect();
            Value::List(Arc::new(elements))
        }
        Json::Object(members) => members
            .into_iter()
            .map(|(key, member)| (key, convert(member)))
            .collect::<HashMap<_, _>>()
            .into(),
    }
}
