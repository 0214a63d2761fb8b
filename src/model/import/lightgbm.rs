//! LightGBM's text format, versions 2 to 4.
//!
//! Sections of `key=value` lines: a header, one section a tree, and the lists of categories Python
//! appends. Splits are `x <= threshold`; three kinds of missing value; categories as bit sets, in the
//! set going left and all else, missing included, right.

use super::error::LineProblem;
use super::{ImportError, Imported, TreeError, in_tree};
use crate::model::forest::{
    Feature, Forest, Grown, Input, Leaf, Limits, Link, Missing, Question, Test, Tree,
};
use std::collections::HashMap;
use std::str::FromStr;

/// The lines of one section.
struct Section<'a> {
    pairs: HashMap<&'a str, (usize, &'a str)>,
    /// Line behind the section.
    end: usize,
}

pub(super) fn read(bytes: &[u8]) -> Result<Imported, ImportError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        ImportError::Line { line, problem: LineProblem::NotText }
    })?;
    let mut sections = vec![];
    let mut section = Section { pairs: HashMap::new(), end: 0 };
    let mut complete = false;
    let mut categories = None;
    let mut averaged = false;
    for (line, text) in (1..).zip(text.lines()) {
        section.end = line;
        if complete {
            if let Some(list) = text.strip_prefix("pandas_categorical:") {
                categories = Some((line, list));
            }
            continue;
        }
        if text.starts_with("Tree=") || text == "end of trees" {
            complete = text == "end of trees";
            sections.push(std::mem::replace(
                &mut section,
                Section { pairs: HashMap::new(), end: line },
            ));
            continue;
        }
        match text.split_once('=') {
            Some((key, value)) => {
                section.pairs.insert(key, (line, value));
            }
            None if text == "average_output" => averaged = true,
            None if text.is_empty() || (line == 1 && text == "tree") => {}
            None => return Err(at(line, LineProblem::NotAPair { text: cut(text) })),
        }
    }
    if !complete {
        return Err(at(section.end, LineProblem::CutShort));
    }
    let (header, trees) = sections.split_first().ok_or(at(1, LineProblem::CutShort))?;
    if trees.len() > Limits::TREES {
        return Err(too_many_trees(trees.len()));
    }
    let link = link(header)?;
    let features = features(header, categories)?;
    let shares = if averaged { trees.len().max(1) } else { 1 };
    #[expect(clippy::cast_precision_loss, reason = "at most a few thousand trees")]
    let share = shares as f64;
    let trees = trees.iter().enumerate().map(|(number, section)| tree(number, section, share));
    let trees = trees.collect::<Result<Vec<_>, _>>()?;
    let version = header.word("version").unwrap_or("of unknown version");
    let forest = Forest { features, input: Input::F64Snapped, base: 0.0, link, trees };
    Ok(Imported { forest, source: format!("LightGBM {}", cut(version)) })
}

fn too_many_trees(count: usize) -> ImportError {
    crate::model::forest::ForestError::TooMany { what: "trees", count, most: Limits::TREES }.into()
}

fn at(line: usize, problem: LineProblem) -> ImportError {
    ImportError::Line { line, problem }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

impl<'a> Section<'a> {
    fn word(&self, key: &str) -> Option<&'a str> {
        self.pairs.get(key).map(|(_, value)| value.trim())
    }

    fn required(&self, key: &'static str) -> Result<(usize, &'a str), ImportError> {
        self.pairs.get(key).copied().ok_or(at(self.end, LineProblem::Missing { key }))
    }

    fn number<T: FromStr>(&self, key: &'static str, absent: T) -> Result<T, ImportError> {
        match self.pairs.get(key) {
            Some((line, text)) => parse(*line, key, text.trim()),
            None => Ok(absent),
        }
    }

    /// Numbers between spaces.
    fn list<T: FromStr>(&self, key: &'static str) -> Result<Vec<T>, ImportError> {
        let (line, text) = self.required(key)?;
        text.split_ascii_whitespace().map(|word| parse(line, key, word)).collect()
    }
}

fn parse<T: FromStr>(line: usize, key: &str, word: &str) -> Result<T, ImportError> {
    let problem = || LineProblem::NotANumber { key: key.to_owned(), text: cut(word) };
    word.parse().map_err(|_| at(line, problem()))
}

fn link(header: &Section) -> Result<Link, ImportError> {
    let classes: u32 = header.number("num_class", 1)?;
    let per_iteration: u32 = header.number("num_tree_per_iteration", 1)?;
    if classes > 1 || per_iteration > 1 {
        return Err(ImportError::Unsupported {
            what: "a model with",
            name: format!("num_class={classes}"),
            instead: "train one with two classes, fraud and not",
        });
    }
    let objective = header.word("objective").unwrap_or("custom");
    let mut words = objective.split_ascii_whitespace();
    match words.next() {
        Some("binary") => {
            let slope = match words.find_map(|word| word.strip_prefix("sigmoid:")) {
                Some(slope) => parse(header.required("objective")?.0, "objective", slope)?,
                None => 1.0,
            };
            Ok(Link::Logistic { slope })
        }
        Some("cross_entropy" | "xentropy") => Ok(Link::Logistic { slope: 1.0 }),
        other => Err(ImportError::Unsupported {
            what: "objective",
            name: cut(other.unwrap_or("custom")),
            instead: "its output is no probability; `binary` and `cross_entropy` are",
        }),
    }
}

