//! The engine end to end, without HTTP: in memory and on a ledger.

mod faults;
mod passing;
mod recount;
mod trials;

use super::*;
use crate::decision::Policy;
use crate::domain::{Action, Durability, Event, EventKind, Outcome, TenantId, Transaction};
use crate::features::{FIELDS, Origin, fields as f};
use crate::ledger::{LedgerConfig, Reader};
use crate::reference::Reference;
use crate::rules::{RuleSet, Source};
use crate::velocity::Limits;
use serde_json::json;
use std::path::Path;
use std::sync::{Arc, OnceLock};

const RULES: &str = r#"
[group]
owner = "tests"

[[rule]]
id = "declined_burst"
action = "block"
reason = "CARD_TESTING"
text = "Many declines from one address."
when = "ip_declined_count_1h >= 3"

[[rule]]
id = "many_attempts"
action = "review"
reason = "VELOCITY"
text = "Many attempts with one card."
when = "card_tx_count_1h >= 4"
"#;

fn tables() -> Arc<Reference> {
    static TABLES: OnceLock<Arc<Reference>> = OnceLock::new();
    TABLES.get_or_init(|| Arc::new(Reference::bundled().unwrap())).clone()
}

fn snapshot() -> Snapshot {
    let rules = RuleSet::from_sources(&[Source::new("test.toml", RULES)]).unwrap();
    Snapshot::new(tables(), rules, None, Policy::default())
}

fn limits() -> Limits {
    Limits { max_keys: 10_000, seed: 7 }
}

fn in_memory() -> Engine {
    Engine::in_memory(snapshot(), limits())
}

fn on_disk(dir: &Path) -> Engine {
    Engine::open(snapshot(), LedgerConfig::new(dir), limits(), &mut |_| ()).unwrap()
}

fn tenant() -> TenantId {
    TenantId::default_tenant()
}

fn purchase(id: &str, minute: u32) -> Transaction {
    serde_json::from_value(json!({
        "transaction_id": id, "type": "purchase",
        "event_time": format!("2026-11-20T10:{minute:02}:00Z"),
        "amount": {"value": "49.00", "currency": "EUR"},
        "account": {"id": "acc-7", "email": "j.doe@example.com"},
        "card": {"fingerprint": "fp_1", "bin": "457173"},
        "device": {"ip": "81.2.69.142", "device_id": "d-1"},
        "billing": {"country": "GB"}, "fulfilment": {"method": "licence_key"},
    }))
    .unwrap()
}

fn request(transaction: Transaction) -> ScoreRequest {
    ScoreRequest { tenant: tenant(), transaction, warnings: Vec::new(), received_at: None }
}

fn score(engine: &Engine, transaction: Transaction) -> crate::domain::Decision {
    let begun = engine.begin(request(transaction)).unwrap();
    if let Some(settling) = begun.settling {
        engine.settle_blocking(settling).unwrap();
    }
    begun.answer.unwrap().0.clone()
}

fn auth(engine: &Engine, id: &str, transaction: &str, minute: u32, outcome: &str) {
    let event: Event = serde_json::from_value(json!({
        "event_id": id, "type": "auth.result", "transaction_id": transaction,
        "event_time": format!("2026-11-20T10:{minute:02}:30Z"), "data": {"outcome": outcome},
    }))
    .unwrap();
    let begun = engine.record_event(&tenant(), &event, None).unwrap();
    if let Some(settling) = begun.settling {
        engine.settle_blocking(settling).unwrap();
    }
}

#[test]
fn a_transaction_is_enriched_and_excludes_itself() {
    let engine = in_memory();
    let record = engine.preview(&tenant(), &purchase("tx-1", 0));
    assert_eq!(serde_json::to_value(record.get(f::IP_COUNTRY)).unwrap(), "GB");
    assert_eq!(serde_json::to_value(record.get(f::AMOUNT_EUR)).unwrap(), "49.00");
    assert_eq!(record.get(f::CARD_TX_COUNT_1H), &crate::features::Value::Int(0));
    score(&engine, purchase("tx-1", 0));
    let record = engine.preview(&tenant(), &purchase("tx-2", 1));
    assert_eq!(record.get(f::CARD_TX_COUNT_1H), &crate::features::Value::Int(1));
    let mut bare = purchase("tx-3", 2);
    bare.card = None;
    assert!(engine.preview(&tenant(), &bare).get(f::CARD_TX_COUNT_1H).is_missing());
}

