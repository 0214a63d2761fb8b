//! A merchant's own MaxMind-format file (`GeoIP2`, `GeoLite2`, DB-IP, `IPinfo`, …) over the bundled tables.
//!
//! The nested schema (`country.iso_code`) and the flat one (`country_code`) are read alike, and a
//! file may hold any of country, city, network and anonymous-IP facts. The file is read into memory:
//! a mapped one would need `unsafe` and must never be written to in place.
//!
//! The reader's own `verify()` is not asked, since it refuses files that read fine. A record that
//! can't be decoded says nothing about its address; it is never an error of the request.

use super::error::ReferenceError;
use crate::domain::{Country, Timestamp};
use maxminddb::Reader;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::net::IpAddr;
use std::path::Path;

/// An open file.
pub(super) struct GeoFile {
    reader: Reader<Vec<u8>>,
}

/// What one record says; what it doesn't is `None`.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct GeoRecord<'f> {
    pub(super) country: Option<Country>,
    pub(super) city: Option<&'f str>,
    pub(super) latitude: Option<f64>,
    pub(super) longitude: Option<f64>,
    pub(super) asn: Option<u32>,
    pub(super) organisation: Option<&'f str>,
    pub(super) hosting: Option<bool>,
    pub(super) vpn: Option<bool>,
    pub(super) tor: Option<bool>,
    pub(super) proxy: Option<bool>,
}

impl GeoFile {
    pub(super) fn open(path: &Path, data: Vec<u8>) -> Result<Self, ReferenceError> {
        let reader = Reader::from_source(data);
        reader
            .map(|reader| Self { reader })
            .map_err(|source| ReferenceError::MaxMind { path: path.to_owned(), source })
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

    /// The record of `ip`; empty where there is none, or none that can be decoded.
    pub(super) fn get(&self, ip: IpAddr) -> GeoRecord<'_> {
        let decoded = self.reader.lookup(ip).and_then(|found| found.decode::<GeoRecord<'_>>());
        decoded.ok().flatten().unwrap_or_default()
    }
}

impl<'f> GeoRecord<'f> {
    /// Takes over what `other` knows and this record doesn't. Coordinates come in pairs.
    pub(super) fn fill(&mut self, other: Self) {
        if self.latitude.is_none() || self.longitude.is_none() {
            (self.latitude, self.longitude) = (other.latitude, other.longitude);
        }
        if self.asn.is_none() {
            (self.asn, self.organisation) = (other.asn, other.organisation.or(self.organisation));
        }
        self.country = self.country.or(other.country);
        self.city = self.city.or(other.city);
        self.organisation = self.organisation.or(other.organisation);
        self.hosting = self.hosting.or(other.hosting);
        self.vpn = self.vpn.or(other.vpn);
        self.tor = self.tor.or(other.tor);
        self.proxy = self.proxy.or(other.proxy);
    }

    /// Takes over a text at the end of `path`, outermost key first.
    fn text(&mut self, path: [&str; 3], text: &'f str) {
        match path {
            ["", "country", "iso_code"] | ["", "", "country_code" | "country"] => {
                self.country = self.country.or_else(|| text.parse().ok());
            }
            ["city", "names", "en"] | ["", "", "city"] => self.city = Some(text),
            [
                "",
                "traits" | "",
                "autonomous_system_organization" | "as_name" | "as_organization",
            ] => {
                self.organisation = Some(text);
            }
            ["", "", "asn"] => self.asn = text.trim_start_matches("AS").parse().ok(),
            _ => {}
        }
    }

    fn number(&mut self, path: [&str; 3], number: f64) {
        match path {
            ["", "location" | "", "latitude"] => self.latitude = Some(number),
            ["", "location" | "", "longitude"] => self.longitude = Some(number),
            _ => {}
        }
    }

    fn whole(&mut self, path: [&str; 3], number: u64) {
        if let ["", "traits" | "", "autonomous_system_number" | "asn"] = path {
            self.asn = u32::try_from(number).ok();
        }
    }

    fn flag(&mut self, path: [&str; 3], flag: bool) {
        let ["", "traits" | "anonymizer" | "", key] = path else { return };
        let fact = match key {
            "is_hosting_provider" => &mut self.hosting,
            "is_anonymous_vpn" => &mut self.vpn,
            "is_tor_exit_node" => &mut self.tor,
            "is_public_proxy" | "is_residential_proxy" => &mut self.proxy,
            _ => return,
        };
        *fact = Some(flag || *fact == Some(true));
    }
}

/// Whether a map under this key can hold a fact we read.
fn is_read(key: &str) -> bool {
    matches!(key, "country" | "city" | "names" | "location" | "traits" | "anonymizer")
}

/// Walks one value of a record; `path` are the keys to it, outermost first.
struct Walk<'w, 'f> {
    record: &'w mut GeoRecord<'f>,
    path: [&'f str; 3],
}

impl<'de> serde::Deserialize<'de> for GeoRecord<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut record = Self::default();
        Walk { record: &mut record, path: [""; 3] }.deserialize(deserializer)?;
        Ok(record)
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let [outer, middle, inner] = self.path;
        while let Some(key) = map.next_key::<&'de str>()? {
            if outer.is_empty() && (inner.is_empty() || is_read(inner)) {
                map.next_value_seed(Walk {
                    record: &mut *self.record,
                    path: [middle, inner, key],
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.record.text(self.path, text);
        Ok(())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.record.flag(self.path, flag);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.record.whole(self.path, number);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.record.number(self.path, number);
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u128<E>(self, _: u128) -> Result<(), E> {
        Ok(())
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<(), E> {
        Ok(())
    }
}
