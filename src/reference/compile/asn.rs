//! `asn` from CSV rows `first, last, number, organisation`, addresses as decimal numbers, ends
//! included.

use super::super::asn::{System, write};
use super::super::ranges::{Row, flatten};
use super::{CompileError, File, Input, Output, hosting};
use std::collections::BTreeMap;

/// A row of the source.
struct Network {
    first: u128,
    last: u128,
    number: u32,
}

pub(super) fn compile(input: &Input<'_>) -> Result<Output, CompileError> {
    let (v4, v6) = (input.read("asn-ipv4")?, input.read("asn-ipv6")?);
    let mut names = BTreeMap::new();
    let v4_networks = networks(&v4, &mut names)?;
    let v6_networks = networks(&v6, &mut names)?;

    let positions: BTreeMap<u32, u32> = names.keys().copied().zip(1..).collect();
    let position = |network: &Network| positions.get(&network.number).copied().unwrap_or(0);
    let v4_rows: Result<Vec<Row<u32>>, _> = v4_networks
        .iter()
        .map(|n| Ok((u32::try_from(n.first)?, u32::try_from(n.last)?, position(n))))
        .collect();
    let v4_rows = v4_rows.map_err(|_: std::num::TryFromIntError| {
        v4.format(0, "an address over 32 bits somewhere after")
    })?;
    let v6_rows = v6_networks.iter().filter_map(|n| {
        let (first, last) = whole_64(n.first, n.last)?;
        Some((first, last, position(n)))
    });

    let (v4_runs, v6_runs) = (flatten(v4_rows), flatten(v6_rows.collect()));
    let systems: Vec<System<String>> = names
        .into_iter()
        .map(|(number, name)| System {
            number,
            hosting: hosting::rents_servers(number, &name),
            name,
        })
        .collect();
    let built_day = v4.built_day.max(v6.built_day);
    let data = write(built_day, &systems, &v4_runs, &v6_runs);
    Ok((v4_runs.len() + v6_runs.len(), data))
}

/// The /64 networks whose first address lies in a range, as upper halves; `None` when none does.
fn whole_64(first: u128, last: u128) -> Option<(u64, u64)> {
    let begin = u64::try_from(first.div_ceil(1 << 64)).ok()?;
    let end = u64::try_from(last >> 64).ok()?;
    (begin <= end).then_some((begin, end))
}

/// The rows of a file whose number is a public one (RFC 6996, RFC 7300); fills in `names`, of which
/// the first stands.
fn networks(file: &File, names: &mut BTreeMap<u32, String>) -> Result<Vec<Network>, CompileError> {
    let mut rows = Vec::new();
    for row in file.csv(false).records() {
        let row = row.map_err(|error| file.bad_csv(error))?;
        let field = |at: usize| row.get(at).unwrap_or_default();
        let (Ok(first), Ok(last), Ok(number)) =
            (field(0).parse(), field(1).parse(), field(2).parse())
        else {
            return Err(file.line(&row, "not `first,last,number,organisation`"));
        };
        if matches!(number, 1..=64_495 | 131_072..=4_199_999_999) {
            rows.push(Network { first, last, number });
            let name = field(3).split_whitespace().collect::<Vec<_>>().join(" ");
            names.entry(number).or_insert(name);
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_64_belongs_to_the_range_of_its_first_address() {
        let at = |upper: u128, lower: u128| upper << 64 | lower;
        assert_eq!(whole_64(at(5, 0), at(5, u128::from(u64::MAX))), Some((5, 5)));
        assert_eq!(whole_64(at(5, 0), at(5, 0x2f)), Some((5, 5)));
        assert_eq!(whole_64(at(5, 0x30), at(5, 0x30)), None);
        assert_eq!(whole_64(at(5, 0x31), at(7, 3)), Some((6, 7)));
    }
}
