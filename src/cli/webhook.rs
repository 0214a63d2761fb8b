//! `vouch webhook`: who is told what happened, how far each has got, and sending again.

use super::state::ConfigArgs;
use crate::config;
use crate::domain::Timestamp;
use crate::ledger::{MasterKey, Reader};
use crate::webhook::{Cursor, DeadLetters, Endpoint, Which, replay};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Show who is told what happened, what was given up, and send it again
#[derive(Debug, Subcommand)]
pub(super) enum WebhookCommand {
    /// List the receivers of the configuration and how far each has got
    List {
        #[command(flatten)]
        place: Place,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the messages that were given up and not sent since; exit code 1 where there are any
    Dead {
        #[command(flatten)]
        place: Place,
        /// Of this receiver only
        name: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send messages again, in order, under the same ids; ends at the first that is not taken, with exit code 1
    ///
    /// No cursor moves, and a running server goes on beside it: what comes meanwhile may overtake.
    Replay(ReplayArgs),
}

/// Where things are.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// Where the ledger and its keys lie
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What to send again.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    place: Place,
    /// The receiver
    name: String,
    /// From this entry's number, or from what reached us at this time (RFC 3339)
    #[arg(long, value_name = "NUMBER|TIME", required_unless_present = "dead")]
    from: Option<String>,
    /// Up to this entry's number
    #[arg(long, value_name = "NUMBER")]
    to: Option<u64>,
    /// The messages that were given up
    #[arg(long, conflicts_with = "from")]
    dead: bool,
    /// Print JSON, an object a line
    #[arg(long)]
    json: bool,
}

/// Runs it. Exit codes: 0 done, 1 dead letters or a message that was not taken, 2 unusable input.
pub(super) fn run(command: &WebhookCommand) -> Result<ExitCode> {
    match command {
        WebhookCommand::List { place, json } => list(place, *json),
        WebhookCommand::Dead { place, name, json } => dead(place, name.as_deref(), *json),
        WebhookCommand::Replay(args) => again(args),
    }
}

fn endpoints(place: &Place) -> Result<Vec<Endpoint>> {
    Ok(Endpoint::all(&place.config.load()?.webhook)?)
}

fn list(place: &Place, json: bool) -> Result<ExitCode> {
    let mut rows = Vec::new();
    for endpoint in endpoints(place)? {
        let cursor = Cursor::of(&place.data_dir, &endpoint.name)?;
        let after = cursor.map(|cursor| cursor.after.map_or(0, |place| place.sequence));
        let dead = DeadLetters::of(&place.data_dir, &endpoint.name).read()?.len();
        let kinds: Vec<_> = endpoint.kinds.iter().map(|kind| kind.word()).collect();
        rows.push((endpoint, after, dead, kinds));
    }
    if json {
        let rows = rows.iter().map(|(endpoint, after, dead, kinds)| {
            json!({
                "name": endpoint.name, "address": endpoint.shown(), "tenant": endpoint.tenant,
                "kinds": kinds, "after": after, "dead": dead,
            })
        });
        println!("{}", rows.collect::<serde_json::Value>());
        return Ok(ExitCode::SUCCESS);
    }
    for (endpoint, after, dead, kinds) in rows {
        let after = after.map_or("not begun".to_owned(), |after| format!("after entry {after}"));
        let (name, address, tenant) = (&endpoint.name, endpoint.shown(), endpoint.tenant.as_str());
        println!("{name}  {address}  tenant {tenant}  {after}  {dead} dead");
        println!("  {}", kinds.join(" "));
    }
    Ok(ExitCode::SUCCESS)
}

fn dead(place: &Place, name: Option<&str>, json: bool) -> Result<ExitCode> {
    let mut any = false;
    let mut all = Vec::new();
    for endpoint in endpoints(place)? {
        if name.is_some_and(|name| name != endpoint.name) {
            continue;
        }
        for letter in DeadLetters::of(&place.data_dir, &endpoint.name).read()? {
            any = true;
            let name = &endpoint.name;
            if json {
                let mut row = json!(letter);
                if let Some(members) = row.as_object_mut() {
                    members.insert("webhook".to_owned(), json!(name));
                }
                all.push(row);
            } else {
                let (id, kind, at) = (&letter.id, &letter.kind, letter.at);
                let (sequence, tries, last) = (letter.sequence, letter.tries, &letter.last);
                println!("{name}  {kind}  entry {sequence}  {at}  {tries} tries  {last}  {id}");
            }
        }
    }
    if json {
        println!("{}", serde_json::Value::from(all));
    }
    Ok(ExitCode::from(u8::from(any)))
}

fn again(args: &ReplayArgs) -> Result<ExitCode> {
    let found = endpoints(&args.place)?.into_iter().find(|endpoint| endpoint.name == args.name);
    let Some(endpoint) = found else { bail!("no webhook `{}` is configured", args.name) };
    let from = match &args.from {
        None => Which::Dead,
        Some(text) => {
            let number = text.parse().ok().map(Which::Sequence);
            let time = || text.parse::<Timestamp>().ok().map(Which::Time);
            let message = || format!("`{text}` is no entry's number and no time");
            number.or_else(time).with_context(message)?
        }
    };
    let master = config::master_key()?.map(MasterKey::from_bytes);
    let reader = Reader::open(&args.place.data_dir, master)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("can't start the runtime")?;
    let mut sent = 0_u64;
    let tell = |replayed: &crate::webhook::Replayed| {
        sent += u64::from(replayed.failed.is_none());
        let sequence = replayed.sequence;
        match &replayed.failed {
            _ if args.json => println!("{}", json!(replayed)),
            None => println!("{}  entry {sequence}  {}", replayed.kind, replayed.id),
            Some(why) => eprintln!(
                "not taken: {}, entry {sequence}: {why}; go on by `--from {sequence}`",
                replayed.kind
            ),
        }
    };
    let place = (&reader, args.place.data_dir.as_path());
    let done = runtime.block_on(replay(&endpoint, place, (from, args.to), tell))?;
    eprintln!("{sent} sent to `{}`", endpoint.name);
    Ok(ExitCode::from(u8::from(!done)))
}
