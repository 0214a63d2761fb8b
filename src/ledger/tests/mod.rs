//! The ledger as a whole: what is appended comes back, what is refused is refused by name.

#![expect(clippy::cast_possible_truncation, reason = "numbers of a test are small")]

mod crash;
mod damage;
mod faults;
mod index;
mod rekey;

use super::testing::{TestDisk, config, entry};
use super::*;
use crate::domain::TenantId;
use std::fs;
use std::path::Path;

/// Opens with nothing to recover, or ignores it.
fn open(config: LedgerConfig) -> Ledger {
    Ledger::open(config, &mut |_| {}).unwrap()
}

/// Appends and waits.
fn put(ledger: &Ledger, n: u64) -> Ack {
    ledger.append(&entry(n)).unwrap().wait().unwrap()
}

fn put_all(ledger: &Ledger, all: std::ops::RangeInclusive<u64>) {
    for n in all {
        put(ledger, n);
    }
}

/// Whether an entry read back is the one appended, personal fields included.
fn same(stored: &StoredEntry, new: &NewEntry) -> bool {
    let personal = match stored.personal().unwrap() {
        Personal::None => vec![],
        Personal::Readable(bytes) => bytes,
        Personal::Erased => b"erased".to_vec(),
    };
    personal == new.personal
        && (&stored.tenant, stored.kind, &stored.id) == (&new.tenant, new.kind, &new.id)
        && (stored.event_time, stored.received_at) == (new.event_time, new.received_at)
        && (stored.subject, &stored.open, &stored.lookups) == (new.subject, &new.open, &new.lookups)
}

/// Every entry in a data directory, read without the lock.
fn entries(dir: &Path) -> Vec<StoredEntry> {
    reader(dir).scan(None).unwrap().collect::<Result<_, _>>().unwrap()
}

fn reader(dir: &Path) -> Reader {
    Reader::open(dir, Some(MasterKey::from_bytes([42; 32]))).unwrap()
}

fn check(dir: &Path) -> VerifyReport {
    verify(dir, Some(MasterKey::from_bytes([42; 32])), &mut |_, _| {}).unwrap()
}

#[test]
fn entries_come_back_by_position_in_order_and_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(config(dir.path(), &disk));
    let acks: Vec<_> = (1..=60).map(|n| put(&ledger, n)).collect();
    for (n, ack) in (1..).zip(&acks) {
        assert_eq!(ack.sequence, n);
        assert_eq!(ack.durability, crate::domain::Durability::Fsync);
        assert!(same(&ledger.read(ack.position).unwrap(), &entry(n)));
    }
    assert!(acks.is_sorted_by_key(|ack| ack.position));
    assert!(acks.last().unwrap().position.segment > 3, "several segments");
    let from: Vec<_> =
        ledger.scan(Some(acks[49].position)).unwrap().map(|e| e.unwrap().sequence).collect();
    assert_eq!(from, (50..=60).collect::<Vec<_>>());
    drop(ledger);

    for _ in 0..2 {
        let mut recovered = vec![];
        let ledger = Ledger::open(config(dir.path(), &disk), &mut |e| recovered.push(e.clone()));
        assert_eq!(ledger.unwrap().recovery(), Recovery { records: 60, tail: Tail::Clean });
        assert!(recovered.iter().zip(1..).all(|(e, n)| e.sequence == n && same(e, &entry(n))));
    }
    let report = check(dir.path());
    assert_eq!((report.records, report.finding, report.superseded), (60, None, 0));
}

#[test]
fn a_position_that_begins_no_committed_record_is_not_found() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(config(dir.path(), &TestDisk::default()));
    let Position { segment, offset } = put(&ledger, 1).position;
    for wrong in [(segment, offset + 1), (segment, 4000), (segment + 1, offset), (0, 0)] {
        let position = Position { segment: wrong.0, offset: wrong.1 };
        let error = ledger.read(position).unwrap_err();
        assert!(matches!(error, LedgerError::NotFound(_)), "{position}: {error}");
    }
}

#[test]
fn what_is_acknowledged_before_its_commit_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let durability = AckPolicy::Async;
    let ledger = open(LedgerConfig { durability, ..config(dir.path(), &TestDisk::default()) });
    for n in 1..=3 {
        let ack = put(&ledger, n);
        assert!(same(&ledger.read(ack.position).unwrap(), &entry(n)));
    }
}

