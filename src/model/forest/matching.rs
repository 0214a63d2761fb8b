//! The matching engine's layout: trees whose every question is answered at once.
//!
//! A *pair* holds two stages (see [`stages`](super::stages)): which byte of the row each of 32
//! questions asks for, the code it is compared with, and the 32 paths the answers are compared with.
//! One gather and one comparison answer the questions; two more comparisons find the leaf, whose place
//! among the paths is its place among the leaf values. No branch depends on the row, and the pairs
//! stream through memory in order. Trees are kept apart by how many pairs they take, so that each kind
//! has a loop without decisions.
//!
//! This is no leaf bit-vector method: trees are evaluated one by one, no mask belongs to a false node,
//! and nothing is intersected over a feature's nodes.

use super::quantise::{Asked, Slots};
use super::stages::{self, Path, Stage, Staged, WIDTH};
use super::{Forest, Node, Units};

/// Slots the engine can ask for: what two vector registers of indices reach.
pub(super) const SLOTS: usize = 256;

/// Some trees of a forest, ready to match.
#[derive(Debug, Default)]
pub(super) struct Matched {
    /// Groups of 16 slots that are asked for: 1, 2, 4, 8 or 16.
    pub(super) groups: usize,
    /// Trees of one stage, two a pair.
    pub(super) half: Class,
    /// Trees of two stages, one a pair.
    pub(super) one: Class,
    /// Trees of three and four stages.
    pub(super) two: Class,
    /// Trees of five and six stages.
    pub(super) three: Class,
    /// Trees of seven and eight stages.
    pub(super) four: Class,
}

/// Leaf values of a tree of each class: a value for every path, and the one without.
pub(super) const HALF_LEAVES: usize = 17;
pub(super) const ONE_LEAVES: usize = 33;
pub(super) const TWO_LEAVES: usize = 65;
/// Also for three pairs, so that no path at all is the same number for both.
pub(super) const FOUR_LEAVES: usize = 129;

/// Trees that take the same number of pairs.
#[derive(Debug, Default)]
pub(super) struct Class {
    pub(super) pairs: Vec<Pair>,
    pub(super) leaves: Vec<i64>,
}

/// Two stages, in the order the AVX2 kernel reads them.
#[derive(Debug, Clone)]
#[repr(C, align(32))]
pub(super) struct Pair {
    /// Slot of each question, 16 a stage.
    pub(super) slot: [u8; 32],
    /// What is taken from its byte before the comparison.
    pub(super) turn: [u8; 32],
    /// Its code with the top bit flipped, for a signed comparison; unused: never true.
    pub(super) code: [u8; 32],
    /// Masks of the paths: the first eight of each stage, then the other eight of each.
    pub(super) mask: [u16; 32],
    /// Values of the paths in the same order; unused: never equal.
    pub(super) value: [u16; 32],
}

/// Flips between unsigned order and signed order.
pub(super) const FLIP: u8 = 0x80;

impl Pair {
    const EMPTY: Self = Self {
        slot: [0; 32],
        turn: [0; 32],
        code: [u8::MAX ^ FLIP; 32],
        mask: [0; 32],
        value: [1; 32],
    };

    fn put(&mut self, half: usize, stage: &Stage, asked: &[Asked]) -> Option<()> {
        for (place, Asked { slot, code, turn }) in asked.iter().enumerate() {
            *self.slot.get_mut(half * WIDTH + place)? = u8::try_from(*slot).ok()?;
            *self.turn.get_mut(half * WIDTH + place)? = *turn;
            *self.code.get_mut(half * WIDTH + place)? = code ^ FLIP;
        }
        for (place, Path { mask, value, .. }) in stage.paths.iter().enumerate() {
            let lane = half * 8 + place % 8 + place / 8 * 16;
            *self.mask.get_mut(lane)? = *mask;
            *self.value.get_mut(lane)? = *value;
        }
        Some(())
    }
}

/// A tree the engine can hold.
#[derive(Debug)]
pub(super) struct Fitted {
    staged: Staged,
    /// The questions of each stage.
    asked: Vec<Vec<Asked>>,
    /// Number of the last slot it asks for.
    pub(super) last_slot: u16,
}

/// Cuts a tree; `None` when it needs too many stages or slots.
pub(super) fn fit(nodes: &[Node], slots: &Slots) -> Option<Fitted> {
    let staged = stages::cut(nodes)?;
    let asked = |node: &usize| match nodes.get(*node)? {
        Node::Split { question, .. } => slots.asked(question),
        Node::Leaf(_) => None,
    };
    let asked = staged
        .stages
        .iter()
        .map(|stage| stage.questions.iter().map(asked).collect::<Option<Vec<_>>>())
        .collect::<Option<Vec<_>>>()?;
    let last_slot = asked.iter().flatten().map(|asked| asked.slot).max().unwrap_or(0);
    (usize::from(last_slot) < SLOTS).then_some(Fitted { staged, asked, last_slot })
}

impl Fitted {
    /// Pairs of stages.
    pub(super) fn pairs(&self) -> usize {
        self.staged.stages.len().div_ceil(2)
    }
}

impl Matched {
    /// Lays out trees, each with its place in the forest.
    pub(super) fn build(forest: &Forest, trees: &[(usize, Fitted)], units: Units) -> Option<Self> {
        let last = trees.iter().map(|(_, tree)| usize::from(tree.last_slot)).max().unwrap_or(0);
        let groups = (last / 16 + 1).next_power_of_two();
        let mut matched = Self { groups, ..Self::default() };
        let mut halves = 0;
        for (place, tree) in trees {
            let nodes = forest.trees.get(*place)?.nodes();
            let value = |node: usize| match nodes.get(node)? {
                Node::Leaf(leaf) => Some(units.count(leaf.value)),
                Node::Split { .. } => None,
            };
            let (class, leaves) = match tree.staged.stages.len() {
                1 => (&mut matched.half, HALF_LEAVES),
                2 => (&mut matched.one, ONE_LEAVES),
                3 | 4 => (&mut matched.two, TWO_LEAVES),
                5 | 6 => (&mut matched.three, FOUR_LEAVES),
                _ => (&mut matched.four, FOUR_LEAVES),
            };
            if let ([stage], [asked]) = (&*tree.staged.stages, &*tree.asked) {
                if halves % 2 == 0 {
                    class.pairs.push(Pair::EMPTY);
                }
                class.pairs.last_mut()?.put(halves % 2, stage, asked)?;
                halves += 1;
            } else {
                for (stages, asked) in tree.staged.stages.chunks(2).zip(tree.asked.chunks(2)) {
                    let mut pair = Pair::EMPTY;
                    for (half, (stage, asked)) in stages.iter().zip(asked).enumerate() {
                        pair.put(half, stage, asked)?;
                    }
                    class.pairs.push(pair);
                }
            }
            let mut values = vec![0; leaves];
            for (number, stage) in tree.staged.stages.iter().enumerate() {
                for (lane, path) in stage.paths.iter().enumerate() {
                    *values.get_mut(number * WIDTH + lane)? = value(path.leaf)?;
                }
            }
            *values.last_mut()? = value(tree.staged.last)?;
            class.leaves.extend(values);
        }
        if halves % 2 == 1 {
            matched.half.leaves.extend([0; HALF_LEAVES]);
        }
        Some(matched)
    }
}
