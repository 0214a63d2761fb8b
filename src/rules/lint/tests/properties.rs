//! What is claimed of a random rule set holds on random records near its limits.

use super::{found, rule, set};
use crate::features::{FieldId, Record, Value, read_value};
use crate::rules::lint::{Check, Finding};
use crate::rules::{Expr, Rule, RuleSet, Truth, parse};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

/// Tests of all kinds, those that can't be divided included.
const TESTS: &[&str] = &[
    "card_tx_count_1h > 1",
    "card_tx_count_1h >= 2",
    "card_tx_count_1h <= 3",
    "default(card_tx_count_1h, 0) < 2",
    "device_tx_count_1h > card_tx_count_1h",
    "device_tx_count_1h <= 2",
    "amount_eur > 1.5",
    "amount_eur <= 2",
    "!ip.tor",
    "ip.tor",
    "default(ip.tor, false)",
    "email.class == 'free'",
    "email.class != 'relay'",
    "email.domain.endsWith('.com')",
    "email.domain.startsWith('a')",
    "email.domain.contains('mail')",
    "email.domain == 'amail.com'",
    "size(email.domain) < 6",
    "size(email.domain) >= 5",
    "size(default(email.domain, 'abc')) in [3, 5]",
    "event_time.getHours('UTC') > 9",
    "event_time.getHours('UTC') <= 10",
    "size(custom.x) < 2",
    "custom.when.getHours('UTC') == 11",
    "!email.domain.contains('mail')",
    "ip.country != billing.country",
    "ip.country == billing.country",
    "ip.country in ['DE', 'GB']",
    "billing.country == 'US'",
    "has(billing.country)",
    "device.ip in cidr('10.0.0.0/8')",
    "device.ip in cidr('10.1.0.0/16')",
    "device.ip == '10.1.2.3'",
    "custom.x > 1",
    "custom.x <= 1",
    "custom.x == 'a'",
    "custom.when > timestamp('2026-11-20T10:00:00Z')",
    "event_time > timestamp('2026-11-20T10:00:00Z')",
    "amount > money('10', 'EUR')",
    "amount <= money('10', 'EUR')",
];

fn condition() -> impl Strategy<Value = String> {
    let leaf = select(TESTS).prop_map(str::to_owned);
    leaf.prop_recursive(2, 6, 3, |inner| {
        let parts = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            1 => inner.prop_map(|part| format!("!({part})")),
            3 => parts.clone().prop_map(|parts| format!("({})", parts.join(" && "))),
            2 => parts.prop_map(|parts| format!("({})", parts.join(" || "))),
        ]
    })
}

fn rules() -> impl Strategy<Value = RuleSet> {
    let actions = vec!["hard_block", "allow", "block", "review", "tag"];
    prop::collection::vec((select(actions), condition()), 2..7).prop_map(|rules| {
        let numbered = rules.iter().enumerate();
        let file: Vec<_> =
            numbered.map(|(n, (action, when))| rule(&format!("r{n}"), action, when)).collect();
        set(&file.concat())
    })
}

/// A value of each field the tests read, or none. Every transaction has a time.
fn record() -> impl Strategy<Value = Record> {
    let fields = [
        ("card_tx_count_1h", json!([0, 1, 2, 3, 4])),
        ("device_tx_count_1h", json!([0, 1, 2, 3, 4])),
        ("amount_eur", json!(["1", "1.5", "1.75", "2", "2.5"])),
        ("ip.tor", json!([true, false])),
        ("email.class", json!(["free", "relay", "other"])),
        ("email.domain", json!(["amail.com", "mail.com", "a.com", "a.org", "amail.org", "b.org"])),
        ("ip.country", json!(["DE", "GB", "US", "FR"])),
        ("billing.country", json!(["DE", "GB", "US", "FR"])),
        ("device.ip", json!(["10.1.2.3", "10.1.9.9", "10.9.9.9", "192.0.2.1", "::ffff:10.1.2.3"])),
        (
            "amount",
            json!([{"value": "10", "currency": "EUR"}, {"value": "11", "currency": "EUR"}, {"value": "11", "currency": "USD"}]),
        ),
    ];
    let times = json!(["2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z"]);
    let customs = select(vec![
        Value::Missing,
        Value::Int(1),
        Value::Int(2),
        Value::Float(1.5),
        Value::text("a"),
        Value::text("2026-11-20T11:00:00Z"),
        Value::Bool(true),
    ]);
    let some = |name: &str, values: &serde_json::Value| {
        let id = FieldId::by_name(name).unwrap();
        let values = values.as_array().unwrap().iter();
        let values: Vec<Value> = values.map(|json| read_value(id, json).unwrap()).collect();
        (Just(id), select(values))
    };
    let optional: Vec<_> =
        fields.iter().map(|(name, values)| prop::option::of(some(name, values))).collect();
    (optional, some("event_time", &times), customs.clone(), customs).prop_map(
        |(fields, (time, value), x, when)| {
            let mut record = Record::default();
            record.set(time, value);
            for (field, value) in fields.into_iter().flatten() {
                record.set(field, value);
            }
            record.set_custom("x", x);
            record.set_custom("when", when);
            record
        },
    )
}

