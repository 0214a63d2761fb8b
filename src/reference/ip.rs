//! What is known about a network address.

use super::asn::AsnTable;
use super::country::CountryTable;
use super::geo::GeoFile;
use super::provider::{ProviderKind, ProviderTable};
use super::record::GeoRecord;
use crate::domain::Country;
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// A place on the map, never exact: a city's centre, or where a network's users are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Location {
    /// Degrees north, -90..=90.
    pub latitude: f64,
    /// Degrees east, -180..=180.
    pub longitude: f64,
    /// The true place is likely within so many kilometres; missing where the file does not say.
    pub accuracy_km: Option<u16>,
}

/// What is known about a network address. A flag is missing when the table that would hold it is
/// missing or the address is reserved, and `false` when the table does not list the address.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct IpFacts<'t> {
    /// The address looked up: an IPv4-mapped IPv6 address as IPv4.
    pub ip: IpAddr,
    /// Private, loopback, link-local, carrier-grade NAT, documentation, multicast, unassigned: no
    /// buyer's address on the internet. Everything else is then missing.
    pub reserved: bool,
    /// Country; a guess for anycast, CDN and cloud addresses.
    pub country: Option<Country>,
    /// City, English; only from a merchant's file.
    pub city: Option<&'t str>,
    /// Where it is, to about a city; only from a merchant's file. Records that only give the middle of
    /// a country or region are left out.
    pub location: Option<Location>,
    /// IANA time zone, like `Europe/London`; only from a merchant's file.
    pub time_zone: Option<&'t str>,
    /// Postal code, often its first part only; only from a merchant's file.
    pub postal_code: Option<&'t str>,
    /// Number of the autonomous system.
    pub asn: Option<u32>,
    /// Its organisation.
    pub organisation: Option<&'t str>,
    /// Internet service provider; only from a merchant's file.
    pub isp: Option<&'t str>,
    /// Who uses it, in MaxMind's words (`residential`, `business`, `cellular`, `hosting`, …); only
    /// from a merchant's file.
    pub user_type: Option<&'t str>,
    /// How it is connected, in MaxMind's words (`Cable/DSL`, `Cellular`, `Corporate`, `Satellite`);
    /// only from a merchant's file.
    pub connection_type: Option<&'t str>,
    /// The provider that names the range as its own.
    pub provider: Option<&'t str>,
    /// Rented servers: by name, or because the organisation rents them out. Where most VPN and proxy
    /// exits show up. Never set for a privacy relay.
    pub hosting: Option<bool>,
    /// Content delivery, anycast.
    pub cdn: Option<bool>,
    /// Named exit of a VPN. `false` proves little: no open list has most of them.
    pub vpn: Option<bool>,
    /// Tor exit.
    pub tor: Option<bool>,
    /// Exit of a privacy relay that ordinary buyers use.
    pub relay: Option<bool>,
    /// A crawler that names itself.
    pub bot: Option<bool>,
    /// Public or residential proxy; only from a merchant's file.
    pub proxy: Option<bool>,
    /// Residential proxy; only from a merchant's file.
    pub residential_proxy: Option<bool>,
    /// How sure the file is that this is an anonymizer, 1..=99; only from a merchant's file.
    pub anonymizer_confidence: Option<u8>,
    /// Name of the VPN or proxy service; only from a merchant's file.
    pub anonymizer: Option<&'t str>,
    /// Day, `YYYY-MM-DD`, on which the service was last seen there; only from a merchant's file.
    pub anonymizer_last_seen: Option<&'t str>,
    /// Risk of the address by its publisher's own scale, 0.01..=99; only from a merchant's file.
    pub ip_risk: Option<f64>,
}

/// The tables asked, each of which may be missing.
#[derive(Clone, Copy)]
pub(super) struct IpTables<'t> {
    pub(super) country: Option<&'t CountryTable>,
    pub(super) asn: Option<&'t AsnTable>,
    pub(super) provider: Option<&'t ProviderTable>,
    pub(super) files: &'t [Arc<GeoFile>],
}

impl<'t> IpTables<'t> {
    /// All facts. Cost: three range look-ups, and a tree walk for each of the merchant's files.
    pub(super) fn facts(&self, ip: IpAddr) -> IpFacts<'t> {
        let ip = ip.to_canonical();
        if is_reserved(ip) {
            return IpFacts::nothing(ip, true);
        }
        let mut facts = IpFacts::nothing(ip, false);
        let named = self.provider.map(|table| table.get(ip));
        let kind = |wanted| named.map(|named| named.is_some_and(|(kind, _)| kind == wanted));
        facts.provider = named.flatten().map(|(_, name)| name);
        facts.cdn = kind(ProviderKind::Cdn);
        facts.vpn = kind(ProviderKind::Vpn);
        facts.tor = kind(ProviderKind::Tor);
        facts.relay = kind(ProviderKind::Relay);
        facts.bot = kind(ProviderKind::Bot);

