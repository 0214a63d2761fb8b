//! What is counted: an occurrence, its signal, and the keys of the entities it touched.
//!
//! Keys are keyed hashes made elsewhere, so no personal value reaches this module or a log line of
//! it. The serialised form is stored with ledger records and replayed on recovery: its names are
//! stable, and a field this version does not know is refused rather than dropped.

use crate::domain::Timestamp;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// Keyed hash of (tenant, entity kind, canonical value); tenants therefore never share a key.
///
/// Written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityKey(pub u64);

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for EntityKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EntityKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u64::from_str_radix(&text, 16) {
            Ok(key) if digits => Ok(Self(key)),
            _ => Err(D::Error::invalid_value(Unexpected::Str(&text), &"16 hexadecimal digits")),
        }
    }
}

/// Who or what acts in a payment and has a history of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// The card, by its fingerprint.
    Card,
    /// The mailbox, by its canonical address.
    Email,
    /// The network address.
    Ip,
    /// The device.
    Device,
    /// The buyer's account with the merchant.
    Account,
}

impl Entity {
    /// How many kinds there are.
    pub const COUNT: usize = 5;

    /// Every kind.
    pub const ALL: [Self; Self::COUNT] =
        [Self::Card, Self::Email, Self::Ip, Self::Device, Self::Account];

    /// The name in fields, documents and ledger records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Email => "email",
            Self::Ip => "ip",
            Self::Device => "device",
            Self::Account => "account",
        }
    }
}

/// The key of each entity of one payment; `None` where the request named none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EntityKeys {
    /// See [`Entity::Card`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<EntityKey>,
    /// See [`Entity::Email`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EntityKey>,
    /// See [`Entity::Ip`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<EntityKey>,
    /// See [`Entity::Device`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<EntityKey>,
    /// See [`Entity::Account`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<EntityKey>,
}

impl EntityKeys {
    /// The key of one entity.
    pub const fn get(&self, entity: Entity) -> Option<EntityKey> {
        match entity {
            Entity::Card => self.card,
            Entity::Email => self.email,
            Entity::Ip => self.ip,
            Entity::Device => self.device,
            Entity::Account => self.account,
        }
    }

    /// The entities that are present, in the order of [`Entity::ALL`].
    pub fn present(&self) -> impl Iterator<Item = (Entity, EntityKey)> {
        Entity::ALL.into_iter().filter_map(|entity| Some((entity, self.get(entity)?)))
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// A payment attempt was scored, whatever we decided.
    Attempt,
    /// The issuer refused an attempt.
    Declined,
    /// The issuer approved an attempt.
    Approved,
}

impl Signal {
    /// Every signal.
    pub const ALL: [Self; 3] = [Self::Attempt, Self::Declined, Self::Approved];

    /// The name in fields, documents and ledger records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attempt => "attempt",
            Self::Declined => "declined",
            Self::Approved => "approved",
        }
    }
}

/// One thing to count, for every entity it touched.
///
/// ```
/// # use vouch::velocity::{EntityKey, EntityKeys, Occurrence, Signal};
/// let occurrence = Occurrence {
///     keys: EntityKeys { card: Some(EntityKey(0x9f2c)), ..EntityKeys::default() },
///     at: "2026-11-20T10:15:00Z".parse().unwrap(),
///     signal: Signal::Attempt,
///     amount: Some(4_900),
/// };
/// assert_eq!(
///     serde_json::to_string(&occurrence).unwrap(),
///     r#"{"keys":{"card":"0000000000009f2c"},"at":"2026-11-20T10:15:00Z","signal":"attempt","amount":4900}"#
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Occurrence {
    /// Whom it touched.
    pub keys: EntityKeys,
    /// Event time.
    pub at: Timestamp,
    /// What happened.
    pub signal: Signal,
    /// Hundredths of the base currency, 0 or more; read of attempts only. `None`, or a negative
    /// one, where the amount could not be converted: the attempt counts and its sum is incomplete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_occurrence_reads_back_as_written() {
        let keys = EntityKeys {
            card: Some(EntityKey(u64::MAX)),
            email: Some(EntityKey(1)),
            ip: None,
            device: Some(EntityKey(0)),
            account: None,
        };
        for signal in Signal::ALL {
            for amount in [None, Some(0), Some(i64::MAX)] {
                let at = Timestamp::from_millis(1_763_633_700_123);
                let occurrence = Occurrence { keys, at, signal, amount };
                let text = serde_json::to_string(&occurrence).unwrap();
                assert!(text.contains(&format!(r#""signal":"{}""#, signal.name())), "{text}");
                assert_eq!(serde_json::from_str::<Occurrence>(&text).unwrap(), occurrence);
            }
        }
    }

    #[test]
    fn field_names_are_the_entity_names() {
        for entity in Entity::ALL {
            let text = format!(r#"{{"{}":"00000000000000aB"}}"#, entity.name());
            let keys: EntityKeys = serde_json::from_str(&text).unwrap();
            assert_eq!(keys.present().collect::<Vec<_>>(), [(entity, EntityKey(0xab))]);
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for bad in [
            r#"{"keys":{"card":"9f2c"},"at":"2026-11-20T10:15:00Z","signal":"attempt"}"#,
            r#"{"keys":{"card":"+000000000009f2c"},"at":"2026-11-20T10:15:00Z","signal":"attempt"}"#,
            r#"{"keys":{"wallet":"0000000000009f2c"},"at":"2026-11-20T10:15:00Z","signal":"attempt"}"#,
            r#"{"keys":{},"at":"2026-11-20T10:15:00Z","signal":"refunded"}"#,
            r#"{"keys":{},"at":"2026-11-20T10:15:00Z","signal":"attempt","currency":"EUR"}"#,
        ] {
            assert!(serde_json::from_str::<Occurrence>(bad).is_err(), "{bad}");
        }
    }
}
