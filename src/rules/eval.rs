//! Three-valued evaluation of a checked condition: a walk over the tree.
//!
//! Missing makes a comparison, `in` and a test of a text unknown; `has` is never unknown; `&&`, `||`
//! and `!` follow Kleene. A rule matches only on true, so a fact that is not known never makes a
//! rule fire, and never hides another part that is decided without it. This is what CEL gives when
//! a missing field is an error, since its `&&` and `||` absorb errors.
//!
//! Numbers compare exactly (whole numbers and decimals), except beside a binary float, where both
//! sides compare as `f64`. Money compares with money of the same currency; another currency is
//! unknown, not false.

use super::derived::Derived;
use super::expr::{Comparison, Expr, Literal, Network, Number, Operand, TextTest};
use crate::domain::{Amount, Country, Currency, Timestamp};
use crate::features::{Record, Value};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;

/// What a condition says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// A missing fact would decide it.
    Unknown,
}

impl Truth {
    /// The word the command line prints.
    pub fn word(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unknown => "unknown",
        }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl From<Option<bool>> for Truth {
    fn from(value: Option<bool>) -> Self {
        value.map_or(Self::Unknown, Self::from)
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Expr {
    /// Evaluates the condition. Never fails. Cost: one step per part, no allocation.
    pub fn eval(&self, record: &Record) -> Truth {
        match self {
            Self::Constant(value) => (*value).into(),
            Self::Not(inner) => !inner.eval(record),
            Self::And(parts) => all(parts.iter().map(|part| part.eval(record))),
            Self::Or(parts) => !all(parts.iter().map(|part| !part.eval(record))),
            Self::Holds(operand) => match operand.fact(record) {
                Fact::Bool(value) => value.into(),
                _ => Truth::Unknown,
            },
            Self::Has(field) => (!field.value(record).is_missing()).into(),
            Self::Compare(op, left, right) => {
                compare(*op, left.fact(record), right.fact(record)).into()
            }
            Self::In(operand, list) => {
                let fact = operand.fact(record);
                !all(list.iter().map(|literal| !Truth::from(equal(fact, literal.into()))))
            }
            Self::InNetwork(operand, network) => in_network(operand.fact(record), *network).into(),
            Self::InList(listed) => match record.listed(listed.question()) {
                Value::Bool(is_held) => (*is_held).into(),
                _ => Truth::Unknown,
            },
            Self::Text(test, operand, pattern) => match operand.fact(record) {
                Fact::Text(text) => Truth::from(match test {
                    TextTest::StartsWith => text.starts_with(&**pattern),
                    TextTest::EndsWith => text.ends_with(&**pattern),
                    TextTest::Contains => text.contains(&**pattern),
                }),
                Fact::Lower(text) => Truth::from(test_lower(*test, text, pattern)),
                _ => Truth::Unknown,
            },
            Self::Matches(operand, pattern) => match operand.fact(record) {
                Fact::Text(text) => pattern.is_in(text).into(),
                _ => Truth::Unknown,
            },
        }
    }
}

/// A test of a text read in lower case. Only bytes of ASCII change, so it goes byte by byte.
fn test_lower(test: TextTest, text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let is = |part: &[u8]| lower(part).eq(pattern.iter().copied());
    match test {
        TextTest::StartsWith => text.get(..pattern.len()).is_some_and(is),
        TextTest::EndsWith => {
            text.len().checked_sub(pattern.len()).and_then(|at| text.get(at..)).is_some_and(is)
        }
        TextTest::Contains => text.windows(pattern.len().max(1)).any(is),
    }
}

fn lower(text: &[u8]) -> impl Iterator<Item = u8> + '_ {
    text.iter().map(u8::to_ascii_lowercase)
}

/// False where any is false, else unknown where any is unknown. Stops at the first false.
fn all(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut result = Truth::True;
    for truth in truths {
        match truth {
            Truth::False => return Truth::False,
            Truth::Unknown => result = Truth::Unknown,
            Truth::True => {}
        }
    }
    result
}

/// A value or a constant, borrowed.
#[derive(Debug, Clone, Copy)]
enum Fact<'a> {
    Missing,
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Float(f64),
    Constant(Number),
    Money(Amount),
    Text(&'a str),
    /// A text, read in lower case.
    Lower(&'a str),
    Country(Country),
    Currency(Currency),
    Ip(IpAddr),
    Time(Timestamp),
}

impl<'a> From<&'a Value> for Fact<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Missing => Self::Missing,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Decimal(value) => Self::Decimal(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Money(amount) => Self::Money(*amount),
            Value::Text(text) => Self::Text(text),
            Value::Country(country) => Self::Country(*country),
            Value::Currency(currency) => Self::Currency(*currency),
            Value::Ip(address) => Self::Ip(*address),
            Value::Time(time) => Self::Time(*time),
        }
    }
}

impl<'a> From<&'a Literal> for Fact<'a> {
    fn from(literal: &'a Literal) -> Self {
        match literal {
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Number(number) => Self::Constant(*number),
            Literal::Text(text) => Self::Text(text),
            Literal::Country(country) => Self::Country(*country),
            Literal::Currency(currency) => Self::Currency(*currency),
            Literal::Ip(address) => Self::Ip(*address),
            Literal::Time(time) => Self::Time(*time),
            Literal::Money(amount) => Self::Money(*amount),
        }
    }
}

