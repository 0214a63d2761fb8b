//! Reading entries: one by its position, or all in order. Needs no lock and no server.

use super::body::{Place, decode};
use super::commit::Shared;
use super::entry::{EntryKind, Position, StoredEntry, SubjectHash};
use super::error::{Damage, DamageKind, LedgerError, StorageFault};
use super::frame::{FRAME_BYTES, Frame};
use super::keyfile::{KeyFile, master_of};
use super::seal::{IndexKey, MasterKey};
use super::segment::{LOG_DIR, segment_path};
use super::storage::read_at;
use super::walk::{Tail, Walk};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A reader of a ledger's log.
#[derive(Clone)]
pub struct Reader {
    pub(super) log_dir: PathBuf,
    pub(super) keys: Arc<KeyFile>,
    pub(super) hasher: Option<IndexKey>,
    /// Of the ledger open in this process: nothing beyond its last commit is read.
    pub(super) shared: Option<Arc<Shared>>,
}

impl Reader {
    /// A reader of the ledger in `data_dir`, whoever writes it. It may see records that are written
    /// but not acknowledged yet. `master` defaults to the key in the data directory; without any,
    /// everything but personal fields can be read.
    ///
    /// # Errors
    /// No ledger there, a foreign file, or keys that belong to another master key.
    pub fn open(data_dir: &Path, master: Option<MasterKey>) -> Result<Self, LedgerError> {
        let log_dir = data_dir.join(LOG_DIR);
        if !log_dir.is_dir() {
            return Err(LedgerError::Absent { path: data_dir.to_owned() });
        }
        let master = match master {
            Some(master) => Some(master),
            None => master_of(data_dir)?,
        };
        let keys = Arc::new(KeyFile::open(data_dir, master.as_ref())?);
        let hasher = keys.indexing().cloned();
        Ok(Self { log_dir, keys, hasher, shared: None })
    }

    /// Makes the keyed hashes of this ledger; `None` without its master key.
    pub fn hasher(&self) -> Option<&IndexKey> {
        self.hasher.as_ref()
    }

    /// Those of `subjects` for whom something sealed can still be read. Cost: one pass over the key file.
    ///
    /// # Errors
    /// The key file can't be read.
    pub fn readable(
        &self,
        subjects: &BTreeSet<SubjectHash>,
    ) -> Result<BTreeSet<SubjectHash>, LedgerError> {
        self.keys.live(subjects)
    }

    /// At most so many subjects have ever had something sealed.
    ///
    /// # Errors
    /// The key file can't be read.
    pub fn most_subjects(&self) -> Result<u64, LedgerError> {
        self.keys.slots()
    }

    pub(super) fn end(&self) -> Option<Position> {
        self.shared.as_ref().map(|shared| shared.end())
    }

    /// The record at a position. Cost: one opened file and two reads; a record acknowledged before
    /// it is committed is waited for, a fraction of a second.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] where no committed record begins; damage; a failed read.
    pub fn read(&self, position: Position) -> Result<StoredEntry, LedgerError> {
        let absent = LedgerError::NotFound(position);
        if let Some(shared) = &self.shared {
            shared.await_promised(position);
        }
        if self.end().is_some_and(|end| position >= end) {
            return Err(absent);
        }
        let path = segment_path(&self.log_dir, position.segment);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(absent),
            Err(error) => return Err(StorageFault::new("open", &path, error).into()),
        };
        let at = |len| {
            read_at(&file, u64::from(position.offset), len)
                .map_err(|error| StorageFault::new("read", &path, error))
        };
        let len = Frame::announced(&at(FRAME_BYTES)?).ok_or_else(|| absent.clone())?;
        let bytes = at(len)?;
        let frame = Frame::read(&bytes).ok_or(absent)?;
        let place = Place { sequence: frame.sequence, position, hash: frame.hash() };
        self.entry(place, frame.body)
    }

    /// Every entry in order, from the first or from the one at a position. Ends after an error.
    ///
    /// # Errors
    /// As [`Reader::read`] for the first; later ones come out of the iterator.
    pub fn scan(&self, from: Option<Position>) -> Result<Scan, LedgerError> {
        let walk = match from {
            None => Walk::start(&self.log_dir, self.end()),
            Some(position) => Walk::from(&self.log_dir, position, self.end()),
        }?;
        Ok(Scan { walk, reader: self.clone(), only: None, over: false })
    }

    /// Every entry behind a record.
    pub(super) fn scan_after(&self, place: &Place) -> Result<Scan, LedgerError> {
        let walk = Walk::after(&self.log_dir, place)?;
        Ok(Scan { walk, reader: self.clone(), only: None, over: false })
    }

    pub(super) fn entry(&self, place: Place, body: &[u8]) -> Result<StoredEntry, LedgerError> {
        decode(body, place, &self.keys).ok_or(LedgerError::Damaged(Damage {
            sequence: place.sequence,
            position: place.position,
            kind: DamageKind::Fields,
        }))
    }
}

/// Entries in order.
pub struct Scan {
    walk: Walk,
    reader: Reader,
    only: Option<EntryKind>,
    over: bool,
}

impl Scan {
    /// What lies behind the last entry, once the scan is over.
    pub fn tail(&self) -> Tail {
        self.walk.tail()
    }

    pub(super) fn walk(&self) -> &Walk {
        &self.walk
    }

    /// Entries of one kind only. The others are checked like them, but their fields are not read.
    #[must_use]
    pub fn only(mut self, kind: EntryKind) -> Self {
        self.only = Some(kind);
        self
    }

    /// See [`LedgerConfig::accept_loss`](super::LedgerConfig::accept_loss).
    pub(super) fn accepting_loss(mut self, accept: bool) -> Self {
        self.walk.accept_loss(accept);
        self
    }

    /// The same scan, over what was committed since it ended; `None` where it must begin anew
    /// because it failed or there is a new segment.
    pub(super) fn resumed(mut self) -> Option<Self> {
        let end = self.reader.end()?;
        self.over = false;
        self.walk.extend(end).then_some(self)
    }
}

impl Scan {
    fn next_entry(&mut self) -> Result<Option<StoredEntry>, LedgerError> {
        while let Some(place) = self.walk.next()? {
            let body = self.walk.body();
            if self.only.is_none_or(|kind| body.first() == Some(&kind.code())) {
                return self.reader.entry(place, body).map(Some);
            }
        }
        Ok(None)
    }
}

impl Iterator for Scan {
    type Item = Result<StoredEntry, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let item = self.next_entry().transpose();
        self.over = !matches!(item, Some(Ok(_)));
        item
    }
}
