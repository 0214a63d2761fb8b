//! What a checkout sees of a person: an account, a card, a device, and where they sit.
//!
//! Honest people and thieves are made of the same parts by the same functions; they differ in the
//! shares with which the parts are drawn, never in a part only one of them has.

use super::dice::Dice;
use super::naming::Mark;
use super::places::{Atlas, Place};
use crate::domain::{Bin, Personal, Timestamp};
use std::net::Ipv4Addr;

/// An account and the person it claims to be.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) account: Mark,
    pub(super) opened: Timestamp,
    pub(super) place: &'static Place,
    /// IANA zone and offset from UTC in minutes.
    pub(super) zone: (&'static str, i64),
    pub(super) name: Personal<256>,
    pub(super) mailbox: Mailbox,
    pub(super) email: Personal<320>,
    pub(super) postal: Option<Personal<32>>,
}

/// What kind of mailbox an account was opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mailbox {
    /// A free provider, the name in the address.
    Free,
    /// A free provider, random letters.
    Random,
    /// A company's own domain.
    Company,
    /// An address that forwards to a hidden one.
    Relay,
    /// Thrown away after use.
    Disposable,
}

const RELAYS: &[&str] = &["privaterelay.appleid.com", "duck.com", "mozmail.com"];
const DISPOSABLE: &[&str] = &[
    "mailinator.com",
    "guerrillamail.com",
    "yopmail.com",
    "10minutemail.com",
    "temp-mail.org",
    "sharklasers.com",
    "trashmail.com",
    "maildrop.cc",
    "getnada.com",
    "moakt.com",
];
/// Halves of invented company domains; `.example` can't belong to anybody (RFC 2606).
const COMPANY: &[&str] = &[
    "north", "blue", "stone", "river", "bright", "oak", "harbor", "summit", "pixel", "cloud",
    "iron", "green", "silver", "delta", "nova", "lumen",
];

impl Identity {
    /// A person of a place with a mailbox of this kind.
    pub(super) fn new(
        dice: &mut Dice,
        place: &'static Place,
        mailbox: Mailbox,
        (account, opened): (Mark, Timestamp),
    ) -> Self {
        let words = |names: &'static str| names.split(' ').collect::<Vec<_>>();
        let first = *dice.pick(&words(place.names.first));
        let last = *dice.pick(&words(place.names.last));
        let email = address(dice, place, mailbox, (first, last));
        Self {
            account,
            opened,
            place,
            zone: *dice.pick(place.zones),
            name: personal(&format!("{first} {last}")),
            mailbox,
            email: personal(&email),
            postal: (!place.postal.is_empty()).then(|| personal(&postal(dice, place.postal))),
        }
    }
}

#[expect(clippy::expect_used, reason = "made of short printable ASCII words")]
fn personal<const MAX: usize>(text: &str) -> Personal<MAX> {
    Personal::new(text).expect("short printable text")
}

/// An e-mail address.
fn address(
    dice: &mut Dice,
    place: &Place,
    mailbox: Mailbox,
    (first, last): (&str, &str),
) -> String {
    let first = first.to_ascii_lowercase();
    let last = last.to_ascii_lowercase();
    let initial = first.get(..1).unwrap_or("a");
    match mailbox {
        Mailbox::Company => {
            let (front, back) = (*dice.pick(COMPANY), *dice.pick(COMPANY));
            match dice.below(25) {
                0 => format!("billing@{front}{back}.example"),
                1 => format!("info@{front}{back}.example"),
                2..=14 => format!("{first}.{last}@{front}{back}.example"),
                _ => format!("{initial}{last}@{front}{back}.example"),
            }
        }
        Mailbox::Relay => format!("{}@{}", letters(dice, 10), dice.pick(RELAYS)),
        Mailbox::Disposable => format!("{}@{}", letters(dice, 8), dice.pick(DISPOSABLE)),
        Mailbox::Random => format!("{}@{}", letters(dice, 9), dice.pick(&place.mailboxes)),
        Mailbox::Free => {
            let domain = *dice.pick(&place.mailboxes);
            let number = dice.below(9_900) + 100;
            match dice.below(6) {
                0 => format!("{first}.{last}{}@{domain}", number % 100),
                1 => format!("{first}{last}{number}@{domain}"),
                2 => format!("{initial}{last}{number}@{domain}"),
                3 => format!("{first}{}@{domain}", 10_000 + number),
                4 => format!("{first}_{last}_{}@{domain}", number % 1_000),
                _ => format!("{last}.{first}{}@{domain}", 1_950 + number % 60),
            }
        }
    }
}

fn letters(dice: &mut Dice, count: usize) -> String {
    let symbols = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(count + 1);
    text.push(char::from(*dice.pick(&symbols[..26])));
    text.extend((0..count).map(|_| char::from(*dice.pick(symbols))));
    text
}

/// Fills a pattern: `9` a digit, `A` a letter.
fn postal(dice: &mut Dice, pattern: &str) -> String {
    let symbol = |c| match c {
        '9' => char::from(*dice.pick(b"0123456789")),
        'A' => char::from(*dice.pick(b"ABCDEFGHJKLMNPRSTUWXYZ")),
        other => other,
    };
    pattern.chars().map(symbol).collect()
}

