//! Finishing a part, in steps of which each can be the last before a crash.
//!
//! Plain: the trailer is appended and synced; the manifest is written; the open
//! part is renamed.
//!
//! Compressed, or sealed while it was open: the finished form (compressed, or what
//! the frames hold) is written beside the open part and synced; the
//! manifest is written; the open part is removed; the finished form is renamed.
//! So the final name appears after the open part is gone, and a collector who takes
//! the file away at once cannot make the gateway write it again.
//!
//! Until the open part is gone or renamed it counts: it is cut back to its
//! committed length, and everything is done again. From then on the records are
//! in the finished form, which the manifest proves, and only the rename is left.

use std::io::{self, Read, Write};

use super::{
    Compress,
    directory::Directory,
    manifest::{self, Manifest, Seal, Sealing},
    name::PartNames,
    part::OpenPart,
    place::Place,
};
use crate::journal::FilePart;

/// What stands where a part should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The part, as long as was committed or longer.
    Whole,
    /// Its finished form, whole, without the final name.
    Packed,
    /// It has its final name, but the journal does not know yet.
    Renamed,
    /// It is gone or too short: something else moved or changed it.
    Gone,
}

/// Looks for a part that the journal knows.
pub(super) fn find(place: &Place, names: &PartNames, part: &FilePart) -> io::Result<Found> {
    let Some(directory) = Directory::find(place.base_dir(), &names.directory)? else {
        return match part.length {
            0 => Ok(Found::Whole),
            _ if place.base_dir().is_dir() => Ok(Found::Gone),
            // It may be a disk that is not mounted: nothing is given up for that.
            _ => Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the base directory is gone, and parts were open in it; mount it, or create it to give them up",
            )),
        };
    };
    match directory.length(&names.open)? {
        Some(length) if length >= part.length => return Ok(Found::Whole),
        Some(_) => return Ok(Found::Gone),
        None => {}
    }
    if let Some(packed) = &names.packed
        && is_proven(&directory, names, packed, part)?
    {
        return Ok(Found::Packed);
    }
    if directory.has(&names.finished)? && part.length > 0 {
        return Ok(Found::Renamed);
    }
    Ok(if part.length == 0 {
        Found::Whole
    } else {
        Found::Gone
    })
}

/// Whether a part's names are free.
pub(super) fn is_free(place: &Place, names: &PartNames) -> io::Result<bool> {
    let Some(directory) = Directory::find(place.base_dir(), &names.directory)? else {
        return Ok(true);
    };
    for name in names.all() {
        if directory.has(name)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Finishes an open part.
pub(super) fn finish(
    mut open: OpenPart,
    place: &Place,
    names: &PartNames,
    part: &FilePart,
) -> io::Result<()> {
    let directory = Directory::make(place.base_dir(), &names.directory)?;
    // Before anything is given up for it; what stands there is someone's data.
    if directory.has(&names.finished)? {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "something else stands under a part's final name; move it away",
        ));
    }
    let tail = place.layout().tail(part);
    if let Some(packed) = &names.packed {
        let compress = place.layout().compress;
        write_packed(&mut open, &directory, names, packed, compress, part, &tail)?;
        directory.remove(&names.open)?;
        return rename_packed(&directory, names, packed);
    }
    if !tail.is_empty() {
        open.append(&tail)?;
    }
    let seal = Seal::of(open.read(part.length + tail.len() as u64)?)?;
    let manifest = Manifest::new(&names.finished, part, seal, None);
    directory.replace(&names.manifest, &serde_json::to_vec(&manifest)?)?;
    directory.rename_to_free(&names.open, &names.finished)?;
    directory.sync()
}

/// How much a finished part holds without its trailer, before compression, as its
/// manifest says; `None` where that is gone already.
pub(super) fn content_length(
    place: &Place,
    names: &PartNames,
    part: &FilePart,
) -> io::Result<Option<u64>> {
    let Some(directory) = Directory::find(place.base_dir(), &names.directory)? else {
        return Ok(None);
    };
    let tail = place.layout().tail(part).len() as u64;
    let manifest = manifest_of(&directory, names, part)?;
    Ok(manifest.map(|it| it.content_bytes().saturating_sub(tail)))
}

/// Does what is left to do for a finished form that is whole.
pub(super) fn finish_packed(place: &Place, names: &PartNames) -> io::Result<()> {
    match (
        &names.packed,
        Directory::find(place.base_dir(), &names.directory)?,
    ) {
        (Some(packed), Some(directory)) => rename_packed(&directory, names, packed),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Removes a part that nothing was written to.
pub(super) fn remove_empty(place: &Place, names: &PartNames) -> io::Result<()> {
    match Directory::find(place.base_dir(), &names.directory)? {
        Some(directory) => {
            directory.remove(&names.open)?;
            directory.sync()
        }
        None => Ok(()),
    }
}

/// Writes the finished form of what is read, compressed where that is said. Returns
/// what proves it, and the size before compression.
pub(super) fn pack(
    mut content: impl Read,
    compress: Option<Compress>,
    to: impl Write,
) -> io::Result<(Seal, Option<u64>)> {
    let mut sealing = Sealing::new(to);
    let uncompressed = if let Some(compress) = compress {
        Some(compress.pack(content, &mut sealing)?)
    } else {
        io::copy(&mut content, &mut sealing)?;
        None
    };
    Ok((sealing.seal(), uncompressed))
}

/// Writes the finished form and its manifest.
fn write_packed(
    open: &mut OpenPart,
    directory: &Directory,
    names: &PartNames,
    packed: &str,
    compress: Option<Compress>,
    part: &FilePart,
    tail: &[u8],
) -> io::Result<()> {
    let content = open.read(part.length)?.chain(tail);
    let (seal, uncompressed) = directory.write(packed, |file| pack(content, compress, file))?;
    let manifest = Manifest::new(&names.finished, part, seal, uncompressed);
    directory.replace(&names.manifest, &serde_json::to_vec(&manifest)?)?;
    directory.sync()
}

fn rename_packed(directory: &Directory, names: &PartNames, packed: &str) -> io::Result<()> {
    directory.sync()?;
    directory.rename_to_free(packed, &names.finished)?;
    directory.sync()
}

/// Whether a file is what the part's manifest says, to the last byte.
fn is_proven(
    directory: &Directory,
    names: &PartNames,
    file: &str,
    part: &FilePart,
) -> io::Result<bool> {
    let Some(length) = directory.length(file)? else {
        return Ok(false);
    };
    let Some(manifest) = manifest_of(directory, names, part)? else {
        return Ok(false);
    };
    if manifest.bytes != length {
        return Ok(false);
    }
    let seal = Seal::of(directory.reader(file)?)?;
    Ok(seal.sha256 == manifest.sha256)
}

/// The manifest of a part, if what stands there is that.
fn manifest_of(
    directory: &Directory,
    names: &PartNames,
    part: &FilePart,
) -> io::Result<Option<Manifest>> {
    let manifest = directory.read(&names.manifest, manifest::MAX_BYTES)?;
    let manifest = manifest.and_then(|text| serde_json::from_slice::<Manifest>(&text).ok());
    Ok(manifest.filter(|it| it.is_of(&names.finished, part)))
}
