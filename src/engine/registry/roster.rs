//! What the changes of a registry come to: its models, and which of them serve.

use super::RegistryError;
use super::journal::{ModelAct, ModelChange};
use crate::domain::Timestamp;
use crate::engine::Who;
use crate::rules::Canary;
use serde::Serialize;

/// A model of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registered {
    /// Digest of the artefact.
    pub sha256: String,
    /// Its name.
    pub name: String,
    /// Counted from 1 for each name.
    pub version: u32,
    /// When it was taken in.
    pub added_at: Timestamp,
    /// By whom.
    pub added_by: Who,
    /// Digest of what is kept beside it.
    #[serde(skip)]
    pub(super) facts: String,
}

impl Registered {
    /// Name and version, as `spring@2`.
    pub fn label(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// What a model of the registry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It decides.
    Live,
    /// It scores beside the live one and moves nothing.
    Shadow,
    /// It decides on a share of buyers.
    Canary,
}

impl Role {
    /// The role in one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Shadow => "shadow",
            Self::Canary => "canary",
        }
    }
}

/// The registry as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// Every model, in the order they were taken in.
    pub models: Vec<Registered>,
    /// Every change, oldest first.
    pub changes: Vec<ModelChange>,
    /// Live models, the last one now.
    promoted: Vec<String>,
    shadow: Option<String>,
    canary: Option<(String, Canary)>,
}

impl Roster {
    /// Follows the changes.
    pub(super) fn of(changes: Vec<ModelChange>) -> Self {
        let mut roster = Self::default();
        for change in &changes {
            roster.count(change);
        }
        Self { changes, ..roster }
    }

    fn count(&mut self, change: &ModelChange) {
        match &change.act {
            ModelAct::Add { model, name, version, facts } => self.models.push(Registered {
                sha256: model.clone(),
                name: name.clone(),
                version: *version,
                added_at: change.at,
                added_by: change.who.clone(),
                facts: facts.clone(),
            }),
            ModelAct::Promote { model } => {
                self.promoted.push(model.clone());
                self.shadow.take_if(|shadow| shadow == model);
                self.canary.take_if(|(canary, _)| canary == model);
            }
            ModelAct::Rollback { .. } => drop(self.promoted.pop()),
            ModelAct::Shadow { model } => self.shadow.clone_from(model),
            ModelAct::Canary { model, share } => self.canary = model.clone().zip(*share),
        }
    }

    /// Digest of the model that was promoted last; `None` where the configuration's is live.
    pub fn live(&self) -> Option<&str> {
        self.promoted.last().map(String::as_str)
    }

    /// What was live before; `None` for what the configuration names.
    pub fn before(&self) -> Option<&str> {
        self.promoted.iter().rev().nth(1).map(String::as_str)
    }

    /// Digests of all that were live and not taken back, the last one first.
    pub fn lived(&self) -> impl Iterator<Item = &str> {
        self.promoted.iter().rev().map(String::as_str)
    }

    /// Digest of the shadow.
    pub fn shadow(&self) -> Option<&str> {
        self.shadow.as_deref()
    }

    /// Digest of the canary and on whom it decides.
    pub fn canary(&self) -> Option<(&str, Canary)> {
        self.canary.as_ref().map(|(model, share)| (model.as_str(), *share))
    }

    /// What a model does; `None` for one that only lies there.
    pub fn role(&self, sha256: &str) -> Option<Role> {
        if self.live() == Some(sha256) {
            Some(Role::Live)
        } else if self.canary().is_some_and(|(model, _)| model == sha256) {
            Some(Role::Canary)
        } else {
            (self.shadow() == Some(sha256)).then_some(Role::Shadow)
        }
    }

    /// When a model became what is live now.
    pub fn live_since(&self) -> Option<Timestamp> {
        let swaps = |change: &&ModelChange| {
            matches!(change.act, ModelAct::Promote { .. } | ModelAct::Rollback { .. })
        };
        self.changes.iter().rev().find(swaps).map(|change| change.at)
    }

    /// The model of this digest.
    pub fn get(&self, sha256: &str) -> Option<&Registered> {
        self.models.iter().find(|model| model.sha256 == sha256)
    }

    /// The model a person calls `spring` (its newest version), `spring@2`, `live`, `shadow`, `canary`, or
    /// by eight or more first digits of its digest.
    ///
    /// # Errors
    /// Nothing is called so, or several digests begin so.
    pub fn find(&self, name: &str) -> Result<&Registered, RegistryError> {
        let unknown = || {
            let known = self.models.iter().map(Registered::label).collect();
            RegistryError::Unknown { name: name.to_owned(), known }
        };
        let in_role = match name {
            "live" => Some(self.live()),
            "shadow" => Some(self.shadow()),
            "canary" => Some(self.canary().map(|(model, _)| model)),
            _ => None,
        };
        if let Some(digest) = in_role {
            return digest.and_then(|digest| self.get(digest)).ok_or_else(unknown);
        }
        let named = |model: &&Registered| model.name == name || model.label() == name;
        if let Some(model) = self.models.iter().rev().find(named) {
            return Ok(model);
        }
        let begins = |model: &&Registered| name.len() >= 8 && model.sha256.starts_with(name);
        match self.models.iter().filter(begins).count() {
            0 => Err(unknown()),
            1 => self.models.iter().find(begins).ok_or_else(unknown),
            count => Err(RegistryError::Ambiguous { name: name.to_owned(), count }),
        }
    }
}
