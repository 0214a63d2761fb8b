//! The table `provider`: address ranges that providers publish themselves, by name and kind.
//!
//! Breadth comes from the table `asn`; these ranges are exact. The VPN kind reaches a few per cent of
//! the commercial VPN exits, the rest shows as hosting: a missing VPN flag proves nothing.

use super::error::ReferenceError;
use super::ranges::{self, IpRanges};
use super::table::{Columns, Table, Writer};
use std::net::IpAddr;

/// What a named range is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProviderKind {
    /// Rented servers.
    Hosting,
    /// Content delivery, anycast.
    Cdn,
    /// Exit of a commercial VPN.
    Vpn,
    /// Tor exit.
    Tor,
    /// Exit of a browser's or phone's privacy relay, used by ordinary buyers.
    Relay,
    /// A crawler that names itself.
    Bot,
}

impl ProviderKind {
    /// The name in a table file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hosting => "hosting",
            Self::Cdn => "cdn",
            Self::Vpn => "vpn",
            Self::Tor => "tor",
            Self::Relay => "relay",
            Self::Bot => "bot",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Hosting, Self::Cdn, Self::Vpn, Self::Tor, Self::Relay, Self::Bot]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// Network address to named range.
pub(super) struct ProviderTable {
    labels: Vec<(ProviderKind, String)>,
    ranges: IpRanges<u8>, // position in `labels` from 1
}

impl ProviderTable {
    #[inline]
    pub(super) fn get(&self, ip: IpAddr) -> Option<(ProviderKind, &str)> {
        let position = usize::from(self.ranges.get(ip)).checked_sub(1)?;
        self.labels.get(position).map(|(kind, name)| (*kind, name.as_str()))
    }

    pub(super) fn read(mut columns: Columns) -> Result<Self, ReferenceError> {
        let dictionary = columns.text()?;
        let labels: Option<Vec<_>> = dictionary
            .lines()
            .map(|line| {
                let (kind, name) = line.split_once(' ')?;
                Some((ProviderKind::parse(kind)?, name.to_owned()))
            })
            .collect();
        let labels = labels.ok_or_else(|| columns.malformed("an unknown kind before"))?;
        let ranges = IpRanges::read(&mut columns, 1, |value| {
            u8::try_from(value).ok().filter(|value| usize::from(*value) <= labels.len())
        })?;
        columns.done()?;
        Ok(Self { labels, ranges })
    }
}

/// Writes the table; a value is a position in `labels` counted from 1, 0 for none.
pub(super) fn write(
    built_day: u32,
    labels: &[(ProviderKind, String)],
    v4: &[(u32, u32)],
    v6: &[(u64, u32)],
) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new(Table::Provider, built_day);
    let lines: Vec<String> =
        labels.iter().map(|(kind, name)| format!("{} {name}", kind.name())).collect();
    writer.texts(lines.iter().map(String::as_str));
    ranges::write(&mut writer, v4, 1);
    ranges::write(&mut writer, v6, 1);
    writer.finish()
}
