//! Reading the log in order, and judging where it ends.
//!
//! Every record is checked on the way: checksum, sequence, hash of the record before. The first
//! thing that does not fit ends the walk with its place. One thing may not fit and yet be right: the
//! end of the last segment after a crash, where a commit was cut short. It is taken for that only if
//! no record of a *later* commit follows, for then nothing of it was acknowledged.

use super::body::Place;
use super::entry::{ChainHash, Position};
use super::error::{Damage, DamageKind, LedgerError};
use super::frame::{FRAME_BYTES, Frame, HEADER_BYTES};
use super::segment::{Segment, Window, segments};
use std::path::Path;

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
    /// Of the last record; its memory serves one after the other.
    body: Vec<u8>,
    /// Where the commit of the last record begins in this segment.
    commit: u64,
    /// Records from here on are not committed yet.
    end: Option<Position>,
    tail: Tail,
    superseded: u64,
    accept_loss: bool,
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
            body: Vec::new(),
            commit: 0,
            end,
            tail: Tail::Clean,
            superseded: 0,
            accept_loss: false,
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
        let absent = LedgerError::NotFound(position);
        let mut window = Window::open(&path)?;
        let bytes = Self::frame_bytes(&mut window, walk.offset)?;
        let frame = bytes.and_then(Frame::read).ok_or(absent)?;
        (walk.next, walk.previous) = (frame.sequence, frame.previous);
        walk.window = Some(window);
        walk.commit = walk.offset;
        Ok(walk)
    }

    /// From behind a record, which must be where and what it was.
    pub(super) fn after(log_dir: &Path, place: &Place) -> Result<Self, LedgerError> {
        let mut walk = Self::from(log_dir, place.position, None)?;
        if walk.read()? == Some(*place) {
            Ok(walk)
        } else {
            Err(LedgerError::NotFound(place.position))
        }
    }

    /// The last record read; `None` before the first.
    pub(super) fn last(&self) -> Option<Place> {
        self.last
    }

    /// From the first record of a segment, whose header is taken as it is; the walk ends with it.
    pub(super) fn of_segment(log_dir: &Path, number: u32) -> Result<Self, LedgerError> {
        let mut walk = Self::start(log_dir, None)?;
        walk.segments.retain(|segment| segment.header.number == number);
        if let Some(segment) = walk.segments.first() {
            (walk.next, walk.previous) = (segment.header.first, segment.header.previous);
        }
        Ok(walk)
    }

    /// The next record, whose body is then [`Walk::body`]; `None` at the end, which [`Walk::tail`] then
    /// describes.
    pub(super) fn next(&mut self) -> Result<Option<Place>, LedgerError> {
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
            let (tail, latest_commit) = self.behind()?;
            if latest_commit.is_some()
                && let Some(found) = self.read_again()?
            {
                return Ok(Some(found));
            }
            return self.end_here(tail, latest_commit).map(|()| None);
        }
    }

    /// The fields of the last record read.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Judges what lies where the next record should be.
    fn end_here(&mut self, tail: Tail, latest_commit: Option<u64>) -> Result<(), LedgerError> {
        let later = latest_commit.is_some_and(|commit| commit > self.next);
        match self.segments.get(self.at + 1) {
            Some(next) if tail == Tail::Clean => {
                Err(self.damage(DamageKind::Displaced { found: next.header.first }))
            }
            Some(_) => Err(self.damage(DamageKind::Checksum)),
            None if later && !self.accept_loss => Err(self.damage(DamageKind::Checksum)),
            None => {
                self.tail = tail;
                Ok(())
            }
        }
    }

    /// Takes damage to the last segment for the loss that it is: the walk ends before it.
    pub(super) fn accept_loss(&mut self, accept: bool) {
        self.accept_loss = accept;
    }

    /// Lets a walk that ended go on to a later end; false where that lies in a segment it has not
    /// seen.
    pub(super) fn extend(&mut self, end: Position) -> bool {
        if let Some(window) = &mut self.window {
            // What was read ahead of the old end was not written yet.
            window.forget();
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

    /// Offset in this segment where the commit of the last record begins.
    pub(super) fn commit_offset(&self) -> u64 {
        self.commit
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
        if let Some(window) = &mut self.window {
            while let Some(bytes) = Self::frame_bytes(window, self.offset)? {
                if Frame::read(bytes).is_none() {
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
        self.commit = self.offset;
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
    fn frame_bytes(window: &mut Window, offset: u64) -> Result<Option<&[u8]>, LedgerError> {
        match Frame::announced(window.at(offset, FRAME_BYTES)?) {
            Some(len) => Ok(Some(window.at(offset, len)?)),
            None => Ok(None),
        }
    }

    /// The record here; `None` where its checksum fails.
    fn read(&mut self) -> Result<Option<Place>, LedgerError> {
        let Some(window) = &mut self.window else { return Ok(None) };
        let Some(bytes) = Self::frame_bytes(window, self.offset)? else { return Ok(None) };
        let Some(frame) = Frame::read(bytes) else { return Ok(None) };
        let (sequence, previous, in_commit) = (frame.sequence, frame.previous, frame.in_commit);
        let (hash, bytes) = (frame.hash(), u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.body.clear();
        self.body.extend_from_slice(frame.body);
        self.expect(sequence, previous)?;
        let place = Place { sequence: self.next, position: self.position(), hash };
        if in_commit == 0 {
            self.commit = self.offset;
        }
        self.offset += bytes;
        self.next += 1;
        self.previous = place.hash;
        self.last = Some(place);
        Ok(Some(place))
    }

    /// [`Walk::read`] from the file as it is now: a server may be writing, and what was not here a
    /// moment ago while later records were seen can be here by now.
    fn read_again(&mut self) -> Result<Option<Place>, LedgerError> {
        if let Some(window) = &mut self.window {
            window.forget();
        }
        self.read()
    }

    /// What lies from here to the end of the segment, and the latest commit of a whole record in it.
    fn behind(&mut self) -> Result<(Tail, Option<u64>), LedgerError> {
        let (sequence, position, offset) = (self.next, self.position(), self.offset);
        let len = self.segment().map_or(0, |segment| segment.bytes).saturating_sub(offset);
        let Some(window) = &mut self.window else { return Ok((Tail::Clean, None)) };
        let rest = window.at(offset, usize::try_from(len).unwrap_or(usize::MAX))?;
        let Some(last) = last_written(rest) else {
            return Ok((Tail::Clean, None));
        };
        let bytes = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
        let commits = (0..=last).filter_map(|at| frame_at(rest, at, sequence)).map(|f| f.commit());
        let latest = commits.max();
        Ok((Tail::Torn { sequence, position, bytes, records_after: latest.is_some() }, latest))
    }
}

/// Compared with at a time: byte by byte, the end of a segment of some megabytes takes seconds in a
/// build for debugging.
static ZEROS: [u8; 4096] = [0; 4096];

/// Where the last byte lies that is not zero.
fn last_written(bytes: &[u8]) -> Option<usize> {
    let mut start = bytes.len();
    bytes.rchunks(ZEROS.len()).find_map(|block| {
        start -= block.len();
        if ZEROS.starts_with(block) {
            return None;
        }
        block.iter().rposition(|byte| *byte != 0).map(|at| start + at)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_byte_is_found_wherever_it_lies() {
        for len in [0, 1, 4095, 4096, 4097, 10_000] {
            let mut bytes = vec![0; len];
            assert_eq!(last_written(&bytes), None);
            for at in [0, 1, 1807, 1808, 4095, 4096, 5903, 5904, 9999] {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = 1;
                    assert_eq!(last_written(&bytes), Some(at), "{at} of {len}");
                }
            }
        }
    }
}
