//! What people do, on a real ledger: it counts, it is audited, and it outlives restarts.

mod people;

use super::*;
use crate::decision::Policy;
use crate::domain::{HOUR_MS, LabelClass, Outcome, RuleAction, Transaction, TransactionId};
use crate::engine::checkpoint::CHECKPOINT_FILE;
use crate::engine::{Keeping, ListEntry, ScoreRequest, Snapshot};
use crate::ledger::LedgerConfig;
use crate::lists::Lists;
use crate::reference::Reference;
use crate::rules::{RuleSet, Source};
use crate::velocity::Limits;
use serde_json::{Value, json};
use std::fs;
use std::sync::LazyLock;

static TABLES: LazyLock<Arc<Reference>> = LazyLock::new(|| Arc::new(Reference::bundled().unwrap()));

const RULES: &str = r#"
[[rule]]
id = "listed-mail"
action = "block"
reason = "LISTED"
text = "The mailbox is on a list."
when = 'account.email in list("mailboxes")'
[[rule]]
id = "many-cards"
action = "block"
reason = "CARDS"
text = "Many attempts by one device."
when = 'device_tx_count_1h >= 3 || card_tx_count_1h >= 3'
[[rule]]
id = "sanctioned"
action = "hard_block"
reason = "SANCTIONS"
text = "The country is not served."
when = 'billing.country == "KP"'
[[rule]]
id = "large"
action = "review"
reason = "AMOUNT"
text = "A large amount."
when = 'amount_eur > 500'
"#;

struct Shop {
    dir: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let shop = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(shop.dir.path().join("lists")).unwrap();
        fs::write(shop.dir.path().join("lists/mailboxes.txt"), "# type: email\nbad@example.com\n")
            .unwrap();
        shop
    }

    fn open(&self) -> Engine {
        self.open_with(LedgerConfig::new(&self.data()))
    }

    fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    fn open_with(&self, config: LedgerConfig) -> Engine {
        let rules = RuleSet::from_sources(&[Source::new("rules.toml", RULES)]).unwrap();
        let kinds = rules.list_questions().kinds();
        let dir = self.dir.path().join("lists");
        let lists = Lists::default().read(Some(&dir), &kinds, &|_| false).lists;
        rules.check_lists(&lists).unwrap();
        let snapshot = Snapshot::new(TABLES.clone(), rules, None, Policy::default());
        let config = LedgerConfig { segment_bytes: 1 << 20, index_every: None, ..config };
        let limits = Limits { max_keys: 10_000, seed: 7 };
        let snapshot = snapshot.with_lists(Arc::new(lists));
        Engine::open(snapshot, config, limits, &mut |_| ()).unwrap()
    }
}

fn tenant() -> TenantId {
    TenantId::default_tenant()
}

fn at(hour: i64) -> Timestamp {
    "2026-11-20T00:00:00Z".parse::<Timestamp>().unwrap().plus_millis(hour * HOUR_MS)
}

fn who() -> Who {
    Who::new("ann").unwrap()
}

fn purchase(id: &str, hour: i64) -> Value {
    json!({
        "transaction_id": id, "type": "purchase", "event_time": at(hour),
        "amount": {"value": "49.00", "currency": "EUR"},
        "account": {"id": "acc-1", "email": "bad@example.com"},
        "card": {"fingerprint": "fp-1", "bin": "457173"},
        "device": {"device_id": "d-1"}, "billing": {"country": "GB"},
    })
}

fn without(mut tx: Value, members: &[&str]) -> Value {
    for member in members {
        tx.as_object_mut().unwrap().remove(*member);
    }
    tx
}

fn score(engine: &Engine, tx: &Value) -> crate::domain::Decision {
    let begun = begin(engine, tenant(), tx);
    assert!(matches!(begun.keeping, Keeping::Flying(_)));
    engine.settle_blocking(begun.settling.unwrap()).unwrap();
    begun.answer.unwrap().0.clone()
}

fn tx_id(id: &str) -> TransactionId {
    TransactionId::new(id).unwrap()
}

