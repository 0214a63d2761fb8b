//! Who may ask for what: access keys, what each may do, and how much of it.
//!
//! ```text
//! vouch key ─► access.json (digests, never keys) ─► Gate ─► tenant of a request, or why not
//! ```
//!
//! A key is shown once, when it is made. The file keeps its SHA-256: a key is 256 random bits, so nobody
//! finds it by trying, and a slow password hash would only slow every request down. One file and not a
//! table of the index: it must be there before the ledger is open, is read whole in no time, and is
//! replaced by one rename. Rejected: signed tokens, which can't be taken back without a list of those
//! that are; OIDC, which needs a server of somebody else in the way of every start (a proxy in front can
//! do it).

mod error;
mod file;
mod gate;
mod scope;
mod token;

pub use error::AccessError;
pub use file::{AUDITED_FILE, AccessFile, FILE, FILES, Key, KeyChange, Limits};
pub use gate::{Admitted, Denied, Gate};
pub use scope::Scope;
pub use token::{KeyId, Token};
