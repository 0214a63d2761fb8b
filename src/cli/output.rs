//! Where a command's data goes: standard output, or a file that appears whole or not at all.

use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// An open output. A file is written beside its name and renamed by [`Output::finish`]; dropped
/// before that it leaves nothing behind. A device or pipe is written as it is: renaming a file over
/// `/dev/null` would take it away from the whole machine. A link stays, what it points to changes.
pub(super) enum Output {
    Stdout(BufWriter<io::Stdout>),
    Special(BufWriter<File>),
    File { file: Option<BufWriter<File>>, partial: PathBuf, path: PathBuf },
}

impl Output {
    /// Opens standard output, or `path`.
    pub(super) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Stdout(BufWriter::new(io::stdout())));
        };
        let there = fs::metadata(path).map(|there| there.is_file());
        if matches!(there, Ok(false)) {
            let opened = File::options().write(true).open(path);
            let special = opened.with_context(|| format!("can't write `{}`", path.display()))?;
            return Ok(Self::Special(BufWriter::new(special)));
        }
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let Some(name) = path.file_name() else { bail!("`{}` is no file name", path.display()) };
        let mut partial_name = std::ffi::OsString::from(".");
        partial_name.push(name);
        partial_name.push(format!(".{}.partial", std::process::id()));
        let partial = path.with_file_name(partial_name);
        let file = File::create(&partial)
            .with_context(|| format!("can't write beside `{}`", path.display()))?;
        let file = Some(BufWriter::new(file));
        Ok(Self::File { file, partial, path })
    }

    /// Makes a file readable by its owner alone, before anything is in it.
    pub(super) fn private(self) -> Result<Self> {
        #[cfg(unix)]
        if let Self::File { partial, .. } = &self {
            use std::os::unix::fs::PermissionsExt;
            let private = fs::Permissions::from_mode(0o600);
            fs::set_permissions(partial, private)
                .with_context(|| format!("can't protect `{}`", partial.display()))?;
        }
        Ok(self)
    }

    /// True where a person reads along.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout(_)) && io::stdout().is_terminal()
    }

    /// Flushes; a file is on disk and under its name afterwards.
    pub(super) fn finish(mut self) -> Result<()> {
        self.flush()?;
        if let Self::File { file, partial, path } = &mut self
            && let Some(writer) = file.take()
        {
            let keep = |e: io::Error| anyhow::Error::from(e).context("can't keep the output");
            writer.into_inner().map_err(|e| keep(e.into_error()))?.sync_all().map_err(keep)?;
            fs::rename(partial, &*path)
                .with_context(|| format!("can't name `{}`", path.display()))?;
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::Special(out) | Self::File { file: Some(out), .. } => out.write(bytes),
            Self::File { file: None, .. } => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Special(out) | Self::File { file: Some(out), .. } => out.flush(),
            Self::File { file: None, .. } => Ok(()),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Self::File { file: Some(_), partial, .. } = self {
            // Best effort: the command is failing already, and says why.
            let _ = fs::remove_file(partial);
        }
    }
}

/// True when whoever read standard output has gone, as `head` does: not an error of ours.
pub(super) fn reader_has_gone(error: &anyhow::Error) -> bool {
    let gone = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(gone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.csv");
        fs::write(&path, "before").unwrap();
        let mut output = Output::open(Some(&path)).unwrap();
        output.write_all(b"half").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        drop(output);
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        let mut output = Output::open(Some(&path)).unwrap();
        output.write_all(b"whole").unwrap();
        output.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(Output::open(Some(&dir.path().join("no/such/dir"))).is_err());
        assert!(Output::open(Some(dir.path())).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_written_and_links_kept() {
        let dir = tempfile::tempdir().unwrap();
        let link = |name: &str, to: &Path| {
            let link = dir.path().join(name);
            std::os::unix::fs::symlink(to, &link).unwrap();
            let mut output = Output::open(Some(&link)).unwrap();
            output.write_all(b"new").unwrap();
            output.finish().unwrap();
            fs::symlink_metadata(&link).unwrap().is_symlink()
        };
        assert!(link("nowhere", Path::new("/dev/null")), "a link to a device stays one");
        let file = dir.path().join("file");
        fs::write(&file, "old").unwrap();
        assert!(link("somewhere", &file));
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }
}
