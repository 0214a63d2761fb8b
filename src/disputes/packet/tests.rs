//! Packets: what is printed, what never is, and that every sentence has its records.

use super::*;
use crate::disputes::stripe;
use crate::domain::{
    AccountId, Actor, DisputeReason, LicenceId, OrderId, Text, Timestamp, TransactionId,
};
use facts::Facts;
use proptest::prelude::*;
use serde_json::{Value, json};

const LICENCE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cases/licence.json"));
const RENEWAL: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cases/renewal.json"));
const DISPUTE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stripe/visa_10_4_created.json"));

fn case(file: &str, reason: DisputeReason) -> CaseFile {
    let file: Value = serde_json::from_str(file).unwrap();
    let mut dispute = stripe::read(DISPUTE.as_bytes()).unwrap().dispute.unwrap();
    dispute.reason = reason;
    CaseFile {
        dispute,
        transaction: Some(serde_json::from_value(file["transaction"].clone()).unwrap()),
        decision: None,
        events: serde_json::from_value(file["events"].clone()).unwrap(),
        other_sales: Vec::new(),
        files: Vec::new(),
    }
}

fn event(id: &str, kind: &str, time: &str, more: &Value) -> Event {
    let mut event =
        json!({"event_id": id, "type": kind, "event_time": time, "account_id": "acc-7"});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(event).unwrap()
}

fn points_of(case: &CaseFile) -> Vec<Point> {
    let plan = plan::plan(case.dispute.reason);
    let draft = Draft::of(case, plan, MAX_ROWS);
    let (mut points, said) = settled::points(&draft);
    let usual = plan.points.iter().filter_map(|template| template(&draft));
    points.extend(usual.filter(|point| !said.contains(&point.sentence)));
    points
}

fn sentences(case: &CaseFile) -> Vec<String> {
    points_of(case).into_iter().map(|point| point.sentence).collect()
}

/// The case without the records a point stands on.
fn without(case: &CaseFile, point: &Point) -> CaseFile {
    let plan = plan::plan(case.dispute.reason);
    let sheets = Draft::of(case, plan, MAX_ROWS).sheets;
    let mut less = case.clone();
    let sale = less.transaction.as_mut().unwrap();
    for cite in &point.cites {
        let sheet = sheets.iter().find(|sheet| sheet.kind == cite.kind).unwrap();
        for row in &cite.rows {
            match sheet.rows[row - 1].source {
                Source::Event(cited) => less.events.retain(|e| e.event_id != cited.event_id),
                Source::Prior(cited) => less
                    .other_sales
                    .retain(|other| other.transaction.transaction_id != cited.transaction_id),
                Source::Sale(sale::SaleFact::Compared) => {}
                Source::Sale(sale::SaleFact::Order) => sale.order_id = None,
                Source::Sale(sale::SaleFact::Charge) => sale.amount = None,
                Source::Sale(sale::SaleFact::Agreement) => sale.subscription = None,
                Source::Sale(sale::SaleFact::Checks) => sale.card = None,
                Source::Sale(sale::SaleFact::Terms) => sale.terms = None,
                Source::Sale(sale::SaleFact::Account) => sale.account = None,
                Source::Sale(sale::SaleFact::Device) => sale.device = None,
            }
        }
    }
    less
}

#[test]
fn the_strongest_answers_come_first() {
    for (file, reason, expected) in [
        (LICENCE, DisputeReason::Fraud, "The issuer authenticated the cardholder by 3-D Secure"),
        (LICENCE, DisputeReason::NotReceived, "For this purchase a licence key was issued"),
        (LICENCE, DisputeReason::NotAsDescribed, "Between the purchase and the dispute"),
        (LICENCE, DisputeReason::Unrecognized, "The checkout page showed"),
        (LICENCE, DisputeReason::Duplicate, "The charge is for order o-77"),
        (LICENCE, DisputeReason::Processing, "The card issuer approved"),
        (LICENCE, DisputeReason::CreditNotProcessed, "The refund or cancellation policy"),
        (RENEWAL, DisputeReason::SubscriptionCancelled, "The first request to cancel on record"),
    ] {
        let first = sentences(&case(file, reason)).remove(0);
        assert!(first.starts_with(expected), "{reason}: {first}");
    }
}

