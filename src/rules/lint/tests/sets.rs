//! Regions against brute force: every combination of values beside every limit.

use crate::features::{Kind, Record, Value};
use crate::rules::lint::region::{Budget, Region};
use crate::rules::lint::space::Space;
use crate::rules::{Expr, FieldRef, Truth, parse};
use proptest::prelude::*;
use proptest::sample::select;

/// Every test the random conditions are made of: of a field and a constant, over few fields.
const TESTS: &[&str] = &[
    "card_tx_count_1h > 0",
    "card_tx_count_1h >= 1",
    "card_tx_count_1h < 2",
    "card_tx_count_1h == 1",
    "card_tx_count_1h in [0, 2]",
    "default(card_tx_count_1h, 0) < 2",
    "default(card_tx_count_1h, 3) != 1",
    "has(card_tx_count_1h)",
    "amount_eur > 1",
    "amount_eur <= 1.5",
    "amount_eur != 1",
    "2 > amount_eur",
    "default(amount_eur, 1) >= 1",
    "account.age_h > 0.1",
    "account.age_h <= 0.3",
    "has(account.age_h)",
    "ip.tor",
    "default(ip.tor, false)",
    "default(ip.tor, true)",
    "email.class == 'free'",
    "email.class in ['relay', 'other']",
    "email.class.startsWith('disposable')",
    "ip.country == 'DE'",
    "ip.country in ['DE', 'GB']",
    "has(ip.country)",
    "custom.x > 1",
    "custom.x == 'a'",
    "custom.x != 'a'",
    "default(custom.x, 0) <= 1",
    "default(custom.x, true)",
    "has(custom.x)",
    "amount > money('1', 'EUR')",
    "amount <= money('1', 'USD')",
    "amount in [money('1', 'EUR'), money('2', 'USD')]",
    "true",
    "false",
];

/// Values on, beside and between all limits of [`TESTS`]; missing is one.
fn values(field: &FieldRef) -> Vec<Value> {
    let texts = |texts: &[&str]| texts.iter().map(|text| Value::text(text)).collect::<Vec<_>>();
    let json = |texts: &[&str]| -> Vec<Value> {
        let id = match field {
            FieldRef::Catalogue(id) => *id,
            FieldRef::Custom(_) => unreachable!(),
        };
        texts
            .iter()
            .map(|text| {
                let json = serde_json::from_str(text).unwrap_or_else(|_| (*text).into());
                crate::features::read_value(id, &json).unwrap()
            })
            .collect()
    };
    let mut values = match field {
        FieldRef::Custom(_) => {
            let mut values: Vec<Value> = (0..3).map(Value::Int).collect();
            values.extend([0.5, 1.0, 1.5].map(Value::Float));
            values.extend(texts(&["a", "b"]));
            values.extend([true, false].map(Value::Bool));
            values
        }
        FieldRef::Catalogue(id) => match id.field().kind {
            Kind::Int => (0..5).map(Value::Int).collect(),
            Kind::Decimal => {
                json(&["\"0\"", "\"1\"", "\"1.2\"", "\"1.5\"", "\"1.7\"", "\"2\"", "\"3\""])
            }
            Kind::Float => [-1.0, 0.1, 0.2, 0.3, 0.4].map(Value::Float).into(),
            Kind::Bool => [true, false].map(Value::Bool).into(),
            Kind::Word(words) => texts(words),
            Kind::Country => json(&["\"DE\"", "\"GB\"", "\"US\""]),
            Kind::Money => json(&[
                r#"{"value":"0.5","currency":"EUR"}"#,
                r#"{"value":"1","currency":"EUR"}"#,
                r#"{"value":"3","currency":"EUR"}"#,
                r#"{"value":"1","currency":"USD"}"#,
                r#"{"value":"2","currency":"USD"}"#,
                r#"{"value":"3","currency":"USD"}"#,
                r#"{"value":"1","currency":"GBP"}"#,
            ]),
            _ => unreachable!("no test reads it"),
        },
    };
    values.push(Value::Missing);
    values
}