/// A card, known by its first digits and a keyed hash of the rest.
#[derive(Debug, Clone)]
pub(super) struct CardHeld {
    pub(super) serial: Mark,
    pub(super) bin: Bin,
}

impl CardHeld {
    /// A card of a resident: issued here, or for one in twenty-five by a bank that issues abroad.
    pub(super) fn issued(dice: &mut Dice, place: &Place, serial: Mark) -> Self {
        let local = if dice.chance(9_600) { place.bin(dice) } else { None };
        Self { serial, bin: local.unwrap_or_else(|| Atlas::get().roaming_bin(dice)) }
    }

    /// The network the first digits belong to.
    pub(super) fn network(&self) -> &'static str {
        match self.bin.as_str().as_bytes() {
            [b'4', ..] => "visa",
            [b'3', b'4' | b'7', ..] => "amex",
            [b'3', b'5', ..] => "jcb",
            _ => "mastercard",
        }
    }

    /// The last four digits.
    pub(super) fn last4(&self) -> String {
        format!("{:04}", self.serial.hash() % 10_000)
    }
}

/// A device.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeviceHeld {
    pub(super) serial: Mark,
    pub(super) agent: &'static Agent,
}

/// A browser on a system.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) text: &'static str,
    /// Moves between networks.
    pub(super) mobile: bool,
    /// Its maker runs a privacy relay.
    pub(super) relay: bool,
    /// No person browses with it.
    pub(super) script: bool,
}

const fn agent(text: &'static str, mobile: bool, relay: bool) -> Agent {
    Agent { text, mobile, relay, script: false }
}

const fn script(text: &'static str) -> Agent {
    Agent { text, mobile: false, relay: false, script: true }
}

/// What people browse with, by weight.
pub(super) static AGENTS: &[(u32, Agent)] = &[
    (
        34,
        agent(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
            false,
            false,
        ),
    ),
    (
        7,
        agent(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0",
            false,
            false,
        ),
    ),
    (
        5,
        agent(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0",
            false,
            false,
        ),
    ),
    (
        9,
        agent(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
            false,
            false,
        ),
    ),
    (
        8,
        agent(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
            false,
            true,
        ),
    ),
    (
        3,
        agent(
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
            false,
            false,
        ),
    ),
    (
        2,
        agent(
            "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
            false,
            false,
        ),
    ),
    (
        18,
        agent(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
            true,
            true,
        ),
    ),
    (
        14,
        agent(
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36",
            true,
            false,
        ),
    ),
];

/// What card testers run beside ordinary browsers.
pub(super) static SCRIPTS: &[(u32, Agent)] = &[
    (
        3,
        script(
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36",
        ),
    ),
    (
        2,
        script(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36",
        ),
    ),
    (1, script("python-requests/2.32.3")),
];

impl DeviceHeld {
    /// A device of the given list.
    #[expect(clippy::indexing_slicing, reason = "both lists are non-empty constants")]
    pub(super) fn new(dice: &mut Dice, serial: Mark, from: &'static [(u32, Agent)]) -> Self {
        let agent = dice.weighted(from, |(weight, _)| *weight).unwrap_or(&from[0]);
        Self { serial, agent: &agent.1 }
    }
}

/// Where somebody sits at one moment: device, address, and what the browser says of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) device: DeviceHeld,
    pub(super) address: Ipv4Addr,
    pub(super) means: Means,
    pub(super) zone: &'static str,
    pub(super) languages: &'static str,
}

/// What a shop can tell of the network somebody comes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// An access network, or a relay its maker vouches for.
    Access,
    /// A machine in a data centre: rented, or a VPN's.
    Rented,
    /// The Tor network.
    Tor,
}

/// How somebody reaches the shop.
#[derive(Clone, Copy)]
pub(super) enum Route {
    /// A line of one's own, or somebody else's through a residential proxy: to the shop the same.
    Line(&'static Place),
    /// A mobile network's shared address.
    Mobile(&'static Place),
    /// A commercial VPN near a place.
    Vpn(&'static Place),
    /// A rented server near a place.
    Server(&'static Place),
    /// The Tor network.
    Tor,
}

impl Route {
    /// What the shop can tell of it.
    pub(super) fn means(self) -> Means {
        match self {
            Self::Line(_) | Self::Mobile(_) => Means::Access,
            Self::Vpn(_) | Self::Server(_) => Means::Rented,
            Self::Tor => Means::Tor,
        }
    }

    /// An address of this route; of a line, any of the place's.
    pub(super) fn address(self, dice: &mut Dice) -> Ipv4Addr {
        let atlas = Atlas::get();
        match self {
            Self::Line(place) => place.home_address(dice.bits(), 0),
            Self::Mobile(place) => place.mobile_address(dice),
            Self::Vpn(place) => atlas.vpn_exit(dice, place.country),
            Self::Server(place) => atlas.server(dice, place.country),
            Self::Tor => atlas.tor_exit(dice),
        }
    }
}
