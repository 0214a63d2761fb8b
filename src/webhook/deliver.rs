//! Telling one receiver, as long as the server runs.

use super::cursor::{self, Cursor, Found};
use super::dead::{Dead, DeadLetters};
use super::endpoint::Endpoint;
use super::error::WebhookError;
use super::message::{Message, messages};
use super::window::{Tried, Window};
use crate::clock;
use crate::engine::Engine;
use crate::ledger::{LedgerError, Place, StoredEntry};
use crate::processor::Untaken;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Most messages of a receiver in memory.
const WINDOW: usize = 256;
/// Most entries read at once.
const BATCH: usize = 2_000;
/// How often the ledger is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often the cursor is written, at most; what was taken since is sent again after a crash.
const KEEP_MS: i64 = 500;
/// A cursor that only moved past entries nobody is told of is written this often.
const KEEP_IDLE_MS: i64 = 60_000;

/// How a receiver stands. Counts are since the start.
#[derive(Debug, Default)]
pub struct Standing {
    /// Messages in memory that were not taken yet.
    pub pending: AtomicU64,
    /// Messages taken.
    pub delivered: AtomicU64,
    /// Tries that failed.
    pub failed: AtomicU64,
    /// Messages given up.
    pub dead: AtomicU64,
    /// The entry up to which everything is done; 0 at the ledger's begin.
    pub after: AtomicU64,
    last_failure: Mutex<Option<String>>,
}

impl Standing {
    /// Why the last try failed; `None` since one was taken.
    pub fn last_failure(&self) -> Option<String> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn says(&self, failure: Option<String>) {
        *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }
}

/// Tells a receiver what the ledger holds behind its cursor, and what comes, until `stop`.
///
/// An endpoint without a cursor is new: it is told what comes from now on.
pub async fn run(
    endpoint: Arc<Endpoint>,
    engine: Arc<Engine>,
    data_dir: PathBuf,
    standing: Arc<Standing>,
    mut stop: watch::Receiver<bool>,
) {
    let beginning = {
        let (endpoint, engine, data_dir) = (endpoint.clone(), engine.clone(), data_dir.clone());
        apart(move || begin(&endpoint, &engine, &data_dir)).await
    };
    let cursor = match beginning {
        Some(Ok(cursor)) => cursor,
        Some(Err(error)) => {
            tracing::error!(webhook = endpoint.name, %error, "nothing is sent to this receiver");
            return standing.says(Some(error.to_string()));
        }
        None => return,
    };
    let mut teller = Teller::new(endpoint, engine, data_dir, standing, cursor);
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        teller.read().await;
        teller.send();
        teller.keep(false).await;
        tokio::select! {
            Some(tried) = teller.flights.join_next(), if !teller.flights.is_empty() => {
                if let Ok((message, answer)) = tried {
                    teller.tried(&message, answer).await;
                }
            }
            _ = ticks.tick() => {}
            _ = stop.changed() => {
                teller.keep(true).await;
                return;
            }
        }
    }
}

/// Where to go on. A cursor that can't be used loses nothing: everything is sent again.
fn begin(endpoint: &Endpoint, engine: &Engine, data_dir: &Path) -> Result<Cursor, WebhookError> {
    let ledger = engine.ledger().ok_or(LedgerError::Closed)?;
    let found = cursor::read(data_dir, &endpoint.name)?;
    let is_here = |place: &Place| match ledger.read(place.position) {
        Ok(entry) => Ok(place_of(&entry) == *place),
        Err(LedgerError::NotFound(_) | LedgerError::Damaged(_)) => Ok(false),
        Err(error) => Err(error),
    };
    match found {
        Found::None => {
            let cursor = Cursor { after: ledger.last(), done: Vec::new() };
            cursor::write(data_dir, &endpoint.name, &cursor)?;
            Ok(cursor)
        }
        Found::Good(cursor) if cursor.after.as_ref().map_or(Ok(true), is_here)? => Ok(cursor),
        Found::Good(_) | Found::Broken => {
            tracing::warn!(
                webhook = endpoint.name,
                "how far this receiver has got is not known: everything is sent again"
            );
            Ok(Cursor::default())
        }
    }
}

pub(super) fn place_of(entry: &StoredEntry) -> Place {
    Place { sequence: entry.sequence, position: entry.position, hash: entry.hash }
}

/// Runs work that may wait for the disk; `None` where the program ends.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

struct Teller {
    endpoint: Arc<Endpoint>,
    engine: Arc<Engine>,
    data_dir: PathBuf,
    standing: Arc<Standing>,
    window: Window,
    flights: JoinSet<(Message, Result<(), Untaken>)>,
    /// Taken before the start, and behind the cursor.
    known: BTreeSet<String>,
    kept: (Cursor, i64),
    /// A message was done since the cursor was written.
    finished: bool,
}

impl Teller {
    fn new(
        endpoint: Arc<Endpoint>,
        engine: Arc<Engine>,
        data_dir: PathBuf,
        standing: Arc<Standing>,
        cursor: Cursor,
    ) -> Self {
        let window = Window::new(endpoint.patience, WINDOW, cursor.after);
        let known = cursor.done.iter().cloned().collect();
        let kept = (cursor, clock::now().millis());
        let flights = JoinSet::new();
        let finished = false;
        Self { endpoint, engine, data_dir, standing, window, flights, known, kept, finished }
    }

