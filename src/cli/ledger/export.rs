//! `vouch ledger export`: history as Parquet files.

use super::{Place, ensure_range, print, tenant, time};
use crate::archive::{Export, export};
use crate::cli::progress;
use crate::domain::{TenantId, Timestamp};
use crate::ledger::Reader;
use anyhow::Result;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// Directory to write; must not be there yet, or be empty
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Whose entries
    #[arg(long, default_value = "default", value_parser = tenant)]
    tenant: TenantId,
    /// Happened at or after: a date, or a time like 2026-11-20T10:15:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Happened before
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// With names, mailboxes, addresses and the rest that is sealed in the ledger, in the clear; only
    /// such an export can be imported
    #[arg(long)]
    personal: bool,
}

pub(super) fn run(args: &ExportArgs) -> Result<ExitCode> {
    ensure_range(args.from, args.to)?;
    let data_dir = &args.place.data_dir;
    let reader = Reader::open(data_dir, super::master_key()?)?;
    let what = Export {
        tenant: args.tenant.clone(),
        from: args.from,
        to: args.to,
        personal: args.personal,
    };
    let bar = progress::counter("exporting");
    let written = export(data_dir, &reader, &what, &args.dir, &mut |entry| bar.set_position(entry));
    bar.finish_and_clear();
    let manifest = written?;
    if args.place.json {
        print(&(serde_json::to_string(&manifest)? + "\n"))?;
    } else {
        let rows = manifest.rows.iter().map(|(kind, rows)| format!("{rows} of kind {kind}"));
        let rows = rows.collect::<Vec<_>>().join(", ");
        print(&format!("{} entries: {rows}\n", manifest.total()))?;
    }
    Ok(ExitCode::SUCCESS)
}
