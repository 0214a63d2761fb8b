//! Every rule held against cases where it holds, where it does not, and where nobody can tell.

use super::*;
use crate::disputes::memory::{Memory, message};
use crate::disputes::packet::OtherSale;
use crate::disputes::{DisputeStore, case_file};
use crate::domain::{DisputeReason, EventKind, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The sale of `licence` and a dispute of a code, changed: `sale` is merged in, events of the types of `drop`
/// go, those of `add` come, `others` are other sales of the card, `opened` is the day of the dispute.
fn case((network, code): (&str, &str), change: &Value) -> CaseFile {
    let mut memory = Memory::with("licence");
    let mut report = message("visa_10_4_created");
    let dispute = report.dispute.as_mut().unwrap();
    dispute.network = Some(Text::new(network).unwrap());
    dispute.network_reason_code = Some(Text::new(code).unwrap());
    let row = crate::disputes::reasons::find(network, code, dispute.opened_at);
    dispute.reason = crate::disputes::reasons::canonical(row, None);
    if let Some(opened) = change["opened"].as_str() {
        dispute.opened_at = at(opened);
    }
    let id = dispute.id.clone();
    memory.record_report(&report).unwrap();
    let mut sale = serde_json::to_value(&memory.sales[0]).unwrap();
    merge(&mut sale, &change["sale"]);
    memory.sales[0] = serde_json::from_value(sale).unwrap();
    let dropped = change["drop"].as_array().cloned().unwrap_or_default();
    memory.events.retain(|event| !dropped.contains(&json!(event.kind)));
    let mut case = case_file(&memory, &id).unwrap().unwrap();
    let events = |given: &Value| -> Vec<Event> {
        let list = given.as_array().cloned().unwrap_or_default();
        list.into_iter().map(|one| serde_json::from_value(one).unwrap()).collect()
    };
    case.events.extend(events(&change["add"]));
    for other in change["others"].as_array().into_iter().flatten() {
        let mut transaction = serde_json::to_value(case.transaction.as_ref().unwrap()).unwrap();
        merge(&mut transaction, &other["sale"]);
        let transaction = serde_json::from_value(transaction).unwrap();
        case.other_sales.push(OtherSale { transaction, events: events(&other["events"]) });
    }
    case
}

/// One change with another's members, of which null still stands for none.
fn join(into: &mut Value, more: &Value) {
    let (Some(into), Some(more)) = (into.as_object_mut(), more.as_object()) else { return };
    for (key, value) in more {
        match into.get_mut(key) {
            Some(known) if value.is_object() => join(known, value),
            _ => drop(into.insert(key.clone(), value.clone())),
        }
    }
}

/// RFC 7396.
fn merge(into: &mut Value, patch: &Value) {
    let (Some(into), Some(patch)) = (into.as_object_mut(), patch.as_object()) else { return };
    for (key, value) in patch {
        if value.is_object() {
            merge(into.entry(key).or_insert_with(|| json!({})), value);
        } else if value.is_null() {
            into.remove(key);
        } else {
            into.insert(key.clone(), value.clone());
        }
    }
}

fn event(id: &str, kind: &str, time: &str, data: &Value) -> Value {
    json!({"event_id": id, "type": kind, "event_time": time, "transaction_id": "tx-1001", "data": data})
}

/// Another sale of the card, captured, with events of its own.
fn other(id: &str, time: &str, more: &[Value]) -> Value {
    let mut events = vec![event(&format!("c-{id}"), "capture", time, &json!({}))];
    events.extend_from_slice(more);
    for event in &mut events {
        event["transaction_id"] = json!(id);
    }
    json!({"sale": {"transaction_id": id, "event_time": time}, "events": events})
}

fn auth(cvv: &str) -> Value {
    let data = json!({"outcome": "approved", "cvv_result": cvv});
    json!({"drop": ["auth.result"],
        "add": [event("x-1", "auth.result", "2026-11-20T10:15:02Z", &data)]})
}

fn warned(time: &str, reason: &str) -> Value {
    json!({"add": [event("x-1", "fraud.warning", time, &json!({"reason": reason}))]})
}

fn said(reason: &str) -> Value {
    let mut told =
        event("x-1", "dispute.updated", "2026-12-01T10:00:00Z", &json!({"reason": reason}));
    told["dispute_id"] = json!("dp_3visa104");
    json!({"add": [told]})
}

/// And a later message of the processor's repeats its category.
fn said_before_category(reason: &str) -> Value {
    let mut told = said(reason);
    let mut later = told["add"][0].clone();
    merge(
        &mut later,
        &json!({"event_id": "x-2", "type": "dispute.funds_withdrawn",
            "event_time": "2026-12-02T10:00:00Z", "data": {"reason": "product_not_received"}}),
    );
    told["add"].as_array_mut().unwrap().push(later);
    told
}

fn three_ds(three_ds: &Value) -> Value {
    json!({"sale": {"card": {"three_ds": three_ds, "network_token": "nt_1"}}})
}

fn moved_with(cryptogram: &str) -> Value {
    three_ds(&json!({"liability_shift": true, "cryptogram": cryptogram}))
}

fn cancelled(time: &str) -> Value {
    json!({"add": [event("x-1", "cancel.requested", time, &json!({}))]})
}

/// A cancellation with more members.
fn cancelled_by(time: &str, more: &Value) -> Value {
    let mut change = cancelled(time);
    merge(&mut change["add"][0], more);
    change
}

/// Names the account and no sale.
fn of_account() -> Value {
    json!({"transaction_id": null, "account_id": "acc-7", "actor": "customer"})
}

/// A support log of one answer of ours, and what came between sale and dispute.
fn logged(time: &str, between: &[&str]) -> Value {
    let data = json!({"contact": {"direction": "out"}});
    let mut add = vec![event("x-1", "support.message", time, &data)];
    add.extend(between.iter().map(|kind| event("x-2", kind, "2026-11-24T00:00:00Z", &json!({}))));
    json!({"drop": ["support.message"], "add": add})
}

fn disputes(count: usize) -> Value {
    let disputed = |number: usize| {
        let mut event =
            event(&format!("d-{number}"), "dispute.created", "2026-10-01T00:00:00Z", &json!({}));
        event["dispute_id"] = json!(format!("dp-{number}"));
        other(&format!("tx-d{number}"), "2026-09-01T00:00:00Z", &[event])
    };
    json!({"others": (0..count).map(disputed).collect::<Vec<_>>()})
}

/// Two sales of the card old enough to count, alike in all but what is merged into both.
fn earlier(change: &Value) -> Value {
    let mut others =
        [other("tx-a", "2026-06-01T10:00:00Z", &[]), other("tx-b", "2026-05-01T10:00:00Z", &[])];
    for other in &mut others {
        join(&mut other["sale"], change);
    }
    json!({"others": others})
}

type Row = (&'static str, &'static str, Answer, Value, &'static [&'static str]);