#[test]
fn declines_count_and_outages_do_not() {
    let engine = in_memory();
    for n in 0..3 {
        score(&engine, purchase(&format!("tx-{n}"), n));
        auth(&engine, &format!("ev-{n}"), &format!("tx-{n}"), n, "unavailable");
    }
    assert_eq!(score(&engine, purchase("tx-3", 3)).action, Action::Approve);
    for n in 0..3 {
        auth(&engine, &format!("no-{n}"), &format!("tx-{n}"), n + 4, "declined");
    }
    let blocked = score(&engine, purchase("tx-4", 9));
    assert_eq!(blocked.action, Action::Decline);
    assert_eq!(blocked.reasons[0].code, "CARD_TESTING");
}

#[test]
fn our_own_block_counts_for_nothing() {
    let engine = in_memory();
    for n in 0..3 {
        score(&engine, purchase(&format!("tx-{n}"), n));
        auth(&engine, &format!("no-{n}"), &format!("tx-{n}"), n, "declined");
    }
    let before = engine.preview(&tenant(), &purchase("x", 20));
    for n in 0..9 {
        assert_eq!(score(&engine, purchase(&format!("b-{n}"), 10 + n)).action, Action::Decline);
    }
    let mut after = engine.preview(&tenant(), &purchase("x", 20));
    assert_eq!(after.get(f::CARD_BLOCKED_COUNT_1D), &crate::features::Value::Int(9));
    for own in FIELDS.iter().filter(|field| field.origin == Origin::Own) {
        after.set(own.id, before.get(own.id).clone());
    }
    assert_eq!(after, before);
}

#[test]
fn a_lack_of_funds_is_a_decline_and_an_outage_none() {
    for (code, count) in
        [("insufficient_funds", 1), ("issuer_not_available", 0), ("processing_error", 0)]
    {
        let engine = in_memory();
        score(&engine, purchase("tx-1", 1));
        let event: Event = serde_json::from_value(json!({
            "event_id": "ev-1", "type": "auth.result", "transaction_id": "tx-1",
            "event_time": "2026-11-20T10:01:30Z",
            "data": {"outcome": "declined", "decline_code": code},
        }))
        .unwrap();
        engine.record_event(&tenant(), &event, None).unwrap();
        let record = engine.preview(&tenant(), &purchase("x", 2));
        let counted = record.get(f::CARD_DECLINED_COUNT_1D);
        assert_eq!(counted, &crate::features::Value::Int(count), "{code}");
    }
}

/// Where the method has a card underneath, its fingerprint is the card's, whoever pays.
#[test]
fn tokens_minted_for_each_attempt_are_the_one_payer_who_is_attested() {
    for (method, attested, cards) in
        [("paypal", true, 1), ("amazon_pay", true, 1), ("paypal", false, 4), ("card", true, 4)]
    {
        let engine = in_memory();
        let minted = |n: u32| {
            let mut tx = purchase(&format!("tx-{n}"), n);
            tx.card = serde_json::from_value(json!({"fingerprint": format!("token-{n}")})).unwrap();
            let payer = attested.then_some("payer@example.org");
            let payment = json!({"method": method, "attested_payer": payer});
            tx.payment = serde_json::from_value(payment).unwrap();
            tx
        };
        for n in 0..4 {
            score(&engine, minted(n));
        }
        let record = engine.preview(&tenant(), &minted(9));
        let seen = record.get(f::DEVICE_DISTINCT_CARDS_1D);
        assert_eq!(seen, &crate::features::Value::Int(cards), "{method} {attested}");
        let wallet = record.get(f::WALLET_TX_COUNT_1D);
        assert_eq!(wallet.is_missing(), !attested, "{method} {attested}");
    }
}

#[test]
fn retries_of_one_invoice_are_one_attempt() {
    let engine = in_memory();
    for (n, attempt) in [Some(1), Some(2), None, None].into_iter().enumerate() {
        let mut tx = purchase(&format!("tx-{n}"), u32::try_from(n).unwrap());
        let payment = json!({"invoice_id": "in-1", "attempt": attempt});
        tx.payment = serde_json::from_value(payment).unwrap();
        score(&engine, tx);
    }
    let record = engine.preview(&tenant(), &purchase("x", 20));
    assert_eq!(record.get(f::CARD_TX_COUNT_1H), &crate::features::Value::Int(1));
}

