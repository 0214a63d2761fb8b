//! Writing the log: commits into the current segment, and the step to the next one.
//!
//! A segment is zero-filled before it gets its first record, so a commit is one `pwrite` and one
//! `fdatasync` that changes no metadata. INVARIANT: after a failed write or sync nothing new goes
//! into that segment. What it holds beyond the last good record is unknown; the next segment's
//! header states the sequence it goes on from, and whatever the old one holds of that sequence or
//! later does not count. The same way out serves a commit cut short by a crash: nothing is
//! overwritten, so nothing that could be evidence is destroyed.
//!
//! Rejected: writing over the remains of a failed write. It needs the remains zeroed first, or a
//! shorter record would leave a whole old one behind itself, and it stays on blocks that failed.

use super::body::Place;
use super::entry::{ChainHash, Position};
use super::error::StorageFault;
use super::frame::{Frame, HEADER_BYTES, Header};
use super::segment::segment_path;
use super::storage::{Storage, StorageFile, read_at};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// The segment records go into.
struct Current {
    number: u32,
    path: PathBuf,
    file: Box<dyn StorageFile>,
    /// Bytes prepared for records; the first record of a segment may be longer.
    capacity: u64,
    /// Behind the last good record.
    end: u64,
    /// Behind everything ever written, good or not.
    written: u64,
    /// Behind the last good record that is on disk.
    synced: u64,
    /// A sync failed: what is not on disk gets there only when it is written again.
    doubtful: bool,
}

impl Current {
    /// Takes up the last segment. Its last commit is written once more and synced: after a failed
    /// sync it can be read and yet not be on disk, and from now on it counts as kept.
    fn reopen(
        storage: &dyn Storage,
        dir: &Path,
        LastSegment { number, commit, end, written }: LastSegment,
    ) -> Result<Self, StorageFault> {
        let path = segment_path(dir, number);
        let rewrite = || {
            let file = storage.open(&path)?;
            let bytes = usize::try_from(end.saturating_sub(commit)).unwrap_or(0);
            file.write_at(&read_at(&File::open(&path)?, commit, bytes)?, commit)?;
            file.sync()?;
            Ok((file.size()?, file))
        };
        let (capacity, file) =
            rewrite().map_err(|error| StorageFault::new("take up", &path, error))?;
        Ok(Self { number, path, file, capacity, end, written, synced: end, doubtful: false })
    }

    /// Puts every good record on disk; nothing to do where each commit did.
    fn settle(&mut self) -> Result<(), StorageFault> {
        let settle = || {
            if self.doubtful {
                let reader = File::open(&self.path)?;
                let mut at = self.synced;
                while at < self.end {
                    let bytes = usize::try_from(self.end - at).unwrap_or(usize::MAX);
                    let bytes = read_at(&reader, at, bytes.min(REWRITTEN_BYTES))?;
                    if bytes.is_empty() {
                        return Err(std::io::ErrorKind::UnexpectedEof.into());
                    }
                    self.file.write_at(&bytes, at)?;
                    at += len_u64(bytes.len());
                }
            }
            self.file.sync()
        };
        if self.synced < self.end {
            let settled = settle().map_err(|error| StorageFault::new("sync", &self.path, error));
            self.doubtful = settled.is_err();
            settled?;
            self.synced = self.end;
        }
        Ok(())
    }
}

/// Most bytes of a segment read at once to be written again.
const REWRITTEN_BYTES: usize = 1024 * 1024;

/// Where a log stands after it was read.
pub(super) struct Standing {
    pub(super) next: u64,
    pub(super) last: ChainHash,
    /// The last segment; `None` in an empty log.
    pub(super) segment: Option<LastSegment>,
}

/// Where the last segment stands, in bytes from its beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastSegment {
    pub(super) number: u32,
    /// Where the last commit begins.
    pub(super) commit: u64,
    /// Behind the last good record.
    pub(super) end: u64,
    /// Behind the remains of a commit that was cut short; `end` where there are none.
    pub(super) written: u64,
}