#[expect(clippy::too_many_lines, reason = "a table of every rule")]
/// Rule, code, answer, change, and for what holds the records, for what is unknown what would decide it.
fn rows() -> Vec<Row> {
    use Answer::{DoesNot as N, Holds as H, Unknown as U};
    const SALE: &[&str] = &["tx-1001"];
    const ADDED: &[&str] = &["x-1"];
    let fraud = "10.4";
    vec![
        ("V104-1", fraud, H, three_ds(&json!({"liability_shift": true})), SALE),
        ("V104-1", fraud, N, three_ds(&json!({"eci": "7", "liability_shift": true})), &[]),
        ("V104-1", fraud, N, three_ds(&json!({"cryptogram": "none"})), &[]),
        ("V104-1", fraud, H, moved_with("cavv "), SALE),
        ("V104-1", fraud, U, moved_with("CAVV_OK"), &["cryptogram"]),
        ("V104-1", fraud, U, moved_with("present"), &["cryptogram"]),
        ("V104-1", fraud, N, three_ds(&json!({"liability_shift": false})), &[]),
        ("V104-1", fraud, U, json!({}), &["cryptogram", "liability_shift"]),
        ("V104-2", fraud, H, three_ds(&json!({"eci": "06", "liability_shift": true})), SALE),
        ("V104-2", fraud, N, json!({}), &[]),
        (
            "V104-2",
            fraud,
            U,
            three_ds(&json!({"eci": "6", "cryptogram": "cavv"})),
            &["liability_shift"],
        ),
        (
            "V104-3",
            fraud,
            H,
            three_ds(&json!({"cryptogram": "TAVV", "liability_shift": true})),
            SALE,
        ),
        ("V104-3", fraud, N, three_ds(&json!({"cryptogram": "cavv"})), &[]),
        ("V104-3", fraud, U, three_ds(&json!({"liability_shift": true})), &["cryptogram"]),
        ("V104-3", fraud, U, moved_with("cryptogram"), &["cryptogram"]),
        ("V104-4", fraud, H, auth("N"), ADDED),
        ("V104-4", fraud, N, auth("M"), &[]),
        ("V104-4", fraud, U, auth("X"), &["cvv"]),
        ("V104-5", fraud, H, auth("U"), ADDED),
        ("V104-5", fraud, N, auth("N"), &[]),
        (
            "V104-5",
            fraud,
            U,
            json!({"sale": {"card": {"cvv_result": "U"}}, "drop": ["auth.result", "capture"]}),
            &["authorization"],
        ),
        (
            "V104-6",
            fraud,
            H,
            json!({"others": [other("tx-a", "2026-06-01T10:00:00Z", &[event("w-1", "fraud.warning",
                "2026-07-01T00:00:00Z", &json!({"reason": "made_with_stolen_card"}))])]}),
            &["w-1"],
        ),
        (
            "V104-6",
            fraud,
            U,
            json!({"others": [other("tx-a", "2026-06-01T10:00:00Z", &[
                event("w-1", "fraud.warning", "2026-07-01T00:00:00Z", &json!({"reason": "D"})),
                event("w-2", "fraud.warning", "2026-11-25T00:00:00Z", &json!({"reason": "1"})),
                event("w-3", "fraud.warning", "2026-07-01T00:00:00Z", &json!({})),
            ])]}),
            &["fraud_warning"],
        ),
        ("V104-7", fraud, H, disputes(36), &[]),
        ("V104-7", fraud, U, disputes(35), &["other_disputes"]),
        ("V104-8", fraud, U, warned("2026-12-02T00:00:00Z", "misc"), &["fraud_warning"]),
        ("V104-8", fraud, N, warned("2026-12-01T23:00:00Z", "misc"), &[]),
        ("V104-8", fraud, U, json!({}), &["fraud_warning"]),
        ("V104-9", fraud, H, warned("2026-11-28T00:00:00Z", "fraudulent_card_application"), ADDED),
        ("V104-9", fraud, H, warned("2026-11-28T00:00:00Z", "d"), ADDED),
        ("V104-9", fraud, N, warned("2026-11-28T00:00:00Z", "made_with_stolen_card"), &[]),
        ("V104-9", fraud, U, warned("2026-11-28T00:00:00Z", "misc"), &["fraud_warning"]),
        ("V104-10", fraud, H, earlier(&json!({})), &["tx-1001", "tx-a", "tx-b"]),
        ("V104-10", fraud, N, json!({}), &[]),
        (
            "V104-10",
            fraud,
            U,
            earlier(&json!({"device": {"ip": null, "device_id": null}})),
            &["ip", "device"],
        ),
        ("V104-10", fraud, U, json!({"sale": {"card": {"fingerprint": null}}}), &["card"]),
        ("V104-11", fraud, H, json!({"opened": "2027-03-28T00:00:00Z"}), &["e-007"]),
        ("V104-11", fraud, U, json!({"opened": "2027-03-27T23:00:00Z"}), &["capture"]),
        ("V104-11", fraud, U, json!({"opened": "2027-03-21T00:00:00Z"}), &["capture"]),
        ("V104-11", fraud, N, json!({"opened": "2027-03-20T23:00:00Z"}), &[]),
        ("V104-11", fraud, N, json!({"drop": ["capture"]}), &[]),
        (
            "V104-11",
            fraud,
            U,
            json!({"drop": ["capture"], "opened": "2027-03-21T00:00:00Z"}),
            &["capture"],
        ),
        ("V131-1", "13.1", H, cancelled("2026-11-20T10:15:04Z"), &["x-1", "e-008"]),
        ("V131-1", "13.1", N, cancelled("2026-11-20T10:15:06Z"), &[]),
        (
            "V131-1",
            "13.1",
            N,
            json!({"add": [event("x-1", "cancel.page_viewed", "2026-11-22T00:00:00Z", &json!({}))]}),
            &[],
        ),
        (
            "V131-1",
            "13.1",
            U,
            cancelled_by("2026-11-20T10:15:04Z", &json!({"actor": "staff"})),
            &["cancellation"],
        ),
        (
            "V131-1",
            "13.1",
            U,
            cancelled_by("2026-11-20T10:15:04Z", &of_account()),
            &["cancellation"],
        ),
        (
            "V131-1",
            "13.1",
            U,
            {
                let mut change = cancelled("2026-11-20T10:15:04Z");
                change["drop"] = json!(["licence.issued"]);
                change
            },
            &["delivery"],
        ),
        ("V131-1", "13.1", U, json!({}), &["cancellation"]),
        ("V131-2", "13.1", H, said("fraud"), ADDED),
        ("V131-2", "13.1", H, said_before_category("fraud"), ADDED),
        ("V131-2", "13.1", N, said("not_received"), &[]),
        ("V131-2", "13.1", U, said("product_not_received"), &["statement"]),
        ("V131-2", "13.1", U, said("fraudulent"), &["statement"]),
        ("V132-1", "13.2", H, cancelled("2026-11-21T00:00:00Z"), ADDED),
        ("V132-1", "13.2", N, cancelled("2026-11-20T23:59:00Z"), &[]),
        ("V132-1", "13.2", U, json!({}), &["cancellation"]),
        (
            "V132-1",
            "13.2",
            U,
            cancelled_by("2026-11-21T00:00:00Z", &json!({"actor": "system"})),
            &["cancellation"],
        ),
        (
            "V132-1",
            "13.2",
            U,
            cancelled_by("2026-11-21T00:00:00Z", &json!({"type": "cancel.effective"})),
            &["cancellation"],
        ),
        (
            "V132-1",
            "13.2",
            U,
            cancelled_by("2026-11-21T00:00:00Z", &of_account()),
            &["cancellation"],
        ),
        ("V132-1", "13.2", U, cancelled("2026-12-02T00:00:00Z"), &["cancellation"]),
        ("V132-2", "13.2", H, json!({}), SALE),
        (
            "V132-2",
            "13.2",
            U,
            json!({"sale": {"type": "top_up", "payment": {"initiator": "merchant"}}}),
            &["initiator"],
        ),
        ("V132-2", "13.2", N, json!({"sale": {"type": "renewal"}}), &[]),
        ("V132-2", "13.2", U, json!({"sale": {"payment": {"initiator": null}}}), &["initiator"]),
        ("V133-1", "13.3", H, logged("2026-11-19T00:00:00Z", &[]), ADDED),
        ("V133-1", "13.3", U, logged("2026-11-24T00:00:00Z", &[]), &["support_log"]),
        (
            "V133-1",
            "13.3",
            U,
            logged("2026-11-19T00:00:00Z", &["refund.offered"]),
            &["support_log"],
        ),
        (
            "V133-1",
            "13.3",
            U,
            logged("2026-11-19T00:00:00Z", &["cancel.effective"]),
            &["support_log"],
        ),
        ("V133-1", "13.3", N, json!({}), &[]),
        (
            "V133-1",
            "13.3",
            N,
            json!({"drop": ["support.message"],
                "add": [event("x-1", "cancel.requested", "2026-11-24T00:00:00Z", &json!({}))]}),
            &[],
        ),
        ("V133-1", "13.3", U, json!({"drop": ["support.message"]}), &["support_log"]),
        ("V133-2", "13.3", H, json!({"opened": "2026-12-04T00:00:00Z"}), &["e-008"]),
        ("V133-2", "13.3", N, json!({"opened": "2026-12-05T00:00:00Z"}), &[]),
        (
            "V133-2",
            "13.3",
            U,
            json!({"drop": ["licence.issued", "licence.activated", "download.completed"]}),
            &["delivery"],
        ),
        ("V135-1", "13.5", H, said("quality"), ADDED),
        ("V135-1", "13.5", N, said("misrepresentation"), &[]),
        ("V135-1", "13.5", U, said("product_unacceptable"), &["statement"]),
        ("V135-1", "13.5", U, said("not_as_described"), &["statement"]),
    ]
}

