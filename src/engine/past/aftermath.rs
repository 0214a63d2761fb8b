//! What was said of sales after they were decided on.

use crate::domain::{Event, EventKind, LabelClass, Outcome, Timestamp, TransactionId};
use crate::engine::{EngineError, EventFacts, read_open_event};
use crate::ledger::StoredEntry;
use std::collections::HashMap;

/// Labels and refusals by sale. Of several labels the one that arrived last stands.
#[derive(Debug, Default)]
pub struct Aftermath {
    told: HashMap<TransactionId, Told>,
    until: Option<Timestamp>,
}

/// What was said of one sale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) label: Option<(LabelClass, Timestamp)>,
    /// Another control or the issuer refused it.
    pub(super) refused: bool,
}

impl Aftermath {
    /// Takes note of a time: ages are counted from the latest.
    pub fn passes(&mut self, at: Timestamp) {
        self.until = self.until.max(Some(at));
    }

    /// Takes note of what a sale was said to be, known from `known_at` on.
    pub fn label(&mut self, id: TransactionId, class: LabelClass, known_at: Timestamp) {
        self.passes(known_at);
        let told = self.told.entry(id).or_default();
        if told.label.is_none_or(|(_, before)| before <= known_at) {
            told.label = Some((class, known_at));
        }
    }

    /// Takes note of an event.
    pub fn event(&mut self, event: &Event) {
        self.passes(event.event_time);
        self.note(EventFacts::of(event), event.event_time);
    }

    /// Takes note of an event's entry.
    ///
    /// # Errors
    /// The entry is none of this version's.
    pub fn entry(&mut self, entry: &StoredEntry) -> Result<(), EngineError> {
        self.passes(entry.event_time);
        if let Some(event) = read_open_event(entry)? {
            self.note(event, entry.event_time.max(entry.received_at));
        }
        Ok(())
    }

    fn note(&mut self, event: EventFacts, known_at: Timestamp) {
        let Some(id) = event.transaction_id else { return };
        match (event.kind, event.label, event.outcome) {
            (EventKind::Label, Some(class), _) => self.label(id, class, known_at),
            (EventKind::PaymentBlocked, ..)
            | (EventKind::AuthResult, _, Some(Outcome::Declined | Outcome::Unavailable)) => {
                self.told.entry(id).or_default().refused = true;
            }
            _ => {}
        }
    }

    pub(super) fn of(&self, id: &TransactionId) -> Told {
        self.told.get(id).copied().unwrap_or_default()
    }

    /// The latest time of anything told.
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Sales something was said of.
    pub fn len(&self) -> usize {
        self.told.len()
    }

    /// True before anything was said.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }
}
