//! Lookup tables: loaded once by the host, shared by all guests, versioned with
//! the config revision.
//!
//! A table maps keys to values: the text of its value column, or a JSON object
//! of its value columns where there are several. Values are interned, since
//! tables of number prefixes repeat a few hundred places a hundred thousand
//! times.
//!
//! Loading fails with a [`TableError`] that names the file and the row.

use std::{
    collections::{BTreeSet, HashMap, btree_map::BTreeMap},
    fmt::Write as _,
    io::Read,
    path::Path,
    sync::Arc,
};

use sha2::{Digest, Sha256};

/// The tables of a revision by name.
pub type Tables = BTreeMap<String, Arc<Table>>;

/// One lookup table.
#[derive(Debug)]
pub struct Table {
    entries: HashMap<Box<str>, u32>,
    values: Vec<Box<str>>,
    /// Lengths of the keys in bytes, longest first: what a prefix lookup tries.
    lengths: Vec<usize>,
    digest: String,
}

/// Why a table could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not CSV.
    #[error("{path} is not CSV: {source}")]
    Csv {
        /// The file.
        path: String,
        /// What the reader said, with the row.
        source: csv::Error,
    },
    /// A column that the config names is not in the header.
    #[error("{path} has no column {column:?}; its header is {header}")]
    NoColumn {
        /// The file.
        path: String,
        /// The column asked for.
        column: String,
        /// The header row.
        header: String,
    },
}

impl Table {
    /// Loads a CSV file with a header row. `key` names the key column (default:
    /// the first), `values` the value columns (default: all others). Of a
    /// repeated key the last row counts.
    ///
    /// # Errors
    /// When the file cannot be read, is not CSV or lacks a column.
    pub fn load(path: &Path, key: Option<&str>, values: &[String]) -> Result<Self, TableError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| TableError::Read {
            path: name.clone(),
            source,
        })?;
        Self::parse(&name, &bytes, key, values)
    }

    /// The same from bytes; `name` stands for the file in errors. Bytes that
    /// begin as gzip are decompressed.
    ///
    /// # Errors
    /// As [`Table::load`].
    pub fn parse(
        name: &str,
        bytes: &[u8],
        key: Option<&str>,
        values: &[String],
    ) -> Result<Self, TableError> {
        let digest = format!("{:x}", Sha256::digest(bytes));
        let plain: Box<dyn Read> = if bytes.starts_with(&GZIP_MAGIC) {
            Box::new(flate2::read::MultiGzDecoder::new(bytes))
        } else {
            Box::new(bytes)
        };
        let csv_error = |source| TableError::Csv {
            path: name.to_owned(),
            source,
        };
        let mut reader = csv::Reader::from_reader(plain);
        let columns = Columns::find(name, reader.headers().map_err(csv_error)?, key, values)?;

        let mut table = Self {
            entries: HashMap::new(),
            values: Vec::new(),
            lengths: Vec::new(),
            digest,
        };
        let mut interned: HashMap<Box<str>, u32> = HashMap::new();
        let mut lengths = BTreeSet::new();
        let mut row = csv::StringRecord::new();
        while reader.read_record(&mut row).map_err(csv_error)? {
            let value = columns.value(&row).into_boxed_str();
            let next = u32::try_from(table.values.len()).unwrap_or(u32::MAX);
            let index = *interned.entry(value).or_insert_with_key(|value| {
                table.values.push(value.clone());
                next
            });
            let key = row.get(columns.key).unwrap_or_default();
            lengths.insert(key.len());
            table.entries.insert(key.into(), index);
        }
        table.lengths = lengths.into_iter().rev().collect();
        table.entries.shrink_to_fit();
        Ok(table)
    }

    /// The value of a key.
    #[must_use]
    pub fn lookup(&self, key: &str) -> Option<&str> {
        let index = *self.entries.get(key)?;
        self.values.get(index as usize).map(AsRef::as_ref)
    }

    /// The longest key that `key` begins with, and its value.
    #[must_use]
    pub fn lookup_prefix<'k>(&self, key: &'k str) -> Option<(&'k str, &str)> {
        self.lengths
            .iter()
            .filter_map(|&length| key.get(..length))
            .find_map(|prefix| Some((prefix, self.lookup(prefix)?)))
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the table has no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// SHA-256 of the file, in hexadecimal: the version of the table.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// How a gzip member begins (RFC 1952).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Which columns are key and values.
struct Columns {
    key: usize,
    values: Vec<(String, usize)>,
}

impl Columns {
    fn find(
        path: &str,
        header: &csv::StringRecord,
        key: Option<&str>,
        values: &[String],
    ) -> Result<Self, TableError> {
        let position = |column: &str| {
            header
                .iter()
                .position(|name| name == column)
                .ok_or_else(|| TableError::NoColumn {
                    path: path.to_owned(),
                    column: column.to_owned(),
                    header: header.iter().collect::<Vec<_>>().join(","),
                })
        };
        let key = key.map_or(Ok(0), position)?;
        let values = if values.is_empty() {
            let others = header.iter().enumerate().filter(|&(index, _)| index != key);
            others
                .map(|(index, name)| (name.to_owned(), index))
                .collect()
        } else {
            let named = values
                .iter()
                .map(|name| Ok((name.clone(), position(name)?)));
            named.collect::<Result<_, TableError>>()?
        };
        Ok(Self { key, values })
    }

    /// The text of a single value column, or a JSON object of several.
    fn value(&self, row: &csv::StringRecord) -> String {
        if let [(_, only)] = self.values.as_slice() {
            return row.get(*only).unwrap_or_default().to_owned();
        }
        let mut object = String::from("{");
        for (name, index) in &self.values {
            let separator = if object.len() > 1 { "," } else { "" };
            let name = serde_json::Value::from(name.as_str());
            let value = serde_json::Value::from(row.get(*index).unwrap_or_default());
            // Writing to a String cannot fail.
            let _ = write!(object, "{separator}{name}:{value}");
        }
        object.push('}');
        object
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIXES: &str = "prefix,province,city\n186,贵州,\n1861,贵州,安顺\n20,广东,广州\n";

    fn table(text: &str, key: Option<&str>, values: &[&str]) -> Result<Table, TableError> {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        Table::parse("prefixes.csv", text.as_bytes(), key, &values)
    }

    #[test]
    fn lookups() {
        let table = table(PREFIXES, None, &[]).unwrap();
        let cases = [
            (
                "1861234",
                Some(("1861", r#"{"province":"贵州","city":"安顺"}"#)),
            ),
            ("1869999", Some(("186", r#"{"province":"贵州","city":""}"#))),
            ("186", Some(("186", r#"{"province":"贵州","city":""}"#))),
            ("18", None),
            ("", None),
            ("号码", None),
        ];
        for (key, expected) in cases {
            assert_eq!(table.lookup_prefix(key), expected, "{key}");
        }
        assert_eq!(table.lookup("1861234"), None);
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn a_single_value_column_is_plain_text() {
        let table = table(PREFIXES, Some("prefix"), &["city"]).unwrap();
        assert_eq!(table.lookup("20"), Some("广州"));
    }

    #[test]
    fn gzip_is_recognised() {
        use std::io::Write as _;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(PREFIXES.as_bytes()).unwrap();
        let table = Table::parse("t", &gzip.finish().unwrap(), None, &["city".into()]).unwrap();
        assert_eq!(table.lookup("20"), Some("广州"));
    }

    #[test]
    fn a_missing_column_is_named() {
        let error = table(PREFIXES, Some("number"), &[])
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            r#"prefixes.csv has no column "number"; its header is prefix,province,city"#
        );
    }
}