/// What only the network sees can't be denied from a merchant's record.
const NEVER_DENIED: [&str; 2] = ["V104-6", "V104-7"];
/// What is learnt late can't be affirmed.
const NEVER_AFFIRMED: [&str; 1] = ["V104-8"];

fn finding(case: &CaseFile, rule: &str) -> Finding {
    let found = settled_when_opened(case).invalid;
    found.into_iter().find(|finding| finding.id == rule).unwrap_or_else(|| panic!("{rule}"))
}

#[test]
fn each_rule_holds_does_not_or_is_unknown() {
    for (rule, code, answer, change, names) in rows() {
        let found = finding(&case(("visa", code), &change), rule);
        assert_eq!(found.answer, answer, "{rule} {change}: {found:?}");
        let records: Vec<&str> = found.records.iter().map(|record| record.id.as_str()).collect();
        let missing: Vec<&str> = found.missing.iter().map(|recording| recording.name).collect();
        match answer {
            Answer::Holds if names.is_empty() => assert_eq!(records.len(), 36, "{rule}"),
            Answer::Holds => assert_eq!(records, names, "{rule} {change}"),
            Answer::Unknown => assert_eq!(missing, names, "{rule} {change}"),
            Answer::DoesNot => assert!(!records.is_empty(), "{rule} {change}"),
        }
        assert_eq!(missing.is_empty(), answer != Answer::Unknown, "{rule}");
        assert_eq!(found.ask.is_some(), answer == Answer::Unknown, "{rule}");
    }
}

