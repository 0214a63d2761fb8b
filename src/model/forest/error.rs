//! Why a forest can't be used.

/// A forest that must not score. Whoever wrote it is at fault; a retry does not help.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ForestError {
    /// Past a limit.
    #[error("{count} {what} are more than a model may have, {most}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// The limit.
        most: usize,
    },
    /// A tree that reaches more nodes than it has, or than one may have.
    #[error("the tree has more than {most} nodes, or a node has two parents")]
    TooManyNodes {
        /// Nodes listed, or the limit.
        most: usize,
    },
    /// A path longer than any sound one.
    #[error("the tree is more than {most} questions deep")]
    TooDeep {
        /// The limit.
        most: usize,
    },
    /// A tree's text that ends before its last leaf.
    #[error("the tree ends in the middle")]
    CutShort,
    /// A part of a tree's text that is no node.
    #[error("`{token}` is no node of a tree")]
    Token {
        /// The part, cut to 40 characters.
        token: String,
    },
    /// Infinite, too large, or not a number.
    #[error("{place} is {value}")]
    Number {
        /// Where.
        place: String,
        /// The number.
        value: f64,
    },
    /// A question about a column no row has.
    #[error("tree {tree} asks for feature {feature}, but there are {features}")]
    NoFeature {
        /// The tree, from 0.
        tree: usize,
        /// The feature, from 0.
        feature: u32,
        /// How many there are.
        features: usize,
    },
    /// A category set no engine could use.
    #[error("categories of tree {tree} are {what}")]
    Categories {
        /// The tree, from 0.
        tree: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// Two columns of one name.
    #[error("feature `{name}` comes twice")]
    FeatureTwice {
        /// The name.
        name: String,
    },
    /// A word of a feature that stands for two categories.
    #[error("feature `{name}` lists the word `{word}` twice")]
    WordTwice {
        /// The feature.
        name: String,
        /// The word.
        word: String,
    },
    /// Two engines gave different margins.
    #[error("row {row}: the engine says {found}, the plain walk {expected}")]
    Disagreement {
        /// Number of the row, from 0.
        row: usize,
        /// By the plain walk.
        expected: f64,
        /// By the engine.
        found: f64,
    },
}
