//! A checked condition as text: one spelling for one meaning.
//!
//! The digest of a rule set, `dump` and explanations use it. Reading the text back gives the same
//! condition.

use super::derived::Derived;
use super::expr::{Expr, FieldRef, Literal, Operand};
use std::fmt;

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(value) => write!(f, "{value}"),
            Self::Not(inner) if inner.is_primary() => write!(f, "!{inner}"),
            Self::Not(inner) => write!(f, "!({inner})"),
            Self::And(parts) => joined(f, parts, " && "),
            Self::Or(parts) => joined(f, parts, " || "),
            Self::Holds(operand) => operand.fmt(f),
            Self::Has(field) => write!(f, "has({field})"),
            Self::Compare(op, left, right) => write!(f, "{left} {} {right}", op.symbol()),
            Self::In(operand, list) => {
                write!(f, "{operand} in [")?;
                for (place, literal) in list.iter().enumerate() {
                    write!(f, "{}{literal}", if place == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::InNetwork(operand, network) => write!(f, "{operand} in cidr(\"{network}\")"),
            Self::InList(listed) => f.write_str(listed.question()),
            Self::Text(test, operand, pattern) => {
                write!(f, "{operand}.{}({})", test.name(), Quoted(pattern))
            }
            Self::Matches(operand, pattern) => {
                write!(f, "{operand}.matches({})", Quoted(pattern.text()))
            }
        }
    }
}

impl Expr {
    /// True when `!` in front of it needs no brackets.
    fn is_primary(&self) -> bool {
        matches!(
            self,
            Self::Constant(_)
                | Self::Not(_)
                | Self::Holds(_)
                | Self::Has(_)
                | Self::Text(..)
                | Self::Matches(..)
        )
    }
}

/// Each part that is itself joined stands in brackets; by the checker it is joined otherwise.
fn joined(f: &mut fmt::Formatter<'_>, parts: &[Expr], operator: &str) -> fmt::Result {
    for (place, part) in parts.iter().enumerate() {
        let before = if place == 0 { "" } else { operator };
        match part {
            Expr::And(_) | Expr::Or(_) => write!(f, "{before}({part})")?,
            _ => write!(f, "{before}{part}")?,
        }
    }
    Ok(())
}

/// Whether a name reads back without back-ticks.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl fmt::Display for FieldRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalogue(id) => f.write_str(id.field().name),
            Self::Custom(name) if is_plain(name) => write!(f, "custom.{name}"),
            Self::Custom(name) => write!(f, "custom.`{name}`"),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => field.fmt(f),
            Self::Default(field, literal) => write!(f, "default({field}, {literal})"),
            Self::Literal(literal) => literal.fmt(f),
            Self::Derived(Derived::Clock(part, zone), of) => {
                write!(f, "{of}.{}(\"{}\")", part.name(), zone.name())
            }
            Self::Derived(Derived::Size, of) => write!(f, "size({of})"),
            Self::Derived(Derived::LowerAscii, of) => write!(f, "{of}.lowerAscii()"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{}", number.exact),
            Self::Text(text) => Quoted(text).fmt(f),
            Self::Country(country) => write!(f, "\"{country}\""),
            Self::Currency(currency) => write!(f, "\"{currency}\""),
            Self::Ip(address) => write!(f, "\"{address}\""),
            Self::Time(time) => write!(f, "timestamp(\"{time}\")"),
            Self::Money(amount) => {
                write!(f, "money(\"{}\", \"{}\")", amount.value().normalize(), amount.currency())
            }
        }
    }
}

/// A text between double quotes, with the escapes the lexer knows.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                other => write!(f, "{other}")?,
            }
        }
        f.write_str("\"")
    }
}
