//! Decisions for people (a table), for programs (JSON lines) and for spreadsheets (CSV).

use super::output::Output;
use crate::domain::{Amount, Decision, Timestamp};
use anyhow::Result;
use std::io::{self, Write};

/// How decisions are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Aligned columns.
    Table,
    /// One JSON object a line.
    Json,
    /// Comma-separated, with a header.
    Csv,
}

/// What a listing says of a transaction beside its decision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sale {
    /// When it happened.
    pub(super) event_time: Timestamp,
    /// Its price.
    pub(super) amount: Option<Amount>,
}

/// Writes decisions in one style.
pub(super) enum Listing {
    Table(Table),
    Json(Output),
    Csv(Box<csv::Writer<Output>>),
}

impl Listing {
    /// Starts a listing; CSV begins with its header even if nothing follows.
    pub(super) fn new(style: Style, output: Output) -> Result<Self> {
        Ok(match style {
            Style::Table => Self::Table(Table::new(output)),
            Style::Json => Self::Json(output),
            Style::Csv => {
                let mut writer = csv::Writer::from_writer(output);
                writer.write_record(CSV_COLUMNS).map_err(io::Error::from)?;
                Self::Csv(Box::new(writer))
            }
        })
    }

    /// Adds one decision.
    pub(super) fn add(&mut self, sale: Sale, decision: &Decision) -> Result<()> {
        match self {
            Self::Table(table) => table.add(table_cells(sale, decision))?,
            Self::Json(output) => {
                serde_json::to_writer(&mut *output, decision).map_err(io::Error::from)?;
                output.write_all(b"\n")?;
            }
            Self::Csv(writer) => {
                writer.write_record(csv_cells(sale, decision)).map_err(io::Error::from)?;
            }
        }
        Ok(())
    }

    /// Writes what is held back and closes the output.
    pub(super) fn finish(self) -> Result<()> {
        match self {
            Self::Table(table) => table.finish(),
            Self::Json(output) => output.finish(),
            Self::Csv(writer) => {
                writer.into_inner().map_err(csv::IntoInnerError::into_error)?.finish()
            }
        }
    }
}

const CSV_COLUMNS: [&str; 15] = [
    "transaction_id",
    "event_time",
    "amount",
    "currency",
    "action",
    "delivery",
    "challenge",
    "risk_score",
    "fraud_probability",
    "calibration",
    "reasons",
    "rules",
    "warnings",
    "degraded",
    "decision_id",
];

fn csv_cells(sale: Sale, decision: &Decision) -> [String; 15] {
    fn number(value: Option<f64>) -> String {
        value.map(|number| number.to_string()).unwrap_or_default()
    }
    fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
        words.collect::<Vec<_>>().join(" ")
    }
    [
        decision.transaction_id.to_string(),
        sale.event_time.to_string(),
        sale.amount.map(|amount| amount.value().to_string()).unwrap_or_default(),
        sale.amount.map(|amount| amount.currency().to_string()).unwrap_or_default(),
        decision.action.to_string(),
        decision.delivery.to_string(),
        decision.challenge.map(|kind| kind.to_string()).unwrap_or_default(),
        number(decision.risk_score),
        number(decision.fraud_probability),
        decision.calibration.to_string(),
        joined(decision.reasons.iter().map(|reason| reason.code.as_str())),
        joined(decision.rules.iter().map(|rule| rule.id.as_str())),
        joined(decision.warnings.iter().map(|warning| warning.code.as_str())),
        joined(decision.degraded.iter().map(String::as_str)),
        decision.decision_id.to_string(),
    ]
}

const TABLE_COLUMNS: [&str; 7] =
    ["transaction", "time", "amount", "action", "delivery", "score", "reason"];
/// Columns of numbers, which stand to the right.
const NUMBERS: [bool; 7] = [false, false, true, false, false, true, false];
/// Rows by which the widths are found; a longer cell later moves its own line only.
const MEASURED: usize = 200;
/// Longest reason shown, in characters.
const LONGEST_REASON: usize = 72;

fn table_cells(sale: Sale, decision: &Decision) -> [String; 7] {
    let reason = decision.reasons.first().map_or("", |reason| reason.text.as_str());
    let mut cut: String = reason.chars().take(LONGEST_REASON).collect();
    if cut.len() < reason.len() {
        cut.push('…');
    }
    [
        decision.transaction_id.to_string(),
        sale.event_time.to_string(),
        sale.amount.map_or_else(|| "-".into(), |amount| amount.to_string()),
        decision.action.to_string(),
        decision.delivery.to_string(),
        decision.risk_score.map_or_else(|| "-".into(), |score| format!("{score:.2}")),
        cut,
    ]
}

/// A table whose first rows are held back until the widths are known.
pub(super) struct Table {
    output: Output,
    held: Vec<[String; 7]>,
    widths: [usize; 7],
    started: bool,
}

impl Table {
    fn new(output: Output) -> Self {
        Self {
            output,
            held: vec![TABLE_COLUMNS.map(str::to_owned)],
            widths: [0; 7],
            started: false,
        }
    }

    fn add(&mut self, cells: [String; 7]) -> io::Result<()> {
        if self.started {
            return self.write(&cells);
        }
        self.held.push(cells);
        if self.held.len() > MEASURED { self.start() } else { Ok(()) }
    }

    fn start(&mut self) -> io::Result<()> {
        self.started = true;
        let held = std::mem::take(&mut self.held);
        for cells in &held {
            for (width, cell) in self.widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        held.iter().try_for_each(|cells| self.write(cells))
    }

    fn write(&mut self, cells: &[String; 7]) -> io::Result<()> {
        let mut line = String::new();
        for ((cell, width), number) in cells.iter().zip(self.widths).zip(NUMBERS) {
            let gap = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) = if number { (gap, String::new()) } else { (String::new(), gap) };
            line.push_str(&before);
            line.push_str(cell);
            line.push_str(&after);
            line.push_str("  ");
        }
        writeln!(self.output, "{}", line.trim_end())
    }

    fn finish(mut self) -> Result<()> {
        if !self.started && self.held.len() > 1 {
            self.start()?;
        }
        self.output.finish()
    }
}
