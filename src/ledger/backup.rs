//! A copy of the ledger that can be taken while a server writes it, and the way back.
//!
//! Everything acknowledged before the backup began is in it, and perhaps whole records beyond. The log
//! is copied up to the end of its last whole record and only then the key file: a key is kept before the
//! record sealed under it, so no record of the copy lacks its key. Other directories are copied last,
//! for the same reason; those that name entries of the log, or say what is in it, before it. The copy is verified record by record, and appears whole or not at all.
//!
//! The index is not copied: it is made again. Nor are the lock and the zeros ahead of the log.
//!
//! Rejected: a copy through the server, which would make a backup compete with checkouts for the commit
//! thread; and hard links, since key slots are overwritten in place by an erasure.

use super::bytes::hex;
use super::error::{LedgerError, StorageFault};
use super::frame::HEADER_BYTES;
use super::keyfile::KEYS_FILE;
use super::roots::{RETIRED_KEYS_FILE, ROOTS_FILE};
use super::seal::{MASTER_KEY_FILE, MasterKey};
use super::segment::{LOG_DIR, segment_path, segments};
use super::signing::SIGNING_KEY_FILE;
use super::verify::{VerifyReport, verify};
use super::walk::Walk;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The form this version writes and reads.
pub const BACKUP_FORMAT: u32 = 1;
/// File that says what a backup holds; written last.
const MANIFEST: &str = "backup.json";
/// How often the key file is copied before a key that can't be read counts as lost: an erasure may be
/// overwriting a slot while it is read.
const KEY_TRIES: u32 = 3;
const CHUNK: usize = 256 * 1024;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupManifest {
    /// Form of the backup.
    pub format: u32,
    /// The version that wrote it.
    pub vouch: String,
    /// Records of the ledger.
    pub records: u64,
    /// Hash of the last one: the whole ledger in 32 bytes.
    pub last_hash: String,
    /// Whether the master key is among the files.
    pub master_key: bool,
    /// Every file, in order of its path.
    pub files: Vec<BackupFile>,
}

impl BackupManifest {
    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Below the backup's directory.
    pub path: PathBuf,
    /// Length.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// What to take along.
#[derive(Debug, Clone)]
pub struct Backup<'b> {
    /// The master key, where it is kept elsewhere; to check that every record has its key.
    pub master: Option<MasterKey>,
    /// Leaves `master.key` and `signing.key` out: whoever restores must have it from elsewhere.
    pub without_master_key: bool,
    /// Directories and files of the data directory that name entries of the log, or say what is in it;
    /// without directories in them. A file of one may grow while it is copied.
    pub before: &'b [&'b str],
    /// Further directories of the data directory, without directories in them.
    pub also: &'b [&'b str],
    /// Further files of the data directory, each replaced whole where it changes; those that are there.
    pub files: &'b [&'b str],
}

