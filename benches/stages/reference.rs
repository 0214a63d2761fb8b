//! Look-ups in the bundled tables, on a fixed mix of inputs that does not fit the cache.

use criterion::{Criterion, Throughput};
use maxminddb_writer::metadata::IpVersion;
use maxminddb_writer::paths::IpAddrWithMask;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use vouch::domain::{Currency, Timestamp};
use vouch::reference::{Reference, ReferenceFiles, Table, agent, pan};

const INPUTS: usize = 4096;
const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
                       (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/// First bits of blocks in which registries allocate IPv6; elsewhere there is nobody to look up.
const BLOCKS: [u64; 8] = [
    0x2001 << 48,
    0x2400 << 48,
    0x2404 << 48,
    0x2600 << 48,
    0x2800 << 48,
    0x2a00 << 48,
    0x2a02 << 48,
    0x2c0f << 48,
];

/// The benches of this stage.
pub(crate) fn bench(c: &mut Criterion) {
    let reference = Reference::bundled().expect("the bundled tables are good");
    addresses(c, &reference);
    city(c, &reference);
    cards(c, &reference);
    rest(c, &reference);
    c.bench_function("reference/bundled", |b| b.iter(Reference::bundled));
}

/// A fixed stream of numbers (xorshift).
fn numbers() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(88_172_645_463_325_252_u64), |x| {
        let x = x ^ x << 13;
        let x = x ^ x >> 7;
        Some(x ^ x << 17)
    })
}

fn addresses(c: &mut Criterion, reference: &Reference) {
    let v4: Vec<IpAddr> = numbers()
        .take(INPUTS)
        .map(|x| Ipv4Addr::from_bits((x >> 16 & 0xffff_ffff) as u32).into())
        .collect();
    let v6: Vec<IpAddr> = numbers()
        .take(INPUTS)
        .zip(BLOCKS.iter().cycle())
        .map(|(x, block)| Ipv6Addr::from_bits(u128::from(block | x >> 16) << 64).into())
        .collect();
    let only = |table| {
        let others = Table::ALL.into_iter().filter(|other| *other != table);
        others.fold(Reference::bundled().unwrap_or_default(), Reference::without)
    };
    let country = only(Table::Country);
    let (asn, provider) = (only(Table::Asn), only(Table::Provider));
    let mut group = c.benchmark_group("reference/ip");
    group.throughput(Throughput::Elements(INPUTS as u64));
    for (name, reference, ips) in [
        ("country v4", &country, &v4),
        ("country v6", &country, &v6),
        ("asn v4", &asn, &v4),
        ("asn v6", &asn, &v6),
        ("provider v4", &provider, &v4),
        ("provider v6", &provider, &v6),
        ("all v4", reference, &v4),
        ("all v6", reference, &v6),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| ips.iter().filter(|ip| reference.ip(**ip).country.is_some()).count());
        });
    }
    for (name, ips) in [("country alone v4", &v4), ("country alone v6", &v6)] {
        group.bench_function(name, |b| {
            b.iter(|| ips.iter().filter(|ip| reference.country(**ip).is_some()).count());
        });
    }
    group.finish();
    tree(c, [&v4, &v6]);
}

/// A record of the country file.
#[derive(serde::Deserialize)]
struct Row<'r> {
    country_code: Option<&'r str>,
}

/// The same addresses in a MaxMind tree, decoded as borrowed text. `VOUCH_BENCH_MMDB` names the country
/// file `data/SOURCES.toml` lists; without it the tree is left out.
fn tree(c: &mut Criterion, [v4, v6]: [&Vec<IpAddr>; 2]) {
    let Some(path) = std::env::var_os("VOUCH_BENCH_MMDB") else { return };
    let reader = maxminddb::Reader::open_readfile(path).expect("a MaxMind-format file");
    let country = |ip: &IpAddr| {
        let found = reader.lookup(*ip).ok()?.decode::<Row<'_>>().ok()??;
        found.country_code.map(|code| code.as_bytes().first().copied())
    };
    let mut group = c.benchmark_group("reference/maxminddb");
    group.throughput(Throughput::Elements(INPUTS as u64));
    for (name, ips) in [("country v4", v4), ("country v6", v6)] {
        group.bench_function(name, |b| {
            b.iter(|| ips.iter().filter(|ip| country(ip).is_some()).count());
        });
    }
    group.finish();
}

