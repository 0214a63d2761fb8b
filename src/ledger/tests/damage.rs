//! A log that someone or something changed.

use super::super::frame::Frame;
use super::super::testing::copy;
use super::*;

/// A closed ledger of 12 entries over some segments, each its own commit.
fn written() -> (tempfile::TempDir, Vec<StoredEntry>) {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(LedgerConfig { segment_bytes: 2048, ..config(dir.path(), &disk) });
    put_all(&ledger, 1..=12);
    drop(ledger);
    let stored = entries(dir.path());
    (dir, stored)
}

fn segment(dir: &Path, number: u32) -> std::path::PathBuf {
    dir.join(format!("ledger/{number:08}.log"))
}

/// Where a record lies in its segment.
fn span(dir: &Path, entry: &StoredEntry) -> std::ops::Range<usize> {
    let bytes = fs::read(segment(dir, entry.position.segment)).unwrap();
    let start = entry.position.offset as usize;
    start..start + Frame::announced(&bytes[start..]).unwrap()
}

/// The finding after a change to a segment; opening must refuse the same log for the same reason.
fn finding(dir: &Path, number: u32, change: impl FnOnce(&mut Vec<u8>)) -> Damage {
    let damaged = copy(dir);
    let path = segment(damaged.path(), number);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
    let report = check(damaged.path());
    let finding = report.finding.expect("a finding");
    let refused = Ledger::open(config(damaged.path(), &TestDisk::default()), &mut |_| {});
    match refused.err() {
        Some(LedgerError::Damaged(damage)) => assert_eq!(damage, finding),
        other => panic!("opened: {other:?}"),
    }
    finding
}

#[test]
fn any_flipped_byte_before_the_end_names_its_record() {
    let (dir, stored) = written();
    for entry in [&stored[0], &stored[4], &stored[10]] {
        let number = entry.position.segment;
        let span = span(dir.path(), entry);
        let path = segment(dir.path(), number);
        let good = fs::read(&path).unwrap();
        for at in span {
            let mut bytes = good.clone();
            bytes[at] ^= 0x40;
            fs::write(&path, bytes).unwrap();
            let finding = check(dir.path()).finding.expect("a finding");
            assert_eq!((finding.sequence, finding.position), (entry.sequence, entry.position));
        }
        fs::write(&path, good).unwrap();
    }
}

#[test]
fn opening_refuses_damage_before_the_end() {
    let (dir, stored) = written();
    for entry in [&stored[0], &stored[5], &stored[10]] {
        let at = entry.position.offset as usize + 60;
        let found = finding(dir.path(), entry.position.segment, |bytes| bytes[at] ^= 1);
        assert_eq!((found.sequence, found.kind), (entry.sequence, DamageKind::Checksum));
        let Position { segment, offset } = entry.position;
        let text = format!(
            "record {} is damaged (checksum), segment {segment} offset {offset}",
            entry.sequence
        );
        assert_eq!(found.to_string(), text);
    }
}

#[test]
fn a_record_altered_together_with_its_checksum_breaks_the_chain() {
    let (dir, stored) = written();
    let entry = &stored[4];
    let span = span(dir.path(), entry);
    let found = finding(dir.path(), entry.position.segment, |bytes| {
        let record = &mut bytes[span];
        let at = record.windows(7).position(|window| window == b"approve").unwrap();
        record[at..at + 7].copy_from_slice(b"decline");
        let sum = crc32c::crc32c(&record[4..]).to_le_bytes();
        record[..4].copy_from_slice(&sum);
    });
    assert_eq!((found.sequence, found.kind), (5, DamageKind::Altered));
    assert_eq!(found.position, entry.position);
}

#[test]
fn a_removed_record_is_missed() {
    let (dir, stored) = written();
    let entry = &stored[1];
    assert_eq!(stored[2].position.segment, entry.position.segment);
    let span = span(dir.path(), entry);
    let found = finding(dir.path(), entry.position.segment, |bytes| {
        let len = bytes.len();
        bytes.drain(span);
        bytes.resize(len, 0);
    });
    assert_eq!((found.sequence, found.kind), (2, DamageKind::Displaced { found: 3 }));
}

