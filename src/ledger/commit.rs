//! The one thread that commits, and what a caller waits on.
//!
//! Natural group commit: what arrived while the last sync ran is the next commit. No timer, so a
//! lone record waits for nothing, and under load a commit holds dozens by itself. After a failed
//! commit every waiting append is told so, new ones are refused at once, and the thread tries the
//! disk again by itself until it works.

use super::body::Place;
use super::config::AckPolicy;
use super::entry::{Ack, Position};
use super::error::{LedgerError, StorageFault};
use super::keyring::Keyring;
use super::log::LogWriter;
use crate::clock::Stopwatch;
use crate::domain;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;

/// Most records of one commit.
const MAX_COMMIT_RECORDS: usize = 1024;
/// A commit takes no further record from this many bytes on.
const MAX_COMMIT_BYTES: usize = 8 * 1024 * 1024;
/// Records wait in the queue only while they are fewer bytes than this together.
const MAX_QUEUED_BYTES: usize = 256 * 1024 * 1024;
/// The wait before the disk is tried again is doubled at most so often.
const MAX_BACKOFF: u32 = 4;
/// With [`AckPolicy::Async`]: most bytes that wait in memory, and for how long.
const ASYNC_BYTES: usize = 1024 * 1024;
const ASYNC_WAIT: Duration = Duration::from_millis(200);

type Reply = oneshot::Sender<Result<Receipt, LedgerError>>;

/// An append on its way to the committer.
pub(super) struct Append {
    pub(super) body: Vec<u8>,
    pub(super) reply: Reply,
}

/// The receipt of an append, and of one acknowledged before it is committed the wait for that.
#[derive(Debug)]
pub struct Receipt {
    /// What is promised.
    pub ack: Ack,
    /// `None` where the entry is committed.
    pub committing: Option<Committing>,
}

/// An entry that was acknowledged and lies in memory, as [`AckPolicy::Async`] does it.
#[derive(Debug)]
pub struct Committing(oneshot::Receiver<Result<(), LedgerError>>);

impl Committing {
    /// Waits on this thread, which must not be one that runs async tasks.
    ///
    /// # Errors
    /// The entry was lost: the disk failed, or the ledger was dropped.
    pub fn wait(self) -> Result<(), LedgerError> {
        self.0.blocking_recv().unwrap_or(Err(LedgerError::Closed))
    }
}

/// An append that was accepted and waits for its receipt. Dropping it does not take it back.
#[derive(Debug)]
pub struct Pending(pub(super) oneshot::Receiver<Result<Receipt, LedgerError>>);

impl Pending {
    /// Waits for the receipt on this thread, which must not be one that runs async tasks.
    ///
    /// # Errors
    /// The disk failed and the entry is not kept, or the ledger was dropped with it in the queue.
    pub fn wait(self) -> Result<Ack, LedgerError> {
        self.receipt().map(|receipt| receipt.ack)
    }

    /// As [`Pending::wait`], until it is committed.
    ///
    /// # Errors
    /// As [`Pending::wait`].
    pub fn wait_committed(self) -> Result<Ack, LedgerError> {
        let Receipt { ack, committing } = self.receipt()?;
        committing.map_or(Ok(()), Committing::wait).map(|()| ack)
    }

    /// As [`Pending::wait`], with the wait for the commit that may be left.
    ///
    /// # Errors
    /// As [`Pending::wait`].
    pub fn receipt(self) -> Result<Receipt, LedgerError> {
        self.0.blocking_recv().unwrap_or(Err(LedgerError::Closed))
    }
}

impl Future for Pending {
    type Output = Result<Receipt, LedgerError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let received = Pin::new(&mut self.0).poll(context);
        received.map(|answer| answer.unwrap_or(Err(LedgerError::Closed)))
    }
}

