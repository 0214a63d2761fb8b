//! How a ledger is opened.

use super::seal::MasterKey;
use super::storage::{Disk, Storage};
use crate::domain;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Largest segment: positions count bytes in 32 bits, with room for the longest record.
pub const MAX_SEGMENT_BYTES: u64 = 1024 * 1024 * 1024;

/// What is done with an entry before its receipt is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AckPolicy {
    /// On disk: survives a power loss, as far as the disk is honest.
    #[default]
    Fsync,
    /// Written to the operating system: survives a killed process, not a power loss. After one the
    /// ledger may not open, see [`LedgerConfig::accept_loss`].
    Os,
    /// Nothing: up to 200 ms or 1 MiB of entries are lost with the process.
    Async,
}

impl From<AckPolicy> for domain::Durability {
    fn from(policy: AckPolicy) -> Self {
        match policy {
            AckPolicy::Fsync => Self::Fsync,
            AckPolicy::Os => Self::Os,
            AckPolicy::Async => Self::Async,
        }
    }
}

/// Where a ledger lies and how it is written.
#[derive(Debug, Clone)]
pub struct LedgerConfig {
    /// The data directory; made if missing.
    pub data_dir: PathBuf,
    /// When an append is acknowledged. Default `Fsync`.
    pub durability: AckPolicy,
    /// Size of a segment, at most [`MAX_SEGMENT_BYTES`]. Default 64 MiB.
    pub segment_bytes: u64,
    /// Most appends that wait; one more is refused as busy. Default 8,192.
    pub queue: usize,
    /// How long after a failed commit the disk is tried again. Default 500 ms.
    pub retry: Duration,
    /// The master key, where it is kept elsewhere. Default: `master.key` in the data directory,
    /// made at the first start.
    pub master_key: Option<MasterKey>,
    /// Opens a ledger whose last segment is damaged before its end, as a power loss can leave it
    /// where [`AckPolicy::Os`] acknowledged what was not on disk yet. It goes on from the record
    /// before; what follows stays in the file and does not count. Default false: such a ledger is
    /// refused, since acknowledged records are lost.
    pub accept_loss: bool,
    /// How often the index takes in what was committed. `None`: no index is kept. Default 50 ms.
    pub index_every: Option<Duration>,
    /// What files are written with. Default: the file system.
    pub storage: Arc<dyn Storage>,
}

impl LedgerConfig {
    /// A ledger in `data_dir` with every default.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            durability: AckPolicy::default(),
            segment_bytes: 64 * 1024 * 1024,
            queue: 8192,
            retry: Duration::from_millis(500),
            master_key: None,
            accept_loss: false,
            index_every: Some(Duration::from_millis(50)),
            storage: Arc::new(Disk),
        }
    }
}
