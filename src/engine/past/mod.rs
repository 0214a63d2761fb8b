//! Decisions of the past with what became of them, for backtests: records as they were, never
//! recomputed.
//!
//! ```text
//! first pass: events ─► Aftermath        what was said of each sale, by its id
//! second pass: decisions ─► Sale, Record ─► a count of the caller's, on all cores
//! ```
//!
//! Memory is that of the sales something was said of, and of the count; never that of all decisions.

mod aftermath;
mod consequences;
mod ledger;
mod reproduced;
mod run;
mod sale;

pub use aftermath::Aftermath;
pub use consequences::Hindsight;
pub use ledger::{LedgerOf, Passed, over_ledger, read_aftermath};
pub use reproduced::{Different, Reproduced, Reproduction};
pub use run::{Comparison, Run};
pub use sale::{Maturity, PastSale, Recorded};

use crate::features::Record;

/// A count over past decisions, made in parts and put together.
pub trait Count: Send {
    /// Counts one decision.
    fn add(&mut self, sale: &PastSale, record: &Record);

    /// Takes in what another part counted.
    fn merge(&mut self, other: Self);
}