#[test]
fn every_rule_is_in_the_table_and_every_condition_in_a_rule() {
    let rules = Rulebook::bundled().all_invalid_facts();
    let mut answers: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (rule, _, answer, ..) in rows() {
        answers.entry(rule).or_default().insert(format!("{answer:?}"));
    }
    for rule in rules {
        assert!(!rule.when.is_empty() && rule.letter.as_deref() != Some(""), "{}", rule.id);
        let tried = answers.get(rule.id.as_str()).map_or(0, BTreeSet::len);
        let never = [&NEVER_DENIED[..], &NEVER_AFFIRMED].concat();
        let wanted = 3 - usize::from(never.contains(&rule.id.as_str()));
        assert_eq!(tried, wanted, "{}: {answers:?}", rule.id);
    }
    assert_eq!(answers.len(), rules.len(), "a row of a rule that is gone");
    // The set of conditions as the reader of the data knows it.
    let refused = toml::from_str::<BTreeMap<String, crate::disputes::rulebook::Condition>>(
        "when = \"no such condition\"",
    );
    let refused = refused.unwrap_err().to_string();
    let known: BTreeSet<&str> =
        refused.split('`').skip(3).step_by(2).filter(|name| !name.contains(' ')).collect();
    assert!(known.len() > 15, "{refused}");
    let used: BTreeSet<String> = rules
        .iter()
        .flat_map(|rule| &rule.when)
        .map(|condition| match serde_json::to_value(condition).unwrap() {
            Value::String(name) => name,
            Value::Object(table) => table.keys().next().unwrap().clone(),
            other => panic!("{other}"),
        })
        .collect();
    let used: BTreeSet<&str> = used.iter().map(String::as_str).collect();
    assert_eq!(used, known, "a condition no rule uses");
}

