//! A comparison as one page: both models' curves, their money, and how certain each difference is. No
//! script, no font, no address of another place.

use super::{name, verdict};
use crate::model::Model;
use crate::train::html::chart::{Axis, Chart, Row, rows_svg};
use crate::train::html::{STYLE, escape, put, table};
use crate::train::{Compared, Paired, PairedRow};
use std::collections::BTreeMap;

/// Points drawn of a curve, at most.
const POINTS: usize = 400;
/// Names of both models' marks.
const LEGEND: [(&str, &str); 2] = [("s1", "A"), ("s2", "B")];

/// The whole page; `sales` are counted by what became of them.
pub(super) fn page(
    [a, b]: &[Model; 2],
    found: &Paired,
    rows: &[PairedRow],
    sales: &BTreeMap<String, u64>,
) -> String {
    let Paired { rows: all, frauds, cards, drawing, measures } = found;
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Two models compared</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>Two models compared</h1>\n<p>A is <code>{}</code>, B <code>{}</code>. {}.</p>\n\
         <p class=\"quiet\">{all} mature sales of known outcome, {frauds} frauds, {cards} cards; of these \
         and others: {}. Money is as if each score alone had decided, at the costs in use. Intervals and p \
         are of the difference, by {} draws of cards with seed {}.</p>\n",
        escape(&name(a)),
        escape(&name(b)),
        escape(&verdict(measures)),
        escape(&counted(sales)),
        drawing.draws,
        drawing.seed,
    );
    let curves = [0, 1].map(|which| curve(rows, which));
    page += "<h2>How well they rank</h2>\n<div class=\"plots\">\n";
    let axes = (Axis::share("recall (% of frauds)"), Axis::share("precision (%)"));
    page += &lines(("precision-recall", "Precision and recall"), axes, &curves, |point| {
        (point.recall, point.precision)
    });
    let axes =
        (Axis::share("false positive rate (% of good sales)"), Axis::share("recall (% of frauds)"));
    page += &lines(("roc", "ROC"), axes, &curves, |point| (point.false_positives, point.recall));
    page += "</div>\n<h2>What they are worth</h2>\n<div class=\"plots\">\n";
    page += &money(measures);
    page += "</div>\n<h2>The numbers</h2>\n";
    page += &numbers(measures);
    page + "</main>\n</body>\n</html>\n"
}

fn counted(sales: &BTreeMap<String, u64>) -> String {
    let each = sales.iter().map(|(fate, rows)| format!("{rows} {fate}"));
    each.collect::<Vec<_>>().join(", ")
}

/// What a threshold finds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    recall: f64,
    precision: f64,
    false_positives: f64,
}

/// The thresholds of one model, the strictest first; rows of one probability stand together.
fn curve(rows: &[PairedRow], which: usize) -> Vec<Point> {
    let mut scored: Vec<(f64, bool)> = rows
        .iter()
        .filter_map(|row| Some((row.judged.get(which)?.probability, row.fraud)))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = share(scored.iter().filter(|(_, fraud)| *fraud).count(), 1);
    let others = share(scored.len(), 1) - all;
    let (mut hit, mut caught) = (0, 0);
    let mut points = vec![];
    for tied in scored.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        hit += tied.len();
        caught += tied.iter().filter(|(_, fraud)| *fraud).count();
        points.push(Point {
            recall: share(caught, 1) / all,
            precision: share(caught, hit),
            false_positives: share(hit - caught, 1) / others,
        });
    }
    let step = points.len().div_ceil(POINTS).max(1);
    let last = points.last().copied();
    points.into_iter().step_by(step).chain(last).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

fn lines(
    (id, title): (&str, &str),
    (across, up): (Axis, Axis),
    curves: &[Vec<Point>; 2],
    place: fn(&Point) -> (f64, f64),
) -> String {
    let mut chart = Chart::new(across, up);
    for ((class, _), points) in LEGEND.iter().zip(curves) {
        chart.line(class, points.iter().map(place));
    }
    let caption = "On the same sales; where one line is above the other, that model is better.";
    let svg = chart.svg(&format!("{id}-chart"), title, caption);
    figure((id, title), &svg, caption)
}

