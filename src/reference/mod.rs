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
mod contents;
mod country;
mod email;
mod error;
mod geo;
mod ip;
mod load;
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
pub use contents::Stamp;
pub use email::{CanonicalEmail, EmailClass, EmailFacts, canonical};
pub use error::ReferenceError;
pub use ip::{IpFacts, Location, is_reserved};
pub use load::{Change, Part, ReferenceFiles};
pub use places::{CountryFacts, Places, Zone, distance_km, least_distance_km};
pub use rates::{MAX_AGE_DAYS, Rate, Rates};
pub use table::Table;

use crate::domain::{Country, DAY_MS, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use table::Columns;

/// The tables, each of which may be missing, and the merchant's files.
#[derive(Default)]
pub struct Reference {
    country: Option<Arc<country::CountryTable>>,
    asn: Option<Arc<asn::AsnTable>>,
    provider: Option<Arc<provider::ProviderTable>>,
    bin: Option<Arc<BinTable>>,
    email: Option<Arc<email::EmailTable>>,
    rates: Option<Arc<Rates>>,
    places: Option<Arc<Places>>,
    files: Vec<Arc<geo::GeoFile>>,
    replaced: BTreeMap<Table, Arc<[u8]>>, // bytes of the tables that are not the bundled ones
    versions: Vec<TableVersion>,          // the tables in order, then the files as given
    digest: String,
}

/// Which data a fact came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableVersion {
    /// A table's name, or `mmdb:` and what a MaxMind-format file calls itself.
    pub name: String,
    /// The merchant's file, without its directory; missing for a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
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

impl TableVersion {
    /// Whole days from when the data was built to `now`; 0 for data from the future.
    pub fn age_days(&self, now: Timestamp) -> u64 {
        u64::try_from(now.millis_since(self.built) / DAY_MS).unwrap_or(0)
    }

    /// Whether this is a merchant's file older than `days`; 0 for never. Bundled tables age with the
    /// release, so that nobody is warned of what only an update can change.
    pub fn is_stale(&self, now: Timestamp, days: u32) -> bool {
        self.file.is_some() && days > 0 && self.age_days(now) > u64::from(days)
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

    /// Takes over a table that `other` has unpacked.
    fn share(&mut self, other: &Self, table: Table) {
        match table {
            Table::Country => self.country.clone_from(&other.country),
            Table::Asn => self.asn.clone_from(&other.asn),
            Table::Provider => self.provider.clone_from(&other.provider),
            Table::Bin => self.bin.clone_from(&other.bin),
            Table::Email => self.email.clone_from(&other.email),
            Table::Rates => self.rates.clone_from(&other.rates),
            Table::Places => self.places.clone_from(&other.places),
        }
        if let Some(bytes) = other.replaced.get(&table) {
            self.replaced.insert(table, Arc::clone(bytes));
        }
        let of_table = |version: &&TableVersion| version.name == table.name();
        self.versions.extend(other.versions.iter().filter(of_table).cloned());
    }

    fn has(&self, table: Table) -> bool {
        self.versions.iter().any(|version| version.name == table.name())
    }

    fn add_table(&mut self, table: Table, file: &str, data: &[u8]) -> Result<(), ReferenceError> {
        let columns = Columns::open(table, file, data)?;
        let built = Timestamp::from_millis(i64::from(columns.built_day) * DAY_MS);
        match table {
            Table::Country => self.country = Some(Arc::new(country::CountryTable::read(columns)?)),
            Table::Asn => self.asn = Some(Arc::new(asn::AsnTable::read(columns)?)),
            Table::Provider => {
                self.provider = Some(Arc::new(provider::ProviderTable::read(columns)?));
            }
            Table::Bin => self.bin = Some(Arc::new(BinTable::read(columns)?)),
            Table::Email => self.email = Some(Arc::new(email::EmailTable::read(columns)?)),
            Table::Rates => self.rates = Some(Arc::new(Rates::read(columns)?)),
            Table::Places => self.places = Some(Arc::new(Places::read(columns)?)),
        }
        self.versions.retain(|version| version.name != table.name());
        let (name, sha256) = (table.name().to_owned(), sha256_hex(data));
        self.versions.push(TableVersion { name, file: None, built, sha256 });
        Ok(())
    }

    /// Whether any address can be located: only a merchant's file knows cities.
    pub fn has_places(&self) -> bool {
        !self.files.is_empty()
    }

    /// Facts about a network address.
    pub fn ip(&self, ip: IpAddr) -> IpFacts<'_> {
        self.ip_tables().facts(ip)
    }

    /// The country alone, as [`Reference::ip`] tells it. Cost: one search where no file of the
    /// merchant's is in use.
    #[inline]
    pub fn country(&self, ip: IpAddr) -> Option<Country> {
        if !self.files.is_empty() {
            return self.ip(ip).country;
        }
        let ip = ip.to_canonical();
        if is_reserved(ip) { None } else { self.country.as_ref()?.get(ip) }
    }

    fn ip_tables(&self) -> ip::IpTables<'_> {
        ip::IpTables {
            country: self.country.as_deref(),
            asn: self.asn.as_deref(),
            provider: self.provider.as_deref(),
            files: &self.files,
        }
    }

    /// What each source adds, in the order of precedence: every file of the merchant's by itself, then
    /// each table under all of the files. A fact comes from the first that states it as
    /// [`Reference::ip`] does. For people, not for requests.
    pub fn ip_by_source(&self, ip: IpAddr) -> Vec<(String, IpFacts<'_>)> {
        let all = self.ip_tables();
        let none = ip::IpTables { country: None, asn: None, provider: None, files: &[] };
        let named = |file: &geo::GeoFile| file.version().file.unwrap_or_default();
        let files = self.files.iter().map(|file| {
            let alone = ip::IpTables { files: std::slice::from_ref(file), ..none };
            (named(file), alone.facts(ip))
        });
        let under = ip::IpTables { files: all.files, ..none };
        let tables = [
            (Table::Country, ip::IpTables { country: all.country, ..under }),
            (Table::Asn, ip::IpTables { asn: all.asn, ..under }),
            (Table::Provider, ip::IpTables { provider: all.provider, ..under }),
        ];
        let tables = tables.map(|(table, source)| (table.name().to_owned(), source.facts(ip)));
        files.chain(tables).collect()
    }

    /// Facts about a card prefix of six to eight digits; see [`BinTable::get`].
    pub fn bin(&self, digits: &str) -> Option<BinFacts<'_>> {
        self.bin.as_deref()?.get(digits)
    }

    /// The table of card prefixes, for [`pan::find`].
    pub fn bins(&self) -> Option<&BinTable> {
        self.bin.as_deref()
    }

    /// Facts about an e-mail address.
    pub fn email(&self, address: &str) -> EmailFacts {
        email::facts(self.email.as_deref(), address)
    }

    /// The exchange rates.
    pub fn rates(&self) -> Option<&Rates> {
        self.rates.as_deref()
    }

    /// Facts of countries, time zones and calling codes.
    pub fn places(&self) -> Option<&Places> {
        self.places.as_deref()
    }

    /// The tables that are missing, in the order of [`Table::ALL`].
    pub fn missing(&self) -> Vec<&'static str> {
        Table::ALL.into_iter().filter(|table| !self.has(*table)).map(Table::name).collect()
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
    hex(&Sha256::digest(data))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests;