    /// Reads what the ledger has more, as far as there is room.
    async fn read(&mut self) {
        let last = self.engine.ledger().and_then(|ledger| ledger.last());
        let has_more = last.map(|last| last.sequence) > self.window.read().map(|at| at.sequence);
        if !has_more || !self.window.has_room() {
            return;
        }
        let (engine, endpoint) = (self.engine.clone(), self.endpoint.clone());
        let (from, room) = (self.window.read(), self.window.room());
        let Some(read) = apart(move || entries(&engine, &endpoint, from, room)).await else {
            return;
        };
        match read {
            Ok(read) => {
                for (place, messages) in read {
                    let ids: Vec<_> = messages.iter().map(|message| message.id.clone()).collect();
                    self.window.take(place, messages);
                    ids.iter()
                        .filter(|id| self.known.remove(*id))
                        .for_each(|id| self.window.done(id));
                }
            }
            Err(error) => {
                tracing::warn!(webhook = self.endpoint.name, %error, "the ledger can't be read");
                self.standing.says(Some(error.to_string()));
            }
        }
    }

    fn send(&mut self) {
        while self.flights.len() < self.endpoint.at_once {
            let Some(message) = self.window.next(clock::now()) else { break };
            let endpoint = self.endpoint.clone();
            self.flights.spawn(async move {
                let sent = endpoint.send(&message, clock::now()).await;
                (message, sent)
            });
        }
        let pending = u64::try_from(self.window.pending()).unwrap_or(u64::MAX);
        self.standing.pending.store(pending, Ordering::Relaxed);
    }

    async fn tried(&mut self, message: &Message, answer: Result<(), Untaken>) {
        let untaken = match answer {
            Ok(()) => {
                self.standing.delivered.fetch_add(1, Ordering::Relaxed);
                self.standing.says(None);
                return self.done(message);
            }
            Err(untaken) => untaken,
        };
        self.standing.failed.fetch_add(1, Ordering::Relaxed);
        self.standing.says(Some(untaken.why.clone()));
        let now = clock::now();
        let Tried::GivenUp { tries } = self.window.failed(&message.id, now, untaken.after_ms)
        else {
            return;
        };
        let letters = DeadLetters::of(&self.data_dir, &self.endpoint.name);
        let (id, kind) = (message.id.clone(), message.kind.word().to_owned());
        let dead = Dead { id, kind, sequence: message.sequence, at: now, tries, last: untaken.why };
        tracing::error!(webhook = self.endpoint.name, id = dead.id, last = dead.last, "given up");
        match apart(move || letters.add(dead)).await {
            Some(Ok(())) => {
                self.standing.dead.fetch_add(1, Ordering::Relaxed);
                self.done(message);
            }
            Some(Err(error)) => {
                // Written down or sent: it is tried again, for nothing may be lost.
                tracing::error!(webhook = self.endpoint.name, %error, "a dead letter is not kept");
                self.window.again(&message.id, now);
            }
            None => {}
        }
    }

    fn done(&mut self, message: &Message) {
        self.window.done(&message.id);
        self.finished = true;
    }

    /// Writes the cursor where it moved.
    async fn keep(&mut self, ending: bool) {
        let now = clock::now().millis();
        let (after, done) = self.window.cursor();
        // Those known from before the start are not read again yet.
        let known = self.known.iter().cloned();
        let cursor = Cursor { after, done: known.chain(done).collect() };
        let sequence = cursor.after.map_or(0, |place| place.sequence);
        self.standing.after.store(sequence, Ordering::Relaxed);
        let (kept, at) = &self.kept;
        let pause = if self.finished { KEEP_MS } else { KEEP_IDLE_MS };
        if cursor == *kept || !(ending || now - at >= pause) {
            return;
        }
        let (data_dir, name, new) =
            (self.data_dir.clone(), self.endpoint.name.clone(), cursor.clone());
        (self.kept, self.finished) = ((cursor, now), false);
        if let Some(Err(error)) = apart(move || cursor::write(&data_dir, &name, &new)).await {
            tracing::error!(webhook = self.endpoint.name, %error, "the cursor is not kept");
            self.kept.0 = Cursor::default();
        }
    }
}

/// The entries behind one, with their messages.
fn entries(
    engine: &Engine,
    endpoint: &Endpoint,
    from: Option<Place>,
    room: usize,
) -> Result<Vec<(Place, Vec<Message>)>, LedgerError> {
    let ledger = engine.ledger().ok_or(LedgerError::Closed)?;
    let mut read = Vec::new();
    let mut found = 0;
    for entry in ledger.scan(from.map(|place| place.position))? {
        let entry = entry?;
        if from.is_some_and(|from| entry.sequence <= from.sequence) {
            continue;
        }
        let messages = messages(&entry, &endpoint.tenant, &endpoint.kinds);
        found += messages.len();
        read.push((place_of(&entry), messages));
        if found >= room || read.len() >= BATCH {
            break;
        }
    }
    Ok(read)
}
