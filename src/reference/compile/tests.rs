//! Compiles small sources and reads the tables back.

use super::super::tests::load;
use super::super::{EmailClass, is_reserved};
use super::*;
use maxminddb_writer::paths::IpAddrWithMask;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv6Addr};

/// A directory of small sources in the forms of the packages, and the list of them.
struct Fixture {
    dir: tempfile::TempDir,
    list: String,
}

impl Fixture {
    fn new() -> Self {
        let mut fixture = Self { dir: tempfile::tempdir().unwrap(), list: String::new() };
        fixture.add("country", &country_source());
        fixture.add("asn-ipv4", b"16777216,16777471,13335,\"Cloud, Inc.\"\n16777300,16777310,5,A  B\n16777472,16777480,64512,private\n");
        fixture.add("asn-ipv6", b"42541956123769884636017138956568135816,42541956123769884636017138956568135816,7,tiny\n");
        fixture.add("provider", &provider_source());
        fixture.add("bin", b"BIN,Brand,Type,Category,Issuer,isoCode2\n457173,VISA/DANKORT,DEBIT,PREPAID BUSINESS,\"A, B\",DK\n000001,NSPK MIR,CREDIT,,,\n");
        fixture.add(
            "email-disposable",
            b"blocklist = {\n  'throw.example',\n  'duck.com',\n  'co.uk',\n}\n",
        );
        fixture.add("email-disposable-wide", b"var blacklist = new Set([\"wide.example\"]);\n");
        fixture.add(
            "email-free",
            b"[\n  \"free.example\",\n  \"wide.example\",\n  \"throw.example\"\n]\n",
        );
        fixture.add("email-roles", b"const A = [\n  'sales',\n  'no-reply',\n];\n");
        fixture.add_places();
        fixture.add("rates", b"Date,USD,JPY,\n2026-01-05,1.25,N/A,\n2026-01-02,1.2,150.5,\n");
        fixture
    }

    /// Every country has a row; only Chile's says something.
    fn add_places(&mut self) {
        let rows = |other: &str, chile: &str| {
            let row = |country: crate::domain::Country| {
                let row = if country.code() == "CL" { chile } else { other };
                format!("\"{country}\":{row}")
            };
            let rows: Vec<String> = crate::domain::Country::all().map(row).collect();
            format!("{{{}}}", rows.join(",")).into_bytes()
        };
        let none = r#"{"name":"x","continent":"EU"}"#;
        let chile = r#"{"name":"Chile","continent":"SA","phone":[56],"currency":["CLP"],"languages":["es"]}"#;
        self.add("places-countries", &rows(none, chile));
        let middle = r#"{"coordinate":["-35.5","-71.5"]}"#;
        self.add("places-centres", &rows(middle, middle));
        self.add("places-areas", &rows(r#"{"areakm2":0}"#, r#"{"areakm2":756950}"#));
        let towns = r#"{"1":{"latitude":-33.4,"longitude":-70.6,"countrycode":"CL","population":100},
            "2":{"latitude":-20.2,"longitude":-70.1,"countrycode":"CL","population":6}}"#;
        self.add("places-towns", towns.as_bytes());
        let zones = r#"{"America/Santiago":{"u":-240,"d":-180,"c":["CL"]},
            "Chile/Continental":{"a":"America/Santiago","r":1},"Etc/UTC":{"u":0},
            "Pacific/Easter":{"u":-360,"d":-300,"c":["CL"]}}"#;
        let literal = serde_json::to_string(zones).unwrap();
        let code = format!("var x = {{ timezones: JSON.parse({literal})\n}};");
        self.add("places-zones", code.as_bytes());
    }

    fn add(&mut self, id: &str, data: &[u8]) {
        std::fs::write(self.dir.path().join(id), data).unwrap();
        let sha256 = super::super::sha256_hex(data);
        write!(
            self.list,
            "[[source]]\nid = \"{id}\"\nregistry = \"npm\"\npackage = \"p\"\nversion = \"1\"\n\
             file = \"{id}\"\nsha256 = \"{sha256}\"\nbuilt = \"2026-01-05\"\nlicence = \"MIT\"\nrecipe = []\n"
        )
        .unwrap();
    }

    fn sources(&self) -> Sources {
        let path = self.dir.path().join("SOURCES.toml");
        std::fs::write(&path, &self.list).unwrap();
        Sources::read(&path).unwrap()
    }

    fn compile(&self, table: Table) -> Result<Compiled, CompileError> {
        compile(table, &self.sources(), self.dir.path(), &self.dir.path().join("out"))
    }
}

