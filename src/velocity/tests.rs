//! The store against the recount.

use super::naive::Recount;
use super::*;
use crate::domain::{DAY_MS, HOUR_MS, SECOND_MS};
use proptest::prelude::*;

const NOW: i64 = 1_763_633_700_000; // 2025-11-20T10:15:00Z

fn at(offset_ms: i64) -> Timestamp {
    Timestamp::from_millis(NOW + offset_ms)
}

fn store() -> SlidingWindows {
    SlidingWindows::new(Limits { max_keys: 10_000, seed: 7 })
}

fn attempt(keys: EntityKeys, at: Timestamp) -> Occurrence {
    Occurrence { keys, at, signal: Signal::Attempt, amount: Some(100), place: None, sale: None }
}

fn card(key: u64) -> EntityKeys {
    EntityKeys { card: Some(EntityKey(key)), ..EntityKeys::default() }
}

fn attempts(velocity: &dyn Velocity, key: u64, at: Timestamp) -> [u32; Window::COUNT] {
    let view = velocity.view(Entity::Card, EntityKey(key), at);
    Window::ALL.map(|window| view.count(Signal::Attempt, window))
}

/// Offsets on every scale, mostly close together, some duplicated, some older than every window.
fn offset() -> impl Strategy<Value = i64> {
    let scale = prop_oneof![
        Just(5 * SECOND_MS),
        Just(70 * SECOND_MS),
        Just(HOUR_MS),
        Just(DAY_MS),
        Just(8 * DAY_MS),
        Just(100 * DAY_MS)
    ];
    prop_oneof![
        4 => (scale, -1_000_i64..=1_000).prop_map(|(scale, part)| scale * part / 1_000),
        1 => Just(0),
        1 => Just(-60 * SECOND_MS),
    ]
}

/// One of `count` keys, or none.
fn key(count: u64) -> impl Strategy<Value = Option<EntityKey>> {
    prop_oneof![
        1 => Just(None),
        6 => (0..count).prop_map(|key| Some(EntityKey(key))),
    ]
}

/// `others`: how many different e-mails and devices there are.
fn occurrence(others: u64) -> impl Strategy<Value = Occurrence> {
    let payer = (key(3), key(others), key(2), key(others), key(2));
    let rest = (key(2), key(2), key(2), key(others), key(3), key(2), key(2), key(2));
    let keys = (payer, rest).prop_map(|(payer, rest)| {
        let (card, email, ip, device, account) = payer;
        let (sku, licence, invoice, machine, country, bin, seller, wallet) = rest;
        let payer = EntityKeys { card, email, ip, device, account, ..EntityKeys::default() };
        EntityKeys { sku, licence, invoice, bin, seller, wallet, machine, country, ..payer }
    });
    let signal = prop_oneof![
        2 => Just(Signal::Attempt),
        1 => Just(Signal::Approved),
        1 => Just(Signal::Usage),
        1 => Just(Signal::Login),
        1 => Just(Signal::Blocked),
        3 => (0..Signal::COUNT).prop_map(|place| Signal::ALL[place]),
    ];
    let amount = prop_oneof![
        6 => (0_i64..=100_000).prop_map(Some),
        1 => Just(None),
        1 => Just(Some(-1)),
        1 => Just(Some(i64::MAX)),
    ];
    let place = prop_oneof![
        2 => Just(None),
        1 => (0_u16..4).prop_map(|n| Place::new(f64::from(n), 10.0, n)),
    ];
    (keys, offset(), signal, amount, place).prop_map(|(keys, offset, signal, amount, place)| {
        Occurrence { keys, at: at(offset), signal, amount, place, sale: None }
    })
}