#[test]
fn a_refund_answers_first_whatever_is_claimed() {
    for reason in DisputeReason::ALL {
        let mut case = case(LICENCE, *reason);
        let amount = json!({"transaction_id": "tx-1001",
            "data": {"amount": {"value": "49.00", "currency": "EUR"}}});
        case.events.push(event("x-1", "refund", "2026-11-28T00:00:00Z", &amount));
        let first = points_of(&case).remove(0).to_string();
        assert_eq!(
            first,
            "Money was refunded: 49.00 EUR on 2026-11-28 00:00:00 UTC, before the dispute was \
             opened (Exhibit E, row 1)."
        );
    }
}

#[test]
fn what_ends_the_dispute_leads_the_letter() {
    let of = |reason, code: &str, id: &str, kind: &str, time: &str, data: Value| {
        let mut case = case(LICENCE, reason);
        case.dispute.network_reason_code = Some(Text::new(code).unwrap());
        let more = json!({"transaction_id": "tx-1001", "data": data});
        case.events.push(event(id, kind, time, &more));
        case
    };
    let cancelled = "2026-11-20T10:15:04Z";
    let case =
        of(DisputeReason::NotReceived, "13.1", "x-1", "cancel.requested", cancelled, json!({}));
    let packet = text(&case);
    assert!(!packet.text.contains("cancelled before"), "no letter, no sentence: {}", packet.text);
    assert!(!packet.warnings.iter().any(|warning| warning.contains("V131-1")));
    let report = json!({"reason": "fraudulent_card_application"});
    let case =
        of(DisputeReason::Fraud, "10.4", "x-1", "fraud.warning", "2026-11-28T00:00:00Z", report);
    let packet = text(&case);
    let lead = points_of(&case).remove(0).to_string();
    let end =
        "; as we understand Visa's rules, this excludes a dispute under 10.4 (Exhibit H, row 1).";
    assert!(lead.ends_with(end), "one account of the rules is not the rules: {lead}");
    let exhibit = packet.exhibits.last().unwrap();
    assert_eq!((exhibit.letter, exhibit.event_ids.len()), ('H', 1));
    assert!(exhibit.text.contains("fraudulent_card_application"), "{}", exhibit.text);
    // A sentence with dates stands in place of the data's, and is said once.
    let renewed = "2026-11-22T00:00:00Z";
    let reason = DisputeReason::SubscriptionCancelled;
    let case = of(reason, "13.2", "x-1", "cancel.requested", renewed, json!({}));
    let first =
        "The first request to cancel on record for this purchase is of 2026-11-22 00:00:00 UTC";
    let said = sentences(&case);
    assert!(said[0].starts_with(first) && said[0].ends_with("under 13.2"), "{said:?}");
    assert_eq!(said.iter().filter(|sentence| sentence.starts_with(first)).count(), 1);
    // A rule nobody looked up is told to the merchant, not to the bank.
    let case = of(DisputeReason::NotAsDescribed, "13.3", "x-1", "capture", cancelled, json!({}));
    assert!(!text(&case).text.contains("15 days"));
}

#[test]
fn without_records_there_is_no_answer() {
    for reason in DisputeReason::ALL {
        let mut bare = case(LICENCE, *reason);
        let sale = bare.transaction.as_ref().unwrap();
        bare.transaction =
            Some(Transaction::bare(sale.transaction_id.clone(), sale.kind, sale.event_time));
        bare.events.clear();
        assert_eq!(sentences(&bare), Vec::<String>::new(), "{reason}");
        let packet = text(&bare);
        assert!(!packet.text.contains("OUR ANSWER") && !packet.text.contains("WE ASK"));
        assert!(packet.warnings.iter().any(|warning| warning.contains("support 0 answers")));
        bare.transaction = None;
        let packet = text(&bare);
        assert!(packet.exhibits.is_empty());
        assert!(packet.warnings.iter().any(|warning| warning.contains("was not found")));
    }
}

