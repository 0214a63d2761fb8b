//! Money: an exact decimal with its ISO 4217 currency. Never a float.

use super::Currency;
use super::card_number::excerpt;
use rust_decimal::Decimal;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A non-negative amount of money.
///
/// Shape: `{"value": "49.00", "currency": "EUR"}`; the value is a decimal string, because a JSON
/// number would pass through binary floating point in most clients. Range: 0 ..= 10^15, at most 8
/// decimals. Zero is a free trial, not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
pub struct Amount {
    /// Decimal digits, e.g. `49.00`.
    #[schema(value_type = String, pattern = r"^[0-9]{1,16}(\.[0-9]{1,8})?$", example = "49.00")]
    value: Decimal,
    /// ISO 4217 code.
    currency: Currency,
}

/// Why a number is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not digits with an optional fraction.
    #[error("`{given}` is not a decimal number; write it like `49.00`")]
    Malformed {
        /// The text, cut to 40 characters, card numbers masked.
        given: String,
    },
    /// Below zero: refunds are events, not negative sales.
    #[error("`{given}` is negative; a refund is an event, not a negative amount")]
    Negative {
        /// The text, cut to 40 characters, card numbers masked.
        given: String,
    },
    /// Above 10^15.
    #[error("`{given}` is above the largest amount, 10^15")]
    TooLarge {
        /// The text, cut to 40 characters, card numbers masked.
        given: String,
    },
    /// More than 8 decimals.
    #[error("`{given}` has more than 8 decimals")]
    TooPrecise {
        /// The text, cut to 40 characters, card numbers masked.
        given: String,
    },
}

const LARGEST: i64 = 1_000_000_000_000_000;
const MOST_DECIMALS: usize = 8;

impl Amount {
    /// Checks and keeps a value in a currency.
    ///
    /// # Errors
    /// Negative, above 10^15 or with more than 8 decimals.
    pub fn new(value: Decimal, currency: Currency) -> Result<Self, AmountError> {
        Ok(Self { value: check(value)?, currency })
    }

    /// Reads the decimal text of an amount.
    ///
    /// # Errors
    /// As [`Amount::new`], and for anything but digits with at most one point. No exponent, no
    /// thousands separator, no sign but `-`, no white space.
    pub fn parse(value: &str, currency: Currency) -> Result<Self, AmountError> {
        Self::new(read_decimal(value)?, currency)
    }

    /// The number, with the decimals it was given.
    pub fn value(self) -> Decimal {
        self.value
    }

    /// The currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// True when the value has more decimals than the currency's minor unit, e.g. `1.005` EUR.
    pub fn finer_than_minor_unit(self) -> bool {
        self.currency
            .exponent()
            .is_some_and(|exponent| self.value.normalize().scale() > u32::from(exponent))
    }
}

/// Reads and checks the decimal text of a non-negative amount.
fn read_decimal(value: &str) -> Result<Decimal, AmountError> {
    let given = || excerpt(value, 40);
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(AmountError::Malformed { given: given() });
    }
    if whole.trim_start_matches('0').len() > 16 {
        return Err(AmountError::TooLarge { given: given() });
    }
    if fraction.len() > MOST_DECIMALS {
        return Err(AmountError::TooPrecise { given: given() });
    }
    let decimal =
        Decimal::from_str(value).map_err(|_| AmountError::Malformed { given: given() })?;
    check(decimal)
}

fn check(value: Decimal) -> Result<Decimal, AmountError> {
    let given = || excerpt(&value.to_string(), 40);
    if value.is_sign_negative() && !value.is_zero() {
        return Err(AmountError::Negative { given: given() });
    }
    if value > Decimal::from(LARGEST) {
        return Err(AmountError::TooLarge { given: given() });
    }
    if value.scale() as usize > MOST_DECIMALS {
        return Err(AmountError::TooPrecise { given: given() });
    }
    Ok(value.abs())
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.currency)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AmountVisitor)
    }
}

/// Reads the object by hand so that an error points at `value` or `currency`, and so that unknown
/// members are ignored like everywhere else.
struct AmountVisitor;

impl<'de> de::Visitor<'de> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"an amount like {"value":"49.00","currency":"EUR"}"#)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Amount, A::Error> {
        let mut value: Option<DecimalText> = None;
        let mut currency: Option<Currency> = None;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match key.as_ref() {
                "value" if value.is_none() => value = Some(map.next_value()?),
                "currency" if currency.is_none() => currency = Some(map.next_value()?),
                "value" => return Err(de::Error::duplicate_field("value")),
                "currency" => return Err(de::Error::duplicate_field("currency")),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let value = value.ok_or_else(|| de::Error::missing_field("value"))?;
        let currency = currency.ok_or_else(|| de::Error::missing_field("currency"))?;
        Amount::new(value.0, currency).map_err(de::Error::custom)
    }
}

/// The decimal string of an amount; checked here so that the error's place is the value itself.
struct DecimalText(Decimal);

impl<'de> Deserialize<'de> for DecimalText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = DecimalText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal string like `\"49.00\"`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<DecimalText, E> {
                read_decimal(text).map(DecimalText).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Amount, String> {
        serde_json::from_str(json).map_err(|e| e.to_string())
    }

    #[test]
    fn keeps_what_it_was_given() {
        let amount = read(r#"{"value":"49.00","currency":"EUR"}"#).unwrap();
        assert_eq!(amount.to_string(), "49.00 EUR");
        assert_eq!(
            serde_json::to_string(&amount).unwrap(),
            r#"{"value":"49.00","currency":"EUR"}"#
        );
        assert!(!amount.finer_than_minor_unit());
        assert!(read(r#"{"value":"0.005","currency":"EUR"}"#).unwrap().finer_than_minor_unit());
        assert!(read(r#"{"value":"0","currency":"JPY"}"#).is_ok());
    }

    #[test]
    fn says_what_is_wrong() {
        for (json, part) in [
            (r#"{"value":49.0,"currency":"EUR"}"#, "decimal string"),
            (r#"{"value":"1e9","currency":"EUR"}"#, "not a decimal number"),
            (r#"{"value":"1,000.00","currency":"EUR"}"#, "not a decimal number"),
            (r#"{"value":"-5","currency":"EUR"}"#, "negative"),
            (r#"{"value":"1000000000000001","currency":"EUR"}"#, "largest"),
            (r#"{"value":"99999999999999999999999999999999","currency":"EUR"}"#, "largest"),
            (r#"{"value":"0.123456789","currency":"EUR"}"#, "8 decimals"),
            (r#"{"value":"1"}"#, "currency"),
            (r#"{"value":"1","value":"2","currency":"EUR"}"#, "duplicate"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(part), "{json}: {error}");
        }
    }
}
