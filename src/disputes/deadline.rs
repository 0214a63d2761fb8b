//! How much time is left to answer a dispute.
//!
//! The deadline is the processor's own field, kept with its name: networks give more days than a
//! processor leaves. It is an instant, so no time zone or change of clocks moves it. Pure functions of
//! the dispute and `now`.

use crate::domain::{DAY_MS, Dispute, DisputeStatus, HOUR_MS, MINUTE_MS, Timestamp};
use serde::Serialize;
use std::fmt;

/// Hours before the deadline at which somebody is told, earliest first.
pub const ALARM_HOURS: [i64; 4] = [72, 48, 24, 6];
/// The best packet is sent this many hours before the deadline, where the policy says to contest and no other
/// number.
pub const LAST_SUBMISSION_HOURS: i64 = 6;
/// A sale can be disputed for this many days, and needs its evidence as long: the longest of the networks' windows.
/// Visa Core Rules, conditions 13.1 to 13.9: no later than 540 calendar days from the transaction's processing date;
/// other card networks end at 120 days or the same 540, an unauthorised SEPA direct debit at 13 months.
pub const LONGEST_WINDOW_DAYS: i64 = 540;
/// Our own date is at the latest this many hours before the processor's.
const OWN_MARGIN_HOURS: i64 = 48;
/// Our own date is at the latest this many days after the dispute was opened.
const OWN_DAYS: i64 = 7;

/// Whether a dispute can still be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// There is time.
    Open,
    /// The deadline has passed.
    PastDue,
    /// The processor states no deadline.
    NotStated,
    /// The processor takes no answer: its field says so (Stripe: `due_by` of 0).
    NotPossible,
    /// The dispute does not wait for us.
    NotWaiting,
}

/// The time left for one dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Deadline {
    /// Whether it can still be answered.
    pub answer: Answer,
    /// When the processor wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_by: Option<Timestamp>,
    /// The processor's name for that field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Milliseconds left, negative past due; `None` without a deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_ms: Option<i64>,
    /// When we want it: 48 hours before, and at most 7 days after the dispute was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub own_due_by: Option<Timestamp>,
    /// The last alarm that has gone off, in hours before the deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm_hours: Option<i64>,
}

/// The time left for a dispute.
pub fn deadline(dispute: &Dispute, now: Timestamp) -> Deadline {
    let waits = matches!(dispute.status, DisputeStatus::NeedsResponse | DisputeStatus::Unknown);
    let due_by = dispute.evidence_due_by;
    let left_ms = due_by.map(|due| due.millis_since(now));
    let answer = match (waits, left_ms) {
        (false, _) => Answer::NotWaiting,
        (true, Some(left)) if left > 0 => Answer::Open,
        (true, Some(_)) => Answer::PastDue,
        (true, None) if dispute.evidence_due_source.is_some() => Answer::NotPossible,
        (true, None) => Answer::NotStated,
    };
    let rung = |hours: &i64| left_ms.is_some_and(|left| left <= hours * HOUR_MS);
    Deadline {
        answer,
        due_by,
        source: dispute.evidence_due_source.as_ref().map(|source| source.as_str().to_owned()),
        left_ms,
        own_due_by: due_by.map(|due| {
            let before = due.plus_millis(-OWN_MARGIN_HOURS * HOUR_MS);
            before.min(dispute.opened_at.plus_millis(OWN_DAYS * DAY_MS))
        }),
        alarm_hours: (answer == Answer::Open)
            .then(|| ALARM_HOURS.into_iter().rfind(rung))
            .flatten(),
    }
}

/// The alarms of a dispute that went off after `since`, up to and at `now`, in hours before the
/// deadline. Called with the time of the last call, it tells each alarm once; a late start tells all
/// that were missed.
pub fn alarms(dispute: &Dispute, since: Timestamp, now: Timestamp) -> Vec<i64> {
    if deadline(dispute, now).answer != Answer::Open {
        return Vec::new();
    }
    let Some(due) = dispute.evidence_due_by else { return Vec::new() };
    let at = |hours: &i64| due.plus_millis(-hours * HOUR_MS);
    ALARM_HOURS.into_iter().filter(|hours| at(hours) > since && at(hours) <= now).collect()
}

/// When the best packet is to be sent by itself, where the policy says to contest.
pub fn last_submission(dispute: &Dispute) -> Option<Timestamp> {
    dispute.evidence_due_by.map(|due| due.plus_millis(-LAST_SUBMISSION_HOURS * HOUR_MS))
}

impl Deadline {
    /// Sorts what is to be done first to the front: least time first, then what has no deadline, then
    /// what can't or need not be answered.
    pub fn urgency(&self) -> (u8, i64) {
        let class = match self.answer {
            Answer::Open => 0,
            Answer::NotStated => 1,
            Answer::PastDue => 2,
            Answer::NotPossible => 3,
            Answer::NotWaiting => 4,
        };
        let left = self.left_ms.unwrap_or(i64::MAX);
        // Of what is past due the latest first.
        (class, if self.answer == Answer::PastDue { left.saturating_neg() } else { left })
    }
}

