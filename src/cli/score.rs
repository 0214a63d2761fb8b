//! `vouch score`: decisions for a file of transactions.
//!
//! The decisions come from whoever calls [`run`]; this file reads, lists and counts. Events in the
//! file (an authorization's answer, a label) are passed on in their place, so a file replays a
//! history as it was.

use super::listing::{Listing, Sale, Style};
use super::output::{Output, reader_has_gone};
use super::rows::{count, for_each, map_at};
use super::state::ConfigArgs;
use crate::domain::{Action, Decision};
use crate::input::files::{Item, open};
use crate::velocity::MAX_AHEAD_MS;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `vouch score`.
#[derive(Debug, clap::Args)]
pub(super) struct ScoreArgs {
    /// Transactions and events: JSON lines, CSV or Parquet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How the columns of a CSV or Parquet file become fields; see data/maps
    #[arg(long, value_name = "MAP.toml")]
    map: Option<PathBuf>,
    /// List decisions as JSON, one a line
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// List decisions as CSV
    #[arg(long)]
    csv: bool,
    /// Write to a file instead of standard output; it appears when it is complete
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Keep every row in this data directory, as a server would; without it nothing is kept
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) config: ConfigArgs,
}

/// What became of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    decisions: BTreeMap<Action, u64>,
    events: u64,
    /// Transactions after later ones: their history knew the future.
    late: u64,
    warnings: u64,
    bad: u64,
}

/// Scores a file: `score` decides each transaction and takes note of each event; `None` comes last, and
/// it waits until everything is kept.
///
/// Exit code 0: every row; 1: some bad rows, the others are listed. What makes the file unusable is
/// an error (2): it or the map can't be read, the header does not fit, the disk is full.
pub(super) fn run(
    args: &ScoreArgs,
    score: impl FnMut(Option<Item>) -> Result<Option<Decision>>,
) -> Result<ExitCode> {
    let tally = match listed(args, score) {
        Err(error) if reader_has_gone(&error) => return Ok(ExitCode::SUCCESS),
        other => other?,
    };
    eprintln!("{tally}");
    Ok(if tally.bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn listed(
    args: &ScoreArgs,
    mut score: impl FnMut(Option<Item>) -> Result<Option<Decision>>,
) -> Result<Tally> {
    let map = map_at(args.map.as_deref())?;
    let lines =
        open(&args.file, map.as_ref()).with_context(|| format!("`{}`", args.file.display()))?;
    let same = |out: &PathBuf| out.canonicalize().ok() == args.file.canonicalize().ok();
    ensure!(!args.out.as_ref().is_some_and(same), "--out would replace the file that is scored");
    let style = match (args.json, args.csv) {
        (true, _) => Style::Json,
        (_, true) => Style::Csv,
        _ => Style::Table,
    };
    let output = Output::open(args.out.as_deref())?;
    let watched = !output.is_terminal();
    let mut listing = Listing::new(style, output)?;
    let mut tally = Tally::default();
    let mut latest = None;
    tally.bad = for_each(&args.file, lines, watched, |line| {
        let (sale, warnings) = match &line.item {
            Item::Transaction { transaction, warnings, .. } => {
                let amount = transaction.amount;
                (Some(Sale { event_time: transaction.event_time, amount }), warnings.len())
            }
            Item::Event { warnings, .. } => (None, warnings.len()),
        };
        let decision = score(Some(line.item))?;
        tally.warnings += warnings as u64;
        match (sale, decision) {
            (Some(sale), Some(decision)) => {
                let newest = *latest.get_or_insert(sale.event_time);
                latest = Some(newest.max(sale.event_time));
                tally.late += u64::from(newest.millis_since(sale.event_time) > MAX_AHEAD_MS);
                listing.add(sale, &decision)?;
                *tally.decisions.entry(decision.action).or_default() += 1;
            }
            _ => tally.events += 1,
        }
        Ok(())
    })?;
    score(None)?;
    listing.finish()?;
    if tally.late > 0 {
        eprintln!(
            "warning: {} come after later ones, so their history knew the future: sort by event_time",
            count(tally.late, "transaction")
        );
    }
    Ok(tally)
}

/// `3 decisions: 2 approve, 1 decline; 1 event; 2 bad rows`.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&count(self.decisions.values().sum(), "decision"))?;
        for (at, (action, number)) in self.decisions.iter().enumerate() {
            write!(f, "{} {number} {action}", if at == 0 { ":" } else { "," })?;
        }
        for (number, noun) in
            [(self.events, "event"), (self.warnings, "warning"), (self.bad, "bad row")]
        {
            if number > 0 {
                write!(f, "; {}", count(number, noun))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
