//! The segment files: which there are, what they say of themselves, and reading one forward.

use super::entry::Position;
use super::error::{Damage, DamageKind, LedgerError, StorageFault};
use super::frame::{FORMAT_VERSION, HEADER_BYTES, Header, HeaderFault};
use super::storage::read_at;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Directory of the segments in the data directory.
pub(super) const LOG_DIR: &str = "ledger";
/// The file of a segment.
pub(super) fn segment_path(log_dir: &Path, number: u32) -> PathBuf {
    log_dir.join(format!("{number:08}.log"))
}

/// A segment and what it says of itself.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) header: Header,
    pub(super) bytes: u64,
}

/// Every segment in order of its number. A missing directory is an absent ledger.
pub(super) fn segments(log_dir: &Path) -> Result<Vec<Segment>, LedgerError> {
    let entries = fs::read_dir(log_dir).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            LedgerError::Absent { path: log_dir.parent().unwrap_or(log_dir).to_owned() }
        }
        _ => StorageFault::new("list", log_dir, error).into(),
    })?;
    let mut found = vec![];
    for entry in entries {
        let path = entry.map_err(|error| StorageFault::new("list", log_dir, error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(number) = name.strip_suffix(".log").and_then(|digits| digits.parse().ok()) {
            found.push((number, path));
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(number, path)| open_segment(number, path)).collect()
}

fn open_segment(number: u32, path: PathBuf) -> Result<Segment, LedgerError> {
    let fault = |error| StorageFault::new("read", &path, error);
    let file = File::open(&path).map_err(fault)?;
    let bytes = file.metadata().map_err(fault)?.len();
    let damaged = Damage {
        sequence: 0,
        position: Position { segment: number, offset: 0 },
        kind: DamageKind::Header,
    };
    match Header::decode(&read_at(&file, 0, HEADER_BYTES).map_err(fault)?) {
        Ok(header) if header.number == number => Ok(Segment { path, header, bytes }),
        Ok(_) | Err(HeaderFault::Damaged) => Err(LedgerError::Damaged(damaged)),
        Err(HeaderFault::Foreign) => {
            Err(LedgerError::Foreign { path, expected: "a segment of the ledger" })
        }
        Err(HeaderFault::Version(found)) => {
            Err(LedgerError::Version { path, found, known: FORMAT_VERSION })
        }
    }
}

/// How much is read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// A file, read forward in large pieces.
pub(super) struct Window {
    file: File,
    path: PathBuf,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    pub(super) fn open(path: &Path) -> Result<Self, StorageFault> {
        let file = File::open(path).map_err(|error| StorageFault::new("open", path, error))?;
        Ok(Self { file, path: path.to_owned(), start: 0, bytes: vec![] })
    }

    /// The bytes at an offset; fewer than `len` only at the end of the file.
    pub(super) fn at(&mut self, offset: u64, len: usize) -> Result<&[u8], StorageFault> {
        let skip =
            |start: u64| offset.checked_sub(start).and_then(|skip| usize::try_from(skip).ok());
        let held = skip(self.start).is_some_and(|skip| skip + len <= self.bytes.len());
        if !held {
            self.bytes = read_at(&self.file, offset, len.max(CHUNK_BYTES))
                .map_err(|error| StorageFault::new("read", &self.path, error))?;
            self.start = offset;
        }
        let rest = skip(self.start).and_then(|skip| self.bytes.get(skip..)).unwrap_or_default();
        Ok(rest.get(..len).unwrap_or(rest))
    }

    /// Forgets what was read ahead: the file may have grown there.
    pub(super) fn forget(&mut self) {
        self.bytes.clear();
    }
}
