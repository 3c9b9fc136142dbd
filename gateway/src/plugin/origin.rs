//! Where a component comes from, as `wasm` of a plugin says it.

use std::fmt;

use url::{Host, Url};

use crate::config::builtin;

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin<'a> {
    /// It comes with the gateway.
    Builtin(&'a str),
    /// A file.
    File(&'a str),
    /// A URL, whose content `sha256` names.
    Url(Url),
    /// An artifact in a registry, by digest.
    Oci(Reference),
}

/// An artifact in a registry: `oci://HOST[:PORT]/REPOSITORY@sha256:DIGEST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The registry: HTTPS, or HTTP where it is a loopback address, which no one
    /// can listen in on.
    pub registry: Url,
    /// The repository, such as `acme/cdr-mask`.
    pub repository: String,
    /// The SHA-256 of the manifest, in hexadecimal.
    pub digest: String,
}

/// A text that names no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigin {
    /// No URL, or one that names no host.
    #[error("is not a URL with a host")]
    NotAUrl,
    /// Credentials in the URL itself.
    #[error("holds credentials: write them as `auth.basic` of the plugin, by reference")]
    Credentials,
    /// A tag, or nothing, where a digest belongs.
    #[error(
        "names no digest: write oci://HOST/REPOSITORY@sha256:DIGEST, since what a tag names can change"
    )]
    NoDigest,
    /// The repository has another form than the OCI distribution specification
    /// gives it.
    #[error("names no repository: write oci://HOST/REPOSITORY@sha256:DIGEST in lower case")]
    BadRepository,
}

impl<'a> Origin<'a> {
    /// Reads what `wasm` says.
    ///
    /// # Errors
    /// When it looks like a URL and is none that can be fetched.
    pub fn parse(text: &'a str) -> Result<Self, BadOrigin> {
        if let Some(name) = builtin::name(text) {
            return Ok(Self::Builtin(name));
        }
        if let Some(rest) = text.strip_prefix("oci://") {
            return Reference::parse(rest).map(Self::Oci);
        }
        if is_remote(text) {
            return web(text).map(Self::Url);
        }
        Ok(Self::File(text))
    }
}

/// Whether a text names something in the network.
#[must_use]
pub fn is_remote(text: &str) -> bool {
    ["oci://", "https://", "http://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
}

/// What `wasm` says, as people may see it: queries, which sign URLs, and credentials
/// are secrets.
#[must_use]
pub fn shown(text: &str) -> String {
    if !is_remote(text) {
        return text.to_owned();
    }
    match Url::parse(text) {
        Ok(url) => shown_url(&url),
        // What is no URL may hold them anywhere.
        Err(_) => text.split("//").take(1).chain(["//…"]).collect(),
    }
}

/// A URL likewise.
pub(super) fn shown_url(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Those that cannot have credentials have none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// Whether a text is a SHA-256 in hexadecimal.
#[must_use]
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl Reference {
    fn parse(rest: &str) -> Result<Self, BadOrigin> {
        let (name, digest) = rest.split_once('@').ok_or(BadOrigin::NoDigest)?;
        let digest = digest.strip_prefix("sha256:").ok_or(BadOrigin::NoDigest)?;
        if !is_sha256(digest) {
            return Err(BadOrigin::NoDigest);
        }
        let (host, repository) = name.split_once('/').ok_or(BadOrigin::BadRepository)?;
        if !repository.split('/').all(is_component) {
            return Err(BadOrigin::BadRepository);
        }
        let registry = web(&format!("https://{host}/"))?;
        let registry = if is_loopback(&registry) {
            web(&format!("http://{host}/"))?
        } else {
            registry
        };
        Ok(Self {
            registry,
            repository: repository.to_owned(),
            digest: digest.to_owned(),
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.registry.authority();
        write!(
            f,
            "oci://{authority}/{}@sha256:{}",
            self.repository, self.digest
        )
    }
}

/// A path component of a repository's name, as the specification has it.
fn is_component(text: &str) -> bool {
    let is_edge = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let inner = text
        .bytes()
        .all(|byte| is_edge(byte) || matches!(byte, b'.' | b'_' | b'-'));
    let edges =
        text.bytes().next().is_some_and(is_edge) && text.bytes().last().is_some_and(is_edge);
    inner && edges
}

fn web(text: &str) -> Result<Url, BadOrigin> {
    let url = Url::parse(text).map_err(|_| BadOrigin::NotAUrl)?;
    if !url.has_host() {
        return Err(BadOrigin::NotAUrl);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadOrigin::Credentials);
    }
    Ok(url)
}

/// Whether a URL leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_holds_no_secret() {
        let artifact = format!("oci://ghcr.io/acme/mask@sha256:{}", "0".repeat(64));
        for (text, expected) in [
            ("builtin:filter", "builtin:filter"),
            ("plugins/a?b#c.wasm", "plugins/a?b#c.wasm"),
            (
                "https://a.example/x.wasm?sig=s3cret#s3cret",
                "https://a.example/x.wasm",
            ),
            ("https://u:s3cret@a.example/x", "https://a.example/x"),
            ("https://u:s3cret@:x/?s3cret", "https://…"),
            (&artifact, &artifact),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn origins() {
        let digest = "0123456789abcdef".repeat(4);
        let oci = |name: &str| format!("oci://{name}@sha256:{digest}");
        let cases: [(String, Result<&str, BadOrigin>); 14] = [
            ("builtin:filter".into(), Ok("builtin filter")),
            ("plugins/mine.wasm".into(), Ok("file plugins/mine.wasm")),
            (
                "https://a.example/x.wasm?v=1".into(),
                Ok("url https://a.example/x.wasm?v=1"),
            ),
            ("http://127.0.0.1:80/x".into(), Ok("url http://127.0.0.1/x")),
            (
                oci("ghcr.io/acme/cdr-mask"),
                Ok("oci https://ghcr.io/ acme/cdr-mask"),
            ),
            (
                oci("127.0.0.1:5000/mask"),
                Ok("oci http://127.0.0.1:5000/ mask"),
            ),
            (oci("[::1]:5000/mask"), Ok("oci http://[::1]:5000/ mask")),
            (
                "https://u:p@a.example/x".into(),
                Err(BadOrigin::Credentials),
            ),
            ("https://".into(), Err(BadOrigin::NotAUrl)),
            (
                "oci://ghcr.io/acme/mask:latest".into(),
                Err(BadOrigin::NoDigest),
            ),
            (
                "oci://ghcr.io/acme/mask@sha256:12".into(),
                Err(BadOrigin::NoDigest),
            ),
            (oci("ghcr.io"), Err(BadOrigin::BadRepository)),
            (oci("ghcr.io/Acme/mask"), Err(BadOrigin::BadRepository)),
            (oci("ghcr.io/acme/../mask"), Err(BadOrigin::BadRepository)),
        ];
        for (text, expected) in cases {
            let parsed = Origin::parse(&text).map(|origin| match origin {
                Origin::Builtin(name) => format!("builtin {name}"),
                Origin::File(path) => format!("file {path}"),
                Origin::Url(url) => format!("url {url}"),
                Origin::Oci(reference) => {
                    assert_eq!(reference.to_string(), text);
                    format!("oci {} {}", reference.registry, reference.repository)
                }
            });
            assert_eq!(parsed, expected.map(str::to_owned), "{text}");
        }
    }
}
