//! Whether the model treats all buyers alike: its errors side by side, by country, method, type of
//! sale, and new or returning account.
//!
//! All slices are cut at one threshold, that which hits at most 1 % of the good sales of the whole test:
//! a slice whose good sales it hits more often pays for the others. Slices are of what a row holds, so
//! what buyers do not send makes a slice of its own. Countries are the eight most frequent and the rest.

use super::dataset::Dataset;
use super::metrics::{Scored, count, threshold_at};
use super::split::Known;
use crate::features::fields;
use serde::Serialize;
use std::collections::BTreeMap;

/// Countries told apart.
const COUNTRIES: usize = 8;
/// False positives of the whole test at the common threshold.
const FALSE_POSITIVES: f64 = 0.01;

/// The test rows of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slice {
    /// What they are told apart by.
    pub by: &'static str,
    /// What they have in common.
    pub value: String,
    /// Rows.
    pub rows: usize,
    /// Frauds among them.
    pub frauds: usize,
    /// Share of the frauds at or above the threshold; `None` without one.
    pub recall: Option<f64>,
    /// Share of the others at or above it; `None` without one.
    pub false_positive_rate: Option<f64>,
    /// Mean probability: what was promised.
    pub mean_probability: f64,
}

/// Every slice that holds rows: by country, method, type and account, each in the order of rows.
/// Empty where the test has one class only.
pub(super) fn slices(data: &Dataset, rows: &[Known], scored: &[Scored]) -> Vec<Slice> {
    let Some(threshold) = threshold_at(scored, FALSE_POSITIVES) else { return vec![] };
    let frequent = frequent_countries(data, rows);
    let country = |row: usize| match data.country(row) {
        Some(code) if frequent.contains(&code) => code.to_owned(),
        Some(_) => "others".to_owned(),
        None => "unknown".to_owned(),
    };
    let word = |field, row| data.word(field, row).unwrap_or("unknown").to_owned();
    let account = |row: usize| match data.number(fields::ACCOUNT_FIRST_SEEN_H, row) {
        hours if hours.is_nan() => "new".to_owned(),
        _ => "returning".to_owned(),
    };
    let cut = |by: &'static str, value_of: &dyn Fn(usize) -> String| {
        let mut groups: BTreeMap<String, Vec<Scored>> = BTreeMap::new();
        for (known, scored) in rows.iter().zip(scored) {
            groups.entry(value_of(known.row)).or_default().push(*scored);
        }
        let mut slices: Vec<_> = groups
            .into_iter()
            .map(|(value, rows)| Slice::of(by, value, &rows, threshold))
            .collect();
        slices.sort_by_key(|slice| std::cmp::Reverse(slice.rows));
        slices
    };
    [
        cut("country", &country),
        cut("method", &|row| word(fields::PAYMENT_METHOD, row)),
        cut("type", &|row| word(fields::TYPE, row)),
        cut("account", &account),
    ]
    .concat()
}

fn frequent_countries<'a>(data: &'a Dataset, rows: &[Known]) -> Vec<&'a str> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for code in rows.iter().filter_map(|known| data.country(known.row)) {
        *seen.entry(code).or_default() += 1;
    }
    let mut sorted: Vec<_> = seen.into_iter().collect();
    sorted.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    sorted.into_iter().take(COUNTRIES).map(|(code, _)| code).collect()
}

impl Slice {
    fn of(by: &'static str, value: String, rows: &[Scored], threshold: f64) -> Self {
        let frauds = rows.iter().filter(|row| row.fraud).count();
        let hit = |fraud: bool| {
            let all = if fraud { frauds } else { rows.len() - frauds };
            let hit = |row: &&Scored| row.fraud == fraud && row.probability >= threshold;
            (all > 0).then(|| count(rows.iter().filter(hit).count()) / count(all))
        };
        let sum: f64 = rows.iter().map(|row| row.probability).sum();
        Self {
            by,
            value,
            rows: rows.len(),
            frauds,
            recall: hit(true),
            false_positive_rate: hit(false),
            mean_probability: sum / count(rows.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::features::Record;
    use crate::train::LabelledRecord;

    #[test]
    fn one_threshold_cuts_every_slice() {
        let mut data = Dataset::default();
        let (mut rows, mut scored) = (vec![], vec![]);
        for n in 0..400_usize {
            let mut record = Record::default();
            record.set(fields::PAYMENT_METHOD, if n % 4 == 0 { "paypal" } else { "card" });
            if n % 2 == 0 {
                record.set(fields::ACCOUNT_FIRST_SEEN_H, crate::features::Value::float(3.0));
            }
            let event_time = Timestamp::default();
            data.push(&LabelledRecord { record, event_time, labels: vec![] });
            let fraud = n >= 390;
            rows.push(Known { row: n, fraud });
            // The three good sales scored high are PayPal's, two by returning accounts' numbers.
            let high = fraud || [4, 8, 12].contains(&n);
            scored.push(Scored { probability: if high { 0.9 } else { 0.1 }, fraud });
        }
        let found = slices(&data, &rows, &scored);
        let slice = |value: &str| found.iter().find(|slice| slice.value == value).unwrap();
        let (paypal, card) = (slice("paypal"), slice("card"));
        assert_eq!((paypal.rows, card.rows), (100, 300));
        assert_eq!((paypal.recall, card.recall), (Some(1.0), Some(1.0)));
        assert_eq!(card.false_positive_rate, Some(0.0));
        assert!((paypal.false_positive_rate.unwrap() - 3.0 / 98.0).abs() < 1e-12);
        assert_eq!((slice("returning").rows, slice("new").rows), (200, 200));
        assert!(slices(&data, &rows[..380], &scored[..380]).is_empty(), "one class");
    }
}
