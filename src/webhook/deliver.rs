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
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

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
/// How old the cursor's older place is, at least: by then its entry is on disk, however soon entries are
/// acknowledged.
const OLDER_MS: i64 = 60_000;
/// How often the same complaint is logged.
const COMPLAIN_MS: i64 = 60_000;
/// How long a receiver that can't begin waits.
const BEGIN_AGAIN: Duration = Duration::from_secs(5);

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
    let mut complaint = Complaint::default();
    let cursor = loop {
        let (of, ledger, dir) = (endpoint.clone(), engine.clone(), data_dir.clone());
        match apart(move || begin(&of, &ledger, &dir)).await {
            Some(Ok(cursor)) => break cursor,
            Some(Err(error)) => {
                if complaint.is_new(&error.to_string(), clock::now().millis()) {
                    tracing::error!(webhook = endpoint.name, %error, "nothing is sent to it yet");
                }
                standing.says(Some(error.to_string()));
            }
            None => return,
        }
        tokio::select! {
            () = tokio::time::sleep(BEGIN_AGAIN) => {}
            _ = stop.changed() => return,
        }
    };
    let mut teller = Teller::new(endpoint, engine, data_dir, standing, cursor);
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let reads_on = teller.read().await;
        teller.send();
        teller.keep(false).await;
        tokio::select! {
            Some(landed) = teller.flights.join_next_with_id(), if !teller.flights.is_empty() => {
                teller.landed(landed).await;
            }
            () = std::future::ready(()), if reads_on => {}
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
            let after = ledger.last();
            let cursor = Cursor { after, older: after, ..Cursor::default() };
            cursor::write(data_dir, &endpoint.name, &cursor)?;
            Ok(cursor)
        }
        Found::Good(cursor) if cursor.after.as_ref().map_or(Ok(true), is_here)? => Ok(cursor),
        Found::Good(Cursor { older: Some(older), .. }) if is_here(&older)? => {
            tracing::warn!(
                webhook = endpoint.name,
                sequence = older.sequence,
                "the ledger lacks what this receiver was told last: all behind this entry is sent again"
            );
            Ok(Cursor { after: Some(older), older: Some(older), ..Cursor::default() })
        }
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

/// Keeps the same complaint from being logged at each look.
#[derive(Debug, Default)]
struct Complaint(Option<(String, i64)>);

impl Complaint {
    /// True where it is another than the last, or a minute later.
    fn is_new(&mut self, error: &str, now: i64) -> bool {
        let is_new =
            self.0.as_ref().is_none_or(|(last, at)| last != error || now - at >= COMPLAIN_MS);
        if is_new {
            self.0 = Some((error.to_owned(), now));
        }
        is_new
    }
}

