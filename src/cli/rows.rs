//! Rows to train on: a file's lines through the engine, or the ledger's records as they are.

use super::progress;
use super::state::{self, ConfigArgs};
use super::train::TrainArgs;
use crate::engine::Engine;
use crate::input::Item;
use crate::input::files::{open, read_map};
use crate::ledger::{MasterKey, Reader};
use crate::train::{Dataset, Label, Rows};
use anyhow::{Context, Result};
use std::path::Path;

/// Most bad rows told one by one.
const TOLD: usize = 20;

/// Fills `data` from what the arguments name.
pub(super) fn collect(args: &TrainArgs, data: &mut Dataset) -> Result<()> {
    let mut rows = Rows::default();
    match &args.file {
        Some(file) => {
            let engine = state::engine_in_memory(&ConfigArgs::default().load()?)?;
            from_file(&engine, file, args.map.as_deref(), &mut rows)?;
        }
        None => from_ledger(&args.data_dir, &mut rows)?,
    }
    if rows.unknown() > 0 {
        eprintln!("warning: {} events are about transactions not among the rows", rows.unknown());
    }
    let (collected, left_out) = rows.finish();
    if left_out > 0 {
        eprintln!("{left_out} refused payments without a label have no outcome and were left out");
    }
    *data = collected;
    Ok(())
}

fn from_file(engine: &Engine, file: &Path, map: Option<&Path>, rows: &mut Rows) -> Result<()> {
    let named = || format!("`{}`", file.display());
    let map = map
        .map(|path| read_map(path).with_context(|| format!("map `{}`", path.display())))
        .transpose()?;
    let mut lines = open(file, map.as_ref()).with_context(named)?;
    let bar = progress::bytes("scoring", lines.progress().total.unwrap_or_default());
    let mut bad = 0_usize;
    while let Some(line) = lines.next() {
        bar.set_position(lines.progress().done);
        let taken = line.map_err(anyhow::Error::from).and_then(|line| {
            let place = line.position;
            take(engine, line.item, rows).with_context(|| format!("{place}"))
        });
        if let Err(error) = taken {
            bad += 1;
            if bad <= TOLD {
                bar.suspend(|| eprintln!("{}: {error:#}", file.display()));
            }
        }
    }
    bar.finish_and_clear();
    if bad > 0 {
        eprintln!("{bad} bad rows were left out");
    }
    Ok(())
}

fn take(engine: &Engine, item: Item, rows: &mut Rows) -> Result<()> {
    match item {
        Item::Transaction { transaction, label, warnings } => {
            let label = label.map(|label| Label { class: label.class, known_at: Some(label.known_at) });
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