fn country_source() -> Vec<u8> {
    let mut file = maxminddb_writer::Database::default();
    file.metadata.ip_version = maxminddb_writer::metadata::IpVersion::V6;
    file.metadata.binary_format_major_version = 2;
    for (network, code) in [
        ("::100:0/120", "AU"),
        ("::102:304/128", "NZ"),
        ("::ff00:0/104", "ZZ"),
        ("2a01:4f8::/32", "DE"),
        ("2a02::/64", "FR"),
        ("2a02:0:0:1:8000::/65", "IT"),
    ] {
        let data = file.insert_value(serde_json::json!({"country_code": code})).unwrap();
        file.insert_node(network.parse::<IpAddrWithMask>().unwrap(), data);
    }
    file.write_to(Vec::new()).unwrap()
}

fn provider_source() -> Vec<u8> {
    let mut data = b"IPORIGIN\x01\x00".to_vec();
    data.extend(0_u64.to_le_bytes());
    data.extend(3_u16.to_le_bytes());
    data.extend(3_u32.to_le_bytes());
    data.extend(1_u32.to_le_bytes());
    for label in ["Tor\ttor", "Cogent\thosting", "Apple Private Relay\tvpn"] {
        data.extend(u16::try_from(label.len()).unwrap().to_le_bytes());
        data.extend(label.as_bytes());
    }
    for (first, last, label) in [
        (0x0100_0001_u32, 0x0100_0001_u32, 0_u16),
        (0x0200_0000, 0x0200_00ff, 1),
        (0x0300_0000, 0x0300_00ff, 2),
    ] {
        data.extend(first.to_le_bytes());
        data.extend(last.to_le_bytes());
        data.extend(label.to_le_bytes());
    }
    let exit: u128 = 0x2a01_04f8_0000_0000_0000_0000_0000_0042;
    data.extend(exit.to_be_bytes());
    data.extend(exit.to_be_bytes());
    data.extend(0_u16.to_le_bytes());
    data
}

#[test]
fn small_sources_make_working_tables() {
    let fixture = Fixture::new();
    for table in Table::ALL {
        let compiled = fixture.compile(table).unwrap();
        assert!(compiled.rows > 0 && compiled.bytes > 0);
    }
    let (reference, refused) = load(Some(&fixture.dir.path().join("out")), &[]);
    assert!(refused.is_empty(), "{refused:?}");
    let ip = |text: &str| reference.ip(text.parse().unwrap());
    let country = |text: &str| ip(text).country.map(|country| country.to_string());

    assert_eq!(country("1.0.0.255").as_deref(), Some("AU"));
    assert_eq!(country("1.0.1.0"), None);
    assert_eq!(country("1.2.3.4").as_deref(), Some("NZ"));
    assert_eq!(country("2a01:4f8:1::9").as_deref(), Some("DE"));
    assert_eq!(country("2a02::8000:0:0:0").as_deref(), Some("FR"));
    assert_eq!(country("2a02:0:0:1:8000::"), None); // half a /64 is not its beginning

    let system = |text: &str| (ip(text).asn, ip(text).organisation, ip(text).hosting);
    assert_eq!(system("1.0.0.0"), (Some(13_335), Some("Cloud, Inc."), Some(true)));
    assert_eq!(system("1.0.0.90"), (Some(5), Some("A B"), Some(false)));
    assert_eq!(system("1.0.0.100"), (Some(13_335), Some("Cloud, Inc."), Some(true)));
    assert_eq!(system("1.0.1.1").0, None); // a private number

    assert_eq!((ip("1.0.0.1").tor, ip("1.0.0.2").tor), (Some(true), Some(false)));
    assert_eq!(ip("2.0.0.1").provider, None); // not ours to ship
    assert_eq!((ip("3.0.0.1").relay, ip("3.0.0.1").vpn), (Some(true), Some(false)));
    assert_eq!(ip("2a01:4f8::1").tor, Some(true)); // its whole /64

    let card = reference.bin("457173").unwrap();
    assert_eq!((card.brand, card.prepaid, card.business), ("visa", Some(true), Some(true)));
    let card = reference.bin("000001").unwrap();
    assert_eq!((card.brand, card.country, card.prepaid), ("mir", None, None));
    assert_eq!(reference.bin("457174"), None);

    let class = |address: &str| reference.email(address).class.unwrap();
    assert_eq!(class("a@throw.example"), EmailClass::Disposable);
    assert_eq!(class("a@duck.com"), EmailClass::Relay);
    assert_eq!(class("a@free.example"), EmailClass::Free);
    assert_eq!(class("a@wide.example"), EmailClass::DisposableWide);
    assert_eq!(reference.email("no-reply@x.example").role, Some(true));

    let places = reference.places().unwrap();
    let chile = places.country("CL".parse().unwrap()).unwrap();
    assert_eq!((&*chile.name, chile.currencies.len(), chile.time_zones.len()), ("Chile", 1, 2));
    assert!((1_600.0..1_800.0).contains(&chile.radius_km), "{}", chile.radius_km); // to the far town
    assert_eq!(places.phone_country("+56 2"), "CL".parse().ok());
    assert_eq!(places.zone("Chile/Continental").unwrap().countries().len(), 1);
    assert!(places.zone("Etc/UTC").unwrap().countries().is_empty());

    assert_eq!(reference.rates().unwrap().span(), Some((20_455, 20_458)));
    assert!(reference.versions().iter().all(|v| v.built.date_text() == "2026-01-05"));
}

