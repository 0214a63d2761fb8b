//! ONNX graphs around one `TreeEnsembleClassifier` or `TreeEnsembleRegressor` of `ai.onnx.ml`.
//!
//! Taken: trees fed by the graph's input, or by columns of one number each put side by side, with
//! nothing but changes of shape and type around them. A graph that scales, imputes or calibrates does
//! what a forest does not, and is refused by the node's name.

use super::protobuf::{Fields, Value};
use super::{ImportError, Imported, TreeError, in_tree};
use crate::model::forest::{
    Feature, Forest, ForestError, Grown, Input, Leaf, Limits, Link, Missing, Question, Test, Tree,
};
use std::collections::HashMap;

/// Element types of tensors.
const FLOAT: i64 = 1;
const DOUBLE: i64 = 11;

/// Nodes that change no number on its way to the trees, or a probability behind them.
const BEFORE: [&str; 3] = ["Cast", "Identity", "Concat"];
const BEHIND: [&str; 7] =
    ["Cast", "Identity", "ZipMap", "Reshape", "Squeeze", "ArrayFeatureExtractor", "ArgMax"];

#[derive(Debug, Default)]
struct Graph<'a> {
    producer: &'a str,
    nodes: Vec<Operation<'a>>,
    inputs: Vec<Column<'a>>,
}

/// An input of the graph.
#[derive(Debug, Default)]
struct Column<'a> {
    name: &'a str,
    element: i64,
    /// Length of the last dimension; 0 when it is not fixed.
    width: i64,
}

#[derive(Debug, Default)]
struct Operation<'a> {
    kind: &'a str,
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    attributes: HashMap<&'a str, Attribute<'a>>,
}

#[derive(Debug, Default)]
struct Attribute<'a> {
    text: &'a str,
    floats: Vec<f64>,
    wholes: Vec<i64>,
    texts: Vec<&'a str>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Imported, ImportError> {
    let graph = graph(Fields::new(bytes))?;
    let is_trees = |kind: &str| kind.starts_with("TreeEnsemble");
    let mut ensembles = graph.nodes.iter().filter(|node| is_trees(node.kind));
    let part = |what| ImportError::Part { part: "graph", what };
    let trees = ensembles.next().ok_or(part("has no tree ensemble"))?;
    if ensembles.next().is_some() {
        return Err(part("has more than one tree ensemble"));
    }
    if !matches!(trees.kind, "TreeEnsembleClassifier" | "TreeEnsembleRegressor") {
        let instead = "`TreeEnsembleClassifier` and `TreeEnsembleRegressor` are";
        return Err(unsupported("operator", trees.kind, instead));
    }
    let (names, input) = columns(&graph, trees)?;
    let ensemble = Ensemble::of(trees)?;
    let (trees, last_feature) = ensemble.trees(trees)?;
    let count = usize::try_from(last_feature.map_or(0, |last| last.saturating_add(1)))
        .unwrap_or(usize::MAX);
    let features = match names {
        Names::Known(names) => names,
        Names::Count(known) if known.max(count) > Limits::FEATURES => {
            let (count, most) = (known.max(count), Limits::FEATURES);
            return Err(ForestError::TooMany { what: "features", count, most }.into());
        }
        Names::Count(known) => (0..known.max(count)).map(|place| format!("f{place}")).collect(),
    };
    let features = features.into_iter().map(|name| Feature { name, words: vec![] }).collect();
    let forest = Forest { features, input, base: ensemble.base, link: ensemble.link, trees };
    let producer: String = graph.producer.chars().take(40).collect();
    Ok(Imported { forest, source: format!("ONNX {producer}").trim().to_owned() })
}

fn unsupported(what: &'static str, name: &str, instead: &'static str) -> ImportError {
    ImportError::Unsupported { what, name: name.chars().take(40).collect(), instead }
}

