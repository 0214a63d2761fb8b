//! What holds for every condition and every record.

use crate::features::{FIELDS, Field, Kind, Record, Value};
use crate::rules::check::check;
use crate::rules::compiled::{Compiled, Scratch};
use crate::rules::{
    ClockPart, Comparison, Derived, Expr, FieldRef, Literal, Network, Number, Operand, Pattern,
    TextTest, Truth, Zone, explain, parse,
};
use proptest::prelude::*;
use proptest::sample::select;

/// A value of a field, from so few that comparisons come out either way.
fn value(kind: Kind) -> BoxedStrategy<Value> {
    let texts = ["", "a", "ab", "457173", "\"\\ü\n"];
    match kind {
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Int => (-2_i64..4).prop_map(Value::Int).boxed(),
        Kind::Decimal => (-20_i64..40).prop_map(|n| Value::Decimal(decimal(n))).boxed(),
        Kind::Float => (-20_i32..40).prop_map(|n| Value::Float(f64::from(n) / 10.0)).boxed(),
        Kind::Money => (0_i64..40, select(vec!["EUR", "USD"]))
            .prop_map(|(n, code)| Value::Money(amount(n, code)))
            .boxed(),
        Kind::Text => select(texts.to_vec()).prop_map(Value::text).boxed(),
        Kind::Word(words) => select(words.to_vec()).prop_map(Value::text).boxed(),
        Kind::Country => {
            select(vec!["DE", "GB", "NO"]).prop_map(|c| Value::Country(c.parse().unwrap())).boxed()
        }
        Kind::Currency => {
            select(vec!["EUR", "USD"]).prop_map(|c| Value::Currency(c.parse().unwrap())).boxed()
        }
        Kind::Ip => select(vec!["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"])
            .prop_map(|ip| Value::Ip(ip.parse().unwrap()))
            .boxed(),
        Kind::Time => (0_i64..4)
            .prop_map(|n| Value::Time(crate::domain::Timestamp::from_millis(n * 250)))
            .boxed(),
    }
}

fn decimal(tenths: i64) -> rust_decimal::Decimal {
    rust_decimal::Decimal::new(tenths, 1)
}

fn amount(tenths: i64, code: &str) -> crate::domain::Amount {
    crate::domain::Amount::new(decimal(tenths).normalize(), code.parse().unwrap()).unwrap()
}

/// A constant of a field's type.
fn literal(kind: Kind) -> BoxedStrategy<Literal> {
    value(kind)
        .prop_map(|value| match value {
            Value::Bool(b) => Literal::Bool(b),
            Value::Int(n) => Literal::Number(Number::parse(&n.to_string()).unwrap()),
            Value::Decimal(n) => Literal::Number(Number::parse(&n.to_string()).unwrap()),
            Value::Float(n) => Literal::Number(Number::parse(&format!("{n:.1}")).unwrap()),
            Value::Money(amount) => Literal::Money(amount),
            Value::Text(text) => Literal::Text(text),
            Value::Country(country) => Literal::Country(country),
            Value::Currency(currency) => Literal::Currency(currency),
            Value::Ip(address) => Literal::Ip(address),
            Value::Time(time) => Literal::Time(time),
            Value::Missing => unreachable!("no strategy makes it"),
        })
        .boxed()
}

/// The first fields of each kind: conditions are about few of them, so that they meet in one.
fn fields() -> impl Iterator<Item = &'static Field> {
    let mut taken = std::collections::HashMap::new();
    FIELDS.iter().filter(move |field| {
        let so_far = taken.entry(std::mem::discriminant(&field.kind)).or_insert(0);
        *so_far += 1;
        *so_far <= 4
    })
}

fn field(of: fn(Kind) -> bool) -> impl Strategy<Value = &'static Field> {
    select(fields().filter(|field| of(field.kind)).collect::<Vec<_>>())
}

/// A field, or sometimes a field with a default.
fn operand(field: &'static Field, defaults: bool) -> BoxedStrategy<Operand> {
    let plain = Just(Operand::Field(FieldRef::Catalogue(field.id)));
    if !defaults {
        return plain.boxed();
    }
    let default = literal(field.kind)
        .prop_map(|literal| Operand::Default(FieldRef::Catalogue(field.id), literal));
    prop_oneof![3 => plain, 1 => default].boxed()
}

