//! `vouch doctor`: whether a server would start here and do its work, a line for each thing that can be in
//! the way, each with what to do about it. Looks only: what it finds is left as it is.

mod data;
mod machine;
mod parts;

use super::state::ConfigArgs;
use crate::clock;
use serde::Serialize;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

const AFTER_HELP: &str = "\
Give it what `vouch serve` is given, and run it as the user that serves. It makes and changes nothing but a
file without a name that shows whether the directory can be written. Exit codes: 0 nothing is broken (there
may be warnings), 1 something is.";

/// Arguments of `vouch doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct DoctorArgs {
    /// Where the ledger and its keys lie
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
    /// Address the server listens on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[command(flatten)]
    config: ConfigArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    said: String,
    /// What to do; empty where all is well.
    #[serde(skip_serializing_if = "String::is_empty")]
    todo: String,
}

fn ok(check: &'static str, said: impl Into<String>) -> Finding {
    Finding { check, state: State::Ok, said: said.into(), todo: String::new() }
}

/// Nothing is wrong, and there is something one may do.
fn ok_with(check: &'static str, said: impl Into<String>, todo: impl Into<String>) -> Finding {
    Finding { check, state: State::Ok, said: said.into(), todo: todo.into() }
}

fn warn(check: &'static str, said: impl Into<String>, todo: impl Into<String>) -> Finding {
    Finding { check, state: State::Warn, said: said.into(), todo: todo.into() }
}

fn fail(check: &'static str, said: impl Into<String>, todo: impl Into<String>) -> Finding {
    Finding { check, state: State::Fail, said: said.into(), todo: todo.into() }
}

/// An error with its causes, in one line.
fn in_words(error: impl Into<anyhow::Error>) -> String {
    let text = format!("{:#}", error.into());
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Exit codes: 0 nothing fails, 1 something does.
pub(super) fn run(args: &DoctorArgs) -> ExitCode {
    let found = look(args);
    let worst = found.iter().map(|one| one.state).max().unwrap_or(State::Ok);
    if args.json {
        println!("{}", serde_json::json!({ "state": worst, "checks": found }));
    } else {
        print!("{}", page(&found));
    }
    if worst == State::Fail { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

fn look(args: &DoctorArgs) -> Vec<Finding> {
    let now = clock::now();
    let config = match args.config.load() {
        Ok(config) => config,
        Err(error) => {
            let todo = "mend the file; `vouch config print` shows every setting with its default";
            return vec![fail("config", in_words(error), todo)];
        }
    };
    let mut found = vec![ok("config", "every setting is known and within its range")];
    let (held, ledger) = data::ledger(&args.data_dir, now);
    found.extend(data::directory(&args.data_dir));
    found.push(machine::disk(&args.data_dir, &config.ledger));
    found.push(ledger);
    found.extend(data::roots(&args.data_dir));
    found.extend(parts::look(&config, &args.data_dir, now));
    found.extend(data::access(&args.data_dir, args.listen, now));
    found.extend(parts::tls(config.server.tls.as_ref(), args.listen, now));
    found.extend(data::secrets(&config.stripe));
    found.extend(data::receivers(&config.webhook));
    found.push(machine::port(args.listen, held, config.server.tls.is_some()));
    found.extend(machine::limits(&config, held));
    found
}

fn page(found: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { check, state, said, todo } in found {
        let word = match state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "fail",
        };
        let _ = writeln!(text, "{word:<5} {check:<11} {said}");
        if !todo.is_empty() {
            let _ = writeln!(text, "{:17} → {todo}", "");
        }
    }
    let count = |state| found.iter().filter(|one| one.state == state).count();
    let (fails, warns) = (count(State::Fail), count(State::Warn));
    text + &format!("{} checks: {fails} fail, {warns} warn\n", found.len())
}
