//! Sources: one path each, keys that fit the dialect, and a warning where
//! anyone may send.

use std::collections::BTreeMap;

use super::Check;
use crate::config::{
    diagnostic::Code,
    model::{DialectName, Secret, Source, SourceAuth},
    report::{Finding, Mark},
};

/// The shortest client secret that is not warned of.
const MIN_SECRET_BYTES: usize = 16;

impl Check<'_, '_> {
    pub(super) fn sources(&mut self) {
        let mut paths: BTreeMap<String, &str> = BTreeMap::new();
        let config = self.config;
        for (name, source) in &config.source {
            let mut endpoints = vec![(["path"].as_slice(), source.path.clone())];
            for auth in source.auths() {
                if let SourceAuth::Oauth2(client) = auth {
                    let key = ["auth", "oauth2", "token_path"].as_slice();
                    endpoints.push((key, client.token_path(source)));
                }
            }
            for (key, path) in endpoints {
                let Some(first) = paths.get(&path) else {
                    paths.insert(path, name);
                    continue;
                };
                let message = format!("source {first} has the path {path} already");
                let finding = Finding::error(Code::Duplicate, message);
                self.add(
                    &[&["source", name], key].concat(),
                    Mark::Value,
                    finding.help("give each endpoint a path of its own"),
                );
            }
            self.dialect_keys(name, source);
            self.open_source(name, source);
            self.plain_credentials(name, source);
            self.weak_secrets(name, source);
        }
    }

    fn dialect_keys(&mut self, name: &str, source: &Source) {
        let (dialect, strangers): (_, &[(&str, bool)]) = match source.dialect {
            DialectName::Tccc => (
                "tccc",
                &[
                    ("kind", source.kind.is_some()),
                    ("numbers_in", source.numbers_in.is_some()),
                    ("id_in", source.id_in.is_some()),
                ],
            ),
            DialectName::Json => ("json", &[("strict", source.strict)]),
        };
        for (key, _) in strangers.iter().filter(|(_, set)| *set) {
            let message = format!("`{key}` means nothing for the dialect {dialect}");
            let finding = Finding::error(Code::DoesNotApply, message);
            self.add(
                &["source", name, key],
                Mark::Key,
                finding.help("remove it, or correct the dialect"),
            );
        }
    }

    fn open_source(&mut self, name: &str, source: &Source) {
        let open = source.auth.is_none() && source.allow_from.is_none();
        if self.is_reachable() && open && !self.is_said(&["source", name, "auth"]) {
            let finding = Finding::warning(
                Code::OpenSource,
                format!("source {name} accepts records from anyone who can reach the listener"),
            );
            self.add(
                &["source", name],
                Mark::Key,
                finding.help("set auth.basic, auth.bearer, auth.url_token or allow_from, or auth.none = true if this is meant"),
            );
        }
    }

    /// Behind a proxy that is named, TLS is the proxy's business.
    fn plain_credentials(&mut self, name: &str, source: &Source) {
        let ingest = &self.config.ingest;
        let mut auths = source.auths();
        let shown = auths.any(|auth| !matches!(auth, SourceAuth::None(_)));
        let plain = !self.is_said(&["ingest", "tls"]) && ingest.trusted_proxies.is_empty();
        if self.is_reachable() && shown && plain {
            let finding = Finding::warning(
                Code::PlainCredentials,
                format!(
                    "credentials of source {name} can be read on their way: its listener speaks without TLS"
                ),
            );
            self.add(
                &["source", name, "auth"],
                Mark::Key,
                finding.help(
                    "set ingest.tls, or name the proxy that speaks TLS in ingest.trusted_proxies",
                ),
            );
        }
    }

    /// Whoever holds a token can try secrets against it at leisure.
    fn weak_secrets(&mut self, name: &str, source: &Source) {
        let clients = source.auths().filter_map(|auth| match auth {
            SourceAuth::Oauth2(client) => Some(client),
            _ => None,
        });
        let mut secrets =
            clients.flat_map(|client| std::iter::once(&client.client_secret).chain(&client.also));
        // One that could not be read is empty, and was reported.
        let weak = |secret: &Secret| (1..MIN_SECRET_BYTES).contains(&secret.expose().len());
        if secrets.any(weak) {
            let finding = Finding::warning(
                Code::WeakSecret,
                format!(
                    "a client secret of source {name} has less than {MIN_SECRET_BYTES} bytes, and can be guessed from a token"
                ),
            );
            self.add(
                &["source", name, "auth"],
                Mark::Key,
                finding.help("take a long and random one, such as `openssl rand -hex 32` makes"),
            );
        }
    }

    /// Whether others than this machine can reach the listener.
    fn is_reachable(&self) -> bool {
        !self.config.ingest.listen.ip().is_loopback()
    }
}
