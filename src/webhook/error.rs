//! Why a receiver can't be told anything.

use std::path::PathBuf;

/// An endpoint, or what is kept about it, can't be used.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// No secret.
    #[error(
        "webhook `{name}` has no secret: set `secret` to a file, or `{variable}` in the environment"
    )]
    NoSecret {
        /// The endpoint.
        name: String,
        /// The variable.
        variable: String,
    },
    /// The file can't be read.
    #[error("the secret of webhook `{name}` can't be read")]
    Unread {
        /// The endpoint.
        name: String,
        /// What happened.
        #[source]
        source: std::io::Error,
    },
    /// Not one of the standard's.
    #[error(
        "the secret of webhook `{name}` is one or two lines of `whsec_` and base64 of 24 to 64 bytes"
    )]
    Secret {
        /// The endpoint.
        name: String,
    },
    /// An address that is not asked.
    #[error("webhook `{name}`")]
    Address {
        /// The endpoint.
        name: String,
        /// What is wrong with it.
        #[source]
        source: crate::processor::ProcessorError,
    },
    /// A kind nobody sends.
    #[error("webhook `{name}` asks for `{kind}`, which is none of {known}")]
    Kind {
        /// The endpoint.
        name: String,
        /// As given.
        kind: String,
        /// What there is.
        known: String,
    },
    /// A name, or a tenant, that can't be one.
    #[error("webhook `{name}`: {what}")]
    Name {
        /// As given.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A file beside the ledger.
    #[error("can't {doing} `{path}`")]
    File {
        /// What was done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: std::io::Error,
    },
    /// The ledger can't be read.
    #[error(transparent)]
    Ledger(#[from] crate::ledger::LedgerError),
}