        let own = self.record(ip);
        facts.country = own.country.or_else(|| self.country?.get(ip));
        let system = self.asn.map(|table| match own.asn {
            Some(number) => table.system(number),
            None => table.get(ip),
        });
        let known = system.flatten();
        facts.asn = own.asn.or(known.map(|system| system.number));
        facts.organisation =
            own.organisation.or(known.map(|system| &*system.name)).filter(|name| !name.is_empty());

        let by_name = kind(ProviderKind::Hosting);
        let by_system = system.map(|system| system.is_some_and(|system| system.hosting));
        let hosting = match (by_name, by_system) {
            (None, None) => None,
            (by_name, by_system) => Some(by_name == Some(true) || by_system == Some(true)),
        };
        facts.hosting = hosting.map(|hosting| hosting && facts.relay != Some(true));

        own.overrule(&mut facts);
        facts
    }

    /// What the merchant's files say; the first that says something wins.
    fn record(&self, ip: IpAddr) -> GeoRecord<'t> {
        let mut all = GeoRecord::default();
        for file in self.files {
            all.fill(file.get(ip));
        }
        all
    }
}

impl IpFacts<'_> {
    fn nothing(ip: IpAddr, reserved: bool) -> Self {
        Self {
            ip,
            reserved,
            country: None,
            city: None,
            location: None,
            time_zone: None,
            postal_code: None,
            asn: None,
            organisation: None,
            isp: None,
            user_type: None,
            connection_type: None,
            provider: None,
            hosting: None,
            cdn: None,
            vpn: None,
            tor: None,
            relay: None,
            bot: None,
            proxy: None,
            residential_proxy: None,
            anonymizer_confidence: None,
            anonymizer: None,
            anonymizer_last_seen: None,
            ip_risk: None,
        }
    }
}

/// Whether an address is outside the public unicast space: the entries of the IANA special-purpose
/// registries (RFC 6890 and later) that are not globally reachable, multicast, and IPv6 space outside
/// `2000::/3`.
pub fn is_reserved(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_reserved_v4(ip),
        IpAddr::V6(ip) => is_reserved_v6(ip),
    }
}

/// The first octets of reserved IPv4 space, a bit each.
const MAY_BE_RESERVED: [u64; 4] = {
    let mut bits = [0; 4];
    bits[0] = 1 << 0 | 1 << 10;
    bits[1] = 1 << (100 - 64) | 1 << (127 - 64);
    bits[2] = 1 << (169 - 128) | 1 << (172 - 128);
    bits[3] = 1 << (198 - 192) | 1 << (203 - 192) | 1 | u64::MAX << (224 - 192);
    bits
};

fn is_reserved_v4(ip: Ipv4Addr) -> bool {
    let [first, ..] = ip.octets();
    // One test of a bit for nearly all: the match below is a jump nobody can predict.
    let may_be = MAY_BE_RESERVED.get(usize::from(first / 64)).copied().unwrap_or_default();
    if may_be >> (first % 64) & 1 == 0 {
        return false;
    }
    match ip.octets() {
        [0 | 10 | 127 | 224..=255, ..]
        | [169, 254, ..]
        | [192, 168, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => true,
        [100, second, ..] => (64..=127).contains(&second),
        [172, second, ..] => (16..=31).contains(&second),
        _ => false,
    }
}

fn is_reserved_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        [0x2001, second, ..] => second < 0x200 || second == 0xdb8, // protocol use and documentation
        [0x2002, ..] => true,                                      // 6to4, withdrawn by RFC 7526
        [0x3fff, second, ..] => second < 0x1000,                   // documentation, RFC 9637
        [first, ..] => first & 0xe000 != 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_first_octet_of_reserved_space_is_passed_over() {
        let octets = (0..=255).filter(|first| {
            (0..=255).any(|second| {
                let thirds = [0, 99, 100, 113].into_iter();
                thirds.map(|third| Ipv4Addr::new(*first, second, third, 7)).any(is_reserved_v4)
            })
        });
        let expected = [0, 10, 100, 127, 169, 172, 192, 198, 203].into_iter().chain(224..=255);
        assert!(octets.eq(expected));
    }

    #[test]
    fn reserved_space_is_known() {
        for reserved in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.5",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b::808:808",
            "100::1",
            "2001::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:808:808::1",
            "3fff:fff::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "4000::1",
        ] {
            assert!(is_reserved(reserved.parse().unwrap()), "{reserved}");
        }
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "3fff:1000::1",
        ] {
            assert!(!is_reserved(public.parse().unwrap()), "{public}");
        }
    }
}
