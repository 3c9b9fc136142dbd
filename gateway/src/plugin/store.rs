//! What was fetched, kept on disk by its digest, so that a restart needs no
//! network.
//!
//! Invariants:
//! - A file is complete or not there: it is written beside, synced and renamed.
//! - Nothing is believed by its name: what is read is hashed again, and what has
//!   another digest is thrown away.
//!
//! How it fails: it does not. What cannot be read is fetched again, and what
//! cannot be written is used all the same, with a line in the log.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use sha2::{Digest, Sha256};

/// What stands before a digest in the name of a file.
const PREFIX: &str = "sha256-";

/// The SHA-256 of bytes, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// The store.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
}

impl Store {
    /// The store below a state directory. It is written to only where that
    /// directory exists: a check beside the gateway leaves nothing behind.
    #[must_use]
    pub fn below(data_dir: &Path) -> Self {
        Self {
            directory: data_dir.join("plugin-store"),
        }
    }

    /// What has this digest, if it is here.
    pub(super) fn get(&self, digest: &str) -> Option<Vec<u8>> {
        let path = self.path(digest);
        let bytes = fs::read(&path).ok()?;
        if sha256(&bytes) != digest {
            tracing::warn!(path = %path.display(), "a stored plugin is damaged; it is fetched again");
            let _ = fs::remove_file(&path);
            return None;
        }
        // When it was used last decides what is removed first.
        let used = fs::File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        if let Err(error) = used {
            tracing::debug!(path = %path.display(), %error, "cannot note that a stored plugin is used");
        }
        Some(bytes)
    }

    /// Keeps bytes whose digest was verified.
    pub(super) fn put(&self, digest: &str, bytes: &[u8]) {
        let beside_gateway = self.directory.parent().is_some_and(Path::is_dir);
        if !beside_gateway {
            return;
        }
        if let Err(error) = self.write(digest, bytes) {
            let directory = self.directory.display();
            tracing::warn!(%directory, %error, "cannot keep a fetched plugin; a restart needs the network");
        }
    }

    fn write(&self, digest: &str, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(self.path(digest))?;
        fs::File::open(&self.directory)?.sync_all()
    }

    /// Removes what was not used for longest until the rest has at most so many
    /// bytes. What is in use stays, whatever it takes.
    pub fn prune(&self, in_use: &BTreeSet<String>, max_bytes: u64) {
        let mut files = self.files();
        let mut total: u64 = files.iter().map(|file| file.bytes).sum();
        files.sort_by_key(|file| file.used);
        for file in files {
            if total <= max_bytes {
                break;
            }
            if !in_use.contains(&file.digest) && fs::remove_file(self.path(&file.digest)).is_ok() {
                total -= file.bytes;
            }
        }
        metrics::gauge!("cdr_gateway_plugin_store_bytes").set(as_gauge(total));
    }

    fn files(&self) -> Vec<Stored> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten();
        let stored = |entry: fs::DirEntry| {
            let name = entry.file_name();
            let about = entry.metadata().ok()?;
            Some(Stored {
                digest: name.to_str()?.strip_prefix(PREFIX)?.to_owned(),
                bytes: about.len(),
                used: about.modified().ok()?,
            })
        };
        entries.flatten().filter_map(stored).collect()
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.directory.join(format!("{PREFIX}{digest}"))
    }
}

/// A file of the store.
struct Stored {
    digest: String,
    bytes: u64,
    used: SystemTime,
}

/// Exact up to 4 GiB, and close beyond.
fn as_gauge(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) * 1024.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let data_dir = tempfile::tempdir().unwrap();
        let store = Store::below(data_dir.path());
        (data_dir, store)
    }

    #[test]
    fn what_is_kept_is_found_and_what_is_damaged_is_not() {
        let (data_dir, store) = store();
        let digest = sha256(b"component");
        assert_eq!(store.get(&digest), None);
        store.put(&digest, b"component");
        assert_eq!(store.get(&digest).as_deref(), Some(&b"component"[..]));
        fs::write(store.path(&digest), b"comp").unwrap();
        assert_eq!(store.get(&digest), None);
        assert!(!store.path(&digest).exists());

        let nowhere = Store::below(&data_dir.path().join("none"));
        nowhere.put(&digest, b"component");
        assert!(!data_dir.path().join("none").exists());
    }

    #[test]
    fn the_oldest_go_first_and_those_in_use_never() {
        let (_data_dir, store) = store();
        let now = SystemTime::now();
        let mut digests = Vec::new();
        for (index, age_s) in [30, 20, 10].into_iter().enumerate() {
            let bytes = vec![b'0' + u8::try_from(index).unwrap(); 100];
            let digest = sha256(&bytes);
            store.put(&digest, &bytes);
            let file = fs::File::open(store.path(&digest)).unwrap();
            file.set_modified(now - Duration::from_secs(age_s)).unwrap();
            digests.push(digest);
        }
        let kept = |store: &Store| -> Vec<bool> {
            let exists = |digest: &String| store.path(digest).exists();
            digests.iter().map(exists).collect()
        };
        store.prune(&BTreeSet::new(), 300);
        assert_eq!(kept(&store), [true, true, true]);
        store.prune(&BTreeSet::from([digests[0].clone()]), 200);
        assert_eq!(kept(&store), [true, false, true]);
        store.prune(&BTreeSet::from([digests[0].clone()]), 50);
        assert_eq!(kept(&store), [true, false, false]);
    }
}
