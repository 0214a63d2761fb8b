//! The batch engine: a tree's questions are answered for 64 rows each, and leaves are chosen from the
//! ends of the tree up.
//!
//! A split takes, row by row, what its left or its right child has chosen; what the root has chosen is
//! the leaf. There is no branch that depends on a row, every step is the same few instructions on whole
//! vectors whatever the number of features, and it is plain code that any processor runs. Trees beyond
//! [`LEAVES`] leaves are left to the walk.
//!
//! Rejected: the matching engine on four rows at once (two to four times the work a row; a wide row's
//! bytes have to be gathered for each tree, where here they lie side by side).

use super::quantise::{Asked, Slots};
use super::{Forest, Node, Units};

/// Rows at once.
pub(super) const ROWS: usize = 64;
/// Most leaves of a tree: what a byte tells apart.
const LEAVES: usize = 256;

/// Choices kept of a tree: its leaves and its splits.
const KEPT: usize = 2 * LEAVES;

/// One byte of each row.
type Column = [u8; ROWS];

/// Some trees of a forest, ready for many rows.
#[derive(Debug, Default)]
pub(super) struct Columns {
    trees: Vec<Tree>,
    /// Of all trees; a split's children stand before it.
    steps: Vec<Step>,
    /// Leaf values of all trees, and [`LEAVES`] more: behind each tree's first there are as many.
    leaves: Vec<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Tree {
    steps: usize,
    leaves: usize,
    root: u16,
}

/// A split: its question, and where its children's choices are kept. A leaf's is its number; a step's
/// follows all leaves.
#[derive(Debug, Clone, Copy)]
struct Step {
    asked: Asked,
    left: u16,
    right: u16,
}

/// Memory for batches.
#[derive(Debug)]
pub(super) struct Scratch {
    /// The rows' bytes by slot.
    pub(super) rows: Vec<Column>,
    /// For each leaf its number, for each step what it chose.
    chosen: Vec<Column>,
}

impl Scratch {
    pub(super) fn new(slots: usize) -> Self {
        let mut chosen = vec![[0; ROWS]; KEPT];
        chosen.iter_mut().zip(0..=u8::MAX).for_each(|(column, leaf)| *column = [leaf; ROWS]);
        Self { rows: vec![[0; ROWS]; slots], chosen }
    }
}

impl Columns {
    /// Whether a tree is for this engine.
    pub(super) fn fits(nodes: &[Node]) -> bool {
        nodes.iter().filter(|node| matches!(node, Node::Leaf(_))).count() <= LEAVES
    }

    /// Lays out the trees listed. `None` if a question has no slot, which a sound plan never gives.
    pub(super) fn build(
        forest: &Forest,
        trees: &[usize],
        slots: &Slots,
        units: Units,
    ) -> Option<Self> {
        let mut columns = Self::default();
        for tree in trees {
            let nodes = forest.trees.get(*tree)?.nodes();
            let (steps, leaves) = (columns.steps.len(), columns.leaves.len());
            // Where each node's choice is kept. Children have greater numbers than their parents.
            let mut kept = vec![0_u16; nodes.len()];
            for (at, node) in nodes.iter().enumerate().rev() {
                let place = match node {
                    Node::Leaf(leaf) => {
                        columns.leaves.push(units.count(leaf.value));
                        columns.leaves.len() - leaves - 1
                    }
                    Node::Split { question, right } => {
                        let right = *kept.get(usize::try_from(*right).ok()?)?;
                        let left = *kept.get(at + 1)?;
                        columns.steps.push(Step { asked: slots.asked(question)?, left, right });
                        LEAVES + columns.steps.len() - steps - 1
                    }
                };
                *kept.get_mut(at)? = u16::try_from(place).ok()?;
            }
            columns.trees.push(Tree {
                steps: columns.steps.len() - steps,
                leaves: columns.leaves.len() - leaves,
                root: *kept.first()?,
            });
        }
        columns.leaves.extend([0; LEAVES]);
        Some(columns)
    }

    /// Adds up the leaves each row ends in.
    #[inline]
    pub(super) fn add(&self, scratch: &mut Scratch, sums: &mut [i64; ROWS]) {
        let Scratch { rows, chosen } = scratch;
        let Some(chosen) = chosen.first_chunk_mut::<KEPT>() else { return };
        let (mut steps, mut leaves) = (&*self.steps, &*self.leaves);
        for tree in &self.trees {
            let Some((own, others)) = steps.split_at_checked(tree.steps) else { return };
            steps = others;
            for (step, place) in own.iter().zip(LEAVES..) {
                let choice = step.choose(rows, chosen);
                if let Some(kept) = chosen.get_mut(place) {
                    *kept = choice;
                }
            }
            let Some(own) = leaves.first_chunk::<LEAVES>() else { return };
            for (sum, leaf) in sums.iter_mut().zip(kept(chosen, tree.root)) {
                let value = own.get(usize::from(*leaf)).copied().unwrap_or(0);
                // INVARIANT: units are such that no sum overflows.
                *sum = sum.wrapping_add(value);
            }
            leaves = leaves.get(tree.leaves..).unwrap_or_default();
        }
    }
}

/// A choice by its place, which is below [`KEPT`]: so no bound is checked.
#[inline]
fn kept(chosen: &[Column; KEPT], place: u16) -> &Column {
    const NONE: &Column = &[0; ROWS];
    chosen.get(usize::from(place) % KEPT).unwrap_or(NONE)
}

impl Step {
    #[inline]
    fn choose(self, rows: &[Column], chosen: &[Column; KEPT]) -> Column {
        let Asked { slot, code, turn } = self.asked;
        let Some(asked) = rows.get(usize::from(slot)) else { return [0; ROWS] };
        // Chosen by masks: an `if` is compiled to a branch for each row.
        let mut choice = *kept(chosen, self.left);
        for ((to, byte), right) in choice.iter_mut().zip(asked).zip(kept(chosen, self.right)) {
            let goes_right = if byte.wrapping_sub(turn) > code { u8::MAX } else { 0 };
            *to = (*to & !goes_right) | (right & goes_right);
        }
        choice
    }
}
