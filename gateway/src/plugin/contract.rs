//! The versions of the contract between gateway and plugins, and which of them
//! this gateway serves.
//!
//! The contract is the WIT package `cdr:plugin`, versioned as a whole. A
//! component names the version it was built for in its imports. Rules, which
//! `docs/plugin-contract.md` promises:
//!
//! - A released version does not change: `plugin-sdk/wit/released` holds its
//!   text, and a test its digest.
//! - The contract's version never runs ahead of the gateway's, so that the
//!   version that a component asks for says which gateway serves it.
//! - What a gateway serves, later ones of the same major version serve too.
//!
//! To serve a second one, generate bindings for each from its text, link both
//! (their interfaces have names of their own, since the version is part of
//! them), and add it to [`SERVED`].

use std::fmt;

use semver::Version;

/// The WIT package, with what separates it from the name of an interface.
pub const PACKAGE: &str = "cdr:plugin/";

/// The versions that this gateway serves, oldest first.
pub const SERVED: [Version; 1] = [Version::new(0, 1, 0)];

/// A version that a component was built for and this gateway does not serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unserved {
    /// One that came after this gateway.
    #[error(
        "is built for version {0} of the plugin contract: a gateway of version {0} or later serves it, this one is {gateway} and serves {served}",
        gateway = env!("CARGO_PKG_VERSION"),
        served = Served
    )]
    Newer(Version),
    /// One that this gateway has never served, or serves no more.
    #[error(
        "is built for version {0} of the plugin contract, which is older than those that this gateway ({gateway}) serves: {served}; build it again against one of them",
        gateway = env!("CARGO_PKG_VERSION"),
        served = Served
    )]
    Older(Version),
    /// Parts of the component were built for different versions.
    #[error(
        "is built for the versions {0} and {1} of the plugin contract at once; build all of it against one"
    )]
    Mixed(Version, Version),
}

/// The version of the contract that a component with these imports was built
/// for; none where it imports nothing of it.
///
/// # Errors
/// Where there are several.
pub fn version_of(imports: &[impl AsRef<str>]) -> Result<Option<Version>, Unserved> {
    let ours = imports
        .iter()
        .filter_map(|name| name.as_ref().strip_prefix(PACKAGE)?.split_once('@'));
    let mut versions = ours.filter_map(|(_, version)| version.parse::<Version>().ok());
    let Some(first) = versions.next() else {
        return Ok(None);
    };
    match versions.find(|other| *other != first) {
        Some(other) => Err(Unserved::Mixed(first, other)),
        None => Ok(Some(first)),
    }
}

/// Whether this gateway serves a component with these imports.
///
/// # Errors
/// With what the component's author or the operator has to do.
pub(super) fn check(imports: &[impl AsRef<str>]) -> Result<(), Unserved> {
    match version_of(imports)? {
        Some(asked) if SERVED.contains(&asked) => Ok(()),
        Some(asked) if SERVED.iter().all(|served| asked < *served) => Err(Unserved::Older(asked)),
        Some(asked) => Err(Unserved::Newer(asked)),
        None => Ok(()),
    }
}

struct Served;

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<_> = SERVED.iter().map(Version::to_string).collect();
        f.write_str(&versions.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use sha2::{Digest, Sha256};

    use super::*;

    /// Every released version with the SHA-256 of its text. It is never edited:
    /// a change of the contract is another version.
    const RELEASED: [(&str, &str); 1] = [(
        "0.1.0",
        "067c626ebf5773c3d0a34d32326b7978e5fe555a9a86d08891b8600128ccecfd",
    )];

    fn wit(path: &str) -> String {
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-sdk/wit");
        let path = wit.join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A WIT text without comments and spacing.
    fn words(text: &str) -> Vec<&str> {
        let lines = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or(line));
        lines.flat_map(str::split_whitespace).collect()
    }

    fn version_of(text: &str) -> Version {
        let (_, rest) = text.split_once("package cdr:plugin@").expect("a package");
        let (version, _) = rest.split_once(';').expect("a semicolon");
        version.parse().expect("a version")
    }

    #[test]
    fn released_texts_stay_as_they_are() {
        for (version, digest) in RELEASED {
            let text = wit(&format!("released/{version}/cdr-plugin.wit"));
            assert_eq!(version_of(&text).to_string(), version);
            assert_eq!(format!("{:x}", Sha256::digest(&text)), digest, "{version}");
        }
    }

    #[test]
    fn the_live_text_changes_only_with_its_version() {
        let live = wit("cdr-plugin.wit");
        let version = version_of(&live);
        let released = RELEASED.map(|(version, _)| version.parse::<Version>().unwrap());
        if released.contains(&version) {
            let frozen = wit(&format!("released/{version}/cdr-plugin.wit"));
            assert_eq!(
                words(&live),
                words(&frozen),
                "{version} is released: give the package another version"
            );
        } else {
            assert!(released.iter().all(|older| *older < version), "{version}");
        }
    }

    #[test]
    fn every_released_version_is_served_and_none_runs_ahead_of_the_gateway() {
        assert_eq!(
            SERVED.map(|served| served.to_string()),
            RELEASED.map(|(version, _)| version)
        );
        let gateway: Version = env!("CARGO_PKG_VERSION").parse().unwrap();
        assert!(SERVED.iter().all(|served| *served <= gateway));
    }

    #[test]
    fn what_is_not_served_says_what_to_do() {
        let cases = [
            ("0.1.0", ""),
            ("0.1.1", "version 0.1.1 or later serves it"),
            ("0.2.0", "version 0.2.0 or later serves it"),
            ("1.0.0", "version 1.0.0 or later serves it"),
            ("0.0.9", "build it again"),
            ("0.1.0-rc.1", "build it again"),
        ];
        for (asked, expected) in cases {
            let said = check(&[&format!("cdr:plugin/record@{asked}"), "wasi:io/poll@0.2.0"]);
            let said = said.map_or_else(|error| error.to_string(), |()| String::new());
            assert!(said.contains(expected), "{asked}: {said}");
            assert_eq!(said.is_empty(), expected.is_empty(), "{asked}: {said}");
        }
        let mixed = check(&["cdr:plugin/record@0.1.0", "cdr:plugin/host@0.1.1"]);
        assert!(mixed.unwrap_err().to_string().contains("0.1.0 and 0.1.1"));
        assert!(check(&["cdr"]).is_ok());
    }
}
