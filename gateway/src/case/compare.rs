//! Holds what was found against what was expected.

use std::{collections::BTreeMap, fmt::Display};

use serde_json::Value;

use super::{Case, Expect, ExpectedRefusal, Found, Outcome, found::Kept, text};
use crate::{
    plugin::component::Refusal,
    record::{Document, Pointer, string},
};

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// What it is about: a key of [`Expect`], a place in the record, or `pure`.
    pub about: String,
    /// What was expected. Records have a line for each member.
    pub expected: String,
    /// What was found instead.
    pub found: String,
}

fn difference(
    about: impl Into<String>,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Difference {
    Difference {
        about: about.into(),
        expected: expected.into(),
        found: found.into(),
    }
}

/// Everything that is not as the case expects; nothing where the case passes. A
/// case without expectations has none that could differ.
#[must_use]
pub fn differences(case: &Case, found: &Found) -> Vec<Difference> {
    let Some(expect) = &case.expect else {
        return Vec::new();
    };
    let mut differences = Vec::new();
    match (&found.outcome, verdict(expect, &found.outcome)) {
        (_, Some(other)) => differences.push(other),
        (Outcome::Kept(kept), None) => of_the_record(case, expect, kept, &mut differences),
        _ => {}
    }
    if let Some(lines) = &expect.log
        && !lines_fit(lines, &found.log)
    {
        differences.push(difference("log", lines.join("\n"), found.log.join("\n")));
    }
    if let Some(counters) = &expect.counters
        && *counters != found.counters
    {
        let found = listed(&found.counters);
        differences.push(difference("counters", listed(counters), found));
    }
    if let Some(second) = &found.second {
        differences.push(difference("pure", whole(&found.outcome), whole(second)));
    }
    differences
}

/// What is wrong with the verdict, if anything is.
fn verdict(expect: &Expect, found: &Outcome) -> Option<Difference> {
    let (fits, expected) = if let Some(reason) = &expect.drop {
        let fits = matches!(found, Outcome::Dropped(found) if found == reason);
        (fits, format!("drop: {reason}"))
    } else if let Some(part) = &expect.suspend {
        let fits = matches!(found, Outcome::Suspended(found) if found.contains(part));
        (fits, format!("suspend: {part}"))
    } else if let Some(expected) = &expect.failure {
        let part = expect.message.as_deref().unwrap_or_default();
        let fits = matches!(found, Outcome::Failed { kind, message } if kind == expected && message.contains(part));
        (fits, format!("failure {expected}: {part}"))
    } else if let Some(expected) = &expect.refused {
        let fits = matches!(found, Outcome::Refused(found) if refusals_fit(expected, found));
        let lines = expected.iter();
        let lines = lines.map(|one| format!("  {}: {}", one.at, one.message));
        let lines: Vec<_> = std::iter::once("refused".to_owned()).chain(lines).collect();
        (fits, lines.join("\n"))
    } else {
        (matches!(found, Outcome::Kept(_)), "keep".to_owned())
    };
    (!fits).then(|| difference("verdict", expected, found.to_string()))
}

/// All of them, in any order, and no others.
fn refusals_fit(expected: &[ExpectedRefusal], found: &[Refusal]) -> bool {
    let fits = |expected: &ExpectedRefusal, found: &Refusal| {
        expected.at == found.pointer && found.message.contains(&expected.message)
    };
    let all_found = expected
        .iter()
        .all(|one| found.iter().any(|other| fits(one, other)));
    let all_expected = found
        .iter()
        .all(|one| expected.iter().any(|other| fits(other, one)));
    all_found && all_expected
}

fn lines_fit(expected: &[String], found: &[String]) -> bool {
    let mut pairs = expected.iter().zip(found);
    expected.len() == found.len() && pairs.all(|(part, line)| line.contains(part.as_str()))
}

fn of_the_record(case: &Case, expect: &Expect, kept: &Kept, differences: &mut Vec<Difference>) {
    let received = case.record.as_ref().and_then(super::Json::text);
    let whole = match &expect.record {
        Some(record) => record.text(),
        None if expect.unchanged.is_some() => received,
        None => None,
    };
    if let Some(whole) = whole {
        let same = match expect.unchanged {
            Some(_) => kept.is_unchanged,
            None => text::compact(whole) == text::compact(&kept.record),
        };
        if !same {
            let (expected, found) = (text::pretty(whole), text::pretty(&kept.record));
            let about = match expect.unchanged {
                Some(_) => "unchanged",
                None => "record",
            };
            differences.push(difference(about, expected, found));
        }
    }
    members(expect, kept, differences);
    if let Some(tags) = &expect.tags
        && *tags != kept.tags
    {
        differences.push(difference("tags", listed(tags), listed(&kept.tags)));
    }
}

fn members(expect: &Expect, kept: &Kept, differences: &mut Vec<Difference>) {
    const NOTHING: &str = "nothing";
    let document = Document::parse(kept.record.clone().into()).ok();
    let at = |pointer: &str| {
        let pointer = Pointer::parse(pointer).ok()?;
        let json = document.as_ref()?.get(&pointer)?;
        Some(json.into_owned())
    };
    for (pointer, expected) in expect.members.iter().flatten() {
        let found = at(pointer);
        if !found.as_ref().is_some_and(|found| is(expected, found)) {
            let found = found.map_or_else(|| NOTHING.to_owned(), |json| text::pretty(&json));
            let expected = text::pretty(&expected.to_string());
            differences.push(difference(pointer, expected, found));
        }
    }
    for pointer in expect.absent.iter().flatten() {
        if let Some(found) = at(pointer) {
            differences.push(difference(pointer, NOTHING, text::pretty(&found)));
        }
    }
}

/// Whether a JSON text says a value. Texts are compared by what they mean, since
/// nobody cares for an escape more or less here.
fn is(expected: &Value, json: &str) -> bool {
    match expected {
        Value::String(text) => json.starts_with('"') && string::decode(json) == text.as_str(),
        other => serde_json::from_str::<Value>(json).is_ok_and(|found| found == *other),
    }
}

/// An outcome with its record.
fn whole(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Kept(kept) => {
            let tags = listed(&kept.tags);
            format!("keep\n{}\n{tags}", text::pretty(&kept.record))
        }
        other => other.to_string(),
    }
}

