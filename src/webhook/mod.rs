//! What the merchant's own services are told: a review was resolved, a dispute came, an entitlement should be
//! suspended or given back, a deadline is near.
//!
//! ```text
//! ledger ─► message (pure) ─► window (pure: order, retries) ─► processor::Deliverer ─► receiver
//!    ▲                             │
//!    └──────── cursor ◄────────────┴─► dead letters
//! ```
//!
//! INVARIANT: the ledger is the queue. A message is made from one entry and from nothing else, so it is the
//! same however often it is made, and its id too; kept is only how far a receiver has got. What is lost of
//! that is sent again: at least once, never less.
//! INVARIANT: messages about one person go out in the order of their entries, the next only when the one
//! before was taken or given up.
//! INVARIANT: no more than a window of messages is in memory for a receiver. One that is slow or gone makes
//! its own reading stop, nothing else: scoring knows nothing of it.
//!
//! Signed as Standard Webhooks 1.0.0 (standardwebhooks.com) has it. Only configured addresses are asked, and
//! no redirect is followed.
//!
//! Rejected: a queue table of its own, a second truth to keep in step with the ledger.

mod cursor;
mod dead;
mod deliver;
mod endpoint;
mod error;
mod message;
mod replay;
mod sign;
mod window;

pub use cursor::Cursor;
pub use dead::{Dead, DeadLetters};
pub use deliver::{Standing, run};
pub use endpoint::Endpoint;
pub use error::WebhookError;
pub use message::{Kind, Message, messages};
pub use replay::{Replayed, Which, replay};
