//! The store against the recount.

use super::naive::Recount;
use super::*;
use crate::domain::MINUTE_MS;
use crate::velocity::{EntityKey, Limits, Parts, Party, Sale, Signal, Told};
use proptest::prelude::*;

const NOW: i64 = 1_763_633_700_000; // 2025-11-20T10:15:00Z

fn at(offset_ms: i64) -> Timestamp {
    Timestamp::from_millis(NOW + offset_ms)
}

fn graph() -> LinkGraph {
    LinkGraph::new(Limits { max_keys: 1_000_000, seed: 7 })
}

/// One of `count` keys, mostly none.
fn key(count: u64) -> impl Strategy<Value = Option<EntityKey>> {
    prop_oneof![
        2 => Just(None),
        1 => (0..count).prop_map(|key| Some(EntityKey(key))),
    ]
}

fn keys(accounts: u64) -> impl Strategy<Value = EntityKeys> {
    let ties = (key(25), key(25), key(25), key(1), key(4), key(3));
    (prop::option::weighted(0.9, 0..accounts), ties).prop_map(|(account, ties)| {
        let (card, email, device, phone, licence, invoice) = ties;
        let account = account.map(EntityKey);
        EntityKeys {
            card,
            email,
            device,
            account,
            licence,
            invoice,
            phone,
            ..EntityKeys::default()
        }
    })
}

/// Accounts with few ties each, a hub of each sort now and then, over 300 days.
fn history() -> impl Strategy<Value = Vec<Occurrence>> {
    use Signal as S;
    let signals =
        [S::Attempt, S::Approved, S::Approved, S::Login, S::Activation, S::Declined, S::Outcome];
    let what = (0..signals.len(), prop::option::of(0..Told::ALL.len()));
    let one = (keys(30), -300_i64..1, 0_i64..1_440, what).prop_map(
        move |(keys, days, minutes, (signal, told))| {
            let at = at(days * DAY_MS + minutes * MINUTE_MS);
            let id = EntityKey(minutes.unsigned_abs() % 20);
            let sale = told.map(|told| Sale { id, at, told: Told::ALL[told] });
            Occurrence { sale, ..Occurrence::new(keys, at, signals[signal]) }
        },
    );
    prop::collection::vec(one, 0..200)
}

fn met(view: &LinksView) -> Vec<EntityKey> {
    let mut met: Vec<EntityKey> = view.accounts.iter().map(|linked| linked.last.account).collect();
    met.sort_unstable();
    met
}

