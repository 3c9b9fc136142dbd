//! Artifacts in a registry, as the OCI distribution specification has it: the
//! manifest by its digest, and the one layer of it that is a component.
//!
//! A registry that wants a token is asked for one the way Docker's are: it says
//! where, and the plugin's credentials, if it has any, are shown there. Nobody else is
//! believed to say so.

use http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE};
use serde::Deserialize;
use url::Url;

use super::{
    FetchError, Problem, error,
    request::{Answer, Found, Http, authorization, success},
    verified,
};
use crate::{
    config::model::PluginAuth,
    plugin::origin::{Reference, is_loopback, is_sha256},
};

/// Manifests that are read: those of one artifact, not lists of them.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json";

/// What the layer of a component may be called: today's name first.
const COMPONENTS: [&str; 3] = [
    "application/wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
    "application/vnd.module.wasm.content.layer.v1+wasm",
];

/// What registries accept as a manifest, in bytes.
const MAX_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

/// What the answer of a token server may have, in bytes.
const MAX_TOKEN_BYTES: u64 = 64 * 1024;

/// A repository of a registry.
pub(super) struct Registry<'a> {
    http: &'a Http<'a>,
    reference: &'a Reference,
    authorization: Option<HeaderValue>,
}

/// The layer that is a component.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layer {
    /// Its SHA-256 in hexadecimal.
    pub(super) digest: String,
    /// Its length in bytes.
    size: u64,
}

impl<'a> Registry<'a> {
    pub(super) fn new(http: &'a Http<'a>, reference: &'a Reference) -> Self {
        Self {
            http,
            reference,
            authorization: None,
        }
    }

    pub(super) fn manifest_url(&self) -> Url {
        self.url("manifests", &self.reference.digest)
    }

    pub(super) fn blob_url(&self, digest: &str) -> Url {
        self.url("blobs", digest)
    }

    fn url(&self, what: &str, digest: &str) -> Url {
        let mut url = self.reference.registry.clone();
        let repository = &self.reference.repository;
        url.set_path(&format!("/v2/{repository}/{what}/sha256:{digest}"));
        url
    }

    /// The manifest, with the digest that the reference says.
    pub(super) async fn manifest(&mut self) -> Result<Vec<u8>, FetchError> {
        let url = self.manifest_url();
        let found = self.get(&url, MANIFESTS, MAX_MANIFEST_BYTES).await?;
        verified(&found.url, &self.reference.digest, found.body)
    }

    /// The layer, with the digest that the manifest says.
    pub(super) async fn blob(&mut self, layer: &Layer) -> Result<Vec<u8>, FetchError> {
        let url = self.blob_url(&layer.digest);
        let max_bytes = self.http.limits.max_bytes;
        if layer.size > max_bytes {
            return Err(error(&url, Problem::TooLong(max_bytes)));
        }
        let found = self.get(&url, "*/*", max_bytes).await?;
        verified(&found.url, &layer.digest, found.body)
    }

    async fn get(
        &mut self,
        url: &Url,
        accept: &'static str,
        max_bytes: u64,
    ) -> Result<Found, FetchError> {
        let mut answer = self.ask(url, accept).await?;
        if answer.response.status() == StatusCode::UNAUTHORIZED && self.authorization.is_none() {
            self.authorization = Some(self.authorize(&answer).await?);
            answer = self.ask(url, accept).await?;
        }
        self.http.read(success(answer)?, max_bytes).await
    }

    async fn ask(&self, url: &Url, accept: &'static str) -> Result<Answer, FetchError> {
        let authorization = self.authorization.as_ref();
        self.http.ask(url, accept, authorization).await
    }

    /// What the registry wants to be shown.
    async fn authorize(&self, refused: &Answer) -> Result<HeaderValue, FetchError> {
        let unauthorized = |why| error(&refused.url, Problem::Unauthorized(why));
        // Whoever the registry sent us on to may name any place for credentials.
        if refused.url.origin() != self.reference.registry.origin() {
            return Err(unauthorized(
                "it comes from another server than the registry, which is shown no credentials",
            ));
        }
        let wanted = refused.response.headers().get(WWW_AUTHENTICATE);
        let wanted = wanted
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let (scheme, parameters) = wanted.split_once(' ').unwrap_or((wanted, ""));
        match (scheme.to_ascii_lowercase().as_str(), self.http.auth) {
            ("bearer", Some(auth @ PluginAuth::Bearer(_)))
            | ("basic", Some(auth @ PluginAuth::Basic(_))) => Ok(authorization(auth)),
            ("bearer", _) => {
                let url = token_url(parameters, &self.reference.repository);
                let url =
                    url.ok_or_else(|| unauthorized("it does not say where a token is had"))?;
                if url.scheme() != "https" && !is_loopback(&url) {
                    return Err(unauthorized("its tokens are not had by HTTPS"));
                }
                self.token(&url).await
            }
            ("basic", _) => Err(unauthorized("set `auth.basic` of the plugin")),
            _ => Err(unauthorized(
                "it asks for credentials in a way that is not known",
            )),
        }
    }

