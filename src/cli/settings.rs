//! `vouch config` and `vouch features`: what is set and what can be asked of a transaction.

use super::state::ConfigArgs;
use crate::features::{FIELDS, markdown};
use crate::webhook::Endpoint;
use anyhow::Result;
use std::process::ExitCode;

/// Subcommands of `vouch config`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum ConfigCommand {
    /// Read the configuration and everything it names; exit 0 when a server would start with it
    Check(ConfigArgs),
    /// Print the configuration in use, defaults included, as TOML
    Print(ConfigArgs),
}

pub(super) fn run(command: &ConfigCommand) -> Result<ExitCode> {
    match command {
        ConfigCommand::Check(args) => {
            let config = args.load()?;
            let snapshot = super::state::snapshot(&config)?;
            Endpoint::all(&config.webhook)?;
            crate::telemetry::exporter(&config.telemetry)?;
            for part in &snapshot.degraded {
                eprintln!("warning: `{part}` is missing");
            }
            println!("ok: {} rules, model {}", snapshot.rules.rules().len(), model(&snapshot));
        }
        ConfigCommand::Print(args) => print!("{}", args.load()?.to_toml()),
    }
    Ok(ExitCode::SUCCESS)
}

fn model(snapshot: &crate::engine::Snapshot) -> &str {
    snapshot.versions.model.get(..12).unwrap_or("none")
}

/// Arguments of `vouch features`.
#[derive(Debug, clap::Args)]
pub(super) struct FeaturesArgs {
    /// Print the page `docs/features.md`
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn features(args: &FeaturesArgs) -> ExitCode {
    if args.markdown {
        print!("{}", markdown());
    } else if args.json {
        let rows: Vec<_> = FIELDS
            .iter()
            .map(|field| {
                serde_json::json!({
                    "name": field.name, "type": field.kind.name(), "unit": field.unit,
                    "window": field.window, "personal": field.personal,
                    "missing": field.missing, "meaning": field.doc,
                })
            })
            .collect();
        println!("{}", serde_json::Value::Array(rows));
    } else {
        for field in FIELDS {
            println!("{:32} {:13} {}", field.name, field.kind.name(), field.doc);
        }
    }
    ExitCode::SUCCESS
}
