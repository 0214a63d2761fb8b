//! The file of subject keys: how a key lies in it, and reading one.

use super::bytes::Fields;
use super::entry::SubjectHash;
use super::error::{LedgerError, StorageFault};
use super::seal::{KnownKey, MASTER_KEY_FILE, MasterKey, NONCE_BYTES, Secret, TAG_BYTES};
use super::storage::read_at;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// File of the subject keys in the data directory.
pub(super) const KEYS_FILE: &str = "keys.log";

const MAGIC: &[u8; 8] = b"VOUCHKEY";
const VERSION: u32 = 1;
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
        if let Some(file) = &file {
            check_header(file, &path, master)?;
        }
        Ok(Self { path, file, wrapping: master.map(MasterKey::wrapping) })
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

    pub(super) fn state(&self, id: u64, subject: SubjectHash) -> Result<KnownKey, LedgerError> {
        Ok(match self.wrapped(id, subject)? {
            Some(found) if found.state == ERASED => KnownKey::Erased,
            Some(_) => KnownKey::Live,
            None => KnownKey::Lost,
        })
    }
}

pub(super) fn check_header(
    file: &File,
    path: &Path,
    master: Option<&MasterKey>,
) -> Result<(), LedgerError> {
    let slot = read_at(file, 0, SLOT_BYTES.try_into().unwrap_or(0))
        .map_err(|error| StorageFault::new("read", path, error))?;
    let foreign = || LedgerError::Foreign { path: path.to_owned(), expected: "a file of keys" };
    let content = slot.get(4..).ok_or_else(foreign)?;
    let mut fields = Fields::of(content);
    if fields.array() != Some(*MAGIC) {
        return Err(foreign());
    }
    let found = fields.u32().ok_or_else(foreign)?;
    if found != VERSION {
        return Err(LedgerError::Version { path: path.to_owned(), found, known: VERSION });
    }
    checked(&slot).ok_or_else(foreign)?;
    match master {
        Some(master) if fields.array() != Some(master.check()) => {
            Err(LedgerError::MasterKeyWrong { path: path.to_owned() })
        }
        _ => Ok(()),
    }
}
