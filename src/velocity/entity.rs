//! Who has a history, by which key, and with whom they are seen.

use super::occurrence::{Occurrence, Signal};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// Keyed hash of (tenant, entity kind, canonical value); tenants therefore never share a key.
///
/// Written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EntityKey(pub u64);

impl EntityKey {
    /// The key of two entities together. One of them alone can't be read from it.
    const fn with(self, other: Self) -> Self {
        let spread = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
        Self((spread ^ other.0).wrapping_mul(0xbf58_476d_1ce4_e5b9))
    }
}

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

/// Who or what has a history of its own.
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
    /// The article.
    Sku,
    /// The licence key.
    Licence,
    /// The invoice a payment is for: its retries share it.
    Invoice,
    /// A card together with an account.
    CardOnAccount,
    /// A device together with an account.
    DeviceOnAccount,
}

use Entity as E;

impl Entity {
    /// How many kinds there are.
    pub const COUNT: usize = 10;

    /// Every kind.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Card,
        Self::Email,
        Self::Ip,
        Self::Device,
        Self::Account,
        Self::Sku,
        Self::Licence,
        Self::Invoice,
        Self::CardOnAccount,
        Self::DeviceOnAccount,
    ];

    /// The name in fields, documents and ledger records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Email => "email",
            Self::Ip => "ip",
            Self::Device => "device",
            Self::Account => "account",
            Self::Sku => "sku",
            Self::Licence => "licence",
            Self::Invoice => "invoice",
            Self::CardOnAccount => "card_on_account",
            Self::DeviceOnAccount => "device_on_account",
        }
    }

    /// Parts of all keys kept that are of this kind.
    pub(super) const fn share(self) -> usize {
        match self {
            E::Card | E::Email | E::Ip | E::Device | E::Account => 3,
            E::CardOnAccount | E::DeviceOnAccount => 2,
            E::Sku | E::Licence | E::Invoice => 1,
        }
    }

    /// Who pays, or from where: the kinds a payment binds together.
    const fn is_payer(self) -> bool {
        matches!(self, E::Card | E::Email | E::Ip | E::Device | E::Account)
    }

    /// Whether an occurrence of `signal` counts for entities of this kind. What no feature reads is
    /// not counted: each touch is a list entry of a key that may never be seen again.
    pub(super) const fn counts(self, signal: Signal) -> bool {
        use Signal as S;
        match signal {
            S::Attempt => !matches!(self, E::Licence),
            S::Trial => self.is_payer() || matches!(self, E::CardOnAccount | E::DeviceOnAccount),
            S::Approved => self.is_payer(),
            S::Declined | S::DeclinedFunds | S::DeclinedStolen | S::DeclinedData => {
                self.is_payer() || matches!(self, E::Invoice)
            }
            S::SignUp => {
                matches!(self, E::Email | E::Ip | E::Device | E::Account | E::DeviceOnAccount)
            }
            S::Refund | S::Dispute | S::Warning => {
                matches!(self, E::Card | E::Email | E::Device | E::Account)
            }
            S::ChallengePassed | S::ChallengeFailed | S::ChallengeAbandoned | S::Renewal => {
                matches!(self, E::Card | E::Account)
            }
            S::Activation => matches!(self, E::Licence | E::Account),
            S::Login => matches!(self, E::Device | E::Account | E::DeviceOnAccount),
            S::LoginFailed => matches!(self, E::Ip | E::Account),
            S::Micro | S::TopUp | S::Spent | S::Usage | S::Sharing | S::PlanChange | S::Cancel => {
                matches!(self, E::Account)
            }
            S::SeatAssigned | S::SeatRemoved | S::CredentialChange => matches!(self, E::Account),
            S::Outcome => false,
        }
    }
}

/// The keys of one transaction or event; `None` where it named none.
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
    /// See [`Entity::Sku`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<EntityKey>,
    /// See [`Entity::Licence`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<EntityKey>,
    /// See [`Entity::Invoice`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice: Option<EntityKey>,
    /// The machine a licence key is activated on. It has no history of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<EntityKey>,
    /// The country of the address. It has no history of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<EntityKey>,
    /// The phone number; see [`Party::Phone`](super::Party::Phone).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<EntityKey>,
    /// The issuer range; see [`Party::Bin`](super::Party::Bin).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin: Option<EntityKey>,
    /// The seller; see [`Party::Seller`](super::Party::Seller).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller: Option<EntityKey>,
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
            Entity::Sku => self.sku,
            Entity::Licence => self.licence,
            Entity::Invoice => self.invoice,
            Entity::CardOnAccount => pair(self.card, self.account),
            Entity::DeviceOnAccount => pair(self.device, self.account),
        }
    }
}

const fn pair(one: Option<EntityKey>, other: Option<EntityKey>) -> Option<EntityKey> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.with(other)),
        _ => None,
    }
}

