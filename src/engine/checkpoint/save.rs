//! Writing a checkpoint while serving.

use super::file::{ID_BYTES, Kind, KnownId, Writer, put_id};
use super::{CheckpointError, Checkpoints, Head, SHAPE, Start, owner, stores};
use crate::domain::{TenantId, TransactionId};
use crate::engine::known::{ContentHash, IdHash, Known, KnownIds};
use crate::engine::{Engine, entry};
use crate::ledger::{Ledger, Place, Position, StorageFault};
use crate::velocity::Parts;
use std::path::Path;
use std::sync::PoisonError;
use std::time::Duration;

/// How long the ledger is given to commit what the checkpoint holds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at ids whose writing has not ended.
const GLANCE: Duration = Duration::from_millis(2);

/// Ids of one block.
const IDS_OF_A_BLOCK: usize = 1 << 14;

/// A checkpoint that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// The entry behind which the next start reads.
    pub after: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Ids in it.
    pub ids: usize,
}

impl Engine {
    /// What the start began with; `None` without a ledger.
    pub fn start(&self) -> Option<&Start> {
        self.checkpoints.as_ref().map(|checkpoints| &checkpoints.start)
    }

    /// Writes a checkpoint and puts it in the place of the last one; `None` where there is nothing to
    /// keep. Serving goes on: each part is locked for the time of its copy, a millisecond or two.
    ///
    /// Waits for the disk, so not on a thread that runs async tasks. What is under way must be settled
    /// by others meanwhile.
    ///
    /// # Errors
    /// What is counted is not what the ledger holds, or the file can't be written. The last one stays.
    pub fn save_checkpoint(&self) -> Result<Option<Saved>, CheckpointError> {
        let (Some(ledger), Some(checkpoints)) = (&self.ledger, &self.checkpoints) else {
            return Ok(None);
        };
        let _only = checkpoints.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(after) = ledger.last() else { return Ok(None) };
        let beside = checkpoints.path.with_extension("new");
        let saved = self.write_checkpoint(ledger, checkpoints, after, &beside);
        if saved.is_err() {
            // Only room is at stake here, so a failure is none.
            let _ = checkpoints.storage.remove(&beside);
        }
        saved.map(Some)
    }

    fn write_checkpoint(
        &self,
        ledger: &Ledger,
        checkpoints: &Checkpoints,
        after: Place,
        path: &Path,
    ) -> Result<Saved, CheckpointError> {
        let fault = |error| StorageFault::new("write", path, error);
        let storage = &checkpoints.storage;
        // One left behind by a crash, whoever may read it. There mostly is none, so a failure is none.
        let _ = storage.remove(path);
        let mut file = Writer::begin(storage.open(path).map_err(fault)?, path)?;
        let stores = stores(&self.histories);
        let limits = self.histories.limits;
        let head = Head {
            owner: owner(ledger.hasher()),
            shape: SHAPE,
            max_keys: u64::try_from(limits.max_keys).unwrap_or(u64::MAX),
            seed: limits.seed,
            after,
            parts: stores.map(|store| u32::try_from(store.parts()).unwrap_or(u32::MAX)),
        };
        file.block(Kind::Head, |out| head.put(out))?;
        let mut held = after.sequence;
        for store in stores {
            for part in 0..store.parts() {
                held = held.max(self.write_part(ledger, &mut file, (store, part))?);
            }
        }
        let ids = write_ids(&self.known, &mut file)?;
        let (standing, accepted) = self.standing(ledger).ok_or(CheckpointError::Torn)?;
        held = held.max(accepted);
        file.block(Kind::Desk, |out| {
            for position in &standing {
                out.extend(position.packed().to_le_bytes());
            }
        })?;
        if !ledger.await_committed(held, PATIENCE) {
            return Err(match ledger.accepted() {
                Some(_) => CheckpointError::Behind,
                None => CheckpointError::Torn,
            });
        }
        let end = ledger.last().filter(|end| end.sequence >= held);
        let end = end.filter(|_| !self.histories.gate.is_torn()).ok_or(CheckpointError::Torn)?;
        // Or it could be ahead of the ledger after a power loss.
        ledger.sync(end)?;
        file.block(Kind::End, |out| {
            out.extend(end.sequence.to_le_bytes());
            out.extend(end.hash.0);
        })?;
        let bytes = file.sync()?;
        storage.rename(path, &checkpoints.path).map_err(fault)?;
        if let Some(dir) = path.parent() {
            storage.sync_dir(dir).map_err(fault)?;
        }
        Ok(Saved { after: after.sequence, bytes, ids })
    }

