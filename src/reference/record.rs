//! One record of a merchant's MaxMind-format file, in either schema, and how records add up.
//!
//! The nested schema (`country.iso_code`, `traits.isp`) and the flat one (`country_code`, `isp`) are
//! read alike, by the keys they use. A record that can't be decoded says nothing about its address; it
//! is never an error of the request. Text is borrowed from the file.
//!
//! **Precedence.** Of several files the first that states a fact wins, and facts that belong together
//! (coordinates; system and organisation; confidence, service and day) come from one file. What no file
//! states falls back to the bundled tables: unknown overrules nothing. Flags are the one case where
//! silence speaks: their files hold only what is true, so in a file *made* of flags a missing flag, or a
//! missing address, means "not so" ([`Denied`]). Such a silent no overrules the bundled tables, but not
//! another file that says yes.

use super::ip::{IpFacts, Location};
use crate::domain::Country;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Coordinates of a record without a city count as city coordinates up to this accuracy; beyond it
/// they are the middle of a country or region.
const CITY_KM: u16 = 100;

/// What one record says; what it doesn't is `None`.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct GeoRecord<'f> {
    pub(super) country: Option<Country>,
    pub(super) asn: Option<u32>,
    pub(super) organisation: Option<&'f str>,
    denied: Denied,
    city: Option<&'f str>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    accuracy_km: Option<u16>,
    time_zone: Option<&'f str>,
    postal_code: Option<&'f str>,
    isp: Option<&'f str>,
    user_type: Option<&'f str>,
    connection_type: Option<&'f str>,
    hosting: Option<bool>,
    cdn: Option<bool>,
    vpn: Option<bool>,
    tor: Option<bool>,
    bot: Option<bool>,
    proxy: Option<bool>,
    residential_proxy: Option<bool>,
    confidence: Option<u8>,
    service: Option<&'f str>,
    last_seen: Option<&'f str>,
    risk: Option<f64>,
}

/// Flags a file denies by its silence.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Denied {
    /// Hosting.
    pub(super) hosting: bool,
    /// VPN, Tor and any proxy.
    pub(super) anonymizers: bool,
    /// Residential proxy alone.
    pub(super) residential: bool,
}

impl Denied {
    /// Every flag of a file made of flags.
    pub(super) const ALL: Self = Self { hosting: true, anonymizers: true, residential: true };

    fn or(self, other: Self) -> Self {
        Self {
            hosting: self.hosting || other.hosting,
            anonymizers: self.anonymizers || other.anonymizers,
            residential: self.residential || other.residential,
        }
    }
}

impl<'f> GeoRecord<'f> {
    /// Nothing but a silent no.
    pub(super) fn denying(denied: Denied) -> Self {
        Self { denied, ..Self::default() }
    }

    /// Takes over what `other` knows and this record doesn't.
    pub(super) fn fill(&mut self, other: Self) {
        if self.latitude.is_none() {
            (self.latitude, self.longitude) = (other.latitude, other.longitude);
            self.accuracy_km = other.accuracy_km;
        }
        if self.asn.is_none() {
            (self.asn, self.organisation) = (other.asn, other.organisation.or(self.organisation));
        }
        if (self.confidence, self.service, self.last_seen) == (None, None, None) {
            (self.confidence, self.service) = (other.confidence, other.service);
            self.last_seen = other.last_seen;
        }
        self.country = self.country.or(other.country);
        self.city = self.city.or(other.city);
        self.time_zone = self.time_zone.or(other.time_zone);
        self.postal_code = self.postal_code.or(other.postal_code);
        self.organisation = self.organisation.or(other.organisation);
        self.isp = self.isp.or(other.isp);
        self.user_type = self.user_type.or(other.user_type);
        self.connection_type = self.connection_type.or(other.connection_type);
        self.hosting = self.hosting.or(other.hosting);
        self.cdn = self.cdn.or(other.cdn);
        self.vpn = self.vpn.or(other.vpn);
        self.tor = self.tor.or(other.tor);
        self.bot = self.bot.or(other.bot);
        self.proxy = self.proxy.or(other.proxy);
        self.residential_proxy = self.residential_proxy.or(other.residential_proxy);
        self.risk = self.risk.or(other.risk);
        self.denied = self.denied.or(other.denied);
    }

    /// The same with what the file denies by its silence.
    pub(super) fn deny(&mut self, denied: Denied) {
        self.denied = denied;
    }

    /// Says the address is a residential proxy: the record of a file of nothing else.
    pub(super) fn set_residential_proxy(&mut self) {
        (self.proxy, self.residential_proxy) = (Some(true), Some(true));
    }

