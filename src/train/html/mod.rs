//! The report as one HTML page: every plot with its axes, a summary in words and the numbers behind it.
//!
//! Self-contained: no script, no font, no address of another place, so it can be mailed, archived and
//! opened anywhere. A function of the report alone: equal reports give equal bytes.

pub(crate) mod chart;
mod models;
mod plots;

use super::report::Report;
use super::table::MEASURES;
use crate::domain::Calibration;
use std::fmt::{self, Write as _};

pub(crate) const STYLE: &str = include_str!("report.css");

/// Text as it may stand in an element or an attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Appends a part.
pub(crate) fn put(text: &mut String, part: fmt::Arguments<'_>) {
    // INVARIANT: writing to a string never fails.
    let _ = text.write_fmt(part);
}

/// A share in percent.
fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// A sum in euro, its thousands apart.
fn euros(sum: f64) -> String {
    let whole = format!("{:.0}", sum.abs());
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    format!("{}{text} EUR", if sum < 0.0 { "−" } else { "" })
}

/// A table of numbers under its own caption.
pub(crate) fn table(caption: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("<table><caption>{}</caption>\n<thead><tr>", escape(caption));
    for name in head {
        put(&mut text, format_args!("<th scope=\"col\">{}</th>", escape(name)));
    }
    text += "</tr></thead>\n<tbody>\n";
    for row in rows {
        text += "<tr>";
        for cell in row {
            put(&mut text, format_args!("<td>{}</td>", escape(cell)));
        }
        text += "</tr>\n";
    }
    text + "</tbody></table>\n"
}

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let name = escape(&report.model);
    let plots = plots::all(report);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Model {name}: training report</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <main>\n<h1>Model <code>{name}</code>: training report</h1>\n{}\
         <h2>Measures</h2>\n{}{plots}</main>\n</body>\n</html>\n",
        introduction(report),
        measures(report),
    )
}

fn introduction(report: &Report) -> String {
    let Report { windows, rows, test, .. } = report;
    let labels = match report.calibration {
        Calibration::Merchant => "a merchant's own labels",
        Calibration::Synthetic | Calibration::None => "generated commerce",
    };
    let mut text = format!(
        "<p>Model of {} features ({}), trained on {labels}. It answers with the probability \
         of {}.</p>\n\
         <p class=\"quiet\">Artefact <code>{}</code>. Fitted on {} sales from {}; judged on {} later \
         sales ({} frauds) from {} to {}, of which nothing was fitted. Labels known at {} were used \
         in training.</p>\n",
        report.features,
        report.kind.name(),
        escape(&report.label),
        escape(&report.sha256),
        rows.fitted,
        windows.train_from,
        rows.tested,
        test.positives,
        windows.test_from,
        windows.test_to,
        windows.labels_known_at,
    );
    if !report.notes.is_empty() {
        text += "<h2>Before you believe the numbers</h2>\n<ul class=\"notes\">\n";
        for note in &report.notes {
            put(&mut text, format_args!("<li>{}</li>\n", escape(note)));
        }
        text += "</ul>\n";
    }
    text
}

fn measures(report: &Report) -> String {
    let shown = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.4}"));
    let rows: Vec<_> = MEASURES
        .iter()
        .map(|(name, get)| {
            vec![(*name).to_owned(), shown(get(&report.training)), shown(get(&report.test))]
        })
        .collect();
    table(
        "Shares are of 1. The test column is the one to quote.",
        &["measure", "training", "test"],
        &rows,
    )
}