#[test]
fn rules_hold_on_their_days() {
    let ids = |code: &str, day: &str| -> Vec<&str> {
        let case = case(("visa", code), &json!({}));
        settled(&case, Day::of(at(day))).invalid.into_iter().map(|finding| finding.id).collect()
    };
    let (before, after) = ("2026-04-17T23:59:59Z", "2026-04-18T00:00:00Z");
    assert!(!ids("10.4", before).contains(&"V104-5") && ids("10.4", after).contains(&"V104-5"));
    assert_eq!(ids("13.2", before), ["V132-2"]);
    assert_eq!(ids("13.2", after), ["V132-1", "V132-2"]);
    assert_eq!(ids("13.6", after), Vec::<&str>::new());
}

#[test]
fn without_the_sale_nothing_is_known() {
    let mut case = case(("visa", "10.4"), &json!({}));
    (case.transaction, case.events) = (None, Vec::new());
    let found = settled_when_opened(&case);
    assert_eq!(found.invalid.len(), 11);
    for finding in &found.invalid {
        assert_eq!((finding.answer, finding.missing[0].name), (Answer::Unknown, "sale"));
    }
    assert_eq!((found.three_ds, found.first_party_trust), (None, None));
}

#[test]
fn liability_after_three_d_secure() {
    use Likelihood::{Likely as L, Unknown as U, Unlikely as N};
    for (network, code, given, expected, missing) in [
        ("visa", "10.4", json!({"eci": "5"}), L, &[][..]),
        ("visa", "10.4", json!({"eci": "07"}), N, &[]),
        ("visa", "10.4", json!({"eci": "06"}), L, &[]),
        ("visa", "10.4", json!({"eci": "05", "liability_shift": false}), U, &[]),
        ("visa", "10.4", json!({"eci": "07", "liability_shift": true}), U, &[]),
        ("visa", "10.4", json!({"eci": null, "liability_shift": true}), L, &[]),
        ("visa", "10.4", json!({"eci": null}), U, &["three_ds", "liability_shift"]),
        ("visa", "10.4", json!({"eci": "99"}), U, &["liability_shift"]),
        ("mastercard", "4837", json!({"eci": "02"}), L, &[]),
        ("mastercard", "4837", json!({"eci": "05"}), U, &["liability_shift"]),
        ("mastercard", "4837", json!({"eci": "06"}), N, &[]),
    ] {
        let case = case((network, code), &three_ds(&given));
        let found = settled_when_opened(&case).three_ds.unwrap();
        let names: Vec<&str> = found.missing.iter().map(|recording| recording.name).collect();
        assert_eq!((found.issuer_bears, &names[..]), (expected, missing), "{network} {given}");
        assert_eq!(found.records.is_empty(), found.reasons.is_empty(), "{network} {given}");
        let is_sourced = found.source.is_some() && found.confidence.is_some();
        let by_table = found
            .reasons
            .iter()
            .any(|reason| reason.starts_with("ECI") && !reason.contains("no row"));
        assert_eq!(is_sourced, by_table, "{found:?}");
    }
    for (network, code) in [
        ("visa", "13.1"),
        ("mastercard", "4853"),
        ("amex", "C08"),
        ("visa", "10.1"),
        ("visa", "10.5"),
        ("amex", "FR2"),
        ("mastercard", "4849"),
    ] {
        let case = case((network, code), &three_ds(&json!({"liability_shift": true})));
        assert_eq!(settled_when_opened(&case).three_ds, None, "{network} {code}");
    }
}

