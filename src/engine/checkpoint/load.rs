//! Reading a checkpoint at a start.

use super::file::{Kind, Reader, take, take_id};
use super::{CHECKPOINT_FILE, Head, SHAPE, Unusable, owner, stores};
use crate::engine::histories::Histories;
use crate::engine::known::KnownIds;
use crate::ledger::{ChainHash, IndexKey, Place, Position};
use crate::velocity::{Limits, Occurrence};
use std::path::Path;

/// What a checkpoint held.
pub(in crate::engine) struct Loaded {
    pub(in crate::engine) histories: Histories,
    pub(in crate::engine) known: KnownIds,
    /// The entry behind which reading begins.
    pub(in crate::engine) after: Place,
    /// Which entries each part holds.
    pub(in crate::engine) held: Held,
    /// Entries of the desk that stand.
    pub(in crate::engine) desk: Vec<Position>,
}

/// The last entry each part holds, store by store.
#[derive(Debug, Default)]
pub(in crate::engine) struct Held {
    parts: [Vec<u64>; 3],
    /// An entry up to which anything is held, and its hash.
    end: Option<(u64, ChainHash)>,
    /// Whether that entry was seen.
    met: bool,
}

impl Held {
    /// Counts an occurrence of an entry where it lacks.
    pub(in crate::engine) fn record(
        &self,
        histories: &Histories,
        sequence: u64,
        occurrence: &Occurrence,
    ) {
        if self.end.is_none_or(|(end, _)| sequence > end) {
            histories.record(occurrence);
            return;
        }
        for (store, held) in stores(histories).into_iter().zip(&self.parts) {
            store.record_in(occurrence, &|part| held.get(part).is_none_or(|held| sequence > *held));
        }
    }

    /// Takes note that an entry is in the ledger.
    pub(in crate::engine) fn meet(&mut self, sequence: u64, hash: ChainHash) {
        self.met |= self.end == Some((sequence, hash));
    }

    /// Whether the ledger holds all that the parts do.
    pub(in crate::engine) fn is_met(&self) -> bool {
        self.met
    }
}

/// Reads the checkpoint in a data directory; `None` where there is none.
pub(in crate::engine) fn load(
    data_dir: &Path,
    keys: &IndexKey,
    limits: Limits,
) -> Result<Option<Loaded>, Unusable> {
    let Some(mut file) = Reader::open(&data_dir.join(CHECKPOINT_FILE))? else { return Ok(None) };
    let head = match file.block()? {
        (Kind::Head, content) => Head::take(&content),
        _ => None,
    };
    let head = head.ok_or_else(|| file.damaged())?;
    let (found, wanted) = (head.max_keys, u64::try_from(limits.max_keys).unwrap_or(u64::MAX));
    if head.shape != SHAPE {
        return Err(Unusable::Shape);
    }
    if head.owner != owner(keys) {
        return Err(Unusable::Key);
    }
    let limits = head.limits().filter(|_| found == wanted);
    let limits = limits.ok_or(Unusable::Limits { found, wanted })?;
    let histories = Histories::new(limits);
    let mut held = Held::default();
    for ((store, parts), held) in
        stores(&histories).into_iter().zip(head.parts).zip(&mut held.parts)
    {
        if u32::try_from(store.parts()) != Ok(parts) {
            return Err(Unusable::Shape);
        }
        for part in 0..store.parts() {
            let (kind, content) = file.block()?;
            let mut bytes = content.as_slice();
            let sequence = take(&mut bytes).filter(|_| kind == Kind::Part).map(u64::from_le_bytes);
            held.push(sequence.ok_or_else(|| file.damaged())?);
            store.take_up(part, bytes).ok_or_else(|| file.damaged())?;
        }
    }
    let known = KnownIds::default();
    let mut desk = Vec::new();
    let end = loop {
        let (kind, content) = file.block()?;
        let mut bytes = content.as_slice();
        match kind {
            Kind::Ids => {
                while !bytes.is_empty() {
                    let (id, content, position) =
                        take_id(&mut bytes).ok_or_else(|| file.damaged())?;
                    known.keep(id, content, position);
                }
            }
            Kind::Desk => {
                while !bytes.is_empty() {
                    let packed = take(&mut bytes).ok_or_else(|| file.damaged())?;
                    desk.push(Position::unpacked(u64::from_le_bytes(packed)));
                }
            }
            Kind::End if file.is_over() => {
                let number = take(&mut bytes).map(u64::from_le_bytes);
                let end = number.zip(take(&mut bytes).map(ChainHash));
                break end.filter(|_| bytes.is_empty()).ok_or_else(|| file.damaged())?;
            }
            Kind::Head | Kind::Part | Kind::End => return Err(file.damaged()),
        }
    };
    held.end = Some(end);
    held.meet(head.after.sequence, head.after.hash);
    Ok(Some(Loaded { histories, known, after: head.after, held, desk }))
}
