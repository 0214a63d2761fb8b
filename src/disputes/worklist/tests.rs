//! The worklist over a record in memory.

use super::*;
use crate::disputes::Intake;
use crate::disputes::memory::{Memory, message};
use crate::domain::{
    DisputeId, DisputeReason, DisputeStage, DisputeStatus, EventId, EventKind, Text, TransactionId,
};
use serde_json::json;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-12-05T00:00:00Z")
}

fn terms() -> DisputeTerms {
    DisputeTerms { explore_bp: 0, ..DisputeTerms::default() }
}

/// Euro for dollar, and nothing else.
fn convert(value: Decimal, from: Currency, to: Currency) -> Option<Decimal> {
    let known = ["EUR", "USD"];
    let is_known = |currency: Currency| known.contains(&currency.code());
    (is_known(from) && is_known(to)).then_some(value)
}

fn of(memory: &Memory) -> Worklist {
    worklist(memory, &terms(), &convert, 100, now()).unwrap()
}

/// A report of the sale of the case.
fn report(name: &str) -> Intake {
    let mut report = message(name);
    report.dispute.as_mut().unwrap().transaction_id = TransactionId::new("tx-1001").ok();
    report
}

fn case() -> Memory {
    let mut memory = Memory::with("licence");
    memory.record_report(&report("visa_13_1_created")).unwrap();
    memory
}

/// Another dispute of the same sale, which ended so.
fn ended(memory: &mut Memory, number: usize, status: DisputeStatus, is_answered: bool) {
    let reviewed = is_answered.then_some(DisputeStatus::UnderReview);
    for (second, state) in (1..).zip(reviewed.into_iter().chain([status])) {
        let mut report = report("visa_13_1_created");
        let dispute = report.dispute.as_mut().unwrap();
        dispute.id = DisputeId::new(&format!("dp_{number}")).unwrap();
        dispute.status = state;
        dispute.updated_at = dispute.updated_at.plus_millis(second);
        dispute.updated_by = EventId::new(&format!("evt-{number}-{state}")).unwrap();
        report.event.event_id = dispute.updated_by.clone();
        memory.record_report(&report).unwrap();
    }
}

#[test]
fn a_dispute_is_fought_or_accepted_by_its_value() {
    let list = of(&case());
    let [item] = &list.items[..] else { panic!("{list:?}") };
    assert_eq!((item.kind, item.id.as_str()), (WorkKind::Dispute, "dp_4visa131"));
    let win = item.win.as_ref().unwrap();
    assert_eq!((win.cases, win.prior_cases, win.confidence), (0, 20, "primary"));
    assert!(win.low_bp < win.bp && win.bp < win.high_bp, "{win:?}");
    assert_eq!(item.advice, Advice::Fight);
    // w = p · 0.85 of 49.00, less 3.00 of work.
    let kept = Decimal::from(win.bp) / Decimal::from(10_000) * Decimal::new(85, 2);
    let value = (kept * Decimal::new(4_900, 2) - Decimal::from(3)).round_dp(2);
    assert_eq!(item.choices[0], Choice { advice: Advice::Fight, value });
    assert_eq!(item.gain, Some(value));
    let dear = DisputeTerms { work: Decimal::from(100), ..terms() };
    let list = worklist(&case(), &dear, &convert, 100, now()).unwrap();
    assert_eq!(list.items[0].advice, Advice::Accept, "the work costs more than it brings");
}

#[test]
fn own_outcomes_move_the_chance_and_accepted_ones_do_not() {
    let bp = |wins: usize, losses: usize, accepted: usize| {
        let mut memory = case();
        let ends = [(DisputeStatus::Won, wins, true), (DisputeStatus::Lost, losses, true)];
        let ends = ends.into_iter().chain([(DisputeStatus::Lost, accepted, false)]);
        let mut number = 0;
        for (status, count, is_answered) in ends {
            for _ in 0..count {
                number += 1;
                ended(&mut memory, number, status, is_answered);
            }
        }
        let list = of(&memory);
        let win = list.items[0].win.clone().unwrap();
        (win.bp, win.cases, win.high_bp - win.low_bp)
    };
    let none = bp(0, 0, 0);
    assert_eq!(bp(0, 0, 5), none, "nobody read any evidence");
    let won = bp(10, 0, 0);
    assert!(won.0 > none.0 && won.1 == 10, "{won:?}");
    let lost = bp(0, 10, 0);
    assert!(lost.0 < none.0 && lost.1 == 10, "{lost:?}");
    let many = bp(20, 20, 0);
    assert!(many.1 == 40 && many.2 < none.2, "more cases, a narrower range: {many:?}");
}

