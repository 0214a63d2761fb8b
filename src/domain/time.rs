//! Instants: milliseconds since 1970-01-01T00:00:00Z, RFC 3339 on the wire.

use super::card_number::excerpt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// An instant in UTC with millisecond resolution, between 1970-01-01 and 2200-01-01.
///
/// Reads RFC 3339 with any offset (`2026-11-20T10:15:00+01:00`); writes UTC with `Z`, with a
/// fraction only where there is one. Finer fractions are cut, not rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Milliseconds of common spans.
pub const SECOND_MS: i64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day of 24 hours in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

const LATEST_MS: i64 = 7_258_118_400_000; // 2200-01-01

/// Why a text is no [`Timestamp`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not an RFC 3339 date and time with an offset.
    #[error("`{given}` is not a time; write it like `2026-11-20T10:15:00Z`")]
    Malformed {
        /// The text, cut to 40 characters, card numbers masked.
        given: String,
    },
    /// Outside 1970-01-01 ..= 2200-01-01.
    #[error("`{given}` is outside 1970-01-01 to 2200-01-01")]
    OutOfRange {
        /// The text, cut to 40 characters, card numbers masked.
        given: String,
    },
}

impl Timestamp {
    /// From milliseconds since 1970, clamped into the supported range.
    pub fn from_millis(ms: i64) -> Self {
        Self(ms.clamp(0, LATEST_MS))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved by `ms` milliseconds, clamped into the supported range.
    #[must_use]
    pub fn plus_millis(self, ms: i64) -> Self {
        Self::from_millis(self.0.saturating_add(ms))
    }

    /// `self - earlier` in milliseconds; negative when `earlier` is later.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Whole days since 1970-01-01, UTC.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    /// Hour of the day in UTC, 0..=23.
    pub fn hour_utc(self) -> i64 {
        self.0.rem_euclid(DAY_MS) / HOUR_MS
    }

    /// `2026-11-20`, UTC.
    pub fn date_text(self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let given = || excerpt(text, 40);
        let instant: jiff::Timestamp =
            text.parse().map_err(|_| TimeError::Malformed { given: given() })?;
        let ms = instant.as_millisecond();
        if !(0..=LATEST_MS).contains(&ms) {
            return Err(TimeError::OutOfRange { given: given() });
        }
        Ok(Self(ms))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => instant.fmt(f),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time like `2026-11-20T10:15:00Z`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_any_offset_and_writes_utc() {
        let t: Timestamp = "2026-11-20T10:15:00.250+01:00".parse().unwrap();
        assert_eq!(t.to_string(), "2026-11-20T09:15:00.25Z");
        assert_eq!(t.hour_utc(), 9);
        assert_eq!("2026-11-20T09:15:00.25Z".parse::<Timestamp>().unwrap(), t);
    }

    #[test]
    fn refuses_what_is_no_instant() {
        for bad in ["", "yesterday", "2026-11-20", "2026-02-30T00:00:00Z", "2026-11-20T10:15:00"] {
            assert!(matches!(bad.parse::<Timestamp>(), Err(TimeError::Malformed { .. })), "{bad}");
        }
        assert!(matches!(
            "1969-12-31T23:59:59Z".parse::<Timestamp>(),
            Err(TimeError::OutOfRange { .. })
        ));
    }
}
