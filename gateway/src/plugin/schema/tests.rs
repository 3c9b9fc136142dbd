use serde_json::{Value, json};

use super::*;
use crate::plugin::told::{MAX_MESSAGE_BYTES, MAX_REFUSALS};

fn schema(schema: &Value) -> ConfigSchema {
    let parsed = ConfigSchema::parse(&schema.to_string());
    parsed.expect("a schema").expect("not empty")
}

/// Pointer, message and help of everything that is wrong.
fn check(schema: &ConfigSchema, config: &Value) -> Vec<String> {
    let refusals = schema.check(config).into_iter();
    let said = refusals.map(|refusal| {
        let help = refusal.help.unwrap_or_default();
        format!("{}: {}; {help}", refusal.pointer, refusal.message)
    });
    let mut said: Vec<_> = said.collect();
    said.sort_unstable();
    said
}

#[test]
fn every_error_is_told_with_place_and_remedy() {
    let schema = schema(&json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["mode"],
        "properties": {
            "mode": { "enum": ["keep", "remove"] },
            "keep_first": { "type": "integer", "minimum": 0, "maximum": 7 },
            "names": { "type": "array", "items": { "$ref": "#/$defs/name" }, "uniqueItems": true },
            "on": { "oneOf": [{ "const": "a" }, { "const": "b" }] },
            "size": { "anyOf": [{ "type": "integer" }, { "type": "null" }] },
            "rule": { "oneOf": [{ "required": ["drop"] }, { "required": ["keep"] }] },
        },
        "$defs": { "name": { "type": "string", "pattern": "^[a-z]+$", "minLength": 2 } },
    }));
    let cases: [(Value, &[&str]); 9] = [
        (
            json!({ "mode": "keep", "keep_first": 3, "size": 4, "on": "b" }),
            &[],
        ),
        (
            json!({ "mode": "drop", "keep_frist": 3, "colour": 1 }),
            &[
                "/colour: unknown key `colour`; known here are `keep_first`, `mode`, `names`, `on`, `rule`, `size`",
                "/keep_frist: unknown key `keep_frist`; did you mean `keep_first`?",
                r#"/mode: unknown value; write one of "keep", "remove""#,
            ],
        ),
        (json!({}), &[": `mode` is missing; add it here"]),
        (
            json!({ "mode": "keep", "keep_first": "3", "names": 1 }),
            &[
                "/keep_first: expected an integer; write an integer",
                "/names: expected an array; write an array",
            ],
        ),
        (
            json!({ "mode": "keep", "keep_first": 8, "names": ["ab", "C", "ab"] }),
            &[
                "/keep_first: must be at most 7; correct the number",
                "/names/1: must have at least 2 characters; write a longer text",
                "/names/1: must match the pattern ^[a-z]+$; correct the text",
                "/names: elements 0 and 2 are the same; keep one of them",
            ],
        ),
        (
            json!({ "mode": "keep", "on": "c" }),
            &[r#"/on: unknown value; write one of "a", "b""#],
        ),
        (
            json!({ "mode": "keep", "size": "big" }),
            &["/size: expected an integer; write an integer"],
        ),
        (
            json!({ "mode": "keep", "rule": {} }),
            &["/rule: none of `drop`, `keep` is set; add one of them"],
        ),
        (
            json!({ "mode": "keep", "rule": { "drop": "x", "keep": "y" } }),
            &["/rule: `drop` and `keep` exclude each other; keep one of them"],
        ),
    ];
    for (config, expected) in cases {
        assert_eq!(check(&schema, &config), expected, "{config}");
    }
}

#[test]
fn of_tagged_alternatives_the_one_that_was_meant_is_judged() {
    let tagged = |tag: &str, key: &str, form: &str| {
        json!({
            "type": "object",
            "required": ["kind", key],
            "properties": { "kind": { "const": tag }, key: { "type": form } },
        })
    };
    let schema = schema(&json!({
        "oneOf": [tagged("http", "url", "string"), tagged("file", "size", "integer"), { "type": "null" }]
    }));
    let cases = [
        (
            json!({ "kind": "file", "size": "x" }),
            "/size: expected an integer; write an integer",
        ),
        (
            json!({ "kind": "ftp", "url": "x", "size": 1 }),
            r#"/kind: unknown value; write one of "http", "file""#,
        ),
        (json!(1), ": expected a table; write a table"),
    ];
    for (config, expected) in cases {
        assert_eq!(check(&schema, &config), [expected], "{config}");
    }
}

#[test]
fn no_message_repeats_a_value() {
    let schema = schema(&json!({
        "properties": {
            "key": { "pattern": "^x", "maxLength": 3 },
            "number": { "maximum": 1, "const": 1 },
        },
    }));
    let said = check(&schema, &json!({ "key": "s3cret", "number": 4711 })).join("\n");
    assert!(!said.contains("s3cret") && !said.contains("4711"), "{said}");
    assert_eq!(said.lines().count(), 3, "{said}");
}

