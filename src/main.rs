//! The `vouch` command: hands the arguments to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    vouch::cli::run()
}
