//! The thread of a server that keeps the index close behind the log.

use super::super::error::{LedgerError, StorageFault};
use super::super::reader::Reader;
use super::Index;
use super::fill::Filler;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// After a failure the thread waits this many times as long.
const FAILED_WAIT: u32 = 20;

/// The thread that fills the index of an open ledger.
pub(in super::super) struct IndexThread {
    index: Index,
    state: Arc<State>,
    stop: SyncSender<bool>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    indexed: AtomicU64,
    fault: Mutex<Option<LedgerError>>,
}

impl State {
    fn report(&self, filler: &Filler, fault: Option<LedgerError>) {
        let indexed = filler.sequence();
        self.indexed.store(indexed, Ordering::Release);
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

impl IndexThread {
    /// Begins to fill the index every so often.
    pub(in super::super) fn start(
        data_dir: &Path,
        reader: Reader,
        every: Duration,
    ) -> Result<Self, LedgerError> {
        let mut filler = Filler::open(data_dir)?;
        let index = Index::open(data_dir)?;
        let state = Arc::new(State::default());
        state.report(&filler, None);
        let (stop, stopped) = sync_channel(1);
        let shown = Arc::clone(&state);
        let thread = std::thread::Builder::new().name("ledger-index".to_owned()).spawn(move || {
            let mut wait = every;
            loop {
                match stopped.recv_timeout(wait) {
                    Err(RecvTimeoutError::Timeout) => {
                        wait = fill(&mut filler, &reader, &shown, every);
                    }
                    Ok(true) => {
                        fill(&mut filler, &reader, &shown, every);
                        break;
                    }
                    Ok(false) | Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        });
        let thread = thread.map_err(|error| {
            StorageFault::new("start the thread that fills", index.path(), error)
        })?;
        Ok(Self { index, state, stop, thread })
    }

    pub(in super::super) fn index(&self) -> &Index {
        &self.index
    }

    pub(in super::super) fn indexed(&self) -> u64 {
        self.state.indexed.load(Ordering::Acquire)
    }

    pub(in super::super) fn fault(&self) -> Option<LedgerError> {
        self.state.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the thread, `caught_up` or at once.
    pub(in super::super) fn stop(self, caught_up: bool) {
        let _ = self.stop.send(caught_up);
        let _ = self.thread.join();
    }
}

/// Takes in everything committed; how long to wait then.
fn fill(filler: &mut Filler, reader: &Reader, state: &State, every: Duration) -> Duration {
    loop {
        match filler.step(reader) {
            Ok(0) => return every,
            Ok(_) => state.report(filler, None),
            Err(error) => {
                state.report(filler, Some(error));
                return every.saturating_mul(FAILED_WAIT);
            }
        }
    }
}