struct Teller {
    endpoint: Arc<Endpoint>,
    engine: Arc<Engine>,
    data_dir: PathBuf,
    standing: Arc<Standing>,
    window: Window,
    flights: JoinSet<Result<(), Untaken>>,
    flying: HashMap<Id, Message>,
    /// Taken before the start, and behind the cursor.
    known: BTreeSet<String>,
    /// How often others behind it were tried before the start.
    tried: BTreeMap<String, u32>,
    kept: (Cursor, i64),
    /// Becomes the cursor's older place, once it is old.
    ageing: (Option<Place>, i64),
    complaint: Complaint,
    /// A message was done or tried since the cursor was written.
    moved: bool,
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
        let now = clock::now().millis();
        Self {
            endpoint,
            engine,
            data_dir,
            standing,
            window,
            flights: JoinSet::new(),
            flying: HashMap::new(),
            known,
            tried: cursor.tried.clone(),
            ageing: (cursor.after, now),
            kept: (cursor, now),
            complaint: Complaint::default(),
            moved: false,
        }
    }

    /// Reads what the ledger has more, as far as there is room. True where it has yet more.
    async fn read(&mut self) -> bool {
        let last = self.engine.ledger().and_then(|ledger| ledger.last());
        let has_more = last.map(|last| last.sequence) > self.window.read().map(|at| at.sequence);
        if !has_more || !self.window.has_room() {
            return false;
        }
        let (engine, endpoint) = (self.engine.clone(), self.endpoint.clone());
        let (from, room) = (self.window.read(), self.window.room());
        let Some(read) = apart(move || entries(&engine, &endpoint, from, room)).await else {
            return false;
        };
        match read {
            Ok(read) => {
                let is_full = read.len() >= BATCH;
                for (place, messages) in read {
                    let ids: Vec<_> = messages.iter().map(|message| message.id.clone()).collect();
                    self.window.take(place, messages);
                    for id in &ids {
                        if let Some(tries) = self.tried.remove(id) {
                            self.window.tried_before(id, tries);
                        }
                        if self.known.remove(id) {
                            self.window.done(id);
                        }
                    }
                }
                is_full
            }
            Err(error) => {
                if self.complaint.is_new(&error.to_string(), clock::now().millis()) {
                    let webhook = &self.endpoint.name;
                    tracing::warn!(webhook, %error, "the ledger can't be read");
                }
                self.standing.says(Some(error.to_string()));
                false
            }
        }
    }

    fn send(&mut self) {
        while self.flights.len() < self.endpoint.at_once {
            let Some(message) = self.window.next(clock::now()) else { break };
            let (endpoint, sent) = (self.endpoint.clone(), message.clone());
            let flight =
                self.flights.spawn(async move { endpoint.send(&sent, clock::now()).await });
            self.flying.insert(flight.id(), message);
        }
        let pending = u64::try_from(self.window.pending()).unwrap_or(u64::MAX);
        self.standing.pending.store(pending, Ordering::Relaxed);
    }

    /// A try ended, be it by a panic: that is one that failed.
    async fn landed(&mut self, landed: Result<(Id, Result<(), Untaken>), JoinError>) {
        let (flight, answer) = landed.unwrap_or_else(|error| {
            let why = "sending failed within this program".to_owned();
            (error.id(), Err(Untaken { why, status: None, after_ms: None }))
        });
        if let Some(message) = self.flying.remove(&flight) {
            self.tried(&message, answer).await;
        }
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
        self.moved = true;
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
            None => self.window.again(&message.id, now),
        }
    }

    fn done(&mut self, message: &Message) {
        self.window.done(&message.id);
        self.moved = true;
    }

    /// Writes the cursor where it moved.
    async fn keep(&mut self, ending: bool) {
        let now = clock::now().millis();
        let sequence = self.window.after().map_or(0, |place| place.sequence);
        self.standing.after.store(sequence, Ordering::Relaxed);
        let (kept, at) = &self.kept;
        let pause = if self.moved { KEEP_MS } else { KEEP_IDLE_MS };
        if !(ending || now - at >= pause) {
            return;
        }
        let (after, done) = self.window.cursor();
        let (ageing, since) = self.ageing;
        let is_old = now - since >= OLDER_MS;
        let older = if is_old { ageing } else { kept.older };
        // Those known from before the start are not read again yet.
        let known = self.known.iter().cloned();
        let tried = self.tried.clone().into_iter().chain(self.window.tried()).collect();
        let cursor = Cursor { after, done: known.chain(done).collect(), older, tried };
        if is_old {
            self.ageing = (after, now);
        }
        if cursor == *kept {
            return;
        }
        let (data_dir, name, new) =
            (self.data_dir.clone(), self.endpoint.name.clone(), cursor.clone());
        let before = std::mem::replace(&mut self.kept, (cursor, now)).0;
        self.moved = false;
        if let Some(Err(error)) = apart(move || cursor::write(&data_dir, &name, &new)).await {
            tracing::error!(webhook = self.endpoint.name, %error, "the cursor is not kept");
            self.kept.0 = before;
        }
    }
}

/// The entries behind one, with their messages; as far as they can be read.
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
        let entry = match entry {
            Ok(entry) => entry,
            Err(_) if !read.is_empty() => break, // it is met again, as the first
            Err(error) => return Err(error),
        };
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
