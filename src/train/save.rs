//! Puts a trained model on disk: `model.json`, `metrics.json`, `report.html`, `card.md`.
//!
//! INVARIANT: a bad file never replaces a good one. Each file is written beside its place, synced and
//! renamed; the artefact, which alone is ever served, was loaded from the same bytes before and comes
//! last. A crash in between leaves the old model with a newer card; the digest in `metrics.json` tells.

use super::card::card;
use super::html;
use super::{TrainError, Trained};
use crate::model::FILE;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The model card's file.
pub const CARD_FILE: &str = "card.md";
/// The file of the measures: the [`super::Report`] as JSON.
pub const METRICS_FILE: &str = "metrics.json";
/// The file of the plots: the same [`super::Report`] as a page.
pub const REPORT_FILE: &str = "report.html";

impl Trained {
    /// Writes the model into `directory`, which is made when it is not there.
    ///
    /// # Errors
    /// A file that could not be written; a model already there is then untouched.
    pub fn save(&self, directory: &Path) -> Result<(), TrainError> {
        let unwritable = |path: &Path| {
            let path = path.to_owned();
            move |source| TrainError::Unwritable { path, source }
        };
        std::fs::create_dir_all(directory).map_err(unwritable(directory))?;
        let mut metrics = serde_json::to_vec_pretty(&self.report)?;
        metrics.push(b'\n');
        let card = card(self.model.artefact(), &self.report);
        let page = html::page(&self.report);
        for (name, bytes) in [
            (CARD_FILE, card.as_bytes()),
            (REPORT_FILE, page.as_bytes()),
            (METRICS_FILE, &metrics),
            (FILE, self.model.bytes()),
        ] {
            let path = directory.join(name);
            replace(&path, bytes).map_err(unwritable(&path))?;
        }
        sync_directory(directory).map_err(unwritable(directory))
    }
}

/// Replaces a file as a whole: after a crash it holds the old bytes or the new ones.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    });
    // Best effort: what is left of a full disk is not taken by half a file.
    written.inspect_err(|_| drop(std::fs::remove_file(&beside)))
}

/// Makes the renames themselves durable, where directories can be synced.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}
