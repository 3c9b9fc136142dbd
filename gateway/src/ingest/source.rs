//! The sources that listen, as they are served: secrets read, defaults filled in.

use std::{collections::HashMap, sync::Arc};

use super::{auth::Auth, dialect::Dialect, valve::Valve};

/// One endpoint.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name in config, journal, logs and metrics.
    pub name: Arc<str>,
    /// Its path, without a query. A slash at its end means nothing.
    pub path: String,
    /// How its sender speaks.
    pub dialect: Arc<dyn Dialect>,
    /// What its sender has to show.
    pub auth: Auth,
    /// Whether a record whose values break the dialect's tables is suspended,
    /// rather than tagged and delivered.
    pub strict: bool,
    /// Largest body in bytes, both as sent and after decompression.
    pub max_body_bytes: usize,
    /// Shut while its records have nowhere to go.
    pub valve: Valve,
}

/// All sources of one revision, found by path.
#[derive(Debug, Default)]
pub struct Sources {
    by_path: HashMap<String, Arc<Source>>,
}

/// Two sources listen at one path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sources {first} and {second} have the same path {path}; give one of them another")]
pub struct PathTaken {
    /// The path.
    pub path: String,
    /// The source that had it.
    pub first: Arc<str>,
    /// The source that wants it, too.
    pub second: Arc<str>,
}

impl Sources {
    /// The given sources.
    ///
    /// # Errors
    ///
    /// When two of them have the same path.
    pub fn new(sources: impl IntoIterator<Item = Source>) -> Result<Self, PathTaken> {
        let mut by_path = HashMap::<String, Arc<Source>>::new();
        for source in sources {
            let path = canonical(&source.path).to_owned();
            if let Some(first) = by_path.get(&path) {
                return Err(PathTaken {
                    path: source.path,
                    first: first.name.clone(),
                    second: source.name,
                });
            }
            by_path.insert(path, Arc::new(source));
        }
        Ok(Self { by_path })
    }

    /// Every source.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.by_path.values()
    }

    /// The source that listens at a path.
    pub fn at(&self, path: &str) -> Option<&Arc<Source>> {
        self.by_path.get(canonical(path))
    }
}

/// A path without slashes at its end: senders add and lose them.
fn canonical(path: &str) -> &str {
    path.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::dialect::Tccc;

    fn source(name: &str, path: &str) -> Source {
        Source {
            name: Arc::from(name),
            path: path.to_owned(),
            dialect: Arc::new(Tccc),
            auth: Auth::None,
            strict: false,
            max_body_bytes: 1,
            valve: Valve::default(),
        }
    }

    #[test]
    fn finds_sources_by_path() {
        let sources =
            Sources::new([source("root", "/"), source("a", "/a/"), source("b", "/a/b")]).unwrap();
        for (path, name) in [
            ("/", Some("root")),
            ("", Some("root")),
            ("/a", Some("a")),
            ("/a/", Some("a")),
            ("/a/b", Some("b")),
            ("/A", None),
            ("/a/b/c", None),
        ] {
            assert_eq!(sources.at(path).map(|source| &*source.name), name, "{path}");
        }
    }

    #[test]
    fn two_sources_do_not_share_a_path() {
        let taken = Sources::new([source("a", "/x"), source("b", "/x/")]).unwrap_err();
        assert_eq!(
            taken.to_string(),
            "sources a and b have the same path /x/; give one of them another"
        );
    }
}