fn features(
    header: &Section,
    categories: Option<(usize, &str)>,
) -> Result<Vec<Feature>, ImportError> {
    let (line, names) = header.required("feature_names")?;
    let mut features: Vec<_> = names
        .split_ascii_whitespace()
        .map(|name| Feature { name: name.to_owned(), words: vec![] })
        .collect();
    let last: usize = header.number("max_feature_idx", features.len().saturating_sub(1))?;
    if last.checked_add(1) != Some(features.len()) {
        let what = "does not list as many names as `max_feature_idx` promises";
        return Err(at(line, LineProblem::Value { key: "feature_names", what }));
    }
    let Some((line, lists)) = categories else { return Ok(features) };
    let bad = |what| at(line, LineProblem::Value { key: "pandas_categorical", what });
    let lists: Option<Vec<Vec<serde_json::Value>>> =
        serde_json::from_str(lists.trim()).map_err(|_| bad("is not a list of lists"))?;
    let lists = lists.unwrap_or_default();
    if lists.is_empty() {
        return Ok(features);
    }
    // A categorical column's values are listed with colons, a number's range is in brackets.
    let (_, infos) = header.required("feature_infos")?;
    let categorical: Vec<usize> = infos
        .split_ascii_whitespace()
        .enumerate()
        .filter(|(_, info)| !info.starts_with('[') && *info != "none")
        .map(|(place, _)| place)
        .collect();
    if categorical.len() != lists.len() {
        return Err(bad("has another number of lists than there are categorical features"));
    }
    for (place, list) in categorical.into_iter().zip(lists) {
        let feature = features.get_mut(place).ok_or(bad("names no feature"))?;
        feature.words = list
            .into_iter()
            .map(|word| match word {
                serde_json::Value::String(word) => word,
                other => other.to_string(),
            })
            .collect();
    }
    Ok(features)
}

/// The arrays of a tree.
struct Arrays {
    features: Vec<u32>,
    thresholds: Vec<f64>,
    decisions: Vec<u8>,
    left: Vec<i64>,
    right: Vec<i64>,
    boundaries: Vec<usize>,
    bits: Vec<u32>,
    values: Vec<f64>,
    counts: Vec<f64>,
}

fn tree(number: usize, section: &Section, share: f64) -> Result<Tree, ImportError> {
    if section.number("is_linear", 0_u8)? != 0 {
        return Err(ImportError::Unsupported {
            what: "a tree with",
            name: "is_linear=1".to_owned(),
            instead: "leaves that are linear models are not trees; train with `linear_tree=false`",
        });
    }
    let leaves: usize = section.number("num_leaves", 0)?;
    let values: Vec<f64> = section.list("leaf_value")?;
    if values.is_empty() || leaves != values.len() {
        let what = "does not hold as many as `num_leaves` promises";
        return Err(at(section.end, LineProblem::Value { key: "leaf_value", what }));
    }
    let single = leaves == 1;
    let categorical = section.number("num_cat", 0_usize)? > 0;
    let counts =
        if section.pairs.contains_key("leaf_count") { section.list("leaf_count")? } else { vec![] };
    let arrays = Arrays {
        features: if single { vec![] } else { section.list("split_feature")? },
        thresholds: if single { vec![] } else { section.list("threshold")? },
        decisions: if single { vec![] } else { section.list("decision_type")? },
        left: if single { vec![] } else { section.list("left_child")? },
        right: if single { vec![] } else { section.list("right_child")? },
        boundaries: if categorical { section.list("cat_boundaries")? } else { vec![] },
        bits: if categorical { section.list("cat_threshold")? } else { vec![] },
        values,
        counts,
    };
    let most = leaves.saturating_mul(2);
    let root = if single { -1 } else { 0 };
    let node = |node| arrays.node(node, share);
    Tree::grow(most, root, node).map_err(in_tree(number))
}

impl Arrays {
    fn node(&self, node: i64, share: f64) -> Result<Grown<i64>, TreeError> {
        let bad = |what| TreeError::Node { node, what };
        if let Ok(leaf) = usize::try_from(!node) {
            let value = *self.values.get(leaf).ok_or(bad("there is no such leaf"))?;
            let cover = self.counts.get(leaf).copied().unwrap_or(f64::NAN);
            return Ok(Grown::Leaf(Leaf { value: value / share, cover }));
        }
        let place = usize::try_from(node).map_err(|_| bad("there is no such node"))?;
        let missing = || bad("there is no such node");
        let decision = *self.decisions.get(place).ok_or_else(missing)?;
        let threshold = *self.thresholds.get(place).ok_or_else(missing)?;
        let default_left = decision & 2 != 0;
        let (test, missing_goes) = if decision & 1 != 0 {
            (
                Test::In(self.categories(threshold).ok_or(bad("its categories are not there"))?),
                Missing::Right,
            )
        } else {
            let missing = match decision >> 2 & 3 {
                0 => Missing::AsZero,
                1 => Missing::zero_left(default_left),
                2 => Missing::nan_left(default_left),
                _ => return Err(bad("its kind of missing value is not known")),
            };
            (Test::AtMost(threshold), missing)
        };
        let feature = *self.features.get(place).ok_or_else(missing)?;
        Ok(Grown::Split {
            question: Question { feature, test, missing: missing_goes },
            left: *self.left.get(place).ok_or_else(missing)?,
            right: *self.right.get(place).ok_or_else(missing)?,
        })
    }

    /// The set of a categorical split, whose threshold is the set's number.
    fn categories(&self, threshold: f64) -> Option<Box<[u32]>> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is looked up"
        )]
        let set = threshold as usize;
        let (from, to) = (*self.boundaries.get(set)?, *self.boundaries.get(set.checked_add(1)?)?);
        let words = self.bits.get(from..to)?;
        let categories = (0_u32..).zip(words).flat_map(|(place, word)| {
            (0..32).filter(move |bit| word >> bit & 1 == 1).map(move |bit| place * 32 + bit)
        });
        Some(categories.collect())
    }
}
