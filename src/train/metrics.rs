//! How good a score is: ranking, recall and calibration on rows of known outcome.
//!
//! Own code, because no small crate has them all and each must treat ties honestly: rows with the
//! same score stand or fall together, so the order of the input never matters. Checked against hand
//! calculation and a brute-force count of pairs.

use serde::Serialize;

/// One scored row of known outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Fraud probability, 0..=1.
    pub probability: f64,
    /// What it turned out to be.
    pub fraud: bool,
}

/// The measures of one set of rows. Shares are in 0..=1; `None` where they are not defined, as a
/// ranking is without both classes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Metrics {
    /// Rows.
    pub rows: usize,
    /// Frauds among them.
    pub positives: usize,
    /// Frauds / rows.
    pub base_rate: Option<f64>,
    /// Area under the ROC curve: the chance that a fraud scores above another row, ties counting half.
    pub roc_auc: Option<f64>,
    /// Average precision, the step-wise area under the precision-recall curve. A score that knows
    /// nothing has the base rate.
    pub pr_auc: Option<f64>,
    /// Largest share of frauds found by a threshold that hits at most 1 % of the other rows.
    pub recall_at_1pct_fpr: Option<f64>,
    /// Expected calibration error: mean distance of probability and fraud rate over 10 bins of equal
    /// size.
    pub ece: Option<f64>,
    /// Mean squared distance of probability and outcome.
    pub brier: Option<f64>,
    /// Mean −ln(probability given to what happened), probabilities kept 1e-15 away from 0 and 1.
    pub log_loss: Option<f64>,
}

/// A group of neighbouring scores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Rows; ties are never split, so bins can differ in size.
    pub rows: usize,
    /// Frauds among them.
    pub positives: usize,
    /// Smallest probability.
    pub lowest: f64,
    /// Largest probability.
    pub highest: f64,
    /// Mean probability.
    pub mean_probability: f64,
    /// Frauds / rows.
    pub fraud_rate: f64,
}

/// Computes every measure. Cost: one sort.
pub fn metrics(rows: &[Scored]) -> Metrics {
    let positives = rows.iter().filter(|row| row.fraud).count();
    let curve = Curve::of(rows);
    let mean = |term: fn(&Scored) -> f64| share(rows.iter().map(term).sum(), rows.len());
    let bins = bins(rows, 10);
    let gap = |bin: &Bin| count(bin.rows) * (bin.mean_probability - bin.fraud_rate).abs();
    Metrics {
        rows: rows.len(),
        positives,
        base_rate: share(count(positives), rows.len()),
        roc_auc: curve.roc_auc(),
        pr_auc: curve.average_precision(),
        recall_at_1pct_fpr: curve.recall_at(0.01),
        ece: share(bins.iter().map(gap).sum(), rows.len()),
        brier: mean(|row| (row.probability - f64::from(u8::from(row.fraud))).powi(2)),
        log_loss: mean(|row| {
            let p = if row.fraud { row.probability } else { 1.0 - row.probability };
            -p.clamp(1e-15, 1.0 - 1e-15).ln()
        }),
    }
}

/// The lowest score from which at most `share` of the rows that are not fraud are hit; above 1 where
/// the best score hits more. `None` without both classes.
pub(super) fn threshold_at(rows: &[Scored], share: f64) -> Option<f64> {
    let (_, others) = Curve::of(rows).totals()?;
    let mut scores: Vec<f64> =
        rows.iter().filter(|row| !row.fraud).map(|row| row.probability).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    // The best of those that may not be hit: what scores above it is.
    let spared = scores.iter().enumerate().find(|(hit, _)| count(hit + 1) / others > share);
    Some(spared.map_or(0.0, |(_, score)| score.next_up()))
}

/// Rows that are measured again and again, each time with some groups of them more than once and some not
/// at all. Cost: one sort.
pub(super) struct Resampled {
    /// Highest score first, each with its group.
    sorted: Vec<(Scored, usize)>,
}

impl Resampled {
    pub(super) fn new(rows: &[Scored], groups: &[usize]) -> Self {
        let mut sorted: Vec<(Scored, usize)> =
            rows.iter().copied().zip(groups.iter().copied()).collect();
        sorted.sort_by(|a, b| b.0.probability.total_cmp(&a.0.probability));
        Self { sorted }
    }

    /// ROC-AUC, average precision and recall at 1 % false positives where each group counts so often;
    /// `None` where one class is left. Cost: one pass.
    pub(super) fn measure(&self, times: &[u32]) -> Option<[f64; 3]> {
        let mut steps = vec![];
        let (mut frauds, mut others) = (0, 0);
        let tie = |a: &(Scored, usize), b: &(Scored, usize)| {
            a.0.probability.total_cmp(&b.0.probability).is_eq()
        };
        for tied in self.sorted.chunk_by(tie) {
            for (row, group) in tied {
                let n = times.get(*group).and_then(|n| usize::try_from(*n).ok()).unwrap_or(0);
                if row.fraud { frauds += n } else { others += n }
            }
            if frauds + others > 0 {
                steps.push((frauds, others));
            }
        }
        let curve = Curve { steps };
        Some([curve.roc_auc()?, curve.average_precision()?, curve.recall_at(0.01)?])
    }
}

