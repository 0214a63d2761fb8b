//! Files as merchants have them, written here: every kind, both schemas, good, broken and swapped.

use super::super::tests::{bundled, mmdb};
use super::*;
use crate::reference::{IpFacts, Location};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A file of one record for 8.8.8.0/24 and `2a01::/16`.
fn file(kind: &str, record: &Value) -> (tempfile::TempDir, PathBuf) {
    mmdb(kind, &[("::808:800/120", record.clone()), ("2a01::/16", record.clone())])
}

/// The bundled tables under these files.
fn with(files: &[&Path]) -> Reference {
    let files = files.iter().map(|file| file.to_path_buf()).collect();
    let (reference, parts) =
        bundled().again(&ReferenceFiles { files, ..ReferenceFiles::default() });
    let refused = |part: &Part| matches!(part.change, Change::Refused(_));
    assert!(!parts.iter().any(refused), "{parts:?}");
    reference.unwrap()
}

/// The facts that only a merchant's file gives, and the flags it may overrule, as JSON without what
/// is missing.
fn told(facts: &IpFacts<'_>) -> Value {
    let mut json = serde_json::to_value(facts).unwrap();
    let members = json.as_object_mut().unwrap();
    members.retain(|_, value| !value.is_null());
    for own in ["ip", "reserved", "provider", "relay", "bot", "cdn"] {
        members.remove(own);
    }
    json
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// One record of each kind of file, and what it changes for the address below.
const KINDS: &[(&str, &str, &str)] = &[
    (
        "GeoIP2-City",
        r#"{"city": {"geoname_id": 1, "names": {"de": "London-D", "en": "London"}},
            "continent": {"code": "EU"}, "registered_country": {"iso_code": "DE"},
            "represented_country": {"iso_code": "FR"}, "country": {"iso_code": "GB",
            "is_in_european_union": false}, "location": {"accuracy_radius": 10,
            "latitude": 51.5142, "longitude": -0.0931, "time_zone": "Europe/London",
            "metro_code": 4}, "postal": {"code": "EC1A"},
            "subdivisions": [{"iso_code": "ENG", "names": {"en": "England"}}]}"#,
        r#"{"country": "GB", "city": "London", "postal_code": "EC1A",
            "time_zone": "Europe/London", "location": {"latitude": 51.5142,
            "longitude": -0.0931, "accuracy_km": 10}}"#,
    ),
    (
        "DBIP-City (flat)",
        r#"{"country_code": "GB", "city": "London", "state1": "England", "state2": "",
            "postcode": "", "timezone": "", "latitude": 51.5, "longitude": -0.125}"#,
        r#"{"country": "GB", "city": "London", "location": {"latitude": 51.5,
            "longitude": -0.125, "accuracy_km": null}}"#,
    ),
    // The middle of a country is no city.
    (
        "GeoIP2-City",
        r#"{"country": {"iso_code": "GB"}, "location": {"accuracy_radius": 500,
            "latitude": 51.5, "longitude": -0.1, "time_zone": "Europe/London"}}"#,
        r#"{"country": "GB", "time_zone": "Europe/London"}"#,
    ),
    ("GeoLite2-Country", r#"{"country": {"iso_code": "GB"}}"#, r#"{"country": "GB"}"#),
    ("Country (flat)", r#"{"country_code": "GB"}"#, r#"{"country": "GB"}"#),
    ("Country (no code)", r#"{"country_code": ""}"#, "{}"),
    (
        "GeoLite2-ASN",
        r#"{"autonomous_system_number": 1221,
            "autonomous_system_organization": "Telstra Pty Ltd"}"#,
        r#"{"asn": 1221, "organisation": "Telstra Pty Ltd"}"#,
    ),
    (
        "ASN (flat)",
        r#"{"asn": "AS1221", "as_name": "Telstra Pty Ltd"}"#,
        r#"{"asn": 1221, "organisation": "Telstra Pty Ltd"}"#,
    ),
    (
        "GeoIP2-ISP",
        r#"{"isp": "Telstra Internet", "organization": "Telstra Internet",
            "autonomous_system_number": 1221, "mobile_country_code": "310",
            "autonomous_system_organization": "Telstra Pty Ltd"}"#,
        r#"{"asn": 1221, "organisation": "Telstra Pty Ltd", "isp": "Telstra Internet"}"#,
    ),
    (
        "GeoIP2-Connection-Type",
        r#"{"connection_type": "Cellular"}"#,
        r#"{"connection_type": "Cellular"}"#,
    ),
    (
        "GeoIP2-Anonymous-IP",
        r#"{"is_anonymous": true, "is_anonymous_vpn": true}"#,
        r#"{"vpn": true, "hosting": false, "tor": false, "proxy": false,
            "residential_proxy": false}"#,
    ),
    (
        "GeoIP-Anonymous-Plus",
        r#"{"is_anonymous": true, "is_residential_proxy": true,
            "anonymizer_confidence": 99, "provider_name": "foo",
            "network_last_seen": "2025-04-14"}"#,
        r#"{"vpn": false, "hosting": false, "tor": false, "proxy": true,
            "residential_proxy": true, "anonymizer_confidence": 99, "anonymizer": "foo",
            "anonymizer_last_seen": "2025-04-14"}"#,
    ),
    (
        "GeoIP-Residential-Proxy",
        r#"{"anonymizer_confidence": 35, "provider_name": "anyproxy"}"#,
        r#"{"proxy": true, "residential_proxy": true, "anonymizer_confidence": 35,
            "anonymizer": "anyproxy"}"#,
    ),
    (
        "GeoIP2-IP-Risk",
        r#"{"ip_risk": 65.0, "is_anonymous": true, "is_tor_exit_node": true}"#,
        r#"{"ip_risk": 65.0, "vpn": false, "hosting": false, "tor": true, "proxy": false,
            "residential_proxy": false}"#,
    ),
    (
        "GeoIP2-Country-Shield",
        r#"{"country": {"iso_code": "US"}}"#,
        r#"{"hosting": false, "vpn": false, "tor": false, "proxy": false,
            "residential_proxy": false}"#,
    ),
    (
        "GeoIP2-Enterprise",
        r#"{"country": {"iso_code": "GB", "confidence": 99},
            "traits": {"user_type": "residential", "connection_type": "Cable/DSL",
            "isp": "Andrews", "autonomous_system_number": 20712, "domain": "x.example",
            "autonomous_system_organization": "Andrews Ltd", "static_ip_score": 0.3}}"#,
        r#"{"country": "GB", "asn": 20712, "organisation": "Andrews Ltd", "isp": "Andrews",
            "user_type": "residential", "connection_type": "Cable/DSL", "hosting": false}"#,
    ),
    (
        "GeoIP2-Enterprise-Shield",
        r#"{"anonymizer": {"confidence": 80, "is_anonymous": true,
            "is_hosting_provider": true, "provider_name": "foo"}}"#,
        r#"{"hosting": true, "vpn": false, "tor": false, "proxy": false,
            "residential_proxy": false, "anonymizer_confidence": 80, "anonymizer": "foo"}"#,
    ),
];

