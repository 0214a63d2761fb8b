//! What a field can hold.

use crate::domain::{Amount, Country, Currency, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::net::IpAddr;

/// The type of a field, as the rule checker and the model loader see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// An exact decimal number.
    Decimal,
    /// A binary floating-point number: shares, similarities, probabilities.
    Float,
    /// Money with its currency; compares with money of the same currency only.
    Money,
    /// Free text, compared byte for byte.
    Text,
    /// One of the listed words.
    Word(&'static [&'static str]),
    /// An ISO 3166-1 country.
    Country,
    /// An ISO 4217 currency.
    Currency,
    /// An IPv4 or IPv6 address.
    Ip,
    /// An instant.
    Time,
}

impl Kind {
    /// The kind's name in messages and in `docs/features.md`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Int => "whole number",
            Self::Decimal => "decimal",
            Self::Float => "number",
            Self::Money => "money",
            Self::Text => "text",
            Self::Word(_) => "word",
            Self::Country => "country",
            Self::Currency => "currency",
            Self::Ip => "IP address",
            Self::Time => "time",
        }
    }

    /// True where a model can read the field as a number.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Bool | Self::Int | Self::Decimal | Self::Float)
    }
}

/// One value of a record. Missing is a value of its own: never zero, never an error.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Not known.
    #[default]
    Missing,
    /// See [`Kind::Bool`].
    Bool(bool),
    /// See [`Kind::Int`].
    Int(i64),
    /// See [`Kind::Decimal`].
    Decimal(Decimal),
    /// See [`Kind::Float`]; never NaN.
    Float(f64),
    /// See [`Kind::Money`].
    Money(Amount),
    /// See [`Kind::Text`] and [`Kind::Word`].
    Text(Box<str>),
    /// See [`Kind::Country`].
    Country(Country),
    /// See [`Kind::Currency`].
    Currency(Currency),
    /// See [`Kind::Ip`].
    Ip(IpAddr),
    /// See [`Kind::Time`].
    Time(Timestamp),
}

impl Value {
    /// True for [`Value::Missing`].
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// The value as a model reads it: booleans 0 and 1, numbers as they are, all else NaN.
    pub fn numeric(&self) -> f64 {
        match self {
            Self::Bool(b) => f64::from(u8::from(*b)),
            Self::Int(i) => i.to_f64().unwrap_or(f64::NAN),
            Self::Decimal(d) => d.to_f64().unwrap_or(f64::NAN),
            Self::Float(x) => *x,
            _ => f64::NAN,
        }
    }

    /// A text or a word as a value.
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// A finite number as a value; NaN and infinities are missing.
    pub fn float(x: f64) -> Self {
        if x.is_finite() { Self::Float(x) } else { Self::Missing }
    }

    /// True when this value may stand in a field of `kind`. Missing may stand anywhere.
    pub fn fits(&self, kind: Kind) -> bool {
        match (self, kind) {
            (Self::Missing, _)
            | (Self::Bool(_), Kind::Bool)
            | (Self::Int(_), Kind::Int)
            | (Self::Decimal(_), Kind::Decimal)
            | (Self::Float(_), Kind::Float)
            | (Self::Money(_), Kind::Money)
            | (Self::Text(_), Kind::Text)
            | (Self::Country(_), Kind::Country)
            | (Self::Currency(_), Kind::Currency)
            | (Self::Ip(_), Kind::Ip)
            | (Self::Time(_), Kind::Time) => true,
            (Self::Text(word), Kind::Word(words)) => words.contains(&&**word),
            _ => false,
        }
    }
}

macro_rules! value_from {
    ($($from:ty => $variant:ident),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}
value_from!(
    bool => Bool, i64 => Int, u32 => Int, Decimal => Decimal, Amount => Money, &str => Text,
    Country => Country, Currency => Currency, IpAddr => Ip, Timestamp => Time,
);

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}
