//! `vouch lists`, `vouch review`, `vouch appeal`, `vouch rules whatif` and `snooze`: what people do, on a
//! data directory no server has open. Beside a running server the same is asked over HTTP.

use super::state::{self, ConfigArgs};
use crate::clock;
use crate::domain::{HOUR_MS, LabelClass, Outcome, TenantId, Timestamp, TransactionId};
use crate::engine::{
    Appeal, AppealOf, Buyer, Engine, ListEntry, Resolution, ReviewFilter, WhatIf, Who,
};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Where the ledger lies, and who acts.
#[derive(Debug, Args)]
pub(super) struct Desk {
    /// Where the ledger and its keys lie
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
    /// Who does it, for the audit
    #[arg(long, default_value = "operator")]
    by: String,
}

impl Desk {
    fn open(&self) -> Result<Arc<Engine>> {
        state::open_engine(&self.config.load()?, &self.data_dir)
    }

    fn who(&self) -> Result<Who> {
        Who::new(&self.by).context("`--by` is a name of 1 to 64 characters")
    }
}

/// How long something holds.
#[derive(Debug, Args)]
pub(super) struct For {
    /// For so many hours
    #[arg(long)]
    hours: Option<u32>,
    /// Why
    #[arg(long, default_value = "")]
    note: String,
}

impl For {
    fn until(&self, now: Timestamp) -> Option<Timestamp> {
        self.hours.map(|hours| now.plus_millis(i64::from(hours) * HOUR_MS))
    }
}

/// By what a buyer is known: one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Whose {
    /// The buyer of a transaction
    #[arg(long, value_name = "ID")]
    transaction: Option<String>,
    /// An account's id
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// A mailbox
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// A card's fingerprint
    #[arg(long, value_name = "FINGERPRINT")]
    card: Option<String>,
    /// A device's id
    #[arg(long, value_name = "ID")]
    device: Option<String>,
}

impl Whose {
    fn of(&self) -> Result<AppealOf> {
        if let Some(id) = &self.transaction {
            return Ok(AppealOf::Transaction(TransactionId::new(id)?));
        }
        self.buyer().map(AppealOf::Buyer)
    }

    fn buyer(&self) -> Result<Buyer> {
        let given = [
            ("account", &self.account),
            ("email", &self.email),
            ("card", &self.card),
            ("device", &self.device),
        ];
        let given = given.into_iter().find_map(|(by, value)| Some((by, value.as_deref()?)));
        given
            .and_then(|(by, value)| Buyer::new(by, value))
            .context("name the buyer by `--account`, `--email`, `--card` or `--device`")
    }
}

/// Show and change the lists rules ask about
#[derive(Debug, Subcommand)]
pub(super) enum ListsCommand {
    /// List them, or the entries of one
    Show {
        /// The list; without it, every list
        name: Option<String>,
        /// Most entries
        #[arg(long, default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        desk: Desk,
    },
    /// Put a value on a list
    Add {
        /// The list
        name: String,
        /// The value
        value: String,
        #[command(flatten)]
        end: For,
        #[command(flatten)]
        desk: Desk,
    },
    /// Take a value off a list
    Remove {
        /// The list
        name: String,
        /// The value
        value: String,
        #[command(flatten)]
        desk: Desk,
    },
}

