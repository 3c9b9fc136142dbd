//! File paths.

use std::path::PathBuf;

use super::{
    ABSENT, Facts, TemplateError, as_text,
    piece::{Part, Piece, Placeholder, split},
};

/// Longest value in a segment, in bytes.
const MAX_VALUE: usize = 120;
/// Longest segment, in bytes. File systems allow 255; the rest is left for the
/// endings of parts and spools.
const MAX_SEGMENT: usize = 200;

/// A relative path with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    parts: Vec<Part>,
    /// Longest value in this segment, in bytes.
    max_value: usize,
}

impl PathTemplate {
    /// Parses a path; `/` separates segments.
    ///
    /// # Errors
    /// When the path is absolute, has a segment that is empty, `.` or `..`,
    /// when its text is too long for a file name or holds a backslash or a
    /// control character, or when a placeholder is wrong.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let segments = segments(split(text)?)?
            .into_iter()
            .map(|(offset, parts)| Segment::new(offset, parts))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.to_owned(),
            segments,
        })
    }

    /// The text that it was parsed from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The path for a record: relative, as many segments as the template has.
    #[must_use]
    pub fn render(&self, facts: &Facts<'_>) -> PathBuf {
        self.segments
            .iter()
            .map(|segment| segment.render(facts))
            .collect()
    }
}

as_text!(PathTemplate, "path-template");

/// Splits pieces at the slashes in their text.
fn segments(pieces: Vec<Piece>) -> Result<Vec<(usize, Vec<Part>)>, TemplateError> {
    let mut segments = vec![(0, Vec::new())];
    for Piece { offset, part } in pieces {
        let text = match part {
            Part::Value(value) => {
                slash_in_time(&value, offset)?;
                push(&mut segments, Part::Value(value));
                continue;
            }
            Part::Text(text) => text,
        };
        let mut at = offset;
        for (index, run) in text.split('/').enumerate() {
            if index > 0 {
                segments.push((at, Vec::new()));
            }
            if !run.is_empty() {
                push(&mut segments, Part::Text(run.to_owned()));
            }
            at += run.len() + 1;
        }
    }
    Ok(segments)
}

fn push(segments: &mut [(usize, Vec<Part>)], part: Part) {
    if let Some((_, parts)) = segments.last_mut() {
        parts.push(part);
    }
}

fn slash_in_time(value: &Placeholder, offset: usize) -> Result<(), TemplateError> {
    match value {
        Placeholder::Received(format) if format.contains('/') => Err(TemplateError::Placeholder {
            offset,
            reason: "a time format in a path has no `/`; write {received:%Y}/{received:%m}".into(),
        }),
        _ => Ok(()),
    }
}

impl Segment {
    fn new(offset: usize, parts: Vec<Part>) -> Result<Self, TemplateError> {
        let outside = |reason| Err(TemplateError::Outside { offset, reason });
        let wrong = |reason| Err(TemplateError::Path { offset, reason });
        match parts.as_slice() {
            [] if offset == 0 => return outside("it is empty or begins with `/`"),
            [] => return wrong("the path has an empty segment"),
            [Part::Text(text)] if text == ".." => return outside("a segment is `..`"),
            [Part::Text(text)] if text == "." => return wrong("the path has a segment `.`"),
            _ => {}
        }
        let mut text_bytes = 0;
        let mut values = 0;
        for part in &parts {
            match part {
                Part::Text(text) if text.contains(|c: char| c == '\\' || c.is_control()) => {
                    return wrong("the path has a backslash or a control character");
                }
                Part::Text(text) => text_bytes += text.len(),
                Part::Value(_) => values += 1,
            }
        }
        let room = MAX_SEGMENT.saturating_sub(text_bytes);
        if room < values * 8 || text_bytes > MAX_SEGMENT {
            return wrong("a segment of the path is too long for a file name");
        }
        let max_value = room.checked_div(values).unwrap_or(room).min(MAX_VALUE);
        Ok(Self { parts, max_value })
    }

