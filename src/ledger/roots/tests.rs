//! Roots are signed once, show what the chain can't, and outlive an erasure.

use super::super::frame::Frame;
use super::super::signing::SIGNING_KEY_FILE;
use super::super::testing::{TestDisk, config, copy, entry};
use super::super::{Ledger, LedgerConfig, MasterKey, NewEntry, verify};
use super::*;
use crate::domain::DAY_MS;
use std::fs;

const DAY: i64 = 20_000;

/// Appends entries received on these days, in this order, each at noon.
fn append(dir: &Path, numbered: impl IntoIterator<Item = (u64, i64)>) {
    let config = LedgerConfig { segment_bytes: 1 << 16, ..config(dir, &TestDisk::default()) };
    let ledger = Ledger::open(config, &mut |_| {}).unwrap();
    for (n, day) in numbered {
        let received_at = Timestamp::from_millis((DAY + day) * DAY_MS + DAY_MS / 2);
        ledger.append(&NewEntry { received_at, ..entry(n) }).unwrap().wait().unwrap();
    }
}

fn at(day: i64, hour: i64) -> Timestamp {
    Timestamp::from_millis((DAY + day) * DAY_MS + hour * HOUR_MS)
}

/// Three days of three, one and two records, and two of the fourth, which is not over.
fn written() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let days = [0, 0, 0, 1, 2, 2, 3, 3];
    append(dir.path(), (1..).zip(days));
    sign_roots(dir.path(), at(3, 13)).unwrap();
    dir
}

fn ranges(roots: &[SignedRoot]) -> Vec<(&str, u64, u64)> {
    roots.iter().map(|root| (root.day.as_str(), root.first, root.last)).collect()
}

fn finding(dir: &Path) -> Option<Damage> {
    verify(dir, Some(MasterKey::from_bytes([42; 32])), &mut |_, _| {}).unwrap().finding
}

#[test]
fn every_day_that_is_over_gets_one_root() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), (1..).zip([0, 0, 1, 1]));
    let sign = |day, hour| sign_roots(dir.path(), at(day, hour)).unwrap();
    assert_eq!(sign(1, 0), [], "a day is closed an hour after its end");
    assert_eq!(ranges(&sign(1, 1)), [("2024-10-04", 1, 2)]);
    assert_eq!(sign(1, 2), []);
    // Received with an earlier time: it belongs where it lies.
    append(dir.path(), (5..).zip([0, 2, 1, 4]));
    assert_eq!(
        ranges(&sign(9, 1)),
        [("2024-10-05", 3, 5), ("2024-10-06", 6, 7), ("2024-10-08", 8, 8)]
    );
    append(dir.path(), [(9, 2)]);
    assert_eq!(ranges(&sign(9, 1)), [("2024-10-09", 9, 9)], "no second root of a day");
    let roots = roots(dir.path()).unwrap();
    assert!(roots.iter().all(SignedRoot::is_signed));
    assert_eq!(roots.len(), 5);
    let report = verify(dir.path(), None, &mut |_, _| {}).unwrap();
    assert_eq!((report.roots, report.finding), (5, None));
}

/// As a server does: without a key nothing, once a day, after a kill and with a clock set back no day twice.
#[test]
fn a_server_signs_each_day_once() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), (1..).zip([0, 0, 1, 1, 2]));
    let mut daily = DailyRoots::default();
    assert_eq!(daily.look(dir.path(), at(1, 5)).unwrap(), []);
    assert!(!dir.path().join(SIGNING_KEY_FILE).exists(), "a server makes no key for this");
    SigningKey::open(dir.path()).unwrap();
    assert_eq!(ranges(&daily.look(dir.path(), at(1, 5)).unwrap()), [("2024-10-04", 1, 2)]);
    let path = dir.path().join(ROOTS_FILE);
    let signed = fs::read(&path).unwrap();
    for (day, hour) in [(1, 6), (2, 0), (0, 3), (-9, 0), (1, 5)] {
        assert_eq!(daily.look(dir.path(), at(day, hour)).unwrap(), [], "{day} {hour}");
    }
    assert_eq!(fs::read(&path).unwrap(), signed);
    // Killed in the middle of a line, and started again.
    fs::write(&path, [signed.as_slice(), b"{\"day\":\"2024"].concat()).unwrap();
    let mut daily = DailyRoots::default();
    assert_eq!(ranges(&daily.look(dir.path(), at(2, 1)).unwrap()), [("2024-10-05", 3, 4)]);
    assert_eq!(daily.look(dir.path(), at(2, 2)).unwrap(), []);
    assert_eq!(finding(dir.path()), None);
    assert_eq!(ranges(&roots(dir.path()).unwrap()).len(), 2);
    // What failed is tried again on the same day.
    fs::write(&path, "{}\n").unwrap();
    let mut daily = DailyRoots::default();
    assert!(daily.look(dir.path(), at(3, 1)).is_err());
    fs::write(&path, &signed).unwrap();
    assert_eq!(daily.look(dir.path(), at(3, 1)).unwrap().len(), 2);
}

