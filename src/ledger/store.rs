//! The open ledger: the handle everyone in the process shares.

use super::body::{Place, encode};
use super::commit::{Append, Committer, Pending, Shared};
use super::config::{AckPolicy, LedgerConfig, MAX_QUEUE, MAX_SEGMENT_BYTES};
use super::entry::{MAX_RECORD_BYTES, NewEntry, Position, StoredEntry, SubjectHash};
use super::error::{LedgerError, StorageFault};
use super::index::{Index, IndexThread};
use super::keyfile::{KEYS_FILE, KeyFile};
use super::keyring::Keyring;
use super::log::LogWriter;
use super::reader::{Reader, Scan};
use super::recover::{self, EveryEntry, Recover};
use super::rekey::settle;
use super::seal::{IndexKey, MasterKey};
use super::segment::{LOG_DIR, segment_path};
use super::storage::{DirLock, Storage};
use super::walk::Tail;
use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// A ledger open for appending. Share it by `Arc`; dropping the last handle commits what is queued
/// and closes it.
pub struct Ledger {
    queue: Option<Sender<Append>>,
    places: usize,
    committer: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    keys: Arc<Keyring>,
    hasher: IndexKey,
    reader: Reader,
    storage: Arc<dyn Storage>,
    durability: AckPolicy,
    recovery: Recovery,
    indexing: Option<IndexThread>,
    #[expect(dead_code, reason = "keeps other processes out until everything above is closed")]
    lock: DirLock,
}

/// What opening found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// Entries in the log.
    pub records: u64,
    /// What lay behind them; remains of a commit were left where they are and do not count.
    pub tail: Tail,
}

/// Subjects whose keys are used for no further entry.
#[derive(Debug)]
pub struct Retired {
    subjects: BTreeSet<SubjectHash>,
    next: u64,
}

impl Retired {
    /// Leaves a subject its keys after all.
    pub fn spare(&mut self, subject: SubjectHash) {
        self.subjects.remove(&subject);
    }

    /// How many are left.
    pub fn count(&self) -> u64 {
        u64::try_from(self.subjects.len()).unwrap_or(u64::MAX)
    }
}

/// How the ledger is.
#[derive(Debug, Clone)]
pub struct Health {
    /// The last committed entry; 0 in an empty ledger.
    pub sequence: u64,
    /// Appends waiting now.
    pub queued: usize,
    /// Why appends are refused; `None` while they are taken.
    pub fault: Option<Arc<StorageFault>>,
    /// How long the write under way has taken; zero where none is. Grows while a disk is slow.
    pub stalled: Duration,
    /// The last entry the index has; the difference to `sequence` is its lag. `None`: no index.
    pub indexed: Option<u64>,
    /// Why the index does not go on; it tries again by itself.
    pub index_fault: Option<LedgerError>,
}

impl Ledger {
    /// Opens the ledger, or begins one, and calls `recover` with every entry in order.
    ///
    /// Cost: reads and checks the whole log. The personal part of an entry is unsealed only if asked.
    ///
    /// # Errors
    /// As [`Ledger::open_with`].
    pub fn open(
        config: LedgerConfig,
        recover: &mut dyn FnMut(&StoredEntry),
    ) -> Result<Self, LedgerError> {
        Self::open_with(config, &mut EveryEntry(recover))
    }

