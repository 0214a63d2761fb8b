//! An artefact for a reader: its facts, and its coefficients with the heaviest first.

use super::artefact::{Artefact, Number, Scorer, Transform, Word};
use std::fmt;

impl fmt::Display for Artefact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { training, calibrator, scorer: Scorer::Logistic(logistic), .. } = self;
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
            ("L2 penalty", training.l2.to_string()),
            ("log-odds", format!("{:.4} × margin {:+.4}", calibrator.slope, calibrator.intercept)),
            ("intercept", format!("{:+.4}", logistic.intercept)),
        ] {
            writeln!(f, "{fact:<16} {value}")?;
        }
        numbers(f, &logistic.numbers)?;
        words(f, &logistic.words)
    }
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
