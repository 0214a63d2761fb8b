//! XGBoost's JSON and UBJSON, versions 1 to 3: one shape in two spellings.
//!
//! Rows and thresholds are single precision; a split is `x < threshold`, a missing value goes its
//! default way. A categorical split lists the categories that go *right*. The base score is stored as a
//! probability and counts as its log-odds; dropped-out trees have a weight each. XGBoost adds leaves in
//! single precision, in the order of its trees: its margin is off ours by that rounding, about 1e-6.

use super::ubjson;
use super::{ImportError, Imported, TreeError, in_tree};
use crate::model::forest::{
    Feature, Forest, ForestError, Grown, Input, Leaf, Limits, Link, Missing, Question, Test, Tree,
};
use serde::de::{Deserialize, Deserializer};
use std::collections::HashMap;

#[derive(Debug, serde::Deserialize)]
struct Document {
    learner: Learner,
    #[serde(default)]
    version: Vec<u32>,
}

#[derive(Debug, serde::Deserialize)]
struct Learner {
    #[serde(default)]
    feature_names: Vec<String>,
    gradient_booster: Booster,
    #[serde(rename = "learner_model_param")]
    parameters: Parameters,
    objective: Objective,
}

#[derive(Debug, serde::Deserialize)]
struct Objective {
    name: String,
}

#[derive(Debug, serde::Deserialize)]
struct Parameters {
    base_score: String,
    #[serde(default = "zero")]
    num_class: String,
    #[serde(default = "one")]
    num_target: String,
    #[serde(default = "zero")]
    num_feature: String,
}

fn zero() -> String {
    "0".to_owned()
}

fn one() -> String {
    "1".to_owned()
}

#[derive(Debug, serde::Deserialize)]
struct Booster {
    name: String,
    model: Option<Trees>,
    gbtree: Option<Inner>,
    #[serde(default)]
    weight_drop: Vec<f32>,
}

#[derive(Debug, serde::Deserialize)]
struct Inner {
    model: Trees,
}

#[derive(Debug, serde::Deserialize)]
struct Trees {
    /// Absent for a linear booster.
    #[serde(default, rename = "trees")]
    list: Vec<Arrays>,
    #[serde(default)]
    tree_info: Vec<i32>,
    cats: Option<Categories>,
}

#[derive(Debug, serde::Deserialize)]
struct Categories {
    #[serde(default)]
    enc: Vec<Encoding>,
}

/// The categories of one column: texts end to end with their offsets, or numbers.
#[derive(Debug, serde::Deserialize)]
struct Encoding {
    offsets: Option<Vec<usize>>,
    #[serde(default)]
    values: Vec<f64>,
}

#[derive(Debug, serde::Deserialize)]
struct Arrays {
    left_children: Vec<i32>,
    right_children: Vec<i32>,
    split_indices: Vec<u32>,
    split_conditions: Vec<f32>,
    default_left: Vec<Flag>,
    #[serde(default)]
    sum_hessian: Vec<f32>,
    #[serde(default)]
    split_type: Vec<Flag>,
    #[serde(default)]
    categories: Vec<u32>,
    #[serde(default)]
    categories_nodes: Vec<i64>,
    #[serde(default)]
    categories_segments: Vec<usize>,
    #[serde(default)]
    categories_sizes: Vec<usize>,
    tree_param: TreeParameters,
}

#[derive(Debug, serde::Deserialize)]
struct TreeParameters {
    #[serde(default = "one")]
    size_leaf_vector: String,
}

/// Written as 0 and 1, or by old versions as false and true.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Flag(bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Flag;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("0, 1, false or true")
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
                Ok(Flag(flag))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Flag, E> {
                if matches!(number, 0 | 1) {
                    Ok(Flag(number == 1))
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Signed(number), &self))
                }
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Flag, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

pub(super) fn read_json(bytes: &[u8]) -> Result<Imported, ImportError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let document = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let pointer = error.path().to_string();
        ImportError::Json { pointer, source: error.into_inner() }
    })?;
    json.end().map_err(|source| ImportError::Json { pointer: ".".to_owned(), source })?;
    imported(document)
}

