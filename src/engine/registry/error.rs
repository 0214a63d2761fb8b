//! What can go wrong with the registry of models.

use crate::model::ModelError;
use std::path::PathBuf;

/// What can go wrong with the registry of models.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A file of the registry can't be read or written. The operator's.
    #[error("can't {doing} `{}`", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: std::io::Error,
    },
    /// A line of the journal was changed, taken out or put in.
    #[error("`{}` line {line}: {what}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Nothing in the registry is called so. The caller's.
    #[error("the registry holds no model `{name}`{}", listed(known))]
    Unknown {
        /// The name given.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Too few digits: several models begin so. The caller's.
    #[error("`{name}` is the beginning of {count} digests; give more digits")]
    Ambiguous {
        /// The digits given.
        name: String,
        /// How many begin so.
        count: usize,
    },
    /// Nothing was promoted, so there is nothing to go back from. The caller's.
    #[error("no model was promoted here: what the configuration names is live")]
    NothingPromoted,
    /// A model that is live can't be tried beside itself. The caller's.
    #[error("`{name}` is live already")]
    IsLive {
        /// The model, as name and version.
        name: String,
    },
    /// The kept artefact is gone, or is not what its digest says.
    #[error("model `{digest}` can't be loaded")]
    Artefact {
        /// Its digest.
        digest: String,
        /// What is wrong with it.
        #[source]
        source: Box<super::super::EngineError>,
    },
    /// The kept artefact can't be used by this version.
    #[error("model `{digest}` was refused")]
    Refused {
        /// Its digest.
        digest: String,
        /// What is wrong with it; names every feature that is missing.
        #[source]
        source: ModelError,
    },
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "; it is empty".to_owned(),
        _ => format!("; there are `{}`", names.join("`, `")),
    }
}
