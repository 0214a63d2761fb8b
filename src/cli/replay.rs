//! `vouch replay`: makes a stored decision again and compares it byte for byte.

use super::state::ConfigArgs;
use crate::domain::TenantId;
use crate::engine::{Artefacts, Replay, StoredDecision, read_decision, replay};
use crate::ledger::{EntryKind, Reader};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `vouch replay`.
#[derive(Debug, clap::Args)]
pub(super) struct ReplayArgs {
    /// The decision's id, or its transaction's
    #[arg(long, value_name = "ID")]
    decision: String,
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

/// Exit code 0: the same; 1: different or no longer readable; 2: can't be tried.
pub(super) fn run(args: &ReplayArgs) -> Result<ExitCode> {
    let config = args.config.load()?;
    let stored = find(args)?.with_context(|| format!("no decision `{}`", args.decision))?;
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

fn find(args: &ReplayArgs) -> Result<Option<StoredDecision>> {
    let master = crate::config::master_key()?.map(crate::ledger::MasterKey::from_bytes);
    let reader = Reader::open(&args.data_dir, master)
        .with_context(|| format!("no ledger in `{}`", args.data_dir.display()))?;
    for entry in reader.scan(None)? {
        let entry = entry?;
        if entry.kind != EntryKind::Decision || entry.tenant != args.tenant {
            continue;
        }
        let named = entry.id == args.decision
            || crate::engine::decision_name(&entry.tenant, &entry.id) == args.decision;
        if named {
            return Ok(Some(read_decision(&entry)?));
        }
    }
    if args.decision.is_empty() {
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
