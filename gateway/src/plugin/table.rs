//! Lookup tables: loaded once by the host, shared by all guests, versioned with
//! the config revision.
//!
//! A table maps keys to values, both of them text: a value is that of a single
//! column, or a JSON object of several. Keys are held as a finite state
//! transducer (`fst`), in which they share their beginnings and ends: one walk
//! along the looked-up key finds the key itself, and on the way the longest key
//! that it begins with. Equal values are held once.
//!
//! Invariants:
//! - A table does not change. A file that changed makes another table, and that
//!   another revision.
//! - Its version is the digest of what it answers, whatever file, order of rows or
//!   compression that came from.
//!
//! How it fails: loading fails with a [`TableError`] that names file, row and
//! column, and never what stands there.

mod build;
mod columns;
mod error;
mod source;
mod stamp;
mod texts;

use std::{collections::btree_map::BTreeMap, path::Path, sync::Arc};

use fst::raw::Output;
use jiff::Timestamp;

pub use error::{Place, TableError};
pub use stamp::Stamp;

use self::{build::Builder, texts::Texts};
use crate::config::model;

/// The tables of a revision by name.
pub type Tables = BTreeMap<String, Arc<Table>>;

/// One lookup table.
pub struct Table {
    /// Each key, with the index of its value.
    keys: fst::Map<Vec<u8>>,
    values: Texts,
    digest: String,
    repeated: u64,
    max_bytes: u64,
    loaded: Timestamp,
    stamp: Stamp,
}

impl Table {
    /// Loads the file of a table, in seconds where it is large: not for the async
    /// runtime.
    ///
    /// # Errors
    /// When it cannot be read, is not what its format says, lacks a column, or
    /// takes more memory than it may.
    pub fn load(settings: &model::Table) -> Result<Self, TableError> {
        let path = Path::new(&settings.file);
        // First: what is written meanwhile must not pass for what was read.
        let stamp = Stamp::of(path);
        let mut builder = Builder::new(&settings.file, settings.max_bytes);
        source::read(path, settings, &mut builder)?;
        builder.finish(stamp)
    }

    /// A table of CSV in memory, compressed or not; `name` stands for the file in
    /// errors.
    ///
    /// # Errors
    /// As [`Table::load`].
    pub fn parse(
        name: &str,
        bytes: &[u8],
        key: Option<&str>,
        values: &[String],
    ) -> Result<Self, TableError> {
        let mut builder = Builder::new(name, model::DEFAULT_TABLE_BYTES);
        source::read_csv(bytes, key, values, &mut builder)?;
        builder.finish(Stamp::none())
    }

    /// The value of a key.
    #[must_use]
    pub fn lookup(&self, key: &str) -> Option<&str> {
        self.values.get(self.keys.get(key)?)
    }

    /// The longest key that `key` begins with, and its value.
    #[must_use]
    pub fn lookup_prefix<'k>(&self, key: &'k str) -> Option<(&'k str, &str)> {
        let fst = self.keys.as_fst();
        let mut node = fst.root();
        let mut output = Output::zero();
        let mut longest = None;
        for (at, &byte) in key.as_bytes().iter().enumerate() {
            if node.is_final() {
                longest = Some((at, output.cat(node.final_output())));
            }
            let Some(index) = node.find_input(byte) else {
                return self.found(key, longest);
            };
            let transition = node.transition(index);
            output = output.cat(transition.out);
            node = fst.node(transition.addr);
        }
        if node.is_final() {
            longest = Some((key.len(), output.cat(node.final_output())));
        }
        self.found(key, longest)
    }

    fn found<'k>(&self, key: &'k str, longest: Option<(usize, Output)>) -> Option<(&'k str, &str)> {
        let (end, value) = longest?;
        // A key is whole characters, and so is what it is the beginning of.
        Some((key.get(..end)?, self.values.get(value.value())?))
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether the table has no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Memory that it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.keys.as_fst().size() + self.values.bytes()) as u64
    }

    /// Memory that it may take, in bytes.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Rows whose key a later row repeats, and which therefore do not count.
    #[must_use]
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// SHA-256 over its sorted keys and their values, in hexadecimal: the version
    /// of the table.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The first 48 bits of the digest, as a number that metrics can hold exactly.
    #[must_use]
    pub fn version(&self) -> u64 {
        let bits = self.digest.get(..12).unwrap_or_default();
        u64::from_str_radix(bits, 16).unwrap_or_default()
    }

    /// When it was loaded.
    #[must_use]
    pub fn loaded(&self) -> Timestamp {
        self.loaded
    }

    /// What its files looked like just before they were read.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("keys", &self.len())
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
