//! File paths.

use std::path::PathBuf;

use super::{
    Facts, TemplateError, as_text,
    piece::{Part, Piece, Placeholder, split},
    segment::Segment,
};

/// Longest path that a template may come to, in bytes. Linux opens paths of up to
/// 4096; the rest is left for the base directory and the endings of parts.
const MAX_PATH: usize = 3000;

/// A relative path with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate {
    text: String,
    segments: Vec<Segment>,
}

impl PathTemplate {
    /// Parses a path; `/` separates segments.
    ///
    /// # Errors
    /// When the path is absolute, has a segment that is empty, `.` or `..`,
    /// when its text is too long for a file name or holds a backslash or a
    /// control character, when it could become too long as a whole, or when a
    /// placeholder is wrong.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let segments = segments(split(text)?)?
            .into_iter()
            .map(|(offset, parts)| Segment::new(offset, parts))
            .collect::<Result<Vec<_>, _>>()?;
        if segments.iter().map(|it| it.max_bytes() + 1).sum::<usize>() > MAX_PATH {
            return Err(TemplateError::Path {
                offset: 0,
                reason: "the path could become longer than a file system allows; use fewer placeholders",
            });
        }
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

    /// Whether some record of each could bring both to one file.
    #[must_use]
    pub fn may_meet(&self, other: &Self) -> bool {
        let pairs = self.segments.iter().zip(&other.segments);
        self.segments.len() == other.segments.len()
            && pairs.into_iter().all(|(one, other)| one.may_meet(other))
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

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use jiff::Timestamp;
    use proptest::prelude::*;
    use uuid::Uuid;

    use std::borrow::Cow;

    use super::{super::segment::MAX_SEGMENT, *};
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
        let cases = [
            (r#""../../etc/passwd""#, "a/_._.._etc_passwd/b"),
            (r#""..""#, "a/__/b"),
            (r#"".""#, "a/_/b"),
            (r#""""#, "a/_/b"),
            ("null", "a/_/b"),
            (r#""\\..\\x""#, "a/_.._x/b"),
            (r#""a\u0000\nb""#, "a/a__b/b"),
            (r#""/""#, "a/_/b"),
            (r#"".hidden""#, "a/_hidden/b"),
            (r#""-rf""#, "a/_rf/b"),
            (r#""C:\\x?*""#, "a/C__x__/b"),
            (r#""txt\u202e3pm""#, "a/txt_3pm/b"),
            (r#""x.OPEN""#, "a/x_OPEN/b"),
            (r#""x. ""#, "a/x._/b"),
            (r#""NUL.x""#, "a/_UL.x/b"),
            (r#""电话""#, "a/电话/b"),
        ];
        for (json, expected) in cases {
            let path = render("a/{x}/b", json);
            assert_eq!(path, Path::new(expected), "{json}");
        }
        assert_eq!(render("{x}{y}", r#"".""#), Path::new("__"));
        assert_eq!(render(".{x}/b", r#"".""#), Path::new("__/b"));
        assert_eq!(render(".{x}/b", r#""y""#), Path::new(".y/b"));
    }

    #[test]
    fn long_values_are_cut_and_stay_distinct() {
        let long = |end: &str| format!("\"{}{end}\"", "电".repeat(4000));
        let one = render("a/{x}/b", &long("1"));
        let other = render("a/{x}/b", &long("2"));
        assert_ne!(one, other);
        assert_eq!(one, render("a/{x}/b", &long("1")));
        let name = one.iter().nth(1).expect("a name").to_string_lossy();
        assert!(name.starts_with("电电") && name.len() <= 120, "{name}");
        let name = render("{a}-{b}-{c}.ndjson", &long(""));
        assert!(name.as_os_str().len() <= MAX_SEGMENT, "{name:?}");
        assert!(name.to_string_lossy().ends_with(".ndjson"));
    }

    proptest! {
        #[test]
        fn any_value_makes_one_name_that_a_file_can_have(value in ".{0,300}", more in any::<String>()) {
            let json = |text: &str| serde_json::Value::from(text).to_string();
            let base = tempfile::tempdir().expect("a directory");
            for text in [&value, &more, &format!("{value}{more}").repeat(20)] {
                let path = render("in/{a}/{b}.{c}.ndjson", &json(text));
                let names: Vec<_> = path.components().collect();
                prop_assert_eq!(names.len(), 3);
                for name in names {
                    prop_assert!(matches!(name, Component::Normal(_)), "{:?}", path);
                    let name = name.as_os_str().to_str().expect("text");
                    prop_assert!(name.len() <= MAX_SEGMENT && !name.contains(char::is_control));
                }
                let file = base.path().join(&path);
                std::fs::create_dir_all(file.parent().expect("a parent")).expect("directories");
                std::fs::write(&file, "").expect("a file");
                prop_assert!(file.canonicalize().expect("a file").starts_with(base.path().canonicalize().expect("a base")));
            }
        }
    }

    #[test]
    fn templates_that_can_come_to_one_file_are_known() {
        let parse = |text| PathTemplate::parse(text).expect(text);
        for (one, other, expected) in [
            ("a/{x}.ndjson", "a/{y}.ndjson", true),
            ("a/{x}.ndjson", "a/b.ndjson", true),
            ("a/{x}.ndjson", "b/{x}.ndjson", false),
            ("a/{x}.ndjson", "a/{x}.csv", false),
            ("{x}", "{x}/{y}", false),
        ] {
            assert_eq!(
                parse(one).may_meet(&parse(other)),
                expected,
                "{one} {other}"
            );
        }
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
        for template in ["x".repeat(201), "{x}/".repeat(40) + "y"] {
            assert!(PathTemplate::parse(&template).is_err(), "{template}");
        }
    }
}
