//! Known outcomes and links: what a decision reads, and what an attempt and its answer record.

use criterion::Criterion;
use std::hint::black_box;
use vouch::domain::{HOUR_MS, Timestamp};
use vouch::velocity::sales::Delay;
use vouch::velocity::{
    EntityKey, EntityKeys, Limits, LinkGraph, Links, Occurrence, Party, Sale, SaleOutcomes, Sales,
    Signal, Told,
};

const NOW: i64 = 1_763_633_700_000;
/// One sale in seven minutes for a hundred days, of one seller and three issuer ranges.
const SALES: i64 = 20_000;
const BUYERS: i64 = 5_000;

pub(crate) fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("outcomes");
    let limits = Limits { max_keys: 1_000_000, seed: 1 };
    let (sales, links) = (SaleOutcomes::new(limits), LinkGraph::new(limits));
    for number in 0..SALES {
        for told in [None, Some(Told::Settled)] {
            let occurrence = occurrence(number, told);
            sales.record(&occurrence);
            links.record(&occurrence);
        }
    }
    let mut number = 0;
    let mut next = move || {
        number = (number + 7_919) % SALES;
        number
    };
    let now = Timestamp::from_millis(NOW);
    for (name, parties) in [
        ("read_buyer", &[Party::Account, Party::Card, Party::Email, Party::Device][..]),
        ("read_seller", &[Party::Seller][..]),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let keys = keys(next());
                for party in parties {
                    let key = party.key(&keys).unwrap_or_default();
                    black_box(sales.view(*party, key, now, Delay::default()));
                }
            });
        });
    }
    group.bench_function("read_links", |b| {
        b.iter(|| black_box(links.view(&keys(next()), now)));
    });
    let mut late = SALES;
    group.bench_function("record", |b| {
        b.iter(|| {
            late += 1;
            for told in [None, Some(Told::Settled)] {
                let occurrence = occurrence(late, told);
                sales.record(&occurrence);
                links.record(&occurrence);
            }
        });
    });
    group.finish();
}

fn occurrence(number: i64, told: Option<Told>) -> Occurrence {
    let at = Timestamp::from_millis(NOW - (SALES - number) * HOUR_MS * 24 * 100 / SALES);
    let sale = told.map(|told| Sale { id: key(number), at, told });
    let signal = if told.is_none() { Signal::Attempt } else { Signal::Approved };
    Occurrence { sale, ..Occurrence::new(keys(number), at, signal) }
}

/// A buyer has a card, mailbox and account of their own; two of them share a device.
fn keys(number: i64) -> EntityKeys {
    let buyer = number % BUYERS;
    EntityKeys {
        card: Some(key(buyer)),
        email: Some(key(buyer)),
        device: Some(key(buyer / 2)),
        account: Some(key(buyer)),
        bin: Some(key(buyer % 3)),
        seller: Some(key(0)),
        ..EntityKeys::default()
    }
}

fn key(number: i64) -> EntityKey {
    EntityKey(number.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
