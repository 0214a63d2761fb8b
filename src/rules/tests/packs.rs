//! The bundled rules: their own tests, and what they promise to good buyers.

use crate::domain::{RuleAction, RuleMode, Timestamp};
use crate::features::{Kind, Record, Value, fields as f};
use crate::rules::{
    Expr, FieldRef, Literal, Operand, RuleSet, Source, Truth, record_from_json,
    record_from_transaction,
};
use serde_json::{Value as Json, json};

fn packs() -> RuleSet {
    RuleSet::builtin().unwrap_or_else(|error| panic!("{error}"))
}

fn now() -> Timestamp {
    "2026-11-20T10:15:00Z".parse().unwrap()
}

fn record(given: &Json) -> Record {
    record_from_json(given.as_object().unwrap()).unwrap()
}

#[test]
fn the_packs_are_laid_out_as_the_tool_lays_them_out() {
    for source in crate::rules::builtin::packs() {
        let laid_out = crate::rules::lay_out(&source).unwrap();
        assert!(laid_out == source.text(), "run `cargo run -- rules fmt rules`: {}", source.name());
    }
}

/// The first request of the README, with what tables and an empty history add.
fn ordinary() -> Record {
    let request = json!({
        "transaction_id": "tx-1001", "type": "purchase", "event_time": "2026-11-20T10:15:00Z",
        "order_id": "o-77", "seller_id": "s-3", "merchant_account": "eu-1",
        "amount": {"value": "49.00", "currency": "EUR"},
        "account": {"id": "acc-7", "created_at": "2026-11-20T10:02:11Z", "email": "j.doe@example.com"},
        "card": {"fingerprint": "fp_9f2c", "bin": "457173", "last4": "4242", "network_token": null,
                 "avs_result": "Y", "cvv_result": "M", "three_ds": {"eci": "05", "version": "2.2.0"}},
        "payment": {"method": "card", "processor": "stripe", "attempt": 1, "initiator": "customer"},
        "device": {"ip": "81.2.69.142", "device_id": "d-51c0a8e2b7f94d10"},
        "billing": {"country": "GB", "postal_code": "EC1A 1BB"}, "price_region": "GB",
        "items": [{"sku": "pro-year", "quantity": 1, "unit_price": "49.00"}],
        "subscription": {"plan": "pro", "interval": "year", "trial": false, "renewal_number": 0},
        "fulfilment": {"method": "licence_key"}, "custom": {"campaign": "autumn"},
        "amount_eur": "49.00", "account.age_h": 0.2136, "ip.country": "GB", "ip.hosting": false,
        "ip.tor": false, "ip.reserved": false, "bin.country": "GB", "bin.prepaid": false,
        "bin.test": false, "email.class": "other", "email.role": false,
        "ip_billing_mismatch": false, "ip_bin_mismatch": false, "bin_billing_mismatch": false,
        "price_region_mismatch": false, "discount_share": 0.0, "links.accounts": 0,
        "account.clean_history": false, "card.avs_match": "match", "card.cvv_match": "match",
        "account.disputes": 0, "card.disputes": 0, "email.disputes": 0,
    });
    let mut record = record(&request);
    for field in crate::features::FIELDS.iter().filter(|field| !field.window.is_empty()) {
        record.set(
            field.id,
            match field.kind {
                Kind::Int => Value::Int(0),
                Kind::Float => Value::Missing, // ratios: nothing to divide by
                _ => Value::Decimal(0.into()),
            },
        );
    }
    record
}

#[test]
fn the_tests_beside_the_rules_pass() {
    let rules = packs();
    let results = rules.run_tests();
    let failed: Vec<_> = results
        .iter()
        .filter(|result| !result.passed())
        .map(|result| format!("{}: {} is {}", result.case.place, result.case.name, result.got))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    for rule in rules.rules() {
        let expects = |truth| rule.tests.iter().any(|case| case.expect == truth);
        assert!(expects(Truth::True) && expects(Truth::False), "{} needs both tests", rule.id);
        let notes = &rule.notes;
        assert!(
            notes.what.is_some() && notes.why.is_some() && notes.known_false_positives.is_some(),
            "{} does not say what, why and whom it catches wrongly",
            rule.id
        );
    }
}

#[test]
fn an_ordinary_first_purchase_matches_nothing() {
    let rules = packs();
    let outcome = rules.evaluate(&ordinary(), now());
    assert_eq!(outcome.hits, []);
    assert_eq!(outcome.unknown, Vec::<&str>::new());
}

