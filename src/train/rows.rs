//! From lines of a file, or entries of the ledger, to labelled rows: through the one pipeline.
//!
//! A file's lines go through the engine in their order, exactly as a server would have seen them.
//! The ledger's records are taken as they were stored; nothing is computed again. Of decisions and
//! events the open part alone is read, so an erased person's sales and labels still teach; the sealed part
//! too where members of `custom` are features.
//!
//! A label that a table gives with its row is told to the engine at the time it became known, between
//! the rows that came before and after: the history then knows what a server would have known.
//!
//! A payment told after something later (by more than [`MAX_AHEAD_MS`]) was scored with a history that
//! knew its future: it counts for those after it, and is no row.
//!
//! A payment that was refused, by us, by another control or by the issuer, and of which nothing is
//! said has no outcome: it is left out, or it would pass for a good one.

use super::dataset::{CustomFeature, Dataset, Label, LabelledRecord};
use crate::domain::{
    Action, Event, EventData, EventId, EventKind, LabelClass, Outcome, TenantId, Timestamp,
    Transaction, TransactionId, Warning,
};
use crate::engine::{
    Engine, EngineError, EventFacts, MAX_AHEAD_MS, ScoreRequest, read_decision, read_open_decision,
    read_open_event,
};
use crate::ledger::{EntryKind, StoredEntry};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// Collects rows and, as they come, what is said of them.
#[derive(Debug)]
pub struct Rows {
    tenant: TenantId,
    data: Dataset,
    of: HashMap<TransactionId, usize>,
    refused: Vec<bool>,
    unknown: usize,
    latest: Option<Timestamp>,
    late: usize,
    /// Labels of rows that were not yet known, the earliest on top.
    to_come: BinaryHeap<Reverse<(Timestamp, TransactionId, LabelClass)>>,
    told: usize,
}

impl Default for Rows {
    fn default() -> Self {
        Self::of(TenantId::default_tenant())
    }
}

impl Rows {
    /// No rows yet; those of other tenants will be passed over.
    pub fn of(tenant: TenantId) -> Self {
        Self {
            tenant,
            data: Dataset::default(),
            of: HashMap::new(),
            refused: vec![],
            unknown: 0,
            latest: None,
            late: 0,
            to_come: BinaryHeap::new(),
            told: 0,
        }
    }

    /// The same, with members of `custom` as features. They lie sealed in the ledger, so a sale of an
    /// erased person has none of them any more.
    #[must_use]
    pub fn with_custom(self, features: &[CustomFeature]) -> Self {
        Self { data: Dataset::with_custom(features), ..self }
    }

    /// Scores one transaction of a file and adds its row if it is a payment.
    ///
    /// # Errors
    /// As [`Engine::begin`]: a card number, a repeated or conflicting id.
    pub fn transaction(
        &mut self,
        engine: &Engine,
        transaction: Transaction,
        warnings: Vec<Warning>,
        label: Option<Label>,
    ) -> Result<(), EngineError> {
        let (id, event_time) = (transaction.transaction_id.clone(), transaction.event_time);
        let is_payment = transaction.kind.is_payment();
        let tenant = self.tenant.clone();
        self.tell(engine, event_time)?;
        let begun =
            engine.begin(ScoreRequest { tenant, transaction, warnings, received_at: None })?;
        let declined = begun.answer.is_some_and(|answer| answer.0.action == Action::Decline);
        let in_time = self.passes(event_time);
        if let (true, Some(record)) = (is_payment, begun.record) {
            if !in_time {
                self.late += 1;
                return Ok(());
            }
            let row =
                LabelledRecord { record: *record, event_time, labels: label.into_iter().collect() };
            // One label a row, so `legitimate` corrects nothing and moves no history.
            let telling = label.filter(|label| label.class != LabelClass::Legitimate);
            if let Some(Label { class, known_at: Some(at) }) = telling {
                self.to_come.push(Reverse((at, id.clone(), class)));
            }
            self.add(id, &row, declined);
        }
        Ok(())
    }

    /// Tells the engine the labels that were known before `now`.
    fn tell(&mut self, engine: &Engine, now: Timestamp) -> Result<(), EngineError> {
        while self.to_come.peek().is_some_and(|Reverse((at, ..))| *at < now) {
            let Some(Reverse((at, id, class))) = self.to_come.pop() else { break };
            self.told += 1;
            // INVARIANT: so short a text is a name.
            if let Ok(name) = EventId::new(&format!("label-of-a-row-{}", self.told)) {
                engine.record_event(&self.tenant, &label_event(name, at, id, class), None)?;
            }
        }
        Ok(())
    }

