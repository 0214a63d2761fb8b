//! Many stored decisions made again, on all cores: as they were, or as others would have been.
//!
//! One thread reads and checks the log, the others unseal, decide and compare. What they find is summed
//! in ordered maps and sorted by entry number, so the result is the same whatever their number.

use super::artefacts::Artefacts;
use super::chain::Memory;
use super::error::EngineError;
use super::query::at;
use super::replay::{Replay, are_of, compare, decide_again};
use super::snapshot::Snapshot;
use super::stored::{self, OpenAnswer, OpenReplay, compact, holds};
use crate::domain::{Action, TenantId, Timestamp, TransactionId, Versions};
use crate::features::{Record, Value, fields as f};
use crate::ledger::{EntryKind, LedgerError, Personal, Reader, StoredEntry};
use crate::model::Model;
use crate::reference::Reference;
use crate::rules::RuleSet;
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Entries handed to a thread at once.
const BATCH: usize = 128;
/// Most decisions listed one by one; all are counted.
const MAX_LISTED: usize = 10_000;

/// Which decisions, and with what.
#[derive(Clone)]
pub struct RerunOf {
    /// Whose decisions.
    pub tenant: TenantId,
    /// Of transactions at or after.
    pub from: Option<Timestamp>,
    /// Of transactions before.
    pub to: Option<Timestamp>,
    /// Rules in place of each decision's own.
    pub rules: Option<Arc<RuleSet>>,
    /// A model in place of each decision's own.
    pub model: Option<Arc<Model>>,
    /// Threads that decide, at least 1; fewer where the system gives no more.
    pub threads: usize,
    /// Most decisions listed one by one, at most 10,000.
    pub listed: usize,
}

impl RerunOf {
    /// Whether anything else than what was decided is asked for.
    pub fn is_hypothetical(&self) -> bool {
        self.rules.is_some() || self.model.is_some()
    }
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Rerun {
    /// Decisions in the range.
    pub decisions: u64,
    /// Of erased persons: their record is gone.
    pub erased: u64,
    /// What they were made with can't be loaded, or the entry can't be read.
    pub unreadable: u64,
    /// As they were, byte for byte; with other rules or another model: with the same action.
    pub same: u64,
    /// Not so.
    pub changed: u64,
    /// How many went from one action to another, with their money.
    pub actions: Vec<Shift>,
    /// The first of those that changed or are unreadable.
    pub listed: Vec<Listed>,
}

/// Decisions that went from one action to another, or stayed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shift {
    /// The action stored.
    pub was: Action,
    /// The action now.
    pub now: Action,
    /// How many.
    pub decisions: u64,
    /// Their prices, by currency.
    pub money: Money,
}

/// A decision that is not as it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// The entry's number.
    pub sequence: u64,
    /// The transaction.
    pub transaction_id: String,
    /// When it happened.
    pub event_time: Timestamp,
    /// The action stored.
    pub was: Option<Action>,
    /// The action now; none where it could not be decided.
    pub now: Option<Action>,
    /// The score stored.
    pub score_was: Option<f64>,
    /// The score now.
    pub score_now: Option<f64>,
    /// Where it differs, as JSON pointers, or why it can't be made again.
    pub differs: Vec<String>,
}

