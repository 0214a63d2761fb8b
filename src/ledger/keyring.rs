//! `keys.log`: the keys of subjects, each wrapped by the master key.
//!
//! Slots of 128 bytes behind a header of 128, so no slot lies across two sectors and each is on disk
//! whole or not at all. A record names its key by slot number. A subject may have several keys: one
//! that fell out of the bounded cache simply gets another, and erasing a subject destroys them all.
//!
//! INVARIANT: a key is kept (on disk, with `fsync`) before the record sealed under it is. Without
//! `fsync` keys go to disk before a whole segment does: with each new one and with each checkpoint.
//! INVARIANT: a kept slot's number is never used again, so a tombstone speaks for its records
//! forever. (One that a power loss took may be; the subject it states tells the two apart.)
//!
//! Erasing overwrites the slot in place. Rejected: writing the file anew and renaming it, which
//! leaves the old key readable in freed blocks, and takes time with the number of subjects.
//! Neither reaches copies a disk or a backup keeps by itself: erase in backups too.

use super::config::MAX_QUEUE;
use super::entry::SubjectHash;
use super::error::{LedgerError, StorageFault};
use super::keyfile::{
    KEYS_FILE, LIVE, SLOT_BYTES, WRAPPED_BYTES, Wrapped, context, for_each_slot, header,
    index_secret, offset,
};
use super::seal::{MasterKey, Secret};
use super::storage::{Storage, StorageFile, read_at};
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Subjects whose key is kept ready; beyond it a subject gets a further key.
const CACHED_SUBJECTS: usize = 65_536;
/// Slots that a start puts on disk: more than can have been made since the last good sync, which is
/// one for each append in the queue and in a commit.
const SETTLED_SLOTS: u64 = 2 * MAX_QUEUE as u64;
/// The file is zero-filled ahead by this much, for the reason segments are.
const GROWTH_BYTES: u64 = 1024 * 1024;

/// A subject's key, ready for use.
pub(super) struct SubjectKey {
    pub(super) id: u64,
    pub(super) secret: Secret,
}

/// Keys ready for use, in two generations: when the young one is full the old one is forgotten.
#[derive(Default)]
struct Cache {
    young: HashMap<SubjectHash, Arc<SubjectKey>>,
    old: HashMap<SubjectHash, Arc<SubjectKey>>,
}

impl Cache {
    fn get(&mut self, subject: SubjectHash) -> Option<Arc<SubjectKey>> {
        if let Some(key) = self.young.get(&subject) {
            return Some(Arc::clone(key));
        }
        let key = self.old.remove(&subject)?;
        self.put(subject, Arc::clone(&key));
        Some(key)
    }

    fn put(&mut self, subject: SubjectHash, key: Arc<SubjectKey>) {
        if self.young.len() >= CACHED_SUBJECTS / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(subject, key);
    }

    fn forget(&mut self, subject: SubjectHash) {
        self.young.remove(&subject);
        self.old.remove(&subject);
    }
}

/// Keys made but not kept yet, in slot order without gaps, and the next slot.
#[derive(Default)]
struct Made {
    cache: Cache,
    pending: Vec<Wrapped>,
    next: u64,
}

/// The key file, for writing. `file` is locked before `made`, and alone across disk operations.
pub(super) struct Keyring {
    path: PathBuf,
    wrapping: Secret,
    made: Mutex<Made>,
    file: Mutex<KeyWriter>,
    /// One sync after the other, and locked before `file`: of two at once only one is told of a failure.
    syncing: Mutex<()>,
}

