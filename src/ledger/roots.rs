//! Signed roots of the chain, one a day, and proofs that a record is below one.
//!
//! Each root covers the records after those of the root before it, up to the last of a day by the time
//! of receipt; a record that came with an earlier time belongs to the day it lies in. So roots have no
//! gaps, and one that is signed never changes. They lie in `roots.jsonl` beside the ledger, a line each.
//!
//! The chain alone shows that something was changed, not by whom: who holds the directory could chain
//! it anew. A root that was given away when its day was over shows that, too.

use super::bytes::{hex, unhex};
use super::entry::{ChainHash, Position, StoredEntry};
use super::error::{Damage, DamageKind, LedgerError, StorageFault};
use super::merkle::{Growing, Paths, leaf, root_of};
use super::reader::Reader;
use super::signing::{Signed, SigningKey};
use crate::domain::{HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// File of the roots in the data directory.
pub(super) const ROOTS_FILE: &str = "roots.jsonl";
/// File of the public halves of earlier signing keys, a line each, in the data directory.
pub(super) const RETIRED_KEYS_FILE: &str = "signing.retired";
/// How long after its end a day is closed: by then what was received in it is committed.
const CLOSED_AFTER_MS: i64 = HOUR_MS;

/// The root of some records in a row, signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRoot {
    /// The day of the last of them, UTC: `2026-11-20`.
    pub day: String,
    /// The first record.
    pub first: u64,
    /// The last record.
    pub last: u64,
    /// The root over their hashes, 64 hexadecimal digits.
    pub root: String,
    /// The hash of the chain at the last record, 64 hexadecimal digits.
    pub chain: String,
    /// The signature of these five.
    #[serde(flatten)]
    pub signed: Signed,
    /// Where the first record lies; a help for reading, not signed.
    pub at: Position,
}

impl SignedRoot {
    fn text(&self) -> Vec<u8> {
        let Self { day, first, last, root, chain, .. } = self;
        format!("vouch root 1\nday {day}\nrecords {first} {last}\nroot {root}\nchain {chain}\n")
            .into()
    }

    /// Whether the signature is of this root.
    pub fn is_signed(&self) -> bool {
        self.signed.is_of(&self.text())
    }
}

/// Records that are shown to be below one root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inclusion {
    /// The root.
    pub root: SignedRoot,
    /// The records, in order.
    pub records: Vec<Included>,
}

/// A record with its way to the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Included {
    /// Its number in the ledger.
    pub sequence: u64,
    /// The hash of the chain up to and with it, 64 hexadecimal digits.
    pub hash: String,
    /// The hashes beside its way up, the lowest first.
    pub path: Vec<String>,
}

impl Inclusion {
    /// The first record that does not lead to the root; the root's signature is asked for separately.
    pub fn first_unproven(&self) -> Option<u64> {
        let SignedRoot { first, last, root, .. } = &self.root;
        let leads = |record: &Included| {
            let path = record.path.iter().map(|hash| unhex(hash)).collect::<Option<Vec<_>>>()?;
            let index = record.sequence.checked_sub(*first)?;
            let leaves = last.checked_sub(*first)?.checked_add(1)?;
            root_of(leaf(ChainHash(unhex(&record.hash)?)), index, leaves, &path)
        };
        let wanted = unhex(root);
        let fails = |record: &&Included| wanted.is_none() || leads(record) != wanted;
        self.records.iter().find(fails).map(|record| record.sequence)
    }
}

/// A range of records that is being read.
struct Range {
    day: i64,
    first: u64,
    at: Position,
    last: (u64, ChainHash),
    tree: Growing,
}

impl Range {
    fn of(entry: &StoredEntry, day: i64) -> Self {
        let (first, at, last) = (entry.sequence, entry.position, (entry.sequence, entry.hash));
        Self { day, first, at, last, tree: Growing::default() }
    }

    fn push(&mut self, entry: &StoredEntry) {
        self.last = (entry.sequence, entry.hash);
        self.tree.push(leaf(entry.hash));
    }