/// `parts` bins of nearly equal size, lowest scores first; fewer where ties or rows do not allow more.
pub fn bins(rows: &[Scored], parts: usize) -> Vec<Bin> {
    let mut sorted = rows.to_vec();
    sorted.sort_by(|a, b| a.probability.total_cmp(&b.probability));
    let mut bins = vec![];
    let mut rest = sorted.as_slice();
    for left in (1..=parts).rev() {
        let Some(last) = rest.get((rest.len() / left).max(1) - 1) else { break };
        let size = rest.partition_point(|row| row.probability <= last.probability);
        let (bin, after) = rest.split_at(size);
        bins.push(Bin::of(bin));
        rest = after;
    }
    bins
}

impl Bin {
    fn of(rows: &[Scored]) -> Self {
        let positives = rows.iter().filter(|row| row.fraud).count();
        let sum: f64 = rows.iter().map(|row| row.probability).sum();
        Self {
            rows: rows.len(),
            positives,
            lowest: rows.first().map_or(f64::NAN, |row| row.probability),
            highest: rows.last().map_or(f64::NAN, |row| row.probability),
            mean_probability: sum / count(rows.len()),
            fraud_rate: count(positives) / count(rows.len()),
        }
    }
}

/// What thresholds hit: one step per distinct score, highest first.
struct Curve {
    /// Frauds and others at or above each distinct score.
    steps: Vec<(usize, usize)>,
}

impl Curve {
    fn of(rows: &[Scored]) -> Self {
        let mut sorted = rows.to_vec();
        sorted.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        let mut steps = vec![];
        let (mut frauds, mut others) = (0, 0);
        for tied in sorted.chunk_by(|a, b| a.probability.total_cmp(&b.probability).is_eq()) {
            let hit = tied.iter().filter(|row| row.fraud).count();
            frauds += hit;
            others += tied.len() - hit;
            steps.push((frauds, others));
        }
        Self { steps }
    }

    /// Frauds and others in all; `None` unless there are both.
    fn totals(&self) -> Option<(f64, f64)> {
        let (frauds, others) = self.steps.last().copied()?;
        (frauds > 0 && others > 0).then(|| (count(frauds), count(others)))
    }

    fn roc_auc(&self) -> Option<f64> {
        let (frauds, others) = self.totals()?;
        let mut area = 0.0;
        let (mut frauds_before, mut others_before) = (0.0, 0.0);
        for (hit, missed) in self.steps.iter().map(|(f, o)| (count(*f), count(*o))) {
            area += (missed - others_before) * f64::midpoint(hit, frauds_before);
            (frauds_before, others_before) = (hit, missed);
        }
        Some(area / (frauds * others))
    }

    fn average_precision(&self) -> Option<f64> {
        let (frauds, _) = self.totals()?;
        let mut area = 0.0;
        let mut before = 0.0;
        for (hit, missed) in self.steps.iter().map(|(f, o)| (count(*f), count(*o))) {
            area += (hit - before) * hit / (hit + missed);
            before = hit;
        }
        Some(area / frauds)
    }

    fn recall_at(&self, false_positive_rate: f64) -> Option<f64> {
        let (frauds, others) = self.totals()?;
        let within =
            self.steps.iter().take_while(|(_, o)| count(*o) / others <= false_positive_rate);
        Some(within.last().map_or(0.0, |(f, _)| count(*f) / frauds))
    }
}

fn share(sum: f64, rows: usize) -> Option<f64> {
    (rows > 0).then(|| sum / count(rows))
}

