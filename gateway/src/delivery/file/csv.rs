//! CSV: columns out of a document, quoted as RFC 4180 says. A line ends in a line
//! feed.
//!
//! | what stands at the pointer | what stands in the cell |
//! | --- | --- |
//! | a string | its text |
//! | a number, `true`, `false` | its token, unchanged |
//! | `null`, or nothing | nothing |
//! | an object, an array | its JSON text, without whitespace between tokens |

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    delivery::template::{Totals, TrailerTemplate},
    record::{Document, Pointer, string},
};

/// How records become lines of cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Csv {
    /// The cells of a line.
    pub columns: Vec<Column>,
    /// What stands between them.
    pub delimiter: u8,
    /// Whether the names of the columns are the first line of a part.
    pub header: bool,
    /// The last line of a part that is finished.
    pub trailer: Option<TrailerTemplate>,
    /// What becomes of texts that spreadsheets take for formulas.
    pub formulas: Formulas,
}

/// One cell of each line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name, for the header.
    pub name: String,
    /// Where its value stands in the document.
    #[serde(serialize_with = "pointer_text", deserialize_with = "pointer")]
    pub pointer: Pointer,
}

/// What becomes of texts that spreadsheets take for formulas: those that begin
/// with `=`, `+`, `-`, `@`, a tab or a line end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Formulas {
    /// They leave as they are: for programs, which know no formulas.
    #[default]
    Keep,
    /// They get a `'` before them, save numbers such as `-5` and `+8613800138000`:
    /// for people who open the file in a spreadsheet.
    Escape,
}

impl Csv {
    /// The cells of a record, column by column.
    #[must_use]
    pub fn cells<'a>(&self, document: &'a Document) -> Vec<Cow<'a, str>> {
        let cell = |column: &Column| match document.get(&column.pointer) {
            Some(json) => self.formulas.treat(cell(json)),
            None => Cow::Borrowed(""),
        };
        self.columns.iter().map(cell).collect()
    }

    /// Cells with the names of their columns.
    pub fn named<'a>(
        &'a self,
        cells: &'a [Cow<'_, str>],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let names = self.columns.iter().map(|column| column.name.as_str());
        names.zip(cells.iter().map(|cell| &**cell))
    }

    /// Cells as a line, with its end.
    #[must_use]
    pub fn line<T: AsRef<str>>(&self, cells: &[T]) -> Vec<u8> {
        let capacity = cells.iter().map(|cell| cell.as_ref().len() + 3).sum();
        let mut line = Vec::with_capacity(capacity);
        let mut writer = WriterBuilder::new()
            .delimiter(self.delimiter)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(1024)
            .from_writer(&mut line);
        // Writing to memory does not fail, and one line has no other to be as
        // long as.
        let _ = writer.write_record(cells.iter().map(|cell| cell.as_ref().as_bytes()));
        let _ = writer.flush();
        drop(writer);
        line
    }

    /// The first line of a part, if it has one.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        if !self.header {
            return Vec::new();
        }
        let names: Vec<_> = self.columns.iter().map(|column| &column.name).collect();
        self.line(&names)
    }

    /// The last line of a part, if it has one.
    #[must_use]
    pub fn tail(&self, totals: &Totals) -> Vec<u8> {
        let trailer = self.trailer.as_ref();
        let line = trailer.map(|trailer| trailer.render(totals) + "\n");
        line.unwrap_or_default().into_bytes()
    }
}

