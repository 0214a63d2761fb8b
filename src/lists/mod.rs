//! Named lists of values a rule can ask about: blocked BINs, office networks, trusted customers.
//!
//! ```text
//! NAME.txt ─► parse ─► List (sorted, compact) ─┐
//! changes of people (the ledger) ─► added,     ├─► Lists::answer(name, value, now)
//!                                   removed ───┘
//! ```
//!
//! A list is looked into while facts are gathered, never while rules are evaluated: the answers are
//! facts of the record, so a decision can be made again when the list is long another one, and rules
//! stay compiled when a list changes.
//!
//! - **A list loads whole or not at all**, with every wrong entry at its line.
//! - **Holds values only.** There is no way to name another list, so none can name itself.
//! - **Bounded**: a look-up is a few binary searches without allocation; an entry takes 4 bytes (BIN,
//!   IPv4), 16 (IPv6) or its own bytes and 4 more (texts), and 16 more where it expires.
//!
//! Rejected: hash sets (three times the memory), pointer tries (a cache line per level, and as much
//! again), hashes in place of texts (nobody could read a list back).

mod error;
mod kind;
mod list;
mod network;
mod parse;
mod set;
mod table;
#[cfg(test)]
mod tests;

pub use error::{ListError, ListFault, MAX_FAULTS, Refused};
pub use kind::ListKind;
pub use list::{Entry, List};
pub use parse::{MAX_ENTRIES, MAX_FILE_BYTES, MAX_NOTE, MAX_VALUE, Reading, check_note};
pub use set::{Change, Changes, Lists, Loaded, MAX_CHANGES, MAX_LISTS, Named};

/// Whether a text shows a card number; a list never holds one.
pub type ShowsCard<'a> = &'a dyn Fn(&str) -> bool;
