//! The client: what it trusts, which addresses it reaches, and what it never does.

use std::{sync::Arc, time::Duration};

use super::{
    HttpProblem, HttpSetupError,
    address::{AddressPolicy, VettedResolver},
    failure::root_cause,
    tls::TlsSetup,
};
use crate::{
    config::model::{self, DestinationAuth},
    tls::TlsProblem,
};

/// Time for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What reaches the receiver, and the token endpoint if there is one.
pub(super) fn client(
    config: &model::HttpDriver,
    addresses: &AddressPolicy,
) -> Result<reqwest::Client, Vec<HttpSetupError>> {
    if config.tls.is_some() && !is_encrypted(config) {
        return Err(vec![HttpProblem::from(TlsProblem::Unused).at("tls")]);
    }
    vetted(config.tls.as_ref(), addresses)
}

/// What reaches a receiver, an object store, a host that a stage asks, or whoever
/// has a plugin.
///
/// # Errors
/// With everything in `tls` that cannot be used.
pub(crate) fn vetted(
    tls: Option<&model::Tls>,
    addresses: &AddressPolicy,
) -> Result<reqwest::Client, Vec<HttpSetupError>> {
    let tls = tls.map(TlsSetup::read).transpose()?;
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(VettedResolver(addresses.clone())))
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("cdr-gateway/", env!("CARGO_PKG_VERSION")));
    let builder = match tls {
        Some(tls) => tls.apply(builder),
        None => Ok(builder),
    };
    let client = builder.and_then(reqwest::ClientBuilder::build);
    client.map_err(|error| vec![HttpProblem::Client(root_cause(&error)).at("tls")])
}

fn is_encrypted(config: &model::HttpDriver) -> bool {
    let token_url = match &config.auth {
        Some(DestinationAuth::Oauth2(oauth2)) => oauth2.token_url.as_str(),
        _ => "",
    };
    config.url.base().scheme() == "https" || token_url.starts_with("https:")
}