#[test]
fn a_record_of_the_future_stops_no_root() {
    for (days, expected) in [
        (
            vec![0, 4_000, 1, 2],
            vec![("2024-10-04", 1, 2), ("2024-10-05", 3, 3), ("2024-10-06", 4, 4)],
        ),
        (vec![4_000, 1], vec![("2024-10-12", 1, 2)]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        append(dir.path(), (1..).zip(days));
        assert_eq!(ranges(&sign_roots(dir.path(), at(9, 1)).unwrap()), expected);
        assert_eq!(finding(dir.path()), None);
    }
}

#[test]
fn a_chain_written_anew_is_not_the_one_that_was_signed() {
    let dir = written();
    assert_eq!(finding(dir.path()), None);
    let signed = fs::read(dir.path().join(ROOTS_FILE)).unwrap();
    let anew = tempfile::tempdir().unwrap();
    // Another fifth record; every checksum and link fits.
    append(anew.path(), (1..).zip([0, 0, 0, 1]));
    append(anew.path(), [(99, 2), (6, 2), (7, 3), (8, 3)]);
    assert_eq!(finding(anew.path()), None);
    fs::write(anew.path().join(ROOTS_FILE), &signed).unwrap();
    let found = finding(anew.path()).unwrap();
    assert_eq!(
        (found.sequence, found.kind),
        (1, DamageKind::Rooted { last: 3 }),
        "other keys, other records"
    );
    let known = roots(dir.path()).unwrap();
    assert!(known.iter().all(|root| holds(dir.path(), root).unwrap()));
    assert!(known.iter().all(|root| !holds(anew.path(), root).unwrap()));
}

#[test]
fn a_changed_or_missing_root_or_record_is_named() {
    let dir = written();
    let change = |from: &str, to: &str| {
        let damaged = copy(dir.path());
        let path = damaged.path().join(ROOTS_FILE);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        finding(damaged.path()).map(|found| (found.sequence, found.kind))
    };
    let lines = fs::read_to_string(dir.path().join(ROOTS_FILE)).unwrap();
    let second = lines.split_inclusive('\n').nth(1).unwrap();
    let rooted = |sequence, last| Some((sequence, DamageKind::Rooted { last }));
    assert_eq!(change("2024-10-05", "2024-10-06"), rooted(4, 4), "the signature is of another day");
    assert_eq!(change(second, ""), rooted(4, 6), "a root between was taken out");
    let other = SigningKey::from_bytes([9; 32]);
    let mut forged = roots(dir.path()).unwrap().remove(0);
    forged.signed = other.sign(&forged.text());
    let forged = serde_json::to_string(&forged).unwrap() + "\n";
    let first = lines.split_inclusive('\n').next().unwrap();
    let by = DamageKind::SignedBy { last: 3, key: unhex(&other.sign(b"").key).unwrap() };
    assert_eq!(change(first, &forged), Some((1, by)), "signed by a stranger");
    fs::write(dir.path().join(ROOTS_FILE), lines.clone() + "{\"day\":").unwrap();
    assert_eq!(roots(dir.path()).unwrap().len(), 3, "cut short by a crash");
    append(dir.path(), [(9, 4)]);
    assert_eq!(ranges(&sign_roots(dir.path(), at(5, 0)).unwrap()), [("2024-10-07", 7, 8)]);
    assert_eq!(finding(dir.path()), None);
    fs::write(dir.path().join(ROOTS_FILE), "{}\n").unwrap();
    let error = roots(dir.path()).unwrap_err().to_string();
    assert!(error.ends_with("line 1 is not a signed root"), "{error}");
}

/// The chain alone does not miss what was cut off at its end.
#[test]
fn records_cut_off_at_the_end_are_missed() {
    let dir = written();
    let reader = Reader::open(dir.path(), None).unwrap();
    let cut = reader.scan(None).unwrap().nth(4).unwrap().unwrap().position;
    let path = dir.path().join("ledger/00000001.log");
    let mut bytes = fs::read(&path).unwrap();
    bytes[cut.offset as usize..].fill(0);
    fs::write(&path, bytes).unwrap();
    let found = finding(dir.path()).unwrap();
    assert_eq!((found.sequence, found.position), (5, cut));
    assert_eq!(found.kind, DamageKind::Rooted { last: 6 });
}

#[test]
fn records_are_proven_before_and_after_their_day_is_over() {
    let dir = written();
    let key = SigningKey::open(dir.path()).unwrap();
    assert_eq!(prove(dir.path(), &key, &BTreeSet::from([99])).unwrap(), [], "none is there");
    let wanted = BTreeSet::from([2, 3, 6, 7, 99]);
    let proofs = prove(dir.path(), &key, &wanted).unwrap();
    let shown = |proof: &Inclusion| proof.records.iter().map(|record| record.sequence).collect();
    let shown: Vec<Vec<u64>> = proofs.iter().map(shown).collect();
    assert_eq!(shown, [vec![2, 3], vec![6], vec![7]], "99 is not there");
    for proof in &proofs {
        assert!(proof.root.is_signed());
        assert_eq!(proof.first_unproven(), None);
        assert!(holds(dir.path(), &proof.root).unwrap());
        let mut other = proof.clone();
        other.records[0].hash = "00".repeat(32);
        assert_eq!(other.first_unproven(), Some(proof.records[0].sequence));
        let mut other = proof.clone();
        other.records[0].sequence += 1;
        assert_ne!(other.first_unproven(), None);
    }
    let json = serde_json::to_string(&proofs).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Inclusion>>(&json).unwrap(), proofs);
}

