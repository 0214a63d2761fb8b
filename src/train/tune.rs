//! The search for better settings of boosted trees, inside the training window alone.
//!
//! Settings are tried on two later slices in turn: grown on the first three fifths of the window and
//! judged on the fourth, grown on the first four and judged on the last. Neither the delay nor the test
//! is looked at, so the report stays honest. The measure is log loss, which rewards ranking and
//! probability alike and moves less by chance than precision at the top.
//!
//! INVARIANT: the settings given are tried first, so the winner is at least as good there as they are.
//! The others come in an order drawn by the seed; what a clock decides is only how many are tried.

use super::dataset::Dataset;
use super::error::TrainError;
use super::learner::{Fitted, ModelKind};
use super::metrics::{Scored, metrics};
use super::split::{self, Known};
use super::trees::{Boosting, Trees};
use super::{TrainConfig, enough_to_calibrate};
use crate::model::sigmoid;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const DEPTHS: [usize; 5] = [2, 3, 4, 5, 6];
const RATES: [f32; 4] = [0.2, 0.1, 0.05, 0.03];
const LEAVES: [f32; 3] = [1.0, 5.0, 20.0];
const PENALTIES: [f32; 2] = [1.0, 10.0];

/// Settings that were tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The settings.
    pub boosting: Boosting,
    /// Mean log loss on the two later slices.
    pub log_loss: f64,
}

/// Tries settings for as long as `more` says so, at least those of `config`; the best first, of equals
/// the one tried first. Only [`ModelKind::Boosted`] has settings to try.
///
/// # Errors
/// As [`super::train`]; and too few frauds in the window to tell settings apart.
pub fn tune(
    data: &Dataset,
    config: &TrainConfig,
    mut more: impl FnMut() -> bool,
) -> Result<Vec<Trial>, TrainError> {
    let split = split::split(data, config)?;
    if !enough_to_calibrate(&split) {
        return Err(TrainError::TooFewToTune);
    }
    let config = &TrainConfig { kind: ModelKind::Boosted, ..config.clone() };
    let early = split.windows.train_from;
    let fifth = split.windows.calibrate_from.millis_since(early) / 4;
    let middle = early.plus_millis(3 * fifth);
    let place = split.fit.partition_point(|known| data.time(known.row) < middle);
    let (first, second) = split.fit.split_at(place);
    let folds = [(first, second), (split.fit.as_slice(), split.calibrate.as_slice())];
    let both = |rows: &[Known]| rows.iter().any(|k| k.fraud) && rows.iter().any(|k| !k.fraud);
    let folds: Vec<_> = folds.into_iter().filter(|(a, b)| both(a) && both(b)).collect();
    let mut trials = vec![];
    for boosting in candidates(&config.boosting, config.seed) {
        if !trials.is_empty() && !more() {
            break;
        }
        let config = TrainConfig { boosting: boosting.clone(), ..config.clone() };
        let mut loss = 0.0;
        for fold in &folds {
            loss += log_loss(data, *fold, &config)?;
        }
        trials.push(Trial { boosting, log_loss: loss / super::metrics::count(folds.len()) });
    }
    trials.sort_by(|a, b| a.log_loss.total_cmp(&b.log_loss));
    Ok(trials)
}

fn log_loss(
    data: &Dataset,
    (rows, later): (&[Known], &[Known]),
    config: &TrainConfig,
) -> Result<f64, TrainError> {
    let trees = Trees::grow(data, (rows, later), config, config.boosting.trees)?;
    let scored: Vec<_> = later
        .iter()
        .map(|known| Scored {
            probability: sigmoid(trees.margin(data, known.row)),
            fraud: known.fraud,
        })
        .collect();
    Ok(metrics(&scored).log_loss.unwrap_or(f64::INFINITY))
}

/// The settings given, then every other combination in an order drawn by the seed.
fn candidates(given: &Boosting, seed: u64) -> Vec<Boosting> {
    let mut all = vec![];
    for depth in DEPTHS {
        for rate in RATES {
            for leaf in LEAVES {
                for l2 in PENALTIES {
                    all.push(Boosting { depth, rate, l2, leaf, ..given.clone() });
                }
            }
        }
    }
    all.retain(|one| one != given);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut drawn: Vec<_> = all.into_iter().map(|one| (rng.next_u64(), one)).collect();
    drawn.sort_by_key(|(place, _)| *place);
    std::iter::once(given.clone()).chain(drawn.into_iter().map(|(_, one)| one)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DAY_MS;
    use crate::train::trees::tests::world;

    #[test]
    fn the_settings_given_are_tried_first_and_every_other_once() {
        let given = Boosting::default();
        let found = candidates(&given, 1);
        assert_eq!(found[0], given);
        assert_eq!(found.len(), 120);
        assert!((1..found.len()).all(|place| !found[..place].contains(&found[place])));
        assert_eq!(found, candidates(&given, 1));
        assert_ne!(found, candidates(&given, 2));
    }

    #[test]
    fn poor_settings_are_improved_for_as_long_as_there_is_time() {
        let data = world(1_500, 21);
        let config = TrainConfig {
            boosting: Boosting { trees: 20, rate: 0.01, depth: 1, ..Boosting::default() },
            delay_ms: 3 * DAY_MS,
            ..TrainConfig::default()
        };
        let mut left = 3;
        let trials = tune(&data, &config, || {
            left -= 1;
            left >= 0
        })
        .unwrap();
        assert_eq!(trials.len(), 4);
        assert!(trials.is_sorted_by(|a, b| a.log_loss <= b.log_loss));
        assert_ne!(trials[0].boosting, config.boosting, "{trials:?}");
        assert_eq!(tune(&data, &config, || false).unwrap().len(), 1);
        let few = world(60, 22);
        let error = tune(&few, &config, || true).unwrap_err();
        assert!(matches!(error, TrainError::TooFewToTune | TrainError::OneClass { .. }), "{error}");
    }
}
