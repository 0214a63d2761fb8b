//! Every list of a server: the files of a directory, and what people changed since.

use super::ShowsCard;
use super::error::{ListError, Refused};
use super::kind::ListKind;
use super::list::{Entry, List, Rows};
use super::parse::{self, MAX_FILE_BYTES, Reading};
use crate::domain::Timestamp;
use crate::features::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most lists of a server.
pub const MAX_LISTS: usize = 1_000;
/// Most changes by people to one list; what is more belongs into its file.
pub const MAX_CHANGES: usize = 100_000;

/// What a person did to a value of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Put on it, until then.
    Added {
        /// From this instant on it no longer counts.
        expires: Option<Timestamp>,
        /// Why.
        note: String,
    },
    /// Taken off it, also where its file has it.
    Removed,
}

/// The changes to one list, by value as written.
pub type Changes = BTreeMap<String, Change>;

/// A list by name: what its file says, and what people changed.
#[derive(Debug, Clone)]
pub struct Named {
    file: Arc<List>,
    path: PathBuf,
    stamp: Option<[i64; 5]>,
    hint: Option<ListKind>,
    /// False while no file of this name could ever be read: nothing is known then.
    is_readable: bool,
    added: Arc<List>,
    /// Numbers of entries of the file that are taken off.
    removed: Arc<[usize]>,
    changes: Arc<Changes>,
}

/// The lists of a server. Cheap to clone: lists are shared.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    named: BTreeMap<String, Named>,
    digest: String,
}

/// What reading a directory gave.
#[derive(Debug)]
pub struct Loaded {
    /// The lists: new ones, and old ones where the new can't be used.
    pub lists: Lists,
    /// Names of those that are not as they were.
    pub replaced: Vec<String>,
    /// Those that can't be used, with why.
    pub refused: Vec<Refused>,
}

impl Named {
    /// What it holds.
    pub fn kind(&self) -> ListKind {
        self.file.kind()
    }

    /// Entries of its file, expired ones included.
    pub fn in_file(&self) -> usize {
        self.file.len()
    }

    /// What people changed.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.file.bytes() + self.added.bytes()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a value is on the list at `now`.
    fn holds(&self, value: &Value, now: Timestamp) -> Option<bool> {
        let is_left = |place| self.removed.binary_search(&place).is_err();
        let in_file = self.file.holds(value, now, is_left);
        let added = self.added.holds(value, now, |_| true);
        if in_file == Some(true) || added == Some(true) {
            return Some(true);
        }
        // An unreadable file may have held it.
        if self.is_readable { in_file } else { None }
    }

    /// An entry written like this, where the list has it at `now`, and the note of one a person put on
    /// it.
    pub fn find(&self, value: &str, now: Timestamp) -> Option<(Entry, Option<&str>)> {
        let lasts = |entry: &Entry| entry.expires.is_none_or(|expires| now < expires);
        if let Some(place) = self.added.place(value) {
            let entry = self.added.entry(place).filter(lasts)?;
            let spelt = self.spellings(value).next();
            let note = match spelt.and_then(|spelt| self.changes.get(spelt)) {
                Some(Change::Added { note, .. }) => Some(note.as_str()),
                _ => None,
            };
            return Some((entry, note));
        }
        let place = self.file.place(value)?;
        let is_left = self.removed.binary_search(&place).is_err();
        let entry = is_left.then(|| self.file.entry(place)).flatten().filter(lasts)?;
        Some((entry, None))
    }

    /// How people who put this value on the list spelt it: `ann@x.com` and `Ann@x.com` are one mailbox.
    pub fn spellings(&self, value: &str) -> impl Iterator<Item = &str> {
        let (kind, one) = (self.kind(), self.kind().canonical(value));
        let added = |(_, change): &(&String, &Change)| matches!(change, Change::Added { .. });
        let spelt = self.changes.iter().filter(added).map(|(spelt, _)| spelt.as_str());
        spelt.filter(move |spelt| kind.canonical(spelt) == one)
    }

