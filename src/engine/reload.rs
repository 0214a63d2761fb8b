//! The parts of a snapshot: read at start, and read again while requests are served.
//!
//! Rules, model, each list, each table and each of the merchant's files stand on their own. A part that is good
//! takes its place; one that is broken is refused with its place, named in `degraded` as
//! `<part>.refused`, and the old one goes on. All that is good is swapped in as one snapshot, after it
//! was kept for replays.
//!
//! A start has no old part in memory. It takes the rule set and the model served last from the data
//! directory, so that a broken file stops no server that ran before; where that model is damaged too, one
//! that was live before it, or the configuration's. A data directory that never had a
//! good one refuses to start: nothing is stopped by that, and bundled rules in place of the merchant's
//! own would decide about money by rules nobody chose.

use super::artefacts::Artefacts;
use super::error::EngineError;
use super::fault::Fault;
use super::registry::Registry;
use super::service::Engine;
use super::snapshot::{ModelCanary, Snapshot};
use super::watch::{Stamps, Watch};
use crate::decision::Policy;
use crate::domain::Versions;
use crate::lists::{ListError, Lists};
use crate::model::Model;
use crate::reference::{Change, Reference, ReferenceError, ReferenceFiles};
use crate::rules::{Canary, Diagnostics, RuleSet};
use serde::Serialize;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use models::{ModelOrigin, ModelPartError};

/// Where the parts of a snapshot come from.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// A directory of rule files; absent: the bundled packs.
    pub rules: Option<PathBuf>,
    /// The model.
    pub model: ModelOrigin,
    /// A model that scores beside the live one.
    pub shadow: Option<PathBuf>,
    /// A model that decides for a share of buyers.
    pub canary: Option<(PathBuf, Canary)>,
    /// What was set with `vouch model`, which stands over `model`, `shadow` and `canary`, each for itself.
    pub registry: Option<Registry>,
    /// A directory of lists.
    pub lists: Option<PathBuf>,
    /// Tables and the merchant's files.
    pub reference: ReferenceFiles,
    /// The costs; they come with the configuration and are not read again.
    pub policy: Policy,
}

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartOutcome {
    /// It is as it was.
    Unchanged,
    /// The new one is in use.
    Replaced,
    /// The new one can't be used; the old one goes on, where there was one.
    Refused,
}

/// One part of a reload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PartReport {
    /// `rules`, `model`, `lists.` and the name of a list, or `reference.` and that of a table or file.
    pub part: String,
    /// What became of it.
    pub outcome: PartOutcome,
    /// Why it was refused; empty otherwise.
    pub faults: Vec<Fault>,
}

/// What a reload did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Reload {
    /// Every part.
    pub parts: Vec<PartReport>,
    /// Digests of what decisions are made with now.
    pub versions: Versions,
}

impl PartReport {
    fn good(part: &str, replaced: bool) -> Self {
        let outcome = if replaced { PartOutcome::Replaced } else { PartOutcome::Unchanged };
        Self { part: part.to_owned(), outcome, faults: Vec::new() }
    }

    fn refused(part: &str, faults: Vec<Fault>) -> Self {
        Self { part: part.to_owned(), outcome: PartOutcome::Refused, faults }
    }
}

impl Reload {
    /// The parts that were refused.
    pub fn refused(&self) -> impl Iterator<Item = &PartReport> {
        self.parts.iter().filter(|part| part.outcome == PartOutcome::Refused)
    }
}

/// Why there is no snapshot to start with.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The rules are broken, and no older set was kept.
    #[error("rules were refused\n{0}")]
    Rules(Diagnostics),
    /// The model is broken, and no older one was kept.
    #[error("model `{}` was refused", path.display())]
    Model {
        /// Where it was read from.
        path: PathBuf,
        /// What is wrong with it.
        source: ModelPartError,
    },
}

