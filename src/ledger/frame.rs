//! How records and segments lie on disk. Format version 1.
//!
//! ```text
//! segment  magic 8 | version u32 | CRC32C u32 | number u32 | 0 u32 | first sequence u64 | hash before 32
//! record   CRC32C u32 | length u32 | sequence u64 | place in its commit u32 | hash before 32 | body
//! ```
//!
//! A checksum covers everything after itself; a record's hash is SHA-256 over the same bytes, which
//! hold the hash before it: that is the chain. The place in the commit (0 = first of those written
//! and synced together) tells a commit cut short by a power loss, where any part may be missing,
//! from damage to records that were acknowledged: whatever lies before a later commit was.

use super::bytes::Fields;
use super::entry::{ChainHash, MAX_RECORD_BYTES};
use sha2::{Digest, Sha256};

/// Format version of segments and of the records in them.
pub const FORMAT_VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"VOUCHLOG";
/// Length of a segment's header.
pub(super) const HEADER_BYTES: usize = 64;
/// Length of a record without its body.
pub(super) const FRAME_BYTES: usize = 52;

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) number: u32,
    /// Sequence of its first record. Records of that sequence or later in a segment *before* this
    /// one were never acknowledged and do not count.
    pub(super) first: u64,
    /// Hash of the record before its first.
    pub(super) previous: ChainHash,
}

/// Why a header could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderFault {
    Foreign,
    Version(u32),
    Damaged,
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut rest = Vec::with_capacity(HEADER_BYTES);
        rest.extend_from_slice(&self.number.to_le_bytes());
        rest.extend_from_slice(&[0; 4]);
        rest.extend_from_slice(&self.first.to_le_bytes());
        rest.extend_from_slice(&self.previous.0);
        let sum = crc32c::crc32c(&rest);
        [&MAGIC[..], &FORMAT_VERSION.to_le_bytes(), &sum.to_le_bytes(), &rest].concat()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, HeaderFault> {
        let mut fields = Fields::of(bytes);
        if fields.array() != Some(*MAGIC) {
            return Err(HeaderFault::Foreign);
        }
        match fields.u32().ok_or(HeaderFault::Damaged)? {
            FORMAT_VERSION => {}
            other => return Err(HeaderFault::Version(other)),
        }
        Self::fields(fields).ok_or(HeaderFault::Damaged)
    }

    fn fields(mut fields: Fields<'_>) -> Option<Self> {
        let sum = fields.u32()?;
        let rest = fields.take(48)?;
        if crc32c::crc32c(rest) != sum {
            return None;
        }
        let mut fields = Fields::of(rest);
        let (number, _) = (fields.u32()?, fields.u32()?);
        Some(Self { number, first: fields.u64()?, previous: ChainHash(fields.array()?) })
    }
}

/// A record as it lies on disk, its checksum proven.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) sequence: u64,
    /// Records before it in its commit.
    pub(super) in_commit: u32,
    pub(super) previous: ChainHash,
    pub(super) body: &'a [u8],
    checked: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Length on disk of a record with this body.
    pub(super) fn bytes(body: usize) -> usize {
        FRAME_BYTES.saturating_add(body)
    }

    /// Appends a record to `out` and returns its hash.
    pub(super) fn put(
        out: &mut Vec<u8>,
        sequence: u64,
        in_commit: u32,
        previous: ChainHash,
        body: &[u8],
    ) -> ChainHash {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&sequence.to_le_bytes());
        out.extend_from_slice(&in_commit.to_le_bytes());
        out.extend_from_slice(&previous.0);
        out.extend_from_slice(body);
        let frame = out.get_mut(start..).and_then(|frame| frame.split_first_chunk_mut::<4>());
        let Some((sum, checked)) = frame else { return previous };
        *sum = crc32c::crc32c(checked).to_le_bytes();
        ChainHash(Sha256::digest(checked).into())
    }

    /// How many bytes a record takes that begins with these [`FRAME_BYTES`] bytes; `None` where no
    /// record can begin so.
    pub(super) fn announced(head: &[u8]) -> Option<usize> {
        let mut fields = Fields::of(head);
        let _sum = fields.u32()?;
        let body = usize::try_from(fields.u32()?).ok()?;
        (1..=MAX_RECORD_BYTES).contains(&body).then_some(Self::bytes(body))
    }

    /// Reads the record that begins `bytes`; `None` where it is cut off or its checksum fails.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let len = Self::announced(bytes)?;
        let mut fields = Fields::of(bytes.get(..len)?);
        let sum = fields.u32()?;
        let checked = fields.take(len - 4)?;
        if crc32c::crc32c(checked) != sum {
            return None;
        }
        let mut fields = Fields::of(checked);
        let length = fields.u32()?;
        Some(Self {
            sequence: fields.u64()?,
            in_commit: fields.u32()?,
            previous: ChainHash(fields.array()?),
            body: fields.take(usize::try_from(length).ok()?)?,
            checked,
        })
    }

    pub(super) fn hash(&self) -> ChainHash {
        ChainHash(Sha256::digest(self.checked).into())
    }

    /// Sequence of the first record of its commit. Every record before it was acknowledged.
    pub(super) fn commit(&self) -> u64 {
        self.sequence.saturating_sub(u64::from(self.in_commit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Vec<u8> {
        let mut out = vec![];
        Frame::put(&mut out, 7, 2, ChainHash([5; 32]), b"body");
        out
    }

    #[test]
    fn a_record_comes_back_and_ends_where_it_should() {
        let mut bytes = frame();
        let len = bytes.len();
        bytes.extend_from_slice(b"next");
        let read = Frame::read(&bytes).unwrap();
        assert_eq!((read.sequence, read.commit(), read.body), (7, 5, &b"body"[..]));
        assert_eq!(read.previous, ChainHash([5; 32]));
        assert_eq!(Frame::announced(&bytes), Some(len));
    }

    #[test]
    fn no_changed_bit_and_no_cut_passes() {
        let good = frame();
        for at in 0..good.len() {
            assert!(Frame::read(&good[..at]).is_none(), "cut at {at}");
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert!(Frame::read(&bad).is_none(), "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn zeros_are_no_record() {
        assert!(Frame::read(&[0; 4096]).is_none());
    }

    #[test]
    fn headers_come_back_or_are_refused_by_name() {
        let header = Header { number: 3, first: 9, previous: ChainHash([1; 32]) };
        let bytes = header.encode();
        assert_eq!(bytes.len(), HEADER_BYTES);
        assert_eq!(Header::decode(&bytes), Ok(header));
        let changed = |at: usize| {
            let mut bytes = bytes.clone();
            bytes[at] ^= 2;
            Header::decode(&bytes)
        };
        assert_eq!(changed(0), Err(HeaderFault::Foreign));
        assert_eq!(changed(8), Err(HeaderFault::Version(3)));
        assert_eq!(changed(20), Err(HeaderFault::Damaged));
        assert_eq!(Header::decode(&bytes[..40]), Err(HeaderFault::Damaged));
    }
}