/// A comparison of a computed value with a constant it can reach.
fn computed(defaults: bool) -> BoxedStrategy<Expr> {
    let zones = ["UTC", "Europe/London", "Asia/Kolkata", "America/New_York"];
    let clock = field(|kind| kind == Kind::Time)
        .prop_flat_map(move |field| operand(field, defaults))
        .prop_flat_map(move |operand| {
            (Just(operand), select(ClockPart::ALL.to_vec()), select(zones.to_vec()))
        })
        .prop_flat_map(|(operand, part, zone)| {
            let (least, most) = part.range();
            let clock = Derived::Clock(part, Zone::by_name(zone).unwrap());
            let value = Operand::Derived(clock, Box::new(operand));
            let near_epoch = if part == ClockPart::FullYear { 1971 } else { most };
            (Just(value), least..=near_epoch, select(Comparison::ALL.to_vec()))
        })
        .prop_map(|(value, number, op)| compare_number(op, value, number));
    let is_text = |kind| matches!(kind, Kind::Text | Kind::Word(_));
    let text = move || field(is_text).prop_flat_map(move |field| operand(field, defaults));
    let size = (text(), 0_i64..8, select(Comparison::ALL.to_vec())).prop_map(|(of, number, op)| {
        compare_number(op, Operand::Derived(Derived::Size, Box::new(of)), number)
    });
    let lower = (text(), select(vec!["a", "ab", "\"\\ü\n", "card"]), 0_u8..4).prop_map(
        |(of, constant, form)| {
            let value = Operand::Derived(Derived::LowerAscii, Box::new(of));
            let constant = Literal::Text(constant.into());
            match form {
                0 => Expr::In(value, vec![constant, Literal::Text("b".into())]),
                1 => Expr::Text(TextTest::StartsWith, value, "a".into()),
                2 => Expr::Text(TextTest::Contains, value, "b".into()),
                _ => Expr::Compare(Comparison::NotEqual, value, Operand::Literal(constant)),
            }
        },
    );
    let patterns = ["^a", "b$", "[0-9]{3}", "ü", "(?i)^CARD|a\\\\?", "\\n"];
    let patterns: Vec<_> = patterns.iter().map(|text| Pattern::new(text).unwrap()).collect();
    let matches = (text(), select(patterns)).prop_map(|(of, pattern)| Expr::Matches(of, pattern));
    prop_oneof![2 => clock, 1 => size, 1 => lower, 1 => matches].boxed()
}

fn compare_number(op: Comparison, value: Operand, number: i64) -> Expr {
    let number = Number::parse(&number.to_string()).unwrap();
    Expr::Compare(op, value, Operand::Literal(Literal::Number(number)))
}

/// A leaf. With `closed`, none that looks at missing itself (`has`, `default`).
fn leaf(closed: bool) -> BoxedStrategy<Expr> {
    let defaults = !closed;
    let is_text = |kind| matches!(kind, Kind::Text | Kind::Word(_));
    let compare = field(|kind| kind != Kind::Bool).prop_flat_map(move |field| {
        let ordered = matches!(
            field.kind,
            Kind::Int | Kind::Decimal | Kind::Float | Kind::Money | Kind::Time
        );
        let ops = Comparison::ALL.into_iter().filter(|op| ordered || !op.needs_order());
        (select(ops.collect::<Vec<_>>()), operand(field, defaults), literal(field.kind))
            .prop_map(|(op, left, right)| Expr::Compare(op, left, Operand::Literal(right)))
    });
    let in_list = field(|kind| kind != Kind::Bool).prop_flat_map(move |field| {
        (operand(field, defaults), prop::collection::vec(literal(field.kind), 1..4))
            .prop_map(|(operand, list)| Expr::In(operand, list))
    });
    let network = field(|kind| kind == Kind::Ip).prop_flat_map(move |field| {
        let networks = select(vec!["10.0.0.0/8", "10.1.2.3/32", "2001:db8::/32", "::/0"]);
        (operand(field, defaults), networks)
            .prop_map(|(operand, text)| Expr::InNetwork(operand, Network::parse(text).unwrap()))
    });
    let text = field(is_text).prop_flat_map(move |field| {
        let patterns = select(vec!["a", "b", "457", "\"\\ü\n"]);
        (select(TextTest::ALL.to_vec()), operand(field, defaults), patterns)
            .prop_map(|(test, operand, pattern)| Expr::Text(test, operand, pattern.into()))
    });
    let holds = field(|kind| kind == Kind::Bool)
        .prop_flat_map(move |field| operand(field, defaults))
        .prop_map(Expr::Holds);
    let has = select(fields().collect::<Vec<_>>())
        .prop_map(|field| Expr::Has(FieldRef::Catalogue(field.id)));
    let open = if closed { any::<bool>().prop_map(Expr::Constant).boxed() } else { has.boxed() };
    let computed = computed(defaults);
    prop_oneof![
        3 => compare, 2 => in_list, 1 => network, 1 => text, 2 => holds, 1 => open, 2 => computed
    ]
    .boxed()
}

/// Any condition the checker could have accepted, in its canonical form.
fn expr(closed: bool) -> impl Strategy<Value = Expr> {
    leaf(closed).prop_recursive(4, 24, 4, |inner| {
        let parts = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.prop_map(|e| Expr::Not(Box::new(e))),
            parts.clone().prop_map(|parts| Expr::And(flat(parts, true))),
            parts.prop_map(|parts| Expr::Or(flat(parts, false))),
        ]
    })
}

