//! Which ids are known: one answer for one id, also while the first is still being kept.
//!
//! `dashmap` holds a shard lock only while an entry is looked at or placed; the decision itself is
//! made under the entry of its own id, so two equal requests at once are one decision.

use crate::domain::{Decision, TransactionKind, Warning};
use crate::ledger::{Position, SubjectHash};
use crate::velocity::EntityKeys;
use dashmap::DashMap;
use std::sync::Arc;
use tokio::sync::watch;

/// Keyed hash of (tenant, kind, id).
pub(super) type IdHash = [u8; 16];
/// Keyed hash of the content.
pub(super) type ContentHash = [u8; 16];

/// What is known about an id.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// In the ledger.
    Kept { content: ContentHash, position: Position },
    /// Decided, being written.
    Flying(Arc<Flight>),
    /// Decided without a ledger: the answer itself is not kept.
    Unkept { content: ContentHash, sale: SaleRef },
}

impl Known {
    pub(super) fn content(&self) -> &ContentHash {
        match self {
            Self::Kept { content, .. } | Self::Unkept { content, .. } => content,
            Self::Flying(flight) => &flight.content,
        }
    }
}

/// What an event needs of the sale it is about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SaleRef {
    pub(super) keys: EntityKeys,
    /// What was bought; `None` for an event.
    pub(super) kind: Option<TransactionKind>,
    /// For how many euro cents.
    pub(super) amount: Option<i64>,
    /// Sealed under the same person, so that one erasure reaches both.
    pub(super) subject: Option<SubjectHash>,
}

/// Something decided or received that the ledger is still writing.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) content: ContentHash,
    pub(super) sale: SaleRef,
    /// The decision and its arrival warnings; `None` for an event.
    pub(super) answer: Option<Arc<(Decision, Vec<Warning>)>>,
    pub(super) landed: watch::Receiver<Landing>,
}

/// How the writing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landing {
    /// Not yet.
    Pending,
    /// Kept, this far.
    Kept(crate::domain::Durability),
    /// Not kept; the id is free again.
    Failed,
}

/// Every known id.
#[derive(Debug, Default)]
pub(super) struct KnownIds(pub(super) DashMap<IdHash, Known>);

impl KnownIds {
    pub(super) fn get(&self, id: &IdHash) -> Option<Known> {
        self.0.get(id).map(|entry| entry.clone())
    }

    pub(super) fn keep(&self, id: IdHash, content: ContentHash, position: Position) {
        self.0.insert(id, Known::Kept { content, position });
    }

    pub(super) fn forget(&self, id: &IdHash) {
        self.0.remove(id);
    }
}
