//! The `vouch` command: parses arguments and calls the library.

use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    vouch::cli::run()
}
