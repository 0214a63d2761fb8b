//! The models as parts: the live one, one in shadow and a canary; each from the registry where somebody
//! set it there, else from where the configuration says.

use super::{Origins, PartReport};
use crate::engine::Fault;
use crate::engine::registry::{Registry, RegistryError};
use crate::engine::snapshot::{ModelCanary, Snapshot};
use crate::model::{Model, ModelError};
use crate::rules::Canary;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the model comes from.
#[derive(Debug, Clone, Default)]
pub enum ModelOrigin {
    /// The one the program comes with.
    #[default]
    Bundled,
    /// A model directory or artefact.
    Path(PathBuf),
    /// None: rules act alone, whatever the registry says.
    Off,
}

/// Why a model can't be taken into use.
#[derive(Debug, thiserror::Error)]
pub enum ModelPartError {
    /// The file the configuration names.
    #[error(transparent)]
    File(#[from] ModelError),
    /// The registry, or the model it names.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl ModelPartError {
    /// True where the next try may find it readable with the stamps it has now.
    pub(super) fn may_come(&self) -> bool {
        matches!(self, Self::File(ModelError::Unreadable { source, .. }) if super::may_come(source))
    }
}

impl Origins {
    /// The same, with the registry of a data directory: what was promoted there is the live model.
    #[must_use]
    pub fn with_registry(self, data_dir: &Path) -> Self {
        Self { registry: Some(Registry::new(data_dir)), ..self }
    }

    /// The live model.
    pub(super) fn read_model(&self) -> Result<Option<Model>, ModelPartError> {
        if let ModelOrigin::Off = self.model {
            return Ok(None);
        }
        if let Some(registry) = &self.registry
            && let Some(live) = registry.roster()?.live()
        {
            return Ok(Some(registry.load(live)?));
        }
        Ok(match &self.model {
            ModelOrigin::Bundled => Some(Model::bundled()?),
            ModelOrigin::Path(path) => Some(Model::load(path)?),
            ModelOrigin::Off => None,
        })
    }

    /// What a start decides with where neither the live model nor the one served last can be used: what was
    /// live before, the newest first, then what the configuration names.
    pub(super) fn older_model(&self) -> Option<Model> {
        let roster = self.registry.as_ref().map(Registry::roster);
        let roster = roster.and_then(Result::ok).unwrap_or_default();
        let promoted =
            roster.lived().filter_map(|sha256| self.registry.as_ref()?.load(sha256).ok());
        promoted.fuse().next().or_else(|| match &self.model {
            ModelOrigin::Bundled => Model::bundled().ok(),
            ModelOrigin::Path(path) => Model::load(path).ok(),
            ModelOrigin::Off => None,
        })
    }

    /// The file a fault of the live model is about.
    pub(super) fn model_path(&self, error: &ModelPartError) -> PathBuf {
        match (error, &self.model, &self.registry) {
            (ModelPartError::Registry(_), _, Some(registry)) => registry.journal(),
            (_, ModelOrigin::Path(path), _) => path.clone(),
            _ => PathBuf::from("bundled"),
        }
    }
}

/// The models on trial, as they are after reading.
#[derive(Default)]
pub(super) struct Trials {
    pub(super) shadow: Option<Arc<Model>>,
    pub(super) canary: Option<ModelCanary>,
    /// One could not be read that may be readable at the next try.
    pub(super) unread: bool,
}

/// A model on trial: its file or digest.
enum Place<'o> {
    File(&'o Path),
    Registry(&'o Registry, String),
}

/// Where the models on trial are.
struct Places<'o> {
    shadow: Option<Place<'o>>,
    canary: Option<(Place<'o>, Canary)>,
}

impl Place<'_> {
    fn load(&self) -> Result<Model, ModelPartError> {
        Ok(match self {
            Self::File(path) => Model::load(path)?,
            Self::Registry(registry, sha256) => registry.load(sha256)?,
        })
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => (*path).to_owned(),
            Self::Registry(registry, _) => registry.journal(),
        }
    }
}

impl Origins {
    /// Reads the models on trial; a broken one leaves the old one, where there was one. A part is
    /// reported where there is a model or was one.
    pub(super) fn read_trials(
        &self,
        old: Option<&Snapshot>,
        parts: &mut Vec<PartReport>,
    ) -> Trials {
        let mut trials = Trials::default();
        if let ModelOrigin::Off = self.model {
            return trials;
        }
        let Places { shadow, canary } = match self.trial_places() {
            Ok(places) => places,
            Err(error) => {
                // The live model's part names the same fault.
                trials.unread = error.may_come();
                trials.shadow = old.and_then(|old| old.shadow.clone());
                trials.canary = old.and_then(|old| old.canary.clone());
                return trials;
            }
        };
        let old_shadow = old.and_then(|old| old.shadow.as_ref());
        let read = trial("model.shadow", shadow.as_ref(), old_shadow, parts);
        (trials.shadow, trials.unread) = read;
        let old_canary = old.and_then(|old| old.canary.as_ref());
        let before = old_canary.map(|canary| &canary.model);
        let place = canary.as_ref().map(|(place, _)| place);
        let (model, unread) = trial("model.canary", place, before, parts);
        trials.unread |= unread;
        let is_refused = parts.last().is_some_and(|part| {
            part.part == "model.canary" && part.outcome == super::PartOutcome::Refused
        });
        trials.canary = match (model, canary) {
            // Its share was meant for another model.
            _ if is_refused => old_canary.cloned(),
            (Some(model), Some((_, share))) => Some(ModelCanary { model, share }),
            _ => None,
        };
        let share = |canary: Option<&ModelCanary>| canary.map(|canary| canary.share);
        if share(trials.canary.as_ref()) != share(old_canary)
            && let Some(part) = parts.last_mut()
            && part.outcome == super::PartOutcome::Unchanged
        {
            *part = PartReport::good("model.canary", true);
        }
        trials
    }

    fn trial_places(&self) -> Result<Places<'_>, ModelPartError> {
        let mut shadow = self.shadow.as_deref().map(Place::File);
        let mut canary = self.canary.as_ref().map(|(path, share)| (Place::File(path), *share));
        if let Some(registry) = &self.registry {
            let roster = registry.roster()?;
            let of = |sha256: &str| Place::Registry(registry, sha256.to_owned());
            shadow = roster.shadow().map(of).or(shadow);
            canary = roster.canary().map(|(sha256, share)| (of(sha256), share)).or(canary);
        }
        Ok(Places { shadow, canary })
    }
}

/// Reads one model on trial; true beside it where the next try may read it.
fn trial(
    part: &str,
    place: Option<&Place<'_>>,
    old: Option<&Arc<Model>>,
    parts: &mut Vec<PartReport>,
) -> (Option<Arc<Model>>, bool) {
    let Some(place) = place else {
        if old.is_some() {
            parts.push(PartReport::good(part, true));
        }
        return (None, false);
    };
    match place.load() {
        Ok(model) => {
            let same = old.filter(|old| old.digest() == model.digest());
            parts.push(PartReport::good(part, same.is_none()));
            (Some(same.map_or_else(|| Arc::new(model), Arc::clone)), false)
        }
        Err(error) => {
            parts.push(PartReport::refused(part, vec![Fault::new(&error).of_file(&place.path())]));
            (old.cloned(), error.may_come())
        }
    }
}
