//! The store against the recount.

use super::naive::Recount;
use super::*;
use crate::domain::{DAY_MS, HOUR_MS};
use crate::velocity::{EntityKeys, Limits, Parts, Signal};
use proptest::prelude::*;

const NOW: i64 = 1_763_633_700_000; // 2025-11-20T10:15:00Z

fn at(offset_ms: i64) -> Timestamp {
    Timestamp::from_millis(NOW + offset_ms)
}

fn store() -> SaleOutcomes {
    SaleOutcomes::new(Limits { max_keys: 100_000, seed: 7 })
}

/// The parties of a payment, the same whenever it is told of. Every fourth has an invoice, and the
/// thirtieth after it is for the same.
fn keys_of(payment: u64) -> EntityKeys {
    let id = payment % 30;
    let key = |of: u64| Some(EntityKey(id * of % 3)).filter(|_| id % of != 1);
    EntityKeys {
        account: key(2),
        card: key(5),
        email: key(7),
        device: key(11),
        bin: key(13),
        sku: key(17),
        seller: Some(EntityKey(0)),
        phone: Some(EntityKey(0)),
        invoice: id.is_multiple_of(4).then_some(EntityKey(id)),
        ..EntityKeys::default()
    }
}

fn telling(id: u64, sold: Timestamp, told: Told, at: Timestamp) -> Occurrence {
    let sale = Some(Sale { id: EntityKey(id), at: sold, told });
    Occurrence { sale, ..Occurrence::new(keys_of(id), at, Signal::Outcome) }
}

/// Forty sales within 260 days; what is told of each comes up to 150 days later, twice now and then.
fn history() -> impl Strategy<Value = Vec<Occurrence>> {
    let sold_days_ago = prop::collection::vec(0_i64..260, 40);
    let told =
        prop::collection::vec((0_u64..40, 0..Told::ALL.len(), 0_i64..150 * 24, 0..3), 0..150);
    (sold_days_ago, told).prop_map(|(sold, told)| {
        let tell = |(id, what, after, again): (u64, usize, i64, i32)| {
            let place = usize::try_from(id).unwrap();
            let sold = at(-sold[place] * DAY_MS + 1_000_003 * i64::try_from(id).unwrap());
            let one = telling(id, sold, Told::ALL[what], sold.plus_millis(after * HOUR_MS));
            if again == 0 { vec![one, one] } else { vec![one] }
        };
        told.into_iter().flat_map(tell).collect()
    })
}

fn views(sales: &dyn Sales, at: Timestamp, delay: Delay) -> Vec<SalesView> {
    let of = |party| (0..4).map(move |key| sales.view(party, EntityKey(key), at, delay));
    Party::SOLD_TO.into_iter().flat_map(of).collect()
}

fn entries(store: &SaleOutcomes) -> Vec<String> {
    let mut entries = Vec::new();
    store.for_each_sale(&mut |id, fate| entries.push(format!("{id} {fate:?}")));
    store.for_each_party(&mut |party, key, hours| {
        entries.push(format!("{party:?} {key} {hours:?}"));
    });
    entries
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_history_reads_as_recounted(
        history in history(),
        asked in prop::collection::vec((-300_i64..200, 0_u32..=30), 1..5),
    ) {
        let (store, recount) = (store(), Recount::default());
        for (number, occurrence) in history.iter().enumerate() {
            if number % 10 == 0 {
                let (now, delay) = (occurrence.at, Delay::default());
                prop_assert_eq!(views(&store, now, delay), views(&recount, now, delay));
            }
            store.record(occurrence);
            recount.record(occurrence);
        }
        for (days, delay) in asked {
            let (now, delay) = (at(days * DAY_MS), Delay::days(delay));
            prop_assert_eq!(views(&store, now, delay), views(&recount, now, delay));
        }
    }

    #[test]
    fn the_order_of_telling_leaves_no_trace(
        (history, shuffled) in history()
            .prop_flat_map(|history| (Just(history.clone()), Just(history).prop_shuffle())),
    ) {
        let (one, other) = (store(), store());
        for (first, second) in history.iter().zip(&shuffled) {
            one.record(first);
            other.record(second);
        }
        prop_assert_eq!(entries(&one), entries(&other));
    }
}

#[test]
fn a_share_knows_only_what_had_been_told() {
    let store = store();
    for day in 1..=4 {
        let sold = at(-day * 10 * DAY_MS);
        store.record(&telling(u64::try_from(day).unwrap() * 26, sold, Told::Settled, sold));
    }
    let share = |days: i64| {
        let view = store.view(Party::Seller, EntityKey(0), at(days * DAY_MS), Delay::days(7));
        view.share(Outcome::Fraud, Window::D30)
    };
    assert_eq!(share(0), Some(0.0));
    store.record(&telling(52, at(-20 * DAY_MS), Told::Warned, at(0)));
    assert_eq!(share(0), Some(1.0 / 3.0)); // of 10, 20 and 30 days ago
    store.record(&telling(52, at(-20 * DAY_MS), Told::Fraud, at(DAY_MS)));
    assert_eq!(share(1), Some(1.0 / 3.0));
    store.record(&telling(52, at(-20 * DAY_MS), Told::Good, at(2 * DAY_MS)));
    assert_eq!(share(2), Some(0.0));
    assert_eq!(share(200), None);
    let never = store.view(Party::Seller, EntityKey(1), at(0), Delay::default());
    assert_eq!((never, never.share(Outcome::Fraud, Window::D90)), (SalesView::default(), None));
}

