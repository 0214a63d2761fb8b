//! Fits calibrators and chooses between them.
//!
//! Platt's line, the beta curve and isotonic steps are fitted on the earlier half of the rows and judged
//! by log loss on the later; the best, the simplest of those nearly as good, is then fitted on all. The
//! steps need a thousand frauds before they are tried: with fewer they follow chance. A calibrator that
//! would turn the order round is never taken.

use super::fit;
use super::metrics::count;
use crate::model::{Beta, Calibrator, Isotonic, sigmoid};

/// Frauds below which isotonic steps are not tried.
const LEAST_FOR_ISOTONIC: usize = 1_000;
/// A calibrator must be better than a simpler one by this share of the log loss.
const WORTH: f64 = 1e-3;
/// Smallest slope on either side of a beta curve that still ranks.
const LEAST_SLOPE: f64 = 1e-3;

type Fitter = fn(&[f64], &[bool]) -> Option<Calibrator>;

/// The best calibrator of margins, which are log-odds; rows in the order of time, `frauds` of them
/// different ones of fraud. `None` when none of them ranks.
pub(super) fn choose(margins: &[f64], outcomes: &[bool], frauds: usize) -> Option<Calibrator> {
    let fitters: &[Fitter] =
        if frauds >= LEAST_FOR_ISOTONIC { &[line, beta, isotonic] } else { &[line, beta] };
    let (fit_on, judged_on) = margins.split_at(margins.len() / 2);
    let (fit_for, judged_for) = outcomes.split_at(outcomes.len() / 2);
    let mut best: Option<(f64, Fitter)> = None;
    for fitter in fitters {
        let Some(loss) = fitter(fit_on, fit_for).map(|c| log_loss(&c, judged_on, judged_for))
        else {
            continue;
        };
        if best.is_none_or(|(least, _)| loss < least * (1.0 - WORTH)) {
            best = Some((loss, *fitter));
        }
    }
    let fitter = best.map_or(line as Fitter, |(_, fitter)| fitter);
    fitter(margins, outcomes).or_else(|| line(margins, outcomes))
}

fn log_loss(calibrator: &Calibrator, margins: &[f64], outcomes: &[bool]) -> f64 {
    let term = |(margin, fraud): (&f64, &bool)| {
        let p = sigmoid(calibrator.apply(*margin)).clamp(1e-15, 1.0 - 1e-15);
        if *fraud { -p.ln() } else { -(-p).ln_1p() }
    };
    margins.iter().zip(outcomes).map(term).sum()
}

fn line(margins: &[f64], outcomes: &[bool]) -> Option<Calibrator> {
    fit::platt(margins, outcomes).map(Calibrator::Platt)
}

/// The beta curve of least log loss, by Newton's method with the step halved until the loss falls.
fn beta(margins: &[f64], outcomes: &[bool]) -> Option<Calibrator> {
    let rows = || {
        let parts = margins.iter().map(|margin| Beta::parts(*margin));
        parts.zip(outcomes).map(|([rare, sure], fraud)| ([rare, sure, 1.0], *fraud))
    };
    let loss = |at: &[f64; 3]| -> f64 {
        let term = |(cells, fraud): ([f64; 3], bool)| {
            let margin = if fraud { -dot(at, &cells) } else { dot(at, &cells) };
            margin.max(0.0) + (-margin.abs()).exp().ln_1p()
        };
        rows().map(term).sum()
    };
    let mut at = [1.0, 1.0, 0.0];
    let mut least = loss(&at);
    for _ in 0..100 {
        let (mut gradient, mut hessian) = ([0.0; 3], [[0.0; 3]; 3]);
        for (cells, fraud) in rows() {
            let share = sigmoid(dot(&at, &cells));
            let error = share - f64::from(u8::from(fraud));
            let weight = share * (1.0 - share);
            for ((cell, slope), line) in cells.iter().zip(&mut gradient).zip(&mut hessian) {
                *slope += error * cell;
                line.iter_mut().zip(&cells).for_each(|(sum, other)| *sum += weight * cell * other);
            }
        }
        let step = solved(&hessian, &gradient)?;
        let moved = |scale: f64| {
            let mut moved = at;
            moved.iter_mut().zip(&step).for_each(|(place, by)| *place -= scale * by);
            moved
        };
        let mut scale = 1.0;
        while loss(&moved(scale)) > least && scale > 1e-9 {
            scale /= 2.0;
        }
        let (next, there) = (loss(&moved(scale)), moved(scale));
        let gained = least - next;
        if !next.is_finite() || gained < 0.0 {
            break;
        }
        (at, least) = (there, next);
        if gained <= 1e-12 * least {
            break;
        }
    }
    let [a, b, c] = at;
    let sound = c.is_finite() && a > LEAST_SLOPE && b > LEAST_SLOPE;
    sound.then_some(Calibrator::Beta(Beta { a, b, c }))
}

