//! Items of a file into the engine: to be scored, or to be kept.

use super::events::{self, EventsCommand};
use super::score::{self, ScoreArgs};
use super::state;
use crate::domain::{Decision, TenantId};
use crate::engine::{Begun, Engine, EngineError, Keeping, ScoreRequest};
use crate::input::files::Item;
use anyhow::Result;
use std::process::ExitCode;
use std::sync::Arc;

/// `vouch score`: with a data directory every row is kept there like a request, without one nothing
/// is kept.
pub(super) fn score(args: &ScoreArgs) -> Result<ExitCode> {
    let config = args.config.load()?;
    let engine = match &args.data_dir {
        Some(dir) => state::open_engine(&config, dir)?,
        None => Arc::new(state::engine_in_memory(&config)?),
    };
    score::run(args, |item| decide(&engine, item))
}

/// `vouch events import`: every event into the ledger.
pub(super) fn import(command: &EventsCommand) -> Result<ExitCode> {
    let EventsCommand::Import(args) = command;
    let engine = state::open_engine(&args.config.load()?, &args.data_dir)?;
    let tenant = TenantId::default_tenant();
    events::import(args, |event, _| {
        let begun = engine.record_event(&tenant, &event, Some(crate::clock::now()))?;
        let new = !begun.repeated;
        settle(&engine, begun)?;
        Ok(new)
    })
}

fn decide(engine: &Engine, item: Item) -> Result<Option<Decision>> {
    let tenant = TenantId::default_tenant();
    // What is kept must say when it came, and nothing kept may come from the future.
    let received_at = engine.ledger().map(|_| crate::clock::now());
    let begun = match item {
        Item::Transaction { transaction, warnings, .. } => {
            let transaction = *transaction;
            engine.begin(ScoreRequest { tenant, transaction, warnings, received_at })?
        }
        Item::Event { event, .. } => engine.record_event(&tenant, &event, received_at)?,
    };
    let answer = begun.answer.clone();
    settle(engine, begun)?;
    Ok(answer.map(|answer| answer.0.clone()))
}

fn settle(engine: &Engine, begun: Begun) -> Result<(), EngineError> {
    if let Keeping::Refused(error) = begun.keeping {
        return Err(EngineError::NotKept(error));
    }
    match begun.settling {
        Some(settling) => engine.settle_blocking(settling).map(|_| ()),
        None => Ok(()),
    }
}
