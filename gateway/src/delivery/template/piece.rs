//! The pieces of a template: text and placeholders, and what they stand for.

use std::borrow::Cow;

use jiff::{Timestamp, fmt::strtime, tz::TimeZone};

use super::TemplateError;
use crate::record::{ArrivalId, Kind, Pointer};

/// What placeholders are filled from.
pub struct Facts<'a> {
    /// When the arrival was accepted.
    pub received: Timestamp,
    /// Name of its source.
    pub source: &'a str,
    /// What it reports.
    pub kind: Kind,
    /// Its id.
    pub id: ArrivalId,
    /// The JSON text at a place of the document as it is about to leave.
    pub cdr: &'a dyn Fn(&Pointer) -> Option<Cow<'a, str>>,
}

/// A run of text, or a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece<V = Placeholder> {
    /// Where it begins in the template, in bytes.
    pub(super) offset: usize,
    pub(super) part: Part<V>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<V = Placeholder> {
    Text(String),
    Value(V),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Placeholder {
    /// With a format that has been tried.
    Received(String),
    Source,
    Kind,
    Id,
    Cdr(Pointer),
}

impl Placeholder {
    /// The value; none where the record has nothing that could stand in a
    /// path or URL.
    pub(super) fn value<'a>(&self, facts: &Facts<'a>) -> Option<Cow<'a, str>> {
        let value = match self {
            Self::Received(format) => Cow::Owned(format_time(format, facts.received).ok()?),
            Self::Source => Cow::Borrowed(facts.source),
            Self::Kind => Cow::Borrowed(facts.kind.as_str()),
            Self::Id => Cow::Owned(facts.id.to_string()),
            Self::Cdr(pointer) => Cow::Owned(scalar(&(facts.cdr)(pointer)?)?.into_owned()),
        };
        (!value.is_empty()).then_some(value)
    }
}

/// Splits a template of paths or URLs into its pieces.
pub(super) fn split(template: &str) -> Result<Vec<Piece>, TemplateError> {
    split_with(template, placeholder)
}

/// Splits a template into its pieces; `placeholder` is given what stands in
/// braces, and where.
pub(super) fn split_with<V>(
    template: &str,
    placeholder: impl Fn(&str, usize) -> Result<V, TemplateError>,
) -> Result<Vec<Piece<V>>, TemplateError> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut text_offset = 0;
    let mut rest = template;
    while let Some(next) = rest.find(['{', '}']) {
        let offset = template.len() - rest.len() + next;
        text.push_str(&rest[..next]);
        let (brace, after) = rest[next..].split_at(1);
        if let Some(escaped) = after.strip_prefix(brace) {
            text.push_str(brace);
            rest = escaped;
            continue;
        }
        let inside = (brace == "{")
            .then(|| after.split_once('}'))
            .flatten()
            .filter(|(inside, _)| !inside.contains('{'));
        let Some((inside, after)) = inside else {
            return Err(TemplateError::Brace { offset });
        };
        if !text.is_empty() {
            let part = Part::Text(std::mem::take(&mut text));
            pieces.push(Piece {
                offset: text_offset,
                part,
            });
        }
        let part = Part::Value(placeholder(inside, offset)?);
        pieces.push(Piece { offset, part });
        rest = after;
        text_offset = template.len() - rest.len();
    }
    text.push_str(rest);
    if !text.is_empty() {
        let part = Part::Text(text);
        pieces.push(Piece {
            offset: text_offset,
            part,
        });
    }
    Ok(pieces)
}

fn placeholder(inside: &str, offset: usize) -> Result<Placeholder, TemplateError> {
    let refuse = |reason: String| TemplateError::Placeholder { offset, reason };
    match inside {
        "source" => Ok(Placeholder::Source),
        "kind" => Ok(Placeholder::Kind),
        "id" => Ok(Placeholder::Id),
        "received" => Err(refuse(
            "{received} needs a format, such as {received:%Y-%m-%d}".into(),
        )),
        "" => Err(refuse("a placeholder without a name".into())),
        _ => {
            if let Some(format) = inside.strip_prefix("received:") {
                return received(format)
                    .map_err(|error| refuse(format!("the time format is wrong: {error}")));
            }
            let pointer = if inside.starts_with('/') {
                Pointer::parse(inside)
            } else {
                Pointer::parse(&format!("/{}", inside.replace('~', "~0")))
            };
            pointer
                .map(Placeholder::Cdr)
                .map_err(|error| refuse(format!("{{{inside}}}: {error}")))
        }
    }
}

/// Tries the format on two times that are unlike in every unit, so that a
/// format that fails does so here and not on a record.
fn received(format: &str) -> Result<Placeholder, String> {
    if format.is_empty() {
        return Err("it is empty".into());
    }
    for time in [Timestamp::UNIX_EPOCH, Timestamp::MAX] {
        format_time(format, time).map_err(|error| error.to_string())?;
    }
    Ok(Placeholder::Received(format.to_owned()))
}

fn format_time(format: &str, time: Timestamp) -> Result<String, jiff::Error> {
    strtime::format(format, &time.to_zoned(TimeZone::UTC))
}

/// A JSON scalar as text; none for null, objects and arrays.
fn scalar(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_and_bad_placeholders_are_told_apart_with_their_place() {
        let cases = [
            ("a{", 1, "partner"),
            ("a}b", 1, "partner"),
            ("{a{b}}", 0, "partner"),
            ("x/{}", 2, "without a name"),
            ("{received}", 0, "needs a format"),
            ("{received:}", 0, "empty"),
            ("ab{received:%Q-%!}", 2, "time format"),
            ("{/a~2}", 0, "/a~2"),
        ];
        for (template, offset, part) in cases {
            let error = split(template).expect_err(template);
            assert_eq!(error.offset(), offset, "{template}");
            assert!(error.to_string().contains(part), "{template}: {error}");
        }
    }

    #[test]
    fn doubled_braces_are_text() {
        let pieces = split("{{a}}{kind}").expect("valid");
        assert_eq!(pieces[0].part, Part::Text("{a}".into()));
        assert_eq!(pieces[1].part, Part::Value(Placeholder::Kind));
        assert_eq!(pieces[1].offset, 5);
    }

    #[test]
    fn scalars_are_taken_and_the_rest_is_absent() {
        let cases = [
            (r#""ab""#, Some("ab")),
            ("1400482256", Some("1400482256")),
            ("1.0", Some("1.0")),
            ("true", Some("true")),
            ("null", None),
            ("{}", None),
            ("[1]", None),
        ];
        for (json, expected) in cases {
            assert_eq!(scalar(json).as_deref(), expected, "{json}");
        }
    }
}
