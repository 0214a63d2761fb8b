//! The table `places`: facts of countries, the countries of time zones, and calling codes.
//!
//! A country's centre is one point for a whole country, so a distance between two countries is only
//! worth something past both radii: see [`least_distance_km`]. Offsets of time zones are not in the
//! table but in the zone database of the binary (`jiff`), parsed once at loading; a request finds its
//! offset by a binary search.

use super::error::ReferenceError;
use super::table::{Columns, Table, Writer};
use crate::domain::{Country, Currency, Timestamp};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::Serialize;
use std::collections::HashMap;

/// Mean radius of the earth in kilometres (IUGG).
const EARTH_KM: f64 = 6_371.0;

/// Facts of one country.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CountryFacts {
    /// The country.
    pub country: Country,
    /// English name.
    pub name: Box<str>,
    /// Two letters: `AF`, `AN`, `AS`, `EU`, `NA`, `OC`, `SA`.
    pub continent: Box<str>,
    /// Currencies in use, the main one first; none for Antarctica.
    pub currencies: Box<[Currency]>,
    /// Official and widely written languages, ISO 639-1.
    pub languages: Box<[Box<str>]>,
    /// Latitude and longitude of its middle, in degrees.
    pub centre: (f64, f64),
    /// How far from the centre 95 % of the people in its towns live, at least the radius of a disc
    /// of its area.
    pub radius_km: f64,
    /// IANA time zones, one for each offset in use.
    pub time_zones: Box<[Box<str>]>,
}

impl CountryFacts {
    /// Whether one can pay in `currency` there.
    pub fn uses(&self, currency: Currency) -> bool {
        self.currencies.contains(&currency)
    }

    /// Whether `language`, two lower-case letters, is one of the country's.
    pub fn speaks(&self, language: &str) -> bool {
        self.languages.iter().any(|spoken| **spoken == *language)
    }
}

/// Great-circle distance of two points, degrees in, kilometres out.
pub fn distance_km(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (latitude_a, latitude_b) = (from.0.to_radians(), to.0.to_radians());
    let half = |a: f64, b: f64| ((b - a) / 2.0).sin().powi(2);
    let chord = half(latitude_a, latitude_b)
        + latitude_a.cos() * latitude_b.cos() * half(from.1.to_radians(), to.1.to_radians());
    2.0 * EARTH_KM * chord.clamp(0.0, 1.0).sqrt().asin()
}

/// Kilometres that most people of two countries are apart at least: the distance of the centres less
/// both radii, and 0 for neighbours.
pub fn least_distance_km(a: &CountryFacts, b: &CountryFacts) -> f64 {
    if a.country == b.country {
        return 0.0;
    }
    (distance_km(a.centre, b.centre) - a.radius_km - b.radius_km).max(0.0)
}

/// What is known about a time zone.
#[derive(Debug, Clone)]
pub struct Zone {
    rules: Option<TimeZone>, // none for a name the binary's database lacks
    countries: Box<[Country]>,
}

impl Zone {
    /// Countries whose people may have it set, the name's own first; none for `UTC` and the like.
    pub fn countries(&self) -> &[Country] {
        &self.countries
    }

    /// Minutes to add to UTC at `time`.
    pub fn offset_min(&self, time: Timestamp) -> Option<i64> {
        let instant = jiff::Timestamp::from_millisecond(time.millis()).ok()?;
        Some(i64::from(self.rules.as_ref()?.to_offset(instant).seconds()) / 60)
    }
}

/// Countries, time zones and calling codes.
pub struct Places {
    countries: Vec<CountryFacts>, // by `Country::index`
    zones: HashMap<Box<str>, Zone>,
    calling: Vec<(u32, Option<Country>)>, // ascending by prefix
}

/// Digits of the longest calling code that names a country of its own.
const LONGEST_CODE: usize = 7;

impl Places {
    /// Facts of a country.
    pub fn country(&self, country: Country) -> Option<&CountryFacts> {
        self.countries.get(usize::from(country.index()))
    }

    /// A time zone by its IANA name, spelt as in the database; old names are known too.
    pub fn zone(&self, name: &str) -> Option<&Zone> {
        self.zones.get(name)
    }

    /// Offsets in use in a country at `time`, in minutes, each once or more.
    pub fn offsets_min(&self, country: Country, time: Timestamp) -> impl Iterator<Item = i64> {
        let zones = self.country(country).map_or(&[][..], |facts| &facts.time_zones);
        zones.iter().filter_map(move |name| self.zone(name)?.offset_min(time))
    }

    /// The country of a phone number in international form (`+44 20 7183 8750`, `0044…`). None for
    /// national numbers, satellite, toll-free and premium codes. Where territories share a code down
    /// to the last digits (Guadeloupe and Saint-Martin), the largest answers.
    pub fn phone_country(&self, number: &str) -> Option<Country> {
        let mut prefix = 0;
        let mut found = None;
        for (place, digit) in international_digits(number)?.take(LONGEST_CODE).enumerate() {
            if place == 0 && digit == 0 {
                return None;
            }
            prefix = prefix * 10 + digit;
            if let Ok(at) = self.calling.binary_search_by_key(&prefix, |row| row.0) {
                found = self.calling.get(at).and_then(|row| row.1);
            }
        }
        found
    }