#[test]
fn a_change_of_a_list_counts_is_audited_and_outlives_restarts() {
    let shop = Shop::new();
    let engine = shop.open();
    let hours = std::cell::Cell::new(0);
    let mail = |engine: &Engine, id: &str, mail: &str| {
        hours.set(hours.get() + 2);
        let mut tx = purchase(id, hours.get());
        tx["account"]["email"] = mail.into();
        score(engine, &tx).action
    };
    assert_eq!(mail(&engine, "t-1", "bad@example.com"), Action::Decline);
    assert_eq!(mail(&engine, "t-2", "new@example.com"), Action::Approve);
    let entry = |value: &str, expires| ListEntry { value: value.to_owned(), expires };
    let add = |engine: &Engine, list: &str, entry: ListEntry| {
        engine.list_add(&tenant(), &who(), (list.to_owned(), entry, "why".to_owned()), at(0))
    };
    add(&engine, "mailboxes", entry("New@example.com", Some(at(48)))).unwrap();
    let off = ("mailboxes".to_owned(), "BAD@example.com".to_owned());
    assert!(engine.list_remove(&tenant(), &who(), off.clone(), at(0)).unwrap());
    assert!(!engine.list_remove(&tenant(), &who(), off, at(0)).unwrap(), "it is off already");
    for (list, value, expires) in [
        ("nothing", "a@example.com", None),
        ("mailboxes", "no address", None),
        ("mailboxes", "4242424242424242@example.com", None),
        ("mailboxes", "a@example.com", Some(at(-1))),
    ] {
        assert!(add(&engine, list, entry(value, expires)).is_err(), "{list} {value}");
    }
    let hold = |engine: &Engine, round: &str| {
        let id = |name: &str| format!("{name}-{round}");
        assert_eq!(mail(engine, &id("a"), "bad@example.com"), Action::Approve, "{round}");
        assert_eq!(mail(engine, &id("b"), "new@example.com"), Action::Decline, "{round}");
    };
    hold(&engine, "at once");
    let digest = engine.snapshot().versions.lists.clone();
    drop(engine);
    let engine = shop.open();
    assert_eq!(engine.snapshot().versions.lists, digest);
    hold(&engine, "after a restart");
    engine.save_checkpoint().unwrap().unwrap();
    drop(engine);
    let engine = shop.open();
    assert!(engine.start().unwrap().after.is_some(), "from the checkpoint");
    hold(&engine, "after a checkpoint");

    let acts: Vec<_> = engine
        .ledger()
        .unwrap()
        .scan(None)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.kind == EntryKind::Admin)
        .collect();
    assert_eq!(acts.len(), 2);
    let open = String::from_utf8(acts[0].open.clone()).unwrap();
    assert!(
        open.contains("list.add") && open.contains("ann") && open.contains("mailboxes"),
        "{open}"
    );
    assert!(!open.contains("new@"), "values are sealed: {open}");
}

#[test]
fn a_snooze_is_for_one_rule_and_one_buyer_and_ends() {
    let shop = Shop::new();
    let engine = shop.open();
    let buyer = Buyer::new("account", "acc-1").unwrap();
    let rule = Some("listed-mail".to_owned());
    let snooze = |rule: Option<String>, until| {
        engine.snooze(&tenant(), &who(), (rule, &buyer, until, String::new()), at(0))
    };
    assert!(matches!(snooze(Some("nobody".to_owned()), at(9)), Err(EngineError::NotThere { .. })));
    assert!(snooze(rule.clone(), at(0)).is_err() && snooze(rule.clone(), at(24 * 400)).is_err());
    snooze(rule.clone(), at(10)).unwrap();
    let asleep = score(&engine, &purchase("t-1", 1));
    assert_eq!(asleep.action, Action::Approve);
    assert_eq!(asleep.rules[0].held_back, Some(crate::domain::HeldBack::Snoozed));
    assert_eq!(score(&engine, &purchase("t-2", 10)).action, Action::Decline, "it has ended");
    let mut other = purchase("t-3", 1);
    other["account"]["id"] = "acc-2".into();
    assert_eq!(score(&engine, &other).action, Action::Decline);
    assert_eq!(engine.snoozes(&tenant(), at(1), 9).len(), 1);
    assert!(engine.wake(&tenant(), &who(), (rule.clone(), &buyer), at(1)).unwrap());
    assert!(!engine.wake(&tenant(), &who(), (rule, &buyer), at(1)).unwrap());
    assert_eq!(score(&engine, &purchase("t-4", 1)).action, Action::Decline);
}

