//! Another master key in the place of the one in use, without touching the log.
//!
//! ```text
//! master.key.next   the new key          1  written, synced
//! keys.new          keys wrapped by it   2  written, synced, read back
//! keys.log          <- keys.new          3  renamed: from here on the new key counts
//! master.key        <- master.key.next   4  renamed
//! the old keys.log  zeros                5  overwritten where it lay
//! ```
//!
//! INVARIANT: whoever is killed at any moment leaves a ledger that opens, under the old key before 3 and
//! under the new one from then on: the header of the key file tells which of the two keys is its own. The
//! next opening does what was left of 4, or throws away what 3 never came to: a copy of the keys that an
//! erasure would not reach.
//!
//! Look-up hashes and subjects stay what they are: they are in records, and the log is never written again.
//! Their key lies in the header, wrapped. So a master key that leaked still lets its finder try values
//! against hashes, and read whatever copy of the old key file there is: rekeying ends what comes later.
//!
//! Rejected: wrapping slots anew in place, as an erasure does. Half of them under each key is no state a
//! start could tell from damage.

use super::error::{LedgerError, StorageFault};
use super::keyfile::{
    KEYS_FILE, LIVE, SLOT_BYTES, WRAPPED_BYTES, Wrapped, context, for_each_slot, index_secret,
    is_under, rekeyed_header,
};
use super::seal::{MASTER_KEY_FILE, MasterKey, NEXT_MASTER_KEY_FILE, Secret};
use super::storage::{DirLock, Storage, StorageFile};
use std::fs::File;
use std::io;
use std::path::Path;

/// Slots written at once.
const BATCH_BYTES: usize = 1024 * 1024;

