//! Plans: everything missing is told with a line that would do.

use super::*;
use crate::disputes::memory::{Memory, message};
use crate::disputes::packet::CaseFile;
use crate::disputes::recording::ALL;
use crate::disputes::rulebook::{Day, Rulebook};
use crate::disputes::worklist::Advice;
use crate::domain::{Currency, Event, Timestamp, Transaction};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn same(value: Decimal, from: Currency, to: Currency) -> Option<Decimal> {
    (from == to).then_some(value)
}

fn plan_at(memory: &Memory, id: &str, now: &str) -> Option<CasePlan> {
    let id = DisputeId::new(id).unwrap();
    plan(memory, &id, &DisputeTerms::default(), &same, at(now)).unwrap()
}

#[test]
fn a_plan_says_what_is_there_what_is_not_and_what_to_do() {
    let mut memory = Memory::with("licence");
    memory.record_report(&message("visa_13_1_created")).unwrap();
    let full = plan_at(&memory, "dp_4visa131", "2026-12-05T00:00:00Z").unwrap();
    assert_eq!(full.title, Some("Merchandise or services not received"));
    assert_eq!(full.deadline.source.as_deref(), Some("evidence_details.due_by"));
    let made = full.recommendation.as_ref().unwrap();
    assert_eq!((made.advice, made.choices.len()), (Advice::Fight, 2));
    let state = |plan: &CasePlan, name: &str| {
        let item = plan.exhibits.iter().find(|item| item.name == name).unwrap();
        (item.present, item.how.map(|how| how.name))
    };
    assert_eq!(state(&full, "delivery"), (true, None));
    assert_eq!(state(&full, "refund"), (false, Some("refund")));
    assert!(full.exhibits.is_sorted_by_key(|item| item.level), "required first");
    memory.events.clear();
    let bare = plan_at(&memory, "dp_4visa131", "2026-12-05T00:00:00Z").unwrap();
    assert!(bare.completeness_bp <= 4_000 && bare.completeness_bp < full.completeness_bp);
    assert_eq!(state(&bare, "delivery"), (false, Some("delivery")));
    let late = plan_at(&memory, "dp_4visa131", "2027-12-05T00:00:00Z").unwrap();
    assert_eq!(late.recommendation, None, "past due");
    assert_eq!(plan_at(&memory, "dp_none", "2026-12-05T00:00:00Z"), None);
}

#[test]
fn everything_that_may_be_missing_can_be_recorded() {
    let today = Day::of(at("2026-11-23T00:00:00Z"));
    for category in DisputeCategory::ALL {
        for item in &Rulebook::bundled().evidence(*category, today).unwrap().items {
            assert!(recording(&item.name).is_some(), "{category}: {}", item.name);
        }
    }
    let names: BTreeSet<&str> = ALL.iter().map(|recording| recording.name).collect();
    assert_eq!(names.len(), ALL.len());
}

/// The barest sale of the examples, with what an example adds.
fn with_example(example: &Value, is_event: bool) -> CaseFile {
    let mut sale = json!({"transaction_id": "tx-1001", "type": "purchase",
        "event_time": "2026-11-20T10:15:00Z", "account": {"id": "acc-7"}});
    if !is_event {
        sale.as_object_mut().unwrap().extend(example.as_object().unwrap().clone());
    }
    let sale: Transaction = serde_json::from_value(sale).unwrap();
    let event = is_event.then(|| serde_json::from_value::<Event>(example.clone()).unwrap());
    assert!(event.iter().all(|event| event.check().is_ok()));
    CaseFile {
        dispute: message("visa_10_4_created").dispute.unwrap(),
        transaction: Some(sale),
        decision: None,
        events: event.into_iter().collect(),
        other_sales: Vec::new(),
        files: Vec::new(),
    }
}

#[test]
fn every_example_is_taken_and_answers_what_it_is_for() {
    let mut answered = BTreeSet::new();
    for recording in &ALL {
        let example: Value = serde_json::from_str(recording.example).unwrap();
        let kind = recording.event.map(|kind| json!(kind));
        assert_eq!(kind.as_ref(), example.get("event_id").and(example.get("type")));
        assert_eq!(recording.to.ends_with("events"), kind.is_some(), "{}", recording.name);
        assert!(!recording.example.contains('\n'));
        let mut case = with_example(&example, kind.is_some());
        for category in DisputeCategory::ALL {
            // A code the rulebook does not have: the claim alone decides what is asked.
            case.dispute.network_reason_code = None;
            let Some(reason) = category.reason() else { continue };
            case.dispute.reason = reason;
            let items = packet::items(&case);
            if let Some(item) = items.iter().find(|item| item.name == recording.name) {
                let needs_more = recording.name == "prior_payments";
                assert_eq!(item.present, !needs_more, "{category}: {}", recording.name);
                answered.insert(recording.name);
            }
        }
    }
    assert!(answered.len() > 20, "{answered:?}");
}
