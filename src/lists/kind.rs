//! What a list holds, and how a value of a record is compared with it.

use crate::domain::Country;
use crate::features::{FieldId, Kind, fields as f};
use std::fmt;

/// The type of a list's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListKind {
    /// Any text, compared byte for byte.
    Text,
    /// Account ids, compared byte for byte; never taken for card numbers.
    Account,
    /// E-mail addresses, compared without regard to ASCII case.
    Email,
    /// Domains of e-mail addresses, compared without regard to ASCII case; not their subdomains.
    Domain,
    /// ISO 3166-1 countries.
    Country,
    /// First 4 to 8 digits of card numbers: an entry holds every number that begins with it.
    Bin,
    /// Addresses and networks, IPv4 and IPv6.
    Ip,
}

impl ListKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Text, Self::Account, Self::Email, Self::Domain, Self::Country, Self::Bin, Self::Ip];

    /// Its word in a list's header.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Account => "account",
            Self::Email => "email",
            Self::Domain => "domain",
            Self::Country => "country",
            Self::Bin => "bin",
            Self::Ip => "ip",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The kind of a list that says none, by the field that is first looked for in it; `None` for a
    /// field whose values are in no list (numbers, times, money).
    pub fn of_field(field: FieldId) -> Option<Self> {
        match field {
            f::ACCOUNT_ID => return Some(Self::Account),
            f::ACCOUNT_EMAIL => return Some(Self::Email),
            f::EMAIL_DOMAIN => return Some(Self::Domain),
            f::CARD_BIN => return Some(Self::Bin),
            _ => {}
        }
        match field.field().kind {
            Kind::Text | Kind::Word(_) => Some(Self::Text),
            Kind::Country => Some(Self::Country),
            Kind::Ip => Some(Self::Ip),
            _ => None,
        }
    }

    /// Whether a field's values can be looked for in a list of this kind.
    pub fn takes(self, field: FieldId) -> bool {
        match self {
            Self::Country => field.field().kind == Kind::Country,
            Self::Ip => field.field().kind == Kind::Ip,
            _ => matches!(field.field().kind, Kind::Text | Kind::Word(_)),
        }
    }

    /// Whether two values that differ only in ASCII case are one.
    pub(super) fn ignores_case(self) -> bool {
        matches!(self, Self::Email | Self::Domain | Self::Country)
    }

    /// What is wrong with a value; `None` where it may stand in such a list.
    pub(super) fn fault(self, value: &str) -> Option<&'static str> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let good = match self {
            Self::Text | Self::Account => true,
            Self::Email => value
                .rsplit_once('@')
                .is_some_and(|(local, domain)| !local.is_empty() && is_domain(domain)),
            Self::Domain => is_domain(value),
            Self::Country => value.parse::<Country>().is_ok(),
            Self::Bin => (4..=8).contains(&value.len()) && digits(value),
            Self::Ip => super::network::Block::parse(value).is_some(),
        };
        (!good).then_some(match self {
            Self::Text | Self::Account => "",
            Self::Email => "is no e-mail address",
            Self::Domain => "is no domain",
            Self::Country => "is no ISO 3166-1 country code",
            Self::Bin => "is no BIN: 4 to 8 digits",
            Self::Ip => "is no address and no network without bits behind its prefix",
        })
    }
}

impl ListKind {
    /// The one spelling of all that are the same to a list of this kind.
    pub fn canonical(self, value: &str) -> String {
        match self {
            Self::Email | Self::Domain => value.to_lowercase(),
            Self::Country => value.to_uppercase(),
            Self::Ip => super::network::Block::parse(value)
                .map_or_else(|| value.to_owned(), |block| block.to_string()),
            Self::Text | Self::Account | Self::Bin => value.to_owned(),
        }
    }
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| !label.is_empty() && label.len() <= 63;
    text.contains('.')
        && text.split('.').all(label)
        && !text.contains(|c: char| c == '@' || c == '/' || c.is_whitespace())
}

impl fmt::Display for ListKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
