//! `vouch simulate`: writes a seeded world as JSON lines.

use crate::domain::Timestamp;
use crate::simulate::{Config, Simulation};
use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes seeded commerce as JSON lines in time order: transactions to score, and events (an object
/// with an `event_id`). The same arguments give the same bytes on every machine.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Decides everything that is left to chance.
    #[arg(long)]
    pub seed: u64,
    /// Where to write; `-` is stdout. A file appears only when it is complete.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Stop after this many lines. Without --accounts the world is made as large as needed to
    /// spread them over --days.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub events: Option<u64>,
    /// Length of the world in days. Labels arrive up to 120 days after a payment, so the last
    /// months are incomplete.
    #[arg(long, value_name = "D", default_value_t = 240,
          value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
    /// Customer accounts at the beginning, and about as many at any time [default: 5000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    pub accounts: Option<u32>,
    /// First day, as `2026-01-01`.
    #[arg(long, value_name = "DATE", default_value = "2026-01-01", value_parser = read_date)]
    pub start: Timestamp,
}

/// Lines one account and day come to, in hundredths (measured).
const LINES_PER_ACCOUNT_AND_DAY_PERCENT: u64 = 50;
const DEFAULT_ACCOUNTS: u32 = 5_000;
/// Lines between two moves of the progress bar.
const BAR_STEP: u64 = 8_192;
const BUFFER_BYTES: usize = 1 << 20;

/// Runs the command.
///
/// # Errors
/// The file can't be written. A reader of stdout that stops reading is no error.
pub fn run(args: &SimulateArgs) -> anyhow::Result<()> {
    if args.out == Path::new("-") {
        let written =
            write_lines(args, BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock()));
        return match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to stdout"),
        };
    }
    let mut partial = args.out.clone().into_os_string();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let result = write_file(args, &partial);
    if result.is_err() {
        let _ = fs::remove_file(&partial); // nothing more can be done about it
    }
    result.with_context(|| format!("cannot write `{}`", args.out.display()))
}

fn write_file(args: &SimulateArgs, partial: &Path) -> io::Result<()> {
    let file = File::create(partial)?;
    write_lines(args, BufWriter::with_capacity(BUFFER_BYTES, &file))?;
    file.sync_all()?;
    fs::rename(partial, &args.out)
}

fn write_lines(args: &SimulateArgs, mut out: BufWriter<impl Write>) -> io::Result<()> {
    let limit = args.events.unwrap_or(u64::MAX);
    let config = config(args);
    let bar = progress(args);
    let mut simulation = Simulation::new(config);
    let mut lines: u64 = 0;
    while lines < limit {
        let Some(line) = simulation.next() else { break };
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
        lines += 1;
        if lines.is_multiple_of(BAR_STEP) {
            let day = line.time().day() - config.start.day();
            let done = args.events.map_or(u64::try_from(day).unwrap_or(0), |_| lines);
            bar.set_position(done);
            bar.set_message(format!("{lines} lines"));
        }
    }
    bar.finish_and_clear();
    out.flush()
}

fn config(args: &SimulateArgs) -> Config {
    let needed = |lines: u64| {
        let per_account = u64::from(args.days) * LINES_PER_ACCOUNT_AND_DAY_PERCENT;
        u32::try_from((lines.saturating_mul(100) / per_account).clamp(20, 5_000_000)).unwrap_or(20)
    };
    let accounts = args.accounts.or(args.events.map(needed)).unwrap_or(DEFAULT_ACCOUNTS);
    Config { seed: args.seed, start: args.start, days: args.days, accounts, attacks: true }
}

/// A bar on stderr; hidden when stderr is no terminal.
fn progress(args: &SimulateArgs) -> ProgressBar {
    let bar = ProgressBar::new(args.events.unwrap_or(u64::from(args.days)));
    let unit = if args.events.is_some() { "lines" } else { "days" };
    let template = format!("{{bar:40}} {{pos}}/{{len}} {unit}  {{msg}}  {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

fn read_date(text: &str) -> Result<Timestamp, String> {
    format!("{text}T00:00:00Z")
        .parse()
        .map_err(|_| format!("`{text}` is not a date; write it like `2026-01-01`"))
}
