//! A record out of a cell, so that an overlap is shown and not only claimed.
//!
//! Fields take values of their sets; undivided tests are then settled one by one with values that
//! may do (parts of texts put together, addresses of the network, values that differ from the
//! other field's). Whether it worked is asked of the evaluator: what it does not confirm is not said.

use super::line::{Point, Scale};
use super::region::{Cell, Key};
use super::set::{Part, Set, TRUE, Token, Type, types};
use super::space::{Space, Subject};
use crate::domain::{Amount, Country, Currency, Timestamp};
use crate::features::{Record, Value};
use crate::rules::{
    Comparison, Derived, Expr, FieldRef, Literal, Number, Operand, TextTest, Truth,
};
use rust_decimal::prelude::ToPrimitive;
use std::borrow::Cow;

/// A test a record must settle, and how.
type Test<'t> = (Cow<'t, Expr>, Truth);

/// Most values tried of a field.
const MAX_SAMPLES: usize = 12;
/// Longest text made to have a size.
const MAX_SIZE: usize = 256;
/// A midnight in UTC to begin with: 2026-01-05.
const A_DAY: i64 = 1_767_571_200_000;

/// A record in the cell of which all conditions are true; `None` where none was found.
pub(super) fn witness(cell: &Cell, space: &Space, conditions: [&Expr; 2]) -> Option<Record> {
    let mut record = Record::default();
    let mut tests = Vec::new();
    for (key, set) in cell.sets() {
        match space.subject(key)? {
            Subject::Field(field) => {
                if let Some(value) = samples(field, set).into_iter().next() {
                    put(&mut record, field, value);
                }
            }
            Subject::Computed(value) => {
                tests.push((Cow::Owned(equals(value, set)?), Truth::True));
            }
            Subject::Test(leaf) => {
                let wanted =
                    if *set == super::set::states(TRUE) { Truth::True } else { Truth::False };
                tests.push((Cow::Borrowed(leaf), wanted));
            }
        }
    }
    for (leaf, wanted) in &tests {
        if leaf.eval(&record) != *wanted {
            settle(leaf, *wanted, (cell, space), &tests, &mut record);
        }
    }
    let holds = conditions.iter().all(|condition| condition.eval(&record) == Truth::True);
    holds.then_some(record)
}

/// Tries other values of the test's fields until it comes out as wanted.
fn settle(
    leaf: &Expr,
    wanted: Truth,
    (cell, space): (&Cell, &Space),
    tests: &[Test<'_>],
    record: &mut Record,
) {
    for field in leaf.fields() {
        let allowed = space.key_of(&field).and_then(|key| allowed(key, cell, space));
        let before = field.value(record).clone();
        let mut values = allowed.map(|set| samples(&field, set)).unwrap_or_default();
        values.extend(texts(&field, tests).into_iter().map(|text| Value::text(&text)));
        values.extend(addresses(&field, tests));
        values.extend(times(leaf));
        for value in values {
            put(record, &field, value);
            let settled = |(leaf, wanted): &Test<'_>| {
                !leaf.fields().contains(&field) || leaf.eval(record) == *wanted
            };
            if leaf.eval(record) == wanted && tests.iter().all(settled) {
                return;
            }
        }
        put(record, &field, before);
    }
}

fn allowed<'c>(key: Key, cell: &'c Cell, space: &'c Space) -> Option<&'c Set> {
    cell.get(key).or_else(|| space.everything(key))
}

fn put(record: &mut Record, field: &FieldRef, value: Value) {
    match field {
        FieldRef::Catalogue(id) if value.fits(id.field().kind) => record.set(*id, value),
        FieldRef::Catalogue(_) => {}
        FieldRef::Custom(name) => record.set_custom(name, value),
    }
}