pub(super) fn read_ubjson(bytes: &[u8]) -> Result<Imported, ImportError> {
    imported(ubjson::from_slice(bytes)?)
}

fn imported(document: Document) -> Result<Imported, ImportError> {
    let Document { learner, version } = document;
    let booster = &learner.gradient_booster;
    let trees = match (booster.name.as_str(), &booster.model, &booster.gbtree) {
        ("gbtree", Some(trees), _) | ("dart", _, Some(Inner { model: trees })) => trees,
        ("gbtree" | "dart", ..) => {
            return Err(ImportError::Part { part: "gradient_booster", what: "has no trees" });
        }
        (name, ..) => return Err(unsupported("booster", name, "`gbtree` and `dart` are trees")),
    };
    check_shape(&learner, trees)?;
    let base = base_score(&learner)?;
    let features = features(&learner, trees)?;
    let weights = &booster.weight_drop;
    if booster.name == "dart" && weights.len() != trees.list.len() {
        return Err(ImportError::Part { part: "weight_drop", what: "has not one weight a tree" });
    }
    let grown = trees.list.iter().enumerate().map(|(number, arrays)| {
        let weight = weights.get(number).copied().unwrap_or(1.0);
        arrays.tree(f64::from(weight)).map_err(in_tree(number))
    });
    let trees = grown.collect::<Result<Vec<_>, _>>()?;
    let version: Vec<_> = version.iter().take(3).map(u32::to_string).collect();
    let forest =
        Forest { features, input: Input::F32, base, link: Link::Logistic { slope: 1.0 }, trees };
    Ok(Imported { forest, source: format!("XGBoost {}", version.join(".")).trim().to_owned() })
}

fn unsupported(what: &'static str, name: &str, instead: &'static str) -> ImportError {
    ImportError::Unsupported { what, name: name.chars().take(40).collect(), instead }
}

fn check_shape(learner: &Learner, trees: &Trees) -> Result<(), ImportError> {
    let objective = learner.objective.name.as_str();
    if !matches!(objective, "binary:logistic" | "binary:logitraw" | "reg:logistic") {
        let instead = "its output is no probability; `binary:logistic` is";
        return Err(unsupported("objective", objective, instead));
    }
    let Parameters { num_class, num_target, .. } = &learner.parameters;
    let instead = "train one with two classes, fraud and not";
    if !matches!(num_class.as_str(), "0" | "1") {
        return Err(unsupported("a model with num_class", num_class, instead));
    }
    if num_target != "1" || trees.tree_info.iter().any(|class| *class != 0) {
        return Err(unsupported("a model with num_target", num_target, instead));
    }
    let wide = trees.list.iter().map(|tree| &tree.tree_param.size_leaf_vector);
    if let Some(size) = wide.into_iter().find(|size| !matches!(size.as_str(), "0" | "1")) {
        return Err(unsupported("a tree with size_leaf_vector", size, instead));
    }
    match trees.list.len() {
        count if count > Limits::TREES => {
            Err(ForestError::TooMany { what: "trees", count, most: Limits::TREES }.into())
        }
        _ => Ok(()),
    }
}

/// The log-odds of the base score, which is written `5E-1`, or `[5E-1]` since version 3.1.
fn base_score(learner: &Learner) -> Result<f64, ImportError> {
    let text = learner.parameters.base_score.as_str();
    let text = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let bad = |what| ImportError::Part { part: "base_score", what };
    let p: f32 = text.trim().parse().map_err(|_| bad("is not a number"))?;
    let p = f64::from(p);
    // Alone among the logistic objectives this one stores the margin itself.
    if learner.objective.name == "binary:logitraw" {
        return Ok(p);
    }
    if p <= 0.0 || p >= 1.0 || p.is_nan() {
        return Err(bad("is no probability between 0 and 1"));
    }
    Ok(p.ln() - (-p).ln_1p())
}

