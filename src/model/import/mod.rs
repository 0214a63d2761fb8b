//! Models trained elsewhere, read into a [`Forest`].
//!
//! Each reader turns one library's file into the same forest and refuses, by name, what a forest can't
//! hold. A reader trusts nothing: every index is looked up, every tree is walked once from its root
//! (so a cycle or a shared node is found), and nothing is allocated for a length a file merely claims.
//! No code of the libraries is linked, and no protobuf compiler: ONNX takes a reader of a hundred
//! lines, where a generated one brings a build step and every message of the format.

mod error;
mod lightgbm;
mod onnx;
mod protobuf;
#[cfg(test)]
mod tests;
mod ubjson;
mod xgboost;

pub use error::{BytesProblem, ImportError, LineProblem};

use super::forest::{Forest, ForestError};

/// Largest file, in bytes.
pub const MAX_FILE: usize = 256 << 20;

/// A forest and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The forest; it has passed [`Forest::check`].
    pub forest: Forest,
    /// Library and version of the format, e.g. `LightGBM v4`.
    pub source: String,
}

/// Reads a model file of any known format, told apart by its first bytes.
///
/// # Errors
/// See [`ImportError`].
pub fn read(bytes: &[u8]) -> Result<Imported, ImportError> {
    if bytes.len() > MAX_FILE {
        return Err(ImportError::TooLarge { bytes: bytes.len(), limit: MAX_FILE });
    }
    let unknown = |hint| Err(ImportError::UnknownFormat { hint });
    let imported = match bytes {
        [b'{', b'L' | b'l' | b'i' | b'U' | b'I' | b'$' | b'#', ..] => xgboost::read_ubjson(bytes)?,
        [b't', b'r', b'e', b'e', b'\r' | b'\n', ..] => lightgbm::read(bytes)?,
        [b'b', b'i', b'n', b'f', ..] | [b'b', b's', b'6', b'4', ..] => {
            return unknown("this is XGBoost's old binary; save it as `model.json` or `model.ubj`");
        }
        [0x08, ..] => onnx::read(bytes)?,
        [0x80, ..] => return unknown("this is a Python pickle; save the model itself"),
        _ if bytes.trim_ascii_start().starts_with(b"{") => xgboost::read_json(bytes)?,
        _ => return unknown("save it with `Booster.save_model` or as ONNX"),
    };
    imported.forest.check()?;
    Ok(imported)
}

/// What a tree's builder says, with the tree's place.
fn in_tree(tree: usize) -> impl Fn(TreeError) -> ImportError {
    move |error| match error {
        TreeError::Forest(source) => ImportError::Tree { tree, source },
        TreeError::Node { node, what } => ImportError::Node { tree, node, what },
    }
}

/// Why a tree's nodes do not make a tree.
#[derive(Debug)]
enum TreeError {
    Forest(ForestError),
    Node { node: i64, what: &'static str },
}

impl From<ForestError> for TreeError {
    fn from(error: ForestError) -> Self {
        Self::Forest(error)
    }
}
