//! Lookup tables.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Memory of one table, unless it is said.
pub const DEFAULT_TABLE_BYTES: u64 = 256 * 1024 * 1024;

/// A lookup table, held once by the gateway. Of a repeated key the last row
/// counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// `builtin:NAME`, or the path of a file: CSV whose first line names the
    /// columns, JSON (an object of keys and values, or a list of objects), NDJSON,
    /// or a SQLite database; text in UTF-8, compressed with gzip or zstd or not.
    /// Relative to the file that says so.
    #[schemars(length(min = 1))]
    pub file: String,
    /// How the file is read. If not set, its name tells (`.csv`, `.json`,
    /// `.ndjson`, `.jsonl`, `.db`, `.sqlite`, `.sqlite3`, before `.gz` or `.zst`);
    /// what has another name is CSV, or SQLite where `sqlite` is set.
    pub format: Option<TableFormat>,
    /// What is read of a SQLite database.
    pub sqlite: Option<Sqlite>,
    /// The column that is looked up, or the member of each object; the first column
    /// if not set. An object of keys and values has none.
    #[schemars(length(min = 1))]
    pub key: Option<String>,
    /// The columns that are answered: one as it stands, several as a JSON object.
    /// All but the key if empty.
    #[serde(default)]
    pub value: Vec<String>,
    /// Time between looks at the file; once it changed, its new version is taken
    /// up. 0: only a reload does that.
    #[serde(default)]
    #[schemars(range(max = 86_400))]
    pub refresh_s: u64,
    /// Memory that the table may take, while it is loaded, too.
    #[serde(default = "default_max_bytes")]
    #[schemars(range(min = 1024, max = 4_294_967_296_u64))]
    pub max_bytes: u64,
}

/// How the file of a table is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TableFormat {
    /// Lines of columns; the first names them.
    Csv,
    /// An object of keys and values, or a list of objects.
    Json,
    /// An object a line.
    Ndjson,
    /// A SQLite database.
    Sqlite,
}

/// What is read of a SQLite database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sqlite {
    /// The table or view of this name.
    Table(#[schemars(length(min = 1))] String),
    /// What this SELECT gives.
    Query(#[schemars(length(min = 1))] String),
}

impl Table {
    /// How the file is read.
    #[must_use]
    pub fn format(&self) -> TableFormat {
        let unsaid = if self.sqlite.is_some() {
            TableFormat::Sqlite
        } else {
            by_name(&self.file).unwrap_or(TableFormat::Csv)
        };
        self.format.unwrap_or(unsaid)
    }
}

fn by_name(file: &str) -> Option<TableFormat> {
    let plain = [".gz", ".zst"]
        .iter()
        .find_map(|end| file.strip_suffix(end));
    let extension = Path::new(plain.unwrap_or(file)).extension()?.to_str()?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "csv" => TableFormat::Csv,
        "json" => TableFormat::Json,
        "ndjson" | "jsonl" => TableFormat::Ndjson,
        "db" | "sqlite" | "sqlite3" => TableFormat::Sqlite,
        _ => return None,
    })
}

fn default_max_bytes() -> u64 {
    DEFAULT_TABLE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_format() {
        let cases = [
            ("a/prefixes.csv", TableFormat::Csv),
            ("a/prefixes.csv.gz", TableFormat::Csv),
            ("prefixes.JSON", TableFormat::Json),
            ("vip.jsonl.zst", TableFormat::Ndjson),
            ("vip.ndjson", TableFormat::Ndjson),
            ("crm.db", TableFormat::Sqlite),
            ("crm.sqlite3", TableFormat::Sqlite),
            ("prefixes.txt", TableFormat::Csv),
            ("prefixes", TableFormat::Csv),
        ];
        for (file, expected) in cases {
            assert_eq!(
                by_name(file).unwrap_or(TableFormat::Csv),
                expected,
                "{file}"
            );
        }
    }
}
