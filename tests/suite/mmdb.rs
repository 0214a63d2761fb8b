//! A merchant's MaxMind-format files on a real server: hostile ones, and swapping while serving.
//!
//! `cargo test` alone writes its own files. `tests/run` also fetches the 73 good and corrupt databases
//! that the Python package `maxminddb` is tested with, and names their directory in
//! `VOUCH_MMDB_DATABASES`; where that is set, every one of them must be there.

use super::serve::Server;
use maxminddb_writer::metadata::IpVersion;
use maxminddb_writer::paths::IpAddrWithMask;
use serde_json::{Value, json};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use vouch::reference::{Change, Reference, ReferenceFiles};

/// How many databases the package has.
const DATABASES: usize = 73;

/// Addresses that are in several of the databases, and some that are in none.
const ADDRESSES: [&str; 8] = [
    "1.2.0.1",
    "81.2.69.142",
    "81.2.69.1",
    "1.128.0.1",
    "89.160.20.128",
    "8.8.8.8",
    "2001:480:10::1",
    "2a02:ffc0::1",
];

/// A file of a city and flags.
pub(crate) fn good() -> Vec<u8> {
    let record = json!({"city": {"names": {"en": "Milton"}}, "country": {"iso_code": "US"},
        "location": {"latitude": 47.25, "longitude": -122.3, "accuracy_radius": 22_u16},
        "traits": {"is_tor_exit_node": true}});
    let mut file = maxminddb_writer::Database::default();
    file.metadata.ip_version = IpVersion::V6;
    file.metadata.binary_format_major_version = 2;
    "Test-City".clone_into(&mut file.metadata.database_type);
    file.metadata.build_epoch = 1_790_000_000;
    let data = file.insert_value(&record).unwrap();
    let network: IpAddrWithMask = "::5102:4500/120".parse().unwrap();
    file.insert_node(network, data);
    file.write_to(Vec::new()).unwrap()
}

/// Our own files in a directory: a good one, cut ones and one whose every byte of data is pointed
/// elsewhere.
fn own_files(dir: &Path) -> Vec<PathBuf> {
    let good = good();
    let mut files = vec![good.clone(), Vec::new(), b"text".to_vec()];
    files.extend((1..8).map(|part| good[..good.len() * part / 8].to_vec()));
    files.extend((0..16).map(|place| {
        let mut flipped = good.clone();
        let at = place * (good.len() - 1) / 15;
        flipped[at] ^= 0xff;
        flipped
    }));
    let write = |(number, bytes): (usize, &Vec<u8>)| {
        let path = dir.join(format!("own-{number}.mmdb"));
        fs::write(&path, bytes).unwrap();
        path
    };
    files.iter().enumerate().map(write).collect()
}

/// The package's databases, where they were fetched.
fn fetched() -> Vec<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "set by tests/run, which fetches them")]
    let Ok(dir) = std::env::var("VOUCH_MMDB_DATABASES") else { return Vec::new() };
    let (mut dirs, mut files) = (vec![PathBuf::from(dir)], Vec::new());
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|extension| extension == "mmdb") {
                files.push(path);
            }
        }
    }
    files.sort();
    assert_eq!(files.len(), DATABASES);
    files
}

fn purchase(id: &str, ip: &str) -> String {
    json!({
        "transaction_id": id, "type": "purchase", "event_time": "2020-11-20T10:00:00Z",
        "amount": {"value": "49.00", "currency": "EUR"}, "device": {"ip": ip},
    })
    .to_string()
}

/// Puts a file's content where the server looks for it, as operators are told to: by rename.
fn put(content: &Path, place: &Path) {
    let new = place.with_extension("new");
    fs::copy(content, &new).unwrap();
    fs::rename(new, place).unwrap();
}

/// What became of a part of a reload.
fn outcome<'a>(reload: &'a Value, part: &str) -> &'a str {
    let parts = reload["parts"].as_array().unwrap();
    let found = parts.iter().find(|told| told["part"] == part);
    found.unwrap_or_else(|| panic!("no {part} in {reload}"))["outcome"].as_str().unwrap()
}

