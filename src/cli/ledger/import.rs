//! `vouch ledger import`: an export into a fresh data directory.

use super::{Place, print};
use crate::archive::{Manifest, import};
use crate::cli::progress;
use crate::cli::state::{ConfigArgs, open_engine};
use anyhow::Result;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// Directory of an export with personal values
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: &ImportArgs) -> Result<ExitCode> {
    Manifest::read(&args.dir)?;
    let data_dir = &args.place.data_dir;
    let engine = open_engine(&args.config.load()?, data_dir)?;
    let bar = progress::rows("importing", 0);
    let done = import(&args.dir, &engine, data_dir, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let done = done?;
    if args.place.json {
        let counts = json!({"decisions": done.decisions, "events": done.events,
            "erased": done.erased, "admin": done.admin});
        print(&format!("{counts}\n"))?;
    } else {
        print(&format!("{} decisions and {} events\n", done.decisions, done.events))?;
    }
    if done.erased > 0 {
        eprintln!(
            "not taken over: {} entries of erased persons, which have no content",
            done.erased
        );
    }
    if done.admin > 0 {
        eprintln!("not taken over: {} entries of the service itself", done.admin);
    }
    Ok(ExitCode::SUCCESS)
}
