//! Out of a ledger.

use super::columns::row;
use super::error::ArchiveError;
use super::writer::Partitions;
use super::{ARTEFACTS, FORMAT, MANIFEST};
use crate::domain::{TenantId, Timestamp};
use crate::engine::Artefacts;
use crate::ledger::Reader;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// What to export.
#[derive(Debug, Clone)]
pub struct Export {
    /// Whose entries.
    pub tenant: TenantId,
    /// Happened at or after.
    pub from: Option<Timestamp>,
    /// Happened before.
    pub to: Option<Timestamp>,
    /// With personal values, unsealed.
    pub personal: bool,
}

/// What an export says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Form of the files.
    pub format: u32,
    /// The version that wrote it.
    pub vouch: String,
    /// Whose entries.
    pub tenant: TenantId,
    /// Whether personal values are in it.
    pub personal: bool,
    /// Rows of each kind.
    pub rows: BTreeMap<String, u64>,
    /// Number of the last entry looked at.
    pub last_sequence: u64,
    /// Hash of that entry: what the whole export rests on.
    pub last_hash: String,
}

impl Manifest {
    /// Rows of every kind.
    pub fn total(&self) -> u64 {
        self.rows.values().sum()
    }

    /// Reads what an export says of itself.
    ///
    /// # Errors
    /// There is none in the directory, or one of a newer form.
    pub fn read(dir: &Path) -> Result<Self, ArchiveError> {
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        let none = |_| ArchiveError::NotAnExport { path: dir.to_owned() };
        let text = fs::read(dir.join(MANIFEST)).unwrap_or_default();
        let Form { format } = serde_json::from_slice(&text).map_err(none)?;
        if format > FORMAT {
            let path = dir.to_owned();
            return Err(ArchiveError::Format { path, found: format, known: FORMAT });
        }
        serde_json::from_slice(&text).map_err(none)
    }
}

/// Writes a ledger's entries, beside a running server or without one. `progress` is told the number of
/// the entry just read. Cost: one pass over the log, some 40 MB of memory.
///
/// # Errors
/// The directory is not empty, the ledger can't be read, or something can't be written; nothing is left
/// behind then.
pub fn export(
    data_dir: &Path,
    reader: &Reader,
    what: &Export,
    dir: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Manifest, ArchiveError> {
    refuse_content(dir)?;
    let beside = make_beside(dir)?;
    let written = write(data_dir, reader, what, &beside, progress).and_then(|manifest| {
        let named = || {
            fs::rename(&beside, dir)?;
            File::open(parent(dir))?.sync_all()
        };
        named().map_err(ArchiveError::file(dir))?;
        Ok(manifest)
    });
    if written.is_err() {
        // Best effort: the export is failing already, and says why.
        let _ = fs::remove_dir_all(&beside);
    }
    written
}

fn refuse_content(dir: &Path) -> Result<(), ArchiveError> {
    match fs::read_dir(dir).map(|mut content| content.next().is_some()) {
        Ok(false) => Ok(()),
        Ok(true) => Err(ArchiveError::NotEmpty { path: dir.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(ArchiveError::File { path: dir.to_owned(), source: error }),
    }
}

/// A new directory of this process beside another, for its owner alone: what a killed export left
/// there must not come into this one.
fn make_beside(dir: &Path) -> Result<PathBuf, ArchiveError> {
    let Some(own) = dir.file_name() else {
        return Err(ArchiveError::NoName { path: dir.to_owned() });
    };
    let mut name = std::ffi::OsString::from(".");
    name.push(own);
    name.push(format!(".{}.partial", std::process::id()));
    let beside = dir.with_file_name(name);
    let make = || {
        fs::create_dir_all(parent(dir))?;
        if beside.exists() {
            fs::remove_dir_all(&beside)?;
        }
        DirBuilder::new().mode(0o700).create(&beside)
    };
    make().map_err(ArchiveError::file(&beside))?;
    Ok(beside)
}

/// The directory something lies in.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write(
    data_dir: &Path,
    reader: &Reader,
    what: &Export,
    dir: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Manifest, ArchiveError> {
    let mut manifest = Manifest {
        format: FORMAT,
        vouch: env!("CARGO_PKG_VERSION").to_owned(),
        tenant: what.tenant.clone(),
        personal: what.personal,
        rows: BTreeMap::new(),
        last_sequence: 0,
        last_hash: String::new(),
    };
    let mut partitions = Partitions::new(dir);
    for entry in reader.scan(None)? {
        let entry = entry?;
        progress(entry.sequence);
        (manifest.last_sequence, manifest.last_hash) = (entry.sequence, entry.hash.to_string());
        let happened = what.from.is_none_or(|from| entry.event_time >= from)
            && what.to.is_none_or(|to| entry.event_time < to);
        if entry.tenant != what.tenant || !happened {
            continue;
        }
        let date = entry.event_time.date_text();
        let month = date.rsplit_once('-').map_or(date.as_str(), |(month, _)| month);
        partitions.add(entry.kind, month, row(&entry, what.personal)?)?;
        *manifest.rows.entry(entry.kind.word().to_owned()).or_default() += 1;
    }
    partitions.finish()?;
    copy_artefacts(&Artefacts::dir(data_dir), &dir.join(ARTEFACTS))?;
    let path = dir.join(MANIFEST);
    let json = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    fs::write(&path, json)
        .and_then(|()| File::open(&path)?.sync_all())
        .map_err(ArchiveError::file(&path))?;
    Ok(manifest)
}

/// Copies what is kept for replays; nothing of it is personal.
fn copy_artefacts(from: &Path, to: &Path) -> Result<(), ArchiveError> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to).map_err(ArchiveError::file(to))?;
    for file in fs::read_dir(from).map_err(ArchiveError::file(from))? {
        let name = file.map_err(ArchiveError::file(from))?.file_name();
        let (old, new) = (from.join(&name), to.join(&name));
        // One being written will be there under its own name.
        if old.extension().is_none_or(|end| end != "tmp") {
            fs::copy(&old, &new).map_err(ArchiveError::file(&new))?;
        }
    }
    Ok(())
}
