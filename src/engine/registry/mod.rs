//! The registry of models: which ones a data directory knows, which of them serve, and who changed that.
//!
//! ```text
//! DIR/artefacts/model-<sha256>   the models, where every model that ever decided is kept for replays
//! DIR/models/journal.jsonl       who did what and when, each line with the digest of the one before
//! DIR/models/<sha256>.json       what a model was measured at when it was trained, and its golden rows
//! ```
//!
//! Nothing is ever removed: a decision of any age names a model that is still there. What serves is not
//! stored but follows from the journal, so it can't disagree with the record of who changed it.
//! Rejected: the ledger as journal. A running server holds it alone, and a model must be promoted while
//! one runs.

mod error;
mod golden;
mod journal;
mod roster;
#[cfg(test)]
mod tests;

pub use error::RegistryError;
pub use journal::{ModelAct, ModelChange};
pub use roster::{Registered, Role, Roster};

use super::artefacts::Artefacts;
use super::desk::Who;
use super::snapshot::digest;
use crate::domain::Timestamp;
use crate::model::Model;
use crate::rules::Canary;
use golden::Golden;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the registry lies under a data directory.
const DIR: &str = "models";

/// The registry of a data directory.
#[derive(Debug, Clone)]
pub struct Registry {
    artefacts: Artefacts,
    dir: PathBuf,
}

/// Who changes the registry, when and why.
#[derive(Debug, Clone)]
pub struct By {
    /// Who.
    pub who: Who,
    /// When.
    pub at: Timestamp,
    /// Why, as they say; may be empty.
    pub note: String,
}

/// What is kept beside a model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Facts {
    /// Windows, rows and measures of the test, as training reported them.
    #[serde(default)]
    measured: Value,
    #[serde(default)]
    golden: Vec<Golden>,
}

impl Registry {
    /// Of a data directory; nothing need be there yet.
    pub fn new(data_dir: &Path) -> Self {
        Self { artefacts: Artefacts::new(data_dir), dir: data_dir.join(DIR) }
    }

    /// The file that changes whenever the registry does.
    pub fn journal(&self) -> PathBuf {
        self.dir.join(journal::FILE)
    }

    /// The registry as it stands.
    ///
    /// # Errors
    /// The journal can't be read or was changed by other hands.
    pub fn roster(&self) -> Result<Roster, RegistryError> {
        Ok(Roster::of(journal::read(&self.dir)?.0))
    }

    /// A model of the registry.
    ///
    /// # Errors
    /// Its artefact is gone, damaged or refused by this version.
    pub fn load(&self, sha256: &str) -> Result<Model, RegistryError> {
        let artefact = |source| RegistryError::Artefact {
            digest: sha256.to_owned(),
            source: Box::new(source),
        };
        let bytes = self.artefacts.model_bytes(sha256).map_err(artefact)?;
        let model = Model::from_bytes(&bytes)
            .map_err(|source| RegistryError::Refused { digest: sha256.to_owned(), source })?;
        if model.digest() == sha256 {
            return Ok(model);
        }
        Err(artefact(self.artefacts.damaged("model", sha256)))
    }

    /// What a model was measured at: `windows`, `rows` and `test` of its training's report; null where
    /// nothing is known.
    pub fn measured(&self, sha256: &str) -> Value {
        self.facts(sha256).map(|(facts, _)| facts.measured).unwrap_or_default()
    }

    /// Takes a model in with the report of its training, where there is one; a model that is there
    /// already stays as it is, but its artefact is written again where it is damaged. Returns the roster and the digest.
    ///
    /// # Errors
    /// The files can't be read or written.
    pub fn add(
        &self,
        model: &Model,
        report: Option<&Value>,
        by: &By,
    ) -> Result<Roster, RegistryError> {
        let sha256 = model.digest();
        let roster = self.roster()?;
        let kept = self.artefacts.keep_model(model);
        kept.map_err(|source| RegistryError::Artefact {
            digest: sha256.to_owned(),
            source: Box::new(source),
        })?;
        if roster.get(sha256).is_some() {
            return Ok(roster);
        }
        let measured = report.map(|report| {
            let part =
                |name: &str| (name.to_owned(), report.get(name).cloned().unwrap_or_default());
            Value::Object(["windows", "rows", "test"].map(part).into_iter().collect())
        });
        let facts = Facts { measured: measured.unwrap_or_default(), golden: golden::rows(model) };
        let text = serde_json::to_string(&facts).unwrap_or_default();
        let path = self.facts_path(sha256);
        fs::create_dir_all(&self.dir)
            .and_then(|()| journal::replace(&path, &text))
            .map_err(|source| RegistryError::File { doing: "write", path, source })?;
        let name = model.artefact().name.clone();
        self.change(by, |roster| {
            let versions = roster.models.iter().filter(|model| model.name == name);
            let version = u32::try_from(versions.count()).unwrap_or(u32::MAX).saturating_add(1);
            let model = sha256.to_owned();
            Ok(ModelAct::Add { model, name, version, facts: digest(text.as_bytes()) })
        })
    }

