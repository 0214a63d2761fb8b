//! `vouch dispute`: messages of processors in, packets out.
//!
//! Data goes to `out`, remarks to `notes`; the caller opens the record and passes stdout and stderr.

use super::output::Output;
use crate::disputes::deadline::{Deadline, deadline};
use crate::disputes::settle::{Settled, settled_when_opened};
use crate::disputes::{self, DisputeStore, MAX_MESSAGE_BYTES, packet, reasons};
use crate::domain::{
    Dispute, DisputeId, OrderId, TenantId, Text, TextError, Timestamp, TransactionId,
};
use crate::processor::Mode;
use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod ce3;
mod exhibit;
mod import;
mod paper;
mod plan;
mod send;
mod settled;
mod verify;
mod worklist;

/// Take in, list, show and answer disputes
#[derive(Debug, Args)]
pub(super) struct DisputeArgs {
    #[command(subcommand)]
    pub(super) command: DisputeCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum DisputeCommand {
    /// Take in a processor's message: an event or a dispute of Stripe, as JSON
    Intake {
        /// The file with the message
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Take in disputes of any processor from a table: JSON lines, or CSV with the same names
    #[command(after_help = import::AFTER_HELP)]
    Import {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// List all disputes, the least time left first, with the last alarm of their deadlines
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// What to fight, accept or refund, by expected value, most pressing first; and where the monitoring ratios end
    #[command(after_help = worklist::AFTER_HELP)]
    Worklist {
        #[command(flatten)]
        work: worklist::WorklistArgs,
        #[command(flatten)]
        place: Place,
    },
    /// Show where a dispute stands
    Show {
        /// The processor's identifier of the dispute
        #[arg(value_parser = dispute_id)]
        id: DisputeId,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// The plan of a case: what settles it, what evidence is there or missing, how long there is, what to do
    #[command(after_help = plan::AFTER_HELP)]
    Plan {
        #[command(flatten)]
        plan: plan::PlanArgs,
        #[command(flatten)]
        place: Place,
    },
    /// Whether Compelling Evidence 3.0 holds: the pair, or what every earlier sale lacks
    Ce3 {
        /// The processor's identifier of the dispute
        #[arg(value_parser = dispute_id)]
        id: DisputeId,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Hand the evidence of a dispute over to Stripe without sending it on
    Stage {
        #[command(flatten)]
        send: send::SendArgs,
        #[command(flatten)]
        place: Place,
    },
    /// Send the evidence of a dispute to the bank through Stripe: once, for good
    #[command(after_help = send::AFTER_HELP)]
    Submit {
        #[command(flatten)]
        send: send::SendArgs,
        #[command(flatten)]
        place: Place,
    },
    /// Add a file of your own to a dispute: a contract, a letter, a picture of a page
    #[command(after_help = exhibit::AFTER_HELP)]
    Attach {
        #[command(flatten)]
        attach: exhibit::AttachArgs,
        #[command(flatten)]
        place: Place,
    },
    /// List the files of your own a dispute has
    Exhibits {
        /// The processor's identifier of the dispute
        #[arg(value_parser = dispute_id)]
        id: DisputeId,
        #[command(flatten)]
        place: Place,
    },
    /// Take a file back: packets are written without it
    Withdraw {
        #[command(flatten)]
        withdraw: exhibit::WithdrawArgs,
        #[command(flatten)]
        place: Place,
    },
    /// Write the evidence packet of a dispute; what it lacks is told on stderr
    Packet {
        /// The processor's identifier of the dispute
        #[arg(value_parser = dispute_id)]
        id: DisputeId,
        /// Write to this file instead of stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        paper: paper::PaperArgs,
        #[command(flatten)]
        place: Place,
    },
    /// Check a packet by its signed manifest and proof; the first thing that does not fit is named
    #[command(after_help = verify::AFTER_HELP)]
    Verify(verify::VerifyArgs),
}

/// Which record.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// Data directory of the server
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    pub(super) data_dir: PathBuf,
    /// The tenant
    #[arg(long, value_name = "TENANT", default_value = "default", value_parser = tenant_id)]
    pub(super) tenant: TenantId,
}

impl DisputeCommand {
    /// Whether something is written to the record.
    pub(super) fn writes(&self) -> bool {
        matches!(
            self,
            Self::Intake { .. }
                | Self::Import { .. }
                | Self::Stage { .. }
                | Self::Submit { .. }
                | Self::Attach { .. }
                | Self::Withdraw { .. }
        )
    }

    /// The record to open; `None` where none is needed.
    pub(super) fn place(&self) -> Option<&Place> {
        match self {
            Self::Verify(_) => None,
            Self::Intake { place, .. }
            | Self::Import { place, .. }
            | Self::List { place, .. }
            | Self::Worklist { place, .. }
            | Self::Show { place, .. }
            | Self::Plan { place, .. }
            | Self::Ce3 { place, .. }
            | Self::Stage { place, .. }
            | Self::Submit { place, .. }
            | Self::Attach { place, .. }
            | Self::Exhibits { place, .. }
            | Self::Withdraw { place, .. }
            | Self::Packet { place, .. } => Some(place),
        }
    }
}

fn dispute_id(text: &str) -> Result<DisputeId, TextError> {
    DisputeId::new(text)
}

fn tenant_id(text: &str) -> Result<TenantId, TextError> {
    TenantId::new(text)
}

/// Runs a command on the record of its [`Place`]. `now` dates a message without a date of its own.
///
/// Exit code 1: some rows of a table were bad.
///
/// # Errors
/// The input is unusable, the dispute unknown, or the record or output failed.
pub(super) fn run<S: DisputeStore>(
    command: &DisputeCommand,
    store: &mut S,
    now: Timestamp,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    match command {
        DisputeCommand::Intake { file, .. } => intake(file, store, now, out, notes),
        DisputeCommand::Import { file, .. } => return import::run(file, store, now, notes),
        DisputeCommand::Verify(args) => return args.run(out),
        DisputeCommand::List { json, .. } => list(store, *json, now, out),
        DisputeCommand::Worklist { work, .. } => work.run(store, now, out, notes),
        DisputeCommand::Show { id, json, .. } => show(id, store, *json, out),
        DisputeCommand::Plan { plan, .. } => plan.run(store, now, out),
        DisputeCommand::Ce3 { id, json, .. } => ce3::run(id, store, *json, out),
        DisputeCommand::Stage { send, place } => {
            send.run(Mode::Stage, store, (place, now), (out, notes))
        }
        DisputeCommand::Submit { send, place } => {
            send.run(Mode::Submit, store, (place, now), (out, notes))
        }
        DisputeCommand::Attach { attach, .. } => attach.run(store, now, (out, notes)),
        DisputeCommand::Exhibits { id, .. } => exhibit::list(id, store, out),
        DisputeCommand::Withdraw { withdraw, .. } => withdraw.run(store, now, out),
        DisputeCommand::Packet { id, out: path, paper, place } => {
            let warnings = if paper.is_wanted() {
                paper.write(&case_of(id, store)?, store, &place.data_dir, notes)?
            } else {
                write_packet(id, store, path.as_deref(), out)?.warnings
            };
            for warning in &warnings {
                writeln!(notes, "warning: {warning}")?;
            }
            Ok(())
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

fn intake<S: DisputeStore>(
    file: &Path,
    store: &mut S,
    now: Timestamp,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let intake = read_message(file)
        .and_then(|message| Ok(disputes::stripe::read(&message)?))
        .with_context(|| format!("`{}`", file.display()))?;
    let keys = intake.sale.clone();
    let kind = intake.event.kind;
    let taken = disputes::take_in(store, intake, now)?;
    if let Some(dispute) = &taken.dispute {
        writeln!(out, "{}", summary(dispute, &deadline(dispute, now)))?;
    } else {
        let sale = taken.transaction_id.as_ref().map_or("-", TransactionId::as_str);
        writeln!(out, "{kind}  transaction {sale}")?;
    }
    if let Some(label) = taken.label {
        writeln!(out, "label {label}")?;
    }
    if !taken.new {
        writeln!(notes, "already taken in; nothing was added")?;
    }
    if !taken.sale_found {
        let tried: Vec<&str> = keys
            .transaction_id
            .iter()
            .map(TransactionId::as_str)
            .chain(keys.payment_references.iter().map(Text::as_str))
            .chain(keys.order_id.iter().map(OrderId::as_str))
            .collect();
        writeln!(notes, "warning: no transaction is recorded for {}", tried.join(", "))?;
    }
    Ok(())
}

/// At most one byte more than is ever read as a message.
fn read_message(file: &Path) -> anyhow::Result<Vec<u8>> {
    let limit = u64::try_from(MAX_MESSAGE_BYTES)?.saturating_add(1);
    let mut message = Vec::new();
    File::open(file)?.take(limit).read_to_end(&mut message)?;
    Ok(message)
}

/// A dispute as it is listed: with the time left.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    dispute: Dispute,
    deadline: Deadline,
}

/// A dispute as it is shown: with what settles it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    dispute: Dispute,
    settled: Settled,
}

fn list<S: DisputeStore>(
    store: &S,
    json: bool,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut listed: Vec<Listed> = store
        .disputes()?
        .into_iter()
        .map(|dispute| Listed { deadline: deadline(&dispute, now), dispute })
        .collect();
    listed.sort_by_key(|row| row.deadline.urgency()); // stable: else the latest opened first
    for row in listed {
        if json {
            writeln!(out, "{}", serde_json::to_string(&row)?)?;
        } else {
            writeln!(out, "{}", summary(&row.dispute, &row.deadline))?;
        }
    }
    Ok(())
}

/// The case of a dispute, with everything recorded about it.
fn case_of<S: DisputeStore>(id: &DisputeId, store: &S) -> anyhow::Result<packet::CaseFile> {
    disputes::whole_case(store, id)?.with_context(|| format!("no dispute `{id}` is recorded"))
}

fn show<S: DisputeStore>(
    id: &DisputeId,
    store: &S,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let case = case_of(id, store)?;
    let settled = settled_when_opened(&case);
    let dispute = case.dispute;
    if json {
        let shown = Shown { dispute, settled };
        writeln!(out, "{}", serde_json::to_string_pretty(&shown)?)?;
        return Ok(());
    }
    let code = code_text(&dispute);
    let title = reasons::of(&dispute).map(|row| row.title.clone());
    let due = dispute.evidence_due_by.zip(dispute.evidence_due_source.as_ref());
    let rows = [
        ("dispute", Some(dispute.id.to_string())),
        ("processor", Some(dispute.processor.as_str().to_owned())),
        ("network and code", Some(code)),
        ("title", title),
        ("reason", Some(dispute.reason.to_string())),
        ("stage", Some(dispute.stage.to_string())),
        ("status", Some(format!("{} ({})", dispute.status, dispute.processor_status.as_str()))),
        ("amount", Some(dispute.amount.to_string())),
        ("opened", Some(dispute.opened_at.to_string())),
        ("evidence due by", due.map(|(due, source)| format!("{due} ({})", source.as_str()))),
        ("payment", dispute.payment_reference.as_ref().map(|text| text.as_str().to_owned())),
        ("transaction", dispute.transaction_id.as_ref().map(ToString::to_string)),
        ("last report", Some(format!("{} ({})", dispute.updated_at, dispute.updated_by))),
    ];
    for (name, value) in rows {
        writeln!(out, "{name:<18}{}", value.as_deref().unwrap_or("-"))?;
    }
    settled::write(&settled, false, out)
}

fn write_packet<S: DisputeStore>(
    id: &DisputeId,
    store: &S,
    path: Option<&Path>,
    out: &mut dyn Write,
) -> anyhow::Result<packet::Packet> {
    let case = case_of(id, store)?;
    let packet = packet::text(&case);
    match path {
        Some(path) => {
            let mut file = Output::open(Some(path))?;
            file.write_all(packet.text.as_bytes())
                .and_then(|()| file.flush())
                .with_context(|| format!("can't write `{}`", path.display()))?;
            file.finish()?;
        }
        None => out.write_all(packet.text.as_bytes())?,
    }
    Ok(packet)
}

fn code_text(dispute: &Dispute) -> String {
    let network = dispute.network.as_ref().map_or("-", Text::as_str);
    let code = dispute.network_reason_code.as_ref().map_or("-", Text::as_str);
    format!("{network} {code}")
}

/// One line a person can scan and `awk` can split: no column is empty, and the alarm is the last.
fn summary(dispute: &Dispute, deadline: &Deadline) -> String {
    let due = dispute.evidence_due_by.map_or_else(|| "-".to_owned(), |due| due.to_string());
    let sale = dispute.transaction_id.as_ref().map_or("-", TransactionId::as_str);
    let alarm = deadline.alarm_hours.map_or_else(String::new, |hours| format!("  alarm {hours}h"));
    format!(
        "{}  {}  {}  {}  {}  {}  due {due}  {deadline}  transaction {sale}{alarm}",
        dispute.id,
        dispute.opened_at.date_text(),
        code_text(dispute),
        dispute.reason,
        dispute.status,
        dispute.amount,
    )
}

#[cfg(test)]
mod tests;