    fn sign(&self, key: &SigningKey) -> SignedRoot {
        let unsigned = SignedRoot {
            day: Timestamp::from_millis(self.day.saturating_mul(crate::domain::DAY_MS)).date_text(),
            first: self.first,
            last: self.last.0,
            root: hex(&self.tree.root()),
            chain: self.last.1.to_string(),
            signed: Signed { key: String::new(), signature: String::new() },
            at: self.at,
        };
        SignedRoot { signed: key.sign(&unsigned.text()), ..unsigned }
    }
}

/// Every root of a data directory, in order. A last line that was cut short by a crash is none.
///
/// # Errors
/// The file can't be read, or a line of it is no root.
pub fn roots(data_dir: &Path) -> Result<Vec<SignedRoot>, LedgerError> {
    let path = data_dir.join(ROOTS_FILE);
    match File::open(&path) {
        Ok(mut file) => Ok(read(&mut file, &path)?.0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(StorageFault::new("read", &path, error).into()),
    }
}

/// The roots and how many bytes they take.
fn read(file: &mut File, path: &Path) -> Result<(Vec<SignedRoot>, u64), LedgerError> {
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| StorageFault::new("read", path, error))?;
    let (mut roots, mut bytes) = (Vec::new(), 0);
    for (number, line) in (1..).zip(text.split_inclusive('\n').filter(|line| line.ends_with('\n')))
    {
        let malformed = |_| LedgerError::RootMalformed { path: path.to_owned(), line: number };
        roots.push(serde_json::from_str(line).map_err(malformed)?);
        bytes += u64::try_from(line.len()).unwrap_or(u64::MAX);
    }
    Ok((roots, bytes))
}

/// Signs the roots of the days that are over and have none; returns those. May run beside a server.
///
/// Cost: reads the ledger from the last root on.
///
/// # Errors
/// The ledger is damaged or can't be read, or the roots can't be written.
pub fn sign_roots(data_dir: &Path, now: Timestamp) -> Result<Vec<SignedRoot>, LedgerError> {
    let path = data_dir.join(ROOTS_FILE);
    let fault = |action| {
        let path = path.clone();
        move |error| LedgerError::from(StorageFault::new(action, &path, error))
    };
    let reader = Reader::open(data_dir, None)?;
    let key = SigningKey::open(data_dir)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(&path).map_err(fault("open"))?;
    file.lock().map_err(fault("lock"))?; // until it is closed: two that sign would sign twice
    let (known, bytes) = read(&mut file, &path)?;
    let today = under_way(now);
    let fresh = closed(&reader, known.last(), today)?;
    let fresh: Vec<SignedRoot> = fresh.iter().map(|range| range.sign(&key)).collect();
    if fresh.is_empty() {
        return Ok(fresh);
    }
    let mut lines = String::new();
    for root in &fresh {
        lines += &serde_json::to_string(root).unwrap_or_default(); // a root always serialises
        lines.push('\n');
    }
    file.set_len(bytes)
        .and_then(|()| file.seek(SeekFrom::Start(bytes)))
        .and_then(|_| file.write_all(lines.as_bytes()))
        .and_then(|()| file.sync_all())
        .map_err(fault("write"))?;
    Ok(fresh)
}

/// Roots signed as days end, for a process that goes on for days.
///
/// A look costs a reading of the records since the last root, so there is one a day, and another after a
/// failure. A clock set back finds nothing due: a root is of records after those of the root before.
#[derive(Debug, Default)]
pub struct DailyRoots {
    /// The day under way at the last look.
    looked: Option<i64>,
}

impl DailyRoots {
    /// Signs what is due since the last look; nothing where there is no signing key.
    ///
    /// # Errors
    /// As [`sign_roots`]; the next look tries again.
    pub fn look(
        &mut self,
        data_dir: &Path,
        now: Timestamp,
    ) -> Result<Vec<SignedRoot>, LedgerError> {
        let today = under_way(now);
        if self.looked == Some(today) || !SigningKey::is_there(data_dir) {
            return Ok(Vec::new());
        }
        let fresh = sign_roots(data_dir, now)?;
        self.looked = Some(today);
        Ok(fresh)
    }
}

/// The first day that gets no root yet.
fn under_way(now: Timestamp) -> i64 {
    now.plus_millis(-CLOSED_AFTER_MS).day()
}

