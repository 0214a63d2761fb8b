//! Values computed from one other value: a part of a time in a zone, a text's length, a text in lower
//! case. Spelt as in CEL.
//!
//! A part of a time always names its zone: a day begins at another moment in Tokyo than in UTC, and a
//! rule about nights that means UTC by accident is wrong for most buyers. Zones come from the
//! database in the binary, so that a decision is the same on every machine. None of this allocates.

use super::error::nearest;
use crate::domain::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::sync::LazyLock;

/// How a value is computed.
#[derive(Debug, Clone, PartialEq)]
pub enum Derived {
    /// A part of a time, a whole number.
    Clock(ClockPart, Zone),
    /// A text's length in characters.
    Size,
    /// A text with `A` to `Z` as `a` to `z` and every other character as it is.
    LowerAscii,
}

/// A part of a date or time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockPart {
    /// `getFullYear`: 1970 to 2200.
    FullYear,
    /// `getMonth`: 0 is January, 11 December.
    Month,
    /// `getDate`: the day of the month from 1.
    Date,
    /// `getDayOfWeek`: 0 is Sunday, 6 Saturday.
    DayOfWeek,
    /// `getHours`: 0 to 23.
    Hours,
    /// `getMinutes`: 0 to 59.
    Minutes,
}

impl ClockPart {
    /// Every part.
    pub const ALL: [Self; 6] =
        [Self::FullYear, Self::Month, Self::Date, Self::DayOfWeek, Self::Hours, Self::Minutes];

    /// Its method, as in CEL.
    pub fn name(self) -> &'static str {
        match self {
            Self::FullYear => "getFullYear",
            Self::Month => "getMonth",
            Self::Date => "getDate",
            Self::DayOfWeek => "getDayOfWeek",
            Self::Hours => "getHours",
            Self::Minutes => "getMinutes",
        }
    }

    /// The least and the greatest it can be.
    pub fn range(self) -> (i64, i64) {
        match self {
            Self::FullYear => (1969, 2200),
            Self::Month => (0, 11),
            Self::Date => (1, 31),
            Self::DayOfWeek => (0, 6),
            Self::Hours => (0, 23),
            Self::Minutes => (0, 59),
        }
    }

    /// What its numbers mean, where they could be taken for others.
    pub(super) fn numbering(self) -> &'static str {
        match self {
            Self::FullYear => "years of the supported times",
            Self::Month => "0 is January, 11 is December",
            Self::Date => "days of the month",
            Self::DayOfWeek => "0 is Sunday, 6 is Saturday",
            Self::Hours => "hours, 0 is midnight",
            Self::Minutes => "minutes",
        }
    }
}

/// A time zone of the IANA database, with its daylight saving.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

/// The database in the binary. The system's own could be another on each machine.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

impl Zone {
    /// Finds a zone by its name, `Europe/London`, in any case; the name nearest to it where there is
    /// none.
    ///
    /// # Errors
    /// No zone has the name.
    pub fn by_name(name: &str) -> Result<Self, Option<String>> {
        let found = ZONES.get(name).ok().filter(|zone| zone.iana_name().is_some());
        found.map(Self).ok_or_else(|| {
            let names: Vec<String> = ZONES.available().map(|name| name.to_string()).collect();
            let city = name.rsplit('/').next().unwrap_or(name).replace(' ', "_");
            let same_city = |known: &&String| {
                known.rsplit('/').next().is_some_and(|end| end.eq_ignore_ascii_case(&city))
            };
            let near = || nearest(name, names.iter().map(String::as_str));
            names.iter().find(same_city).cloned().or_else(near)
        })
    }

    /// Its name as the database spells it.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// A part of a time there. Cost: a search of the zone's changes, no allocation.
    pub fn read(&self, part: ClockPart, time: Timestamp) -> i64 {
        let Ok(instant) = jiff::Timestamp::from_millisecond(time.millis()) else { return 0 };
        let there = self.0.to_datetime(instant);
        match part {
            ClockPart::FullYear => there.year().into(),
            ClockPart::Month => i64::from(there.month()) - 1,
            ClockPart::Date => there.day().into(),
            ClockPart::DayOfWeek => there.weekday().to_sunday_zero_offset().into(),
            ClockPart::Hours => there.hour().into(),
            ClockPart::Minutes => there.minute().into(),
        }
    }
}