fn money(measures: &[Compared]) -> String {
    let (id, title) = ("money", "What each score alone would have done");
    let rows: Vec<Row<'_>> = measures
        .iter()
        .filter(|measure| measure.measure.ends_with("_eur"))
        .filter_map(|one| Some(Row { name: words(one.measure), value: one.a?, second: one.b }))
        .collect();
    let caption = "Prices of the sales declined, and what the actions would have saved against approving all.";
    let svg = rows_svg((id, title, "Two bars a name: A, B."), ("euro", ""), &rows, None);
    figure((id, title), &svg, caption)
}

fn words(measure: &str) -> &str {
    match measure {
        "fraud_declined_eur" => "fraud declined",
        "good_declined_eur" => "good sales declined",
        "saved_eur" => "saved in all",
        other => other,
    }
}

fn figure((id, title): (&str, &str), svg: &str, caption: &str) -> String {
    let mut keys = String::new();
    for (class, name) in LEGEND {
        put(
            &mut keys,
            format_args!(
                "<li><svg viewBox=\"0 0 32 10\" aria-hidden=\"true\"><path class=\"line {class}\" \
                 d=\"M0 5L32 5\"/></svg>{name}</li>"
            ),
        );
    }
    format!(
        "<figure id=\"figure-{id}\">\n<h3>{}</h3>\n{svg}<ul class=\"legend\">{keys}</ul>\n\
         <figcaption>{}</figcaption>\n</figure>\n",
        escape(title),
        escape(caption)
    )
}

fn numbers(measures: &[Compared]) -> String {
    let rows: Vec<_> = measures
        .iter()
        .map(|one| {
            let digits = if one.measure.ends_with("_eur") { 2 } else { 4 };
            let number = |x: Option<f64>| x.map_or("–".to_owned(), |x| format!("{x:.digits$}"));
            let signed = |x: f64| format!("{x:+.digits$}");
            let interval =
                one.interval.map(|[low, high]| format!("{low:+.digits$} to {high:+.digits$}"));
            vec![
                one.measure.to_owned(),
                number(one.a),
                number(one.b),
                one.difference.map_or("–".to_owned(), signed),
                interval.unwrap_or("–".to_owned()),
                one.p_value.map_or("–".to_owned(), |p| format!("{p:.3}")),
                if one.more_is_better { "more" } else { "less" }.to_owned(),
            ]
        })
        .collect();
    let head = ["measure", "A", "B", "B − A", "95 % interval", "p", "better is"];
    table("Both models on the same sales", &head, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Drawing, Judged, paired};

    fn rows() -> Vec<PairedRow> {
        let judged = |probability| Judged { probability, saved_cents: 100, declined_cents: 4_900 };
        let row = |n: u32| PairedRow {
            fraud: n.is_multiple_of(10),
            card: u64::from(n),
            judged: [
                judged(f64::from(n * 7 % 50) / 50.0),
                judged(if n.is_multiple_of(10) { 0.9 } else { f64::from(n % 8) / 10.0 }),
            ],
        };
        (0..1_000).map(row).collect()
    }

    #[test]
    fn a_curve_ends_where_all_are_declined_and_keeps_ties_together() {
        let [a, b] = [0, 1].map(|which| curve(&rows(), which));
        for points in [&a, &b] {
            let last = points.last().unwrap();
            assert_eq!((last.recall, last.precision, last.false_positives), (1.0, 0.1, 1.0));
            assert!(points.is_sorted_by(|x, y| x.recall <= y.recall));
        }
        assert_eq!((b[0].recall, b[0].precision, b[0].false_positives), (1.0, 1.0, 0.0));
        assert_eq!(b.len(), 9 + 1, "nine probabilities, and the last again");
    }

    #[test]
    fn the_page_holds_both_models_and_nothing_from_elsewhere() {
        let models = [Model::bundled().unwrap(), Model::bundled().unwrap()];
        let found = paired(&rows(), Drawing { draws: 100, seed: 1 });
        let sales = BTreeMap::from([("fraud".to_owned(), 100), ("good".to_owned(), 900)]);
        let page = page(&models, &found, &rows(), &sales);
        for part in
            ["pr_auc: B is better", "class=\"line s1\"", "class=\"line s2\"", "100 fraud, 900 good"]
        {
            assert!(page.contains(part), "{part}");
        }
        for outside in ["<script", "http://", "https://", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
