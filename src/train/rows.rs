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
//! the first of them to the last our own declines are left out even where somebody labelled them: they are
//! already told of.

use super::dataset::{CustomFeature, Dataset, Label, LabelledRecord};
use super::sample::Sample;
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
use std::collections::{BinaryHeap, HashMap, HashSet};

/// Collects rows and, as they come, what is said of them.
#[derive(Debug)]
pub struct Rows {
    tenant: TenantId,
    data: Dataset,
    of: HashMap<TransactionId, usize>,
    refused: Vec<Option<By>>,
    sample: Sample,
    /// When the first decline was let through, and the last.
    passed: Option<(Timestamp, Timestamp)>,
    left_out: usize,
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
            sample: Sample::of(usize::MAX),
            passed: None,
            left_out: 0,
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

    /// The same, with room for so many rows: of more, sales that nobody calls bad are sampled.
    #[must_use]
    pub fn with_room(self, rows: usize) -> Self {
        Self { sample: Sample::of(rows), ..self }
    }

    /// True where there is room for no more rows before [`Rows::tell_bad`]: rows are then kept all the same.
    pub fn is_full(&self) -> bool {
        self.sample.is_full()
    }

    /// Names the sales that an event calls bad, whether it has come or will come: their rows stay. From
    /// here on others make room.
    pub fn tell_bad(&mut self, sales: HashSet<TransactionId>) {
        for row in sales.iter().filter_map(|id| self.of.get(id)) {
            self.sample.stay(*row);
        }
        self.sample.tell(sales);
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
        let one_in = usize::try_from(self.sample.one_in()).unwrap_or(usize::MAX);
        self.data.drawn(self.sample.drawn(), one_in);
        let is_stood_for = |row| {
            self.passed.is_some_and(|(first, last)| (first..=last).contains(&self.data.time(row)))
        };
        let keep: Vec<bool> = self
            .refused
            .iter()
            .enumerate()
            .map(|(row, refused)| match refused {
                None => true,
                Some(By::Us) if is_stood_for(row) => false,
                Some(_) => self.data.is_labelled(row),
            })
            .collect();
        self.of = HashMap::new();
        let refused = keep.iter().enumerate().filter(|(_, keep)| !**keep);
        let refused = refused.map(|(row, _)| self.data.stands_for(row)).sum();
        self.data.retain(|row| keep.get(row).copied().unwrap_or(false));
        self.data.note_refused(refused);
        self.data.no_more_rows();
        self.data
    }

    /// Events about transactions that were not among the rows.
    pub fn unknown(&self) -> usize {
        self.unknown
    }

    /// Sales that made room for others, which stand for them.
    pub fn left_out(&self) -> usize {
        self.left_out
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
        if stands_for > 1 {
            let (first, _) = self.passed.unwrap_or((row.event_time, row.event_time));
            self.passed = Some((first, row.event_time));
        }
        if !self.sample.takes(&id, &row.labels) {
            self.left_out += 1;
            return;
        }
        self.of.insert(id, self.data.len());
        self.data.push(row);
        self.data.let_stand_for(stands_for);
        self.refused.push(refused);
        if let Some(keep) = self.sample.thin() {
            self.retain(&keep);
        }
    }

    /// Lets go of rows, and of what was kept of each.
    fn retain(&mut self, keep: &[bool]) {
        let stays = |row: usize| keep.get(row).copied().unwrap_or(false);
        let places = keep.iter().scan(0_usize, |next, stays| {
            let place = *next;
            *next += usize::from(*stays);
            Some(place)
        });
        let places: Vec<usize> = places.collect();
        self.of.retain(|_, row| {
            let stays = stays(*row);
            *row = places.get(*row).copied().unwrap_or(*row);
            stays
        });
        self.of.shrink_to_fit();
        let mut rows = keep.iter();
        self.refused.retain(|_| rows.next().is_some_and(|stays| *stays));
        self.left_out += keep.iter().filter(|stays| !**stays).count();
        self.data.retain(stays);
    }

