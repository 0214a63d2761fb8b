//! Reference data: what is known about a network address, a card prefix, an e-mail address and a
//! currency before anything about the buyer is known.
//!
//! Seven tables are compiled by `vouch data compile` (see `data/SOURCES.toml`), embedded in the binary
//! and unpacked at start. Any of them may be missing, be replaced from a directory, or be overruled
//! by a MaxMind-format file of the merchant's. A table that is damaged is refused and the bundled one
//! stays: a broken file never replaces a good one.
//!
//! Everything here is immutable after loading and `Sync`; a look-up does no IO, takes no lock and
//! never fails. Missing facts are `None`.

mod agent;
mod asn;
mod bin;
mod country;
mod email;
mod error;
mod geo;
mod ip;
pub mod pan;
mod places;
mod provider;
mod ranges;
mod rates;
mod record;
mod table;

pub mod compile;

pub use agent::{AgentClass, AgentFacts, agent};
pub use bin::{BinFacts, BinTable, Funding};
pub use email::{CanonicalEmail, EmailClass, EmailFacts, canonical};
pub use error::ReferenceError;
pub use ip::{IpFacts, Location, is_reserved};
pub use places::{CountryFacts, Places, Zone, distance_km, least_distance_km};
pub use rates::{MAX_AGE_DAYS, Rate, Rates};
pub use table::Table;

use crate::domain::{DAY_MS, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use table::Columns;

/// The tables, each of which may be missing, and the merchant's files.
#[derive(Default)]
pub struct Reference {
    country: Option<country::CountryTable>,
    asn: Option<asn::AsnTable>,
    provider: Option<provider::ProviderTable>,
    bin: Option<BinTable>,
    email: Option<email::EmailTable>,
    rates: Option<Rates>,
    places: Option<Places>,
    files: Vec<geo::GeoFile>,
    versions: Vec<TableVersion>, // the tables in order, then the files as given
    digest: String,
}

/// Which data a fact came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableVersion {
    /// A table's name, or `mmdb:` and what a MaxMind-format file calls itself.
    pub name: String,
    /// When its data was built, as its publisher says.
    pub built: Timestamp,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
}

/// The file of a table as embedded in the binary.
fn embedded(table: Table) -> &'static [u8] {
    match table {
        Table::Country => include_bytes!("../../data/tables/country.tab"),
        Table::Asn => include_bytes!("../../data/tables/asn.tab"),
        Table::Provider => include_bytes!("../../data/tables/provider.tab"),
        Table::Bin => include_bytes!("../../data/tables/bin.tab"),
        Table::Email => include_bytes!("../../data/tables/email.tab"),
        Table::Rates => include_bytes!("../../data/tables/rates.tab"),
        Table::Places => include_bytes!("../../data/tables/places.tab"),
    }
}

impl Reference {
    /// No table at all: every fact is missing.
    pub fn empty() -> Self {
        Self::default().sealed()
    }

    /// The tables embedded in the binary. Takes some tens of milliseconds; keep the result.
    ///
    /// # Errors
    /// An embedded table is damaged, which a test excludes.
    pub fn bundled() -> Result<Self, ReferenceError> {
        let mut reference = Self::empty();
        for table in Table::ALL {
            let file = format!("bundled {}", table.file_name());
            reference.add_table(table, &file, embedded(table))?;
        }
        Ok(reference.sealed())
    }

    /// The bundled tables, those of the directory `tables` in their place, and the MaxMind-format
    /// files `files` above them, the first of which wins.
    ///
    /// What can't be used is returned beside, and what was there before it stays.
    pub fn load(tables: Option<&Path>, files: &[PathBuf]) -> (Self, Vec<ReferenceError>) {
        let mut reference = Self::empty();
        let mut refused = Vec::new();
        for table in Table::ALL {
            let file = format!("bundled {}", table.file_name());
            refused.extend(reference.add_table(table, &file, embedded(table)).err());
            if let Some(path) = tables.map(|dir| dir.join(table.file_name())) {
                refused.extend(reference.replace_table(table, &path).err());
            }
        }
        for path in files {
            refused.extend(reference.add_file(path).err());
        }
        (reference.sealed(), refused)
    }

