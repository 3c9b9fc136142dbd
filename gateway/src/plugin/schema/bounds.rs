//! What a schema may cost. It is a stranger's text, and the validator follows
//! wherever it refers to: in a recursion without a bound of its own, and as often as
//! it is referred to.
//!
//! Therefore a schema is walked before it is compiled, along with the config that it
//! is to judge: through everything that the validator could look at, be it reached by
//! one alternative only. What the walk cannot follow with certainty is refused.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::SchemaError;
use crate::record::pointer::push_token;

/// JSON values in a schema: a thousand keys with their texts.
pub(super) const MAX_VALUES: usize = 10_000;

/// Steps of a walk: some ten for each of ten thousand values of a config.
pub(super) const MAX_STEPS: usize = 200_000;

/// References and schemas within schemas, one in another.
pub(super) const MAX_DEPTH: usize = 128;

/// Schemas for the same value.
const HERE: [&str; 4] = ["not", "if", "then", "else"];
const HERE_LISTED: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const HERE_NAMED: [&str; 2] = ["dependentSchemas", "dependencies"];

/// Schemas for each value in it.
const WITHIN: [&str; 7] = [
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "items",
    "additionalItems",
    "unevaluatedItems",
    "contains",
];
const WITHIN_LISTED: [&str; 2] = ["prefixItems", "items"];

/// What refers in ways that depend on where it was come from.
const DYNAMIC: [&str; 2] = ["$dynamicRef", "$recursiveRef"];