/// Copies a ledger to a directory that is not there or empty; `progress` is told bytes done and in all.
/// Cost: one read of the last segment, one of every file, and a check of the copy.
///
/// # Errors
/// The directory is not empty, the ledger is damaged or absent, or something can't be read or written.
/// Nothing is left behind then.
pub fn backup(
    data_dir: &Path,
    to: &Path,
    what: &Backup<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<BackupManifest, LedgerError> {
    appear(to, |dir| {
        let mut copy =
            Copy { from: data_dir, to: dir, files: Vec::new(), done: 0, total: 0, progress };
        for name in what.before {
            if data_dir.join(name).is_file() {
                copy.optional(name, false)?;
            } else {
                copy.directory(name)?;
            }
        }
        copy.log()?;
        copy.optional(MASTER_KEY_FILE, what.without_master_key)?;
        copy.optional(SIGNING_KEY_FILE, what.without_master_key)?;
        copy.optional(ROOTS_FILE, false)?;
        copy.optional(RETIRED_KEYS_FILE, false)?;
        for name in what.also {
            copy.directory(name)?;
        }
        for name in what.files {
            copy.optional(name, false)?;
        }
        let report = copy.keys_and_check(what.master.as_ref())?;
        let mut files = copy.files;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let manifest = BackupManifest {
            format: BACKUP_FORMAT,
            vouch: env!("CARGO_PKG_VERSION").to_owned(),
            records: report.records,
            last_hash: report.last_hash.to_string(),
            master_key: files.iter().any(|file| file.path == Path::new(MASTER_KEY_FILE)),
            files,
        };
        let json = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
        put(&dir.join(MANIFEST), &mut json.as_slice(), u64::MAX, &mut |_| ())?;
        Ok(manifest)
    })
}

/// Makes a data directory from a backup: every file checked against its sum, then the ledger record by
/// record. The directory must not be there, or be empty.
///
/// # Errors
/// No backup there, one of a newer form, a file that is not what was written, a damaged ledger, or a
/// directory that can't be written. Nothing is left behind then.
pub fn restore(
    from: &Path,
    data_dir: &Path,
    master: Option<&MasterKey>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<BackupManifest, LedgerError> {
    let manifest = read_manifest(from)?;
    let total = manifest.bytes();
    appear(data_dir, |dir| {
        let mut done = 0;
        for file in &manifest.files {
            let (old, new) = (from.join(&file.path), dir.join(&file.path));
            if let Some(above) = new.parent() {
                make_dir(above)?;
            }
            let mut opened = File::open(&old).map_err(fault("open", &old))?;
            let (bytes, sha256) = put(&new, &mut opened, u64::MAX, &mut |more| {
                done += more;
                progress(done, total);
            })?;
            if (bytes, &sha256) != (file.bytes, &file.sha256) {
                return Err(LedgerError::Foreign {
                    path: old,
                    expected: "the file that was backed up",
                });
            }
        }
        let report = checked(dir, master)?;
        if (report.records, report.last_hash.to_string())
            != (manifest.records, manifest.last_hash.clone())
        {
            return Err(LedgerError::Foreign {
                path: from.join(LOG_DIR),
                expected: "the ledger that was backed up",
            });
        }
        Ok(manifest.clone())
    })
}

/// Reads what a backup says it holds. Its paths lie below its directory and nowhere else.
fn read_manifest(dir: &Path) -> Result<BackupManifest, LedgerError> {
    #[derive(Deserialize)]
    struct Form {
        format: u32,
    }
    let path = dir.join(MANIFEST);
    let foreign =
        || LedgerError::Foreign { path: path.clone(), expected: "what a backup says of itself" };
    let text = fs::read(&path).map_err(fault("read", &path))?;
    let Form { format } = serde_json::from_slice(&text).map_err(|_| foreign())?;
    if format > BACKUP_FORMAT {
        return Err(LedgerError::Version { path, found: format, known: BACKUP_FORMAT });
    }
    let manifest: BackupManifest = serde_json::from_slice(&text).map_err(|_| foreign())?;
    let below = |file: &BackupFile| {
        file.path.components().all(|part| matches!(part, std::path::Component::Normal(_)))
    };
    if manifest.files.iter().all(below) { Ok(manifest) } else { Err(foreign()) }
}

/// A copy being made.
struct Copy<'c> {
    from: &'c Path,
    to: &'c Path,
    files: Vec<BackupFile>,
    done: u64,
    total: u64,
    progress: &'c mut dyn FnMut(u64, u64),
}

impl Copy<'_> {
    /// The segments, the last one up to its last whole record.
    fn log(&mut self) -> Result<(), LedgerError> {
        let log_dir = self.from.join(LOG_DIR);
        loop {
            let found = segments(&log_dir)?;
            let mut ends: Vec<(u32, u64)> =
                found.iter().map(|segment| (segment.header.number, segment.bytes)).collect();
            let Some(last) = ends.last_mut() else { return Ok(()) };
            let (end, next) = end_of(&log_dir, last.0)?;
            last.1 = end;
            // What a later segment replaced while this one was read was never acknowledged.
            let replaced = segments(&log_dir)?
                .iter()
                .any(|segment| segment.header.number > last.0 && segment.header.first < next);
            if replaced {
                continue;
            }
            self.total = ends.iter().map(|(_, bytes)| bytes).sum();
            for (number, bytes) in ends {
                let name = segment_path(Path::new(LOG_DIR), number);
                self.file(&name, bytes)?;
            }
            return Ok(());
        }
    }

    /// The key file, until every record of the copy has its key; what the check of the copy found.
    fn keys_and_check(&mut self, master: Option<&MasterKey>) -> Result<VerifyReport, LedgerError> {
        let others = self.files.clone();
        let mut tries = 0;
        loop {
            self.files.clone_from(&others);
            self.file(Path::new(KEYS_FILE), u64::MAX)?;
            tries += 1;
            match checked(self.to, master) {
                Err(LedgerError::Damaged(_) | LedgerError::Foreign { .. }) if tries < KEY_TRIES => {
                    fs::remove_file(self.to.join(KEYS_FILE)).map_err(fault("remove", self.to))?;
                }
                checked => return checked,
            }
        }
    }

    /// A file that need not be there.
    fn optional(&mut self, name: &str, left_out: bool) -> Result<(), LedgerError> {
        if left_out || !self.from.join(name).exists() {
            return Ok(());
        }
        self.file(Path::new(name), u64::MAX)
    }

    /// A directory of files that appear whole, or only grow.
    fn directory(&mut self, name: &str) -> Result<(), LedgerError> {
        let dir = self.from.join(name);
        if !dir.is_dir() {
            return Ok(());
        }
        let list = |dir: &Path| -> io::Result<Vec<PathBuf>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(dir)? {
                let file = entry?;
                if file.file_type()?.is_file() {
                    names.push(Path::new(name).join(file.file_name()));
                }
            }
            names.sort();
            Ok(names)
        };
        let names = list(&dir).map_err(fault("list", &dir))?;
        // One being written will be there under its own name.
        let is_whole =
            |name: &&PathBuf| name.extension().is_none_or(|end| end != "tmp" && end != "new");
        let kept = names.iter().filter(is_whole);
        kept.into_iter().try_for_each(|name| self.file(name, u64::MAX))
    }

    fn file(&mut self, name: &Path, most: u64) -> Result<(), LedgerError> {
        let (old, new) = (self.from.join(name), self.to.join(name));
        if let Some(above) = new.parent() {
            make_dir(above)?;
        }
        let mut opened = File::open(&old).map_err(fault("open", &old))?;
        let (bytes, sha256) = put(&new, &mut opened, most, &mut |more| {
            self.done += more;
            (self.progress)(self.done, self.total.max(self.done));
        })?;
        self.files.push(BackupFile { path: name.to_owned(), bytes, sha256 });
        Ok(())
    }
}