fn graph(mut model: Fields<'_>) -> Result<Graph<'_>, ImportError> {
    let mut graph = Graph::default();
    let mut body = None;
    while let Some((number, value)) = model.next()? {
        match number {
            2 => graph.producer = value.fields().text()?,
            7 => body = Some(value.fields()),
            _ => {}
        }
    }
    let no_graph = ImportError::Part { part: "model", what: "has no graph" };
    let mut body = body.ok_or(no_graph)?;
    while let Some((number, value)) = body.next()? {
        match number {
            1 => graph.nodes.push(operation(value.fields())?),
            11 => graph.inputs.push(column(value.fields())?),
            _ => {}
        }
    }
    Ok(graph)
}

fn operation(mut fields: Fields<'_>) -> Result<Operation<'_>, ImportError> {
    let mut operation = Operation::default();
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => operation.inputs.push(value.fields().text()?),
            2 => operation.outputs.push(value.fields().text()?),
            4 => operation.kind = value.fields().text()?,
            5 => {
                let (name, attribute) = attribute(value.fields())?;
                operation.attributes.insert(name, attribute);
            }
            _ => {}
        }
    }
    Ok(operation)
}

fn column(mut fields: Fields<'_>) -> Result<Column<'_>, ImportError> {
    let mut column = Column::default();
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => column.name = value.fields().text()?,
            2 => column_type(value.fields(), &mut column)?,
            _ => {}
        }
    }
    Ok(column)
}

