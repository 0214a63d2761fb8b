//! Ledger entries of decisions and events, and the keyed hashes they are found by.

use super::identity::{Identities, KeyMaker};
use super::known::{ContentHash, IdHash};
use super::service::ScoreRequest;
use super::stored::{FORMAT, OpenDecision, OpenEvent, Report, SealedDecision, SealedEvent};
use crate::domain::{
    Decision, Event, EventKind, TenantId, Timestamp, Transaction, TransactionId, Warning,
};
use crate::features::Record;
use crate::ledger::{EntryKind, IndexKey, LookupField, LookupHash, NewEntry, SubjectHash, Summary};
use crate::reference::canonical;
use crate::velocity::{Entity, EntityKeys, Occurrence};
use sha2::{Digest, Sha256};

/// Keys of an engine without a ledger: plain hashes, since nothing of them is ever kept.
pub(super) struct FileKeys;

impl KeyMaker for FileKeys {
    fn hash(&self, tenant: &TenantId, label: &str, value: &str) -> [u8; 16] {
        let mut hash = Sha256::new();
        for part in [tenant.as_str(), "\0", label, "\0", value] {
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let (half, _) = digest.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
        *half
    }
}

/// Hash of a transaction's id; the decision is named after it.
pub(super) fn transaction_hash(tenant: &TenantId, id: &TransactionId) -> IdHash {
    FileKeys.hash(tenant, "transaction_id", id.as_str())
}

/// Hash of an event's id.
pub(super) fn event_hash(tenant: &TenantId, id: &str) -> IdHash {
    FileKeys.hash(tenant, "event_id", id)
}

/// Keyed hash of a content digest: without the key it can't be tried against guessed content.
pub(super) fn content_hash(
    keys: &dyn KeyMaker,
    tenant: &TenantId,
    digest: &[u8; 32],
) -> ContentHash {
    keys.hash(tenant, "content", &hex(digest))
}

/// Bytes as lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Sixteen bytes from hexadecimal; `None` for anything else.
pub(super) fn unhex(text: &str) -> Option<[u8; 16]> {
    let bytes = u128::from_str_radix(text, 16).ok()?.to_be_bytes();
    (text.len() == 32).then_some(bytes)
}

/// What a decision's entry is made of.
pub(super) struct DecisionParts<'a> {
    pub(super) keys_of: &'a dyn KeyMaker,
    pub(super) request: &'a ScoreRequest,
    pub(super) answer: &'a (Decision, Vec<Warning>),
    pub(super) record: &'a Record,
    pub(super) keys: EntityKeys,
    pub(super) occurrences: &'a [Occurrence],
    pub(super) content: &'a ContentHash,
}

/// The entry of a decision.
pub(super) fn decision(parts: &DecisionParts<'_>) -> NewEntry {
    let ScoreRequest { tenant, transaction: tx, received_at, .. } = parts.request;
    let (open_record, personal_record) = parts.record.split_personal();
    let (decision, arrival) = parts.answer;
    let open = OpenDecision {
        format: FORMAT,
        summary: summary(tx, decision),
        digest: hex(parts.content),
        keys: parts.keys,
        occurrences: parts.occurrences.to_vec(),
        decision: decision.clone(),
        record: open_record,
        arrival: arrival.clone(),
    };
    let sealed = SealedDecision { transaction: tx.clone(), record: personal_record };
    let identities = Identities::of(tx);
    let payment = tx.payment.as_ref();
    let reference = payment.and_then(|payment| payment.processor_reference.as_ref());
    let subscription = tx.subscription.as_ref().and_then(|plan| plan.id.as_ref());
    let named = [
        (LookupField::ProcessorReference, reference.map(|text| text.as_str())),
        (LookupField::Order, tx.order_id.as_ref().map(|id| id.as_str())),
        (LookupField::Seller, tx.seller_id.as_ref().map(|id| id.as_str())),
        (LookupField::Subscription, subscription.map(|id| id.as_str())),
    ];
    NewEntry {
        tenant: tenant.clone(),
        kind: EntryKind::Decision,
        id: tx.transaction_id.as_str().to_owned(),
        event_time: tx.event_time,
        received_at: received_at.unwrap_or(tx.event_time),
        subject: Some(subject(parts.keys_of, tenant, &identities, tx.transaction_id.as_str())),
        open: json(&open),
        personal: json(&sealed),
        lookups: lookups(parts.keys_of, tenant, &identities, &named),
    }
}

/// Most names of a payment by which a processor's message is found; there are two or three.
const MOST_PAYMENTS: usize = 16;

/// What an event's entry is made of.
pub(super) struct EventParts<'a> {
    pub(super) keys_of: &'a dyn KeyMaker,
    pub(super) tenant: &'a TenantId,
    pub(super) event: &'a Event,
    pub(super) report: Option<Report>,
    /// The person of the sale it is about, where that is known.
    pub(super) subject: Option<SubjectHash>,
    pub(super) received_at: Timestamp,
    pub(super) occurrences: &'a [Occurrence],
    pub(super) content: &'a ContentHash,
}

