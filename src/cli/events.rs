//! `vouch events import`: a file of events into the ledger.

use super::rows::{count, for_each};
use super::state::ConfigArgs;
use crate::domain::Event;
use crate::input::files::{Format, Item, open};
use anyhow::{Context, Result, bail, ensure};
use std::path::PathBuf;
use std::process::ExitCode;

/// Subcommands of `vouch events`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum EventsCommand {
    /// Take a file of events into the ledger, while no server runs on it
    Import(ImportArgs),
}

/// Arguments of `vouch events import`.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// Events as JSON lines, as `POST /v1/events` takes them
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Data directory of the server
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    pub(super) data_dir: PathBuf,
    #[command(flatten)]
    pub(super) config: ConfigArgs,
}

/// Imports a file: `accept` keeps each event and says whether it was new; `None` comes last, and it
/// waits until everything is kept.
///
/// Exit code 0: every row; 1: some bad rows, the others are kept. A file that can't be used is an
/// error (2).
pub(super) fn import(
    args: &ImportArgs,
    mut accept: impl FnMut(Option<Event>) -> Result<bool>,
) -> Result<ExitCode> {
    let file = &args.file;
    let lines = open(file, None).with_context(|| format!("`{}`", file.display()))?;
    ensure!(
        lines.format() == Format::Jsonl,
        "`{}`: events are JSON lines, not a table",
        file.display()
    );
    let (mut new, mut known) = (0, 0);
    let bad = for_each(file, lines, true, |line| match line.item {
        Item::Event { event, .. } => {
            *(if accept(Some(*event))? { &mut new } else { &mut known }) += 1;
            Ok(())
        }
        Item::Transaction { .. } => {
            bail!("a transaction, not an event; `vouch score` reads transactions")
        }
    })?;
    accept(None)?;
    eprintln!("{}, {known} known before; {}", count(new, "new event"), count(bad, "bad row"));
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imported(text: &str) -> Result<(ExitCode, Vec<String>)> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("events.jsonl");
        std::fs::write(&file, text).unwrap();
        let mut seen = Vec::new();
        let args = ImportArgs { file, data_dir: PathBuf::new(), config: ConfigArgs::default() };
        let code = import(&args, |event| {
            let Some(event) = event else { return Ok(false) };
            let id = event.event_id.to_string();
            let new = !seen.contains(&id);
            seen.push(id);
            Ok(new)
        })?;
        Ok((code, seen))
    }

    #[test]
    fn events_are_kept_and_other_rows_are_bad() {
        let event = |id: &str| {
            format!(
                r#"{{"event_id":"{id}","type":"session.login","event_time":"2026-11-20T10:15:00Z"}}"#
            )
        };
        let (one, two) = (event("e1"), event("e2"));
        let (code, seen) = imported(&format!("{one}\n{two}\n{one}\n")).unwrap();
        assert_eq!((code, seen), (ExitCode::SUCCESS, vec!["e1".into(), "e2".into(), "e1".into()]));
        let transaction =
            r#"{"transaction_id":"t","type":"login","event_time":"2026-11-20T10:15:00Z"}"#;
        let (code, seen) = imported(&format!("{one}\n{transaction}\n{{\n{two}")).unwrap();
        assert_eq!((code, seen.len()), (ExitCode::from(1), 2));
        assert!(imported("PAR1").is_err());
    }
}
