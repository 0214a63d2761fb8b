//! Addresses and networks as numbers, and sorted tables of them by the length of the prefix.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses; an address is a block of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Block {
    V4(u8, u32),
    V6(u8, u128),
}

impl Block {
    /// Reads an address or a network; `None` for bits set behind the prefix. What holds only IPv4
    /// addresses written as IPv6 (`::ffff:10.0.0.0/104`) is the IPv4 network.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let length = match prefix {
            Some(text) => {
                text.parse::<u8>().ok().filter(|n| *n <= width && *text == n.to_string())?
            }
            None => width,
        };
        match address {
            IpAddr::V4(v4) => {
                let bits = v4.to_bits();
                (bits & mask4(length) == bits).then_some(Self::V4(length, bits))
            }
            IpAddr::V6(v6) => {
                let bits = v6.to_bits();
                let network = match (v6.to_ipv4_mapped(), length.checked_sub(96)) {
                    (Some(v4), Some(length)) => Self::V4(length, v4.to_bits()),
                    _ => Self::V6(length, bits),
                };
                (bits & mask6(length) == bits).then_some(network)
            }
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(32, bits) => write!(f, "{}", Ipv4Addr::from_bits(*bits)),
            Self::V4(length, bits) => write!(f, "{}/{length}", Ipv4Addr::from_bits(*bits)),
            Self::V6(128, bits) => write!(f, "{}", Ipv6Addr::from_bits(*bits)),
            Self::V6(length, bits) => write!(f, "{}/{length}", Ipv6Addr::from_bits(*bits)),
        }
    }
}

fn mask4(length: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)
}

fn mask6(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

/// Blocks in ascending order: by family, length of the prefix, number. A length that is there has
/// one row; an address is looked for once in each.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Blocks {
    v4: Vec<(u8, Vec<u32>)>,
    v6: Vec<(u8, Vec<u128>)>,
}

impl Blocks {
    /// From blocks that are sorted and different.
    pub(super) fn new(sorted: &[Block]) -> Self {
        let mut blocks = Self::default();
        for block in sorted {
            match block {
                Block::V4(length, bits) => put(&mut blocks.v4, *length, *bits),
                Block::V6(length, bits) => put(&mut blocks.v6, *length, *bits),
            }
        }
        blocks.v4.iter_mut().for_each(|(_, row)| row.shrink_to_fit());
        blocks.v6.iter_mut().for_each(|(_, row)| row.shrink_to_fit());
        blocks
    }

    pub(super) fn len(&self) -> usize {
        let v4: usize = self.v4.iter().map(|(_, row)| row.len()).sum();
        v4 + self.v6.iter().map(|(_, row)| row.len()).sum::<usize>()
    }

    pub(super) fn bytes(&self) -> usize {
        let v4: usize = self.v4.iter().map(|(_, row)| 4 * row.len()).sum();
        v4 + self.v6.iter().map(|(_, row)| 16 * row.len()).sum::<usize>()
    }

    /// Numbers of the blocks an address lies in.
    pub(super) fn holding(&self, address: IpAddr, found: &mut dyn FnMut(usize)) {
        let mut before = 0;
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                for (length, row) in &self.v4 {
                    if let Ok(at) = row.binary_search(&(v4.to_bits() & mask4(*length))) {
                        found(before + at);
                    }
                    before += row.len();
                }
            }
            IpAddr::V6(v6) => {
                before = self.v4.iter().map(|(_, row)| row.len()).sum();
                for (length, row) in &self.v6 {
                    if let Ok(at) = row.binary_search(&(v6.to_bits() & mask6(*length))) {
                        found(before + at);
                    }
                    before += row.len();
                }
            }
        }
    }

    /// The number of a block.
    pub(super) fn place(&self, block: Block) -> Option<usize> {
        let mut before = 0;
        for (length, row) in &self.v4 {
            if let Block::V4(wanted, bits) = block
                && wanted == *length
            {
                return row.binary_search(&bits).ok().map(|at| before + at);
            }
            before += row.len();
        }
        for (length, row) in &self.v6 {
            if let Block::V6(wanted, bits) = block
                && wanted == *length
            {
                return row.binary_search(&bits).ok().map(|at| before + at);
            }
            before += row.len();
        }
        None
    }

    /// The block of a number.
    pub(super) fn get(&self, mut place: usize) -> Option<Block> {
        for (length, row) in &self.v4 {
            match row.get(place) {
                Some(bits) => return Some(Block::V4(*length, *bits)),
                None => place -= row.len(),
            }
        }
        for (length, row) in &self.v6 {
            match row.get(place) {
                Some(bits) => return Some(Block::V6(*length, *bits)),
                None => place -= row.len(),
            }
        }
        None
    }
}

fn put<T>(rows: &mut Vec<(u8, Vec<T>)>, length: u8, bits: T) {
    match rows.last_mut() {
        Some((last, row)) if *last == length => row.push(bits),
        _ => rows.push((length, vec![bits])),
    }
}