#[test]
fn every_database_is_survived_by_the_tables() {
    let dir = tempfile::tempdir().unwrap();
    let bundled = Reference::bundled().unwrap();
    for path in own_files(dir.path()).into_iter().chain(fetched()) {
        let from = ReferenceFiles { files: vec![path.clone()], ..ReferenceFiles::default() };
        let (reference, parts) = bundled.again(&from);
        let refused = matches!(parts.last().unwrap().change, Change::Refused(_));
        assert_eq!(refused, reference.is_none(), "{}", path.display());
        let Some(reference) = reference else { continue };
        for n in 0..2_000_u32 {
            let bits = n.wrapping_mul(0x9e37_79b9);
            reference.ip(Ipv4Addr::from_bits(bits).into());
            reference.ip(Ipv6Addr::from_bits(1 << 125 | u128::from(bits) << 90).into());
        }
        for address in ADDRESSES {
            let ip: IpAddr = address.parse().unwrap();
            assert_eq!(reference.ip(ip).ip, ip);
            reference.ip_by_source(ip);
        }
    }
}

/// Every file under one name, one after the other: each reload answers, and so does every score.
#[test]
fn every_database_is_survived_by_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("merchant.mmdb");
    fs::write(&place, good()).unwrap();
    let config = format!("[reference]\nmmdb = [{:?}]\n", place.display().to_string());
    let server = Server::start(&dir.path().join("data"), &config);
    let mut client = server.connect();
    let (mut replaced, mut refused) = (0, 0);
    for (number, path) in own_files(dir.path()).into_iter().chain(fetched()).enumerate() {
        put(&path, &place);
        let (status, reload) = client.ask("POST", "/v1/reload", "").unwrap();
        assert_eq!(status, 200, "{}", path.display());
        match outcome(&reload, "reference.merchant.mmdb") {
            "replaced" => replaced += 1,
            "refused" => refused += 1,
            other => panic!("{}: {other}", path.display()),
        }
        for (n, address) in ADDRESSES.iter().enumerate() {
            let body = purchase(&format!("tx-{number}-{n}"), address);
            let (status, answer) = client.ask("POST", "/v1/score", &body).unwrap();
            assert_eq!(status, 200, "{} {address}: {answer}", path.display());
        }
    }
    assert!(replaced > 0 && refused > 0, "{replaced} {refused}");
}

#[test]
fn the_published_fixtures_are_read() {
    let files = fetched();
    let named = |name: &str| files.iter().find(|file| file.ends_with(name)).unwrap().clone();
    if files.is_empty() {
        return; // the same kinds are tested on files of our own beside the reader
    }
    let bundled = Reference::bundled().unwrap();
    let from = |name: &str| {
        let files = vec![named(&format!("{name}-Test.mmdb"))];
        bundled.again(&ReferenceFiles { files, ..ReferenceFiles::default() }).0.unwrap()
    };
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();

    let flags = |reference: &Reference, address: &str| {
        let f = reference.ip(ip(address));
        [f.hosting, f.vpn, f.tor, f.proxy, f.residential_proxy].map(Option::unwrap)
    };
    let anonymous = from("GeoIP2-Anonymous-IP");
    assert_eq!(flags(&anonymous, "81.2.69.1"), [true; 5]);
    assert_eq!(flags(&anonymous, "1.2.0.1"), [false, true, false, false, false]);
    let plus = from("GeoIP-Anonymous-Plus");
    let facts = plus.ip(ip("1.2.0.1"));
    assert_eq!((facts.anonymizer, facts.anonymizer_confidence), (Some("foo"), Some(30)));
    assert_eq!(facts.anonymizer_last_seen, Some("2025-04-14"));

    for kind in ["GeoIP2-ISP", "GeoLite2-ASN"] {
        let reference = from(kind);
        let facts = reference.ip(ip("1.128.0.1"));
        assert_eq!(
            (facts.asn, facts.organisation),
            (Some(1221), Some("Telstra Pty Ltd")),
            "{kind}"
        );
    }
    let city = from("GeoIP2-City");
    let facts = city.ip(ip("81.2.69.142"));
    let at = facts.location.unwrap();
    assert_eq!((facts.city, facts.country), (Some("London"), "GB".parse().ok()));
    assert_eq!((at.latitude, at.longitude, at.accuracy_km), (51.5142, -0.0931, Some(10)));
    assert_eq!(facts.time_zone, Some("Europe/London"));
    let enterprise = from("GeoIP2-Enterprise");
    let facts = enterprise.ip(ip("81.2.69.160"));
    assert_eq!((facts.city, facts.isp), (Some("London"), Some("Andrews & Arnold Ltd")));
}
