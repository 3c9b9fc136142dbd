//! A plugin's config, key by key, out of its JSON Schema.
//!
//! Only what the schemas of plugins hold is put into words; whatever else there
//! is stands in the schema itself (`--json`).

use std::io;

use serde_json::Value;

use crate::cli::print;

/// Members of members that are followed: a schema may refer to itself.
const MAX_DEPTH: usize = 6;

/// Writes a line for each key: what it is called, what it takes, what it means.
pub(super) fn show(schema: &Value) -> io::Result<()> {
    let mut keys = Keys {
        root: schema,
        rows: Vec::new(),
    };
    keys.members(schema, "", MAX_DEPTH);
    if keys.rows.is_empty() {
        return print::line("  takes no keys");
    }
    print::table(&keys.rows)
}

struct Keys<'a> {
    root: &'a Value,
    rows: Vec<[String; 3]>,
}

impl<'a> Keys<'a> {
    fn members(&mut self, schema: &'a Value, within: &str, depth: usize) {
        let schema = self.resolve(schema);
        let required = schema.get("required").and_then(Value::as_array);
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let key = if within.is_empty() {
                name.clone()
            } else {
                format!("{within}.{name}")
            };
            let needed = required.is_some_and(|list| list.iter().any(|one| one == name));
            self.key(&key, property, needed, depth);
        }
    }

    fn key(&mut self, key: &str, property: &'a Value, needed: bool, depth: usize) {
        let about = property.get("description").and_then(Value::as_str);
        let resolved = self.resolve(property);
        let about = about.or_else(|| resolved.get("description").and_then(Value::as_str));
        let mut takes = self.takes(property);
        match property.get("default") {
            Some(default) if !default.is_null() => takes = format!("{takes}, default {default}"),
            _ if needed => takes.push_str(", needed"),
            _ => {}
        }
        // The first sentence: this is a table, not a manual.
        let about = about.unwrap_or_default().replace('\n', " ");
        let first = about.split_inclusive(". ").next().unwrap_or_default();
        let row = [format!("  {key}"), takes, first.trim().to_owned()];
        self.rows.push(row.map(|cell| print::harmless(&cell)));
        if depth == 0 {
            return;
        }
        self.members(resolved, key, depth - 1);
        if let Some(items) = resolved.get("items") {
            self.members(items, &format!("{key}[]"), depth - 1);
        }
    }

    /// What a key takes, in a few words.
    fn takes(&self, schema: &'a Value) -> String {
        let schema = self.resolve(schema);
        let list = |key| schema.get(key).and_then(Value::as_array);
        if let Some(choices) = list("enum") {
            return joined(choices.iter().map(Value::to_string));
        }
        if let Some(forms) = list("oneOf").or_else(|| list("anyOf")) {
            if let Some(choices) = forms.iter().map(|form| form.get("const")).collect() {
                let choices: Vec<&Value> = choices;
                return joined(choices.into_iter().map(Value::to_string));
            }
            if schema.get("type").is_none() {
                return joined(forms.iter().map(|form| self.takes(form)));
            }
        }
        let kind = match schema.get("type") {
            Some(Value::String(one)) => one.clone(),
            Some(Value::Array(several)) => {
                let named = several.iter().filter_map(Value::as_str);
                joined(named.filter(|name| *name != "null").map(str::to_owned))
            }
            _ => "any value".to_owned(),
        };
        let bound = |key| schema.get(key).map(ToString::to_string);
        match (bound("minimum"), bound("maximum")) {
            (Some(min), Some(max)) => format!("{kind} {min} to {max}"),
            (Some(min), None) => format!("{kind} from {min}"),
            (None, Some(max)) => format!("{kind} up to {max}"),
            (None, None) => kind,
        }
    }

    /// Follows a reference, and leaves out the null of an optional key.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..MAX_DEPTH {
            let reference = schema.get("$ref").and_then(Value::as_str);
            let definition = reference.and_then(|to| self.root.pointer(to.trim_start_matches('#')));
            match definition.or_else(|| only_form(schema)) {
                Some(found) => schema = found,
                None => break,
            }
        }
        schema
    }
}

fn only_form(schema: &Value) -> Option<&Value> {
    let forms = schema.get("anyOf")?.as_array()?;
    let mut rest = forms
        .iter()
        .filter(|form| form.get("type").and_then(Value::as_str) != Some("null"));
    let only = rest.next()?;
    rest.next().is_none().then_some(only)
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(schema: &Value) -> Vec<[String; 3]> {
        let mut keys = Keys {
            root: schema,
            rows: Vec::new(),
        };
        keys.members(schema, "", MAX_DEPTH);
        keys.rows
    }

    #[test]
    fn keys_are_told_with_what_they_take() {
        let schema = json!({
            "properties": {
                "keep": { "type": "integer", "minimum": 0, "maximum": 7, "default": 3,
                          "description": "Digits that stay. Four are hidden at least." },
                "mode": { "$ref": "#/$defs/Mode" },
                "rest": { "type": ["string", "null"] },
                "rules": { "type": "array", "items": { "$ref": "#/$defs/Rule" } },
                "table": { "anyOf": [{ "$ref": "#/$defs/Rule" }, { "type": "null" }] },
            },
            "required": ["mode"],
            "$defs": {
                "Mode": { "oneOf": [{ "const": "exact" }, { "const": "prefix" }] },
                "Rule": { "type": "object", "properties": { "when": { "type": "string" } } },
            },
        });
        let expected = [
            ["  keep", "integer 0 to 7, default 3", "Digits that stay."],
            ["  mode", "\"exact\" | \"prefix\", needed", ""],
            ["  rest", "string", ""],
            ["  rules", "array", ""],
            ["  rules[].when", "string", ""],
            ["  table", "object", ""],
            ["  table.when", "string", ""],
        ];
        assert_eq!(rows(&schema), expected);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({ "properties": { "a": { "$ref": "#" } } });
        assert_eq!(rows(&schema).len(), MAX_DEPTH + 1);
        let circle = json!({ "properties": { "a": { "$ref": "#/properties/a" } } });
        assert_eq!(rows(&circle).len(), 1);
    }
}
