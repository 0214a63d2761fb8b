//! An artefact for a reader: its facts, and its coefficients or features with the heaviest first.

use super::artefact::{Artefact, Growth, Number, Scorer, Training, Transform, Word};
use super::calibrator::{Beta, Calibrator, Isotonic, Platt};
use super::forest::{Forest, Input, Link, Tree};
use std::fmt;

impl fmt::Display for Artefact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts(f)?;
        match &self.scorer {
            Scorer::Logistic(logistic) => {
                writeln!(f, "{:<16} {:+.4}", "intercept", logistic.intercept)?;
                numbers(f, &logistic.numbers)?;
                words(f, &logistic.words)
            }
            Scorer::Forest(forest) => trees(f, forest),
        }
    }
}

impl Artefact {
    fn facts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { training, calibrator, .. } = self;
        if training.is_elsewhere() {
            for (fact, value) in [
                ("model", &self.name),
                ("sha256", &self.sha256),
                ("probability of", &self.label),
                ("trained with", &training.trained_with),
                ("file sha256", &training.data_sha256),
            ] {
                writeln!(f, "{fact:<16} {value}")?;
            }
            return writeln!(f, "{:<16} {}, as it was trained", "calibration", self.calibration);
        }
        for (fact, value) in [
            ("model", self.name.clone()),
            ("sha256", self.sha256.clone()),
            ("probability of", self.label.clone()),
            ("calibrated on", format!("{} labels", self.calibration)),
            ("trained with", format!("{}, seed {}", training.trained_with, training.seed)),
            ("training window", format!("{} to {}", training.from, training.to)),
            ("labels known at", training.labels_known_at.to_string()),
            ("rows", format!("{}, {} frauds", training.rows, training.positives)),
            ("data sha256", training.data_sha256.clone()),
            how_trained(training),
            ("log-odds", curve(calibrator)),
        ] {
            writeln!(f, "{fact:<16} {value}")?;
        }
        Ok(())
    }
}

fn how_trained(training: &Training) -> (&'static str, String) {
    let Some(Growth { trees, depth, rate, bins, leaf, by_amount }) = training.growth else {
        return ("L2 penalty", training.l2.to_string());
    };
    let weights = if by_amount { ", weighted by amount" } else { "" };
    let grown = format!("{trees} trees, depth {depth}, rate {rate}, {bins} bins, leaf {leaf}");
    ("grown", grown + weights)
}

fn curve(calibrator: &Calibrator) -> String {
    match calibrator {
        Calibrator::Platt(Platt { slope, intercept }) => {
            format!("{slope:.4} × margin {intercept:+.4}")
        }
        Calibrator::Beta(Beta { a, b, c }) => {
            format!("{a:.4} × ln p - {b:.4} × ln(1 - p) {c:+.4}")
        }
        Calibrator::Isotonic(Isotonic { points }) => format!("isotonic, {} points", points.len()),
    }
}

fn trees(f: &mut fmt::Formatter<'_>, forest: &Forest) -> fmt::Result {
    let leaves: usize = forest.trees.iter().map(|tree| tree.leaves().count()).sum();
    let link = match forest.link {
        Link::Logistic { slope } => format!("log-odds are {slope} × margin"),
        Link::Probability => "the margin is the probability".to_owned(),
    };
    let input = match forest.input {
        Input::F32 => "single precision",
        Input::F64 => "double precision",
        Input::F64Snapped => "double precision, within 1e-35 of zero is zero",
    };
    for (fact, value) in [
        ("trees", format!("{}, {leaves} leaves", forest.trees.len())),
        ("base score", format!("{:+.4}", forest.base)),
        ("link", link),
        ("numbers are", input.to_owned()),
    ] {
        writeln!(f, "{fact:<16} {value}")?;
    }
    let mut splits = vec![0_usize; forest.features.len()];
    for question in forest.trees.iter().flat_map(Tree::questions) {
        let place = usize::try_from(question.feature).unwrap_or(usize::MAX);
        if let Some(splits) = splits.get_mut(place) {
            *splits += 1;
        }
    }
    let mut sorted: Vec<_> = forest.features.iter().zip(splits).collect();
    sorted.sort_by_key(|(_, splits)| std::cmp::Reverse(*splits));
    writeln!(f, "\n{:<32} {:>11}", "feature", "splits")?;
    for (feature, splits) in sorted {
        writeln!(f, "{:<32} {splits:>11}", feature.name)?;
    }
    Ok(())
}

fn numbers(f: &mut fmt::Formatter<'_>, numbers: &[Number]) -> fmt::Result {
    writeln!(
        f,
        "\n{:<32} {:>11} {:>11} {:>8} {:>8}  transform",
        "number", "coefficient", "if missing", "mean", "scale"
    )?;
    let mut sorted: Vec<_> = numbers.iter().collect();
    sorted.sort_by(|a, b| b.coefficient.abs().total_cmp(&a.coefficient.abs()));
    for number in sorted {
        let Number { name, coefficient, missing_coefficient: missing, mean, scale, .. } = number;
        let transform = match number.transform {
            Transform::Identity => "",
            Transform::SignedLog => "log",
        };
        let line = format!(
            "{name:<32} {coefficient:>+11.4} {missing:>+11.4} {mean:>8.3} {scale:>8.3}  {transform}"
        );
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

fn words(f: &mut fmt::Formatter<'_>, words: &[Word]) -> fmt::Result {
    for word in words {
        writeln!(f, "\n{:<32} {:>11}", word.name, "coefficient")?;
        let levels = word.levels.iter().map(|level| (level.word.as_str(), level.coefficient));
        let rest = [("(other)", word.other_coefficient), ("(missing)", word.missing_coefficient)];
        for (level, coefficient) in levels.chain(rest) {
            writeln!(f, "  {level:<30} {coefficient:>+11.4}")?;
        }
    }
    Ok(())
}
