//! What declining from a probability on would catch and cost: the points behind the precision-recall,
//! ROC and money plots.
//!
//! Money is summed in whole euro cents, so the order of the rows leaves no trace. A declined fraud
//! saves what it would have cost, a declined good sale costs its margin and part of the buyer: both a
//! share of the amount and a fixed sum, as the decision's own cost terms are. Rejected: a fixed cost
//! per error, which makes a sale of 5 euro and one of 500 the same mistake.

use super::metrics::{Scored, count};
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

/// Most steps of recall, and of the false positive rate, that are kept as points.
const STEPS: f64 = 100.0;

/// What one wrong answer costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ErrorCost {
    /// Share of the sale's amount, 0..=1.
    pub share: f64,
    /// Added to it, in euro.
    pub fixed_eur: f64,
}

/// What wrong answers cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ErrorCosts {
    /// A fraud that was let through.
    pub missed_fraud: ErrorCost,
    /// A good sale that was declined.
    pub declined_good: ErrorCost,
}

impl Default for ErrorCosts {
    /// The default policy's: a software seller with high margin and no cost of goods.
    fn default() -> Self {
        Self {
            missed_fraud: ErrorCost { share: 0.17, fixed_eur: 61.0 },
            declined_good: ErrorCost { share: 0.8, fixed_eur: 6.0 },
        }
    }
}

impl ErrorCost {
    fn of(self, hits: Hits) -> f64 {
        self.share * eur(hits.cents) + self.fixed_eur * count(hits.rows)
    }
}

/// What declining every sale at or above a probability would have done to the test rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ThresholdPoint {
    /// Decline from here on.
    pub threshold: f64,
    /// Sales declined.
    pub rows: usize,
    /// Frauds among them.
    pub frauds: usize,
    /// Frauds declined / frauds.
    pub recall: f64,
    /// Frauds declined / sales declined.
    pub precision: f64,
    /// Good sales declined / good sales.
    pub false_positive_rate: f64,
    /// Amounts of the frauds declined.
    pub fraud_caught_eur: f64,
    /// Amounts of the good sales declined.
    pub good_lost_eur: f64,
    /// What the errors cost: frauds let through and good sales declined.
    pub cost_eur: f64,
}

/// What thresholds would have done to the test rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Thresholds {
    /// What an error was taken to cost.
    pub costs: ErrorCosts,
    /// Amounts of all frauds.
    pub fraud_eur: f64,
    /// Amounts of all good sales.
    pub good_eur: f64,
    /// Rows whose amount is not known; they count as 0 euro.
    pub without_amount: usize,
    /// What the frauds cost when nothing is declined.
    pub approve_all_cost_eur: f64,
    /// The cheapest threshold; `None` where declining nothing is cheaper than any.
    pub cheapest: Option<ThresholdPoint>,
    /// At most about 200 points, highest threshold first; the cheapest is among them.
    pub points: Vec<ThresholdPoint>,
}

/// A test row with its amount.
#[derive(Debug, Clone, Copy)]
pub(super) struct Priced {
    pub(super) scored: Scored,
    /// In euro; NaN when not known.
    pub(super) eur: f64,
}

/// Rows and the sum of their amounts.
#[derive(Debug, Clone, Copy, Default)]
struct Hits {
    rows: usize,
    cents: i64,
}

impl Hits {
    fn add(&mut self, row: &Priced) {
        self.rows += 1;
        self.cents += (row.eur * 100.0).round().to_i64().unwrap_or(0);
    }

    fn without(self, other: Self) -> Self {
        Self { rows: self.rows - other.rows, cents: self.cents - other.cents }
    }
}

/// Sweeps the threshold over every distinct probability. Cost: one sort.
pub(super) fn sweep(rows: &[Priced], costs: ErrorCosts) -> Thresholds {
    let mut sorted = rows.to_vec();
    sorted.sort_by(|a, b| b.scored.probability.total_cmp(&a.scored.probability));
    let (mut frauds, mut goods) = (Hits::default(), Hits::default());
    let mut steps = vec![];
    for tied in
        sorted.chunk_by(|a, b| a.scored.probability.total_cmp(&b.scored.probability).is_eq())
    {
        for row in tied {
            if row.scored.fraud { &mut frauds } else { &mut goods }.add(row);
        }
        let threshold = tied.first().map_or(f64::NAN, |row| row.scored.probability);
        steps.push((threshold, frauds, goods));
    }
    let all = (frauds, goods);
    let every: Vec<_> = steps.into_iter().map(|step| point(step, all, &costs)).collect();
    let approve_all_cost_eur = costs.missed_fraud.of(frauds);
    let cheapest = every.iter().copied().min_by(|a, b| a.cost_eur.total_cmp(&b.cost_eur));
    let cheapest = cheapest.filter(|point| point.cost_eur < approve_all_cost_eur);
    Thresholds {
        costs,
        fraud_eur: eur(frauds.cents),
        good_eur: eur(goods.cents),
        without_amount: rows.iter().filter(|row| !row.eur.is_finite()).count(),
        approve_all_cost_eur,
        cheapest,
        points: thinned(&every, cheapest),
    }
}

