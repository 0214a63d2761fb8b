//! `vouch ledger`: look into the ledger, check it, take it elsewhere; beside a running server or
//! without one.

mod backup;
mod check;
mod expire;
mod export;
mod hold;
mod import;
mod list;
mod person;
mod rekey;
mod roots;
mod show;
mod timeline;

use crate::domain::{TenantId, TimeError, Timestamp};
use crate::ledger::{EntryKind, Freshness, Index, LedgerError, MasterKey, refresh};
use anyhow::{Context, Result, ensure};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Look into the ledger, check it, take it elsewhere.
#[derive(Debug, clap::Args)]
pub(super) struct LedgerArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List entries, the latest first
    List(list::ListArgs),
    /// Show one entry with everything in it, personal fields included
    Show(show::ShowArgs),
    /// Everything a customer did and what came of it, in the order it happened
    Timeline(timeline::TimelineArgs),
    /// Check every record: checksum, hash chain, keys, signed roots
    Verify(check::VerifyArgs),
    /// Sign a Merkle root of every day that is over, and list them
    Roots(roots::RootsArgs),
    /// Everything held of a person, as one document to hand to them
    Person(person::PersonArgs),
    /// Forbid erasing a person: a legal hold
    Hold(hold::HoldArgs),
    /// End a person's legal hold
    Release(hold::PersonArgs),
    /// List the legal holds
    Holds(hold::HoldsArgs),
    /// Erase a person: nothing sealed for them can be read again; the chain still verifies
    Erase(hold::PersonArgs),
    /// Erase everybody whose time is over, or say how many that would be
    Expire(expire::ExpireArgs),
    /// Put another master key in the place of the one in use
    Rekey(rekey::RekeyArgs),
    /// Write entries as Parquet files, by kind and month
    Export(export::ExportArgs),
    /// Take an export into a fresh data directory
    Import(import::ImportArgs),
    /// Copy ledger, keys and artefacts, while a server runs or not
    Backup(backup::BackupArgs),
    /// Make a data directory from a backup, and say how long that took
    Restore(backup::RestoreArgs),
}

#[derive(Debug, clap::Args)]
struct Place {
    /// Data directory of the server
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn tenant(text: &str) -> Result<TenantId, crate::domain::TextError> {
    TenantId::new(text)
}

fn kind(text: &str) -> Result<EntryKind, String> {
    let words = || EntryKind::ALL.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
    EntryKind::from_word(text).ok_or_else(|| format!("one of {}", words()))
}

/// A time, or a date for its first moment in UTC.
pub(super) fn time(text: &str) -> Result<Timestamp, TimeError> {
    let midnight = format!("{text}T00:00:00Z");
    text.parse().or_else(|error| midnight.parse().map_err(|_| error))
}

/// Refuses a range of times that holds none.
pub(super) fn ensure_range(from: Option<Timestamp>, to: Option<Timestamp>) -> Result<()> {
    if let (Some(from), Some(to)) = (from, to) {
        ensure!(from < to, "--from {from} is not before --to {to}: nothing lies between them");
    }
    Ok(())
}

/// Exit code 0: done; 1: no such entry, or a finding; an error: the ledger can't be used.
pub(super) fn run(args: &LedgerArgs) -> Result<ExitCode> {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Timeline(args) => timeline::run(args),
        Command::Verify(args) => check::run(args),
        Command::Roots(args) => roots::run(args),
        Command::Person(args) => person::run(args),
        Command::Hold(args) => hold::hold(args),
        Command::Release(args) => hold::release(args),
        Command::Holds(args) => hold::list(args),
        Command::Erase(args) => hold::erase(args),
        Command::Expire(args) => expire::run(args),
        Command::Rekey(args) => rekey::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => backup::restore(args),
    }
}

/// Writes to standard output; whoever closed it has seen enough.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The index, as fresh as it can be had; how fresh goes to standard error.
fn index(data_dir: &Path) -> Result<Index> {
    match refresh(data_dir) {
        Ok(Freshness::Current) => {}
        Ok(Freshness::Behind { records }) => {
            eprintln!("note: a server is running; its index lacks the latest {records} entries");
        }
        Err(LedgerError::Damaged(damage)) => eprintln!("warning: {damage}: only what is before"),
        Err(error) => return Err(error).context("can't bring the index up to date"),
    }
    Ok(Index::open(data_dir)?)
}

fn master_key() -> Result<Option<MasterKey>> {
    Ok(crate::config::master_key()?.map(MasterKey::from_bytes))
}

/// Columns as wide as what is in them.
pub(super) fn columns<const N: usize>(lines: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in lines {
        let padded = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        let padded = padded.collect::<Vec<_>>().join("  ");
        text.push_str(padded.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Ledger, LedgerConfig, LookupField, NewEntry};

    pub(super) fn written() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let config = LedgerConfig { segment_bytes: 1 << 16, ..LedgerConfig::new(dir.path()) };
        let ledger = Ledger::open(config, &mut |_| {}).unwrap();
        let tenant = TenantId::default_tenant();
        for (id, score) in [("tx-1", "3.5"), ("7", "88.25"), ("tx-3", "12.0")] {
            let entry = NewEntry {
                kind: EntryKind::Decision,
                id: id.to_owned(),
                event_time: "2026-11-20T10:15:00Z".parse().unwrap(),
                received_at: "2026-11-20T10:15:00.25Z".parse().unwrap(),
                subject: Some(ledger.hasher().subject(&tenant, "acc-7")),
                open: format!(
                    r#"{{"summary":{{"transaction_id":"{id}","type":"purchase","action":"approve","risk_score":{score},"amount":"49.00","currency":"EUR"}}}}"#
                )
                .into(),
                personal: br#"{"name":"Jane"}"#.to_vec(),
                lookups: vec![(
                    LookupField::Email,
                    ledger.hasher().lookup(&tenant, LookupField::Email, "j@example.com"),
                )],
                tenant: tenant.clone(),
            };
            ledger.append(&entry).unwrap().wait().unwrap();
        }
        dir
    }

    #[test]
    fn times_are_read_with_or_without_a_clock_time() {
        assert_eq!(time("2026-11-20").unwrap(), time("2026-11-20T01:00:00+01:00").unwrap());
        assert!(
            time("yesterday").unwrap_err().to_string().starts_with("`yesterday` is not a time")
        );
        assert!(kind("decisions").unwrap_err().starts_with("one of decision, event"));
    }
}
