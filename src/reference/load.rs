//! Loading, and loading again while the old data is in use.
//!
//! Each table and each file stands on its own: what is good takes its place, what is broken is
//! refused and what was there before it goes on. A table that has vanished from the directory gives
//! its place back to the bundled one; a merchant's file that has vanished stays loaded, as its name in
//! the configuration says that it is wanted.

use super::contents::{self, Stamp};
use super::error::ReferenceError;
use super::geo::GeoFile;
use super::table::Table;
use super::{Reference, TableVersion, embedded};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where reference data comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReferenceFiles {
    /// A directory of compiled tables that replace the bundled ones of the same name.
    pub tables: Option<PathBuf>,
    /// MaxMind-format files above the tables; of two that state a fact, the first wins.
    pub files: Vec<PathBuf>,
    /// Where large files are copied to and mapped from; absent: the system's directory for temporary
    /// files.
    pub copies: Option<PathBuf>,
}

/// How one table or file fared.
#[derive(Debug)]
pub struct Part {
    /// A table's name, or the name of a file without its directory.
    pub name: String,
    /// What became of it.
    pub change: Change,
}

/// What became of a part.
#[derive(Debug)]
pub enum Change {
    /// As it was.
    Same,
    /// Taken into use.
    Replaced,
    /// Not usable: what was there before goes on.
    Refused(ReferenceError),
}

impl Reference {
    /// Loads the bundled tables, those of the directory in their place, and the files above them.
    ///
    /// What can't be used is returned beside, and what was there before it stays.
    pub fn load(from: &ReferenceFiles) -> (Self, Vec<ReferenceError>) {
        let (loaded, parts) = Self::default().again(from);
        let refused = parts.into_iter().filter_map(|part| match part.change {
            Change::Refused(error) => Some(error),
            Change::Same | Change::Replaced => None,
        });
        (loaded.unwrap_or_else(Self::empty), refused.collect())
    }

    /// Reads everything again; `None` where nothing is to be replaced. What has not changed is shared
    /// with this one, and a file whose stamp has not changed is not read.
    pub fn again(&self, from: &ReferenceFiles) -> (Option<Self>, Vec<Part>) {
        let mut next = Self::default();
        let mut parts = Vec::new();
        for table in Table::ALL {
            let change = next.choose_table(self, table, from.tables.as_deref());
            parts.push(Part { name: table.name().to_owned(), change });
        }
        for path in &from.files {
            let change = next.choose_file(self, path, from.copies.as_deref());
            parts.push(Part { name: file_name(path), change });
        }
        let replaced = parts.iter().any(|part| matches!(part.change, Change::Replaced));
        // A first load has nothing that could go on: the bundled table takes a refused one's place.
        let gained = Table::ALL.into_iter().any(|table| next.has(table) && !self.has(table));
        if !replaced && !gained && next.files.len() == self.files.len() {
            return (None, parts);
        }
        let versions: Vec<_> = next.files.iter().map(|file| file.version()).collect();
        next.versions.extend(versions);
        (Some(next.sealed()), parts)
    }

    /// Takes `table` from the directory if it is new and good, else as it is in use.
    fn choose_table(&mut self, old: &Self, table: Table, dir: Option<&Path>) -> Change {
        let path = dir.map(|dir| dir.join(table.file_name()));
        let found = path.as_deref().map_or(Ok(None), read_table);
        let in_use = old.replaced.get(&table);
        let change = match (found, in_use) {
            (Err(error), _) => Change::Refused(error),
            (Ok(None), None) if old.has(table) => Change::Same,
            (Ok(Some(found)), Some(in_use)) if *found == **in_use => Change::Same,
            (Ok(found), _) => match self.unpack(table, path.as_deref(), found) {
                Ok(()) => return Change::Replaced,
                Err(error) => Change::Refused(error),
            },
        };
        if old.has(table) {
            self.share(old, table);
        } else if let Err(error) = self.unpack(table, None, None) {
            return Change::Refused(error);
        }
        change
    }

    /// Unpacks the bytes `found` at `path`, or the bundled ones.
    fn unpack(
        &mut self,
        table: Table,
        path: Option<&Path>,
        found: Option<Vec<u8>>,
    ) -> Result<(), ReferenceError> {
        let (Some(path), Some(found)) = (path, found) else {
            return self.add_table(
                table,
                &format!("bundled {}", table.file_name()),
                embedded(table),
            );
        };
        self.add_table(table, &path.display().to_string(), &found)?;
        self.replaced.insert(table, found.into());
        Ok(())
    }

    /// Takes the file at `path` into use, or the one in use under that name again.
    fn choose_file(&mut self, old: &Self, path: &Path, copies: Option<&Path>) -> Change {
        let in_use = old.files.iter().find(|file| file.path() == path);
        let stamp = fs::metadata(path).map(|data| Stamp::of(&data));
        if let (Some(file), Ok(stamp)) = (in_use, stamp)
            && file.stamp() == stamp
        {
            self.files.push(Arc::clone(file));
            return Change::Same;
        }
        let opened = contents::read(path, copies, contents::MAP_FROM)
            .and_then(|read| GeoFile::open(path, read));
        match opened {
            Ok(file) => {
                self.files.push(Arc::new(file));
                Change::Replaced
            }
            Err(error) => {
                self.files.extend(in_use.map(Arc::clone));
                Change::Refused(error)
            }
        }
    }
}

fn read_table(path: &Path) -> Result<Option<Vec<u8>>, ReferenceError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReferenceError::Read { path: path.to_owned(), source }),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

impl GeoFile {
    pub(super) fn version(&self) -> TableVersion {
        TableVersion {
            name: format!("mmdb:{}", self.kind()),
            file: Some(file_name(self.path())),
            built: self.built(),
            sha256: self.sha256().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
