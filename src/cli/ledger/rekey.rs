//! `vouch ledger rekey`: another master key in the place of the one in use, while no server runs.

use super::{master_key, print};
use crate::cli::{progress, state};
use crate::clock;
use crate::config::{Config, read_key};
use crate::domain::TenantId;
use crate::engine::{Audit, Changed, Who};
use crate::ledger::{self, Disk, MasterKey, NewMaster};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct RekeyArgs {
    /// File with the new key, 64 hexadecimal digits, which is then given by `VOUCH_MASTER_KEY`; without, a
    /// new `master.key` is made
    #[arg(long, value_name = "FILE")]
    new_key: Option<PathBuf>,
    /// Who orders it, for the audit
    #[arg(long, value_name = "NAME", default_value = "operator")]
    by: String,
    /// Data directory of the server
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
}

pub(super) fn run(args: &RekeyArgs) -> Result<ExitCode> {
    let old = master_key()?;
    let new = args.new_key.as_ref().map(|path| read_key(path)).transpose()?;
    ensure!(
        old.is_none() || new.is_some(),
        "the master key is given by VOUCH_MASTER_KEY; give the new one by --new-key"
    );
    let who = Who::new(&args.by).context("`--by` is a name of 1 to 64 characters")?;
    // First the entry, as of an erasure; then nobody may hold the ledger.
    let engine = state::open_engine(&Config::load(None)?, &args.data_dir)?;
    let audit = Audit { changed: Changed::Rekeyed, about: None, detail: Value::Null };
    engine.audit(&TenantId::default_tenant(), &who, &audit, clock::now())?;
    drop(engine);
    let keys = NewMaster { old, new: new.map(MasterKey::from_bytes) };
    let bar = progress::rows("wrapping", 0);
    let done = ledger::rekey(&args.data_dir, keys, &Disk, &mut |slot, slots| {
        bar.set_length(slots);
        bar.set_position(slot);
    });
    bar.finish_and_clear();
    let rekeyed = done?;
    print(&format!("{} keys wrapped by the new master key\n", rekeyed.keys))?;
    if rekeyed.lost > 0 {
        eprintln!("warning: {} keys could not be read before and can't be now", rekeyed.lost);
    }
    if !rekeyed.wiped {
        eprintln!("warning: the old wrapped keys could not be overwritten where they lay");
    }
    if args.new_key.is_some() {
        eprintln!("note: from now on VOUCH_MASTER_KEY is the new key");
    }
    eprintln!("note: older backups still open with the old key; take a new one");
    Ok(ExitCode::SUCCESS)
}
