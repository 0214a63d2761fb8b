//! The figures about models and what they read: the rivals beside each other, what trees ask about, how
//! alike buyers are treated, and what moved since training.

use super::chart::{Row, rows_svg};
use super::plots::{DRAWN, Figure};
use super::{percent, table};
use crate::train::drift::MOVED;
use crate::train::report::{Report, Rival};
use crate::train::slices::Slice;

fn shown(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.4}"))
}

/// The model, its challenger and the baseline on the same test.
pub(super) fn rivals(report: &Report) -> Figure {
    let (id, title) = ("rivals", "The model beside its challenger and the baseline");
    let best = report.rivals.iter().max_by(|a, b| {
        let pr_auc = |rival: &Rival| rival.test.pr_auc.unwrap_or(0.0);
        pr_auc(a).total_cmp(&pr_auc(b))
    });
    let summary = format!(
        "On the same test sales, {} have the highest PR-AUC. Intervals draw cards, not sales: models \
         whose intervals overlap widely may be equally good. CP@100 is the share of cards with a fraud \
         among the 100 riskiest of a day.",
        best.map_or("none", |best| best.kind.name())
    );
    let hundred = |share: f64| 100.0 * share;
    let drawn: Vec<_> = report
        .rivals
        .iter()
        .filter_map(|rival| {
            let second = rival.card_precision_at_100.map(hundred);
            Some(Row { name: rival.kind.name(), value: hundred(rival.test.pr_auc?), second })
        })
        .collect();
    let base = report.test.base_rate.map(|base| (hundred(base), "by chance"));
    let svg = rows_svg((id, title, &summary), ("share of 100", ""), &drawn, base);
    let head = [
        "model",
        "features",
        "trees",
        "calibrator",
        "ROC-AUC",
        "95 %",
        "PR-AUC",
        "95 %",
        "recall at 1 % FPR",
        "95 %",
        "CP@100",
        "ECE",
        "Brier",
        "log loss",
    ];
    let rows: Vec<_> = report.rivals.iter().map(numbers).collect();
    Figure {
        id,
        title,
        svg,
        summary,
        legend: vec![("s1", "PR-AUC (upper bar)"), ("s2", "CP@100 (lower bar)")],
        table: table("Every model on the test; the one saved first", &head, &rows),
    }
}

fn numbers(rival: &Rival) -> Vec<String> {
    let Rival { test, intervals, .. } = rival;
    let interval = |of: Option<[f64; 2]>| {
        of.map_or("–".to_owned(), |[low, high]| format!("{low:.4} to {high:.4}"))
    };
    vec![
        rival.kind.name().to_owned(),
        rival.features.to_string(),
        rival.trees.map_or("–".to_owned(), |trees| trees.to_string()),
        rival.calibrator.to_owned(),
        shown(test.roc_auc),
        interval(intervals.map(|of| of.roc_auc)),
        shown(test.pr_auc),
        interval(intervals.map(|of| of.pr_auc)),
        shown(test.recall_at_1pct_fpr),
        interval(intervals.map(|of| of.recall_at_1pct_fpr)),
        shown(rival.card_precision_at_100),
        shown(test.ece),
        shown(test.brier),
        shown(test.log_loss),
    ]
}

/// What the trees ask about; `None` of a regression, whose coefficients say it.
pub(super) fn importances(report: &Report) -> Option<Figure> {
    let (id, title) = ("importances", "What the trees ask about");
    let first = report.importances.first()?;
    let summary = format!(
        "Every {}th question of the trees is about {}. A share of the questions, not of the \
         predictions: it says what the model looks at, not what it gains.",
        (1.0 / first.share).round(),
        first.name
    );
    let rows: Vec<_> = report
        .importances
        .iter()
        .take(DRAWN)
        .map(|one| Row { name: &one.name, value: 100.0 * one.share, second: None })
        .collect();
    let svg = rows_svg((id, title, &summary), ("share of all questions (%)", ""), &rows, None);
    let rows: Vec<_> =
        report.importances.iter().map(|one| vec![one.name.clone(), percent(one.share)]).collect();
    let table = table("Every feature the trees ask about", &["feature", "questions"], &rows);
    Some(Figure { id, title, svg, summary, legend: vec![], table })
}

fn hit(slice: &Slice) -> Option<(&Slice, f64)> {
    Some((slice, slice.false_positive_rate?))
}

/// False-positive rates side by side; `None` where the test has one class only.
pub(super) fn slices(report: &Report) -> Option<Figure> {
    let (id, title) = ("slices", "Whose good sales are hit");
    let (worst, highest) =
        report.slices.iter().filter_map(hit).max_by(|a, b| a.1.total_cmp(&b.1))?;
    let summary = format!(
        "All slices are cut where 1 % of the good sales of the whole test are hit. Hit most often: {} \
         {}, {} of {} good sales. A slice above the line pays for the others.",
        worst.by,
        worst.value,
        percent(highest),
        worst.rows - worst.frauds,
    );
    let named: Vec<_> = report
        .slices
        .iter()
        .filter_map(hit)
        .map(|(slice, rate)| (format!("{}: {}", slice.by, slice.value), 100.0 * rate))
        .collect();
    let bars: Vec<_> =
        named.iter().map(|(name, value)| Row { name, value: *value, second: None }).collect();
    let axis = ("false positive rate (% of good sales)", "");
    let svg = rows_svg((id, title, &summary), axis, &bars, Some((1.0, "the whole test")));
    let maybe = |share: Option<f64>| share.map_or("–".to_owned(), percent);
    let rows: Vec<_> = report
        .slices
        .iter()
        .map(|slice| {
            vec![
                format!("{}: {}", slice.by, slice.value),
                slice.rows.to_string(),
                slice.frauds.to_string(),
                maybe(slice.recall),
                maybe(slice.false_positive_rate),
                percent(slice.mean_probability),
            ]
        })
        .collect();
    let head = ["slice", "sales", "frauds", "recall", "false positive rate", "mean probability"];
    let table = table("Test sales of one kind, all at one threshold", &head, &rows);
    Some(Figure { id, title, svg, summary, legend: vec![], table })
}

/// What moved between the fitted rows and the test; `None` without features.
pub(super) fn drift(report: &Report) -> Option<Figure> {
    let (id, title) = ("drift", "What moved since training");
    let first = report.drift.first()?;
    let moved = report.drift.iter().filter(|one| one.psi >= MOVED).count();
    let summary = format!(
        "Of {} features {moved} moved by {MOVED} or more between the sales the model was fitted on and \
         those of the test; most of all {}, {:.3}. Population stability index over tenths of the \
         fitted sales; it knows no outcomes.",
        report.drift.len(),
        first.name,
        first.psi
    );
    let rows: Vec<_> = report
        .drift
        .iter()
        .take(DRAWN)
        .map(|one| Row { name: &one.name, value: one.psi, second: None })
        .collect();
    let axis = ("population stability index", "");
    let svg = rows_svg((id, title, &summary), axis, &rows, Some((MOVED, "moved")));
    let rows: Vec<_> = report
        .drift
        .iter()
        .map(|one| {
            let missing = [one.missing_then, one.missing_now].map(percent);
            let name = [one.name.to_string(), format!("{:.4}", one.psi)];
            name.into_iter().chain(missing).collect()
        })
        .collect();
    let head = ["feature", "stability index", "missing in training", "missing in the test"];
    let table = table("Every feature of the model", &head, &rows);
    Some(Figure { id, title, svg, summary, legend: vec![], table })
}
