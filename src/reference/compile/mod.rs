//! Compiles the tables from files as the public packages hold them.
//!
//! `data/SOURCES.toml` names package, version, file, digest, licence and recipe of each source; a
//! source with another digest is refused, so a table can be traced to its package. The same sources
//! give the same bytes.

mod asn;
mod bin;
mod calling;
mod country;
mod email;
mod error;
mod hosting;
mod places;
mod provider;
mod rates;

pub use error::CompileError;

use super::table::Table;
use crate::domain::Timestamp;
use serde::{Deserialize, Deserializer, de};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A list of sources: `data/SOURCES.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    source: Vec<Source>,
}

/// One file of one package.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name of the file's role, like `asn-ipv4`.
    pub id: String,
    /// Registry: `npm` or `pypi`.
    pub registry: String,
    /// Package in the registry.
    pub package: String,
    /// Version of the package.
    pub version: String,
    /// Path below the directory of sources.
    pub file: PathBuf,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// The day the data was built, `2026-06-01`; kept as days since 1970.
    #[serde(rename = "built", deserialize_with = "day")]
    pub built_day: u32,
    /// SPDX expression of the data's licence.
    pub licence: String,
    /// Shell commands that put the file in its place, run in the directory of sources.
    pub recipe: Vec<String>,
}

/// A table that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The table.
    pub table: Table,
    /// Rows it holds: ranges, prefixes, domains or days.
    pub rows: usize,
    /// Size of its file.
    pub bytes: usize,
}

impl Sources {
    /// Reads a list.
    ///
    /// # Errors
    /// Unreadable, no TOML, unknown or missing keys.
    pub fn read(path: &Path) -> Result<Self, CompileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| CompileError::Read { path: path.to_owned(), source })?;
        toml::from_str(&text).map_err(|source| CompileError::List {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }
}

/// Compiles `table` from the files below `from` and writes it below `out`, replacing by rename.
///
/// # Errors
/// A source that is missing, has another digest than listed, or can't be understood; an `out` that
/// can't be written.
pub fn compile(
    table: Table,
    sources: &Sources,
    from: &Path,
    out: &Path,
) -> Result<Compiled, CompileError> {
    let input = Input { sources, from };
    let (rows, data) = match table {
        Table::Country => country::compile(&input)?,
        Table::Asn => asn::compile(&input)?,
        Table::Provider => provider::compile(&input)?,
        Table::Bin => bin::compile(&input)?,
        Table::Email => email::compile(&input)?,
        Table::Rates => rates::compile(&input)?,
        Table::Places => places::compile(&input)?,
    };
    let path = out.join(table.file_name());
    let data = data.map_err(|source| CompileError::Write { path: path.clone(), source })?;
    write(&path, &data).map_err(|source| CompileError::Write { path, source })?;
    Ok(Compiled { table, rows, bytes: data.len() })
}

/// A reader of the table never sees half a file.
fn write(path: &Path, data: &[u8]) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let part = path.with_extension("part");
    let written = std::fs::File::create(&part).and_then(|mut file| {
        file.write_all(data)?;
        file.sync_all()?;
        std::fs::rename(&part, path)
    });
    // Best effort: what is left of a full disk is not taken by half a file.
    written.inspect_err(|_| drop(std::fs::remove_file(&part)))
}

/// Rows of a table and its file, as far as the source could be understood.
type Output = (usize, std::io::Result<Vec<u8>>);

/// The sources and where they lie.
struct Input<'s> {
    sources: &'s Sources,
    from: &'s Path,
}

/// A source's content.
struct File {
    path: PathBuf,
    data: Vec<u8>,
    built_day: u32,
}

impl Input<'_> {
    /// Reads the source `id` and checks its digest.
    fn read(&self, id: &'static str) -> Result<File, CompileError> {
        let source = self.sources.source.iter().find(|source| source.id == id);
        let source = source.ok_or(CompileError::NoSource { id })?;
        let path = self.from.join(&source.file);
        let data = std::fs::read(&path)
            .map_err(|source| CompileError::Read { path: path.clone(), source })?;
        let found = super::sha256_hex(&data);
        if found != source.sha256 {
            return Err(CompileError::Changed { path, found, listed: source.sha256.clone() });
        }
        Ok(File { path, data, built_day: source.built_day })
    }
}

/// Days since 1970 of a date like `2026-06-01`.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let date = String::deserialize(deserializer)?;
    let midnight: Timestamp = format!("{date}T00:00:00Z").parse().map_err(de::Error::custom)?;
    u32::try_from(midnight.day()).map_err(de::Error::custom)
}

impl File {
    fn text(&self) -> Result<&str, CompileError> {
        std::str::from_utf8(&self.data)
            .map_err(|error| self.format(error.valid_up_to(), "text that is not UTF-8"))
    }

    fn csv(&self, has_headers: bool) -> csv::Reader<&[u8]> {
        csv::ReaderBuilder::new().has_headers(has_headers).from_reader(self.data.as_slice())
    }

    fn bad_csv(&self, source: csv::Error) -> CompileError {
        CompileError::Csv { path: self.path.clone(), source }
    }

    fn line(&self, row: &csv::StringRecord, what: &'static str) -> CompileError {
        let line = row.position().map_or(0, csv::Position::line);
        CompileError::Line { path: self.path.clone(), line, what }
    }

    fn format(&self, byte: usize, what: &'static str) -> CompileError {
        CompileError::Format { path: self.path.clone(), byte, what }
    }
}

#[cfg(test)]
mod tests;
