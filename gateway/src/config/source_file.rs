//! Configuration files: their text, their trees, and places in them.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::tree::{Node, Origin, Value};

/// A file as it was read.
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// A place in a text, counted from 1; columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Something that is not TOML.
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) span: Range<usize>,
}

impl SourceFile {
    /// The directory that relative paths in this file start from.
    pub(super) fn directory(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    /// Line and column of a byte offset.
    pub(super) fn position(&self, offset: usize) -> Position {
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The text of a line without its end.
    pub(super) fn line(&self, line: usize) -> &str {
        self.text
            .lines()
            .nth(line.saturating_sub(1))
            .unwrap_or_default()
    }

    /// The offset in the file of an offset in a string value, where the string
    /// is written without escapes; the string's beginning otherwise.
    pub(super) fn offset_in_string(&self, value: &Range<usize>, offset: usize) -> usize {
        let written = self.text.get(value.clone()).unwrap_or_default();
        let opening = match written {
            _ if written.starts_with("'''\n") || written.starts_with("\"\"\"\n") => 4,
            _ if written.starts_with("'''") || written.starts_with("\"\"\"") => 3,
            _ => 1,
        };
        let escaped = written.starts_with('"') && written.contains('\\');
        if escaped || written.contains('\r') || opening + offset > written.len() {
            value.start
        } else {
            value.start + opening + offset
        }
    }

    /// The tree of the file of an index, as far as it can be read, and every
    /// place where it is not TOML.
    pub(super) fn tree(&self, file: usize) -> (Node, Vec<SyntaxError>) {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        let end = self.text.len();
        let errors = errors
            .iter()
            .map(|error| SyntaxError {
                message: error.message().to_owned(),
                span: error.span().unwrap_or(end..end),
            })
            .collect();
        let reader = Reader { file };
        let origin = reader.origin(None, 0..0);
        let tree = Node {
            value: reader.table(table.get_ref()),
            origin,
        };
        (tree, errors)
    }
}

struct Reader {
    file: usize,
}

impl Reader {
    fn origin(&self, key: Option<Range<usize>>, value: Range<usize>) -> Origin {
        Origin::File {
            file: self.file,
            key,
            value,
        }
    }

    fn table(&self, table: &DeTable<'_>) -> Value {
        Value::Table(
            table
                .iter()
                .map(|(key, value)| {
                    let node = self.node(Some(key.span()), value);
                    (key.get_ref().to_string(), node)
                })
                .collect(),
        )
    }

    fn list(&self, list: &DeArray<'_>) -> Value {
        Value::List(list.iter().map(|value| self.node(None, value)).collect())
    }

    fn node(&self, key: Option<Range<usize>>, value: &Spanned<DeValue<'_>>) -> Node {
        let origin = self.origin(key, value.span());
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            // What is out of every range stays so, and is reported as such.
            DeValue::Integer(integer) => Value::Integer(
                i128::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i128::MAX),
            ),
            DeValue::Float(float) => Value::Float(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Datetime(time) => Value::Text(time.to_string()),
            DeValue::Array(list) => self.list(list),
            DeValue::Table(table) => self.table(table),
        };
        Node { value, origin }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile {
            path: "a/b.toml".into(),
            text: text.into(),
        }
    }

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let file = file("a = 1\n电话 = 2\n");
        let cases = [
            (0, 1, 1),
            (4, 1, 5),
            (6, 2, 1),
            (9, 2, 2),
            (15, 2, 6),
            (99, 3, 1),
        ];
        for (offset, line, column) in cases {
            let position = file.position(offset);
            assert_eq!((position.line, position.column), (line, column), "{offset}");
        }
    }

    #[test]
    fn offsets_in_strings_point_into_the_file_where_they_can() {
        let cases = [
            ("'abc'", 1, 2),
            ("\"abc\"", 1, 2),
            ("'''\nabc\n'''", 1, 5),
            ("'''abc'''", 1, 4),
            (r#""a\tb""#, 2, 0),
            ("'a'", 9, 0),
        ];
        for (text, offset, expected) in cases {
            let file = file(text);
            assert_eq!(
                file.offset_in_string(&(0..text.len()), offset),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn every_place_that_is_not_toml_is_reported() {
        let file = file("a = \nb = 1\nc = [1\n[d]\ne = 'x\n");
        let (tree, errors) = file.tree(0);
        let lines: Vec<_> = errors
            .iter()
            .map(|error| file.position(error.span.start).line)
            .collect();
        assert!(lines.contains(&1) && lines.contains(&5), "{lines:?}");
        assert!(tree.at(&["b"]).is_some());
    }
}