/// Networks of both families beside and not inside each other: address, length, country.
fn networks() -> impl Strategy<Value = Vec<(IpAddr, u8, usize)>> {
    let v4 = (any::<u32>(), 8_u8..=32).prop_map(|(bits, length)| {
        let bits = bits & u32::MAX << (32 - length);
        (IpAddr::V4(bits.into()), length)
    });
    let v6 = (any::<u64>(), 16_u8..=64).prop_map(|(bits, length)| {
        let bits = (bits >> 3 | 1 << 61) & u64::MAX << (64 - length);
        (IpAddr::V6((u128::from(bits) << 64).into()), length)
    });
    prop::collection::vec((prop_oneof![v4, v6], 0..CODES.len()), 1..80).prop_map(|drawn| {
        let mut kept: Vec<(IpAddr, u8, usize)> = Vec::new();
        for ((address, length), code) in drawn {
            let apart = |other: &(IpAddr, u8, usize)| {
                let shorter = length.min(other.1);
                first_bits(address, shorter) != first_bits(other.0, shorter)
            };
            if kept.iter().all(apart) {
                kept.push((address, length, code));
            }
        }
        kept
    })
}

/// A code that is no country, and some that are.
const CODES: [&str; 6] = ["ZZ", "DE", "FR", "NZ", "US", "XK"];

