//! The file of keys: `access.json` in the data directory, readable by its owner alone.
//!
//! It is changed under a lock and replaced by one rename, so a server that reads it at any moment finds
//! it whole, and two people who make keys at once both get theirs.

use super::token::{hex, unhex};
use super::{AccessError, KeyId, Scope, Token};
use crate::domain::{TenantId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file's name in the data directory.
pub const FILE: &str = "access.json";
/// When each key was last used, written by the server.
const USED_FILE: &str = "access-used.json";
/// The keys as the ledger's audit knows them. A backup takes it before the log: what was audited meanwhile
/// is audited twice then, and never not at all.
pub const AUDITED_FILE: &str = "access-audited.json";
const LOCK_FILE: &str = "access.lock";
/// What else is kept of keys, for a backup: digests, and no key.
pub const FILES: [&str; 2] = [FILE, USED_FILE];
const FORMAT: u32 = 1;
const MOST_KEYS: usize = 10_000;

/// A key as it is kept: everything but the key itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// What it is called.
    pub id: KeyId,
    /// Whose requests it makes.
    pub tenant: TenantId,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// What it is for, in the words of who made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    digest: Sum,
    /// When it was made.
    pub made_at: Timestamp,
    /// From when on it is refused; `None` for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The key it took the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<KeyId>,
    /// How much may be asked with it.
    #[serde(default)]
    pub limits: Limits,
}

impl Key {
    /// What is kept of a new key.
    pub fn of(token: &Token, tenant: TenantId, scopes: BTreeSet<Scope>, now: Timestamp) -> Self {
        Self {
            id: token.id(),
            tenant,
            scopes,
            label: String::new(),
            digest: Sum(token.digest()),
            made_at: now,
            expires_at: None,
            replaces: None,
            limits: Limits::default(),
        }
    }

    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest.0
    }

    /// Whether it is refused for its age.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires| now >= expires)
    }
}

/// How much may be asked with a key; `None` for no limit but the server's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests a second, in the long run; at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// Requests at once that a pause has saved up; without it, those of one second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// Requests under way together; at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u32>,
}

/// A SHA-256, as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sum([u8; 32]);

impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        unhex(&text).map(Self).ok_or_else(|| de::Error::custom("not 64 hexadecimal digits"))
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    keys: Vec<Key>,
}

/// The keys of a data directory, by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AccessFile {
    keys: BTreeMap<KeyId, Key>,
    /// There is a file, with or without a key in it.
    is_there: bool,
}

