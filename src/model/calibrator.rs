//! From a scorer's log-odds to calibrated ones.
//!
//! Every calibrator rises strictly, so none changes an order: ranking measures are those of the scorer.
//! Each has few numbers and is read straight from the artefact. A Platt calibrator is stored as its bare
//! two members, as all artefacts of format 1 are; which of the three it is follows from the members.
//! Rejected: isotonic steps as scikit-learn serves them; ties would cost average precision, so the steps'
//! middles are joined by lines and go on with slope one outside.

use super::ModelError;
use serde::{Deserialize, Serialize};

/// Slopes and offsets beyond this are a failed fit.
const LARGEST: f64 = 1e9;
const SMALLEST_SLOPE: f64 = 1e-9;

/// What makes log-odds mean what they say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Calibrator {
    /// A straight line.
    Platt(Platt),
    /// A curve with a slope of its own on either side.
    Beta(Beta),
    /// Straight lines between points.
    Isotonic(Isotonic),
}

/// Calibrated log-odds = `slope` × log-odds + `intercept`. The slope is positive, so order is kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platt {
    /// Factor, > 0.
    pub slope: f64,
    /// Offset in log-odds.
    pub intercept: f64,
}

impl Platt {
    /// Leaves the log-odds as they are.
    pub const IDENTITY: Self = Self { slope: 1.0, intercept: 0.0 };

    /// The calibrated log-odds.
    pub fn apply(self, log_odds: f64) -> f64 {
        self.slope * log_odds + self.intercept
    }
}

/// Calibrated log-odds = `a` × ln p − `b` × ln(1 − p) + `c`: beta calibration (Kull, Silva Filho and
/// Flach, 2017).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beta {
    /// Weight of ln p, > 0: the slope where fraud is rare.
    pub a: f64,
    /// Weight of −ln(1 − p), > 0: the slope where it is certain.
    pub b: f64,
    /// Offset in log-odds.
    pub c: f64,
}

impl Beta {
    /// ln p and −ln(1 − p) of a probability given as log-odds; finite.
    pub fn parts(log_odds: f64) -> [f64; 2] {
        [-softplus(-log_odds), softplus(log_odds)]
    }

    /// The calibrated log-odds.
    pub fn apply(self, log_odds: f64) -> f64 {
        let [p, rest] = Self::parts(log_odds);
        self.a * p + self.b * rest + self.c
    }
}

/// Calibrated log-odds on straight lines between points; before the first and after the last with
/// slope one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Isotonic {
    /// (log-odds, calibrated log-odds), both ascending; at least one.
    pub points: Vec<[f64; 2]>,
}

impl Isotonic {
    /// The calibrated log-odds.
    pub fn apply(&self, log_odds: f64) -> f64 {
        let after = self.points.partition_point(|[x, _]| *x <= log_odds);
        let point = |place: Option<usize>| place.and_then(|place| self.points.get(place));
        match (point(after.checked_sub(1)), point(Some(after))) {
            (Some([x0, y0]), Some([x1, y1])) => y0 + (log_odds - x0) / (x1 - x0) * (y1 - y0),
            (Some([x, y]), None) | (None, Some([x, y])) => log_odds - x + y,
            (None, None) => log_odds,
        }
    }
}

/// ln(1 + e^x) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

impl Calibrator {
    /// Leaves the log-odds as they are.
    pub const IDENTITY: Self = Self::Platt(Platt::IDENTITY);

    /// The calibrated log-odds; finite for finite ones.
    pub fn apply(&self, log_odds: f64) -> f64 {
        match self {
            Self::Platt(platt) => platt.apply(log_odds),
            Self::Beta(beta) => beta.apply(log_odds),
            Self::Isotonic(isotonic) => isotonic.apply(log_odds),
        }
    }

