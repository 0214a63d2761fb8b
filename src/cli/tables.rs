//! The tables and files in use, with their age: for `vouch lookup` and `vouch data list`.

use super::state;
use crate::config::Config;
use crate::domain::Timestamp;
use crate::reference::{Reference, ReferenceFiles};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The tables of a configuration, with another directory in place of its own and more files before
/// them. What can't be used is told and left out.
pub(super) fn load(config: &Config, tables: Option<&Path>, files: &[PathBuf]) -> Reference {
    let mut from: ReferenceFiles = state::reference_files(config);
    from.tables = tables.map(Path::to_owned).or(from.tables);
    from.files.splice(..0, files.iter().cloned());
    let (reference, refused) = Reference::load(&from);
    for error in refused {
        eprintln!("warning: {:#}", anyhow::Error::new(error));
    }
    reference
}

/// One source a line: name, build date, age, digest, and whether it is stale.
pub(super) fn write(
    reference: &Reference,
    now: Timestamp,
    stale_days: u32,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "{:<32} {:<10} {:>8}  sha256", "source", "built", "age")?;
    for version in reference.versions() {
        let name = version.file.as_ref().unwrap_or(&version.name);
        let (built, age) = (version.built.date_text(), version.age_days(now));
        let sha256 = version.sha256.get(..12).unwrap_or_default();
        let stale = if version.is_stale(now, stale_days) { "  stale" } else { "" };
        writeln!(out, "{name:<32} {built:<10} {age:>4} days  {sha256}{stale}")?;
        if version.is_stale(now, stale_days) {
            eprintln!("warning: {name} was built {age} days ago");
        }
    }
    Ok(())
}