impl fmt::Display for Deadline {
    /// `3d 4h left`, `past due`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.answer, self.left_ms) {
            (Answer::Open, Some(left)) => {
                let (days, hours) = (left / DAY_MS, left % DAY_MS / HOUR_MS);
                if days > 0 {
                    write!(f, "{days}d {hours}h left")
                } else {
                    write!(f, "{hours}h {}m left", left % HOUR_MS / MINUTE_MS)
                }
            }
            (Answer::Open | Answer::NotStated, _) => f.write_str("no deadline stated"),
            (Answer::PastDue, _) => f.write_str("past due"),
            (Answer::NotPossible, _) => f.write_str("takes no answer"),
            (Answer::NotWaiting, _) => f.write_str("-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disputes::memory;
    use crate::domain::Text;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn due(text: &str) -> Dispute {
        let mut dispute = memory::message("visa_10_4_created").dispute.unwrap();
        dispute.evidence_due_by = Some(at(text));
        dispute
    }

    #[test]
    fn time_left_and_the_alarm_that_rang() {
        let dispute = due("2026-12-15T23:59:59Z");
        for (now, text, alarm) in [
            ("2026-12-01T09:00:00Z", "14d 14h left", None),
            ("2026-12-12T23:59:58Z", "3d 0h left", None),
            ("2026-12-12T23:59:59Z", "3d 0h left", Some(72)),
            ("2026-12-13T23:59:59Z", "2d 0h left", Some(48)),
            ("2026-12-15T00:00:00Z", "23h 59m left", Some(24)),
            ("2026-12-15T18:00:00Z", "5h 59m left", Some(6)),
            ("2026-12-15T23:59:58Z", "0h 0m left", Some(6)),
            ("2026-12-15T23:59:59Z", "past due", None),
            ("2027-01-01T00:00:00Z", "past due", None),
        ] {
            let left = deadline(&dispute, at(now));
            assert_eq!((left.to_string().as_str(), left.alarm_hours), (text, alarm), "{now}");
        }
        assert_eq!(last_submission(&dispute), Some(at("2026-12-15T17:59:59Z")));
    }

    #[test]
    fn every_alarm_is_told_once() {
        let dispute = due("2026-12-15T23:59:59Z");
        let mut since = at("2026-12-01T00:00:00Z");
        let mut told = Vec::new();
        for now in (0..500).map(|step| since.plus_millis(step * HOUR_MS)).collect::<Vec<_>>() {
            told.extend(alarms(&dispute, since, now));
            since = now;
        }
        assert_eq!(told, ALARM_HOURS);
        let late = at("2026-12-15T12:00:00Z");
        assert_eq!(alarms(&dispute, at("2026-12-01T00:00:00Z"), late), [72, 48, 24]);
        assert_eq!(alarms(&dispute, late, at("2026-12-16T00:00:00Z")), [0; 0], "past due");
    }

    #[test]
    fn an_instant_is_an_instant_in_every_zone_and_through_a_change_of_clocks() {
        // Clocks in Berlin go back on 2026-10-25: 02:30 comes twice, an hour apart.
        let (first, second) = (due("2026-10-25T02:30:00+02:00"), due("2026-10-25T02:30:00+01:00"));
        let now = at("2026-10-24T02:30:00+02:00");
        assert_eq!(deadline(&first, now).to_string(), "1d 0h left");
        assert_eq!(deadline(&second, now).to_string(), "1d 1h left");
        assert_eq!(deadline(&first, now).alarm_hours, Some(24));
        assert_eq!(deadline(&second, now).alarm_hours, Some(48));
        let leap = due("2028-03-01T00:00:00Z");
        assert_eq!(deadline(&leap, at("2028-02-28T00:00:00Z")).to_string(), "2d 0h left");
        let same = due("2026-10-24T20:30:00-04:00");
        assert_eq!(deadline(&same, now).left_ms, deadline(&first, now).left_ms);
    }

    #[test]
    fn what_cannot_or_need_not_be_answered_is_told_apart() {
        let now = at("2026-12-02T00:00:00Z");
        let mut dispute = due("2026-12-15T23:59:59Z");
        assert_eq!(deadline(&dispute, now).own_due_by, Some(at("2026-12-08T09:00:00Z")));
        dispute.evidence_due_by = None;
        assert_eq!(deadline(&dispute, now).answer, Answer::NotPossible);
        dispute.evidence_due_source = None::<Text<64>>;
        assert_eq!(deadline(&dispute, now).answer, Answer::NotStated);
        dispute.status = DisputeStatus::Won;
        let done = deadline(&dispute, now);
        assert_eq!((done.answer, done.alarm_hours), (Answer::NotWaiting, None));
    }

    #[test]
    fn the_least_time_comes_first() {
        let now = at("2026-12-02T00:00:00Z");
        let mut none = due("2026-12-03T00:00:00Z");
        none.evidence_due_by = None;
        let mut won = due("2026-12-03T00:00:00Z");
        won.status = DisputeStatus::Won;
        let ordered = [
            due("2026-12-03T00:00:00Z"),
            due("2026-12-04T00:00:00Z"),
            due("2026-12-01T00:00:00Z"),
            due("2026-11-01T00:00:00Z"),
            none,
            won,
        ];
        assert!(ordered.is_sorted_by_key(|dispute| deadline(dispute, now).urgency()));
    }
}
