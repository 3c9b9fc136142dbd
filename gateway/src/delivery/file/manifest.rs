//! What stands beside a finished part, so that whoever collects it can tell that
//! it is whole.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::journal::FilePart;

/// Longest manifest that is read, in bytes. Names are short.
pub(super) const MAX_BYTES: u64 = 64 * 1024;

/// The manifest of a part.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The part's name, without its directory.
    pub(super) file: String,
    /// Records in it; head and trailer are none.
    pub(super) records: u64,
    /// Its size.
    pub(super) bytes: u64,
    /// Its size before compression, where it is compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) uncompressed_bytes: Option<u64>,
    /// The first and the last arrival.
    pub(super) first_id: String,
    pub(super) last_id: String,
    /// Of the file as it is, in hexadecimal digits.
    pub(super) sha256: String,
}

impl Manifest {
    pub(super) fn new(file: &str, part: &FilePart, seal: Seal, uncompressed: Option<u64>) -> Self {
        Self {
            file: file.to_owned(),
            records: part.records,
            bytes: seal.bytes,
            uncompressed_bytes: uncompressed,
            first_id: part.first.to_string(),
            last_id: part.last.to_string(),
            sha256: seal.sha256,
        }
    }

    /// The size before compression, where the part is compressed, else its size.
    pub(super) fn content_bytes(&self) -> u64 {
        self.uncompressed_bytes.unwrap_or(self.bytes)
    }

    /// Whether it speaks of a part as the journal knows it.
    pub(super) fn is_of(&self, file: &str, part: &FilePart) -> bool {
        self.file == file
            && self.records == part.records
            && self.first_id == part.first.to_string()
            && self.last_id == part.last.to_string()
    }
}

/// Size and digest of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Seal {
    /// Of everything that is read.
    pub(super) fn of(mut from: impl Read) -> io::Result<Self> {
        let mut sealing = Sealing::new(io::sink());
        io::copy(&mut from, &mut sealing)?;
        Ok(sealing.seal())
    }
}

/// Seals what is written through it.
pub(super) struct Sealing<W> {
    to: W,
    bytes: u64,
    hash: Sha256,
}

impl<W> Sealing<W> {
    pub(super) fn new(to: W) -> Self {
        Self {
            to,
            bytes: 0,
            hash: Sha256::new(),
        }
    }

    pub(super) fn seal(self) -> Seal {
        Seal {
            bytes: self.bytes,
            sha256: format!("{:x}", self.hash.finalize()),
        }
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.bytes += written as u64;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