/// The entry of an event.
pub(super) fn event(parts: &EventParts<'_>) -> NewEntry {
    let EventParts { tenant, event, .. } = parts;
    let open = OpenEvent {
        format: FORMAT,
        summary: Summary {
            transaction_id: event.transaction_id.as_ref().map(ToString::to_string),
            order_id: event.order_id.as_ref().map(ToString::to_string),
            entry_type: Some(event.kind.word().to_owned()),
            amount: event.data.amount.map(|amount| amount.value()),
            currency: event.data.amount.map(|amount| amount.currency().code().to_owned()),
            ..Summary::default()
        },
        digest: hex(parts.content),
        occurrences: parts.occurrences.to_vec(),
        label: event.data.label,
        outcome: event.data.outcome,
    };
    let identities = Identities::of_event(event);
    let fallback = event.transaction_id.as_ref().map_or(event.event_id.as_str(), |id| id.as_str());
    let own_subject = || subject(parts.keys_of, tenant, &identities, fallback);
    let told = parts.report.as_ref().map(|report| &report.sale);
    let order = event.order_id.as_ref().or_else(|| told?.order_id.as_ref());
    let mut named = vec![
        (LookupField::Order, order.map(|id| id.as_str())),
        (LookupField::Dispute, event.dispute_id.as_ref().map(|id| id.as_str())),
        (LookupField::Subscription, event.subscription_id.as_ref().map(|id| id.as_str())),
    ];
    // Its sale may be recorded later, and whoever erases the buyer must find it.
    let payments = told.into_iter().flat_map(|sale| &sale.payment_references).take(MOST_PAYMENTS);
    named.extend(payments.map(|name| (LookupField::ProcessorReference, Some(name.as_str()))));
    let lookups = lookups(parts.keys_of, tenant, &identities, &named);
    NewEntry {
        tenant: (*tenant).clone(),
        kind: kind_of(event.kind),
        id: event.event_id.as_str().to_owned(),
        event_time: event.event_time,
        received_at: parts.received_at,
        subject: Some(parts.subject.unwrap_or_else(own_subject)),
        open: json(&open),
        personal: json(&SealedEvent { event: (*event).clone(), report: parts.report.clone() }),
        lookups,
    }
}

/// The kind of entry an event is kept as.
pub(super) fn kind_of(kind: EventKind) -> EntryKind {
    match kind {
        EventKind::Label => EntryKind::Label,
        EventKind::FraudWarning | EventKind::DisputeAlarm => EntryKind::Dispute,
        kind if kind.reports_dispute() => EntryKind::Dispute,
        _ => EntryKind::Event,
    }
}

/// The person an entry is about: the account, else the mailbox, else the card, else nobody else's.
fn subject(
    keys: &dyn KeyMaker,
    tenant: &TenantId,
    identities: &Identities,
    fallback: &str,
) -> SubjectHash {
    let known = [Entity::Account, Entity::Email, Entity::Card]
        .into_iter()
        .find_map(|entity| Some((entity.name(), identities.get(entity)?)));
    match known {
        Some((label, value)) => SubjectHash(keys.hash(tenant, &format!("subject.{label}"), value)),
        None => orphan_subject(keys, tenant, fallback),
    }
}

/// The subject of what names nobody: a subject for each transaction, or for an event that names none.
pub(super) fn orphan_subject(keys: &dyn KeyMaker, tenant: &TenantId, id: &str) -> SubjectHash {
    SubjectHash(keys.hash(tenant, "subject.transaction_id", id))
}

fn summary(tx: &Transaction, decision: &Decision) -> Summary {
    Summary {
        transaction_id: Some(tx.transaction_id.to_string()),
        order_id: tx.order_id.as_ref().map(ToString::to_string),
        entry_type: Some(tx.kind.word().to_owned()),
        action: Some(decision.action.word().to_owned()),
        risk_score: decision.risk_score,
        amount: tx.amount.map(|amount| amount.value()),
        currency: tx.amount.map(|amount| amount.currency().code().to_owned()),
    }
}

/// The values of entities by which an entry is found.
const ENTITIES: [(LookupField, Entity); 6] = [
    (LookupField::Card, Entity::Card),
    (LookupField::Email, Entity::Email),
    (LookupField::Ip, Entity::Ip),
    (LookupField::Device, Entity::Device),
    (LookupField::Account, Entity::Account),
    (LookupField::Licence, Entity::Licence),
];

fn lookups(
    keys: &dyn KeyMaker,
    tenant: &TenantId,
    identities: &Identities,
    named: &[(LookupField, Option<&str>)],
) -> Vec<(LookupField, LookupHash)> {
    let entities = ENTITIES.iter().map(|(field, entity)| (*field, identities.get(*entity)));
    let known = entities.chain(named.iter().copied());
    known
        .filter_map(|(field, value)| {
            Some((field, LookupHash(keys.hash(tenant, field.word(), value?))))
        })
        .collect()
}

/// The hash by which entries with a value are found: of the same normal form they are kept under.
pub fn lookup(keys: &IndexKey, tenant: &TenantId, field: LookupField, value: &str) -> LookupHash {
    let normal = match field {
        LookupField::Email => canonical(value).map(|address| address.to_string()),
        LookupField::Ip => {
            value.parse().ok().map(|ip: std::net::IpAddr| ip.to_canonical().to_string())
        }
        _ => None,
    };
    keys.lookup(tenant, field, normal.as_deref().unwrap_or(value))
}

/// Serialises a part. Our own types always can be; an empty part would be caught on reading.
fn json(part: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2048);
    let written = serde_json::to_writer(&mut bytes, part);
    debug_assert!(written.is_ok());
    bytes
}
