//! What the device and the phone say about a place: time zone, language, calling code.
//!
//! The clock on the wall is the device's own: its time zone's offset at the event, summer time
//! included. Without one, a reliable country with a single offset will do.

use super::agreement::country;
use crate::domain::{Country, DAY_MS, HOUR_MS, MINUTE_MS, Timestamp, Transaction};
use crate::features::{Record, Value, fields as f};
use crate::reference::{CountryFacts, Places, Reference, Zone};

/// Languages of one header that are read.
const MAX_LANGUAGES: usize = 10;

/// What the comparisons need beside the record.
pub(super) struct Locale<'t> {
    pub(super) places: Option<&'t Places>,
    pub(super) zone: Option<&'t Zone>,
    /// Minutes to add to UTC at the device.
    pub(super) offset_min: Option<i64>,
    pub(super) languages: Vec<Language<'t>>,
    pub(super) event_time: Timestamp,
}

/// One accepted language, `en-GB`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Language<'t> {
    tag: &'t str,
    region: Option<Country>,
}

impl Language<'_> {
    fn is(self, language: &str) -> bool {
        self.tag.eq_ignore_ascii_case(language)
    }

    /// Norwegian and Hebrew, Indonesian and Filipino have two names.
    fn is_spoken_in(self, facts: &CountryFacts) -> bool {
        let other = match self.tag {
            "nb" | "nn" => "no",
            "iw" => "he",
            "in" => "id",
            "fil" => "tl",
            tag => tag,
        };
        facts.languages.iter().any(|spoken| self.is(spoken) || **spoken == *other)
    }
}

/// Reads zone, language and phone into the record and keeps what comparing needs.
pub(super) fn read<'t>(
    tx: &'t Transaction,
    reference: &'t Reference,
    record: &mut Record,
) -> Locale<'t> {
    let places = reference.places();
    let device = tx.device.as_ref();
    let languages = device.and_then(|device| device.accept_language.as_ref());
    let languages = languages.map(|text| accepted(text.as_str())).unwrap_or_default();
    let primary = languages.first().map(|language| language.tag.to_ascii_lowercase());
    record.set(f::LANGUAGE_PRIMARY, primary.as_deref());
    record.set(f::LANGUAGE_COUNTRY, languages.iter().find_map(|language| language.region));

    let name = device.and_then(|device| device.timezone.as_ref());
    let zone = name.zip(places).and_then(|(name, places)| places.zone(name.as_str()));
    record.set(f::TIMEZONE_COUNTRY, zone.and_then(|zone| zone.countries().first().copied()));
    record.set(f::TIMEZONE_PLACELESS, zone.map(|zone| zone.countries().is_empty()));

    let phone = tx.account.as_ref().and_then(|account| account.phone.as_ref());
    let phone = phone.zip(places).and_then(|(phone, places)| places.phone_country(phone.as_str()));
    record.set(f::PHONE_COUNTRY, phone);

    let offset_min = zone.and_then(|zone| zone.offset_min(tx.event_time));
    let locale = Locale { places, zone, offset_min, languages, event_time: tx.event_time };
    if let Some(offset) = locale.offset_min.or_else(|| locale.offset_of_address(record)) {
        clock(tx.event_time, offset, record);
    }
    locale
}

impl Locale<'_> {
    /// The one offset in use where the address is; `None` where there are several.
    fn offset_of_address(&self, record: &Record) -> Option<i64> {
        let reliable = record.get(f::IP_COUNTRY_RELIABLE) == &Value::Bool(true);
        let country = country(record, f::IP_COUNTRY).filter(|_| reliable)?;
        let mut offsets = self.places?.offsets_min(country, self.event_time);
        let first = offsets.next()?;
        offsets.all(|offset| offset == first).then_some(first)
    }

    /// Whether an accepted language or region belongs to a country. English is everywhere: alone it
    /// gives `None`.
    pub(super) fn speaks(&self, country: Country) -> Option<bool> {
        let facts = self.places?.country(country)?;
        let fits = |language: &&Language<'_>| {
            language.region == Some(country) || language.is_spoken_in(facts)
        };
        if self.languages.iter().any(|language| fits(&language)) {
            return Some(true);
        }
        let telling = self.languages.iter().any(|language| !language.is("en"));
        telling.then_some(false)
    }
}

/// The languages of an `Accept-Language` header in its order; weights are not looked at, since
/// browsers write them falling. What is no language is left out.
fn accepted(header: &str) -> Vec<Language<'_>> {
    let language = |entry: &'_ str| -> Option<(usize, usize)> {
        let tag = entry.split(';').next()?.trim();
        let primary = tag.split(['-', '_']).next()?;
        let good =
            (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
        good.then_some((primary.len(), tag.len()))
    };
    header
        .split(',')
        .filter_map(|entry| {
            let (primary, whole) = language(entry)?;
            let tag = entry.trim_start();
            let regions = tag.get(primary..whole).unwrap_or_default().split(['-', '_']);
            let region = regions.filter(|part| part.len() == 2).find_map(|part| part.parse().ok());
            Some(Language { tag: tag.get(..primary)?, region })
        })
        .take(MAX_LANGUAGES)
        .collect()
}

/// Hour and weekday where the clock is `offset_min` ahead of UTC.
fn clock(time: Timestamp, offset_min: i64, record: &mut Record) {
    let local_ms = time.millis() + offset_min * MINUTE_MS;
    let hour = local_ms.rem_euclid(DAY_MS) / HOUR_MS;
    let weekday = (local_ms.div_euclid(DAY_MS) + 3).rem_euclid(7) + 1; // 1970 began on a Thursday
    record.set(f::LOCAL_HOUR, hour);
    record.set(f::LOCAL_WEEKDAY, weekday);
    record.set(f::LOCAL_WEEKEND, weekday > 5);
    record.set(f::LOCAL_NIGHT, hour < 6);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_in_its_order() {
        let read = |header| {
            let show = |language: Language<'_>| match language.region {
                Some(region) => format!("{}:{region}", language.tag),
                None => language.tag.to_owned(),
            };
            accepted(header).into_iter().map(show).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(read("en-GB"), "en:GB");
        assert_eq!(read("vi-VN, vi;q=0.9,en-US;q=0.8"), "vi:VN vi en:US");
        assert_eq!(read("zh-Hans-CN"), "zh:CN");
        assert_eq!(read("de_DE;q=1"), "de:DE");
        assert_eq!(read("es-419"), "es");
        assert_eq!(read("*, , -,;q=1,english,e1-GB"), "");
        assert_eq!(accepted(&"en,".repeat(50)).len(), MAX_LANGUAGES);
    }
}
