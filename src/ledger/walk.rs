//! Reading the log in order, and judging where it ends.
//!
//! Every record is checked on the way: checksum, sequence, hash of the record before. The first
//! thing that does not fit ends the walk with its place. One thing may not fit and yet be right: the
//! end of the last segment after a crash, where a commit was cut short. It is taken for that only if
//! no record of a *later* commit follows, for then nothing of it was acknowledged.

use super::entry::{ChainHash, Position};
use super::error::{Damage, DamageKind, LedgerError, StorageFault};
use super::frame::{FORMAT_VERSION, FRAME_BYTES, Frame, HEADER_BYTES, Header, HeaderFault};
use super::storage::read_at;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::body::Place;

/// Directory of the segments in the data directory.
pub(super) const LOG_DIR: &str = "ledger";
/// How much is read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

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

/// A file, read forward in large pieces.
struct Window {
    file: File,
    path: PathBuf,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    fn open(path: &Path) -> Result<Self, StorageFault> {
        let file = File::open(path).map_err(|error| StorageFault::new("open", path, error))?;
        Ok(Self { file, path: path.to_owned(), start: 0, bytes: vec![] })
    }

    /// The bytes at an offset; fewer than `len` only at the end of the file.
    fn at(&mut self, offset: u64, len: usize) -> Result<&[u8], StorageFault> {
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
}

/// A record found by a walk.
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) body: Vec<u8>,
}

/// What lies behind the last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Zeros or nothing.
    Clean,
    /// The remains of a commit that was cut short; none of it was acknowledged.
    Torn {
        /// The first record that is not there.
        sequence: u64,
        /// Where it would begin.
        position: Position,
        /// How many bytes the remains take.
        bytes: u64,
        /// Whether whole records of the same commit follow the torn one. A power loss can leave
        /// that; so can damage to the last commit of an idle ledger.
        records_after: bool,
    },
}

/// A reader of the log, in order.
pub(super) struct Walk {
    segments: Vec<Segment>,
    at: usize,
    window: Option<Window>,
    offset: u64,
    next: u64,
    previous: ChainHash,
    last: Option<Place>,
    /// Records from here on are not committed yet.
    end: Option<Position>,
    tail: Tail,
    superseded: u64,
}

impl Walk {
    /// From the first record.
    pub(super) fn start(log_dir: &Path, end: Option<Position>) -> Result<Self, LedgerError> {
        Ok(Self {
            segments: segments(log_dir)?,
            at: 0,
            window: None,
            offset: 0,
            next: 1,
            previous: ChainHash::GENESIS,
            last: None,
            end,
            tail: Tail::Clean,
            superseded: 0,
        })
    }

    /// From the record at a position, whose own link to the record before is taken as it is.
    pub(super) fn from(
        log_dir: &Path,
        position: Position,
        end: Option<Position>,
    ) -> Result<Self, LedgerError> {
        let mut walk = Self::start(log_dir, end)?;
        let found = walk.segments.iter().position(|s| s.header.number == position.segment);
        let segment = found.and_then(|at| walk.segments.get(at).map(|s| (at, s.path.clone())));
        let (at, path) = segment.ok_or(LedgerError::NotFound(position))?;
        walk.at = at;
        walk.offset = u64::from(position.offset);
        walk.window = Some(Window::open(&path)?);
        let bytes = walk.frame_bytes()?.ok_or(LedgerError::NotFound(position))?;
        let frame = Frame::read(&bytes).ok_or(LedgerError::NotFound(position))?;
        (walk.next, walk.previous) = (frame.sequence, frame.previous);
        Ok(walk)
    }

    /// The next record; `None` at the end, which [`Walk::tail`] then describes.
    pub(super) fn next(&mut self) -> Result<Option<Found>, LedgerError> {
        loop {
            if self.window.is_none() || self.next >= self.limit() {
                if !self.enter()? {
                    return Ok(None);
                }
                continue;
            }
            if self.end.is_some_and(|end| self.position() >= end) {
                return Ok(None);
            }
            if let Some(found) = self.read()? {
                return Ok(Some(found));
            }
            let tail = self.judge_tail()?;
            return match self.segments.get(self.at + 1) {
                None => {
                    self.tail = tail;
                    Ok(None)
                }
                Some(next) if tail == Tail::Clean => {
                    Err(self.damage(DamageKind::Displaced { found: next.header.first }))
                }
                Some(_) => Err(self.damage(DamageKind::Checksum)),
            };
        }
    }

    /// Lets a walk that ended go on to a later end; false where that lies in a segment it has not
    /// seen.
    pub(super) fn extend(&mut self, end: Position) -> bool {
        if let Some(window) = &mut self.window {
            // What was read ahead of the old end was not written yet.
            window.bytes.clear();
        }
        self.end = Some(end);
        self.segments.last().is_some_and(|last| last.header.number == end.segment)
    }

    /// What lies behind the last record, once the walk has ended.
    pub(super) fn tail(&self) -> Tail {
        self.tail
    }

    /// The sequence the next record must have.
    pub(super) fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Hash of the last record.
    pub(super) fn last_hash(&self) -> ChainHash {
        self.previous
    }

