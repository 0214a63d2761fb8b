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
//!
//! A decline that was let through to learn from it stands for as many declines as it was drawn from. From
//! the first of them on our own declines are left out even where somebody labelled them: they are already
//! told of.

use super::dataset::{CustomFeature, Dataset, Label, LabelledRecord};
use crate::domain::{
    Action, Decision, Event, EventData, EventId, EventKind, LabelClass, Outcome, TenantId,
    Timestamp, Transaction, TransactionId, Warning,
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
    refused: Vec<Option<By>>,
    unknown: usize,
    latest: Option<Timestamp>,
    late: usize,
    /// Labels of rows that were not yet known, the earliest on top.
    to_come: BinaryHeap<Reverse<(Timestamp, TransactionId, LabelClass)>>,
    told: usize,
}

/// Who stopped a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Us,
    Others,
}

/// What a decision says of its row: who stopped it, and how many sales it stands for.
type Fate = (Option<By>, u32);

fn fate(decision: &Decision) -> Fate {
    let stands_for = decision.spared.as_ref().and_then(|spared| spared.one_in).unwrap_or(1);
    ((decision.action == Action::Decline).then_some(By::Us), stands_for)
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
        let fate = begun.answer.map_or((None, 1), |answer| fate(&answer.0));
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
            self.add(id, &row, fate);
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
            let row = LabelledRecord { record, event_time: entry.event_time, labels: Vec::new() };
            let fate = fate(&decision);
            self.add(decision.transaction_id, &row, fate);
        }
        Ok(())
    }

    /// The rows that have an outcome; the others are counted in [`Dataset::refused`].
    pub fn finish(mut self) -> Dataset {
        let first_passed = (0..self.data.len()).find(|row| self.data.stands_for(*row) > 1);
        let keep: Vec<bool> = self
            .refused
            .iter()
            .enumerate()
            .map(|(row, refused)| match refused {
                None => true,
                Some(By::Us) if first_passed.is_some_and(|first| row >= first) => false,
                Some(_) => self.data.is_labelled(row),
            })
            .collect();
        self.of = HashMap::new();
        let refused = keep.iter().filter(|keep| !**keep).count();
        self.data.retain(|row| keep.get(row).copied().unwrap_or(false));
        self.data.note_refused(refused);
        self.data.no_more_rows();
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

    fn add(&mut self, id: TransactionId, row: &LabelledRecord, (refused, stands_for): Fate) {
        self.of.insert(id, self.data.len());
        self.data.push(row);
        self.data.let_stand_for(stands_for);
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
                    refused.get_or_insert(By::Others);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Record;

    fn rows(fates: &[(Fate, bool)]) -> Dataset {
        let mut rows = Rows::default();
        for (place, (fate, labelled)) in fates.iter().enumerate() {
            let at = Timestamp::from_millis(i64::try_from(place).unwrap());
            let label = Label { class: LabelClass::StolenInstrument, known_at: None };
            let row = LabelledRecord {
                record: Record::default(),
                event_time: at,
                labels: labelled.then_some(label).into_iter().collect(),
            };
            rows.add(TransactionId::new(&format!("tx-{place}")).unwrap(), &row, *fate);
        }
        rows.finish()
    }

    #[test]
    fn a_decline_that_passed_stands_for_those_that_did_not() {
        let ours = (Some(By::Us), 1);
        let theirs = (Some(By::Others), 1);
        let before = [(ours, true), (ours, false), (theirs, true), ((None, 1), false)];
        let data = rows(&before);
        assert_eq!((data.len(), data.refused(), data.passed()), (3, 1, (0, 0)));
        let after = [
            (ours, true),
            ((None, 50), true),
            (ours, true),
            (theirs, true),
            (theirs, false),
            ((None, 1), false),
        ];
        let data = rows(&after);
        let found: Vec<_> = (0..data.len()).map(|row| data.stands_for(row)).collect();
        assert_eq!(found, [1, 50, 1, 1], "our own label after the first that passed is left out");
        assert_eq!((data.refused(), data.passed()), (2, (1, 50)));
        let plain = rows(&after.map(|((refused, _), labelled)| ((refused, 1), labelled)));
        assert_ne!(plain.digest(), data.digest());
    }
}
