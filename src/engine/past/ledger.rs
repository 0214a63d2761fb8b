//! A ledger's decisions, on all cores: one thread reads and checks the log, the others unseal and
//! count.

use super::Count;
use super::aftermath::Aftermath;
use super::sale::PastSale;
use crate::domain::{TenantId, Timestamp};
use crate::engine::EngineError;
use crate::engine::read_decision;
use crate::ledger::{EntryKind, LedgerError, Reader, StoredEntry};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};

/// Entries handed to a thread at once.
const BATCH: usize = 128;

/// Which decisions.
#[derive(Debug, Clone)]
pub struct LedgerOf {
    /// Whose.
    pub tenant: TenantId,
    /// Of transactions at or after.
    pub from: Option<Timestamp>,
    /// Of transactions before.
    pub to: Option<Timestamp>,
    /// Threads that count, at least 1.
    pub threads: usize,
}

/// Decisions that were not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// Of erased persons: their record is gone.
    pub erased: u64,
}

/// Reads what was said of a tenant's sales. `progress` is told the number of the entry just read.
///
/// # Errors
/// The log can't be read, or an entry is none of this version's.
pub fn read_aftermath(
    reader: &Reader,
    tenant: &TenantId,
    progress: &mut dyn FnMut(u64),
) -> Result<Aftermath, EngineError> {
    let mut aftermath = Aftermath::default();
    for entry in reader.scan(None)? {
        let entry = entry?;
        progress(entry.sequence);
        if entry.tenant != *tenant {
            continue;
        }
        match entry.kind {
            EntryKind::Decision => aftermath.passes(entry.event_time),
            _ => aftermath.entry(&entry)?,
        }
    }
    Ok(aftermath)
}

/// Counts a ledger's decisions with as many counts as threads, put together at the end.
///
/// # Errors
/// The log can't be read or is damaged, a personal part can't be opened, an entry is none of this
/// version's.
pub fn over_ledger<C: Count>(
    reader: &Reader,
    of: &LedgerOf,
    aftermath: &Aftermath,
    make: impl Fn() -> C,
    progress: &mut dyn FnMut(u64),
) -> Result<(C, Passed), EngineError> {
    let threads = of.threads.max(1);
    let (send, receive) = sync_channel::<Vec<StoredEntry>>(2 * threads);
    let receive = Mutex::new(receive);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let count = make();
                let receive = &receive;
                scope.spawn(move || work(receive, aftermath, count))
            })
            .collect();
        let mut read = || -> Result<(), LedgerError> {
            let mut batch = Vec::with_capacity(BATCH);
            for entry in reader.scan(None)? {
                let entry = entry?;
                progress(entry.sequence);
                let within = of.from.is_none_or(|from| entry.event_time >= from)
                    && of.to.is_none_or(|to| entry.event_time < to);
                if entry.kind != EntryKind::Decision || entry.tenant != of.tenant || !within {
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
        let (mut whole, mut passed) = (make(), Passed::default());
        let mut failed = None;
        for worker in workers {
            match worker.join() {
                Ok(Ok((part, theirs))) => {
                    whole.merge(part);
                    passed.erased += theirs.erased;
                }
                Ok(Err(error)) => failed = failed.or(Some(error)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        outcome?;
        failed.map_or(Ok((whole, passed)), Err)
    })
}

/// Counts batches until there are no more. After an error the rest is taken and dropped, so that the
/// reading thread never waits for ever.
fn work<C: Count>(
    receive: &Mutex<Receiver<Vec<StoredEntry>>>,
    aftermath: &Aftermath,
    mut count: C,
) -> Result<(C, Passed), EngineError> {
    let (mut passed, mut failed) = (Passed::default(), None);
    loop {
        let batch = receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(batch) = batch else { break };
        for entry in &batch {
            if failed.is_some() {
                break;
            }
            match read_decision(entry) {
                Err(error) => failed = Some(error),
                Ok(stored) if stored.erased => passed.erased += 1,
                Ok(stored) => {
                    let (decision, record) = (&stored.decision, &stored.record);
                    count.add(&PastSale::of(entry.sequence, decision, record, aftermath), record);
                }
            }
        }
    }
    failed.map_or(Ok((count, passed)), Err)
}
