//! `vouch rules backtest` and `vouch rules records`: what rules would have done to past decisions.

mod html;

use super::diff::{self, DiffArgs};
use super::output::{Output, reader_has_gone};
use super::past::{PastArgs, load, write};
use crate::archive::records::RecordsWriter;
use crate::clock::Stopwatch;
use crate::engine::past::{Reproduction, Run};
use crate::rules::backtest::Report;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Decisions listed in JSON; a terminal shows the first ten.
const LISTED: usize = 1_000;
/// Differences named on standard error.
const NAMED: usize = 10;

/// The commands of `vouch rules` that look at past decisions.
#[derive(Debug, clap::Subcommand)]
pub(super) enum PastCommand {
    /// What rules would have done to past decisions: caught fraud, insulted buyers, money
    Backtest(Box<BacktestArgs>),
    /// Keep past decisions in a compact file, over which rules are tried in seconds
    Records(Box<RecordsArgs>),
    /// What changed between two sets of rules, and which past decisions with it
    Diff(Box<DiffArgs>),
}

const DONE: u8 = 0;
const FINDING: u8 = 1;

/// Runs a command; its exit code.
pub(super) fn run(command: &PastCommand) -> Result<u8> {
    match command {
        PastCommand::Backtest(args) => backtest(args),
        PastCommand::Records(args) => records(args),
        PastCommand::Diff(args) => diff::run(args),
    }
}

/// Arguments of `vouch rules backtest`.
#[derive(Debug, clap::Args)]
pub(super) struct BacktestArgs {
    /// Records made by `vouch rules records`, or labelled transactions: JSONL, CSV or Parquet
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Rule files or directories; without any, the configured or bundled rules
    #[arg(long = "rules", value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// Write everything found as JSON; `-` prints it in place of the tables
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    past: PastArgs,
}

/// Arguments of `vouch rules records`.
#[derive(Debug, clap::Args)]
pub(super) struct RecordsArgs {
    /// Labelled transactions: JSONL, CSV or Parquet
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The file of records; it holds personal fields and is readable by its owner alone
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    past: PastArgs,
}

/// Everything a backtest says.
#[derive(Debug, Serialize)]
struct Page<'a> {
    mature_days: u32,
    /// Null where the decisions do not come from a ledger.
    reproduction: Option<&'a Reproduction>,
    #[serde(flatten)]
    report: &'a Report,
}

/// Exit code 0: done; 1: recorded decisions are not reproduced, or bad rows.
fn backtest(args: &BacktestArgs) -> Result<u8> {
    let past = args.past.open(args.file.as_deref())?;
    let rules = if args.rules.is_empty() { past.rules()? } else { load(&args.rules)? };
    let watch = Stopwatch::start();
    let (run, skipped) =
        past.over(&rules.fields(), || Run::new(&rules, past.hindsight(), LISTED))?;
    let seconds = watch.elapsed().as_secs_f64();
    let report = run.backtest.report();
    let found = run.reproduced.result();
    let mature_days = past.hindsight().maturity.days;
    let reproduction = past.is_ledger().then_some(&found);
    let page = Page { mature_days, reproduction, report: &report };
    if let Some(path) = &args.json {
        let mut json = serde_json::to_vec(&page)?;
        json.push(b'\n');
        write(path, &json)?;
    }
    if let Some(path) = &args.html {
        write(path, html::page(&report, mature_days).as_bytes())?;
    }
    if args.json.as_deref() != Some(Path::new("-")) {
        print(&report.to_string())?;
    }
    eprintln!("{} rows in {seconds:.2} s", report.rows.all);
    skipped.tell();
    match reproduction {
        Some(found) => tell(found),
        None => eprintln!(
            "a file does not know which rules slept for a buyer or whose appeal was granted: here they act"
        ),
    }
    let finding = skipped.bad > 0 || found.different > 0;
    Ok(if finding { FINDING } else { DONE })
}

/// Says how well the backtest tells the past.
fn tell(found: &Reproduction) {
    eprintln!(
        "recorded decisions: {} made with these rules, {} reproduced, {} different; {} made with \
         other rules",
        found.compared, found.same, found.different, found.other_rules
    );
    if found.other_costs > 0 {
        eprintln!(
            "  of {} of them the rules alone are compared: other costs were weighed",
            found.other_costs
        );
    }
    for different in found.listed.iter().take(NAMED) {
        let now = different.now.map_or_else(String::new, |action| action.to_string());
        eprintln!(
            "  record {} {}: {} -> {now} {}",
            different.number,
            different.transaction_id,
            different.was,
            different.rules.join(" ")
        );
    }
}

/// Writes to standard output; whoever closed it has seen enough.
pub(super) fn print(text: &str) -> Result<()> {
    match write(Path::new("-"), text.as_bytes()) {
        Err(error) if reader_has_gone(&error) => Ok(()),
        other => other,
    }
}

/// Makes a file of records. Exit code 0: done; 1: bad rows were left out.
fn records(args: &RecordsArgs) -> Result<u8> {
    let past = args.past.open(args.file.as_deref())?;
    let same = |file: &Path| args.out.canonicalize().ok() == file.canonicalize().ok();
    ensure!(!args.file.as_deref().is_some_and(same), "--out would replace the file that is read");
    let out = Output::open(Some(&args.out))?.private()?;
    let mut writer = RecordsWriter::new(out, &past.header())?;
    let skipped = past.each(&mut |sale, record| Ok(writer.add(sale, record)?))?;
    let (out, rows) = writer.finish().with_context(|| format!("`{}`", args.out.display()))?;
    out.finish()?;
    skipped.tell();
    eprintln!("{rows} records in {}", args.out.display());
    Ok(if skipped.bad > 0 { FINDING } else { DONE })
}
