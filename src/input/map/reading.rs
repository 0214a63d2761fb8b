//! How the text of one cell is read: the word after `as`.

use super::country::country_named;
use super::error::CellError;
use crate::domain::{self, Timestamp};
use crate::input::fields::Kind;
use jiff::civil::Date;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::Offset;
use serde_json::Value;
use std::net::Ipv4Addr;

/// How the text of a cell becomes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// As it stands.
    Text,
    /// A decimal that went through binary floating point: more than eight decimals are noise and
    /// are rounded to eight.
    Float,
    /// A number; whole where it has no fraction.
    Number,
    /// `true`/`false`, `yes`/`no`, `t`/`f`, `y`/`n`, `1`/`0`, in any case.
    Boolean,
    /// RFC 3339, with its offset.
    Rfc3339,
    /// Seconds since 1970, with or without a fraction.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMillis,
    /// A date, with or without a time, by a `strftime` pattern; UTC unless the pattern has `%z`.
    Pattern(String),
    /// An IPv4 address as one number; a fraction is cut off.
    DecimalIp,
    /// A country's English name or code.
    Country,
}

/// The words after `as`, beside a pattern with `%`.
pub(super) const WORDS: [&str; 9] = [
    "text",
    "float",
    "number",
    "boolean",
    "rfc3339",
    "epoch_s",
    "epoch_ms",
    "decimal_ip",
    "country",
];

impl Reading {
    /// The reading a word or a pattern stands for.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "text" => Self::Text,
            "float" => Self::Float,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "rfc3339" => Self::Rfc3339,
            "epoch_s" => Self::EpochSeconds,
            "epoch_ms" => Self::EpochMillis,
            "decimal_ip" => Self::DecimalIp,
            "country" => Self::Country,
            pattern if pattern.contains('%') => Self::Pattern(pattern.to_owned()),
            _ => return None,
        })
    }

    /// How a field of this kind is read when the map does not say.
    pub(super) fn usual(kind: &Kind) -> Self {
        match kind {
            Kind::Time => Self::Rfc3339,
            Kind::Integer => Self::Number,
            Kind::Boolean => Self::Boolean,
            Kind::Text | Kind::Decimal | Kind::Words(_) | Kind::Open => Self::Text,
        }
    }

    /// Whether it gives what a field of this kind holds.
    pub(super) fn suits(&self, kind: &Kind) -> bool {
        match self {
            Self::Rfc3339 | Self::EpochSeconds | Self::EpochMillis | Self::Pattern(_) => {
                *kind == Kind::Time
            }
            Self::Number => matches!(kind, Kind::Integer | Kind::Open),
            Self::Boolean => matches!(kind, Kind::Boolean | Kind::Open),
            Self::Text => {
                matches!(kind, Kind::Text | Kind::Decimal | Kind::Words(_) | Kind::Open)
            }
            Self::Float => *kind == Kind::Decimal,
            Self::DecimalIp | Self::Country => *kind == Kind::Text,
        }
    }

    /// Reads a cell that is not empty.
    pub(super) fn read(&self, text: &str) -> Result<Value, CellError> {
        match self {
            Self::Text => Ok(text.into()),
            Self::Float => float(text),
            Self::Number => number(text),
            Self::Boolean => boolean(text),
            Self::DecimalIp => decimal_ip(text),
            Self::Country => country_named(text)
                .map(|country| country.code().into())
                .ok_or_else(|| CellError::UnknownCountry { given: excerpt(text) }),
            _ => self.time(text).map(|time| time.to_string().into()),
        }
    }

    /// Reads a time; RFC 3339 is understood whatever the reading, because the typed times of a
    /// Parquet file arrive as such.
    pub(super) fn time(&self, text: &str) -> Result<Timestamp, CellError> {
        if let Ok(time) = text.parse() {
            return Ok(time);
        }
        let no_time = || CellError::NoTime { given: excerpt(text), expected: self.to_string() };
        let ms = match self {
            Self::EpochSeconds => seconds(text).ok_or_else(no_time)?,
            Self::EpochMillis => text.parse().map_err(|_| no_time())?,
            Self::Pattern(pattern) => by_pattern(pattern, text).ok_or_else(no_time)?,
            _ => return Err(no_time()),
        };
        let time = Timestamp::from_millis(ms);
        if time.millis() == ms {
            Ok(time)
        } else {
            Err(CellError::TimeOutOfRange { given: excerpt(text) })
        }
    }
}

