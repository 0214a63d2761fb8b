//! What an entity did: counts, sums and distinct others over sliding windows; and for ever how
//! often, when first and when last it did what.
//!
//! A reading is defined by four rules; [`naive`] is their executable form.
//!
//! - **Event time.** A window ends at the later of the asked time and the newest occurrence of that
//!   entity, and takes whole slots ([`SLOTS`]). A transaction that arrives late is thus judged by
//!   what is known of its card now, which includes what came after it; who needs only what was
//!   known then (training, backtests) feeds transactions in order of event time.
//! - **The transaction itself is excluded**: the caller reads first, then records. Two attempts
//!   scored at the same moment may not see each other.
//! - **Late occurrences** count in their own slot of every window that still holds it, and never
//!   move a window back.
//! - **The order of recording leaves no trace**: the same occurrences in any order read the same
//!   afterwards, so concurrent requests and the replay of a log agree. Two exceptions: after an
//!   eviction (a bounded store can't know what it gave up), and what was read in between.
//!
//! Beside the windows, fed by the same occurrences, with a recount of their own: [`sales`], what became
//! of an entity's sales as known then, and [`links`], who is tied to whom.
//!
//! There is no clock here: event times are believed. An occurrence far in the future moves the
//! reading time of the entities it touches, and of no other, to its own time, where their earlier
//! history has left the windows. Whoever records therefore refuses times more than
//! [`MAX_AHEAD_MS`] ahead of receipt: within that, such an entity is read those minutes too early,
//! and nothing is lost once they have passed.
//!
//! What is one attempt (retries of one invoice), and which declines are the buyer's (not those of
//! an outage), is the caller's to decide: it records what it wants counted.

pub mod naive;

mod busy;
mod bytes;
mod distinct;
mod entity;
mod history;
mod life;
pub mod links;
mod occurrence;
mod packed;
mod parts;
mod party;
mod place;
mod quiet;
mod rings;
pub mod sales;
mod shard;
mod shelf;
mod sliding;
#[cfg(test)]
mod tests;
mod view;
mod window;

pub use bytes::STATE_FORMAT;
pub use distinct::{DISTINCT_EXACT, DISTINCT_MOST};
use entity::Mark;
pub use entity::{Entity, EntityKey, EntityKeys, Other};
pub use links::{LinkGraph, Links, LinksView};
pub use occurrence::{Occurrence, Signal};
pub use parts::Parts;
pub use party::Party;
pub use place::{Place, Sighted};
pub use sales::{Sale, SaleOutcomes, Sales, SalesView, Told};
pub use sliding::{Limits, SlidingWindows, Stats};
pub use view::EntityView;
pub use window::{SLOTS, Window};

use crate::domain::{MINUTE_MS, Timestamp};

/// How far ahead of its receipt an event time may be, in milliseconds.
pub const MAX_AHEAD_MS: i64 = 15 * MINUTE_MS;

/// The history of entities, wherever it is kept.
pub trait Velocity: Send + Sync {
    /// The history of one entity as read at `at`.
    ///
    /// A request that does not name an entity has no key to ask with: there the answer is missing.
    /// A key never seen is not missing, it is a first occurrence: zero counts, and no first time.
    fn view(&self, entity: Entity, key: EntityKey, at: Timestamp) -> EntityView;

    /// Counts `occurrence` for every entity it names and its signal counts for. Not idempotent: the caller records each once.
    fn record(&self, occurrence: &Occurrence);
}
