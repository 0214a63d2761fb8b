//! Reading back what was decided and what happened since.

use super::counted;
use super::entry::{self, unhex};
use super::error::{EngineError, StoredError};
use super::identity;
use super::known::{Known, SaleRef, Sent};
use super::service::Engine;
use super::stored::{
    self, OpenAnswer, OpenDecision, OpenEvent, OpenSale, SealedDecision, SealedEvent,
};
use crate::domain::{
    Decision, Durability, Event, EventKind, LabelClass, Outcome, TenantId, Transaction,
    TransactionId, TransactionKind, Warning,
};
use crate::features::{Record, Value, fields as f};
use crate::input;
use crate::ledger::{EntryKind, LedgerError, Personal, Position, StoredEntry};

/// A decision read back from the ledger.
#[derive(Debug, Clone)]
pub struct StoredDecision {
    /// Its place in the ledger.
    pub sequence: u64,
    /// Whose it is.
    pub tenant: TenantId,
    /// The decision as it was answered.
    pub decision: Decision,
    /// Warnings about the arrival.
    pub arrival: Vec<Warning>,
    /// The record it rests on; without its personal fields once the person was erased.
    pub record: Record,
    /// The transaction as it came; `None` once the person was erased.
    pub transaction: Option<Transaction>,
    /// True when the personal part is gone.
    pub erased: bool,
}

