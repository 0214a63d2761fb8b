//! What two payments may share, when a value counts, and when two are the same.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One thing two payments may share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Element {
    /// The buyer's public network address.
    Ip,
    /// A device number the cardholder can check, in clear, at least 15 characters.
    DeviceId,
    /// A fingerprint of at least two attributes of the device, at least 20 characters.
    DeviceFingerprint,
    /// The name the cardholder logs in with.
    AccountId,
    /// The full delivery address.
    Address,
    /// The buyer's e-mail address. Counts at Stripe; in Visa's text only as an account name.
    Email,
}

impl Element {
    /// Every element, in the order sets are listed and compared.
    pub const ALL: [Self; 6] = [
        Self::Ip,
        Self::DeviceId,
        Self::DeviceFingerprint,
        Self::AccountId,
        Self::Address,
        Self::Email,
    ];

    /// The word in data.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::DeviceId => "device_id",
            Self::DeviceFingerprint => "device_fingerprint",
            Self::AccountId => "account_id",
            Self::Address => "address",
            Self::Email => "email",
        }
    }

    /// The words in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ip => "IP address",
            Self::DeviceId => "device id",
            Self::DeviceFingerprint => "device fingerprint",
            Self::AccountId => "account",
            Self::Address => "delivery address",
            Self::Email => "e-mail address",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of elements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elements(u8);

impl Elements {
    /// Number of different sets.
    pub(super) const SETS: u8 = 1 << Element::ALL.len();

    /// The set with this number, below [`Self::SETS`].
    pub(super) const fn numbered(number: u8) -> Self {
        Self(number)
    }

    /// Its number.
    pub(super) const fn number(self) -> u8 {
        self.0
    }

    /// A set of the given elements.
    pub const fn of(elements: &[Element]) -> Self {
        let (mut set, mut rest) = (0, elements);
        while let Some((first, more)) = rest.split_first() {
            set |= first.bit();
            rest = more;
        }
        Self(set)
    }

    /// Adds an element.
    pub fn insert(&mut self, element: Element) {
        self.0 |= element.bit();
    }

    /// Whether an element is in it.
    pub const fn has(self, element: Element) -> bool {
        self.0 & element.bit() != 0
    }

    /// Whether all of another set are in it.
    pub const fn has_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in it and not in another.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// True for the empty set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Its elements, in order.
    pub fn iter(self) -> impl Iterator<Item = Element> {
        Element::ALL.into_iter().filter(move |element| self.has(*element))
    }
}

impl fmt::Display for Elements {
    /// `IP address and device id`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.len();
        for (at, element) in (1..).zip(self.iter()) {
            f.write_str(match at {
                1 => "",
                at if at == count => " and ",
                _ => ", ",
            })?;
            f.write_str(element.name())?;
        }
        Ok(())
    }
}

impl Serialize for Elements {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Element::word))
    }
}

/// A delivery address; counts only when complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// Street and number.
    pub street: &'a str,
    /// City.
    pub city: &'a str,
    /// State, province or region.
    pub region: &'a str,
    /// Postal code.
    pub postal_code: &'a str,
    /// ISO 3166 country code.
    pub country: &'a str,
}

impl<'a> Address<'a> {
    fn parts(&self) -> [&'a str; 5] {
        [self.street, self.city, self.region, self.postal_code, self.country]
    }

    pub(super) fn is_complete(&self) -> bool {
        self.parts().iter().all(|part| !part.trim().is_empty())
    }

    /// Letter by letter, case and spaces aside. Abbreviations are not resolved: `St` and `Street`
    /// differ, and a near miss says so.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.parts().iter().zip(other.parts()).all(|(one, other)| {
            let letters = |text: &'a str| {
                text.split_whitespace().flat_map(|word| {
                    word.chars().flat_map(char::to_lowercase).chain(std::iter::once(' '))
                })
            };
            letters(one).eq(letters(other))
        })
    }
}

/// An address as it is compared: IPv4 inside IPv6 is IPv4.
pub(super) fn plain_ip(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// Whether an address can be a cardholder's own: routed on the public Internet.
///
/// Refuses private, shared (CGNAT), loopback, link-local, documentation, benchmark, reserved and
/// multicast ranges. Source: IANA special-purpose address registries.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match plain_ip(ip) {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = a == 192 && b == 0 && c == 0;
    let benchmark = a == 198 && (18..20).contains(&b);
    let reserved = a == 0 || a >= 224;
    let local = ip.is_private() || ip.is_loopback() || ip.is_link_local();
    !(shared || protocols || benchmark || reserved || local || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let global = first & 0xe000 == 0x2000; // 2000::/3, all that is allocated
    let documentation = (first == 0x2001 && second == 0xdb8) || first == 0x3fff;
    let protocols = first == 0x2001 && second < 0x200; // Teredo, benchmark, ORCHID
    global && !documentation && !protocols
}

/// Whether two different IPv6 addresses are in one /64: most likely one household, and no match.
pub(super) fn same_network(one: IpAddr, other: IpAddr) -> bool {
    match (plain_ip(one), plain_ip(other)) {
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            one.segments().iter().take(4).eq(other.segments().iter().take(4))
        }
        _ => false,
    }
}

/// Whether two e-mail addresses are the same: case and outer spaces aside, dots and tags kept.
pub(super) fn same_email(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    one == other
        || one.eq_ignore_ascii_case(other)
        || !one.is_ascii() && one.to_lowercase() == other.to_lowercase()
}

/// Whether a cardholder would know this as their account: a name or address, no internal number in
/// the form of a UUID.
pub(super) fn is_recognisable(account: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    let is_uuid = account.len() == 36
        && account.bytes().enumerate().all(|(at, byte)| {
            if hyphens.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
        });
    !account.trim().is_empty() && !is_uuid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_count() {
        for (ip, public) in [
            ("81.2.69.142", true),
            ("::ffff:81.2.69.142", true),
            ("2a02:1234::1", true),
            ("10.0.0.1", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("127.0.0.1", false),
            ("169.254.1.1", false),
            ("192.0.2.1", false),
            ("198.51.100.1", false),
            ("203.0.113.1", false),
            ("198.18.0.1", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("2001:db8::1", false),
            ("2001::1", false),
            ("::ffff:10.0.0.1", false),
        ] {
            assert_eq!(is_public(ip.parse().unwrap()), public, "{ip}");
        }
    }

    #[test]
    fn sets_read_as_a_sentence() {
        let set = Elements::of(&[Element::Email, Element::Ip, Element::DeviceId]);
        assert_eq!(set.to_string(), "IP address, device id and e-mail address");
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["ip","device_id","email"]"#);
        assert_eq!(Elements::of(&[Element::Ip]).to_string(), "IP address");
        assert_eq!(Elements::default().to_string(), "");
    }

    #[test]
    fn addresses_and_mails_are_compared_as_people_write_them() {
        let home = Address {
            street: "1 High  Street",
            city: "London",
            region: "LND",
            postal_code: "EC1A 1BB",
            country: "GB",
        };
        assert!(home.is_same(&Address { street: " 1 high street ", ..home }));
        assert!(!home.is_same(&Address { street: "1 High St", ..home }));
        assert!(!Address { region: " ", ..home }.is_complete());
        assert!(same_email(" J.Doe@Example.com", "j.doe@example.com"));
        assert!(!same_email("j.doe@example.com", "jdoe@example.com"));
        assert!(same_email("Ä@example.com", "ä@example.com"));
        assert!(is_recognisable("j.doe") && is_recognisable("acc-7"));
        assert!(!is_recognisable("123e4567-e89b-12d3-a456-426614174000"));
    }
}