/// The address is one that the bundled tables call hosting, in the US, in AS15169 of Google.
#[test]
fn every_kind_and_both_schemas_are_read() {
    let google = json!({"country": "US", "asn": 15169, "organisation": "Google LLC",
        "hosting": true, "vpn": false, "tor": false});
    for (kind, record, more) in KINDS {
        let record: Value = serde_json::from_str(record).unwrap();
        let more: Value = serde_json::from_str(more).unwrap();
        let (_dir, path) = file(kind, &record);
        let reference = with(&[&path]);
        let mut expected = google.clone();
        expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(told(&reference.ip(ip("8.8.8.8"))), expected, "{kind}: {record}");
        if *kind != "GeoIP2-Anonymous-IP" {
            assert!(!told(&reference.ip(ip("2a01::1"))).as_object().unwrap().is_empty());
        }
    }
}

#[test]
fn silence_denies_only_in_a_file_of_flags() {
    let yes = json!({"is_anonymous": true, "is_tor_exit_node": true});
    let (_a, flags) = file("GeoIP2-Anonymous-IP", &yes);
    let (_b, shield) = file("GeoIP2-City-Shield", &json!({"anonymizer": {}}));
    let (_c, proxies) = file("GeoIP-Residential-Proxy", &json!({"provider_name": "p"}));
    let (_d, vpns) = file("my own list", &json!({"is_anonymous_vpn": true}));
    let facts = |files: &[&Path], address: &str| {
        let own = (!files.is_empty()).then(|| with(files));
        let reference = own.as_ref().unwrap_or(bundled());
        let facts = reference.ip(ip(address));
        (facts.hosting, facts.vpn, facts.tor, facts.proxy, facts.residential_proxy)
    };
    let (yes, no) = (Some(true), Some(false));
    let tor = "185.220.101.1";
    assert_eq!(facts(&[], tor), (no, no, yes, None, None));
    // Not listed: none of the flags, whatever the bundled tables think.
    assert_eq!(facts(&[&flags], tor), (no, no, no, no, no));
    assert_eq!(facts(&[&flags], "8.8.4.4"), (no, no, no, no, no));
    assert_eq!(facts(&[&shield], tor), (no, no, yes, None, None));
    assert_eq!(facts(&[&proxies], tor), (no, no, yes, None, no));
    // Another file's yes is not denied, in any order.
    let listed = "8.8.8.8";
    assert_eq!(facts(&[&shield, &flags], listed), (no, no, yes, no, no));
    assert_eq!(facts(&[&flags, &proxies], listed), (no, no, yes, yes, yes));
    assert_eq!(facts(&[&flags, &vpns], listed), (no, yes, yes, no, no));
    assert_eq!(facts(&[&vpns, &flags], listed), (no, yes, yes, no, no));
}

