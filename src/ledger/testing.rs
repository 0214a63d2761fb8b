//! A disk for tests: it fails on demand, stalls on demand, and forgets what was not synced.

#![expect(clippy::cast_possible_truncation, reason = "numbers of a test are small")]

use super::config::LedgerConfig;
use super::entry::{EntryKind, LookupField, NewEntry};
use super::seal::MasterKey;
use super::storage::{Disk, Storage, StorageFile};
use crate::domain::{TenantId, Timestamp};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What the disk does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A write stops half-way: no space.
    Full,
    /// A write stops half-way: input/output error.
    WriteFails,
    /// A sync fails. What it should have kept can still be read, but will not be on disk after a
    /// power loss, whatever later syncs say: as Linux does it.
    SyncFails,
    /// Nothing can be changed any more.
    ReadOnly,
}

#[derive(Debug, Default)]
struct State {
    fault: Option<Fault>,
    /// Writes and syncs until the machine stops; from then on every one fails.
    lives: Option<u32>,
    stalled: bool,
    /// Syncs that wait.
    waiting: u32,
    /// What lay there before each write that is not synced yet.
    unsynced: Vec<Undo>,
}

#[derive(Debug)]
struct Undo {
    file: Arc<File>,
    offset: u64,
    before: Vec<u8>,
    /// A sync failed: only writing it again can keep it.
    lost: bool,
}

impl Undo {
    fn covers(&self, other: &Self) -> bool {
        let end = |undo: &Self| undo.offset + undo.before.len() as u64;
        inode(&self.file) == inode(&other.file)
            && self.offset <= other.offset
            && end(self) >= end(other)
    }
}

/// The disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestDisk(Arc<(Mutex<State>, Condvar)>);

const SECTOR: u64 = 512;

impl TestDisk {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let done = change(&mut self.0.0.lock().unwrap());
        self.0.1.notify_all();
        done
    }

    pub(crate) fn set(&self, fault: Option<Fault>) {
        self.with(|state| state.fault = fault);
    }

    /// Makes syncs wait, or lets them go on.
    pub(crate) fn stall(&self, stalled: bool) {
        self.with(|state| state.stalled = stalled);
    }

    /// Returns once a sync waits.
    pub(super) fn await_stalled(&self) {
        let (state, changed) = &*self.0;
        drop(changed.wait_while(state.lock().unwrap(), |state| state.waiting == 0).unwrap());
    }

    /// Stops the machine after this many more writes and syncs.
    pub(super) fn stop_after(&self, operations: u32) {
        self.with(|state| state.lives = Some(operations));
    }

    /// Cuts the power: of what was not synced, the sectors for which `keep` says so remain. The disk
    /// works again afterwards.
    pub(crate) fn power_loss(&self, mut keep: impl FnMut() -> bool) {
        let undos = self.with(|state| {
            (state.fault, state.lives) = (None, None);
            std::mem::take(&mut state.unsynced)
        });
        let mut kept = BTreeMap::new();
        for undo in undos.iter().rev() {
            let mut at = undo.offset;
            let mut before = undo.before.as_slice();
            while !before.is_empty() {
                let here = before.len().min((SECTOR - at % SECTOR) as usize);
                let kept = kept.entry((inode(&undo.file), at / SECTOR)).or_insert_with(&mut keep);
                if undo.lost || !*kept {
                    undo.file.write_all_at(&before[..here], at).unwrap();
                }
                (at, before) = (at + here as u64, &before[here..]);
            }
        }
    }

    fn check(&self, writes: bool) -> io::Result<()> {
        self.with(|state| {
            if let Some(lives) = &mut state.lives {
                *lives = lives.checked_sub(1).ok_or(io::ErrorKind::TimedOut)?;
            }
            match state.fault {
                Some(Fault::ReadOnly) if writes => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
                _ => Ok(()),
            }
        })
    }
}

impl Storage for TestDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        self.check(true)?;
        Disk.open(path)?;
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Box::new(TestFile { file: Arc::new(file), disk: self.clone() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(true)?;
        Disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.check(true)?;
        Disk.remove(path)
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        self.check(false)
    }
}

