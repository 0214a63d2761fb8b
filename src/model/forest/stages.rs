//! A tree cut into stages, for an engine that matches paths instead of walking them.
//!
//! A stage asks at most 16 questions and names at most 16 leaves, each by its path: which of the
//! questions lie on it, and how each is answered. Stages are tried in order; the first that matches
//! wins, and one last leaf has no path: it is taken when nothing matches. A stage takes as many leaves
//! as its questions allow; they are cut from the tree, splits left with one child vanish, and what is
//! left is the next stage's tree. So later paths need only tell the leaves apart that are left.

use super::Node;

/// Questions of a stage, and leaves.
pub(super) const WIDTH: usize = 16;
/// Most stages; a tree that needs more walks.
pub(super) const MAX_STAGES: usize = 8;

/// A tree as a list of stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Staged {
    pub(super) stages: Vec<Stage>,
    /// The node of the leaf without a path.
    pub(super) last: usize,
}

/// Some leaves and the questions above them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Stage {
    /// Nodes of the questions; a path's bit `n` is the `n`-th. At most [`WIDTH`].
    pub(super) questions: Vec<usize>,
    /// At most [`WIDTH`].
    pub(super) paths: Vec<Path>,
}

/// A leaf by its path: reached when `answers & mask == value`, an answer's bit being 1 for right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Path {
    /// The node of the leaf.
    pub(super) leaf: usize,
    pub(super) mask: u16,
    pub(super) value: u16,
}

/// What is left of a tree.
struct Rest {
    /// Children of each split, by the nodes' first numbers; `None` for leaves.
    children: Vec<Option<[usize; 2]>>,
    root: usize,
}

/// Fewest questions above `j` leaves below a node; [`NEVER`] where there are not so many.
type Fewest = [u8; WIDTH + 1];
const NEVER: u8 = u8::MAX;

/// Cuts a tree; `None` when it takes more than [`MAX_STAGES`].
pub(super) fn cut(nodes: &[Node]) -> Option<Staged> {
    let children = |(at, node): (usize, &Node)| match node {
        Node::Leaf(_) => None,
        Node::Split { right, .. } => Some([at + 1, usize::try_from(*right).unwrap_or(usize::MAX)]),
    };
    let mut rest = Rest { children: nodes.iter().enumerate().map(children).collect(), root: 0 };
    let mut stages = vec![];
    while stages.len() < MAX_STAGES {
        let mut leaves = rest.leaves()?;
        if leaves.len() <= WIDTH + 1 {
            let longest =
                (0..leaves.len()).max_by_key(|at| leaves.get(*at).map_or(0, |path| path.len()))?;
            let last = leaves.remove(longest).leaf;
            if !leaves.is_empty() || stages.is_empty() {
                stages.push(stage(&leaves)?);
            }
            return Some(Staged { stages, last });
        }
        let picked = rest.pick()?;
        leaves.retain(|path| picked.binary_search(&path.leaf).is_ok());
        stages.push(stage(&leaves)?);
        rest.remove(&picked)?;
    }
    None
}

/// A leaf with the questions above it and their answers, from the root down.
struct Way {
    leaf: usize,
    above: Vec<(usize, bool)>,
}

impl Way {
    fn len(&self) -> usize {
        self.above.len()
    }
}

fn stage(leaves: &[Way]) -> Option<Stage> {
    let mut stage = Stage::default();
    for way in leaves {
        let (mut mask, mut value) = (0_u16, 0_u16);
        for (node, right) in &way.above {
            let known = stage.questions.iter().position(|question| question == node);
            let place = known.unwrap_or_else(|| {
                stage.questions.push(*node);
                stage.questions.len() - 1
            });
            let bit = 1_u16.checked_shl(u32::try_from(place).ok()?)?;
            mask |= bit;
            value |= if *right { bit } else { 0 };
        }
        stage.paths.push(Path { leaf: way.leaf, mask, value });
    }
    Some(stage)
}

