//! How many different buyers, in bounded memory: exact up to [`MAX_BUYERS`], estimated beyond.
//!
//! Adaptive sampling (Flajolet, "On adaptive sampling", 1990): of hashes only those that end in `level`
//! zero bits are kept, and when too many are kept the level goes up. The kept set is a function of all
//! hashes seen and not of their order, so merged parts equal the whole. Standard error beyond the
//! bound: 1.2 / √4096, about 2 %.

use std::collections::BTreeSet;

/// Most buyers kept by one count; up to here it is exact.
pub const MAX_BUYERS: usize = 4_096;

/// A count of different buyers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buyers {
    kept: BTreeSet<u64>,
    level: u32,
}

impl Buyers {
    /// Takes note of a buyer by their hash, whose bits must be evenly spread.
    pub fn add(&mut self, hash: u64) {
        if hash.trailing_zeros() >= self.level {
            self.kept.insert(hash);
            self.shrink();
        }
    }

    /// Takes in another count.
    pub fn merge(&mut self, other: &Self) {
        self.level = self.level.max(other.level);
        self.kept.extend(&other.kept);
        let level = self.level;
        self.kept.retain(|hash| hash.trailing_zeros() >= level);
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.kept.len() > MAX_BUYERS && self.level < u64::BITS {
            self.level += 1;
            let level = self.level;
            self.kept.retain(|hash| hash.trailing_zeros() >= level);
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        (self.kept.len() as u64).checked_shl(self.level).unwrap_or(u64::MAX)
    }

    /// True while the count is exact.
    pub fn is_exact(&self) -> bool {
        self.level == 0
    }
}
