//! `keys.log`: the keys of subjects, each wrapped by the master key.
//!
//! Slots of 128 bytes behind a header of 128, so no slot lies across two sectors and each is on disk
//! whole or not at all. A record names its key by slot number. A subject may have several keys: one
//! that fell out of the bounded cache simply gets another, and erasing a subject destroys them all.
//!
//! INVARIANT: a key is kept (on disk, with `fsync`) before the record sealed under it is.
//! INVARIANT: a slot's number is never used again, so a tombstone speaks for its records forever.
//!
//! Erasing overwrites the slot in place. Rejected: writing the file anew and renaming it, which
//! leaves the old key readable in freed blocks, and takes time with the number of subjects.
//! Neither reaches copies a disk or a backup keeps by itself: erase in backups too.

use super::entry::SubjectHash;
use super::error::{LedgerError, StorageFault};
use super::keyfile::{
    KEYS_FILE, LIVE, SLOT_BYTES, WRAPPED_BYTES, Wrapped, check_header, context, header, offset,
};
use super::seal::{MasterKey, Secret};
use super::storage::{Storage, StorageFile, read_at};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Subjects whose key is kept ready; beyond it a subject gets a further key.
const CACHED_SUBJECTS: usize = 65_536;
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
}

struct KeyWriter {
    file: Box<dyn StorageFile>,
    reader: File,
    filled: u64,
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
        check_header(&reader, &path, Some(master))?;
        let file = storage.open(&path).map_err(fault)?;
        let filled = file.size().map_err(fault)?;
        let wrapping = master.wrapping();
        let made = warm(&reader, filled, &wrapping).map_err(fault)?;
        let file = Mutex::new(KeyWriter { file, reader, filled });
        Ok(Self { path, wrapping, made: Mutex::new(made), file })
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

    /// Destroys every key of a subject; what was sealed for it reads as erased from now on. Returns
    /// how many there were. Cost: one pass over the key file.
    pub(super) fn erase(&self, subject: SubjectHash) -> Result<u64, StorageFault> {
        let file = locked(&self.file);
        let mut erased = 0;
        {
            let mut made = locked(&self.made);
            made.cache.forget(subject);
            for key in made.pending.iter_mut().filter(|key| key.subject == subject) {
                *key = Wrapped::tombstone(key.id, subject);
                erased += 1;
            }
        }
        file.erase(subject)
            .map(|slots| slots + erased)
            .map_err(|error| StorageFault::new("erase a key in", &self.path, error))
    }
}

impl KeyWriter {
    fn keep(&mut self, first: u64, last: u64, keys: &[Wrapped], sync: bool) -> io::Result<()> {
        let end = offset(last.saturating_add(1));
        if end > self.filled {
            let to = end.next_multiple_of(GROWTH_BYTES);
            self.file.zero_fill(self.filled, to)?;
            self.filled = to;
        }
        let slots: Vec<u8> = keys.iter().flat_map(Wrapped::encode).collect();
        self.file.write_at(&slots, offset(first))?;
        if sync { self.file.sync() } else { Ok(()) }
    }

    fn erase(&self, subject: SubjectHash) -> io::Result<u64> {
        let mut erased = 0;
        for_each_slot(&self.reader, 0, |id, slot| {
            let Some(found) = Wrapped::decode(slot, id) else { return Ok(()) };
            if found.subject == subject {
                // A tombstone is written again: the sync after the first time may have failed.
                self.file.write_at(&Wrapped::tombstone(id, subject).encode(), offset(id))?;
                erased += u64::from(found.state == LIVE);
            }
            Ok(())
        })?;
        self.file.sync()?;
        Ok(erased)
    }
}

/// Calls `each` with every slot from `first` on.
fn for_each_slot(
    file: &File,
    first: u64,
    mut each: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    const CHUNK: usize = 1024 * 1024;
    let mut id = first;
    loop {
        let bytes = read_at(file, offset(id), CHUNK)?;
        let (slots, _) = bytes.as_chunks::<128>();
        for slot in slots {
            each(id, slot)?;
            id += 1;
        }
        if bytes.len() < CHUNK {
            return Ok(());
        }
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
