//! Constants, and the type they take from the field they are compared with.

use crate::domain::{Amount, Country, Currency, Timestamp, UnknownCurrency};
use crate::features::Kind;
use crate::rules::error::nearest;
use crate::rules::expr::{Literal, Number};
use crate::rules::problem::Problem;

/// A constant as written, before it has a field's type.
#[derive(Debug, Clone)]
pub(super) enum Constant {
    Boolean(bool),
    Number(Number),
    Text(Box<str>),
    Time(Timestamp),
    Money(Amount),
}

impl Constant {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
            Self::Time(_) => "time",
            Self::Money(_) => "money",
        }
    }

    /// The constant by its own type, where no field gives it one.
    pub(super) fn into_literal(self) -> Literal {
        match self {
            Self::Boolean(value) => Literal::Bool(value),
            Self::Number(number) => Literal::Number(number),
            Self::Text(text) => Literal::Text(text),
            Self::Time(time) => Literal::Time(time),
            Self::Money(amount) => Literal::Money(amount),
        }
    }
}

/// Gives a constant the type of a field. `names` are the field and the constant as written; `exact`
/// says that the constant is looked for itself: `==`, `!=`, `in`, `default`.
pub(super) fn coerce(
    constant: Constant,
    kind: Kind,
    exact: bool,
    names: (&str, &str),
) -> Result<Literal, Problem> {
    let (field, given) = (names.0.to_owned(), names.1.to_owned());
    let given_kind = constant.name();
    let fix = match (kind, constant) {
        (Kind::Int, Constant::Number(number)) if exact && number.exact.scale() > 0 => {
            return Err(Problem::NeverEqual { field, number: given });
        }
        (Kind::Int | Kind::Decimal | Kind::Float, Constant::Number(number)) => {
            return Ok(Literal::Number(number));
        }
        (Kind::Money, Constant::Number(_)) => {
            return Err(Problem::MoneyWithNumber { money: field, number: given });
        }
        (Kind::Money, Constant::Money(amount)) => return Ok(Literal::Money(amount)),
        (Kind::Time, Constant::Time(time)) => return Ok(Literal::Time(time)),
        (Kind::Bool, Constant::Boolean(value)) => return Ok(Literal::Bool(value)),
        (Kind::Text, Constant::Text(text)) => return Ok(Literal::Text(text)),
        (Kind::Word(words), Constant::Text(text)) => return word(words, text, field),
        (Kind::Country, Constant::Text(text)) => return country(&text),
        (Kind::Currency, Constant::Text(text)) => {
            return currency(&text).map(Literal::Currency);
        }
        (Kind::Ip, Constant::Text(text)) => {
            let problem = |_| Problem::BadAddress { given: text.to_string() };
            return text.parse().map(Literal::Ip).map_err(problem);
        }
        (Kind::Int | Kind::Decimal | Kind::Float, Constant::Text(text)) => {
            Number::parse(&text).map(|_| text.into())
        }
        (Kind::Decimal, Constant::Money(amount)) => Some(amount.value().to_string()),
        (Kind::Time, Constant::Text(text)) => Some(format!("timestamp(\"{text}\")")),
        (Kind::Text, Constant::Number(_)) => Some(format!("\"{given}\"")),
        (Kind::Bool, Constant::Text(text)) => match &*text {
            "true" => Some(field.clone()),
            "false" => Some(format!("!{field}")),
            _ => None,
        },
        _ => None,
    };
    let (left_kind, right_kind) = (kind.name(), given_kind);
    Err(Problem::Mismatch { left: field, left_kind, right: given, right_kind, fix })
}

fn word(words: &'static [&'static str], text: Box<str>, field: String) -> Result<Literal, Problem> {
    if words.contains(&&*text) {
        return Ok(Literal::Text(text));
    }
    let near = nearest(&text, words.iter().copied());
    Err(Problem::UnknownWord { field, given: text.into(), near, all: words.to_vec() })
}

fn country(text: &str) -> Result<Literal, Problem> {
    text.parse::<Country>().map(Literal::Country).map_err(|unknown| Problem::UnknownCountry {
        given: text.to_owned(),
        hint: unknown.hint.map(str::to_owned),
    })
}

pub(super) fn currency(text: &str) -> Result<Currency, Problem> {
    text.parse().map_err(|unknown: UnknownCurrency| Problem::UnknownCurrency {
        given: text.to_owned(),
        hint: unknown.hint.map(str::to_owned),
    })
}
