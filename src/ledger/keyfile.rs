//! The file of subject keys: how a key lies in it, and reading one.

use super::bytes::Fields;
use super::entry::SubjectHash;
use super::error::{LedgerError, StorageFault};
use super::seal::{IndexKey, KnownKey, MASTER_KEY_FILE, MasterKey, NONCE_BYTES, Secret, TAG_BYTES};
use super::storage::read_at;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// File of the subject keys in the data directory.
pub(super) const KEYS_FILE: &str = "keys.log";

const MAGIC: &[u8; 8] = b"VOUCHKEY";
const VERSION: u32 = 1;
/// Of a file whose header also has the wrapped key of look-up hashes: the master key was replaced.
const REKEYED: u32 = 2;
/// What that key is bound to.
const INDEX_CONTEXT: &[u8] = b"index";
pub(super) const SLOT_BYTES: u64 = 128;
pub(super) const WRAPPED_BYTES: usize = 32 + TAG_BYTES;
pub(super) const LIVE: u8 = 1;
const ERASED: u8 = 2;

type Slot = [u8; 128];

/// A key as it lies in its slot.
pub(super) struct Wrapped {
    pub(super) state: u8,
    pub(super) id: u64,
    pub(super) subject: SubjectHash,
    pub(super) nonce: [u8; NONCE_BYTES],
    pub(super) bytes: [u8; WRAPPED_BYTES],
}

impl Wrapped {
    pub(super) fn tombstone(id: u64, subject: SubjectHash) -> Self {
        let (nonce, bytes) = ([0; NONCE_BYTES], [0; WRAPPED_BYTES]);
        Self { state: ERASED, id, subject, nonce, bytes }
    }

    pub(super) fn encode(&self) -> Slot {
        let mut bytes = vec![self.state, 0, 0, 0];
        bytes.extend_from_slice(&self.id.to_le_bytes());
        bytes.extend_from_slice(&self.subject.0);
        bytes.extend_from_slice(&self.nonce);
        bytes.extend_from_slice(&self.bytes);
        slot(&bytes)
    }

    /// Reads a slot; `None` where it is empty, torn or not the one asked for.
    pub(super) fn decode(slot: &[u8], id: u64) -> Option<Self> {
        let mut fields = Fields::of(checked(slot)?);
        let [state, ..] = fields.array::<4>()?;
        let found = Self {
            state,
            id: fields.u64()?,
            subject: SubjectHash(fields.array()?),
            nonce: fields.array()?,
            bytes: fields.array()?,
        };
        (found.id == id && matches!(state, LIVE | ERASED)).then_some(found)
    }

    pub(super) fn unwrap(&self, wrapping: &Secret) -> Option<Secret> {
        let plain = wrapping.open(&context(self.id, self.subject), self.nonce, &self.bytes)?;
        let plain = zeroize::Zeroizing::new(plain);
        plain.as_slice().try_into().ok().map(Secret::of)
    }
}

/// What a wrapped key is bound to.
pub(super) fn context(id: u64, subject: SubjectHash) -> Vec<u8> {
    [&id.to_le_bytes()[..], &subject.0].concat()
}

/// A slot of `content` behind its checksum.
fn slot(content: &[u8]) -> Slot {
    let mut slot = [0; 128];
    if let Some((sum, rest)) = slot.split_first_chunk_mut::<4>() {
        rest.iter_mut().zip(content).for_each(|(to, from)| *to = *from);
        *sum = crc32c::crc32c(rest).to_le_bytes();
    }
    slot
}

/// The content of a slot whose checksum fits.
fn checked(slot: &[u8]) -> Option<&[u8]> {
    let (sum, rest) = slot.split_first_chunk::<4>()?;
    (u32::from_le_bytes(*sum) == crc32c::crc32c(rest)).then_some(rest)
}

pub(super) fn offset(id: u64) -> u64 {
    SLOT_BYTES.saturating_mul(id.saturating_add(1))
}

pub(super) fn header(master: &MasterKey) -> Slot {
    let mut content = MAGIC.to_vec();
    content.extend_from_slice(&VERSION.to_le_bytes());
    content.extend_from_slice(&master.check());
    slot(&content)
}

/// The header of a file under another master key than the look-up hashes were made under.
pub(super) fn rekeyed_header(master: &MasterKey, index: &Secret) -> Result<Slot, LedgerError> {
    let (nonce, wrapped) = master.wrapping().seal(INDEX_CONTEXT, index.bytes())?;
    let mut content = MAGIC.to_vec();
    content.extend_from_slice(&REKEYED.to_le_bytes());
    content.extend_from_slice(&master.check());
    content.extend_from_slice(&nonce);
    content.extend_from_slice(&wrapped);
    Ok(slot(&content))
}

/// The master key kept in the data directory. While it is being replaced there are two, and the header of
/// the key file says which one counts.
pub(super) fn master_of(data_dir: &Path) -> Result<Option<MasterKey>, LedgerError> {
    match MasterKey::read_next(data_dir)? {
        Some(next) if is_under(data_dir, &next)? => Ok(Some(next)),
        _ => MasterKey::read(data_dir),
    }
}

