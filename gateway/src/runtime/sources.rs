//! The sources of a configuration, as ingest serves them.

use std::{sync::Arc, time::Duration};

use crate::{
    config::{
        compile::dialect,
        model::{self, Config, SourceAuth},
    },
    delivery::http::address::parse_range,
    ingest::{self, Auth, Networks, OAuth2Client, Sources, Valve},
};

/// Why sources cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourcesError(String);

/// Ranges; [`crate::config::load`] refuses texts that are none before.
fn networks(ranges: &[String]) -> Result<Networks, SourcesError> {
    let ranges = ranges.iter().map(|range| parse_range(range));
    ranges
        .collect::<Result<_, _>>()
        .map_err(|error| SourcesError(error.to_string()))
}

/// The sources as ingest serves them.
pub(super) fn sources(config: &Config) -> Result<Sources, SourcesError> {
    let mut served = Vec::new();
    for (name, source) in &config.source {
        served.push(ingest::Source {
            name: Arc::from(name.as_str()),
            path: source.path.clone(),
            dialect: dialect(source).map_err(SourcesError)?,
            allow_from: source.allow_from.as_deref().map(networks).transpose()?,
            auth: auths(name, source),
            strict: source.strict,
            max_body_bytes: source
                .max_body_bytes
                .unwrap_or(config.ingest.max_body_bytes),
            valve: Valve::default(),
        });
    }
    let sources = Sources::new(served).map_err(|taken| SourcesError(taken.to_string()))?;
    Ok(sources.behind(networks(&config.ingest.trusted_proxies)?))
}

fn auths(name: &str, source: &model::Source) -> Auth {
    let mut all: Vec<_> = source.auths().map(|one| auth(name, source, one)).collect();
    match all.len() {
        0 => Auth::None,
        1 => all.swap_remove(0),
        _ => Auth::AnyOf(all),
    }
}

fn auth(name: &str, source: &model::Source, auth: &SourceAuth) -> Auth {
    match auth {
        SourceAuth::None(_) => Auth::None,
        SourceAuth::Basic(basic) => Auth::basic(&basic.username, basic.password.expose()),
        SourceAuth::Bearer(token) => Auth::bearer(token.expose()),
        SourceAuth::UrlToken(token) => Auth::url_token(token.expose()),
        SourceAuth::Oauth2(client) => {
            let secrets = std::iter::once(&client.client_secret).chain(&client.also);
            Auth::OAuth2(Arc::new(OAuth2Client::new(
                name,
                &client.client_id,
                secrets.map(model::Secret::expose),
                client.token_path(source),
                Duration::from_secs(client.expires_s),
            )))
        }
    }
}
