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
    systems: Vec<System<Box<str>>>, // ascending by number
    ranges: IpRanges<u32>,          // position in `systems` from 1
}

/// One autonomous system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct System<N> {
    /// The organisation as the registry writes it; may be empty.
    pub(super) name: N,
    /// Its number.
    pub(super) number: u32,
    /// Whether the organisation rents out servers.
    pub(super) hosting: bool,
}

impl AsnTable {
    #[inline]
    pub(super) fn get(&self, ip: IpAddr) -> Option<&System<Box<str>>> {
        self.systems.get((self.ranges.get(ip) as usize).checked_sub(1)?)
    }

    /// What is known about a number that came from elsewhere.
    pub(super) fn system(&self, number: u32) -> Option<&System<Box<str>>> {
        let found = self.systems.binary_search_by_key(&number, |system| system.number);
        self.systems.get(found.ok()?)
    }

    pub(super) fn read(mut columns: Columns) -> Result<Self, ReferenceError> {
        let steps = columns.numbers()?;
        let hosting = columns.bytes()?.to_vec();
        let names = columns.text()?;
        let mut names = names.lines();
        let mut number = 0_u64;
        let mut systems = Vec::with_capacity(steps.len());
        for (at, step) in steps.into_iter().enumerate() {
            number = number.saturating_add(step);
            let (Ok(number), Some(hosting), Some(name)) =
                (u32::try_from(number), hosting.get(at), names.next())
            else {
                return Err(columns.malformed("a system without name or number before"));
            };
            systems.push(System { name: name.into(), number, hosting: *hosting != 0 });
        }
        let ranges = IpRanges::read(&mut columns, 3, |value| {
            Some(value).filter(|value| *value as usize <= systems.len())
        })?;
        columns.done()?;
        Ok(Self { systems, ranges })
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
