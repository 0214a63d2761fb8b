//! The assembled tables, against addresses looked up by hand and files written here.

use super::*;
use maxminddb_writer::metadata::IpVersion;
use maxminddb_writer::paths::IpAddrWithMask;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The bundled tables, unpacked once for all tests.
pub(crate) fn bundled() -> &'static Reference {
    static BUNDLED: LazyLock<Reference> = LazyLock::new(|| Reference::bundled().unwrap());
    &BUNDLED
}

fn ip(text: &str) -> IpFacts<'static> {
    bundled().ip(text.parse().unwrap())
}

pub(super) fn load(tables: Option<&Path>, files: &[PathBuf]) -> (Reference, Vec<ReferenceError>) {
    let tables = tables.map(Path::to_owned);
    Reference::load(&ReferenceFiles { tables, files: files.to_vec(), copies: None })
}

/// Country, system and the flags set, as one line.
fn line(facts: &IpFacts<'_>) -> String {
    let country = facts.country.map_or("-".to_owned(), |country| country.to_string());
    let asn = facts.asn.map_or("-".to_owned(), |asn| asn.to_string());
    let flags = [
        ("hosting", facts.hosting),
        ("cdn", facts.cdn),
        ("vpn", facts.vpn),
        ("tor", facts.tor),
        ("relay", facts.relay),
        ("bot", facts.bot),
    ];
    let set: Vec<&str> = flags.iter().filter(|flag| flag.1 == Some(true)).map(|f| f.0).collect();
    format!("{country} {asn} {} {}", facts.provider.unwrap_or("-"), set.join("+"))
}

#[test]
fn known_addresses() {
    for (address, expected) in [
        ("8.8.8.8", "US 15169 Google hosting"),
        ("1.1.1.1", "AU 13335 - hosting"),
        ("9.9.9.9", "US 19281 - "),
        ("52.95.110.1", "US 16509 Amazon AWS hosting"),
        ("3.5.140.2", "KR 16509 Amazon AWS hosting"),
        ("13.107.42.14", "US 8068 Microsoft Azure hosting"),
        ("34.64.0.1", "SG 396982 Google hosting"),
        ("88.198.1.1", "DE 24940 Hetzner hosting"),
        ("95.216.0.1", "FI 24940 Hetzner hosting"),
        ("51.38.0.1", "FR 16276 OVHcloud hosting"),
        ("185.220.101.1", "DE 60729 Tor tor"),
        ("104.16.0.1", "CA 13335 Cloudflare hosting+cdn"),
        ("151.101.1.69", "CA 54113 Fastly hosting+cdn"),
        ("77.88.55.60", "RU 13238 - "),
        ("114.114.114.114", "CN 21859 - hosting"),
        ("200.147.3.157", "BR 7162 - "),
        ("41.0.0.1", "ZA 36994 - "),
        ("178.128.0.1", "US 14061 DigitalOcean hosting"),
        ("45.76.0.1", "US 20473 Vultr hosting"),
        ("193.138.218.1", "SE 39351 - "),
        ("172.225.0.1", "TR 36183 Apple Private Relay relay"),
        ("81.2.69.142", "GB 20712 - "),
        ("2a00:1450:4001:81b::200e", "DE 15169 Google hosting"),
        ("2606:4700:4700::1111", "CA 13335 Cloudflare hosting+cdn"),
        ("2a01:4f8::1", "DE 24940 Hetzner hosting"),
        ("2001:41d0:1:1::1", "FR 16276 OVHcloud hosting"),
    ] {
        assert_eq!(line(&ip(address)), expected, "{address}");
    }
    assert_eq!(ip("24.48.0.1").organisation, Some("Videotron Ltee"));
}

#[test]
fn a_mapped_address_is_the_ipv4_address() {
    assert_eq!(ip("::ffff:8.8.8.8"), ip("8.8.8.8"));
    assert_eq!(ip("::ffff:10.0.0.1"), ip("10.0.0.1"));
}

#[test]
fn a_reserved_address_has_no_facts() {
    for address in ["10.0.0.1", "127.0.0.1", "203.0.113.5", "100.64.9.9", "::1", "fe80::1"] {
        let facts = ip(address);
        assert!(facts.reserved);
        assert_eq!((facts.country, facts.asn, facts.hosting, facts.tor), (None, None, None, None));
    }
}