/// Every record of the fields the conditions read.
fn records(conditions: &[&Expr]) -> Vec<Record> {
    let fields: std::collections::BTreeSet<_> =
        conditions.iter().flat_map(|condition| condition.fields()).collect();
    let mut records = vec![Record::default()];
    for field in fields {
        let put = |record: &Record, value: Value| {
            let mut record = record.clone();
            match &field {
                FieldRef::Catalogue(id) => record.set(*id, value),
                FieldRef::Custom(name) => record.set_custom(name, value),
            }
            record
        };
        let values = values(&field);
        records =
            records.iter().flat_map(|r| values.iter().map(move |v| put(r, v.clone()))).collect();
    }
    records
}

fn condition() -> impl Strategy<Value = Expr> {
    let leaf = select(TESTS).prop_map(|text| parse("<test>", text).unwrap());
    leaf.prop_recursive(3, 8, 3, |inner| {
        let parts = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            1 => inner.prop_map(|part| Expr::Not(Box::new(part))),
            2 => parts.clone().prop_map(Expr::And),
            2 => parts.prop_map(Expr::Or),
        ]
    })
}

fn few_fields(conditions: &[&Expr]) -> bool {
    let fields: std::collections::BTreeSet<_> =
        conditions.iter().flat_map(|e| e.fields()).collect();
    fields.len() <= 4
}

fn budget() -> Budget {
    Budget::new(1_000_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_global_rejects: 20_000, ..ProptestConfig::default() })]

    /// Never and always true, exactly: what is claimed is so, and what is so is claimed.
    #[test]
    fn never_and_always_are_exact(condition in condition()) {
        prop_assume!(few_fields(&[&condition]));
        let mut space = Space::default();
        for wanted in [true, false] {
            let Ok(region) = space.region(&condition, wanted, &mut budget()) else { continue };
            let whole = Region::everything().within(&region, &space, &mut budget());
            let outcomes: Vec<_> = records(&[&condition])
                .iter()
                .map(|record| condition.eval(record) == Truth::from(wanted))
                .collect();
            prop_assert_eq!(region.is_empty(), !outcomes.contains(&true), "{}", condition);
            prop_assert_eq!(whole, Ok(!outcomes.contains(&false)), "{}", condition);
        }
    }

    /// One condition within another, exactly.
    #[test]
    fn within_is_exact(one in condition(), other in condition()) {
        prop_assume!(few_fields(&[&one, &other]));
        let mut space = Space::default();
        let mine = space.region(&one, true, &mut budget());
        let theirs = space.region(&other, true, &mut budget());
        let (Ok(mine), Ok(theirs)) = (mine, theirs) else { return Ok(()) };
        let claimed = mine.within(&theirs, &space, &mut budget());
        let holds = |e: &Expr, record: &Record| e.eval(record) == Truth::True;
        let is_so = records(&[&one, &other]).iter().all(|r| !holds(&one, r) || holds(&other, r));
        prop_assert_eq!(claimed, Ok(is_so), "{} within {}", one, other);
        let meets = mine.meetings(&theirs).next().is_some();
        let both = records(&[&one, &other]).iter().any(|r| holds(&one, r) && holds(&other, r));
        prop_assert_eq!(meets, both, "{} meets {}", one, other);
    }
}

#[test]
fn a_condition_too_wide_is_said_to_be() {
    let choice = |n| format!("(custom.a{n} > 1 || custom.b{n} > 1)");
    let text = (0..12).map(choice).collect::<Vec<_>>().join(" && ");
    let condition = parse("<test>", &text).unwrap();
    assert!(Space::default().region(&condition, true, &mut budget()).is_err());
    let narrow = parse("<test>", &(0..6).map(choice).collect::<Vec<_>>().join(" && ")).unwrap();
    assert!(Space::default().region(&narrow, true, &mut budget()).is_ok());
    assert!(Space::default().region(&narrow, true, &mut Budget::new(100)).is_err());
}