/// Within a type: the tensor, its element type, its shape, its dimensions.
fn column_type(mut kind: Fields<'_>, column: &mut Column) -> Result<(), ImportError> {
    while let Some((number, value)) = kind.next()? {
        let mut tensor = if number == 1 { value.fields() } else { continue };
        while let Some((number, value)) = tensor.next()? {
            match number {
                1 => column.element = value.whole(),
                2 => {
                    let mut shape = value.fields();
                    while let Some((_, dimension)) = shape.next()? {
                        column.width = 0;
                        let mut dimension = dimension.fields();
                        while let Some((number, value)) = dimension.next()? {
                            if number == 1 {
                                column.width = value.whole();
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn attribute(mut fields: Fields<'_>) -> Result<(&str, Attribute<'_>), ImportError> {
    let (mut name, mut attribute) = ("", Attribute::default());
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, value) => name = value.fields().text()?,
            (4, value) => attribute.text = value.fields().text()?,
            (5, value) => attribute.floats = tensor(value.fields())?,
            (7, Value::Fixed32(float)) => attribute.floats.push(f32::from_le_bytes(float).into()),
            (7, Value::Bytes(floats)) => {
                let floats = floats.bytes().as_chunks::<4>().0;
                attribute.floats.extend(floats.iter().map(|f| f64::from(f32::from_le_bytes(*f))));
            }
            (8, Value::Varint(number)) => attribute.wholes.push(number.cast_signed()),
            (8, Value::Bytes(mut numbers)) => {
                while let Some(number) = numbers.next_varint()? {
                    attribute.wholes.push(number.cast_signed());
                }
            }
            (9, value) => attribute.texts.push(value.fields().text()?),
            _ => {}
        }
    }
    Ok((name, attribute))
}

/// The numbers of a tensor of floats or doubles.
fn tensor(mut fields: Fields<'_>) -> Result<Vec<f64>, ImportError> {
    let (mut element, mut raw, mut floats) = (0, None, vec![]);
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (2, value) => element = value.whole(),
            (4, Value::Fixed32(float)) => floats.push(f32::from_le_bytes(float).into()),
            (10, Value::Fixed64(double)) => floats.push(f64::from_le_bytes(double)),
            (4, Value::Bytes(list)) => {
                let list = list.bytes().as_chunks::<4>().0;
                floats.extend(list.iter().map(|f| f64::from(f32::from_le_bytes(*f))));
            }
            (10, Value::Bytes(list)) => {
                let list = list.bytes().as_chunks::<8>().0;
                floats.extend(list.iter().map(|f| f64::from_le_bytes(*f)));
            }
            (9, Value::Bytes(list)) => raw = Some(list.bytes()),
            _ => {}
        }
    }
    Ok(match (element, raw) {
        (FLOAT, Some(raw)) => {
            raw.as_chunks::<4>().0.iter().map(|f| f32::from_le_bytes(*f).into()).collect()
        }
        (DOUBLE, Some(raw)) => {
            raw.as_chunks::<8>().0.iter().map(|f| f64::from_le_bytes(*f)).collect()
        }
        _ => floats,
    })
}

/// What the columns are called, or how many there are at least.
enum Names {
    Known(Vec<String>),
    Count(usize),
}

/// Follows the trees' input back to the graph's, and checks every other node.
fn columns(graph: &Graph, trees: &Operation) -> Result<(Names, Input), ImportError> {
    let mut before: Vec<&str> = vec![];
    let mut open: Vec<&str> = trees.inputs.iter().copied().rev().collect();
    let mut found: Vec<&Column> = vec![];
    let mut concatenated = false;
    let mut element = 0;
    while let Some(name) = open.pop() {
        if let Some(column) = graph.inputs.iter().find(|column| column.name == name) {
            found.push(column);
            element = if element == 0 { column.element } else { element };
        } else if let Some(node) = graph.nodes.iter().find(|node| node.outputs.contains(&name)) {
            let known = BEFORE.iter().find(|kind| **kind == node.kind);
            let instead = "the trees have to read the graph's input as it is";
            before.push(known.ok_or(unsupported(
                "operator before the trees,",
                node.kind,
                instead,
            ))?);
            if node.kind == "Cast" {
                element = FLOAT;
            }
            concatenated |= node.kind == "Concat";
            open.extend(node.inputs.iter().rev());
        }
        if before.len() + found.len() > Limits::FEATURES {
            return Err(ImportError::Part { part: "graph", what: "goes in circles" });
        }
    }
    let others = graph.nodes.iter().filter(|node| !node.kind.starts_with("TreeEnsemble"));
    for node in others {
        if !BEHIND.contains(&node.kind) && !BEFORE.contains(&node.kind) {
            let instead = "only changes of shape and type may stand around the trees";
            return Err(unsupported("operator", node.kind, instead));
        }
    }
    let input = if element == DOUBLE { Input::F64 } else { Input::F32 };
    let part = |what| ImportError::Part { part: "graph", what };
    let names = match found.as_slice() {
        [] => return Err(part("does not feed its trees")),
        [only] if !concatenated => Names::Count(usize::try_from(only.width).unwrap_or(0)),
        many if many.iter().all(|column| column.width <= 1) => {
            Names::Known(many.iter().map(|column| column.name.to_owned()).collect())
        }
        _ => return Err(part("puts inputs of several columns together")),
    };
    Ok((names, input))
}

/// How leaf weights become a margin.
struct Ensemble {
    base: f64,
    link: Link,
    /// What a weight counts for, by its class or target.
    factors: [f64; 2],
    /// Attributes begin with this word.
    prefix: &'static str,
}

impl Ensemble {
    fn of(trees: &Operation) -> Result<Self, ImportError> {
        let post = match trees.text("post_transform") {
            "" => "NONE",
            post => post,
        };
        let bases = trees.floats("base_values")?;
        let base = |at: usize| bases.get(at).copied().unwrap_or(0.0);
        let logistic = Link::Logistic { slope: 1.0 };
        let post_unknown = || {
            unsupported(
                "post transform",
                post,
                "its output is no probability; `LOGISTIC` and `NONE` are",
            )
        };
        if trees.kind == "TreeEnsembleRegressor" {
            return Self::regressor(trees, post, base(0));
        }
        let labels =
            trees.wholes("classlabels_int64s").len().max(trees.texts("classlabels_strings").len());
        if labels != 2 {
            let instead = "train one with two classes, fraud and not";
            return Err(unsupported("a model with classes", &labels.to_string(), instead));
        }
        let ids = trees.wholes("class_ids");
        let single = ids.first().is_none_or(|first| ids.iter().all(|id| id == first));
        let prefix = "class";
        let second_only = [0.0, 1.0];
        if single {
            let base = if bases.len() == 2 { base(1) } else { base(0) };
            let link = match post {
                "LOGISTIC" => logistic,
                "NONE" => Link::Probability,
                _ => return Err(post_unknown()),
            };
            return Ok(Self { base, link, factors: [1.0, 1.0], prefix });
        }
        match post {
            "NONE" => {
                Ok(Self { base: base(1), link: Link::Probability, factors: second_only, prefix })
            }
            "LOGISTIC" => Ok(Self { base: base(1), link: logistic, factors: second_only, prefix }),
            "SOFTMAX" => {
                let base = base(1) - base(0);
                Ok(Self { base, link: logistic, factors: [-1.0, 1.0], prefix })
            }
            _ => Err(post_unknown()),
        }
    }

    fn regressor(trees: &Operation, post: &str, base: f64) -> Result<Self, ImportError> {
        if trees.wholes("target_ids").iter().any(|target| *target != 0) {
            let instead = "one target is";
            return Err(unsupported("a model with", "several targets", instead));
        }
        let factor = match trees.text("aggregate_function") {
            "" | "SUM" => 1.0,
            "AVERAGE" => 1.0 / count(trees.tree_ids().len()),
            other => {
                return Err(unsupported("aggregate function", other, "`SUM` and `AVERAGE` are"));
            }
        };
        let link = match post {
            "LOGISTIC" => Link::Logistic { slope: 1.0 },
            "NONE" => Link::Probability,
            _ => return Err(unsupported("post transform", post, "`LOGISTIC` and `NONE` are")),
        };
        Ok(Self { base, link, factors: [factor; 2], prefix: "target" })
    }

    /// The trees, and the greatest feature they ask for.
    fn trees(&self, operation: &Operation) -> Result<(Vec<Tree>, Option<u32>), ImportError> {
        let nodes = Nodes::of(operation)?;
        let leaves = self.leaves(operation)?;
        let ids = operation.tree_ids();
        if ids.len() > Limits::TREES {
            let (count, most) = (ids.len(), Limits::TREES);
            return Err(ForestError::TooMany { what: "trees", count, most }.into());
        }
        let mut trees = vec![];
        for (number, (tree, root)) in ids.into_iter().enumerate() {
            let node = |id: i64| nodes.node((tree, id), &leaves);
            trees.push(Tree::grow(nodes.features.len(), root, node).map_err(in_tree(number))?);
        }
        let last = trees.iter().flat_map(Tree::questions).map(|question| question.feature).max();
        Ok((trees, last))
    }

    /// The value of every leaf, by tree and node.
    fn leaves(&self, operation: &Operation) -> Result<HashMap<(i64, i64), f64>, ImportError> {
        let name = |rest: &str| format!("{}_{rest}", self.prefix);
        let weights = operation.floats(&name("weights"))?;
        let trees = operation.wholes(&name("treeids"));
        let nodes = operation.wholes(&name("nodeids"));
        let ids = operation.wholes(&name("ids"));
        if [trees.len(), nodes.len(), ids.len()] != [weights.len(); 3] {
            let what = "are not as many as their trees, nodes and classes";
            return Err(ImportError::Part { part: "leaf weights", what });
        }
        let mut leaves = HashMap::new();
        for (((weight, tree), node), id) in weights.iter().zip(trees).zip(nodes).zip(ids) {
            let place = usize::try_from(*id).unwrap_or(usize::MAX);
            let factor = self.factors.get(place).ok_or(ImportError::Part {
                part: "leaf weights",
                what: "name a class that is not there",
            })?;
            *leaves.entry((*tree, *node)).or_insert(0.0) += weight * factor;
        }
        Ok(leaves)
    }
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n.max(1)).unwrap_or(u32::MAX))
}

impl<'a> Operation<'a> {
    fn text(&self, name: &str) -> &'a str {
        self.attributes.get(name).map_or("", |attribute| attribute.text)
    }

    fn wholes(&self, name: &str) -> &[i64] {
        self.attributes.get(name).map_or(&[], |attribute| &attribute.wholes)
    }

    fn texts(&self, name: &str) -> &[&'a str] {
        self.attributes.get(name).map_or(&[], |attribute| &attribute.texts)
    }

    /// A list of floats, or the tensor of doubles that stands for it.
    fn floats(&self, name: &str) -> Result<&[f64], ImportError> {
        let tensor = format!("{name}_as_tensor");
        match (self.attributes.get(name), self.attributes.get(tensor.as_str())) {
            (Some(_), Some(_)) => {
                Err(ImportError::Part { part: "attributes", what: "give a list and its tensor" })
            }
            (Some(list), None) | (None, Some(list)) => Ok(&list.floats),
            (None, None) => Ok(&[]),
        }
    }

    /// Each tree with its root: the first node listed of it.
    fn tree_ids(&self) -> Vec<(i64, i64)> {
        let mut seen = std::collections::HashSet::new();
        let listed = self.wholes("nodes_treeids").iter().zip(self.wholes("nodes_nodeids"));
        listed.filter(|(tree, _)| seen.insert(**tree)).map(|(tree, node)| (*tree, *node)).collect()
    }
}