    /// Entries with their numbers from `from` on: first those people added, then those of the file that
    /// are left.
    pub fn entries(&self, from: usize, most: usize) -> Vec<(usize, Entry)> {
        let added = self.added.len();
        let all = (from..added + self.file.len()).filter_map(|place| {
            let entry = match place.checked_sub(added) {
                None => self.added.entry(place)?,
                Some(at) if self.removed.binary_search(&at).is_err() => self.file.entry(at)?,
                Some(_) => return None,
            };
            Some((place, entry))
        });
        all.take(most).collect()
    }

    /// Whether a value may be put on it.
    ///
    /// # Errors
    /// Why not, in one clause that quotes no card number.
    pub fn check(&self, value: &str, note: &str, shows_card: ShowsCard<'_>) -> Result<(), String> {
        parse::check_note(note, shows_card)?;
        parse::check_value(value, self.kind(), shows_card)
    }

    fn with_changes(mut self, changes: Arc<Changes>) -> Self {
        let kind = self.kind();
        let mut rows = Rows::new(kind);
        let mut removed = Vec::new();
        for (value, change) in changes.iter() {
            // Of another kind since its file is: kept, and without effect.
            if kind.fault(value).is_some() {
                continue;
            }
            // What a person said last replaces what the file says of the value, also when it ends.
            removed.extend(self.file.place(value));
            if let Change::Added { expires, .. } = change {
                rows.push(value, *expires);
            }
        }
        removed.sort_unstable();
        self.added = Arc::new(List::new(rows, &[]));
        self.removed = removed.into();
        self.changes = changes;
        self
    }
}

impl Lists {
    /// Reads the lists of a directory; `None` for no directory. What is as it was is not read again, and
    /// changes of people go on. `hints` are the kinds rules use lists as.
    ///
    /// Cost: one pass over each changed file, a sort, and for that time its bytes, 24 more an entry
    /// (48 of addresses) and the new list in memory beside the old one.
    pub fn read(
        &self,
        dir: Option<&Path>,
        hints: &BTreeMap<&str, ListKind>,
        shows_card: ShowsCard<'_>,
    ) -> Loaded {
        let mut loaded = Loaded { lists: Self::default(), replaced: vec![], refused: vec![] };
        let files = dir.map(files).unwrap_or_default();
        for (name, paths) in files {
            let old = self.named.get(&name);
            let hint = hints.get(name.as_str()).copied();
            let path = paths.first().cloned().unwrap_or_default();
            let stamp = stamp(&path);
            if let Some(old) = old.filter(|old| {
                old.is_readable
                    && old.hint == hint
                    && old.stamp == stamp
                    && old.path == path
                    && paths.len() == 1
            }) {
                loaded.lists.named.insert(name, old.clone());
                continue;
            }
            let read = read_one(&name, &paths, Reading { hint, shows_card });
            loaded.put(name, old, read, (path, stamp, hint));
        }
        loaded.keep_named(self, hints);
        loaded.replaced.extend(
            self.named.keys().filter(|name| !loaded.lists.named.contains_key(*name)).cloned(),
        );
        loaded.lists.digest = loaded.lists.digest_now();
        loaded
    }

    /// The same with other changes to one list; as they are where there is no such list.
    #[must_use]
    pub fn changed(&self, name: &str, changes: Changes) -> Self {
        let mut lists = self.clone();
        if let Some(named) = lists.named.remove(name) {
            lists.named.insert(name.to_owned(), named.with_changes(Arc::new(changes)));
        }
        lists.digest = lists.digest_now();
        lists
    }

    /// SHA-256 in hexadecimal over names, contents and changes; empty without lists.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// A list by name.
    pub fn get(&self, name: &str) -> Option<&Named> {
        self.named.get(name)
    }

