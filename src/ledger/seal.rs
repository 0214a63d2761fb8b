//! Keys and what is made with them: sealed personal fields and keyed look-up hashes.
//!
//! One master key, in `master.key` beside the log or given by the configuration. From it come, each
//! under its own label: the key that wraps subject keys, the key of look-up hashes, and a check value
//! that tells a wrong master key at start. Where it was replaced ([`rekey`](super::rekey())) the key of
//! look-up hashes stays what it was, wrapped like those of subjects: records are found by it. Personal fields are sealed by XChaCha20-Poly1305 under a
//! random key of their subject ([`keyring`](super::keyring)), bound to tenant, kind, id and subject,
//! so a sealed part can't be moved to another record.
//!
//! Rejected: sealing under the master key alone, because erasing one person would then mean
//! rewriting the log; hashing instead of sealing, because an issuer needs the values in the clear.

use super::bytes::{Fields, hex, put_bytes, unhex};
use super::entry::{EntryKind, LookupField, LookupHash, Personal, StoredEntry, SubjectHash};
use super::error::{LedgerError, StorageFault};
use super::keyfile::{KeyFile, KeyState};
use crate::domain::TenantId;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

/// File of the master key in the data directory.
pub(super) const MASTER_KEY_FILE: &str = "master.key";
/// File of the master key that takes the place of the other once the subject keys are wrapped by it.
pub(super) const NEXT_MASTER_KEY_FILE: &str = "master.key.next";
/// Bytes a seal adds to what it seals.
pub(super) const TAG_BYTES: usize = 16;
/// Bytes of a nonce; random, so their number must make a repetition unthinkable.
pub(super) const NONCE_BYTES: usize = 24;

/// 256 secret bits. `Debug` prints nothing; dropping wipes them.
pub(super) struct Secret([u8; 32]);

impl Secret {
    pub(super) fn random() -> Result<Self, LedgerError> {
        random().map(Self)
    }

    pub(super) fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA256 under this key, which is padded to a block of the hash as HMAC defines it.
    fn mac(&self) -> Hmac<Sha256> {
        let mut block = Zeroizing::new([0; 64]);
        if let Some(head) = block.first_chunk_mut::<32>() {
            *head = self.0;
        }
        <Hmac<Sha256> as KeyInit>::new((&*block).into())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }

    /// Seals `plain`, bound to `context`.
    pub(super) fn seal(
        &self,
        context: &[u8],
        plain: &[u8],
    ) -> Result<([u8; NONCE_BYTES], Vec<u8>), LedgerError> {
        let nonce = random::<NONCE_BYTES>()?;
        self.cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context })
            .map(|bytes| (nonce, bytes))
            .map_err(|_| LedgerError::TooLarge { bytes: plain.len() })
    }

    /// Opens what [`Secret::seal`] made; `None` for another key, another context or altered bytes.
    pub(super) fn open(
        &self,
        context: &[u8],
        nonce: [u8; NONCE_BYTES],
        sealed: &[u8],
    ) -> Option<Vec<u8>> {
        self.cipher().decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: context }).ok()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// The code of length-prefixed parts: no two lists of parts give the same input.
fn code_of(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    for part in parts {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn random<const N: usize>() -> Result<[u8; N], LedgerError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(LedgerError::Entropy)?;
    Ok(bytes)
}

/// The text of a key file; `None` where there is none.
pub(super) fn read_secret(path: &Path) -> Result<Option<Zeroizing<String>>, LedgerError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StorageFault::new("read", path, error).into()),
    }
}

