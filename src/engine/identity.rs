//! Keys of a transaction's and an event's entities.

use crate::domain::{Country, Event, Loose, TenantId, Transaction};
use crate::reference::canonical;
use crate::velocity::{Entity, EntityKey, EntityKeys};

/// Makes the keyed hash of (tenant, label, value): the only form in which history knows a person.
pub trait KeyMaker {
    /// The first 16 bytes of the keyed hash.
    fn hash(&self, tenant: &TenantId, label: &str, value: &str) -> [u8; 16];
}

/// A history key: the first half of the hash.
fn key(maker: &dyn KeyMaker, tenant: &TenantId, label: &str, value: &str) -> EntityKey {
    let hash = maker.hash(tenant, label, value);
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
    pub(super) machine: Option<String>,
}

impl Identities {
    pub(super) fn of(tx: &Transaction) -> Self {
        let account = tx.account.as_ref();
        let device = tx.device.as_ref();
        let ip = device.and_then(|d| d.ip.as_ref()).and_then(Loose::valid);
        let address = account.and_then(|a| a.email.as_ref());
        let licence = tx.fulfilment.as_ref().and_then(|f| f.licence_key.as_ref());
        let invoice = tx.payment.as_ref().and_then(|p| p.invoice_id.as_ref());
        Self {
            card: tx.card.as_ref().and_then(|c| c.fingerprint.as_ref()).map(ToString::to_string),
            email: address.and_then(|e| canonical(e.as_str())).map(|e| e.to_string()),
            ip: ip.map(|ip| ip.to_canonical().to_string()),
            device: device.and_then(|d| d.device_id.as_ref()).map(ToString::to_string),
            account: account.and_then(|a| a.id.as_ref()).map(ToString::to_string),
            sku: only_sku(tx),
            licence: licence.map(ToString::to_string),
            invoice: invoice.map(ToString::to_string),
            machine: None,
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
            Entity::CardOnAccount | Entity::DeviceOnAccount => None,
        }
    }

    /// The keys, with that of the country the address is in.
    pub(super) fn keys(
        &self,
        maker: &dyn KeyMaker,
        tenant: &TenantId,
        country: Option<Country>,
    ) -> EntityKeys {
        let of = |entity: Entity| Some(key(maker, tenant, entity.name(), self.get(entity)?));
        EntityKeys {
            card: of(Entity::Card),
            email: of(Entity::Email),
            ip: of(Entity::Ip),
            device: of(Entity::Device),
            account: of(Entity::Account),
            sku: of(Entity::Sku),
            licence: of(Entity::Licence),
            invoice: of(Entity::Invoice),
            machine: self.machine.as_ref().map(|value| key(maker, tenant, "machine", value)),
            country: country.map(country_key),
        }
    }
}

fn only_sku(tx: &Transaction) -> Option<String> {
    let (first, rest) = tx.items.split_first()?;
    let sku = first.sku.as_ref()?;
    let same = rest.iter().all(|item| item.sku.as_ref() == Some(sku));
    same.then(|| sku.as_str().to_owned())
}
