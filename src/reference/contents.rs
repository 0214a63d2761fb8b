//! The bytes of a merchant's file, held so that nobody can change them under us.
//!
//! A mapping of the merchant's own file would not do. Whoever truncates it in place ends this process
//! by SIGBUS, and whoever writes into it changes bytes the compiler takes for constant. No check helps,
//! as both may come at any time after it; a hard link is the same file, a lock is advice. So a large
//! file is copied once into a temporary file without a name, which no other process can open, and the
//! copy is mapped. Reading it whole costs nothing extra: its digest needs every byte.
//!
//! Small files are simply read into memory. Mapped pages are the system's to drop and read again,
//! which matters while an old and a new City file are both in use; the look-up itself is as fast.
//!
//! **A file is to be replaced by rename, not written in place.** Written in place it does no harm to
//! what is loaded, and a read that overlaps the writing is refused where size or time of the file tell.

use super::error::ReferenceError;
use maxminddb::Mmap;
use sha2::{Digest, Sha256};
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Smaller files are held in memory.
pub(super) const MAP_FROM: u64 = 16 << 20;

/// Most bytes of a file; the largest on the market have about 1 GiB.
const MAX_BYTES: u64 = 8 << 30;

/// Which state of which file: changes whenever the file is replaced, written or cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// That of an open or named file.
    pub fn of(data: &Metadata) -> Self {
        Self {
            device: data.dev(),
            inode: data.ino(),
            size: data.size(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        }
    }
}

/// The bytes of a file.
pub(super) enum Contents {
    Memory(Vec<u8>),
    Mapped(Mmap),
}

impl AsRef<[u8]> for Contents {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

/// A file as it was read.
pub(super) struct FileRead {
    pub(super) contents: Contents,
    pub(super) sha256: String,
    pub(super) stamp: Stamp,
}

/// Reads `path`; from `map_from` bytes on into a private copy in `copies`, or in the system's
/// directory for temporary files, or into memory where neither can hold it.
pub(super) fn read(
    path: &Path,
    copies: Option<&Path>,
    map_from: u64,
) -> Result<FileRead, ReferenceError> {
    let failed = |source| ReferenceError::Read { path: path.to_owned(), source };
    // Asked by name first: opening a pipe would wait for somebody to write.
    let data = fs::metadata(path).map_err(failed)?;
    if !data.is_file() {
        return Err(ReferenceError::NotAFile { path: path.to_owned() });
    }
    if data.len() > MAX_BYTES {
        let (path, bytes) = (path.to_owned(), data.len());
        return Err(ReferenceError::TooLarge { path, bytes, limit: MAX_BYTES });
    }
    let mut file = File::open(path).map_err(failed)?;
    let stamp = Stamp::of(&file.metadata().map_err(failed)?);
    let mapped = if stamp.size < map_from { None } else { copied(&mut file, copies).ok() };
    let (contents, sha256) = if let Some((map, sha256)) = mapped {
        (Contents::Mapped(map), sha256)
    } else {
        let mut bytes = Vec::new();
        let sha256 = pour(&mut file, &mut bytes).map_err(failed)?;
        (Contents::Memory(bytes), sha256)
    };
    let whole = contents.as_ref().len() as u64 == stamp.size;
    if !whole || Stamp::of(&file.metadata().map_err(failed)?) != stamp {
        return Err(ReferenceError::ChangedWhileRead { path: path.to_owned() });
    }
    Ok(FileRead { contents, sha256, stamp })
}

/// A private copy, mapped, and its digest.
fn copied(file: &mut File, copies: Option<&Path>) -> io::Result<(Mmap, String)> {
    let mut copy = match copies {
        Some(dir) => tempfile::tempfile_in(dir)?,
        None => tempfile::tempfile()?,
    };
    let sha256 = pour(file, &mut copy)?;
    #[expect(
        unsafe_code,
        reason = "SAFETY: the mapped file must not change while the map exists. It has no name, was \
            made here and is closed right after, so nobody else can open, write or cut it"
    )]
    let map = unsafe { Mmap::map(&copy) }?;
    Ok((map, sha256))
}

/// Everything from the start of `file` into `sink`; gives the digest.
fn pour(file: &mut File, sink: &mut dyn Write) -> io::Result<String> {
    file.rewind()?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut source = file.take(MAX_BYTES);
    loop {
        let read = source.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        digest.update(bytes);
        sink.write_all(bytes)?;
    }
    sink.flush()?;
    Ok(super::hex(&digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_map_hold_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a file");
        let bytes: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let memory = read(&path, None, u64::MAX).unwrap();
        let mapped = read(&path, Some(dir.path()), 1).unwrap();
        let nowhere = read(&path, Some(&dir.path().join("none")), 1).unwrap();
        assert!(matches!(memory.contents, Contents::Memory(_)));
        assert!(matches!(mapped.contents, Contents::Mapped(_)));
        assert!(matches!(nowhere.contents, Contents::Memory(_)), "what can't be copied is read");
        for file in [&memory, &mapped, &nowhere] {
            assert_eq!(file.contents.as_ref(), bytes);
            assert_eq!(file.sha256, crate::reference::sha256_hex(&bytes));
            assert_eq!(file.stamp, memory.stamp);
        }
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(names, std::slice::from_ref(&path), "the copy has no name");
    }

    #[test]
    fn cutting_and_writing_in_place_touch_nothing_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a file");
        fs::write(&path, vec![7; 100_000]).unwrap();
        let file = read(&path, None, 1).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
        fs::write(&path, vec![8; 200_000]).unwrap();
        assert!(file.contents.as_ref().iter().all(|byte| *byte == 7));
        assert_ne!(Stamp::of(&fs::metadata(&path).unwrap()), file.stamp);
    }

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for (path, part) in [
            (dir.path(), "not a regular file"),
            (&pipe, "not a regular file"),
            (&dir.path().join("none"), "cannot read"),
        ] {
            let error = read(path, None, 1).err().unwrap().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
