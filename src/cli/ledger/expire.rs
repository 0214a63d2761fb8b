//! `vouch ledger expire`: erases everybody whose time is over.

use super::{master_key, print};
use crate::cli::progress;
use crate::cli::state::{self, ConfigArgs};
use crate::clock;
use crate::engine::{CaseSource, Expired, Retention, expiring};
use crate::ledger::{Ledger, Reader, verify_last};
use anyhow::{Result, ensure};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct ExpireArgs {
    /// Days after the newest entry of a person; `retention.personal_days` without
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
    /// Say how many, and erase nobody; a server may be running
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    config: ConfigArgs,
    /// Data directory of the server
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ExpireArgs) -> Result<ExitCode> {
    let config = args.config.load()?;
    let personal_days = args.days.unwrap_or(config.retention.personal_days);
    ensure!(
        personal_days > 0,
        "after how many days? set `retention.personal_days`, or give --days"
    );
    let rule = Retention { personal_days, now: clock::now() };
    let source = CaseSource::new(&args.data_dir, master_key()?);
    let expired = if args.dry_run {
        let reader = Reader::open(&args.data_dir, master_key()?)?;
        let bar = progress::rows("reading", verify_last(&args.data_dir, master_key()?)?.sequence);
        let found = expiring(&reader, &source, rule, &mut |read| bar.set_position(read));
        bar.finish_and_clear();
        found?
    } else {
        let engine = state::open_engine(&config, &args.data_dir)?;
        let last = engine.ledger().and_then(Ledger::last).map_or(0, |last| last.sequence);
        let bar = progress::rows("reading", last);
        let done = engine.expire(&source, rule, &mut |read| bar.set_position(read));
        bar.finish_and_clear();
        done?
    };
    if args.json {
        print(&(serde_json::to_string(&expired)? + "\n"))?;
    } else {
        let Expired { erased, held, disputed, disputable } = expired;
        let would = if args.dry_run { "would be erased" } else { "erased" };
        print(&format!(
            "{erased} persons {would}; past their time and kept: {held} under a legal hold, {disputed} for an \
             open dispute, {disputable} for payments that can still be disputed\n"
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
