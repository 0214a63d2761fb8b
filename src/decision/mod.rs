//! Rules, score and costs into one action, one delivery and the reasons for both.
//!
//! Everything here is pure: no clock, lock, IO or randomness, so a stored record decides again to
//! the same bytes. Rules restrict which actions are admissible; among those the least expected cost
//! wins. Until a model calibrated on the merchant's own labels is in use, the model advises and
//! rules act: without a rule the answer is `approve`.
//!
//! Rejected: a score that rules add points to (nobody can say what 640 means), and thresholds as
//! the default (the right threshold depends on the price, the margin and the method).

mod cost;
mod decide;
mod delivery;
mod hindsight;
mod pass_through;
mod policy;

pub use cost::{CostTerms, ExpectedCosts, expected_costs};
pub use decide::{Matched, Sale, ScoreOutcome, Verdict, decide};
pub use delivery::delivery;
pub use hindsight::costs_in_hindsight;
pub use pass_through::PassThrough;
pub use policy::{ChallengePolicy, CostPolicy, Policy, PolicyError, Thresholds};