#[test]
fn what_nobody_reads_is_accepted_and_what_is_over_is_not_listed() {
    let mut memory = case();
    let id = DisputeId::new("dp_4visa131").unwrap();
    memory.reports[0].dispute.as_mut().unwrap().network = Some(Text::new("sepa").unwrap());
    memory.reports[0].dispute.as_mut().unwrap().network_reason_code =
        Some(Text::new("MD06").unwrap());
    let item = of(&memory).items.remove(0);
    assert_eq!((item.win, item.advice), (None, Advice::Accept));
    // Evidence was sent, and the processor's word is still under way.
    let mut sent = message("visa_13_1_created");
    sent.dispute = None;
    sent.event.kind = EventKind::EvidenceSubmitted;
    sent.event.event_id = EventId::new("evidence-submitted-1-x").unwrap();
    sent.event.dispute_id = Some(id);
    memory.record_report(&sent).unwrap();
    assert!(of(&memory).items.is_empty());
    let late = worklist(&case(), &terms(), &convert, 100, at("2027-12-05T00:00:00Z")).unwrap();
    assert!(late.items.is_empty(), "past due");
}

fn notice(memory: &mut Memory, id: &str, kind: &str, topic: Option<&str>, time: &str) {
    let mut event = json!({"event_id": id, "type": kind, "event_time": time,
        "transaction_id": "tx-1001", "account_id": "acc-7"});
    if let Some(topic) = topic {
        event["data"] = json!({"contact": {"direction": "in", "topic": topic}});
    }
    memory.events.push(serde_json::from_value(event).unwrap());
}

fn refund(memory: &mut Memory, id: &str, value: &str, time: &str) {
    let event = json!({"event_id": id, "type": "refund", "event_time": time,
        "transaction_id": "tx-1001", "data": {"amount": {"value": value, "currency": "EUR"}}});
    memory.events.push(serde_json::from_value(event).unwrap());
}

#[test]
fn a_refund_of_a_part_ends_only_what_asked_for_it() {
    let listed = |notices: &[(&str, Option<&str>)], refunds: &[(&str, &str)]| -> Vec<WorkKind> {
        let mut memory = Memory::with("licence"); // 49.00 EUR
        memory.events.retain(|event| !event.kind.is_notice());
        for (number, (kind, topic)) in notices.iter().enumerate() {
            let id = format!("n-{number}");
            notice(&mut memory, &id, kind, *topic, "2026-11-30T10:00:00Z");
        }
        for (number, (value, time)) in refunds.iter().enumerate() {
            refund(&mut memory, &format!("r-{number}"), value, time);
        }
        of(&memory).items.iter().map(|item| item.kind).collect()
    };
    let (earlier, later) = ("2026-11-29T10:00:00Z", "2026-12-01T10:00:00Z");
    let request = ("support.message", Some("refund"));
    let warning = ("fraud.warning", None);
    assert_eq!(listed(&[request], &[("10.00", earlier)]), [WorkKind::RefundRequest]);
    assert_eq!(listed(&[request], &[("10.00", later)]), []);
    assert_eq!(listed(&[warning], &[("10.00", later)]), [WorkKind::Warning]);
    assert_eq!(listed(&[warning], &[("10.00", earlier), ("39.00", later)]), []);
    assert_eq!(listed(&[warning, request], &[("10.00", later)]), [WorkKind::Warning]);
}