#[test]
fn a_burst_of_cards_from_one_tor_address_is_blocked() {
    let rules = packs();
    let mut blocked = Vec::new();
    for attempt in 0_i64..8 {
        let mut record = ordinary();
        record.set(f::IP_TOR, true);
        record.set(f::IP_HOSTING, true);
        // The issuer declined the first three; blocked attempts are not counted.
        let counted = attempt.min(3);
        record.set(f::IP_TX_COUNT_1H, counted);
        record.set(f::IP_DECLINED_COUNT_1H, counted);
        record.set(f::IP_DISTINCT_CARDS_1H, counted);
        let outcome = rules.evaluate(&record, now());
        let block = outcome.hits.iter().find(|hit| hit.action == RuleAction::Block);
        blocked.push(block.map(|hit| hit.reason));
    }
    let test = Some("CARD_TESTING");
    assert_eq!(blocked, [None, None, None, test, test, test, test, test]);
}

#[test]
fn a_shared_address_and_a_known_buyer_are_not_blocked() {
    let rules = packs();
    let blocks = |record: &Record| {
        let outcome = rules.evaluate(record, now());
        outcome
            .hits
            .iter()
            .any(|hit| matches!(hit.action, RuleAction::Block | RuleAction::HardBlock))
    };
    let mut office = ordinary();
    office.set(f::IP_TX_COUNT_1H, 60_i64);
    office.set(f::IP_DISTINCT_CARDS_1H, 45_i64);
    office.set(f::IP_DECLINED_COUNT_1H, 3_i64);
    assert!(!blocks(&office));

    let mut known = ordinary();
    for field in [
        f::IP_DECLINED_COUNT_1H,
        f::IP_DISTINCT_CARDS_1H,
        f::DEVICE_DECLINED_COUNT_1D,
        f::DEVICE_DISTINCT_CARDS_1D,
        f::DEVICE_DISTINCT_ACCOUNTS_30D,
        f::ACCOUNT_DECLINED_COUNT_1D,
    ] {
        known.set(field, 9_i64);
    }
    known.set(f::IP_TOR, true);
    assert!(blocks(&known));
    known.set(f::ACCOUNT_APPROVED_COUNT_90D, 84_i64);
    assert!(!blocks(&known));
}

/// Every rule that refuses a buyer looks at the buyer's history first, and none looks at a country
/// by itself: where somebody lives is no sign of theft.
#[test]
fn blocking_rules_are_guarded_and_no_rule_names_a_country() {
    let history = FieldRef::Catalogue(f::ACCOUNT_APPROVED_COUNT_90D);
    for rule in packs().rules() {
        if matches!(rule.effect.action(), RuleAction::Block | RuleAction::HardBlock) {
            assert!(rule.when.fields().contains(&history), "{}", rule.id);
        }
        assert!(!names_a_country(&rule.when), "{}", rule.id);
        let watches = WATCHING.contains(&rule.id.as_str());
        let mode = if watches { RuleMode::Shadow } else { RuleMode::Live };
        assert_eq!(rule.mode, mode, "{}", rule.id);
    }
}

/// Rules that cost more good buyers than they catch in simulated worlds: docs/benchmarks.md.
const WATCHING: &[&str] = &["hosting-high-amount", "repeat-disputer", "serial-disputer"];

fn names_a_country(expr: &Expr) -> bool {
    let is_country = |literal: &Literal| matches!(literal, Literal::Country(_));
    match expr {
        Expr::Not(inner) => names_a_country(inner),
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(names_a_country),
        Expr::Compare(_, left, right) => [left, right]
            .into_iter()
            .any(|side| matches!(side, Operand::Literal(literal) if is_country(literal))),
        Expr::In(_, list) => list.iter().any(is_country),
        _ => false,
    }
}

#[test]
fn the_rule_of_the_manual_loads_and_passes() {
    let page = include_str!("../../../docs/rules.md");
    let file = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let rules = RuleSet::from_sources(&[Source::new("docs/rules.md", file)]);
    let rules = rules.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rules.run_tests().iter().filter(|result| result.passed()).count(), 2);
}

