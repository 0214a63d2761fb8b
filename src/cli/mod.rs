//! Arguments of the command, and what they call in the library.

mod data;
mod lookup;

use clap::Parser;
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(name = "vouch", version, about)]
enum Command {
    Data(data::DataArgs),
    Lookup(lookup::LookupArgs),
}

/// Parses the arguments and runs the command.
///
/// # Errors
/// What the command could not do, for the user to read.
pub fn run() -> anyhow::Result<ExitCode> {
    match Command::parse() {
        Command::Data(args) => data::run(args),
        Command::Lookup(args) => lookup::run(&args),
    }
}