/// What the committer shows to everyone else.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Packed position behind the last committed record.
    end: AtomicU64,
    /// Packed position of the last record acknowledged before it is committed.
    promised: AtomicU64,
    /// Told of every commit and every failure.
    moved: Condvar,
    sequence: AtomicU64,
    /// The last committed record; `None` in an empty ledger.
    last: Mutex<Option<Place>>,
    /// How many records have ever been accepted: the number of the last one, unless one was lost.
    accepted: AtomicU64,
    /// Whether the disk ever failed since the ledger was opened, so that accepted records were lost.
    lost: AtomicBool,
    /// Whether another thread failed to sync the segment written to, since it was begun.
    unsynced: AtomicBool,
    queued: AtomicUsize,
    queued_bytes: AtomicUsize,
    opened: Stopwatch,
    /// When the work with the disk that is under way began, in microseconds since `opened`; 0: none.
    disk_since: AtomicU64,
    failed: AtomicBool,
    fault: Mutex<Option<Arc<StorageFault>>>,
    /// Leave without writing what only waits in memory: how tests stand in for a killed process.
    pub(super) abandoned: AtomicBool,
}

impl Shared {
    pub(super) fn end(&self) -> Position {
        Position::unpacked(self.end.load(Ordering::Acquire))
    }

    pub(super) fn sequence(&self) -> u64 {
        self.sequence.load(Ordering::Acquire)
    }

    pub(super) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Takes a place in the queue, if there is one.
    pub(super) fn reserve(&self, places: usize) -> bool {
        let taken = self.queued.fetch_add(1, Ordering::Relaxed) < places
            && self.queued_bytes.load(Ordering::Relaxed) < MAX_QUEUED_BYTES;
        if !taken {
            self.release(1, 0);
        }
        taken
    }

