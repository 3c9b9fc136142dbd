//! Files, decompressed where they begin as gzip or zstd.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    rc::Rc,
};

use crate::plugin::table::{TableError, build::Builder};

/// How a gzip member begins (RFC 1952).
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// How a zstd frame begins (RFC 8878).
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// A file as it reads once decompressed.
pub(super) fn file<'b>(
    path: &Path,
    builder: &Builder,
) -> Result<impl BufRead + use<'b>, TableError> {
    let file = File::open(path).map_err(|source| unreadable(builder, source))?;
    plain(file, builder)
}

/// What a reader reads once decompressed. It ends with an error where a single row
/// takes more than the whole table may.
pub(super) fn plain<'b, R: Read + 'b>(
    reader: R,
    builder: &Builder,
) -> Result<impl BufRead + use<'b, R>, TableError> {
    let mut buffered = BufReader::new(reader);
    let failed = |source| unreadable(builder, source);
    let begin = buffered.fill_buf().map_err(failed)?;
    let plain: Box<dyn Read + 'b> = if begin.starts_with(GZIP_MAGIC) {
        Box::new(flate2::bufread::MultiGzDecoder::new(buffered))
    } else if begin.starts_with(ZSTD_MAGIC) {
        Box::new(zstd::Decoder::with_buffer(buffered).map_err(failed)?)
    } else {
        Box::new(buffered)
    };
    Ok(BufReader::new(Metered {
        inner: plain,
        left: builder.row_left(),
    }))
}

/// What reading failed with: the limit, or the system.
pub(super) fn unreadable(builder: &Builder, source: io::Error) -> TableError {
    if builder.row_left().get() == 0 {
        return builder.too_large();
    }
    TableError::Read {
        path: builder.name.clone(),
        source,
    }
}

/// Counts down what a row may still take; whoever adds a row winds it up again.
struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.inner.read(buffer)?;
        self.left.set(left.saturating_sub(read as u64));
        Ok(read)
    }
}