#[test]
fn records_that_changed_places_are_noticed() {
    let (dir, stored) = written();
    let (second, third) = (span(dir.path(), &stored[1]), span(dir.path(), &stored[2]));
    assert_eq!(second.end, third.start);
    let found = finding(dir.path(), stored[1].position.segment, |bytes| {
        let swapped = [&bytes[third.clone()], &bytes[second.clone()]].concat();
        bytes[second.start..third.end].copy_from_slice(&swapped);
    });
    assert_eq!((found.sequence, found.kind), (2, DamageKind::Displaced { found: 3 }));
}

#[test]
fn a_removed_segment_is_missed() {
    let (dir, stored) = written();
    for removed in 1..stored[11].position.segment {
        let damaged = copy(dir.path());
        fs::remove_file(segment(damaged.path(), removed)).unwrap();
        let first = stored.iter().find(|e| e.position.segment == removed).unwrap().sequence;
        let next = stored.iter().find(|e| e.position.segment == removed + 1).unwrap().sequence;
        let found = check(damaged.path()).finding.unwrap();
        assert_eq!((found.sequence, found.kind), (first, DamageKind::Displaced { found: next }));
    }
}

#[test]
fn a_damaged_segment_header_is_named() {
    let (dir, _) = written();
    for at in 12..64 {
        let found = finding(dir.path(), 2, |bytes| bytes[at] ^= 4);
        assert_eq!((found.position.segment, found.kind), (2, DamageKind::Header));
    }
}

#[test]
fn a_log_cut_off_at_its_end_is_noticed_where_the_index_knows_more() {
    let (dir, stored) = written();
    drop(open(LedgerConfig {
        index_every: Some(std::time::Duration::ZERO),
        ..config(dir.path(), &TestDisk::default())
    }));
    let last = &stored[11];
    let path = segment(dir.path(), last.position.segment);
    let mut bytes = fs::read(&path).unwrap();
    bytes[last.position.offset as usize..].fill(0);
    fs::write(&path, bytes).unwrap();
    let found = check(dir.path()).finding.unwrap();
    assert_eq!((found.sequence, found.kind), (12, DamageKind::Indexed));
}

#[test]
fn a_key_that_vanished_without_an_erasure_is_named() {
    let (dir, stored) = written();
    let path = dir.path().join("keys.log");
    let mut bytes = fs::read(&path).unwrap();
    bytes[128 + 60] ^= 1;
    fs::write(&path, bytes).unwrap();
    let found = check(dir.path()).finding.unwrap();
    assert_eq!((found.sequence, found.kind), (1, DamageKind::KeyLost));
    let error = stored[0].personal().unwrap_err();
    assert!(matches!(error, LedgerError::KeyLost { sequence: 1 }), "{error}");
}

#[test]
fn damage_in_the_last_commit_is_a_finding_but_does_not_stop_the_server() {
    // One commit of several records: a power loss can leave any part of it.
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(LedgerConfig { segment_bytes: 1 << 16, ..config(dir.path(), &disk) });
    put(&ledger, 1);
    disk.stall(true);
    let mut pending = vec![ledger.append(&entry(2)).unwrap()];
    disk.await_stalled();
    pending.extend((3..=9).map(|n| ledger.append(&entry(n)).unwrap()));
    disk.stall(false);
    for pending in pending {
        pending.wait().unwrap();
    }
    drop(ledger);
    let stored = entries(dir.path());
    let path = segment(dir.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    let last_commit = stored
        .iter()
        .map(|e| Frame::read(&bytes[e.position.offset as usize..]).unwrap().commit())
        .max()
        .unwrap();
    assert_eq!(last_commit, 3, "what came while the disk waited is one commit");
    let torn = &stored[last_commit as usize - 1];
    bytes[torn.position.offset as usize + 60] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(check(dir.path()).finding.unwrap().sequence, last_commit);
    let ledger = open(config(dir.path(), &disk));
    assert_eq!(ledger.recovery().records, last_commit - 1);
    assert!(matches!(ledger.recovery().tail, Tail::Torn { records_after: true, .. }));
}
