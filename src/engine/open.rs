//! Starting on an existing ledger: known ids and history come back from the records themselves.
//!
//! Nothing is scored again and no clock is asked: each record carries the occurrences it counted,
//! with their event time, so the state after a crash is the state without it.

use super::artefacts::Artefacts;
use super::entry::{self, unhex};
use super::error::{EngineError, StoredError};
use super::histories::Histories;
use super::identity::KeyMaker;
use super::known::KnownIds;
use super::service::{Engine, Kept};
use super::snapshot::Snapshot;
use super::stored::{self, Recovered};
use crate::domain::{TenantId, TransactionId};
use crate::ledger::{EntryKind, IndexKey, Ledger, LedgerConfig, StoredEntry};
use crate::velocity::Limits;

impl KeyMaker for IndexKey {
    fn hash(&self, tenant: &TenantId, label: &str, value: &str) -> [u8; 16] {
        IndexKey::hash(self, tenant, label, value.as_bytes())
    }
}

impl Engine {
    /// Opens the ledger, verifies it record by record and rebuilds ids and history from it.
    ///
    /// The snapshot is kept for replays before the first decision. `progress` is told the number of
    /// records read so far. Cost: one pass over the ledger.
    ///
    /// # Errors
    /// The ledger is in use, damaged or of a newer format; the snapshot can't be kept.
    pub fn open(
        snapshot: Snapshot,
        config: LedgerConfig,
        limits: Limits,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, EngineError> {
        let mut recovery = Recovery {
            histories: Histories::new(limits),
            known: KnownIds::default(),
            failed: None,
        };
        let durability = config.durability.into();
        let artefacts = Artefacts::new(&config.data_dir);
        let ledger = Ledger::open(config, &mut |stored| {
            recovery.take(stored);
            progress(stored.sequence);
        })?;
        if let Some(error) = recovery.failed {
            return Err(error);
        }
        artefacts.keep(&snapshot)?;
        let kept = Kept { ledger, durability, artefacts };
        Ok(Self::from_parts(snapshot, recovery.histories, recovery.known, Some(kept)))
    }
}

/// What the records rebuild.
struct Recovery {
    histories: Histories,
    known: KnownIds,
    failed: Option<EngineError>,
}

impl Recovery {
    fn take(&mut self, stored: &StoredEntry) {
        if self.failed.is_some() || stored.kind == EntryKind::Admin {
            return;
        }
        if let Err(source) = self.restore(stored) {
            self.failed = Some(EngineError::Stored { sequence: stored.sequence, source });
        }
    }

    fn restore(&mut self, stored: &StoredEntry) -> Result<(), StoredError> {
        let recovered: Recovered = stored::read(&stored.open)?;
        let id = match stored.kind {
            EntryKind::Decision => {
                let id = TransactionId::new(&stored.id).map_err(StoredError::Id)?;
                entry::transaction_hash(&stored.tenant, &id)
            }
            _ => entry::event_hash(&stored.tenant, &stored.id),
        };
        let content = unhex(&recovered.digest).ok_or(StoredError::Digest)?;
        self.known.keep(id, content, stored.position);
        for occurrence in recovered.occurrence.iter().chain(&recovered.occurrences) {
            self.histories.record(occurrence);
        }
        Ok(())
    }
}