#[test]
fn a_pair_of_files_is_one() {
    let london = json!({"country_code": "GB", "city": "London"});
    let flag = json!({"is_anonymous_vpn": true});
    let v4 = mmdb("city-ipv4", &[("::808:800/120", london.clone())]);
    let v6 = mmdb("city-ipv6", &[("2a01::/16", london)]);
    let flags4 = mmdb("Anonymous-IP-v4", &[("::808:800/120", flag.clone())]);
    let flags6 = mmdb("Anonymous-IP-v6", &[("2a01::/16", flag)]);
    let reference = with(&[&v6.1, &v4.1, &flags6.1, &flags4.1]);
    for address in ["8.8.8.8", "2a01::1"] {
        let facts = reference.ip(ip(address));
        assert_eq!((facts.city, facts.vpn), (Some("London"), Some(true)), "{address}");
    }
    // Half of a pair denies nothing of the other family.
    let reference = with(&[&flags6.1]);
    assert_eq!(reference.ip(ip("185.220.101.1")).tor, Some(true));
    assert_eq!(reference.ip(ip("2606:4700::1")).vpn, Some(false));
}

#[test]
fn the_first_file_that_says_something_wins() {
    let (_a, first) = file("GeoLite2-Country", &json!({"country": {"iso_code": "GB"}}));
    let city = json!({"country_code": "DE", "city": "Berlin", "latitude": 52.5, "longitude": 13.4});
    let (_b, second) = file("city", &city);
    let reference = with(&[&first, &second]);
    let facts = reference.ip(ip("8.8.8.8"));
    let berlin = Location { latitude: 52.5, longitude: 13.4, accuracy_km: None };
    assert_eq!((facts.country, facts.location), ("GB".parse().ok(), Some(berlin)));
    let by_source = reference.ip_by_source(ip("8.8.8.8"));
    let names: Vec<&str> = by_source.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["test.mmdb", "test.mmdb", "country", "asn", "provider"]);
    assert_eq!((by_source[0].1.country, by_source[0].1.city), ("GB".parse().ok(), None));
    assert_eq!(by_source[1].1.city, Some("Berlin"));
    assert_eq!(by_source[4].1.provider, Some("Google"));
    let reference = with(&[&second, &first]);
    assert_eq!(reference.ip(ip("8.8.8.8")).country, "DE".parse().ok());
}

fn again(reference: &Reference, path: &Path) -> (Option<Reference>, String) {
    let from = ReferenceFiles { files: vec![path.to_owned()], ..ReferenceFiles::default() };
    let (next, mut parts) = reference.again(&from);
    let change = match parts.pop().unwrap().change {
        Change::Same => "same".to_owned(),
        Change::Replaced => "replaced".to_owned(),
        Change::Refused(error) => error.to_string().split(": ").last().unwrap().to_owned(),
    };
    (next, change)
}