/// Every reading of every key at `at`; the keys of [`occurrence`] and one never recorded.
fn readings(velocity: &dyn Velocity, others: u64, at: Timestamp) -> Vec<EntityView> {
    let mut views = Vec::new();
    for entity in Entity::ALL {
        let many = matches!(entity, Entity::Email | Entity::Device | Entity::DeviceOnAccount);
        for key in 0..if many { others } else { 4 } {
            let key = Some(EntityKey(key));
            let account = if entity == Entity::Account { key } else { Some(EntityKey(1)) };
            let (card, email, device) = (key, key, key);
            let (sku, licence, invoice, bin, seller, wallet) = (key, key, key, key, key, key);
            let rest =
                EntityKeys { sku, licence, invoice, bin, seller, wallet, ..EntityKeys::default() };
            for ip in [key, Some(EntityKey(0))] {
                let keys = EntityKeys { card, email, ip, device, account, ..rest };
                views.extend(keys.get(entity).map(|key| velocity.view(entity, key, at)));
            }
        }
    }
    views
}

/// The first reading in which two stores differ.
fn difference(
    one: &dyn Velocity,
    other: &dyn Velocity,
    others: u64,
    at: Timestamp,
) -> Option<(EntityView, EntityView)> {
    let both = readings(one, others, at).into_iter().zip(readings(other, others, at));
    both.into_iter().find(|(one, other)| one != other)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_history_reads_as_recounted(
        history in prop::collection::vec(occurrence(5), 0..250),
        asked in prop::collection::vec(offset(), 1..6),
    ) {
        let (store, recount) = (store(), Recount::default());
        for (number, occurrence) in history.iter().enumerate() {
            if number % 25 == 0 {
                let before = occurrence.at;
                prop_assert_eq!(difference(&store, &recount, 5, before), None);
            }
            store.record(occurrence);
            recount.record(occurrence);
        }
        for offset in asked {
            prop_assert_eq!(difference(&store, &recount, 5, at(offset)), None);
        }
    }

    #[test]
    fn the_order_of_recording_leaves_no_trace(
        (history, shuffled) in prop::collection::vec(occurrence(200), 0..500)
            .prop_flat_map(|history| (Just(history.clone()), Just(history).prop_shuffle())),
        asked in offset(),
    ) {
        let (one, other) = (store(), store());
        for (first, second) in history.iter().zip(&shuffled) {
            one.record(first);
            other.record(second);
        }
        prop_assert_eq!(difference(&one, &other, 200, at(asked)), None);
    }
}

/// More others than are counted one by one, seen again and again in a scattered order.
#[test]
fn distinct_counts_are_exact_to_sixteen_and_then_near() {
    let (store, recount) = (store(), Recount::default());
    let mut reached = 0;
    for number in 0..400_u64 {
        let email = Some(EntityKey(number * number % 149));
        let minutes = i64::try_from(number * 37 % 400).unwrap() * -20;
        let occurrence = attempt(EntityKeys { email, ..card(1) }, at(minutes * MINUTE_MS));
        store.record(&occurrence);
        recount.record(&occurrence);
        let (view, expected) = (
            store.view(Entity::Card, EntityKey(1), at(0)),
            recount.view(Entity::Card, EntityKey(1), at(0)),
        );
        assert_eq!(view, expected);
        reached = view.distinct(Other::Email, Window::D90);
        assert!(view.distinct(Other::Email, Window::D1) <= reached);
    }
    // The squares modulo a prime are half of it: 75 others.
    assert!((68..=82).contains(&reached), "{reached}");
    assert_eq!(store.stats().busy, 1);
}