impl std::fmt::Display for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Float => "float",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Rfc3339 => "rfc3339",
            Self::EpochSeconds => "epoch_s",
            Self::EpochMillis => "epoch_ms",
            Self::Pattern(pattern) => pattern,
            Self::DecimalIp => "decimal_ip",
            Self::Country => "country",
        })
    }
}

/// Longest part of a cell repeated in an error, in characters.
const EXCERPT: usize = 40;

/// The start of a cell, fit for a terminal and a log.
pub(super) fn excerpt(text: &str) -> String {
    domain::excerpt(text, EXCERPT)
}

fn number(text: &str) -> Result<Value, CellError> {
    // Tables with gaps store whole numbers as `3.0`.
    let whole = text.strip_suffix(".0").unwrap_or(text);
    if let Ok(number) = whole.parse::<i64>() {
        return Ok(number.into());
    }
    let number = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    number.map(Value::Number).ok_or_else(|| CellError::NoNumber { given: excerpt(text) })
}

/// Most decimals an amount may have.
const DECIMALS: usize = 8;

fn float(text: &str) -> Result<Value, CellError> {
    let no_number = || CellError::NoNumber { given: excerpt(text) };
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if decimals <= DECIMALS && text.bytes().all(|b| b.is_ascii_digit() || b"-.".contains(&b)) {
        return Ok(text.into()); // exact as it stands
    }
    let number: f64 = text.parse().map_err(|_| no_number())?;
    if !number.is_finite() {
        return Err(no_number());
    }
    let rounded = format!("{number:.DECIMALS$}");
    Ok(rounded.trim_end_matches('0').trim_end_matches('.').into())
}

fn boolean(text: &str) -> Result<Value, CellError> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "t" | "y" | "1" => Ok(true.into()),
        "false" | "no" | "f" | "n" | "0" => Ok(false.into()),
        _ => Err(CellError::NoBoolean { given: excerpt(text) }),
    }
}

fn decimal_ip(text: &str) -> Result<Value, CellError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
    match whole.parse::<u32>() {
        Ok(number) if digits => Ok(Ipv4Addr::from(number).to_string().into()),
        _ => Err(CellError::NoDecimalIp { given: excerpt(text) }),
    }
}

/// Milliseconds of a text of seconds; digits beyond milliseconds are cut off.
fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(millis)
}

