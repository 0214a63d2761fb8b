//! A merchant's own MaxMind-format file (`GeoIP2`, `GeoLite2`, DB-IP, `IPinfo`, …) over the bundled tables.
//!
//! A file may hold any of country, city, network, provider and anonymizer facts, for IPv4, IPv6 or
//! both; two files of one family each are given one after the other.
//!
//! The reader's own `verify()` is not asked, since it refuses files that read fine.

use super::contents::{Contents, FileRead, Stamp};
use super::error::ReferenceError;
use super::record::{Denied, GeoRecord};
use crate::domain::Timestamp;
use maxminddb::{Reader, WithinOptions};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// An open file.
pub(super) struct GeoFile {
    path: PathBuf,
    stamp: Stamp,
    sha256: String,
    reader: Reader<Contents>,
    flags: Flags,
    has_v4: bool,
    has_v6: bool,
}

/// What a missing flag or a missing address means in a file, by what its publisher says of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flags {
    /// Nothing: the file is about other things.
    Aside,
    /// Every flag of every address listed, like `GeoIP2-City-Shield`. Addresses that are not listed
    /// are simply unknown.
    OfListed,
    /// Every flag of every address: an address that is not listed has none (`GeoIP2-Anonymous-IP`).
    OfAll,
    /// Each address listed is a residential proxy, and no other is.
    ResidentialProxies,
}

impl Flags {
    fn of_kind(kind: &str) -> Self {
        let kind = kind.to_ascii_lowercase();
        let is = |part: &str| kind.contains(part);
        if is("anonymous-ip") || is("anonymous-plus") {
            Self::OfAll
        } else if is("residential-proxy") {
            Self::ResidentialProxies
        } else if is("shield") || is("ip-risk") {
            Self::OfListed
        } else {
            Self::Aside
        }
    }
}

impl GeoFile {
    /// Opens what was read from `path`.
    pub(super) fn open(path: &Path, read: FileRead) -> Result<Self, ReferenceError> {
        let path = path.to_owned();
        let FileRead { contents, sha256, stamp } = read;
        let reader = match Reader::from_source(contents) {
            Ok(reader) => reader,
            Err(source) => return Err(ReferenceError::MaxMind { path, source }),
        };
        let flags = Flags::of_kind(&reader.metadata().database_type);
        let (has_v4, has_v6) = (has_any(&reader, "0.0.0.0/0"), has_any(&reader, "2000::/3"));
        Ok(Self { path, stamp, sha256, reader, flags, has_v4, has_v6 })
    }

    /// Where it was read from.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The state of the file there when it was read.
    pub(super) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// SHA-256 of its bytes, hexadecimal.
    pub(super) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// What the file calls itself, like `GeoLite2-City`.
    pub(super) fn kind(&self) -> &str {
        &self.reader.metadata().database_type
    }

    /// When the file was built.
    pub(super) fn built(&self) -> Timestamp {
        let seconds = i64::try_from(self.reader.metadata().build_epoch).unwrap_or(i64::MAX);
        Timestamp::from_millis(seconds.saturating_mul(1000))
    }

    /// What the file says of `ip`; nothing where it has no record, or none that can be decoded.
    pub(super) fn get(&self, ip: IpAddr) -> GeoRecord<'_> {
        let found = self.reader.lookup(ip).and_then(|found| found.decode::<GeoRecord<'_>>());
        match (found, self.flags) {
            (Ok(Some(mut record)), flags) => {
                match flags {
                    Flags::Aside => {}
                    Flags::OfListed | Flags::OfAll => record.deny(Denied::ALL),
                    Flags::ResidentialProxies => record.set_residential_proxy(),
                }
                record
            }
            // Half of a pair of files says nothing about the other family.
            (Ok(None), flags) if if ip.is_ipv4() { self.has_v4 } else { self.has_v6 } => {
                let denied = match flags {
                    Flags::OfAll => Denied::ALL,
                    Flags::ResidentialProxies => Denied { residential: true, ..Denied::default() },
                    Flags::Aside | Flags::OfListed => Denied::default(),
                };
                GeoRecord::denying(denied)
            }
            _ => GeoRecord::default(),
        }
    }
}

/// Whether a file has any record in `network`.
fn has_any(reader: &Reader<Contents>, network: &str) -> bool {
    let Ok(network) = network.parse() else { return false };
    reader
        .within(network, WithinOptions::default())
        .is_ok_and(|mut found| matches!(found.next(), Some(Ok(_))))
}