struct KeyWriter {
    file: Arc<dyn StorageFile>,
    reader: File,
    filled: u64,
    /// Slots written so far, and how many of them are on disk.
    written: u64,
    synced: u64,
    /// A sync failed: slots that are not on disk are so only once they are written again.
    doubtful: bool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keyring {
    /// Opens the key file or begins one, and makes the most recent keys ready.
    pub(super) fn open(
        data_dir: &Path,
        master: &MasterKey,
        storage: &dyn Storage,
    ) -> Result<Self, LedgerError> {
        let path = data_dir.join(KEYS_FILE);
        if !path.exists() {
            create(&path, master, storage).map_err(|e| StorageFault::new("create", &path, e))?;
        }
        let fault = |error| StorageFault::new("open", &path, error);
        let reader = File::open(&path).map_err(fault)?;
        index_secret(&reader, &path, Some(master))?;
        let file = storage.open(&path).map_err(fault)?;
        let filled = file.size().map_err(fault)?;
        let wrapping = master.wrapping();
        let made = warm(&reader, filled, &wrapping).map_err(fault)?;
        let next = made.next;
        let synced = next.saturating_sub(SETTLED_SLOTS);
        let (file, doubtful) = (Arc::from(file), true);
        let file = KeyWriter { file, reader, filled, written: next, synced, doubtful };
        let file = Mutex::new(file);
        let keyring =
            Self { path, wrapping, made: Mutex::new(made), file, syncing: Mutex::default() };
        keyring.sync()?;
        Ok(keyring)
    }

    /// The subject's key; a new one is kept by the next [`Keyring::flush`].
    pub(super) fn key(&self, subject: SubjectHash) -> Result<Arc<SubjectKey>, LedgerError> {
        let mut made = locked(&self.made);
        if let Some(key) = made.cache.get(subject) {
            return Ok(key);
        }
        let (id, secret) = (made.next, Secret::random()?);
        let (nonce, bytes) = self.wrapping.seal(&context(id, subject), secret.bytes())?;
        let bytes = bytes.try_into().unwrap_or([0; WRAPPED_BYTES]);
        made.pending.push(Wrapped { state: LIVE, id, subject, nonce, bytes });
        made.next = id.saturating_add(1);
        let key = Arc::new(SubjectKey { id, secret });
        made.cache.put(subject, Arc::clone(&key));
        Ok(key)
    }

    /// Keeps every key made so far: written, and with `sync` on disk. Cost: nothing without new
    /// keys. After an error they stay pending and the next call writes all of them again.
    pub(super) fn flush(&self, sync: bool) -> Result<(), StorageFault> {
        let mut file = locked(&self.file);
        let pending = std::mem::take(&mut locked(&self.made).pending);
        let (Some(first), Some(last)) = (pending.first(), pending.last()) else { return Ok(()) };
        let kept = file.keep(first.id, last.id, &pending, sync);
        if kept.is_err() {
            let mut made = locked(&self.made);
            let newer = std::mem::replace(&mut made.pending, pending);
            made.pending.extend(newer);
        }
        kept.map_err(|error| StorageFault::new("write", &self.path, error))
    }

    /// Puts every key written so far on disk. Cost: nothing where they are; [`Keyring::flush`] need not
    /// wait meanwhile.
    pub(super) fn sync(&self) -> Result<(), StorageFault> {
        let fault = |error| StorageFault::new("sync", &self.path, error);
        let _alone = locked(&self.syncing);
        let (file, written) = {
            let mut writer = locked(&self.file);
            if writer.synced == writer.written {
                return Ok(());
            }
            writer.write_again().map_err(fault)?;
            (Arc::clone(&writer.file), writer.written)
        };
        let synced = file.sync();
        let mut writer = locked(&self.file);
        match synced {
            Ok(()) => writer.synced = writer.synced.max(written),
            Err(_) => writer.doubtful = true,
        }
        synced.map_err(fault)
    }

    /// Gives subjects a new key at their next entry. Returns the number from which on such keys are.
    pub(super) fn retire(&self, subjects: &BTreeSet<SubjectHash>) -> u64 {
        let mut made = locked(&self.made);
        for subject in subjects {
            made.cache.forget(*subject);
        }
        made.next
    }

    /// Destroys the keys of subjects below a number; what was sealed under them reads as erased from now
    /// on. Returns how many there were. Cost: one pass over the key file, which stops no append.
    pub(super) fn bury(
        &self,
        subjects: &BTreeSet<SubjectHash>,
        next: u64,
    ) -> Result<u64, StorageFault> {
        let fault = |error| StorageFault::new("erase a key in", &self.path, error);
        let is_one = |id: u64, subject: &SubjectHash| id < next && subjects.contains(subject);
        let _alone = locked(&self.syncing);
        let (mut erased, reader) = {
            let file = locked(&self.file);
            let mut erased = 0;
            for key in &mut locked(&self.made).pending {
                if is_one(key.id, &key.subject) {
                    *key = Wrapped::tombstone(key.id, key.subject);
                    erased += 1;
                }
            }
            (erased, file.reader.try_clone().map_err(fault)?)
        };
        let mut slots = Vec::new();
        for_each_slot(&reader, 0, |id, slot| {
            // A tombstone is written again: the sync after the first time may have failed.
            let found = Wrapped::decode(slot, id);
            if let Some(found) = found.filter(|found| is_one(id, &found.subject)) {
                erased += u64::from(found.state == LIVE);
                slots.push((id, found.subject));
            }
            Ok(())
        })
        .map_err(fault)?;
        locked(&self.file).bury(&slots).map_err(fault)?;
        Ok(erased)
    }
}

impl KeyWriter {
    /// Writes slots that may not be on disk once more: after a failed sync a key can be read and yet
    /// not be there, and records may rest on it.
    fn write_again(&mut self) -> io::Result<()> {
        if self.doubtful {
            let from = offset(self.synced);
            let bytes = usize::try_from(offset(self.written) - from).unwrap_or(0);
            self.file.write_at(&read_at(&self.reader, from, bytes)?, from)?;
            self.doubtful = false;
        }
        Ok(())
    }