/// A count as a number; exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
pub(super) fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(scores: &[(f64, u8)]) -> Vec<Scored> {
        scores.iter().map(|&(probability, y)| Scored { probability, fraud: y == 1 }).collect()
    }

    fn close(found: Option<f64>, expected: f64) {
        assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?} is not {expected}");
    }

    #[test]
    fn by_hand_without_ties() {
        let m = metrics(&rows(&[(0.9, 1), (0.8, 0), (0.7, 1), (0.6, 0), (0.2, 0)]));
        assert_eq!((m.rows, m.positives), (5, 2));
        close(m.base_rate, 0.4);
        close(m.roc_auc, 5.0 / 6.0); // of 6 pairs one is the wrong way round
        close(m.pr_auc, 0.5 * 1.0 + 0.5 * 2.0 / 3.0);
        close(m.recall_at_1pct_fpr, 0.5);
        close(m.brier, (0.01 + 0.64 + 0.09 + 0.36 + 0.04) / 5.0);
        let loss = -(0.9f64.ln() + 0.2f64.ln() + 0.7f64.ln() + 0.4f64.ln() + 0.8f64.ln()) / 5.0;
        close(m.log_loss, loss);
        close(m.ece, (0.1 + 0.8 + 0.3 + 0.6 + 0.2) / 5.0); // five bins of one row
    }

    #[test]
    fn by_hand_with_ties() {
        let m = metrics(&rows(&[(0.5, 1), (0.5, 0), (0.5, 0), (0.1, 0)]));
        close(m.roc_auc, (0.5 + 0.5 + 1.0) / 3.0);
        close(m.pr_auc, 1.0 / 3.0);
        close(m.recall_at_1pct_fpr, 0.0); // the tie would hit two of three others
    }

    #[test]
    fn a_threshold_hits_no_more_than_its_share() {
        let mut all: Vec<_> =
            (0..200).map(|i| Scored { probability: f64::from(i) / 200.0, fraud: false }).collect();
        all.extend(rows(&[(0.99, 1), (0.2, 1)]));
        let threshold = threshold_at(&all, 0.01).unwrap();
        let hit = all.iter().filter(|row| !row.fraud && row.probability >= threshold).count();
        assert_eq!(hit, 2);
        assert!(threshold_at(&rows(&[(0.5, 0), (0.5, 0), (0.5, 1)]), 0.5).unwrap() > 0.5, "a tie");
        assert_eq!(threshold_at(&rows(&[(0.5, 0)]), 0.01), None);
    }

    #[test]
    fn one_class_has_no_ranking() {
        let m = metrics(&rows(&[(0.5, 0), (0.1, 0)]));
        assert_eq!((m.roc_auc, m.pr_auc, m.recall_at_1pct_fpr), (None, None, None));
        close(m.brier, 0.13);
        let empty = metrics(&[]);
        assert_eq!((empty.base_rate, empty.ece, empty.log_loss), (None, None, None));
    }

    #[test]
    fn certainty_that_was_wrong_costs_a_finite_amount() {
        close(metrics(&rows(&[(0.0, 1), (1.0, 0)])).log_loss, -(1e-15f64).ln());
    }

    #[test]
    fn bins_are_equal_and_keep_ties_together() {
        let even: Vec<_> = (0..100)
            .map(|i| Scored { probability: f64::from(i) / 100.0, fraud: i >= 90 })
            .collect();
        let bins = super::bins(&even, 10);
        assert_eq!(bins.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [10; 10]);
        assert_eq!(bins[9].positives, 10);
        let tied = super::bins(&rows(&[(0.1, 0), (0.1, 0), (0.1, 1), (0.1, 0), (0.9, 1)]), 2);
        assert_eq!(tied.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [4, 1]);
    }

    /// Counts every pair, every threshold; shares nothing with the code above.
    fn brute(rows: &[Scored]) -> (f64, f64, f64) {
        let (frauds, others): (Vec<Scored>, Vec<Scored>) = rows.iter().partition(|row| row.fraud);
        let mut wins = 0.0;
        for a in &frauds {
            for b in &others {
                wins += match a.probability.partial_cmp(&b.probability).unwrap() {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        let at_least =
            |set: &[Scored], t: f64| count(set.iter().filter(|row| row.probability >= t).count());
        let (mut precision, mut recall) = (0.0, 0.0f64);
        for fraud in &frauds {
            let t = fraud.probability;
            precision += at_least(&frauds, t) / at_least(rows, t);
        }
        for row in rows {
            let t = row.probability;
            if at_least(&others, t) / count(others.len()) <= 0.01 {
                recall = recall.max(at_least(&frauds, t) / count(frauds.len()));
            }
        }
        let n = count(frauds.len());
        (wins / (n * count(others.len())), precision / n, recall)
    }

    fn any_rows() -> impl Strategy<Value = Vec<Scored>> {
        let row = (0..40u32, any::<bool>())
            .prop_map(|(p, fraud)| Scored { probability: f64::from(p) / 40.0, fraud });
        prop::collection::vec(row, 1..300)
    }

    proptest! {
        #[test]
        fn agrees_with_counting_every_pair(rows in any_rows()) {
            let m = metrics(&rows);
            let both = m.positives > 0 && m.positives < m.rows;
            prop_assert_eq!(m.roc_auc.is_some(), both);
            if both {
                let (auc, ap, recall) = brute(&rows);
                prop_assert!((m.roc_auc.unwrap() - auc).abs() < 1e-12);
                prop_assert!((m.pr_auc.unwrap() - ap).abs() < 1e-12);
                prop_assert!((m.recall_at_1pct_fpr.unwrap() - recall).abs() < 1e-12);
            }
        }

        #[test]
        fn the_order_of_rows_does_not_matter(rows in any_rows()) {
            let mut turned = rows.clone();
            turned.reverse();
            let (a, b) = (metrics(&rows), metrics(&turned));
            prop_assert_eq!((a.roc_auc, a.pr_auc), (b.roc_auc, b.pr_auc));
            prop_assert!((a.ece.unwrap() - b.ece.unwrap()).abs() < 1e-12);
            let all = bins(&rows, 10);
            prop_assert_eq!(all.iter().map(|bin| bin.rows).sum::<usize>(), rows.len());
            prop_assert!(all.windows(2).all(|two| two[0].highest < two[1].lowest));
        }
    }
}