#[test]
fn the_same_id_gets_the_same_answer_and_moves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let engine = on_disk(dir.path());
    let first = score(&engine, purchase("tx-1", 0));
    let before = engine.preview(&tenant(), &purchase("x", 20));
    let mut same = purchase("tx-1", 0);
    same.amount = serde_json::from_value(json!({"value": "49.0", "currency": "EUR"})).unwrap();
    let again = engine.begin(request(same)).unwrap();
    assert!(again.repeated && again.settling.is_none());
    assert_eq!(again.answer.unwrap().0, first);
    assert_eq!(engine.preview(&tenant(), &purchase("x", 20)), before);

    let mut other = purchase("tx-1", 0);
    other.amount = serde_json::from_value(json!({"value": "50.00", "currency": "EUR"})).unwrap();
    let error = engine.begin(request(other)).unwrap_err();
    let EngineError::Conflict { pointer, .. } = error else { unreachable!("{error}") };
    assert_eq!(pointer.unwrap(), "/amount/value");
}

#[test]
fn equal_requests_at_once_are_one_decision() {
    let dir = tempfile::tempdir().unwrap();
    let engine = on_disk(dir.path());
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| engine.begin(request(purchase("tx-1", 0))))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|begun| !begun.repeated).count(), 1);
    for begun in answers {
        assert_eq!(begun.answer.unwrap().0.transaction_id.as_str(), "tx-1");
        begun.settling.map(|settling| engine.settle_blocking(settling).unwrap());
    }
    assert_eq!(engine.ledger().unwrap().health().sequence, 1);
}

#[test]
fn a_restart_brings_back_ids_history_and_answers() {
    let dir = tempfile::tempdir().unwrap();
    let (first, before) = {
        let engine = on_disk(dir.path());
        let first = score(&engine, purchase("tx-1", 0));
        auth(&engine, "ev-1", "tx-1", 0, "declined");
        score(&engine, purchase("tx-2", 1));
        (first, engine.preview(&tenant(), &purchase("x", 20)))
    };
    let engine = on_disk(dir.path());
    assert_eq!(engine.known_ids(), 3);
    assert_eq!(engine.preview(&tenant(), &purchase("x", 20)), before);
    let again = engine.begin(request(purchase("tx-1", 0))).unwrap();
    assert_eq!(again.answer.unwrap().0, first);
    let (found, _, durability) =
        engine.find_decision(&tenant(), first.decision_id.as_str()).unwrap().unwrap();
    assert_eq!((found, durability), (first, Durability::Fsync));
}

#[test]
fn one_tenant_does_not_see_another() {
    let dir = tempfile::tempdir().unwrap();
    let engine = on_disk(dir.path());
    let decision = score(&engine, purchase("tx-1", 0));
    let other = TenantId::new("other").unwrap();
    assert!(engine.find_decision(&other, decision.decision_id.as_str()).unwrap().is_none());
    assert!(engine.find_decision(&other, "tx-1").unwrap().is_none());
    let record = engine.preview(&other, &purchase("x", 20));
    assert_eq!(record.get(f::CARD_TX_COUNT_1H), &crate::features::Value::Int(0));
    let mut theirs = request(purchase("tx-1", 0));
    theirs.tenant = other;
    assert!(!engine.begin(theirs).unwrap().repeated);
}

#[test]
fn a_stored_decision_replays_byte_for_byte_until_erased() {
    let dir = tempfile::tempdir().unwrap();
    let engine = on_disk(dir.path());
    let decision = score(&engine, purchase("tx-1", 0));
    let entry = engine.ledger().unwrap().scan(None).unwrap().next().unwrap().unwrap();
    let stored = read_decision(&entry).unwrap();
    let kept = Artefacts::new(dir.path()).snapshot(&decision.versions, tables()).unwrap();
    let Replay::Same(again) = replay(&stored, &kept) else { unreachable!("differs") };
    assert_eq!(serde_json::to_string(&*again).unwrap(), serde_json::to_string(&decision).unwrap());

    let other = Snapshot::new(tables(), RuleSet::builtin().unwrap(), None, Policy::default());
    assert!(matches!(replay(&stored, &other), Replay::OtherVersions { .. }));
    engine.ledger().unwrap().erase(&[entry.subject.unwrap()].into()).unwrap();
    let entry = engine.ledger().unwrap().read(entry.position).unwrap();
    let stored = read_decision(&entry).unwrap();
    assert!(stored.transaction.is_none());
    assert_eq!(replay(&stored, &kept), Replay::Erased);
}

