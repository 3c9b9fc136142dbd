//! How a part is written: its format, what stands at its head and its end, and
//! how it is compressed when it is finished.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::csv::Csv;
use crate::{delivery::template::Totals, journal::FilePart};

/// How a part is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// What a line is.
    pub format: Format,
    /// How a finished part is compressed, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compress: Option<Compress>,
}

/// What a line is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON document.
    #[default]
    Ndjson,
    /// Columns out of the document.
    Csv(Box<Csv>),
}

/// How a finished part is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compress {
    /// RFC 1952; the file ends in `.gz`.
    Gzip,
    /// RFC 8878; the file ends in `.zst`.
    Zstd,
}

impl Compress {
    /// What the file ends in.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

impl Layout {
    /// As the journal keeps it. The same layout is always the same text.
    #[must_use]
    pub fn to_text(&self) -> String {
        // Neither keys that are no texts nor anything else that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// From the journal. What is not understood is finished as plain lines: they
    /// are all there, without a trailer.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| {
            tracing::error!(%error, "the layout of an open part is not understood; it is finished as it stands");
            Self::default()
        })
    }

    /// What stands at the head of a part.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        match &self.format {
            Format::Ndjson => Vec::new(),
            Format::Csv(csv) => csv.head(),
        }
    }

    /// What stands at the end of a part that is finished.
    #[must_use]
    pub fn tail(&self, part: &FilePart) -> Vec<u8> {
        let Format::Csv(csv) = &self.format else {
            return Vec::new();
        };
        csv.tail(&Totals {
            records: part.records,
            first: part.first,
            last: part.last,
        })
    }

    /// Adds a record's line, with its end. A JSON document that came with line
    /// ends (JSON allows them between tokens only) loses those.
    pub(super) fn push(&self, block: &mut Vec<u8>, line: &[u8]) {
        match &self.format {
            Format::Ndjson => {
                block.extend(line.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
                block.push(b'\n');
            }
            Format::Csv(_) => block.extend_from_slice(line),
        }
    }
}

impl Format {
    /// The columns, where a line has some.
    #[must_use]
    pub fn csv(&self) -> Option<&Csv> {
        match self {
            Self::Ndjson => None,
            Self::Csv(csv) => Some(csv),
        }
    }
}