/// 49.00 EUR were paid: 10.00 of them given back, then 25.00 more.
#[test]
fn a_sale_refunded_in_part_is_valued_by_the_rest() {
    let of_kind = |stage: Option<DisputeStage>, refunds: &[&str]| {
        let mut memory = Memory::with("licence");
        memory.events.retain(|event| !event.kind.is_notice());
        match stage {
            Some(stage) => {
                memory.record_report(&report("visa_13_1_created")).unwrap();
                memory.reports[0].dispute.as_mut().unwrap().stage = stage;
            }
            None => notice(&mut memory, "w", "fraud.warning", None, "2026-11-30T10:00:00Z"),
        }
        for (number, value) in refunds.iter().enumerate() {
            refund(&mut memory, &format!("r-{number}"), value, "2026-11-29T10:00:00Z");
        }
        of(&memory).items.remove(0)
    };
    let at_stake = |stage, refunds: &[&str]| of_kind(stage, refunds).amount.value().to_string();
    for stage in [None, Some(DisputeStage::Inquiry)] {
        assert_eq!(at_stake(stage, &[]), "49.00", "{stage:?}");
        assert_eq!(at_stake(stage, &["10.00"]), "39.00", "{stage:?}");
        assert_eq!(at_stake(stage, &["10.00", "25.00"]), "14.00", "{stage:?}");
        let cost = |refunds: &[&str]| {
            let choices = of_kind(stage, refunds).choices;
            choices.iter().find(|choice| choice.advice == Advice::Refund).unwrap().value
        };
        assert_eq!(cost(&["10.00", "25.00"]), Decimal::new(-1_400, 2), "{stage:?}");
        assert_eq!(cost(&[]), Decimal::new(-4_900, 2), "{stage:?}");
    }
    // Its money is gone, all of it, and all of it can be won back.
    assert_eq!(at_stake(Some(DisputeStage::Chargeback), &["10.00"]), "49.00");
}

#[test]
fn what_comes_before_a_dispute_is_ranked_until_it_is_refunded_or_disputed() {
    let mut memory = Memory::with("licence");
    memory.events.retain(|event| !event.kind.is_notice());
    memory.sales[0].card.as_mut().unwrap().three_ds = None; // the loss stays ours
    notice(&mut memory, "m-1", "support.message", Some("complaint"), "2026-11-30T10:00:00Z");
    let item = of(&memory).items.remove(0);
    assert_eq!((item.kind, item.advice), (WorkKind::Complaint, Advice::Wait));
    assert_eq!(item.becomes_dispute.as_ref().unwrap().confidence, "general");
    notice(&mut memory, "m-2", "support.message", Some("refund"), "2026-11-30T11:00:00Z");
    notice(&mut memory, "m-3", "support.message", Some("invoice"), "2026-11-30T12:00:00Z");
    assert_eq!(of(&memory).items[0].kind, WorkKind::RefundRequest);
    notice(&mut memory, "w-1", "fraud.warning", None, "2026-11-30T13:00:00Z");
    let list = of(&memory);
    let [item] = &list.items[..] else { panic!("one of a sale: {list:?}") };
    assert_eq!((item.kind, item.becomes_dispute.as_ref().unwrap().bp), (WorkKind::Warning, 8_000));
    // 0.8 · (49 + 20 − …) is more than 49: the fee makes a refund the cheaper way.
    assert_eq!(item.advice, Advice::Refund, "{item:?}");
    assert!(item.choices[0].value > item.choices[1].value);
    let mut disputed = memory;
    let mut refunded = Memory { events: disputed.events.clone(), ..Memory::default() };
    refunded.sales = disputed.sales.clone();
    refund(&mut refunded, "r-1", "49.00", "2026-12-01T10:00:00Z");
    assert!(of(&refunded).items.is_empty());
    disputed.record_report(&report("visa_13_1_created")).unwrap();
    let items = of(&disputed).items;
    assert_eq!(items.iter().map(|item| item.kind).collect::<Vec<_>>(), [WorkKind::Dispute]);
}

#[test]
fn fraud_reports_that_became_disputes_are_counted() {
    let mut memory = Memory::with("licence");
    memory.events.retain(|event| !event.kind.is_notice());
    notice(&mut memory, "w-1", "fraud.warning", None, "2026-11-21T13:00:00Z");
    memory.record_report(&report("visa_13_1_created")).unwrap();
    let later = at("2027-02-10T00:00:00Z");
    let past = past::Past::read(&memory, &memory.disputes().unwrap(), later).unwrap();
    let chance = past.becomes(crate::disputes::rulebook::Before::Warning).unwrap();
    assert_eq!((chance.cases, chance.hits), (1, 1));
    let early = past::Past::read(&memory, &memory.disputes().unwrap(), now()).unwrap();
    let chance = early.becomes(crate::disputes::rulebook::Before::Warning).unwrap();
    assert_eq!(chance.cases, 0, "too young to tell");
}

