//! Why a condition is what it is: every part with its truth, every leaf with the values it read.

use super::eval::Truth;
use super::expr::{Expr, FieldRef};
use crate::features::{Record, Value};
use std::fmt;

/// A condition or a part of one, explained for one record. Prints as an indented tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What it came to.
    pub truth: Truth,
    /// What it says: the condition for a leaf, the operator above others.
    pub text: String,
    /// The fields a leaf read.
    pub values: Vec<(FieldRef, Value)>,
    /// The parts.
    pub parts: Vec<Explanation>,
}

/// Explains a condition for a record.
pub fn explain(expr: &Expr, record: &Record) -> Explanation {
    let (text, parts): (String, &[Expr]) = match expr {
        Expr::And(parts) => ("all of".to_owned(), parts),
        Expr::Or(parts) => ("any of".to_owned(), parts),
        Expr::Not(inner)
            if !matches!(
                **inner,
                Expr::Holds(_) | Expr::Has(_) | Expr::Text(..) | Expr::Matches(..)
            ) =>
        {
            ("not".to_owned(), std::slice::from_ref(&**inner))
        }
        leaf => (leaf.to_string(), &[]),
    };
    let read = |field: FieldRef| {
        let value = field.value(record).clone();
        (field, value)
    };
    let is_leaf = parts.is_empty();
    Explanation {
        truth: expr.eval(record),
        text,
        values: expr.fields().into_iter().filter(|_| is_leaf).map(read).collect(),
        parts: parts.iter().map(|part| explain(part, record)).collect(),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "", "")
    }
}

impl Explanation {
    fn write(&self, f: &mut fmt::Formatter<'_>, branch: &str, indent: &str) -> fmt::Result {
        write!(f, "{branch}{:<7}  {}", self.truth.word(), self.text)?;
        for (place, (field, value)) in self.values.iter().enumerate() {
            write!(f, "{}{field} ", if place == 0 { "    (" } else { ", " })?;
            match value {
                Value::Missing => f.write_str("is missing")?,
                known => write!(f, "= {}", Shown(known))?,
            }
        }
        writeln!(f, "{}", if self.values.is_empty() { "" } else { ")" })?;
        for (place, part) in self.parts.iter().enumerate() {
            let last = place + 1 == self.parts.len();
            let branch = format!("{indent}{}", if last { "└─ " } else { "├─ " });
            let indent = format!("{indent}{}", if last { "   " } else { "│  " });
            part.write(f, &branch, &indent)?;
        }
        Ok(())
    }
}

/// A value as an analyst reads it.
struct Shown<'a>(&'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Missing => f.write_str("missing"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Decimal(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value}"),
            Value::Money(amount) => write!(f, "{amount}"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::Country(country) => write!(f, "{country}"),
            Value::Currency(currency) => write!(f, "{currency}"),
            Value::Ip(address) => write!(f, "{address}"),
            Value::Time(time) => write!(f, "{time}"),
        }
    }
}
