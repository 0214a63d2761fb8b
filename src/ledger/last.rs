//! The end of a ledger, looked at in a second where [`verify`](super::verify) reads all of it: its last
//! two segments record by record, and whether a process holds it.

use super::entry::ChainHash;
use super::error::{Damage, LedgerError};
use super::reader::Reader;
use super::seal::MasterKey;
use super::segment::segments;
use super::storage::DirLock;
use super::walk::{Tail, Walk};
use crate::domain::Timestamp;
use std::path::Path;

/// How many segments are read: the last may have been begun a moment ago.
const SEGMENTS: usize = 2;

/// What the end of a ledger is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRecords {
    /// Number of the last record; 0 for an empty ledger.
    pub sequence: u64,
    /// Records read.
    pub checked: u64,
    /// Hash of the last record.
    pub last_hash: ChainHash,
    /// When the last record arrived; `None` for an empty ledger.
    pub received_at: Option<Timestamp>,
    /// Segments of the whole ledger.
    pub segments: usize,
    /// Bytes in them, zeros ahead included.
    pub bytes: u64,
    /// What lies behind the last record.
    pub tail: Tail,
    /// The first record read that is not as it was written.
    pub finding: Option<Damage>,
}

/// Checks the last records of the ledger in a data directory, whoever writes it. Cost: a read of two segments.
///
/// # Errors
/// The ledger can't be read at all: absent, foreign, or keys of another master key.
pub fn verify_last(data_dir: &Path, master: Option<MasterKey>) -> Result<LastRecords, LedgerError> {
    let reader = Reader::open(data_dir, master)?;
    let all = segments(&reader.log_dir)?;
    let mut last = LastRecords {
        sequence: 0,
        checked: 0,
        last_hash: ChainHash::GENESIS,
        received_at: None,
        segments: all.len(),
        bytes: all.iter().map(|segment| segment.bytes).sum(),
        tail: Tail::Clean,
        finding: None,
    };
    for segment in all.iter().skip(all.len().saturating_sub(SEGMENTS)) {
        let mut walk = Walk::of_segment(&reader.log_dir, segment.header.number)?;
        match read(&reader, &mut walk, &mut last) {
            Err(LedgerError::Damaged(damage)) => {
                last.finding = Some(damage);
                break;
            }
            other => other?,
        }
        last.tail = walk.tail();
    }
    Ok(last)
}

fn read(reader: &Reader, walk: &mut Walk, last: &mut LastRecords) -> Result<(), LedgerError> {
    while let Some(place) = walk.next()? {
        let entry = reader.entry(place, walk.body())?;
        (last.sequence, last.last_hash) = (entry.sequence, entry.hash);
        last.received_at = Some(entry.received_at);
        last.checked += 1;
    }
    Ok(())
}

/// Who holds a data directory for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// The process of this number.
    Process(u32),
    /// A process that did not say which.
    Unknown,
}

/// Who holds the data directory. Holds the lock for a moment itself where nobody does, but makes no file.
pub fn holder(data_dir: &Path) -> Holder {
    match DirLock::held_by(data_dir) {
        Err(LedgerError::Locked { pid, .. }) => pid.map_or(Holder::Unknown, Holder::Process),
        Ok(()) | Err(_) => Holder::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::{TestDisk, config, entry};
    use crate::ledger::{Ledger, verify};
    use std::fs;

    #[test]
    fn the_end_is_that_of_the_whole() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(holder(dir.path()), Holder::Nobody);
        assert!(matches!(verify_last(dir.path(), None), Err(LedgerError::Absent { .. })));
        let ledger = Ledger::open(config(dir.path(), &TestDisk::default()), &mut |_| {}).unwrap();
        for number in 1..=60 {
            ledger.append(&entry(number)).unwrap().wait().unwrap();
        }
        assert_eq!(holder(dir.path()), Holder::Process(std::process::id()));
        drop(ledger);
        assert_eq!(holder(dir.path()), Holder::Nobody);
        let whole = verify(dir.path(), None, &mut |_, _| ()).unwrap();
        let last = verify_last(dir.path(), None).unwrap();
        assert!(whole.segments > 2 && last.checked < whole.records, "{last:?}");
        assert_eq!((last.sequence, last.last_hash), (whole.records, whole.last_hash));
        assert_eq!((last.segments, last.bytes, last.finding), (whole.segments, whole.bytes, None));

        let path = dir.path().join(format!("ledger/{:08}.log", whole.segments - 1));
        let mut bytes = fs::read(&path).unwrap();
        bytes[2_000] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(verify_last(dir.path(), None).unwrap().finding.is_some());
    }
}