/// Roots of the key before stay good once its public half is noted, and proofs have the one of now.
#[test]
fn a_new_signing_key_breaks_no_root() {
    let dir = written();
    let old = SigningKey::open(dir.path()).unwrap().sign(b"").key;
    fs::remove_file(dir.path().join(SIGNING_KEY_FILE)).unwrap();
    let key = SigningKey::open(dir.path()).unwrap();
    let said = finding(dir.path()).unwrap().to_string();
    assert!(said.contains(&format!("another key signed it, {old};")), "{said}");
    assert!(said.contains("add it as a line to `signing.retired`"), "{said}");
    fs::write(dir.path().join(RETIRED_KEYS_FILE), format!("{old}\n")).unwrap();
    assert_eq!(finding(dir.path()), None);
    for proof in prove(dir.path(), &key, &BTreeSet::from([2, 8])).unwrap() {
        assert!(proof.root.is_signed());
        assert_eq!(proof.root.signed.key, key.sign(b"").key);
        assert!(holds(dir.path(), &proof.root).unwrap());
    }
}

#[test]
fn an_erased_person_changes_no_root() {
    let dir = written();
    let key = SigningKey::open(dir.path()).unwrap();
    let all: BTreeSet<u64> = (1..=8).collect();
    let before = prove(dir.path(), &key, &all).unwrap();
    let disk = TestDisk::default();
    let config = LedgerConfig { segment_bytes: 1 << 16, ..config(dir.path(), &disk) };
    let ledger = Ledger::open(config, &mut |_| {}).unwrap();
    for n in 1..=8 {
        ledger.erase(&[entry(n).subject.unwrap()].into()).unwrap();
    }
    drop(ledger);
    let report = verify(dir.path(), Some(MasterKey::from_bytes([42; 32])), &mut |_, _| {}).unwrap();
    assert!(report.erased > 0);
    assert_eq!((report.roots, report.finding), (3, None));
    assert_eq!(prove(dir.path(), &key, &all).unwrap(), before);
}

/// One event each way, each named: what a reader of the log asks first.
#[test]
fn an_altered_a_removed_and_a_reordered_record_are_named() {
    let dir = written();
    let reader = Reader::open(dir.path(), None).unwrap();
    let stored: Vec<StoredEntry> = reader.scan(None).unwrap().map(Result::unwrap).collect();
    let path = |dir: &Path| dir.join("ledger/00000001.log");
    let log = fs::read(path(dir.path())).unwrap();
    let span = |number: usize| {
        let start = stored[number - 1].position.offset as usize;
        start..start + Frame::announced(&log[start..]).unwrap()
    };
    let found = |bytes: Vec<u8>| {
        let damaged = copy(dir.path());
        fs::write(path(damaged.path()), bytes).unwrap();
        finding(damaged.path()).unwrap()
    };
    let mut altered = log.clone();
    altered[span(4)][60] ^= 1;
    assert_eq!(found(altered).sequence, 4);
    let mut removed = log.clone();
    removed.drain(span(5));
    removed.resize(log.len(), 0);
    assert_eq!(found(removed).sequence, 5);
    let mut reordered = log.clone();
    let swapped = [&log[span(3)], &log[span(2)]].concat();
    reordered[span(2).start..span(3).end].copy_from_slice(&swapped);
    assert_eq!(found(reordered).sequence, 2);
}
