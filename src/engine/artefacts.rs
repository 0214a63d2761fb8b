//! Every rule set, model and cost setting a decision was made with, kept by its digest.
//!
//! A decision names digests; a replay needs the content. Files are written once, whole and flushed
//! before the first decision that names them, and are never changed, but for a model that is damaged and
//! comes again. One more file, `current.json`,
//! names the digests a server decides with: where its next start finds a broken rule file or model,
//! they go on. A command that opens the same directory with other settings must not name its own.

use super::error::EngineError;
use super::snapshot::{Snapshot, digest};
use crate::decision::Policy;
use crate::domain::Versions;
use crate::model::Model;
use crate::rules::RuleSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that names what is served.
const CURRENT: &str = "current.json";

/// The directory of kept artefacts.
#[derive(Debug, Clone)]
pub struct Artefacts {
    dir: PathBuf,
}

impl Artefacts {
    /// Under a data directory.
    pub fn new(data_dir: &Path) -> Self {
        Self { dir: Self::dir(data_dir) }
    }

    /// Where they lie under a data directory.
    pub fn dir(data_dir: &Path) -> PathBuf {
        data_dir.join("artefacts")
    }

    /// Keeps what a snapshot decides with.
    ///
    /// # Errors
    /// The directory can't be written.
    pub fn keep(&self, snapshot: &Snapshot) -> Result<(), EngineError> {
        let versions = &snapshot.versions;
        self.put("rules", &versions.rules, snapshot.rules.source_json().as_bytes())?;
        self.put("policy", &versions.policy, &policy_json(&snapshot.policy))?;
        let canary = snapshot.canary.as_ref().map(|canary| &canary.model);
        for model in snapshot.model.iter().chain(&snapshot.shadow).chain(canary) {
            self.keep_model(model)?;
        }
        Ok(())
    }

    /// Keeps a model under its digest, as the bytes it was loaded from.
    pub(super) fn keep_model(&self, model: &Model) -> Result<(), EngineError> {
        match self.model(model.digest()) {
            Ok(_) => Ok(()),
            Err(_) => self.write(&self.path("model", model.digest()), model.bytes()),
        }
    }

    /// Names what is kept as what a start falls back to.
    ///
    /// # Errors
    /// The directory can't be written.
    pub(super) fn set_current(&self, versions: &Versions) -> Result<(), EngineError> {
        let current = serde_json::to_vec(versions).unwrap_or_default();
        self.write(&self.dir.join(CURRENT), &current)
    }

    /// The digests served last; `None` where nothing was served yet, or nothing that can be read.
    pub fn current(&self) -> Option<Versions> {
        serde_json::from_slice(&fs::read(self.dir.join(CURRENT)).ok()?).ok()
    }

