//! `vouch replay`: makes stored decisions again, one or all of a range, and compares them byte for byte;
//! or says what other rules or another model would have decided.

mod range;

use super::ledger::time;
use super::state::ConfigArgs;
use crate::domain::{TenantId, Timestamp};
use crate::engine::{Artefacts, Replay, StoredDecision, read_decision, replay};
use crate::ledger::{EntryKind, Reader};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `vouch replay`.
#[derive(Debug, clap::Args)]
pub(super) struct ReplayArgs {
    /// One decision, by its id or its transaction's
    #[arg(long, value_name = "ID", conflicts_with_all = ["all", "from", "to", "with", "model"])]
    decision: Option<String>,
    /// Every decision
    #[arg(long)]
    all: bool,
    /// Decisions on transactions at or after: a date, or a time like 2026-11-20T10:15:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Decisions on transactions before
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// What would have been decided with these rules: a directory or file; may be repeated
    #[arg(long, value_name = "RULES")]
    with: Vec<PathBuf>,
    /// What would have been decided with this model
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Threads that decide; 0: one for each core
    #[arg(long, value_name = "N", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u16).range(..=1024))]
    threads: u16,
    /// Most decisions listed one by one
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Data directory of the server
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
    /// Whose decision
    #[arg(long, value_name = "TENANT", default_value = "default", value_parser = TenantId::new)]
    tenant: TenantId,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Exit code 0: the same, or what would have been is told; 1: different or no longer readable; 2:
/// can't be tried.
pub(super) fn run(args: &ReplayArgs) -> Result<ExitCode> {
    match &args.decision {
        Some(id) => one(args, id),
        None => range::run(args),
    }
}

fn one(args: &ReplayArgs, id: &str) -> Result<ExitCode> {
    let config = args.config.load()?;
    let stored =
        find(&args.data_dir, &args.tenant, id)?.with_context(|| format!("no decision `{id}`"))?;
    let artefacts = Artefacts::new(&args.data_dir);
    let tables = super::state::reference(&config);
    let snapshot = artefacts
        .snapshot(&stored.decision.versions, tables)
        .context("what the decision was made with can't be loaded")?;
    let result = replay(&stored, &snapshot);
    if args.json {
        println!("{}", json(&stored, &result));
    } else {
        print_text(&stored, &result);
    }
    Ok(if matches!(result, Replay::Same(_)) { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn reader(data_dir: &Path) -> Result<Reader> {
    let master = crate::config::master_key()?.map(crate::ledger::MasterKey::from_bytes);
    Reader::open(data_dir, master).with_context(|| format!("no ledger in `{}`", data_dir.display()))
}

/// A tenant's decision by its own id or its transaction's.
pub(super) fn find(data_dir: &Path, tenant: &TenantId, id: &str) -> Result<Option<StoredDecision>> {
    let reader = reader(data_dir)?;
    for entry in reader.scan(None)? {
        let entry = entry?;
        if entry.kind != EntryKind::Decision || entry.tenant != *tenant {
            continue;
        }
        let named = entry.id == id || crate::engine::decision_name(&entry.tenant, &entry.id) == id;
        if named {
            return Ok(Some(read_decision(&entry)?));
        }
    }
    if id.is_empty() {
        bail!("give a decision's or a transaction's id");
    }
    Ok(None)
}

fn json(stored: &StoredDecision, result: &Replay) -> serde_json::Value {
    let (outcome, pointers) = match result {
        Replay::Same(_) => ("same", Vec::new()),
        Replay::Different { pointers, .. } => ("different", pointers.clone()),
        Replay::Erased => ("erased", Vec::new()),
        Replay::OtherVersions { .. } => ("other_versions", Vec::new()),
    };
    serde_json::json!({
        "decision_id": stored.decision.decision_id,
        "sequence": stored.sequence,
        "outcome": outcome,
        "pointers": pointers,
        "stored": stored.decision,
    })
}

fn print_text(stored: &StoredDecision, result: &Replay) {
    let decision = &stored.decision;
    println!(
        "{}  transaction {}  record {}  {}",
        decision.decision_id, decision.transaction_id, stored.sequence, decision.action
    );
    match result {
        Replay::Same(_) => println!("same: the decision made again is equal byte for byte"),
        Replay::Different { pointers, .. } => {
            println!("different at: {}", pointers.join(", "));
        }
        Replay::Erased => {
            println!(
                "erased: the personal part of the record is gone (account, card, device, mail)"
            );
        }
        Replay::OtherVersions { .. } => println!("other versions: the artefacts do not match"),
    }
}