/// Work the reviews that wait for a person
#[derive(Debug, Subcommand)]
pub(super) enum ReviewCommand {
    /// List them, oldest first
    List {
        /// Most of them
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Only those in which this rule matched
        #[arg(long)]
        rule: Option<String>,
        #[command(flatten)]
        desk: Desk,
    },
    /// Show the decision of one
    Show {
        /// The transaction
        id: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// End one
    Resolve {
        /// The transaction
        id: String,
        /// `approve` or `decline`
        resolution: String,
        /// What it turned out to be, e.g. `stolen_instrument`
        #[arg(long)]
        label: Option<String>,
        /// Why
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        desk: Desk,
    },
}

/// Arguments of `vouch appeal`.
#[derive(Debug, Args)]
pub(super) struct AppealArgs {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    end: For,
    /// End one that was granted instead; name the buyer, not a transaction
    #[arg(long)]
    withdraw: bool,
    #[command(flatten)]
    desk: Desk,
}

/// Arguments of `vouch rules snooze`.
#[derive(Debug, Args)]
pub(super) struct SnoozeArgs {
    /// The rule
    rule: String,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    end: For,
    /// Wake it instead
    #[arg(long)]
    wake: bool,
    #[command(flatten)]
    desk: Desk,
}

/// Arguments of `vouch rules whatif`.
#[derive(Debug, Args)]
pub(super) struct WhatIfArgs {
    /// A transaction that was scored before, as if it came again now
    #[arg(long, value_name = "ID", conflicts_with = "given", required_unless_present = "given")]
    transaction: Option<String>,
    /// A transaction as JSON; id, type and time may be left out
    #[arg(long, value_name = "FILE")]
    given: Option<PathBuf>,
    #[command(flatten)]
    desk: Desk,
}

fn tenant() -> TenantId {
    TenantId::default_tenant()
}

/// How long an appeal or a sleep holds unless it says, in hours.
const MONTH: i64 = 720;

pub(super) fn lists(command: &ListsCommand) -> Result<ExitCode> {
    let now = clock::now();
    match command {
        ListsCommand::Show { name: None, desk, .. } => print(&desk.open()?.list_views(&tenant())),
        ListsCommand::Show { name: Some(name), limit, desk } => {
            let lists = desk.open()?.snapshot().lists_of(&tenant()).clone();
            let Some(list) = lists.get(name) else { bail!("there is no list `{name}`") };
            for (_, ListEntry { value, expires }) in list.entries(0, *limit) {
                println!("{value}{}", expires.map(|at| format!(", {at}")).unwrap_or_default());
            }
            Ok(ExitCode::SUCCESS)
        }
        ListsCommand::Add { name, value, end, desk } => {
            let entry = ListEntry { value: value.clone(), expires: end.until(now) };
            let act = (name.clone(), entry, end.note.clone());
            let sequence = desk.open()?.list_add(&tenant(), &desk.who()?, act, now)?;
            print(&serde_json::json!({"sequence": sequence}))
        }
        ListsCommand::Remove { name, value, desk } => {
            let act = (name.clone(), value.clone());
            let removed = desk.open()?.list_remove(&tenant(), &desk.who()?, act, now)?;
            Ok(found(removed, "the value is not on the list"))
        }
    }
}

pub(super) fn review(command: &ReviewCommand) -> Result<ExitCode> {
    match command {
        ReviewCommand::List { limit, rule, desk } => {
            let filter =
                ReviewFilter { rule: rule.clone(), limit: *limit, ..ReviewFilter::default() };
            print(&desk.open()?.reviews(&tenant(), &filter))
        }
        ReviewCommand::Show { id, desk } => match desk.open()?.find_decision(&tenant(), id)? {
            Some((decision, ..)) => print(&decision),
            None => bail!("no decision has the id `{id}`"),
        },
        ReviewCommand::Resolve { id, resolution, label, note, desk } => {
            let outcome = match resolution.as_str() {
                "approve" => Outcome::Approved,
                "decline" => Outcome::Declined,
                other => bail!("`{other}` is no resolution: `approve` or `decline`"),
            };
            let label = match label.as_deref() {
                None => None,
                Some(word) => Some(LabelClass::from_word(word).with_context(|| {
                    format!("`{word}` is no label; it is one of {}", LabelClass::WORDS.join(", "))
                })?),
            };
            let resolution = Resolution { outcome, label, note: note.clone(), by: desk.who()? };
            let id = TransactionId::new(id)?;
            print(&desk.open()?.resolve_review(&tenant(), &id, &resolution, clock::now())?)
        }
    }
}

pub(super) fn appeal(args: &AppealArgs) -> Result<ExitCode> {
    let now = clock::now();
    if args.withdraw {
        let (engine, buyer) = (args.desk.open()?, args.whose.buyer()?);
        let ended = engine.wake(&tenant(), &args.desk.who()?, (None, &buyer), now)?;
        return Ok(found(ended, "no appeal is granted to this buyer"));
    }
    let until = args.end.until(now).unwrap_or_else(|| now.plus_millis(3 * MONTH * HOUR_MS));
    let appeal = Appeal { of: args.whose.of()?, until, note: args.end.note.clone() };
    print(&args.desk.open()?.grant(&tenant(), &args.desk.who()?, appeal, now)?)
}

pub(super) fn snooze(args: &SnoozeArgs) -> Result<ExitCode> {
    let now = clock::now();
    let (engine, who, buyer) = (args.desk.open()?, args.desk.who()?, args.whose.buyer()?);
    let rule = Some(args.rule.clone());
    if args.wake {
        let woken = engine.wake(&tenant(), &who, (rule, &buyer), now)?;
        return Ok(found(woken, "the rule does not sleep for this buyer"));
    }
    let until = args.end.until(now).unwrap_or_else(|| now.plus_millis(MONTH * HOUR_MS));
    let snooze = (rule, &buyer, until, args.end.note.clone());
    let sequence = engine.snooze(&tenant(), &who, snooze, now)?;
    print(&serde_json::json!({"sequence": sequence}))
}

/// Exit code 1 where something stands in the buyer's way.
pub(super) fn whatif(args: &WhatIfArgs) -> Result<ExitCode> {
    let (engine, now) = (args.desk.open()?, clock::now());
    let told = match (&args.transaction, &args.given) {
        (Some(id), _) => {
            let told = engine.what_if_again(&tenant(), &TransactionId::new(id)?, now)?;
            told.with_context(|| format!("no transaction `{id}`, or its buyer was erased"))?
        }
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("can't read `{}`", path.display()))?;
            let mut given: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text)
                .with_context(|| format!("`{}` is no JSON object", path.display()))?;
            let time = now.to_string();
            for (name, value) in
                [("transaction_id", "what-if"), ("type", "purchase"), ("event_time", &*time)]
            {
                given.entry(name).or_insert(value.into());
            }
            let (transaction, _) = crate::input::read_transaction(&serde_json::to_vec(&given)?)?;
            engine.what_if(&tenant(), transaction)?
        }
        (None, None) => bail!("give `--transaction` or `--given`"),
    };
    let WhatIf { decision, obstacles, .. } = &told;
    println!("{}", decision.action);
    for one in obstacles {
        let held_back = one.held_back.map(|why| format!(", held back: {why}")).unwrap_or_default();
        let lists = if one.lists.is_empty() {
            String::new()
        } else {
            format!(", on {}", one.lists.join(", "))
        };
        println!("  {} ({}, {}{held_back}{lists}): {}", one.rule, one.action, one.mode, one.text);
    }
    for rule in &told.undecided {
        println!("  {rule}: a missing fact would decide it");
    }
    Ok(ExitCode::from(u8::from(obstacles.iter().any(|one| one.acts))))
}

fn found(found: bool, otherwise: &str) -> ExitCode {
    if !found {
        eprintln!("{otherwise}");
    }
    ExitCode::from(u8::from(!found))
}

fn print<T: serde::Serialize>(data: &T) -> Result<ExitCode> {
    println!("{}", serde_json::to_string_pretty(data)?);
    Ok(ExitCode::SUCCESS)
}