/// The arrays of all nodes.
struct Nodes<'a> {
    places: HashMap<(i64, i64), usize>,
    features: &'a [i64],
    modes: &'a [&'a str],
    values: &'a [f64],
    on_true: &'a [i64],
    on_false: &'a [i64],
    missing_true: &'a [i64],
}

impl<'a> Nodes<'a> {
    fn of(operation: &'a Operation) -> Result<Self, ImportError> {
        let trees = operation.wholes("nodes_treeids");
        let ids = operation.wholes("nodes_nodeids");
        let pairs = trees.iter().copied().zip(ids.iter().copied());
        let nodes = Self {
            places: pairs.zip(0..).collect(),
            features: operation.wholes("nodes_featureids"),
            modes: operation.texts("nodes_modes"),
            values: operation.floats("nodes_values")?,
            on_true: operation.wholes("nodes_truenodeids"),
            on_false: operation.wholes("nodes_falsenodeids"),
            missing_true: operation.wholes("nodes_missing_value_tracks_true"),
        };
        let lengths = [
            ids.len(),
            nodes.places.len(),
            nodes.features.len(),
            nodes.modes.len(),
            nodes.values.len(),
            nodes.on_true.len(),
            nodes.on_false.len(),
        ];
        if lengths != [trees.len(); 7] {
            let what = "are not of one length, or list a node twice";
            return Err(ImportError::Part { part: "lists of nodes", what });
        }
        Ok(nodes)
    }