/// A test or the same test negated: true of all that can be compared, and of nothing else.
fn either() -> impl Strategy<Value = RuleSet> {
    select(TESTS).prop_map(|test| set(&rule("a", "tag", &format!("{test} || !({test})"))))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_claim_is_false(rules in prop_oneof![3 => rules(), 1 => either()], records in prop::collection::vec(record(), 40)) {
        for finding in found(&rules) {
            let this = rules.rule(&finding.rule).unwrap();
            let other = finding.other.as_ref().map(|(place, _)| {
                rules.rules().iter().find(|rule| rule.place == *place).unwrap()
            });
            let truths = |rule: &Rule| -> Vec<Truth> {
                records.iter().map(|record| rule.when.eval(record)).collect()
            };
            let matches = |rule| truths(rule).iter().map(|t| *t == Truth::True).collect::<Vec<_>>();
            match (finding.check, other) {
                (Check::NeverTrue, _) => prop_assert!(!matches(this).contains(&true)),
                (Check::AlwaysTrue, _) => prop_assert!(!matches(this).contains(&false)),
                (Check::TrueWhereKnown, _) => {
                    let fields = this.when.fields();
                    let known = |record: &&Record| {
                        fields.iter().all(|field| !field.value(record).is_missing())
                    };
                    let holds = |record: &Record| this.when.eval(record) == Truth::True;
                    prop_assert!(records.iter().filter(known).all(holds), "{}", this.when);
                }
                (Check::Duplicate, Some(other)) => prop_assert_eq!(matches(this), matches(other)),
                (Check::Subsumed | Check::Unreachable, Some(other)) => {
                    let within = matches(this).iter().zip(matches(other)).all(|(a, b)| !a || b);
                    prop_assert!(within, "{} within {}", this.when, other.when);
                }
                (Check::AllowsBlocked | Check::AllowsUnchecked | Check::Tie, Some(other)) => {
                    let witness = finding.witness.as_ref().unwrap();
                    prop_assert_eq!(this.when.eval(witness), Truth::True);
                    prop_assert_eq!(other.when.eval(witness), Truth::True);
                }
                (Check::Redundant | Check::PartNeverTrue, _) => {
                    let part = finding.message.split('`').nth(1).unwrap();
                    prop_assert!(parse("<part>", part).is_ok(), "{}", part);
                    if finding.check == Check::PartNeverTrue {
                        let never = parse("<part>", part).unwrap();
                        prop_assert!(records.iter().all(|r| never.eval(r) != Truth::True) ||
                            records.iter().all(|r| never.eval(r) != Truth::False), "{}", part);
                    }
                }
                _ => {}
            }
        }
    }

    /// What is said to change nothing can be cut out at the place it is said of.
    #[test]
    fn what_changes_nothing_can_go(
        parts in prop::collection::vec(condition(), 2..4),
        records in prop::collection::vec(record(), 60),
    ) {
        let rules = set(&rule("a", "tag", &parts.join(" && ")));
        let cut = |f: &Finding| matches!(f.check, Check::Redundant | Check::PartNeverTrue);
        let told: Vec<_> = found(&rules).into_iter().filter(cut).collect();
        // Each is only missed together with those found before it.
        let [finding] = told.as_slice() else { return Ok(()) };
        let rule = rules.rule("a").unwrap();
        let (text, part) = (finding.place.source.text(), &finding.place.span);
        let whole = rule.written.when.clone().unwrap().span;
        let (before, after) = (&text[whole.start + 3..part.start], &text[part.end..whole.end - 3]);
        // Beside `&&` a true part is no part, beside `||` a false one.
        let same_with = |word: &str| {
            let rest = parse("<rest>", &format!("{before}{word}{after}")).unwrap();
            let holds = |condition: &Expr, record| condition.eval(record) == Truth::True;
            records.iter().all(|record| holds(&rule.when, record) == holds(&rest, record))
        };
        prop_assert!(same_with("true") || same_with("false"), "{}", finding.message);
    }
}