fn flat(parts: Vec<Expr>, and: bool) -> Vec<Expr> {
    let one = |part| match part {
        Expr::And(inner) if and => inner,
        Expr::Or(inner) if !and => inner,
        other => vec![other],
    };
    parts.into_iter().flat_map(one).collect()
}

/// A record in which each of these fields is missing or has a value.
fn record() -> impl Strategy<Value = Record> {
    let slots: Vec<_> = fields().map(|field| prop::option::of(value(field.kind))).collect();
    slots.prop_map(|values| {
        let mut record = Record::default();
        for (field, value) in fields().zip(values) {
            record.set(field.id, value.unwrap_or_default());
        }
        record
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_reading_back_changes_nothing(expr in expr(false)) {
        let text = expr.to_string();
        prop_assert_eq!(parse("<printed>", &text).map_err(|e| e.to_string()), Ok(expr));
    }

    #[test]
    fn negation_follows_de_morgan(a in expr(false), b in expr(false), record in record()) {
        let not = |e: &Expr| Expr::Not(Box::new(e.clone()));
        let both = Expr::And(vec![a.clone(), b.clone()]);
        let either = Expr::Or(vec![a.clone(), b.clone()]);
        prop_assert_eq!(not(&both).eval(&record), Expr::Or(vec![not(&a), not(&b)]).eval(&record));
        prop_assert_eq!(not(&either).eval(&record), Expr::And(vec![not(&a), not(&b)]).eval(&record));
        prop_assert_eq!(not(&not(&a)).eval(&record), a.eval(&record));
    }

    /// Knowing more never changes what was decided without it.
    #[test]
    fn a_decided_condition_stays_decided(
        expr in expr(true), record in record(), forget in prop::collection::vec(any::<bool>(), fields().count()),
    ) {
        let mut less = record.clone();
        for (field, _) in fields().zip(forget).filter(|(_, forget)| *forget) {
            less.set(field.id, Value::Missing);
        }
        let before = expr.eval(&less);
        if before != Truth::Unknown {
            prop_assert_eq!(before, expr.eval(&record));
        }
    }

    #[test]
    fn an_explanation_agrees_with_its_condition(expr in expr(false), record in record()) {
        let explanation = explain(&expr, &record);
        prop_assert_eq!(explanation.truth, expr.eval(&record));
        prop_assert!(!explanation.to_string().is_empty());
    }

    /// Whatever is typed gives an answer, and what is accepted evaluates and reads back.
    #[test]
    fn no_text_breaks_the_checker(text in soup(), record in record()) {
        if let Ok(expr) = check(&text) {
            expr.eval(&record);
            prop_assert_eq!(check(&expr.to_string()), Ok(expr));
        } else if let Err(error) = parse("<soup>", &text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 260, ..ProptestConfig::default() })]

    /// 20 conditions on 20 records each time: more than 100,000 pairs.
    #[test]
    fn compiled_conditions_agree_with_the_tree(
        exprs in prop::collection::vec(expr(false), 20),
        records in prop::collection::vec(record(), 20),
    ) {
        let compiled = Compiled::new(exprs.iter());
        let mut scratch = Scratch::default();
        for record in &records {
            compiled.evaluate(record, &mut scratch);
            let are = |truth| {
                let holds = move |(_, expr): &(usize, &Expr)| expr.eval(record) == truth;
                exprs.iter().enumerate().filter(holds).map(|(number, _)| number).collect::<Vec<_>>()
            };
            prop_assert_eq!(scratch.matched().collect::<Vec<_>>(), are(Truth::True));
            prop_assert_eq!(scratch.open().collect::<Vec<_>>(), are(Truth::Unknown));
        }
    }
}

/// Pieces of conditions in any order, and any characters at all.
fn soup() -> impl Strategy<Value = String> {
    let pieces = vec![
        "&&",
        "||",
        "!",
        "==",
        "!=",
        "<",
        ">=",
        "in",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "-",
        "=",
        "+",
        "not",
        "and",
        "true",
        "false",
        "1",
        "2.50",
        "'a'",
        "\"DE\"",
        "'",
        "`",
        "ip.tor",
        "ip.country",
        "amount",
        "amount_eur",
        "custom.x",
        "custom",
        "card.bin",
        "device.ip",
        "has(",
        "default(",
        "money('1','EUR')",
        "cidr('10.0.0.0/8')",
        "timestamp(",
        ".startsWith('a')",
        ".matches('a')",
        ".getHours('UTC')",
        ".lowerAscii()",
        ".size()",
        "size(",
        "event_time",
        "count('card','1h')",
        "distinct('card','ip','24h')",
        "//",
        "\n",
        "é",
        "#",
    ];
    prop_oneof![
        4 => prop::collection::vec(select(pieces), 0..14).prop_map(|pieces| pieces.join(" ")),
        1 => "\\PC{0,40}",
    ]
}