#[test]
fn first_party_trust_by_elements_of_each_kind() {
    use Likelihood::{Likely as L, Unknown as U, Unlikely as N};
    let both = |mut one: Value, other: &Value| {
        join(&mut one, other);
        one
    };
    let bare = json!({"sale": {"account": {"email": null, "id": null}}});
    for (change, expected, missing) in [
        (earlier(&json!({})), L, &[][..]),
        (json!({}), N, &[]),
        (earlier(&json!({"account": {"email": "other@example.com"}})), N, &[]),
        // An address shared with an older pair than the rule takes.
        (
            json!({"others": [other("tx-a", "2025-06-01T10:00:00Z", &[]),
                other("tx-b", "2026-11-01T10:00:00Z", &[])]}),
            N,
            &[],
        ),
        (both(earlier(&json!({})), &bare), U, &["email"]),
        (earlier(&json!({"account": {"email": null}})), U, &["email"]),
        // What one sale lacks decides nothing while two are wanted.
        (
            {
                let mut one = earlier(&json!({"account": {"email": null}}));
                one["others"].as_array_mut().unwrap().truncate(1);
                one
            },
            N,
            &[],
        ),
        (both(earlier(&json!({})), &json!({"sale": {"card": {"fingerprint": null}}})), L, &[]),
        (json!({"sale": {"card": {"fingerprint": null}}}), U, &["card"]),
    ] {
        let case = case(("mastercard", "4837"), &change);
        let found = settled_when_opened(&case).first_party_trust.unwrap();
        let names: Vec<&str> = found.missing.iter().map(|recording| recording.name).collect();
        assert_eq!((found.issuer_bears, &names[..]), (expected, missing), "{change}: {found:?}");
        assert_eq!(found.records.len(), if expected == L { 3 } else { 1 }, "{change}");
        assert_eq!(found.confidence, Some("disputed"));
    }
    let apart = |code, opened: &str| {
        let case = case(("mastercard", code), &json!({"opened": opened}));
        settled_when_opened(&case).first_party_trust
    };
    assert_eq!(apart("4853", "2026-12-01T00:00:00Z"), None);
    assert_eq!(apart("4837", "2024-09-30T00:00:00Z"), None, "before the programme began");
    assert!(settled_when_opened(&case(("visa", "10.4"), &json!({}))).first_party_trust.is_none());
}

