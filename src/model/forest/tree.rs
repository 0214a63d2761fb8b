//! One tree: splits and leaves in preorder, and the text one is stored as.
//!
//! In preorder a left child follows its parent and children come after parents, so no tree can hold a
//! cycle or share a node, and every pass is a loop. The text is the same order, one token a node:
//!
//! ```text
//! 3<=0.25r 0:1,4l =0.5@120 =-0.25@31 =1e-3@7
//! ```
//!
//! `3<=0.25r`: feature 3 at most 0.25 goes left, missing goes right. `0:1,4l`: feature 0 in the
//! categories 1 and 4 goes left, any other right, missing left. `=0.5@120`: a leaf and, where known,
//! how many training rows (or which weight of them) it stands for. The last letter of a split says
//! where a missing value goes, see [`Missing`].

use super::{ForestError, Input, Limits};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt::{self, Write as _};

/// A decision tree; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    nodes: Box<[Node]>,
}

/// One place of a tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// An end.
    Leaf(Leaf),
    /// A question. Its left child is the next node.
    Split {
        /// What is asked.
        question: Question,
        /// Index of the right child, greater than that of this node.
        right: u32,
    },
}

/// The end of a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leaf {
    /// Added to the margin; finite.
    pub value: f64,
    /// Weight of the training rows that ended here; NaN when the source does not say.
    pub cover: f64,
}

/// What a split asks of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Index of the feature.
    pub feature: u32,
    /// When a value goes left.
    pub test: Test,
    /// Where a value that says nothing goes.
    pub missing: Missing,
}

/// When a value goes left.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// At most this. A source's `x < t` is `AtMost(t.next_down())`: equal for every float.
    AtMost(f64),
    /// One of these categories, ascending.
    In(Box<[u32]>),
}

/// Which values say nothing, and where they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// NaN goes left.
    Left,
    /// NaN goes right.
    Right,
    /// NaN and zero go left.
    ZeroLeft,
    /// NaN and zero go right.
    ZeroRight,
    /// NaN is read as zero.
    AsZero,
}

impl Missing {
    const LETTERS: [(Self, char); 5] = [
        (Self::Left, 'l'),
        (Self::Right, 'r'),
        (Self::ZeroLeft, 'L'),
        (Self::ZeroRight, 'R'),
        (Self::AsZero, 'z'),
    ];

    fn letter(self) -> char {
        Self::LETTERS.iter().find(|(missing, _)| *missing == self).map_or('l', |(_, c)| *c)
    }

    /// Left or right for NaN alone.
    pub fn nan_left(left: bool) -> Self {
        if left { Self::Left } else { Self::Right }
    }

    /// Left or right for NaN and zero.
    pub fn zero_left(left: bool) -> Self {
        if left { Self::ZeroLeft } else { Self::ZeroRight }
    }

    pub(super) fn takes_zero(self) -> bool {
        matches!(self, Self::ZeroLeft | Self::ZeroRight)
    }
}

impl Question {
    /// The answer for a value as [`Input::read`] gives it.
    pub(super) fn goes_left(&self, input: Input, x: f64) -> bool {
        let x = if x.is_nan() && self.missing == Missing::AsZero { 0.0 } else { x };
        if x.is_nan() || (x == 0.0 && self.missing.takes_zero()) {
            return matches!(self.missing, Missing::Left | Missing::ZeroLeft);
        }
        match &self.test {
            Test::AtMost(threshold) => x <= *threshold,
            Test::In(set) => input.category(x).is_some_and(|c| set.binary_search(&c).is_ok()),
        }
    }
}

impl Tree {
    /// Brings a source's nodes into order, beginning with `root`.
    ///
    /// `node` is called once for every node that is reached.
    ///
    /// # Errors
    /// What `node` refuses; more nodes than there are (two parents share one, or a cycle), or than
    /// the limit; too deep.
    pub(crate) fn grow<I: Copy, E: From<ForestError>>(
        count: usize,
        root: I,
        mut node: impl FnMut(I) -> Result<Grown<I>, E>,
    ) -> Result<Self, E> {
        let most = count.min(Limits::NODES);
        let mut nodes = vec![];
        // Nodes whose right child is still to come: their place and the child's number.
        let mut open: Vec<(usize, I)> = vec![];
        let mut next = Some(root);
        while let Some(id) = next {
            if nodes.len() == most {
                return Err(ForestError::TooManyNodes { most }.into());
            }
            next = match node(id)? {
                Grown::Split { question, left, right } => {
                    if open.len() == Limits::DEPTH {
                        return Err(ForestError::TooDeep { most: Limits::DEPTH }.into());
                    }
                    open.push((nodes.len(), right));
                    nodes.push(Node::Split { question, right: 0 });
                    Some(left)
                }
                Grown::Leaf(leaf) => {
                    nodes.push(Node::Leaf(leaf));
                    let here = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
                    open.pop().map(|(parent, id)| {
                        if let Some(Node::Split { right, .. }) = nodes.get_mut(parent) {
                            *right = here;
                        }
                        id
                    })
                }
            };
        }
        Ok(Self { nodes: nodes.into() })
    }