/// A key that came, changed or went between two readings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KeyChange<'k> {
    /// It was not there before.
    Added(&'k Key),
    /// It is not as it was.
    Changed(&'k Key),
    /// It is gone.
    Revoked(&'k Key),
}

impl AccessFile {
    /// Reads the keys; none where there is no file.
    ///
    /// # Errors
    /// The file can't be read, is of a newer version, or is no file of keys.
    pub fn read(data_dir: &Path) -> Result<Self, AccessError> {
        Self::read_from(data_dir.join(FILE))
    }

    fn read_from(path: PathBuf) -> Result<Self, AccessError> {
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(AccessError::File { doing: "read", path, source }),
        };
        Self::parse(&text).map_err(|fault| fault.at(path))
    }

    fn parse(text: &[u8]) -> Result<Self, Fault> {
        #[derive(Deserialize)]
        struct Header {
            format: u32,
        }
        let Header { format } = serde_json::from_slice(text)?;
        if format != FORMAT {
            return Err(Fault::Format(format));
        }
        let Document { keys, .. } = serde_json::from_slice(text)?;
        if keys.len() > MOST_KEYS {
            return Err(Fault::Message(format!("more than {MOST_KEYS} keys")));
        }
        let mut file = Self { is_there: true, ..Self::default() };
        for key in keys {
            let id = key.id;
            if [key.limits.per_second, key.limits.at_once].contains(&Some(0)) {
                return Err(Fault::Message(format!(
                    "key `{id}` has a limit of 0; leave it out or revoke the key"
                )));
            }
            if file.keys.insert(id, key).is_some() {
                return Err(Fault::Message(format!("key `{id}` is there twice")));
            }
        }
        Ok(file)
    }

    /// Reads, changes and writes the keys while nobody else does.
    ///
    /// # Errors
    /// What `change` refuses: then nothing is written. The files can't be read or written.
    pub fn change<T>(
        data_dir: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, AccessError>,
    ) -> Result<T, AccessError> {
        fs::create_dir_all(data_dir).map_err(io("make", data_dir))?;
        let lock = data_dir.join(LOCK_FILE);
        let guard = OpenOptions::new().create(true).append(true).mode(0o600).open(&lock);
        let guard = guard.and_then(|file| file.lock().map(|()| file)).map_err(io("lock", &lock))?;
        let mut file = Self::read(data_dir)?;
        let done = change(&mut file)?;
        file.write(data_dir, FILE)?;
        drop(guard);
        Ok(done)
    }

    fn write(self, data_dir: &Path, name: &str) -> Result<(), AccessError> {
        let document = Document { format: FORMAT, keys: self.keys.into_values().collect() };
        replace(data_dir, name, &document)
    }

    /// The keys as the ledger's audit knows them; none where it never heard of any.
    ///
    /// # Errors
    /// As [`AccessFile::read`].
    pub fn audited(data_dir: &Path) -> Result<Self, AccessError> {
        Self::read_from(data_dir.join(AUDITED_FILE))
    }

    /// Writes that the audit knows these keys.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn keep_audited(&self, data_dir: &Path) -> Result<(), AccessError> {
        self.clone().write(data_dir, AUDITED_FILE)
    }

    /// What is different from another reading, by id.
    pub fn changes_since<'k>(&'k self, old: &'k Self) -> Vec<KeyChange<'k>> {
        let gone = old.keys.values().filter(|key| !self.keys.contains_key(&key.id));
        let here = self.keys.values().filter_map(|key| match old.keys.get(&key.id) {
            None => Some(KeyChange::Added(key)),
            Some(before) if before != key => Some(KeyChange::Changed(key)),
            Some(_) => None,
        });
        here.chain(gone.map(KeyChange::Revoked)).collect()
    }

    /// Adds a key.
    ///
    /// # Errors
    /// There are as many as there may be.
    pub fn add(&mut self, key: Key) -> Result<(), AccessError> {
        if self.keys.len() >= MOST_KEYS {
            return Err(AccessError::TooMany { most: MOST_KEYS });
        }
        self.keys.insert(key.id, key);
        Ok(())
    }

    /// Takes a key away: with the next reading it opens nothing.
    ///
    /// # Errors
    /// There is none of this id.
    pub fn revoke(&mut self, id: KeyId) -> Result<Key, AccessError> {
        self.keys.remove(&id).ok_or(AccessError::Unknown(id))
    }

    /// Makes a key in the place of another, which goes on until `until`.
    ///
    /// # Errors
    /// There is none of this id; there are as many as there may be; no random numbers.
    pub fn rotate(
        &mut self,
        id: KeyId,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Token, AccessError> {
        let token = Token::new()?;
        let old = self.keys.get_mut(&id).ok_or(AccessError::Unknown(id))?;
        old.expires_at = Some(old.expires_at.map_or(until, |expires| expires.min(until)));
        let new = Key::of(&token, old.tenant.clone(), old.scopes.clone(), now);
        let (label, limits) = (old.label.clone(), old.limits);
        self.add(Key { label, limits, replaces: Some(id), ..new })?;
        Ok(token)
    }

    /// The keys, by id.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.values()
    }

    /// Whether a key is needed: there is one, or there was and all were taken away.
    pub fn needs_key(&self) -> bool {
        self.is_there || !self.is_empty()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// When each key was last used, as far as a server has written it; empty where it never did.
    pub fn used(data_dir: &Path) -> BTreeMap<KeyId, Timestamp> {
        let text = fs::read(data_dir.join(USED_FILE)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Writes when each key was last used.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn keep_used(
        data_dir: &Path,
        used: &BTreeMap<KeyId, Timestamp>,
    ) -> Result<(), AccessError> {
        replace(data_dir, USED_FILE, used)
    }
}

/// What is wrong with a text of keys.
enum Fault {
    Format(u32),
    Message(String),
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Message(error.to_string())
    }
}

impl Fault {
    fn at(self, path: PathBuf) -> AccessError {
        match self {
            Self::Format(found) => AccessError::Format { path, found, known: FORMAT },
            Self::Message(message) => AccessError::Malformed { path, message },
        }
    }
}

fn io<'p>(doing: &'static str, path: &'p Path) -> impl FnOnce(std::io::Error) -> AccessError + 'p {
    move |source| AccessError::File { doing, path: path.to_owned(), source }
}

/// Writes a document beside its place, to the disk, and renames it.
fn replace(data_dir: &Path, name: &str, document: &impl Serialize) -> Result<(), AccessError> {
    let (path, beside) = (data_dir.join(name), data_dir.join(format!(".{name}.new")));
    let mut text =
        serde_json::to_vec_pretty(document).map_err(|error| Fault::from(error).at(path.clone()))?;
    text.push(b'\n');
    let written = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(data_dir)?.sync_all()
    };
    written().map_err(io("write", &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn made(dir: &Path) -> Token {
        let token = Token::new().unwrap();
        let scopes = [Scope::Score, Scope::Events].into();
        let key = Key::of(&token, TenantId::default_tenant(), scopes, at(1_000));
        AccessFile::change(dir, |file| file.add(key)).unwrap();
        token
    }

    #[test]
    fn keys_are_kept_without_their_secret_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        assert!(AccessFile::read(dir.path()).unwrap().is_empty());
        let token = made(dir.path());
        let text = fs::read_to_string(dir.path().join(FILE)).unwrap();
        assert!(!text.contains(token.reveal().rsplit('_').next().unwrap()));
        let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let file = AccessFile::read(dir.path()).unwrap();
        assert_eq!(file.keys().map(|key| key.id).collect::<Vec<_>>(), [token.id()]);
    }

    #[test]
    fn a_rotated_key_goes_on_until_the_overlap_ends() {
        let dir = tempfile::tempdir().unwrap();
        let old = made(dir.path());
        let rotate = |file: &mut AccessFile| file.rotate(old.id(), at(9_000), at(5_000));
        let new = AccessFile::change(dir.path(), rotate).unwrap();
        let file = AccessFile::read(dir.path()).unwrap();
        let of = |id| file.keys().find(|key| key.id == id).unwrap();
        assert!(!of(old.id()).is_over(at(8_999)) && of(old.id()).is_over(at(9_000)));
        assert_eq!(of(new.id()).replaces, Some(old.id()));
        assert_eq!(of(new.id()).scopes, of(old.id()).scopes);
        assert!(!of(new.id()).is_over(at(i64::MAX)));
        AccessFile::change(dir.path(), |file| file.revoke(old.id())).unwrap();
        let again = AccessFile::change(dir.path(), |file| file.revoke(old.id()));
        assert!(matches!(again, Err(AccessError::Unknown(id)) if id == old.id()));
    }

    #[test]
    fn a_broken_file_is_refused_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let id = made(dir.path()).id();
        let good = fs::read_to_string(dir.path().join(FILE)).unwrap();
        for (from, to, message) in [
            ("\"format\": 1", "\"format\": 2", "has format 2; this version reads 1"),
            ("\"score\"", "\"scores\"", "unknown variant `scores`"),
            ("\"tenant\"", "\"tenants\"", "line 6 column"),
            ("\"limits\": {}", "\"limits\": {\"at_once\": 0}", "a limit of 0"),
            ("}\n", "", "expected `,`"),
        ] {
            assert!(good.contains(from), "{good} lacks {from}");
            fs::write(dir.path().join(FILE), good.replacen(from, to, 1)).unwrap();
            let error = AccessFile::read(dir.path()).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
            // Nothing is written over a file that can't be read.
            assert!(AccessFile::change(dir.path(), |file| file.revoke(id)).is_err());
        }
    }

    #[test]
    fn keys_made_at_once_are_all_there() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..5).for_each(|_| drop(made(dir.path()))));
            }
        });
        assert_eq!(AccessFile::read(dir.path()).unwrap().keys().count(), 40);
    }
}