#[test]
fn windows_count_what_the_docs_say() {
    let store = store();
    for age in
        [0, 30 * SECOND_MS, 30 * MINUTE_MS, 12 * HOUR_MS, 6 * DAY_MS, 29 * DAY_MS, 80 * DAY_MS]
    {
        store.record(&attempt(card(1), at(-age)));
    }
    assert_eq!(attempts(&store, 1, at(0)), [2, 3, 4, 5, 6, 7]);
    assert_eq!(attempts(&store, 1, at(HOUR_MS)), [0, 0, 4, 5, 6, 7]);
    assert_eq!(attempts(&store, 1, at(91 * DAY_MS)), [0; 6]);
    // A late question is answered as of the newest occurrence.
    assert_eq!(attempts(&store, 1, at(-40 * DAY_MS)), [2, 3, 4, 5, 6, 7]);
    let view = store.view(Entity::Card, EntityKey(1), at(91 * DAY_MS));
    assert_eq!((view.first_seen(), view.last_seen()), (Some(at(-80 * DAY_MS)), Some(at(0))));
}

#[test]
fn sums_say_when_they_are_incomplete() {
    let store = store();
    store.record(&Occurrence { amount: None, ..attempt(card(1), at(-2 * HOUR_MS)) });
    store.record(&attempt(card(1), at(0)));
    store.record(&Occurrence { signal: Signal::Declined, amount: None, ..attempt(card(1), at(0)) });
    let view = store.view(Entity::Card, EntityKey(1), at(0));
    let read = |window| {
        let attempt = Signal::Attempt;
        (view.sum(attempt, window), view.priced(attempt, window), view.count(attempt, window))
    };
    assert_eq!((read(Window::H1), read(Window::D1)), ((100, 1, 1), (100, 1, 2)));
    assert_eq!(view.declines(Window::H1), 1);
}

#[test]
fn a_key_never_seen_reads_as_zero() {
    let store = store();
    store.record(&attempt(card(1), at(0)));
    assert_eq!(store.view(Entity::Card, EntityKey(2), at(0)), EntityView::default());
    assert_eq!(store.view(Entity::Email, EntityKey(1), at(0)), EntityView::default());
}

#[test]
fn a_time_ahead_loses_nothing_once_it_has_passed() {
    let (store, untouched) = (store(), store());
    for event in 0..50 {
        store.record(&attempt(card(1), at(event * -MINUTE_MS)));
        untouched.record(&attempt(card(1), at(event * -MINUTE_MS)));
    }
    store.record(&attempt(card(1), at(MAX_AHEAD_MS)));
    let now = at(MAX_AHEAD_MS);
    let (seen, without) = (attempts(&store, 1, now), attempts(&untouched, 1, now));
    assert_eq!(seen, without.map(|count| count + 1));
}

#[test]
fn a_time_far_ahead_moves_only_the_keys_it_names() {
    let store = store();
    for key in [1, 2] {
        store.record(&attempt(card(key), at(0)));
    }
    store.record(&attempt(card(1), at(1_000 * DAY_MS)));
    assert_eq!(attempts(&store, 1, at(0)), [1; 6]);
    store.record(&attempt(card(1), at(0)));
    assert_eq!(attempts(&store, 1, at(0)), [1; 6]);
    assert_eq!(attempts(&store, 2, at(0)), [1; 6]);
    let view = store.view(Entity::Card, EntityKey(1), at(0));
    assert_eq!(view.first_seen(), Some(at(0)));
}

#[test]
fn the_bound_holds_and_the_active_stay() {
    let store = for_cards(69); // and as many mailboxes
    for flood in 0..5_000 {
        let email = Some(EntityKey(flood));
        let time = i64::try_from(flood).unwrap() * SECOND_MS;
        store.record(&attempt(EntityKeys { email, ..card(1) }, at(time)));
        // An address in daily use survives a flood of invented ones.
        let used = EntityKeys { email: Some(EntityKey(9_999)), ..EntityKeys::default() };
        store.record(&attempt(used, at(time)));
    }
    let stats = store.stats();
    assert_eq!((stats.keys, stats.evictions), (70, 4_932));
    let view = store.view(Entity::Email, EntityKey(9_999), at(5_000 * SECOND_MS));
    assert_eq!(view.count(Signal::Attempt, Window::D90), 5_000);
    assert_eq!(view.first_seen(), Some(at(0)));
    // Another kind is not touched by the flood.
    assert_eq!(attempts(&store, 1, at(5_000 * SECOND_MS))[5], 5_000);
}