#[test]
fn a_record_longer_than_a_segment_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(config(dir.path(), &disk));
    let long = NewEntry { open: vec![b'x'; 20_000], ..entry(2) };
    put(&ledger, 1);
    ledger.append(&long).unwrap().wait().unwrap();
    put(&ledger, 3);
    drop(ledger);
    open(config(dir.path(), &disk));
    assert!(same(&entries(dir.path())[1], &long));
}

#[test]
fn what_passes_a_limit_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(config(dir.path(), &TestDisk::default()));
    let refused = |change: fn(&mut NewEntry)| {
        let mut entry = entry(1);
        change(&mut entry);
        ledger.append(&entry).unwrap_err().to_string()
    };
    let text = refused(|e| e.open = vec![b'x'; MAX_RECORD_BYTES]);
    assert!(text.ends_with("at most 4194304 are kept"), "{text}");
    assert_eq!(refused(|e| e.id.clear()), "an entry's id has 1 to 256 bytes, not 0");
    assert_eq!(refused(|e| e.subject = None), "the entry has personal fields but no subject");
    let text = refused(|e| e.lookups = vec![e.lookups[0]; 65]);
    assert_eq!(text, "the entry has 65 look-up values; at most 64 are kept");
    assert_eq!(put(&ledger, 1).sequence, 1, "a refused entry takes no sequence");
}

#[test]
fn a_full_queue_is_busy_and_loses_nothing_it_took() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(LedgerConfig { queue: 4, ..config(dir.path(), &disk) });
    disk.stall(true);
    let mut taken = vec![];
    let busy = loop {
        match ledger.append(&entry(taken.len() as u64 + 1)) {
            Ok(pending) => taken.push(pending),
            Err(error) => break error,
        }
        assert!(taken.len() < 100, "the queue has no end");
    };
    assert!(matches!(busy, LedgerError::Busy { waiting: 4 }) && busy.transient(), "{busy}");
    disk.stall(false);
    let taken: Vec<_> = taken.into_iter().map(|p| p.wait().unwrap().sequence).collect();
    assert_eq!(taken, (1..=taken.len() as u64).collect::<Vec<_>>());
    put(&ledger, 1);
}

#[test]
fn what_arrives_during_a_sync_is_one_commit() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(LedgerConfig { segment_bytes: 1 << 20, ..config(dir.path(), &disk) });
    disk.stall(true);
    let pending: Vec<_> = (1..=40).map(|n| ledger.append(&entry(n)).unwrap()).collect();
    disk.stall(false);
    for pending in pending {
        pending.wait().unwrap();
    }
    drop(ledger);
    let bytes = fs::read(dir.path().join("ledger/00000001.log")).unwrap();
    let commits: std::collections::BTreeSet<_> = entries(dir.path())
        .iter()
        .map(|e| frame::Frame::read(&bytes[e.position.offset as usize..]).unwrap().commit())
        .collect();
    assert!(commits.len() <= 3, "{commits:?}");
}

#[tokio::test]
async fn a_receipt_can_be_awaited() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(config(dir.path(), &TestDisk::default()));
    let (first, second) = (ledger.append(&entry(1)).unwrap(), ledger.append(&entry(2)).unwrap());
    assert_eq!(second.await.unwrap().ack.sequence, 2);
    assert_eq!(first.await.unwrap().ack.sequence, 1);
}

#[test]
fn a_second_opener_is_told_where_and_by_whom_it_is_held() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let first = open(config(dir.path(), &disk));
    let error = Ledger::open(config(dir.path(), &disk), &mut |_| {}).err().unwrap().to_string();
    let path = dir.path().join("ledger.lock");
    let held =
        format!("`{}` is in use by another process ({})", path.display(), std::process::id());
    assert_eq!(error, held);
    drop(first);
    open(config(dir.path(), &disk));
}

