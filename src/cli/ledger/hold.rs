//! `vouch ledger hold`, `release`, `holds` and `erase`: a person's data, and what forbids erasing it.
//!
//! While no server runs on the directory, `holds` aside.

use super::person::account;
use super::{columns, master_key, print, tenant};
use crate::cli::{progress, state};
use crate::clock;
use crate::config::Config;
use crate::domain::{AccountId, TenantId};
use crate::engine::{Hold, Who, holds, person};
use crate::ledger::{Ledger, Reader};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::ExitCode;

/// Whose data.
#[derive(Debug, clap::Args)]
pub(super) struct PersonArgs {
    /// The buyer's account
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    account: AccountId,
    /// Whose buyer
    #[arg(long, default_value = "default", value_parser = tenant)]
    tenant: TenantId,
    /// Who orders it, for the audit
    #[arg(long, value_name = "NAME", default_value = "operator")]
    by: String,
    /// Data directory of the server
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct HoldArgs {
    #[command(flatten)]
    person: PersonArgs,
    /// Why: a matter or file number, not the person; it is kept in clear and for good
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct HoldsArgs {
    /// Only this buyer's account
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    account: Option<AccountId>,
    /// Whose buyers
    #[arg(long, default_value = "default", value_parser = tenant)]
    tenant: TenantId,
    #[command(flatten)]
    place: super::Place,
}

impl PersonArgs {
    fn engine(&self) -> Result<std::sync::Arc<crate::engine::Engine>> {
        state::open_engine(&Config::load(None)?, &self.data_dir)
    }

    fn who(&self) -> Result<Who> {
        Who::new(&self.by).context("`--by` is a name of 1 to 64 characters")
    }
}

pub(super) fn hold(args: &HoldArgs) -> Result<ExitCode> {
    let HoldArgs { person, reason } = args;
    let whose = (&person.tenant, &person.account);
    let sequence = person.engine()?.hold(whose, &person.who()?, reason, clock::now())?;
    print(&format!("held: record {sequence}\n"))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn release(args: &PersonArgs) -> Result<ExitCode> {
    let whose = (&args.tenant, &args.account);
    let sequence = args.engine()?.release(whose, &args.who()?, clock::now())?;
    print(&format!("released: record {sequence}\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// An open dispute of the person forbids it like a hold. Exit code 1: there was nothing to erase.
pub(super) fn erase(args: &PersonArgs) -> Result<ExitCode> {
    let (engine, now) = (args.engine()?, clock::now());
    let last = engine.ledger().and_then(Ledger::last).map_or(0, |last| last.sequence);
    let bar = progress::rows("reading", last);
    let whose = (&args.tenant, &args.account);
    let erased = engine.erase(whose, &args.who()?, now, &mut |read| bar.set_position(read));
    bar.finish_and_clear();
    let keys = erased?;
    if keys == 0 {
        print(&format!("nothing is sealed for `{}`: no key destroyed\n", args.account))?;
        return Ok(ExitCode::from(1));
    }
    print(&format!("erased: {keys} keys destroyed; erase in backups, too\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Exit code 1: the account asked for is not held.
pub(super) fn list(args: &HoldsArgs) -> Result<ExitCode> {
    let reader = Reader::open(&args.place.data_dir, master_key()?)?;
    let mut found = holds(reader.scan(None)?, &args.tenant)?;
    if let Some(account) = &args.account {
        let hasher = reader.hasher().context("the ledger's master key is not there")?;
        let wanted = person(hasher, &args.tenant, account).to_string();
        found.retain(|hold| hold.person == wanted);
    }
    let line = |hold: &Hold| -> Result<String> { Ok(serde_json::to_string(hold)? + "\n") };
    if args.place.json {
        print(&found.iter().map(line).collect::<Result<String>>()?)?;
    } else {
        let title = ["since", "by", "person", "reason"].map(str::to_owned);
        let cells = |hold: &Hold| {
            let Hold { person, reason, by, since, .. } = hold.clone();
            [since.to_string(), by, person, reason]
        };
        print(&columns(&[title].into_iter().chain(found.iter().map(cells)).collect::<Vec<_>>()))?;
    }
    let missed = args.account.is_some() && found.is_empty();
    Ok(if missed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
