//! Read and record one attempt: five entities, six windows, against the naive recount.

use criterion::Criterion;
use std::hint::black_box;
use vouch::domain::{SECOND_MS, Timestamp};
use vouch::velocity::naive::Recount;
use vouch::velocity::{
    Entity, EntityKey, EntityKeys, Limits, Occurrence, Other, Signal, SlidingWindows, Velocity,
    Window,
};

/// Buyers in the stream: a few come all the time, most were there once.
const BUYERS: u64 = 100_000;

/// Attempts recorded before measuring.
const HISTORY: usize = 100_000;

pub(crate) fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("velocity");
    let windows = SlidingWindows::new(Limits { max_keys: 1_000_000, seed: 1 });
    let mut stream = Stream::recorded_by(&windows);
    group.bench_function("windows", |b| b.iter(|| score(&windows, &stream.next_attempt())));

    let recount = Recount::default();
    let mut stream = Stream::recorded_by(&recount);
    group.sample_size(10);
    group.bench_function("recount", |b| b.iter(|| score(&recount, &stream.next_attempt())));
    group.finish();
}

/// Reads what a decision reads, then records.
fn score(velocity: &dyn Velocity, attempt: &Occurrence) {
    for entity in Entity::ALL {
        let Some(key) = attempt.keys.get(entity) else { continue };
        let view = velocity.view(entity, key, attempt.at);
        for window in Window::ALL {
            for signal in Signal::ALL {
                black_box((view.count(*signal, window), view.sum(*signal, window)));
            }
            black_box(Other::ALL.map(|of| view.distinct(of, window)));
        }
    }
    velocity.record(attempt);
}

/// Attempts five seconds apart, the same on every run.
struct Stream {
    state: u64,
    at: Timestamp,
}

impl Stream {
    /// A stream whose first attempts `velocity` has seen.
    fn recorded_by(velocity: &dyn Velocity) -> Self {
        let mut stream = Self { state: 1, at: Timestamp::from_millis(1_763_633_700_000) };
        for _ in 0..HISTORY {
            velocity.record(&stream.next_attempt());
        }
        stream
    }

    /// A buyer with a card, mailbox and account of their own, on some address and device.
    fn next_attempt(&mut self) -> Occurrence {
        self.at = self.at.plus_millis(5 * SECOND_MS);
        let (buyer, ip, device) = (self.skewed(), self.skewed(), self.skewed());
        let key = |of: Entity, number: u64| Some(EntityKey(mix(number * 8 + of as u64)));
        let keys = EntityKeys {
            card: key(Entity::Card, buyer),
            email: key(Entity::Email, buyer),
            ip: key(Entity::Ip, ip),
            device: key(Entity::Device, device),
            account: key(Entity::Account, buyer),
            ..EntityKeys::default()
        };
        Occurrence {
            keys,
            at: self.at,
            signal: Signal::Attempt,
            amount: Some(4_900),
            place: None,
            sale: None,
        }
    }

    /// A number below [`BUYERS`], one half of them below a sixteenth of it.
    fn skewed(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let share = mix(self.state) >> 40; // of 2^24
        let squared = (share * share) >> 24;
        (((squared * squared) >> 24) * BUYERS) >> 24
    }
}

/// Output function of `SplitMix64`.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
