//! What people did: values on lists, rules put to sleep for a buyer, appeals granted, reviews waiting.
//!
//! ```text
//! act ─► ledger (kind admin: who, when, what; values sealed) ─► on disk ─► State ─► record, lists
//! decision of action review ─► State ◄─ review.resolved
//! ```
//!
//! The ledger is the truth. A start rebuilds the state from the entries it reads; a checkpoint holds only
//! where the entries lie that still stand, and those are read again. So nothing personal lies outside a
//! seal, and whatever an erasure destroyed is gone here too.
//!
//! INVARIANT: an act counts once it is on disk, and acts count in the order of their entries.

mod act;
mod appeals;
mod lists;
mod reviews;
mod snoozes;
#[cfg(test)]
mod tests;
mod whatif;

pub use act::{Act, MAX_WHO, Who};
pub use appeals::{Appeal, AppealOf, Granted};
pub use lists::ListView;
pub use reviews::{Resolution, Resolved, Review, ReviewFilter};
pub use snoozes::{Buyer, SnoozeView};
pub use whatif::{Obstacle, WhatIf};

use super::entry;
use super::error::{EngineError, StoredError};
use super::service::Engine;
use super::stored::{self, OpenDecision, OpenEvent};
use crate::domain::{Action, EventKind, TenantId, Timestamp};
use crate::features::Record;
use crate::ledger::{EntryKind, Ledger, Position, StoredEntry};
use crate::velocity::EntityKeys;
use arc_swap::ArcSwap;
pub(super) use reviews::Queued;
use reviews::Reviews;
use snoozes::Snoozes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What people did, as it stands.
#[derive(Default)]
pub(super) struct Desk {
    /// Read by every request.
    snoozes: ArcSwap<Snoozes>,
    state: Mutex<State>,
    /// Held from before an act is written until it counts.
    acting: Mutex<()>,
}

/// What only people and the timer look at.
#[derive(Default)]
pub(super) struct State {
    lists: BTreeMap<TenantId, lists::Standing>,
    reviews: BTreeMap<TenantId, Reviews>,
}