#[test]
fn an_appeal_unblocks_the_person_and_names_what_survives() {
    let shop = Shop::new();
    let engine = shop.open();
    for id in ["a", "b", "c"] {
        let mut tx = purchase(id, 1);
        tx["account"]["email"] = "good@example.com".into();
        assert_eq!(score(&engine, &tx).action, Action::Approve);
    }
    assert_eq!(score(&engine, &purchase("t-1", 1)).action, Action::Decline);
    // By the list and by the device's count; each alone would do.
    let mut before = Vec::new();
    for obstacle in
        engine.what_if_again(&tenant(), &tx_id("t-1"), at(1)).unwrap().unwrap().obstacles
    {
        before.push((obstacle.rule, obstacle.acts, obstacle.lists));
    }
    assert_eq!(
        before,
        [
            ("listed-mail".to_owned(), true, vec!["mailboxes".to_owned()]),
            ("many-cards".to_owned(), true, vec![]),
        ]
    );
    let of = AppealOf::Transaction(tx_id("t-1"));
    let appeal = Appeal { of, until: at(24 * 90), note: "a known customer".to_owned() };
    let granted = engine.grant(&tenant(), &who(), appeal, at(1)).unwrap();
    assert_eq!(
        (granted.action, granted.surviving.as_slice()),
        (Some(Action::Approve), [].as_slice())
    );
    assert_eq!(granted.known_by.len(), 4, "{granted:?}");

    // Met again by each of the four alone, at once and after a restart.
    let meet = |engine: &Engine, round: &str| {
        let whole = purchase(round, 1);
        let mut by_mail = without(whole.clone(), &["card", "device"]);
        by_mail["account"] = json!({"id": "acc-7", "email": "bad@example.com"});
        let by_account = without(whole.clone(), &["card", "device"]);
        let mut by_card = without(whole.clone(), &["device"]);
        by_card["account"] = json!({"id": "acc-8"});
        let mut by_device = without(whole, &["card"]);
        by_device["account"] = json!({"id": "acc-9"});
        let others = [by_mail, by_account, by_card, by_device];
        for (place, mut tx) in others.into_iter().enumerate() {
            tx["transaction_id"] = format!("{round}-{place}").into();
            assert_eq!(score(engine, &tx).action, Action::Approve, "{round} {place}");
        }
    };
    meet(&engine, "at once");
    engine.save_checkpoint().unwrap();
    drop(engine);
    let engine = shop.open();
    meet(&engine, "after a restart");

    let mut sanctioned = purchase("t-9", 2);
    sanctioned["billing"]["country"] = "KP".into();
    assert_eq!(score(&engine, &sanctioned).action, Action::Decline, "a hard block stays");
    let of = AppealOf::Transaction(tx_id("t-9"));
    let appeal = Appeal { of, until: at(24), note: String::new() };
    let granted = engine.grant(&tenant(), &who(), appeal, at(2)).unwrap();
    let surviving: Vec<_> =
        granted.surviving.iter().map(|one| (one.rule.as_str(), one.action)).collect();
    assert_eq!(surviving, [("sanctioned", RuleAction::HardBlock)]);
    assert_eq!(score(&engine, &purchase("late", 24 * 91)).action, Action::Decline, "it has ended");
}

fn large(id: &str, hour: i64) -> Value {
    let mut tx = without(purchase(id, hour), &["account", "device"]);
    // Or two of them by one card an hour are too many.
    tx["card"]["fingerprint"] = format!("fp-{id}").into();
    tx["amount"]["value"] = "900.00".into();
    tx
}

fn begin(engine: &Engine, tenant: TenantId, tx: &Value) -> crate::engine::Begun {
    let transaction: Transaction = serde_json::from_value(tx.clone()).unwrap();
    let received_at = Some(transaction.event_time);
    let request = ScoreRequest { tenant, transaction, warnings: vec![], received_at };
    engine.begin(request).unwrap()
}

fn approve(engine: &Engine, id: &str) -> Result<Resolved, EngineError> {
    let (outcome, note) = (Outcome::Approved, "looked".to_owned());
    let resolution = Resolution { outcome, label: None, note, by: who() };
    engine.resolve_review(&tenant(), &tx_id(id), &resolution, at(5))
}