    async fn token(&self, url: &Url) -> Result<HeaderValue, FetchError> {
        #[derive(Deserialize)]
        struct Token {
            #[serde(alias = "access_token")]
            token: String,
        }

        let shown = self.http.auth.map(authorization);
        let answer = self
            .http
            .ask(url, "application/json", shown.as_ref())
            .await?;
        let found = self.http.read(success(answer)?, MAX_TOKEN_BYTES).await?;
        let unusable = || {
            error(
                &found.url,
                Problem::Unauthorized("the answer holds no token"),
            )
        };
        let token: Token = serde_json::from_slice(&found.body).map_err(|_| unusable())?;
        let value = HeaderValue::from_str(&format!("Bearer {}", token.token));
        let mut value = value.map_err(|_| unusable())?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// Where a token to pull from a repository is had, by the parameters of a
/// `Bearer` challenge (RFC 6750, and Docker's token specification).
fn token_url(parameters: &str, repository: &str) -> Option<Url> {
    let quoted = |name: &str| {
        let (_, rest) = parameters.split_once(&format!("{name}=\""))?;
        rest.split_once('"').map(|(value, _)| value)
    };
    let mut url = Url::parse(quoted("realm")?).ok()?;
    let pull = format!("repository:{repository}:pull");
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = quoted("service") {
            query.append_pair("service", service);
        }
        query.append_pair("scope", quoted("scope").unwrap_or(&pull));
    }
    Some(url)
}

/// The component of a manifest.
pub(super) fn layer(manifest: &[u8]) -> Result<Layer, Problem> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Manifest {
        layers: Option<Vec<Descriptor>>,
        manifests: Option<serde::de::IgnoredAny>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Descriptor {
        media_type: String,
        digest: String,
        size: u64,
    }

    let wrong = |what: &str| Problem::Manifest(what.to_owned());
    let manifest: Manifest =
        serde_json::from_slice(manifest).map_err(|_| wrong("is not one of the OCI's"))?;
    if manifest.manifests.is_some() {
        return Err(wrong(
            "lists several artifacts; name the digest of the one that is meant",
        ));
    }
    let layers = manifest.layers.unwrap_or_default();
    let is_component = |layer: &&Descriptor| COMPONENTS.contains(&layer.media_type.as_str());
    let mut components = layers.iter().filter(is_component);
    let (Some(layer), None) = (components.next(), components.next()) else {
        return Err(wrong(
            "does not have one layer of the type application/wasm",
        ));
    };
    let digest = layer
        .digest
        .strip_prefix("sha256:")
        .filter(|digest| is_sha256(digest));
    let digest = digest.ok_or_else(|| wrong("names its layer by another digest than a SHA-256"))?;
    Ok(Layer {
        digest: digest.to_owned(),
        size: layer.size,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_tokens_are_had() {
        let cases = [
            (
                r#"realm="https://a.example/token",service="r",scope="repository:x:pull""#,
                Some("https://a.example/token?service=r&scope=repository%3Ax%3Apull"),
            ),
            (
                r#"realm="https://a.example/token?a=b""#,
                Some("https://a.example/token?a=b&scope=repository%3Aacme%2Fmask%3Apull"),
            ),
            (r#"service="r""#, None),
            (r#"realm="token""#, None),
            ("", None),
        ];
        for (parameters, expected) in cases {
            let url = token_url(parameters, "acme/mask").map(String::from);
            assert_eq!(url.as_deref(), expected, "{parameters}");
        }
    }

    #[test]
    fn the_layer_of_a_manifest() {
        let digest = "0123456789abcdef".repeat(4);
        let layer_of = |media_type: &str, digest: &str| {
            format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":7}}"#)
        };
        let wasm = layer_of("application/wasm", &format!("sha256:{digest}"));
        let other = layer_of("application/json", &format!("sha256:{digest}"));
        let odd = layer_of("application/wasm", "sha512:12");
        let cases = [
            (
                format!(r#"{{"schemaVersion":2,"layers":[{other},{wasm}]}}"#),
                "",
            ),
            (format!(r#"{{"layers":[{wasm},{wasm}]}}"#), "one layer"),
            (format!(r#"{{"layers":[{other}]}}"#), "one layer"),
            ("{}".into(), "one layer"),
            (format!(r#"{{"layers":[{odd}]}}"#), "another digest"),
            (r#"{"manifests":[]}"#.into(), "several artifacts"),
            ("<html>".into(), "is not one"),
        ];
        for (manifest, expected) in cases {
            let found = layer(manifest.as_bytes());
            match found {
                Ok(found) => assert_eq!((found.digest.as_str(), found.size), (digest.as_str(), 7)),
                Err(problem) => assert!(
                    !expected.is_empty() && problem.to_string().contains(expected),
                    "{problem}"
                ),
            }
        }
    }
}
