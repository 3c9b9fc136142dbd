//! Compress of a whole part.

use std::io::{self, Read, Write};

use flate2::write::GzEncoder;

use super::Compress;

impl Compress {
    /// Compresses all that is read, as one member or frame with a checksum. Returns
    /// how many bytes that was.
    pub(super) fn pack(self, mut from: impl Read, to: impl Write) -> io::Result<u64> {
        match self {
            Self::Gzip => {
                let mut packer = GzEncoder::new(to, flate2::Compression::default());
                let read = io::copy(&mut from, &mut packer)?;
                packer.finish()?.flush()?;
                Ok(read)
            }
            Self::Zstd => {
                let mut packer = zstd::Encoder::new(to, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                packer.include_checksum(true)?;
                let read = io::copy(&mut from, &mut packer)?;
                packer.finish()?.flush()?;
                Ok(read)
            }
        }
    }
}