impl State {
    /// The queue of a tenant.
    fn reviews(&mut self, tenant: &TenantId) -> &mut Reviews {
        self.reviews.entry(tenant.clone()).or_default()
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// Which entries still stand.
pub(super) struct Standing {
    positions: Vec<Position>,
    /// Transactions under review whose decisions were made since the start.
    unplaced: Vec<(TenantId, String)>,
}

impl Standing {
    /// Where the entries lie; `kept_at` gives the position of a decision. Whoever decides holds an id
    /// while the queue of reviews takes its decision, so nothing of the desk is locked while ids are
    /// asked for.
    pub(super) fn positions(
        self,
        kept_at: impl Fn(&TenantId, &str) -> Option<Position>,
    ) -> Vec<Position> {
        let mut all = self.positions;
        all.extend(self.unplaced.iter().filter_map(|(tenant, id)| kept_at(tenant, id)));
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What an entry of the ledger means for the desk.
pub(super) struct Noted {
    tenant: TenantId,
    what: What,
}

enum What {
    Act(Act, Position),
    Opened(Review, Position),
    Closed(String),
}

/// Reads what an entry means for the desk; `None` for most entries. Only the beginning of a decision's
/// or an event's entry is looked at unless it is about a review.
pub(super) fn note(stored: &StoredEntry) -> Result<Option<Noted>, EngineError> {
    let at = |source| EngineError::Stored { sequence: stored.sequence, source };
    let what = match stored.kind {
        EntryKind::Admin => act::read(stored)?.map(|act| What::Act(act, stored.position)),
        EntryKind::Decision if begins_with_review(&stored.open) => {
            let open: OpenDecision = stored::read(&stored.open).map_err(at)?;
            let review = (open.decision.action == Action::Review)
                .then(|| Review::of(&open.decision, &open.record, stored.received_at));
            review.map(|review| What::Opened(review, stored.position))
        }
        EntryKind::Event if begins_with_review(&stored.open) => {
            let open: OpenEvent = stored::read(&stored.open).map_err(at)?;
            let resolved =
                open.summary.entry_type.as_deref() == Some(EventKind::ReviewResolved.word());
            open.summary.transaction_id.filter(|_| resolved).map(What::Closed)
        }
        _ => None,
    };
    Ok(what.map(|what| Noted { tenant: stored.tenant.clone(), what }))
}

/// The summary comes first and is short.
const SUMMARY_BYTES: usize = 1024;

fn begins_with_review(open: &[u8]) -> bool {
    let head = open.get(..SUMMARY_BYTES.min(open.len())).unwrap_or_default();
    head.windows(7).any(|window| window == b"\"review")
}

impl Desk {
    /// Counts what an entry means.
    pub(super) fn count(&self, noted: Noted) {
        let Noted { tenant, what } = noted;
        match what {
            What::Act(act, position) => self.count_act(&tenant, act, position),
            What::Opened(review, position) => {
                self.state().reviews(&tenant).open(review, Some(position));
            }
            What::Closed(id) => drop(self.state().reviews(&tenant).close(&id)),
        }
    }

    fn count_act(&self, tenant: &TenantId, act: Act, position: Position) {
        match act {
            Act::ListAdd { .. } | Act::ListRemove { .. } => {
                self.state().lists.entry(tenant.clone()).or_default().count(act, position);
            }
            Act::Snooze { .. } | Act::Wake { .. } => {
                let mut snoozes = Snoozes::clone(&self.snoozes.load());
                snoozes.count(tenant, act, position);
                self.snoozes.store(Arc::new(snoozes));
            }
        }
    }

    /// Notes in a record which rules sleep for its buyer.
    pub(super) fn answer(&self, keys: &EntityKeys, now: Timestamp, record: &mut Record) {
        self.snoozes.load().answer(keys, now, record);
    }

    /// What still stands; a start needs no other entry.
    pub(super) fn standing(&self) -> Standing {
        let state = self.state();
        let (mut positions, mut unplaced) = (Vec::new(), Vec::new());
        for (tenant, reviews) in &state.reviews {
            reviews.standing(|id, position| match position {
                Some(position) => positions.push(position),
                None => unplaced.push((tenant.clone(), id.to_owned())),
            });
        }
        positions.extend(state.lists.values().flat_map(lists::Standing::positions));
        positions.extend(self.snoozes.load().positions());
        Standing { positions, unplaced }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Whole between two statements, whoever panicked while holding it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while what acts stand on is exchanged.
    pub(super) fn acting(&self) -> MutexGuard<'_, ()> {
        self.acting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the entries that still stand and counts them, then those behind the checkpoint.
pub(super) fn rebuild(
    desk: &Desk,
    ledger: &Ledger,
    standing: Vec<Position>,
    behind: Vec<Noted>,
) -> Result<(), EngineError> {
    for position in standing {
        if let Some(noted) = note(&ledger.read(position)?)? {
            desk.count(noted);
        }
    }
    for noted in behind {
        desk.count(noted);
    }
    Ok(())
}

impl Engine {
    /// Writes what a person did and counts it once it is on disk. Waits for the disk.
    ///
    /// # Errors
    /// There is no ledger, or it takes nothing now: then nothing was done.
    pub(super) fn act(
        &self,
        tenant: &TenantId,
        who: &Who,
        act: Act,
        now: Timestamp,
    ) -> Result<u64, EngineError> {
        let ledger = self.ledger.as_ref().ok_or(EngineError::ReadOnly)?;
        let _only = self.desk.acting();
        let new = act::entry(&act, tenant, who, now, self.keys.as_ref());
        // An entry like any other for those who copy: none is under way while they read its number.
        let counting = self.histories.gate.counting();
        let pending = ledger.append(&new).map_err(EngineError::NotKept)?;
        drop(counting);
        let ack = pending.wait_committed().map_err(EngineError::NotKept)?;
        let is_about_a_list = act.list().is_some();
        self.desk.count_act(tenant, act, ack.position);
        if is_about_a_list {
            self.put_lists(tenant);
        }
        Ok(ack.sequence)
    }

    /// The id a review's resolution has as an event, whoever resolves it: so it is resolved once.
    fn review_event(transaction: &str) -> String {
        format!(
            "review-{}",
            entry::hex(&entry::event_hash(&TenantId::default_tenant(), transaction))
        )
    }
}

fn damaged(source: serde_json::Error) -> StoredError {
    StoredError::Json(source)
}