fn first_bits(address: IpAddr, length: u8) -> (bool, u128) {
    match address {
        IpAddr::V4(ip) => (true, u128::from(ip.to_bits()) >> (32 - length)),
        IpAddr::V6(ip) => (false, ip.to_bits() >> (128 - length)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// 200,000 random addresses over all cases, and both sides of both ends of every network.
    #[test]
    fn the_country_table_equals_maxminddb(
        networks in networks(),
        seed in 1..u64::MAX,
    ) {
        let mut file = maxminddb_writer::Database::default();
        file.metadata.ip_version = maxminddb_writer::metadata::IpVersion::V6;
        file.metadata.binary_format_major_version = 2;
        let mut edges = Vec::new();
        for (address, length, code) in &networks {
            let record = serde_json::json!({"country": {"iso_code": CODES[*code]}});
            let data = file.insert_value(record).unwrap();
            let (first, size, in_tree) = match address {
                IpAddr::V4(ip) => (u128::from(ip.to_bits()), 1 << (32 - length), length + 96),
                IpAddr::V6(ip) => (ip.to_bits(), 1 << (128 - length), *length),
            };
            let network = IpAddrWithMask::new(Ipv6Addr::from_bits(first).into(), in_tree);
            file.insert_node(network, data);
            let ends = [first.checked_sub(1), Some(first), Some(first + (size - 1)), first.checked_add(size)];
            edges.extend(ends.into_iter().flatten().filter_map(|bits| match address {
                IpAddr::V4(_) => u32::try_from(bits).ok().map(|bits| IpAddr::V4(bits.into())),
                IpAddr::V6(_) => Some(IpAddr::V6((bits >> 64 << 64).into())),
            }));
        }
        let data = file.write_to(Vec::new()).unwrap();
        let mut fixture = Fixture::new();
        fixture.list.clear();
        fixture.add("country", &data);
        fixture.compile(Table::Country).unwrap();
        let (table, _) = load(Some(&fixture.dir.path().join("out")), &[]);
        let reader = maxminddb::Reader::from_source(data.as_slice()).unwrap();

        let random = std::iter::successors(Some(seed), |x| {
            let x = x ^ x << 13;
            let x = x ^ x >> 7;
            Some(x ^ x << 17)
        });
        let anywhere = random.take(25_000).flat_map(|x| {
            let v6 = u128::from(x >> 3 | 1 << 61) << 64;
            [IpAddr::V4(u32::try_from(x >> 32).unwrap().into()), IpAddr::V6(v6.into())]
        });
        for ip in edges.into_iter().chain(anywhere).filter(|ip| !is_reserved(*ip)) {
            let path = [maxminddb::PathElement::Key("country"), maxminddb::PathElement::Key("iso_code")];
            let expected: Option<&str> = reader.lookup(ip).unwrap().decode_path(&path).unwrap();
            assert_eq!(table.country(ip), table.ip(ip).country, "{ip}");
            let found = table.ip(ip).country.map(|country| country.to_string());
            prop_assert_eq!(found.as_deref(), expected.filter(|code| *code != "ZZ"), "{}", ip);
        }
    }
}

#[test]
fn the_same_sources_give_the_same_bytes() {
    let fixture = Fixture::new();
    for table in Table::ALL {
        let path = fixture.dir.path().join("out").join(table.file_name());
        fixture.compile(table).unwrap();
        let first = std::fs::read(&path).unwrap();
        fixture.compile(table).unwrap();
        assert!(std::fs::read(&path).unwrap() == first, "{}", table.name());
    }
}

#[test]
fn bad_sources_are_refused_with_their_place() {
    for (id, data, table, expected) in [
        (
            "asn-ipv4",
            "1,2,3,a\n1,x,3,b\n",
            Table::Asn,
            "asn-ipv4, line 2: not `first,last,number,organisation`",
        ),
        (
            "bin",
            "BIN,Brand,Type,Category,isoCode2\n45717,VISA,,,\n",
            Table::Bin,
            "bin, line 2: a BIN that is not six digits",
        ),
        (
            "bin",
            "BIN,Brand\n",
            Table::Bin,
            "bin, line 1: a column of BIN, Brand, Type, Category, isoCode2 is missing",
        ),
        (
            "rates",
            "Date,EUX,\n",
            Table::Rates,
            "rates, line 1: a column that is no ISO 4217 currency",
        ),
        (
            "rates",
            "Date,USD,\n2026-01-02,1.2,\n2026-01-05,1.2,\n",
            Table::Rates,
            "rates, line 2: a date that is not before the row above",
        ),
        (
            "rates",
            "Date,USD,\n2026-01-02,-1.2,\n",
            Table::Rates,
            "rates, line 2: a rate that is not above zero",
        ),
        ("provider", "IPORIGIN\u{1}", Table::Provider, "provider: the end inside a row at byte 9"),
        ("country", "no mmdb", Table::Country, "country: not a usable MaxMind-format file"),
    ] {
        let mut fixture = Fixture::new();
        fixture.list.clear();
        fixture.add("asn-ipv6", b"");
        fixture.add(id, data.as_bytes());
        let error = fixture.compile(table).unwrap_err().to_string();
        assert_eq!(error.rsplit('/').next(), Some(expected));
    }
}

#[test]
fn a_changed_source_is_refused() {
    let fixture = Fixture::new();
    std::fs::write(fixture.dir.path().join("rates"), b"other").unwrap();
    let error = fixture.compile(Table::Rates).unwrap_err();
    assert!(matches!(error, CompileError::Changed { .. }), "{error}");
    let mut fixture = Fixture::new();
    fixture.list = fixture.list.replace("id = \"bin\"", "id = \"bon\"");
    let error = fixture.compile(Table::Bin).unwrap_err();
    assert_eq!(error.to_string(), "the list of sources has no `bin`");
}

#[test]
fn the_committed_list_names_every_source_once() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/SOURCES.toml");
    let sources = Sources::read(&path).unwrap();
    let ids: std::collections::BTreeSet<&str> =
        sources.source.iter().map(|source| source.id.as_str()).collect();
    assert_eq!(ids.len(), sources.source.len());
    assert_eq!(ids.len(), 15);
    assert!(sources.source.iter().all(|source| source.sha256.len() == 64));
}

#[test]
fn every_source_has_its_licence_and_every_table_its_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = Sources::read(&root.join("data/SOURCES.toml")).unwrap();
    let notice = std::fs::read_to_string(root.join("THIRD_PARTY_DATA.md")).unwrap();
    for table in Table::ALL {
        assert!(notice.contains(&format!("| `{}` |", table.name())), "{}", table.name());
        let own = |source: &Source| source.id.split('-').next() == Some(table.name());
        assert!(sources.source.iter().any(own), "{}", table.name());
    }
    for source in &sources.source {
        let words = source.licence.as_str();
        let text = match words {
            "MIT" => format!("MIT-{}.txt", source.package),
            "LicenseRef-ECB" => continue, // free reuse with the source named: no text of its own
            words => format!("{words}.txt"),
        };
        assert!(root.join("data/licences").join(&text).is_file(), "{}: {text}", source.id);
    }
}
