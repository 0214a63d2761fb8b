//! Why a foreign model file is refused.

use crate::model::forest::ForestError;

/// A file that gives no forest. Whoever wrote it is at fault, or it is of a kind we do not take; a
/// retry does not help.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// More bytes than a model may have.
    #[error("{bytes} bytes is more than a model file may have, {limit}")]
    TooLarge {
        /// The file's size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// None of the formats that are known.
    #[error(
        "this is no model that is known: LightGBM's text, XGBoost's JSON or UBJSON, or ONNX; {hint}"
    )]
    UnknownFormat {
        /// What may help.
        hint: &'static str,
    },
    /// A sound file of a kind that is not taken.
    #[error("{what} `{name}` is not supported; {instead}")]
    Unsupported {
        /// What has the name.
        what: &'static str,
        /// The name in the file.
        name: String,
        /// What is.
        instead: &'static str,
    },
    /// A line of text that can't be read.
    #[error("line {line}: {problem}")]
    Line {
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        problem: LineProblem,
    },
    /// Not JSON, cut short, or of another shape.
    #[error("line {} column {}, `{pointer}`: {source}", source.line(), source.column())]
    Json {
        /// Where, as a path of member names.
        pointer: String,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// Bytes that can't be read.
    #[error("byte {offset}: {problem}")]
    Bytes {
        /// Where, from 0.
        offset: usize,
        /// What is wrong there.
        problem: BytesProblem,
    },
    /// A tree whose parts do not fit together.
    #[error("tree {tree}, node {node}: {what}")]
    Node {
        /// The tree, from 0.
        tree: usize,
        /// The node's own number.
        node: i64,
        /// What is wrong.
        what: &'static str,
    },
    /// A part that is missing, or that does not fit the others.
    #[error("{part}: {what}")]
    Part {
        /// Its name.
        part: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// A tree no engine takes.
    #[error("tree {tree}: {source}")]
    Tree {
        /// The tree, from 0.
        tree: usize,
        /// Why.
        source: ForestError,
    },
    /// The forest as a whole is not sound.
    #[error(transparent)]
    Forest(#[from] ForestError),
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum LineProblem {
    /// Not `key=value` where it has to be.
    #[error("`{text}` is not `key=value`")]
    NotAPair {
        /// The line, cut to 40 characters.
        text: String,
    },
    /// Not UTF-8.
    #[error("this is not text")]
    NotText,
    /// A word that is no number.
    #[error("`{text}` in `{key}` is not a number of its kind")]
    NotANumber {
        /// The line's key.
        key: String,
        /// The word, cut to 40 characters.
        text: String,
    },
    /// A key no section may lack.
    #[error("the section that ends here lacks `{key}`")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// The file ends before its last section.
    #[error("the file ends in the middle")]
    CutShort,
    /// A value of an unexpected length or kind.
    #[error("`{key}` {what}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong.
        what: &'static str,
    },
}

/// What is wrong with some bytes.
#[derive(Debug, thiserror::Error)]
pub enum BytesProblem {
    /// The file ends before a value does.
    #[error("the file ends in the middle")]
    CutShort,
    /// A marker or wire type that does not exist there.
    #[error("`{byte:#04x}` begins no value")]
    Marker {
        /// The byte.
        byte: u8,
    },
    /// Values within values, too deep.
    #[error("values are nested deeper than {most}")]
    TooDeep {
        /// The limit.
        most: usize,
    },
    /// A length no file has.
    #[error("a length that can't be")]
    Length,
    /// A string that is not UTF-8.
    #[error("this is not text")]
    NotText,
    /// A value of another shape than a model's.
    #[error("{message}")]
    Shape {
        /// What the reader expected.
        message: String,
    },
}
