//! Compress of a whole part.

use std::io::{self, Read, Write};

use flate2::write::GzEncoder;

use super::Compress;

impl Compress {
    /// Compresses all that is read, as one member or frame with a checksum.
    pub(super) fn pack(self, mut from: impl Read, to: impl Write) -> io::Result<()> {
        match self {
            Self::Gzip => {
                let mut packer = GzEncoder::new(to, flate2::Compression::default());
                io::copy(&mut from, &mut packer)?;
                packer.finish()?.flush()
            }
            Self::Zstd => {
                let mut packer = zstd::Encoder::new(to, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                packer.include_checksum(true)?;
                io::copy(&mut from, &mut packer)?;
                packer.finish()?.flush()
            }
        }
    }
}