impl Origins {
    /// Reads every part. What is broken falls back: rules and model to those served last from `kept`, a
    /// table to the bundled one, a merchant's file to nothing. The report names what did.
    ///
    /// # Errors
    /// Rules or model are broken, and none were kept.
    pub fn load(&self, kept: Option<&Artefacts>) -> Result<(Snapshot, Reload), StartError> {
        let current = kept.and_then(Artefacts::current);
        let last = kept.zip(current.as_ref());
        let mut parts = Vec::new();
        let (reference, tables) = Reference::default().again(&self.reference);
        let reference = Arc::new(reference.unwrap_or_else(Reference::empty));
        let read = self.read_rules();
        let lists = self.read_lists(&Lists::default(), read.as_ref().ok(), &reference);
        let linked = read.and_then(|rules| rules.check_lists(&lists.lists).map(|()| rules));
        let rules = match linked {
            Ok(rules) => {
                parts.push(PartReport::good("rules", true));
                rules
            }
            Err(found) => {
                let old = last.and_then(|(kept, v)| kept.rules(&v.rules).ok());
                parts.push(PartReport::refused("rules", Fault::of_rules(&found)));
                old.ok_or(StartError::Rules(found))?
            }
        };
        let model = match self.read_model() {
            Ok(model) => {
                parts.push(PartReport::good("model", true));
                model
            }
            Err(error) => {
                let old = last.and_then(|(kept, v)| kept.model(&v.model).ok());
                let old = old.or_else(|| self.older_model());
                let path = self.model_path(&error);
                parts.push(PartReport::refused("model", vec![Fault::new(&error).of_file(&path)]));
                Some(old.ok_or(StartError::Model { path, source: error })?)
            }
        };
        let trials = self.read_trials(None, &mut parts);
        let lists = lists::put(lists, &mut parts);
        parts.extend(tables.into_iter().map(reference_part));
        let snapshot = Snapshot::new(reference, rules, model, self.policy.clone())
            .trying(trials.shadow, trials.canary)
            .with_lists(Arc::new(lists))
            .refusing(refused_names(&parts));
        let versions = snapshot.versions.clone();
        Ok((snapshot, Reload { parts, versions }))
    }

    /// Reads every part again.
    fn again(&self, old: &Snapshot) -> Again {
        let (mut parts, mut unread) = (Vec::new(), false);
        let (reference, tables) = old.reference.again(&self.reference);
        let reference = reference.map_or_else(|| Arc::clone(&old.reference), Arc::new);
        let mut rules = Arc::clone(&old.rules);
        let read = self.read_rules();
        let loaded = self.read_lists(&old.lists, read.as_ref().ok(), &reference);
        unread |= loaded.refused.iter().any(|refused| list_may_come(&refused.error));
        match read.and_then(|new| new.check_lists(&loaded.lists).map(|()| new)) {
            Ok(new) => {
                let replaced = new.digest() != old.rules.digest();
                parts.push(PartReport::good("rules", replaced));
                if replaced {
                    rules = Arc::new(new);
                }
            }
            Err(found) => {
                unread |= rules_may_come(&found);
                parts.push(PartReport::refused("rules", Fault::of_rules(&found)));
            }
        }
        let mut model = old.model.clone();
        match self.read_model() {
            Ok(new) => {
                let digest = |model: Option<&Model>| model.map(|model| model.digest().to_owned());
                let replaced = digest(new.as_ref()) != digest(old.model.as_deref());
                parts.push(PartReport::good("model", replaced));
                if replaced {
                    model = new.map(Arc::new);
                }
            }
            Err(error) => {
                unread |= error.may_come();
                let fault = Fault::new(&error).of_file(&self.model_path(&error));
                parts.push(PartReport::refused("model", vec![fault]));
            }
        }
        let trials = self.read_trials(Some(old), &mut parts);
        unread |= trials.unread;
        let lists = lists::put(loaded, &mut parts);
        unread |= tables.iter().any(
            |part| matches!(&part.change, Change::Refused(error) if reference_may_come(error)),
        );
        parts.extend(tables.into_iter().map(reference_part));
        let share = |canary: Option<&ModelCanary>| canary.map(|canary| canary.share);
        let same_share = share(trials.canary.as_ref()) == share(old.canary.as_ref());
        let new = Snapshot::of(reference, rules, model, old.policy.clone())
            .trying(trials.shadow, trials.canary)
            .with_lists(Arc::new(lists))
            .refusing(refused_names(&parts));
        let same = new.versions == old.versions && new.degraded == old.degraded && same_share;
        Again { new: (!same).then_some(new), parts, unread }
    }

    fn read_rules(&self) -> Result<RuleSet, Diagnostics> {
        match &self.rules {
            Some(dir) => RuleSet::load(&[dir])?.passing(),
            None => RuleSet::builtin(),
        }
    }

