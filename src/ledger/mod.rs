//! The ledger: the append-only, hash-chained record of decisions, events, disputes and labels.
//!
//! The log is the truth; SQLite is an index of it that can be deleted. `append` seals the personal
//! fields on the caller's thread and queues the record; one `commit` thread writes and syncs
//! whatever has arrived; the receipt comes after that, as [`AckPolicy`] says. Opening reads the whole
//! log once, checks it, and hands every entry to the caller, who rebuilds its own state from it.
//!
//! ```text
//! DIR/ledger/00000001.log  segments of the log      frame, segment, walk, log
//! DIR/keys.log             wrapped subject keys     keyfile, keyring
//! DIR/master.key           what unwraps them        seal, rekey
//! DIR/signing.key          signs manifests, roots    signing
//! DIR/roots.jsonl          a signed root a day       roots, merkle
//! DIR/index.sqlite         rebuildable index        index
//! DIR/ledger.lock          one writer at a time     storage
//! ```
//!
//! INVARIANT: nothing acknowledged is lost, nothing half is ever returned; `kill -9` at any moment
//! leaves the acknowledged prefix and possibly whole records beyond it.
//! INVARIANT: damage before the end of the log is an error with its place, never cut away.
//! What a chain can't show is a log cut off at its end, or rewritten whole by someone who holds the
//! directory: `verify` also asks the index and the signed roots, and beyond that an outside witness is
//! needed, such as a root that was given away.
//!
//! Rejected: an embedded store (SQLite, redb, fjall) as the truth. Each commits slower, takes twice
//! the bytes or stalls, and none chains its records.

mod backup;
mod body;
mod bytes;
mod commit;
mod config;
mod entry;
mod error;
mod frame;
mod index;
mod keyfile;
mod keyring;
mod last;
mod log;
mod merkle;
mod reader;
mod recover;
mod rekey;
mod roots;
mod seal;
mod segment;
mod signing;
mod storage;
mod store;
mod verify;
mod walk;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use backup::{BACKUP_FORMAT, Backup, BackupFile, BackupManifest, backup, restore};
pub use body::Place;
pub use commit::{Committing, Pending, Receipt};
pub use config::{AckPolicy, LedgerConfig, MAX_QUEUE, MAX_SEGMENT_BYTES};
pub use entry::{
    Ack, ChainHash, EntryKind, LookupField, LookupHash, MAX_ENTRY_ID_BYTES, MAX_LOOKUPS,
    MAX_RECORD_BYTES, NewEntry, Personal, Position, StoredEntry, SubjectHash,
};
pub use error::{Damage, DamageKind, LedgerError, StorageFault};
pub use frame::FORMAT_VERSION;
pub use index::{Freshness, Index, MAX_ROWS, Order, Query, Row, Summary, refresh, unindexed};
pub use last::{Holder, LastRecords, holder, verify_last};
pub use reader::{Reader, Scan};
pub use recover::Recover;
pub use rekey::{NewMaster, Rekeyed, rekey};
pub use roots::{DailyRoots, Included, Inclusion, SignedRoot, holds, prove, roots, sign_roots};
pub use seal::{IndexKey, MasterKey};
pub use signing::{Signed, SigningKey};
pub use storage::{Disk, Storage, StorageFile};
pub use store::{Health, Ledger, Recovery, Retired};
pub use verify::{VerifyReport, verify};
pub use walk::Tail;
