//! A process or a machine that stops at any moment.

use super::super::frame::Frame;
use super::super::testing::{Fault, copy};
use super::*;
use proptest::prelude::*;

/// A ledger of `count` entries in one segment; where each begins, and the end of the last.
fn written(count: u64) -> (tempfile::TempDir, Vec<usize>) {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(config(dir.path(), &disk));
    let starts = (1..=count).map(|n| put(&ledger, n).position.offset as usize);
    let mut starts: Vec<_> = starts.collect();
    drop(ledger);
    let bytes = fs::read(dir.path().join("ledger/00000001.log")).unwrap();
    let last = starts[starts.len() - 1];
    starts.push(last + Frame::announced(&bytes[last..]).unwrap());
    (dir, starts)
}

#[test]
fn a_tail_cut_at_any_byte_leaves_the_records_before_it() {
    let (dir, starts) = written(6);
    let path = dir.path().join("ledger/00000001.log");
    let good = fs::read(&path).unwrap();
    let hashes: Vec<_> = entries(dir.path()).iter().map(|entry| entry.hash).collect();
    let (start, end) = (starts[4], starts[6]);
    for cut in start..=end {
        let mut zeros = good.clone();
        zeros[cut..].fill(0);
        let mut garbage = zeros.clone();
        let noise = (cut as u8..=255).cycle().map(|b| b.wrapping_mul(167) | 1);
        garbage[cut..cut + 300].iter_mut().zip(noise).for_each(|(to, byte)| *to = byte);
        for (name, bytes) in
            [("short", &good[..cut]), ("zeros", &zeros[..]), ("garbage", &garbage[..])]
        {
            fs::write(&path, bytes).unwrap();
            let intact =
                |span: &&[usize]| bytes.get(span[0]..span[1]) == good.get(span[0]..span[1]);
            let whole = starts.windows(2).take_while(intact).count();
            assert!(
                whole == starts.iter().skip(1).filter(|start| **start <= cut).count()
                    || cut + 1 == end
            );
            let stored: Vec<_> = entries(dir.path()).iter().map(|entry| entry.hash).collect();
            assert_eq!(stored, hashes[..whole], "{name} from byte {cut}");
        }
        assert_eq!(check(dir.path()).finding, None, "garbage from byte {cut}");
    }
}

#[test]
fn a_ledger_goes_on_behind_a_torn_tail_and_leaves_it_where_it_is() {
    let (dir, starts) = written(6);
    for cut in (starts[4]..starts[6]).step_by(29) {
        let crashed = copy(dir.path());
        let path = crashed.path().join("ledger/00000001.log");
        let good = fs::read(&path).unwrap();
        fs::write(&path, [&good[..cut], &[0; 5000]].concat()).unwrap();
        let disk = TestDisk::default();
        let ledger = open(config(crashed.path(), &disk));
        let whole = ledger.recovery().records;
        assert_eq!(ledger.recovery().tail == Tail::Clean, starts.contains(&cut));
        assert_eq!(put(&ledger, whole + 1).sequence, whole + 1);
        drop(ledger);
        let stored = entries(crashed.path());
        assert_eq!(stored.len() as u64, whole + 1);
        assert!(stored.iter().zip(1..).all(|(stored, n)| same(stored, &entry(n))));
        assert_eq!(check(crashed.path()).finding, None);
        let left = [fs::read(&path).unwrap(), vec![0; 5000]].concat();
        assert_eq!(left[starts[4]..cut], good[starts[4]..cut]);
    }
}

/// What is in a ledger after its process was killed with everything acknowledged.
fn after_kill(durability: AckPolicy) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(LedgerConfig { durability, ..config(dir.path(), &disk) });
    let acks: Vec<_> = (1..=25).map(|n| put(&ledger, n)).collect();
    assert!(acks.iter().all(|ack| ack.durability == durability.into()));
    ledger.abandon();
    let stored = entries(dir.path());
    assert!(stored.iter().zip(1..).all(|(stored, n)| same(stored, &entry(n))));
    assert_eq!(check(dir.path()).finding, None);
    stored.len()
}

#[test]
fn a_killed_process_loses_nothing_acknowledged_except_as_control() {
    assert_eq!(after_kill(AckPolicy::Fsync), 25);
    assert_eq!(after_kill(AckPolicy::Os), 25);
    assert!(after_kill(AckPolicy::Async) < 25, "the check can't fail");
}

