//! The last line of a part.

use std::fmt::Write;

use super::{
    TemplateError, as_text,
    piece::{Part, Piece, split_with},
};
use crate::record::ArrivalId;

/// A line with placeholders for what a part holds.
///
/// | placeholder | stands for |
/// | --- | --- |
/// | `{records}` | how many records |
/// | `{first_id}` `{last_id}` | the first and the last arrival |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailerTemplate {
    text: String,
    pieces: Vec<Part<Total>>,
}

/// What a part holds.
#[derive(Debug, Clone, Copy)]
pub struct Totals {
    /// How many records.
    pub records: u64,
    /// The first arrival.
    pub first: ArrivalId,
    /// The last arrival.
    pub last: ArrivalId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Total {
    Records,
    FirstId,
    LastId,
}

impl TrailerTemplate {
    /// Parses a line.
    ///
    /// # Errors
    /// When it is empty or more than one line, or a placeholder is wrong.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let wrong = |offset, reason| Err(TemplateError::Path { offset, reason });
        if text.is_empty() {
            return wrong(0, "the trailer is empty");
        }
        if let Some(offset) = text.find(char::is_control) {
            return wrong(offset, "the trailer has a line end or a control character");
        }
        let pieces = split_with(text, total)?;
        Ok(Self {
            text: text.to_owned(),
            pieces: pieces.into_iter().map(|Piece { part, .. }| part).collect(),
        })
    }

    /// The text that it was parsed from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line for a part, without its end.
    #[must_use]
    pub fn render(&self, totals: &Totals) -> String {
        let mut line = String::new();
        for piece in &self.pieces {
            // Writing to a string does not fail.
            let _ = match piece {
                Part::Text(text) => line.write_str(text),
                Part::Value(Total::Records) => write!(line, "{}", totals.records),
                Part::Value(Total::FirstId) => write!(line, "{}", totals.first),
                Part::Value(Total::LastId) => write!(line, "{}", totals.last),
            };
        }
        line
    }
}

as_text!(TrailerTemplate, "trailer-template");

fn total(inside: &str, offset: usize) -> Result<Total, TemplateError> {
    match inside {
        "records" => Ok(Total::Records),
        "first_id" => Ok(Total::FirstId),
        "last_id" => Ok(Total::LastId),
        _ => Err(TemplateError::Placeholder {
            offset,
            reason: format!("a trailer has no {{{inside}}}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_part_holds() {
        let id = |text: &str| text.parse().expect("an id");
        let totals = Totals {
            records: 12,
            first: id("019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a"),
            last: id("019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4b"),
        };
        for (template, expected) in [
            ("TRAILER,{records}", "TRAILER,12"),
            ("{{{records}}}", "{12}"),
            (
                "{first_id};{last_id}",
                "019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a;019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4b",
            ),
        ] {
            let template = TrailerTemplate::parse(template).expect(template);
            assert_eq!(template.render(&totals), expected);
        }
    }

    #[test]
    fn what_is_no_line_is_refused() {
        for (template, offset) in [("", 0), ("a\nb", 1), ("T,{rows}", 2), ("{records", 0)] {
            let error = TrailerTemplate::parse(template).expect_err(template);
            assert_eq!(error.offset(), offset, "{template}");
        }
    }
}