#[test]
fn erasing_a_person_destroys_what_was_sealed_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(config(dir.path(), &disk));
    put_all(&ledger, 1..=30);
    let person = entry(1).subject.unwrap();
    assert_eq!(ledger.erase(&[person].into()).unwrap(), 1);
    let again = ledger.append(&entry(1)).unwrap().wait().unwrap();
    assert!(
        same(&ledger.read(again.position).unwrap(), &entry(1)),
        "a new key for what comes after"
    );
    drop(ledger);

    let ledger = open(config(dir.path(), &disk));
    let mut erased = 0;
    for (stored, n) in entries(dir.path()).iter().zip(1..=30) {
        let gone = stored.subject == Some(person) && !entry(n).personal.is_empty();
        match stored.personal().unwrap() {
            Personal::Erased => assert!(gone, "{n}"),
            _ => assert!(!gone && same(stored, &entry(n)), "{n}"),
        }
        erased += u64::from(gone);
    }
    assert!(erased > 1);
    let report = check(dir.path());
    assert_eq!((report.records, report.erased, report.finding), (31, erased, None));
    assert_eq!(ledger.erase(&[person].into()).unwrap(), 1, "the newer key");
    assert_eq!(check(dir.path()).erased, erased + 1);
}

#[test]
fn nothing_personal_lies_on_disk_in_the_clear() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(LedgerConfig {
        index_every: Some(std::time::Duration::ZERO),
        ..config(dir.path(), &TestDisk::default())
    });
    put_all(&ledger, 1..=20);
    drop(ledger);
    let mut pending = vec![dir.path().to_owned()];
    let mut files = 0;
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(path).unwrap().map(|found| found.unwrap().path()));
            continue;
        }
        files += 1;
        let bytes = fs::read(&path).unwrap();
        let found = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        assert!(!found(b"Jane") && !found(b"person") && !found(b"card 1"), "{}", path.display());
    }
    assert!(files > 5);
    let debug = format!("{:?} {:?}", entry(1), entries(dir.path())[0].personal());
    assert!(!debug.contains("Jane"), "{debug}");
}

#[test]
fn keys_of_another_master_are_refused_and_a_lost_one_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let own = || LedgerConfig { master_key: None, ..config(dir.path(), &disk) };
    put(&open(own()), 1);
    put(&open(own()), 2);
    let error = Ledger::open(config(dir.path(), &disk), &mut |_| {}).err().unwrap();
    assert!(matches!(error, LedgerError::MasterKeyWrong { .. }), "{error}");
    fs::remove_file(dir.path().join("master.key")).unwrap();
    let error = Ledger::open(own(), &mut |_| {}).err().unwrap();
    assert!(matches!(error, LedgerError::MasterKeyMissing { .. }), "{error}");
    let stored = Reader::open(dir.path(), None).unwrap().scan(None).unwrap().next();
    let error = stored.unwrap().unwrap().personal().unwrap_err();
    assert!(matches!(error, LedgerError::MasterKeyMissing { .. }), "{error}");
}

#[test]
fn foreign_and_future_files_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    put(&open(config(dir.path(), &disk)), 1);
    for (file, expected) in
        [("ledger/00000001.log", "a segment of the ledger"), ("keys.log", "a file of keys")]
    {
        let path = dir.path().join(file);
        let good = fs::read(&path).unwrap();
        let refused = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            Ledger::open(config(dir.path(), &disk), &mut |_| {}).err().unwrap().to_string()
        };
        let text = refused(&[b"SQLite format 3\0", &good[16..]].concat());
        assert_eq!(text, format!("`{}` is not {expected}", path.display()));
        let (version, known) = if file == "keys.log" { (12, 2) } else { (8, 1) };
        let mut future = good.clone();
        future[version] = known + 1;
        let text = refused(&future);
        let next = known + 1;
        let known = format!("has format version {next}; this vouch reads version {known}");
        assert_eq!(text, format!("`{}` {known}", path.display()));
        fs::write(&path, good).unwrap();
    }
}

#[test]
fn an_absent_ledger_is_not_made_by_reading() {
    let dir = tempfile::tempdir().unwrap();
    let error = Reader::open(dir.path(), None).err().unwrap();
    assert!(matches!(error, LedgerError::Absent { .. }), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn tenants_have_their_own_subjects() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(config(dir.path(), &TestDisk::default()));
    let subject = |tenant| ledger.hasher().subject(&TenantId::new(tenant).unwrap(), "acc-7");
    assert_ne!(subject("a"), subject("b"));
    assert_eq!(subject("a"), subject("a"));
}
