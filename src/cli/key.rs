//! `vouch key`: access keys made, listed, replaced and taken away. A running server takes each change into
//! use within seconds.

use crate::access::{AccessFile, Key, KeyId, Limits, Scope, Token};
use crate::clock;
use crate::domain::{HOUR_MS, TenantId, Timestamp};
use anyhow::{Result, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

const LONGEST_LABEL: usize = 100;
/// Ten years.
const MOST_HOURS: u32 = 87_600;

/// Make, list, replace and take away access keys
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key and print it, once: nobody can print it again
    Add(AddArgs),
    /// List the keys, without their secrets
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Make a key in the place of another, which goes on for a while
    Rotate {
        /// The key's id, the first part of it
        id: KeyId,
        /// For how many hours the old key goes on
        #[arg(long, value_name = "HOURS", default_value_t = 24,
            value_parser = clap::value_parser!(u32).range(0..=i64::from(MOST_HOURS)))]
        overlap_hours: u32,
        #[command(flatten)]
        place: Place,
    },
    /// Take a key away
    Revoke {
        /// The key's id, the first part of it
        id: KeyId,
        #[command(flatten)]
        place: Place,
    },
}

/// Where the keys are.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// Where the ledger and its keys lie
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
}

/// A new key.
#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// What it may be used for: score, events, disputes, rules, admin; may be repeated
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<Scope>,
    /// Whose requests it makes
    #[arg(long, value_name = "TENANT", default_value = "default")]
    tenant: String,
    /// What it is for, for the list
    #[arg(long, default_value = "")]
    label: String,
    /// From when on it is refused, in hours from now; never without
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_HOURS)))]
    hours: Option<u32>,
    /// Most requests a second in the long run
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..))]
    per_second: Option<u32>,
    /// Most requests at once after a pause; those of a second without
    #[arg(long, value_name = "REQUESTS", requires = "per_second")]
    burst: Option<u32>,
    /// Most requests under way together
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..))]
    at_once: Option<u32>,
    #[command(flatten)]
    place: Place,
}

/// Runs it. Exit codes: 0 done, 2 there is no such key, or its file can't be used.
pub(super) fn run(command: &KeyCommand) -> Result<ExitCode> {
    let now = clock::now();
    match command {
        KeyCommand::Add(args) => add(args, now)?,
        KeyCommand::List { json, place } => list(&AccessFile::read(&place.data_dir)?, *json, place),
        KeyCommand::Rotate { id, overlap_hours, place } => {
            let until = after(now, *overlap_hours);
            let rotate = |file: &mut AccessFile| file.rotate(*id, until, now);
            show(&AccessFile::change(&place.data_dir, rotate)?);
            eprintln!("key {id} goes on until {until}");
        }
        KeyCommand::Revoke { id, place } => {
            AccessFile::change(&place.data_dir, |file| file.revoke(*id))?;
            eprintln!("key {id} is taken away");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn after(now: Timestamp, hours: u32) -> Timestamp {
    now.plus_millis(i64::from(hours) * HOUR_MS)
}

fn add(args: &AddArgs, now: Timestamp) -> Result<()> {
    ensure!(
        args.label.chars().count() <= LONGEST_LABEL && !args.label.contains(char::is_control),
        "`--label` is at most {LONGEST_LABEL} characters in one line"
    );
    let Ok(tenant) = TenantId::new(&args.tenant) else {
        bail!("`--tenant {}` is no name of a tenant", args.tenant);
    };
    let token = Token::new()?;
    let scopes: BTreeSet<Scope> = args.scopes.iter().copied().collect();
    let AddArgs { per_second, burst, at_once, .. } = *args;
    let mut key = Key::of(&token, tenant, scopes, now);
    key.label.clone_from(&args.label);
    key.expires_at = args.hours.map(|hours| after(now, hours));
    key.limits = Limits { per_second, burst, at_once };
    AccessFile::change(&args.place.data_dir, |file| file.add(key))?;
    show(&token);
    Ok(())
}

/// The key alone on standard output, for a variable or a secret store.
fn show(token: &Token) {
    println!("{}", *token.reveal());
    eprintln!("key {}: shown this once; it is kept as a digest only", token.id());
}

fn list(file: &AccessFile, as_json: bool, place: &Place) {
    let used = AccessFile::used(&place.data_dir);
    if as_json {
        let key = |key: &Key| {
            json!({
                "id": key.id, "tenant": key.tenant, "scopes": key.scopes, "label": key.label,
                "made_at": key.made_at, "expires_at": key.expires_at, "replaces": key.replaces,
                "limits": key.limits, "last_used_at": used.get(&key.id),
            })
        };
        println!("{}", json!({ "keys": file.keys().map(key).collect::<Vec<_>>() }));
        return;
    }
    let head = ["id", "tenant", "last used", "expires", "scopes", "label"].map(str::to_owned);
    let row = |key: &Key| {
        let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.word()).collect();
        let time = |at: Option<&Timestamp>| at.map_or("never".to_owned(), ToString::to_string);
        [
            key.id.to_string(),
            key.tenant.as_str().to_owned(),
            time(used.get(&key.id)),
            time(key.expires_at.as_ref()),
            scopes.join(","),
            key.label.clone(),
        ]
    };
    for [id, tenant, used, expires, scopes, label] in
        std::iter::once(head).chain(file.keys().map(row))
    {
        let line = format!("{id:<16} {tenant:<12} {used:<24} {expires:<24} {scopes:<24} {label}");
        println!("{}", line.trim_end());
    }
    if file.is_empty() {
        eprintln!("no keys: whoever can reach the server on its machine is served");
    }
}