fn set(when: &str, extra: &str) -> RuleSet {
    let file = format!(
        "[[rule]]\nid = \"a\"\naction = \"block\"\nreason = \"A\"\ntext = \"A.\"\nwhen = '''{when}'''\n{extra}\n"
    );
    RuleSet::from_sources(&[Source::new("a.toml", file)]).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn modes_and_dates_decide_who_acts() {
    let tor = record(&json!({"ip.tor": true}));
    let nothing = Record::default();
    let hits = |rules: &RuleSet, record: &Record| {
        let outcome = rules.evaluate(record, now());
        (outcome.hits.len(), outcome.unknown.len(), outcome.expired.len())
    };
    assert_eq!(hits(&set("ip.tor", ""), &tor), (1, 0, 0));
    assert_eq!(hits(&set("ip.tor", ""), &nothing), (0, 1, 0));
    assert_eq!(hits(&set("ip.tor", "mode = 'shadow'"), &tor), (1, 0, 0));
    assert_eq!(hits(&set("ip.tor", "mode = 'off'"), &tor), (0, 0, 0));
    assert_eq!(hits(&set("ip.tor", "expires = 2026-11-21"), &tor), (1, 0, 0));
    assert_eq!(hits(&set("ip.tor", "expires = 2026-11-20"), &tor), (0, 0, 1));
    assert_eq!(hits(&set("ip.tor", "expires = 2026-11-20T10:15:00Z"), &tor), (0, 0, 1));
    assert_eq!(hits(&set("ip.tor", "expires = 2026-11-20T10:15:01Z"), &tor), (1, 0, 0));
    assert_eq!(hits(&set("ip.tor", "expires = 2026-11-20"), &nothing), (0, 0, 0));
}

#[test]
fn order_is_action_then_priority_then_id() {
    let rule = |id: &str, action: &str, priority: i64| {
        format!(
            "[[rule]]\nid = \"{id}\"\naction = \"{action}\"\npriority = {priority}\nreason = \"A\"\ntext = \"A.\"\nwhen = 'true'\n"
        )
    };
    let file = [
        rule("d", "tag", 9),
        rule("c", "block", 1),
        rule("b", "block", 1),
        rule("a", "block", 0),
        rule("e", "hard_block", -5),
        rule("f", "allow", 0),
        rule("g", "review", 3),
    ]
    .concat();
    let rules = RuleSet::from_sources(&[Source::new("a.toml", file)]).unwrap();
    let order: Vec<_> = rules.rules().iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(order, ["e", "f", "b", "c", "a", "g", "d"]);
}

#[test]
fn the_digest_is_of_meaning_and_the_meaning_reads_back() {
    let digest = |when, extra| set(when, extra).digest().to_owned();
    let one = digest("ip.tor && amount_eur > 10.00", "");
    assert_eq!(
        one,
        digest("\n  ip.tor // Tor\n  && (amount_eur > 10)", "what = \"Tor.\"\ntests = []")
    );
    assert_ne!(one, digest("ip.tor && amount_eur >= 10.00", ""));
    assert_ne!(one, digest("ip.tor && amount_eur > 10.00", "mode = 'shadow'"));
    assert_ne!(one, digest("ip.tor && amount_eur > 10.00", "expires = 2027-01-01"));

    let rules = packs();
    let kept = RuleSet::from_source_json(&rules.source_json()).unwrap();
    assert_eq!(kept.digest(), rules.digest());
    assert_eq!(kept.source_json(), rules.source_json());
    assert_eq!(kept.evaluate(&ordinary(), now()), rules.evaluate(&ordinary(), now()));
    for damaged in ["", "[3]", &rules.source_json().replace("ip.tor", "ip.tur")] {
        assert!(RuleSet::from_source_json(damaged).is_err());
    }
}

#[test]
fn a_transaction_gives_its_own_fields_and_forgives_what_checkout_forgives() {
    let read = |json: Json| record_from_transaction(json.as_object().unwrap());
    let record = read(json!({
        "transaction_id": "t", "type": "purchase", "event_time": "2026-11-20T10:15:00Z",
        "billing": {"country": "UK"}, "device": {"ip": "not an address"},
        "card": {"network_token": "tok"}, "unheard_of": {"a": 1}, "custom": {"a": 1, "c": null},
    }));
    let record = record.unwrap();
    assert_eq!(record.get(f::TYPE), &Value::text("purchase"));
    assert!(record.get(f::BILLING_COUNTRY).is_missing());
    assert!(record.get(f::DEVICE_IP).is_missing());
    assert_eq!(record.get(f::CARD_NETWORK_TOKEN), &Value::Bool(true));
    assert_eq!(record.custom("a"), &Value::Int(1));
    assert!(record.custom("c").is_missing());
    assert!(read(json!({"transaction_id": "t", "type": "sale", "event_time": "x"})).is_err());
}