fn features(learner: &Learner, trees: &Trees) -> Result<Vec<Feature>, ImportError> {
    let count: usize = learner
        .parameters
        .num_feature
        .parse()
        .map_err(|_| ImportError::Part { part: "num_feature", what: "is not a number" })?;
    if count > Limits::FEATURES {
        let most = Limits::FEATURES;
        return Err(ForestError::TooMany { what: "features", count, most }.into());
    }
    let names = &learner.feature_names;
    if !names.is_empty() && names.len() != count {
        return Err(ImportError::Part { part: "feature_names", what: "has not num_feature names" });
    }
    let encodings = trees.cats.as_ref().map(|cats| cats.enc.as_slice()).unwrap_or_default();
    let feature = |place: usize| {
        let name = names.get(place).cloned().unwrap_or_else(|| format!("f{place}"));
        let words = encodings.get(place).map_or(Some(vec![]), Encoding::words);
        let bad = ImportError::Part { part: "cats", what: "has offsets outside its values" };
        Ok(Feature { name, words: words.ok_or(bad)? })
    };
    (0..count).map(feature).collect()
}

impl Encoding {
    fn words(&self) -> Option<Vec<String>> {
        let Some(offsets) = &self.offsets else {
            return Some(self.values.iter().map(f64::to_string).collect());
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bytes, written as signed or unsigned numbers"
        )]
        let bytes: Vec<u8> = self.values.iter().map(|byte| *byte as i64 as u8).collect();
        let word = |ends: &[usize]| match *ends {
            [from, to] => String::from_utf8(bytes.get(from..to)?.to_vec()).ok(),
            _ => None,
        };
        offsets.windows(2).map(word).collect()
    }
}

impl Arrays {
    fn tree(&self, weight: f64) -> Result<Tree, TreeError> {
        let mut sets: HashMap<i64, Box<[u32]>> = HashMap::new();
        for (place, node) in self.categories_nodes.iter().enumerate() {
            let bad = || TreeError::Node { node: *node, what: "its categories are not there" };
            let from = *self.categories_segments.get(place).ok_or_else(bad)?;
            let size = *self.categories_sizes.get(place).ok_or_else(bad)?;
            let end = from.checked_add(size).ok_or_else(bad)?;
            let mut set = self.categories.get(from..end).ok_or_else(bad)?.to_vec();
            set.sort_unstable();
            set.dedup();
            sets.insert(*node, set.into());
        }
        Tree::grow(self.left_children.len(), 0_i32, |node| self.node(node, &sets, weight))
    }

    fn node(
        &self,
        node: i32,
        sets: &HashMap<i64, Box<[u32]>>,
        weight: f64,
    ) -> Result<Grown<i32>, TreeError> {
        let bad = |what| TreeError::Node { node: node.into(), what };
        let absent = || bad("it is not in every list of the tree");
        let place = usize::try_from(node).map_err(|_| absent())?;
        let left = *self.left_children.get(place).ok_or_else(absent)?;
        let right = *self.right_children.get(place).ok_or_else(absent)?;
        let condition = f64::from(*self.split_conditions.get(place).ok_or_else(absent)?);
        if left == -1 {
            let cover = self.sum_hessian.get(place).map_or(f64::NAN, |cover| f64::from(*cover));
            return Ok(Grown::Leaf(Leaf { value: condition * weight, cover }));
        }
        let feature = *self.split_indices.get(place).ok_or_else(absent)?;
        let Flag(default_left) = *self.default_left.get(place).ok_or_else(absent)?;
        if !self.split_type.get(place).is_some_and(|kind| kind.0) {
            if condition.is_nan() {
                return Err(bad("its threshold is not a number"));
            }
            let test = Test::AtMost(condition.next_down());
            let question = Question { feature, test, missing: Missing::nan_left(default_left) };
            return Ok(Grown::Split { question, left, right });
        }
        // Here the set goes left, in the file it goes right.
        let set = sets.get(&i64::from(node)).ok_or(bad("its categories are not there"))?.clone();
        let missing = Missing::nan_left(!default_left);
        let question = Question { feature, test: Test::In(set), missing };
        Ok(Grown::Split { question, left: right, right: left })
    }
}