#[test]
fn silence_is_stated_only_where_a_log_would_show_speech() {
    let says = |case: &CaseFile| {
        sentences(case).iter().any(|sentence| sentence.contains("no message from the buyer"))
    };
    let message = |id: &str, time: &str, direction: Option<&str>| {
        let contact = direction.map_or_else(|| json!({}), |word| json!({"direction": word}));
        event(id, "support.message", time, &json!({"data": {"contact": contact}}))
    };
    let mut case = case(LICENCE, DisputeReason::NotReceived);
    case.events.retain(|event| event.kind != EventKind::SupportMessage);
    assert!(!says(&case), "no log");
    case.events.push(message("s-1", "2026-11-22T00:00:00Z", Some("out")));
    assert!(says(&case), "a log without the buyer");
    case.events.push(message("s-2", "2026-12-02T00:00:00Z", Some("in")));
    assert!(says(&case), "the buyer wrote after the dispute");
    case.events.push(message("s-3", "2026-11-23T00:00:00Z", None));
    assert!(!says(&case), "perhaps the buyer");
    case.events.pop();
    let mut other = message("s-5", "2026-11-23T00:00:00Z", Some("in"));
    other.transaction_id = Some(TransactionId::new("tx-1002").unwrap());
    case.events.push(other);
    assert!(!says(&case), "the buyer wrote about another purchase");
    case.events.pop();
    case.events.push(message("s-4", "2026-11-23T00:00:00Z", Some("in")));
    assert!(!says(&case), "the buyer wrote before the dispute");
}

#[test]
fn a_cancellation_before_the_charge_is_told_to_the_merchant() {
    let mut case = case(RENEWAL, DisputeReason::SubscriptionCancelled);
    for event in &mut case.events {
        if event.kind == EventKind::CancelRequested {
            event.event_time = "2026-10-30T00:00:00Z".parse().unwrap();
        }
    }
    assert!(!sentences(&case).iter().any(|sentence| sentence.contains("cancel on record")));
    let warnings = text(&case).warnings;
    assert!(warnings.iter().any(|w| w.contains("2026-10-30 00:00:00 UTC came before the charge")));
}

#[test]
fn another_purchase_of_the_account_is_no_evidence() {
    let mut case = case(LICENCE, DisputeReason::NotReceived);
    case.events.clear();
    let amount = json!({"data": {"amount": {"value": "49.00", "currency": "EUR"}}});
    case.events.push(event("x-1", "refund", "2026-11-28T00:00:00Z", &amount));
    case.events.push(event("x-2", "licence.issued", "2026-11-28T00:00:00Z", &json!({})));
    let other = json!({"licence_key": "ANOTHER", "actor": "customer"});
    case.events.push(event("x-3", "session.action", "2026-11-28T00:00:00Z", &other));
    let stranger = json!({"account_id": "acc-8", "actor": "customer"});
    case.events.push(event("x-4", "session.login", "2026-11-28T00:00:00Z", &stranger));
    let staff = json!({"actor": "staff"});
    case.events.push(event("x-5", "session.login", "2026-11-28T00:00:00Z", &staff));
    assert_eq!(sentences(&case), Vec::<String>::new());
}

#[test]
fn only_what_answers_the_claim_is_printed() {
    let text_of = |reason| text(&case(LICENCE, reason)).text;
    let not_received = text_of(DisputeReason::NotReceived);
    assert!(!not_received.contains("AVS") && !not_received.contains("Terms accepted"));
    let fraud = text_of(DisputeReason::Fraud);
    assert!(fraud.contains("address check (AVS) Y") && !fraud.contains("Terms accepted"));
}