    /// Counts the bytes of a record for which a place is taken.
    pub(super) fn hold(&self, bytes: usize) {
        self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn release(&self, places: usize, bytes: usize) {
        self.queued.fetch_sub(places, Ordering::Relaxed);
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Marks that the disk is being worked with, or no more.
    fn at_disk(&self, working: bool) {
        let since = if working { self.opened.elapsed_us().max(1) } else { 0 };
        self.disk_since.store(since, Ordering::Relaxed);
    }

    /// How long the work with the disk that is under way has taken; zero where there is none.
    pub(super) fn stalled(&self) -> Duration {
        match self.disk_since.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => Duration::from_micros(self.opened.elapsed_us().saturating_sub(since)),
        }
    }

    /// Why nothing can be appended now; `None` while all is well. Cost: one atomic read then.
    pub(super) fn fault(&self) -> Option<Arc<StorageFault>> {
        if !self.failed.load(Ordering::Acquire) {
            return None;
        }
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_fault(&self, fault: Option<Arc<StorageFault>>) {
        let failed = fault.is_some();
        self.lost.fetch_or(failed, Ordering::AcqRel);
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        self.failed.store(failed, Ordering::Release);
        self.moved.notify_all();
    }

    /// Waits until a record that was acknowledged early is committed: with [`AckPolicy::Async`] it
    /// lies in memory for [`ASYNC_WAIT`]. Returns at once for any other position.
    pub(super) fn await_promised(&self, position: Position) {
        let open =
            || self.end() <= position && position.packed() <= self.promised.load(Ordering::Acquire);
        if !open() {
            return;
        }
        let guard = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |fault: &mut Option<_>| fault.is_none() && open();
        // Twice the time: a commit may have begun just before the record came.
        drop(self.moved.wait_timeout_while(guard, 2 * ASYNC_WAIT, waits));
    }

    /// The last committed record.
    pub(super) fn last(&self) -> Option<Place> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names the last committed record, before it is published.
    pub(super) fn set_last(&self, last: Option<Place>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }

    pub(super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Acquire)
    }

    /// Adds to the number of records ever accepted.
    pub(super) fn accept(&self, records: u64) {
        self.accepted.fetch_add(records, Ordering::AcqRel);
    }

    /// Notes that a sync of the log failed, so that records may be lost.
    pub(super) fn doubt(&self) {
        self.unsynced.store(true, Ordering::Release);
        self.lost.store(true, Ordering::Release);
    }

    /// Whether no accepted record was lost since the ledger was opened.
    pub(super) fn is_whole(&self) -> bool {
        !self.lost.load(Ordering::Acquire)
    }

    /// Waits until the record of this number is committed; false where that took too long, or a
    /// record was lost.
    pub(super) fn await_committed(&self, sequence: u64, timeout: Duration) -> bool {
        let guard = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |fault: &mut Option<_>| fault.is_none() && self.sequence() < sequence;
        drop(self.moved.wait_timeout_while(guard, timeout, waits));
        self.sequence() >= sequence && self.is_whole()
    }

    pub(super) fn publish(&self, sequence: u64, end: Position) {
        self.sequence.store(sequence, Ordering::Release);
        self.end.store(end.packed(), Ordering::Release);
        // Under the lock, or one about to wait would miss it.
        let _guard = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        self.moved.notify_all();
    }
}

/// The thread's own state.
pub(super) struct Committer {
    pub(super) queue: Receiver<Append>,
    pub(super) log: LogWriter,
    pub(super) keys: Arc<Keyring>,
    pub(super) shared: Arc<Shared>,
    pub(super) durability: AckPolicy,
    /// How long to wait before the disk is tried again; longer each time it fails.
    pub(super) retry: Duration,
    /// Attempts that failed since the disk last worked.
    pub(super) attempts: u32,
    /// The last record staged since the last commit.
    pub(super) staged: Option<Place>,
    /// Whoever was given a receipt before the commit, and waits for that.
    pub(super) committing: Vec<oneshot::Sender<Result<(), LedgerError>>>,
}

/// What the committer woke for.
enum Woken {
    Append(Append),
    Timer,
    Closed,
}

impl Committer {
    /// Commits until every sender is gone.
    pub(super) fn run(mut self) {
        // Since the first record held in memory came, or since the disk was last tried.
        let mut since = Stopwatch::start();
        loop {
            let failed = self.shared.fault().is_some();
            match self.wait(failed, since) {
                Woken::Closed => break,
                Woken::Append(append) if failed => {
                    self.shared.release(1, append.body.len());
                    self.refuse([append.reply]);
                }
                Woken::Append(first) => {
                    if self.log.staged() == 0 {
                        since = Stopwatch::start();
                    }
                    self.shared.at_disk(true);
                    self.commit(first, since);
                    self.shared.at_disk(false);
                    if self.shared.fault().is_some() {
                        since = Stopwatch::start();
                    }
                }
                Woken::Timer if failed => {
                    self.shared.at_disk(true);
                    self.repair();
                    self.shared.at_disk(false);
                    since = Stopwatch::start();
                }
                Woken::Timer => self.settle(&mut vec![]),
            }
        }
        if !self.shared.abandoned.load(Ordering::Acquire) && self.shared.fault().is_none() {
            self.settle(&mut vec![]);
        }
    }

    /// The next thing to do; the timer runs only for a retry and for records held in memory.
    fn wait(&self, failed: bool, since: Stopwatch) -> Woken {
        let delay = match (failed, self.log.staged()) {
            (true, _) => self.retry.saturating_mul(1 << self.attempts.min(MAX_BACKOFF)),
            (false, 0) => return self.queue.recv().map_or(Woken::Closed, Woken::Append),
            (false, _) => ASYNC_WAIT,
        };
        match self.queue.recv_timeout(delay.saturating_sub(since.elapsed())) {
            Ok(append) => Woken::Append(append),
            Err(RecvTimeoutError::Timeout) => Woken::Timer,
            Err(RecvTimeoutError::Disconnected) => Woken::Closed,
        }
    }

