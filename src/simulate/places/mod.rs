//! Countries, networks, issuers and mailboxes: everything of this world that is true outside it.
//!
//! A generated address must lie in the country it claims when the reference tables are asked, and a
//! BIN must be issued where its holder lives, or training learns the generator's mistakes. It carries
//! rows of its own (`rows`, `networks`), and a test holds every one against the reference tables.
//! Rejected: drawing from the bundled tables, which are made anew from time to time and would change
//! every world each time. A change here needs a new [`super::WORLD_VERSION`].

mod methods;
mod names;
mod networks;
mod rows;

use super::dice::{Dice, mix};
use crate::domain::{Bin, Country, Currency, PaymentMethod};
pub(super) use names::Names;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

/// A country as buyers and shops see it.
pub(super) struct Place {
    pub(super) country: Country,
    pub(super) currency: Currency,
    /// The shop's rate: thousandths of the currency for one US dollar.
    pub(super) per_usd_milli: u64,
    /// Percent of the US price asked here.
    pub(super) price_level: u64,
    /// IANA time zones with their usual offset from UTC in minutes; daylight saving is left out.
    pub(super) zones: &'static [(&'static str, i64)],
    /// The browser's `Accept-Language`.
    pub(super) languages: &'static str,
    pub(super) names: &'static Names,
    pub(super) mailboxes: Vec<&'static str>,
    /// Postal code pattern: `9` a digit, `A` a letter, empty where there are none.
    pub(super) postal: &'static str,
    pub(super) methods: &'static [(u32, PaymentMethod)],
    /// Issuers ask for 3-D Secure as a rule (PSD2 and its like).
    pub(super) strong_authentication: bool,
    /// Issuers check the billing address.
    pub(super) address_check: bool,
    people: u32,
    stolen: u32,
    homes: Vec<Net>,
    mobiles: Vec<Net>,
    bins: Vec<(u32, Bin)>,
}

/// One row of the table, as written.
struct Row {
    country: &'static str,
    /// Weight among buyers.
    people: u32,
    /// Weight among stolen cards.
    stolen: u32,
    currency: &'static str,
    per_usd_milli: u64,
    price_level: u64,
    zones: &'static [(&'static str, i64)],
    languages: &'static str,
    names: &'static Names,
    mailboxes: &'static str,
    postal: &'static str,
    methods: &'static [(u32, PaymentMethod)],
    strong_authentication: bool,
    address_check: bool,
    homes: &'static str,
    mobiles: &'static str,
    /// BIN and weight.
    bins: &'static str,
}

/// A block of addresses.
#[derive(Debug, Clone, Copy)]
struct Net {
    base: u32,
    hosts: u32,
}

impl Net {
    /// Reads `23.24.0.0/16`.
    fn read(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let base: Ipv4Addr = address.parse().ok()?;
        let hosts = 1_u32.checked_shl(32_u32.checked_sub(length.parse().ok()?)?)?;
        Some(Self { base: base.to_bits(), hosts })
    }

    /// The address at `number`, wrapped into the block; never the first or last of a /24.
    fn address(self, number: u64) -> Ipv4Addr {
        let offset = u32::try_from(number % u64::from(self.hosts)).unwrap_or(0);
        let last = offset % 256;
        let usable = if last == 0 || last == 255 { offset ^ 0x10 } else { offset };
        Ipv4Addr::from_bits(self.base + usable)
    }
}

/// All places and networks.
pub(super) struct Atlas {
    places: Vec<Place>,
    hosting: Vec<(Country, Net)>,
    vpn: Vec<(Country, Ipv4Addr)>,
    relays: Vec<(Country, Net)>,
    tor: Vec<Ipv4Addr>,
    /// Cards people hold abroad: issued in few countries, used in all.
    roaming: Vec<Bin>,
}

static ATLAS: LazyLock<Atlas> = LazyLock::new(Atlas::read);

/// Addresses a mobile network shows for all its customers, and a VPN provider for one city.
const SHARED_ADDRESSES: u64 = 48;