/// Where the last whole record of a segment ends, and the sequence behind it.
fn end_of(log_dir: &Path, number: u32) -> Result<(u64, u64), LedgerError> {
    let header = u64::try_from(HEADER_BYTES).unwrap_or(u64::MAX);
    let mut walk = Walk::of_segment(log_dir, number)?;
    while walk.next()?.is_some() {}
    let position = walk.position();
    Ok((u64::from(position.offset).max(header), walk.next_sequence()))
}

/// The check of a whole ledger; a finding is an error.
fn checked(dir: &Path, master: Option<&MasterKey>) -> Result<VerifyReport, LedgerError> {
    let report = verify(dir, master.cloned(), &mut |_, _| {})?;
    report.finding.map_or(Ok(report), |damage| Err(LedgerError::Damaged(damage)))
}

/// Writes a new file, for its owner alone and on disk; its length and SHA-256.
fn put(
    path: &Path,
    from: &mut dyn Read,
    most: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<(u64, String), LedgerError> {
    let mut write = || -> io::Result<(u64, String)> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        let mut chunk = vec![0; CHUNK];
        let mut from = from.take(most);
        loop {
            let count = from.read(&mut chunk)?;
            let Some(read) = chunk.get(..count).filter(|read| !read.is_empty()) else { break };
            file.write_all(read)?;
            hash.update(read);
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            bytes += count;
            progress(count);
        }
        file.sync_all()?;
        Ok((bytes, hex(&hash.finalize())))
    };
    write().map_err(|error| fault("write", path)(error).into())
}

fn fault(action: &'static str, path: &Path) -> impl Fn(io::Error) -> StorageFault {
    move |error| StorageFault::new(action, path, error)
}

fn make_dir(dir: &Path) -> Result<(), LedgerError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    Ok(made.map_err(fault("create", dir))?)
}

/// Lets a directory appear whole under its name: made beside it, put on disk, renamed.
fn appear<T>(
    dir: &Path,
    make: impl FnOnce(&Path) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    match fs::read_dir(dir).map(|mut content| content.next().is_some()) {
        Ok(true) => return Err(LedgerError::NotEmpty { path: dir.to_owned() }),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(fault("list", dir)(error).into());
        }
        _ => {}
    }
    let Some(own) = dir.file_name() else {
        let unnamed = io::Error::new(io::ErrorKind::InvalidInput, "does not name a new directory");
        return Err(fault("name", dir)(unnamed).into());
    };
    let mut name = std::ffi::OsString::from(".");
    name.push(own);
    name.push(format!(".{}.partial", std::process::id()));
    let beside = dir.with_file_name(name);
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    let made = make_dir(&beside).and_then(|()| make(&beside)).and_then(|made| {
        let named = || {
            sync_dirs(&beside)?;
            fs::rename(&beside, dir)?;
            File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
        };
        named().map_err(fault("name", dir))?;
        Ok(made)
    });
    if made.is_err() {
        // Best effort: it is failing already, and says why.
        let _ = fs::remove_dir_all(&beside);
    }
    made
}

fn sync_dirs(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_dirs(&path)?;
        }
    }
    File::open(dir)?.sync_all()
}
