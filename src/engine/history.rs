//! Keys of a transaction's entities, and what their history says.

use crate::domain::{HOUR_MS, Loose, TenantId, Timestamp, Transaction};
use crate::features::{FieldId, Record, Value, fields as f};
use crate::reference::canonical;
use crate::velocity::{Entity, EntityKey, EntityKeys, EntityView, Signal, Velocity, Window};
use rust_decimal::Decimal;

/// Makes the keyed hash of (tenant, label, value): the only form in which history knows a person.
pub trait KeyMaker {
    /// The first 16 bytes of the keyed hash.
    fn hash(&self, tenant: &TenantId, label: &str, value: &str) -> [u8; 16];

    /// A history key: the first half of the hash.
    fn entity_key(&self, tenant: &TenantId, entity: Entity, value: &str) -> EntityKey {
        let hash = self.hash(tenant, entity.name(), value);
        let (half, _) = hash.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        EntityKey(u64::from_be_bytes(*half))
    }
}

/// The values entities are known by: canonical, so that one mailbox or address has one history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Identities {
    pub(super) card: Option<String>,
    pub(super) email: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) device: Option<String>,
    pub(super) account: Option<String>,
}

impl Identities {
    pub(super) fn of(tx: &Transaction) -> Self {
        let account = tx.account.as_ref();
        let device = tx.device.as_ref();
        let ip = device.and_then(|d| d.ip.as_ref()).and_then(Loose::valid);
        let address = account.and_then(|a| a.email.as_ref());
        Self {
            card: tx.card.as_ref().and_then(|c| c.fingerprint.as_ref()).map(ToString::to_string),
            email: address.and_then(|e| canonical(e.as_str())).map(|e| e.to_string()),
            ip: ip.map(|ip| ip.to_canonical().to_string()),
            device: device.and_then(|d| d.device_id.as_ref()).map(ToString::to_string),
            account: account.and_then(|a| a.id.as_ref()).map(ToString::to_string),
        }
    }

    pub(super) fn get(&self, entity: Entity) -> Option<&str> {
        match entity {
            Entity::Card => self.card.as_deref(),
            Entity::Email => self.email.as_deref(),
            Entity::Ip => self.ip.as_deref(),
            Entity::Device => self.device.as_deref(),
            Entity::Account => self.account.as_deref(),
        }
    }

    pub(super) fn keys(&self, maker: &dyn KeyMaker, tenant: &TenantId) -> EntityKeys {
        let key = |entity| Some(maker.entity_key(tenant, entity, self.get(entity)?));
        EntityKeys {
            card: key(Entity::Card),
            email: key(Entity::Email),
            ip: key(Entity::Ip),
            device: key(Entity::Device),
            account: key(Entity::Account),
        }
    }
}

/// What a field reads from an entity's view.
#[derive(Clone, Copy)]
enum Measure {
    Count(Signal),
    Sum,
    Distinct(Entity),
}

use Entity::{Account, Card, Device, Email, Ip};
use Measure::{Count, Distinct, Sum};
use Signal::{Approved, Attempt, Declined};
use Window::{D1, D7, D30, D90, H1, M1};

