//! The sources that listen, as they are served: secrets read, defaults filled in.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::extract::ConnectInfo;
use http::request::Parts;

use super::{
    auth::{Auth, OAuth2Client},
    dialect::Dialect,
    peer::{self, Networks},
    valve::Valve,
};

/// One endpoint.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name in config, journal, logs and metrics.
    pub name: Arc<str>,
    /// Its path, without a query. A slash at its end means nothing.
    pub path: String,
    /// How its sender speaks.
    pub dialect: Arc<dyn Dialect>,
    /// Where its sender may be; anywhere if none is said.
    pub allow_from: Option<Networks>,
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

/// What is served at a path.
#[derive(Debug, Clone)]
pub enum Endpoint {
    /// A source takes records.
    Push(Arc<Source>),
    /// A client of a source gets access tokens.
    Token(Arc<Source>, Arc<OAuth2Client>),
}

impl Endpoint {
    /// The source that it belongs to.
    pub fn source(&self) -> &Arc<Source> {
        match self {
            Self::Push(source) | Self::Token(source, _) => source,
        }
    }
}

/// The endpoints of all sources of one revision, found by path.
#[derive(Debug, Default)]
pub struct Sources {
    by_path: HashMap<String, Endpoint>,
    trusted_proxies: Networks,
}

/// Two endpoints have one path.
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
    /// When two of their endpoints have the same path.
    pub fn new(sources: impl IntoIterator<Item = Source>) -> Result<Self, PathTaken> {
        let mut all = Self::default();
        for source in sources.into_iter().map(Arc::new) {
            all.add(&source.path, Endpoint::Push(source.clone()))?;
            for client in source.auth.clients() {
                let path = client.token_path.clone();
                all.add(&path, Endpoint::Token(source.clone(), client))?;
            }
        }
        Ok(all)
    }

    /// Every source.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.by_path.values().filter_map(|endpoint| match endpoint {
            Endpoint::Push(source) => Some(source),
            Endpoint::Token(..) => None,
        })
    }

    /// Behind proxies whose word counts for where a sender is.
    #[must_use]
    pub fn behind(self, trusted_proxies: Networks) -> Self {
        Self {
            trusted_proxies,
            ..self
        }
    }

    /// Whether a source takes requests from where this one comes.
    pub(super) fn allow(&self, source: &Source, head: &Parts) -> bool {
        let Some(allowed) = &source.allow_from else {
            return true;
        };
        let connection = head.extensions.get::<ConnectInfo<SocketAddr>>();
        let sender = connection.and_then(|ConnectInfo(connection)| {
            peer::sender(connection.ip(), &head.headers, &self.trusted_proxies)
        });
        sender.is_some_and(|sender| allowed.hold(sender))
    }

    fn add(&mut self, path: &str, endpoint: Endpoint) -> Result<(), PathTaken> {
        let key = canonical(path).to_owned();
        if let Some(first) = self.by_path.get(&key) {
            return Err(PathTaken {
                path: path.to_owned(),
                first: first.source().name.clone(),
                second: endpoint.source().name.clone(),
            });
        }
        self.by_path.insert(key, endpoint);
        Ok(())
    }

    /// What is served at a path.
    pub fn at(&self, path: &str) -> Option<&Endpoint> {
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
            allow_from: None,
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
            let found = sources.at(path).map(|endpoint| &*endpoint.source().name);
            assert_eq!(found, name, "{path}");
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