/// Which key takes the place of which.
#[derive(Debug, Clone, Default)]
pub struct NewMaster {
    /// The key in use, where it is kept elsewhere; that of the data directory without.
    pub old: Option<MasterKey>,
    /// The new one, to be kept elsewhere; without, one is made and kept in the data directory.
    pub new: Option<MasterKey>,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rekeyed {
    /// Keys wrapped anew.
    pub keys: u64,
    /// Keys that could not be read before, and can't be now.
    pub lost: u64,
    /// Whether the old wrapped keys were overwritten where they lay.
    pub wiped: bool,
}

/// Wraps every subject key by a new master key. `progress` is told slots done and in all. Cost: the key file
/// read twice and written once.
///
/// # Errors
/// Another process holds the ledger; no ledger there; the old key is missing or wrong, the new one is the
/// same or must be given; files that can't be read or written. The ledger opens under one of both keys then.
pub fn rekey(
    data_dir: &Path,
    keys: NewMaster,
    storage: &dyn Storage,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Rekeyed, LedgerError> {
    let path = data_dir.join(KEYS_FILE);
    if !path.exists() {
        return Err(LedgerError::Absent { path: data_dir.to_owned() });
    }
    let _lock = DirLock::acquire(data_dir)?;
    settle(data_dir, storage)?;
    let fault = |action| move |error| StorageFault::new(action, &data_dir.join(KEYS_FILE), error);
    let given = keys.old.is_some();
    let old = keys.old.map_or_else(|| MasterKey::read(data_dir), |old| Ok(Some(old)))?;
    let missing = || LedgerError::MasterKeyMissing { path: data_dir.join(MASTER_KEY_FILE) };
    let old = old.ok_or_else(missing)?;
    let file = File::open(&path).map_err(fault("open"))?;
    let index = index_secret(&file, &path, Some(&old))?.ok_or_else(missing)?;
    let is_kept = keys.new.is_none();
    let new = match keys.new {
        Some(new) if new.check() == old.check() => return Err(LedgerError::SameMasterKey),
        Some(new) => new,
        None if given => return Err(LedgerError::NoNewMasterKey),
        None => MasterKey::create_next(data_dir)?,
    };
    let before = storage.open(&path).map_err(fault("open"))?;
    let fresh = path.with_extension("new");
    let target = storage.open(&fresh).map_err(fault("write"))?;
    target.write_at(&rekeyed_header(&new, &index)?, 0).map_err(fault("write"))?;
    let mut copy = Copy { file: &*target, done: SLOT_BYTES, batch: Vec::new() };
    let mut rekeyed = wrap_anew(&file, (&old.wrapping(), &new.wrapping()), &mut copy, progress)?;
    target.set_len(copy.done).and_then(|()| target.sync()).map_err(fault("write"))?;
    ensure_readable(&fresh, &new.wrapping(), rekeyed.keys)?;
    storage.rename(&fresh, &path).map_err(fault("replace"))?;
    storage.sync_dir(data_dir).map_err(fault("replace"))?;
    if is_kept {
        settle(data_dir, storage)?;
    } else if !given {
        let kept = data_dir.join(MASTER_KEY_FILE);
        storage.remove(&kept).map_err(|error| StorageFault::new("remove", &kept, error))?;
    }
    rekeyed.wiped = before.size().and_then(|size| before.zero_fill(0, size)).is_ok();
    Ok(rekeyed)
}

/// Ends a change of the master key that was cut short: the new key takes its place where the key file is under
/// it already, and goes where it is not; and so does a key file that never took its place.
pub(super) fn settle(data_dir: &Path, storage: &dyn Storage) -> Result<(), LedgerError> {
    let fresh = data_dir.join(KEYS_FILE).with_extension("new");
    if fresh.exists() {
        let discard = || -> io::Result<()> {
            let file = storage.open(&fresh)?;
            file.zero_fill(0, file.size()?)?;
            storage.remove(&fresh)?;
            storage.sync_dir(data_dir)
        };
        discard().map_err(|error| StorageFault::new("remove", &fresh, error))?;
    }
    let next = data_dir.join(NEXT_MASTER_KEY_FILE);
    if !next.exists() {
        return Ok(());
    }
    let counts = match MasterKey::read_next(data_dir)? {
        Some(key) => is_under(data_dir, &key)?,
        None => false,
    };
    let settled = if counts {
        storage.rename(&next, &data_dir.join(MASTER_KEY_FILE))
    } else {
        storage.remove(&next)
    };
    settled
        .and_then(|()| storage.sync_dir(data_dir))
        .map_err(|error| StorageFault::new("replace the master key by", &next, error).into())
}

/// The file that is written.
struct Copy<'f> {
    file: &'f dyn StorageFile,
    done: u64,
    batch: Vec<u8>,
}

impl Copy<'_> {
    fn put(&mut self, slot: &[u8]) -> io::Result<()> {
        self.batch.extend_from_slice(slot);
        if self.batch.len() < BATCH_BYTES { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_at(&self.batch, self.done)?;
        self.done += u64::try_from(self.batch.len()).unwrap_or_default();
        self.batch.clear();
        Ok(())
    }
}

/// Copies every slot, those of live keys under the new wrapping; a destroyed key stays destroyed.
fn wrap_anew(
    file: &File,
    (old, new): (&Secret, &Secret),
    copy: &mut Copy<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Rekeyed, LedgerError> {
    let mut rekeyed = Rekeyed::default();
    let total = file.metadata().map_or(0, |data| data.len()) / SLOT_BYTES;
    let mut unsealed = Ok(());
    let mut each = |id: u64, slot: &[u8]| -> io::Result<()> {
        progress(id, total);
        let live = Wrapped::decode(slot, id).filter(|found| found.state == LIVE);
        let Some(found) = live else { return copy.put(slot) };
        let Some(secret) = found.unwrap(old) else {
            rekeyed.lost += 1;
            return copy.put(slot);
        };
        match new.seal(&context(id, found.subject), secret.bytes()) {
            Ok((nonce, bytes)) => {
                let bytes = bytes.try_into().unwrap_or([0; WRAPPED_BYTES]);
                rekeyed.keys += 1;
                copy.put(&Wrapped { nonce, bytes, ..found }.encode())
            }
            Err(error) => {
                unsealed = Err(error);
                Err(io::ErrorKind::Other.into())
            }
        }
    };
    let copied = for_each_slot(file, 0, &mut each);
    unsealed?;
    let path = Path::new(KEYS_FILE);
    copied
        .and_then(|()| copy.flush())
        .map_err(|error| StorageFault::new("write anew", path, error))?;
    Ok(rekeyed)
}

/// What was written is read before anything rests on it.
fn ensure_readable(path: &Path, wrapping: &Secret, keys: u64) -> Result<(), LedgerError> {
    let mut good = 0;
    let file = File::open(path).map_err(|error| StorageFault::new("open", path, error))?;
    for_each_slot(&file, 0, |id, slot| {
        let found = Wrapped::decode(slot, id).filter(|found| found.state == LIVE);
        good += u64::from(found.is_some_and(|found| found.unwrap(wrapping).is_some()));
        Ok(())
    })
    .map_err(|error| StorageFault::new("read", path, error))?;
    if good == keys {
        return Ok(());
    }
    Err(LedgerError::Foreign { path: path.to_owned(), expected: "the keys that were written" })
}