    pub(super) fn read(mut columns: Columns) -> Result<Self, ReferenceError> {
        let text = columns.text()?;
        let countries: Option<Vec<CountryFacts>> = text.lines().map(parse_country).collect();
        let countries = countries.filter(|rows| {
            rows.iter().map(|row| row.country).eq(Country::all()) // so that an index finds its row
        });
        let countries = countries
            .ok_or_else(|| columns.malformed("not one good row for each country before"))?;
        let text = columns.text()?;
        let database = TimeZoneDatabase::bundled();
        let zones: Option<HashMap<_, _>> =
            text.lines().map(|line| parse_zone(line, &database)).collect();
        let zones = zones.ok_or_else(|| columns.malformed("a time zone without name before"))?;
        let text = columns.text()?;
        let calling: Option<Vec<_>> = text.lines().map(parse_code).collect();
        let calling = calling.filter(|rows| rows.is_sorted_by(|a, b| a.0 < b.0));
        let calling =
            calling.ok_or_else(|| columns.malformed("calling codes out of order before"))?;
        columns.done()?;
        Ok(Self { countries, zones, calling })
    }
}

/// The digits after `+` or `00`, as far as the number is one; `None` for any other form.
fn international_digits(number: &str) -> Option<impl Iterator<Item = u32>> {
    let number = number.trim();
    let rest = number.strip_prefix('+').or_else(|| number.strip_prefix("00"))?;
    let digits =
        rest.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}'));
    Some(digits.map_while(|c| c.to_digit(10)))
}

/// A country's row before it is written: ten columns, lists by commas.
pub(super) fn country_line(facts: &CountryFacts) -> String {
    let currencies: Vec<String> = facts.currencies.iter().map(ToString::to_string).collect();
    let (latitude, longitude) = facts.centre;
    format!(
        "{}\t{}\t{}\t{}\t{}\t{latitude}\t{longitude}\t{}\t{}",
        facts.country,
        facts.name,
        facts.continent,
        currencies.join(","),
        facts.languages.join(","),
        facts.radius_km,
        facts.time_zones.join(","),
    )
}

fn parse_country(line: &str) -> Option<CountryFacts> {
    let mut columns = line.split('\t');
    let mut column = || columns.next();
    let list = |text: &str| -> Box<[Box<str>]> {
        text.split(',').filter(|item| !item.is_empty()).map(Box::from).collect()
    };
    Some(CountryFacts {
        country: column()?.parse().ok()?,
        name: column()?.into(),
        continent: column()?.into(),
        currencies: list(column()?).iter().map(|code| code.parse().ok()).collect::<Option<_>>()?,
        languages: list(column()?),
        centre: (column()?.parse().ok()?, column()?.parse().ok()?),
        radius_km: column()?.parse().ok().filter(|radius: &f64| radius.is_finite())?,
        time_zones: list(column()?),
    })
}

/// `name countries`, the countries by commas.
fn parse_zone(line: &str, database: &TimeZoneDatabase) -> Option<(Box<str>, Zone)> {
    let (name, countries) = line.split_once('\t')?;
    let listed = countries.split(',').filter(|code| !code.is_empty());
    let countries = listed.map(|code| code.parse().ok()).collect::<Option<_>>()?;
    Some((name.into(), Zone { rules: database.get(name).ok(), countries }))
}

/// `prefix country`, the country empty for services of no country.
fn parse_code(line: &str) -> Option<(u32, Option<Country>)> {
    let (prefix, country) = line.split_once('\t')?;
    let country = if country.is_empty() { None } else { Some(country.parse().ok()?) };
    Some((prefix.parse().ok()?, country))
}

/// The content of the table: rows of countries in code order, zones by name, codes ascending.
pub(super) struct PlaceRows {
    pub(super) countries: Vec<CountryFacts>,
    pub(super) zones: Vec<(String, Vec<Country>)>,
    pub(super) calling: Vec<(u32, Option<Country>)>,
}