#[test]
fn a_review_the_disk_loses_waits_for_nobody_and_one_whose_end_is_lost_waits_on() {
    let (shop, disk) = (Shop::new(), crate::ledger::testing::TestDisk::default());
    let engine = shop.open_with(crate::ledger::testing::config(&shop.data(), &disk));
    let fails = |is_so: bool| {
        disk.set(is_so.then_some(crate::ledger::testing::Fault::Full));
        let waited = crate::clock::Stopwatch::start();
        while !is_so && engine.ledger().unwrap().health().fault.is_some() {
            assert!(waited.elapsed().as_secs() < 20, "did not recover");
            std::thread::yield_now();
        }
    };
    score(&engine, &large("r-1", 1));
    fails(true);
    assert!(approve(&engine, "r-1").is_err());
    assert_eq!(engine.waiting_reviews(&tenant()), 1, "its end is lost");
    fails(false);
    fails(true);
    let begun = begin(&engine, tenant(), &large("r-2", 2));
    assert_eq!(engine.waiting_reviews(&tenant()), 2);
    assert!(engine.settle_blocking(begun.settling.unwrap()).is_err());
    assert_eq!(engine.waiting_reviews(&tenant()), 1, "its decision is lost");
    fails(false);
    score(&engine, &large("r-2", 2));
    assert_eq!(engine.waiting_reviews(&tenant()), 2);
    approve(&engine, "r-1").unwrap();
    approve(&engine, "r-2").unwrap();
    assert_eq!(engine.waiting_reviews(&tenant()), 0);
}

#[test]
fn what_people_of_a_tenant_do_is_theirs_alone_and_outlives_restarts() {
    let shop = Shop::new();
    let engine = shop.open();
    let tenants = [tenant(), TenantId::new("one").unwrap(), TenantId::new("two").unwrap()];
    let [default, one, two] = &tenants;
    let ask = |engine: &Engine, tenant: &TenantId, tx: &Value| {
        let begun = begin(engine, tenant.clone(), tx);
        engine.settle_blocking(begun.settling.unwrap()).unwrap();
        begun.answer.unwrap().0.clone()
    };
    for tenant in &tenants {
        for id in ["r-1", "r-2"] {
            assert_eq!(ask(&engine, tenant, &large(id, 1)).action, Action::Review);
        }
    }
    let add = |tenant: &TenantId, value: &str| {
        let entry = ListEntry { value: value.to_owned(), expires: None };
        let act = ("mailboxes".to_owned(), entry, String::new());
        engine.list_add(tenant, &who(), act, at(0)).unwrap();
    };
    add(default, "zero@example.com");
    add(one, "one@example.com");
    let off = ("mailboxes".to_owned(), "bad@example.com".to_owned());
    assert!(engine.list_remove(one, &who(), off, at(0)).unwrap());
    let buyer = Buyer::new("account", "acc-1").unwrap();
    let rule = Some("listed-mail".to_owned());
    engine.snooze(two, &who(), (rule, &buyer, at(24 * 9), String::new()), at(0)).unwrap();
    let (outcome, note) = (Outcome::Declined, String::new());
    let resolution = Resolution { outcome, label: None, note, by: who() };
    engine.resolve_review(one, &tx_id("r-1"), &resolution, at(5)).unwrap();

    let hours = std::cell::Cell::new(6);
    let hold = |engine: &Engine, round: &str| {
        let waiting = tenants.each_ref().map(|tenant| engine.waiting_reviews(tenant));
        assert_eq!(waiting, [2, 1, 2], "{round}");
        let asleep = tenants.each_ref().map(|tenant| engine.snoozes(tenant, at(1), 9).len());
        assert_eq!(asleep, [0, 0, 1], "{round}");
        let changes = tenants.each_ref().map(|tenant| engine.list_views(tenant)[0].changes);
        assert_eq!(changes, [1, 2, 0], "{round}");
        for (mail, declined) in [
            ("bad@example.com", [true, false, false]),
            ("zero@example.com", [true, false, false]),
            ("one@example.com", [false, true, false]),
        ] {
            hours.set(hours.get() + 2);
            let mut tx = purchase(&format!("{round}-{mail}"), hours.get());
            tx["account"]["email"] = mail.into();
            for (tenant, declined) in tenants.iter().zip(declined) {
                let decision = ask(engine, tenant, &tx);
                let is_so = decision.action == Action::Decline;
                assert_eq!(is_so, declined, "{round} {mail} {tenant}");
                let digest = engine.snapshot().lists_of(tenant).digest().to_owned();
                assert_eq!(decision.versions.lists, digest);
            }
        }
    };
    hold(&engine, "at once");
    engine.swap(engine.snapshot().again()).unwrap();
    hold(&engine, "after a reload");
    drop(engine);
    let engine = shop.open();
    hold(&engine, "from the ledger");
    engine.save_checkpoint().unwrap().unwrap();
    drop(engine);
    let engine = shop.open();
    assert!(engine.start().unwrap().after.is_some());
    hold(&engine, "from a checkpoint");
    assert_eq!(engine.end_overdue_reviews((HOUR_MS, Outcome::Declined), at(9)).unwrap(), 5);
    assert_eq!(tenants.each_ref().map(|tenant| engine.waiting_reviews(tenant)), [0; 3]);
}

