//! Why a processor was not reached, refused, or was not asked.

use crate::disputes::PacketError;
use crate::domain::{DisputeId, DisputeStatus, Text, Timestamp};
use std::path::PathBuf;

/// A call that did not do what it was for. None quotes the key.
#[derive(Debug, thiserror::Error)]
pub enum ProcessorError {
    /// No address of an interface.
    #[error("`{given}` is no address of the form `https://host[:port]`")]
    Address {
        /// As given.
        given: String,
    },
    /// In clear text to another machine.
    #[error(
        "`{given}`: without TLS only this machine is asked; the key would be there for all to read"
    )]
    ClearText {
        /// As given.
        given: String,
    },
    /// The key is no line of visible characters.
    #[error("the secret key is empty or not one line of visible characters")]
    Key,
    /// A line of the file with keys is not `KEY` or `TENANT KEY`, or repeats a tenant or a key.
    #[error("line {line} of the secret keys: `KEY` or `TENANT KEY`, each tenant and each key once")]
    Keys {
        /// Its number, from 1.
        line: usize,
    },
    /// None is set for this tenant, or its file can't be read.
    #[error("no secret key is set for this tenant, or its file can't be read")]
    NoKey,
    /// A file with the certificates of authorities can't be used.
    #[error("`{}` is no PEM file with the certificate of an authority: {why}", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No answer, or one that says to come back, at every try. Whether it was done is not known.
    #[error("no answer after {tries} tries: {last}")]
    Unanswered {
        /// How often it was tried.
        tries: u32,
        /// What happened last.
        last: String,
    },
    /// It failed, or what stands before it did. Whether it was done is not known.
    #[error("failed with {status}, and whether it was done is not known: {message}")]
    Failed {
        /// The HTTP status.
        status: u16,
        /// The processor's message.
        message: String,
    },
    /// Refused; trying again changes nothing.
    #[error("refused with {status}{}: {message}", code.as_ref().map(|code| format!(" `{code}`")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The processor's code.
        code: Option<String>,
        /// Its message.
        message: String,
    },
    /// An answer of another shape than documented.
    #[error("the answer to {what} can't be understood: {why}")]
    Garbled {
        /// The call.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// Why evidence was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError<E: std::error::Error + 'static> {
    /// No such dispute.
    #[error("no dispute `{0}` is recorded")]
    Unknown(DisputeId),
    /// It came from somebody else.
    #[error("the dispute is of `{}`; evidence is sent to `stripe` only", .0.as_str())]
    OtherProcessor(Text<64>),
    /// Only reports of others name it: whoever may report must not be able to answer any dispute.
    #[error(
        "the processor itself has not told of this dispute: it comes by webhook or `vouch dispute intake`"
    )]
    Untold,
    /// The processor's dispute of this name is about another payment.
    #[error("the processor's dispute is about another payment or amount than the one recorded")]
    OtherPayment,
    /// Its sale is not recorded: there is nothing to send.
    #[error("the sale is not recorded, so there is no evidence")]
    NoSale,
    /// The record answers nothing of the claim.
    #[error("the records do not answer the claim; sending nothing is better than sending this")]
    NoAnswer,
    /// Sent already, at that time as far as it is recorded. There is no second time.
    #[error("the evidence was sent already{}", .0.map(|at| format!(" on {at}")).unwrap_or_default())]
    AlreadySent(Option<Timestamp>),
    /// It waits for nothing.
    #[error("the dispute does not wait for evidence: it is `{0}`")]
    NotWaiting(DisputeStatus),
    /// The deadline has passed, or none can be met.
    #[error("the processor takes no evidence any more{}", .0.map(|at| format!(" since {at}")).unwrap_or_default())]
    PastDue(Option<Timestamp>),
    /// What an earlier try was going to send can't be read any more.
    #[error("an earlier try is open, and what it sent was erased")]
    Erased,
    /// A try to send for good is open: handing over now could be lost in it.
    #[error("an earlier try to submit is open; `submit` finds out what became of it")]
    OpenTry,
    /// Another run is at it.
    #[error("another run is sending this evidence")]
    UnderWay,
    /// The packet.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// The processor.
    #[error(transparent)]
    Processor(#[from] ProcessorError),
    /// The record.
    #[error("the record failed")]
    Store(#[source] E),
}
