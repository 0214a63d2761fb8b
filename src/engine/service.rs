//! The engine: every way in goes through [`Engine::begin`] or [`Engine::record_event`].
//!
//! Both do the deciding at once and hand back what is still under way: the writing. Whoever calls
//! runs [`Settling`] to its end even if nobody waits for the answer any more, so that a decision
//! once made is recorded.

use super::arrival::{arrival, unknown_sale};
use super::artefacts::Artefacts;
use super::chain::{self, Occasion};
use super::checkpoint::Checkpoints;
use super::desk::Desk;
use super::error::EngineError;
use super::histories::Histories;
use super::history::{self, Moment};
use super::identity::{Identities, KeyMaker};
use super::keeping::Vacancy;
use super::known::{Flight, IdHash, Known, KnownIds, Landing, SaleRef, Sent, Settling};
use super::snapshot::Snapshot;
use super::stored::Report;
use super::{counted, enrich, entry, guard, outcomes, request};
use crate::clock::Stopwatch;
use crate::domain::{
    Decision, Durability, Event, EventId, EventKind, Loose, TenantId, Timestamp, Transaction,
    TransactionId, Warning,
};
use crate::features::{Record, Value, fields as f};
use crate::input;
use crate::ledger::{Ack, Ledger, LedgerError};
use crate::velocity::{Entity, EntityKeys, Limits, Occurrence, Place, Signal, Velocity, Window};
use arc_swap::ArcSwap;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// Scores transactions and records events for every tenant.
pub struct Engine {
    snapshot: ArcSwap<Snapshot>,
    pub(super) histories: Histories,
    pub(super) known: Arc<KnownIds>,
    pub(super) ledger: Option<Ledger>,
    pub(super) keys: Box<dyn KeyMaker + Send + Sync>,
    /// When an entry counts as kept.
    pub(super) durability: Durability,
    /// Where what decisions are made with is kept; nowhere without a ledger.
    pub(super) artefacts: Option<Artefacts>,
    /// Where its own state is kept; nowhere without a ledger.
    pub(super) checkpoints: Option<Checkpoints>,
    /// What people did.
    pub(super) desk: Arc<Desk>,
    /// See [`Engine::erasing`].
    pub(super) erasing: Mutex<()>,
}

/// One transaction to score.
#[derive(Debug, Clone)]
pub struct ScoreRequest {
    /// Whose it is.
    pub tenant: TenantId,
    /// The transaction, read and checked.
    pub transaction: Transaction,
    /// What was odd about its form.
    pub warnings: Vec<Warning>,
    /// When it reached us; `None` for rows of a file, where only event time counts.
    pub received_at: Option<Timestamp>,
}

/// An answer, and what is still to be done for it.
#[derive(Debug)]
pub struct Begun {
    /// The decision and the warnings about its arrival; `None` for an event.
    pub answer: Option<Arc<(Decision, Vec<Warning>)>>,
    /// The record the decision rests on; `None` for an event or a repeat.
    pub record: Option<Box<Record>>,
    /// Rules that a missing fact would have decided, in the set's order; none for an event or a
    /// repeat.
    pub undecided: Vec<String>,
    /// What was odd about an event: it names a transaction that is not known. None for a decision,
    /// which carries its own.
    pub warnings: Vec<Warning>,
    /// True when the id was known: nothing moved.
    pub repeated: bool,
    /// Time spent per stage, in microseconds.
    pub timing: Timing,
    /// Tells when the writing has ended.
    pub keeping: Keeping,
    /// The rest of the work; run it to its end.
    pub settling: Option<Settling>,
}

/// How far an answer is kept.
#[derive(Debug)]
pub enum Keeping {
    /// As far as it will be.
    Done(Durability),
    /// Being written; the receiver changes once, at the end.
    Flying(watch::Receiver<Landing>),
    /// Not at all: the ledger takes nothing now. Nothing has moved, and the id is still free.
    Refused(LedgerError),
}

