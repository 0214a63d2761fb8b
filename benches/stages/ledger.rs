//! The ledger: what a commit costs, alone and shared, and what an append costs without a disk.
//!
//! On a real directory, so the figures are the disk's as much as ours; read them as ratios within one
//! run. `group` against `one_by_one` is what sharing a sync gains; the percentiles of an append's receipt
//! with 64 writers under way, which criterion does not give, are printed on standard error.

use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;
use vouch::clock::Stopwatch;
use vouch::domain::{TenantId, Timestamp};
use vouch::ledger::{
    AckPolicy, EntryKind, IndexKey, Ledger, LedgerConfig, LookupField, MasterKey, NewEntry, Pending,
};

/// Records handed over before the first receipt is awaited.
const GROUP: u64 = 64;

fn open(durability: AckPolicy) -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().expect("a directory");
    let config = LedgerConfig {
        durability,
        index_every: None,
        master_key: Some(MasterKey::from_bytes([7; 32])),
        ..LedgerConfig::new(dir.path())
    };
    let ledger = Ledger::open(config, &mut |_| {}).expect("a ledger");
    (dir, ledger)
}

/// About 2 KB on disk, a third of it sealed, with four look-up hashes; one of 1,000 people.
fn entry(keys: &IndexKey, n: u64) -> NewEntry {
    let tenant = TenantId::default_tenant();
    let person = format!("account {}", n % 1000);
    let fields = [LookupField::Account, LookupField::Email, LookupField::Card, LookupField::Ip];
    NewEntry {
        kind: EntryKind::Decision,
        id: format!("tx-{n}"),
        event_time: Timestamp::from_millis(1_700_000_000_000),
        received_at: Timestamp::from_millis(1_700_000_000_000),
        subject: Some(keys.subject(&tenant, &person)),
        open: format!(
            r#"{{"summary":{{"transaction_id":"tx-{n}","action":"approve"}},"record":"{}"}}"#,
            "0123456789abcdef".repeat(70)
        )
        .into_bytes(),
        personal: format!(r#"{{"name":"{person}","rest":"{}"}}"#, "x".repeat(550)).into_bytes(),
        lookups: fields.map(|field| (field, keys.lookup(&tenant, field, &person))).to_vec(),
        tenant,
    }
}

fn appended(ledger: &Ledger, n: u64) -> Pending {
    ledger.append(&entry(ledger.hasher(), n)).expect("room in the queue")
}

/// One record after the other, each with its own commit.
fn one_by_one(ledger: &Ledger, count: u64) {
    for n in 0..count {
        appended(ledger, n).wait().expect("kept");
    }
}

/// Many records under way at once, as concurrent requests are.
fn group(ledger: &Ledger, count: u64) {
    let pending: Vec<_> = (0..count).map(|n| appended(ledger, n)).collect();
    for pending in pending {
        pending.wait().expect("kept");
    }
}

/// Writers at once, and receipts each of them waits for.
const WRITERS: u64 = 64;
const RECEIPTS: u64 = 200;

/// Microseconds from an append to its receipt, in order, with [`WRITERS`] under way.
fn receipts(ledger: &Ledger) -> Vec<u64> {
    let mut all: Vec<u64> = std::thread::scope(|scope| {
        let one = |writer: u64| {
            let wait = |n| {
                let clock = Stopwatch::start();
                appended(ledger, writer * RECEIPTS + n).wait().expect("kept");
                clock.elapsed_us()
            };
            (0..RECEIPTS).map(wait).collect::<Vec<_>>()
        };
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || one(writer))).collect();
        writers.into_iter().flat_map(|writer| writer.join().expect("a writer")).collect()
    });
    all.sort_unstable();
    all
}

/// Prints p50, p99 and the records a second.
#[expect(clippy::print_stderr, reason = "criterion has no percentiles")]
fn report(name: &str, ledger: &Ledger) {
    let clock = Stopwatch::start();
    let all = receipts(ledger);
    let at = |percent: usize| all.get((all.len() - 1) * percent / 100).copied().unwrap_or_default();
    let rate = u128::from(WRITERS * RECEIPTS) * 1_000_000 / u128::from(clock.elapsed_us().max(1));
    eprintln!(
        "ledger/receipt/{name}: {WRITERS} writers, p50 {} us, p99 {} us, {rate} records/s",
        at(50),
        at(99)
    );
}

/// Benches of the ledger.
pub(crate) fn bench(c: &mut Criterion) {
    let mut benches = c.benchmark_group("ledger");
    benches.sample_size(10);
    for (name, durability) in [("fsync", AckPolicy::Fsync), ("os", AckPolicy::Os)] {
        let (_dir, ledger) = open(durability);
        group(&ledger, 2000);
        benches.throughput(Throughput::Elements(GROUP));
        benches.bench_function(BenchmarkId::new("one_by_one", name), |b| {
            b.iter(|| one_by_one(&ledger, GROUP));
        });
        benches.bench_function(BenchmarkId::new("group", name), |b| {
            b.iter(|| group(&ledger, GROUP));
        });
        report(name, &ledger);
    }
    let (_dir, ledger) = open(AckPolicy::Os);
    benches.throughput(Throughput::Elements(1));
    let keys = ledger.hasher().clone();
    benches.bench_function("entry_only", |b| b.iter(|| black_box(entry(&keys, 1))));
    benches.finish();
}