    fn node(
        &self,
        (tree, node): (i64, i64),
        leaves: &HashMap<(i64, i64), f64>,
    ) -> Result<Grown<i64>, TreeError> {
        let bad = |what| TreeError::Node { node, what };
        let absent = || bad("there is no such node");
        let place = *self.places.get(&(tree, node)).ok_or_else(absent)?;
        let mode = *self.modes.get(place).ok_or_else(absent)?;
        if mode == "LEAF" {
            let value = leaves.get(&(tree, node)).copied().unwrap_or(0.0);
            return Ok(Grown::Leaf(Leaf { value, cover: f64::NAN }));
        }
        let value = *self.values.get(place).ok_or_else(absent)?;
        let feature = self.features.get(place).and_then(|feature| u32::try_from(*feature).ok());
        let feature = feature.ok_or(bad("its feature can't be"))?;
        let on_true = *self.on_true.get(place).ok_or_else(absent)?;
        let on_false = *self.on_false.get(place).ok_or_else(absent)?;
        let missing_true = self.missing_true.get(place).is_some_and(|tracks| *tracks != 0);
        if value.is_nan() {
            return Err(bad("its threshold is not a number"));
        }
        let (threshold, true_is_left) = match mode {
            "BRANCH_LEQ" => (value, true),
            "BRANCH_LT" => (value.next_down(), true),
            "BRANCH_GT" => (value, false),
            "BRANCH_GTE" => (value.next_down(), false),
            _ => return Err(bad("it compares for equality or in a way not known")),
        };
        let missing = Missing::nan_left(missing_true == true_is_left);
        let question = Question { feature, test: Test::AtMost(threshold), missing };
        let (left, right) = if true_is_left { (on_true, on_false) } else { (on_false, on_true) };
        Ok(Grown::Split { question, left, right })
    }
}
