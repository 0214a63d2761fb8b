//! Memory by the number of keys.

use super::process::{cpu_s, resident};
use super::stream::Stream;
use vouch::velocity::{Limits, SlidingWindows, Velocity};

/// Where the curve is read.
const POINTS: [usize; 5] = [10_000, 100_000, 1_000_000, 3_000_000, 10_000_000];

/// Fills a store until it holds `most` keys and prints what it takes on the way.
pub(crate) fn run(most: usize) {
    println!(
        "| Keys | Sales | Busy keys | Resident bytes a key | Accounted | Resident MB | µs CPU a sale |"
    );
    println!("|---|---|---|---|---|---|---|");
    let before = resident();
    // More than are put in: the kinds and the shards of a small store fill unevenly, and nothing may be
    // given up here. Room that is not used takes no memory.
    let store = SlidingWindows::new(Limits { max_keys: 3 * most.max(1_000_000), seed: 1 });
    let (mut stream, mut sales) = (Stream::new(), 0_u32);
    let started = cpu_s(std::process::id());
    for point in POINTS.into_iter().filter(|point| *point < most).chain([most]) {
        while store.stats().keys < point {
            // Six to eight keys a sale; the count of all shards is not asked for after each.
            for _ in 0..(point / 500).clamp(1, 2_000) {
                stream.next_sale().iter().for_each(|occurrence| store.record(occurrence));
                sales += 1;
            }
        }
        let (stats, resident) = (store.stats(), resident() - before);
        let (keys, spent) = (stats.keys as u64, cpu_s(std::process::id()) - started);
        assert_eq!(stats.evictions, 0, "the store is too small to measure");
        println!(
            "| {keys} | {sales} | {:.2} % | {} | {} | {} | {:.1} |",
            100.0 * float(stats.busy as u64) / float(keys),
            resident / keys,
            stats.bytes as u64 / keys,
            resident / 1_000_000,
            spent * 1e6 / f64::from(sales),
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of keys")]
fn float(count: u64) -> f64 {
    count as f64
}
