//! `vouch rules fmt`: rule files in their one layout.

use super::{DONE, FINDING, complain};
use crate::rules::{MAX_FILE_BYTES, Source, lay_out};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Lays out files and the `.toml` files of directories. With `check`, writes nothing and lists on
/// standard output what would change.
pub(super) fn fmt(
    paths: &[PathBuf],
    check: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<u8> {
    let mut code = DONE;
    for file in files(paths)? {
        let shown = file.display();
        let size = fs::metadata(&file).with_context(|| format!("cannot read `{shown}`"))?.len();
        if size > MAX_FILE_BYTES {
            bail!("`{shown}` has {size} bytes, the limit is {MAX_FILE_BYTES}");
        }
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read `{shown}`"))?;
        let laid_out = match lay_out(&Source::new(shown.to_string(), text.as_str())) {
            Ok(laid_out) => laid_out,
            Err(found) => {
                code = complain(&found, FINDING, err)?;
                continue;
            }
        };
        if laid_out == text {
            continue;
        }
        writeln!(out, "{shown}")?;
        if check {
            code = FINDING;
        } else {
            replace(&file, &laid_out).with_context(|| format!("cannot write `{shown}`"))?;
        }
    }
    Ok(code)
}

/// The files named, and the rule files of directories by name.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let shown = path.display();
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let listed = fs::read_dir(path).with_context(|| format!("cannot read `{shown}`"))?;
        let mut inside = listed.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        inside.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        inside.sort();
        files.append(&mut inside);
    }
    Ok(files)
}

/// Replaces a file whole or not at all; its permissions stay.
fn replace(path: &Path, text: &str) -> Result<()> {
    let path = &path.canonicalize()?;
    let directory = path.parent().context("it is in no directory")?;
    let mut fresh = tempfile::NamedTempFile::new_in(directory)?;
    fresh.write_all(text.as_bytes())?;
    fresh.as_file().set_permissions(fs::metadata(path)?.permissions())?;
    fresh.as_file().sync_all()?;
    fresh.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_change_once_and_check_changes_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.toml");
        let messy = "[[rule]]\nid = \"a\"\naction = \"tag\"\nreason = \"A\"\ntext = \"A.\"  \nwhen = 'ip.tor&&ip.vpn'\n\n\n";
        fs::write(&path, messy).unwrap();
        fs::write(directory.path().join("notes.txt"), "not a rule file").unwrap();
        let run = |check| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let code = fmt(&[directory.path().to_owned()], check, &mut out, &mut err).unwrap();
            (code, String::from_utf8(out).unwrap().contains("a.toml"))
        };
        assert_eq!(run(true), (FINDING, true));
        assert_eq!(fs::read_to_string(&path).unwrap(), messy);
        assert_eq!(run(false), (DONE, true));
        assert!(
            fs::read_to_string(&path)
                .unwrap()
                .ends_with("text = \"A.\"\nwhen = 'ip.tor && ip.vpn'\n")
        );
        assert_eq!(run(true), (DONE, false));
        fs::write(&path, "[[rule]]\n").unwrap();
        assert_eq!(run(false), (FINDING, false));
        assert!(
            fmt(&[directory.path().join("none.toml")], false, &mut Vec::new(), &mut Vec::new())
                .is_err()
        );
    }
}
