//! One hash over many records, such that a few hashes show that one record is among them.
//!
//! The tree of RFC 6962, section 2.1: leaves and nodes are hashed under different first bytes, so that
//! no node can be shown as a record; a left half is the largest power of two below the whole. A record
//! enters by its hash in the chain, which no erasure changes.
//!
//! Rejected: a crate. This is fifty lines over the SHA-256 that is here anyway.

use super::entry::ChainHash;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A hash in the tree.
pub(super) type Hash = [u8; 32];

/// What a record is in the tree.
pub(super) fn leaf(record: ChainHash) -> Hash {
    leaf_of(&record.0)
}

fn leaf_of(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of leaves given one by one. Memory: one hash for each power of two.
#[derive(Debug, Clone, Default)]
pub(super) struct Growing {
    leaves: u64,
    /// Roots of full trees, of falling size: one for each bit of the number of leaves.
    full: Vec<Hash>,
}

impl Growing {
    pub(super) fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.full.pop() {
                hash = node(&left, &hash);
            }
        }
        self.full.push(hash);
        self.leaves += 1;
    }

    /// The root; of no leaves, the hash of nothing.
    pub(super) fn root(&self) -> Hash {
        let mut full = self.full.iter().rev();
        let Some(last) = full.next() else { return Sha256::digest([]).into() };
        full.fold(*last, |right, left| node(left, &right))
    }
}

/// The paths of some leaves of a tree, whose leaves are given one by one: each node beside a path is the
/// root of its own leaves. Memory: some hashes for each leaf asked for and each level, whatever the tree.
#[derive(Debug)]
pub(super) struct Paths {
    leaves: u64,
    next: u64,
    /// The nodes beside paths, by level from the leaves and place in it.
    beside: BTreeMap<(u32, u64), Growing>,
    /// Levels that have such nodes.
    levels: u32,
}

impl Paths {
    /// For a tree of so many leaves.
    pub(super) fn new(leaves: u64, wanted: impl Iterator<Item = u64>) -> Self {
        let (mut beside, mut levels) = (BTreeMap::new(), 0);
        for leaf in wanted.filter(|leaf| *leaf < leaves) {
            for place in places(leaf, leaves) {
                levels = levels.max(place.0 + 1);
                beside.entry(place).or_insert_with(Growing::default);
            }
        }
        Self { leaves, next: 0, beside, levels }
    }

    pub(super) fn push(&mut self, leaf: Hash) {
        for level in 0..self.levels {
            if let Some(node) = self.beside.get_mut(&(level, self.next >> level)) {
                node.push(leaf);
            }
        }
        self.next += 1;
    }

    /// How many leaves were given.
    pub(super) fn given(&self) -> u64 {
        self.next
    }

    /// The hashes that lead from a leaf that was asked for to the root, the lowest first.
    pub(super) fn path(&self, leaf: u64) -> Vec<Hash> {
        let nodes = places(leaf, self.leaves).filter_map(|place| self.beside.get(&place));
        nodes.map(Growing::root).collect()
    }
}

/// Level and place of each node beside a leaf's path; the last one without a brother goes up as it is.
fn places(leaf: u64, leaves: u64) -> impl Iterator<Item = (u32, u64)> {
    let levels = (0..u64::BITS).take_while(move |level| *level == 0 || (leaves - 1) >> level > 0);
    let brothers = levels.map(move |level| (level, (leaf >> level) ^ 1));
    brothers.filter(move |(level, place)| *place <= (leaves - 1) >> level)
}

/// The root that a leaf leads to; `None` where the path is of no leaf there in a tree of that size.
pub(super) fn root_of(leaf: Hash, index: u64, leaves: u64, path: &[Hash]) -> Option<Hash> {
    let (mut at, mut last) = (index, leaves.checked_sub(1).filter(|last| index <= *last)?);
    let (mut hash, mut path) = (leaf, path.iter());
    while last > 0 {
        if at % 2 == 1 {
            hash = node(path.next()?, &hash);
        } else if at < last {
            hash = node(&hash, path.next()?);
        }
        (at, last) = (at / 2, last / 2);
    }
    path.next().is_none().then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::super::bytes::hex;
    use super::*;

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|number| leaf_of(&[number])).collect()
    }

    fn growing(leaves: &[Hash]) -> Growing {
        let mut growing = Growing::default();
        for leaf in leaves {
            growing.push(*leaf);
        }
        growing
    }

    /// The trees of Certificate Transparency's own tests.
    #[test]
    fn roots_are_those_of_the_standard() {
        let inputs: [&[u8]; 8] = [
            &[],
            &[0],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[
                0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
                0x6e, 0x6f,
            ],
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (count, root) in roots.iter().enumerate() {
            let leaves: Vec<Hash> = inputs.iter().take(count).map(|input| leaf_of(input)).collect();
            assert_eq!(hex(&growing(&leaves).root()), *root, "{count} leaves");
        }
    }

    #[test]
    fn a_path_leads_from_its_own_leaf_to_its_own_root_only() {
        for count in 1..34_u8 {
            let leaves = leaves(count);
            let root = growing(&leaves).root();
            let mut paths = Paths::new(u64::from(count), 0..u64::from(count));
            for leaf in &leaves {
                paths.push(*leaf);
            }
            for (at, leaf) in leaves.iter().enumerate() {
                let path = paths.path(at as u64);
                let of = |leaf, at, count, path: &[Hash]| {
                    root_of(leaf, at as u64, u64::from(count), path)
                };
                assert_eq!(of(*leaf, at, count, &path), Some(root), "{at} of {count}");
                assert_ne!(of(leaf_of(b"other"), at, count, &path), Some(root));
                assert_ne!(of(*leaf, at + 1, count, &path), Some(root));
                assert_eq!(of(*leaf, usize::from(count), count, &path), None);
                let longer = [path.as_slice(), &[root]].concat();
                assert_eq!(of(*leaf, at, count, &longer), None);
                if let Some((_, shorter)) = path.split_last() {
                    assert_eq!(of(*leaf, at, count, shorter), None);
                }
            }
        }
    }
}
