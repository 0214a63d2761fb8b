//! `vouch data`: compiles the bundled tables from the files of the public packages.

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
    /// Compile the tables from source files, as the recipes of the list fetch them.
    Compile(CompileArgs),
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
    let DataCommand::Compile(args) = args.command;
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
