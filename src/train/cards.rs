//! Measures that know which rows are one card's.
//!
//! A buyer's sales rise and fall together, so rows are not independent: intervals draw cards, not rows.
//! And who works through alerts works through cards: card precision counts a card once a day, and not
//! again once it was found.

use super::dataset::Dataset;
use super::metrics::{Resampled, Scored, count};
use super::split::{Known, Windows, known_as_fraud};
use crate::domain::{DAY_MS, Timestamp};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Cards looked at a day.
pub(super) const CARDS_A_DAY: usize = 100;
/// Draws of the bootstrap.
const DRAWS: usize = 200;

/// 95 % intervals by the bootstrap over cards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Intervals {
    /// Of the area under the ROC curve.
    pub roc_auc: [f64; 2],
    /// Of average precision.
    pub pr_auc: [f64; 2],
    /// Of the recall at 1 % false positives.
    pub recall_at_1pct_fpr: [f64; 2],
}

/// The mean over the days of the test of the share of cards with a fraud that day among the
/// [`CARDS_A_DAY`] riskiest; a card that was found leaves the days after. `None` without a row.
pub(super) fn precision(data: &Dataset, rows: &[Known], scored: &[Scored]) -> Option<f64> {
    let mut days: BTreeMap<i64, BTreeMap<u32, (f64, bool)>> = BTreeMap::new();
    for (known, Scored { probability, fraud }) in rows.iter().zip(scored) {
        let day = data.time(known.row).millis().div_euclid(DAY_MS);
        let cards = days.entry(day).or_default();
        let card = cards.entry(data.card_number(known.row)).or_insert((0.0, false));
        *card = (card.0.max(*probability), card.1 || *fraud);
    }
    let mut found: BTreeSet<u32> = BTreeSet::new();
    let mut sum = 0.0;
    for cards in days.values() {
        let mut cards: Vec<_> = cards.iter().filter(|(card, _)| !found.contains(card)).collect();
        cards.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
        let hit = cards.iter().take(CARDS_A_DAY).filter(|(_, (_, fraud))| *fraud);
        let hit: Vec<u32> = hit.map(|(card, _)| **card).collect();
        sum += count(hit.len()) / count(CARDS_A_DAY);
        found.extend(hit);
    }
    (!days.is_empty()).then(|| sum / count(days.len()))
}

/// The intervals; `None` where the rows have one class only. Cost: one sort, and a pass a draw.
pub(super) fn intervals(
    data: &Dataset,
    rows: &[Known],
    scored: &[Scored],
    seed: u64,
) -> Option<Intervals> {
    let mut places: BTreeMap<u32, usize> = BTreeMap::new();
    let cards: Vec<usize> = rows
        .iter()
        .map(|known| {
            let next = places.len();
            *places.entry(data.card_number(known.row)).or_insert(next)
        })
        .collect();
    let ranked = Resampled::new(scored, &cards);
    let drawn = draws(seed, places.len(), DRAWS);
    let measured: Vec<[f64; 3]> = drawn.filter_map(|times| ranked.measure(&times)).collect();
    let interval = |of: fn(&[f64; 3]) -> f64| -> Option<[f64; 2]> {
        let mut values: Vec<f64> = measured.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        let at = |share: usize| values.get((values.len() * share / 1000).min(values.len() - 1));
        Some([*at(25)?, *at(975)?])
    };
    if measured.is_empty() {
        return None;
    }
    Some(Intervals {
        roc_auc: interval(|[roc, ..]| *roc)?,
        pr_auc: interval(|[_, pr, _]| *pr)?,
        recall_at_1pct_fpr: interval(|[.., recall]| *recall)?,
    })
}

/// Draws as many of `groups` groups as there are, with replacement, `count` times: how often each came.
pub(super) fn draws(seed: u64, groups: usize, count: usize) -> impl Iterator<Item = Vec<u32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(move |_| {
        let mut times = vec![0_u32; groups];
        for _ in 0..groups {
            if let Some(times) = times.get_mut(below(&mut rng, groups)) {
                *times += 1;
            }
        }
        times
    })
}

/// A number below `n`; uneven by less than 2⁻³² · n.
fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    let n = u64::try_from(n).unwrap_or(u64::MAX);
    let drawn = (u64::from(rng.next_u32()) * n) >> 32;
    usize::try_from(drawn).unwrap_or(0)
}