#[test]
fn each_table_may_be_missing() {
    let all = Reference::bundled().unwrap();
    assert_eq!(all.missing(), [""; 0]);
    let tor: IpAddr = "185.220.101.1".parse().unwrap();
    let full = all.ip(tor);
    assert_eq!(full.hosting, Some(false));
    let digest = all.digest().to_owned();

    let left = all.without(Table::Country);
    assert_eq!(left.missing(), ["country"]);
    assert_eq!((left.ip(tor).country, left.ip(tor).asn), (None, Some(60_729)));
    assert_ne!(left.digest(), digest);

    let left = left.without(Table::Provider);
    assert_eq!((left.ip(tor).tor, left.ip(tor).relay), (None, None));
    assert_eq!(left.ip(tor).hosting, Some(false)); // the table of systems still says so
    let left = left.without(Table::Asn);
    assert_eq!((left.ip(tor).asn, left.ip(tor).hosting), (None, None));

    assert!(left.bin("457173").is_some());
    assert!(left.places().is_some());
    let left = left.without(Table::Bin).without(Table::Email).without(Table::Rates);
    let left = left.without(Table::Places);
    assert!(left.places().is_none());
    assert_eq!(left.bin("457173"), None);
    assert_eq!(left.email("a@gmail.com").class, None);
    assert_eq!(left.email("a.b@gmail.com").canonical.unwrap().to_string(), "ab@gmail.com");
    assert!(left.rates().is_none());
    assert_eq!(left.missing(), ["country", "asn", "provider", "bin", "email", "rates", "places"]);
    assert_eq!(left.digest(), Reference::empty().digest());
}

#[test]
fn cards_and_mailboxes() {
    let bin = bundled().bin("457173").unwrap();
    assert_eq!((bin.country, bin.brand), ("DK".parse().ok(), "visa"));
    assert_eq!((bin.funding, bin.prepaid), (Some(Funding::Debit), Some(false)));
    let test = bundled().bin("41111111").unwrap();
    assert!(test.test && test.country.is_none());

    for (address, class, role) in [
        ("jane@gmail.com", EmailClass::Free, false),
        ("jane@mailinator.com", EmailClass::Disposable, false),
        ("jane@x.mailinator.com", EmailClass::Disposable, false),
        ("x7k2m9qa4z@privaterelay.appleid.com", EmailClass::Relay, false),
        ("jane@duck.com", EmailClass::Relay, false),
        ("jane@hey.com", EmailClass::Free, false),
        ("noreply@microsoft.com", EmailClass::Other, true),
        ("jane.doe@ox.ac.uk", EmailClass::Other, false),
    ] {
        let facts = bundled().email(address);
        assert_eq!((facts.class, facts.role), (Some(class), Some(role)), "{address}");
    }
}

#[test]
fn rates_are_the_central_banks() {
    let convert = |amount: &str, from: &str, to: &str, on: &str| {
        let on: Timestamp = format!("{on}T12:00:00Z").parse().unwrap();
        let (amount, from, to) =
            (amount.parse().unwrap(), from.parse().unwrap(), to.parse().unwrap());
        bundled()
            .rates()?
            .convert(amount, from, to, on)
            .map(|a| a.round_dp(4).normalize().to_string())
    };
    assert_eq!(convert("100", "EUR", "USD", "1999-01-04").as_deref(), Some("117.89"));
    assert_eq!(convert("100", "EUR", "USD", "2026-10-30").as_deref(), Some("111.72"));
    assert_eq!(convert("100", "EUR", "USD", "2026-11-01").as_deref(), Some("111.72")); // a Sunday
    assert_eq!(convert("100", "EUR", "TRL", "1999-01-04").as_deref(), Some("37227400"));
    assert_eq!(convert("1", "GBP", "JPY", "2026-10-30").as_deref(), Some("210.698"));
    assert_eq!(convert("100", "EUR", "BIF", "2026-10-30"), None);
    assert_eq!(convert("100", "EUR", "BGN", "2026-10-30"), None); // in the euro since January
    assert_eq!(convert("100", "EUR", "USD", "1999-01-03"), None);
    assert_eq!(convert("100", "EUR", "USD", "2027-01-01"), None);
}

#[test]
fn a_damaged_table_is_refused_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let good = embedded(Table::Provider);
    std::fs::write(dir.path().join("provider.tab"), &good[..good.len() / 2]).unwrap();
    std::fs::write(dir.path().join("country.tab"), b"hello, I am a text").unwrap();
    std::fs::write(dir.path().join("bin.tab"), embedded(Table::Rates)).unwrap();
    let (reference, refused) = load(Some(dir.path()), &[dir.path().join("no.mmdb")]);
    let texts: Vec<String> = refused
        .iter()
        .map(|error| error.to_string().replace(&dir.path().display().to_string(), "DIR"))
        .collect();
    assert_eq!(texts[0], "DIR/country.tab: not a compiled table (byte 0)");
    assert!(
        texts[1].starts_with("DIR/provider.tab: corrupt or cut short at byte "),
        "{}",
        texts[1]
    );
    assert_eq!(texts[2], "DIR/bin.tab: holds the table `rates`, expected `bin`");
    assert_eq!(texts[3], "cannot read DIR/no.mmdb");
    assert_eq!(texts.len(), 4);
    assert_eq!(reference.digest(), bundled().digest());
    assert_eq!(reference.versions(), bundled().versions());
}