    /// Overrules the facts of the bundled tables, country and system apart.
    pub(super) fn overrule(self, facts: &mut IpFacts<'f>) {
        let anonymizers = self.denied.anonymizers.then_some(false);
        let residential = self.denied.residential.then_some(false);
        facts.city = self.city;
        facts.location = self.location();
        facts.time_zone = self.time_zone;
        facts.postal_code = self.postal_code;
        facts.isp = self.isp;
        facts.user_type = self.user_type;
        facts.connection_type = self.connection_type;
        let no_hosting = self.denied.hosting.then_some(false);
        facts.hosting = self.hosting.or(no_hosting).or(facts.hosting);
        facts.cdn = self.cdn.or(facts.cdn);
        facts.vpn = self.vpn.or(anonymizers).or(facts.vpn);
        facts.tor = self.tor.or(anonymizers).or(facts.tor);
        facts.bot = self.bot.or(facts.bot);
        facts.proxy = self.proxy.or(anonymizers);
        facts.residential_proxy = self.residential_proxy.or(anonymizers).or(residential);
        facts.anonymizer_confidence = self.confidence;
        facts.anonymizer = self.service;
        facts.anonymizer_last_seen = self.last_seen;
        facts.ip_risk = self.risk;
    }

    fn location(&self) -> Option<Location> {
        let (latitude, longitude) = (self.latitude?, self.longitude?);
        let near = self.city.is_some() || self.accuracy_km.is_some_and(|km| km <= CITY_KM);
        near.then_some(Location { latitude, longitude, accuracy_km: self.accuracy_km })
    }

    /// Makes sense of what was read one by one: coordinates come in pairs and on the globe, and who
    /// uses an address tells what it is.
    fn settle(&mut self) {
        let on_globe = self.latitude.zip(self.longitude).is_some_and(|(latitude, longitude)| {
            (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)
        });
        if !on_globe {
            (self.latitude, self.longitude, self.accuracy_km) = (None, None, None);
        }
        match self.user_type {
            Some("hosting") => self.hosting = self.hosting.or(Some(true)),
            Some("content_delivery_network") => self.cdn = Some(true),
            Some("search_engine_spider") => self.bot = Some(true),
            Some("residential" | "cellular") => self.denied.hosting = true,
            _ => {}
        }
    }

    /// Takes over a text at the end of `path`, outermost key first.
    fn text(&mut self, path: [&str; 3], text: &'f str) {
        if text.is_empty() {
            return; // how the flat files write that they don't know
        }
        let fact = match path {
            ["", "country", "iso_code"] | ["", "", "country_code" | "country"] => {
                self.country = self.country.or_else(|| text.parse().ok());
                return;
            }
            ["", "", "asn"] => {
                self.asn = text.trim_start_matches("AS").parse().ok();
                return;
            }
            ["city", "names", "en"] | ["", "", "city"] => &mut self.city,
            ["", "location", "time_zone"] | ["", "", "time_zone" | "timezone"] => {
                &mut self.time_zone
            }
            ["", "postal", "code"] | ["", "", "postal_code" | "postcode"] => &mut self.postal_code,
            ["", "traits" | "anonymizer" | "", key] => match key {
                "autonomous_system_organization" | "as_name" | "as_organization" => {
                    &mut self.organisation
                }
                "isp" => &mut self.isp,
                "user_type" => &mut self.user_type,
                "connection_type" => &mut self.connection_type,
                "provider_name" => &mut self.service,
                "network_last_seen" => &mut self.last_seen,
                _ => return,
            },
            _ => return,
        };
        *fact = Some(text);
    }

    fn number(&mut self, path: [&str; 3], number: f64) {
        match path {
            ["", "location" | "", "latitude"] => self.latitude = Some(number),
            ["", "location" | "", "longitude"] => self.longitude = Some(number),
            ["", "", "ip_risk"] if (0.0..=100.0).contains(&number) => self.risk = Some(number),
            _ => {}
        }
    }

    fn whole(&mut self, path: [&str; 3], number: u64) {
        match path {
            ["", "traits" | "", "autonomous_system_number" | "asn"] => {
                self.asn = u32::try_from(number).ok();
            }
            ["", "location" | "", "accuracy_radius"] => {
                self.accuracy_km = u16::try_from(number).ok();
            }
            ["", "anonymizer" | "traits" | "", "anonymizer_confidence" | "confidence"] => {
                self.confidence = u8::try_from(number).ok().filter(|percent| *percent <= 100);
            }
            _ => {}
        }
    }

    fn flag(&mut self, path: [&str; 3], flag: bool) {
        let ["", "traits" | "anonymizer" | "", key] = path else { return };
        let set = |fact: &mut Option<bool>| *fact = Some(flag || *fact == Some(true));
        match key {
            "is_hosting_provider" => set(&mut self.hosting),
            "is_anycast" => self.cdn = flag.then_some(true),
            "is_anonymous_vpn" => set(&mut self.vpn),
            "is_tor_exit_node" => set(&mut self.tor),
            "is_public_proxy" => set(&mut self.proxy),
            "is_residential_proxy" => {
                set(&mut self.proxy);
                set(&mut self.residential_proxy);
            }
            _ => {}
        }
    }
}

/// Whether a map under this key can hold a fact we read.
fn is_read(key: &str) -> bool {
    matches!(key, "country" | "city" | "names" | "location" | "postal" | "traits" | "anonymizer")
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
        record.settle();
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