#[test]
fn three_good_sales_of_sixty_days_make_a_clean_history() {
    let store = store();
    let sold = |days: i64| at(-days * DAY_MS);
    for (id, days) in [(26, 400), (52, 70), (78, 61), (104, 59)] {
        store.record(&telling(id, sold(days), Told::Settled, sold(days)));
    }
    let view =
        |days: i64| store.view(Party::Seller, EntityKey(0), at(days * DAY_MS), Delay::default());
    assert_eq!((view(0).settled(), view(0).is_clean(), view(2).settled()), (3, true, 4));
    for (id, days, told) in [(26, 400, Told::Disputed), (52, 70, Told::Refunded)] {
        store.record(&telling(id, sold(days), told, at(0)));
    }
    assert_eq!((view(0).settled(), view(0).is_clean()), (1, false));
    store.record(&telling(26, sold(400), Told::Won, at(0)));
    assert_eq!(view(0).settled(), 1); // a won case was a case
}

#[test]
fn an_attempt_is_no_sale() {
    let store = store();
    store.record(&telling(26, at(-20 * DAY_MS), Told::Tried, at(-20 * DAY_MS)));
    store.record(&telling(26, at(-20 * DAY_MS), Told::Trial, at(-20 * DAY_MS)));
    assert_eq!((store.held_sales().keys, store.held_parties().keys), (0, 0));
}

fn is_held(store: &SaleOutcomes, id: u64) -> bool {
    let mut found = false;
    store.for_each_sale(&mut |key, _| found |= key == EntityKey(id));
    found
}

/// Counts of sellers in a store that keeps one sale and one party of a kind, and has given up the sales
/// 1, 2 and 3 of seller 0, a day apart.
struct Forgetful(SaleOutcomes);

impl Forgetful {
    fn new() -> Self {
        let store = Self(SaleOutcomes::new(Limits { max_keys: 4, seed: 7 }));
        for id in [1, 2, 3] {
            store.tell(id, Some(0), Told::Settled, at(-70 * DAY_MS));
        }
        store.tell(10, None, Told::Settled, at(-70 * DAY_MS));
        assert!((1..=3).all(|id| !is_held(&store.0, id)), "they were to be given up");
        assert_eq!((store.counts(0), store.view(0).is_clean()), ((3, 0, 3), true));
        store
    }

    fn tell(&self, id: u64, seller: Option<u64>, told: Told, when: Timestamp) {
        let sold = at(-80 * DAY_MS + i64::try_from(id).unwrap() * DAY_MS);
        let keys = EntityKeys { seller: seller.map(EntityKey), ..EntityKeys::default() };
        self.0.record(&Occurrence { keys, ..telling(id, sold, told, when) });
    }

    fn view(&self, seller: u64) -> SalesView {
        self.0.view(Party::Seller, EntityKey(seller), at(0), Delay::default())
    }

    /// Sold, disputed, settled and good.
    fn counts(&self, seller: u64) -> (u32, u32, u32) {
        let view = self.view(seller);
        let count = |outcome| view.count(outcome, Window::D90);
        (count(Outcome::Sold), count(Outcome::Dispute), view.settled())
    }
}

#[test]
fn a_sale_given_up_is_good_no_more_once_it_is_disputed() {
    let store = Forgetful::new();
    store.tell(2, Some(0), Told::Disputed, at(0));
    assert_eq!((store.counts(0), store.view(0).is_clean()), ((3, 1, 2), false));
    // What is told next is told of the same sale, in whatever order.
    store.tell(2, Some(0), Told::Settled, at(0));
    store.tell(2, Some(0), Told::Lost, at(0));
    assert_eq!(store.counts(0), (3, 1, 2));
    // A good label takes nothing.
    store.tell(3, Some(0), Told::Good, at(0));
    assert_eq!(store.counts(0), (3, 1, 2));
    // A younger sale than any that was given up was never known, so nothing is taken.
    store.tell(100, Some(0), Told::Disputed, at(30 * DAY_MS));
    assert_eq!(store.counts(0), (1, 1, 2), "a month later: of the window it is the only one");
    // A party that never had the sale has it now.
    store.tell(1, Some(1), Told::Disputed, at(0));
    assert_eq!(store.counts(1), (1, 1, 0));
}

