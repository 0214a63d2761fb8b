//! Which ids are known: one answer for one id, also while the first is still being kept.
//!
//! `dashmap` holds a shard lock only while an entry is looked at or placed; the decision itself is
//! made under the entry of its own id, so two equal requests at once are one decision. There are several
//! such maps, so that a checkpoint can collect the ids of one, let go of it and write them.
//!
//! A write that fails frees the id, but what it counted stays counted: sums could be taken back,
//! "the last time seen with this device" could not. So such ids are noted, and their retry counts
//! nothing again.

use super::desk::Queued;
use crate::domain::{
    Decision, Durability, Event, Timestamp, Transaction, TransactionKind, Warning,
};
use crate::ledger::{Ack, Committing, LedgerError, Pending, Position, Receipt, SubjectHash};
use crate::velocity::{EntityKey, EntityKeys, Occurrence};
use dashmap::DashMap;
use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Keyed hash of (tenant, kind, id).
pub(super) type IdHash = [u8; 16];
/// Keyed hash of the content.
pub(super) type ContentHash = [u8; 16];

/// What is known about an id.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// In the ledger.
    Kept { content: ContentHash, position: Position },
    /// Decided, being written.
    Flying(Arc<Flight>),
    /// Decided without a ledger: the answer itself is not kept. An event is no sale.
    Unkept { content: ContentHash, sale: Option<Box<UnkeptSale>> },
}

impl Known {
    pub(super) fn content(&self) -> &ContentHash {
        match self {
            Self::Kept { content, .. } | Self::Unkept { content, .. } => content,
            Self::Flying(flight) => &flight.content,
        }
    }
}

/// What an event needs of the sale it is about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SaleRef {
    pub(super) id: EntityKey,
    pub(super) keys: EntityKeys,
    /// When it was scored, by event time.
    pub(super) at: Timestamp,
    /// What was bought; `None` for an event.
    pub(super) kind: Option<TransactionKind>,
    /// For how many euro cents.
    pub(super) amount: Option<i64>,
    /// Sealed under the same person, so that one erasure reaches both.
    pub(super) subject: Option<SubjectHash>,
}

/// A [`SaleRef`] that stays in memory, packed: there may be millions. Nothing is sealed without a ledger.
#[derive(Debug, Clone)]
pub(super) struct UnkeptSale {
    id: EntityKey,
    keys: Box<[u64]>,
    at: Timestamp,
    kind: Option<TransactionKind>,
    amount: Option<i64>,
}

impl From<&SaleRef> for UnkeptSale {
    fn from(sale: &SaleRef) -> Self {
        let SaleRef { id, keys, at, kind, amount, subject: _ } = *sale;
        Self { id, keys: keys.packed(), at, kind, amount }
    }
}

impl From<&UnkeptSale> for SaleRef {
    fn from(UnkeptSale { id, keys, at, kind, amount }: &UnkeptSale) -> Self {
        let keys = EntityKeys::unpacked(keys);
        Self { id: *id, keys, at: *at, kind: *kind, amount: *amount, subject: None }
    }
}

/// Something decided or received that the ledger is still writing.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) content: ContentHash,
    pub(super) sale: SaleRef,
    /// The decision and its arrival warnings; `None` for an event.
    pub(super) answer: Option<Arc<(Decision, Vec<Warning>)>>,
    /// What came, to tell where another content under the same id differs.
    pub(super) sent: Sent,
    /// The first of what moved counters.
    pub(super) counted: Option<Occurrence>,
    pub(super) landed: watch::Receiver<Landing>,
}

impl Flight {
    /// The transaction, where it is one.
    pub(super) fn transaction(&self) -> Option<&Transaction> {
        match &self.sent {
            Sent::Transaction(transaction) => Some(transaction),
            Sent::Event(_) => None,
        }
    }

    /// How far it is kept now.
    pub(super) fn durability(&self) -> Durability {
        match *self.landed.borrow() {
            Landing::Kept(durability) => durability,
            Landing::Pending | Landing::Failed => Durability::Pending,
        }
    }
}

/// What came under an id.
#[derive(Debug)]
pub(super) enum Sent {
    Transaction(Box<Transaction>),
    Event(Box<Event>),
}

/// How the writing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landing {
    /// Not yet.
    Pending,
    /// Kept, this far.
    Kept(Durability),
    /// Not kept; the id is free again.
    Failed,
}

/// Most failed writes noted; the oldest is given up for a new one, and its retry counts again. Only
/// what is queued when a disk fails is counted and lost, so this is many failures of a full queue.
const MAX_LOST: usize = 1 << 16;

/// Maps that the ids are divided among, and the locks of each.
const MAPS: usize = 64;
const LOCKS: usize = 4;