fn entries(graph: &LinkGraph) -> Vec<(Party, EntityKey, Ties)> {
    let mut entries = Vec::new();
    graph.for_each_node(&mut |party, key, ties| entries.push((party, key, ties.clone())));
    entries
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_history_links_as_recounted(
        history in history(),
        asked in prop::collection::vec((keys(32), -320_i64..400), 1..8),
    ) {
        let (graph, recount) = (graph(), Recount::default());
        for occurrence in &history {
            graph.record(occurrence);
            recount.record(occurrence);
        }
        for (keys, days) in asked {
            let now = at(days * DAY_MS);
            let (found, expected) = (graph.view(&keys, now), recount.met(&keys, now));
            prop_assert_eq!(found.is_some(), expected.is_some());
            let Some((view, (accounts, rest))) = found.zip(expected) else { continue };
            prop_assert_eq!(met(&view), accounts.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(LinksView { accounts: Vec::new(), ..view }, rest);
        }
    }

    #[test]
    fn the_order_of_recording_leaves_no_trace(
        (history, shuffled) in history()
            .prop_flat_map(|history| (Just(history.clone()), Just(history).prop_shuffle())),
    ) {
        let (one, other) = (graph(), graph());
        for (first, second) in history.iter().zip(&shuffled) {
            one.record(first);
            other.record(second);
        }
        prop_assert_eq!(entries(&one), entries(&other));
    }
}

fn seen(account: u64, card: Option<u64>, device: Option<u64>, days_ago: i64) -> Occurrence {
    let keys = EntityKeys {
        account: Some(EntityKey(account)),
        card: card.map(EntityKey),
        device: device.map(EntityKey),
        ..EntityKeys::default()
    };
    Occurrence::new(keys, at(-days_ago * DAY_MS), Signal::Attempt)
}

fn with_device(device: u64) -> EntityKeys {
    EntityKeys { device: Some(EntityKey(device)), ..EntityKeys::default() }
}

#[test]
fn a_path_says_what_is_shared_with_whom() {
    let graph = graph();
    graph.record(&seen(9, Some(1), Some(1), 10));
    graph.record(&seen(4, Some(1), Some(2), 10));
    graph.record(&seen(5, None, Some(2), 10)); // three hops away
    let view = graph.view(&with_device(1), at(0)).unwrap();
    let step = |by, account| Step { by, account: EntityKey(account) };
    assert_eq!(
        view.accounts,
        [
            Linked { between: None, last: step(Party::Device, 9) },
            Linked { between: Some(step(Party::Device, 9)), last: step(Party::Card, 4) },
        ]
    );
    assert_eq!(graph.view(&with_device(1), at(171 * DAY_MS)).unwrap().accounts, []);
    assert_eq!(graph.view(&EntityKeys::default(), at(0)), None);
}

#[test]
fn a_hub_links_nobody_until_it_is_quiet_again() {
    let graph = graph();
    for account in 0..=12 {
        graph.record(&seen(account, None, Some(1), i64::try_from(account).unwrap()));
    }
    let view = |days: i64| graph.view(&with_device(1), at(days * DAY_MS)).unwrap();
    assert_eq!((view(0).accounts.len(), view(0).hubs), (0, 1));
    assert_eq!((view(169).accounts.len(), view(169).hubs), (12, 0));
}

#[test]
fn what_was_told_is_weighed_once_and_by_its_age() {
    let graph = graph();
    let tell = |id: u64, told: Told, days_ago: i64| {
        let occurrence = seen(9, Some(1), Some(1), days_ago);
        let sale = Some(Sale { id: EntityKey(id), at: occurrence.at, told });
        graph.record(&Occurrence { sale, ..occurrence });
    };
    tell(1, Told::Disputed, 100);
    tell(1, Told::Disputed, 95);
    tell(2, Told::Disputed, 5);
    tell(2, Told::Warned, 200);
    tell(3, Told::Trial, 2_000);
    let view = graph.view(&with_device(1), at(0)).unwrap();
    assert_eq!((view.disputes, view.warnings, view.trials), (Some(1.5), Some(0.25), 1));
    assert_eq!(view.tried_with, [None, None, None, Some(1)]);
    let own = EntityKeys { account: Some(EntityKey(9)), ..with_device(7) };
    let disputes = graph.view(&own, at(0)).unwrap().disputes;
    assert_eq!(disputes, Some(1.5));
}

/// A device that was paid with, its disputed sale, and thirteen accounts that cost nothing.
#[test]
fn free_accounts_hide_nothing_that_was_paid_with() {
    let graph = graph();
    let dispute = Some(Sale { id: EntityKey(1), at: at(0), told: Told::Disputed });
    let paid = seen(50, None, Some(1), 20);
    graph.record(&Occurrence { signal: Signal::Approved, ..paid });
    graph.record(&Occurrence { signal: Signal::Dispute, sale: dispute, ..paid });
    for account in 0..=12 {
        graph.record(&Occurrence { signal: Signal::SignUp, ..seen(account, None, Some(1), 1) });
    }
    let view = graph.view(&with_device(1), at(0)).unwrap();
    assert_eq!((met(&view), view.hubs, view.disputes), (vec![EntityKey(50)], 0, Some(1.0)));

    // As many that paid are an office: whose disputes these are is not known, and that is not none.
    for account in 0..=12 {
        graph.record(&Occurrence { signal: Signal::Approved, ..seen(account, None, Some(1), 1) });
    }
    let view = graph.view(&with_device(1), at(0)).unwrap();
    assert_eq!((view.hubs, view.disputes, view.warnings), (1, None, Some(0.0)));
    let own = EntityKeys { account: Some(EntityKey(50)), ..with_device(1) };
    assert_eq!(graph.view(&own, at(0)).unwrap().disputes, Some(1.0), "of the account itself");
}

/// Whoever holds an account can log in with as many devices as they invent, and try as many cards.
#[test]
fn made_up_devices_and_cards_push_out_nothing_that_was_paid_with() {
    for signal in [Signal::Login, Signal::Attempt, Signal::Activation] {
        let graph = graph();
        let paid = |account| Occurrence {
            signal: Signal::Approved,
            ..seen(account, Some(1), Some(account), 50)
        };
        graph.record(&paid(1));
        graph.record(&paid(2));
        graph.record(&Occurrence { signal: Signal::Attempt, ..seen(3, None, Some(1), 40) });
        for made_up in 100..200 {
            let card = (signal == Signal::Attempt).then_some(made_up);
            graph.record(&Occurrence { signal, ..seen(1, card, Some(made_up), 1) });
        }
        let asked = EntityKeys { account: Some(EntityKey(1)), ..EntityKeys::default() };
        let view = graph.view(&asked, at(0)).unwrap();
        assert_eq!(met(&view), [EntityKey(2), EntityKey(3)], "{signal:?}");
    }
}

#[test]
fn a_walk_ends() {
    let graph = graph();
    // Every account on two devices of its own and of its neighbour: a grid without an end.
    for account in 0..1_000 {
        for device in 0..6 {
            graph.record(&seen(account, Some(account / 6), Some(account + device), 1));
        }
    }
    let view = graph.view(&with_device(500), at(0)).unwrap();
    assert!(view.accounts.len() > 10 && view.accounts.len() < 12 * MAX_NODES, "{view:?}");
}

#[test]
fn what_is_copied_can_be_taken_up() {
    let (graph, back) = (graph(), graph());
    for account in 0..500 {
        let tenant = Some(EntityKey(account % 3));
        let one = seen(account, Some(account / 2), Some(account / 3), 1);
        let signal = if account % 2 == 0 { Signal::Approved } else { Signal::Attempt };
        let keys = EntityKeys { tenant, ..one.keys };
        graph.record(&Occurrence { keys, signal, ..one });
    }
    for part in 0..graph.parts() {
        let mut bytes = Vec::new();
        graph.copy(part, &mut || (), &mut bytes);
        assert_eq!(back.take_up(part, &bytes), Some(()));
    }
    assert_eq!(entries(&graph), entries(&back));
    assert_eq!(graph.held().keys, back.held().keys);
}

/// Whose trials a card or device of many people stands for is not known.
#[test]
fn trials_through_a_hub_are_nobodys() {
    let graph = graph();
    for account in 0..=12 {
        let one = seen(account, None, Some(1), i64::try_from(account).unwrap());
        let sale = Some(Sale { id: EntityKey(account), at: one.at, told: Told::Trial });
        graph.record(&Occurrence { sale, signal: Signal::Trial, ..one });
    }
    let device = |days: i64| graph.view(&with_device(1), at(days * DAY_MS)).unwrap().tried_with[3];
    assert_eq!(device(0), None);
    assert_eq!(device(169), Some(8), "no hub any more");
}

fn of_tenant(tenant: u64, mut occurrence: Occurrence) -> Occurrence {
    occurrence.keys.tenant = Some(EntityKey(tenant));
    occurrence
}

/// How many of the accounts are still tied to their card.
fn tied(graph: &LinkGraph, accounts: std::ops::Range<u64>) -> u64 {
    let mut ties = 0;
    graph.for_each_node(&mut |party, key, _| {
        ties += u64::from(party == Party::Account && accounts.contains(&key.0));
    });
    ties
}

#[test]
fn a_flood_of_invented_accounts_pushes_out_no_buyer() {
    let graph = LinkGraph::new(Limits { max_keys: 80_000, seed: 7 }); // 2,000 accounts, as many cards
    for account in 0..1_000 {
        let bought = seen(account, Some(account), None, 60);
        graph.record(&Occurrence { signal: Signal::Approved, ..bought });
    }
    for account in 10_000..50_000 {
        let signal = if account % 5 == 0 { Signal::Approved } else { Signal::Login };
        graph.record(&Occurrence { signal, ..seen(account, Some(account), None, 0) });
    }
    assert_eq!(tied(&graph, 0..1_000), 1_000);
}

#[test]
fn a_tenant_takes_room_from_none_that_is_within_its_share() {
    let graph = LinkGraph::new(Limits { max_keys: 80_000, seed: 7 });
    (0..500).for_each(|account| graph.record(&of_tenant(1, seen(account, Some(account), None, 9))));
    for account in 10_000..50_000 {
        graph.record(&of_tenant(2, seen(account, Some(account), None, 0)));
    }
    assert_eq!(tied(&graph, 0..500), 500);
}

/// What the docs of [`LinkGraph`] say of memory.
#[test]
fn who_was_there_once_is_cheap() {
    let graph = LinkGraph::new(Limits { max_keys: 1_000_000, seed: 7 });
    (0..10_000).for_each(|buyer| graph.record(&seen(buyer, Some(buyer), Some(buyer), 0)));
    assert_eq!(graph.held().keys, 30_000);
    let each = graph.held().bytes / 30_000;
    assert!(each <= 90, "{each} bytes");
}

#[test]
fn the_bound_holds() {
    let graph = LinkGraph::new(Limits { max_keys: 8_000, seed: 7 });
    (0..5_000).for_each(|account| graph.record(&seen(account, None, None, 0)));
    (0..5_000).for_each(|account| graph.record(&seen(1, Some(account), Some(account), 0)));
    assert!(graph.held().keys <= 1_000, "{:?}", graph.held());
}
