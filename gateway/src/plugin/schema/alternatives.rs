//! A value that fits none of several alternatives: which of them was meant, and
//! if that cannot be told, what they have in common.

use boon::ValidationError;
use serde_json::Value;

use super::findings::{self, About, Finding, unknown_value};
use crate::plugin::told::MAX_REFUSALS;

/// The findings of `anyOf` or `oneOf` where nothing fits.
pub(super) fn alternatives(error: &ValidationError<'_, '_>, schema: &Value) -> Vec<Finding> {
    let here = error.instance_location.to_string();
    let branches: Vec<Vec<Finding>> = error
        .causes
        .iter()
        .take(MAX_REFUSALS)
        .map(|cause| findings::of(cause, schema))
        .collect();
    let is_here = |finding: &&Finding| finding.pointer == here;

    // An alternative of another type was not meant.
    let is_mistyped = |branch: &&Vec<Finding>| {
        let mut here = branch.iter().filter(is_here);
        here.any(|finding| matches!(finding.about, About::Type(_)))
    };
    let typed: Vec<_> = branches
        .iter()
        .filter(|branch| !is_mistyped(branch))
        .collect();
    if typed.is_empty() {
        return vec![mistyped(here, &branches)];
    }
    // Nor was one whose tag has another value, or which lacks its key.
    let is_tagged = |branch: &&Vec<Finding>| {
        let mut found = branch.iter();
        !found.any(|finding| matches!(finding.about, About::Value(_) | About::Missing(_)))
    };
    let tagged: Vec<_> = typed.iter().copied().filter(is_tagged).collect();
    if let ([meant], _) | (_, [meant]) = (typed.as_slice(), tagged.as_slice()) {
        return (*meant).clone();
    }

    let all: Vec<&Finding> = typed.iter().flat_map(|branch| branch.iter()).collect();
    if let Some(choices) = values(&all) {
        let pointer = all.first().map_or(here, |first| first.pointer.clone());
        return vec![unknown_value(pointer, choices)];
    }
    if let Some(keys) = missing(&all) {
        return vec![Finding {
            pointer: here,
            message: format!("none of {keys} is set"),
            help: "add one of them".to_owned(),
            about: About::Other,
        }];
    }
    vec![Finding {
        pointer: here,
        message: format!(
            "has none of the {} forms that the plugin takes here",
            typed.len()
        ),
        help: "see the plugin's documentation of its config".to_owned(),
        about: About::Other,
    }]
}

fn mistyped(pointer: String, branches: &[Vec<Finding>]) -> Finding {
    let mut names: Vec<&'static str> = Vec::new();
    for finding in branches.iter().flatten() {
        if let About::Type(found) = &finding.about {
            names.extend(found);
        }
    }
    names.sort_unstable();
    names.dedup();
    let names = names.join(" or ");
    Finding {
        pointer,
        message: format!("expected {names}"),
        help: format!("write {names}"),
        about: About::Other,
    }
}

/// All that the alternatives would have, where they differ in one value alone.
fn values(all: &[&Finding]) -> Option<Vec<String>> {
    let mut choices = Vec::new();
    for finding in all {
        match &finding.about {
            About::Value(values) if finding.pointer == all.first()?.pointer => {
                choices.extend(values.iter().cloned());
            }
            _ => return None,
        }
    }
    Some(choices)
}

/// The keys that the alternatives lack, where that is all that is wrong.
fn missing(all: &[&Finding]) -> Option<String> {
    let mut keys = Vec::new();
    for finding in all {
        match &finding.about {
            About::Missing(missing) => keys.extend(missing.iter().map(|key| format!("`{key}`"))),
            _ => return None,
        }
    }
    keys.dedup();
    Some(keys.join(", "))
}