/// What tells a file from others, whatever its name.
fn inode(file: &File) -> u64 {
    file.metadata().unwrap().ino()
}

struct TestFile {
    file: Arc<File>,
    disk: TestDisk,
}

impl StorageFile for TestFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.disk.check(true)?;
        let failure = self.disk.with(|state| match state.fault {
            Some(Fault::Full) => Some(io::ErrorKind::StorageFull.into()),
            Some(Fault::WriteFails) => Some(io::Error::other("input/output error")),
            _ => None,
        });
        let count = if failure.is_some() { bytes.len() / 2 } else { bytes.len() };
        let mut before = vec![0; count];
        let held = self.file.read_at(&mut before, offset)?;
        before[held..].fill(0);
        self.file.write_all_at(&bytes[..count], offset)?;
        let undo = Undo { file: Arc::clone(&self.file), offset, before, lost: false };
        self.disk.with(|state| state.unsynced.push(undo));
        failure.map_or(Ok(()), Err)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.check(false)?;
        let (state, changed) = &*self.disk.0;
        let mut state = state.lock().unwrap();
        state.waiting += 1;
        changed.notify_all();
        let mut state = changed.wait_while(state, |state| state.stalled).unwrap();
        state.waiting -= 1;
        let fails = state.fault == Some(Fault::SyncFails);
        let own = inode(&self.file);
        let of_file = |undo: &mut Undo| inode(&undo.file) == own && !undo.lost;
        let mine: Vec<_> = state.unsynced.extract_if(.., of_file).collect();
        if fails {
            state.unsynced.extend(mine.into_iter().map(|undo| Undo { lost: true, ..undo }));
            return Err(io::Error::other("input/output error"));
        }
        state.unsynced.retain(|lost| !lost.lost || !mine.iter().any(|undo| undo.covers(lost)));
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.check(true)?;
        self.file.set_len(len)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.metadata().map(|data| data.len())
    }
}

/// A small ledger on a test disk, without an index.
pub(crate) fn config(dir: &Path, disk: &TestDisk) -> LedgerConfig {
    LedgerConfig {
        segment_bytes: 4096,
        retry: Duration::from_millis(1),
        index_every: None,
        master_key: Some(MasterKey::from_bytes([42; 32])),
        storage: Arc::new(disk.clone()),
        ..LedgerConfig::new(dir)
    }
}

/// The `n`th of many different entries: some with personal fields, some long, some of tenant `b`.
pub(super) fn entry(n: u64) -> NewEntry {
    let keys = MasterKey::from_bytes([42; 32]).indexing();
    let tenant = TenantId::new(if n % 5 == 4 { "b" } else { "a" }).unwrap();
    let kind = EntryKind::ALL[(n % 5) as usize];
    let personal =
        if n.is_multiple_of(3) { vec![] } else { format!("{{\"name\":\"Jane {n}\"}}").into() };
    let time = Timestamp::from_millis(1_700_000_000_000 + i64::try_from(n).unwrap() * 1000);
    NewEntry {
        kind,
        id: format!("id-{n}"),
        event_time: time,
        received_at: time.plus_millis(7),
        subject: Some(keys.subject(&tenant, &format!("person {}", n % 7))),
        open: format!(
            r#"{{"summary":{{"transaction_id":"tx-{n}","action":"approve","risk_score":{}.5,"amount":"{n}.00","currency":"EUR"}},"filler":"{}"}}"#,
            n % 90,
            "x".repeat((n % 11) as usize * 30),
        )
        .into(),
        personal,
        lookups: vec![(LookupField::Card, keys.lookup(&tenant, LookupField::Card, "card 1"))],
        tenant,
    }
}

/// A copy of a data directory, to be damaged.
pub(super) fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    let mut pending = vec![PathBuf::new()];
    while let Some(below) = pending.pop() {
        for found in fs::read_dir(from.join(&below)).unwrap() {
            let name = below.join(found.unwrap().file_name());
            if from.join(&name).is_dir() {
                fs::create_dir(to.path().join(&name)).unwrap();
                pending.push(name);
            } else {
                fs::copy(from.join(&name), to.path().join(&name)).unwrap();
            }
        }
    }
    to
}