    /// Its name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Platt(_) => "Platt",
            Self::Beta(_) => "beta",
            Self::Isotonic(_) => "isotonic",
        }
    }

    /// Checks every number.
    ///
    /// # Errors
    /// A slope that is not positive, a number that is none or too large, points out of order.
    pub fn check(&self) -> Result<(), ModelError> {
        match self {
            Self::Platt(Platt { slope, intercept }) => {
                in_range("slope", *slope, SMALLEST_SLOPE)?;
                in_range("intercept", *intercept, -LARGEST)
            }
            Self::Beta(Beta { a, b, c }) => {
                in_range("a", *a, SMALLEST_SLOPE)?;
                in_range("b", *b, SMALLEST_SLOPE)?;
                in_range("c", *c, -LARGEST)
            }
            Self::Isotonic(Isotonic { points }) => {
                for number in points.as_flattened() {
                    in_range("points", *number, -LARGEST)?;
                }
                let rising = |a: &[f64; 2], b: &[f64; 2]| a[0] < b[0] && a[1] < b[1];
                if points.is_empty() || !points.is_sorted_by(rising) {
                    return Err(ModelError::CalibratorOrder);
                }
                Ok(())
            }
        }
    }
}

fn in_range(member: &str, value: f64, least: f64) -> Result<(), ModelError> {
    if (least..=LARGEST).contains(&value) {
        return Ok(());
    }
    let place = format!("calibrator.{member}");
    Err(ModelError::OutOfRange { place, value, least, most: LARGEST })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn isotonic(points: &[[f64; 2]]) -> Calibrator {
        Calibrator::Isotonic(Isotonic { points: points.to_vec() })
    }

    #[test]
    fn each_by_hand() {
        let close = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
        };
        close(Calibrator::Platt(Platt { slope: 2.0, intercept: 1.0 }).apply(0.5), 2.0);
        // At log-odds 0, p is 1/2: (a + b)·… = −a·ln 2 + b·ln 2 + c.
        let beta = Beta { a: 2.0, b: 1.0, c: 0.25 };
        close(beta.apply(0.0), 0.25 - 2f64.ln());
        close(Beta { a: 1.0, b: 1.0, c: 0.0 }.apply(1.75), 1.75);
        let lines = isotonic(&[[-2.0, -3.0], [0.0, 0.0], [1.0, 4.0]]);
        for (x, y) in [(-3.0, -4.0), (-2.0, -3.0), (-1.0, -1.5), (0.5, 2.0), (1.0, 4.0), (3.0, 6.0)]
        {
            close(lines.apply(x), y);
        }
    }

    #[test]
    fn stored_by_their_members_alone() {
        for (text, name) in [
            (r#"{"slope":1.5,"intercept":-0.5}"#, "Platt"),
            (r#"{"a":1.5,"b":0.5,"c":-0.5}"#, "beta"),
            (r#"{"points":[[-1.0,-2.0],[0.0,0.5]]}"#, "isotonic"),
        ] {
            let read: Calibrator = serde_json::from_str(text).unwrap();
            assert_eq!(read.name(), name);
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
            read.check().unwrap();
        }
        assert!(serde_json::from_str::<Calibrator>(r#"{"slope":1.0}"#).is_err());
    }

    #[test]
    fn what_would_turn_an_order_round_is_refused() {
        for calibrator in [
            Calibrator::Platt(Platt { slope: 0.0, intercept: 0.0 }),
            Calibrator::Platt(Platt { slope: 1.0, intercept: f64::NAN }),
            Calibrator::Beta(Beta { a: -1.0, b: 1.0, c: 0.0 }),
            Calibrator::Beta(Beta { a: 1.0, b: f64::INFINITY, c: 0.0 }),
            isotonic(&[]),
            isotonic(&[[0.0, 0.0], [0.0, 1.0]]),
            isotonic(&[[0.0, 1.0], [1.0, 1.0]]),
            isotonic(&[[0.0, f64::NAN]]),
        ] {
            assert!(calibrator.check().is_err(), "{calibrator:?}");
        }
    }

    proptest! {
        #[test]
        fn order_is_kept(a in 0.01..5.0f64, b in 0.01..5.0f64, x in -30.0..30.0f64, d in 1e-3..5.0f64) {
            for calibrator in [
                Calibrator::Beta(Beta { a, b, c: 0.5 }),
                isotonic(&[[-2.0, -2.0 - a], [-1.0, -1.5], [3.0, 3.0 + b]]),
            ] {
                prop_assert!(calibrator.apply(x) < calibrator.apply(x + d), "{:?}", calibrator);
            }
        }
    }
}
