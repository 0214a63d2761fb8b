//! `places` from lists of countries, their middles, towns and areas, and time zones.
//!
//! The radius of a country is our own figure: the distance from its middle within which 95 % of the
//! people of its towns live, and no less than that of a disc of its area. Without it the distance of
//! two countries would claim a precision that one point per country does not have.

use super::super::places::{CountryFacts, PlaceRows, distance_km, write};
use super::calling::{CANADA, INSIDE, NOWHERE, OWNERS};
use super::{CompileError, File, Input, Output};
use crate::domain::Country;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// Share of the people of a country's towns that its radius takes in.
const WITHIN: f64 = 0.95;

/// Middles that the list lacks: the main town of an island, the centre of South Sudan, Wake Island.
const MORE_CENTRES: [(&str, f64, f64); 8] = [
    ("AX", 60.20, 20.00),
    ("BL", 17.90, -62.83),
    ("BQ", 12.18, -68.25),
    ("CW", 12.17, -69.00),
    ("MF", 18.08, -63.05),
    ("SS", 7.30, 30.30),
    ("SX", 18.04, -63.06),
    ("UM", 19.28, 166.65),
];

/// Countries that the list of zones forgets.
const MORE_ZONES: [(&str, &str); 1] = [("Europe/Belgrade", "XK")];

#[derive(Deserialize)]
struct Listed {
    name: String,
    continent: String,
    #[serde(default)]
    phone: Vec<u32>,
    #[serde(default)]
    currency: Vec<String>,
    #[serde(default)]
    languages: Vec<String>,
}

#[derive(Deserialize)]
struct Middle {
    coordinate: (String, String),
}

#[derive(Deserialize)]
struct Town {
    latitude: f64,
    longitude: f64,
    countrycode: String,
    population: f64,
}

#[derive(Deserialize)]
struct Area {
    areakm2: f64,
}

/// A zone as the list of zones has it: standard and summer offset, alias, countries, retired.
#[derive(Deserialize, Default, Clone)]
struct Listing {
    u: Option<i32>,
    d: Option<i32>,
    a: Option<String>,
    #[serde(default)]
    c: Vec<String>,
    #[serde(default)]
    r: u8,
}

type ByCode<T> = BTreeMap<String, T>;

pub(super) fn compile(input: &Input<'_>) -> Result<Output, CompileError> {
    let file = input.read("places-countries")?;
    let listed: ByCode<Listed> = json(&file, &file.data)?;
    let zones_file = input.read("places-zones")?;
    let zones = zones(&zones_file)?;
    let spans = spans(input)?;
    let mut countries = Vec::new();
    for country in Country::all() {
        let (Some(row), Some(span)) = (listed.get(country.code()), spans.get(&country)) else {
            return Err(file.format(0, "a country without a row, a middle or an area"));
        };
        countries.push(CountryFacts {
            country,
            name: row.name.as_str().into(),
            continent: row.continent.as_str().into(),
            currencies: row.currency.iter().filter_map(|code| code.parse().ok()).collect(),
            languages: row.languages.iter().map(|code| code.as_str().into()).collect(),
            centre: span.centre,
            radius_km: span.radius_km,
            time_zones: offsets_of(country, &zones),
        });
    }
    let calling = calling(&listed).ok_or_else(|| file.format(0, "a shared calling code"))?;
    let zones = zones.into_iter().map(|zone| (zone.name, zone.countries)).collect::<Vec<_>>();
    let rows = PlaceRows { countries, zones, calling };
    let built_day = file.built_day.max(zones_file.built_day);
    Ok((rows.countries.len() + rows.zones.len() + rows.calling.len(), write(built_day, &rows)))
}

fn json<T: DeserializeOwned>(file: &File, data: &[u8]) -> Result<T, CompileError> {
    serde_json::from_slice(data)
        .map_err(|source| CompileError::Json { path: file.path.clone(), source })
}

/// Where a country lies.
struct Span {
    centre: (f64, f64),
    radius_km: f64,
}

fn spans(input: &Input<'_>) -> Result<BTreeMap<Country, Span>, CompileError> {
    let (middles, towns) = (input.read("places-centres")?, input.read("places-towns")?);
    let areas = input.read("places-areas")?;
    let mut centres: BTreeMap<Country, (f64, f64)> = BTreeMap::new();
    for (code, middle) in json::<ByCode<Middle>>(&middles, &middles.data)? {
        let (latitude, longitude) = &middle.coordinate;
        if let (Ok(country), Ok(latitude), Ok(longitude)) =
            (code.parse(), latitude.parse(), longitude.parse())
        {
            centres.insert(country, (latitude, longitude));
        }
    }
    for (code, latitude, longitude) in MORE_CENTRES {
        centres.extend(code.parse().map(|country: Country| (country, (latitude, longitude))));
    }
    let mut inhabited: BTreeMap<Country, Vec<(f64, f64)>> = BTreeMap::new(); // km, people
    for town in json::<ByCode<Town>>(&towns, &towns.data)?.into_values() {
        let Ok(country) = town.countrycode.parse() else { continue };
        let Some(centre) = centres.get(&country) else { continue };
        let km = distance_km(*centre, (town.latitude, town.longitude));
        inhabited.entry(country).or_default().push((km, town.population));
    }
    let areas: ByCode<Area> = json(&areas, &areas.data)?;
    let span = |(country, centre): (Country, (f64, f64))| {
        let disc = areas.get(country.code())?.areakm2 / std::f64::consts::PI;
        let towns = inhabited.get_mut(&country).map_or(0.0, |towns| reach(towns));
        Some((country, Span { centre, radius_km: disc.sqrt().max(towns).ceil() }))
    };
    Ok(centres.into_iter().filter_map(span).collect())
}