/// Every known id.
#[derive(Debug)]
pub(super) struct KnownIds {
    /// By the first byte of the id.
    maps: [DashMap<IdHash, Known>; MAPS],
    lost: Mutex<Lost>,
    /// Where the thread that awaits commits gets those acknowledged before theirs; begun by the first.
    acknowledged: Mutex<Option<Sender<Acknowledged>>>,
}

/// What was acknowledged before its commit.
type Acknowledged = (Ticket, Ack, Committing);

impl Default for KnownIds {
    fn default() -> Self {
        let maps = std::array::from_fn(|_| DashMap::with_shard_amount(LOCKS));
        Self { maps, lost: Mutex::default(), acknowledged: Mutex::default() }
    }
}

/// What was counted, and lost by the disk. Empty while the disk is well.
#[derive(Debug, Default)]
struct Lost {
    counted: HashMap<(IdHash, ContentHash), Occurrence>,
    /// Oldest first; those whose retry came are still in it.
    order: VecDeque<(IdHash, ContentHash)>,
}

impl Lost {
    fn note(&mut self, id: IdHash, content: ContentHash, first: &Occurrence) {
        if self.order.len() == MAX_LOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.counted.remove(&oldest);
        }
        self.order.push_back((id, content));
        self.counted.insert((id, content), *first);
    }
}

impl KnownIds {
    pub(super) fn len(&self) -> usize {
        self.maps.iter().map(DashMap::len).sum()
    }

    #[expect(clippy::indexing_slicing, reason = "a remainder of the length")]
    fn map_of(&self, id: &IdHash) -> &DashMap<IdHash, Known> {
        let [first, ..] = *id;
        &self.maps[usize::from(first) % MAPS]
    }

    /// The entry of an id, locked until it is dropped.
    pub(super) fn entry(&self, id: IdHash) -> dashmap::Entry<'_, IdHash, Known> {
        self.map_of(&id).entry(id)
    }

    pub(super) fn contains(&self, id: &IdHash) -> bool {
        self.map_of(id).contains_key(id)
    }

    pub(super) fn get(&self, id: &IdHash) -> Option<Known> {
        self.map_of(id).get(id).map(|entry| entry.clone())
    }

    pub(super) fn keep(&self, id: IdHash, content: ContentHash, position: Position) {
        self.map_of(&id).insert(id, Known::Kept { content, position });
    }

    /// Collects what is kept of every id, part by part. No id is looked at twice, and no lock is held
    /// between two parts.
    pub(super) fn parts<T>(
        &self,
        mut pick: impl FnMut(&IdHash, &Known) -> Option<T>,
    ) -> impl Iterator<Item = Vec<T>> {
        self.maps.iter().map(move |map| {
            map.iter().filter_map(|entry| pick(entry.key(), entry.value())).collect()
        })
    }

    /// Whether this content was counted by a write that failed, as what `first` begins; asked once, for
    /// the retry. Rules may have changed meanwhile: then it is a block that was an attempt, and counts.
    pub(super) fn was_counted(
        &self,
        id: &IdHash,
        content: &ContentHash,
        first: &Occurrence,
    ) -> bool {
        let counted = self.lost().counted.remove(&(*id, *content));
        let told = |one: &Occurrence| one.sale.map(|sale| sale.told);
        counted.is_some_and(|one| one.signal == first.signal && told(&one) == told(first))
    }

    /// How many failed writes counted what `is_meant`. Cost: a pass over all of them.
    pub(super) fn lost_counts(&self, is_meant: impl Fn(&Occurrence) -> bool) -> u32 {
        let count = self.lost().counted.values().filter(|one| is_meant(one)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn lost(&self) -> MutexGuard<'_, Lost> {
        // Whole between two statements, whoever panicked while holding it.
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands what was acknowledged to the thread that lands it after its commit: commits come in order,
    /// so one thread can wait for all of them.
    fn await_commit(&self, acknowledged: Acknowledged) {
        let mut thread = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let (sender, receiver) = channel::<Acknowledged>();
            let landing = move || receiver.into_iter().for_each(Ticket::land_committed);
            let begun = std::thread::Builder::new().name("landing".to_owned()).spawn(landing);
            *thread = begun.is_ok().then_some(sender);
        }
        let refused = match &*thread {
            Some(sender) => sender.send(acknowledged).err().map(|refused| refused.0),
            None => Some(acknowledged),
        };
        drop(thread);
        refused.into_iter().for_each(Ticket::land_committed);
    }

    /// Ends a flight: its id becomes known for good, or is forgotten so that a retry decides anew.
    fn land(
        &self,
        id: IdHash,
        (flight, queued): (&Flight, Option<&Queued>),
        outcome: &Result<Ack, LedgerError>,
    ) -> Landing {
        if let Ok(ack) = outcome {
            self.keep(id, flight.content, ack.position);
            return Landing::Kept(ack.durability);
        }
        if let Some(first) = flight.counted {
            self.lost().note(id, flight.content, &first);
        }
        // Under the lock of the decision: a review waits only while its decision is known.
        if let Some(queued) = queued
            && let Some(decision) = queued.decision()
            && let Some(_locked) = self.map_of(decision).get(decision)
        {
            queued.take_back();
        }
        self.map_of(&id).remove_if(&id, |_, _| {
            if let Some(queued) = queued
                && queued.decision().is_none()
            {
                queued.take_back();
            }
            true
        });
        Landing::Failed
    }
}

