//! Who sends: the address that a source's `allow_from` is held against.
//!
//! It is that of the connection, unless that is one of `ingest.trusted_proxies`.
//! Then the headers `X-Forwarded-For` and `Forwarded` (RFC 7239) are read from
//! the right, past the proxies that are trusted, to the first address that is
//! not: what stands left of it was written by strangers.
//!
//! How it fails: where nothing can be believed (an obfuscated or broken address,
//! two headers that disagree) there is no address, and no list allows that.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::{HeaderMap, header::FORWARDED};
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Addresses and ranges.
#[derive(Debug, Clone, Default)]
pub struct Networks(Arc<[IpNet]>);

impl FromIterator<IpNet> for Networks {
    fn from_iter<I: IntoIterator<Item = IpNet>>(ranges: I) -> Self {
        Self(ranges.into_iter().collect())
    }
}

impl Networks {
    /// Whether an address is in one of the ranges. An IPv4 address in IPv6 form
    /// is the IPv4 address.
    pub fn hold(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|range| range.contains(&address))
    }
}

/// The address of the sender, where it is known.
pub(super) fn sender(
    connection: IpAddr,
    headers: &HeaderMap,
    trusted: &Networks,
) -> Option<IpAddr> {
    if !trusted.hold(connection) {
        return Some(connection);
    }
    let mut told = None;
    for (name, hops) in [
        (X_FORWARDED_FOR, x_forwarded_for as fn(&str) -> Vec<Hop>),
        (FORWARDED.as_str(), forwarded),
    ] {
        let mut values = Vec::new();
        for value in headers.get_all(name) {
            values.push(value.to_str().ok()?);
        }
        // Several lines of one name are one list.
        let hops = hops(&values.join(","));
        if hops.is_empty() {
            continue;
        }
        let sender = rightmost_untrusted(&hops, trusted)?;
        if told.is_some_and(|told| told != sender) {
            return None;
        }
        told = Some(sender);
    }
    Some(told.unwrap_or(connection))
}

/// What one proxy says of whom it got the request from; none where it hides it.
type Hop = Option<IpAddr>;

/// Where all are trusted, the first one sends.
fn rightmost_untrusted(hops: &[Hop], trusted: &Networks) -> Option<IpAddr> {
    let mut sender = None;
    for hop in hops.iter().rev() {
        let address = (*hop)?;
        sender = Some(address);
        if !trusted.hold(address) {
            break;
        }
    }
    sender
}

fn x_forwarded_for(value: &str) -> Vec<Hop> {
    let hops = value.split(',').map(str::trim);
    hops.filter(|hop| !hop.is_empty()).map(address).collect()
}

fn forwarded(value: &str) -> Vec<Hop> {
    let elements = split(value, ',').into_iter().map(str::trim);
    let elements = elements.filter(|element| !element.is_empty());
    elements
        .map(|element| {
            let pairs = split(element, ';').into_iter();
            let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
            let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
            address(node.trim().trim_matches('"'))
        })
        .collect()
}

/// Splits where a separator stands outside of quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|c| {
        let splits = c == separator && !quoted;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        splits
    })
    .collect()
}

/// An address, with a port or without; IPv6 also in brackets.
fn address(text: &str) -> Hop {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let address = address.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn networks(ranges: &[&str]) -> Networks {
        ranges
            .iter()
            .map(|range| range.parse::<IpNet>().unwrap())
            .collect()
    }

    #[test]
    fn ipv4_in_ipv6_is_ipv4() {
        let networks = networks(&["203.0.113.0/24", "2001:db8::/32"]);
        for (address, held) in [
            ("203.0.113.9", true),
            ("::ffff:203.0.113.9", true),
            ("203.0.114.9", false),
            ("::ffff:203.0.114.9", false),
            ("2001:db8::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(networks.hold(address.parse().unwrap()), held, "{address}");
        }
    }

    /// Lines such as `x: 203.0.113.9` and `f: for=203.0.113.9`, separated by `|`.
    fn headers(text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in text.split('|').filter(|line| !line.is_empty()) {
            let (short, value) = line.split_once(": ").unwrap();
            let name = match short {
                "x" => X_FORWARDED_FOR,
                _ => FORWARDED.as_str(),
            };
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn only_what_trusted_proxies_wrote_counts() {
        let trusted = networks(&["10.0.0.0/8", "fd00::/8"]);
        let host = "x: 203.0.113.9|f: for=203.0.113.9;host=\"a,for=1.1.1.1\"";
        for (connection, told, expected) in [
            ("198.51.100.1", "", "198.51.100.1"),
            ("198.51.100.1", "x: 203.0.113.9", "198.51.100.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "x:  , ", "10.0.0.1"),
            ("::ffff:10.0.0.1", "x: 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "x: 1.1.1.1, 203.0.113.9", "203.0.113.9"),
            (
                "10.0.0.1",
                "x: 203.0.113.9,10.0.0.2 , 10.0.0.3",
                "203.0.113.9",
            ),
            ("10.0.0.1", "x: 1.1.1.1|x: 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "x: 10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "x: 203.0.113.9:4711", "203.0.113.9"),
            ("10.0.0.1", "x: [2001:db8::9]:4711", "2001:db8::9"),
            ("10.0.0.1", "x: [2001:db8::9]", "2001:db8::9"),
            ("fd00::1", "x: ::ffff:203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "x: 1.1.1.1, unknown", ""),
            ("10.0.0.1", "x: unknown, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "f: for=203.0.113.9;proto=https", "203.0.113.9"),
            (
                "10.0.0.1",
                "f: For=1.1.1.1, FOR=\"[2001:db8::9]:80\"",
                "2001:db8::9",
            ),
            ("10.0.0.1", "f: for=_hidden", ""),
            ("10.0.0.1", "f: for=1.1.1.1, proto=https", ""),
            ("10.0.0.1", host, "203.0.113.9"),
            ("10.0.0.1", "x: 203.0.113.9|f: for=1.1.1.1", ""),
        ] {
            let found = sender(connection.parse().unwrap(), &headers(told), &trusted);
            let found = found.map_or_else(String::new, |address| address.to_string());
            assert_eq!(found, expected, "{connection} {told}");
        }
    }
}