    /// The nodes in preorder.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The leaves, from left to right.
    pub fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Leaf(leaf) => Some(leaf),
            Node::Split { .. } => None,
        })
    }

    /// The questions, in preorder.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Split { question, .. } => Some(question),
            Node::Leaf(_) => None,
        })
    }

    /// The question a row is asked at a node and the node it goes to; `None` at a leaf.
    pub fn step(&self, input: Input, row: &[f64], node: usize) -> Option<(&Question, usize)> {
        let Node::Split { question, right } = self.nodes.get(node)? else { return None };
        let feature = usize::try_from(question.feature).unwrap_or(usize::MAX);
        let x = input.read(row.get(feature).copied().unwrap_or(f64::NAN));
        let left = question.goes_left(input, x);
        Some((question, if left { node + 1 } else { usize::try_from(*right).ok()? }))
    }

    /// The place of the leaf `row` ends in: the plain walk that every engine is tested against.
    pub fn leaf_of(&self, input: Input, row: &[f64]) -> usize {
        let mut at = 0;
        while let Some((_, next)) = self.step(input, row, at) {
            at = next;
        }
        at
    }
}

/// What [`Tree::grow`] is given for one node.
#[derive(Debug, Clone)]
pub(crate) enum Grown<I> {
    /// An end.
    Leaf(Leaf),
    /// A question, and how its children are called.
    Split { question: Question, left: I, right: I },
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, node) in self.nodes.iter().enumerate() {
            if place > 0 {
                f.write_char(' ')?;
            }
            match node {
                Node::Leaf(Leaf { value, cover }) if cover.is_nan() => write!(f, "={value:?}")?,
                Node::Leaf(Leaf { value, cover }) => write!(f, "={value:?}@{cover}")?,
                Node::Split { question: Question { feature, test, missing }, .. } => {
                    write!(f, "{feature}")?;
                    match test {
                        Test::AtMost(threshold) => write!(f, "<={threshold:?}")?,
                        Test::In(set) => {
                            let set: Vec<_> = set.iter().map(u32::to_string).collect();
                            write!(f, ":{}", set.join(","))?;
                        }
                    }
                    f.write_char(missing.letter())?;
                }
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for Tree {
    type Err = ForestError;

    fn from_str(text: &str) -> Result<Self, ForestError> {
        let mut tokens = text.split(' ');
        let tree = Self::grow(Limits::NODES, (), |()| {
            let token = tokens.next().ok_or(ForestError::CutShort)?;
            read_node(token).ok_or_else(|| ForestError::Token { token: shortened(token) })
        })?;
        match tokens.next() {
            Some(token) => Err(ForestError::Token { token: shortened(token) }),
            None => Ok(tree),
        }
    }
}

fn shortened(token: &str) -> String {
    token.chars().take(40).collect()
}

fn read_node(token: &str) -> Option<Grown<()>> {
    if let Some(leaf) = token.strip_prefix('=') {
        let (value, cover) = match leaf.split_once('@') {
            Some((value, cover)) => (value, cover.parse().ok()?),
            None => (leaf, f64::NAN),
        };
        return Some(Grown::Leaf(Leaf { value: value.parse().ok()?, cover }));
    }
    let letter = token.chars().next_back()?;
    let (missing, _) = Missing::LETTERS.into_iter().find(|(_, known)| *known == letter)?;
    let body = token.strip_suffix(letter)?;
    let (feature, test) = if let Some((feature, threshold)) = body.split_once("<=") {
        (feature, Test::AtMost(threshold.parse().ok()?))
    } else {
        let (feature, set) = body.split_once(':')?;
        let set = set.split(',').map(|c| c.parse().ok()).collect::<Option<Box<[u32]>>>()?;
        (feature, Test::In(set))
    };
    let question = Question { feature: feature.parse().ok()?, test, missing };
    Some(Grown::Split { question, left: (), right: () })
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