/// The writing of one entry. Dropped before its end (a panic, a task given up) it is ended by a
/// thread of its own, or the id would be under way until the next start.
#[derive(Debug)]
pub struct Settling {
    ticket: Ticket,
    /// `None` once it has ended.
    pending: Option<Pending>,
}

/// What lands a flight.
#[derive(Debug, Clone)]
struct Ticket {
    known: Arc<KnownIds>,
    id: IdHash,
    flight: Arc<Flight>,
    queued: Option<Queued>,
    landing: watch::Sender<Landing>,
}

impl Ticket {
    fn land(&self, outcome: &Result<Ack, LedgerError>) {
        let flight = (&*self.flight, self.queued.as_ref());
        self.landing.send_replace(self.known.land(self.id, flight, outcome));
    }

    fn land_committed((ticket, ack, committing): Acknowledged) {
        ticket.land(&committing.wait().map(|()| ack));
    }

    /// Lands what is committed or refused. What is only acknowledged flies on: its callers are answered,
    /// and its id is free again should the commit fail.
    fn receive(self, receipt: Result<Receipt, LedgerError>) -> Result<Ack, LedgerError> {
        match receipt {
            Ok(Receipt { ack, committing: Some(committing) }) => {
                self.landing.send_replace(Landing::Kept(ack.durability));
                self.known.clone().await_commit((self, ack, committing));
                Ok(ack)
            }
            Ok(Receipt { ack, committing: None }) => {
                self.land(&Ok(ack));
                Ok(ack)
            }
            Err(error) => {
                self.land(&Err(error.clone()));
                Err(error)
            }
        }
    }
}

impl Settling {
    /// Something the ledger is writing, what it did to the queue of reviews, and the rest of the work.
    pub(super) fn new(
        known: &Arc<KnownIds>,
        id: IdHash,
        (pending, queued): (Pending, Option<Queued>),
        flight: impl FnOnce(watch::Receiver<Landing>) -> Flight,
    ) -> (Arc<Flight>, Self) {
        let (landing, landed) = watch::channel(Landing::Pending);
        let flight = Arc::new(flight(landed));
        let ticket = Ticket { known: known.clone(), id, flight: flight.clone(), queued, landing };
        (flight, Self { ticket, pending: Some(pending) })
    }

    /// Waits for the disk and lands.
    pub(super) async fn end(mut self) {
        if let Some(pending) = &mut self.pending {
            let receipt = pending.await;
            self.pending = None;
            // Told to whoever waits for the landing.
            let _ = self.ticket.clone().receive(receipt);
        }
    }

    /// As [`Settling::end`], on this thread.
    pub(super) fn end_blocking(mut self) -> Result<Ack, LedgerError> {
        let pending = self.pending.take();
        let receipt = pending.map_or_else(|| Err(LedgerError::Closed), Pending::receipt);
        self.ticket.clone().receive(receipt)
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        let ticket = self.ticket.clone();
        let waiting = std::thread::Builder::new().name("settling".to_owned());
        if waiting.spawn(move || ticket.receive(pending.receipt())).is_err() {
            self.ticket.land(&Err(LedgerError::Closed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_looks_at_each_id_once_and_collects_a_little_at_a_time() {
        let known = KnownIds::default();
        for number in 0..10_000_u128 {
            let id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes();
            known.keep(id, [1; 16], Position { segment: 1, offset: 64 });
        }
        let mut looked_at = 0;
        let parts = known.parts(|id, _| {
            looked_at += 1;
            Some(*id)
        });
        let parts: Vec<Vec<IdHash>> = parts.collect();
        assert_eq!((looked_at, known.len()), (10_000, 10_000));
        assert!(parts.iter().all(|ids| ids.len() < 10_000 / 32), "a part of many");
        let unique: std::collections::HashSet<IdHash> = parts.into_iter().flatten().collect();
        assert_eq!(unique.len(), 10_000);
    }
}
