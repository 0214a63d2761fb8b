//! Questions about lists of ten million entries, and reading one: cards by fingerprint, addresses, BINs.
//!
//! A file is written, read once before the clock runs, and asked about 4,096 values of which half are on
//! it. Outside `cargo bench` the lists are a thousandth as long.

use criterion::{BenchmarkId, Criterion, Throughput};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use vouch::domain::Timestamp;
use vouch::features::Value;
use vouch::lists::Lists;

const INPUTS: u64 = 4096;

/// A list's name, its type, and the n-th value as it is written.
type Kind = (&'static str, &'static str, fn(u64) -> String);

const KINDS: [Kind; 3] = [
    ("cards", "text", |n| format!("fp_{:016x}", spread(n))),
    ("addresses", "ip", |n| {
        let [.., a, b, c, d] = spread(n).to_be_bytes();
        format!("{a}.{b}.{c}.{d}")
    }),
    ("bins", "bin", |n| format!("{:08}", 10_000_000 + spread(n) % 80_000_000)),
];

/// Numbers in no order, none twice.
fn spread(n: u64) -> u64 {
    n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Writes the even ones of twice as many values: the odd ones are not on the list.
fn write(dir: &Path, (name, of_type, value): Kind, entries: u64) {
    let mut text = format!("# type: {of_type}\n");
    for n in 0..entries {
        let _ = writeln!(text, "{}", value(2 * n));
    }
    std::fs::write(dir.join(format!("{name}.txt")), text).expect("room for a file");
}

fn asked(of_type: &str, text: &str) -> Value {
    match of_type {
        "ip" => Value::Ip(text.parse().expect("an address")),
        _ => Value::text(text),
    }
}

/// The benches of this stage.
pub(crate) fn bench(c: &mut Criterion) {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let entries: u64 = if is_bench { 10_000_000 } else { 10_000 };
    let mut group = c.benchmark_group("lists");
    for (name, of_type, value) in KINDS {
        // Nothing is written for what a filter leaves out.
        let mut made = None;
        let id = BenchmarkId::new(name, entries);
        group.throughput(Throughput::Elements(INPUTS)).bench_function(id, |b| {
            let (lists, values) = made.get_or_insert_with(|| {
                let dir = tempfile::tempdir().expect("a directory");
                write(dir.path(), (name, of_type, value), entries);
                let lists =
                    Lists::default().read(Some(dir.path()), &BTreeMap::new(), &|_| false).lists;
                assert!(lists.get(name).is_some_and(|list| list.in_file() > 0), "{name}");
                let step = 2 * entries / INPUTS;
                let text = |n: u64| asked(of_type, &value(n * step + n % 2));
                (lists, (0..INPUTS).map(text).collect::<Vec<_>>())
            });
            let now = Timestamp::default();
            b.iter(|| {
                let on = |value: &&Value| lists.answer(name, value, now) == Some(true);
                black_box(values.iter().filter(on).count())
            });
        });
    }
    group.finish();
}