    /// Everything that has arrived, up to the size of one commit.
    fn gather(&self, first: Append) -> VecDeque<Append> {
        let mut bytes = first.body.len();
        let mut batch = VecDeque::from([first]);
        while batch.len() < MAX_COMMIT_RECORDS && bytes < MAX_COMMIT_BYTES {
            match self.queue.try_recv() {
                Ok(append) => {
                    bytes += append.body.len();
                    batch.push_back(append);
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        self.shared.release(batch.len(), bytes);
        batch
    }

    fn commit(&mut self, first: Append, since: Stopwatch) {
        let mut batch = self.gather(first);
        let mut waiting = Vec::with_capacity(batch.len());
        if let Err(fault) = self.keys.flush(self.durability == AckPolicy::Fsync) {
            self.fail(fault);
        }
        while self.shared.fault().is_none()
            && let Some(append) = batch.front()
        {
            if !self.log.fits(append.body.len()) {
                self.settle(&mut waiting);
                self.roll();
                continue;
            }
            if let Some(append) = batch.pop_front() {
                self.stage(append, &mut waiting);
            }
        }
        let hold = self.durability == AckPolicy::Async
            && self.shared.fault().is_none()
            && self.log.staged() < ASYNC_BYTES
            && since.elapsed() < ASYNC_WAIT;
        if !hold {
            self.settle(&mut waiting);
        }
        self.refuse(batch.into_iter().map(|append| append.reply));
    }

    fn stage(&mut self, append: Append, waiting: &mut Vec<(Reply, Ack)>) {
        let place = self.log.stage(&append.body);
        self.staged = Some(place);
        let durability = domain::Durability::from(self.durability);
        let ack = Ack { sequence: place.sequence, position: place.position, durability };
        match self.durability {
            AckPolicy::Async => {
                self.shared.promised.store(place.position.packed(), Ordering::Release);
                let (committed, committing) = oneshot::channel();
                let committing = Some(Committing(committing));
                if append.reply.send(Ok(Receipt { ack, committing })).is_ok() {
                    self.committing.push(committed);
                }
            }
            AckPolicy::Os | AckPolicy::Fsync => waiting.push((append.reply, ack)),
        }
    }

    /// Commits what is staged and gives the receipts, or the refusals.
    fn settle(&mut self, waiting: &mut Vec<(Reply, Ack)>) {
        let staged = self.staged.take();
        match self.log.commit(self.durability == AckPolicy::Fsync) {
            Ok(()) => {
                if staged.is_some() {
                    self.shared.set_last(staged);
                }
                self.shared.publish(self.log.committed(), self.log.end());
                for (reply, ack) in waiting.drain(..) {
                    // Whoever hung up has its entry kept all the same.
                    let _ = reply.send(Ok(Receipt { ack, committing: None }));
                }
                for committed in self.committing.drain(..) {
                    let _ = committed.send(Ok(()));
                }
            }
            Err(fault) => {
                self.fail(fault);
                self.refuse(waiting.drain(..).map(|(reply, _)| reply));
                for committed in std::mem::take(&mut self.committing) {
                    let _ = committed.send(Err(self.refusal()));
                }
            }
        }
    }

    fn roll(&mut self) {
        if self.shared.fault().is_some() {
            return;
        }
        match self.begin_segment() {
            Ok(()) => self.shared.publish(self.log.committed(), self.log.end()),
            Err(fault) => self.fail(fault),
        }
    }

    /// Tries the disk again: keys that could not be kept, then a new segment.
    fn repair(&mut self) {
        let tried = self.keys.flush(self.durability == AckPolicy::Fsync);
        match tried.and_then(|()| self.begin_segment()) {
            Ok(()) => {
                self.attempts = 0;
                self.shared.publish(self.log.committed(), self.log.end());
                self.shared.set_fault(None);
            }
            Err(fault) => {
                self.attempts = self.attempts.saturating_add(1);
                self.fail(fault);
            }
        }
    }

    /// Goes to a new segment, with the keys of the old one on disk before its records.
    fn begin_segment(&mut self) -> Result<(), StorageFault> {
        if self.shared.unsynced.swap(false, Ordering::AcqRel) {
            self.log.doubt();
        }
        self.keys.sync()?;
        self.log.roll()
    }

    fn fail(&self, fault: StorageFault) {
        self.shared.set_fault(Some(Arc::new(fault)));
    }

    fn refuse(&self, replies: impl IntoIterator<Item = Reply>) {
        for reply in replies {
            let _ = reply.send(Err(self.refusal()));
        }
    }

    fn refusal(&self) -> LedgerError {
        self.shared.fault().map_or(LedgerError::Closed, LedgerError::Unavailable)
    }
}
