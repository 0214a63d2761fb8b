//! The few file operations the ledger writes with, so that tests can make a disk fail.
//!
//! Reading is not behind this seam: what was read is checked by checksum and chain anyway.

use super::error::StorageFault;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Where the ledger's files are written.
pub trait Storage: Send + Sync + fmt::Debug {
    /// Opens a file for writing, creating it for its owner alone where it is missing.
    ///
    /// # Errors
    /// As the operating system says.
    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>>;

    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    /// As the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the operating system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Puts the names in a directory on disk.
    ///
    /// # Errors
    /// As the operating system says.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

/// A file opened for writing.
pub trait StorageFile: Send + Sync {
    /// Writes all of `bytes` at an offset.
    ///
    /// # Errors
    /// As the operating system says; some of the bytes may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Puts everything written on disk. After an error nothing may be assumed of what was written
    /// since the last success: the kernel drops such pages and reports it once.
    ///
    /// # Errors
    /// As the operating system says.
    fn sync(&self) -> io::Result<()>;

    /// Cuts the file or lengthens it.
    ///
    /// # Errors
    /// As the operating system says.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Length in bytes.
    ///
    /// # Errors
    /// As the operating system says.
    fn size(&self) -> io::Result<u64>;

    /// Fills `from..to` with zeros and puts them on disk, so that a later write there needs no new
    /// block and its sync no change of the file's metadata: two to three times faster than into a
    /// growing file, and the disk is found full here instead of there.
    ///
    /// # Errors
    /// As the operating system says.
    fn zero_fill(&self, from: u64, to: u64) -> io::Result<()> {
        static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
        let mut at = from;
        while at < to {
            let want = usize::try_from(to - at).unwrap_or(usize::MAX).min(ZEROS.len());
            let zeros = ZEROS.get(..want).unwrap_or(&ZEROS);
            self.write_at(zeros, at)?;
            at = at.saturating_add(u64::try_from(zeros.len()).unwrap_or(u64::MAX));
        }
        self.sync()
    }
}

/// The file system.
#[derive(Debug, Clone, Copy)]
pub struct Disk;

impl Storage for Disk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(path)?;
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

impl StorageFile for File {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }

    fn size(&self) -> io::Result<u64> {
        self.metadata().map(|data| data.len())
    }
}

/// Reads up to `len` bytes at an offset; fewer only at the end of the file.
pub(super) fn read_at(file: &File, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let at = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
        match file.read_at(rest, at) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// The exclusive right to write a data directory, held as long as this lives.
#[derive(Debug)]
pub(super) struct DirLock(#[expect(dead_code, reason = "holds the lock until dropped")] File);

impl DirLock {
    /// File of the lock in the data directory. It stays; only the lock on it goes.
    const FILE: &'static str = "ledger.lock";

    /// Fails where a process holds the lock; makes and changes nothing.
    pub(super) fn held_by(data_dir: &Path) -> Result<(), super::LedgerError> {
        let path = data_dir.join(Self::FILE);
        match File::open(&path).and_then(|file| file.try_lock_shared().map_err(Into::into)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(super::LedgerError::Locked { pid: Self::holder(&path), path })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn holder(path: &Path) -> Option<u32> {
        fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok())
    }

    pub(super) fn acquire(data_dir: &Path) -> Result<Self, super::LedgerError> {
        let path = data_dir.join(Self::FILE);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| StorageFault::new("open", &path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(super::LedgerError::Locked { pid: Self::holder(&path), path });
            }
            Err(fs::TryLockError::Error(error)) => {
                return Err(StorageFault::new("lock", &path, error).into());
            }
        }
        // Only for the message of whoever comes second; the lock itself is the kernel's.
        let pid = format!("{}\n", std::process::id());
        let _ = file.set_len(0).and_then(|()| file.write_all_at(pid.as_bytes(), 0));
        Ok(Self(file))
    }
}
