//! What every world must hold, checked on a small one.

use super::*;
use crate::domain::{EventKind, LabelClass, Outcome, PaymentMethod, TransactionKind};
use crate::input::{read_event, read_transaction};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::LazyLock;

fn config(seed: u64, days: u32, accounts: u32) -> Config {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    Config { seed, start, days, accounts, attacks: Campaigns::ALL, attack_percent: 100 }
}

/// One world, shared by the tests: about 19,000 lines over 140 days.
static WORLD: LazyLock<Vec<Line>> =
    LazyLock::new(|| Simulation::new(config(11, 140, 260)).collect());

fn text(line: &Line) -> String {
    serde_json::to_string(line).unwrap()
}

fn transactions() -> impl Iterator<Item = &'static Transaction> {
    WORLD.iter().filter_map(|line| match line {
        Line::Transaction(transaction) => Some(&**transaction),
        Line::Event(_) => None,
    })
}

fn events(kind: EventKind) -> impl Iterator<Item = &'static Event> {
    WORLD.iter().filter_map(move |line| match line {
        Line::Event(event) if event.kind == kind => Some(&**event),
        _ => None,
    })
}

fn digest(seed: u64, lines: usize) -> String {
    let mut hash = Sha256::new();
    for line in Simulation::new(config(seed, 3_000, 60)).take(lines) {
        hash.update(text(&line));
        hash.update("\n");
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

#[test]
fn same_seed_same_bytes() {
    assert_eq!(
        digest(7, 2_000),
        "ba65a528bded12e507448ac0c0db43e88a2e92c648fc6a6f570aca182a0f90c6",
        "the same seed gave other lines before: say so in the changelog"
    );
    assert_ne!(digest(8, 50), digest(7, 50));
}

#[test]
fn lines_are_in_time_order_within_the_world() {
    let config = config(11, 140, 260);
    let end = config.start.plus_millis(140 * DAY_MS);
    assert!(WORLD.is_sorted_by_key(Line::time));
    assert!(WORLD.iter().all(|line| (config.start..end).contains(&line.time())));
}

#[test]
fn every_line_is_read_without_a_warning() {
    for line in WORLD.iter() {
        let json = text(line);
        let warnings = match line {
            Line::Transaction(sent) => {
                let (read, warnings) = read_transaction(json.as_bytes()).unwrap();
                assert_eq!(&read, &**sent);
                warnings
            }
            Line::Event(sent) => {
                let (read, warnings) = read_event(json.as_bytes()).unwrap();
                assert_eq!(&read, &**sent);
                warnings
            }
        };
        assert!(warnings.is_empty(), "{json}: {warnings:?}");
        assert_eq!(json.contains("\"event_id\""), matches!(line, Line::Event(_)));
    }
}

#[test]
fn identifiers_are_unique() {
    let mut transactions_seen = BTreeSet::new();
    let mut events_seen = BTreeSet::new();
    for line in WORLD.iter() {
        assert!(match line {
            Line::Transaction(sent) => transactions_seen.insert(&sent.transaction_id),
            Line::Event(sent) => events_seen.insert(&sent.event_id),
        });
    }
}

/// Runs of 13 to 19 digits, single blanks or dashes allowed, bounded by other than letters and
/// digits, that pass the Luhn check.
fn card_numbers(text: &str) -> Vec<String> {
    let luhn = |digits: &str| {
        let sum: u32 = digits
            .bytes()
            .rev()
            .map(|b| u32::from(b - b'0'))
            .enumerate()
            .map(|(place, digit)| if place % 2 == 0 { digit } else { digit * 2 - 9 * (digit / 5) })
            .sum();
        sum.is_multiple_of(10)
    };
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == ' ' || c == '-'))
        .flat_map(|run| run.split("--"))
        .filter(|run| !run.bytes().any(|b| b.is_ascii_alphabetic()))
        .map(|run| run.chars().filter(char::is_ascii_digit).collect::<String>())
        .filter(|digits| (13..=19).contains(&digits.len()) && luhn(digits))
        .collect()
}