/// The one writer of the log.
pub(super) struct LogWriter {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
    segment_bytes: u64,
    spare: Spare,
    current: Option<Current>,
    /// The current segment must not be written any more.
    broken: bool,
    next: u64,
    last: ChainHash,
    staged: Vec<u8>,
    staged_count: u32,
    staged_last: ChainHash,
}

const HEADER_END: u64 = 64;
const _: () = assert!(HEADER_BYTES == 64, "HEADER_END is the header's length as an offset");

fn len_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

impl LogWriter {
    /// Takes the log up where it stands, with a segment ready to be written.
    pub(super) fn open(
        storage: Arc<dyn Storage>,
        dir: &Path,
        segment_bytes: u64,
        standing: &Standing,
    ) -> Result<Self, StorageFault> {
        let segment = standing.segment;
        let current = segment.map(|last| Current::reopen(&*storage, dir, last)).transpose()?;
        let mut log = Self {
            spare: Spare::new(Arc::clone(&storage), dir, segment_bytes)?,
            storage,
            dir: dir.to_owned(),
            segment_bytes,
            broken: segment.is_none_or(|last| last.end < last.written),
            current,
            next: standing.next,
            last: standing.last,
            staged: vec![],
            staged_count: 0,
            staged_last: standing.last,
        };
        if log.broken {
            log.roll()?;
        }
        Ok(log)
    }

    /// Whether a record with this body still goes into the current segment.
    pub(super) fn fits(&self, body: usize) -> bool {
        let Some(current) = &self.current else { return false };
        let start = current.end + len_u64(self.staged.len());
        let end = start.saturating_add(len_u64(Frame::bytes(body)));
        !self.broken && (end <= current.capacity || start == HEADER_END)
    }

    /// Adds a record to the next commit. The caller has seen that it fits.
    pub(super) fn stage(&mut self, body: &[u8]) -> Place {
        let sequence = self.next + u64::from(self.staged_count);
        let (segment, end) = self.current.as_ref().map_or((0, 0), |c| (c.number, c.end));
        let offset = end + len_u64(self.staged.len());
        let position = Position { segment, offset: u32::try_from(offset).unwrap_or(u32::MAX) };
        let place = (sequence, self.staged_count, self.staged_last);
        let hash = Frame::put(&mut self.staged, place.0, place.1, place.2, body);
        self.staged_last = hash;
        self.staged_count += 1;
        Place { sequence, position, hash }
    }

    /// Bytes staged and not committed.
    pub(super) fn staged(&self) -> usize {
        self.staged.len()
    }

    /// Writes what is staged and, with `sync`, puts it on disk. After an error none of it is in the
    /// log, and the next commit needs [`LogWriter::roll`] first.
    pub(super) fn commit(&mut self, sync: bool) -> Result<(), StorageFault> {
        let staged = std::mem::take(&mut self.staged);
        let count = std::mem::take(&mut self.staged_count);
        let last = std::mem::replace(&mut self.staged_last, self.last);
        let Some(current) = self.current.as_mut().filter(|_| !staged.is_empty()) else {
            return Ok(());
        };
        current.written = current.written.max(current.end + len_u64(staged.len()));
        let written = current.file.write_at(&staged, current.end).map_err(|error| ("write", error));
        let kept = written.and_then(|()| {
            if sync { current.file.sync().map_err(|error| ("sync", error)) } else { Ok(()) }
        });
        if let Err((action, error)) = kept {
            self.broken = true;
            return Err(StorageFault::new(action, &current.path, error));
        }
        current.end += len_u64(staged.len());
        if sync {
            current.synced = current.end;
        }
        self.next += u64::from(count);
        (self.last, self.staged_last) = (last, last);
        if current.end > current.capacity / 4 {
            self.spare.prepare();
        }
        self.staged = staged;
        self.staged.clear();
        Ok(())
    }

    /// Notes that a sync of the current segment failed elsewhere.
    pub(super) fn doubt(&mut self) {
        if let Some(current) = &mut self.current {
            current.doubtful = true;
        }
    }