/// The rows of cards that were not known as defrauded before the day of the row: a known one would
/// have been blocked, so finding it again is no merit. A fraud counts when its sale was not before the
/// start of training and its label arrived before the day.
pub(super) fn without_known(data: &Dataset, windows: &Windows, rows: &[Known]) -> Vec<Known> {
    let mut known_since: BTreeMap<u32, Timestamp> = BTreeMap::new();
    for row in 0..data.len() {
        if data.time(row) < windows.train_from {
            continue;
        }
        let frauds = data.labels(row).iter().filter(|label| label.class.is_fraud());
        let first = frauds.filter_map(|label| label.known_at).min();
        let Some(first) = first.filter(|at| known_as_fraud(data, row, (*at, 0))) else { continue };
        let since = known_since.entry(data.card_number(row)).or_insert(first);
        *since = (*since).min(first);
    }
    let unknown = |known: &&Known| {
        let millis = data.time(known.row).millis();
        let day = Timestamp::from_millis(millis - millis.rem_euclid(DAY_MS));
        known_since.get(&data.card_number(known.row)).is_none_or(|since| *since >= day)
    };
    rows.iter().filter(unknown).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::LabelClass;
    use crate::features::{Record, fields};
    use crate::train::{Label, LabelledRecord};

    fn hours(n: i64) -> Timestamp {
        "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap().plus_millis(n * DAY_MS / 24)
    }

    /// (card, hour, hours until a fraud is known)
    fn data(rows: &[(&str, i64, Option<i64>)]) -> Dataset {
        let mut data = Dataset::default();
        for (card, at, known) in rows {
            let mut record = Record::default();
            record.set(fields::CARD_FINGERPRINT, *card);
            let labels = known.map(|after| Label {
                class: LabelClass::StolenInstrument,
                known_at: Some(hours(at + after)),
            });
            data.push(&LabelledRecord {
                record,
                event_time: hours(*at),
                labels: labels.into_iter().collect(),
            });
        }
        data
    }

    fn all(data: &Dataset) -> Vec<Known> {
        (0..data.len()).map(|row| Known { row, fraud: !data.labels(row).is_empty() }).collect()
    }

    #[test]
    fn a_card_counts_once_a_day_and_not_after_it_was_found() {
        let data = data(&[
            ("a", 1, Some(5)),
            ("a", 2, Some(5)),
            ("b", 3, None),
            ("a", 25, Some(5)),
            ("c", 26, Some(5)),
        ]);
        let rows = all(&data);
        let scored: Vec<_> =
            rows.iter().map(|k| Scored { probability: 0.5, fraud: k.fraud }).collect();
        // One of a hundred on either day.
        assert_eq!(precision(&data, &rows, &scored), Some(0.01));
        assert_eq!(precision(&data, &[], &[]), None);
    }

    #[test]
    fn a_card_leaves_the_day_after_its_fraud_was_known() {
        let data = data(&[
            ("old", -30, Some(1)),
            ("a", 1, Some(10)),
            ("a", 12, None),
            ("a", 25, None),
            ("b", 2, Some(30)),
            ("b", 33, None),
            ("b", 49, None),
            ("old", 50, None),
        ]);
        let windows = Windows {
            train_from: hours(0),
            calibrate_from: hours(0),
            train_to: hours(0),
            labels_known_at: hours(0),
            test_from: hours(0),
            test_to: hours(99),
        };
        let kept: Vec<_> =
            without_known(&data, &windows, &all(&data)).iter().map(|k| k.row).collect();
        assert_eq!(kept, [0, 1, 2, 4, 5, 7]);
    }

    #[test]
    fn intervals_hold_the_measure_and_shrink_with_cards() {
        let rows: Vec<(String, i64, Option<i64>)> =
            (0..600).map(|n| (format!("{}", n % 200), n, (n * 7 % 13 < 3).then_some(1))).collect();
        let borrowed: Vec<_> = rows.iter().map(|(c, h, k)| (c.as_str(), *h, *k)).collect();
        let data = data(&borrowed);
        let rows = all(&data);
        let score = |k: &Known| {
            let noise = f64::from(u32::try_from(k.row * 37 % 101).unwrap()) / 200.0;
            Scored { probability: noise + if k.fraud { 0.3 } else { 0.1 }, fraud: k.fraud }
        };
        let scored: Vec<_> = rows.iter().map(score).collect();
        let found = intervals(&data, &rows, &scored, 1).unwrap();
        let truth = crate::train::metrics(&scored);
        let [low, high] = found.roc_auc;
        assert!((low..high).contains(&truth.roc_auc.unwrap()), "{found:?}");
        let [low, high] = found.pr_auc;
        assert!((low..high).contains(&truth.pr_auc.unwrap()), "{found:?}");
        assert_eq!(intervals(&data, &rows, &scored, 1), Some(found), "seeded");
        let few: Vec<_> = rows.iter().take(60).copied().collect();
        let wide = intervals(&data, &few, &scored[..60], 1).unwrap().roc_auc;
        assert!(wide[1] - wide[0] > found.roc_auc[1] - found.roc_auc[0]);
        let good: Vec<_> = rows.iter().filter(|k| !k.fraud).copied().collect();
        let scored: Vec<_> = good.iter().map(score).collect();
        assert_eq!(intervals(&data, &good, &scored, 1), None);
    }
}
