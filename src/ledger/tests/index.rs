//! The index: what it answers, and that it can always be made again.

use super::super::testing::copy;
use super::*;
use crate::domain::{TenantId, Timestamp};
use std::time::Duration;

fn indexed(dir: &Path, disk: &TestDisk) -> LedgerConfig {
    let index_every = Some(Duration::ZERO);
    LedgerConfig { index_every, master_key: None, ..config(dir, disk) }
}

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

/// Sequences of the rows a query finds.
fn found(index: &Index, change: impl FnOnce(&mut Query)) -> Vec<u64> {
    let mut query = Query { order: Order::OldestFirst, ..Query::new(tenant("a")) };
    change(&mut query);
    index.list(&query).unwrap().iter().map(|row| row.sequence).collect()
}

/// A closed and indexed ledger of entries 1 ..= 40.
fn written() -> (tempfile::TempDir, Index) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(indexed(dir.path(), &TestDisk::default()));
    let lookup = ledger.hasher().lookup(&tenant("a"), LookupField::Email, "j.doe@example.com");
    for n in 1..=40 {
        let mut entry = entry(n);
        if n % 10 == 1 {
            entry.lookups.push((LookupField::Email, lookup));
        }
        ledger.append(&entry).unwrap().wait().unwrap();
    }
    drop(ledger);
    let index = Index::open(dir.path()).unwrap();
    (dir, index)
}

#[test]
fn rows_are_found_by_every_condition() {
    let (dir, index) = written();
    let of_a: Vec<u64> = (1..=40).filter(|n| n % 5 != 4).collect();
    assert_eq!(found(&index, |_| {}), of_a);
    assert_eq!(found(&index, |q| q.kind = Some(EntryKind::Event)), [1, 6, 11, 16, 21, 26, 31, 36]);
    assert_eq!(found(&index, |q| q.transaction_id = Some("tx-7".into())), [7]);
    assert_eq!(found(&index, |q| q.id = Some("id-8".into())), [8]);
    assert_eq!(found(&index, |q| q.action = Some("decline".into())), [0u64; 0]);
    assert_eq!(found(&index, |q| q.action = Some("approve".into())).len(), of_a.len());
    let time = |n: u64| Some(entry(n).event_time);
    assert_eq!(found(&index, |q| (q.since, q.until) = (time(10), time(13))), [10, 11, 12]);
    let key = MasterKey::read(dir.path()).unwrap().unwrap().indexing();
    let email = key.lookup(&tenant("a"), LookupField::Email, "j.doe@example.com");
    assert_eq!(found(&index, |q| q.lookups = vec![(LookupField::Email, email)]), [1, 11, 21, 31]);
    assert_eq!(found(&index, |q| q.lookups = vec![(LookupField::Card, email)]), [0u64; 0]);
    assert_eq!(found(&index, |q| q.tenant = tenant("b")), [4, 9, 14, 19, 24, 29, 34, 39]);
    assert_eq!(found(&index, |q| q.tenant = tenant("c")), [0u64; 0]);
}

#[test]
fn pages_follow_each_other_in_both_directions() {
    let (_dir, index) = written();
    for order in [Order::OldestFirst, Order::NewestFirst] {
        let (mut all, mut after) = (vec![], None);
        loop {
            let page = found(&index, |q| (q.order, q.limit, q.after) = (order, 7, after));
            let Some(last) = page.last() else { break };
            after = Some(*last);
            all.extend(page);
        }
        assert_eq!(all.len(), 32);
        assert!(all.is_sorted_by(|a, b| (a < b) == (order == Order::OldestFirst)));
    }
}

#[test]
fn a_row_tells_the_summary_and_leads_to_the_entry() {
    let (dir, index) = written();
    let query = Query { id: Some("id-12".into()), ..Query::new(tenant("a")) };
    let [row] = index.list(&query).unwrap().try_into().unwrap();
    assert_eq!(row.amount.as_deref(), Some("12.00"));
    assert_eq!((row.risk_score, row.action.as_deref()), (Some(12.5), Some("approve")));
    assert_eq!((row.order_id, row.entry_type), (None, None));
    assert_eq!(row.received_at, Timestamp::from_millis(1_700_000_012_007));
    let read = Reader::open(dir.path(), None).unwrap().read(row.position).unwrap();
    assert_eq!(read.id, "id-12");
    let kind = EntryKind::from_word(&row.kind).unwrap();
    assert_eq!(index.find(&tenant("a"), kind, "id-12").unwrap(), Some(row.position));
    assert_eq!(index.locate(&tenant("a"), 12).unwrap(), Some(row.position));
    assert_eq!(index.find(&tenant("b"), kind, "id-12").unwrap(), None);
    assert_eq!(index.locate(&tenant("b"), 12).unwrap(), None);
}

#[test]
fn an_entry_without_a_readable_summary_is_indexed_by_its_envelope() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(indexed(dir.path(), &TestDisk::default()));
    for open in [&b"{}"[..], b"no json", br#"{"summary":{"amount":[]}}"#, b""] {
        ledger.append(&NewEntry { open: open.to_vec(), ..entry(1) }).unwrap().wait().unwrap();
    }
    drop(ledger);
    assert_eq!(found(&Index::open(dir.path()).unwrap(), |_| {}), [1, 2, 3, 4]);
}

