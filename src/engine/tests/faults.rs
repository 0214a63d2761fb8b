//! A disk that fails between a decision and its record, and a caller that does.

use super::*;
use crate::ledger::testing::{Fault, TestDisk, config};

fn on_test_disk(dir: &Path, disk: &TestDisk) -> Engine {
    let config = LedgerConfig { segment_bytes: 1 << 16, ..config(dir, disk) };
    Engine::open(snapshot(), config, limits(), &mut |_| ()).unwrap()
}

fn count(engine: &Engine, field: crate::features::FieldId) -> i64 {
    match engine.preview(&tenant(), &purchase("x", 20)).get(field) {
        crate::features::Value::Int(count) => *count,
        other => unreachable!("{other:?}"),
    }
}

pub(super) fn until_healthy(engine: &Engine) {
    let waited = crate::clock::Stopwatch::start();
    while engine.ledger().unwrap().health().fault.is_some() {
        assert!(waited.elapsed().as_secs() < 20, "did not recover");
        std::thread::yield_now();
    }
}

fn declined(id: &str) -> Event {
    serde_json::from_value(json!({
        "event_id": id, "type": "auth.result", "transaction_id": "tx-0",
        "event_time": "2026-11-20T10:00:30Z", "data": {"outcome": "declined"},
    }))
    .unwrap()
}

#[test]
fn retries_of_a_failed_write_count_once() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), TestDisk::default());
    let engine = on_test_disk(dir.path(), &disk);
    let mut billed = purchase("tx-1", 0);
    billed.payment = serde_json::from_value(json!({"invoice_id": "in-1"})).unwrap();
    score(&engine, purchase("tx-0", 0));
    for round in 0..6 {
        disk.set(Some(Fault::Full));
        let begun = match round % 2 {
            0 => engine.begin(request(billed.clone())),
            _ => engine.record_event(&tenant(), &declined("ev-1"), None),
        };
        engine.settle_blocking(begun.unwrap().settling.unwrap()).unwrap_err();
        disk.set(None);
        until_healthy(&engine);
    }
    for round in 0..2 {
        assert_eq!(engine.begin(request(billed.clone())).map(settled(&engine)).unwrap(), round > 0);
        let event = engine.record_event(&tenant(), &declined("ev-1"), None);
        assert_eq!(event.map(settled(&engine)).unwrap(), round > 0);
    }
    assert_eq!(count(&engine, f::CARD_TX_COUNT_1H), 2, "tx-0 and tx-1");
    assert_eq!(count(&engine, f::IP_DECLINED_COUNT_1H), 1);
    let before = engine.preview(&tenant(), &purchase("x", 20));
    drop(engine);
    let again = on_test_disk(dir.path(), &disk);
    assert_eq!(again.preview(&tenant(), &purchase("x", 20)), before);
}

/// An answer given before its commit: lost, the id is free again and what it counted stays counted once.
#[test]
fn a_retry_of_what_was_acknowledged_and_lost_is_decided_anew() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), TestDisk::default());
    let open = || {
        let durability = crate::ledger::AckPolicy::Async;
        let config =
            LedgerConfig { durability, segment_bytes: 1 << 16, ..config(dir.path(), &disk) };
        Engine::open(snapshot(), config, limits(), &mut |_| ()).unwrap()
    };
    let engine = open();
    let begin = || engine.begin(request(purchase("tx-1", 0))).unwrap();
    score(&engine, purchase("tx-0", 0));
    assert!(engine.ledger().unwrap().await_committed(1, std::time::Duration::from_secs(20)));
    disk.set(Some(Fault::WriteFails));
    let (first, again) = (begin(), begin());
    assert!(again.repeated && again.answer == first.answer);
    assert_eq!(engine.settle_blocking(first.settling.unwrap()).unwrap().sequence, 2);
    let acknowledged = engine.find_decision(&tenant(), "tx-1").unwrap().map(|found| found.2);
    assert!(acknowledged.is_none_or(|durability| durability == Durability::Async));
    let waited = crate::clock::Stopwatch::start();
    while engine.ledger().unwrap().health().fault.is_none() {
        assert!(waited.elapsed().as_secs() < 20, "never failed");
        std::thread::yield_now();
    }
    disk.set(None);
    until_healthy(&engine);
    while settled(&engine)(begin()) {
        assert!(waited.elapsed().as_secs() < 20, "known for ever");
        std::thread::yield_now();
    }
    assert_eq!(count(&engine, f::CARD_TX_COUNT_1H), 2, "tx-0 and tx-1");
    drop(engine);
    let engine = open();
    assert_eq!(engine.ledger().unwrap().recovery().records, 2);
    assert!(settled(&engine)(engine.begin(request(purchase("tx-1", 0))).unwrap()));
}

