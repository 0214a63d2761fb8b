//! The `vouch` command: one file per subcommand, each a clap struct and a `run`.
//!
//! Nothing is decided here: arguments become library calls, results become lines on stdout, all else
//! goes to stderr. Errors are `anyhow` only in this module.

pub mod simulate;
