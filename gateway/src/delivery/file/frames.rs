//! The frames of a sealed part: what stands in it while it is open, and while it
//! waits for an object store.
//!
//! Each block that is appended becomes one frame, or some where it is large:
//!
//! - length of what follows (4 bytes, big-endian)
//! - version, day, nonce, ciphertext and tag, as `journal/seal.rs` has them, sealed
//!   for `parts/`, the part's number, the frame's offset, base directory and path.
//!
//! So a frame opens where it was written and nowhere else: not in another part, not
//! a second time, not in another order. That none is missing at the end is what the
//! committed length says. Nothing here is read until the part is finished or brought.
//!
//! How it fails: a frame that does not open fails the finish or the upload of its
//! part, which waits, loudly. It is never passed over.

use std::{
    fmt,
    io::{self, Read},
};

use crate::journal::{FilePart, seal::PartKey};

/// Most of a block that becomes one frame, in bytes, so that a part is finished in
/// bounded memory.
const MAX_PLAIN: usize = 1 << 20;

/// Bytes of a frame's length.
const LENGTH_BYTES: usize = 4;

/// Seals and opens the frames of one part.
#[derive(Debug, Clone)]
pub(super) struct Frames {
    key: PartKey,
    base_dir: String,
    path: String,
    part: u32,
}

impl Frames {
    /// Those of a part, with the key of its day.
    pub(super) fn new(key: PartKey, part: &FilePart) -> Self {
        Self {
            key,
            base_dir: part.base_dir.clone(),
            path: part.path.clone(),
            part: part.part,
        }
    }

    /// What to append at an offset instead of a block.
    pub(super) fn seal(&self, mut offset: u64, block: &[u8]) -> io::Result<Vec<u8>> {
        let count = block.len().div_ceil(MAX_PLAIN);
        let mut frames =
            Vec::with_capacity(block.len() + count * (LENGTH_BYTES + PartKey::OVERHEAD));
        for plain in block.chunks(MAX_PLAIN) {
            let sealed = self.key.seal(&self.at(offset), plain);
            let sealed = sealed.map_err(io::Error::other)?;
            let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
            frames.extend_from_slice(&length.to_be_bytes());
            frames.extend_from_slice(&sealed);
            offset += (LENGTH_BYTES + sealed.len()) as u64;
        }
        Ok(frames)
    }

    /// What the frames of so many bytes were made of.
    pub(super) fn open<R: Read>(self, from: R, length: u64) -> Content<R> {
        Content {
            frames: self,
            from,
            offset: 0,
            length,
            plain: io::Cursor::default(),
        }
    }

    fn at(&self, offset: u64) -> At<'_> {
        At {
            frames: self,
            offset,
        }
    }
}

/// Where a frame belongs.
struct At<'a> {
    frames: &'a Frames,
    offset: u64,
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Frames {
            base_dir,
            path,
            part,
            ..
        } = self.frames;
        write!(f, "{part}/{}/{base_dir}/{path}", self.offset)
    }
}

/// Reads what was sealed, frame by frame.
pub(super) struct Content<R> {
    frames: Frames,
    from: R,
    /// Of the next frame.
    offset: u64,
    /// Where the frames end.
    length: u64,
    /// Of the frame before it.
    plain: io::Cursor<Vec<u8>>,
}

impl<R: Read> Content<R> {
    fn next_frame(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; LENGTH_BYTES];
        self.from.read_exact(&mut length).map_err(cut)?;
        let length = u32::from_be_bytes(length) as usize;
        let left = self.length - self.offset;
        let end = (LENGTH_BYTES + length) as u64;
        if length > MAX_PLAIN + PartKey::OVERHEAD || end > left {
            return Err(damaged());
        }
        let mut sealed = vec![0; length];
        self.from.read_exact(&mut sealed).map_err(cut)?;
        let at = self.frames.at(self.offset);
        let plain = self.frames.key.open(&at, sealed).ok_or_else(damaged)?;
        self.offset += end;
        Ok(plain)
    }
}

impl<R: Read> Read for Content<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.plain.read(into)?;
            if read > 0 || into.is_empty() || self.offset >= self.length {
                return Ok(read);
            }
            self.plain = io::Cursor::new(self.next_frame()?);
        }
    }
}

fn cut(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged(),
        _ => error,
    }
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a part is not what was sealed in it; bring it back as it was, or move it away to give it up",
    )
}

#[cfg(test)]
mod tests;
