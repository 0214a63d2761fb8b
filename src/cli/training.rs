//! Rows to train on: a file's lines through the engine, or the ledger's records as they are.

use super::progress;
use super::rows::{count, for_each, map_at};
use super::state;
use super::train::TrainArgs;
use crate::engine::Engine;
use crate::input::Item;
use crate::input::files::open;
use crate::ledger::{MasterKey, Reader};
use crate::train::{Dataset, Label, Rows};
use anyhow::{Context, Result};
use std::path::Path;

/// The rows the arguments name.
pub(super) fn collect(args: &TrainArgs) -> Result<Dataset> {
    let mut rows = Rows::of(args.tenant.clone());
    match &args.file {
        Some(file) => {
            let engine = state::engine_in_memory(&args.config.load()?)?;
            from_file(&engine, file, args.map.as_deref(), &mut rows)?;
        }
        None => from_ledger(&args.data_dir, &mut rows)?,
    }
    if rows.unknown() > 0 {
        eprintln!("warning: {} events are about transactions not among the rows", rows.unknown());
    }
    let (data, left_out) = rows.finish();
    if left_out > 0 {
        eprintln!("{left_out} refused payments without a label have no outcome and were left out");
    }
    Ok(data)
}

fn from_file(engine: &Engine, file: &Path, map: Option<&Path>, rows: &mut Rows) -> Result<()> {
    let map = map_at(map)?;
    let lines = open(file, map.as_ref()).with_context(|| format!("`{}`", file.display()))?;
    let bad = for_each(file, lines, true, |line| take(engine, line.item, rows))?;
    if bad > 0 {
        eprintln!("{} left out", count(bad, "bad row"));
    }
    Ok(())
}

fn take(engine: &Engine, item: Item, rows: &mut Rows) -> Result<()> {
    match item {
        Item::Transaction { transaction, label, warnings } => {
            let label =
                label.map(|label| Label { class: label.class, known_at: Some(label.known_at) });
            rows.transaction(engine, *transaction, warnings, label)?;
        }
        Item::Event { event, .. } => rows.event(engine, &event)?,
    }
    Ok(())
}

fn from_ledger(data_dir: &Path, rows: &mut Rows) -> Result<()> {
    let master = crate::config::master_key()?.map(MasterKey::from_bytes);
    let reader = Reader::open(data_dir, master)
        .with_context(|| format!("no ledger in `{}`", data_dir.display()))?;
    let bar = progress::counter("reading the ledger");
    for entry in reader.scan(None)? {
        let entry = entry?;
        bar.set_position(entry.sequence);
        rows.entry(&entry)?;
    }
    bar.finish_and_clear();
    Ok(())
}