#[test]
fn a_sale_given_up_is_not_counted_again_by_its_capture() {
    let store = Forgetful::new();
    for told in [Told::Settled, Told::Won, Told::Good] {
        store.tell(2, Some(0), told, at(0));
        assert_eq!(store.counts(0), (3, 0, 3), "{told:?}");
    }
    // Something bad takes the good sale, once, whatever else was told.
    store.tell(2, Some(0), Told::Disputed, at(0));
    assert_eq!(store.counts(0), (3, 1, 2));
}

#[test]
fn a_sale_that_may_have_been_given_up_is_good_only_by_a_capture() {
    use Told as T;
    for (told, expected) in [
        (&[T::Good][..], (1, 0, 0)),
        (&[T::Won], (1, 0, 0)),
        (&[T::Settled], (1, 0, 1)),
        (&[T::Fraud, T::Good], (1, 0, 0)),
        (&[T::Fraud, T::Good, T::Settled], (1, 0, 1)),
        (&[T::Good, T::Disputed, T::Won], (1, 1, 0)),
    ] {
        let store = Forgetful::new();
        for (second, told) in (0..).zip(told) {
            store.tell(2, Some(1), *told, at(second * 1_000));
        }
        assert_eq!(store.counts(1), expected, "{told:?}");
    }
}

/// How many of these sales are held.
fn held(store: &SaleOutcomes, ids: std::ops::Range<u64>) -> usize {
    let mut count = 0;
    store.for_each_sale(&mut |key, _| count += usize::from(ids.contains(&key.0)));
    count
}

fn bought(tenant: u64, id: u64, sold: Timestamp) -> Occurrence {
    let (tenant, account) = (Some(EntityKey(tenant)), Some(EntityKey(id)));
    let keys = EntityKeys { account, tenant, ..EntityKeys::default() };
    Occurrence { keys, ..telling(id, sold, Told::Settled, sold) }
}

fn accounts(store: &SaleOutcomes, keys: std::ops::Range<u64>) -> usize {
    let mut count = 0;
    store.for_each_party(&mut |_, key, _| count += usize::from(keys.contains(&key.0)));
    count
}

#[test]
fn a_flood_of_new_sales_pushes_out_no_old_one() {
    let store = SaleOutcomes::new(Limits { max_keys: 8_000, seed: 7 }); // 2,000 sales, 457 accounts
    (0..200).for_each(|id| store.record(&bought(1, id, at(-60 * DAY_MS))));
    for id in 10_000..50_000_u64 {
        store.record(&bought(1, id, at(i64::try_from(id).unwrap())));
    }
    assert_eq!((held(&store, 0..200), accounts(&store, 0..200)), (200, 200));
}

#[test]
fn a_tenant_takes_room_from_none_that_is_within_its_share() {
    let store = SaleOutcomes::new(Limits { max_keys: 8_000, seed: 7 });
    (0..200).for_each(|id| store.record(&bought(1, id, at(-9 * DAY_MS))));
    for id in 10_000..50_000_u64 {
        // An hour a sale: soon each is established.
        store.record(&bought(2, id, at(i64::try_from(id).unwrap() * HOUR_MS)));
    }
    assert_eq!((held(&store, 0..200), accounts(&store, 0..200)), (200, 200));
}

#[test]
fn what_is_copied_can_be_taken_up() {
    let (store, back) = (store(), self::store());
    for id in 0..200 {
        let sold = at(-i64::try_from(id).unwrap() * DAY_MS);
        let one = telling(id, sold, Told::ALL[usize::try_from(id % 12).unwrap()], at(0));
        let keys = EntityKeys { tenant: Some(EntityKey(7)), ..one.keys };
        store.record(&Occurrence { keys, ..one });
    }
    for part in 0..store.parts() {
        let mut bytes = Vec::new();
        store.copy(part, &mut || (), &mut bytes);
        assert_eq!(back.take_up(part, &bytes), Some(()));
    }
    assert_eq!(entries(&store), entries(&back));
    assert_eq!(store.held_parties().keys, back.held_parties().keys);
}

/// What the docs of [`SaleOutcomes`] say of memory.
#[test]
fn who_bought_once_is_cheap() {
    let store = SaleOutcomes::new(Limits { max_keys: 1_000_000, seed: 7 });
    let mut buyers = 0;
    for id in 0..20_000 {
        let keys = EntityKeys { card: Some(EntityKey(id)), ..EntityKeys::default() };
        for told in [Told::Tried, Told::Settled] {
            store.record(&Occurrence { keys, ..telling(id, at(0), told, at(0)) });
        }
        buyers += 1;
    }
    let (sales, parties) = (store.held_sales(), store.held_parties());
    assert_eq!((sales.keys, parties.keys), (buyers, buyers));
    let each = (sales.bytes / buyers, parties.bytes / buyers);
    assert!(each.0 <= 55 && each.1 <= 80, "{each:?} bytes");
}

#[test]
fn the_bound_holds() {
    let store = SaleOutcomes::new(Limits { max_keys: 400, seed: 7 });
    for id in 0..2_000 {
        store.record(&bought(1, id, at(0)));
    }
    assert_eq!((store.held_sales().keys, store.held_sales().evictions), (100, 1_900));
}
