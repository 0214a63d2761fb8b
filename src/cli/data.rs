//! `vouch data`: lists the tables in use, and compiles the bundled ones from the files of the public
//! packages.

use super::state::ConfigArgs;
use super::tables;
use crate::reference::Table;
use crate::reference::compile::{Sources, compile};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Maintain the reference tables.
#[derive(Debug, clap::Args)]
pub(super) struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DataCommand {
    /// List the tables and MaxMind-format files in use, with the day they were built.
    List(ListArgs),
    /// Compile the tables from source files, as the recipes of the list fetch them.
    Compile(CompileArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, clap::Args)]
struct CompileArgs {
    /// Directory that holds the source files.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Directory to write the tables to.
    #[arg(long, value_name = "DIR", default_value = "data/tables")]
    out: PathBuf,
    /// List of the sources with their digests.
    #[arg(long, value_name = "FILE", default_value = "data/SOURCES.toml")]
    sources: PathBuf,
}

pub(super) fn run(args: DataArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        DataCommand::List(args) => list(&args),
        DataCommand::Compile(args) => compile_all(&args),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let config = args.config.load()?;
    let reference = tables::load(&config, None, &[]);
    let (now, stale_days) = (crate::clock::now(), config.reference.stale_days);
    let mut stdout = std::io::stdout().lock();
    if args.json {
        let rows: Vec<_> = reference
            .versions()
            .iter()
            .map(|version| {
                let (age, stale) = (version.age_days(now), version.is_stale(now, stale_days));
                serde_json::json!({ "source": version, "age_days": age, "stale": stale })
            })
            .collect();
        writeln!(stdout, "{:#}", serde_json::Value::Array(rows))?;
    } else {
        tables::write(&reference, now, stale_days, &mut stdout)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn compile_all(args: &CompileArgs) -> anyhow::Result<ExitCode> {
    let sources = Sources::read(&args.sources)?;
    let bar = ProgressBar::new(Table::ALL.len() as u64); // draws on a terminal only
    bar.set_style(ProgressStyle::with_template("{bar:20} {pos}/{len} {msg}")?);
    let mut stdout = std::io::stdout().lock();
    for table in Table::ALL {
        bar.set_message(table.name());
        let done = compile(table, &sources, &args.from, &args.out)
            .with_context(|| format!("table `{}` was not compiled", table.name()))?;
        bar.suspend(|| {
            writeln!(stdout, "{:<10} {:>8} rows {:>9} bytes", table.name(), done.rows, done.bytes)
        })?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(ExitCode::SUCCESS)
}
