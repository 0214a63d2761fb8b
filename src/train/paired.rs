//! Two models on the same rows: what each measures, and whether their difference is more than chance.
//!
//! A buyer's sales rise and fall together and both models see the same ones, so the bootstrap draws cards
//! and measures both models on each draw: what makes a draw hard is hard for both and leaves no trace in
//! the difference. Rejected: comparing the two models' own intervals, which overlap long after a paired
//! difference is certain; a rank test over rows, which takes a card's twenty sales for twenty facts.

use super::cards::draws;
use super::metrics::{Metrics, Resampled, Scored, count, metrics};
use serde::Serialize;
use std::collections::BTreeMap;

/// A row of known outcome, judged by two models.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedRow {
    /// What it turned out to be.
    pub fraud: bool,
    /// Whose sale it is: rows of one card, or one buyer, are drawn together.
    pub card: u64,
    /// What each model says of it.
    pub judged: [Judged; 2],
}

/// What one model says of a row, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Fraud probability, 0..=1.
    pub probability: f64,
    /// Saved by the action its score asks for, against approving, in cents of a euro; below 0 where it
    /// costs more.
    pub saved_cents: i64,
    /// The price where this action declines the sale, in cents of a euro; else 0.
    pub declined_cents: i64,
}

/// How the difference is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Drawing {
    /// How often cards are drawn.
    pub draws: usize,
    /// What they are drawn by; the same seed gives the same numbers.
    pub seed: u64,
}

/// One measure of two models.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Compared {
    /// Its name, as reports have it.
    pub measure: &'static str,
    /// True where more is better.
    pub more_is_better: bool,
    /// The first model's; none where it is not defined, as a ranking is without both classes.
    pub a: Option<f64>,
    /// The second model's.
    pub b: Option<f64>,
    /// The second's less the first's.
    pub difference: Option<f64>,
    /// The middle 95 % of the differences drawn.
    pub interval: Option<[f64; 2]>,
    /// Chance of a difference at least as far from zero where there is none, two-sided, from the draws.
    pub p_value: Option<f64>,
}

/// Two models on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Paired {
    /// Rows of known outcome.
    pub rows: usize,
    /// Frauds among them.
    pub frauds: usize,
    /// Cards, or buyers, among them.
    pub cards: usize,
    /// How the differences were tried.
    #[serde(flatten)]
    pub drawing: Drawing,
    /// The measures.
    pub measures: Vec<Compared>,
}

/// The measures, and whether more is better.
const MEASURES: [(&str, bool); 8] = [
    ("pr_auc", true),
    ("roc_auc", true),
    ("recall_at_1pct_fpr", true),
    ("brier", false),
    ("log_loss", false),
    ("fraud_declined_eur", true),
    ("good_declined_eur", false),
    ("saved_eur", true),
];

/// One model's measures in the order of [`MEASURES`].
type Measured = [Option<f64>; MEASURES.len()];

