//! `country` from any MaxMind-format country file.

use super::super::country::write;
use super::super::ranges::{Row, flatten, upper};
use super::super::record::GeoRecord;
use super::{CompileError, Input, Output};
use crate::domain::Country;
use maxminddb::{MaxMindDbError, Reader, WithinOptions};
use std::collections::BTreeMap;
use std::net::IpAddr;

pub(super) fn compile(input: &Input<'_>) -> Result<Output, CompileError> {
    let file = input.read("country")?;
    let bad = |source| CompileError::MaxMind { path: file.path.clone(), source };
    let reader = Reader::from_source(file.data.as_slice()).map_err(bad)?;
    let networks = networks(&reader).map_err(bad)?;
    let (v4, v6) = (flatten(networks.v4), flatten(networks.v6));
    let codes: Vec<String> = Country::all().map(|country| country.code().to_owned()).collect();
    Ok((v4.len() + v6.len(), write(file.built_day, &codes, &v4, &v6)))
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