#[test]
fn a_table_in_the_directory_replaces_the_bundled_one() {
    let dir = tempfile::tempdir().unwrap();
    let everywhere = country::write(20_000, &["NZ".to_owned()], &[(0, 1)], &[(0, 0)]).unwrap();
    std::fs::write(dir.path().join("country.tab"), everywhere).unwrap();
    let (reference, refused) = load(Some(dir.path()), &[]);
    assert!(refused.is_empty(), "{refused:?}");
    let facts = reference.ip("8.8.8.8".parse().unwrap());
    assert_eq!((facts.country, facts.asn), ("NZ".parse().ok(), Some(15_169)));
    assert_eq!(reference.ip("2a01:4f8::1".parse().unwrap()).country, None);
    assert_eq!(reference.versions()[0].built.date_text(), "2024-10-04");
    assert_ne!(reference.digest(), bundled().digest());
}

/// A MaxMind-format file of `records` in a directory.
pub(super) fn mmdb(
    kind: &str,
    records: &[(&str, serde_json::Value)],
) -> (tempfile::TempDir, PathBuf) {
    let mut file = maxminddb_writer::Database::default();
    file.metadata.ip_version = IpVersion::V6;
    file.metadata.binary_format_major_version = 2;
    file.metadata.database_type = kind.to_owned();
    file.metadata.build_epoch = 1_790_000_000;
    for (network, record) in records {
        let data = file.insert_value(record).unwrap();
        let network: IpAddrWithMask = network.parse().unwrap();
        file.insert_node(network, data);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("test.mmdb");
    std::fs::write(&path, file.write_to(Vec::new()).unwrap()).unwrap();
    (dir, path)
}

#[test]
fn a_merchants_file_overrules_the_tables() {
    let nested = serde_json::json!({
        "country": {"iso_code": "NZ", "names": {"en": "New Zealand"}},
        "city": {"names": {"de": "Wellington-D", "en": "Wellington"}},
        "location": {"latitude": -41.3, "longitude": 174.8, "time_zone": "Pacific/Auckland"},
        "subdivisions": [{"iso_code": "WGN"}],
        "traits": {"autonomous_system_number": 24940_u32, "is_anonymous_vpn": true},
    });
    let flat = serde_json::json!({
        "country_code": "AU", "city": "Perth", "latitude": -31.9, "longitude": 500.0,
        "asn": "AS64496", "as_name": "Example", "is_hosting_provider": false, "is_public_proxy": true,
    });
    let (_dir, path) = mmdb(
        "Test-City",
        &[("::808:0/112", nested), ("::909:0/112", flat), ("2a01::/16", "text".into())],
    );
    let (reference, refused) = load(None, &[path]);
    assert!(refused.is_empty(), "{refused:?}");

    let facts = reference.ip("8.8.8.8".parse().unwrap());
    assert_eq!(line(&facts), "NZ 24940 Google hosting+vpn");
    let wellington = Location { latitude: -41.3, longitude: 174.8, accuracy_km: None };
    assert_eq!((facts.city, facts.location), (Some("Wellington"), Some(wellington)));
    assert_eq!(facts.organisation, Some("Hetzner Online GmbH"));

    let facts = reference.ip("9.9.9.9".parse().unwrap());
    assert_eq!(line(&facts), "AU 64496 - ");
    assert_eq!((facts.city, facts.organisation), (Some("Perth"), Some("Example")));
    assert_eq!((facts.location, facts.proxy), (None, Some(true)));

    // Not in the file, or nothing a record should be: the bundled tables answer.
    assert_eq!(reference.ip("1.1.1.1".parse().unwrap()), ip("1.1.1.1"));
    assert_eq!(reference.ip("2a01:4f8::1".parse().unwrap()), ip("2a01:4f8::1"));

    let version = reference.versions().last().unwrap();
    assert_eq!(
        (version.name.as_str(), version.built.date_text().as_str()),
        ("mmdb:Test-City", "2026-09-21")
    );
}

#[test]
fn a_file_that_is_no_mmdb_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bad.mmdb");
    std::fs::write(&path, b"\xab\xcd\xefMaxMind.com").unwrap();
    let (reference, refused) = load(None, std::slice::from_ref(&path));
    assert_eq!(refused.len(), 1);
    assert!(refused[0].to_string().ends_with("bad.mmdb: not a usable MaxMind-format file"));
    assert_eq!(reference.digest(), bundled().digest());
}
