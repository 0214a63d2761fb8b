//! Items of a file into the engine: to be scored, or to be kept.

use super::events::{self, EventsCommand};
use super::score::{self, ScoreArgs};
use super::state;
use crate::domain::{Decision, TenantId};
use crate::engine::{Begun, Engine, EngineError, Keeping, ScoreRequest, Settling};
use crate::input::files::Item;
use anyhow::Result;
use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::Arc;

/// Most items on their way to the disk at once: enough for the ledger to write them together, few
/// enough to hold in memory.
const UNDER_WAY: usize = 512;

/// `vouch score`: with a data directory every row is kept there like a request, without one nothing
/// is kept.
pub(super) fn score(args: &ScoreArgs) -> Result<ExitCode> {
    let config = args.config.load()?;
    let engine = match &args.data_dir {
        Some(dir) => state::open_engine(&config, dir)?,
        None => Arc::new(state::engine_in_memory(&config)?),
    };
    let mut feed = Feed::new(&engine);
    score::run(args, |item| match item {
        Some(item) => feed.decide(item),
        None => feed.finish().map(|()| None),
    })
}

/// `vouch events import`: every event into the ledger.
pub(super) fn import(command: &EventsCommand) -> Result<ExitCode> {
    let EventsCommand::Import(args) = command;
    let engine = state::open_engine(&args.config.load()?, &args.data_dir)?;
    let tenant = TenantId::default_tenant();
    let mut feed = Feed::new(&engine);
    events::import(args, |event| match event {
        Some(event) => {
            let begun = engine.record_event(&tenant, &event, Some(crate::clock::now()))?;
            let new = !begun.repeated;
            feed.keep(begun)?;
            Ok(new)
        }
        None => feed.finish().map(|()| false),
    })
}

/// What has been handed to the ledger and is not on the disk yet.
///
/// Waiting for each row alone would be one write to the disk a row. So a failing disk may be told at
/// a later row than the first it took; the command then ends, and says so.
struct Feed<'e> {
    engine: &'e Engine,
    under_way: VecDeque<Settling>,
}

impl<'e> Feed<'e> {
    fn new(engine: &'e Engine) -> Self {
        Self { engine, under_way: VecDeque::with_capacity(UNDER_WAY) }
    }

    fn decide(&mut self, item: Item) -> Result<Option<Decision>> {
        let tenant = TenantId::default_tenant();
        // What is kept must say when it came, and nothing kept may come from the future.
        let received_at = self.engine.ledger().map(|_| crate::clock::now());
        let begun = match item {
            Item::Transaction { transaction, warnings, .. } => {
                let transaction = *transaction;
                self.engine.begin(ScoreRequest { tenant, transaction, warnings, received_at })?
            }
            Item::Event { event, .. } => self.engine.record_event(&tenant, &event, received_at)?,
        };
        let answer = begun.answer.clone();
        self.keep(begun)?;
        Ok(answer.map(|answer| answer.0.clone()))
    }

    fn keep(&mut self, begun: Begun) -> Result<(), EngineError> {
        if let Keeping::Refused(error) = begun.keeping {
            return Err(EngineError::NotKept(error));
        }
        if self.under_way.len() >= UNDER_WAY
            && let Some(oldest) = self.under_way.pop_front()
        {
            self.engine.settle_blocking(oldest)?;
        }
        self.under_way.extend(begun.settling);
        Ok(())
    }

    /// Waits for the disk.
    fn finish(&mut self) -> Result<()> {
        for settling in self.under_way.drain(..) {
            self.engine.settle_blocking(settling)?;
        }
        Ok(())
    }
}
