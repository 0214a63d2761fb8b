//! `country` from any MaxMind-format country file.
//!
//! What is written is read back and held against the source at every edge of a range and at
//! [`RANDOM`] random addresses of each family; a table that differs anywhere is refused.

use super::super::country::{CountryTable, write};
use super::super::ranges::{Row, flatten, upper};
use super::super::record::GeoRecord;
use super::super::table::{Columns, Table};
use super::{CompileError, File, Input, Output};
use crate::domain::Country;
use maxminddb::{MaxMindDbError, Reader, WithinOptions};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Random addresses of each family that a table is checked at; a test compiles many small ones.
const RANDOM: usize = if cfg!(test) { 1_000 } else { 100_000 };

pub(super) fn compile(input: &Input<'_>) -> Result<Output, CompileError> {
    let file = input.read("country")?;
    let bad = |source| CompileError::MaxMind { path: file.path.clone(), source };
    let reader = Reader::from_source(file.data.as_slice()).map_err(bad)?;
    let networks = networks(&reader).map_err(bad)?;
    let (v4, v6) = (flatten(networks.v4), flatten(networks.v6));
    let codes: Vec<String> = Country::all().map(|country| country.code().to_owned()).collect();
    let data = write(file.built_day, &codes, &v4, &v6);
    if let Ok(data) = &data {
        let edges = v4.iter().map(|run| Ipv4Addr::from_bits(run.0).into());
        let edges = edges.chain(v6.iter().map(|run| first_of(run.0)));
        agrees(&file, &reader, data, edges)?;
    }
    Ok((v4.len() + v6.len(), data))
}

/// The first address of a /64.
fn first_of(upper: u64) -> IpAddr {
    Ipv6Addr::from_bits(u128::from(upper) << 64).into()
}

/// Reads the table back and asks both at the last address before and the first of each edge, and at
/// random addresses. IPv6 is asked at the first address of a /64, which is what the table holds.
fn agrees(
    file: &File,
    reader: &Reader<&[u8]>,
    data: &[u8],
    edges: impl Iterator<Item = IpAddr>,
) -> Result<(), CompileError> {
    let unreadable = |_| file.format(0, "a table that can't be read back");
    let columns = Columns::open(Table::Country, "compiled", data).map_err(unreadable)?;
    let table = CountryTable::read(columns).map_err(unreadable)?;
    let around = edges.flat_map(|edge| [Some(edge), before(edge)]).flatten();
    for ip in around.chain(random().take(2 * RANDOM)) {
        let found = reader.lookup(ip).and_then(|found| found.decode::<GeoRecord<'_>>());
        let source_says = found.ok().flatten().and_then(|record| record.country);
        let table_says = table.get(ip);
        // 64 bits of IPv6 hold IPv4 in some files; no buyer comes from there.
        if source_says != table_says && !matches!(ip, IpAddr::V6(ip) if upper(ip) == 0) {
            let word = |country: Option<Country>| country.map_or("-".to_owned(), |c| c.to_string());
            return Err(CompileError::Differs {
                path: file.path.clone(),
                ip,
                source_says: word(source_says),
                table_says: word(table_says),
            });
        }
    }
    Ok(())
}

/// The address before, or the first of the /64 before.
fn before(ip: IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(ip) => ip.to_bits().checked_sub(1).map(|bits| Ipv4Addr::from_bits(bits).into()),
        IpAddr::V6(ip) => upper(ip).checked_sub(1).map(first_of),
    }
}

/// A fixed stream of addresses (xorshift), IPv4 and global IPv6 in turn.
fn random() -> impl Iterator<Item = IpAddr> {
    let numbers = std::iter::successors(Some(0x9e37_79b9_7f4a_7c15_u64), |x| {
        let x = x ^ x << 13;
        let x = x ^ x >> 7;
        Some(x ^ x << 17)
    });
    numbers.flat_map(|x| [Ipv4Addr::from_bits((x >> 32) as u32).into(), first_of(x >> 3 | 1 << 61)])
}

/// The networks of both families; a value is a position in [`Country::all`] counted from 1.
#[derive(Default)]
struct Networks {
    v4: Vec<Row<u32>>,
    v6: Vec<Row<u64>>,
}

fn networks(reader: &Reader<&[u8]>) -> Result<Networks, MaxMindDbError> {
    let positions: BTreeMap<Country, u32> = Country::all().zip(1..).collect();
    let mut networks = Networks::default();
    for found in reader.networks(WithinOptions::default())? {
        let found = found?;
        let record: Option<GeoRecord<'_>> = found.decode()?;
        let country = record.and_then(|record| record.country);
        let Some(value) = country.and_then(|country| positions.get(&country)) else { continue };
        let network = found.network()?;
        match (network.network(), network.broadcast()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                networks.v4.push((first.to_bits(), last.to_bits(), *value));
            }
            // A network below /64 counts when it begins its /64, so that there is one answer each.
            (IpAddr::V6(first), IpAddr::V6(last)) if first.to_bits().trailing_zeros() >= 64 => {
                networks.v6.push((upper(first), upper(last), *value));
            }
            _ => {}
        }
    }
    Ok(networks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use maxminddb_writer::metadata::IpVersion;
    use maxminddb_writer::paths::IpAddrWithMask;

    #[test]
    fn a_table_that_differs_is_refused() {
        let mut source = maxminddb_writer::Database::default();
        source.metadata.ip_version = IpVersion::V6;
        source.metadata.binary_format_major_version = 2;
        let record = source.insert_value(serde_json::json!({"country_code": "NZ"})).unwrap();
        source.insert_node("::100:0/120".parse::<IpAddrWithMask>().unwrap(), record);
        let data = source.write_to(Vec::new()).unwrap();
        let reader = Reader::from_source(data.as_slice()).unwrap();
        let file = File { path: "source.mmdb".into(), data: Vec::new(), built_day: 0 };
        let check = |v4: &[(u32, u32)]| {
            let codes = ["NZ".to_owned(), "AU".to_owned()];
            let table = write(0, &codes, v4, &[(0, 0)]).unwrap();
            let edges = v4.iter().map(|run| Ipv4Addr::from_bits(run.0).into());
            agrees(&file, &reader, &table, edges).map_err(|error| error.to_string())
        };
        assert_eq!(check(&[(0, 0), (1 << 24, 1), ((1 << 24) + 256, 0)]), Ok(()));
        let wrong = check(&[(0, 0), (1 << 24, 2), ((1 << 24) + 256, 0)]);
        assert_eq!(wrong.unwrap_err(), "source.mmdb: 1.0.0.0 is NZ, the table says AU");
        let short = check(&[(0, 0), (1 << 24, 1), ((1 << 24) + 255, 0)]);
        assert_eq!(short.unwrap_err(), "source.mmdb: 1.0.0.255 is NZ, the table says -");
    }
}