    /// The states of every file and directory a part is read from.
    pub fn stamps(&self) -> Stamps {
        let model = match &self.model {
            ModelOrigin::Path(path) => Some(path),
            ModelOrigin::Bundled | ModelOrigin::Off => None,
        };
        let data = &self.reference;
        let canary = self.canary.as_ref().map(|(path, _)| path);
        let watched = self.rules.iter().chain(model).chain(&self.shadow).chain(canary);
        let watched = watched.chain(&self.lists);
        let journal = self.registry.as_ref().map(Registry::journal);
        let watched = watched.chain(&data.tables).chain(&data.files).chain(&journal);
        Stamps::of(watched)
    }
}

/// What reading every part again gave.
struct Again {
    /// The snapshot to swap in; `None` where nothing is to change.
    new: Option<Snapshot>,
    parts: Vec<PartReport>,
    /// Something could not be read that may be readable at the next try, with the stamps it has now.
    unread: bool,
}

/// Reloads an engine's snapshot, one reload at a time. Blocks for as long as reading takes.
pub struct Reloader {
    engine: Arc<Engine>,
    origins: Origins,
    watch: Mutex<Watch>,
}

impl Reloader {
    /// For an engine whose snapshot was read from `origins`, whose [`Origins::stamps`] were `loaded`
    /// before that: what changed since, while a long ledger was read, differs at the first poll.
    pub fn new(engine: Arc<Engine>, origins: Origins, loaded: Stamps) -> Self {
        Self { engine, origins, watch: Mutex::new(Watch::new(loaded)) }
    }

    /// Reads everything again and swaps in what is good.
    pub fn reload(&self) -> Reload {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        self.run(&mut watch)
    }

    /// Reloads if a file has changed since the last reload and stood still since the last poll, so
    /// that a file being written is not read by half. Cost without a change: a `stat` a file.
    pub fn poll(&self) -> Option<Reload> {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        watch.settled(self.origins.stamps()).then(|| self.run(&mut watch))
    }

    fn run(&self, watch: &mut Watch) -> Reload {
        // Taken before reading: what changes meanwhile differs at the next poll.
        let stamps = self.origins.stamps();
        let old = self.engine.snapshot();
        let Again { new, mut parts, unread } = self.origins.again(&old);
        let mut retry = unread;
        if let Some(new) = new
            && let Err(error) = self.engine.swap(new)
        {
            not_kept(&error, &mut parts);
            self.engine.put(old.again().refusing(refused_names(&parts)));
            retry = true;
        }
        *watch = if retry { Watch::unread(stamps) } else { Watch::new(stamps) };
        Reload { parts, versions: self.engine.snapshot().versions.clone() }
    }
}

impl std::fmt::Debug for Reloader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reloader").field("origins", &self.origins).finish_non_exhaustive()
    }
}

/// Good parts that can't be kept for replays are not used either.
fn not_kept(error: &EngineError, parts: &mut [PartReport]) {
    for part in parts.iter_mut().filter(|part| part.outcome == PartOutcome::Replaced) {
        *part = PartReport::refused(&part.part, vec![Fault::new(error)]);
    }
}

/// A diagnostic has no kind of error; a file that is there and can't be read is tried again.
fn rules_may_come(found: &Diagnostics) -> bool {
    let mut unreadable = found.all().iter().filter(|found| found.code() == "R001");
    unreadable.any(|found| Path::new(found.place().source.name()).is_file())
}

fn reference_may_come(error: &ReferenceError) -> bool {
    match error {
        ReferenceError::Read { source, .. } => may_come(source),
        ReferenceError::ChangedWhileRead { .. } => true,
        _ => false,
    }
}

/// False where a stamp will change before the file can be read.
fn may_come(error: &io::Error) -> bool {
    use ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied};
    !matches!(error.kind(), NotFound | NotADirectory | IsADirectory | PermissionDenied)
}

fn reference_part(part: crate::reference::Part) -> PartReport {
    let name = format!("reference.{}", part.name);
    match part.change {
        Change::Same => PartReport::good(&name, false),
        Change::Replaced => PartReport::good(&name, true),
        Change::Refused(error) => PartReport::refused(&name, vec![Fault::new(&error)]),
    }
}

fn list_may_come(error: &ListError) -> bool {
    matches!(error, ListError::Read(source) if may_come(source))
}

fn refused_names(parts: &[PartReport]) -> impl Iterator<Item = &str> {
    let refused = parts.iter().filter(|part| part.outcome == PartOutcome::Refused);
    refused.map(|part| part.part.as_str())
}

mod lists;
mod models;
#[cfg(test)]
mod tests;
