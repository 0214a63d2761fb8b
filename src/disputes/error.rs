//! Why a processor's message could not be taken in.

use crate::domain::{AmountError, Currency, TextError, UnknownCurrency};

/// A processor's message was refused. All of these are the sender's fault; none is cured by a retry.
///
/// `pointer` is the JSON pointer of the place in the message; empty for the message as a whole.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// Longer than [`crate::disputes::MAX_MESSAGE_BYTES`].
    #[error("the message has {bytes} bytes; at most {max} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Not UTF-8.
    #[error("the message is not UTF-8 at byte {at}")]
    NotUtf8 {
        /// Offset of the first bad byte.
        at: usize,
    },
    /// Not JSON; the source names line and column.
    #[error("the message is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// A member that must be there is absent or null.
    #[error("`{pointer}` is missing")]
    Missing {
        /// Where.
        pointer: String,
    },
    /// A value of another JSON type than documented.
    #[error("{} must be {expected}", place(pointer))]
    WrongType {
        /// Where.
        pointer: String,
        /// The documented type.
        expected: &'static str,
    },
    /// An object of another kind.
    #[error("`{given}` at `{pointer}` is no dispute, dispute event or early fraud warning")]
    OtherObject {
        /// Where.
        pointer: String,
        /// The kind as sent, cut to 64 characters.
        given: String,
    },
    /// An event of another type.
    #[error(
        "event type `{given}` at `{pointer}` is not about a dispute, early fraud warning or payment"
    )]
    OtherEvent {
        /// Where.
        pointer: String,
        /// The type as sent, cut to 64 characters.
        given: String,
    },
    /// A text too long for its field, empty, or with control characters.
    #[error("`{pointer}` {source}")]
    Text {
        /// Where.
        pointer: String,
        /// What is wrong with it.
        source: TextError,
    },
    /// No ISO 4217 code.
    #[error("`{pointer}`: {source}")]
    Currency {
        /// Where.
        pointer: String,
        /// What is wrong with it.
        source: UnknownCurrency,
    },
    /// A code without a minor unit (gold, test codes), so that a whole number is no amount of it.
    #[error("`{pointer}`: `{currency}` has no minor unit")]
    NoMinorUnit {
        /// Where.
        pointer: String,
        /// The code.
        currency: Currency,
    },
    /// A negative or absurd amount.
    #[error("`{pointer}`: {source}")]
    Amount {
        /// Where.
        pointer: String,
        /// What is wrong with it.
        source: AmountError,
    },
    /// A time before 1970 or after 2200.
    #[error("`{pointer}`: `{given}` is no number of seconds between 1970 and 2200")]
    Time {
        /// Where.
        pointer: String,
        /// The number as sent.
        given: i64,
    },
}

/// Why a packet was not written.
#[derive(Debug, thiserror::Error)]
pub enum PacketError {
    /// Even at its shortest, with every exhibit the letter rests on, it is more than is taken.
    #[error(
        "the packet does not fit `{profile}`: {pages} pages{}, {bytes} bytes of at most {max_bytes}; choose another profile",
        max_pages.map(|most| format!(" of at most {most}")).unwrap_or_default()
    )]
    TooLarge {
        /// The profile.
        profile: &'static str,
        /// Its pages.
        pages: usize,
        /// Its bytes; 0 when it was not written for its pages.
        bytes: usize,
        /// The limit, where there is one.
        max_pages: Option<usize>,
        /// The limit.
        max_bytes: usize,
    },
    /// The writer refused; a mistake of ours.
    #[error("the file was refused by its writer: {words}")]
    Refused {
        /// Its words.
        words: String,
    },
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() { "the message".to_owned() } else { format!("`{pointer}`") }
}
