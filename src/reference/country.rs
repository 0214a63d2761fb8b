//! The table `country`: network address to country.
//!
//! Countries stand in a dictionary of codes; a code that is no country (`EU`, `AP`, `ZZ`) is read as
//! nothing known. The country of anycast, CDN and cloud addresses is a guess in every source: give it
//! less weight where [`IpFacts::hosting`](super::IpFacts::hosting) or `cdn` is set.

use super::error::ReferenceError;
use super::ranges::{self, IpRanges};
use super::table::{Columns, Table, Writer};
use crate::domain::Country;
use std::net::IpAddr;

/// Network address to country.
pub(super) struct CountryTable {
    codes: Vec<Option<Country>>, // [0] is nothing
    ranges: IpRanges<u8>,
}

impl CountryTable {
    #[inline]
    pub(super) fn get(&self, ip: IpAddr) -> Option<Country> {
        self.codes.get(usize::from(self.ranges.get(ip))).copied().flatten()
    }

    pub(super) fn read(mut columns: Columns) -> Result<Self, ReferenceError> {
        let dictionary = columns.text()?;
        let codes: Vec<_> =
            std::iter::once(None).chain(dictionary.lines().map(|code| code.parse().ok())).collect();
        let ranges = IpRanges::read(&mut columns, 1, |value| {
            u8::try_from(value).ok().filter(|value| usize::from(*value) < codes.len())
        })?;
        columns.done()?;
        Ok(Self { codes, ranges })
    }
}

/// Writes the table; a value is a position in `codes` counted from 1, 0 for none.
pub(super) fn write(
    built_day: u32,
    codes: &[String],
    v4: &[(u32, u32)],
    v6: &[(u64, u32)],
) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new(Table::Country, built_day);
    writer.texts(codes.iter().map(String::as_str));
    ranges::write(&mut writer, v4, 1);
    ranges::write(&mut writer, v6, 1);
    writer.finish()
}
