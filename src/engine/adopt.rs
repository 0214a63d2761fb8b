//! Decisions and events of another ledger, taken over as they are.
//!
//! Nothing is decided again; a decision keeps its record, its versions and its time. What it counts in
//! history is worked out from the transaction, since the other ledger's keyed hashes mean nothing here.

use super::error::EngineError;
use super::identity::Identities;
use super::keeping::Vacancy;
use super::known::SaleRef;
use super::query::read_sealed_event;
use super::service::{Begun, Decided, Engine, ScoreRequest};
use super::stored::{Report, SealedEvent};
use super::{counted, entry, guard};
use crate::domain::{Decision, Event, Loose, TenantId, Timestamp, Transaction, Warning};
use crate::features::{Record, Value, fields as f};
use crate::input;
use crate::ledger::StoredEntry;

/// An event with the processor's message it was read from, where there was one.
#[derive(Debug)]
pub struct ToldEvent(SealedEvent);

impl ToldEvent {
    /// The event.
    pub fn event(&self) -> &Event {
        &self.0.event
    }

    /// The processor's message and the case it shows, as JSON.
    pub fn report_json(&self) -> Option<String> {
        serde_json::to_string(self.0.report.as_ref()?).ok()
    }
}

/// Reads an event's entry with its message; `None` once the person was erased.
///
/// # Errors
/// The key file can't be read, or the entry is none of this version's.
pub fn read_told_event(stored: &StoredEntry) -> Result<Option<ToldEvent>, EngineError> {
    Ok(read_sealed_event(stored)?.map(ToldEvent))
}

/// Something to take over.
#[derive(Debug)]
pub struct Adopted(What);

#[derive(Debug)]
enum What {
    Decision(Box<(Transaction, Decision, Record, Vec<Warning>)>),
    Event(Box<SealedEvent>),
}

/// Why something can't be taken over.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// Not the JSON it should be, or a record this version can't read.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A decision about another transaction.
    #[error("the decision is about `{decided}`, the transaction is `{given}`")]
    Mismatch {
        /// The decision's transaction.
        decided: String,
        /// The one beside it.
        given: String,
    },
}

impl Adopted {
    /// A decision, the warnings about its arrival, its record and its transaction, each as JSON.
    ///
    /// # Errors
    /// One of them can't be read, or they do not belong together.
    pub fn decision(
        decision: &str,
        arrival: &str,
        record: &str,
        transaction: &str,
    ) -> Result<Self, AdoptError> {
        let decision: Decision = serde_json::from_str(decision)?;
        let transaction: Transaction = serde_json::from_str(transaction)?;
        if decision.transaction_id != transaction.transaction_id {
            let decided = decision.transaction_id.to_string();
            return Err(AdoptError::Mismatch {
                decided,
                given: transaction.transaction_id.to_string(),
            });
        }
        let record: Record = serde_json::from_str(record)?;
        let arrival = serde_json::from_str(arrival)?;
        Ok(Self(What::Decision(Box::new((transaction, decision, record, arrival)))))
    }

    /// An event and its message, each as JSON.
    ///
    /// # Errors
    /// One of them can't be read.
    pub fn event(event: &str, report: Option<&str>) -> Result<Self, AdoptError> {
        let event = serde_json::from_str(event)?;
        let report: Option<Report> = report.map(serde_json::from_str).transpose()?;
        Ok(Self(What::Event(Box::new(SealedEvent { event, report }))))
    }
}

impl Engine {
    /// Keeps what another ledger held, as of the time it arrived there.
    ///
    /// # Errors
    /// A card number, an id that is known with other content, or a ledger that takes nothing now.
    pub fn adopt(
        &self,
        tenant: &TenantId,
        adopted: Adopted,
        received_at: Timestamp,
    ) -> Result<Begun, EngineError> {
        match adopted.0 {
            What::Event(told) => self.record(tenant, &told.event, told.report, Some(received_at)),
            What::Decision(parts) => {
                let (transaction, decision, record, arrival) = *parts;
                let request = ScoreRequest {
                    tenant: tenant.clone(),
                    transaction,
                    warnings: Vec::new(),
                    received_at: Some(received_at),
                };
                self.adopt_decision(request, decision, record, arrival)
            }
        }
    }

    fn adopt_decision(
        &self,
        mut request: ScoreRequest,
        decision: Decision,
        record: Record,
        arrival: Vec<Warning>,
    ) -> Result<Begun, EngineError> {
        let tables = self.snapshot().reference.clone();
        guard::transaction(&mut request.transaction, &tables)?;
        let tx = &request.transaction;
        let digest = input::canonical_digest(tx);
        let content = entry::content_hash(self.keys.as_ref(), &request.tenant, &digest);
        let id = entry::transaction_hash(&request.tenant, &tx.transaction_id);
        let place = match self.known.entry(id) {
            dashmap::Entry::Occupied(place) => {
                let known = place.get().clone();
                drop(place);
                return self.repeat(&request, &known, &content);
            }
            dashmap::Entry::Vacant(place) => place,
        };
        let country = match record.get(f::IP_COUNTRY) {
            Value::Country(country) => Some(*country),
            _ => None,
        };
        let keys = Identities::of(tx).keys(self.keys.as_ref(), &request.tenant, country);
        let sale = SaleRef::decided(&request.tenant, tx, keys, &record);
        let ip = tx.device.as_ref().and_then(|d| d.ip.as_ref()).and_then(Loose::valid);
        let at = ip.and_then(|ip| counted::place(&tables, *ip));
        let occurrences = self.counted(tx, &decision, &sale, at);
        let decided = Decided { record, sale, decision, undecided: Vec::new(), occurrences };
        Ok(self.keep(Vacancy { place, id, content }, request, decided, arrival))
    }
}