impl Operand {
    fn fact<'a>(&'a self, record: &'a Record) -> Fact<'a> {
        match self {
            Self::Field(field) => field.value(record).into(),
            Self::Literal(literal) => literal.into(),
            Self::Default(field, literal) => match field.value(record) {
                Value::Missing => literal.into(),
                known => known.into(),
            },
            Self::Derived(how, of) => derive(how, of.fact(record)),
        }
    }
}

/// Missing where the fact is missing, or a member of `custom` has another type.
fn derive<'a>(how: &Derived, fact: Fact<'a>) -> Fact<'a> {
    match (how, fact) {
        (Derived::Clock(part, zone), Fact::Time(time)) => Fact::Int(zone.read(*part, time)),
        (Derived::Clock(part, zone), Fact::Text(text)) => {
            text.parse().map_or(Fact::Missing, |time| Fact::Int(zone.read(*part, time)))
        }
        (Derived::Size, Fact::Text(text) | Fact::Lower(text)) => {
            i64::try_from(text.chars().count()).map_or(Fact::Missing, Fact::Int)
        }
        (Derived::LowerAscii, Fact::Text(text) | Fact::Lower(text)) => Fact::Lower(text),
        _ => Fact::Missing,
    }
}

/// `None` is unknown: a side is missing, or a member of `custom` has another type.
fn compare(op: Comparison, left: Fact<'_>, right: Fact<'_>) -> Option<bool> {
    match op {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => equal(left, right).map(|equal| !equal),
        Comparison::Less => order(left, right).map(Ordering::is_lt),
        Comparison::LessOrEqual => order(left, right).map(Ordering::is_le),
        Comparison::Greater => order(left, right).map(Ordering::is_gt),
        Comparison::GreaterOrEqual => order(left, right).map(Ordering::is_ge),
    }
}

fn equal(left: Fact<'_>, right: Fact<'_>) -> Option<bool> {
    match (left, right) {
        (Fact::Bool(a), Fact::Bool(b)) => Some(a == b),
        (Fact::Text(a), Fact::Text(b)) => Some(a == b),
        (Fact::Lower(a), Fact::Text(b)) | (Fact::Text(b), Fact::Lower(a)) => {
            Some(lower(a.as_bytes()).eq(b.bytes()))
        }
        (Fact::Lower(a), Fact::Lower(b)) => Some(a.eq_ignore_ascii_case(b)),
        (Fact::Country(a), Fact::Country(b)) => Some(a == b),
        (Fact::Currency(a), Fact::Currency(b)) => Some(a == b),
        (Fact::Ip(a), Fact::Ip(b)) => Some(a.to_canonical() == b.to_canonical()),
        // A member of `custom` beside a field of the catalogue.
        (Fact::Text(text), Fact::Country(b)) | (Fact::Country(b), Fact::Text(text)) => {
            text.parse::<Country>().ok().map(|a| a == b)
        }
        (Fact::Text(text), Fact::Currency(b)) | (Fact::Currency(b), Fact::Text(text)) => {
            text.parse::<Currency>().ok().map(|a| a == b)
        }
        (Fact::Text(text), Fact::Ip(b)) | (Fact::Ip(b), Fact::Text(text)) => {
            text.parse::<IpAddr>().ok().map(|a| a.to_canonical() == b.to_canonical())
        }
        _ => order(left, right).map(Ordering::is_eq),
    }
}

fn order(left: Fact<'_>, right: Fact<'_>) -> Option<Ordering> {
    match (left, right) {
        (Fact::Money(a), Fact::Money(b)) => {
            (a.currency() == b.currency()).then(|| a.value().cmp(&b.value()))
        }
        (Fact::Time(a), Fact::Time(b)) => Some(a.cmp(&b)),
        (Fact::Text(text), Fact::Time(b)) => text.parse().ok().map(|a: Timestamp| a.cmp(&b)),
        (Fact::Time(a), Fact::Text(text)) => text.parse().ok().map(|b: Timestamp| a.cmp(&b)),
        (Fact::Float(_), _) | (_, Fact::Float(_)) => float(left)?.partial_cmp(&float(right)?),
        _ => Some(exact(left)?.cmp(&exact(right)?)),
    }
}

fn exact(fact: Fact<'_>) -> Option<Decimal> {
    match fact {
        Fact::Int(value) => Some(value.into()),
        Fact::Decimal(value) => Some(value),
        Fact::Constant(number) => Some(number.exact),
        _ => None,
    }
}

fn float(fact: Fact<'_>) -> Option<f64> {
    match fact {
        Fact::Int(value) => value.to_f64(),
        Fact::Decimal(value) => value.to_f64(),
        Fact::Constant(number) => Some(number.float),
        Fact::Float(value) => Some(value),
        _ => None,
    }
}

fn in_network(fact: Fact<'_>, network: Network) -> Option<bool> {
    match fact {
        Fact::Ip(address) => Some(network.contains(address)),
        Fact::Text(text) => text.parse().ok().map(|address| network.contains(address)),
        _ => None,
    }
}
