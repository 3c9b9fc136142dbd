//! What a validator finds, in words for an operator: places and keys, never the
//! values that stand there.

use boon::{ErrorKind, Type, Types, ValidationError};
use serde_json::Value;

use super::alternatives::alternatives;
use crate::{
    config::suggest,
    plugin::{
        component::Refusal,
        told::{MAX_MESSAGE_BYTES, MAX_REFUSALS, capped},
    },
    record::pointer::push_token,
};

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    /// JSON Pointer within the config.
    pub(super) pointer: String,
    pub(super) message: String,
    pub(super) help: String,
    pub(super) about: About,
}

/// What a finding is about, for those who choose between alternatives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum About {
    /// The value has another type than these.
    Type(Vec<&'static str>),
    /// The value is none of these.
    Value(Vec<String>),
    /// Keys are missing.
    Missing(Vec<String>),
    Other,
}

impl From<Finding> for Refusal {
    fn from(finding: Finding) -> Self {
        Self {
            pointer: finding.pointer,
            message: capped(finding.message, MAX_MESSAGE_BYTES),
            help: Some(capped(finding.help, MAX_MESSAGE_BYTES)),
        }
    }
}

/// The findings of an error, not too many; `schema` is the whole schema.
pub(super) fn of(error: &ValidationError<'_, '_>, schema: &Value) -> Vec<Finding> {
    match &error.kind {
        ErrorKind::AnyOf | ErrorKind::OneOf(None) => alternatives(error, schema),
        kind if error.causes.is_empty() => leaf(error, kind, schema),
        _ => {
            let causes = error.causes.iter();
            let found = causes.flat_map(|cause| of(cause, schema));
            found.take(MAX_REFUSALS).collect()
        }
    }
}

fn leaf(error: &ValidationError<'_, '_>, kind: &ErrorKind<'_, '_>, schema: &Value) -> Vec<Finding> {
    let here = error.instance_location.to_string();
    let at = |pointer: String, message: String, help: String, about: About| Finding {
        pointer,
        message,
        help,
        about,
    };
    let other = |message: String, help: &str| {
        vec![at(here.clone(), message, help.to_owned(), About::Other)]
    };
    match kind {
        ErrorKind::AdditionalProperties { got } => got
            .iter()
            .take(MAX_REFUSALS)
            .map(|key| {
                let help = known_keys(key, part_of(error, schema));
                let mut pointer = here.clone();
                push_token(&mut pointer, key);
                at(pointer, format!("unknown key `{key}`"), help, About::Other)
            })
            .collect(),
        ErrorKind::Required { want } => {
            let keys: Vec<String> = want.iter().map(ToString::to_string).collect();
            let message = format!("{} missing", are(&keys));
            vec![at(
                here,
                message,
                "add it here".to_owned(),
                About::Missing(keys),
            )]
        }
        ErrorKind::Type { want, .. } => {
            let names = names(*want);
            let message = format!("expected {}", names.join(" or "));
            let help = format!("write {}", names.join(" or "));
            vec![at(here, message, help, About::Type(names))]
        }
        ErrorKind::Enum { want } => vec![unknown_value(here, texts(want.iter()))],
        ErrorKind::Const { want } => vec![unknown_value(here, texts(std::iter::once(*want)))],
        ErrorKind::OneOf(Some((first, second))) => {
            let form = |index: &usize| described(part_of(error, schema), *index);
            let message = match (form(first), form(second)) {
                (Some(first), Some(second)) => {
                    format!("`{first}` and `{second}` exclude each other")
                }
                _ => "fits more than one of the forms that exclude each other here".to_owned(),
            };
            other(message, "keep one of them")
        }
        ErrorKind::Minimum { want, .. } => {
            other(format!("must be at least {want}"), "correct the number")
        }
        ErrorKind::Maximum { want, .. } => {
            other(format!("must be at most {want}"), "correct the number")
        }
        ErrorKind::ExclusiveMinimum { want, .. } => {
            other(format!("must be more than {want}"), "correct the number")
        }
        ErrorKind::ExclusiveMaximum { want, .. } => {
            other(format!("must be less than {want}"), "correct the number")
        }
        ErrorKind::MultipleOf { want, .. } => other(
            format!("must be a multiple of {want}"),
            "correct the number",
        ),
        ErrorKind::MinLength { want, .. } => other(
            format!("must have at least {want} characters"),
            "write a longer text",
        ),
        ErrorKind::MaxLength { want, .. } => other(
            format!("must have at most {want} characters"),
            "write a shorter text",
        ),
        ErrorKind::MinItems { want, .. } => {
            other(format!("must have at least {want} elements"), "add some")
        }
        ErrorKind::MaxItems { want, .. } => {
            other(format!("must have at most {want} elements"), "remove some")
        }
        ErrorKind::UniqueItems {
            got: [first, second],
        } => other(
            format!("elements {first} and {second} are the same"),
            "keep one of them",
        ),
        ErrorKind::Pattern { want, .. } => {
            other(format!("must match the pattern {want}"), "correct the text")
        }
        ErrorKind::Format { want, .. } => {
            other(format!("is not of the format {want}"), "correct the text")
        }
        _ => other(
            "is not as the plugin's config schema asks".to_owned(),
            "see the plugin's documentation of its config",
        ),
    }
}

/// The part of the schema that an error is about.
pub(super) fn part_of<'s>(error: &ValidationError<'_, '_>, schema: &'s Value) -> Option<&'s Value> {
    let (_, fragment) = error.schema_url.split_once('#')?;
    schema.pointer(fragment)
}

pub(super) fn unknown_value(pointer: String, choices: Vec<String>) -> Finding {
    Finding {
        pointer,
        message: "unknown value".to_owned(),
        help: match choices.as_slice() {
            [only] => format!("write {only}"),
            choices => format!("write one of {}", choices.join(", ")),
        },
        about: About::Value(choices),
    }
}

fn texts<'v>(values: impl Iterator<Item = &'v Value>) -> Vec<String> {
    values.map(Value::to_string).collect()
}

fn known_keys(key: &str, part: Option<&Value>) -> String {
    let properties = part.and_then(|part| part.get("properties")?.as_object());
    let known: Vec<&str> = properties
        .into_iter()
        .flat_map(|known| known.keys().map(String::as_str))
        .collect();
    if let Some(near) = suggest::nearest(key, known.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    if known.is_empty() {
        return "remove it; no key is known here".to_owned();
    }
    let known: Vec<_> = known.iter().map(|key| format!("`{key}`")).collect();
    format!("known here are {}", known.join(", "))
}

/// What tells an alternative from others: the keys that it needs.
fn described(part: Option<&Value>, index: usize) -> Option<String> {
    let required = part?
        .get("oneOf")?
        .get(index)?
        .get("required")?
        .as_array()?;
    let keys: Option<Vec<&str>> = required.iter().map(Value::as_str).collect();
    keys.filter(|keys| !keys.is_empty())
        .map(|keys| keys.join("`, `"))
}

fn are(keys: &[String]) -> String {
    let quoted: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    let verb = if keys.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", quoted.join(", "))
}

fn names(types: Types) -> Vec<&'static str> {
    let name = |one| match one {
        Type::Null => "null",
        Type::Boolean => "true or false",
        Type::Number => "a number",
        Type::Integer => "an integer",
        Type::String => "a string",
        Type::Array => "an array",
        Type::Object => "a table",
    };
    // TOML has no null.
    let sayable = types.iter().filter(|one| *one != Type::Null);
    sayable.map(name).collect()
}
