//! `vouch simulate`: writes a seeded world as JSON lines.

use super::output::{Output, reader_has_gone};
use super::progress;
use crate::domain::Timestamp;
use crate::simulate::{Campaigns, Config, Simulation, Tally};
use anyhow::Context;
use clap::Args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes seeded commerce as JSON lines in time order: transactions to score, and events (an object
/// with an `event_id`). The same arguments give the same bytes on every machine.
#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// Decides everything that is left to chance.
    #[arg(long)]
    pub(super) seed: u64,
    /// Where to write; `-` is stdout. A file appears only when it is complete.
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// Stop after this many lines. Without --accounts the world is made as large as needed to
    /// spread them over --days.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) events: Option<u64>,
    /// Length of the world in days [default: 240]. Labels arrive up to 120 days after a payment, so
    /// those of the last months are incomplete.
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(1..=i64::from(LONGEST)))]
    pub(super) days: Option<u32>,
    /// Customer accounts at the beginning, and about as many at any time [default: 5000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(LARGEST)))]
    pub(super) accounts: Option<u32>,
    /// First day, as `2026-01-01`.
    #[arg(long, value_name = "DATE", default_value = "2026-01-01", value_parser = read_date)]
    pub(super) start: Timestamp,
    /// Who attacks: `all`, `none`, or some of `card_testing`, `stolen_cards`, `takeover`,
    /// `trial_farming`, `promo_abuse`, `key_resale`, `account_sharing`, `credit_burn`,
    /// `refund_abuse`, `friendly_fraud`, with commas. Honest lines are the same whoever does.
    #[arg(long, value_name = "KINDS", default_value = "all")]
    pub(super) attacks: Campaigns,
    /// How often attacks begin, in percent of what docs/simulator.md states.
    #[arg(long, value_name = "PERCENT", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub(super) attack_percent: u32,
    /// Print the counts as JSON; to stderr where the lines go to stdout.
    #[arg(long)]
    pub(super) json: bool,
}

/// Lines one account and day come to, in hundredths: a little less than measured (81), so that a
/// world made for so many lines has them.
const LINES_PER_ACCOUNT_AND_DAY_PERCENT: u64 = 77;
const DEFAULT_ACCOUNTS: u32 = 5_000;
const DEFAULT_DAYS: u32 = 240;
/// Ten years.
const LONGEST: u32 = 3_650;
const LARGEST: u32 = 5_000_000;
/// Bytes gathered between two writes, and two moves of the progress bar.
const BATCH: usize = 256 * 1024;

/// Runs the command.
///
/// # Errors
/// The file can't be written. A reader of stdout that stops reading is no error.
pub(super) fn run(args: &SimulateArgs) -> anyhow::Result<()> {
    let file = (args.out != Path::new("-")).then_some(args.out.as_path());
    let mut out = Output::open(file)?;
    let written = write_lines(args, &mut out).context("can't write");
    match written.and_then(|tally| out.finish().map(|()| tally)) {
        Err(error) if file.is_none() && reader_has_gone(&error) => Ok(()),
        Err(error) => Err(error),
        Ok(tally) => tell(args, &tally, file.is_some()),
    }
}

/// The counts: data for a program when asked for, else a remark for a person.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the command's own words")]
fn tell(args: &SimulateArgs, tally: &Tally, stdout_is_free: bool) -> anyhow::Result<()> {
    match (args.json, stdout_is_free) {
        (true, true) => println!("{}", serde_json::to_string_pretty(tally)?),
        (true, false) => eprintln!("{}", serde_json::to_string_pretty(tally)?),
        (false, _) => eprint!("{tally}"),
    }
    if args.events.is_some_and(|wanted| tally.lines < wanted) {
        let lines = tally.lines;
        eprintln!("the world ended after {lines} lines; give it more --accounts or --days");
    }
    Ok(())
}

fn write_lines(args: &SimulateArgs, out: &mut impl Write) -> io::Result<Tally> {
    let config = config(args);
    let bar = match args.events {
        Some(lines) => progress::rows("lines", lines),
        None => progress::rows("days", u64::from(config.days)),
    };
    let limit = args.events.unwrap_or(u64::MAX);
    let mut tally = Tally::new(&config);
    let mut batch = Vec::with_capacity(BATCH + BATCH / 8);
    for line in Simulation::new(config) {
        let before = batch.len();
        line.append_to(&mut batch)?;
        tally.count(&line, batch.len() - before);
        if batch.len() >= BATCH {
            out.write_all(&batch)?;
            batch.clear();
            let day = line.time().day() - config.start.day();
            bar.set_position(args.events.map_or(u64::try_from(day).unwrap_or(0), |_| tally.lines));
        }
        if tally.lines == limit {
            break;
        }
    }
    out.write_all(&batch)?;
    bar.finish_and_clear();
    Ok(tally)
}

