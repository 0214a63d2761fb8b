//! Whether the test's sales still look like those the model was fitted on.
//!
//! Each feature's values are counted in the tenths of the fitted rows, words by word and missing ones
//! apart, and the two distributions compared by the population stability index,
//! `Σ (now − then) · ln(now / then)`. By custom 0.1 is worth a look and 0.25 means that buyers or
//! the data changed. It knows no outcomes: a feature may move without harm.

use super::dataset::{Column, Dataset};
use super::encode::Dropped;
use super::metrics::count;
use super::split::Known;
use serde::Serialize;
use std::borrow::Cow;

/// From here on a feature has moved.
pub(super) const MOVED: f64 = 0.25;
/// Bins of a number.
const TENTHS: usize = 10;
/// Rows an empty bin is taken to hold, so that a new value costs a finite amount.
const LEAST: f64 = 0.5;

/// How far a feature moved from the fitted rows to those of the test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// The field's name.
    pub name: Cow<'static, str>,
    /// Population stability index, ≥ 0.
    pub psi: f64,
    /// Share of the fitted rows in which it is missing.
    pub missing_then: f64,
    /// Share of the test rows in which it is missing.
    pub missing_now: f64,
}

/// Every feature the model reads, the one that moved most first. Empty where a window is. Cost: a sort
/// of the fitted rows a feature.
pub(super) fn drift(
    data: &Dataset,
    dropped: &[Dropped],
    (then, now): (&[Known], &[Known]),
) -> Vec<Drift> {
    if then.is_empty() || now.is_empty() {
        return vec![];
    }
    let used = |column: &Column| dropped.iter().all(|dropped| dropped.name != column.name);
    let mut found: Vec<_> = data
        .columns()
        .iter()
        .enumerate()
        .filter(|(_, column)| used(column))
        .map(|(place, column)| {
            let values = |rows: &[Known]| -> Vec<f64> {
                rows.iter().map(|known| data.value(known.row, place)).collect()
            };
            of(column, &values(then), &values(now))
        })
        .collect();
    found.sort_by(|a, b| b.psi.total_cmp(&a.psi));
    found
}

fn of(column: &Column, then: &[f64], now: &[f64]) -> Drift {
    let edges = edges(then, column.words.is_some());
    let shares = shares(then, &edges).into_iter().zip(shares(now, &edges));
    let psi = shares.map(|(then, now)| (now - then) * (now / then).ln()).sum();
    let missing = |values: &[f64]| {
        count(values.iter().filter(|value| value.is_nan()).count()) / count(values.len())
    };
    Drift { name: column.name.clone(), psi, missing_then: missing(then), missing_now: missing(now) }
}

/// The last value of each bin but the open one above: every word, or the tenths of the known numbers.
fn edges(values: &[f64], words: bool) -> Vec<f64> {
    let mut known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    known.sort_by(f64::total_cmp);
    if !words {
        let at = |tenth: usize| known.get(known.len() * tenth / TENTHS).copied();
        known = (1..TENTHS).filter_map(at).collect();
    }
    known.dedup();
    known
}

/// Share of the values in each bin, the missing ones last; at least that of half a row.
fn shares(values: &[f64], edges: &[f64]) -> Vec<f64> {
    let mut rows = vec![0_usize; edges.len() + 2];
    for value in values {
        let bin = if value.is_nan() {
            edges.len() + 1
        } else {
            edges.partition_point(|edge| edge < value)
        };
        if let Some(rows) = rows.get_mut(bin) {
            *rows += 1;
        }
    }
    rows.into_iter().map(|rows| count(rows).max(LEAST) / count(values.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::features::{Record, Value, fields};
    use crate::train::LabelledRecord;

    #[test]
    fn what_moved_comes_first_and_what_did_not_is_near_zero() {
        let mut data = Dataset::default();
        for n in 0..2_000_u32 {
            let mut record = Record::default();
            let late = n >= 1_000;
            record.set(fields::IP_TX_COUNT_1H, n * 7 % 100);
            record.set(fields::ACCOUNT_AGE_H, Value::float(f64::from(n % 50 + 100 * (n / 1_000))));
            record.set(fields::PAYMENT_METHOD, if n % 10 < 5 || late { "card" } else { "paypal" });
            if !late || n % 4 > 0 {
                record.set(fields::IP_TOR, n % 2 == 0);
            }
            let event_time = Timestamp::default();
            data.push(&LabelledRecord { record, event_time, labels: vec![] });
        }
        let rows: Vec<_> = (0..2_000).map(|row| Known { row, fraud: false }).collect();
        let columns: Vec<_> = data.columns().iter().map(|column| column.name.clone()).collect();
        let used = ["ip_tx_count_1h", "account.age_h", "payment.method", "ip.tor"];
        let unused = columns.into_iter().filter(|name| !used.contains(&name.as_ref()));
        let dropped: Vec<_> = unused.map(|name| Dropped { name, why: "never known" }).collect();
        let found = drift(&data, &dropped, (&rows[..1_000], &rows[1_000..]));
        let names: Vec<&str> = found.iter().map(|drift| drift.name.as_ref()).collect();
        assert_eq!(names, ["account.age_h", "payment.method", "ip.tor", "ip_tx_count_1h"]);
        assert!(found[..3].iter().all(|drift| drift.psi > MOVED), "{found:?}");
        assert!(found[3].psi < 1e-3, "{found:?}");
        assert!((found[2].missing_now - 0.25).abs() < 1e-12, "{found:?}");
        assert!(drift(&data, &dropped, (&rows, &[])).is_empty());
    }

    #[test]
    fn the_index_by_hand() {
        let Some(mut column) = Dataset::default().columns().first().cloned() else { panic!() };
        column.words = Some(vec!["a".into(), "b".into()]);
        // Half of the rows move from one value to the other: 0.5 · ln(0.75 / 0.25) for each.
        let then = [0.0, 0.0, 0.0, 1.0];
        let now = [0.0, 1.0, 1.0, 1.0];
        let edges = edges(&then, true);
        assert_eq!(edges, [0.0, 1.0]);
        // The open bin and the missing one hold half a row on both sides: nothing.
        let found = of(&column, &then, &now);
        assert!((found.psi - 3.0_f64.ln()).abs() < 1e-12, "{found:?}");
        assert!(found.missing_then == 0.0 && found.missing_now == 0.0, "{found:?}");
    }
}
