//! Keys of a transaction's and an event's entities.

use super::known::IdHash;
use crate::domain::{
    AccountId, Country, Event, Loose, Payment, PaymentMethod, TenantId, Transaction,
};
use crate::reference::canonical;
use crate::velocity::{Entity, EntityKey, EntityKeys};

/// Makes the keyed hash of (tenant, label, value): the only form in which history knows a person.
pub trait KeyMaker {
    /// The first 16 bytes of the keyed hash.
    fn hash(&self, tenant: &TenantId, label: &str, value: &str) -> [u8; 16];
}

/// A history key: the first half of the hash.
fn key(maker: &dyn KeyMaker, tenant: &TenantId, label: &str, value: &str) -> EntityKey {
    half(&maker.hash(tenant, label, value))
}

/// The key of an account.
pub(super) fn account_key(
    maker: &dyn KeyMaker,
    tenant: &TenantId,
    account: &AccountId,
) -> EntityKey {
    key(maker, tenant, Entity::Account.name(), account.as_str())
}

/// The key of an entity by its value as somebody writes it.
pub(super) fn entity_key(
    maker: &dyn KeyMaker,
    tenant: &TenantId,
    entity: Entity,
    value: &str,
) -> EntityKey {
    let mailbox = (entity == Entity::Email).then(|| canonical(value)).flatten();
    let normal = mailbox.map(|mailbox| mailbox.to_string());
    key(maker, tenant, entity.name(), normal.as_deref().unwrap_or(value))
}

/// A sale's key: the first half of the hash of its id, which is no person's.
pub(super) fn sale_key(id: &IdHash) -> EntityKey {
    half(id)
}

fn half(hash: &[u8; 16]) -> EntityKey {
    let (half, _) = hash.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    EntityKey(u64::from_be_bytes(*half))
}

/// A country's key: no secret, since two letters are no person's.
fn country_key(country: Country) -> EntityKey {
    EntityKey(country.code().bytes().fold(0, |key, letter| key << 8 | u64::from(letter)))
}

/// The values entities are known by: canonical, so that one mailbox or address has one history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Identities {
    pub(super) card: Option<String>,
    pub(super) email: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) device: Option<String>,
    pub(super) account: Option<String>,
    /// The article, if it is the only one: a basket's price is the history of none of them.
    pub(super) sku: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) invoice: Option<String>,
    /// The first six digits: longer BINs divide the cards of one issuer.
    pub(super) bin: Option<String>,
    pub(super) seller: Option<String>,
    /// The payer whom the wallet attests; never the mailbox somebody typed.
    pub(super) wallet: Option<String>,
    /// Whether the fingerprint may be a token minted for this attempt.
    pub(super) is_minted: bool,
    pub(super) machine: Option<String>,
    /// The phone number's digits.
    pub(super) phone: Option<String>,
}

impl Identities {
    pub(super) fn of(tx: &Transaction) -> Self {
        let payment = tx.payment.as_ref();
        let account = tx.account.as_ref();
        let device = tx.device.as_ref();
        let ip = device.and_then(|d| d.ip.as_ref()).and_then(Loose::valid);
        let address = account.and_then(|a| a.email.as_ref());
        let licence = tx.fulfilment.as_ref().and_then(|f| f.licence_key.as_ref());
        let invoice = payment.and_then(|p| p.invoice_id.as_ref());
        let wallet = payment.and_then(wallet);
        let is_cardless = |method: PaymentMethod| !method.has_three_ds();
        let bin = tx.card.as_ref().and_then(|c| c.bin.as_ref()).and_then(Loose::valid);
        Self {
            bin: bin.and_then(|bin| bin.as_str().get(..6)).map(ToString::to_string),
            seller: tx.seller_id.as_ref().map(ToString::to_string),
            is_minted: wallet.is_some() && payment.and_then(|p| p.method).is_some_and(is_cardless),
            wallet,
            card: tx.card.as_ref().and_then(|c| c.fingerprint.as_ref()).map(ToString::to_string),
            email: address.and_then(|e| canonical(e.as_str())).map(|e| e.to_string()),
            ip: ip.map(|ip| ip.to_canonical().to_string()),
            device: device.and_then(|d| d.device_id.as_ref()).map(ToString::to_string),
            account: account.and_then(|a| a.id.as_ref()).map(ToString::to_string),
            sku: only_sku(tx),
            licence: licence.map(ToString::to_string),
            invoice: invoice.map(ToString::to_string),
            machine: None,
            phone: account.and_then(|a| a.phone.as_ref()).and_then(|p| digits(p.as_str())),
        }
    }