#[test]
fn a_deleted_broken_or_foreign_index_is_made_again() {
    let (dir, index) = written();
    let expected = found(&index, |_| {});
    drop(index);
    let path = dir.path().join("index.sqlite");
    let (other, index) = written();
    drop(index);
    let foreign = fs::read(other.path().join("index.sqlite")).unwrap();
    let broken = [b"no SQLite at all".repeat(300)].concat();
    for (name, bytes) in [("deleted", None), ("broken", Some(broken)), ("foreign", Some(foreign))] {
        fs::remove_file(&path).unwrap();
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).unwrap();
        }
        assert_eq!(refresh(dir.path()).unwrap(), Freshness::Current, "{name}");
        let index = Index::open(dir.path()).unwrap();
        assert_eq!(found(&index, |_| {}), expected, "{name}");
        let known: Vec<_> = entries_of(dir.path()).iter().map(|e| e.position).collect();
        let rows = index.list(&Query::new(tenant("a"))).unwrap();
        assert!(rows.iter().all(|row| known[row.sequence as usize - 1] == row.position), "{name}");
        drop(index);
        assert_eq!(verify(dir.path(), None, &mut |_, _| {}).unwrap().finding, None, "{name}");
    }
}

fn entries_of(dir: &Path) -> Vec<StoredEntry> {
    Reader::open(dir, None).unwrap().scan(None).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_index_of_a_running_ledger_follows_across_segments_and_shows_its_lag() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(indexed(dir.path(), &TestDisk::default()));
    let waited = crate::clock::Stopwatch::start();
    for n in 1..=60 {
        put(&ledger, n);
        while n % 3 == 0 && ledger.health().indexed != Some(n) {
            assert!(waited.elapsed().as_secs() < 30, "{:?}", ledger.health());
            std::thread::yield_now();
        }
    }
    assert!(ledger.health().index_fault.is_none());
    assert_eq!(found(ledger.index().unwrap(), |q| q.limit = 1000).len(), 48);
    assert_eq!(refresh(dir.path()).unwrap(), Freshness::Current);
}

#[test]
fn a_command_beside_a_server_reports_the_lag_and_one_alone_catches_up() {
    let (dir, _) = written();
    let behind = copy(dir.path());
    let disk = TestDisk::default();
    let idle = LedgerConfig { index_every: None, ..indexed(behind.path(), &disk) };
    let ledger = open(idle);
    put_all(&ledger, 41..=45);
    assert_eq!(refresh(behind.path()).unwrap(), Freshness::Behind { records: 5 });
    drop(ledger);
    assert_eq!(refresh(behind.path()).unwrap(), Freshness::Current);
    let index = Index::open(behind.path()).unwrap();
    assert_eq!(found(&index, |q| q.after = Some(40)), [41, 42, 43, 45]);
}

#[test]
fn what_comes_before_damage_is_indexed_all_the_same() {
    let (dir, index) = written();
    drop(index);
    let ninth = entries_of(dir.path())[8].position;
    let path = dir.path().join(format!("ledger/{:08}.log", ninth.segment));
    let mut bytes = fs::read(&path).unwrap();
    bytes[ninth.offset as usize + 70] ^= 1;
    fs::write(&path, bytes).unwrap();
    fs::remove_file(dir.path().join("index.sqlite")).unwrap();
    let error = refresh(dir.path()).unwrap_err();
    assert!(matches!(error, LedgerError::Damaged(Damage { sequence: 9, .. })), "{error}");
    assert_eq!(found(&Index::open(dir.path()).unwrap(), |_| {}), [1, 2, 3, 5, 6, 7, 8]);
}

#[test]
fn no_question_reads_the_whole_index() {
    let (dir, _) = written();
    let connection = rusqlite::Connection::open(dir.path().join("index.sqlite")).unwrap();
    let plan = |change: fn(&mut Query)| {
        let mut query = Query::new(tenant("a"));
        change(&mut query);
        let (sql, values) = query.sql();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement
            .query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3))
            .unwrap();
        steps.collect::<Result<Vec<_>, _>>().unwrap().join("; ")
    };
    let hash = |q: &mut Query| q.lookups = vec![(LookupField::Card, LookupHash([1; 16]))];
    for (used, plan) in [
        ("INDEX record_tenant (tenant=?)", plan(|_| {})),
        ("INDEX record_kind (tenant=? AND kind=?)", plan(|q| q.kind = Some(EntryKind::Label))),
        ("INDEX record_id (tenant=? AND id=?)", plan(|q| q.id = Some("x".into()))),
        (
            "INDEX record_transaction (tenant=? AND transaction_id=?)",
            plan(|q| q.transaction_id = Some("x".into())),
        ),
        (
            "INDEX record_time (tenant=? AND event_time>? AND event_time<?)",
            plan(|q| {
                (q.since, q.until) = (Some(Timestamp::default()), Some(Timestamp::default()));
            }),
        ),
        ("PRIMARY KEY (hash=? AND field=?)", plan(hash)),
    ] {
        assert!(plan.contains(used) && !plan.contains("SCAN record"), "{used}: {plan}");
    }
    let latest = plan(|_| {});
    assert!(!latest.contains("TEMP B-TREE"), "sorts everything: {latest}");
}