/// Keeps a key in a new file, readable by its owner alone, on disk before this returns.
pub(super) fn keep_secret(path: &Path, key: &Secret) -> io::Result<()> {
    let text = Zeroizing::new(hex(key.bytes()) + "\n");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// The key everything personal hangs on. Losing it loses the personal fields of every record.
#[derive(Clone)]
pub struct MasterKey(Arc<Secret>);

impl MasterKey {
    /// A key kept elsewhere (a secret store); no file is written then.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Arc::new(Secret::of(bytes)))
    }

    /// Reads `master.key`; `None` where there is none.
    pub(super) fn read(data_dir: &Path) -> Result<Option<Self>, LedgerError> {
        Self::read_file(&data_dir.join(MASTER_KEY_FILE))
    }

    /// Reads `master.key.next`; `None` where there is none, or one whose writing was cut short.
    pub(super) fn read_next(data_dir: &Path) -> Result<Option<Self>, LedgerError> {
        match Self::read_file(&data_dir.join(NEXT_MASTER_KEY_FILE)) {
            Err(LedgerError::MasterKeyMalformed { .. }) => Ok(None),
            read => read,
        }
    }

    fn read_file(path: &Path) -> Result<Option<Self>, LedgerError> {
        let path = path.to_owned();
        let Some(text) = read_secret(&path)? else { return Ok(None) };
        match unhex(text.trim_end()) {
            Some(bytes) => Ok(Some(Self::from_bytes(bytes))),
            None => Err(LedgerError::MasterKeyMalformed { path }),
        }
    }

    /// Makes a new key and keeps it in `master.key`, readable by its owner alone, on disk before
    /// this returns: a record sealed under a key that a power cut takes away would be lost.
    pub(super) fn create(data_dir: &Path) -> Result<Self, LedgerError> {
        Self::create_file(&data_dir.join(MASTER_KEY_FILE))
    }

    /// As [`MasterKey::create`], in `master.key.next`.
    pub(super) fn create_next(data_dir: &Path) -> Result<Self, LedgerError> {
        Self::create_file(&data_dir.join(NEXT_MASTER_KEY_FILE))
    }

    fn create_file(path: &Path) -> Result<Self, LedgerError> {
        let key = Secret::random()?;
        keep_secret(path, &key).map_err(|error| StorageFault::new("create", path, error))?;
        Ok(Self(Arc::new(key)))
    }

    fn derive(&self, label: &str) -> Secret {
        Secret::of(code_of(self.0.mac(), &[b"vouch ledger v1", label.as_bytes()]))
    }

    /// The key that wraps subject keys.
    pub(super) fn wrapping(&self) -> Secret {
        self.derive("wrap")
    }

    /// The key of look-up hashes, of a ledger whose master key was never replaced.
    pub(super) fn indexing(&self) -> IndexKey {
        IndexKey::of(&self.index_secret())
    }

    pub(super) fn index_secret(&self) -> Secret {
        self.derive("index")
    }

    /// Sixteen bytes that tell this key from another and reveal nothing of it.
    pub(super) fn check(&self) -> [u8; 16] {
        half(self.derive("check").bytes())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

fn half(bytes: &[u8; 32]) -> [u8; 16] {
    bytes.first_chunk().copied().unwrap_or_default()
}

/// Makes keyed hashes of personal values: the same value of the same tenant and field always gives
/// the same hash, and nobody without the master key can try values against it.
#[derive(Clone)]
pub struct IndexKey(Hmac<Sha256>);

impl IndexKey {
    pub(super) fn of(secret: &Secret) -> Self {
        Self(secret.mac())
    }

    /// The keyed hash of any value. `label` says what it is (`velocity.card`): equal values under
    /// different labels or tenants give unrelated hashes. Cost: three or four SHA-256 blocks.
    pub fn hash(&self, tenant: &TenantId, label: &str, value: &[u8]) -> [u8; 16] {
        half(&code_of(self.0.clone(), &[tenant.as_str().as_bytes(), label.as_bytes(), value]))
    }

    /// The hash by which entries with this value are found.
    pub fn lookup(&self, tenant: &TenantId, field: LookupField, value: &str) -> LookupHash {
        LookupHash(self.hash(tenant, field.word(), value.as_bytes()))
    }

    /// The hash of a person, from whatever the merchant knows them by.
    pub fn subject(&self, tenant: &TenantId, value: &str) -> SubjectHash {
        SubjectHash(self.hash(tenant, "subject", value.as_bytes()))
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What a sealed part is bound to.
pub(super) fn context(
    tenant: &TenantId,
    kind: EntryKind,
    id: &str,
    subject: SubjectHash,
) -> Vec<u8> {
    let mut context = vec![kind.code()];
    put_bytes(&mut context, tenant.as_str().as_bytes());
    put_bytes(&mut context, id.as_bytes());
    context.extend_from_slice(&subject.0);
    context
}

/// The personal part of a record as it lies on disk.
#[derive(Clone)]
pub(super) struct Sealed {
    /// Number of the subject's key in the key file.
    pub(super) key: u64,
    nonce: [u8; NONCE_BYTES],
    bytes: Vec<u8>,
    keys: Arc<KeyFile>,
}

impl Sealed {
    /// Reads what [`put`] wrote.
    pub(super) fn take(fields: &mut Fields<'_>, keys: &Arc<KeyFile>) -> Option<Self> {
        let (key, nonce) = (fields.u64()?, fields.array()?);
        let bytes = fields.bytes()?.to_vec();
        Some(Self { key, nonce, bytes, keys: Arc::clone(keys) })
    }

    pub(super) fn open(&self, entry: &StoredEntry) -> Result<Personal, LedgerError> {
        let lost = LedgerError::KeyLost { sequence: entry.sequence };
        let subject = entry.subject.ok_or_else(|| lost.clone())?;
        match self.keys.read(self.key, subject)? {
            KeyState::Erased => Ok(Personal::Erased),
            KeyState::Lost => Err(lost),
            KeyState::Live(key) => {
                let context = context(&entry.tenant, entry.kind, &entry.id, subject);
                key.open(&context, self.nonce, &self.bytes).map(Personal::Readable).ok_or(lost)
            }
        }
    }

    /// Whether the key is there or was erased, without decrypting anything.
    pub(super) fn key_known(&self, subject: Option<SubjectHash>) -> Result<KnownKey, LedgerError> {
        match subject {
            Some(subject) => self.keys.state(self.key, subject),
            None => Ok(KnownKey::Lost),
        }
    }
}

/// What the key file says of a key, without unwrapping it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownKey {
    Live,
    Erased,
    Lost,
}

/// Writes a sealed part for [`Sealed::take`].
pub(super) fn put(out: &mut Vec<u8>, key: u64, nonce: &[u8; NONCE_BYTES], bytes: &[u8]) {
    out.extend_from_slice(&key.to_le_bytes());
    out.extend_from_slice(nonce);
    put_bytes(out, bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_only_with_its_key_context_and_bytes() {
        let (key, other) = (Secret::of([1; 32]), Secret::of([2; 32]));
        let (nonce, mut sealed) = key.seal(b"here", b"Jane Doe").unwrap();
        assert_eq!(key.open(b"here", nonce, &sealed).as_deref(), Some(&b"Jane Doe"[..]));
        assert_eq!(key.open(b"there", nonce, &sealed), None);
        assert_eq!(other.open(b"here", nonce, &sealed), None);
        sealed[0] ^= 1;
        assert_eq!(key.open(b"here", nonce, &sealed), None);
    }

    #[test]
    fn hashes_differ_by_tenant_label_value_and_key() {
        let key = MasterKey::from_bytes([7; 32]).indexing();
        let other = MasterKey::from_bytes([8; 32]).indexing();
        let (a, b) = (TenantId::new("a").unwrap(), TenantId::new("b").unwrap());
        let hashes = [
            key.hash(&a, "card", b"1"),
            key.hash(&b, "card", b"1"),
            key.hash(&a, "ip", b"1"),
            key.hash(&a, "card", b"2"),
            key.hash(&a, "car", b"d1"),
            other.hash(&a, "card", b"1"),
        ];
        let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len());
        assert_eq!(hashes[0], key.hash(&a, "card", b"1"));
    }

    #[test]
    fn mac_is_hmac_sha256() {
        // Against the general constructor, which pads the key by itself.
        let key = Secret::of([3; 32]);
        let mut reference = Hmac::<Sha256>::new_from_slice(&[3; 32]).unwrap();
        reference.update(&1u64.to_le_bytes());
        reference.update(b"x");
        assert_eq!(
            code_of(key.mac(), &[b"x"]),
            <[u8; 32]>::from(reference.finalize().into_bytes())
        );
    }

    #[test]
    fn secrets_print_nothing() {
        let master = MasterKey::from_bytes([9; 32]);
        assert_eq!(format!("{master:?} {:?}", master.indexing()), "[secret] [secret]");
    }

    #[test]
    fn the_master_key_file_is_its_owners_alone_and_comes_back() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        assert!(MasterKey::read(dir.path()).unwrap().is_none());
        let made = MasterKey::create(dir.path()).unwrap();
        let path = dir.path().join(MASTER_KEY_FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(MasterKey::read(dir.path()).unwrap().unwrap().check(), made.check());
        fs::write(&path, "abc").unwrap();
        let error = MasterKey::read(dir.path()).unwrap_err();
        assert!(matches!(error, LedgerError::MasterKeyMalformed { .. }), "{error}");
    }
}
