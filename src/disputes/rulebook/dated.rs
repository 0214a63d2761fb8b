//! Days and periods of rules: a rule holds on whole days, UTC.

use crate::domain::{DAY_MS, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// A day, UTC: `2026-10-24` in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

impl Day {
    /// The day an instant falls on.
    pub fn of(at: Timestamp) -> Self {
        Self(at.day())
    }

    /// Days since 1970-01-01.
    pub fn number(self) -> i64 {
        self.0
    }

    /// Days from an earlier day to this one; negative when it is later.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Timestamp::from_millis(self.0.saturating_mul(DAY_MS)).date_text())
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let midnight: Timestamp =
            format!("{text}T00:00:00Z").parse().map_err(|_| de::Error::custom("no date"))?;
        Ok(Self::of(midnight))
    }
}

/// The days a rule holds, both ends included; an absent end is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first day; absent where the rule held before its source was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Day>,
    /// The last day; absent while it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
}

impl Period {
    /// Whether the rule holds on a day.
    pub fn contains(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// Whether some day is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let before = |end: Option<Day>, start: Option<Day>| {
            end.zip(start).is_some_and(|(end, start)| end < start)
        };
        !before(self.until, other.from) && !before(other.until, self.from)
    }

    /// Days that exist: an end that is not before its start.
    pub fn is_possible(&self) -> bool {
        self.from.zip(self.until).is_none_or(|(from, until)| from <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::of(format!("{text}T12:00:00Z").parse().unwrap())
    }

    fn period(from: &str, until: &str) -> Period {
        let end = |text: &str| (!text.is_empty()).then(|| day(text));
        Period { from: end(from), until: end(until) }
    }

    #[test]
    fn both_ends_count() {
        let held = period("2026-04-18", "2026-10-23");
        for (at, inside) in [
            ("2026-04-17", false),
            ("2026-04-18", true),
            ("2026-10-23", true),
            ("2026-10-24", false),
        ] {
            assert_eq!(held.contains(day(at)), inside, "{at}");
        }
        assert!(period("", "").contains(day("1999-01-01")));
    }

    #[test]
    fn periods_that_share_a_day_overlap() {
        for (one, other, shared) in [
            (period("", "2026-10-23"), period("2026-10-24", ""), false),
            (period("", "2026-10-24"), period("2026-10-24", ""), true),
            (period("", ""), period("2026-10-24", "2026-10-25"), true),
            (period("2026-01-01", "2026-01-31"), period("2026-03-01", ""), false),
        ] {
            assert_eq!(one.overlaps(&other), shared);
            assert_eq!(other.overlaps(&one), shared);
        }
        assert!(!period("2026-02-01", "2026-01-01").is_possible());
    }
}
