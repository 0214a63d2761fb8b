//! Calendar months, UTC, as networks count them.

use crate::domain::{DAY_MS, Timestamp};
use std::fmt;

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

impl Month {
    /// The month of an instant.
    pub fn of(at: Timestamp) -> Self {
        let start = first_of_month(at);
        // No month has 32 days, and the day after its last is in the next.
        Self { start, end: first_of_month(start.plus_millis(31 * DAY_MS)) }
    }

    /// The month before.
    #[must_use]
    pub fn before(self) -> Self {
        Self::of(self.start.plus_millis(-1))
    }

    /// Whether an instant is in it.
    pub fn contains(self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// What a count of so far comes to at the end, at the same pace; rounded up. At least an hour of the month
    /// is taken to have passed.
    pub fn at_pace(self, so_far: u64, now: Timestamp) -> u64 {
        let passed = now.min(self.end).millis_since(self.start).max(DAY_MS / 24);
        let (passed, whole) =
            (passed.unsigned_abs(), self.end.millis_since(self.start).unsigned_abs());
        let scaled = u128::from(so_far) * u128::from(whole);
        u64::try_from(scaled.div_ceil(u128::from(passed.max(1)))).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.start.date_text();
        f.write_str(day.get(..7).unwrap_or(&day))
    }
}

fn first_of_month(at: Timestamp) -> Timestamp {
    let date = at.date_text();
    let day: i64 = date.get(8..).and_then(|day| day.parse().ok()).unwrap_or(1);
    let midnight = at.millis() - at.millis().rem_euclid(DAY_MS);
    Timestamp::from_millis(midnight - (day - 1) * DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_of_every_length() {
        for (at, start, end, text) in [
            ("2026-11-22T03:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "2026-11"),
            ("2028-02-29T23:59:59Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z", "2028-02"),
            ("2026-02-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-02"),
            ("2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z", "2026-12"),
        ] {
            let month = Month::of(at.parse().unwrap());
            let found = (month.start.to_string(), month.end.to_string(), month.to_string());
            assert_eq!(found, (start.to_owned(), end.to_owned(), text.to_owned()), "{at}");
            assert!(month.contains(at.parse().unwrap()) && !month.contains(month.end));
            assert_eq!(month.before().end, month.start);
        }
    }

    #[test]
    fn a_pace_is_kept_to_the_end() {
        let month = Month::of("2026-11-10T00:00:00Z".parse().unwrap());
        let at = |text: &str| month.at_pace(9, text.parse().unwrap());
        assert_eq!(at("2026-11-10T00:00:00Z"), 30);
        assert_eq!(at("2026-12-01T00:00:00Z"), 9);
        assert_eq!(at("2026-11-01T00:00:00Z"), 9 * 24 * 30, "an hour at the least");
        assert_eq!(month.at_pace(0, month.start), 0);
    }
}