impl Rest {
    fn children(&self, node: usize) -> Option<[usize; 2]> {
        self.children.get(node).copied().flatten()
    }

    /// The leaves that are left, from left to right.
    fn leaves(&self) -> Option<Vec<Way>> {
        let mut found = vec![];
        let mut open = vec![(self.root, vec![])];
        while let Some((node, above)) = open.pop() {
            let Some([left, right]) = self.children(node) else {
                found.push(Way { leaf: node, above });
                continue;
            };
            let (mut to_left, mut to_right) = (above.clone(), above);
            to_left.push((node, false));
            to_right.push((node, true));
            open.push((right, to_right));
            open.push((left, to_left));
        }
        (!found.is_empty()).then_some(found)
    }

    /// As many leaves as one stage can name, ascending.
    fn pick(&self) -> Option<Vec<usize>> {
        let mut fewest: Vec<Fewest> = vec![[NEVER; WIDTH + 1]; self.children.len()];
        // Children have greater numbers than parents, even when splits between have vanished.
        for node in (0..self.children.len()).rev() {
            let below = match self.children(node) {
                None => {
                    let mut leaf = [NEVER; WIDTH + 1];
                    leaf.iter_mut().take(2).for_each(|questions| *questions = 0);
                    leaf
                }
                Some([left, right]) => joined(fewest.get(left)?, fewest.get(right)?),
            };
            *fewest.get_mut(node)? = below;
        }
        let affordable = |j: &usize| {
            let questions = fewest.get(self.root).and_then(|f| f.get(*j)).copied();
            questions.is_some_and(|questions| usize::from(questions) <= WIDTH)
        };
        let most = (1..=WIDTH).rev().find(affordable)?;
        let mut picked = vec![];
        let mut open = vec![(self.root, most)];
        while let Some((node, j)) = open.pop() {
            if j == 0 {
                continue;
            }
            let Some([left, right]) = self.children(node) else {
                picked.push(node);
                continue;
            };
            let (on_left, on_right) = (fewest.get(left)?, fewest.get(right)?);
            let i = (0..=j).min_by_key(|i| sum(on_left, *i, on_right, j - i))?;
            open.push((left, i));
            open.push((right, j - i));
        }
        picked.sort_unstable();
        Some(picked)
    }

    /// Cuts leaves off; a split left with one child gives way to it.
    fn remove(&mut self, picked: &[usize]) -> Option<()> {
        // What stands in a node's place; `None` when nothing is left of it.
        let mut instead: Vec<Option<usize>> = vec![None; self.children.len()];
        for node in (0..self.children.len()).rev() {
            let left_of_it = match self.children(node) {
                None => picked.binary_search(&node).is_err().then_some(node),
                Some([left, right]) => match (*instead.get(left)?, *instead.get(right)?) {
                    (Some(left), Some(right)) => {
                        *self.children.get_mut(node)? = Some([left, right]);
                        Some(node)
                    }
                    (one, other) => one.or(other),
                },
            };
            *instead.get_mut(node)? = left_of_it;
        }
        self.root = (*instead.get(self.root)?)?;
        Some(())
    }
}

fn sum(left: &Fewest, i: usize, right: &Fewest, j: usize) -> u8 {
    let questions = |f: &Fewest, n: usize| f.get(n).copied().unwrap_or(NEVER);
    questions(left, i).saturating_add(questions(right, j))
}

/// The fewest questions of a split, from those of its children.
fn joined(left: &Fewest, right: &Fewest) -> Fewest {
    let mut fewest = [NEVER; WIDTH + 1];
    for (i, on_left) in left.iter().enumerate().take_while(|(_, questions)| **questions < NEVER) {
        for (slot, on_right) in fewest.iter_mut().skip(i).zip(right) {
            *slot = (*slot).min(on_left.saturating_add(*on_right).saturating_add(1));
        }
    }
    if let Some(none) = fewest.first_mut() {
        *none = 0;
    }
    fewest
}