#[test]
fn a_fraud_report_after_its_dispute_counts_neither_way() {
    let mut memory = Memory::with("licence");
    memory.events.retain(|event| !event.kind.is_notice());
    let first = report("visa_13_1_created");
    let opened = first.dispute.as_ref().unwrap().opened_at;
    memory.record_report(&first).unwrap();
    let counted = |memory: &Memory| {
        let later = at("2027-02-10T00:00:00Z");
        let past = past::Past::read(memory, &memory.disputes().unwrap(), later).unwrap();
        let chance = past.becomes(crate::disputes::rulebook::Before::Warning).unwrap();
        (chance.cases, chance.hits)
    };
    let after = opened.plus_millis(DAY_MS).to_string();
    notice(&mut memory, "w-1", "fraud.warning", None, &after);
    assert_eq!(counted(&memory), (0, 0));
    // A second dispute of the sale does not make it one that came before.
    let mut second = first;
    let dispute = second.dispute.as_mut().unwrap();
    dispute.id = DisputeId::new("dp_second").unwrap();
    dispute.opened_at = opened.plus_millis(2 * DAY_MS);
    dispute.updated_by = EventId::new("evt-second").unwrap();
    second.event.event_id = dispute.updated_by.clone();
    memory.record_report(&second).unwrap();
    assert_eq!(counted(&memory), (0, 0));
    let before = opened.plus_millis(-DAY_MS).to_string();
    notice(&mut memory, "w-0", "fraud.warning", None, &before);
    assert_eq!(counted(&memory), (1, 1));
}

#[test]
fn an_inquiry_is_answered_or_refunded_before_money_moves() {
    let mut memory = case();
    memory.reports[0].dispute.as_mut().unwrap().stage = DisputeStage::Inquiry;
    let item = of(&memory).items.remove(0);
    assert_eq!(item.kind, WorkKind::Inquiry);
    let mut choices: Vec<Advice> = item.choices.iter().map(|choice| choice.advice).collect();
    choices.sort();
    assert_eq!(choices, [Advice::Fight, Advice::Refund, Advice::Wait]);
    assert_ne!(item.advice, Advice::Wait, "an inquiry that nobody answers can hardly be won");
}

#[test]
fn what_is_due_comes_first_then_what_gains_most_and_the_rest_is_said() {
    let mut memory = Memory::with("licence");
    for number in 0..60_i64 {
        let mut report = message("visa_13_1_created");
        let dispute = report.dispute.as_mut().unwrap();
        dispute.id = DisputeId::new(&format!("dp_{number:02}")).unwrap();
        let currency = dispute.amount.currency();
        dispute.amount =
            crate::domain::Amount::new(Decimal::from(10 + number % 7 * 50), currency).unwrap();
        dispute.evidence_due_by = Some(now().plus_millis((number + 1) * DAY_MS / 2));
        dispute.updated_by = EventId::new(&format!("evt-{number}")).unwrap();
        report.event.event_id = dispute.updated_by.clone();
        memory.record_report(&report).unwrap();
    }
    let list = worklist(&memory, &terms(), &convert, 20, now()).unwrap();
    assert_eq!((list.items.len(), list.rest), (20, 40));
    let rings = |item: &WorkItem| item.deadline.as_ref().unwrap().alarm_hours.is_some();
    let urgent = list.items.iter().take_while(|item| rings(item)).count();
    assert_eq!(urgent, 6, "due within three days");
    let left = |item: &WorkItem| item.deadline.as_ref().unwrap().left_ms;
    assert!(list.items[..urgent].is_sorted_by_key(left));
    assert!(list.items[urgent..].is_sorted_by(|a, b| a.gain >= b.gain));
    assert!(!list.items[urgent..].iter().any(rings));
}

#[test]
fn a_few_that_do_not_pay_are_fought_to_learn_the_same_ones_at_every_look() {
    let mut memory = case();
    memory.reports[0].dispute.as_mut().unwrap().amount =
        crate::domain::Amount::parse("2.00", "EUR".parse().unwrap()).unwrap();
    let with = |explore_bp, below: i64| {
        let terms = DisputeTerms { explore_bp, explore_below: below.into(), ..terms() };
        let item = worklist(&memory, &terms, &convert, 100, now()).unwrap().items.remove(0);
        (item.advice, item.explores)
    };
    assert_eq!(with(0, 20), (Advice::Accept, false));
    assert_eq!(with(10_000, 20), (Advice::Fight, true));
    assert_eq!(with(10_000, 20), with(10_000, 20));
    assert_eq!(with(10_000, 2), (Advice::Accept, false), "too dear to learn from");
}