    /// Makes a model live. It is loaded first: one this version can't use stays where it is.
    ///
    /// # Errors
    /// There is no such model, it is live already, or it is refused: with every feature it misses.
    pub fn promote(&self, name: &str, by: &By) -> Result<Roster, RegistryError> {
        self.change(by, |roster| Ok(ModelAct::Promote { model: self.candidate(roster, name)? }))
    }

    /// Goes back to the model that was live before the last promotion.
    ///
    /// # Errors
    /// None was promoted, or the one before is refused.
    pub fn rollback(&self, by: &By) -> Result<Roster, RegistryError> {
        self.change(by, |roster| {
            if roster.live().is_none() {
                return Err(RegistryError::NothingPromoted);
            }
            let model = roster.before().map(str::to_owned);
            if let Some(model) = &model {
                self.load(model)?;
            }
            Ok(ModelAct::Rollback { model })
        })
    }

    /// Sets the shadow, or ends it.
    ///
    /// # Errors
    /// As [`Registry::promote`].
    pub fn shadow(&self, name: Option<&str>, by: &By) -> Result<Roster, RegistryError> {
        self.change(by, |roster| {
            let model = name.map(|name| self.candidate(roster, name)).transpose()?;
            Ok(ModelAct::Shadow { model })
        })
    }

    /// Sets the canary and its share, or ends it.
    ///
    /// # Errors
    /// As [`Registry::promote`].
    pub fn canary(&self, set: Option<(&str, Canary)>, by: &By) -> Result<Roster, RegistryError> {
        self.change(by, |roster| {
            let model = set.map(|(name, _)| self.candidate(roster, name)).transpose()?;
            Ok(ModelAct::Canary { model, share: set.map(|(_, share)| share) })
        })
    }

    /// Checks a model: its checksum, that this version loads it, what is kept beside it, and that its
    /// golden rows are scored as they were. What is wrong, empty where nothing is.
    ///
    /// # Errors
    /// The journal can't be read or was changed by other hands.
    pub fn verify(&self, sha256: &str) -> Result<Vec<String>, RegistryError> {
        let model = match self.load(sha256) {
            Ok(model) => model,
            Err(error) => return Ok(vec![told(&error)]),
        };
        let roster = self.roster()?;
        let stated = roster.get(sha256).map(|model| model.facts.as_str()).unwrap_or_default();
        let (facts, computed) = match self.facts(sha256) {
            Ok(read) => read,
            Err(error) => return Ok(vec![told(&error)]),
        };
        let mut findings = Vec::new();
        if computed != stated {
            findings.push("its measures and golden rows were changed since".to_owned());
        }
        let (wrong, most) = golden::differing(&model, &facts.golden);
        if wrong > 0 {
            let all = facts.golden.len();
            findings.push(format!(
                "{wrong} of {all} golden rows are scored otherwise, by up to {most:.2e} in log-odds"
            ));
        }
        if facts.golden.is_empty() {
            findings.push("it has no golden rows".to_owned());
        }
        Ok(findings)
    }

    /// The digest of a model that may serve beside or in place of the live one.
    fn candidate(&self, roster: &Roster, name: &str) -> Result<String, RegistryError> {
        let model = roster.find(name)?;
        if roster.live() == Some(&model.sha256) {
            return Err(RegistryError::IsLive { name: model.label() });
        }
        self.load(&model.sha256)?;
        Ok(model.sha256.clone())
    }

    fn change(
        &self,
        by: &By,
        act: impl FnOnce(&Roster) -> Result<ModelAct, RegistryError>,
    ) -> Result<Roster, RegistryError> {
        let act = |changes: &[ModelChange]| act(&Roster::of(changes.to_vec()));
        Ok(Roster::of(journal::append(&self.dir, by, act)?))
    }

    /// What is kept beside a model, and the digest of its file.
    fn facts(&self, sha256: &str) -> Result<(Facts, String), RegistryError> {
        let path = self.facts_path(sha256);
        let bytes = fs::read(&path);
        let read = bytes.and_then(|bytes| Ok((serde_json::from_slice(&bytes)?, digest(&bytes))));
        read.map_err(|source| RegistryError::File { doing: "read", path, source })
    }

    fn facts_path(&self, sha256: &str) -> PathBuf {
        self.dir.join(format!("{sha256}.json"))
    }
}

/// An error with its causes.
fn told(error: &RegistryError) -> String {
    super::Fault::new(error).message
}
