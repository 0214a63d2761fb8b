//! Checking a ledger from the outside: every checksum, every link, every key, every signed root.

use super::entry::ChainHash;
use super::error::{Damage, DamageKind, LedgerError};
use super::index;
use super::reader::Reader;
use super::roots::Rooted;
use super::seal::{KnownKey, MasterKey};
use super::walk::Tail;
use std::path::Path;

/// Records between two calls of the progress function.
const PROGRESS_EVERY: u64 = 1024;

/// What a check of the whole ledger found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// Good records, up to the finding if there is one.
    pub records: u64,
    /// Segments.
    pub segments: usize,
    /// Bytes in them, zeros ahead included.
    pub bytes: u64,
    /// Hash of the last good record: the whole ledger up to there in 32 bytes.
    pub last_hash: ChainHash,
    /// Records whose personal part was erased.
    pub erased: u64,
    /// Signed roots that cover what they were signed over.
    pub roots: u64,
    /// Whole records that were never acknowledged: left behind by a commit that failed.
    pub superseded: u64,
    /// What lies behind the last record: after a crash, remains of a commit. No finding.
    pub tail: Tail,
    /// The first record that is not as it was written.
    pub finding: Option<Damage>,
}

/// Checks the ledger in a data directory, whether or not a server is running, and stops at the
/// first finding. `progress` is told bytes read and bytes in all.
///
/// # Errors
/// The ledger can't be read at all: absent, foreign, or keys of another master key.
pub fn verify(
    data_dir: &Path,
    master: Option<MasterKey>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<VerifyReport, LedgerError> {
    let indexed = index::progress(data_dir);
    let reader = Reader::open(data_dir, master)?;
    let mut report = VerifyReport {
        records: 0,
        segments: 0,
        bytes: 0,
        last_hash: ChainHash::GENESIS,
        erased: 0,
        roots: 0,
        superseded: 0,
        tail: Tail::Clean,
        finding: None,
    };
    // Before the log: a root that is signed meanwhile is of records read by then.
    let rooted = Rooted::open(data_dir)?;
    match check(&reader, (indexed, rooted), &mut report, progress) {
        Err(LedgerError::Damaged(damage)) => report.finding = Some(damage),
        other => other?,
    }
    Ok(report)
}

fn check(
    reader: &Reader,
    (indexed, mut rooted): (Option<index::Progress>, Rooted),
    report: &mut VerifyReport,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), LedgerError> {
    let mut scan = reader.scan(None)?;
    report.segments = scan.walk().segments().len();
    report.bytes = scan.walk().segments().iter().map(|segment| segment.bytes).sum();
    while let Some(entry) = scan.next() {
        let entry = entry?;
        let damage = |kind| {
            let (sequence, position) = (entry.sequence, entry.position);
            LedgerError::Damaged(Damage { sequence, position, kind })
        };
        if indexed.is_some_and(|at| at.sequence == entry.sequence && at.hash != entry.hash) {
            return Err(damage(DamageKind::Indexed));
        }
        match entry.sealed.as_ref().map(|sealed| sealed.key_known(entry.subject)).transpose()? {
            Some(KnownKey::Lost) => return Err(damage(DamageKind::KeyLost)),
            Some(KnownKey::Erased) => report.erased += 1,
            Some(KnownKey::Live) | None => {}
        }
        if let Some(damage) = rooted.see(&entry) {
            return Err(LedgerError::Damaged(damage));
        }
        report.roots = rooted.good;
        report.records = entry.sequence;
        report.last_hash = entry.hash;
        if entry.sequence % PROGRESS_EVERY == 0 {
            progress(scan.walk().bytes_before(), report.bytes);
        }
    }
    progress(report.bytes, report.bytes);
    report.superseded = scan.walk().superseded();
    report.tail = scan.tail();
    if let Tail::Torn { sequence, position, records_after: true, .. } = report.tail {
        let kind = DamageKind::Checksum;
        return Err(LedgerError::Damaged(Damage { sequence, position, kind }));
    }
    if let Some(damage) = rooted.end(scan.walk().position()) {
        return Err(LedgerError::Damaged(damage));
    }
    match indexed {
        Some(at) if at.sequence > report.records => {
            let (sequence, position) = (report.records + 1, scan.walk().position());
            Err(LedgerError::Damaged(Damage { sequence, position, kind: DamageKind::Indexed }))
        }
        _ => Ok(()),
    }
}