/// Whether the key file is there and belongs to a master key.
pub(super) fn is_under(data_dir: &Path, master: &MasterKey) -> Result<bool, LedgerError> {
    match KeyFile::open(data_dir, Some(master)) {
        Ok(keys) => Ok(keys.file.is_some()),
        Err(LedgerError::MasterKeyWrong { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the key file knows of a record's key.
pub(super) enum KeyState {
    Live(Secret),
    Erased,
    Lost,
}

/// The key file, for reading.
pub(super) struct KeyFile {
    path: PathBuf,
    file: Option<File>,
    wrapping: Option<Secret>,
    indexing: Option<IndexKey>,
}

impl KeyFile {
    /// Opens the key file, which may be missing (then every key is lost), with the master key, which
    /// may be missing as well (then no key can be unwrapped, but erased ones are still told).
    pub(super) fn open(data_dir: &Path, master: Option<&MasterKey>) -> Result<Self, LedgerError> {
        let path = data_dir.join(KEYS_FILE);
        let file = match File::open(&path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(StorageFault::new("open", &path, error).into()),
        };
        let index = match &file {
            Some(file) => index_secret(file, &path, master)?,
            None => master.map(MasterKey::index_secret),
        };
        let indexing = index.as_ref().map(IndexKey::of);
        Ok(Self { path, file, wrapping: master.map(MasterKey::wrapping), indexing })
    }

    /// Makes the hashes entries are found by; `None` without the master key.
    pub(super) fn indexing(&self) -> Option<&IndexKey> {
        self.indexing.as_ref()
    }

    fn wrapped(&self, id: u64, subject: SubjectHash) -> Result<Option<Wrapped>, LedgerError> {
        let Some(file) = &self.file else { return Ok(None) };
        let slot = read_at(file, offset(id), SLOT_BYTES.try_into().unwrap_or(0))
            .map_err(|error| StorageFault::new("read", &self.path, error))?;
        Ok(Wrapped::decode(&slot, id).filter(|found| found.subject == subject))
    }

    pub(super) fn read(&self, id: u64, subject: SubjectHash) -> Result<KeyState, LedgerError> {
        let Some(found) = self.wrapped(id, subject)? else { return Ok(KeyState::Lost) };
        if found.state == ERASED {
            return Ok(KeyState::Erased);
        }
        let Some(wrapping) = &self.wrapping else {
            let path = self.path.with_file_name(MASTER_KEY_FILE);
            return Err(LedgerError::MasterKeyMissing { path });
        };
        Ok(found.unwrap(wrapping).map_or(KeyState::Lost, KeyState::Live))
    }

    /// Those of `subjects` that have a key which was not destroyed. Cost: one pass over the file.
    pub(super) fn live(
        &self,
        subjects: &BTreeSet<SubjectHash>,
    ) -> Result<BTreeSet<SubjectHash>, LedgerError> {
        let mut live = BTreeSet::new();
        let Some(file) = &self.file else { return Ok(live) };
        for_each_slot(file, 0, |id, slot| {
            let found = Wrapped::decode(slot, id).filter(|found| found.state == LIVE);
            live.extend(found.map(|found| found.subject).filter(|of| subjects.contains(of)));
            Ok(())
        })
        .map_err(|error| StorageFault::new("read", &self.path, error))?;
        Ok(live)
    }

    /// How many slots the file has room for.
    pub(super) fn slots(&self) -> Result<u64, LedgerError> {
        let Some(file) = &self.file else { return Ok(0) };
        let data = file.metadata().map_err(|e| StorageFault::new("read", &self.path, e))?;
        Ok(data.len() / SLOT_BYTES)
    }

    pub(super) fn state(&self, id: u64, subject: SubjectHash) -> Result<KnownKey, LedgerError> {
        Ok(match self.wrapped(id, subject)? {
            Some(found) if found.state == ERASED => KnownKey::Erased,
            Some(_) => KnownKey::Live,
            None => KnownKey::Lost,
        })
    }
}

/// Calls `each` with every slot from `first` on.
pub(super) fn for_each_slot(
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

/// Checks the header; the key of look-up hashes, where the master key is given.
pub(super) fn index_secret(
    file: &File,
    path: &Path,
    master: Option<&MasterKey>,
) -> Result<Option<Secret>, LedgerError> {
    let slot = read_at(file, 0, SLOT_BYTES.try_into().unwrap_or(0))
        .map_err(|error| StorageFault::new("read", path, error))?;
    let foreign = || LedgerError::Foreign { path: path.to_owned(), expected: "a file of keys" };
    let content = slot.get(4..).ok_or_else(foreign)?;
    let mut fields = Fields::of(content);
    if fields.array() != Some(*MAGIC) {
        return Err(foreign());
    }
    let found = fields.u32().ok_or_else(foreign)?;
    if found != VERSION && found != REKEYED {
        return Err(LedgerError::Version { path: path.to_owned(), found, known: REKEYED });
    }
    checked(&slot).ok_or_else(foreign)?;
    let Some(master) = master else { return Ok(None) };
    if fields.array() != Some(master.check()) {
        return Err(LedgerError::MasterKeyWrong { path: path.to_owned() });
    }
    if found == VERSION {
        return Ok(Some(master.index_secret()));
    }
    let nonce = fields.array().ok_or_else(foreign)?;
    let wrapped = fields.array::<WRAPPED_BYTES>().ok_or_else(foreign)?;
    let secret = master.wrapping().open(INDEX_CONTEXT, nonce, &wrapped).ok_or_else(foreign)?;
    let secret = zeroize::Zeroizing::new(secret);
    secret.as_slice().try_into().map(|bytes| Some(Secret::of(bytes))).map_err(|_| foreign())
}
