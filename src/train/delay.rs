//! What was not known yet: how late labels come, and how clean the last weeks look because of it.
//!
//! A fraud is reported weeks after the sale. Until then it passes for a good sale, so the fraud rate
//! of recent weeks is always too low, and a model trained on them learns that fraud is rare. The
//! measures here show by how much, on the data the model was trained on.

use super::dataset::Dataset;
use super::metrics::count;
use super::split::{LABEL_WINDOW_MS, Windows, known_as_fraud, latest};
use crate::domain::{DAY_MS, Timestamp};
use serde::Serialize;

/// Ages at which the share of known labels is told, in days.
const AGES: [i64; 17] = [0, 1, 2, 3, 5, 7, 10, 14, 21, 30, 40, 50, 60, 75, 90, 105, 120];
const WEEK_MS: i64 = 7 * DAY_MS;
/// More weeks than this are not told apart: five years, and a plot no wider.
const MAX_WEEKS: i64 = 260;
/// Weeks before the cutoff that count as recent.
const RECENT_WEEKS: usize = 4;

/// When labels became known, and what was missing when the model was trained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelDelay {
    /// Frauds whose label says when it arrived, among sales old enough (120 days) for all of theirs
    /// to have arrived; all sales where none is that old.
    pub frauds: usize,
    /// Share of them known by an age of the sale. Empty where no label says when it arrived.
    pub known_by: Vec<KnownBy>,
    /// Fraud rate of the four weeks before the training labels were taken; `None` where there are
    /// none.
    pub recent: Option<Recent>,
}

/// The share of frauds known at an age.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct KnownBy {
    /// Age of the sale in days.
    pub days: i64,
    /// Share of frauds known by then, 0..=1.
    pub share: f64,
}

/// The youngest sales at the time of training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recent {
    /// Sales.
    pub rows: usize,
    /// Frauds known when the training labels were taken.
    pub frauds_known_then: usize,
    /// Frauds known at the end of the data.
    pub frauds: usize,
}

/// The sales of one week.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Week {
    /// Its start; weeks count from midnight UTC of the first sale's day.
    pub from: Timestamp,
    /// Sales.
    pub rows: usize,
    /// Frauds known at the end of the data.
    pub frauds: usize,
    /// Frauds known when the training labels were taken; `None` for weeks that were not over.
    pub frauds_known_then: Option<usize>,
}

impl Week {
    /// Share of frauds among the sales as known at the end; 0 in a week without sales.
    pub fn fraud_rate(&self) -> f64 {
        count(self.frauds) / count(self.rows.max(1))
    }

    /// As [`Week::fraud_rate`], as known when the training labels were taken.
    pub fn apparent_rate(&self) -> Option<f64> {
        Some(count(self.frauds_known_then?) / count(self.rows.max(1)))
    }
}

/// The weeks of the data, first to last, empty ones among them.
pub(super) fn weeks(data: &Dataset, windows: &Windows, delay_ms: i64) -> Vec<Week> {
    let order = data.by_time();
    let (Some(&first), Some(&last)) = (order.first(), order.last()) else { return vec![] };
    let millis = data.time(first).millis();
    let start = Timestamp::from_millis(millis - millis.rem_euclid(DAY_MS));
    let last = data.time(last).millis_since(start) / WEEK_MS;
    let week = |place: i64| {
        let from = start.plus_millis(place * WEEK_MS);
        let over = from.plus_millis(WEEK_MS) <= windows.labels_known_at;
        Week { from, rows: 0, frauds: 0, frauds_known_then: over.then_some(0) }
    };
    let mut weeks: Vec<_> = (0..=last.min(MAX_WEEKS - 1)).map(week).collect();
    let (end, then) = ((latest(data), 0), (windows.labels_known_at, delay_ms));
    for row in order {
        let place = usize::try_from(data.time(row).millis_since(start) / WEEK_MS).ok();
        let Some(week) = place.and_then(|place| weeks.get_mut(place)) else { continue };
        week.rows += 1;
        week.frauds += usize::from(known_as_fraud(data, row, end));
        if let Some(known) = &mut week.frauds_known_then {
            *known += usize::from(known_as_fraud(data, row, then));
        }
    }
    weeks
}

