//! The configuration as a tree in which every value knows where it was said.
//!
//! All layers (defaults, files, environment, flags) become such trees and are
//! merged into one, so that one validation sees the effective configuration
//! and can still name file and line of each value.

use std::{collections::BTreeMap, ops::Range};

use serde_json::{Number, json};

use super::model::Secret;

/// A value and where it was said. Not `Debug`, since a file may hold by mistake
/// what must not be shown.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

#[derive(Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i128),
    Float(f64),
    Boolean(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
    /// A secret that has been read; put there by the validation.
    Secret(Secret),
}

/// Where a value was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// In the file of this index.
    File {
        file: usize,
        /// The bytes of the key; none for elements of lists.
        key: Option<Range<usize>>,
        /// The bytes of the value.
        value: Range<usize>,
    },
    /// In an environment variable of this name.
    Environment(String),
    /// In a flag, as it was given.
    Flag(String),
    /// Nowhere: a built-in default.
    Default,
}

impl Value {
    /// What it is, as an error message says it.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Boolean(_) => "a boolean",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
            Self::Secret(_) => "a secret",
        }
    }
}

impl Node {
    pub(super) fn empty(origin: Origin) -> Self {
        Self {
            value: Value::Table(BTreeMap::new()),
            origin,
        }
    }

    /// The node at the end of a path of keys and indexes, or the last one
    /// before the path leads nowhere.
    pub(super) fn nearest(&self, path: &[&str]) -> &Self {
        let mut node = self;
        for step in path {
            match node.child(step) {
                Some(child) => node = child,
                None => break,
            }
        }
        node
    }

    /// The node at the end of a path of keys and indexes.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, step| node.child(step))
    }

    fn child(&self, step: &str) -> Option<&Self> {
        match &self.value {
            Value::Table(table) => table.get(step),
            Value::List(list) => list.get(step.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Lays another tree over this one: tables are merged, all else is
    /// replaced.
    pub(super) fn overlay(&mut self, over: Self) {
        match (&mut self.value, over) {
            (
                Value::Table(under),
                Self {
                    value: Value::Table(over),
                    origin,
                },
            ) => {
                self.origin = origin;
                for (key, node) in over {
                    match under.get_mut(&key) {
                        Some(below) => below.overlay(node),
                        None => {
                            under.insert(key, node);
                        }
                    }
                }
            }
            (_, over) => *self = over,
        }
    }

    /// The value as JSON, with secrets in the form in which
    /// [`Secret`] takes them.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) => text.as_str().into(),
            Value::Integer(integer) => Number::from_i128(*integer)
                .map_or(serde_json::Value::Null, serde_json::Value::Number),
            Value::Float(float) => (*float).into(),
            Value::Boolean(boolean) => (*boolean).into(),
            Value::List(list) => list.iter().map(Self::to_json).collect(),
            Value::Table(table) => table
                .iter()
                .map(|(key, node)| (key.clone(), node.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Value::Secret(secret) => {
                json!({ "reference": secret.reference(), "value": secret.expose() })
            }
        }
    }
}
