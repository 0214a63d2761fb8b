//! `vouch model explain`: why a stored decision was made, and what would have had to be otherwise.

use super::{DONE, FINDING};
use crate::cli::replay::find;
use crate::cli::state::{ConfigArgs, reference};
use crate::domain::TenantId;
use crate::engine::{Artefacts, Explanation, explain};
use crate::features::Value;
use anyhow::{Context, Result};
use std::io::Write;
use std::path::PathBuf;

/// Groups told on a terminal.
const TOLD: usize = 8;

/// Arguments of `vouch model explain`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ExplainArgs {
    /// A decision's id, or its transaction's
    id: String,
    /// Data directory of the server
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
    /// Whose decision
    #[arg(long, value_name = "TENANT", default_value = "default", value_parser = TenantId::new)]
    tenant: TenantId,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Exit code 0: explained; 1: nothing to explain, since the person was erased or no model decided.
pub(super) fn run(args: &ExplainArgs, out: &mut impl Write) -> Result<u8> {
    let stored = find(&args.data_dir, &args.tenant, &args.id)?
        .with_context(|| format!("no decision `{}`", args.id))?;
    let tables = reference(&args.config.load()?);
    let snapshot = Artefacts::new(&args.data_dir)
        .snapshot(&stored.decision.versions, tables)
        .context("what the decision was made with can't be loaded")?
        .for_trials();
    let Some(explanation) = explain(&stored, &snapshot) else {
        let why = if stored.erased { "the person was erased" } else { "no model decided" };
        writeln!(out, "nothing to explain: {why}")?;
        return Ok(FINDING);
    };
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&explanation)?)?;
    } else {
        told(&explanation, out)?;
    }
    Ok(DONE)
}

fn told(found: &Explanation, out: &mut impl Write) -> Result<()> {
    let percent = |p: f64| format!("{:.2} %", 100.0 * p);
    writeln!(
        out,
        "{}: {}, fraud probability {} (an average transaction: {})\n",
        found.transaction_id,
        found.action,
        percent(found.fraud_probability),
        percent(found.base_probability)
    )?;
    writeln!(out, "{:>9}  {:>10}  {:<20} ", "log-odds", "times", "facts")?;
    for group in found.groups.iter().take(TOLD) {
        let (log_odds, times) = (group.contribution, group.multiplier);
        writeln!(out, "{log_odds:>+9.2}  {times:>10.2}  {:<20} {}", group.code, group.text)?;
    }
    if found.counterfactuals.is_empty() {
        let tried = found.tried;
        writeln!(
            out,
            "\nno single one of the {tried} heaviest facts would have changed the action"
        )?;
        return Ok(());
    }
    writeln!(out, "\nany one of these would have changed the action:")?;
    for change in &found.counterfactuals {
        writeln!(
            out,
            "  {} {} in place of {}: {} at {}",
            change.feature,
            text(&change.would_be),
            text(&change.was),
            change.action,
            percent(change.fraud_probability)
        )?;
    }
    Ok(())
}

fn text(value: &Value) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::Null) | Err(_) => "unknown".to_owned(),
        Ok(serde_json::Value::String(text)) => format!("`{text}`"),
        Ok(other) => other.to_string(),
    }
}