/// Measures how late labels come.
pub(super) fn label_delay(data: &Dataset, weeks: &[Week]) -> LabelDelay {
    let end = latest(data);
    let old = |row: &usize| end.millis_since(data.time(*row)) >= LABEL_WINDOW_MS;
    let any_old = (0..data.len()).any(|row| old(&row));
    let mut delays: Vec<i64> = (0..data.len())
        .filter(|row| !any_old || old(row))
        .filter(|row| known_as_fraud(data, *row, (end, 0)))
        .filter_map(|row| first_fraud_label(data, row))
        .collect();
    delays.sort_unstable();
    let known_by = |&days: &i64| KnownBy {
        days,
        share: count(delays.partition_point(|delay| *delay <= days * DAY_MS)) / count(delays.len()),
    };
    LabelDelay {
        frauds: delays.len(),
        known_by: if delays.is_empty() { vec![] } else { AGES.iter().map(known_by).collect() },
        recent: recent(weeks),
    }
}

/// Time from the sale to the first label that says fraud and says when it arrived.
fn first_fraud_label(data: &Dataset, row: usize) -> Option<i64> {
    let frauds = data.labels(row).iter().filter(|label| label.class.is_fraud());
    let first = frauds.filter_map(|label| label.known_at).min()?;
    Some(first.millis_since(data.time(row)).max(0))
}

fn recent(weeks: &[Week]) -> Option<Recent> {
    let over: Vec<_> = weeks.iter().filter(|week| week.frauds_known_then.is_some()).collect();
    let last = over.get(over.len().saturating_sub(RECENT_WEEKS)..).unwrap_or_default();
    let sum = |of: fn(&Week) -> usize| last.iter().map(|week| of(week)).sum::<usize>();
    let recent = Recent {
        rows: sum(|week| week.rows),
        frauds_known_then: sum(|week| week.frauds_known_then.unwrap_or(0)),
        frauds: sum(|week| week.frauds),
    };
    (recent.rows > 0).then_some(recent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::LabelClass;
    use crate::features::Record;
    use crate::train::{Label, LabelledRecord};

    fn day(n: i64) -> Timestamp {
        "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap().plus_millis(n * DAY_MS)
    }

    /// A sale a day for 200 days; every tenth is fraud and is told after 1, 20 or 80 days by turns.
    fn calendar() -> Dataset {
        let mut data = Dataset::default();
        for n in 0..200 {
            let told = day(n + [1, 20, 80][usize::try_from(n / 10 % 3).unwrap()]);
            let label = Label { class: LabelClass::StolenInstrument, known_at: Some(told) };
            let labels = if n % 10 == 0 { vec![label] } else { vec![] };
            let event_time = day(n).plus_millis(1);
            data.push(&LabelledRecord { record: Record::default(), event_time, labels });
        }
        data
    }

    fn windows(known_at: i64) -> Windows {
        Windows {
            train_from: day(0),
            calibrate_from: day(40),
            train_to: day(50),
            labels_known_at: day(known_at),
            test_from: day(known_at),
            test_to: day(200),
        }
    }

    #[test]
    fn the_share_known_grows_with_age() {
        let data = calendar();
        let delay = label_delay(&data, &weeks(&data, &windows(70), 0));
        // The last label arrives on day 250, of the sale of day 170: sales up to day 129 are old.
        assert_eq!(delay.frauds, 13);
        let share = |days| delay.known_by.iter().find(|at| at.days == days).unwrap().share;
        assert_eq!((share(0), share(1), share(14)), (0.0, 5.0 / 13.0, 5.0 / 13.0));
        assert_eq!((share(21), share(75), share(90)), (9.0 / 13.0, 9.0 / 13.0, 1.0));
    }

    #[test]
    fn recent_weeks_look_cleaner_than_they_are() {
        let data = calendar();
        let weeks = weeks(&data, &windows(70), 0);
        assert_eq!(weeks.len(), 29);
        assert_eq!(weeks.iter().map(|week| week.rows).sum::<usize>(), 200);
        assert_eq!(weeks.iter().map(|week| week.frauds).sum::<usize>(), 20);
        assert_eq!(weeks.iter().filter(|week| week.frauds_known_then.is_some()).count(), 10);
        // Days 42 to 69: frauds of 50 (told on day 130) and 60 (told on day 61).
        let recent = label_delay(&data, &weeks).recent.unwrap();
        assert_eq!(recent, Recent { rows: 28, frauds_known_then: 1, frauds: 2 });
        assert_eq!(weeks[8].apparent_rate(), Some(1.0 / 7.0));
    }

    #[test]
    fn labels_that_do_not_say_when_have_no_curve() {
        let mut data = Dataset::default();
        let labels = vec![Label { class: LabelClass::StolenInstrument, known_at: None }];
        data.push(&LabelledRecord { record: Record::default(), event_time: day(3), labels });
        let weeks = weeks(&data, &windows(70), 0);
        let delay = label_delay(&data, &weeks);
        assert_eq!((delay.frauds, delay.known_by.len()), (0, 0));
        assert_eq!((weeks[0].frauds, weeks[0].frauds_known_then), (1, Some(1)));
    }
}