#[test]
fn a_file_is_replaced_by_rename_and_kept_when_it_breaks() {
    let (dir, path) = file("GeoLite2-Country", &json!({"country": {"iso_code": "GB"}}));
    let (_other, new) = file("GeoLite2-Country", &json!({"country": {"iso_code": "NZ"}}));
    let reference = with(&[&path]);
    let country = |reference: &Reference| reference.ip(ip("8.8.8.8")).country.unwrap().to_string();
    let (next, change) = again(&reference, &path);
    assert!(next.is_none() && change == "same");
    // Touched but equal: read again, and the facts have the same digest.
    File::options().append(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let (next, change) = again(&reference, &path);
    let reference = next.unwrap();
    assert_eq!((change.as_str(), country(&reference).as_str()), ("replaced", "GB"));

    let good = fs::read(&new).unwrap();
    for (broken, told) in [
        (&b""[..], "not a usable MaxMind-format file"),
        (b"text", "not a usable MaxMind-format file"),
        (&good[..good.len() / 2], "not a usable MaxMind-format file"),
    ] {
        fs::write(&path, broken).unwrap(); // in place, while it is in use
        let (next, change) = again(&reference, &path);
        assert_eq!(change, told);
        assert!(next.is_none());
        assert_eq!(country(&reference), "GB");
    }
    fs::remove_file(&path).unwrap();
    let (next, change) = again(&reference, &path);
    assert!(next.is_none() && change.starts_with("cannot read"), "{change}");
    fs::rename(&new, &path).unwrap();
    let (next, change) = again(&reference, &path);
    assert_eq!((change.as_str(), country(&next.unwrap()).as_str()), ("replaced", "NZ"));
    assert_eq!(country(&reference), "GB", "who still holds the old one sees the old one");
    drop(dir);
}

#[test]
fn bundled_tables_stand_in_for_a_directory_of_broken_ones() {
    let dir = tempfile::tempdir().unwrap();
    for table in Table::ALL {
        fs::write(dir.path().join(table.file_name()), "not a table").unwrap();
    }
    let plain_file = dir.path().join(Table::Asn.file_name());
    for tables in [dir.path(), &plain_file] {
        let from = ReferenceFiles { tables: Some(tables.into()), ..ReferenceFiles::default() };
        let (reference, refused) = Reference::load(&from);
        assert_eq!(refused.len(), Table::ALL.len(), "{refused:?}");
        assert_eq!(reference.digest(), bundled().digest());
        assert!(reference.again(&from).0.is_none(), "refused again, and nothing has changed");
    }
}

#[test]
fn age_is_told_and_staleness_only_of_files() {
    let (_dir, path) = file("GeoLite2-Country", &json!({}));
    let reference = with(&[&path]);
    let now = "2026-10-22T00:00:00Z".parse().unwrap(); // the file says 21 September
    let version = reference.versions().last().unwrap();
    assert_eq!((version.age_days(now), version.file.as_deref()), (30, Some("test.mmdb")));
    assert!(!version.is_stale(now, 30) && version.is_stale(now, 29) && !version.is_stale(now, 0));
    assert_eq!(version.age_days("2020-01-01T00:00:00Z".parse().unwrap()), 0);
    let far = "2066-01-01T00:00:00Z".parse().unwrap();
    assert!(reference.versions()[..Table::ALL.len()].iter().all(|v| !v.is_stale(far, 1)));
}

/// Looks up addresses all over the space; any answer will do.
fn roam(reference: &Reference) {
    for n in 0..200_u32 {
        let bits = n.wrapping_mul(0x9e37_79b9);
        reference.ip(Ipv4Addr::from_bits(bits).into());
        reference.ip(Ipv6Addr::from_bits(1 << 125 | u128::from(bits) << 64).into());
    }
    for address in ["8.8.8.8", "2a01::1"] {
        reference.ip(ip(address));
        reference.ip_by_source(ip(address));
    }
}

fn a_city_file() -> Vec<u8> {
    let record = json!({"city": {"names": {"en": "London"}}, "country": {"iso_code": "GB"},
        "location": {"latitude": 51.5, "longitude": -0.1, "accuracy_radius": 10_u16},
        "traits": {"autonomous_system_number": 1_u32, "is_anonymous_vpn": true}});
    fs::read(file("GeoIP2-City-Shield", &record).1).unwrap()
}

/// Opens bytes as a file over no tables at all.
fn open(bytes: Vec<u8>) -> Reference {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.mmdb");
    fs::write(&path, bytes).unwrap();
    let mut reference = Reference::empty();
    reference.choose_file(&Reference::empty(), &path, None);
    reference
}

#[test]
fn a_file_cut_anywhere_is_survived() {
    let good = a_city_file();
    assert_eq!(open(good.clone()).ip(ip("8.8.8.8")).city, Some("London"));
    for cut in (0..good.len()).step_by(7) {
        roam(&open(good[..cut].to_vec()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn any_flipped_bytes_are_survived(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..8),
    ) {
        let mut bytes = a_city_file();
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        roam(&open(bytes));
    }
}

/// Every bundled table, cut and with a byte changed at places all over the file.
#[test]
fn a_damaged_bundled_table_is_refused_by_name() {
    const PLACES: usize = 13;
    for table in Table::ALL {
        let good = embedded(table);
        for place in 0..PLACES {
            let at = place * (good.len() - 1) / (PLACES - 1);
            let mut flipped = good.to_vec();
            flipped[at] ^= 0x55;
            for bytes in [&good[..at], &flipped] {
                let name = format!("DIR/{}", table.file_name());
                let mut reference = Reference::empty();
                let error = reference.add_table(table, &name, bytes).unwrap_err().to_string();
                assert!(error.starts_with(&name), "{error}");
                assert!(reference.versions().is_empty());
            }
        }
    }
    assert_eq!(bundled().missing(), [""; 0]);
}