/// The ranges behind a root of days before `today`.
fn closed(
    reader: &Reader,
    last: Option<&SignedRoot>,
    today: i64,
) -> Result<Vec<Range>, LedgerError> {
    let (signed, mut day) = last.map_or((0, i64::MIN), |root| (root.last, day_of(root)));
    let (mut ranges, mut open) = (Vec::new(), None::<Range>);
    for entry in reader.scan(last.map(|root| root.at))? {
        let entry = entry?;
        if entry.sequence <= signed {
            continue;
        }
        let came = match entry.received_at.day() {
            came if came <= today.saturating_add(1) => came,
            // A clock that was ahead: the day is that of the record before, else no root would follow.
            _ if day > i64::MIN => i64::MIN,
            _ => today.saturating_sub(1),
        };
        day = if open.is_some() { day.max(came) } else { day.saturating_add(1).max(came) };
        if day >= today {
            break;
        }
        if open.as_ref().is_some_and(|range| range.day < day) {
            ranges.extend(open.take());
        }
        open.get_or_insert_with(|| Range::of(&entry, day)).push(&entry);
    }
    ranges.extend(open);
    Ok(ranges)
}

/// The day of a root; one that is none is before all.
fn day_of(root: &SignedRoot) -> i64 {
    format!("{}T00:00:00Z", root.day).parse::<Timestamp>().map_or(i64::MIN, Timestamp::day)
}

/// Shows that records are in the ledger: each by the root of its day, those after the last root by one
/// over all up to the last of them, signed now. A number that is not there is left out. Roots that an
/// earlier key signed are signed anew in the proof: who checks it has one key for all of it.
///
/// Cost: reads the days the records lie in. Memory: some kilobytes for each record shown, however many lie
/// beside it.
///
/// # Errors
/// The ledger is damaged or can't be read.
pub fn prove(
    data_dir: &Path,
    key: &SigningKey,
    wanted: &BTreeSet<u64>,
) -> Result<Vec<Inclusion>, LedgerError> {
    let reader = Reader::open(data_dir, None)?;
    let known = roots(data_dir)?;
    let mut proofs = Vec::new();
    for root in &known {
        let own: Vec<u64> = wanted.range(root.first..=root.last).copied().collect();
        if !own.is_empty() {
            let span = (Some(root.at), root.first, root.last);
            let (_, records, _) = read_paths(&reader, span, &own)?;
            let signed = key.sign(&root.text());
            proofs.push(Inclusion { root: SignedRoot { signed, ..root.clone() }, records });
        }
    }
    let (at, first) = known.last().map_or((None, 1), |root| (Some(root.at), root.last + 1));
    let own: Vec<u64> = wanted.range(first..).copied().collect();
    if let Some(last) = own.last() {
        let (mut range, mut records, last_read) = read_paths(&reader, (at, first, *last), &own)?;
        if last_read < *last && last_read >= first {
            // The last ones asked for are not there: the tree is a smaller one.
            (range, records, _) = read_paths(&reader, (at, first, last_read), &own)?;
        }
        let range = range.filter(|_| !records.is_empty());
        proofs.extend(range.map(|range| Inclusion { root: range.sign(key), records }));
    }
    Ok(proofs)
}

/// The records `first..=last` with the paths of those that are wanted, and the last that is there.
fn read_paths(
    reader: &Reader,
    (at, first, last): (Option<Position>, u64, u64),
    wanted: &[u64],
) -> Result<(Option<Range>, Vec<Included>, u64), LedgerError> {
    let index = |sequence: u64| sequence.saturating_sub(first);
    let leaves = index(last).saturating_add(1);
    let mut paths = Paths::new(leaves, wanted.iter().map(|sequence| index(*sequence)));
    let mut hashes = BTreeMap::new();
    let range = read_range(reader, (at, first, last), &mut |entry| {
        paths.push(leaf(entry.hash));
        if wanted.binary_search(&entry.sequence).is_ok() {
            hashes.insert(entry.sequence, entry.hash);
        }
    })?;
    let record = |(sequence, hash): (&u64, &ChainHash)| {
        let path = paths.path(index(*sequence)).iter().map(|hash| hex(hash)).collect();
        Included { sequence: *sequence, hash: hash.to_string(), path }
    };
    let records = hashes.iter().map(record).collect();
    Ok((range, records, first.saturating_add(paths.given()).saturating_sub(1)))
}