#[test]
fn nothing_personal_lies_open_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let engine = on_disk(dir.path());
    score(&engine, purchase("tx-1", 0));
    drop(engine);
    let reader = Reader::open(dir.path(), None).unwrap();
    let entry = reader.scan(None).unwrap().next().unwrap().unwrap();
    let open = String::from_utf8(entry.open).unwrap();
    for secret in ["j.doe", "81.2.69.142", "fp_1", "d-1\""] {
        assert!(!open.contains(secret), "{secret}");
    }
}

#[test]
fn card_numbers_are_refused_in_card_and_text_and_masked_in_custom() {
    let engine = in_memory();
    let number = "4111 1111 1111 1111";
    let mut tx = purchase("tx-1", 0);
    tx.account.as_mut().unwrap().name = serde_json::from_value(json!(number)).unwrap();
    let error = engine.begin(request(tx)).unwrap_err();
    let EngineError::CardNumber { pointer } = &error else { unreachable!("{error}") };
    assert_eq!(pointer, "/account/name");
    assert!(!error.to_string().contains("1111"));

    let mut tx = purchase("tx-2", 0);
    tx.custom = serde_json::from_value(json!({"note": number})).unwrap();
    let decision = score(&engine, tx);
    assert_eq!(decision.warnings[0].pointer, "/custom/note");

    let mut tx = purchase("4111111111111111", 0);
    tx.order_id = serde_json::from_value(json!("4111111111111111")).unwrap();
    assert_eq!(score(&engine, tx).action, Action::Approve);
}

#[test]
fn an_event_is_sealed_under_the_person_of_its_sale() {
    let dir = tempfile::tempdir().unwrap();
    let engine = on_disk(dir.path());
    score(&engine, purchase("tx-1", 0));
    auth(&engine, "ev-1", "tx-1", 0, "approved");
    let ledger = engine.ledger().unwrap();
    let entries: Vec<_> = ledger.scan(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(entries[0].subject, entries[1].subject);
    ledger.erase(&[entries[0].subject.unwrap()].into()).unwrap();
    let event = ledger.read(entries[1].position).unwrap();
    assert!(read_event(&event).unwrap().is_none());
    let facts = read_open_event(&event).unwrap().unwrap();
    assert_eq!((facts.kind, facts.outcome), (EventKind::AuthResult, Some(Outcome::Approved)));
    assert_eq!(facts.transaction_id.unwrap().as_str(), "tx-1");
}

#[test]
fn an_event_id_names_no_decision() {
    let dir = tempfile::tempdir().unwrap();
    let engine = on_disk(dir.path());
    score(&engine, purchase("tx-1", 0));
    auth(&engine, "ev-1", "tx-1", 0, "approved");
    let name = format!("d-{}", entry::hex(&entry::event_hash(&tenant(), "ev-1")));
    assert!(engine.find_decision(&tenant(), &name).unwrap().is_none());
}

#[test]
fn a_card_number_in_a_members_name_is_masked_in_its_warning() {
    let engine = in_memory();
    let mut sent = request(purchase("tx-1", 0));
    sent.warnings.push(crate::domain::Warning {
        code: "unknown_field".to_owned(),
        message: "not read".to_owned(),
        pointer: "/4111111111111111".to_owned(),
    });
    let begun = engine.begin(sent).unwrap();
    assert_eq!(begun.answer.unwrap().0.warnings[0].pointer, "/411111******1111");
}

#[test]
fn the_far_future_is_refused_and_the_past_warned_of() {
    let engine = in_memory();
    let mut early = request(purchase("tx-1", 30));
    early.received_at = Some("2026-11-20T10:00:00Z".parse().unwrap());
    assert!(matches!(engine.begin(early), Err(EngineError::FutureEvent { .. })));
    let mut late = request(purchase("tx-2", 0));
    late.received_at = Some("2027-11-20T10:00:00Z".parse().unwrap());
    let begun = engine.begin(late).unwrap();
    assert_eq!(begun.answer.unwrap().1[0].code, "event_time_late");
}