/// Texts made of what the tests look for in this field.
fn texts(field: &FieldRef, tests: &[Test<'_>]) -> Vec<String> {
    let (mut start, mut inner, mut end) = (String::new(), String::new(), String::new());
    for (leaf, wanted) in tests {
        if let (Expr::Text(test, operand, pattern), Truth::True) = (&**leaf, wanted)
            && operand.field() == Some(field)
        {
            match test {
                TextTest::StartsWith if pattern.len() > start.len() => start = pattern.to_string(),
                TextTest::EndsWith if pattern.len() > end.len() => end = pattern.to_string(),
                TextTest::StartsWith | TextTest::EndsWith => {}
                TextTest::Contains => inner.push_str(pattern),
            }
        }
    }
    let filled = format!(
        "{start}{inner}{}{end}",
        "x".repeat(missing_size(field, tests, [&start, &inner, &end]))
    );
    vec![filled, format!("{start}{inner}{end}"), format!("{start}x{inner}x{end}"), start, end]
}

/// How many characters the parts lack of the size the field is to have.
fn missing_size(field: &FieldRef, tests: &[Test<'_>], parts: [&str; 3]) -> usize {
    let size = tests.iter().find_map(|(leaf, _)| match &**leaf {
        Expr::Compare(
            _,
            Operand::Derived(Derived::Size, of),
            Operand::Literal(Literal::Number(n)),
        ) if of.field() == Some(field) => n.exact.to_usize(),
        _ => None,
    });
    let held: usize = parts.iter().map(|part| part.chars().count()).sum();
    size.unwrap_or(0).min(MAX_SIZE).saturating_sub(held)
}

/// That a computed value is one of the set.
fn equals(value: &Operand, set: &Set) -> Option<Expr> {
    let [Part::Line(line)] = set.parts.as_slice() else { return None };
    let samples = line.samples(Scale::Whole).into_iter();
    let number = samples.filter_map(|point| match point {
        Point::Exact(exact) => Some(Number { exact, float: exact.to_f64()? }),
        Point::Float(_) => None,
    });
    let literal = Operand::Literal(Literal::Number({ number }.next()?));
    Some(Expr::Compare(Comparison::Equal, value.clone(), literal))
}

/// Every hour of a week, for a test of a part of a time.
fn times(leaf: &Expr) -> impl Iterator<Item = Value> {
    let by_clock = matches!(leaf, Expr::Compare(_, Operand::Derived(Derived::Clock(..), _), _));
    let hours = if by_clock { 7 * 24 } else { 0 };
    (0..hours).map(|hour| Value::Time(Timestamp::from_millis(A_DAY + hour * 3_600_000)))
}

/// Addresses in the networks the tests look for.
fn addresses(field: &FieldRef, tests: &[Test<'_>]) -> Vec<Value> {
    let first = |(leaf, _): &Test<'_>| match &**leaf {
        Expr::InNetwork(operand, network) if operand.field() == Some(field) => {
            network.to_string().split_once('/')?.0.parse().ok().map(Value::Ip)
        }
        _ => None,
    };
    tests.iter().filter_map(first).collect()
}

/// Some values of the set, simple ones first; none where only missing is in it.
pub(super) fn samples(field: &FieldRef, set: &Set) -> Vec<Value> {
    let mut samples = Vec::new();
    for (kind, part) in types(field).into_iter().zip(&set.parts) {
        match part {
            Part::Line(line) => {
                let scale = if let Type::Line(scale) = kind { scale } else { Scale::Whole };
                let points = line.samples(scale);
                samples.extend(points.into_iter().filter_map(|point| number(kind, point)));
            }
            Part::Purse(purse) => {
                for (currency, line) in &purse.named {
                    let points = line.samples(Scale::Exact);
                    samples.extend(points.into_iter().filter_map(|point| money(point, *currency)));
                }
                let named = |currency: &Currency| purse.named.contains_key(currency);
                let ten = Point::Exact(rust_decimal::Decimal::TEN);
                let other = Currency::all().find(|currency| !named(currency));
                samples.extend(other.filter(|_| purse.others).and_then(|c| money(ten, c)));
            }
            Part::Values(values) => {
                let known = values.listed.iter().cloned().chain(usual(kind));
                samples.extend(
                    known.filter(|token| values.contains(token)).take(MAX_SAMPLES).map(value),
                );
            }
            Part::States(_) => {}
        }
    }
    samples
}

fn money(point: Point, currency: Currency) -> Option<Value> {
    let Point::Exact(value) = point else { return None };
    Amount::new(value, currency).ok().map(Value::Money)
}

fn number(kind: Type, point: Point) -> Option<Value> {
    match (kind, point) {
        (Type::Time, Point::Exact(n)) => {
            n.to_i64().map(|ms| Value::Time(Timestamp::from_millis(ms)))
        }
        (Type::Line(Scale::Whole), Point::Exact(n)) if n.fract().is_zero() => {
            n.to_i64().map(Value::Int)
        }
        (Type::Line(Scale::Exact), Point::Exact(n)) => Some(Value::Decimal(n.normalize())),
        (Type::Line(Scale::Binary), Point::Float(x)) => Some(Value::float(x.get())),
        _ => None,
    }
}

fn value(token: Token) -> Value {
    match token {
        Token::Bool(value) => Value::Bool(value),
        Token::Text(text) => Value::Text(text),
        Token::Country(country) => Value::Country(country),
        Token::Currency(currency) => Value::Currency(currency),
        Token::Ip(address) => Value::Ip(address),
    }
}

/// Values of a type to choose from.
fn usual(kind: Type) -> Vec<Token> {
    match kind {
        Type::Bool => vec![Token::Bool(true), Token::Bool(false)],
        Type::Word(words) => words.iter().map(|word| Token::Text((*word).into())).collect(),
        Type::Text => ["a", "b", "c", "1", "2"].map(|text| Token::Text(text.into())).into(),
        Type::Country => {
            let first = ["DE", "GB", "US"].iter().filter_map(|code| code.parse().ok());
            first.chain(Country::all()).map(Token::Country).collect()
        }
        Type::Currency => {
            let first = ["EUR", "USD"].iter().filter_map(|code| code.parse().ok());
            first.chain(Currency::all()).map(Token::Currency).collect()
        }
        Type::Ip => ["192.0.2.1", "198.51.100.7", "2001:db8::1"]
            .iter()
            .filter_map(|text| text.parse().ok().map(Token::Ip))
            .collect(),
        Type::Line(_) | Type::Time | Type::Money => Vec::new(),
    }
}