#[test]
fn what_nobody_looked_up_is_never_sure() {
    for answer in [Likelihood::Likely, Likelihood::Unlikely, Likelihood::Unknown] {
        assert_eq!(at_most(answer, Confidence::General), Likelihood::Unknown);
        assert_eq!(at_most(answer, Confidence::Primary), answer);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn neither_order_repetition_nor_another_sale_changes_an_answer(
        pick in any::<prop::sample::Index>(), turn in 0..24_usize,
    ) {
        let rows = rows();
        let (_, code, _, change, _) = &rows[pick.index(rows.len())];
        let case = case(("visa", code), change);
        let mut other = case.clone();
        let middle = turn.min(other.events.len());
        other.events.rotate_left(middle);
        other.events.extend(case.events.first().cloned());
        let mut stranger = case.events[0].clone();
        stranger.event_id = crate::domain::EventId::new("stranger").unwrap();
        stranger.account_id = crate::domain::AccountId::new("acc-8").ok();
        stranger.kind = EventKind::CancelRequested;
        other.events.push(stranger);
        prop_assert_eq!(settled_when_opened(&other), settled_when_opened(&case));
    }

    #[test]
    fn any_claim_is_answered(reason in prop::sample::select(DisputeReason::ALL.to_vec()), code in "[0-9.]{0,6}") {
        let mut case = case(("visa", "10.4"), &json!({}));
        case.dispute.reason = reason;
        case.dispute.network_reason_code = Text::new(&code).ok();
        let found = settled_when_opened(&case);
        let known = ["10.4", "13.1", "13.2", "13.3", "13.5"].contains(&code.as_str());
        prop_assert_eq!(found.invalid.is_empty(), !known);
    }
}
