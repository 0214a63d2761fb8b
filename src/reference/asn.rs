//! The table `asn`: network address to autonomous system, the name of its organisation, and whether
//! that organisation rents out servers.
//!
//! The hosting flag is decided when the table is compiled (`compile/hosting.rs`).

use super::error::ReferenceError;
use super::ranges::{self, IpRanges};
use super::table::{Columns, Table, Writer};
use std::net::IpAddr;

/// Network address to autonomous system.
pub(super) struct AsnTable {
    numbers: Vec<u32>, // ascending
    hosting: Vec<u8>,  // 0 or 1, one per number
    names: String,
    name_ends: Vec<u32>, // one per number; a name begins after the previous one's line feed
    ranges: IpRanges<u32>, // position in `numbers` from 1
}

/// One autonomous system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct System<N> {
    /// Its number.
    pub(super) number: u32,
    /// The organisation as the registry writes it; may be empty.
    pub(super) name: N,
    /// Whether the organisation rents out servers.
    pub(super) hosting: bool,
}

impl AsnTable {
    #[inline]
    pub(super) fn get(&self, ip: IpAddr) -> Option<System<&str>> {
        self.at((self.ranges.get(ip) as usize).checked_sub(1)?)
    }

    /// What is known about a number that came from elsewhere.
    pub(super) fn system(&self, number: u32) -> Option<System<&str>> {
        self.at(self.numbers.binary_search(&number).ok()?)
    }

    fn at(&self, position: usize) -> Option<System<&str>> {
        let end = *self.name_ends.get(position)? as usize;
        let before = position.checked_sub(1).and_then(|at| self.name_ends.get(at));
        let from = before.map_or(0, |end| *end as usize + 1);
        Some(System {
            number: *self.numbers.get(position)?,
            name: self.names.get(from..end)?,
            hosting: *self.hosting.get(position)? != 0,
        })
    }

    pub(super) fn read(mut columns: Columns) -> Result<Self, ReferenceError> {
        let mut numbers = Vec::new();
        let mut number = 0_u64;
        for step in columns.numbers()? {
            number = number.saturating_add(step);
            let known = u32::try_from(number).map_err(|_| columns.malformed("a number over AS"))?;
            numbers.push(known);
        }
        let hosting = columns.bytes()?.to_vec();
        let names = columns.text()?;
        let name_ends: Result<Vec<u32>, _> =
            names.match_indices('\n').map(|(at, _)| u32::try_from(at)).collect();
        let name_ends = name_ends.map_err(|_| columns.malformed("too many names before"))?;
        if hosting.len() != numbers.len() || name_ends.len() != numbers.len() {
            return Err(columns.malformed("columns of unequal length before"));
        }
        let ranges = IpRanges::read(&mut columns, 3, |value| {
            Some(value).filter(|value| *value as usize <= numbers.len())
        })?;
        columns.done()?;
        Ok(Self { numbers, hosting, names, name_ends, ranges })
    }
}

/// Writes the table; `systems` ascend by number, a value is a position in them counted from 1.
pub(super) fn write(
    built_day: u32,
    systems: &[System<String>],
    v4: &[(u32, u32)],
    v6: &[(u64, u32)],
) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new(Table::Asn, built_day);
    let mut before = 0;
    let steps: Vec<u64> = systems
        .iter()
        .map(|system| u64::from(system.number - std::mem::replace(&mut before, system.number)))
        .collect();
    writer.numbers(&steps);
    writer.bytes(&systems.iter().map(|system| u8::from(system.hosting)).collect::<Vec<_>>());
    writer.texts(systems.iter().map(|system| system.name.as_str()));
    ranges::write(&mut writer, v4, 3);
    ranges::write(&mut writer, v6, 3);
    writer.finish()
}