/// Microseconds per stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// Request fields and tables.
    pub enrich: u64,
    /// Reading history.
    pub velocity: u64,
    /// Model, rules and costs.
    pub decide: u64,
    /// The same with the model on trial; 0 without one.
    pub shadow: u64,
    /// Everything up to handing the record to the ledger.
    pub total: u64,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("windows", &self.histories.windows.stats())
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine that keeps nothing: for files, training and tests. History starts empty.
    pub fn in_memory(snapshot: Snapshot, limits: Limits) -> Self {
        Self::from_parts(snapshot, Histories::new(limits), KnownIds::default(), None)
    }

    pub(super) fn from_parts(
        snapshot: Snapshot,
        histories: Histories,
        known: KnownIds,
        kept: Option<Kept>,
    ) -> Self {
        let keys: Box<dyn KeyMaker + Send + Sync> = match &kept {
            Some(kept) => Box::new(kept.ledger.hasher().clone()),
            None => Box::new(entry::FileKeys),
        };
        let durability = kept.as_ref().map_or(Durability::None, |kept| kept.durability);
        let (ledger, artefacts, checkpoints, desk) = match kept {
            Some(Kept { ledger, artefacts, checkpoints, desk, .. }) => {
                (Some(ledger), Some(artefacts), Some(checkpoints), desk)
            }
            None => (None, None, None, Arc::default()),
        };
        Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            histories,
            known: Arc::new(known),
            ledger,
            keys,
            durability,
            artefacts,
            checkpoints,
            desk,
            erasing: Mutex::default(),
        }
    }

    /// The snapshot decisions are made with now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Names the snapshot in use as what the next start falls back to where a file is broken. Only for
    /// who serves: what another command opens the directory with was chosen for that command alone.
    ///
    /// # Errors
    /// The data directory can't be written.
    pub fn mark_current(&self) -> Result<(), EngineError> {
        let versions = &self.snapshot().versions;
        self.artefacts.as_ref().map_or(Ok(()), |artefacts| artefacts.set_current(versions))
    }

    /// Swaps the snapshot once it is kept for replays and named as [`Engine::mark_current`] does;
    /// requests under way finish with the one they began with.
    ///
    /// # Errors
    /// It can't be kept: the old one goes on.
    pub fn swap(&self, snapshot: Snapshot) -> Result<(), EngineError> {
        // What people changed on lists while the files were read.
        let _no_act = self.desk.acting();
        let snapshot = self.desk.put_on(snapshot);
        if let Some(artefacts) = &self.artefacts
            && snapshot.versions != self.snapshot().versions
        {
            artefacts.keep(&snapshot)?;
            artefacts.set_current(&snapshot.versions)?;
        }
        self.put(snapshot);
        Ok(())
    }

    /// Swaps in a snapshot that is kept already.
    pub(super) fn put(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
    }

    /// The ledger, where there is one.
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// How many ids are known.
    pub fn known_ids(&self) -> usize {
        self.known.len()
    }

    /// Decides and hands the record to the ledger; does not wait for the disk. A ledger that takes
    /// nothing now is told in [`Begun::keeping`].
    ///
    /// # Errors
    /// A card number, a future time, or an id used with other content. Nothing has moved then.
    pub fn begin(&self, mut request: ScoreRequest) -> Result<Begun, EngineError> {
        let clock = Stopwatch::start();
        let snapshot = self.snapshot.load();
        let masked = guard::transaction(&mut request.transaction, &snapshot.reference)?;
        request.warnings.extend(masked);
        guard::mask_pointers(&mut request.warnings, &snapshot.reference);
        let arrival = arrival(request.transaction.event_time, request.received_at)?;
        let tx = &request.transaction;
        let content =
            entry::content_hash(self.keys.as_ref(), &request.tenant, &input::canonical_digest(tx));
        let id = entry::transaction_hash(&request.tenant, &tx.transaction_id);
        // The entry stays locked until the decision is placed: equal requests at once are one.
        let place = match self.known.entry(id) {
            dashmap::Entry::Occupied(place) => {
                let known = place.get().clone();
                drop(place); // the stored answer is read without holding the shard
                return self.repeat(&request, &known, &content);
            }
            dashmap::Entry::Vacant(place) => place,
        };
        let (decided, timing) = self.decide(&snapshot, &request, clock);
        let begun = self.keep(Vacancy { place, id, content }, request, decided, arrival);
        Ok(Begun { timing, ..begun })
    }

    /// Moves the counters, but not again for what a failed write counted.
    pub(super) fn count(&self, occurrences: &[Occurrence], id: &IdHash, content: &[u8; 16]) {
        let Some(first) = occurrences.first() else { return };
        if !self.known.was_counted(id, content, first) {
            for occurrence in occurrences {
                self.histories.record(occurrence);
            }
        }
    }

    /// True when this transaction's id is known: [`Engine::begin`] will then read the stored answer,
    /// which may wait for the disk.
    pub fn is_known(&self, tenant: &TenantId, id: &TransactionId) -> bool {
        self.known.contains(&entry::transaction_hash(tenant, id))
    }

    /// The record as it would be scored now, without deciding, recording or counting anything.
    pub fn preview(&self, tenant: &TenantId, tx: &Transaction) -> Record {
        self.gather(&self.snapshot.load(), tenant, tx, Stopwatch::start()).0
    }

    fn gather(
        &self,
        snapshot: &Snapshot,
        tenant: &TenantId,
        tx: &Transaction,
        clock: Stopwatch,
    ) -> (Record, EntityKeys, Option<Place>, Timing) {
        let mut record = Record::default();
        request::copy(tx, &mut record);
        enrich::enrich(tx, &snapshot.reference, &mut record);
        let enriched = clock.elapsed_us();
        let country = match record.get(f::IP_COUNTRY) {
            Value::Country(country) => Some(*country),
            _ => None,
        };
        let keys = Identities::of(tx).keys(self.keys.as_ref(), tenant, country);
        let ip = tx.device.as_ref().and_then(|d| d.ip.as_ref()).and_then(Loose::valid);
        let place = ip.and_then(|ip| counted::place(&snapshot.reference, *ip));
        let moment = Moment { at: tx.event_time, place, cents: counted::euro_cents(&record) };
        history::read(&self.histories.windows, &keys, &moment, &mut record);
        outcomes::read(&self.histories, &keys, tx.event_time, &mut record);
        snapshot.ask_lists(tenant, tx.event_time, &mut record);
        self.desk.answer(&keys, tx.event_time, &mut record);
        let total = clock.elapsed_us();
        let timing =
            Timing { enrich: enriched, velocity: total - enriched, total, ..Timing::default() };
        (record, keys, place, timing)
    }

    pub(super) fn decide(
        &self,
        snapshot: &Snapshot,
        request: &ScoreRequest,
        clock: Stopwatch,
    ) -> (Decided, Timing) {
        let tx = &request.transaction;
        let (mut record, keys, place, mut timing) =
            self.gather(snapshot, &request.tenant, tx, clock);
        let mut degraded = snapshot.degraded.clone();
        let lacks_rate = tx.amount.is_some() && record.get(f::EUR_RATE).is_missing();
        if lacks_rate && snapshot.reference.rates().is_some() {
            degraded.push("reference.rates.currency".to_owned());
        }
        if tx.kind.is_payment() && tx.amount.is_none() {
            degraded.push("amount".to_owned());
        }
        if enrich::rate_is_old(tx, &snapshot.reference) {
            degraded.push("reference.rates.old".to_owned());
        }
        let occasion = Occasion {
            tenant: &request.tenant,
            transaction_id: &tx.transaction_id,
            now: tx.event_time,
            warnings: request.warnings.clone(),
            degraded,
            versions: snapshot.versions_of(&request.tenant),
        };
        let mut memory = chain::Memory::default();
        let (mut decision, undecided) = chain::run(snapshot, &mut record, occasion, &mut memory);
        let undecided = undecided.into_iter().map(str::to_owned).collect();
        timing.decide = clock.elapsed_us() - timing.total;
        if snapshot.shadow.is_some() {
            decision.shadow = chain::shadow(snapshot, &mut record, tx.event_time);
            timing.shadow = clock.elapsed_us() - timing.total - timing.decide;
        }
        timing.total = clock.elapsed_us();
        let sale = SaleRef::decided(&request.tenant, tx, keys, &record);
        let occurrences = self.counted(tx, &decision, &sale, place);
        (Decided { record, sale, decision, undecided, occurrences }, timing)
    }

    /// What a decided transaction counts.
    pub(super) fn counted(
        &self,
        tx: &Transaction,
        decision: &Decision,
        sale: &SaleRef,
        place: Option<Place>,
    ) -> Vec<Occurrence> {
        let was_tried = |signal| self.was_tried(&sale.keys, signal, tx.event_time);
        counted::by_transaction(tx, decision, sale, place, was_tried)
    }

    /// Whether `signal` was counted for the invoice and who pays it, within 90 days. What only failed
    /// writes counted is in no ledger, and would be missing after the next start.
    fn was_tried(&self, keys: &EntityKeys, signal: Signal, at: Timestamp) -> bool {
        let entity = Entity::InvoiceOfPayer;
        keys.get(entity).is_some_and(|key| {
            let view = self.histories.windows.view(entity, key, at);
            let counted = view.count(signal, Window::D90);
            let now = view.last_seen().map_or(at, |last| last.max(at));
            let is_lost = |one: &Occurrence| {
                let is_one = one.signal == signal && one.keys.get(entity) == Some(key);
                is_one && Window::D90.holds(now, one.at)
            };
            counted > 0 && counted > self.known.lost_counts(is_lost)
        })
    }

    /// The stored answer to a repeated request, or the conflict.
    pub(super) fn repeat(
        &self,
        request: &ScoreRequest,
        known: &Known,
        content: &[u8; 16],
    ) -> Result<Begun, EngineError> {
        let id = request.transaction.transaction_id.as_str();
        if known.content() != content {
            let pointer = self.first_difference(&request.transaction, known);
            return Err(EngineError::Conflict { id: id.to_owned(), pointer });
        }
        let (answer, keeping) = match known {
            Known::Unkept { .. } => return Err(EngineError::Repeated { id: id.to_owned() }),
            Known::Flying(flight) => {
                (flight.answer.clone(), Keeping::Flying(flight.landed.clone()))
            }
            Known::Kept { position, .. } => {
                let answer = self.answer_of(&request.tenant, *position)?;
                (answer.map(Arc::new), Keeping::Done(self.durability))
            }
        };
        Ok(Begun {
            answer,
            record: None,
            undecided: Vec::new(),
            warnings: Vec::new(),
            repeated: true,
            timing: Timing::default(),
            keeping,
            settling: None,
        })
    }

    /// Records an event; a repeated id is acknowledged and moves nothing.
    ///
    /// # Errors
    /// A card number, a future time, an id used with other content, or a ledger that takes nothing
    /// now.
    pub fn record_event(
        &self,
        tenant: &TenantId,
        event: &Event,
        received_at: Option<Timestamp>,
    ) -> Result<Begun, EngineError> {
        self.record(tenant, event, None, received_at)
    }

    /// Records an event, with the processor's message it was read from.
    pub(super) fn record(
        &self,
        tenant: &TenantId,
        event: &Event,
        report: Option<Report>,
        received_at: Option<Timestamp>,
    ) -> Result<Begun, EngineError> {
        let tables = self.snapshot.load().reference.clone();
        guard::event(event, &tables)?;
        // A file is no text: a digit changed in it would break it.
        let report = report.map(|report| {
            if event.kind.is_of_exhibit() {
                return report;
            }
            Report { raw: guard::mask_message(report.raw, &tables), ..report }
        });
        arrival(event.event_time, received_at)?;
        let digest = input::event_digest(event);
        let content = entry::content_hash(self.keys.as_ref(), tenant, &digest);
        let id = entry::event_hash(tenant, event.event_id.as_str());
        let sale = match &event.transaction_id {
            Some(id) => self.sale_of(tenant, id)?,
            None => None,
        };
        let warnings = unknown_sale(event, sale.as_ref());
        let place = match self.known.entry(id) {
            dashmap::Entry::Occupied(place) => {
                let known = place.get().clone();
                drop(place); // the stored event is read without holding the shard
                return self.repeated_event(event, &known, &content, warnings);
            }
            dashmap::Entry::Vacant(place) => place,
        };
        let occurrences = counted::by_event(&counted::Received {
            tenant,
            event,
            sale: sale.as_ref(),
            reference: &tables,
            maker: self.keys.as_ref(),
        });
        let Some(ledger) = &self.ledger else {
            place.insert(Known::Unkept { content, sale: None });
            self.count(&occurrences, &id, &content);
            return Ok(event_begun(warnings, Keeping::Done(Durability::None), None));
        };
        let parts = entry::EventParts {
            keys_of: self.keys.as_ref(),
            tenant,
            event,
            report,
            subject: sale.and_then(|sale| sale.subject),
            received_at: received_at.unwrap_or(event.event_time),
            occurrences: &occurrences,
            content: &content,
        };
        let new = entry::event(&parts);
        let _counting = self.histories.gate.counting();
        let pending = ledger.append(&new).map_err(EngineError::NotKept)?;
        let queued = match (event.kind, &event.transaction_id) {
            (EventKind::ReviewResolved, Some(id)) => self.desk.close_review(tenant, id),
            _ => None,
        };
        let (flight, settling) =
            Settling::new(&self.known, id, (pending, queued), |landed| Flight {
                content,
                sale: SaleRef::default(),
                answer: None,
                sent: Sent::Event(Box::new(event.clone())),
                counted: occurrences.first().copied(),
                landed,
            });
        place.insert(Known::Flying(flight.clone()));
        self.count(&occurrences, &id, &content);
        Ok(event_begun(warnings, Keeping::Flying(flight.landed.clone()), Some(settling)))
    }

    /// The receipt of a repeated event, or the conflict.
    fn repeated_event(
        &self,
        event: &Event,
        known: &Known,
        content: &[u8; 16],
        warnings: Vec<Warning>,
    ) -> Result<Begun, EngineError> {
        if known.content() != content {
            let id = event.event_id.as_str().to_owned();
            let pointer = self.first_event_difference(event, known);
            return Err(EngineError::Conflict { id, pointer });
        }
        let keeping = match known {
            Known::Flying(flight) => Keeping::Flying(flight.landed.clone()),
            Known::Kept { .. } => Keeping::Done(self.durability),
            Known::Unkept { .. } => Keeping::Done(Durability::None),
        };
        Ok(Begun { repeated: true, ..event_begun(warnings, keeping, None) })
    }

    /// How an event that is being written lands; `None` for one that is kept or unknown.
    pub(super) fn landing_of(
        &self,
        tenant: &TenantId,
        id: &EventId,
    ) -> Option<watch::Receiver<Landing>> {
        match self.known.get(&entry::event_hash(tenant, id.as_str())) {
            Some(Known::Flying(flight)) => Some(flight.landed.clone()),
            _ => None,
        }
    }

    /// A known transaction, wherever its record lies; `None` for an unknown one.
    pub(super) fn sale_of(
        &self,
        tenant: &TenantId,
        id: &TransactionId,
    ) -> Result<Option<SaleRef>, EngineError> {
        match self.known.get(&entry::transaction_hash(tenant, id)) {
            Some(Known::Flying(flight)) => Ok(Some(flight.sale)),
            Some(Known::Unkept { sale, .. }) => {
                Ok(Some(sale.map(|sale| SaleRef::from(&*sale)).unwrap_or_default()))
            }
            Some(Known::Kept { position, .. }) => self.stored_sale(position).map(Some),
            None => Ok(None),
        }
    }

    /// Ends the writing of one entry: the id becomes known for good, or is forgotten so that a
    /// retry decides anew. The counters a failed write moved stay moved until the next start; a
    /// retry does not move them again.
    pub async fn settle(&self, settling: Settling) {
        settling.end().await;
    }

    /// As [`Engine::settle`], for callers without a runtime.
    ///
    /// # Errors
    /// The ledger could not keep the entry.
    pub fn settle_blocking(&self, settling: Settling) -> Result<Ack, EngineError> {
        settling.end_blocking().map_err(EngineError::NotKept)
    }
}

/// How an engine keeps what it decides.
pub(super) struct Kept {
    pub(super) ledger: Ledger,
    pub(super) durability: Durability,
    pub(super) artefacts: Artefacts,
    pub(super) checkpoints: Checkpoints,
    pub(super) desk: Arc<Desk>,
}

/// What [`Engine::decide`] made.
pub(super) struct Decided {
    pub(super) record: Record,
    pub(super) sale: SaleRef,
    pub(super) decision: Decision,
    pub(super) undecided: Vec<String>,
    pub(super) occurrences: Vec<Occurrence>,
}

fn event_begun(warnings: Vec<Warning>, keeping: Keeping, settling: Option<Settling>) -> Begun {
    Begun {
        answer: None,
        record: None,
        undecided: Vec::new(),
        warnings,
        repeated: false,
        timing: Timing::default(),
        keeping,
        settling,
    }
}
