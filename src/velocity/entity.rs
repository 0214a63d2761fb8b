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
    pub(super) const fn with(self, other: Self) -> Self {
        let spread = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
        Self((spread ^ other.0).wrapping_mul(0xbf58_476d_1ce4_e5b9))
    }
}

/// By what an entity tells those seen with it apart: 32 bits of their key, so that a history stays
/// small. Of 16 others two share a mark once in 36 million histories, and count as one there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Mark(pub(super) u32);

impl EntityKey {
    #[expect(clippy::cast_possible_truncation, reason = "every half of a hash is a hash")]
    const fn mark(self) -> Mark {
        Mark(self.0 as u32)
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
    /// The invoice a payment is for, of its seller: two sellers number theirs alike.
    Invoice,
    /// An invoice together with everyone who is named to pay it. By it a retry is told from another
    /// attempt; no feature reads it.
    InvoiceOfPayer,
    /// A card together with an account.
    CardOnAccount,
    /// A device together with an account.
    DeviceOnAccount,
    /// Cards that begin with the same six digits.
    Bin,
    /// The seller a merchant of record sells for.
    Seller,
    /// The wallet, by the payer it attests.
    Wallet,
    /// A card together with a network address.
    CardOnIp,
    /// Our own blocks of a card. They lie beside its history, so that they move nothing in it.
    CardBlocks,
    /// Our own blocks of a mailbox.
    EmailBlocks,
    /// Our own blocks of a network address.
    IpBlocks,
    /// Our own blocks of a device.
    DeviceBlocks,
    /// Our own blocks of an account.
    AccountBlocks,
}

use Entity as E;

impl Entity {
    /// How many kinds there are.
    pub const COUNT: usize = 20;

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
        Self::InvoiceOfPayer,
        Self::CardOnAccount,
        Self::DeviceOnAccount,
        Self::Bin,
        Self::Seller,
        Self::Wallet,
        Self::CardOnIp,
        Self::CardBlocks,
        Self::EmailBlocks,
        Self::IpBlocks,
        Self::DeviceBlocks,
        Self::AccountBlocks,
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
            Self::InvoiceOfPayer => "invoice_of_payer",
            Self::CardOnAccount => "card_on_account",
            Self::DeviceOnAccount => "device_on_account",
            Self::Bin => "bin",
            Self::Seller => "seller",
            Self::Wallet => "wallet",
            Self::CardOnIp => "card_on_ip",
            Self::CardBlocks => "card_blocks",
            Self::EmailBlocks => "email_blocks",
            Self::IpBlocks => "ip_blocks",
            Self::DeviceBlocks => "device_blocks",
            Self::AccountBlocks => "account_blocks",
        }
    }

    /// The parts of [`share`](Self::share) together.
    pub(super) const PARTS: usize = {
        let (mut parts, mut rest) = (0, Self::ALL.as_slice());
        while let [kind, others @ ..] = rest {
            (parts, rest) = (parts + kind.share(), others);
        }
        parts
    };

    /// Parts of all keys kept that are of this kind.
    pub(super) const fn share(self) -> usize {
        match self {
            E::Card | E::Email | E::Ip | E::Device | E::Account => 6,
            E::CardOnAccount | E::DeviceOnAccount | E::CardOnIp => 4,
            E::Sku | E::Licence | E::InvoiceOfPayer | E::Wallet => 2,
            E::Invoice
            | E::Bin
            | E::Seller
            | E::CardBlocks
            | E::EmailBlocks
            | E::IpBlocks
            | E::DeviceBlocks
            | E::AccountBlocks => 1,
        }
    }

    /// Who pays, or from where: the kinds a payment binds together.
    const fn is_payer(self) -> bool {
        matches!(self, E::Card | E::Email | E::Ip | E::Device | E::Account)
    }

    /// Whether it is a card somewhere, or a device.
    const fn is_pair(self) -> bool {
        matches!(self, E::CardOnAccount | E::DeviceOnAccount | E::CardOnIp)
    }

    /// Whether it is what we did ourselves.
    const fn is_blocks(self) -> bool {
        matches!(
            self,
            E::CardBlocks | E::EmailBlocks | E::IpBlocks | E::DeviceBlocks | E::AccountBlocks
        )
    }

    /// Whether an occurrence of `signal` counts for entities of this kind. What no feature reads is
    /// not counted: each touch is a list entry of a key that may never be seen again.
    pub(super) const fn counts(self, signal: Signal) -> bool {
        use Signal as S;
        match signal {
            S::Attempt => !matches!(self, E::Licence | E::Invoice) && !self.is_blocks(),
            S::Blocked => self.is_blocks(),
            S::Trial => {
                let is_other = matches!(self, E::Wallet | E::InvoiceOfPayer);
                self.is_payer() || self.is_pair() || is_other
            }
            S::Approved => {
                self.is_payer() || self.is_pair() || matches!(self, E::Bin | E::Seller | E::Wallet)
            }
            S::Declined | S::DeclinedFunds | S::DeclinedStolen | S::DeclinedData => {
                self.is_payer() || matches!(self, E::Invoice | E::Bin | E::Seller | E::Wallet)
            }
            S::SignUp => {
                matches!(self, E::Email | E::Ip | E::Device | E::Account | E::DeviceOnAccount)
            }
            S::Refund => {
                matches!(self, E::Card | E::Email | E::Device | E::Account | E::Seller | E::Wallet)
            }
            S::Dispute => {
                matches!(self, E::Card | E::Email | E::Device | E::Account)
                    || matches!(self, E::Bin | E::Seller | E::Wallet)
            }
            S::Warning => matches!(self, E::Card | E::Email | E::Device | E::Account),
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
    /// See [`Entity::Bin`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin: Option<EntityKey>,
    /// See [`Entity::Seller`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller: Option<EntityKey>,
    /// See [`Entity::Wallet`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet: Option<EntityKey>,
    /// The machine a licence key is activated on. It has no history of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<EntityKey>,
    /// The country of the address. It has no history of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<EntityKey>,
    /// The phone number; see [`Party::Phone`](super::Party::Phone). It has no history of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<EntityKey>,
    /// The tenant, for its share of the memory. It has no history of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<EntityKey>,
}

impl EntityKeys {
    /// Only the keys that are named, in a sixth of the room: a word of bits that says which, then those.
    pub fn packed(mut self) -> Box<[u64]> {
        let mut words = vec![0_u64];
        let mut named = 0;
        for (place, key) in self.slots().into_iter().enumerate() {
            if let Some(EntityKey(key)) = key {
                named |= 1 << place;
                words.push(*key);
            }
        }
        words.iter_mut().take(1).for_each(|first| *first = named);
        words.into()
    }

    /// What was [packed](Self::packed).
    pub fn unpacked(words: &[u64]) -> Self {
        let mut keys = Self::default();
        let Some((named, mut packed)) = words.split_first().map(|(n, rest)| (n, rest.iter()))
        else {
            return keys;
        };
        for (place, slot) in keys.slots().into_iter().enumerate() {
            if named >> place & 1 == 1 {
                *slot = packed.next().copied().map(EntityKey);
            }
        }
        keys
    }

    /// Every key there is room for; the destructuring finds a new one that is missing here.
    fn slots(&mut self) -> [&mut Option<EntityKey>; 15] {
        let Self {
            card,
            email,
            ip,
            device,
            account,
            sku,
            licence,
            invoice,
            bin,
            seller,
            wallet,
            machine,
            country,
            phone,
            tenant,
        } = self;
        [
            card, email, ip, device, account, sku, licence, invoice, bin, seller, wallet, machine,
            country, phone, tenant,
        ]
    }

    /// The key of one entity.
    pub const fn get(&self, entity: Entity) -> Option<EntityKey> {
        match entity {
            Entity::Card | Entity::CardBlocks => self.card,
            Entity::Email | Entity::EmailBlocks => self.email,
            Entity::Ip | Entity::IpBlocks => self.ip,
            Entity::Device | Entity::DeviceBlocks => self.device,
            Entity::Account | Entity::AccountBlocks => self.account,
            Entity::Sku => self.sku,
            Entity::Licence => self.licence,
            Entity::Invoice => self.invoice_of(&[self.seller]),
            Entity::InvoiceOfPayer => {
                self.invoice_of(&[self.seller, self.card, self.wallet, self.account, self.email])
            }
            Entity::CardOnAccount => pair(self.card, self.account),
            Entity::DeviceOnAccount => pair(self.device, self.account),
            Entity::Bin => self.bin,
            Entity::Seller => self.seller,
            Entity::Wallet => self.wallet,
            Entity::CardOnIp => pair(self.card, self.ip),
        }
    }

    /// The invoice together with those of `parties` that are named. The device and the address are
    /// none of them: a retry comes from the merchant's server.
    const fn invoice_of(&self, parties: &[Option<EntityKey>]) -> Option<EntityKey> {
        let Some(mut invoice) = self.invoice else { return None };
        let (mut number, mut rest) = (1, parties);
        while let [party, others @ ..] = rest {
            if let Some(key) = party {
                invoice = invoice.with(EntityKey(number)).with(*key);
            }
            (number, rest) = (number + 1, others);
        }
        Some(invoice)
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
            Self::Card => {
                let no_payer = matches!(of, E::Bin | E::Seller);
                (no_payer || of.is_payer() && !matches!(of, E::Card), keys.card)
            }
            Self::Email => {
                (matches!(of, E::Card | E::Ip | E::Device | E::Account | E::Wallet), keys.email)
            }
            Self::Ip => {
                (matches!(of, E::Card | E::Email | E::Device | E::Account | E::Bin), keys.ip)
            }
            Self::Device => (of.is_payer() && !matches!(of, E::Device), keys.device),
            Self::Account => {
                (matches!(of, E::Card | E::Email | E::Ip | E::Device | E::Wallet), keys.account)
            }
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
    pub(super) fn others(&self, of: Entity) -> impl Iterator<Item = (Other, Mark)> {
        let seen = move |other: Other| Some((other, other.seen_by(of, self)?.mark()));
        Other::ALL.into_iter().filter_map(seen)
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
            if entity.is_pair() || entity.is_blocks() || entity == Entity::InvoiceOfPayer {
                assert!(keys.is_err(), "{entity:?} is made of other keys");
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

    #[test]
    fn a_retry_is_of_one_invoice_seller_and_payer() {
        let key = |n: u64| Some(EntityKey(n));
        let keys = |invoice, seller, card, account| EntityKeys {
            card,
            account,
            invoice,
            seller,
            ..EntityKeys::default()
        };
        let all = [
            keys(key(1), None, None, None),
            keys(key(1), key(1), None, None),
            keys(key(1), None, key(1), None),
            keys(key(1), None, None, key(1)),
            keys(key(1), key(1), key(2), None),
            keys(key(1), key(2), key(1), None),
            keys(key(1), key(2), key(1), key(1)),
            keys(key(2), key(2), key(1), key(1)),
        ];
        let bills = all.map(|keys| keys.get(Entity::InvoiceOfPayer).unwrap());
        for (place, one) in bills.iter().enumerate() {
            assert!(bills.iter().skip(place + 1).all(|other| other != one), "{place}");
        }
        let invoices = all.map(|keys| keys.get(Entity::Invoice).unwrap());
        assert_eq!((invoices[0], invoices[4]), (invoices[2], invoices[1]));
        assert_eq!((invoices[5], invoices[5] == invoices[4]), (invoices[6], false));
        let elsewhere = EntityKeys { device: key(3), ip: key(4), ..all[2] };
        assert_eq!(elsewhere.get(Entity::InvoiceOfPayer), Some(bills[2]));
        assert_eq!(EntityKeys::default().get(Entity::InvoiceOfPayer), None);
    }
}
