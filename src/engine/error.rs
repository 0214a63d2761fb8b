//! Why the engine gave no answer, whose fault it is and whether trying again can help.

use crate::domain::{DisputeId, Timestamp};
use crate::ledger::LedgerError;

/// Why a request got no decision, or an event was not kept.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A card number in a field that must not carry one. The caller's fault.
    #[error("a card number was sent; send the processor's fingerprint, BIN and last four instead")]
    CardNumber {
        /// Where, as a JSON pointer.
        pointer: String,
    },
    /// Further ahead of our clock than clocks differ. The caller's fault.
    #[error("`event_time` {event_time} is more than 15 minutes ahead of this server's clock")]
    FutureEvent {
        /// The time given.
        event_time: Timestamp,
    },
    /// The id is known with other content. The caller's fault.
    #[error("`{id}` was already used with different content{}", pointer.as_ref().map(|p| format!(", first at `{p}`")).unwrap_or_default())]
    Conflict {
        /// The transaction or event id.
        id: String,
        /// The first member that differs, where the stored content can still be read.
        pointer: Option<String>,
    },
    /// The id is known with the same content, and no ledger keeps its answer (scoring a file).
    #[error("`{id}` is a repeat of an earlier row")]
    Repeated {
        /// The transaction id.
        id: String,
    },
    /// The answer could not be kept, so none is given. Ours; trying again can help.
    #[error("the ledger can't keep this now")]
    NotKept(#[source] LedgerError),
    /// The ledger can't be opened, read or verified. Ours.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is nothing of this name. The caller's.
    #[error("there is no {what} `{name}`")]
    NotThere {
        /// A list, a rule, a transaction.
        what: &'static str,
        /// The name given.
        name: String,
    },
    /// Something a person asked for can't be done. The caller's.
    #[error("{why}")]
    Unfit {
        /// Where, as a JSON pointer.
        pointer: &'static str,
        /// Why, in one clause; quotes no card number.
        why: String,
    },
    /// A legal hold forbids erasing the person. The caller's.
    #[error(
        "`{account}` can't be erased: held since {date} by `{by}` ({reason}); release it first"
    )]
    Held {
        /// The account.
        account: String,
        /// Since which day.
        date: String,
        /// Who ordered it.
        by: String,
        /// Why.
        reason: String,
    },
    /// An open dispute forbids erasing the person. The caller's.
    #[error("`{account}` can't be erased: their dispute `{dispute}` is open")]
    Disputed {
        /// The account.
        account: String,
        /// The dispute.
        dispute: DisputeId,
    },
    /// Personal values can't be found or read without it. The operator's.
    #[error("the ledger's master key is not there")]
    NoMasterKey,
    /// Opened for reading only.
    #[error("there is no ledger to write to")]
    ReadOnly,
    /// A stored record has another shape than this version writes. Ours.
    #[error("record {sequence} of the ledger can't be understood")]
    Stored {
        /// Its number in the ledger.
        sequence: u64,
        /// What is wrong with it.
        #[source]
        source: StoredError,
    },
    /// A directory or file of the data directory. Ours.
    #[error("`{path}`")]
    File {
        /// Which.
        path: String,
        /// What happened.
        #[source]
        source: std::io::Error,
    },
}

/// Why a stored record could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// Not the JSON it should be; a field of the record has changed its type or is gone.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The id is none.
    #[error("its id is not one: {0}")]
    Id(crate::domain::TextError),
    /// The content digest is none.
    #[error("its content digest is not 32 hexadecimal digits")]
    Digest,
    /// Written by a newer version.
    #[error("it has format {found}, this version reads up to {known}")]
    Format {
        /// The record's format.
        found: u32,
        /// The newest this version reads.
        known: u32,
    },
}

impl EngineError {
    /// True when the same request may succeed later without a change.
    pub fn transient(&self) -> bool {
        match self {
            Self::NotKept(_) => true,
            Self::Ledger(error) => error.transient(),
            _ => false,
        }
    }
}