/// Which idle entity goes is decided by the seed, not by the order or the value of the keys.
#[test]
fn evictions_follow_the_seed() {
    let survivors = |seed| -> Vec<bool> {
        let store = SlidingWindows::new(Limits { max_keys: 1_000, seed });
        (0..220).for_each(|key| store.record(&attempt(card(key), at(0))));
        (0..200).map(|key| attempts(&store, key, at(0))[5] > 0).collect()
    };
    assert_eq!(survivors(1), survivors(1));
    assert_ne!(survivors(1), survivors(2));
}

#[test]
fn the_books_balance_after_promotions_and_evictions() {
    let store = for_cards(4);
    for round in 0..40_i64 {
        for key in 0..4 {
            store.record(&attempt(card(key), at(round)));
        }
    }
    let before = store.stats();
    assert_eq!((before.keys, before.busy, before.evictions), (4, 4, 0));
    (100..500).for_each(|key| store.record(&attempt(card(key), at(1_000))));
    let after = store.stats();
    assert_eq!((after.keys, after.busy, after.evictions), (4, 0, 400));
    assert!(after.bytes * 4 < before.bytes, "{after:?} {before:?}");
}

#[test]
fn a_zero_bound_keeps_one_and_shards_keep_all() {
    let store = SlidingWindows::new(Limits { max_keys: 0, seed: 7 });
    (0..3).for_each(|key| store.record(&attempt(card(key), at(0))));
    assert_eq!((store.stats().keys, store.stats().evictions), (1, 2));
    let store = for_cards(20_000);
    (0..15_000).for_each(|key| store.record(&attempt(card(key), at(0))));
    assert!((0..15_000).all(|key| attempts(&store, key, at(0)) == [1; 6]));
    assert_eq!((store.stats().keys, store.stats().evictions), (15_000, 0));
}

/// An issuer's approval, which an attacker pays for.
fn approved(keys: EntityKeys, at: Timestamp) -> Occurrence {
    Occurrence { signal: Signal::Approved, amount: None, ..attempt(keys, at) }
}

/// A tenant's card.
fn card_of(tenant: u64, key: u64) -> EntityKeys {
    EntityKeys { tenant: Some(EntityKey(tenant)), ..card(key) }
}

fn kept(store: &SlidingWindows, keys: std::ops::Range<u64>) -> usize {
    let now = at(100 * DAY_MS);
    keys.filter(|key| store.view(Entity::Card, EntityKey(*key), now).first_seen().is_some()).count()
}

/// Cards a store of the tests below keeps.
const CARDS: u64 = 1_000;

fn for_cards(cards: u64) -> SlidingWindows {
    let cards = usize::try_from(cards).unwrap();
    let max_keys = (cards * Entity::PARTS).div_ceil(Entity::Card.share());
    SlidingWindows::new(Limits { max_keys, seed: 7 })
}

#[test]
fn a_flood_of_new_cards_pushes_out_no_buyer_and_no_dispute() {
    let store = for_cards(CARDS);
    let buyers = 0..CARDS / 2;
    for key in buyers.clone() {
        store.record(&attempt(card(key), at(-60 * DAY_MS)));
        let answer = if key % 10 == 0 { Signal::Dispute } else { Signal::Approved };
        let answered = Occurrence { signal: answer, ..attempt(card(key), at(-60 * DAY_MS)) };
        store.record(&answered);
    }
    for key in 0..20 * CARDS {
        let now = at(i64::try_from(key).unwrap() * 100);
        store.record(&attempt(card(1_000_000 + key), now));
        // Stolen cards that are approved are as new as those that are not.
        if key % 5 == 0 {
            store.record(&approved(card(1_000_000 + key), now));
        }
    }
    assert_eq!(kept(&store, buyers), usize::try_from(CARDS / 2).unwrap());
}