fn by_pattern(pattern: &str, text: &str) -> Option<i64> {
    let parts = BrokenDownTime::parse(pattern, text).ok()?;
    if parts.offset().is_some() {
        return parts.to_timestamp().ok().map(jiff::Timestamp::as_millisecond);
    }
    let date: Date = parts.to_date().ok()?;
    let time = parts.to_time().ok()?;
    Offset::UTC.to_timestamp(date.to_datetime(time)).ok().map(jiff::Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(reading: &str, text: &str) -> Result<Value, String> {
        Reading::from_word(reading).unwrap().read(text).map_err(|e| e.to_string())
    }

    #[test]
    fn reads_what_tables_hold() {
        for (reading, text, value) in [
            ("text", "SEO", json!("SEO")),
            ("float", "49.00", json!("49.00")),
            ("float", "85.64999999999999", json!("85.65")),
            ("float", "326.04999999999995", json!("326.05")),
            ("float", "5e-7", json!("0.0000005")),
            ("float", "1e3", json!("1000")),
            ("float", "-0.1000000000001", json!("-0.1")),
            ("number", "39", json!(39)),
            ("number", "3.0", json!(3)),
            ("number", "-79.3758", json!(-79.3758)),
            ("number", "1e3", json!(1000.0)),
            ("boolean", "Yes", json!(true)),
            ("boolean", "0", json!(false)),
            ("rfc3339", "2022-12-24T15:53:30Z", json!("2022-12-24T15:53:30Z")),
            ("epoch_s", "1420070400", json!("2015-01-01T00:00:00Z")),
            ("epoch_s", "1420070400.5", json!("2015-01-01T00:00:00.5Z")),
            ("epoch_ms", "1420070400123", json!("2015-01-01T00:00:00.123Z")),
            ("%m/%d/%Y %H:%M", "8/11/2015 19:00", json!("2015-08-11T19:00:00Z")),
            ("%m/%d/%Y %H:%M", "12/1/2015 2:47", json!("2015-12-01T02:47:00Z")),
            ("%Y-%m-%d", "2018-07-25", json!("2018-07-25T00:00:00Z")),
            ("%Y-%m-%d %H:%M:%S", "2018-07-25 00:01:02", json!("2018-07-25T00:01:02Z")),
            ("%Y-%m-%dT%H:%M:%S%z", "2018-07-25T00:00:00+0200", json!("2018-07-24T22:00:00Z")),
            ("decimal_ip", "732758368.8", json!("43.173.1.96")),
            ("decimal_ip", "0", json!("0.0.0.0")),
            ("decimal_ip", "4294967295", json!("255.255.255.255")),
            ("country", "Korea Republic of", json!("KR")),
            ("country", "gb", json!("GB")),
        ] {
            assert_eq!(read(reading, text), Ok(value), "{reading} {text}");
        }
    }

    #[test]
    fn refuses_what_it_can_not_read() {
        for (reading, text, message) in [
            ("float", "inf", "`inf` is not a number"),
            ("float", "12 EUR", "`12 EUR` is not a number"),
            ("number", "about 3", "`about 3` is not a number"),
            ("number", "NaN", "`NaN` is not a number"),
            ("number", "1e999", "`1e999` is not a number"),
            ("boolean", "2", "`2` is neither true nor false"),
            ("rfc3339", "8/11/2015 19:00", "`8/11/2015 19:00` is not a time (rfc3339)"),
            (
                "%m/%d/%Y %H:%M",
                "13/1/2015 19:00",
                "`13/1/2015 19:00` is not a time (%m/%d/%Y %H:%M)",
            ),
            (
                "%m/%d/%Y %H:%M",
                "2/30/2015 19:00",
                "`2/30/2015 19:00` is not a time (%m/%d/%Y %H:%M)",
            ),
            ("%m/%d/%Y %H:%M", "8/11/2015", "`8/11/2015` is not a time (%m/%d/%Y %H:%M)"),
            ("epoch_s", "-1", "`-1` is outside 1970-01-01 to 2200-01-01"),
            ("epoch_s", "1420070400123", "`1420070400123` is outside 1970-01-01 to 2200-01-01"),
            ("epoch_ms", "1.5", "`1.5` is not a time (epoch_ms)"),
            ("decimal_ip", "4294967296", "`4294967296` is not an IPv4 address as a decimal number"),
            ("decimal_ip", "1.2.3.4", "`1.2.3.4` is not an IPv4 address as a decimal number"),
            ("decimal_ip", "-1", "`-1` is not an IPv4 address as a decimal number"),
            ("decimal_ip", "7.3E+08", "`7.3E+08` is not an IPv4 address as a decimal number"),
            ("country", "Atlantis", "`Atlantis` is not a country's name or code"),
            ("country", "a\u{1b}[31m", "`a\u{fffd}[31m` is not a country's name or code"),
        ] {
            assert_eq!(read(reading, text).unwrap_err(), message, "{reading} {text}");
        }
    }

    #[test]
    fn every_word_is_a_reading_and_prints_as_itself() {
        for word in WORDS {
            assert_eq!(Reading::from_word(word).unwrap().to_string(), word);
        }
        assert_eq!(Reading::from_word("epoch"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_value_or_an_error(text in "\\PC{0,30}|[0-9./:e+-]{0,20}", word in 0usize..10) {
            let word = WORDS.get(word).copied().unwrap_or("%m/%d/%Y %H:%M");
            let _ = read(word, &text);
        }
    }
}