    /// What an event names itself. The machine is its host, or else its device.
    pub(super) fn of_event(event: &Event) -> Self {
        let device = event.device_id.as_ref().map(ToString::to_string);
        let host = event.data.usage.as_ref().and_then(|usage| usage.host.as_ref());
        let ip = event.ip.as_ref().and_then(Loose::valid);
        Self {
            ip: ip.map(|ip| ip.to_canonical().to_string()),
            machine: host.map(|host| host.as_str().to_owned()).or_else(|| device.clone()),
            device,
            account: event.account_id.as_ref().map(ToString::to_string),
            licence: event.licence_key.as_ref().map(ToString::to_string),
            ..Self::default()
        }
    }

    pub(super) fn get(&self, entity: Entity) -> Option<&str> {
        match entity {
            Entity::Card => self.card.as_deref(),
            Entity::Email => self.email.as_deref(),
            Entity::Ip => self.ip.as_deref(),
            Entity::Device => self.device.as_deref(),
            Entity::Account => self.account.as_deref(),
            Entity::Sku => self.sku.as_deref(),
            Entity::Licence => self.licence.as_deref(),
            Entity::Invoice => self.invoice.as_deref(),
            Entity::Bin => self.bin.as_deref(),
            Entity::Seller => self.seller.as_deref(),
            Entity::Wallet => self.wallet.as_deref(),
            _ => None, // made of other keys
        }
    }

    /// The keys, with that of the country the address is in. A wallet may mint a token for each
    /// attempt: there the payer it attests stands for the card, or four retries were four cards.
    pub(super) fn keys(
        &self,
        maker: &dyn KeyMaker,
        tenant: &TenantId,
        country: Option<Country>,
    ) -> EntityKeys {
        let of = |entity: Entity| Some(key(maker, tenant, entity.name(), self.get(entity)?));
        let by = |label: &str, value: &Option<String>| {
            value.as_ref().map(|value| key(maker, tenant, label, value))
        };
        let card = if self.is_minted { Entity::Wallet } else { Entity::Card };
        EntityKeys {
            card: self.card.as_ref().and_then(|_| of(card)),
            email: of(Entity::Email),
            ip: of(Entity::Ip),
            device: of(Entity::Device),
            account: of(Entity::Account),
            sku: of(Entity::Sku),
            licence: of(Entity::Licence),
            invoice: of(Entity::Invoice),
            bin: of(Entity::Bin),
            seller: of(Entity::Seller),
            wallet: of(Entity::Wallet),
            machine: by("machine", &self.machine),
            country: country.map(country_key),
            phone: by("phone", &self.phone),
            tenant: Some(key(maker, tenant, "tenant", tenant.as_str())),
        }
    }
}

/// The digits of a phone number, the same with `+44` and `0044`; `None` for too few to be one, and for
/// one digit over and over, which strangers type where a number is demanded.
fn digits(phone: &str) -> Option<String> {
    let all: String = phone.chars().filter(char::is_ascii_digit).collect();
    let digits = all.strip_prefix("00").unwrap_or(&all);
    let is_typed_blindly = digits.bytes().all(|digit| digits.bytes().next() == Some(digit));
    (digits.len() >= 7 && !is_typed_blindly).then(|| digits.to_owned())
}

/// The payer a wallet attests: a mailbox in one spelling, or what the wallet says. Two wallets may
/// give the same number to two people, so the wallet is part of it.
fn wallet(payment: &Payment) -> Option<String> {
    let text = payment.attested_payer.as_ref()?.as_str();
    let payer = canonical(text).map_or_else(|| text.to_owned(), |mailbox| mailbox.to_string());
    let wallet = payment.method.map_or("", PaymentMethod::word);
    Some(format!("{wallet} {payer}"))
}

fn only_sku(tx: &Transaction) -> Option<String> {
    let (first, rest) = tx.items.split_first()?;
    let sku = first.sku.as_ref()?;
    let same = rest.iter().all(|item| item.sku.as_ref() == Some(sku));
    same.then(|| sku.as_str().to_owned())
}