fn point(
    (threshold, frauds, goods): (f64, Hits, Hits),
    all: (Hits, Hits),
    costs: &ErrorCosts,
) -> ThresholdPoint {
    let share = |part: usize, whole: usize| count(part) / count(whole.max(1));
    let rows = frauds.rows + goods.rows;
    ThresholdPoint {
        threshold,
        rows,
        frauds: frauds.rows,
        recall: share(frauds.rows, all.0.rows),
        precision: share(frauds.rows, rows),
        false_positive_rate: share(goods.rows, all.1.rows),
        fraud_caught_eur: eur(frauds.cents),
        good_lost_eur: eur(goods.cents),
        cost_eur: costs.missed_fraud.of(all.0.without(frauds)) + costs.declined_good.of(goods),
    }
}

/// Keeps the last point of every step of recall or of the false positive rate, and the cheapest.
fn thinned(every: &[ThresholdPoint], cheapest: Option<ThresholdPoint>) -> Vec<ThresholdPoint> {
    let step = |point: &ThresholdPoint| {
        [point.recall, point.false_positive_rate].map(|share| (share * STEPS).to_i64())
    };
    let next: Vec<_> = every.iter().skip(1).map(step).collect();
    let ends = |place: usize, point: &ThresholdPoint| {
        next.get(place).is_none_or(|next| *next != step(point)) || cheapest == Some(*point)
    };
    every.iter().enumerate().filter(|(place, p)| ends(*place, p)).map(|(_, p)| *p).collect()
}

#[expect(clippy::cast_precision_loss, reason = "cents of a test stay far below 2^53")]
fn eur(cents: i64) -> f64 {
    cents as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn priced(rows: &[(f64, bool, f64)]) -> Vec<Priced> {
        rows.iter()
            .map(|&(probability, fraud, eur)| Priced { scored: Scored { probability, fraud }, eur })
            .collect()
    }

    #[test]
    fn by_hand() {
        let costs = ErrorCosts {
            missed_fraud: ErrorCost { share: 0.5, fixed_eur: 20.0 },
            declined_good: ErrorCost { share: 0.8, fixed_eur: 1.0 },
        };
        // Two frauds of 100 and 10 euro, three good sales of 20, 30 and an amount nobody knows.
        let rows = priced(&[
            (0.9, true, 100.0),
            (0.5, false, 20.0),
            (0.5, true, 10.0),
            (0.2, false, 30.0),
            (0.1, false, f64::NAN),
        ]);
        let found = sweep(&rows, costs);
        assert_eq!((found.fraud_eur, found.good_eur, found.without_amount), (110.0, 50.0, 1));
        // Nothing declined: 0.5 · 110 + 2 · 20.
        assert!((found.approve_all_cost_eur - 95.0).abs() < 1e-9);
        let costs: Vec<_> = found.points.iter().map(|p| (p.threshold, p.cost_eur)).collect();
        // From 0.9: the fraud of 10 is missed, 25. From 0.5: the good sale of 20 is lost, 17.
        // From 0.2: 17 + 25. From 0.1: one more euro.
        assert_eq!(costs, [(0.9, 25.0), (0.5, 17.0), (0.2, 42.0), (0.1, 43.0)]);
        let best = found.cheapest.unwrap();
        assert_eq!((best.threshold, best.rows, best.frauds), (0.5, 3, 2));
        assert_eq!((best.fraud_caught_eur, best.good_lost_eur), (110.0, 20.0));
        assert_eq!(
            (best.recall, best.precision, best.false_positive_rate),
            (1.0, 2.0 / 3.0, 1.0 / 3.0)
        );
    }

    #[test]
    fn where_every_threshold_costs_more_none_is_named() {
        let found = sweep(&priced(&[(0.9, false, 500.0), (0.1, true, 1.0)]), ErrorCosts::default());
        assert_eq!(found.cheapest, None);
        assert!((found.approve_all_cost_eur - 61.17).abs() < 1e-9);
        let none = sweep(&[], ErrorCosts::default());
        assert!(none.points.is_empty() && none.cheapest.is_none());
    }

    #[test]
    fn many_rows_are_thinned_and_keep_the_ends_and_the_cheapest() {
        let rows: Vec<_> =
            (0..5000).map(|i| (f64::from(i) / 5000.0, i % 100 < i / 100, 10.0)).collect();
        let found = sweep(&priced(&rows), ErrorCosts::default());
        assert!((100..=202).contains(&found.points.len()), "{}", found.points.len());
        let last = found.points.last().unwrap();
        assert_eq!((last.recall, last.false_positive_rate, last.rows), (1.0, 1.0, 5000));
        assert!(found.points.contains(&found.cheapest.unwrap()));
        assert!(found.points.is_sorted_by(|a, b| a.threshold > b.threshold));
    }

    #[test]
    fn the_order_of_rows_leaves_no_trace() {
        let rows: Vec<_> =
            (0..300).map(|i| (f64::from(i % 40) / 40.0, i % 7 == 0, f64::from(i) / 7.0)).collect();
        let turned: Vec<_> = rows.iter().rev().copied().collect();
        let costs = ErrorCosts::default();
        assert_eq!(sweep(&priced(&rows), costs), sweep(&priced(&turned), costs));
    }
}