/// Makes decisions again. `progress` is told the number of the entry just read.
///
/// # Errors
/// The log can't be read or is damaged. What a single decision lacks is in the result.
pub fn rerun(
    reader: &Reader,
    artefacts: &Artefacts,
    of: &RerunOf,
    progress: &mut dyn FnMut(u64),
) -> Result<Rerun, EngineError> {
    let snapshots = Snapshots { artefacts, of, loaded: Mutex::new(BTreeMap::new()) };
    let threads = of.threads.max(1);
    let (send, receive) = sync_channel::<Vec<StoredEntry>>(threads.saturating_mul(2));
    // Of the threads alone: once all of them are gone, sending fails instead of waiting for ever.
    let receive = Arc::new(Mutex::new(receive));
    std::thread::scope(|scope| {
        let worker = || {
            let (receive, snapshots) = (Arc::clone(&receive), &snapshots);
            move || work(&receive, snapshots)
        };
        let first = scope.spawn(worker());
        // As many of the others as the system gives.
        let started = (1..threads).map_while(|_| {
            let thread = std::thread::Builder::new().name("rerun".to_owned());
            thread.spawn_scoped(scope, worker()).ok()
        });
        let workers: Vec<_> = std::iter::once(first).chain(started).collect();
        drop(receive);
        let mut read = || -> Result<(), LedgerError> {
            let mut batch = Vec::with_capacity(BATCH);
            for entry in reader.scan(None)?.only(EntryKind::Decision) {
                let entry = entry?;
                progress(entry.sequence);
                let within = of.from.is_none_or(|from| entry.event_time >= from)
                    && of.to.is_none_or(|to| entry.event_time < to);
                if entry.tenant != of.tenant || !within {
                    continue;
                }
                batch.push(entry);
                if batch.len() == BATCH && send.send(std::mem::take(&mut batch)).is_err() {
                    break;
                }
            }
            let _ = send.send(batch);
            Ok(())
        };
        let outcome = read();
        // Without a sender left the threads end.
        drop(send);
        let mut found = Found::default();
        for worker in workers {
            match worker.join() {
                Ok(part) => found.add(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        outcome?;
        Ok(found.finish(of.listed.min(MAX_LISTED)))
    })
}

/// Sums by currency.
type Money = BTreeMap<&'static str, Decimal>;

/// What one thread found.
#[derive(Default)]
struct Found {
    rerun: Rerun,
    shifts: BTreeMap<(Action, Action), (u64, Money)>,
    listed: BTreeMap<u64, Listed>,
}

impl Found {
    fn add(&mut self, other: Self) {
        let (mine, theirs) = (&mut self.rerun, other.rerun);
        mine.decisions += theirs.decisions;
        mine.erased += theirs.erased;
        mine.unreadable += theirs.unreadable;
        mine.same += theirs.same;
        mine.changed += theirs.changed;
        for (shift, (decisions, money)) in other.shifts {
            let sum = self.shifts.entry(shift).or_default();
            sum.0 += decisions;
            for (currency, amount) in money {
                *sum.1.entry(currency).or_default() += amount;
            }
        }
        self.listed.extend(other.listed);
    }

    fn shift(&mut self, actions: (Action, Action), record: &Record) {
        let shift = self.shifts.entry(actions).or_default();
        shift.0 += 1;
        if let Value::Money(price) = record.get(f::AMOUNT) {
            *shift.1.entry(price.currency().code()).or_default() += price.value();
        }
    }

    /// Keeps the first entries only: what is beyond them is not listed in the end either.
    fn list(&mut self, listed: Listed, most: usize) {
        self.listed.insert(listed.sequence, listed);
        if self.listed.len() > most {
            self.listed.pop_last();
        }
    }

    fn finish(self, listed: usize) -> Rerun {
        let shift = |((was, now), (decisions, money))| Shift { was, now, decisions, money };
        Rerun {
            actions: self.shifts.into_iter().map(shift).collect(),
            listed: self.listed.into_values().take(listed).collect(),
            ..self.rerun
        }
    }
}

fn work(receive: &Mutex<Receiver<Vec<StoredEntry>>>, snapshots: &Snapshots<'_>) -> Found {
    let (mut found, mut scratch) = (Found::default(), Scratch::default());
    loop {
        let batch = receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(batch) = batch else { return found };
        for entry in &batch {
            found.rerun.decisions += 1;
            if let Err(why) = again(entry, snapshots, &mut scratch, &mut found) {
                found.rerun.unreadable += 1;
                let listed = Listed {
                    sequence: entry.sequence,
                    transaction_id: entry.id.clone(),
                    event_time: entry.event_time,
                    was: None,
                    now: None,
                    score_was: None,
                    score_now: None,
                    differs: vec![why],
                };
                found.list(listed, snapshots.of.listed.min(MAX_LISTED));
            }
        }
    }
}

/// Memory a thread keeps from one decision to the next.
#[derive(Default)]
struct Scratch {
    record: Record,
    bytes: Vec<u8>,
    memory: Memory,
    /// What the last decision was made with: mostly the next one is, too.
    last: Option<(Versions, Arc<Snapshot>)>,
}

/// Makes one decision again; why it can't be where that is so.
///
/// The stored decision is compared as the bytes it is and read whole only where they differ.
fn again(
    entry: &StoredEntry,
    with: &Snapshots<'_>,
    scratch: &mut Scratch,
    found: &mut Found,
) -> Result<(), String> {
    let damaged = |error: serde_json::Error| text(&at(entry)(error.into()));
    let Scratch { record, bytes, memory, last } = scratch;
    record.clear();
    let OpenReplay { mut kept, record: open } =
        OpenReplay::read(&entry.open, bytes).map_err(|error| text(&at(entry)(error)))?;
    match entry.personal().map_err(|error| text(&error.into()))? {
        Personal::Readable(sealed) => {
            compact::add_sealed(&sealed, bytes, record).map_err(damaged)?;
        }
        Personal::Erased => {
            found.rerun.erased += 1;
            return Ok(());
        }
        Personal::None => {}
    }
    compact::add(open, bytes, record).map_err(damaged)?;
    let snapshot = with.of(&kept.versions, last)?;
    let hypothetical = with.of.is_hypothetical();
    if hypothetical {
        kept.versions = snapshot.versions.clone();
    } else if !are_of(&kept.versions, &snapshot) {
        return Err("its artefacts do not match".to_owned());
    }
    let id = TransactionId::new(&entry.id).map_err(|error| error.to_string())?;
    let now = decide_again((&entry.tenant, &id, kept), record, &snapshot, memory)
        .ok_or("its record has no time")?;
    if !hypothetical {
        bytes.clear();
        serde_json::to_writer(&mut *bytes, &now).map_err(damaged)?;
        if holds(&entry.open, open, bytes) {
            found.shift((now.action, now.action), record);
            found.rerun.same += 1;
            return Ok(());
        }
    }
    let OpenAnswer { decision: was, .. } =
        stored::read(&entry.open).map_err(|error| text(&at(entry)(error)))?;
    found.shift((was.action, now.action), record);
    let differs = match hypothetical {
        true if now.action == was.action => Vec::new(),
        true => vec!["/action".to_owned()],
        false => match compare(&was, now.clone()) {
            Replay::Different { pointers, .. } => pointers,
            _ => Vec::new(),
        },
    };
    if differs.is_empty() {
        found.rerun.same += 1;
        return Ok(());
    }
    found.rerun.changed += 1;
    let listed = Listed {
        sequence: entry.sequence,
        transaction_id: entry.id.clone(),
        event_time: entry.event_time,
        was: Some(was.action),
        now: Some(now.action),
        score_was: was.risk_score,
        score_now: now.risk_score,
        differs,
    };
    found.list(listed, with.of.listed.min(MAX_LISTED));
    Ok(())
}

/// An error with what lies behind it.
fn text(error: &EngineError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// A snapshot, or why there is none.
type Loaded = Result<Arc<Snapshot>, String>;

/// What decisions were made with, or would be: each loaded once.
struct Snapshots<'r> {
    artefacts: &'r Artefacts,
    of: &'r RerunOf,
    loaded: Mutex<BTreeMap<[String; 4], Loaded>>,
}

impl Snapshots<'_> {
    fn of(&self, versions: &Versions, last: &mut Option<(Versions, Arc<Snapshot>)>) -> Loaded {
        if let Some((of, snapshot)) = last
            && of == versions
        {
            return Ok(Arc::clone(snapshot));
        }
        let Versions { rules, model, policy, shadow, .. } = versions;
        let key = [rules, model, policy, shadow].map(Clone::clone);
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let found =
            loaded.entry(key).or_insert_with(|| self.load(versions).map(Arc::new)).clone()?;
        *last = Some((versions.clone(), Arc::clone(&found)));
        Ok(found)
    }

    fn load(&self, versions: &Versions) -> Result<Snapshot, String> {
        let why = |error: EngineError| match std::error::Error::source(&error) {
            Some(source) => format!("what it was made with can't be loaded: {error}: {source}"),
            None => format!("what it was made with can't be loaded: {error}"),
        };
        // What the tables said is in the record.
        let tables = Arc::new(Reference::empty());
        let (rules, model) = (self.of.rules.clone(), self.of.model.clone());
        self.artefacts.snapshot_with(versions, tables, rules, model).map_err(why)
    }
}