/// Names with their values, a line each.
fn listed(all: &BTreeMap<String, impl Display>) -> String {
    let lines = all.iter().map(|(name, value)| format!("{name} = {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn kept(record: &str) -> Outcome {
        Outcome::Kept(Kept {
            record: record.to_owned(),
            is_unchanged: false,
            tags: BTreeMap::new(),
        })
    }

    fn about(expect: Expect, outcome: Outcome, second: Option<Outcome>) -> Vec<String> {
        let case = Case {
            expect: Some(expect),
            ..Case::default()
        };
        let found = Found {
            outcome,
            log: Vec::new(),
            counters: BTreeMap::new(),
            second,
            took: Duration::ZERO,
        };
        let differences = differences(&case, &found).into_iter();
        differences.map(|difference| difference.about).collect()
    }

    #[test]
    fn a_second_run_that_comes_to_something_else_is_a_difference() {
        let keep = Expect::default;
        let second = Some(kept(r#"{"n":2}"#));
        assert_eq!(about(keep(), kept(r#"{"n":1}"#), second), ["pure"]);
        assert!(about(keep(), kept(r#"{"n":1}"#), None).is_empty());
    }

    #[test]
    fn json_is_compared_by_its_tokens() {
        let cases = [
            (r#"{ "a" : 1.0 }"#, r#"{"a":1.0}"#, true),
            (r#"{"a":1}"#, r#"{"a":1.0}"#, false),
            (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, false),
            (r#"{"a":1,"a":1}"#, r#"{"a":1}"#, false),
        ];
        for (expected, found, same) in cases {
            let expect = Expect {
                record: Some(crate::case::Json::Text(expected.to_owned())),
                ..Expect::default()
            };
            let differences = about(expect, kept(found), None);
            assert_eq!(differences.is_empty(), same, "{expected} {found}");
        }
    }

    #[test]
    fn members_are_compared_by_what_they_mean() {
        let record = r#"{"text":"a","n":1.0,"list":[1]}"#;
        let cases = [
            ("/text", Value::from("a"), true),
            ("/n", Value::from(1.0), true),
            ("/n", Value::from(1), false),
            ("/n", Value::from("1.0"), false),
            ("/list", serde_json::json!([1]), true),
            ("/none", Value::from(1), false),
        ];
        for (pointer, value, same) in cases {
            let expect = Expect {
                members: Some(BTreeMap::from([(pointer.to_owned(), value.clone())])),
                ..Expect::default()
            };
            let differences = about(expect, kept(record), None);
            assert_eq!(differences.is_empty(), same, "{pointer} {value}");
        }
    }

    #[test]
    fn refusals_are_all_expected_and_all_found() {
        let refusal = |at: &str| Refusal {
            pointer: at.to_owned(),
            message: "must be at least 1".to_owned(),
            help: None,
        };
        let expected = |at: &str, message: &str| ExpectedRefusal {
            at: at.to_owned(),
            message: message.to_owned(),
        };
        let cases = [
            (vec![expected("/a", "at least")], vec![refusal("/a")], true),
            (vec![expected("/a", "at most")], vec![refusal("/a")], false),
            (
                vec![expected("/a", "")],
                vec![refusal("/a"), refusal("/b")],
                false,
            ),
            (
                vec![expected("/a", ""), expected("/b", "")],
                vec![refusal("/a")],
                false,
            ),
        ];
        for (expected, found, fits) in cases {
            assert_eq!(refusals_fit(&expected, &found), fits, "{expected:?}");
        }
    }
}
