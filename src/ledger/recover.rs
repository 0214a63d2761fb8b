//! Reading the log at a start: all of it, or what lies behind a record whose state was kept.
//!
//! What lies before that record is not read. That it is the record it was, by its hash, says that all
//! before it is what it was when it was written; whether the disk still holds it,
//! [`verify`](super::verify()) tells.
//!
//! INVARIANT: whatever is wrong with a kept state, or with the log behind it, the whole log is read
//! instead, and its errors are those that count.

use super::body::Place;
use super::entry::StoredEntry;
use super::error::LedgerError;
use super::log::{LastSegment, Standing};
use super::reader::{Reader, Scan};
use super::seal::IndexKey;
use super::walk::Tail;

/// Who rebuilds a state from the entries of a ledger.
pub trait Recover {
    /// The record up to which the state is here already, by what was kept of it; `None` to get every
    /// entry. Called once, first.
    fn begin(&mut self, _keys: Option<&IndexKey>) -> Option<Place> {
        None
    }

    /// The next entry.
    fn take(&mut self, entry: &StoredEntry);

    /// The log ended. False where it does not hold what the kept state rests on.
    fn fits(&mut self) -> bool {
        true
    }

    /// What was kept can't be gone on from: the state is empty again, and every entry comes. `error`
    /// is what the log said, `None` where it just [did not fit](Recover::fits).
    fn restart(&mut self, _error: Option<LedgerError>) {}
}

/// Takes every entry.
pub(super) struct EveryEntry<'a>(pub(super) &'a mut dyn FnMut(&StoredEntry));

impl Recover for EveryEntry<'_> {
    fn take(&mut self, entry: &StoredEntry) {
        (self.0)(entry);
    }
}

/// What the log was found to be.
pub(super) struct Found {
    pub(super) standing: Standing,
    pub(super) tail: Tail,
    pub(super) last: Option<Place>,
}

/// Reads the log; where it stands and what lies behind it.
pub(super) fn read(
    reader: &Reader,
    accept_loss: bool,
    recover: &mut dyn Recover,
) -> Result<Found, LedgerError> {
    if let Some(place) = recover.begin(reader.hasher.as_ref()) {
        let scan = reader.scan_after(&place);
        match scan.and_then(|scan| read_all(scan.accepting_loss(accept_loss), recover)) {
            Ok(found) if recover.fits() => return Ok(found),
            read => recover.restart(read.err()),
        }
    }
    read_all(reader.scan(None)?.accepting_loss(accept_loss), recover)
}

fn read_all(mut scan: Scan, recover: &mut dyn Recover) -> Result<Found, LedgerError> {
    for entry in scan.by_ref() {
        recover.take(&entry?);
    }
    let (walk, tail) = (scan.walk(), scan.tail());
    let end = u64::from(walk.position().offset);
    let torn = match tail {
        Tail::Clean => 0,
        Tail::Torn { bytes, .. } => bytes,
    };
    let segment = walk.segment().map(|segment| LastSegment {
        number: segment.header.number,
        commit: walk.commit_offset(),
        end,
        written: end + torn,
    });
    let standing = Standing { next: walk.next_sequence(), last: walk.last_hash(), segment };
    Ok(Found { standing, tail, last: walk.last() })
}
