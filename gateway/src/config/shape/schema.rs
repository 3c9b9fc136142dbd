//! What a part of the JSON Schema asks for, in the few forms that the model's
//! types produce.

use std::collections::BTreeMap;

use serde_json::Value;

/// What a schema asks for.
pub(super) enum Form<'a> {
    /// A reference to a secret, of one line or of several.
    Secret { lines: bool },
    /// One of some texts.
    Choice(Vec<&'a str>),
    /// A table.
    Table(TableForm<'a>),
    /// An array.
    List { items: &'a Value, min_items: usize },
    /// A string.
    Text {
        format: Option<&'a str>,
        min_length: usize,
    },
    /// An integer.
    Integer { min: i128, max: i128 },
    /// A boolean, or only one of the two.
    Boolean { only: Option<bool> },
    /// A value of any of some forms that differ in their type.
    Either(Vec<&'a Value>),
    /// Anything.
    Any,
}

/// What a table may and must hold.
#[derive(Default)]
pub(super) struct TableForm<'a> {
    /// The keys that exist, with what they hold.
    pub(super) keys: BTreeMap<&'a str, &'a Value>,
    /// The keys that must be there.
    pub(super) required: Vec<&'a str>,
    /// The keys of which exactly one must be there; may be empty.
    pub(super) one_of: Vec<&'a str>,
    /// What all other keys hold; none where there may be no others.
    pub(super) others: Option<&'a Value>,
}

/// A whole schema with its definitions.
pub(super) struct Schema<'a> {
    root: &'a Value,
}

impl<'a> Schema<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root }
    }

    /// The table that a reference to a secret is written as.
    pub(super) fn secret_table(&self, part: &'a Value) -> TableForm<'a> {
        table(self.resolve(part))
    }

    /// What a part of the schema asks for.
    pub(super) fn form(&self, part: &'a Value) -> Form<'a> {
        let part = self.resolve(part);
        let format = part.get("format").and_then(Value::as_str);
        match format {
            Some("secret") => return Form::Secret { lines: false },
            Some("secret-pem") => return Form::Secret { lines: true },
            _ => {}
        }
        if let Some(choices) = choices(part) {
            return Form::Choice(choices);
        }
        if let Some(any_of) = part.get("anyOf").and_then(Value::as_array) {
            return Form::Either(any_of.iter().collect());
        }
        match type_of(part) {
            Some("object") => Form::Table(table(part)),
            None if part.get("oneOf").is_some() => Form::Table(table(part)),
            Some("array") => Form::List {
                items: part.get("items").unwrap_or(&Value::Bool(true)),
                min_items: length(part, "minItems"),
            },
            Some("string") => Form::Text {
                format,
                min_length: length(part, "minLength"),
            },
            Some("integer") => Form::Integer {
                min: bound(part, "minimum").unwrap_or(i128::from(i64::MIN)),
                max: bound(part, "maximum").unwrap_or(i128::from(i64::MAX)),
            },
            Some("boolean") => Form::Boolean {
                only: part.get("const").and_then(Value::as_bool),
            },
            _ => Form::Any,
        }
    }

    /// Follows references, and leaves out the null that stands for an optional
    /// key: TOML has none.
    fn resolve(&self, mut part: &'a Value) -> &'a Value {
        loop {
            part = if let Some(reference) = part.get("$ref").and_then(Value::as_str) {
                match self.root.pointer(reference.trim_start_matches('#')) {
                    Some(definition) => definition,
                    None => return part,
                }
            } else if let Some(only) = optional(part) {
                only
            } else {
                return part;
            }
        }
    }
}

fn optional(part: &Value) -> Option<&Value> {
    let any_of = part.get("anyOf")?.as_array()?;
    let mut rest = any_of.iter().filter(|one| type_of(one) != Some("null"));
    let only = rest.next()?;
    (rest.next().is_none()).then_some(only)
}

fn type_of(part: &Value) -> Option<&str> {
    match part.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null"),
        _ => None,
    }
}

fn choices(part: &Value) -> Option<Vec<&str>> {
    if let Some(values) = part.get("enum").and_then(Value::as_array) {
        return Some(values.iter().filter_map(Value::as_str).collect());
    }
    part.get("oneOf")?
        .as_array()?
        .iter()
        .map(|one| one.get("const").and_then(Value::as_str))
        .collect()
}

fn table(part: &Value) -> TableForm<'_> {
    let mut form = TableForm::default();
    form.add_keys(part);
    form.required = strings(part, "required").collect();
    for one in part
        .get("oneOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        form.add_keys(one);
        form.one_of.extend(strings(one, "required"));
    }
    form.others = part
        .get("additionalProperties")
        .filter(|others| **others != Value::Bool(false));
    form
}

impl<'a> TableForm<'a> {
    fn add_keys(&mut self, part: &'a Value) {
        let properties = part.get("properties").and_then(Value::as_object);
        for (key, value) in properties.into_iter().flatten() {
            self.keys.insert(key, value);
        }
    }
}

fn strings<'a>(part: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    part.get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn bound(part: &Value, key: &str) -> Option<i128> {
    part.get(key)?.as_number()?.as_i128()
}

fn length(part: &Value, key: &str) -> usize {
    part.get(key)
        .and_then(Value::as_u64)
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0)
}
