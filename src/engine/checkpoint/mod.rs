//! The state of an engine in a file, so that a start reads the end of the ledger and not all of it.
//!
//! The ledger stays the truth: a checkpoint can be deleted, and whatever is wrong with one it is named
//! and the whole ledger read instead. It is written while the engine serves, part by part, so its parts
//! show different moments. Why a start from one, with the entries behind it, ends in the same state as a
//! start from the whole ledger:
//!
//! - **What a part holds is a beginning of the ledger.** An occurrence is counted once the ledger has
//!   accepted its entry, which is before it has a number, and two threads may count in another order
//!   than they were accepted in. So whoever has an entry accepted holds the [`Gate`] from before that
//!   until it is counted; and the one who copies holds the gate alone for the moment in which it locks a
//!   part. In that moment each accepted entry is counted and no other is, and entries get their numbers
//!   in the order they were accepted: the part holds those up to the number of the last one
//!   ([`Ledger::accepted`]), which is written with it. A recording waits for that moment, not for the
//!   copy, unless it needs that very part.
//! - **What comes later is counted once in each part.** The entries behind the first one a part may lack
//!   are read in order, and each counts in the parts that lack it, by their numbers
//!   ([`Parts::record_in`](crate::velocity::Parts::record_in)).
//! - **Nothing is held that the ledger does not.** The file gets its name only once every entry it holds
//!   is committed, and on disk whatever is acknowledged before that. After a failed write the ledger has
//!   lost entries that were counted, and after a panic in the middle of counting one is half counted: from
//!   then on no checkpoint is written until the next start, which counts anew.
//! - **It is this ledger.** The hash of the entry where reading begins and that of a later one up to
//!   which anything can be held must be those in the log, and through the chain all before them. A log
//!   that ends before (after a power loss) or went on otherwise does not fit.
//! - **What people did** is in it by the positions of the entries that stand, read like a part but with no
//!   act under way, and written behind the ids; those behind the place where reading begins count again,
//!   which changes nothing: of two about the same thing the later one stands.
//! - **Ids** are the same whoever keeps them again, so they need no number: those of entries before the
//!   place where reading begins are in the file, once their writing has ended.
//!
//! Who is given up by stores that are full is drawn, and the draw goes on where it was. So entries that
//! were counted in the order of the ledger leave the same state to the last bit. Left aside: entries that
//! two threads counted in another order, which may give up another one, as they may after any start.
//!
//! Rejected: a copy of everything under one lock (seconds of standstill); copies made by those who record
//! (the first requests after a checkpoint pay for it); rebuilding the state beside the living one from
//! the last checkpoint (twice the memory).

mod file;
mod load;
mod save;
#[cfg(test)]
mod tests;

use super::histories::Histories;
use crate::domain::TenantId;
use crate::ledger::{IndexKey, LedgerError, Storage, StorageFault};
use crate::velocity::{Entity, Limits, Other, Parts, STATE_FORMAT, Signal};
pub(super) use load::{Held, Loaded, load};
pub use save::Saved;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The file in the data directory.
pub const CHECKPOINT_FILE: &str = "state.checkpoint";

/// Format of the file. An older one is not read: the ledger holds all of it.
const FORMAT: u32 = 2;

/// What the states are written with, where another build may differ: a signal more is another form.
#[expect(clippy::cast_possible_truncation, reason = "dozens")]
const SHAPE: [u32; 4] =
    [STATE_FORMAT, Entity::COUNT as u32, Signal::COUNT as u32, Other::COUNT as u32];

/// Why a checkpoint is not used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It is not there whole, or not as it was written.
    #[error("it is damaged at byte {at}")]
    Damaged {
        /// Where the block begins that does not fit.
        at: u64,
    },
    /// Not a checkpoint.
    #[error("it is none of ours")]
    Foreign,
    /// Of another version of this program.
    #[error("it has format {found}, this version reads {known}")]
    Format {
        /// The file's.
        found: u32,
        /// This version's.
        known: u32,
    },
    /// This version counts other things, or keeps them otherwise.
    #[error("its history has another form than this version keeps")]
    Shape,
    /// Written with another master key.
    #[error("it was written with another master key")]
    Key,
    /// Written with another `velocity.max_keys`.
    #[error("it was written for {found} entities, and {wanted} are to be kept now")]
    Limits {
        /// The file's.
        found: u64,
        /// Those asked for.
        wanted: u64,
    },
    /// It can't be read.
    #[error("it can't be read")]
    Read(#[source] std::io::Error),
    /// The ledger is not the one it rests on, or ends before.
    #[error("the ledger does not hold what it rests on")]
    Ledger(#[source] Option<LedgerError>),
}

/// Why no checkpoint was written. The last one stays.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The disk failed since the start, or a request ended in the middle of counting: what is counted is
    /// not what the ledger holds. The next start counts anew.
    #[error("not all that was counted since the start is in the ledger")]
    Torn,
    /// The ledger took too long to write what was counted.
    #[error("the ledger is behind by too much")]
    Behind,
    /// The file can't be written.
    #[error(transparent)]
    Disk(#[from] StorageFault),
}

/// Where checkpoints are kept, and how the last start went.
#[derive(Debug)]
pub(super) struct Checkpoints {
    pub(super) path: PathBuf,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) start: Start,
    /// One is written at a time.
    pub(super) writing: Mutex<()>,
}

/// What a start began with.
#[derive(Debug, Default)]
pub struct Start {
    /// The entry behind which the ledger was read; `None`: all of it was.
    pub after: Option<u64>,
    /// Why a checkpoint that is there was not used.
    pub unusable: Option<Unusable>,
}

impl Checkpoints {
    pub(super) fn new(data_dir: &Path, storage: Arc<dyn Storage>, start: Start) -> Self {
        let path = data_dir.join(CHECKPOINT_FILE);
        Self { path, storage, start, writing: Mutex::new(()) }
    }
}

/// What is held from before an entry is accepted until it is counted.
#[derive(Debug, Default)]
pub(super) struct Gate {
    lock: RwLock<()>,
    torn: AtomicBool,
}

/// See [`Gate`].
pub(super) struct Counting<'a> {
    gate: &'a Gate,
    #[expect(dead_code, reason = "holds the gate until dropped")]
    held: RwLockReadGuard<'a, ()>,
}

impl Gate {
    /// Waits for a part that is just being locked, microseconds.
    pub(super) fn counting(&self) -> Counting<'_> {
        Counting { gate: self, held: self.lock.read().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Waits until nobody counts.
    pub(super) fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.lock.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_torn(&self) -> bool {
        self.torn.load(Ordering::Acquire)
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.gate.torn.store(true, Ordering::Release);
        }
    }
}

/// The stores of an engine, in the order they are written.
fn stores(histories: &Histories) -> [&dyn Parts; 3] {
    [&histories.windows, &histories.sales, &histories.links]
}

/// Tells whose a checkpoint is.
fn owner(keys: &IndexKey) -> [u8; 16] {
    keys.hash(&TenantId::default_tenant(), "checkpoint", b"owner")
}

/// Written first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Head {
    owner: [u8; 16],
    shape: [u32; 4],
    max_keys: u64,
    /// Of the shards, so that parts are the same again. A secret: the file is its owner's alone.
    seed: u64,
    /// Reading begins behind it.
    after: crate::ledger::Place,
    /// How many parts each store has.
    parts: [u32; 3],
}

impl Head {
    fn limits(&self) -> Option<Limits> {
        Some(Limits { max_keys: usize::try_from(self.max_keys).ok()?, seed: self.seed })
    }
}
