//! `vouch dispute import`: disputes of any processor from a table.

use crate::cli::rows::count;
use crate::disputes::{DisputeReport, DisputeStore, MAX_MESSAGE_BYTES, take_in_report};
use crate::domain::Timestamp;
use crate::input::read_object;
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::ExitCode;

pub(super) const AFTER_HELP: &str = "\
A row has the members of `POST /v1/disputes`: id, processor, amount, opened_at, and where known network,
network_reason_code, reason, stage, status, processor_status, transaction_id, payment_reference, order_id,
evidence_due_by, updated_at. In CSV the amount is in two columns, `amount` and `currency`; an empty cell is
missing. Times have a zone. The same row twice is one report, so a table may be taken in again and again.
Bad rows are told with their line and left out (exit 1); the others are kept.";

/// What is counted.
#[derive(Default)]
struct Seen {
    new: u64,
    known: u64,
    bad: u64,
    without_sale: u64,
}

/// Takes the rows of a file in.
pub(super) fn run<S: DisputeStore>(
    path: &Path,
    store: &mut S,
    now: Timestamp,
    notes: &mut dyn Write,
) -> Result<ExitCode> {
    let mut file =
        File::open(path).map(BufReader::new).with_context(|| format!("`{}`", path.display()))?;
    let is_json = file.fill_buf()?.trim_ascii_start().starts_with(b"{");
    let mut told = BTreeSet::new();
    let mut seen = Seen::default();
    let mut take = |line: u64, row: Result<Vec<u8>>| -> Result<()> {
        match row.and_then(|row| Ok(read_object::<DisputeReport>(&row)?)) {
            Ok((report, warnings)) => {
                // An unknown column is one of every row.
                for warning in warnings.into_iter().filter(|w| told.insert(w.message.clone())) {
                    writeln!(notes, "{}: line {line}: {}", path.display(), warning.message)?;
                }
                let taken = take_in_report(store, &report, now)?;
                *(if taken.new { &mut seen.new } else { &mut seen.known }) += 1;
                seen.without_sale += u64::from(!taken.sale_found);
            }
            Err(error) => {
                seen.bad += 1;
                writeln!(notes, "{}: line {line}: {error:#}", path.display())?;
            }
        }
        Ok(())
    };
    if is_json { json_lines(file, &mut take) } else { csv_rows(file, &mut take) }
        .with_context(|| format!("`{}`", path.display()))?;
    let Seen { new, known, bad, without_sale } = seen;
    let (new, bad_rows) = (count(new, "new report"), count(bad, "bad row"));
    writeln!(notes, "{new}, {known} known before, {without_sale} without their sale; {bad_rows}")?;
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

type Take<'t> = dyn FnMut(u64, Result<Vec<u8>>) -> Result<()> + 't;

fn json_lines(mut file: impl BufRead, take: &mut Take<'_>) -> Result<()> {
    let most = u64::try_from(MAX_MESSAGE_BYTES)?.saturating_add(1);
    for line in 1.. {
        let mut row = Vec::new();
        if file.by_ref().take(most).read_until(b'\n', &mut row)? == 0 {
            break;
        }
        ensure!(row.len() <= MAX_MESSAGE_BYTES, "line {line} is over {MAX_MESSAGE_BYTES} bytes");
        if !row.trim_ascii().is_empty() {
            take(line, Ok(row))?;
        }
    }
    Ok(())
}

fn csv_rows(file: impl Read, take: &mut Take<'_>) -> Result<()> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let header = reader.headers()?.clone();
    ensure!(header.iter().any(|name| name == "id"), "the first row names no column `id`");
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) if error.is_io_error() => return Err(error.into()),
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                take(line, Err(error.into()))?;
                continue;
            }
        };
        let line = row.position().map_or(0, csv::Position::line);
        take(line, Ok(object(&header, &row)))?;
    }
    Ok(())
}

/// A row as the object it stands for.
fn object(header: &csv::StringRecord, row: &csv::StringRecord) -> Vec<u8> {
    let cells = || header.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
    let of = |wanted: &str| cells().find(|(name, _)| *name == wanted).map(|(_, cell)| cell);
    let mut object: Map<String, Value> = cells()
        .filter(|(name, _)| !matches!(*name, "amount" | "currency"))
        .map(|(name, cell)| (name.to_owned(), cell.into()))
        .collect();
    if let Some(value) = of("amount") {
        object.insert("amount".to_owned(), json!({"value": value, "currency": of("currency")}));
    }
    Value::Object(object).to_string().into_bytes()
}
