//! How a checkpoint lies on disk. Format 2, little-endian.
//!
//! ```text
//! file   magic 8 | format u32 | blocks: head, parts store by store, ids, desk, end
//! block  CRC32C u32 | length of the content u32 | number u32 | kind u8 | content
//! part   number of the last entry it holds u64 | bytes of `velocity`
//! ids    (hash 16 | content hash 16 | position u64) …
//! desk   position u64 … of the entries of people that stand
//! end    number of the entry up to which anything is held u64 | its hash 32
//! ```
//!
//! A checksum covers everything after itself. Blocks are numbered from 0, so that none is missing or
//! comes twice, and nothing follows the end.

use super::{FORMAT, Head, Unusable};
use crate::engine::known::{ContentHash, IdHash};
use crate::ledger::{ChainHash, Place, Position, StorageFault, StorageFile};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

const MAGIC: &[u8; 8] = b"VOUCHCKP";
/// Length of a block without its content.
const BLOCK_BYTES: usize = 13;

/// Kinds of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Head,
    Part,
    Ids,
    Desk,
    End,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Head, Self::Part, Self::Ids, Self::Desk, Self::End];
}

/// An id and what is known of it.
pub(super) type KnownId = (IdHash, ContentHash, Position);
/// Bytes of a [`KnownId`].
pub(super) const ID_BYTES: usize = 40;

/// A checkpoint being written.
pub(super) struct Writer {
    file: Box<dyn StorageFile>,
    path: std::path::PathBuf,
    end: u64,
    number: u32,
    block: Vec<u8>,
}

impl Writer {
    pub(super) fn begin(file: Box<dyn StorageFile>, path: &Path) -> Result<Self, StorageFault> {
        let mut writer = Self { file, path: path.to_owned(), end: 0, number: 0, block: Vec::new() };
        writer.tried(writer.file.set_len(0))?;
        writer.block.extend(MAGIC);
        writer.block.extend(FORMAT.to_le_bytes());
        writer.write()?;
        Ok(writer)
    }

    /// Writes one block, whose content `fill` adds.
    pub(super) fn block(
        &mut self,
        kind: Kind,
        fill: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), StorageFault> {
        self.block.clear();
        self.block.extend([0; 8]);
        self.block.extend(self.number.to_le_bytes());
        self.block.push(kind as u8);
        fill(&mut self.block);
        let content = u32::try_from(self.block.len() - BLOCK_BYTES)
            .map_err(|_| std::io::Error::other("a part of more than 4 GiB"));
        let length = self.tried(content)?.to_le_bytes();
        self.put(4, length);
        let checked = self.block.get(4..).unwrap_or_default();
        self.put(0, crc32c::crc32c(checked).to_le_bytes());
        self.number += 1;
        self.write()
    }

    /// Puts everything on disk.
    pub(super) fn sync(&self) -> Result<u64, StorageFault> {
        self.tried(self.file.sync())?;
        Ok(self.end)
    }

    fn put(&mut self, at: usize, bytes: [u8; 4]) {
        if let Some(place) = self.block.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
            *place = bytes;
        }
    }

    fn write(&mut self) -> Result<(), StorageFault> {
        self.tried(self.file.write_at(&self.block, self.end))?;
        self.end += u64::try_from(self.block.len()).unwrap_or(u64::MAX);
        self.block.clear();
        Ok(())
    }

    fn tried<T>(&self, done: std::io::Result<T>) -> Result<T, StorageFault> {
        done.map_err(|error| StorageFault::new("write", &self.path, error))
    }
}

/// A checkpoint being read.
pub(super) struct Reader {
    file: BufReader<File>,
    left: u64,
    number: u32,
    /// Where the block begins that was read last.
    at: u64,
    next: u64,
}

impl Reader {
    /// Opens the file and reads what it is; `None` where there is none.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, Unusable> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Unusable::Read(error)),
        };
        let left = file.metadata().map_err(Unusable::Read)?.len();
        let mut reader = Self { file: BufReader::new(file), left, number: 0, at: 0, next: 0 };
        let magic: [u8; 8] = reader.array()?;
        if magic != *MAGIC {
            return Err(Unusable::Foreign);
        }
        let found = u32::from_le_bytes(reader.array()?);
        if found != FORMAT {
            return Err(Unusable::Format { found, known: FORMAT });
        }
        Ok(Some(reader))
    }

    /// The next block.
    pub(super) fn block(&mut self) -> Result<(Kind, Vec<u8>), Unusable> {
        self.at = self.next;
        let sum = u32::from_le_bytes(self.array()?);
        let head: [u8; BLOCK_BYTES - 4] = self.array()?;
        let [a, b, c, d, number @ .., kind] = head;
        let length = u32::from_le_bytes([a, b, c, d]);
        if u64::from(length) > self.left {
            return Err(self.damaged());
        }
        let content = self.bytes(usize::try_from(length).unwrap_or(usize::MAX))?;
        let read = crc32c::crc32c_append(crc32c::crc32c(&head), &content);
        let kind = Kind::ALL.get(usize::from(kind)).copied();
        match kind.filter(|_| read == sum && u32::from_le_bytes(number) == self.number) {
            Some(kind) => {
                self.number += 1;
                Ok((kind, content))
            }
            None => Err(self.damaged()),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// That the block read last is not what it should be.
    pub(super) fn damaged(&self) -> Unusable {
        Unusable::Damaged { at: self.at }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unusable> {
        let bytes = self.bytes(N)?;
        bytes.first_chunk().copied().ok_or_else(|| self.damaged())
    }

    fn bytes(&mut self, len: usize) -> Result<Vec<u8>, Unusable> {
        let count = u64::try_from(len).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(count).ok_or_else(|| self.damaged())?;
        self.next += count;
        let mut bytes = vec![0; len];
        match self.file.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(self.damaged()),
            Err(error) => Err(Unusable::Read(error)),
        }
    }
}

/// Takes numbers and hashes off the front.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (array, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*array)
}

impl Head {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.owner);
        self.shape.iter().for_each(|number| out.extend(number.to_le_bytes()));
        out.extend(self.max_keys.to_le_bytes());
        out.extend(self.seed.to_le_bytes());
        out.extend(self.after.sequence.to_le_bytes());
        out.extend(self.after.position.packed().to_le_bytes());
        out.extend(self.after.hash.0);
        self.parts.iter().for_each(|number| out.extend(number.to_le_bytes()));
    }

    pub(super) fn take(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let owner = take(bytes)?;
        let mut shape = [0; 4];
        for number in &mut shape {
            *number = u32::from_le_bytes(take(bytes)?);
        }
        let (max_keys, seed) = (u64::from_le_bytes(take(bytes)?), u64::from_le_bytes(take(bytes)?));
        let after = Place {
            sequence: u64::from_le_bytes(take(bytes)?),
            position: Position::unpacked(u64::from_le_bytes(take(bytes)?)),
            hash: ChainHash(take(bytes)?),
        };
        let mut parts = [0; 3];
        for number in &mut parts {
            *number = u32::from_le_bytes(take(bytes)?);
        }
        bytes.is_empty().then_some(Self { owner, shape, max_keys, seed, after, parts })
    }
}

pub(super) fn put_id((id, content, position): &KnownId, out: &mut Vec<u8>) {
    out.extend(id);
    out.extend(content);
    out.extend(position.packed().to_le_bytes());
}

pub(super) fn take_id(bytes: &mut &[u8]) -> Option<KnownId> {
    let (id, content) = (take(bytes)?, take(bytes)?);
    Some((id, content, Position::unpacked(u64::from_le_bytes(take(bytes)?))))
}
