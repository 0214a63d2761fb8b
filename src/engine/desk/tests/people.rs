//! What a person may write, in whatever spelling, and take back again.

use super::*;

fn add(engine: &Engine, value: &str, expires: Option<Timestamp>) -> Result<u64, EngineError> {
    let entry = ListEntry { value: value.to_owned(), expires };
    engine.list_add(&tenant(), &who(), ("mailboxes".to_owned(), entry, String::new()), at(0))
}

fn remove(engine: &Engine, value: &str) -> bool {
    engine
        .list_remove(&tenant(), &who(), ("mailboxes".to_owned(), value.to_owned()), at(0))
        .unwrap()
}

fn action(engine: &Engine, id: &str, hour: i64, mail: &str) -> Action {
    let mut tx = without(purchase(id, hour), &["card", "device"]);
    tx["account"] = json!({"id": format!("acc-{id}"), "email": mail});
    score(engine, &tx).action
}

#[test]
fn a_value_is_taken_off_in_whatever_spelling_it_was_put_on() {
    let shop = Shop::new();
    let engine = shop.open();
    for spelling in ["B@x.com", "b@X.com"] {
        add(&engine, spelling, None).unwrap();
    }
    assert_eq!(action(&engine, "t-1", 1, "b@x.com"), Action::Decline);
    assert!(remove(&engine, "b@x.COM"));
    assert!(!remove(&engine, "b@x.COM"));
    assert_eq!(action(&engine, "t-2", 1, "b@x.com"), Action::Approve);
    drop(engine);
    assert_eq!(action(&shop.open(), "t-3", 1, "b@x.com"), Action::Approve, "after a restart");
}

#[test]
fn a_value_of_the_file_put_back_for_an_hour_is_on_for_an_hour() {
    let shop = Shop::new();
    let engine = shop.open();
    assert!(remove(&engine, "bad@example.com"));
    assert_eq!(action(&engine, "t-1", 1, "bad@example.com"), Action::Approve);
    add(&engine, "bad@example.com", Some(at(3))).unwrap();
    assert_eq!(action(&engine, "t-2", 2, "bad@example.com"), Action::Decline);
    assert_eq!(action(&engine, "t-3", 3, "bad@example.com"), Action::Approve);
}

#[test]
fn no_note_holds_a_card_number_and_none_is_cut() {
    let shop = Shop::new();
    let engine = shop.open();
    assert_eq!(score(&engine, &large("r-1", 1)).action, Action::Review);
    let buyer = Buyer::new("account", "acc-1").unwrap();
    score(&engine, &purchase("t-1", 1));
    for note in ["card 4242424242424242", "a\nb", &"n".repeat(201)] {
        let sleep = (None, &buyer, at(24), note.to_owned());
        assert!(engine.snooze(&tenant(), &who(), sleep, at(0)).is_err(), "{note}");
        let of = AppealOf::Buyer(buyer.clone());
        let appeal = Appeal { of, until: at(24), note: note.to_owned() };
        assert!(engine.grant(&tenant(), &who(), appeal, at(0)).is_err(), "{note}");
        let (outcome, note) = (Outcome::Approved, note.to_owned());
        let resolution = Resolution { outcome, label: None, note, by: who() };
        assert!(engine.resolve_review(&tenant(), &tx_id("r-1"), &resolution, at(5)).is_err());
    }
    let (note, by) = ("n".repeat(190), Who::new(&"w".repeat(64)).unwrap());
    let (outcome, label) = (Outcome::Approved, Some(LabelClass::StolenInstrument));
    let fraud = Resolution { outcome, label, note: String::new(), by: who() };
    assert!(engine.resolve_review(&tenant(), &tx_id("r-1"), &fraud, at(5)).is_err());
    let long = Resolution { outcome, label: None, note: note.clone(), by };
    assert!(engine.resolve_review(&tenant(), &tx_id("r-1"), &long, at(5)).is_ok());
    let event = Engine::review_event("r-1");
    let kept = engine.resolution_of(&tenant(), &event).unwrap().unwrap().data.reason.unwrap();
    assert!(kept.as_str().ends_with(&note), "the whole note is kept: {}", kept.as_str());
}

#[test]
fn a_granted_appeal_ends_whole_and_stays_ended() {
    let shop = Shop::new();
    let engine = shop.open();
    let nobody = AppealOf::Buyer(Buyer::new("account", "acc-1").unwrap());
    let grant = |engine: &Engine, of: &AppealOf, until| {
        let appeal = Appeal { of: of.clone(), until, note: String::new() };
        engine.grant(&tenant(), &who(), appeal, at(1))
    };
    score(&engine, &purchase("t-1", 1));
    let person = AppealOf::Transaction(tx_id("t-1"));
    grant(&engine, &person, at(24 * 90)).unwrap();
    // A second one, by the account alone, takes the place of one of four.
    grant(&engine, &nobody, at(24 * 30)).unwrap();
    assert_eq!(engine.snoozes(&tenant(), at(2), 9).len(), 4);
    let by = |by: &str, value: &str| (None, Buyer::new(by, value).unwrap());
    let wake = |engine: &Engine, (rule, buyer): (Option<String>, Buyer)| {
        engine.wake(&tenant(), &who(), (rule, &buyer), at(2)).unwrap()
    };
    assert!(wake(&engine, by("account", "acc-1")));
    let left = engine.snoozes(&tenant(), at(2), 9);
    engine.save_checkpoint().unwrap().unwrap();
    drop(engine);
    let engine = shop.open();
    assert!(engine.start().unwrap().after.is_some(), "from the checkpoint");
    assert_eq!(engine.snoozes(&tenant(), at(2), 9), left, "what was woken sleeps on");
    for buyer in [by("card", "fp-1"), by("email", "bad@example.com"), by("device", "d-1")] {
        wake(&engine, buyer);
    }
    assert_eq!(engine.snoozes(&tenant(), at(2), 9), []);
    assert_eq!(score(&engine, &purchase("t-2", 3)).action, Action::Decline);
}
