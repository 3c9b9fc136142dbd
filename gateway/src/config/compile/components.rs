//! The bytes of plugins' components, wherever they come from.

use std::{borrow::Cow, collections::BTreeSet, fs, time::Duration};

use crate::{
    config::model::{self, Config},
    delivery::http::address::AddressPolicy,
    plugin::{
        builtin as embedded,
        fetch::{FetchError, FetchLimits, Fetcher},
        origin::{Origin, shown},
        store::{Store, sha256},
    },
};

/// Why a component is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unavailable {
    /// It is no file that can be read, or nothing has that name.
    #[error("{0}")]
    Unreadable(String),
    /// It could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It is another one than the configuration says.
    #[error("{origin}: expected the SHA-256 {expected}, found {found}")]
    Digest {
        /// Where it came from.
        origin: String,
        /// What `sha256` says.
        expected: String,
        /// What it has.
        found: String,
    },
}

impl Unavailable {
    /// What the operator can do.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "give the path of a component, or a `builtin:` name",
            Self::Fetch(_) => "correct the URL, its credentials or `outgoing.allow`, or try again",
            Self::Digest { .. } => "find out which of the two is meant; then correct `sha256`",
        }
    }
}

/// The component of a plugin, with the digest that the configuration says. May
/// wait for the network: not for the async runtime.
pub(super) fn component(
    config: &Config,
    plugin: &model::Plugin,
) -> Result<Cow<'static, [u8]>, Unavailable> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Unavailable::Unreadable(format!("cannot read {}: {error}", shown(&plugin.wasm)))
    };
    let bytes = match Origin::parse(&plugin.wasm).map_err(|error| unreadable(&error))? {
        Origin::Builtin(name) => match embedded::plugin(name) {
            Some(embedded) => Cow::Borrowed(embedded.wasm),
            None => return Err(unreadable(&"there is none of that name")),
        },
        Origin::File(path) => Cow::Owned(fs::read(path).map_err(|error| unreadable(&error))?),
        Origin::Url(_) | Origin::Oci(_) => Cow::Owned(fetched(config, plugin)?),
    };
    match &plugin.sha256 {
        Some(expected) if *expected != sha256(&bytes) => Err(Unavailable::Digest {
            origin: shown(&plugin.wasm),
            expected: expected.clone(),
            found: sha256(&bytes),
        }),
        _ => Ok(bytes),
    }
}

fn fetched(config: &Config, plugin: &model::Plugin) -> Result<Vec<u8>, Unavailable> {
    let unusable = |error: &dyn std::fmt::Display| Unavailable::Unreadable(error.to_string());
    let addresses = AddressPolicy::new(&config.outgoing.allow).map_err(|error| unusable(&error))?;
    let store = Store::below(&config.data_dir);
    let limits = FetchLimits {
        timeout: Duration::from_millis(config.plugin_host.fetch_timeout_ms),
        max_bytes: config.plugin_host.max_component_bytes,
    };
    let fetcher = Fetcher::new(plugin, &addresses, &store, limits)?;
    let origin = Origin::parse(&plugin.wasm).map_err(|error| unusable(&error))?;
    Ok(match (origin, &plugin.sha256) {
        (Origin::Url(url), Some(digest)) => fetcher.url(&url, digest)?,
        (Origin::Oci(reference), _) => fetcher.oci(&reference)?,
        _ => return Err(unusable(&"a URL needs `sha256`")),
    })
}

/// Removes what was fetched once and is not used any more, as far as there is
/// too much of it; `components` are the digests of those that the configuration
/// uses.
pub fn tidy(config: &Config, components: impl IntoIterator<Item = String>) {
    let manifests = config
        .plugin
        .values()
        .filter_map(|plugin| match Origin::parse(&plugin.wasm) {
            Ok(Origin::Oci(reference)) => Some(reference.digest),
            _ => None,
        });
    let in_use: BTreeSet<String> = manifests.chain(components).collect();
    let max_bytes = config.plugin_host.max_store_bytes;
    Store::below(&config.data_dir).prune(&in_use, max_bytes);
}