    /// Takes note of what an event says, known from `known_at` on.
    fn note(&mut self, event: &EventFacts, known_at: Timestamp) {
        let Some(id) = &event.transaction_id else { return };
        let about_a_sale = matches!(
            event.kind,
            EventKind::Label | EventKind::AuthResult | EventKind::PaymentBlocked
        );
        let Some(&row) = self.of.get(id) else {
            // It may be one of those that made room.
            self.unknown += usize::from(about_a_sale && self.left_out == 0);
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

/// The sale an event calls bad, if it does.
pub fn calls_bad(event: EventFacts) -> Option<TransactionId> {
    let is_bad = event.kind == EventKind::Label
        && event.label.is_some_and(|class| class != LabelClass::Legitimate);
    event.transaction_id.filter(|_| is_bad)
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
    use crate::train::{Boosting, ModelKind, Scored, TrainConfig, metrics, tests, train};

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
        let lucky = ((None, 50), true);
        let after = [
            (ours, true),
            lucky,
            (ours, true),
            (theirs, true),
            (theirs, false),
            ((None, 1), false),
            lucky,
            (ours, true),
        ];
        let data = rows(&after);
        let found: Vec<_> = (0..data.len()).map(|row| data.stands_for(row)).collect();
        let why = "our own label is left out from the first that passed to the last";
        assert_eq!(found, [1, 50, 1, 1, 50, 1], "{why}");
        assert_eq!((data.refused(), data.passed()), (2, (2, 100)));
        let plain = rows(&after.map(|((refused, _), labelled)| ((refused, 1), labelled)));
        assert_ne!(plain.digest(), data.digest());
    }

    fn sale(number: usize) -> TransactionId {
        TransactionId::new(&format!("tx-{number}")).unwrap()
    }

    fn filled(world: &[LabelledRecord], room: usize, told: &[usize]) -> Rows {
        let mut rows = Rows::default().with_room(room);
        for (number, row) in world.iter().enumerate() {
            rows.add(sale(number), row, (None, 1));
            if rows.is_full() {
                rows.tell_bad(told.iter().copied().map(sale).collect());
            }
        }
        rows
    }

    #[test]
    fn a_sample_trains_what_all_rows_would() {
        let world = tests::world(12_000, 51);
        let all = filled(&world, usize::MAX, &[]).finish();
        let some = filled(&world, 4_500, &[]).finish();
        assert!(some.one_in() >= 4 && some.len() < 4_500, "{} of {}", some.len(), all.len());
        let boosting = Boosting { trees: 40, bins: 64, ..Boosting::default() };
        let calibrated = |data: &Dataset, kind| {
            let config = TrainConfig {
                kind,
                boosting: boosting.clone(),
                alone: true,
                ..TrainConfig::default()
            };
            let trained = train(data, &config).unwrap();
            let (mut auc, mut rates) = (vec![], (0.0, 0.0));
            for row in world.iter().skip(9_600) {
                let probability = trained.model.score(&row.record).fraud_probability;
                let fraud = row.labels[0].class.is_fraud();
                auc.push(Scored { probability, fraud });
                rates = (rates.0 + probability, rates.1 + f64::from(u8::from(fraud)));
            }
            (metrics(&auc).roc_auc.unwrap(), rates.0 / rates.1, trained.report)
        };
        let (full, as_all, _) = calibrated(&all, ModelKind::Boosted);
        for kind in [ModelKind::Boosted, ModelKind::Forest, ModelKind::Logistic] {
            let (found, odds, report) = calibrated(&some, kind);
            assert!((full - found).abs() < 0.03, "{kind:?}: {full} {found}");
            assert!(
                (odds / as_all - 1.0).abs() < 0.25,
                "{kind:?} expects {odds} frauds for one, with all rows {as_all}"
            );
            let tested = report.rows.tested.abs_diff(2_400);
            assert!(tested < 300, "{kind:?}: the test stands for {} sales", report.rows.tested);
            assert!(report.notes.iter().any(|note| note.contains("was drawn")), "{report}");
        }
    }

    #[test]
    fn a_sale_called_bad_later_stays_whenever_that_was_known() {
        let mut world = tests::world(6_000, 52);
        for row in &mut world {
            row.labels.clear();
        }
        let told: Vec<usize> = (0..6_000).step_by(61).collect();
        let mut rows = filled(&world, 1_000, &told);
        assert!(!rows.is_full() && rows.left_out() > 4_000, "{}", rows.left_out());
        let word = |number| EventFacts {
            kind: EventKind::Label,
            transaction_id: Some(sale(number)),
            label: Some(LabelClass::StolenInstrument),
            ..EventFacts::of(&label_event(
                EventId::new("e").unwrap(),
                Timestamp::from_millis(0),
                sale(number),
                LabelClass::StolenInstrument,
            ))
        };
        for (number, row) in world.iter().enumerate() {
            let before = rows.unknown();
            rows.note(&word(number), row.event_time);
            assert_eq!(
                rows.unknown(),
                before,
                "nobody can tell a stranger from a sale that made room"
            );
            assert!(!told.contains(&number) || rows.of.contains_key(&sale(number)), "{number}");
        }
        let data = rows.finish();
        let stand_for: usize = (0..data.len()).map(|row| data.stands_for(row)).sum();
        assert!(stand_for.abs_diff(6_000) < 900, "{stand_for}");
    }
}
