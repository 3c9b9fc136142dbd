//! From rows to a table.
//!
//! Rows are collected in arenas, in any order, and sorted once they are all
//! there. What has been collected is held to the table's limit, so that a file
//! that is larger than meant, or grows when it is decompressed, does not take the
//! gateway's memory.

use std::{
    cell::Cell,
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    rc::Rc,
};

use fst::MapBuilder;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{Stamp, Table, TableError, Texts};

/// A table that is being loaded.
pub(super) struct Builder {
    /// What stands for the file in errors.
    pub(super) name: String,
    max_bytes: u64,
    keys: Texts,
    values: Texts,
    /// For each key the index of its value.
    value_of: Vec<u32>,
    /// Values by their hash, so that equal ones are held once. Where hashes
    /// collide they are held twice.
    interned: HashMap<u64, u32>,
    hasher: RandomState,
    /// Bytes that the row that is being read may still take.
    row_left: Rc<Cell<u64>>,
}

impl Builder {
    pub(super) fn new(name: &str, max_bytes: u64) -> Self {
        Self {
            name: name.to_owned(),
            max_bytes,
            keys: Texts::default(),
            values: Texts::default(),
            value_of: Vec::new(),
            interned: HashMap::new(),
            hasher: RandomState::new(),
            row_left: Rc::new(Cell::new(max_bytes)),
        }
    }

    /// What readers of the file count down.
    pub(super) fn row_left(&self) -> Rc<Cell<u64>> {
        self.row_left.clone()
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.keys.len() as u64
    }

    /// Adds a row.
    pub(super) fn add(&mut self, key: &str, value: &str) -> Result<(), TableError> {
        let value = self.intern(value).ok_or_else(|| self.too_large())?;
        self.keys.push(key).ok_or_else(|| self.too_large())?;
        self.value_of.push(value);
        if self.bytes() > self.max_bytes {
            return Err(self.too_large());
        }
        self.row_left.set(self.max_bytes);
        Ok(())
    }

    fn intern(&mut self, value: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(value);
        let known = self.interned.get(&hash).copied();
        if let Some(index) = known
            && self.values.get(index.into()) == Some(value)
        {
            return Some(index);
        }
        let index = self.values.push(value)?;
        self.interned.insert(hash, index);
        Some(index)
    }

    /// Memory that has been taken so far, in bytes.
    fn bytes(&self) -> u64 {
        let interned = self.interned.capacity() * size_of::<(u64, u32)>();
        let value_of = self.value_of.capacity() * size_of::<u32>();
        (self.keys.bytes() + self.values.bytes() + value_of + interned) as u64
    }

    pub(super) fn too_large(&self) -> TableError {
        TableError::TooLarge {
            path: self.name.clone(),
            max_bytes: self.max_bytes,
        }
    }

    /// Sorts and indexes. Of a repeated key the last row counts.
    pub(super) fn finish(mut self, stamp: Stamp) -> Result<Table, TableError> {
        self.interned = HashMap::new();
        self.values.shrink();
        let rows = self.sorted();
        let mut keys = MapBuilder::memory();
        let mut digest = Sha256::new();
        for (at, &row) in rows.iter().enumerate() {
            let key = self.key(row);
            if rows.get(at + 1).is_some_and(|&next| self.key(next) == key) {
                continue;
            }
            let index = self.value_of.get(row as usize).copied().unwrap_or_default();
            keys.insert(key, index.into())?;
            for text in [key, self.values.get(index.into()).unwrap_or_default()] {
                digest.update((text.len() as u64).to_le_bytes());
                digest.update(text);
            }
        }
        let mut bytes = keys.into_inner()?;
        bytes.shrink_to_fit();
        let keys = fst::Map::new(bytes)?;
        let repeated = (rows.len() - keys.len()) as u64;
        let table = Table {
            keys,
            values: self.values,
            digest: format!("{:x}", digest.finalize()),
            repeated,
            max_bytes: self.max_bytes,
            loaded: Timestamp::now(),
            stamp,
        };
        Ok(table)
    }

    /// The rows by key, equal keys in the order of the file.
    fn sorted(&self) -> Vec<u32> {
        let count = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        let mut rows: Vec<u32> = (0..count).collect();
        rows.sort_unstable_by(|&a, &b| self.key(a).cmp(self.key(b)).then(a.cmp(&b)));
        rows
    }

    fn key(&self, row: u32) -> &str {
        self.keys.get(row.into()).unwrap_or_default()
    }
}