/// A merchant's City file of 60,000 networks over all the tables.
fn city(c: &mut Criterion, tables: &Reference) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("city.mmdb");
    let mut file = maxminddb_writer::Database::default();
    file.metadata.ip_version = IpVersion::V6;
    file.metadata.binary_format_major_version = 2;
    "GeoIP2-City".clone_into(&mut file.metadata.database_type);
    let networks: Vec<Ipv4Addr> = numbers()
        .skip(INPUTS)
        .take(60_000)
        .map(|x| Ipv4Addr::from_bits((x >> 16 & 0xffff_ff00) as u32))
        .collect();
    for (n, network) in networks.iter().enumerate() {
        let record = serde_json::json!({
            "city": {"geoname_id": n, "names": {"de": "Ort", "en": format!("City {}", n % 5_000)}},
            "country": {"iso_code": "GB", "names": {"en": "United Kingdom"}},
            "location": {"accuracy_radius": 20, "latitude": 51.5, "longitude": -0.1,
                "time_zone": "Europe/London"},
            "postal": {"code": "EC1A"}, "subdivisions": [{"iso_code": "ENG"}],
        });
        let data = file.insert_value(&record).expect("a record");
        let network = format!("{}/120", network.to_ipv6_compatible());
        let network: IpAddrWithMask = network.parse().expect("a network");
        file.insert_node(network, data);
    }
    std::fs::write(&path, file.write_to(Vec::new()).expect("a file")).expect("a place");
    let from = ReferenceFiles { files: vec![path], ..ReferenceFiles::default() };
    let (reference, _) = tables.again(&from);
    let reference = reference.expect("the file is good");
    let ips: Vec<IpAddr> = networks
        .iter()
        .step_by(15)
        .map(|ip| IpAddr::from(Ipv4Addr::from_bits(ip.to_bits() | 7)))
        .collect();
    let mut group = c.benchmark_group("reference/ip");
    group.throughput(Throughput::Elements(ips.len() as u64));
    for (name, reference) in [("all v4, no file", tables), ("all v4, City file", &reference)] {
        group.bench_function(name, |b| {
            b.iter(|| ips.iter().filter(|ip| reference.ip(**ip).location.is_some()).count());
        });
    }
    group.finish();
}

fn cards(c: &mut Criterion, reference: &Reference) {
    let bins: Vec<String> =
        numbers().take(INPUTS).map(|x| format!("{:06}", x % 1_000_000)).collect();
    let mut group = c.benchmark_group("reference/card");
    group.throughput(Throughput::Elements(INPUTS as u64));
    group.bench_function("bin", |b| {
        b.iter(|| bins.iter().filter(|bin| reference.bin(bin).is_some()).count());
    });
    group.throughput(Throughput::Elements(1));
    for (name, text) in [
        ("guard, few digits", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/1"),
        ("guard, many digits", "order 2026-0000-4711-0815, phone +44 20 7183 8750, 1763719200000"),
        (
            "guard, a card number",
            "my card is 4111 1111 1111 1111, please call me back this evening",
        ),
    ] {
        group.bench_function(name, |b| b.iter(|| pan::find(black_box(text), reference.bins())));
    }
    group.finish();
}

fn rest(c: &mut Criterion, reference: &Reference) {
    c.bench_function("reference/email", |b| {
        b.iter(|| reference.email(black_box("Jane.Doe+shop@mail.example.co.uk")));
    });
    let places = reference.places().expect("the bundled places");
    let britain = "GB".parse().expect("a country");
    c.bench_function("reference/country facts", |b| {
        b.iter(|| places.country(black_box(britain)).map(|facts| facts.uses(Currency::EUR)));
    });
    c.bench_function("reference/phone", |b| {
        b.iter(|| places.phone_country(black_box("+44 20 7183 8750")));
    });
    let july: Timestamp = "2026-07-18T02:15:00Z".parse().expect("a time");
    c.bench_function("reference/time zone", |b| {
        b.iter(|| places.zone(black_box("Europe/London")).and_then(|zone| zone.offset_min(july)));
    });
    for (name, text) in [("browser", BROWSER), ("library", "python-requests/2.32.3")] {
        c.bench_function(&format!("reference/user agent, {name}"), |b| {
            b.iter(|| agent(black_box(text)));
        });
    }
    let code = |code: &str| code.parse::<Currency>().expect("a currency");
    let (from, to) = (code("GBP"), code("JPY"));
    let on: Timestamp = "2026-10-31T10:15:00Z".parse().expect("a time");
    let rates = reference.rates().expect("the bundled rates");
    c.bench_function("reference/convert", |b| {
        b.iter(|| rates.convert(black_box(4_900.into()), from, to, on));
    });
}