    /// Opens the ledger, or begins one. `recover` takes its entries up, all or those behind a record
    /// it has kept the state of. Cost: reads and checks what lies behind that record.
    ///
    /// # Errors
    /// Another process holds the ledger; damage before its end; files of another format or master
    /// key; a disk that can't be read or written.
    pub fn open_with(config: LedgerConfig, recover: &mut dyn Recover) -> Result<Self, LedgerError> {
        let data_dir = config.data_dir.as_path();
        let log_dir = data_dir.join(LOG_DIR);
        create_dirs(data_dir, &log_dir, &*config.storage)?;
        let lock = DirLock::acquire(data_dir)?;
        settle(data_dir, &*config.storage)?;
        let master = master_key(data_dir, config.master_key)?;
        let keys = Arc::new(Keyring::open(data_dir, &master, &*config.storage)?);
        let shared = Arc::new(Shared::default());
        let key_file = Arc::new(KeyFile::open(data_dir, Some(&master))?);
        let hasher = key_file.indexing().cloned().unwrap_or_else(|| master.indexing());
        let hashes = Some(hasher.clone());
        let mut reader =
            Reader { log_dir: log_dir.clone(), keys: key_file, hasher: hashes, shared: None };

        let found = recover::read(&reader, config.accept_loss, recover)?;
        let (standing, tail) = (found.standing, found.tail);
        shared.set_last(found.last);
        shared.accept(standing.next - 1);
        let least = u64::try_from(2 * super::frame::HEADER_BYTES).unwrap_or(u64::MAX);
        let segment_bytes = config.segment_bytes.clamp(least, MAX_SEGMENT_BYTES);
        let storage = Arc::clone(&config.storage);
        let log = LogWriter::open(config.storage, &log_dir, segment_bytes, &standing)?;
        shared.publish(log.committed(), log.end());
        reader.shared = Some(Arc::clone(&shared));

        let (queue, appends) = channel();
        let committer = Committer {
            queue: appends,
            log,
            keys: Arc::clone(&keys),
            shared: Arc::clone(&shared),
            durability: config.durability,
            retry: config.retry,
            attempts: 0,
            staged: None,
            committing: Vec::new(),
        };
        let committer = std::thread::Builder::new()
            .name("ledger-commit".to_owned())
            .spawn(move || committer.run())
            .map_err(|error| StorageFault::new("start the thread that writes", &log_dir, error))?;
        let mut ledger = Self {
            queue: Some(queue),
            places: config.queue.min(MAX_QUEUE),
            committer: Some(committer),
            shared,
            keys,
            hasher,
            reader,
            storage,
            durability: config.durability,
            recovery: Recovery { records: standing.next - 1, tail },
            indexing: None,
            lock,
        };
        if let Some(every) = config.index_every {
            ledger.indexing = Some(IndexThread::start(data_dir, ledger.reader.clone(), every)?);
        }
        Ok(ledger)
    }

    /// Queues an entry; entries are kept in the order of the calls. The receipt comes from the
    /// returned [`Pending`]. Cost: one encryption on this thread, no wait.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] and [`LedgerError::Unavailable`], which pass; an entry over a limit.
    pub fn append(&self, entry: &NewEntry) -> Result<Pending, LedgerError> {
        if let Some(fault) = self.shared.fault() {
            return Err(LedgerError::Unavailable(fault));
        }
        if !self.shared.reserve(self.places) {
            return Err(LedgerError::Busy { waiting: self.shared.queued() });
        }
        let (reply, pending) = tokio::sync::oneshot::channel();
        let queued = encode(entry, &self.keys).and_then(|body| {
            let queue = self.queue.as_ref().ok_or(LedgerError::Closed)?;
            self.shared.hold(body.len());
            queue.send(Append { body, reply }).map_err(|_| LedgerError::Closed)?;
            self.shared.accept(1);
            Ok(())
        });
        if let Err(error) = queued {
            self.shared.release(1, 0);
            return Err(error);
        }
        Ok(Pending(pending))
    }

    /// The number that the last accepted entry has, or will have unless the disk fails. Exact only
    /// while no append is under way; `None` once an accepted entry was lost, until the next start.
    pub fn accepted(&self) -> Option<u64> {
        self.shared.is_whole().then(|| self.shared.accepted())
    }

    /// The last committed entry; `None` in an empty ledger.
    pub fn last(&self) -> Option<Place> {
        self.shared.last()
    }

    /// Waits until the entry of this number is committed; `false` where that took too long or the disk
    /// failed.
    pub fn await_committed(&self, sequence: u64, timeout: Duration) -> bool {
        self.shared.await_committed(sequence, timeout)
    }

    /// Puts a committed entry and all before it on disk, where [`AckPolicy`] has not. From here and
    /// not by the thread that commits: the appends of a second would wait for it.
    ///
    /// # Errors
    /// The disk failed; entries may be lost, so [`Ledger::accepted`] is `None` from then on.
    pub fn sync(&self, committed: Place) -> Result<(), StorageFault> {
        if self.durability == AckPolicy::Fsync {
            return Ok(());
        }
        // The segments before it were put on disk when it was begun, and keys go before records.
        let path = segment_path(&self.reader.log_dir, committed.position.segment);
        let segment = || self.storage.open(&path).and_then(|segment| segment.sync());
        let synced = self
            .keys
            .sync()
            .and_then(|()| segment().map_err(|error| StorageFault::new("sync", &path, error)));
        synced.inspect_err(|_| self.shared.doubt())
    }