    /// The segment being read; `None` in an empty log.
    pub(super) fn segment(&self) -> Option<&Segment> {
        self.window.as_ref().and_then(|_| self.segments.get(self.at))
    }

    /// Every segment.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Where the next record would begin.
    pub(super) fn position(&self) -> Position {
        Position {
            segment: self.segments.get(self.at).map_or(0, |segment| segment.header.number),
            offset: u32::try_from(self.offset).unwrap_or(u32::MAX),
        }
    }

    /// Bytes of the log before the next record.
    pub(super) fn bytes_before(&self) -> u64 {
        let before = self.segments.iter().take(self.at).map(|segment| segment.bytes);
        before.sum::<u64>().saturating_add(self.offset)
    }

    /// Whole records that a later segment replaced: written, but never acknowledged.
    pub(super) fn superseded(&self) -> u64 {
        self.superseded
    }

    /// First sequence that no longer counts in this segment.
    fn limit(&self) -> u64 {
        self.segments.get(self.at + 1).map_or(u64::MAX, |segment| segment.header.first)
    }

    /// Goes to the next segment, or the first; false where there is none.
    fn enter(&mut self) -> Result<bool, LedgerError> {
        if self.window.is_some() {
            while let Some(bytes) = self.frame_bytes()? {
                if Frame::read(&bytes).is_none() {
                    break;
                }
                self.superseded += 1;
                self.offset += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            }
            self.at += 1;
        }
        let Some(segment) = self.segments.get(self.at) else { return Ok(false) };
        let header = segment.header;
        self.window = Some(Window::open(&segment.path)?);
        self.offset = u64::try_from(HEADER_BYTES).unwrap_or(u64::MAX);
        self.expect(header.first, header.previous)?;
        Ok(true)
    }

    /// Holds what comes next against what was read so far.
    fn expect(&self, sequence: u64, previous: ChainHash) -> Result<(), LedgerError> {
        if sequence != self.next {
            return Err(self.damage(DamageKind::Displaced { found: sequence }));
        }
        if previous == self.previous {
            return Ok(());
        }
        Err(match self.last {
            None => self.damage(DamageKind::Altered),
            Some(Place { sequence, position, .. }) => {
                LedgerError::Damaged(Damage { sequence, position, kind: DamageKind::Altered })
            }
        })
    }

    fn damage(&self, kind: DamageKind) -> LedgerError {
        let (sequence, position) = (self.next, self.position());
        LedgerError::Damaged(Damage { sequence, position, kind })
    }

    /// The bytes the record here claims; `None` where none can begin.
    fn frame_bytes(&mut self) -> Result<Option<Vec<u8>>, LedgerError> {
        let Some(window) = &mut self.window else { return Ok(None) };
        let Some(len) = Frame::announced(window.at(self.offset, FRAME_BYTES)?) else {
            return Ok(None);
        };
        Ok(Some(window.at(self.offset, len)?.to_vec()))
    }

    /// The record here; `None` where its checksum fails.
    fn read(&mut self) -> Result<Option<Found>, LedgerError> {
        let Some(bytes) = self.frame_bytes()? else { return Ok(None) };
        let Some(frame) = Frame::read(&bytes) else { return Ok(None) };
        self.expect(frame.sequence, frame.previous)?;
        let place = Place { sequence: self.next, position: self.position(), hash: frame.hash() };
        let body = frame.body.to_vec();
        self.offset += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.next += 1;
        self.previous = place.hash;
        self.last = Some(place);
        Ok(Some(Found { place, body }))
    }

    /// Tells a commit cut short from damage.
    fn judge_tail(&mut self) -> Result<Tail, LedgerError> {
        let (sequence, position, offset) = (self.next, self.position(), self.offset);
        let len = self.segment().map_or(0, |segment| segment.bytes).saturating_sub(offset);
        let Some(window) = &mut self.window else { return Ok(Tail::Clean) };
        let rest = window.at(offset, usize::try_from(len).unwrap_or(usize::MAX))?;
        let Some(last) = rest.iter().rposition(|byte| *byte != 0) else { return Ok(Tail::Clean) };
        let bytes = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
        let latest_commit =
            (0..=last).filter_map(|at| frame_at(rest, at, sequence)).map(|f| f.commit()).max();
        if latest_commit.is_some_and(|commit| commit > sequence) {
            return Err(self.damage(DamageKind::Checksum));
        }
        Ok(Tail::Torn { sequence, position, bytes, records_after: latest_commit.is_some() })
    }
}

/// The whole record that begins somewhere in `bytes`, if its sequence can lie there. The sequence is
/// looked at first: it rules out almost every offset without a checksum.
fn frame_at(bytes: &[u8], at: usize, from: u64) -> Option<Frame<'_>> {
    let here = bytes.get(at..)?;
    let (sequence, _) = here.get(8..)?.split_first_chunk::<8>()?;
    let ahead = u64::from_le_bytes(*sequence).checked_sub(from)?;
    let most = u64::try_from(bytes.len() / FRAME_BYTES).unwrap_or(u64::MAX);
    if ahead <= most { Frame::read(here) } else { None }
}