impl Formulas {
    fn treat(self, cell: Cow<'_, str>) -> Cow<'_, str> {
        match self {
            Self::Escape if is_formula(&cell) => Cow::Owned(format!("'{cell}")),
            Self::Keep | Self::Escape => cell,
        }
    }
}

/// Full-width signs count: some spreadsheets take them for the plain ones.
fn is_formula(cell: &str) -> bool {
    let begins = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if !cell.starts_with(begins) {
        return false;
    }
    let number = cell.strip_prefix(['+', '-']).unwrap_or_default();
    let is_number = !number.is_empty()
        && number.matches('.').count() <= 1
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    !is_number
}

/// What a JSON value is as a cell.
fn cell(json: Cow<'_, str>) -> Cow<'_, str> {
    match json.as_bytes().first() {
        Some(b'"') => match json {
            Cow::Borrowed(json) => string::decode(json),
            Cow::Owned(json) => Cow::Owned(string::decode(&json).into_owned()),
        },
        Some(b'{' | b'[') => Cow::Owned(compact(&json)),
        Some(b'n') | None => Cow::Borrowed(""),
        Some(_) => json,
    }
}

/// JSON without the whitespace between its tokens, which stay as they are.
fn compact(json: &str) -> String {
    let mut compact = String::with_capacity(json.len());
    let (mut inside, mut escaped) = (false, false);
    for c in json.chars() {
        if inside || !matches!(c, ' ' | '\t' | '\n' | '\r') {
            compact.push(c);
        }
        if c == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && c == '\\' && !escaped;
    }
    compact
}

fn pointer_text<S: Serializer>(pointer: &Pointer, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(pointer)
}

fn pointer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Pointer, D::Error> {
    let text = String::deserialize(deserializer)?;
    Pointer::parse(&text).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn csv(formulas: Formulas) -> Csv {
        let column = |(name, pointer): (&str, &str)| Column {
            name: name.to_owned(),
            pointer: Pointer::parse(pointer).expect(pointer),
        };
        Csv {
            columns: [("a", "/a"), ("b, c", "/b/0")].map(column).into(),
            delimiter: b',',
            header: true,
            trailer: None,
            formulas,
        }
    }

    fn line(csv: &Csv, json: &'static str) -> String {
        let document = Document::parse(Bytes::from_static(json.as_bytes())).expect(json);
        String::from_utf8(csv.line(&csv.cells(&document))).expect("text")
    }

    #[test]
    fn values_become_cells() {
        let csv = csv(Formulas::Keep);
        assert_eq!(csv.head(), b"a,\"b, c\"\n");
        for (json, expected) in [
            (r#"{"a":"x","b":[1]}"#, "x,1\n"),
            (
                r#"{"a":1.0,"b":[12345678901234567890]}"#,
                "1.0,12345678901234567890\n",
            ),
            (r#"{"a":true,"b":[null]}"#, "true,\n"),
            ("{}", ",\n"),
            (
                r#"{"a":"say \"hi\", 电\n话"}"#,
                "\"say \"\"hi\"\", 电\n话\",\n",
            ),
            (r#"{"a":"\u0031"}"#, "1,\n"),
            (
                r#"{"a": {"k" : [ 1, "x \" y" ]} }"#,
                "\"{\"\"k\"\":[1,\"\"x \\\"\" y\"\"]}\",\n",
            ),
            (r#"{"a":"=1+1"}"#, "=1+1,\n"),
        ] {
            assert_eq!(line(&csv, json), expected, "{json}");
        }
    }

    #[test]
    fn a_lone_empty_cell_is_still_a_line() {
        let mut csv = csv(Formulas::Keep);
        csv.columns.truncate(1);
        assert_eq!(line(&csv, "{}"), "\"\"\n");
    }

    #[test]
    fn formulas_are_escaped_where_asked_for() {
        for (cell, expected) in [
            ("=1+1", true),
            ("@SUM(A1)", true),
            ("+1+1", true),
            ("-1", false),
            ("-1.5", false),
            ("+8613800138000", false),
            ("+86138****8000", true),
            ("-", true),
            ("\t=1", true),
            ("＝1", true),
            ("a=1", false),
            ("", false),
        ] {
            assert_eq!(is_formula(cell), expected, "{cell}");
        }
        let csv = csv(Formulas::Escape);
        assert_eq!(line(&csv, r#"{"a":"=1+1","b":[-5]}"#), "'=1+1,-5\n");
    }

    #[test]
    fn a_layout_comes_back_from_its_text() {
        let csv = csv(Formulas::Escape);
        let text = serde_json::to_string(&csv).expect("JSON");
        assert_eq!(serde_json::from_str::<Csv>(&text).expect("a layout"), csv);
    }
}