impl Atlas {
    /// The one atlas.
    pub(super) fn get() -> &'static Self {
        &ATLAS
    }

    fn read() -> Self {
        Self {
            places: rows::ROWS.iter().filter_map(Place::read).collect(),
            hosting: pairs(networks::HOSTING, Net::read),
            vpn: pairs(networks::VPN_EXITS, |text| text.parse().ok()),
            relays: pairs(networks::RELAYS, Net::read),
            tor: words(networks::TOR_EXITS, |text| text.parse().ok()),
            roaming: words(networks::ROAMING_BINS, |text| text.parse().ok()),
        }
    }

    /// Every place, in the table's order.
    #[cfg(test)]
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Where an honest buyer lives.
    pub(super) fn home_country(&'static self, dice: &mut Dice) -> &'static Place {
        self.place(dice, |place| place.people)
    }

    /// A country whose prices are worth a detour.
    pub(super) fn cheap_country(&'static self, dice: &mut Dice) -> &'static Place {
        self.place(dice, |place| if place.cheap() { place.people } else { 0 })
    }

    /// Where a stolen card was issued.
    pub(super) fn stolen_country(&'static self, dice: &mut Dice) -> &'static Place {
        self.place(dice, |place| place.stolen)
    }

    #[expect(clippy::indexing_slicing, reason = "the table has rows; a test reads them all")]
    fn place(&'static self, dice: &mut Dice, weight: fn(&Place) -> u32) -> &'static Place {
        dice.weighted(&self.places, weight).unwrap_or(&self.places[0])
    }

    /// A rented server, in this country if there is one.
    pub(super) fn server(&self, dice: &mut Dice, near: Country) -> Ipv4Addr {
        self.hosting_block(dice, near).address(dice.bits())
    }

    /// A shared exit of a commercial VPN. Most sit in rented servers that no list names as VPN; one
    /// in four is an exit the public lists know.
    pub(super) fn vpn_exit(&self, dice: &mut Dice, near: Country) -> Ipv4Addr {
        let named = self.vpn.iter().find(|(country, _)| *country == near);
        match named {
            Some((_, exit)) if dice.chance(2_500) => *exit,
            _ => self.hosting_block(dice, near).address(mix(dice.bits() % SHARED_ADDRESSES)),
        }
    }

    fn hosting_block(&self, dice: &mut Dice, near: Country) -> Net {
        let here: Vec<_> = self.hosting.iter().filter(|(country, _)| *country == near).collect();
        if here.is_empty() { dice.pick(&self.hosting).1 } else { dice.pick(&here).1 }
    }

    /// A Tor exit.
    pub(super) fn tor_exit(&self, dice: &mut Dice) -> Ipv4Addr {
        *dice.pick(&self.tor)
    }

    /// The privacy relay a phone maker runs for a country's customers.
    pub(super) fn relay(&self, dice: &mut Dice, country: Country) -> Option<Ipv4Addr> {
        let (_, net) = self.relays.iter().find(|(c, _)| *c == country)?;
        Some(net.address(dice.bits()))
    }

    /// A card account people open abroad and use everywhere.
    pub(super) fn roaming_bin(&self, dice: &mut Dice) -> Bin {
        dice.pick(&self.roaming).clone()
    }
}

impl Place {
    fn read(row: &'static Row) -> Option<Self> {
        let bin = |text: &str| {
            let (bin, weight) = text.split_once(':')?;
            Some((weight.parse().ok()?, bin.parse().ok()?))
        };
        Some(Self {
            country: row.country.parse().ok()?,
            currency: row.currency.parse().ok()?,
            per_usd_milli: row.per_usd_milli,
            price_level: row.price_level,
            zones: row.zones,
            languages: row.languages,
            names: row.names,
            mailboxes: row.mailboxes.split(' ').collect(),
            postal: row.postal,
            methods: row.methods,
            strong_authentication: row.strong_authentication,
            address_check: row.address_check,
            people: row.people,
            stolen: row.stolen,
            homes: words(row.homes, Net::read),
            mobiles: words(row.mobiles, Net::read),
            bins: words(row.bins, bin),
        })
    }

    /// The law gives buyers a right of withdrawal: the European Union and Britain.
    pub(super) fn european(&self) -> bool {
        matches!(self.currency.code(), "EUR" | "GBP" | "PLN" | "SEK")
    }

    /// Prices are far below those of the shop's home market.
    pub(super) fn cheap(&self) -> bool {
        self.price_level <= 50
    }

    /// The address of a household's line, a pure function of its number and the lease.
    pub(super) fn home_address(&self, household: u64, lease: u64) -> Ipv4Addr {
        nth(&self.homes, household).address(mix(household ^ mix(lease)))
    }

    /// One of the few addresses a mobile network shows for all its customers.
    pub(super) fn mobile_address(&self, dice: &mut Dice) -> Ipv4Addr {
        let net = dice.pick(&self.mobiles);
        net.address(mix(dice.bits() % SHARED_ADDRESSES))
    }

    /// The first digits of a card issued here.
    pub(super) fn bin(&self, dice: &mut Dice) -> Option<Bin> {
        dice.weighted(&self.bins, |(weight, _)| *weight).map(|(_, bin)| bin.clone())
    }
}

#[expect(clippy::indexing_slicing, reason = "every place has lines; a test reads them all")]
fn nth(nets: &[Net], number: u64) -> Net {
    let count = u64::try_from(nets.len()).unwrap_or(1);
    nets[usize::try_from(mix(number) % count).unwrap_or(0)]
}

/// Reads words separated by blanks.
fn words<T>(text: &'static str, read: impl Fn(&'static str) -> Option<T>) -> Vec<T> {
    text.split_ascii_whitespace().filter_map(read).collect()
}

/// Reads `CC value` pairs, one a line.
fn pairs<T>(text: &'static str, read: impl Fn(&'static str) -> Option<T>) -> Vec<(Country, T)> {
    let pair = |line: &'static str| {
        let (country, value) = line.split_once(' ')?;
        Some((country.parse().ok()?, read(value)?))
    };
    text.lines().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_and_network_is_read() {
        let atlas = Atlas::get();
        assert_eq!(atlas.places.len(), rows::ROWS.len());
        for (place, row) in atlas.places.iter().zip(rows::ROWS) {
            let count = |text: &str| text.split_ascii_whitespace().count();
            assert_eq!(place.homes.len(), count(row.homes), "{}", row.country);
            assert_eq!(place.mobiles.len(), count(row.mobiles), "{}", row.country);
            assert_eq!(place.bins.len(), count(row.bins), "{}", row.country);
            assert!(place.homes.len() >= 2 && !place.mobiles.is_empty() && place.bins.len() >= 6);
            assert!(!place.zones.is_empty() && !place.methods.is_empty());
        }
        let lines = |text: &str| text.lines().filter(|line| !line.is_empty()).count();
        assert_eq!(atlas.hosting.len(), lines(networks::HOSTING));
        assert_eq!(atlas.vpn.len(), lines(networks::VPN_EXITS));
        assert_eq!(atlas.relays.len(), lines(networks::RELAYS));
        assert_eq!(atlas.tor.len(), networks::TOR_EXITS.split_ascii_whitespace().count());
        assert_eq!(atlas.roaming.len(), 6);
    }

    /// Eighths of a block, its first address and its last.
    fn samples(net: &Net) -> impl Iterator<Item = Ipv4Addr> {
        (0..8)
            .map(|eighth| net.base + net.hosts / 8 * eighth + 1)
            .chain([net.base + net.hosts - 2])
            .map(Ipv4Addr::from_bits)
    }

    #[test]
    fn the_reference_tables_agree() {
        let reference = crate::reference::Reference::bundled().unwrap();
        let mut wrong = Vec::new();
        let mut ip = |address: Ipv4Addr, country: Country, hosting: bool| {
            let facts = reference.ip(address.into());
            // the table's name rule takes this access network for the web host it is named after
            let misnamed = facts.organisation == Some("1&1 Versatel GmbH");
            let kind = facts.hosting == Some(hosting) || misnamed;
            if facts.country != Some(country) || !kind {
                let said = (facts.country, facts.hosting, facts.organisation);
                wrong.push(format!("{address} in {country}: {said:?}"));
            }
        };
        let atlas = Atlas::get();
        for place in &atlas.places {
            for address in place.homes.iter().chain(&place.mobiles).flat_map(samples) {
                ip(address, place.country, false);
            }
        }
        for (country, net) in &atlas.hosting {
            samples(net).for_each(|address| ip(address, *country, true));
        }
        for (country, exit) in &atlas.vpn {
            assert_eq!(reference.ip((*exit).into()).country, Some(*country), "{exit}");
            assert_eq!(reference.ip((*exit).into()).vpn, Some(true), "{exit}");
        }
        for (country, net) in &atlas.relays {
            ip(net.address(7), *country, false);
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(atlas.tor.iter().all(|exit| reference.ip((*exit).into()).tor == Some(true)));
        for place in &atlas.places {
            for (_, bin) in &place.bins {
                let issuer = reference.bin(bin.as_str()).unwrap();
                assert_eq!((issuer.country, issuer.test), (Some(place.country), false), "{bin}");
            }
            for domain in &place.mailboxes {
                let class = reference.email(&format!("a.buyer@{domain}")).class;
                assert_eq!(class.map(|class| class.name()), Some("free"), "{domain}");
            }
        }
        assert!(atlas.roaming.iter().all(|bin| reference.bin(bin.as_str()).is_some()));
    }

    #[test]
    fn addresses_stay_in_their_block() {
        let net = Net::read("23.24.16.0/20").unwrap();
        for number in 0..10_000 {
            let [a, b, c, d] = net.address(mix(number)).octets();
            assert_eq!((a, b, c & 0xf0), (23, 24, 16));
            assert!(d != 0 && d != 255);
        }
        assert!(Net::read("23.24.16.0").is_none());
        assert!(Net::read("23.24.16.0/33").is_none());
    }
}
