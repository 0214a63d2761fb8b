//! `vouch ledger timeline`: everything a customer did and what came of it, in one order.

use super::list::Who;
use super::{Place, columns, ensure_range, index, print, tenant, time};
use crate::domain::{TenantId, Timestamp};
use crate::engine::{Moment, moment};
use crate::ledger::{MAX_ROWS, Order, Query, Reader};
use anyhow::{Result, ensure};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct TimelineArgs {
    #[command(flatten)]
    place: Place,
    /// Whose customer
    #[arg(long, default_value = "default", value_parser = tenant)]
    tenant: TenantId,
    #[command(flatten)]
    who: Who,
    /// Happened at or after: a date, or a time like 2026-11-20T10:15:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Happened before
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// Most entries
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// The page behind this entry number, the last one of the page before
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,
}

/// Exit code 1: nothing is known of them.
pub(super) fn run(args: &TimelineArgs) -> Result<ExitCode> {
    ensure_range(args.from, args.to)?;
    let data_dir = &args.place.data_dir;
    let lookups = args.who.lookups(data_dir, &args.tenant)?;
    ensure!(!lookups.is_empty(), "whose? give --account, --email, --card or another of them");
    let index = index(data_dir)?;
    if let Some(after) = args.after {
        let known = index.locate(&args.tenant, after)?.is_some();
        ensure!(known, "there is no entry {after} to go on behind");
    }
    let query = Query {
        lookups,
        related: true,
        since: args.from,
        until: args.to,
        order: Order::AsHappened,
        limit: args.limit,
        after: args.after,
        ..Query::new(args.tenant.clone())
    };
    let rows = index.list(&query)?;
    let reader = Reader::open(data_dir, super::master_key()?)?;
    let read = |position| Ok(moment(&reader.read(position)?)?);
    let moments: Vec<Moment> =
        rows.iter().map(|row| read(row.position)).collect::<Result<Vec<_>>>()?;
    if args.place.json {
        let lines = moments.iter().map(|moment| Ok(serde_json::to_string(moment)? + "\n"));
        print(&lines.collect::<Result<String>>()?)?;
    } else if !moments.is_empty() {
        print(&table(&moments))?;
    }
    let full = u32::try_from(rows.len()).is_ok_and(|count| count >= args.limit.min(MAX_ROWS));
    if let Some(last) = rows.last().filter(|_| full) {
        eprintln!("more: --after {}", last.sequence);
    }
    if !moments.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let ever = Query { since: None, until: None, after: None, limit: 1, ..query };
    if index.list(&ever)?.is_empty() {
        eprintln!("nothing is known of them");
        return Ok(ExitCode::from(1));
    }
    eprintln!("nothing of theirs is in that range; leave out --from, --to and --after");
    Ok(ExitCode::SUCCESS)
}

fn table(moments: &[Moment]) -> String {
    let head = ["time", "what", "type", "amount", "outcome", "transaction", "detail", "number"];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(moments.iter().map(cells));
    columns(&lines)
}

fn cells(moment: &Moment) -> [String; 8] {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    [
        moment.event_time.to_string(),
        moment.what.word().to_owned(),
        moment.entry_type.clone(),
        moment.amount.map_or_else(|| "-".to_owned(), |amount| amount.to_string()),
        text(&moment.outcome),
        text(&moment.transaction_id),
        if moment.erased { "(erased)".to_owned() } else { text(&moment.detail) },
        moment.sequence.to_string(),
    ]
}