#[test]
fn a_review_waits_is_resolved_once_and_outlives_restarts() {
    let shop = Shop::new();
    let engine = shop.open();
    for (id, hour) in [("r-2", 2), ("r-1", 1), ("r-3", 3)] {
        assert_eq!(score(&engine, &large(id, hour)).action, Action::Review);
    }
    score(&engine, &without(purchase("fine", 1), &["account", "device"]));
    let ids = |engine: &Engine, filter: &ReviewFilter| -> Vec<String> {
        engine.reviews(&tenant(), filter).into_iter().map(|review| review.transaction_id).collect()
    };
    let all = ReviewFilter { limit: 9, ..ReviewFilter::default() };
    assert_eq!(ids(&engine, &all), ["r-1", "r-2", "r-3"]);
    let page = ReviewFilter { limit: 1, ..ReviewFilter::default() };
    let after = engine.reviews(&tenant(), &page)[0].cursor();
    assert_eq!(ids(&engine, &ReviewFilter { after: Some(after), ..page }), ["r-2"]);

    let resolution = |outcome| Resolution {
        outcome,
        label: (outcome == Outcome::Declined).then_some(LabelClass::StolenInstrument),
        note: "looked".to_owned(),
        by: who(),
    };
    let resolve = |engine: &Engine, id: &str, outcome| {
        engine.resolve_review(&tenant(), &tx_id(id), &resolution(outcome), at(5))
    };
    assert!(!resolve(&engine, "r-1", Outcome::Declined).unwrap().repeated);
    assert!(resolve(&engine, "r-1", Outcome::Declined).unwrap().repeated);
    assert!(matches!(
        resolve(&engine, "r-1", Outcome::Approved),
        Err(EngineError::Conflict { .. })
    ));
    assert!(matches!(
        resolve(&engine, "nobody", Outcome::Approved),
        Err(EngineError::NotThere { .. })
    ));
    assert!(matches!(resolve(&engine, "fine", Outcome::Approved), Err(EngineError::Unfit { .. })));
    assert_eq!(ids(&engine, &all), ["r-2", "r-3"]);
    engine.save_checkpoint().unwrap().unwrap();
    drop(engine);

    // The timer ends what is due, once, whoever starts when.
    let engine = shop.open();
    assert_eq!(ids(&engine, &all), ["r-2", "r-3"]);
    let end = |engine: &Engine, hour| {
        let rule = (HOUR_MS, Outcome::Declined);
        engine.end_overdue_reviews(rule, at(hour)).unwrap()
    };
    assert_eq!(end(&engine, 2), 0);
    assert_eq!(end(&engine, 3), 1);
    assert_eq!(ids(&engine, &all), ["r-3"]);
    assert!(matches!(
        resolve(&engine, "r-2", Outcome::Approved),
        Err(EngineError::Conflict { .. })
    ));
    drop(engine);
    let engine = shop.open();
    assert_eq!((end(&engine, 3), end(&engine, 9), end(&engine, 9)), (0, 1, 0));
    assert_eq!(engine.waiting_reviews(&tenant()), 0);
    let resolved = engine.ledger().unwrap().scan(None).unwrap().filter(|entry| {
        String::from_utf8_lossy(&entry.as_ref().unwrap().open).contains("review.resolved")
    });
    assert_eq!(resolved.count(), 3);
}