#[test]
fn a_schema_that_is_none_is_refused() {
    let huge = format!(r#"{{"description":"{}"}}"#, "x".repeat(10 << 20));
    let cases = [
        (huge.as_str(), "10485778 bytes; at most 262144"),
        ("{", "not JSON, at line 1, column 1"),
        (r#"{"type":"integre"}"#, "no JSON Schema"),
        ("7", "no JSON Schema"),
        (r#"{"$ref":"file:///etc/hostname"}"#, "outside itself"),
        (r#"{"$ref":"https://example.com/x"}"#, "outside itself"),
        (r##"{"$ref":"#/$defs/none"}"##, "no JSON Schema"),
        (r#"{"pattern":"("}"#, "no JSON Schema"),
        (
            r##"{"properties":{"a/b":{"$dynamicRef":"#x"}}}"##,
            "`$dynamicRef` at #/properties/a~1b",
        ),
        (
            r##"{"not":{"$recursiveRef":"#"}}"##,
            "`$recursiveRef` at #/not",
        ),
        (
            r#"{"$defs":{"a":{"$id":"x.json"}}}"#,
            "an `$id` of its own at #/$defs/a",
        ),
        (
            r#"{"$schema":"http://json-schema.org/draft-04/schema#","not":{"id":"x"}}"#,
            "an `id` of its own at #/not",
        ),
        (
            r##"{"$anchor":"a","not":{"$ref":"#a"}}"##,
            "by a name at #/not",
        ),
    ];
    for (text, expected) in cases {
        let error = ConfigSchema::parse(text).err().expect(expected).to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.len() < 1000 && !error.contains('\n'), "{error}");
    }
    assert!(ConfigSchema::parse(" ").unwrap().is_none());
}

/// Definitions of which each refers to the next so many times.
fn chained(length: usize, times: usize) -> String {
    let mut definitions = serde_json::Map::new();
    for index in 0..length {
        let next = json!({ "$ref": format!("#/$defs/{}", index + 1) });
        let next = vec![next; times];
        definitions.insert(index.to_string(), json!({ "allOf": next }));
    }
    definitions.insert(length.to_string(), json!({ "type": "object" }));
    json!({ "$ref": "#/$defs/0", "$defs": definitions }).to_string()
}

#[test]
fn a_schema_that_costs_too_much_is_refused() {
    let long = chained(2_000, 1);
    let doubled = chained(30, 2);
    let alternatives = doubled.replace("allOf", "anyOf");
    let circle = json!({ "allOf": [{ "$ref": "#" }] }).to_string();
    let many = json!({ "allOf": vec![json!({}); 20_000] }).to_string();
    let by_key = json!({
        "patternProperties": { "a": { "$ref": "#" }, "b": { "$ref": "#" }, "x": { "$ref": "#" } },
        "additionalProperties": { "$ref": "#" },
    });
    let by_key = by_key.to_string();
    let mut nested = json!({});
    for _ in 0..30 {
        nested = json!({ "abx": nested });
    }
    let cases = [
        (&long, json!({}), "nests deeper than 128 at #/$defs/"),
        (&doubled, json!({}), "takes more than 200000 steps"),
        (&alternatives, json!({}), "takes more than 200000 steps"),
        (&circle, json!({}), "nests deeper than 128 at #"),
        (&many, json!({}), "more than 10000 values"),
        (&by_key, nested, "takes more than 200000 steps"),
    ];
    for (schema, config, expected) in cases {
        let refused = super::check(schema, &config.to_string()).expect_err(expected);
        let said = refused.to_string();
        assert!(said.contains(expected), "{said}");
        assert!(said.len() < 1000 && !said.contains('\n'), "{said}");
    }
}

#[test]
fn a_schema_may_refer_to_itself_as_deep_as_the_config_is() {
    let condition = json!({
        "$ref": "#/$defs/condition%20or%20not",
        "$defs": { "condition or not": {
            "properties": {
                "all": { "type": "array", "items": { "$ref": "#/$defs/condition%20or%20not" } },
                "not": { "$ref": "#" },
                "key": { "type": "string" },
            },
            "additionalProperties": false,
        } },
    });
    let schema = condition.to_string();
    let fits =
        json!({ "all": [{ "key": "a" }, { "not": { "all": [{ "not": { "key": "b" } }] } }] });
    super::check(&schema, &fits.to_string()).expect("fits");
    let refused = super::check(&schema, r#"{"all":[{"not":{"key":1}}]}"#).expect_err("no text");
    assert!(refused.to_string().contains("/all/0/not/key"), "{refused}");
}

#[test]
fn what_is_found_is_bounded() {
    let name = "x".repeat(1_000);
    let known: serde_json::Map<_, _> = (0..200)
        .map(|i| (format!("{name}{i}"), json!({})))
        .collect();
    let strict = json!({ "additionalProperties": false, "properties": known });
    let schema = json!({
        "allOf": vec![json!({ "$ref": "#/$defs/strict" }); 300],
        "$defs": { "strict": strict },
    });
    let Err(LoadError::Refused(refusals)) = super::check(&schema.to_string(), r#"{"k":1}"#) else {
        panic!("not refused");
    };
    assert_eq!(refusals.len(), MAX_REFUSALS);
    let help = refusals.iter().filter_map(|refusal| refusal.help.as_ref());
    assert!({ help }.all(|help| help.len() <= MAX_MESSAGE_BYTES));
}
