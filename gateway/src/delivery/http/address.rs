//! Which addresses a destination may be reached at.
//!
//! Private, loopback, link-local, metadata and other special addresses are
//! refused unless the configuration allows them (`outgoing.allow`), so that a
//! URL, or a name that someone else's DNS answers, cannot turn the gateway
//! against the network it stands in.
//!
//! Invariants:
//! - The host of a destination is constant, so a literal address is judged once,
//!   when the configuration is compiled.
//! - A name is judged after each resolution, and only addresses that passed are
//!   handed to the connector: what was vetted is what is connected to.
//! - An IPv6 address that carries an IPv4 address is judged as both.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Special-purpose ranges: the IANA registries for IPv4 and IPv6 (RFC 6890), and
/// multicast.
const SPECIAL: [&str; 26] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/127",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

/// Addresses of clouds' metadata services outside the ranges above.
const METADATA: [IpAddr; 1] = [IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16))];

/// Which addresses may be connected to.
#[derive(Debug, Clone)]
pub struct AddressPolicy {
    special: Arc<[IpNet]>,
    allow: Arc<[IpNet]>,
}

/// An address that may not be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is a private, loopback, link-local or other special address; add it to `outgoing.allow` if it is meant"
)]
pub struct Refused(pub IpAddr);

/// A text that is neither an address nor a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an IP address nor a range such as 10.0.0.0/8")]
pub struct NotARange(pub String);

/// Reads an address, or a range in CIDR notation.
///
/// # Errors
/// When it is neither.
pub fn parse_range(text: &str) -> Result<IpNet, NotARange> {
    let address = IpAddr::from_str(text).map(IpNet::from);
    address
        .or_else(|_| IpNet::from_str(text))
        .map_err(|_| NotARange(text.to_owned()))
}

impl AddressPolicy {
    /// A policy that allows these ranges beside the public internet.
    ///
    /// # Errors
    /// With the first text that is no range.
    pub fn new(allow: &[String]) -> Result<Self, NotARange> {
        let allow: Result<_, _> = allow.iter().map(|range| parse_range(range)).collect();
        Ok(Self {
            special: SPECIAL
                .iter()
                .filter_map(|range| range.parse().ok())
                .collect(),
            allow: allow?,
        })
    }

    /// Judges an address.
    ///
    /// # Errors
    /// When it may not be connected to.
    pub fn judge(&self, address: IpAddr) -> Result<(), Refused> {
        let mut forms = std::iter::once(address).chain(embedded(address));
        if forms.all(|form| self.allows(form) || self.is_public(form)) {
            Ok(())
        } else {
            Err(Refused(address))
        }
    }

    /// Judges the host of a URL, where it is a literal address; a name passes
    /// here and is judged when it is resolved.
    ///
    /// # Errors
    /// When it may not be connected to.
    pub fn judge_host(&self, host: &str) -> Result<(), Refused> {
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        match literal.parse() {
            Ok(address) => self.judge(address),
            Err(_) => Ok(()),
        }
    }

    fn allows(&self, address: IpAddr) -> bool {
        self.allow.iter().any(|range| range.contains(&address))
    }

    fn is_public(&self, address: IpAddr) -> bool {
        let special = self.special.iter().any(|range| range.contains(&address));
        !special && !METADATA.contains(&address)
    }
}

/// The IPv4 address that an IPv6 address carries: mapped (RFC 4291), translated
/// (NAT64, RFC 6052) or tunnelled (6to4, RFC 3056).
fn embedded(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else {
        return None;
    };
    let [a, b, .., y, z] = address.segments();
    let v4 = |high: u16, low: u16| {
        let bits = (u32::from(high) << 16) | u32::from(low);
        Some(IpAddr::V4(Ipv4Addr::from(bits)))
    };
    let translated = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, y, z) == address;
    let compatible = Ipv6Addr::new(0, 0, 0, 0, 0, 0, y, z) == address && y != 0;
    match address.to_ipv4_mapped() {
        Some(mapped) => Some(IpAddr::V4(mapped)),
        None if translated || compatible => v4(y, z),
        None if a == 0x2002 => {
            let low = address.segments()[2];
            v4(b, low)
        }
        None => None,
    }
}