/// Which field reads what; one row for each window feature of the catalogue.
const READINGS: &[(FieldId, Entity, Measure, Window)] = &[
    (f::CARD_TX_COUNT_1H, Card, Count(Attempt), H1),
    (f::CARD_TX_COUNT_1D, Card, Count(Attempt), D1),
    (f::CARD_DECLINED_COUNT_1D, Card, Count(Declined), D1),
    (f::CARD_AMOUNT_EUR_SUM_1D, Card, Sum, D1),
    (f::CARD_DISTINCT_EMAILS_7D, Card, Distinct(Email), D7),
    (f::CARD_DISTINCT_IPS_1D, Card, Distinct(Ip), D1),
    (f::EMAIL_TX_COUNT_1D, Email, Count(Attempt), D1),
    (f::EMAIL_DISTINCT_CARDS_7D, Email, Distinct(Card), D7),
    (f::IP_TX_COUNT_1M, Ip, Count(Attempt), M1),
    (f::IP_TX_COUNT_1H, Ip, Count(Attempt), H1),
    (f::IP_DECLINED_COUNT_1H, Ip, Count(Declined), H1),
    (f::IP_DISTINCT_CARDS_1H, Ip, Distinct(Card), H1),
    (f::IP_DISTINCT_CARDS_1D, Ip, Distinct(Card), D1),
    (f::IP_DISTINCT_ACCOUNTS_1D, Ip, Distinct(Account), D1),
    (f::DEVICE_TX_COUNT_1H, Device, Count(Attempt), H1),
    (f::DEVICE_DECLINED_COUNT_1D, Device, Count(Declined), D1),
    (f::DEVICE_DISTINCT_CARDS_1D, Device, Distinct(Card), D1),
    (f::DEVICE_DISTINCT_ACCOUNTS_30D, Device, Distinct(Account), D30),
    (f::ACCOUNT_TX_COUNT_1H, Account, Count(Attempt), H1),
    (f::ACCOUNT_TX_COUNT_30D, Account, Count(Attempt), D30),
    (f::ACCOUNT_DECLINED_COUNT_1D, Account, Count(Declined), D1),
    (f::ACCOUNT_AMOUNT_EUR_SUM_30D, Account, Sum, D30),
    (f::ACCOUNT_APPROVED_COUNT_90D, Account, Count(Approved), D90),
    (f::ACCOUNT_DISTINCT_CARDS_7D, Account, Distinct(Card), D7),
    (f::ACCOUNT_DISTINCT_DEVICES_30D, Account, Distinct(Device), D30),
];

/// Reads the history of every entity that is present, before the transaction itself is recorded.
pub(super) fn read(velocity: &dyn Velocity, keys: &EntityKeys, at: Timestamp, record: &mut Record) {
    let views = Entity::ALL.map(|entity| Some(velocity.view(entity, keys.get(entity)?, at)));
    let view = |entity: Entity| views.get(entity as usize).and_then(Option::as_ref);
    for (field, entity, measure, window) in READINGS {
        if let Some(view) = view(*entity) {
            record.set(*field, reading(view, *measure, *window));
        }
    }
    for (field, entity) in [(f::ACCOUNT_FIRST_SEEN_H, Account), (f::CARD_FIRST_SEEN_H, Card)] {
        let first_seen = view(entity).and_then(EntityView::first_seen);
        record.set(field, first_seen.map_or(Value::Missing, |first| hours(at, first)));
    }
}

fn reading(view: &EntityView, measure: Measure, window: Window) -> Value {
    match measure {
        Count(signal) => view.count(signal, window).into(),
        Sum => Decimal::new(view.sum(window), 2).into(),
        Distinct(of) => view.distinct(of, window).into(),
    }
}

/// Hours from `earlier` to `later`; negative when they are the other way round.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of two centuries fit 53 bits")]
pub(super) fn hours(later: Timestamp, earlier: Timestamp) -> Value {
    Value::float(later.millis_since(earlier) as f64 / HOUR_MS as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::FIELDS;

    #[test]
    fn every_window_feature_reads_what_its_name_says() {
        for (field, entity, measure, window) in READINGS {
            let what = match measure {
                Count(Attempt) => "tx_count".to_owned(),
                Count(signal) => format!("{}_count", signal.name()),
                Sum => "amount_eur_sum".to_owned(),
                Distinct(of) => format!("distinct_{}s", of.name()),
            };
            let name = format!("{}_{what}_{}", entity.name(), window.name());
            assert_eq!(field.field().name, name);
            assert_eq!(field.field().window, window.name());
        }
        let windowed = FIELDS.iter().filter(|field| !field.window.is_empty()).count();
        assert_eq!(READINGS.len(), windowed);
    }
}