    /// Where the entries lie of what people did, and the number of the last entry that counted in it.
    /// After the ids: what was under way when the checkpoint began lies somewhere by now. `None` once
    /// an entry was lost.
    fn standing(&self, ledger: &Ledger) -> Option<(Vec<Position>, u64)> {
        let (standing, accepted) = {
            // An act counts when it is on disk and no earlier, a review when it is accepted.
            let _no_act = self.desk.acting();
            let _alone = self.histories.gate.alone();
            (self.desk.standing(), ledger.accepted()?)
        };
        Some((standing.positions(|tenant, id| self.kept_at(tenant, id)), accepted))
    }

    /// Where a decision lies, once it is written.
    fn kept_at(&self, tenant: &TenantId, transaction: &str) -> Option<Position> {
        let id = TransactionId::new(transaction).ok()?;
        match self.known.get(&entry::transaction_hash(tenant, &id))? {
            Known::Kept { position, .. } => Some(position),
            Known::Flying(_) | Known::Unkept { .. } => None,
        }
    }

    /// Writes one part and returns the number of the last entry it holds.
    fn write_part(
        &self,
        ledger: &Ledger,
        file: &mut Writer,
        (store, part): (&dyn Parts, usize),
    ) -> Result<u64, CheckpointError> {
        let gate = &self.histories.gate;
        let mut held = None;
        file.block(Kind::Part, |out| {
            let start = out.len();
            out.extend([0; 8]);
            let mut alone = Some(gate.alone());
            let mut locked = || {
                held = ledger.accepted();
                alone = None;
            };
            store.copy(part, &mut locked, out);
            let number = held.unwrap_or_default().to_le_bytes();
            if let Some(place) = out.get_mut(start..).and_then(|rest| rest.first_chunk_mut()) {
                *place = number;
            }
        })?;
        held.filter(|_| !gate.is_torn()).ok_or(CheckpointError::Torn)
    }
}

/// An id that is kept, or is being written.
type Found = (IdHash, Option<(ContentHash, Position)>);

/// Writes every id that is kept, those among them whose writing is under way once it has ended. They are
/// collected a part at a time, because nothing may be written to disk under their locks, and come in
/// order, so that equal states are equal files.
fn write_ids(known: &KnownIds, file: &mut Writer) -> Result<usize, CheckpointError> {
    let found = |id: &IdHash, known: &Known| match known {
        Known::Kept { content, position } => Some((*id, Some((*content, *position)))),
        Known::Flying(_) => Some((*id, None)),
        Known::Unkept { .. } => None,
    };
    let mut written = 0;
    for mut part in known.parts(found) {
        part.sort_unstable_by_key(|(id, _)| *id);
        let kept = landed(known, part)?;
        for ids in kept.chunks(IDS_OF_A_BLOCK) {
            file.block(Kind::Ids, |out| {
                out.reserve(ids.len() * ID_BYTES);
                for id in ids {
                    put_id(id, out);
                }
            })?;
        }
        written += kept.len();
    }
    Ok(written)
}

/// Those that are kept, once the writing of the others has ended.
fn landed(known: &KnownIds, found: Vec<Found>) -> Result<Vec<KnownId>, CheckpointError> {
    let mut kept = Vec::with_capacity(found.len());
    let mut waited = Duration::ZERO;
    for (id, place) in found {
        let mut place = place;
        while place.is_none() {
            match known.get(&id) {
                Some(Known::Flying(_)) if waited >= PATIENCE => {
                    return Err(CheckpointError::Behind);
                }
                Some(Known::Flying(_)) => {
                    std::thread::sleep(GLANCE);
                    waited += GLANCE;
                }
                Some(Known::Kept { content, position }) => place = Some((content, position)),
                Some(Known::Unkept { .. }) | None => break,
            }
        }
        kept.extend(place.map(|(content, position)| (id, content, position)));
    }
    Ok(kept)
}
