//! Hosts that may be asked.

use std::{fmt, str::FromStr};

use url::Url;

/// A host with scheme and port, as `https://crm.example` or `http://10.0.0.7:8080`.
/// One without a scheme, as `crm.example`, is meant by HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(Url);

/// A text that names no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no host; write crm.example, crm.example:8443 or http://10.0.0.7:8080")]
pub struct BadOrigin(String);

impl FromStr for Origin {
    type Err = BadOrigin;

    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        let bad = || BadOrigin(text.to_owned());
        let whole = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let url = Url::parse(&whole).map_err(|_| bad())?;
        let is_bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !is_bare || !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(bad());
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.origin().ascii_serialization())
    }
}

impl Origin {
    /// Whether a URL leads there.
    #[must_use]
    pub fn is_of(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }

    /// The host's name or address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let cases = [
            ("crm.example", "https://crm.example"),
            ("crm.example:8443", "https://crm.example:8443"),
            ("https://crm.example:443", "https://crm.example"),
            ("http://10.0.0.7:8080", "http://10.0.0.7:8080"),
            ("CRM.example", "https://crm.example"),
        ];
        for (text, expected) in cases {
            let origin: Origin = text.parse().unwrap();
            assert_eq!(origin.to_string(), expected, "{text}");
        }
        for text in [
            "",
            "crm.example/path",
            "ftp://crm.example",
            "https://user@crm.example",
            "crm.example?a",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_the_same_origin_is_of_it() {
        let origin: Origin = "crm.example".parse().unwrap();
        let cases = [
            ("https://crm.example/a?b", true),
            ("https://CRM.example:443/", true),
            ("http://crm.example/", false),
            ("https://crm.example:8443/", false),
            ("https://crm.example.evil/", false),
            ("https://evil/crm.example", false),
            ("https://crm.example@evil/", false),
        ];
        for (url, expected) in cases {
            assert_eq!(origin.is_of(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