#[test]
fn nothing_looks_like_a_card_number() {
    assert_eq!(card_numbers(r#"{"x":"4242 4242 4242 4242"}"#).len(), 1, "the check can fail");
    for line in WORLD.iter() {
        let json = text(line);
        assert!(card_numbers(&json).is_empty(), "{json}");
    }
}

fn from_balance(sent: &Transaction) -> bool {
    sent.payment.as_ref().and_then(|payment| payment.method) == Some(PaymentMethod::StoreCredit)
}

#[test]
fn every_payment_is_answered_once_and_later_or_stopped() {
    let mut waiting: BTreeMap<_, _> = transactions()
        .filter(|sent| sent.payment.is_some() && !from_balance(sent))
        .map(|sent| (&sent.transaction_id, sent.event_time))
        .collect();
    for stopped in events(EventKind::PaymentBlocked) {
        let tried_at = waiting.remove(stopped.transaction_id.as_ref().unwrap()).unwrap();
        assert!((40..=400).contains(&stopped.event_time.millis_since(tried_at)));
    }
    for answer in events(EventKind::AuthResult) {
        let tried_at = waiting.remove(answer.transaction_id.as_ref().unwrap()).unwrap();
        assert!((600..=4_500).contains(&answer.event_time.millis_since(tried_at)));
    }
    assert!(waiting.len() < 5, "only the last seconds' payments may be unanswered");
}

/// Payments, the approved among them, and the classes of their labels.
fn outcomes() -> (usize, BTreeSet<&'static str>, BTreeMap<&'static str, LabelClass>) {
    let asked = |sent: &&Transaction| sent.payment.is_some() && !from_balance(sent);
    let payments = transactions().filter(asked).count();
    let approved = events(EventKind::AuthResult)
        .filter(|event| event.data.outcome == Some(Outcome::Approved))
        .map(|event| event.transaction_id.as_ref().unwrap().as_str())
        .collect();
    let labels = events(EventKind::Label)
        .map(|event| (event.transaction_id.as_ref().unwrap().as_str(), event.data.label.unwrap()))
        .collect();
    (payments, approved, labels)
}

#[test]
fn shares_are_those_of_real_commerce() {
    let (payments, approved, labels) = outcomes();
    let per_mille = |count: usize, of: usize| count * 1_000 / of;
    assert!((850..=960).contains(&per_mille(approved.len(), payments)), "approval rate");
    let stolen = labels.iter().filter(|(_, class)| class.is_fraud());
    let (taken, refused): (Vec<_>, Vec<_>) = stolen.partition(|(id, _)| approved.contains(*id));
    // labels of the last weeks are still on their way, so a little less than 1 to 2 percent
    assert!((4..=22).contains(&per_mille(taken.len(), approved.len())), "{}", taken.len());
    assert!(!refused.is_empty(), "card testing is declined and labelled all the same");
    for class in [LabelClass::ServiceDispute, LabelClass::FirstPartyMisuse] {
        assert!(labels.values().any(|label| *label == class), "{class}");
    }
}

#[test]
fn everything_that_is_promised_happens() {
    let kinds: BTreeSet<_> = transactions().map(|sent| sent.kind).collect();
    for kind in TransactionKind::ALL.iter().filter(|kind| **kind != TransactionKind::PayoutChange) {
        assert!(kinds.contains(kind), "{kind}");
    }
    // this world is too small for all of these; with many attacks it is not
    let busy = Simulation::new(Config { attack_percent: 2_000, ..config(6, 170, 80) });
    let busy: Vec<Line> = busy.collect();
    let kinds: BTreeSet<_> = WORLD
        .iter()
        .chain(&busy)
        .filter_map(|line| match line {
            Line::Event(event) => Some(event.kind),
            Line::Transaction(_) => None,
        })
        .collect();
    // What a disputes desk does is no part of a world.
    let is_absent =
        |kind: &EventKind| *kind == EventKind::CheckoutCompleted || kind.is_of_the_desk();
    for kind in EventKind::ALL.iter().filter(|kind| !is_absent(kind)) {
        assert!(kinds.contains(kind), "{kind}");
    }
    let labels: BTreeSet<_> = WORLD
        .iter()
        .chain(&busy)
        .filter_map(|line| match line {
            Line::Event(event) => event.data.label.map(LabelClass::word),
            Line::Transaction(_) => None,
        })
        .collect();
    for class in LabelClass::ALL.iter().filter(|class| **class != LabelClass::Legitimate) {
        assert!(labels.contains(class.word()), "{class}: {labels:?}");
    }
}

#[test]
fn what_was_stopped_has_no_answer_and_no_label() {
    let stopped: BTreeSet<_> =
        events(EventKind::PaymentBlocked).map(|event| &event.transaction_id).collect();
    assert!(!stopped.is_empty());
    let told = WORLD.iter().filter_map(|line| match line {
        Line::Event(event) if event.kind != EventKind::PaymentBlocked => Some(event),
        _ => None,
    });
    for event in told.filter(|event| stopped.contains(&event.transaction_id)) {
        assert_eq!(event.kind, EventKind::SupportMessage, "{event:?}");
    }
}

#[test]
fn labels_and_disputes_come_after_7_to_120_days() {
    let times: BTreeMap<_, _> =
        transactions().map(|sent| (&sent.transaction_id, sent.event_time)).collect();
    for kind in [EventKind::Label, EventKind::FraudWarning, EventKind::DisputeCreated] {
        for event in events(kind) {
            let sold_at = times[event.transaction_id.as_ref().unwrap()];
            let delay = event.event_time.millis_since(sold_at);
            assert!((7 * DAY_MS..=120 * DAY_MS).contains(&delay), "{kind} after {delay} ms");
        }
    }
    let opened: BTreeSet<_> =
        events(EventKind::DisputeCreated).map(|event| &event.dispute_id).collect();
    assert!(events(EventKind::DisputeClosed).all(|event| opened.contains(&event.dispute_id)));
}

#[test]
fn dunning_retries_share_their_invoice() {
    let mut attempts: BTreeMap<_, Vec<u16>> = BTreeMap::new();
    for payment in transactions().filter_map(|sent| sent.payment.as_ref()) {
        if let (Some(invoice), Some(attempt)) = (&payment.invoice_id, payment.attempt) {
            attempts.entry(invoice).or_default().push(attempt);
        }
    }
    assert!(attempts.values().any(|tried| tried.len() > 2));
    for (invoice, tried) in attempts {
        assert!(tried.windows(2).all(|pair| pair[1] == pair[0] + 1), "{invoice}: {tried:?}");
        assert!(tried.len() <= 4, "{invoice}: {tried:?}");
    }
}

#[test]
fn honest_lines_are_the_same_without_attacks() {
    let world = |attacks| {
        Simulation::new(Config { attacks, attack_percent: 300, ..config(3, 40, 300) })
            .map(|line| text(&line))
            .collect::<Vec<_>>()
    };
    let (with, without) = (world(Campaigns::ALL), world(Campaigns::NONE));
    assert!(with.len() > without.len());
    let honest: BTreeSet<_> = without.iter().collect();
    let left: Vec<_> = with.iter().filter(|line| honest.contains(line)).collect();
    assert!(left.into_iter().eq(without.iter()));
}

#[test]
fn memory_does_not_grow_with_time() {
    let mut simulation = Simulation::new(config(5, 400, 100));
    let mut pending_at = |day| {
        let until = config(5, 0, 0).start.plus_millis(day * DAY_MS);
        simulation.find(|line| line.time() >= until).unwrap();
        simulation.pending()
    };
    let (early, late) = (pending_at(120), pending_at(390));
    assert!(late < early * 2, "{early} tasks after 120 days, {late} after 390");
    assert!(late < 100 * 8, "{late} tasks for 100 accounts");
}