#[test]
fn a_closed_ledger_keeps_everything_in_every_mode() {
    for durability in [AckPolicy::Fsync, AckPolicy::Os, AckPolicy::Async] {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(LedgerConfig { durability, ..config(dir.path(), &TestDisk::default()) });
        let pending: Vec<_> = (1..=25).map(|n| ledger.append(&entry(n)).unwrap()).collect();
        drop(ledger);
        assert!(pending.into_iter().all(|pending| pending.wait().is_ok()), "{durability:?}");
        assert_eq!(entries(dir.path()).len(), 25, "{durability:?}");
    }
}

#[test]
fn power_loss_takes_what_only_the_system_had() {
    let kept = |durability| {
        let dir = tempfile::tempdir().unwrap();
        let disk = TestDisk::default();
        let ledger =
            open(LedgerConfig { durability, segment_bytes: 1 << 16, ..config(dir.path(), &disk) });
        put_all(&ledger, 1..=25);
        ledger.abandon();
        disk.power_loss(|| false);
        entries(dir.path()).len()
    };
    assert_eq!(kept(AckPolicy::Fsync), 25);
    assert_eq!(kept(AckPolicy::Os), 0, "the test disk forgets nothing");
}

#[test]
fn a_hole_left_by_power_loss_is_refused_until_the_loss_is_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let os = || LedgerConfig { durability: AckPolicy::Os, ..config(dir.path(), &disk) };
    let ledger = open(os());
    put_all(&ledger, 1..=8);
    ledger.abandon();
    // The third sector is gone, later ones are there.
    let mut sector = 0;
    disk.power_loss(|| {
        sector += 1;
        sector != 3
    });
    let error = Ledger::open(os(), &mut |_| {}).err().unwrap();
    let LedgerError::Damaged(damage) = error else { panic!("{error}") };
    assert_eq!(damage.kind, DamageKind::Checksum);

    let ledger = open(LedgerConfig { accept_loss: true, ..os() });
    let kept = damage.sequence - 1;
    assert_eq!(ledger.recovery().records, kept);
    put_all(&ledger, kept + 1..=10);
    drop(ledger);
    assert_eq!(open(os()).recovery().records, 10);
    assert_eq!(check(dir.path()).finding, None);
}

#[test]
fn power_loss_never_takes_a_segment_before_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let os = || LedgerConfig { durability: AckPolicy::Os, ..config(dir.path(), &disk) };
    let ledger = open(os());
    let acks: Vec<_> = (1..=40).map(|n| put(&ledger, n)).collect();
    let last = acks[39].position.segment;
    ledger.abandon();
    disk.power_loss(|| false);
    let synced = acks.iter().filter(|ack| ack.position.segment < last).count() as u64;
    assert!(synced > 10);
    assert_eq!(open(os()).recovery(), Recovery { records: synced, tail: Tail::Clean });
    assert_eq!(check(dir.path()).finding, None);
    assert!(entries(dir.path()).iter().zip(1..).all(|(stored, n)| same(stored, &entry(n))));
}

/// Also where it was left because the disk failed, in whatever way.
#[test]
fn power_loss_never_takes_what_lies_before_a_failure() {
    for fault in [Fault::Full, Fault::WriteFails, Fault::ReadOnly, Fault::SyncFails] {
        let dir = tempfile::tempdir().unwrap();
        let disk = TestDisk::default();
        let os = || LedgerConfig { durability: AckPolicy::Os, ..config(dir.path(), &disk) };
        let ledger = open(os());
        put_all(&ledger, 1..=5);
        disk.set(Some(fault));
        // The sync that fails is that of the step to the next segment.
        let kept = (6..).take_while(|n| ledger.append(&entry(*n)).and_then(Pending::wait).is_ok());
        let kept = kept.count() as u64 + 5;
        disk.set(None);
        faults::until_healthy(&ledger);
        put(&ledger, 100);
        ledger.abandon();
        disk.power_loss(|| false);
        assert_eq!(open(os()).recovery().records, kept, "{fault:?}");
        assert!(entries(dir.path()).iter().zip(1..).all(|(stored, n)| same(stored, &entry(n))));
        assert_eq!(check(dir.path()).finding, None, "{fault:?}");
    }
}