    fn keep(&mut self, first: u64, last: u64, keys: &[Wrapped], sync: bool) -> io::Result<()> {
        let end = offset(last.saturating_add(1));
        if end > self.filled {
            let to = end.next_multiple_of(GROWTH_BYTES);
            self.file.zero_fill(self.filled, to).inspect_err(|_| self.doubtful = true)?;
            self.filled = to;
        }
        let slots: Vec<u8> = keys.iter().flat_map(Wrapped::encode).collect();
        self.file.write_at(&slots, offset(first))?;
        self.written = last.saturating_add(1);
        if sync {
            self.file.sync()?;
            self.synced = self.written;
        }
        Ok(())
    }

    fn bury(&mut self, slots: &[(u64, SubjectHash)]) -> io::Result<()> {
        for (id, subject) in slots {
            self.file.write_at(&Wrapped::tombstone(*id, *subject).encode(), offset(*id))?;
        }
        self.file.sync().inspect_err(|_| self.doubtful = true)
    }
}

/// Begins a key file, whole under its name or not there at all.
fn create(path: &Path, master: &MasterKey, storage: &dyn Storage) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let file = storage.open(&fresh)?;
    file.set_len(0)?;
    file.zero_fill(0, GROWTH_BYTES)?;
    file.write_at(&header(master), 0)?;
    file.sync()?;
    storage.rename(&fresh, path)?;
    path.parent().map_or(Ok(()), |dir| storage.sync_dir(dir))
}

/// Finds the end of the slots and makes the last ones ready.
fn warm(file: &File, filled: u64, wrapping: &Secret) -> io::Result<Made> {
    let slots = (filled / SLOT_BYTES).saturating_sub(1);
    // Only the end is zero-filled, by less than two steps of growth; a key before it is never empty.
    let ready = u64::try_from(CACHED_SUBJECTS / 4).unwrap_or(0) + 2 * GROWTH_BYTES / SLOT_BYTES;
    let mut made = Made::default();
    for_each_slot(file, slots.saturating_sub(ready), |id, slot| {
        if slot.iter().any(|byte| *byte != 0) {
            made.next = id + 1;
        }
        if let Some(found) = Wrapped::decode(slot, id)
            && found.state == LIVE
            && let Some(secret) = found.unwrap(wrapping)
        {
            made.cache.put(found.subject, Arc::new(SubjectKey { id, secret }));
        }
        Ok(())
    })?;
    Ok(made)
}
