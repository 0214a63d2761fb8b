//! Against scikit-learn's numbers, and worlds whose distortion is known.

use super::*;
use crate::train::tests::uniform;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The choice where every row counts once.
fn chosen(margins: &[f64], outcomes: &[bool]) -> Option<Calibrator> {
    choose(margins, outcomes, outcomes.iter().filter(|fraud| **fraud).count())
}

struct Fixture {
    platt: Vec<f64>,
    beta: Vec<f64>,
    margins: Vec<f64>,
    outcomes: Vec<bool>,
    isotonic: Vec<f64>,
}

fn fixture() -> Fixture {
    let mut read = Fixture {
        platt: vec![],
        beta: vec![],
        margins: vec![],
        outcomes: vec![],
        isotonic: vec![],
    };
    for line in include_str!("fixture.txt").lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let numbers = |from: usize| words[from..].iter().map(|w| w.parse::<f64>().unwrap());
        match words[0] {
            "platt" => read.platt = numbers(1).collect(),
            "beta" => read.beta = numbers(1).collect(),
            _ => {
                let row: Vec<f64> = numbers(0).collect();
                read.margins.push(row[0]);
                read.outcomes.push(row[1] > 0.5);
                read.isotonic.push(row[2]);
            }
        }
    }
    read
}

fn close(found: &[f64], expected: &[f64], within: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < within, "{found} is not {expected}");
    }
}

#[test]
fn platt_and_beta_are_those_of_scikit_learn() {
    let Fixture { platt, beta: expected, margins, outcomes, .. } = fixture();
    let Some(Calibrator::Platt(found)) = line(&margins, &outcomes) else { panic!() };
    close(&[found.slope, found.intercept], &platt, 1e-5);
    let Some(Calibrator::Beta(found)) = beta(&margins, &outcomes) else { panic!() };
    close(&[found.a, found.b, found.c], &expected, 1e-5);
}

#[test]
fn the_steps_are_those_of_scikit_learn() {
    let Fixture { margins, outcomes, isotonic: expected, .. } = fixture();
    let mut sorted: Vec<(f64, f64)> = margins.iter().copied().zip(expected).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let found: Vec<f64> = steps(&margins, &outcomes)
        .iter()
        .flat_map(|step| std::iter::repeat_n(step.rate(), step.rows))
        .collect();
    let expected: Vec<f64> = sorted.into_iter().map(|(_, rate)| rate).collect();
    close(&found, &expected, 1e-10);
}

/// Margins and outcomes whose log-odds are `truth` of the margin.
fn world(rows: u32, truth: fn(f64) -> f64) -> (Vec<f64>, Vec<bool>) {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    (0..rows)
        .map(|_| {
            let margin = uniform(&mut rng) * 10.0 - 6.0;
            (margin, uniform(&mut rng) < sigmoid(truth(margin)))
        })
        .unzip()
}

#[test]
fn the_shape_of_the_distortion_is_chosen() {
    for (truth, name) in [
        ((|m| 0.5 * m - 1.0) as fn(f64) -> f64, "Platt"),
        (|m| Beta { a: 0.4, b: 2.5, c: -0.5 }.apply(m), "beta"),
        (|m| if m < 0.0 { m - 1.5 } else { m + 1.5 }, "isotonic"),
    ] {
        let (margins, outcomes) = world(20_000, truth);
        let found = chosen(&margins, &outcomes).unwrap();
        assert_eq!(found.name(), name, "{found:?}");
        let far = margins
            .iter()
            .map(|m| (sigmoid(found.apply(*m)) - sigmoid(truth(*m))).abs())
            .sum::<f64>();
        assert!(far / 20_000.0 < 0.01, "{name}: {far}");
    }
}

#[test]
fn margins_that_do_not_rank_have_no_calibrator() {
    let (margins, outcomes) = world(2_000, |m| -m);
    assert_eq!(chosen(&margins, &outcomes), None);
    assert_eq!(chosen(&[], &[]), None);
    assert_eq!(chosen(&[1.0; 8], &[true, false, true, false, true, false, true, false]), None);
}