    /// Records one event of a file: the issuer's answers move the history, labels reach their rows.
    ///
    /// # Errors
    /// As [`Engine::record_event`].
    pub fn event(&mut self, engine: &Engine, event: &Event) -> Result<(), EngineError> {
        self.tell(engine, event.event_time)?;
        engine.record_event(&self.tenant, event, None)?;
        self.passes(event.event_time);
        self.note(&EventFacts::of(event), event.event_time);
        Ok(())
    }

    /// Adds one entry of the ledger: a decision's row, or what an event says of one.
    ///
    /// # Errors
    /// The entry is none of this version's.
    pub fn entry(&mut self, entry: &StoredEntry) -> Result<(), EngineError> {
        if entry.tenant != self.tenant {
            return Ok(());
        }
        let in_time = self.passes(entry.event_time);
        if entry.kind != EntryKind::Decision {
            if let Some(event) = read_open_event(entry)? {
                self.note(&event, entry.event_time.max(entry.received_at));
            }
            return Ok(());
        }
        let (decision, record) = if self.data.reads_custom() {
            let stored = read_decision(entry)?;
            (stored.decision, stored.record)
        } else {
            read_open_decision(entry)?
        };
        if crate::engine::is_payment(&record) {
            if !in_time {
                self.late += 1;
                return Ok(());
            }
            let declined = decision.action == Action::Decline;
            let row = LabelledRecord { record, event_time: entry.event_time, labels: Vec::new() };
            self.add(decision.transaction_id, &row, declined);
        }
        Ok(())
    }

    /// The rows that have an outcome; the others are counted in [`Dataset::refused`].
    pub fn finish(mut self) -> Dataset {
        let keep: Vec<bool> = (0..self.data.len())
            .map(|row| self.data.is_labelled(row) || !self.refused.get(row).is_some_and(|r| *r))
            .collect();
        let refused = keep.iter().filter(|keep| !**keep).count();
        self.data.retain(|row| keep.get(row).copied().unwrap_or(false));
        self.data.note_refused(refused);
        self.data
    }

    /// Events about transactions that were not among the rows.
    pub fn unknown(&self) -> usize {
        self.unknown
    }

    /// Payments told after something later, which are no rows.
    pub fn late(&self) -> usize {
        self.late
    }

    /// Takes note of a time; false where something later was told before.
    fn passes(&mut self, at: Timestamp) -> bool {
        let latest = *self.latest.get_or_insert(at);
        self.latest = Some(latest.max(at));
        latest.millis_since(at) <= MAX_AHEAD_MS
    }

    fn add(&mut self, id: TransactionId, row: &LabelledRecord, refused: bool) {
        self.of.insert(id, self.data.len());
        self.data.push(row);
        self.refused.push(refused);
    }

    /// Takes note of what an event says, known from `known_at` on.
    fn note(&mut self, event: &EventFacts, known_at: Timestamp) {
        let Some(id) = &event.transaction_id else { return };
        let about_a_sale = matches!(
            event.kind,
            EventKind::Label | EventKind::AuthResult | EventKind::PaymentBlocked
        );
        let Some(&row) = self.of.get(id) else {
            self.unknown += usize::from(about_a_sale);
            return;
        };
        match (event.kind, event.label, event.outcome) {
            (EventKind::Label, Some(class), _) => {
                self.data.add_label(row, Label { class, known_at: Some(known_at) });
            }
            (EventKind::PaymentBlocked, ..)
            | (EventKind::AuthResult, _, Some(Outcome::Declined | Outcome::Unavailable)) => {
                if let Some(refused) = self.refused.get_mut(row) {
                    *refused = true;
                }
            }
            _ => {}
        }
    }
}

fn label_event(name: EventId, at: Timestamp, sale: TransactionId, class: LabelClass) -> Event {
    Event {
        event_id: name,
        kind: EventKind::Label,
        event_time: at,
        transaction_id: Some(sale),
        order_id: None,
        invoice_id: None,
        account_id: None,
        subscription_id: None,
        licence_key: None,
        dispute_id: None,
        actor: None,
        ip: None,
        device_id: None,
        user_agent: None,
        data: EventData { label: Some(class), ..EventData::default() },
    }
}