/// A retry under another id can't rest on an attempt that no ledger holds.
#[test]
fn an_attempt_whose_write_failed_makes_no_retry() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), TestDisk::default());
    let engine = on_test_disk(dir.path(), &disk);
    let billed = |id: &str| {
        let mut billed = purchase(id, 0);
        billed.payment = serde_json::from_value(json!({"invoice_id": "in-1"})).unwrap();
        request(billed)
    };
    disk.set(Some(Fault::Full));
    let begun = engine.begin(billed("tx-1")).unwrap();
    engine.settle_blocking(begun.settling.unwrap()).unwrap_err();
    disk.set(None);
    until_healthy(&engine);
    for id in ["tx-2", "tx-3", "tx-1"] {
        engine.begin(billed(id)).map(settled(&engine)).unwrap();
    }
    assert_eq!(count(&engine, f::CARD_TX_COUNT_1H), 2, "that of the failed write stays");
    drop(engine);
    let again = on_test_disk(dir.path(), &disk);
    assert_eq!(count(&again, f::CARD_TX_COUNT_1H), 1);
}

/// Ends what was begun; true for a repeat.
fn settled(engine: &Engine) -> impl Fn(Begun) -> bool + '_ {
    |begun| {
        begun.settling.map(|settling| engine.settle_blocking(settling).unwrap());
        begun.repeated
    }
}

#[test]
fn a_retry_with_other_content_is_another_attempt() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), TestDisk::default());
    let engine = on_test_disk(dir.path(), &disk);
    disk.set(Some(Fault::Full));
    let begun = engine.begin(request(purchase("tx-1", 0))).unwrap();
    engine.settle_blocking(begun.settling.unwrap()).unwrap_err();
    disk.set(None);
    until_healthy(&engine);
    let mut other = purchase("tx-1", 0);
    other.amount = serde_json::from_value(json!({"value": "50.00", "currency": "EUR"})).unwrap();
    score(&engine, other);
    assert_eq!(count(&engine, f::CARD_TX_COUNT_1H), 2);
}

#[test]
fn a_caller_that_panics_leaves_no_id_under_way() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), TestDisk::default());
    let engine = on_test_disk(dir.path(), &disk);
    let begin = |id: &str| engine.begin(request(purchase(id, 0))).unwrap();
    for (id, fault) in [("tx-1", None), ("tx-2", Some(Fault::WriteFails))] {
        disk.set(fault);
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let begun = begin(id);
            assert!(begun.settling.is_none(), "injected: {id} is under way");
        }));
        assert!(ended.is_err());
        let waited = crate::clock::Stopwatch::start();
        loop {
            match engine.find_decision(&tenant(), id).unwrap() {
                Some((_, _, Durability::Pending)) => std::thread::yield_now(),
                found => {
                    assert_eq!(found.is_some(), fault.is_none(), "{id}");
                    break;
                }
            }
            assert!(waited.elapsed().as_secs() < 20, "{id} is under way for ever");
        }
        disk.set(None);
        until_healthy(&engine);
        assert_eq!(settled(&engine)(begin(id)), fault.is_none(), "kept once, or decided anew");
    }
    assert_eq!(engine.ledger().unwrap().health().sequence, 2);
}

#[test]
fn another_content_under_an_id_in_flight_is_told_where_it_differs() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), TestDisk::default());
    let engine = on_test_disk(dir.path(), &disk);
    let mut other = purchase("tx-1", 0);
    other.amount = serde_json::from_value(json!({"value": "50.00", "currency": "EUR"})).unwrap();
    let mut approved = declined("ev-1");
    approved.data.outcome = Some(crate::domain::Outcome::Approved);
    disk.stall(true);
    let flying = engine.begin(request(purchase("tx-1", 0))).unwrap();
    let event = engine.record_event(&tenant(), &declined("ev-1"), None).unwrap();
    for in_flight in [true, false] {
        let error = engine.begin(request(other.clone())).unwrap_err();
        let EngineError::Conflict { pointer, .. } = error else { unreachable!("{error}") };
        assert_eq!(pointer.as_deref(), Some("/amount/value"), "in flight: {in_flight}");
        let error = engine.record_event(&tenant(), &approved, None).unwrap_err();
        let EngineError::Conflict { pointer, .. } = error else { unreachable!("{error}") };
        assert_eq!(pointer.as_deref(), Some("/data/outcome"), "in flight: {in_flight}");
        if in_flight {
            disk.stall(false);
        }
    }
    settled(&engine)(flying);
    settled(&engine)(event);
}
