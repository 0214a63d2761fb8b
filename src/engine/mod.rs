//! The one chain: request, tables, history, record, model, rules, decision, ledger.
//!
//! HTTP, files, replay and training all go through here; there is one feature pipeline. Gather
//! first (tables and history), then decide ([`decision`](crate::decision), pure), then hand the
//! record to the ledger. What is slow (the disk) is waited for outside, by whoever asked.

mod adopt;
mod again;
mod arrival;
mod artefacts;
mod audit;
mod belongings;
mod card_sales;
mod cases;
mod chain;
mod checkpoint;
mod counted;
mod desk;
mod disclosure;
mod enrich;
mod entry;
mod error;
mod explain;
mod fault;
mod guard;
mod histories;
mod history;
mod holds;
mod identity;
mod keeping;
mod known;
mod open;
mod outcomes;
pub mod past;
mod people;
mod query;
mod registry;
mod reload;
mod replay;
mod request;
mod rerun;
#[cfg(test)]
mod restart_tests;
mod retention;
mod service;
mod snapshot;
mod standing;
mod stored;
#[cfg(test)]
mod tests;
mod timeline;
mod watch;

pub use adopt::{AdoptError, Adopted, ToldEvent, read_told_event};
pub use again::Scored;
pub use artefacts::Artefacts;
pub use audit::{Audit, Changed};
pub use cases::{CaseSource, Cases};
pub use chain::decision_name;
pub use checkpoint::{CHECKPOINT_FILE, CheckpointError, Saved, Start, Unusable};
pub use desk::{
    Act, Appeal, AppealOf, Buyer, Granted, ListView, MAX_WHO, Obstacle, Resolution, Resolved,
    Review, ReviewFilter, SnoozeView, WhatIf, Who,
};
pub use disclosure::{Asked, Disclosure, disclose};
pub use entry::lookup;
pub use error::{EngineError, StoredError};
pub use explain::{Counterfactual, Explained, Explanation, GroupEffect, explain, group_effects};
pub use fault::Fault;
pub use holds::{Hold, MAX_REASON, holds, person};
pub use identity::KeyMaker;
pub use known::{Landing, Settling};
pub use people::{Neighbour, People, Surroundings};
pub use query::{
    EventFacts, StoredDecision, is_payment, read_decision, read_event, read_open_decision,
    read_open_event,
};
pub use registry::{By, ModelAct, ModelChange, Registered, Registry, RegistryError, Role, Roster};
pub use reload::{
    ModelOrigin, ModelPartError, Origins, PartOutcome, PartReport, Reload, Reloader, StartError,
};
pub use replay::{Replay, replay};
pub use rerun::{Listed, Rerun, RerunOf, Shift, rerun};
pub use retention::{Expired, Retention, expiring};
pub use service::{Begun, Engine, Keeping, ScoreRequest, Timing};
pub use snapshot::{ModelCanary, Snapshot};
pub use stored::readable;

pub use crate::lists::Entry as ListEntry;
pub use crate::velocity::MAX_AHEAD_MS;
pub use timeline::{Moment, What, moment};
pub use watch::{Stamps, Watch};