    /// Goes to a new segment. Nothing may be staged. The good records of the old one are put on disk
    /// first in every mode, so a segment is never there without the records before it.
    pub(super) fn roll(&mut self) -> Result<(), StorageFault> {
        self.broken = true;
        if let Some(current) = &mut self.current {
            current.settle()?;
        }
        let number = self.current.as_ref().map_or(1, |current| current.number + 1);
        let path = segment_path(&self.dir, number);
        let header = Header { number, first: self.next, previous: self.last };
        let file = self.spare.take()?;
        let fault = |error| StorageFault::new("begin", &path, error);
        file.write_at(&header.encode(), 0).and_then(|()| file.sync()).map_err(fault)?;
        self.storage.rename(&self.spare.path, &path).map_err(fault)?;
        self.storage.sync_dir(&self.dir).map_err(fault)?;
        let (capacity, end) = (self.segment_bytes, HEADER_END);
        let (written, synced, doubtful) = (end, end, false);
        let fresh = Current { number, path, file, capacity, end, written, synced, doubtful };
        if let Some(old) = self.current.replace(fresh) {
            // Only room is at stake here, so a failure is none.
            let _ = match old.end {
                HEADER_END => self.storage.remove(&old.path),
                _ => old.file.set_len(old.written),
            };
        }
        self.broken = false;
        Ok(())
    }

    /// Where the next record will begin.
    pub(super) fn end(&self) -> Position {
        let (segment, end) = self.current.as_ref().map_or((0, 0), |c| (c.number, c.end));
        Position { segment, offset: u32::try_from(end).unwrap_or(u32::MAX) }
    }

    /// Sequence of the last record in the log; 0 in an empty one.
    pub(super) fn committed(&self) -> u64 {
        self.next - 1
    }
}

/// A segment zero-filled in the background, before it is needed.
struct Spare {
    storage: Arc<dyn Storage>,
    path: PathBuf,
    bytes: u64,
    want: Option<SyncSender<()>>,
    made: Receiver<Result<Box<dyn StorageFile>, StorageFault>>,
    wanted: bool,
    maker: Option<JoinHandle<()>>,
}

impl Spare {
    fn new(storage: Arc<dyn Storage>, dir: &Path, bytes: u64) -> Result<Self, StorageFault> {
        let path = dir.join("spare");
        let (want, wanted) = sync_channel(1);
        let (done, made) = sync_channel(1);
        let (maker_storage, maker_path) = (Arc::clone(&storage), path.clone());
        let maker = std::thread::Builder::new()
            .name("ledger-spare".to_owned())
            .spawn(move || {
                while let Ok(()) = wanted.recv() {
                    let file = zeroed(&*maker_storage, &maker_path, bytes);
                    if done.send(file).is_err() {
                        break;
                    }
                }
            })
            .map_err(|error| StorageFault::new("start the thread that prepares", &path, error))?;
        let (want, maker) = (Some(want), Some(maker));
        Ok(Self { storage, path, bytes, want, made, wanted: false, maker })
    }

    /// Begins to make the spare, unless that was done.
    fn prepare(&mut self) {
        if !self.wanted
            && let Some(want) = &self.want
        {
            self.wanted = want.try_send(()).is_ok();
        }
    }

    /// The spare; made now where none was prepared.
    fn take(&mut self) -> Result<Box<dyn StorageFile>, StorageFault> {
        if std::mem::take(&mut self.wanted)
            && let Ok(Ok(file)) = self.made.recv()
        {
            return Ok(file);
        }
        zeroed(&*self.storage, &self.path, self.bytes)
    }
}

impl Drop for Spare {
    /// Waits for the maker: left alone it might fill a file that a next ledger uses already.
    fn drop(&mut self) {
        self.want = None;
        if let Some(maker) = self.maker.take() {
            let _ = maker.join();
        }
        let _ = self.storage.remove(&self.path);
    }
}

/// A new file of zeros; a failed one is removed, it would only take up room.
fn zeroed(
    storage: &dyn Storage,
    path: &Path,
    bytes: u64,
) -> Result<Box<dyn StorageFile>, StorageFault> {
    let make = || {
        let file = storage.open(path)?;
        file.set_len(0)?;
        file.zero_fill(0, bytes)?;
        Ok(file)
    };
    make().map_err(|error| {
        let _ = storage.remove(path);
        StorageFault::new("prepare", path, error)
    })
}
