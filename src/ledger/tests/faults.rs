//! A disk that fails and works again.

use super::super::testing::Fault;
use super::*;

/// Waits until appends are taken again.
pub(super) fn until_healthy(ledger: &Ledger) {
    let waited = crate::clock::Stopwatch::start();
    while let Some(fault) = ledger.health().fault {
        assert!(waited.elapsed().as_secs() < 20, "did not recover: {fault}");
        std::thread::yield_now();
    }
}

fn recovers_from(fault: Fault, durability: AckPolicy) {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(LedgerConfig { durability, ..config(dir.path(), &disk) });
    put_all(&ledger, 1..=7);
    disk.set(Some(fault));
    let error = ledger.append(&entry(8)).and_then(Pending::wait).unwrap_err();
    assert!(matches!(error, LedgerError::Unavailable(_)) && error.transient(), "{error}");
    assert!(ledger.health().fault.is_some());
    assert_eq!(ledger.health().sequence, 7);
    let error = ledger.append(&entry(9)).and_then(Pending::wait).unwrap_err();
    assert!(matches!(error, LedgerError::Unavailable(_)), "{error}");
    disk.set(None);
    until_healthy(&ledger);
    for n in 10..=20 {
        assert_eq!(put(&ledger, n).sequence, n - 2);
    }
    drop(ledger);
    let stored = entries(dir.path());
    let kept = (1..=7).chain(10..=20);
    assert_eq!(stored.len(), kept.clone().count());
    assert!(stored.iter().zip(kept).all(|(stored, n)| same(stored, &entry(n))), "{fault:?}");
    assert_eq!(check(dir.path()).finding, None);
}

#[test]
fn a_full_disk_is_survived() {
    recovers_from(Fault::Full, AckPolicy::Fsync);
    recovers_from(Fault::Full, AckPolicy::Os);
}

#[test]
fn a_failed_write_is_survived() {
    recovers_from(Fault::WriteFails, AckPolicy::Fsync);
    recovers_from(Fault::WriteFails, AckPolicy::Os);
}

#[test]
fn a_failed_sync_is_survived() {
    recovers_from(Fault::SyncFails, AckPolicy::Fsync);
}

#[test]
fn a_disk_gone_read_only_is_survived() {
    recovers_from(Fault::ReadOnly, AckPolicy::Fsync);
    recovers_from(Fault::ReadOnly, AckPolicy::Os);
}

/// What was acknowledged before its commit is told apart from what was kept.
#[test]
fn what_async_acknowledged_and_lost_is_told() {
    for fault in [Fault::Full, Fault::WriteFails, Fault::ReadOnly] {
        let dir = tempfile::tempdir().unwrap();
        let disk = TestDisk::default();
        let config = || LedgerConfig { durability: AckPolicy::Async, ..config(dir.path(), &disk) };
        let ledger = open(config());
        put_all(&ledger, 1..=6);
        ledger.append(&entry(7)).unwrap().wait_committed().unwrap();
        disk.set(Some(fault));
        // Entry 6 needs no key, so it is only staged.
        let receipt = ledger.append(&entry(6)).unwrap().receipt().unwrap();
        assert_eq!(receipt.ack.sequence, 8);
        let error = receipt.committing.unwrap().wait().unwrap_err();
        assert!(matches!(error, LedgerError::Unavailable(_)), "{error}");
        assert_eq!(ledger.health().sequence, 7);
        disk.set(None);
        until_healthy(&ledger);
        for n in 10..=20 {
            assert_eq!(put(&ledger, n).sequence, n - 2);
        }
        drop(ledger);
        let stored = entries(dir.path());
        let kept = (1..=7).chain(10..=20);
        assert_eq!(stored.len(), kept.clone().count());
        assert!(stored.iter().zip(kept).all(|(stored, n)| same(stored, &entry(n))), "{fault:?}");
        assert_eq!(check(dir.path()).finding, None);
    }
}

#[test]
fn the_fault_says_what_failed_and_where() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(config(dir.path(), &disk));
    put(&ledger, 3);
    disk.set(Some(Fault::WriteFails));
    let error = ledger.append(&entry(6)).and_then(Pending::wait).unwrap_err();
    let path = dir.path().join("ledger/00000001.log");
    let text = format!("the ledger takes no entries: can't write `{}`: ", path.display());
    assert!(error.to_string().starts_with(&text), "{error}");
    disk.set(None);
}

#[test]
fn a_ledger_does_not_open_on_a_disk_it_can_not_write() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    disk.set(Some(Fault::Full));
    let error = Ledger::open(config(dir.path(), &disk), &mut |_| {}).err().unwrap();
    assert!(matches!(error, LedgerError::Storage(_)), "{error}");
    disk.set(None);
    put(&open(config(dir.path(), &disk)), 1);
}

#[test]
fn records_written_but_never_acknowledged_do_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(LedgerConfig { segment_bytes: 1 << 16, ..config(dir.path(), &disk) });
    put(&ledger, 3);
    // Entry 6 needs no key; its write succeeds and the machine stops before the sync.
    disk.stop_after(1);
    ledger.append(&entry(6)).unwrap().wait().unwrap_err();
    let report = check(dir.path());
    assert_eq!(report.records, 2, "whole, so it is read while nothing replaced it");
    disk.power_loss(|| true);
    until_healthy(&ledger);
    put(&ledger, 9);
    let stored = entries(dir.path());
    assert_eq!(stored.iter().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["id-3", "id-9"]);
    let report = check(dir.path());
    assert_eq!((report.records, report.superseded, report.finding), (2, 1, None));
}

#[test]
fn an_erasure_that_failed_is_not_on_disk_until_it_is_called_again() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(config(dir.path(), &disk));
    let ack = put(&ledger, 1);
    let person = entry(1).subject.unwrap();
    disk.set(Some(Fault::SyncFails));
    let error = ledger.erase(&[person].into()).unwrap_err();
    assert!(matches!(error, LedgerError::Storage(_)), "{error}");
    disk.set(None);
    ledger.erase(&[person].into()).unwrap();
    ledger.abandon();
    disk.power_loss(|| false);
    let stored = reader(dir.path()).read(ack.position).unwrap();
    assert_eq!(stored.personal().unwrap(), Personal::Erased);
}

#[test]
fn what_a_start_finds_is_on_disk_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(config(dir.path(), &disk));
    put(&ledger, 3);
    disk.set(Some(Fault::SyncFails));
    ledger.append(&entry(6)).unwrap().wait().unwrap_err();
    ledger.abandon();
    disk.set(None);
    // It can still be read, so the start counts it, and whoever asks again is answered from it.
    let ledger = open(config(dir.path(), &disk));
    assert_eq!(ledger.recovery().records, 2);
    ledger.abandon();
    disk.power_loss(|| false);
    assert_eq!(open(config(dir.path(), &disk)).recovery().records, 2);
}

#[test]
fn a_key_that_a_start_finds_is_on_disk_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(config(dir.path(), &disk));
    disk.set(Some(Fault::SyncFails));
    ledger.append(&entry(1)).unwrap().wait().unwrap_err();
    ledger.abandon();
    disk.set(None);
    let ledger = open(config(dir.path(), &disk));
    put(&ledger, 1);
    ledger.abandon();
    disk.power_loss(|| false);
    assert!(same(&entries(dir.path())[0], &entry(1)));
}