    fn render(&self, facts: &Facts<'_>) -> String {
        let mut segment = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => segment.push_str(text),
                Part::Value(value) => match value.value(facts) {
                    Some(value) => push_sanitised(&mut segment, &value, self.max_value),
                    None => segment.push_str(ABSENT),
                },
            }
        }
        // Dots from several places may add up to what leaves the directory.
        if segment.chars().all(|c| c == '.') {
            segment = ABSENT.repeat(segment.len().max(1));
        }
        segment
    }
}

/// Adds a value without what could end the segment, cut at a character's
/// boundary.
fn push_sanitised(segment: &mut String, value: &str, max: usize) {
    let value = &value[..value.floor_char_boundary(max)];
    segment.extend(value.chars().map(|c| match c {
        '/' | '\\' => '_',
        c if c.is_control() => '_',
        c => c,
    }));
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use jiff::Timestamp;
    use uuid::Uuid;

    use std::borrow::Cow;

    use super::*;
    use crate::record::{ArrivalId, Kind, Pointer};

    fn render(template: &str, json: &str) -> PathBuf {
        let cdr = |_: &Pointer| Some(Cow::Borrowed(json));
        PathTemplate::parse(template)
            .expect(template)
            .render(&Facts {
                received: "2026-11-22T23:59:59.5Z".parse::<Timestamp>().expect("time"),
                source: "tccc",
                kind: Kind::Cdr,
                id: ArrivalId(Uuid::nil()),
                cdr: &cdr,
            })
    }

    #[test]
    fn renders_what_the_record_says() {
        let cases = [
            (
                "archive/{received:%Y-%m-%d}/{SdkAppId}.ndjson",
                "archive/2026-11-22/1400482256.ndjson",
            ),
            (
                "{source}-{kind}/{/a/b}_{received:%H}",
                "tccc-cdr/1400482256_23",
            ),
            ("{id}", "00000000-0000-0000-0000-000000000000"),
        ];
        for (template, expected) in cases {
            assert_eq!(
                render(template, "1400482256"),
                Path::new(expected),
                "{template}"
            );
        }
    }

    #[test]
    fn no_value_leaves_its_segment() {
        let long = format!("\"{}\"", "电".repeat(100));
        let cases = [
            (r#""../../etc/passwd""#, "a/.._.._etc_passwd/b"),
            (r#""..""#, "a/__/b"),
            (r#"".""#, "a/_/b"),
            (r#""""#, "a/_/b"),
            ("null", "a/_/b"),
            (r#""\\..\\x""#, "a/_.._x/b"),
            (r#""a\u0000\nb""#, "a/a__b/b"),
            (r#""/""#, "a/_/b"),
            (&long, &format!("a/{}/b", "电".repeat(40))),
        ];
        for (json, expected) in cases {
            let path = render("a/{x}/b", json);
            assert_eq!(path, Path::new(expected), "{json}");
            assert!(
                path.components()
                    .all(|part| matches!(part, Component::Normal(_)))
            );
            assert_eq!(path.components().count(), 3, "{json}");
        }
        assert_eq!(render("{x}{y}", r#"".""#), Path::new("__"));
        assert_eq!(render(".{x}/b", r#"".""#), Path::new("__/b"));
    }

    #[test]
    fn segments_stay_short_enough_for_a_file_name() {
        let long = format!("\"{}\"", "a".repeat(500));
        let name = render("{a}-{b}-{c}.ndjson", &long);
        assert!(name.as_os_str().len() <= MAX_SEGMENT, "{name:?}");
        assert!(name.to_string_lossy().ends_with(".ndjson"));
    }

    #[test]
    fn paths_that_lead_out_or_cannot_be_are_refused() {
        let cases = [
            ("/var/log/x", 0, true),
            ("", 0, true),
            ("../x", 0, true),
            ("a/../../x", 2, true),
            ("a//b", 2, false),
            ("a/", 2, false),
            ("./a", 0, false),
            ("a\\b", 0, false),
            ("a/{received:%Y/%m}", 2, false),
        ];
        for (template, offset, outside) in cases {
            let error = PathTemplate::parse(template).expect_err(template);
            assert_eq!(error.offset(), offset, "{template}");
            assert_eq!(
                matches!(error, TemplateError::Outside { .. }),
                outside,
                "{template}"
            );
        }
        assert!(PathTemplate::parse(&"x".repeat(201)).is_err());
    }
}
