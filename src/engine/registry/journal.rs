//! The journal: every change of the registry, one JSON object a line, each with the digest of the line
//! before, so that a line changed or taken out is found at the next reading.
//!
//! The file is small (a line a change) and replaced whole by one rename, under a lock: a server that reads
//! it at any moment finds it whole, and two people who promote at once both stand in it.

use super::{By, RegistryError};
use crate::domain::Timestamp;
use crate::engine::Who;
use crate::engine::snapshot::digest;
use crate::rules::Canary;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// The file's name in the registry's directory.
pub(super) const FILE: &str = "journal.jsonl";
const LOCK_FILE: &str = "lock";

/// What somebody did to the registry. A model is named by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum ModelAct {
    /// Took a model in.
    Add {
        /// The model.
        model: String,
        /// Its name.
        name: String,
        /// Counted from 1 for each name.
        version: u32,
        /// Digest of what is kept beside it: measures and golden rows.
        facts: String,
    },
    /// Made it the live model.
    Promote {
        /// The model.
        model: String,
    },
    /// Went back to the model that was live before.
    Rollback {
        /// The model gone back to; none: what the configuration names.
        model: Option<String>,
    },
    /// Set or ended the shadow.
    Shadow {
        /// The model; none ends it.
        model: Option<String>,
    },
    /// Set or ended the canary.
    Canary {
        /// The model; none ends it.
        model: Option<String>,
        /// On whom it decides.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        share: Option<Canary>,
    },
}

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelChange {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// Why, as they say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What.
    #[serde(flatten)]
    pub act: ModelAct,
    /// Digest of the line before; empty for the first.
    previous: String,
}

/// Reads and checks every line; none where nothing was ever done. Beside them the file's own text: a later
/// version may write a change in other words, and the digests are of the words that stand there.
pub(super) fn read(dir: &Path) -> Result<(Vec<ModelChange>, String), RegistryError> {
    let path = dir.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(source) => return Err(RegistryError::File { doing: "read", path, source }),
    };
    let mut changes = Vec::new();
    let mut previous = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let wrong = |what| RegistryError::Journal { path: path.clone(), line: number, what };
        let change: ModelChange =
            serde_json::from_str(line).map_err(|_| wrong("this is no change of the registry"))?;
        if change.previous != previous {
            return Err(wrong("the line before it was changed, taken out or put in"));
        }
        previous = digest(line.as_bytes());
        changes.push(change);
    }
    Ok((changes, text))
}

/// Reads the journal, asks `act` for a change and writes it, while nobody else does.
pub(super) fn append(
    dir: &Path,
    by: &By,
    act: impl FnOnce(&[ModelChange]) -> Result<ModelAct, RegistryError>,
) -> Result<Vec<ModelChange>, RegistryError> {
    let io = |doing, path: &Path| {
        let path = path.to_owned();
        move |source| RegistryError::File { doing, path, source }
    };
    fs::create_dir_all(dir).map_err(io("make", dir))?;
    let lock = dir.join(LOCK_FILE);
    let guard = OpenOptions::new().create(true).append(true).open(&lock);
    let guard = guard.and_then(|file| file.lock().map(|()| file)).map_err(io("lock", &lock))?;
    let (mut changes, mut text) = read(dir)?;
    let act = act(&changes)?;
    let previous = text.lines().last().map(|line| digest(line.as_bytes())).unwrap_or_default();
    let change =
        ModelChange { at: by.at, who: by.who.clone(), note: by.note.clone(), act, previous };
    text.push_str(&serde_json::to_string(&change).unwrap_or_default());
    text.push('\n');
    let path = dir.join(FILE);
    replace(&path, &text).map_err(io("write", &path))?;
    drop(guard);
    changes.push(change);
    Ok(changes)
}

/// Replaces a file as a whole: after a crash it holds the old text or the new one.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("tmp");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}
