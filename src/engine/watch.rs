//! Noticing changed files by asking for their stamps.
//!
//! No notification of the system: it does not see through network mounts and renames of directories,
//! and a poll of a few dozen files every few seconds costs nothing.

use crate::reference::Stamp;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Most entries of a directory that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// The states of some files at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamps(BTreeMap<PathBuf, Stamp>);

impl Stamps {
    /// Of each path and, of a directory, of each entry. What can't be asked for is absent, so that
    /// vanishing and coming back are changes.
    pub fn of<'p>(paths: impl IntoIterator<Item = &'p PathBuf>) -> Self {
        let mut stamps = BTreeMap::new();
        let mut add = |path: &Path| {
            if let Ok(data) = fs::metadata(path) {
                stamps.insert(path.to_owned(), Stamp::of(&data));
            }
        };
        for path in paths {
            add(path);
            let entries = fs::read_dir(path).into_iter().flatten().take(MAX_ENTRIES);
            entries.flatten().for_each(|entry| add(&entry.path()));
        }
        Self(stamps)
    }
}

/// Tells a change that is over from one that is still going on.
#[derive(Debug)]
pub struct Watch {
    loaded: Option<Stamps>,
    last: Option<Stamps>,
}

impl Watch {
    /// Everything was loaded as of these stamps.
    pub fn new(loaded: Stamps) -> Self {
        Self { loaded: Some(loaded), last: None }
    }

    /// Not everything could be read or kept, as of these stamps: the next call asks for another try
    /// though no file has changed.
    pub(super) fn unread(now: Stamps) -> Self {
        Self { loaded: None, last: Some(now) }
    }

    /// True if the files differ from those loaded, and not from those of the last call.
    pub fn settled(&mut self, now: Stamps) -> bool {
        if self.loaded.as_ref() == Some(&now) {
            self.last = None;
            return false;
        }
        let settled = self.last.as_ref() == Some(&now);
        self.last = Some(now);
        settled
    }
}