#[test]
fn what_is_not_read_or_is_erased_is_said() {
    let mut memory = case();
    assert_eq!(of(&memory).notes, [""; 0]);
    memory.cut = true;
    memory.erased = (2, 3);
    let notes = of(&memory).notes;
    assert!(notes.iter().any(|note| note.contains("the oldest are left out")), "{notes:?}");
    // Of this month and the one before three each.
    let erased = notes.iter().find(|note| note.contains("erased")).unwrap();
    assert!(erased.contains("2 disputes") && erased.contains("6 sales"), "{erased}");
}

#[test]
fn without_a_rate_the_amount_alone_counts_and_says_so() {
    let mut memory = case();
    memory.reports[0].dispute.as_mut().unwrap().amount =
        crate::domain::Amount::parse("5000", "JPY".parse().unwrap()).unwrap();
    let item = of(&memory).items.remove(0);
    assert!(item.unpriced && item.gain.is_none() && item.advice == Advice::Fight, "{item:?}");
}

#[test]
fn an_unknown_sale_has_no_evidence_and_the_worst_chance() {
    let mut memory = case();
    let known = of(&memory).items.remove(0);
    memory.sales.clear();
    let item = of(&memory).items.remove(0);
    assert_eq!((item.evidence.bp, item.win.as_ref().unwrap().prior_bp), (0, 500));
    assert!(item.win.unwrap().bp < known.win.unwrap().bp);
    assert_eq!(item.category, known.category);
}

#[test]
fn a_rule_that_moves_the_loss_to_the_issuer_raises_the_chance() {
    let mut memory = Memory::with("licence");
    memory.record_report(&message("visa_10_4_created")).unwrap();
    memory.sales[0].card.as_mut().unwrap().three_ds = None;
    let plain = of(&memory).items.remove(0);
    assert_eq!(memory.reports[0].dispute.as_ref().unwrap().reason, DisputeReason::Fraud);
    memory.sales[0].card.as_mut().unwrap().three_ds =
        serde_json::from_value(json!({"eci": "05", "liability_shift": true})).unwrap();
    let shifted = of(&memory).items.remove(0);
    assert!(!plain.liability_moves && shifted.liability_moves);
    assert!(shifted.win.unwrap().bp > plain.win.unwrap().bp);
    // The approval says otherwise than the checkout: the plan and the worklist read the same.
    let approval = json!({"event_id": "x-1", "type": "auth.result", "event_time": "2026-11-20T10:15:01Z",
        "transaction_id": "tx-1001",
        "data": {"outcome": "approved", "three_ds": {"eci": "07", "liability_shift": false}}});
    memory.events.push(serde_json::from_value(approval).unwrap());
    assert!(!of(&memory).items.remove(0).liability_moves);
}

#[test]
fn what_ends_a_dispute_raises_the_chance_as_a_guess_that_says_so() {
    let item = |time: &str| {
        let mut memory = case();
        let event = json!({"event_id": "x-1", "type": "cancel.requested", "event_time": time,
            "transaction_id": "tx-1001"});
        memory.events.retain(|event| event.kind == EventKind::LicenceIssued);
        memory.events.push(serde_json::from_value(event).unwrap());
        of(&memory).items.remove(0)
    };
    // The licence key was issued at 10:15:05.
    let (none, ended) = (item("2026-11-20T10:15:06Z"), item("2026-11-20T10:15:04Z"));
    assert_eq!((&none.invalid_by[..], &ended.invalid_by[..]), (&[][..], &["V131-1"][..]));
    let (none, ended) = (none.win.unwrap(), ended.win.unwrap());
    assert!(ended.bp > none.bp, "{none:?} {ended:?}");
    assert_eq!((ended.confidence, none.confidence), ("general", "primary"));
    let early = {
        let mut report = report("visa_13_1_created");
        report.dispute.as_mut().unwrap().network_reason_code = Some(Text::new("13.3").unwrap());
        let mut memory = Memory::with("licence");
        memory.record_report(&report).unwrap();
        of(&memory).items.remove(0)
    };
    assert!(early.invalid_by.is_empty(), "V133-2 holds, and is hearsay: {early:?}");
}