#[test]
fn nothing_leaks() {
    use crate::domain::{Action, Calibration, DecisionId, Delivery, Reason, RuleHit};
    use crate::domain::{Defensibility, RuleAction, RuleMode, Versions};
    for reason in DisputeReason::ALL {
        let mut case = case(LICENCE, *reason);
        let plain = text(&case);
        for secret in
            ["4242 4242 4242", "Anna", "many_cards_one_device", "impersonation", "VS-PRO-7F3A"]
        {
            assert!(!plain.text.contains(secret), "{reason}: {secret}");
        }
        case.decision = Some(Decision {
            decision_id: DecisionId::new("dec-1").unwrap(),
            transaction_id: TransactionId::new("tx-1001").unwrap(),
            action: Action::Approve,
            delivery: Delivery::Now,
            challenge: None,
            credit_limit: None,
            risk_score: Some(73.21),
            fraud_probability: Some(0.7321),
            calibration: Calibration::Synthetic,
            reasons: vec![Reason {
                code: "velocity".to_owned(),
                text: "many cards".to_owned(),
                contribution: Some(1.5),
            }],
            rules: vec![RuleHit {
                id: "many_cards_one_device".to_owned(),
                action: RuleAction::Review,
                mode: RuleMode::Live,
                held_back: None,
            }],
            spared: None,
            customer_text: None,
            costs: None,
            defensibility: Defensibility { completeness_bp: 1, missing: vec!["phone".to_owned()] },
            warnings: Vec::new(),
            degraded: Vec::new(),
            versions: Versions::default(),
            shadow: None,
        });
        let decided = text(&case);
        assert_eq!(decided.text, plain.text, "the decision changes nothing in print");
        assert!(decided.warnings.contains(&"not sent at checkout: phone".to_owned()));
    }
}

#[test]
fn a_long_log_is_cut_by_rule_and_counted() {
    let mut case = case(LICENCE, DisputeReason::NotReceived);
    let start = case.transaction.as_ref().unwrap().event_time;
    for number in 0..900_i64 {
        let time = start.plus_millis(number * 3_600_000).to_string();
        let use_ =
            json!({"actor": "customer", "data": {"usage": {"what": format!("f{}", number % 50)}}});
        case.events.push(event(&format!("u-{number}"), "session.action", &time, &use_));
    }
    let packet = text(&case);
    let exhibit = packet.exhibits.iter().find(|exhibit| exhibit.letter == 'B').unwrap();
    assert_eq!(exhibit.event_ids.len(), MAX_ROWS);
    assert!(exhibit.text.contains(&format!("{MAX_ROWS} of {} events", exhibit.log_events)));
    let facts = Facts::new(&case);
    let mut log: Vec<&Event> = facts.events.clone();
    log.retain(|event| facts.is_use(event) || facts.is_delivery(event));
    assert_eq!(log.len(), exhibit.log_events);
    let lines: String =
        log.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect();
    assert_eq!(exhibit.log_sha256, sha256_hex(lines.as_bytes()));
    assert!(exhibit.text.contains(&exhibit.log_sha256));
    // Delivery is still there, and use after the dispute leads.
    assert!(exhibit.event_ids.contains(&EventId::new("e-008").unwrap()));
    let first = &exhibit.event_ids[0];
    let first = case.events.iter().find(|event| event.event_id == *first).unwrap();
    assert!(first.event_time > case.dispute.opened_at);
    assert!(packet.text.contains("and the full log"));
}

#[test]
fn the_manifest_matches_the_exhibits() {
    let packet = text(&case(LICENCE, DisputeReason::General));
    assert_eq!(packet.exhibits.len(), 5, "all but refunds");
    for exhibit in &packet.exhibits {
        assert!(packet.text.contains(&exhibit.text));
        assert_eq!(exhibit.sha256, sha256_hex(exhibit.text.as_bytes()));
        assert!(packet.text.contains(&format!("{}     {}", exhibit.letter, exhibit.sha256)));
    }
}