impl Engine {
    /// Finds a decision by its own name or by its transaction's.
    ///
    /// # Errors
    /// The ledger can't be read.
    pub fn find_decision(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<(Decision, Vec<Warning>, Durability)>, EngineError> {
        let by_name = id.strip_prefix("d-").and_then(unhex);
        let by_transaction =
            TransactionId::new(id).ok().map(|id| entry::transaction_hash(tenant, &id));
        for hash in [by_name, by_transaction].into_iter().flatten() {
            let found = match self.known.get(&hash) {
                Some(Known::Flying(flight)) => flight
                    .answer
                    .as_ref()
                    .map(|answer| (answer.0.clone(), answer.1.clone(), flight.durability())),
                Some(Known::Kept { position, .. }) => {
                    let Some(answer) = self.answer_of(tenant, position)? else { continue };
                    Some((answer.0, answer.1, self.durability))
                }
                Some(Known::Unkept { .. }) | None => None,
            };
            // A name is no access right: the decision must be this tenant's.
            let own = |d: &Decision| entry::transaction_hash(tenant, &d.transaction_id) == hash;
            if let Some(found) = found.filter(|(decision, ..)| own(decision)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The decision at a position and the warnings it was answered with; `None` where an event lies
    /// there, or another tenant's entry.
    pub(super) fn answer_of(
        &self,
        tenant: &TenantId,
        position: Position,
    ) -> Result<Option<(Decision, Vec<Warning>)>, EngineError> {
        let ledger = self.ledger.as_ref().ok_or_else(|| LedgerError::Closed)?;
        let entry = ledger.read(position)?;
        if entry.kind != EntryKind::Decision || entry.tenant != *tenant {
            return Ok(None);
        }
        let OpenAnswer { decision, arrival } = stored::read(&entry.open).map_err(at(&entry))?;
        Ok(Some((decision, arrival)))
    }

    /// The stored decision at a position.
    ///
    /// # Errors
    /// The ledger can't be read, or the record there is none of this version's.
    pub fn stored_decision(&self, position: Position) -> Result<StoredDecision, EngineError> {
        let ledger = self.ledger.as_ref().ok_or_else(|| LedgerError::Closed)?;
        read_decision(&ledger.read(position)?)
    }

    /// The stored decision on a transaction; `None` for an unknown one, and until it is written.
    ///
    /// # Errors
    /// As [`Engine::stored_decision`].
    pub(super) fn kept_decision(
        &self,
        tenant: &TenantId,
        id: &TransactionId,
    ) -> Result<Option<StoredDecision>, EngineError> {
        match self.known.get(&entry::transaction_hash(tenant, id)) {
            Some(Known::Kept { position, .. }) => self.stored_decision(position).map(Some),
            _ => Ok(None),
        }
    }

    /// The entities of the decision at a position, and the person its entry is about.
    pub(super) fn stored_sale(&self, position: Position) -> Result<SaleRef, EngineError> {
        let ledger = self.ledger.as_ref().ok_or_else(|| LedgerError::Closed)?;
        let stored = ledger.read(position)?;
        let sale: OpenSale<'_> = stored::read(&stored.open).map_err(at(&stored))?;
        let [kind, amount] = sale.values([f::TYPE, f::AMOUNT_EUR]).map_err(at(&stored))?;
        let (keys, kind) = (sale.keys, kind_by(&kind));
        let amount = match amount {
            Value::Decimal(amount) => counted::cents(amount),
            _ => None,
        };
        let id = TransactionId::new(&stored.id).map_err(|e| at(&stored)(StoredError::Id(e)))?;
        let id = identity::sale_key(&entry::transaction_hash(&stored.tenant, &id));
        let at = stored.event_time;
        Ok(SaleRef { id, keys, at, kind, amount, subject: stored.subject })
    }

    /// Where a repeated transaction differs from the one known; `None` when that can't be read.
    pub(super) fn first_difference(&self, tx: &Transaction, known: &Known) -> Option<String> {
        match known {
            Known::Flying(flight) => match &flight.sent {
                Sent::Transaction(sent) => input::first_difference(sent, tx),
                Sent::Event(_) => None,
            },
            Known::Kept { position, .. } => {
                let stored = self.stored_decision(*position).ok()?;
                input::first_difference(&stored.transaction?, tx)
            }
            Known::Unkept { .. } => None,
        }
    }

    /// The same for an event.
    pub(super) fn first_event_difference(&self, event: &Event, known: &Known) -> Option<String> {
        match known {
            Known::Flying(flight) => match &flight.sent {
                Sent::Event(sent) => input::first_event_difference(sent, event),
                Sent::Transaction(_) => None,
            },
            Known::Kept { position, .. } => {
                let entry = self.ledger.as_ref()?.read(*position).ok()?;
                input::first_event_difference(&read_event(&entry).ok()??, event)
            }
            Known::Unkept { .. } => None,
        }
    }
}

/// Reads a decision's entry, sealed part included.
///
/// # Errors
/// The key file can't be read, or the entry is none of this version's.
pub fn read_decision(stored: &StoredEntry) -> Result<StoredDecision, EngineError> {
    let open: OpenDecision = stored::read(&stored.open).map_err(at(stored))?;
    let mut record = open.record;
    let (transaction, erased) = match stored.personal()? {
        Personal::Readable(bytes) => {
            let sealed: SealedDecision =
                serde_json::from_slice(&bytes).map_err(|e| at(stored)(e.into()))?;
            record.merge(sealed.record);
            (Some(sealed.transaction), false)
        }
        Personal::Erased => (None, true),
        Personal::None => (None, false),
    };
    Ok(StoredDecision {
        sequence: stored.sequence,
        tenant: stored.tenant.clone(),
        decision: open.decision,
        arrival: open.arrival,
        record,
        transaction,
        erased,
    })
}

/// Reads the open part of a decision's entry: the decision and the record without personal fields,
/// which outlive an erasure.
///
/// # Errors
/// The entry is none of this version's.
pub fn read_open_decision(stored: &StoredEntry) -> Result<(Decision, Record), EngineError> {
    let open: OpenDecision = stored::read(&stored.open).map_err(at(stored))?;
    Ok((open.decision, open.record))
}

/// True for the record of a payment attempt.
pub fn is_payment(record: &Record) -> bool {
    kind_of(record).is_some_and(TransactionKind::is_payment)
}

/// What was scored, by its record.
pub(super) fn kind_of(record: &Record) -> Option<TransactionKind> {
    kind_by(record.get(f::TYPE))
}

fn kind_by(value: &Value) -> Option<TransactionKind> {
    match value {
        Value::Text(word) => TransactionKind::from_word(word),
        _ => None,
    }
}

/// Reads an event's entry; `None` once the person was erased.
///
/// # Errors
/// The key file can't be read, or the entry is none of this version's.
pub fn read_event(stored: &StoredEntry) -> Result<Option<Event>, EngineError> {
    Ok(read_sealed_event(stored)?.map(|sealed| sealed.event))
}

/// What an event says of its sale without naming anybody; outlives an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFacts {
    /// What happened.
    pub kind: EventKind,
    /// The transaction it is about.
    pub transaction_id: Option<TransactionId>,
    /// What the sale was said to be, of a `label`.
    pub label: Option<LabelClass>,
    /// How it ended, of an `auth.result` and others that end.
    pub outcome: Option<Outcome>,
}

impl EventFacts {
    /// The facts of an event at hand.
    pub fn of(event: &Event) -> Self {
        Self {
            kind: event.kind,
            transaction_id: event.transaction_id.clone(),
            label: event.data.label,
            outcome: event.data.outcome,
        }
    }
}

/// Reads the open part of an event's entry; `None` for an entry that is none.
///
/// # Errors
/// The entry is none of this version's.
pub fn read_open_event(stored: &StoredEntry) -> Result<Option<EventFacts>, EngineError> {
    if stored.kind == EntryKind::Decision || stored.kind == EntryKind::Admin {
        return Ok(None);
    }
    let OpenEvent { summary, label, outcome, .. } =
        stored::read(&stored.open).map_err(at(stored))?;
    let Some(kind) = summary.entry_type.as_deref().and_then(EventKind::from_word) else {
        return Ok(None);
    };
    let transaction_id = summary.transaction_id.and_then(|id| TransactionId::new(&id).ok());
    Ok(Some(EventFacts { kind, transaction_id, label, outcome }))
}

pub(super) fn read_sealed_event(stored: &StoredEntry) -> Result<Option<SealedEvent>, EngineError> {
    if stored.kind == EntryKind::Decision || stored.kind == EntryKind::Admin {
        return Ok(None);
    }
    match stored.personal()? {
        Personal::Readable(bytes) => {
            let sealed: SealedEvent =
                serde_json::from_slice(&bytes).map_err(|error| at(stored)(error.into()))?;
            Ok(Some(sealed))
        }
        Personal::Erased | Personal::None => Ok(None),
    }
}

pub(super) fn at(stored: &StoredEntry) -> impl Fn(StoredError) -> EngineError {
    let sequence = stored.sequence;
    move |source| EngineError::Stored { sequence, source }
}