/// Writes the table.
pub(super) fn write(built_day: u32, rows: &PlaceRows) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new(Table::Places, built_day);
    let countries: Vec<String> = rows.countries.iter().map(country_line).collect();
    writer.texts(countries.iter().map(String::as_str));
    let zone = |(name, countries): &(String, Vec<Country>)| {
        let codes: Vec<&str> = countries.iter().map(Country::code).collect();
        format!("{name}\t{}", codes.join(","))
    };
    let zones: Vec<String> = rows.zones.iter().map(zone).collect();
    writer.texts(zones.iter().map(String::as_str));
    let code = |(prefix, country): &(u32, Option<Country>)| {
        format!("{prefix}\t{}", country.as_ref().map_or("", Country::code))
    };
    let codes: Vec<String> = rows.calling.iter().map(code).collect();
    writer.texts(codes.iter().map(String::as_str));
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::super::tests::bundled;
    use super::*;

    fn places() -> &'static Places {
        bundled().places().unwrap()
    }

    fn country(code: &str) -> &'static CountryFacts {
        places().country(code.parse().unwrap()).unwrap()
    }

    #[test]
    fn every_country_has_facts() {
        for code in Country::all() {
            let facts = places().country(code).unwrap();
            assert_eq!(facts.country, code);
            assert!(!facts.name.is_empty() && facts.continent.len() == 2, "{code}");
            assert!(!facts.currencies.is_empty() || code.code() == "AQ", "{code}");
            assert!((-90.0..=90.0).contains(&facts.centre.0), "{code}");
            assert!((0.0..5_000.0).contains(&facts.radius_km), "{code}: {}", facts.radius_km);
            let no_zone = facts.time_zones.is_empty() && !matches!(code.code(), "BV" | "HM");
            assert!(!no_zone, "{code}");
        }
        let switzerland = country("CH");
        assert!(switzerland.uses("CHF".parse().unwrap()) && !switzerland.uses(Currency::EUR));
        assert!(switzerland.speaks("fr") && !switzerland.speaks("en"));
        assert!(country("BG").uses(Currency::EUR));
    }

    #[test]
    fn a_distance_of_countries_is_past_their_radii() {
        let london = (51.507, -0.128);
        let km = distance_km(london, (48.857, 2.352)); // Paris
        assert!((343.0..345.0).contains(&km), "{km}");
        assert!(distance_km(london, london) < 1e-9);
        let km = distance_km((0.0, 0.0), (0.0, 180.0));
        assert!((km - std::f64::consts::PI * EARTH_KM).abs() < 1e-6, "{km}");
        let least = |a, b| least_distance_km(country(a), country(b));
        assert!(least("DE", "FR") < 1.0 && least("US", "US") < 1.0);
        assert!((7_000.0..9_500.0).contains(&least("GB", "VN")), "{}", least("GB", "VN"));
    }

    #[test]
    fn offsets_follow_the_season() {
        let at = |zone: &str, time: &str| {
            places().zone(zone).and_then(|zone| zone.offset_min(time.parse().unwrap()))
        };
        assert_eq!(at("Europe/London", "2026-01-15T12:00:00Z"), Some(0));
        assert_eq!(at("Europe/London", "2026-07-15T12:00:00Z"), Some(60));
        assert_eq!(at("Asia/Kolkata", "2026-07-15T12:00:00Z"), Some(330));
        assert_eq!(at("Asia/Calcutta", "2026-07-15T12:00:00Z"), Some(330));
        assert_eq!(at("America/New_York", "2090-07-15T12:00:00Z"), Some(-240));
        assert_eq!(at("Etc/UTC", "2026-07-15T12:00:00Z"), Some(0));
        assert_eq!(at("Mars/Olympus", "2026-07-15T12:00:00Z"), None);
        let countries = |zone: &str| -> Vec<String> {
            places().zone(zone).unwrap().countries().iter().map(ToString::to_string).collect()
        };
        assert_eq!(countries("Europe/London"), ["GB", "GG", "IM", "JE"]);
        assert_eq!(countries("Europe/Stockholm"), ["SE"]);
        assert_eq!(countries("Asia/Calcutta"), ["IN"]);
        for placeless in ["UTC", "Etc/GMT+5", "CET", "EST"] {
            assert!(countries(placeless).is_empty(), "{placeless}");
        }
        let unknown: Vec<_> = places().zones.iter().filter(|zone| zone.1.rules.is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn a_phone_number_names_its_country() {
        for (number, expected) in [
            ("+44 20 7183 8750", "GB"),
            ("+442071838750", "GB"),
            ("0044 1534 440088", "JE"),
            ("+44 7700 300123", "JE"),
            ("+44 7700 000123", "GB"),
            ("+44 7911 123456", "GG"),
            ("+44 7911 223456", "GB"),
            ("+44 (0)1481 960 194", "GB"), // a trunk zero inside: only the country code is sure
            ("+1 212 555 0100", "US"),
            ("+1-416-555-0100", "CA"),
            ("+1 (876) 555-0100", "JM"),
            ("+1.787.555.0100", "PR"),
            ("+1 242 555 0100", "BS"),
            ("+7 495 123 45 67", "RU"),
            ("+7 701 123 4567", "KZ"),
            ("+39 06 698 12345", "VA"),
            ("+39 02 1234567", "IT"),
            ("+358 18 123456", "AX"),
            ("+262 269 61 12 34", "YT"),
            ("+383 44 123 456", "XK"),
            ("+599 9 461 1234", "CW"),
            ("+84 24 1234 5678", "VN"),
        ] {
            let found = places().phone_country(number).map(|country| country.to_string());
            assert_eq!(found.as_deref(), Some(expected), "{number}");
        }
        for none in ["", "+", "020 7183 8750", "+1 800 555 0100", "+870 773 111 632", "+0", "tel"] {
            assert_eq!(places().phone_country(none), None, "{none}");
        }
    }
}