    /// Takes in what another directory keeps and this one does not; nothing here is written over.
    /// What another server served last is not taken: it says nothing about this one.
    ///
    /// # Errors
    /// Something there can't be read or is not what its digest says, or can't be written here.
    pub fn adopt(&self, from: &Path) -> Result<(), EngineError> {
        let other = Self { dir: from.to_owned() };
        let names = match fs::read_dir(from) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(file_error(from, error)),
        };
        for file in names {
            let name = file.map_err(|error| file_error(from, error))?.file_name();
            match name.to_str().and_then(|name| name.split_once('-')) {
                Some((kind @ "rules", digest)) => {
                    other.rules(digest)?;
                    self.put(kind, digest, &other.get(kind, digest)?)?;
                }
                Some((kind @ "model", digest)) => {
                    other.model(digest)?;
                    self.put(kind, digest, &other.get(kind, digest)?)?;
                }
                Some((kind @ "policy", name)) => {
                    let bytes = other.get(kind, name)?;
                    if digest(&bytes) != name {
                        return Err(other.damaged(kind, name));
                    }
                    self.put(kind, name, &bytes)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A kept rule set.
    ///
    /// # Errors
    /// It is gone, unreadable or not what its digest says.
    pub(super) fn rules(&self, digest: &str) -> Result<RuleSet, EngineError> {
        let rules = self.get("rules", digest)?;
        RuleSet::from_source_json(&String::from_utf8_lossy(&rules))
            .ok()
            .filter(|rules| rules.digest() == digest)
            .ok_or_else(|| self.damaged("rules", digest))
    }

    /// A kept model.
    ///
    /// # Errors
    /// As [`Artefacts::rules`].
    pub(super) fn model(&self, digest: &str) -> Result<Model, EngineError> {
        Model::from_bytes(&self.model_bytes(digest)?)
            .ok()
            .filter(|model| model.digest() == digest)
            .ok_or_else(|| self.damaged("model", digest))
    }

    /// The bytes of a kept model, unchecked.
    pub(super) fn model_bytes(&self, digest: &str) -> Result<Vec<u8>, EngineError> {
        self.get("model", digest)
    }

    /// The snapshot a decision was made with, over the tables given; the tables are not read by a
    /// replay, whose facts are in the record.
    ///
    /// # Errors
    /// An artefact is gone, unreadable or not what its digest says.
    pub fn snapshot(
        &self,
        versions: &Versions,
        tables: Arc<crate::reference::Reference>,
    ) -> Result<Snapshot, EngineError> {
        self.snapshot_with(versions, tables, None, None)
    }

    /// The same with other rules or another model; what is given is not loaded.
    pub(super) fn snapshot_with(
        &self,
        versions: &Versions,
        tables: Arc<crate::reference::Reference>,
        rules: Option<Arc<RuleSet>>,
        model: Option<Arc<Model>>,
    ) -> Result<Snapshot, EngineError> {
        let rules = match rules {
            Some(rules) => rules,
            None => Arc::new(self.rules(&versions.rules)?),
        };
        let policy = Policy::from_kept(&self.get("policy", &versions.policy)?)
            .map_err(|_| self.damaged("policy", &versions.policy))?;
        let is_as_it_was = model.is_none();
        let model = match (model, versions.model.as_str()) {
            (Some(model), _) => Some(model),
            (None, "") => None,
            (None, digest) => Some(Arc::new(self.model(digest)?)),
        };
        let shadow = match versions.shadow.as_str() {
            digest if is_as_it_was && !digest.is_empty() => Some(Arc::new(self.model(digest)?)),
            _ => None,
        };
        Ok(Snapshot::of(tables, rules, model, policy).trying(shadow, None))
    }

    fn path(&self, kind: &str, name: &str) -> PathBuf {
        self.dir.join(format!("{kind}-{name}"))
    }

    fn put(&self, kind: &str, name: &str, bytes: &[u8]) -> Result<(), EngineError> {
        let path = self.path(kind, name);
        if path.exists() { Ok(()) } else { self.write(&path, bytes) }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), EngineError> {
        let written = || -> io::Result<()> {
            fs::create_dir_all(&self.dir)?;
            let temporary = path.with_extension("tmp");
            let mut file = File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, path)?;
            File::open(&self.dir)?.sync_all()
        };
        written().map_err(|source| file_error(path, source))
    }

    fn get(&self, kind: &str, name: &str) -> Result<Vec<u8>, EngineError> {
        let path = self.path(kind, name);
        fs::read(&path).map_err(|source| file_error(&path, source))
    }

    pub(super) fn damaged(&self, kind: &str, name: &str) -> EngineError {
        let source = io::Error::new(io::ErrorKind::InvalidData, "not what its name says");
        file_error(&self.path(kind, name), source)
    }
}

fn policy_json(policy: &Policy) -> Vec<u8> {
    serde_json::to_vec(policy).unwrap_or_default()
}

/// Digest of a cost setting, as decisions name it.
pub(super) fn policy_digest(policy: &Policy) -> String {
    digest(&policy_json(policy))
}

fn file_error(path: &Path, source: io::Error) -> EngineError {
    EngineError::File { path: path.display().to_string(), source }
}