    /// The same without one table.
    #[must_use]
    pub fn without(mut self, table: Table) -> Self {
        match table {
            Table::Country => self.country = None,
            Table::Asn => self.asn = None,
            Table::Provider => self.provider = None,
            Table::Bin => self.bin = None,
            Table::Email => self.email = None,
            Table::Rates => self.rates = None,
            Table::Places => self.places = None,
        }
        self.versions.retain(|version| version.name != table.name());
        self.sealed()
    }

    fn sealed(mut self) -> Self {
        let line = |version: &TableVersion| format!("{} {}\n", version.name, version.sha256);
        self.digest = sha256_hex(self.versions.iter().map(line).collect::<String>().as_bytes());
        self
    }

    fn replace_table(&mut self, table: Table, path: &Path) -> Result<(), ReferenceError> {
        match std::fs::read(path) {
            Ok(data) => self.add_table(table, &path.display().to_string(), &data),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(ReferenceError::Read { path: path.to_owned(), source }),
        }
    }

    fn add_table(&mut self, table: Table, file: &str, data: &[u8]) -> Result<(), ReferenceError> {
        let columns = Columns::open(table, file, data)?;
        let built = Timestamp::from_millis(i64::from(columns.built_day) * DAY_MS);
        match table {
            Table::Country => self.country = Some(country::CountryTable::read(columns)?),
            Table::Asn => self.asn = Some(asn::AsnTable::read(columns)?),
            Table::Provider => self.provider = Some(provider::ProviderTable::read(columns)?),
            Table::Bin => self.bin = Some(BinTable::read(columns)?),
            Table::Email => self.email = Some(email::EmailTable::read(columns)?),
            Table::Rates => self.rates = Some(Rates::read(columns)?),
            Table::Places => self.places = Some(Places::read(columns)?),
        }
        self.versions.retain(|version| version.name != table.name());
        let version =
            TableVersion { name: table.name().to_owned(), built, sha256: sha256_hex(data) };
        self.versions.push(version);
        Ok(())
    }

    fn add_file(&mut self, path: &Path) -> Result<(), ReferenceError> {
        let data = std::fs::read(path)
            .map_err(|source| ReferenceError::Read { path: path.to_owned(), source })?;
        let sha256 = sha256_hex(&data);
        let file = geo::GeoFile::open(path, data)?;
        let version =
            TableVersion { name: format!("mmdb:{}", file.kind()), built: file.built(), sha256 };
        self.versions.push(version);
        self.files.push(file);
        Ok(())
    }

    /// Facts about a network address.
    pub fn ip(&self, ip: IpAddr) -> IpFacts<'_> {
        let tables = ip::IpTables {
            country: self.country.as_ref(),
            asn: self.asn.as_ref(),
            provider: self.provider.as_ref(),
            files: &self.files,
        };
        tables.facts(ip)
    }

    /// Facts about a card prefix of six to eight digits; see [`BinTable::get`].
    pub fn bin(&self, digits: &str) -> Option<BinFacts<'_>> {
        self.bin.as_ref()?.get(digits)
    }

    /// The table of card prefixes, for [`pan::find`].
    pub fn bins(&self) -> Option<&BinTable> {
        self.bin.as_ref()
    }

    /// Facts about an e-mail address.
    pub fn email(&self, address: &str) -> EmailFacts {
        email::facts(self.email.as_ref(), address)
    }

    /// The exchange rates.
    pub fn rates(&self) -> Option<&Rates> {
        self.rates.as_ref()
    }

    /// Facts of countries, time zones and calling codes.
    pub fn places(&self) -> Option<&Places> {
        self.places.as_ref()
    }

    /// The tables that are missing, in the order of [`Table::ALL`].
    pub fn missing(&self) -> Vec<&'static str> {
        let present = |table: Table| self.versions.iter().any(|v| v.name == table.name());
        Table::ALL.into_iter().filter(|table| !present(*table)).map(Table::name).collect()
    }

    /// What the facts come from: the tables that are present, then the merchant's files.
    pub fn versions(&self) -> &[TableVersion] {
        &self.versions
    }

    /// One SHA-256 over the names and digests of all versions, hexadecimal. Equal digests give equal
    /// facts.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reference").field("versions", &self.versions).finish_non_exhaustive()
    }
}

fn sha256_hex(data: &[u8]) -> String {
    let digest = Sha256::digest(data);
    digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests;
