//! `vouch ledger person`: everything held of a buyer, as one document to hand to them; beside a running
//! server or without one.

use super::{master_key, print, tenant};
use crate::cli::progress;
use crate::clock;
use crate::domain::{AccountId, TenantId, TextError};
use crate::engine::{Asked, disclose};
use crate::ledger::{Reader, verify_last};
use anyhow::{Context, Result};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct PersonArgs {
    /// The buyer's account
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    account: AccountId,
    /// Whose buyer
    #[arg(long, default_value = "default", value_parser = tenant)]
    tenant: TenantId,
    /// File to write, readable by its owner alone; standard output without
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Data directory of the server
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
}

pub(super) fn account(text: &str) -> Result<AccountId, TextError> {
    AccountId::new(text)
}

/// Exit code 1: nothing was ever recorded of them.
pub(super) fn run(args: &PersonArgs) -> Result<ExitCode> {
    let reader = Reader::open(&args.data_dir, master_key()?)?;
    let last = verify_last(&args.data_dir, master_key()?)?.sequence;
    let bar = progress::rows("reading", last);
    let (tenant, account) = (&args.tenant, &args.account);
    let (most, most_bytes) = (usize::MAX, usize::MAX);
    let asked = Asked { tenant, account, now: clock::now(), most, most_bytes };
    let told = disclose(&reader, &asked, &mut |read| bar.set_position(read));
    bar.finish_and_clear();
    let Some(disclosure) = told? else {
        eprintln!("nothing was ever recorded of `{account}`");
        return Ok(ExitCode::from(1));
    };
    let text = serde_json::to_string_pretty(&disclosure)? + "\n";
    let Some(out) = &args.out else { return print(&text).map(|()| ExitCode::SUCCESS) };
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(out);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("can't write `{}`", out.display()))?;
    eprintln!("written to `{}`", out.display());
    Ok(ExitCode::SUCCESS)
}