#[test]
fn what_if_moves_nothing() {
    let shop = Shop::new();
    let engine = shop.open();
    let transaction: Transaction = serde_json::from_value(purchase("what-if", 1)).unwrap();
    for _ in 0..5 {
        let told = engine.what_if(&tenant(), transaction.clone()).unwrap();
        assert_eq!(told.obstacles.len(), 1, "the device's count does not move");
    }
    assert_eq!(engine.known_ids(), 0);
    assert_eq!(engine.ledger().unwrap().scan(None).unwrap().count(), 0);
}

/// What people did, as an engine shows it.
fn done(engine: &Engine) -> (Vec<Review>, Vec<SnoozeView>, String) {
    let all = ReviewFilter { limit: usize::MAX, ..ReviewFilter::default() };
    let lists = format!("{:?}", engine.snapshot().lists.get("mailboxes").unwrap().changes());
    (engine.reviews(&tenant(), &all), engine.snoozes(&tenant(), at(0), usize::MAX), lists)
}

/// Checkpoints made while two threads decide and resolve and one acts: whatever was under way at the
/// time, each with the rest of the ledger is the whole.
#[test]
fn checkpoints_under_load_hold_what_people_did() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let shop = Shop::new();
    let quick = || LedgerConfig {
        durability: crate::ledger::AckPolicy::Os,
        ..LedgerConfig::new(&shop.data())
    };
    let engine = shop.open_with(quick());
    let (ended, mut kept) = (AtomicUsize::new(0), Vec::new());
    std::thread::scope(|scope| {
        let (engine, ended) = (&engine, &ended);
        for thread in 0..2 {
            scope.spawn(move || {
                for number in 0..150 {
                    let id = format!("r-{thread}-{number}");
                    assert_eq!(score(engine, &large(&id, number)).action, Action::Review);
                    if number % 3 > 0 {
                        approve(engine, &id).unwrap();
                    }
                }
                ended.fetch_add(1, Ordering::AcqRel);
            });
        }
        scope.spawn(move || {
            for number in 0..150 {
                let value = format!("a{number}@example.com");
                let entry = ListEntry { value: value.clone(), expires: None };
                let act = ("mailboxes".to_owned(), entry, String::new());
                engine.list_add(&tenant(), &who(), act, at(0)).unwrap();
                let buyer = Buyer::new("account", &format!("acc-{number}")).unwrap();
                let sleep = (None, &buyer, at(24), String::new());
                engine.snooze(&tenant(), &who(), sleep, at(0)).unwrap();
                if number % 3 == 0 {
                    let off = ("mailboxes".to_owned(), value);
                    assert!(engine.list_remove(&tenant(), &who(), off, at(0)).unwrap());
                    assert!(engine.wake(&tenant(), &who(), (None, &buyer), at(0)).unwrap());
                }
            }
            ended.fetch_add(1, Ordering::AcqRel);
        });
        while ended.load(Ordering::Acquire) < 3 {
            if engine.save_checkpoint().unwrap().is_some() {
                kept.push(fs::read(shop.data().join(CHECKPOINT_FILE)).unwrap());
            }
        }
    });
    let whole = done(&engine);
    assert_eq!((whole.0.len(), whole.1.len()), (100, 100));
    drop(engine);
    assert!(kept.len() > 3, "{} checkpoints", kept.len());
    let step = kept.len().div_ceil(12);
    for bytes in kept.iter().step_by(step) {
        fs::write(shop.data().join(CHECKPOINT_FILE), bytes).unwrap();
        let engine = shop.open_with(quick());
        assert!(engine.start().unwrap().after.is_some(), "{:?}", engine.start());
        assert!(done(&engine) == whole, "from {:?}", engine.start());
    }
    fs::remove_file(shop.data().join(CHECKPOINT_FILE)).unwrap();
    assert!(done(&shop.open_with(quick())) == whole, "from the ledger alone");
}