/// Whom or what an entity was seen with, and at what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Other {
    /// A card, at a payment, trial or sign-up.
    Card,
    /// A mailbox, likewise.
    Email,
    /// A network address, likewise.
    Ip,
    /// A device, likewise.
    Device,
    /// An account, likewise.
    Account,
    /// The country of the address, likewise.
    Country,
    /// A machine, at an activation.
    Machine,
    /// The country of the address, at an activation.
    ActivationCountry,
    /// A device, at a login.
    LoginDevice,
    /// The country of the address, at a login.
    LoginCountry,
}

impl Other {
    /// How many kinds there are.
    pub const COUNT: usize = 10;

    /// Every kind.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Card,
        Self::Email,
        Self::Ip,
        Self::Device,
        Self::Account,
        Self::Country,
        Self::Machine,
        Self::ActivationCountry,
        Self::LoginDevice,
        Self::LoginCountry,
    ];

    /// The name in fields and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Email => "email",
            Self::Ip => "ip",
            Self::Device => "device",
            Self::Account => "account",
            Self::Country => "country",
            Self::Machine => "machine",
            Self::ActivationCountry => "activation_country",
            Self::LoginDevice => "login_device",
            Self::LoginCountry => "login_country",
        }
    }

    /// The key of this kind in `occurrence`, if an entity of kind `of` is seen with it there.
    fn seen_by(self, of: Entity, occurrence: &Occurrence) -> Option<EntityKey> {
        use Signal as S;
        let keys = &occurrence.keys;
        let (who, key) = match self {
            Self::Card => (of.is_payer() && !matches!(of, E::Card), keys.card),
            Self::Email => (of.is_payer() && !matches!(of, E::Email), keys.email),
            Self::Ip => (of.is_payer() && !matches!(of, E::Ip), keys.ip),
            Self::Device => (of.is_payer() && !matches!(of, E::Device), keys.device),
            Self::Account => (of.is_payer() && !matches!(of, E::Account), keys.account),
            Self::Country => (matches!(of, E::Card | E::Account), keys.country),
            Self::Machine => (matches!(of, E::Licence | E::Account), keys.machine),
            Self::ActivationCountry => (matches!(of, E::Licence), keys.country),
            Self::LoginDevice => (matches!(of, E::Account), keys.device),
            Self::LoginCountry => (matches!(of, E::Account), keys.country),
        };
        let at = match self {
            Self::Machine | Self::ActivationCountry => matches!(occurrence.signal, S::Activation),
            Self::LoginDevice | Self::LoginCountry => matches!(occurrence.signal, S::Login),
            _ => {
                matches!(occurrence.signal, S::Attempt | S::Approved | S::Trial | S::SignUp)
                    || S::DECLINES.contains(&occurrence.signal)
            }
        };
        key.filter(|_| who && at)
    }
}

impl Occurrence {
    /// The entities it counts for, in the order of [`Entity::ALL`].
    pub(super) fn touched(&self) -> impl Iterator<Item = (Entity, EntityKey)> {
        let counted = |entity: &Entity| entity.counts(self.signal);
        Entity::ALL.into_iter().filter(counted).filter_map(|e| Some((e, self.keys.get(e)?)))
    }

    /// Whom the entity of kind `of` is seen with.
    pub(super) fn others(&self, of: Entity) -> impl Iterator<Item = (Other, EntityKey)> {
        Other::ALL.into_iter().filter_map(move |other| Some((other, other.seen_by(of, self)?)))
    }

    /// Where the entity of kind `of` is seen; kept of cards and accounts, which can travel.
    pub(super) fn place_of(&self, of: Entity) -> Option<super::place::Place> {
        self.place.filter(|_| matches!(of, E::Card | E::Account))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_names_are_the_entity_names() {
        for entity in Entity::ALL {
            let text = format!(r#"{{"{}":"00000000000000aB"}}"#, entity.name());
            let keys = serde_json::from_str::<EntityKeys>(&text);
            if matches!(entity, E::CardOnAccount | E::DeviceOnAccount) {
                assert!(keys.is_err(), "{entity:?} is made of its parts");
            } else {
                assert_eq!(keys.unwrap().get(entity), Some(EntityKey(0xab)));
            }
        }
    }

    #[test]
    fn a_pair_has_a_key_of_its_own() {
        let key = |a, b| EntityKey(a).with(EntityKey(b));
        let keys = [key(1, 2), key(2, 1), key(1, 3), key(3, 2), EntityKey(1), EntityKey(2)];
        for (place, one) in keys.iter().enumerate() {
            assert!(keys.iter().skip(place + 1).all(|other| other != one));
        }
        let one = EntityKeys { card: Some(EntityKey(1)), ..EntityKeys::default() };
        assert_eq!(one.get(Entity::CardOnAccount), None);
    }
}
