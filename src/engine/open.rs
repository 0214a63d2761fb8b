//! Starting on an existing ledger: known ids and history come back from the records themselves.
//!
//! Nothing is scored again and no clock is asked: each record carries the occurrences it counted,
//! with their event time, so the state after a crash is the state without it.

use super::artefacts::Artefacts;
use super::checkpoint::{self, Checkpoints, Held, Loaded, Start, Unusable};
use super::desk::{self, Desk, Noted};
use super::entry::{self, unhex};
use super::error::{EngineError, StoredError};
use super::histories::Histories;
use super::identity::KeyMaker;
use super::known::KnownIds;
use super::service::{Engine, Kept};
use super::snapshot::Snapshot;
use super::stored::{self, Recovered};
use crate::domain::{TenantId, TransactionId};
use crate::ledger::{
    EntryKind, IndexKey, Ledger, LedgerConfig, LedgerError, Place, Position, Recover, StoredEntry,
};
use crate::velocity::Limits;
use std::path::Path;
use std::sync::Arc;

impl KeyMaker for IndexKey {
    fn hash(&self, tenant: &TenantId, label: &str, value: &str) -> [u8; 16] {
        IndexKey::hash(self, tenant, label, value.as_bytes())
    }
}

impl Engine {
    /// Opens the ledger, verifies it record by record and rebuilds ids and history from it; from a
    /// checkpoint, where a good one is there, and what lies behind it. [`Engine::start`] tells.
    ///
    /// The snapshot is kept for replays before the first decision. `progress` is told the number of the
    /// record read last. Cost: one pass over the ledger, or over the checkpoint and the rest of it.
    ///
    /// # Errors
    /// The ledger is in use, damaged or of a newer format; the snapshot can't be kept.
    pub fn open(
        snapshot: Snapshot,
        config: LedgerConfig,
        limits: Limits,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, EngineError> {
        let (data_dir, storage) = (config.data_dir.clone(), config.storage.clone());
        let mut recovery = Recovery::new(&data_dir, limits, progress);
        let durability = config.durability.into();
        let artefacts = Artefacts::new(&data_dir);
        let ledger = Ledger::open_with(config, &mut recovery)?;
        let Recovery { histories, known, start, failed, desk, standing, behind, .. } = recovery;
        if let Some(error) = failed {
            return Err(error);
        }
        desk::rebuild(&desk, &ledger, standing, behind)?;
        let snapshot = desk.put_on(snapshot);
        artefacts.keep(&snapshot)?;
        let checkpoints = Checkpoints::new(&data_dir, storage, start);
        let kept = Kept { ledger, durability, artefacts, checkpoints, desk: Arc::new(desk) };
        Ok(Self::from_parts(snapshot, histories, known, Some(kept)))
    }
}

/// What a checkpoint and the records rebuild.
pub(super) struct Recovery<'a> {
    data_dir: &'a Path,
    limits: Limits,
    pub(super) histories: Histories,
    pub(super) known: KnownIds,
    /// What the histories hold already; `None` from the first record on.
    held: Option<Held>,
    pub(super) start: Start,
    failed: Option<EngineError>,
    desk: Desk,
    /// Entries of the desk that stood at the checkpoint, and those behind it: counted in this order once
    /// the ledger is open. Without a checkpoint everything counts at once.
    standing: Vec<Position>,
    behind: Vec<Noted>,
    progress: &'a mut dyn FnMut(u64),
}

impl Recover for Recovery<'_> {
    fn begin(&mut self, keys: Option<&IndexKey>) -> Option<Place> {
        match checkpoint::load(self.data_dir, keys?, self.limits) {
            Ok(loaded) => {
                let Loaded { histories, known, after, held, desk } = loaded?;
                (self.histories, self.known, self.held) = (histories, known, Some(held));
                self.standing = desk;
                self.start.after = Some(after.sequence);
                Some(after)
            }
            Err(unusable) => {
                self.start.unusable = Some(unusable);
                None
            }
        }
    }

    fn take(&mut self, stored: &StoredEntry) {
        if let Some(held) = &mut self.held {
            held.meet(stored.sequence, stored.hash);
        }
        if self.failed.is_none()
            && stored.kind != EntryKind::Admin
            && let Err(source) = self.restore(stored)
        {
            self.failed = Some(EngineError::Stored { sequence: stored.sequence, source });
        }
        if self.failed.is_none()
            && let Err(error) = self.note(stored)
        {
            self.failed = Some(error);
        }
        (self.progress)(stored.sequence);
    }

    fn fits(&mut self) -> bool {
        self.held.as_ref().is_none_or(Held::is_met)
    }

    fn restart(&mut self, error: Option<LedgerError>) {
        self.histories = Histories::new(self.limits);
        self.known = KnownIds::default();
        self.held = None;
        (self.desk, self.standing, self.behind) = (Desk::default(), Vec::new(), Vec::new());
        self.failed = None;
        self.start = Start { after: None, unusable: Some(Unusable::Ledger(error)) };
    }
}

impl<'a> Recovery<'a> {
    pub(super) fn new(
        data_dir: &'a Path,
        limits: Limits,
        progress: &'a mut dyn FnMut(u64),
    ) -> Self {
        Self {
            data_dir,
            limits,
            histories: Histories::new(limits),
            known: KnownIds::default(),
            held: None,
            start: Start::default(),
            failed: None,
            desk: Desk::default(),
            standing: Vec::new(),
            behind: Vec::new(),
            progress,
        }
    }

    fn note(&mut self, stored: &StoredEntry) -> Result<(), EngineError> {
        match desk::note(stored)? {
            Some(noted) if self.held.is_some() => self.behind.push(noted),
            Some(noted) => self.desk.count(noted),
            None => {}
        }
        Ok(())
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
            match &self.held {
                Some(held) => held.record(&self.histories, stored.sequence, occurrence),
                None => self.histories.record(occurrence),
            }
        }
        Ok(())
    }
}