/// Refuses a schema that cannot be followed with certainty.
pub(super) fn admit(schema: &Value) -> Result<(), SchemaError> {
    let draft = schema.get("$schema").and_then(Value::as_str);
    // What later drafts call `$id`.
    let id = match draft {
        Some(draft) if draft.contains("draft-04") => "id",
        _ => "$id",
    };
    let mut values = 0;
    let mut waiting = vec![(schema, "#".to_owned())];
    while let Some((value, at)) = waiting.pop() {
        values += 1;
        if values > MAX_VALUES {
            return Err(SchemaError::TooMany);
        }
        let is_named = |word: &str| value.get(word).is_some_and(Value::is_string);
        let refused = |what: String| Err(SchemaError::Refers(what, at.clone()));
        if let Some(word) = DYNAMIC.into_iter().find(|word| is_named(word)) {
            return refused(format!("has `{word}`"));
        }
        if is_named(id) && at != "#" {
            return refused(format!("has an `{id}` of its own"));
        }
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            match reference.strip_prefix('#') {
                None => return refused("refers to something outside itself".to_owned()),
                Some(name) if !name.is_empty() && !name.starts_with('/') => {
                    return refused("refers by a name".to_owned());
                }
                Some(_) if referred(schema, reference).is_none() => {
                    let nothing = format!("the reference at {at} names nothing");
                    return Err(SchemaError::NotASchema(nothing));
                }
                Some(_) => {}
            }
        }
        match value {
            Value::Object(members) => {
                waiting.extend(
                    members
                        .iter()
                        .map(|(name, member)| (member, below(&at, name))),
                );
            }
            Value::Array(elements) => {
                let indexed = elements.iter().enumerate();
                waiting.extend(indexed.map(|(i, element)| (element, below(&at, &i.to_string()))));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses a schema that costs too much on a config.
pub(super) fn walk(schema: &Value, config: &Value) -> Result<(), SchemaError> {
    let mut walk = Walk {
        whole: schema,
        steps: 0,
        depth: 0,
    };
    walk.visit(schema, config, "#")
}

struct Walk<'s> {
    whole: &'s Value,
    steps: usize,
    depth: usize,
}

impl<'s> Walk<'s> {
    /// Goes wherever the validator could go with a value, and at least as often.
    fn visit(&mut self, schema: &'s Value, value: &Value, at: &str) -> Result<(), SchemaError> {
        let Value::Object(keywords) = schema else {
            self.steps += 1;
            return self.bounded(at);
        };
        self.steps += cost(keywords, value);
        self.depth += 1;
        self.bounded(at)?;
        self.here(keywords, value, at)?;
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.member(keywords, name, member, at)?;
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.element(keywords, index, element, at)?;
                }
            }
            _ => {}
        }
        self.depth -= 1;
        Ok(())
    }

    fn bounded(&self, at: &str) -> Result<(), SchemaError> {
        if self.depth > MAX_DEPTH {
            return Err(SchemaError::TooDeep(at.to_owned()));
        }
        if self.steps > MAX_STEPS {
            return Err(SchemaError::TooCostly(at.to_owned()));
        }
        Ok(())
    }

    /// What judges the same value.
    fn here(&mut self, keywords: &'s Keywords, value: &Value, at: &str) -> Result<(), SchemaError> {
        if let Some(reference) = keywords.get("$ref").and_then(Value::as_str)
            && let Some(referred) = referred(self.whole, reference)
        {
            self.visit(referred, value, reference)?;
        }
        for (keyword, schema) in named(keywords, &HERE) {
            self.visit(schema, value, &below(at, keyword))?;
        }
        for (keyword, schemas) in named(keywords, &HERE_LISTED) {
            for (index, schema) in schemas.as_array().into_iter().flatten().enumerate() {
                let at = below(&below(at, keyword), &index.to_string());
                self.visit(schema, value, &at)?;
            }
        }
        for (keyword, schemas) in named(keywords, &HERE_NAMED) {
            for (name, schema) in schemas.as_object().into_iter().flatten() {
                self.visit(schema, value, &below(&below(at, keyword), name))?;
            }
        }
        Ok(())
    }

    /// What judges a member of an object.
    fn member(
        &mut self,
        keywords: &'s Keywords,
        name: &str,
        member: &Value,
        at: &str,
    ) -> Result<(), SchemaError> {
        if let Some(schema) = keywords.get("properties").and_then(|all| all.get(name)) {
            self.visit(schema, member, &below(&below(at, "properties"), name))?;
        }
        let patterns = keywords.get("patternProperties").and_then(Value::as_object);
        for (pattern, schema) in patterns.into_iter().flatten() {
            let at = below(&below(at, "patternProperties"), pattern);
            self.visit(schema, member, &at)?;
        }
        self.within(keywords, member, at)
    }

    /// What judges an element of an array.
    fn element(
        &mut self,
        keywords: &'s Keywords,
        index: usize,
        element: &Value,
        at: &str,
    ) -> Result<(), SchemaError> {
        for (keyword, schemas) in named(keywords, &WITHIN_LISTED) {
            if let Some(schema) = schemas.as_array().and_then(|all| all.get(index)) {
                let at = below(&below(at, keyword), &index.to_string());
                self.visit(schema, element, &at)?;
            }
        }
        self.within(keywords, element, at)
    }

    fn within(
        &mut self,
        keywords: &'s Keywords,
        part: &Value,
        at: &str,
    ) -> Result<(), SchemaError> {
        for (keyword, schema) in named(keywords, &WITHIN) {
            self.visit(schema, part, &below(at, keyword))?;
        }
        Ok(())
    }
}

type Keywords = Map<String, Value>;

/// Steps that a schema takes of itself: what it lists is compared, and the parts of
/// the value are noted.
fn cost(keywords: &Keywords, value: &Value) -> usize {
    let parts = match value {
        Value::Object(members) => members.len(),
        Value::Array(elements) => elements.len(),
        _ => 0,
    };
    let lists = keywords.values().filter_map(Value::as_array);
    1 + parts + lists.map(Vec::len).sum::<usize>()
}

/// The keywords that are there, of these.
fn named<'s>(
    keywords: &'s Keywords,
    names: &'static [&'static str],
) -> impl Iterator<Item = (&'static str, &'s Value)> {
    let found = names.iter().copied();
    found.filter_map(|name| keywords.get(name).map(|schema| (name, schema)))
}

/// What a reference names.
fn referred<'s>(whole: &'s Value, reference: &str) -> Option<&'s Value> {
    let pointer = percent_decode_str(reference.strip_prefix('#')?);
    whole.pointer(&pointer.decode_utf8().ok()?)
}

/// A place within another.
fn below(at: &str, token: &str) -> String {
    let mut place = at.to_owned();
    push_token(&mut place, token);
    place
}