    /// The committed entry at a position.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read(&self, position: Position) -> Result<StoredEntry, LedgerError> {
        self.reader.read(position)
    }

    /// Every committed entry in order, from the first or from the one at a position.
    ///
    /// # Errors
    /// As [`Reader::scan`].
    pub fn scan(&self, from: Option<Position>) -> Result<Scan, LedgerError> {
        self.reader.scan(from)
    }

    /// Destroys the keys of subjects: what was sealed for them reads as erased from now on, on disk
    /// before this returns. The chain still verifies; a later entry about them gets a new key.
    /// Returns how many keys were destroyed. Cost: one pass over the key file.
    ///
    /// # Errors
    /// The key file can't be written; call again.
    pub fn erase(&self, subjects: &BTreeSet<SubjectHash>) -> Result<u64, LedgerError> {
        self.bury(&self.retire(subjects.clone()))
    }

    /// Gives subjects a new key at their next entry, so that those they have can be destroyed by
    /// [`Ledger::bury`] without touching what comes meanwhile.
    pub fn retire(&self, subjects: BTreeSet<SubjectHash>) -> Retired {
        let next = self.keys.retire(&subjects);
        Retired { subjects, next }
    }

    /// Destroys what was retired. Returns how many keys. Cost: as of [`Ledger::erase`].
    ///
    /// # Errors
    /// As [`Ledger::erase`].
    pub fn bury(&self, retired: &Retired) -> Result<u64, LedgerError> {
        Ok(self.keys.bury(&retired.subjects, retired.next)?)
    }

    /// Reads this ledger, no further than it is committed.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Makes the keyed hashes of this ledger.
    pub fn hasher(&self) -> &IndexKey {
        &self.hasher
    }

    /// The index; `None` where the configuration keeps none. It lags, see [`Ledger::health`].
    pub fn index(&self) -> Option<&Index> {
        self.indexing.as_ref().map(IndexThread::index)
    }

    /// What opening found.
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// How the ledger is now. Cost: a few atomic reads.
    pub fn health(&self) -> Health {
        let (indexed, index_fault) = match &self.indexing {
            Some(indexing) => (Some(indexing.indexed()), indexing.fault()),
            None => (None, None),
        };
        Health {
            sequence: self.shared.sequence(),
            queued: self.shared.queued(),
            fault: self.shared.fault(),
            stalled: self.shared.stalled(),
            indexed,
            index_fault,
        }
    }

    /// Ends as a killed process does: what only waits in memory is not written.
    #[cfg(test)]
    pub(super) fn abandon(self) {
        self.shared.abandoned.store(true, Ordering::Release);
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(committer) = self.committer.take() {
            let _ = committer.join();
        }
        let abandoned = self.shared.abandoned.load(Ordering::Acquire);
        if let Some(indexing) = self.indexing.take() {
            indexing.stop(!abandoned);
        }
    }
}

/// Makes the directories, for their owner alone, and puts their names on disk.
fn create_dirs(data_dir: &Path, log_dir: &Path, storage: &dyn Storage) -> Result<(), LedgerError> {
    if log_dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(log_dir)
        .and_then(|()| storage.sync_dir(data_dir))
        .map_err(|error| StorageFault::new("create", log_dir, error))?;
    // The directory above may be one we may not open; it is ours to sync only where it is ours.
    let _ = data_dir.parent().map(|above| storage.sync_dir(above));
    Ok(())
}

/// The given key, the one on disk, or for a ledger without keys a new one.
fn master_key(data_dir: &Path, given: Option<MasterKey>) -> Result<MasterKey, LedgerError> {
    if let Some(key) = given {
        return Ok(key);
    }
    match MasterKey::read(data_dir)? {
        Some(key) => Ok(key),
        None if data_dir.join(KEYS_FILE).exists() => {
            Err(LedgerError::MasterKeyMissing { path: data_dir.join(super::seal::MASTER_KEY_FILE) })
        }
        None => MasterKey::create(data_dir),
    }
}

/// The longest record and a header fit into any segment.
const _: () = assert!(MAX_RECORD_BYTES < 1024 * 1024 * 1024, "see MAX_SEGMENT_BYTES");