/// Our own blocks are cheap to cause; those of another day too stay.
#[test]
fn a_flood_of_invented_cards_flushes_no_block_of_two_days() {
    let store = SlidingWindows::new(Limits { max_keys: 400 * Entity::PARTS, seed: 7 });
    let blocked = |key: u64, now| {
        store.record(&Occurrence {
            signal: Signal::Blocked,
            amount: None,
            ..attempt(card(key), now)
        });
    };
    for key in 0..100 {
        blocked(key, at(-3 * DAY_MS));
        blocked(key, at(-2 * DAY_MS));
    }
    (1_000..9_000).for_each(|key| blocked(key, at(0)));
    let kept =
        |key: &u64| store.view(Entity::CardBlocks, EntityKey(*key), at(0)).first_seen().is_some();
    assert_eq!((0..100).filter(kept).count(), 100);
    assert!((1_000..9_000).filter(kept).count() <= 400);
}

/// Buyers come day by day, and more of them than there is room for.
#[test]
fn settled_entities_give_way_to_later_ones() {
    let (store, a_day) = (for_cards(CARDS), CARDS / 20);
    for day in 0..90 {
        for key in day * a_day..(day + 1) * a_day {
            let now = at(i64::try_from(day).unwrap() * DAY_MS);
            store.record(&attempt(card(key), now));
            store.record(&approved(card(key), now));
        }
    }
    let of_days = |days: std::ops::Range<u64>| kept(&store, days.start * a_day..days.end * a_day);
    let [early, late] = [of_days(0..60), of_days(80..90)];
    assert!(late * 20 > usize::try_from(CARDS).unwrap() * 9, "{late}");
    assert!(early * 10 < usize::try_from(CARDS).unwrap(), "{early}");
}

#[test]
fn a_tenant_takes_room_from_none_that_is_within_its_share() {
    let store = for_cards(CARDS);
    let small = 0..CARDS / 4;
    for key in small.clone() {
        store.record(&attempt(card_of(1, key), at(-30 * DAY_MS)));
    }
    for key in 0..20 * CARDS {
        let now = at(i64::try_from(key).unwrap() * 100);
        store.record(&attempt(card_of(2, 1_000_000 + key), now));
        store.record(&approved(card_of(2, 1_000_000 + key), now));
    }
    assert_eq!(kept(&store, small.clone()), usize::try_from(CARDS / 4).unwrap());
    // Nor does one whose every entity has settled: a day later all of them count as established.
    for key in 0..20 * CARDS {
        let now = at(2 * DAY_MS + i64::try_from(key).unwrap() * 100);
        store.record(&attempt(card_of(2, 9_000_000 + key), now));
        store.record(&approved(card_of(2, 9_000_000 + key), now));
    }
    assert_eq!(kept(&store, small), usize::try_from(CARDS / 4).unwrap());
}

/// Memory is counted from what is allocated, so the test needs no kernel: `benches/history` asks that.
#[test]
fn a_million_cold_keys_take_a_hundred_bytes_each() {
    let store = SlidingWindows::new(Limits { max_keys: 3_000_000, seed: 7 });
    let mut number = 0;
    while store.stats().keys < 1_000_000 {
        for _ in 0..1_000 {
            number += 1;
            let key = |kind: u64| {
                Some(EntityKey((number * 8 + kind).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
            };
            let payer =
                EntityKeys { card: key(0), email: key(1), ip: key(2), ..EntityKeys::default() };
            let keys = EntityKeys { device: key(3), account: key(4), country: key(5), ..payer };
            let now = at(i64::try_from(number).unwrap() * SECOND_MS);
            store.record(&attempt(keys, now));
        }
    }
    let stats = store.stats();
    assert_eq!((stats.busy, stats.evictions), (0, 0));
    assert!(stats.bytes < 100 * stats.keys, "{} bytes a key", stats.bytes / stats.keys);
}
