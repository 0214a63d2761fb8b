//! The matching engine's layout: trees whose every question is answered at once.
//!
//! A *pair* holds two stages (see [`stages`](super::stages)): which byte of the row each of 32
//! questions asks for, the code it is compared with, and the 32 paths the answers are compared with.
//! One gather and one comparison answer the questions; two more comparisons find the leaf, whose place
//! among the paths is its place among the leaf values. No branch depends on the row, and the pairs
//! stream through memory in order. Trees are kept apart by how far into the row their questions reach,
//! since a wider gather costs more, and by how many pairs they take, so that each kind has a loop
//! without decisions.
//!
//! This is no leaf bit-vector method: trees are evaluated one by one, no mask belongs to a false node,
//! and nothing is intersected over a feature's nodes.

use super::quantise::{Asked, Slots};
use super::stages::{self, Path, Stage, Staged, WIDTH};
use super::{Forest, Node, Units};

/// Slots the engine can ask for: what a byte tells apart.
const SLOTS: usize = 256;

/// Slots to a register.
const GROUP: usize = 16;

/// Groups of slots the kernel has a loop for.
const REACHES: [usize; 7] = [1, 2, 4, 5, 6, 8, 16];

/// A walked tree, in the time that one group more takes in gathering a pair's bytes. Measured, like
/// [`PAIR_COST`]; a few processors off does not matter.
const WALK_COST: usize = 33;
/// A pair, but for the gathering.
const PAIR_COST: usize = 5;

/// The trees of a forest whose questions reach equally far, ready to match.
#[derive(Debug, Default)]
pub(super) struct Matched {
    /// Groups of slots that are asked for, one of [`REACHES`].
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
    /// Groups of slots it reaches into.
    groups: usize,
}

/// Cuts a tree; `None` when it needs too many stages or slots, or is walked sooner than matched.
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
    let groups = usize::from(last_slot) / GROUP + 1;
    let cost = staged.stages.len().div_ceil(2) * (PAIR_COST + groups);
    let fits = usize::from(last_slot) < SLOTS && cost < WALK_COST;
    fits.then_some(Fitted { staged, asked, groups })
}

impl Matched {
    /// Lays out trees, each with its place in the forest.
    pub(super) fn build(
        forest: &Forest,
        trees: &[(usize, Fitted)],
        units: Units,
    ) -> Option<Vec<Self>> {
        let mut all = REACHES.map(|groups| Self { groups, ..Self::default() });
        for (place, tree) in trees {
            let near = all.iter_mut().find(|matched| matched.groups >= tree.groups)?;
            near.add(forest.trees.get(*place)?.nodes(), tree, units)?;
        }
        for matched in &mut all {
            if matched.half.leaves.len() < matched.half.pairs.len() * 2 * HALF_LEAVES {
                matched.half.leaves.extend([0; HALF_LEAVES]);
            }
        }
        Some(all.into_iter().filter(|matched| !matched.is_empty()).collect())
    }

    fn is_empty(&self) -> bool {
        [&self.half, &self.one, &self.two, &self.three, &self.four]
            .iter()
            .all(|class| class.pairs.is_empty())
    }

    fn add(&mut self, nodes: &[Node], tree: &Fitted, units: Units) -> Option<()> {
        let (class, leaves) = match tree.staged.stages.len() {
            1 => (&mut self.half, HALF_LEAVES),
            2 => (&mut self.one, ONE_LEAVES),
            3 | 4 => (&mut self.two, TWO_LEAVES),
            5 | 6 => (&mut self.three, FOUR_LEAVES),
            _ => (&mut self.four, FOUR_LEAVES),
        };
        if let ([stage], [asked]) = (&*tree.staged.stages, &*tree.asked) {
            let half = class.leaves.len() / HALF_LEAVES % 2;
            if half == 0 {
                class.pairs.push(Pair::EMPTY);
            }
            class.pairs.last_mut()?.put(half, stage, asked)?;
        } else {
            for (stages, asked) in tree.staged.stages.chunks(2).zip(tree.asked.chunks(2)) {
                let mut pair = Pair::EMPTY;
                for (half, (stage, asked)) in stages.iter().zip(asked).enumerate() {
                    pair.put(half, stage, asked)?;
                }
                class.pairs.push(pair);
            }
        }
        let value = |node: usize| match nodes.get(node)? {
            Node::Leaf(leaf) => Some(units.count(leaf.value)),
            Node::Split { .. } => None,
        };
        let mut values = vec![0; leaves];
        for (number, stage) in tree.staged.stages.iter().enumerate() {
            for (lane, path) in stage.paths.iter().enumerate() {
                *values.get_mut(number * WIDTH + lane)? = value(path.leaf)?;
            }
        }
        *values.last_mut()? = value(tree.staged.last)?;
        class.leaves.extend(values);
        Some(())
    }
}