    /// Every list, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Named)> {
        self.named.iter().map(|(name, named)| (name.as_str(), named))
    }

    /// Whether a value is on a list at `now`; `None` where nobody can say: the value is missing or of
    /// another kind, there is no such list, or its file was never readable. Cost: see [`List`].
    pub fn answer(&self, name: &str, value: &Value, now: Timestamp) -> Option<bool> {
        self.named.get(name)?.holds(value, now)
    }

    fn digest_now(&self) -> String {
        if self.named.is_empty() {
            return String::new();
        }
        let mut sum = Sha256::new();
        for (name, named) in &self.named {
            for part in
                [name.as_bytes(), b"\0", named.kind().word().as_bytes(), named.file.digest()]
            {
                sum.update(part);
            }
            for (value, change) in named.changes.iter() {
                let expires = match change {
                    Change::Added { expires, .. } => expires.map_or(i64::MAX, Timestamp::millis),
                    Change::Removed => i64::MIN,
                };
                sum.update(value);
                sum.update(expires.to_le_bytes());
            }
        }
        sum.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// Where a file lies, how it looked, and what it was read as.
type Origin = (PathBuf, Option<[i64; 5]>, Option<ListKind>);

impl Loaded {
    fn put(
        &mut self,
        name: String,
        old: Option<&Named>,
        read: Result<List, ListError>,
        (path, stamp, hint): Origin,
    ) {
        let changes = old.map(|old| Arc::clone(&old.changes)).unwrap_or_default();
        let (file, is_readable) = match read {
            Ok(list) => (Arc::new(list), true),
            Err(error) => {
                self.refused.push(Refused { name: name.clone(), path: path.clone(), error });
                if let Some(old) = old {
                    self.lists.named.insert(name, old.clone());
                    return;
                }
                (Arc::new(List::empty(hint.unwrap_or(ListKind::Text))), false)
            }
        };
        let same = old.is_some_and(|old| old.file == file && old.is_readable == is_readable);
        if !same {
            self.replaced.push(name.clone());
        }
        let named = Named {
            added: Arc::new(List::empty(file.kind())),
            file,
            path,
            stamp,
            hint,
            is_readable,
            removed: Arc::default(),
            changes: Arc::default(),
        };
        self.lists.named.insert(name, named.with_changes(changes));
    }

    /// A list whose file is gone goes on while a rule names it.
    fn keep_named(&mut self, old: &Lists, hints: &BTreeMap<&str, ListKind>) {
        for (name, named) in &old.named {
            if hints.contains_key(name.as_str()) && !self.lists.named.contains_key(name) {
                let path = named.path.clone();
                self.refused.push(Refused { name: name.clone(), path, error: ListError::Gone });
                self.lists.named.insert(name.clone(), named.clone());
            }
        }
    }
}

/// The files of a directory by the name of their list.
fn files(dir: &Path) -> BTreeMap<String, Vec<PathBuf>> {
    let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let ending = path.extension().is_some_and(|ending| ending == "txt" || ending == "csv");
        if let (true, Some(name)) = (ending, path.file_stem()) {
            files.entry(name.to_string_lossy().into_owned()).or_default().push(path);
        }
    }
    for paths in files.values_mut() {
        paths.sort();
    }
    while files.len() > MAX_LISTS {
        files.pop_last();
    }
    files
}

fn read_one(name: &str, paths: &[PathBuf], reading: Reading<'_>) -> Result<List, ListError> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(inner) {
        return Err(ListError::Name(crate::domain::excerpt(name, 64)));
    }
    let [path] = paths else { return Err(ListError::Twice) };
    let bytes = fs::metadata(path)?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(ListError::TooLarge { bytes, limit: MAX_FILE_BYTES });
    }
    let text = String::from_utf8(fs::read(path)?).map_err(|_| ListError::NotUtf8)?;
    parse::read(&text, reading)
}

/// Tells a file from the same one changed: device, inode, size, and when it was changed.
fn stamp(path: &Path) -> Option<[i64; 5]> {
    let data = fs::metadata(path).ok()?;
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    Some([
        whole(data.dev()),
        whole(data.ino()),
        whole(data.size()),
        data.mtime(),
        data.mtime_nsec(),
    ])
}