/// A sync for a checkpoint tells that it failed; the segment's own, later, must not believe itself.
#[test]
fn what_a_failed_sync_may_have_lost_is_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let os = || LedgerConfig { durability: AckPolicy::Os, ..config(dir.path(), &disk) };
    let ledger = open(os());
    put_all(&ledger, 1..=3);
    disk.set(Some(Fault::SyncFails));
    ledger.sync(ledger.last().unwrap()).unwrap_err();
    disk.set(None);
    let acks: Vec<_> = (4..=40).map(|n| put(&ledger, n)).collect();
    assert!(acks[36].position.segment > 1);
    ledger.abandon();
    disk.power_loss(|| false);
    assert!(open(os()).recovery().records > 3);
    assert_eq!(check(dir.path()).finding, None);
}

#[test]
fn a_reader_beside_a_busy_writer_sees_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let ledger = open(LedgerConfig {
        durability: AckPolicy::Os,
        segment_bytes: 1 << 20,
        ..config(dir.path(), &disk)
    });
    put(&ledger, 3);
    let template = NewEntry { open: vec![b'x'; 700], ..entry(3) };
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for _ in 0..1000 {
                ledger.append(&template).unwrap().wait().unwrap();
            }
        });
        let mut last = 0;
        while !writer.is_finished() {
            let count = entries(dir.path()).len();
            assert!(count >= last);
            last = count;
        }
    });
    assert_eq!(entries(dir.path()).len(), 1001);
}

/// Appends in groups until one fails; how many were acknowledged, in order from the first.
fn append_until_stopped(ledger: &Ledger, groups: &[u64]) -> u64 {
    let (mut next, mut acked) = (1, 0);
    for size in groups {
        let pending: Vec<_> = (next..next + size).map(|n| ledger.append(&entry(n))).collect();
        next += size;
        for pending in pending {
            match pending.and_then(Pending::wait) {
                Ok(ack) => acked = ack.sequence,
                Err(_) => return acked,
            }
        }
    }
    acked
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The machine stops before any write or sync; of what was not synced any sectors remain.
    #[test]
    fn power_loss_at_any_operation_keeps_the_acknowledged_prefix(
        groups in prop::collection::vec(1u64..12, 1..8),
        operations in 0u32..60,
        survive in prop::collection::vec(any::<bool>(), 1..64),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let disk = TestDisk::default();
        let ledger = open(config(dir.path(), &disk));
        disk.stop_after(operations);
        let acked = append_until_stopped(&ledger, &groups);
        ledger.abandon();
        let mut survive = survive.into_iter().cycle();
        disk.power_loss(|| survive.next().unwrap());

        let mut recovered = vec![];
        let ledger = Ledger::open(config(dir.path(), &disk), &mut |e| recovered.push(e.clone()))
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(recovered.len() as u64 >= acked, "{} of {acked}", recovered.len());
        for (stored, n) in recovered.iter().zip(1..) {
            prop_assert!(same(stored, &entry(n)), "record {n}");
        }
        let next = recovered.len() as u64 + 1;
        prop_assert_eq!(put(&ledger, next).sequence, next);
        drop(ledger);
        let report = check(dir.path());
        prop_assert_eq!((report.records, report.finding), (next, None));
    }

    /// The disk fails for a while, in any way, again and again, and at last loses power: the log
    /// holds what was acknowledged, in that order, and nothing else.
    #[test]
    fn failures_that_pass_leave_exactly_what_was_acknowledged(
        steps in prop::collection::vec((0usize..8, 1u64..9), 1..14),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let disk = TestDisk::default();
        let ledger = open(config(dir.path(), &disk));
        let faults = [Fault::Full, Fault::WriteFails, Fault::SyncFails, Fault::ReadOnly];
        let (mut next, mut acked) = (1, vec![]);
        for (fault, size) in steps {
            disk.set(faults.get(fault).copied());
            if faults.get(fault).is_none() {
                faults::until_healthy(&ledger);
            }
            let pending: Vec<_> = (next..next + size).map(|n| (n, ledger.append(&entry(n)))).collect();
            next += size;
            for (n, pending) in pending {
                if pending.and_then(Pending::wait).is_ok() {
                    acked.push(n);
                }
            }
        }
        disk.set(None);
        faults::until_healthy(&ledger);
        put(&ledger, next);
        acked.push(next);
        ledger.abandon();
        disk.power_loss(|| false);
        let stored = entries(dir.path());
        prop_assert_eq!(stored.len(), acked.len());
        for (stored, n) in stored.iter().zip(acked) {
            prop_assert!(same(stored, &entry(n)), "record {n}");
        }
        prop_assert_eq!(check(dir.path()).finding, None);
    }
}