fn dot(one: &[f64; 3], other: &[f64; 3]) -> f64 {
    one.iter().zip(other).map(|(left, right)| left * right).sum()
}

/// `matrix`⁻¹ `vector` of a symmetric matrix by Cramer's rule; `None` where it has no inverse.
fn solved(matrix: &[[f64; 3]; 3], vector: &[f64; 3]) -> Option<[f64; 3]> {
    let cross = |[x1, x2, x3]: &[f64; 3], [y1, y2, y3]: &[f64; 3]| {
        [x2 * y3 - x3 * y2, x3 * y1 - x1 * y3, x1 * y2 - x2 * y1]
    };
    let [first, second, third] = matrix;
    let across = cross(second, third);
    let determinant = dot(first, &across);
    let largest = matrix.as_flattened().iter().fold(0.0, |most: f64, cell| most.max(cell.abs()));
    (determinant.abs() > 1e-14 * largest.powi(3)).then(|| {
        [
            dot(vector, &across) / determinant,
            dot(first, &cross(vector, third)) / determinant,
            dot(first, &cross(second, vector)) / determinant,
        ]
    })
}

/// Neighbouring margins of one fraud rate.
#[derive(Debug, Clone, Copy)]
struct Step {
    rows: usize,
    frauds: usize,
    /// Of the margins.
    sum: f64,
}

impl Step {
    fn rate(&self) -> f64 {
        count(self.frauds) / count(self.rows)
    }

    fn with(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            frauds: self.frauds + other.frauds,
            sum: self.sum + other.sum,
        }
    }
}

/// The steps of least squared error whose rates rise with the margin: neighbours that fall are pooled.
fn steps(margins: &[f64], outcomes: &[bool]) -> Vec<Step> {
    let mut sorted: Vec<(f64, bool)> =
        margins.iter().copied().zip(outcomes.iter().copied()).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut steps: Vec<Step> = vec![];
    for tied in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let mut step = Step {
            rows: tied.len(),
            frauds: tied.iter().filter(|(_, fraud)| *fraud).count(),
            sum: tied.iter().map(|(margin, _)| margin).sum(),
        };
        while let Some(before) = steps.pop_if(|before| before.rate() >= step.rate()) {
            step = before.with(step);
        }
        steps.push(step);
    }
    steps
}

/// Lines through the middles of the steps. The outer two stay off 0 and 1 by a row of the base rate.
fn isotonic(margins: &[f64], outcomes: &[bool]) -> Option<Calibrator> {
    let steps = steps(margins, outcomes);
    if steps.len() < 2 {
        return None;
    }
    let base = steps.iter().copied().reduce(Step::with)?.rate();
    let rate = |place: usize| steps.get(place).map(Step::rate);
    let point = |(place, step): (usize, &Step)| {
        let smoothed = (count(step.frauds) + base) / (count(step.rows) + 1.0);
        let p = match step.rate() {
            p if p <= 0.0 => smoothed.min(rate(place + 1)? / 2.0),
            p if p >= 1.0 => smoothed.max(f64::midpoint(1.0, rate(place.checked_sub(1)?)?)),
            p => p,
        };
        let log_odds = p.ln() - (-p).ln_1p();
        Some([step.sum / count(step.rows), log_odds])
    };
    let points = steps.iter().enumerate().map(point).collect::<Option<Vec<_>>>()?;
    let calibrator = Calibrator::Isotonic(Isotonic { points });
    calibrator.check().is_ok().then_some(calibrator)
}

#[cfg(test)]
mod tests;
