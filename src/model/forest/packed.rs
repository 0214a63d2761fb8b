//! The packed engine: eight bytes a node, sixteen trees walked at once, on any processor.
//!
//! Siblings are neighbours and a leaf is its own child, so a step is `child + (byte - turn > code)` without a
//! branch, and the walk of sixteen trees overlaps their waits for memory. Trees of like depth walk
//! together, each group as long as its deepest. Walking one tree at a time, and vector gathers, were
//! both measured slower.

use super::quantise::{Asked, Slots};
use super::{Forest, Node, Units};

/// Trees walked at once.
const GROUP: usize = 16;

/// Never right: no byte is greater than 255.
const NEVER: Asked = Asked { slot: 0, code: u8::MAX, turn: 0 };

/// Some trees of a forest, ready to walk.
#[derive(Debug, Default)]
pub(super) struct Packed {
    nodes: Box<[PackedNode]>,
    /// The value of each node; zero for splits.
    values: Box<[i64]>,
    groups: Box<[Group]>,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct PackedNode {
    /// The left child; the right one is the next. A leaf's own place.
    child: u32,
    asked: Asked,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    roots: [u32; GROUP],
    depth: u32,
}

impl Packed {
    /// Packs the trees listed. `None` if a question has no slot, which a sound plan never gives.
    pub(super) fn build(
        forest: &Forest,
        trees: &[usize],
        slots: &Slots,
        units: Units,
    ) -> Option<Self> {
        let (mut nodes, mut values) = (vec![], vec![]);
        // The first node is a leaf of value zero: it fills the last group.
        push_leaf(&mut nodes, &mut values, 0)?;
        let mut roots = vec![];
        for tree in trees {
            let tree = forest.trees.get(*tree)?.nodes();
            let root = u32::try_from(nodes.len()).ok()?;
            let mut level = vec![0_usize];
            let mut depth = 0;
            nodes.push(PackedNode { child: root, asked: NEVER });
            values.push(0);
            let mut places = vec![nodes.len() - 1];
            while !level.is_empty() {
                let (mut below, mut places_below) = (vec![], vec![]);
                for (at, place) in level.into_iter().zip(places) {
                    match tree.get(at)? {
                        Node::Leaf(leaf) => *values.get_mut(place)? = units.count(leaf.value),
                        Node::Split { question, right } => {
                            let asked = slots.asked(question)?;
                            let left = nodes.len();
                            for child in [left, left + 1] {
                                push_leaf(&mut nodes, &mut values, 0)?;
                                places_below.push(child);
                            }
                            below.extend([at + 1, usize::try_from(*right).ok()?]);
                            *nodes.get_mut(place)? =
                                PackedNode { child: u32::try_from(left).ok()?, asked };
                        }
                    }
                }
                (level, places) = (below, places_below);
                depth += u32::from(!level.is_empty());
            }
            roots.push((depth, root));
        }
        roots.sort_by_key(|(depth, _)| *depth);
        let groups = roots.chunks(GROUP).map(|chunk| {
            let mut roots = [0; GROUP];
            roots.iter_mut().zip(chunk).for_each(|(slot, (_, root))| *slot = *root);
            Group { roots, depth: chunk.last().map_or(0, |(depth, _)| *depth) }
        });
        Some(Self { groups: groups.collect(), nodes: nodes.into(), values: values.into() })
    }

    /// The sum of the leaves a quantised row ends in.
    pub(super) fn sum(&self, row: &[u8]) -> i64 {
        self.sum_by(|slot| row.get(slot).copied())
    }

    /// Adds the same of rows whose bytes stand by slot.
    pub(super) fn add<const N: usize>(&self, rows: &[[u8; N]], sums: &mut [i64; N]) {
        for (row, sum) in sums.iter_mut().enumerate() {
            *sum += self.sum_by(|slot| rows.get(slot)?.get(row).copied());
        }
    }

    #[inline]
    fn sum_by(&self, byte: impl Fn(usize) -> Option<u8>) -> i64 {
        let mut sum = 0;
        for group in &self.groups {
            let mut at = group.roots;
            for _ in 0..group.depth {
                for place in &mut at {
                    *place = self.step(&byte, *place);
                }
            }
            for place in at {
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                sum += self.values.get(place).copied().unwrap_or(0);
            }
        }
        sum
    }

    #[inline]
    fn step(&self, byte: impl Fn(usize) -> Option<u8>, place: u32) -> u32 {
        let Some(node) = self.nodes.get(usize::try_from(place).unwrap_or(usize::MAX)) else {
            return 0;
        };
        let Asked { slot, code, turn } = node.asked;
        let byte = byte(usize::from(slot)).unwrap_or(0);
        // INVARIANT: children lie within `nodes`, so nothing wraps.
        node.child.wrapping_add(u32::from(byte.wrapping_sub(turn) > code))
    }
}

/// A leaf: its own child.
fn push_leaf(nodes: &mut Vec<PackedNode>, values: &mut Vec<i64>, value: i64) -> Option<()> {
    let child = u32::try_from(nodes.len()).ok()?;
    nodes.push(PackedNode { child, asked: NEVER });
    values.push(value);
    Some(())
}