/// The distance within which [`WITHIN`] of the people live; `towns` are distances and people.
fn reach(towns: &mut [(f64, f64)]) -> f64 {
    towns.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let wanted = towns.iter().map(|town| town.1).sum::<f64>() * WITHIN;
    let mut people = 0.0;
    let mut within = towns.iter().filter_map(|(km, more)| {
        people += more;
        (people >= wanted).then_some(*km)
    });
    within.next().unwrap_or(0.0)
}

/// A zone whose alias has been followed.
struct NamedZone {
    name: String,
    countries: Vec<Country>,
    offsets: (Option<i32>, Option<i32>),
    retired: bool,
}

/// Reads the JSON text that the package's program parses.
fn zones(file: &File) -> Result<Vec<NamedZone>, CompileError> {
    let code = file.text()?;
    let literal = code.split_once("timezones: ").and_then(|(_, rest)| {
        let (_, rest) = rest.split_once("JSON.parse(")?;
        rest.split_once(")\n").map(|(literal, _)| literal)
    });
    let literal = literal.ok_or_else(|| file.format(0, "no list of time zones"))?;
    let listing: String = json(file, literal.as_bytes())?;
    let listings: ByCode<Listing> = json(file, listing.as_bytes())?;
    let zone = |(name, own): (&String, &Listing)| {
        let target = own.a.as_ref().and_then(|alias| listings.get(alias));
        let other = target.unwrap_or(own);
        // `EST` and `CET` are spelt where no such country is meant.
        let names_a_place = name.chars().any(|c| c.is_ascii_lowercase()) || !own.c.is_empty();
        let codes = if own.c.is_empty() { &other.c } else { &own.c };
        let more = MORE_ZONES.iter().filter(|more| more.0 == name.as_str()).map(|more| more.1);
        let countries = codes.iter().filter(|_| names_a_place).map(String::as_str).chain(more);
        NamedZone {
            name: name.clone(),
            countries: countries.filter_map(|code| code.parse().ok()).collect(),
            offsets: (other.u, other.d),
            retired: own.r != 0,
        }
    };
    Ok(listings.iter().map(zone).collect())
}

/// One zone of a country for each pair of offsets, current names before retired ones.
fn offsets_of(country: Country, zones: &[NamedZone]) -> Box<[Box<str>]> {
    let mut seen = BTreeSet::new();
    let current = zones.iter().filter(|zone| !zone.retired);
    let retired = zones.iter().filter(|zone| zone.retired);
    current
        .chain(retired)
        .filter(|zone| zone.countries.contains(&country) && seen.insert(zone.offsets))
        .map(|zone| zone.name.as_str().into())
        .collect()
}

/// Calling codes ascending; `None` when a code that several countries list has no owner.
fn calling(listed: &ByCode<Listed>) -> Option<Vec<(u32, Option<Country>)>> {
    let mut codes: BTreeMap<u32, Option<Country>> = BTreeMap::new();
    let mut shared = BTreeSet::new();
    for (code, row) in listed {
        let Ok(country) = code.parse::<Country>() else { continue };
        for prefix in &row.phone {
            if codes.insert(*prefix, Some(country)).is_some() {
                shared.insert(*prefix);
            }
        }
    }
    let assigned = OWNERS.iter().chain(&INSIDE).map(|(prefix, code)| (*prefix, code.parse().ok()));
    let canada = CANADA.map(|area| (1_000 + area, "CA".parse().ok()));
    codes.extend(assigned.chain(canada).chain(NOWHERE.map(|area| (1_000 + area, None))));
    codes.insert(672, None); // only its second level names a territory
    let owned = |prefix: &u32| *prefix == 672 || OWNERS.iter().any(|(owner, _)| owner == prefix);
    shared.iter().all(owned).then(|| codes.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_people_live_within_reach() {
        assert!(reach(&mut []).abs() < f64::EPSILON);
        let mut towns = [(900.0, 4.0), (10.0, 90.0), (200.0, 6.0)];
        assert!((reach(&mut towns) - 200.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_shared_code_needs_an_owner() {
        let row = |phone: u32| Listed {
            name: String::new(),
            continent: String::new(),
            phone: vec![phone],
            currency: vec![],
            languages: vec![],
        };
        let listed = |a, b| ByCode::from([("DE".to_owned(), row(a)), ("FR".to_owned(), row(b))]);
        assert!(calling(&listed(49, 33)).is_some());
        assert!(calling(&listed(49, 49)).is_none());
    }
}