/// A case with some of the events, moved in time and to other hands, about any claim.
fn arb_case() -> impl Strategy<Value = CaseFile> {
    let twist = (any::<bool>(), -90..90_i64, 0..6_u8);
    let files = prop::sample::select(vec![LICENCE, RENEWAL]);
    let reasons = prop::sample::select(DisputeReason::ALL.to_vec());
    (files, reasons, -30..60_i64, prop::collection::vec(twist, 24), any::<u8>()).prop_map(
        |(file, reason, shift, twists, lost)| {
            let day = 86_400_000;
            let mut case = case(file, reason);
            case.dispute.opened_at = case.dispute.opened_at.plus_millis(shift * day);
            case.dispute.network = Some(Text::new("visa").unwrap());
            let mut twists = twists.into_iter().cycle();
            case.events.retain_mut(|event| {
                let (keep, days, hands) = twists.next().unwrap();
                if hands < 3 {
                    event.event_time = event.event_time.plus_millis(days * day);
                }
                event.actor = match hands {
                    0 => Some(Actor::Staff),
                    1 => None,
                    _ => event.actor,
                };
                keep || days > 0
            });
            let sale = case.transaction.as_mut().unwrap();
            if lost & 1 == 1 {
                sale.account = None;
            }
            if lost & 2 == 2 {
                sale.card = None;
            }
            if lost & 4 == 4 {
                sale.terms = None;
            }
            case
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_sentence_stands_on_its_records(case in arb_case()) {
        for point in points_of(&case) {
            prop_assert!(!point.cites.is_empty() && point.cites.iter().all(|c| !c.rows.is_empty()));
            // Another record may say the same; when the last is gone, so is the sentence.
            let (mut less, mut again) = (without(&case, &point), Some(point.sentence));
            for _ in 0..4 {
                let sentence = again.take();
                let still = points_of(&less).into_iter().find(|p| Some(&p.sentence) == sentence.as_ref());
                if let Some(still) = still {
                    less = without(&less, &still);
                    again = Some(still.sentence);
                }
            }
            prop_assert_eq!(again, None);
        }
    }

    #[test]
    fn any_case_is_printed_alike_and_within_limits(case in arb_case(), turn in 0..24_usize) {
        let packet = text(&case);
        let mut other = case.clone();
        let middle = turn.min(other.events.len());
        other.events.rotate_left(middle);
        other.events.extend(case.events.first().cloned());
        prop_assert_eq!(&text(&other), &packet, "order and repetition of events change nothing");
        for line in packet.text.lines() {
            prop_assert!(line.chars().count() <= layout::WIDTH, "{}", line);
            prop_assert_eq!(line.trim_end_matches(' '), line);
        }
        let letter = packet.text.split('\u{c}').next().unwrap();
        prop_assert!(letter.lines().count() <= 60);
        for exhibit in &packet.exhibits {
            prop_assert!(exhibit.event_ids.len() <= MAX_ROWS);
            let staff = case.events.iter().filter(|event| event.actor == Some(Actor::Staff));
            for event in staff.filter(|_| "BF".contains(exhibit.letter)) {
                let shown = exhibit.event_ids.contains(&event.event_id);
                let undone = event.kind == EventKind::LicenceRevoked;
                prop_assert!(!shown || undone, "staff's use is no evidence");
            }
        }
    }

    #[test]
    fn any_text_is_printed_safely(words in "\\PC{0,200}") {
        let mut case = case(LICENCE, DisputeReason::General);
        let sale = case.transaction.as_mut().unwrap();
        let words: String = words.chars().filter(|c| !c.is_control()).collect();
        let cut: String = words.chars().take(16).collect();
        sale.descriptor = Some(Text::new(&cut).unwrap());
        sale.order_id = OrderId::new(&cut).ok();
        let quoted = format!("{words} 5555-5555-5555-4444 {words}");
        let contact = json!({"contact": {"direction": "in", "text": quoted}});
        case.events.push(event("w-1", "support.message", "2026-11-22T00:00:00Z", &json!({"data": contact})));
        let packet = text(&case);
        let digits: String = packet.text.chars().filter(|c| !c.is_whitespace()).collect();
        prop_assert!(!digits.contains("5555-5555-5555-4444"));
        for line in packet.text.lines() {
            prop_assert!(line.chars().count() <= layout::WIDTH);
        }
    }
}

#[test]
fn ids_that_differ_are_other_things() {
    let mut case = case(LICENCE, DisputeReason::NotReceived);
    let sale = case.transaction.as_mut().unwrap();
    sale.transaction_id = TransactionId::new("tx-other").unwrap();
    sale.account.as_mut().unwrap().id = Some(AccountId::new("acc-other").unwrap());
    sale.fulfilment.as_mut().unwrap().licence_key = Some(LicenceId::new("other").unwrap());
    assert_eq!(Facts::new(&case).events, Vec::<&Event>::new());
    let late: Timestamp = "2199-01-01T00:00:00Z".parse().unwrap();
    case.dispute.opened_at = late;
    assert!(text(&case).text.contains("2199-01-01"));
}
