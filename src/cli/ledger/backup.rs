//! `vouch ledger backup` and `restore`.

use super::{Place, master_key, print};
use crate::access::{self, AccessFile};
use crate::cli::progress;
use crate::clock::Stopwatch;
use crate::ledger::{self, Backup, refresh};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// What a data directory holds beside the ledger that a restored server needs.
const ALSO: &[&str] = &["artefacts", "models"];
/// How far it had told whom, by entries of the ledger, and what nobody took; and which keys are audited in it.
const BEFORE: &[&str] = &["webhooks", access::AUDITED_FILE];

#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    /// Directory to write; must not be there yet, or be empty
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Leave `master.key` and `signing.key` out; a restore then needs it from elsewhere
    #[arg(long)]
    without_master_key: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct RestoreArgs {
    /// Directory of a backup
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &BackupArgs) -> Result<ExitCode> {
    let watch = Stopwatch::start();
    let data_dir = &args.place.data_dir;
    let what = Backup {
        master: master_key()?,
        without_master_key: args.without_master_key,
        before: BEFORE,
        also: ALSO,
        files: &access::FILES,
    };
    let bar = progress::bytes("copying", 0);
    let made = ledger::backup(data_dir, &args.dir, &what, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let manifest = made?;
    let seconds = watch.elapsed().as_secs_f64();
    if args.place.json {
        let told = json!({"records": manifest.records, "last_hash": manifest.last_hash,
            "bytes": manifest.bytes(), "master_key": manifest.master_key, "seconds": seconds});
        print(&format!("{told}\n"))?;
    } else {
        print(&format!(
            "{} records, {} bytes in {} files, verified; {seconds:.2} s\n",
            manifest.records,
            manifest.bytes(),
            manifest.files.len()
        ))?;
    }
    if !manifest.master_key {
        eprintln!("note: without the master key; personal fields can't be read without it");
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies, checks and indexes; a server started then reads the ledger once more.
pub(super) fn restore(args: &RestoreArgs) -> Result<ExitCode> {
    let watch = Stopwatch::start();
    let data_dir = &args.place.data_dir;
    ensure!(args.dir.is_dir(), "there is no directory `{}`", args.dir.display());
    let master = master_key()?;
    let bar = progress::bytes("restoring", 0);
    let made = ledger::restore(&args.dir, data_dir, master.as_ref(), &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let manifest = made?;
    let copied = watch.elapsed().as_secs_f64();
    let keys = AccessFile::read(data_dir).context("the access keys of the backup can't be used")?;
    refresh(data_dir)?;
    let seconds = watch.elapsed().as_secs_f64();
    if args.place.json {
        let told = json!({"records": manifest.records, "last_hash": manifest.last_hash,
            "bytes": manifest.bytes(), "copied_seconds": copied, "seconds": seconds});
        print(&format!("{told}\n"))?;
    } else {
        print(&format!(
            "{} records, {} bytes: copied and verified in {copied:.2} s, indexed after {seconds:.2} s\n",
            manifest.records,
            manifest.bytes()
        ))?;
    }
    if keys.needs_key() {
        let count = keys.keys().count();
        eprintln!(
            "note: {count} access keys as they were at the backup; revoke again what was revoked since"
        );
    }
    if !manifest.master_key && master.is_none() {
        eprintln!("note: put `master.key` into `{}` before a server starts", data_dir.display());
    }
    Ok(ExitCode::SUCCESS)
}
