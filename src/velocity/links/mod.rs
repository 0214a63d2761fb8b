//! Who belongs together: accounts tied by a card, mailbox, phone number, device or licence key.
//!
//! Accounts and what ties them are the nodes of a graph; an account that was seen with a card is tied
//! to it, and two accounts with one card are one hop apart. From a transaction the graph is walked two
//! hops far, and what was told of the sales met on the way is counted, the older the less.
//!
//! - **A hub ties nobody.** What more than [`MAX_ACCOUNTS`] accounts used within [`HORIZON_MS`] (an
//!   office's device, a reseller's mailbox, a placeholder for a phone number) is passed over. Where any
//!   of its accounts are attested only those make it one: else a dozen free accounts would hide whose a
//!   device is. What a hub was told of is nobody's, and missing where nothing else is known. Network
//!   addresses are no nodes at all.
//! - **Bounded.** An account keeps its latest [`MAX_TIES`] of each kind, and as many that were attested (a
//!   paid sale; of a licence key, its activation) beside those that were only tried or claimed: a hundred logins with made-up
//!   devices push out neither its cards nor the device it paid with. A node keeps the latest [`MAX_TOLD`]
//!   disputes, warnings and trials each; a walk looks at [`MAX_NODES`] nodes, the youngest ties first.
//!   What a bound cuts off makes a number smaller, never larger; only a hub that was given up and comes
//!   back ties people until it has grown again.
//! - **Decaying.** A tie not renewed within [`HORIZON_MS`] ties nobody. A dispute or a warning weighs
//!   1, and half as much for each whole [`HALVING_MS`] since. Trials do not decay.
//! - **Our own action ties nobody and weighs nothing**: what we declined is not recorded.
//! - **The order of recording leaves no trace**, with the exceptions of [`velocity`](super).
//!
//! Rejected: union-find (one wrong tie joins two crowds for ever, and nothing explains why); walking
//! through network or postal addresses (an office would be one person).
//!
//! [`naive`] is the executable form of these rules.

pub mod naive;

mod store;
#[cfg(test)]
mod tests;
mod ties;
mod walk;

pub use store::LinkGraph;
pub use ties::{Tie, Ties, To};
pub use walk::{Linked, LinksView, Step};

use super::{EntityKeys, Occurrence};
use crate::domain::{DAY_MS, Timestamp};

/// Accounts up to which something ties them together.
pub const MAX_ACCOUNTS: usize = 12;

/// Cards kept of an account, attested ones and others each; so mailboxes, phone numbers, devices and
/// licence keys.
pub const MAX_TIES: usize = 8;

/// Disputes, warnings and trials kept of a node, of each.
pub const MAX_TOLD: usize = 8;

/// Nodes looked at in one walk.
pub const MAX_NODES: usize = 128;

/// How long a tie holds after it was last seen, in milliseconds.
pub const HORIZON_MS: i64 = 180 * DAY_MS;

/// After which a dispute or warning weighs half, in milliseconds.
pub const HALVING_MS: i64 = 90 * DAY_MS;

/// Disputes and warnings this often halved weigh nothing.
const HALVINGS: i64 = 8;

/// The graph, wherever it is kept.
pub trait Links: Send + Sync {
    /// What is known at `at` of the people around whoever has `keys`. `None` where none of the keys is
    /// a node's.
    fn view(&self, keys: &EntityKeys, at: Timestamp) -> Option<LinksView>;

    /// Ties whom `occurrence` was seen with, and notes what it tells of its sale.
    fn record(&self, occurrence: &Occurrence);
}
