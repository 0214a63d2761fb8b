//! Calls of a processor's interface: evidence handed over and sent; and messages posted to the merchant's own.
//!
//! The network is here and nowhere else. A submission is final and may be made once; [`send`] records what
//! it is going to send before it does, so that neither a crash nor a lost answer makes it two.
//!
//! Rejected: `reqwest`, whose resolver, proxies, cookies and pools are for other programs; the system's own
//! certificates, which a minimal container does not have.

mod client;
mod error;
mod keys;
mod post;
mod send;
mod stripe;

pub use error::{ProcessorError, SendError};
pub use keys::key_of;
pub use post::{Address, Poster, Untaken};
pub use send::{Done, Mode, Sent, send};
pub use stripe::{Live, Stripe};