/// Measures both models and their differences. Cost: two sorts, and two passes a draw.
pub fn paired(rows: &[PairedRow], drawing: Drawing) -> Paired {
    let mut places: BTreeMap<u64, usize> = BTreeMap::new();
    let place = |row: &PairedRow| {
        let next = places.len();
        *places.entry(row.card).or_insert(next)
    };
    let cards: Vec<usize> = rows.iter().map(place).collect();
    let models = [0, 1].map(|which| Model::of(rows, &cards, places.len(), which));
    let whole = models.each_ref().map(|model| model.whole);
    let drawn: Vec<Measured> = draws(drawing.seed, places.len(), drawing.draws)
        .map(|times| {
            let [a, b] = models.each_ref().map(|model| model.drawn(&times));
            difference(&a, &b)
        })
        .collect();
    let compared = |(at, (measure, more_is_better)): (usize, (&'static str, bool))| {
        let of = |measured: &Measured| measured.get(at).copied().flatten();
        let [a, b] = whole.each_ref().map(of);
        let mut differences: Vec<f64> = drawn.iter().filter_map(of).collect();
        differences.sort_by(f64::total_cmp);
        Compared {
            measure,
            more_is_better,
            a,
            b,
            difference: a.zip(b).map(|(a, b)| b - a),
            interval: interval(&differences),
            p_value: p_value(&differences),
        }
    };
    Paired {
        rows: rows.len(),
        frauds: rows.iter().filter(|row| row.fraud).count(),
        cards: places.len(),
        drawing,
        measures: MEASURES.into_iter().enumerate().map(compared).collect(),
    }
}

/// One model over all rows, ready to be drawn from.
struct Model {
    whole: Measured,
    ranked: Resampled,
    /// Of each card: rows, squared errors, log losses, and the three sums of money.
    sums: Vec<[f64; 6]>,
}

impl Model {
    fn of(rows: &[PairedRow], cards: &[usize], all: usize, which: usize) -> Self {
        let mut sums = vec![[0.0; 6]; all];
        let mut scored = Vec::with_capacity(rows.len());
        for (row, card) in rows.iter().zip(cards) {
            let [a, b] = row.judged;
            let judged = if which == 0 { a } else { b };
            let one = Scored { probability: judged.probability, fraud: row.fraud };
            let Metrics { brier, log_loss, .. } = metrics(&[one]);
            let declined = eur(judged.declined_cents);
            let (caught, lost) = if row.fraud { (declined, 0.0) } else { (0.0, declined) };
            let terms = [
                1.0,
                brier.unwrap_or(f64::NAN),
                log_loss.unwrap_or(f64::NAN),
                caught,
                lost,
                eur(judged.saved_cents),
            ];
            if let Some(sum) = sums.get_mut(*card) {
                sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            }
            scored.push(one);
        }
        let ranked = Resampled::new(&scored, cards);
        let mut model = Self { whole: [None; MEASURES.len()], ranked, sums };
        model.whole = model.drawn(&vec![1; all]);
        model
    }

    /// The measures where each card counts so often.
    fn drawn(&self, times: &[u32]) -> Measured {
        let mut sum = [0.0; 6];
        for (card, times) in self.sums.iter().zip(times).filter(|(_, times)| **times > 0) {
            sum.iter_mut().zip(card).for_each(|(sum, term)| *sum += f64::from(*times) * term);
        }
        let [rows, brier, loss, caught, lost, saved] = sum;
        let ranked = self.ranked.measure(times);
        let [roc, pr, recall] = match ranked {
            Some(found) => found.map(Some),
            None => [None; 3],
        };
        let mean = |sum: f64| (rows > 0.0).then(|| sum / rows);
        [pr, roc, recall, mean(brier), mean(loss), Some(caught), Some(lost), Some(saved)]
    }
}

fn difference(a: &Measured, b: &Measured) -> Measured {
    let mut difference = [None; MEASURES.len()];
    for (slot, (a, b)) in difference.iter_mut().zip(a.iter().zip(b)) {
        *slot = a.zip(*b).map(|(a, b)| b - a);
    }
    difference
}

/// The middle 95 % of sorted numbers.
fn interval(sorted: &[f64]) -> Option<[f64; 2]> {
    let at = |share: usize| sorted.get((sorted.len() * share / 1000).min(sorted.len() - 1));
    if sorted.is_empty() { None } else { Some([*at(25)?, *at(975)?]) }
}

/// Twice the share of draws on the rarer side of zero, counting the sample itself as one draw more, so
/// that no finite number of draws proves anything; 1 where both models are one.
fn p_value(differences: &[f64]) -> Option<f64> {
    let share = |is: fn(&f64) -> bool| differences.iter().filter(|x| is(x)).count();
    let rarer = share(|x| *x <= 0.0).min(share(|x| *x >= 0.0));
    let p = 2.0 * count(rarer + 1) / count(differences.len() + 1);
    (!differences.is_empty()).then(|| p.min(1.0))
}

#[expect(clippy::cast_precision_loss, reason = "cents of one sale stay far below 2^53")]
fn eur(cents: i64) -> f64 {
    cents as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judged(probability: f64, saved_cents: i64, declined_cents: i64) -> Judged {
        Judged { probability, saved_cents, declined_cents }
    }

    fn any_row() -> impl Strategy<Value = PairedRow> {
        (any::<bool>(), 0..12u64, 0..20u32, 0..20u32, -500..500i64).prop_map(
            |(fraud, card, a, b, cents)| {
                let of = |p: u32| {
                    let declined = if p > 10 { cents.abs() } else { 0 };
                    judged(f64::from(p) / 20.0, cents * i64::from(p), declined)
                };
                PairedRow { fraud, card, judged: [of(a), of(b)] }
            },
        )
    }

    /// Copies the rows of the cards drawn, and measures the copy by definition: every pair of a fraud and
    /// another row, every threshold, every sum over again.
    fn slowly(rows: &[PairedRow], cards: &[u64], times: &[u32], which: usize) -> Measured {
        let mut copy = vec![];
        for row in rows {
            let place = cards.iter().position(|card| *card == row.card).unwrap();
            copy.extend(std::iter::repeat_n(*row, usize::try_from(times[place]).unwrap()));
        }
        let p = |row: &PairedRow| row.judged[which].probability;
        let (frauds, others): (Vec<PairedRow>, Vec<PairedRow>) =
            copy.iter().copied().partition(|row| row.fraud);
        let number = |n: usize| count(n);
        let above = |of: &[PairedRow], t: f64| number(of.iter().filter(|row| p(row) >= t).count());
        let both = !frauds.is_empty() && !others.is_empty();
        let pairs = frauds.iter().flat_map(|f| others.iter().map(move |o| (p(f), p(o))));
        let won: f64 = pairs
            .map(|(f, o)| {
                if f > o {
                    1.0
                } else if f < o {
                    0.0
                } else {
                    0.5
                }
            })
            .sum();
        let precision: f64 = frauds.iter().map(|f| above(&frauds, p(f)) / above(&copy, p(f))).sum();
        let recall = copy
            .iter()
            .filter(|row| above(&others, p(row)) / number(others.len()) <= 0.01)
            .map(|row| above(&frauds, p(row)) / number(frauds.len()))
            .fold(0.0, f64::max);
        let ranked =
            [precision / number(frauds.len()), won / number(frauds.len() * others.len()), recall];
        let y = |row: &PairedRow| f64::from(u8::from(row.fraud));
        let mean = |sum: f64| (!copy.is_empty()).then(|| sum / number(copy.len()));
        let brier = mean(copy.iter().map(|row| (p(row) - y(row)).powi(2)).sum());
        let loss = |row: &PairedRow| {
            let p = if row.fraud { p(row) } else { 1.0 - p(row) };
            -p.clamp(1e-15, 1.0 - 1e-15).ln()
        };
        let cents = |of: &[PairedRow], cents: fn(&Judged) -> i64| {
            eur(of.iter().map(|row| cents(&row.judged[which])).sum())
        };
        let [pr, roc, recall] = ranked.map(|measure| both.then_some(measure));
        [
            pr,
            roc,
            recall,
            brier,
            mean(copy.iter().map(loss).sum()),
            Some(cents(&frauds, |judged| judged.declined_cents)),
            Some(cents(&others, |judged| judged.declined_cents)),
            Some(cents(&copy, |judged| judged.saved_cents)),
        ]
    }

    proptest! {
        #[test]
        fn agrees_with_measuring_copies_of_the_rows(
            rows in prop::collection::vec(any_row(), 1..60),
            seed in any::<u64>(),
        ) {
            let drawing = Drawing { draws: 20, seed };
            let found = paired(&rows, drawing);
            let mut cards: Vec<u64> = vec![];
            for row in &rows {
                if !cards.contains(&row.card) {
                    cards.push(row.card);
                }
            }
            let slow: Vec<Measured> = draws(seed, cards.len(), drawing.draws)
                .map(|times| {
                    let [a, b] = [0, 1].map(|which| slowly(&rows, &cards, &times, which));
                    difference(&a, &b)
                })
                .collect();
            let once = vec![1; cards.len()];
            let [a, b] = [0, 1].map(|which| slowly(&rows, &cards, &once, which));
            let close = |x: Option<f64>, y: Option<f64>| match (x, y) {
                (Some(x), Some(y)) => (x - y).abs() < 1e-9,
                (x, y) => x == y,
            };
            for (at, measure) in found.measures.iter().enumerate() {
                prop_assert!(close(measure.a, a[at]) && close(measure.b, b[at]), "{measure:?}");
                let mut differences: Vec<f64> = slow.iter().filter_map(|drawn| drawn[at]).collect();
                differences.sort_by(f64::total_cmp);
                let middle = interval(&differences);
                for (end, other) in [(0, 0), (1, 1)] {
                    let at = |interval: Option<[f64; 2]>, end: usize| interval.map(|both| both[end]);
                    prop_assert!(close(at(measure.interval, end), at(middle, other)), "{measure:?}");
                }
            }
        }
    }

    #[test]
    fn a_better_model_is_told_from_a_lucky_one() {
        let row = |n: u64, a: f64, b: f64| {
            let fraud = n.is_multiple_of(10);
            PairedRow { fraud, card: n / 2, judged: [judged(a, 0, 0), judged(b, 0, 0)] }
        };
        let noise = |n: u64, by: u64| f64::from(u32::try_from(n * by % 997).unwrap()) / 997.0;
        let clear: Vec<_> = (0..1000)
            .map(|n| {
                let fraud = if n % 10 == 0 { 0.25 } else { 0.0 };
                row(n, 0.5 * noise(n, 379), 0.5 * noise(n, 379) + fraud)
            })
            .collect();
        let drawing = Drawing { draws: 200, seed: 7 };
        let found = paired(&clear, drawing);
        let pr = found.measures[0];
        assert_eq!((found.rows, found.frauds, found.cards), (1000, 100, 500));
        assert!(pr.p_value.unwrap() < 0.02 && pr.interval.unwrap()[0] > 0.0, "{pr:?}");
        assert_eq!(paired(&clear, drawing), found, "seeded");
        let alike: Vec<_> = (0..1000).map(|n| row(n, noise(n, 379), noise(n, 601))).collect();
        let roc = paired(&alike, drawing).measures[1];
        assert!(roc.p_value.unwrap() > 0.1, "two kinds of noise: {roc:?}");
        let same: Vec<_> = (0..1000).map(|n| row(n, noise(n, 379), noise(n, 379))).collect();
        for measure in paired(&same, drawing).measures {
            assert_eq!(
                (measure.p_value, measure.difference),
                (Some(1.0), Some(0.0)),
                "{measure:?}"
            );
        }
        let good: Vec<_> = clear.iter().copied().filter(|row| !row.fraud).collect();
        let one_class = paired(&good, drawing).measures[0];
        assert_eq!((one_class.a, one_class.p_value), (None, None));
    }
}