/// The records `first..=last`, read from a place at or before them, each shown to `see`.
fn read_range(
    reader: &Reader,
    (at, first, last): (Option<Position>, u64, u64),
    see: &mut dyn FnMut(&StoredEntry),
) -> Result<Option<Range>, LedgerError> {
    let mut range = None::<Range>;
    for entry in reader.scan(at)? {
        let entry = entry?;
        if entry.sequence > last {
            break;
        }
        if entry.sequence >= first {
            let day = entry.received_at.day();
            let range = range.get_or_insert_with(|| Range::of(&entry, day));
            range.day = range.day.max(day);
            range.push(&entry);
            see(&entry);
        }
    }
    Ok(range)
}

/// Whether the ledger still has what a root covers.
///
/// # Errors
/// The ledger is damaged or can't be read.
pub fn holds(data_dir: &Path, root: &SignedRoot) -> Result<bool, LedgerError> {
    let reader = Reader::open(data_dir, None)?;
    let span = (Some(root.at), root.first, root.last);
    let range = match read_range(&reader, span, &mut |_| ()) {
        Err(LedgerError::NotFound(_)) => return Ok(false),
        other => other?,
    };
    Ok(range.is_some_and(|range| {
        (range.first, range.last.0) == (root.first, root.last)
            && hex(&range.tree.root()) == root.root
            && range.last.1.to_string() == root.chain
    }))
}

/// The public halves of the signing keys before this one, which the operator noted.
fn retired(data_dir: &Path) -> Result<BTreeSet<String>, LedgerError> {
    let path = data_dir.join(RETIRED_KEYS_FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.lines().map(|line| line.trim().to_ascii_lowercase()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(StorageFault::new("read", &path, error).into()),
    }
}

/// Holds the records of a scan against the roots, one after the other.
pub(super) struct Rooted {
    roots: std::vec::IntoIter<SignedRoot>,
    root: Option<SignedRoot>,
    range: Option<Range>,
    /// The public halves that may have signed; `None` where the signing key is not there.
    keys: Option<BTreeSet<String>>,
    next: u64,
    /// Roots that hold.
    pub(super) good: u64,
}

impl Rooted {
    pub(super) fn open(data_dir: &Path) -> Result<Self, LedgerError> {
        let mut roots = roots(data_dir)?.into_iter();
        // Looked at only where it is: checking makes no key.
        let keys = if !roots.as_slice().is_empty() && SigningKey::is_there(data_dir) {
            let mut keys = retired(data_dir)?;
            keys.insert(SigningKey::open(data_dir)?.sign(b"").key);
            Some(keys)
        } else {
            None
        };
        Ok(Self { root: roots.next(), roots, range: None, keys, next: 1, good: 0 })
    }

    /// Takes the next record; the damage, where it ends a root that is of other records.
    pub(super) fn see(&mut self, entry: &StoredEntry) -> Option<Damage> {
        let root = self.root.as_ref()?;
        let range = self.range.get_or_insert_with(|| Range::of(entry, 0));
        range.push(entry);
        if entry.sequence < root.last {
            return None;
        }
        let is_its = root.first == self.next
            && root.last == entry.sequence
            && root.root == hex(&range.tree.root())
            && root.chain == entry.hash.to_string();
        if !(is_its && root.is_signed()) {
            return self.damage();
        }
        if self.keys.as_ref().is_some_and(|keys| !keys.contains(&root.signed.key)) {
            let kind = DamageKind::SignedBy { last: root.last, key: unhex(&root.signed.key)? };
            return Some(Damage { sequence: range.first, position: range.at, kind });
        }
        self.good += 1;
        self.next = root.last + 1;
        self.root = self.roots.next();
        self.range = None;
        None
    }

    /// The damage of a root whose records the ledger does not have to the end.
    pub(super) fn end(&self, end: Position) -> Option<Damage> {
        self.root.as_ref()?;
        self.damage().or(Some(Damage {
            sequence: self.next,
            position: end,
            kind: DamageKind::Rooted { last: self.root.as_ref()?.last },
        }))
    }

    fn damage(&self) -> Option<Damage> {
        let (root, range) = (self.root.as_ref()?, self.range.as_ref()?);
        let kind = DamageKind::Rooted { last: root.last };
        Some(Damage { sequence: range.first, position: range.at, kind })
    }
}

#[cfg(test)]
mod tests;