fn config(args: &SimulateArgs) -> Config {
    let both = args.events.is_some() && args.accounts.is_some();
    let days = args.days.unwrap_or(if both { LONGEST } else { DEFAULT_DAYS });
    let needed = |lines: u64| {
        let per_account = u64::from(days) * LINES_PER_ACCOUNT_AND_DAY_PERCENT;
        let accounts = (lines.saturating_mul(100) / per_account).clamp(20, u64::from(LARGEST));
        u32::try_from(accounts).unwrap_or(LARGEST)
    };
    let accounts = args.accounts.or(args.events.map(needed)).unwrap_or(DEFAULT_ACCOUNTS);
    let (attacks, attack_percent) = (args.attacks, args.attack_percent);
    Config { seed: args.seed, start: args.start, days, accounts, attacks, attack_percent }
}

fn read_date(text: &str) -> Result<Timestamp, String> {
    format!("{text}T00:00:00Z")
        .parse()
        .map_err(|_| format!("`{text}` is not a date; write it like `2026-01-01`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::fs;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: SimulateArgs,
    }

    fn args(line: &str) -> Result<SimulateArgs, clap::Error> {
        Command::try_parse_from(line.split(' ')).map(|command| command.args)
    }

    #[test]
    fn a_file_appears_whole() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("world.jsonl");
        let line = format!("simulate --seed 4 --events 500 --out {}", out.display());
        run(&args(&line).unwrap()).unwrap();
        assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 500);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing partial is left");
        let lost = dir.path().join("no/such/dir.jsonl");
        let line = format!("simulate --seed 4 --events 5 --out {}", lost.display());
        assert!(run(&args(&line).unwrap()).unwrap_err().to_string().contains("no/such"));
    }

    #[test]
    fn the_counts_are_those_of_the_lines() {
        let line = "simulate --seed 4 --events 900 --out -";
        let mut bytes = Vec::new();
        let tally = write_lines(&args(line).unwrap(), &mut bytes).unwrap();
        let json = serde_json::to_value(&tally).unwrap();
        let sum = |of: &str| -> u64 {
            json[of].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum()
        };
        assert_eq!(sum("transactions") + sum("events"), 900);
        assert_eq!(tally.bytes, u64::try_from(bytes.len()).unwrap());
        assert_eq!(json["attacks"].as_array().unwrap().len(), 10);
        assert!(tally.to_string().contains("auth.result"), "{tally}");
    }

    #[test]
    fn attacks_can_be_chosen() {
        let attacks = |kinds: &str| {
            let line = format!("simulate --seed 1 --out x --attacks {kinds}");
            Tally::new(&config(&args(&line).unwrap())).attacks
        };
        assert_eq!(attacks("card_testing,credit_burn"), ["card_testing", "credit_burn"]);
        assert!(attacks("none").is_empty());
        let error = args("simulate --seed 1 --out x --attacks thieves").unwrap_err().to_string();
        assert!(error.contains("`thieves`") && error.contains("takeover"), "{error}");
    }

    #[test]
    fn bad_arguments_are_refused() {
        for bad in [
            "simulate --out x",
            "simulate --seed -1 --out x",
            "simulate --seed 1 --out x --events 0",
            "simulate --seed 1 --out x --days 3651",
            "simulate --seed 1 --out x --accounts 0",
            "simulate --seed 1 --out x --start 2026-02-30",
            "simulate --seed 1 --out x --attacks card_test",
            "simulate --seed 1 --out x --attack-percent 10001",
        ] {
            assert!(args(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_world_is_as_large_as_the_lines_need() {
        let accounts = |line| config(&args(line).unwrap()).accounts;
        assert_eq!(accounts("simulate --seed 1 --out x"), DEFAULT_ACCOUNTS);
        assert_eq!(accounts("simulate --seed 1 --out x --events 1848000"), 10_000);
        assert_eq!(accounts("simulate --seed 1 --out x --events 10"), 20);
        assert_eq!(accounts("simulate --seed 1 --out x --events 9 --accounts 7"), 7);
    }
}