/// The system's resolver behind a policy.
#[derive(Debug, Clone)]
pub(super) struct VettedResolver(pub(super) AddressPolicy);

/// Every address of a name was refused.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to addresses that are not allowed only: {0}")]
pub(super) struct NoneAllowed(Refused);

impl Resolve for VettedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            // The port is the connector's business.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let vetted = policy.vet(found)?;
            Ok(Box::new(vetted.into_iter()) as Addrs)
        })
    }
}

impl AddressPolicy {
    /// The addresses that passed.
    fn vet(
        &self,
        found: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        let mut refused = None;
        let mut vetted = Vec::new();
        for address in found {
            match self.judge(address.ip()) {
                Ok(()) => vetted.push(address),
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(refused) if vetted.is_empty() => Err(Box::new(NoneAllowed(refused))),
            _ => Ok(vetted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &[&str]) -> AddressPolicy {
        let allow: Vec<_> = allow.iter().map(ToString::to_string).collect();
        AddressPolicy::new(&allow).unwrap()
    }

    #[test]
    fn every_special_range_is_one() {
        assert_eq!(policy(&[]).special.len(), SPECIAL.len());
    }

    #[test]
    fn special_addresses_are_refused_in_every_form() {
        let cases = [
            ("8.8.8.8", true),
            ("2400:3200::1", true),
            ("127.0.0.1", false),
            ("127.8.9.1", false),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("172.31.255.255", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.100.100.200", false),
            ("168.63.129.16", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fd00:ec2::254", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("::127.0.0.1", false),
            ("64:ff9b::10.0.0.1", false),
            ("64:ff9b::8.8.8.8", true),
            ("2002:7f00:1::", false),
            ("2002:808:808::", true),
        ];
        for (address, passes) in cases {
            let judged = policy(&[]).judge(address.parse().unwrap());
            assert_eq!(judged.is_ok(), passes, "{address}");
        }
    }

    #[test]
    fn what_is_allowed_by_name_passes_and_nothing_beside_it() {
        let policy = policy(&["10.0.0.0/8", "127.0.0.1", "fd00::/8"]);
        let cases = [
            ("10.200.0.1", true),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("::ffff:10.0.0.1", true),
            ("fd12::1", true),
            ("192.168.0.1", false),
        ];
        for (address, passes) in cases {
            assert_eq!(
                policy.judge(address.parse().unwrap()).is_ok(),
                passes,
                "{address}"
            );
        }
    }

    #[test]
    fn hosts_of_urls() {
        let cases = [
            ("[::1]", false),
            ("127.0.0.1", false),
            ("crm.example", true),
        ];
        for (host, passes) in cases {
            assert_eq!(policy(&[]).judge_host(host).is_ok(), passes, "{host}");
        }
        assert!(AddressPolicy::new(&["localhost".into()]).is_err());
    }

    #[test]
    fn of_a_resolved_name_only_vetted_addresses_are_used() {
        let addresses = ["10.0.0.1:0", "8.8.8.8:0"].map(|text| text.parse().unwrap());
        let vetted = policy(&[]).vet(addresses.into_iter()).unwrap();
        assert_eq!(vetted, addresses[1..]);
        let refused = policy(&[]).vet(addresses[..1].iter().copied()).unwrap_err();
        assert!(refused.to_string().contains("10.0.0.1"), "{refused}");
    }

    #[tokio::test]
    async fn the_resolver_refuses_names_of_this_machine() {
        let name = || -> Name { "localhost".parse().unwrap() };
        let refused = VettedResolver(policy(&[])).resolve(name()).await;
        assert!(refused.is_err());
        let allowed = policy(&["127.0.0.0/8", "::1"]);
        assert!(VettedResolver(allowed).resolve(name()).await.is_ok());
    }
}
