//! Exact Shapley values of a forest's margin, on demand.
//!
//! `TreeSHAP` after Lundberg, Erion and Lee, "Consistent Individualized Feature Attribution for Tree
//! Ensembles" (2018), algorithm 2: what a feature is not known to be is averaged over the training rows
//! that went each way, as the leaves count them. It is what LightGBM's `pred_contrib` gives. Every path
//! from the root is followed once with, for each feature on it, the share of rows that would come along
//! were the feature unknown (`zero`) and whether this row does (`one`); the weights of a path count, by
//! its number of known features, in how many orders they can have become known.
//!
//! Cost: O(leaves × depth²) a tree, with an allocation a node. What a request's answer says comes from
//! path attributions instead, a thousandth of the work; [`super`]'s engines know nothing of either.

use super::{Forest, Input, Leaf, Node, Tree};

/// One feature on the way from the root.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// The feature; none for the root itself.
    feature: Option<u32>,
    /// Share of the training rows that go on when it is unknown.
    zero: f64,
    /// 1 where this row goes on, else 0.
    one: f64,
    /// Of the sets of features known so far that are as large as this element's place.
    weight: f64,
}

impl Forest {
    /// Replaces `out` by what each feature adds to the margin of a row, in the order of
    /// [`Forest::features`], and gives the margin expected of any row, to which they add up.
    ///
    /// `row` is as [`Forest::margin`] takes it. `None` where the source did not say how many training
    /// rows each leaf stands for: without them nothing can be averaged.
    pub fn shapley(&self, row: &[f64], out: &mut Vec<f64>) -> Option<f64> {
        out.clear();
        out.resize(self.features.len(), 0.0);
        let mut base = self.base;
        for tree in &self.trees {
            let covers = covers(tree)?;
            base += expected(tree, &covers);
            let mut walk = Walk { tree, covers: &covers, input: self.input, row, out };
            walk.follow(0, &extended(&[], None, 1.0, 1.0));
        }
        Some(base)
    }
}

/// How many training rows reached each node, in preorder; `None` where a split saw none or a leaf does
/// not say.
fn covers(tree: &Tree) -> Option<Vec<f64>> {
    let mut covers = vec![0.0; tree.nodes().len()];
    for (place, node) in tree.nodes().iter().enumerate().rev() {
        let cover = match node {
            Node::Leaf(Leaf { cover, .. }) => (*cover >= 0.0).then_some(*cover),
            Node::Split { right, .. } => {
                let right = covers.get(usize::try_from(*right).ok()?)?;
                Some(covers.get(place + 1)? + right).filter(|cover| *cover > 0.0)
            }
        };
        *covers.get_mut(place)? = cover.filter(|cover| cover.is_finite())?;
    }
    Some(covers)
}

/// The margin expected of any row.
fn expected(tree: &Tree, covers: &[f64]) -> f64 {
    let leaves = tree.nodes().iter().zip(covers).filter_map(|(node, cover)| match node {
        Node::Leaf(leaf) => Some((leaf.value, *cover)),
        Node::Split { .. } => None,
    });
    let (sum, all) = leaves.fold((0.0, 0.0), |(sum, all), (v, c)| (sum + v * c, all + c));
    match tree.nodes().first() {
        // A tree of one leaf may stand for no rows.
        Some(Node::Leaf(leaf)) => leaf.value,
        _ => sum / all,
    }
}

/// A tree and a row on the way through it.
struct Walk<'w> {
    tree: &'w Tree,
    covers: &'w [f64],
    input: Input,
    row: &'w [f64],
    out: &'w mut [f64],
}

impl Walk<'_> {
    /// Adds what the leaves below a node say of each feature on the way to them.
    fn follow(&mut self, node: usize, path: &[Known]) {
        match self.tree.nodes().get(node) {
            None => {}
            Some(Node::Leaf(Leaf { value, .. })) => {
                for (place, known) in path.iter().enumerate() {
                    let feature = known.feature.and_then(|feature| usize::try_from(feature).ok());
                    if let Some(sum) = feature.and_then(|feature| self.out.get_mut(feature)) {
                        *sum += weight_without(path, place) * (known.one - known.zero) * value;
                    }
                }
            }
            Some(Node::Split { question, right }) => {
                let right = usize::try_from(*right).unwrap_or(usize::MAX);
                let taken = self.tree.step(self.input, self.row, node).map(|(_, next)| next);
                let seen = path.iter().position(|known| known.feature == Some(question.feature));
                let before = seen.and_then(|place| path.get(place));
                let (zero, one) = before.map_or((1.0, 1.0), |known| (known.zero, known.one));
                let shorter = seen.map(|place| without(path, place));
                let path = shorter.as_deref().unwrap_or(path);
                for child in [node + 1, right] {
                    let zero = zero * self.share(child, node);
                    let one = if taken == Some(child) { one } else { 0.0 };
                    // Nobody goes there, known or unknown.
                    if zero > 0.0 || one > 0.0 {
                        let path = extended(path, Some(question.feature), zero, one);
                        self.follow(child, &path);
                    }
                }
            }
        }
    }

    /// Of the rows at `parent`, those that went on to `child`.
    fn share(&self, child: usize, parent: usize) -> f64 {
        let cover = |node: usize| self.covers.get(node).copied().unwrap_or(0.0);
        cover(child) / cover(parent)
    }
}

/// A place as a number.
#[expect(clippy::cast_precision_loss, reason = "no path is longer than the limit of depth")]
fn number(place: usize) -> f64 {
    place as f64
}

/// The path with one more feature: every set so far, without it and with it.
fn extended(path: &[Known], feature: Option<u32>, zero: f64, one: f64) -> Vec<Known> {
    let length = number(path.len());
    let mut longer = Vec::with_capacity(path.len() + 1);
    let mut with_it = if path.is_empty() { 1.0 } else { 0.0 };
    for (place, known) in path.iter().enumerate() {
        let place = number(place);
        let weight = with_it + zero * known.weight * (length - place) / (length + 1.0);
        with_it = one * known.weight * (place + 1.0) / (length + 1.0);
        longer.push(Known { weight, ..*known });
    }
    longer.push(Known { feature, zero, one, weight: with_it });
    longer
}

/// Calls `each` with the weights the path has without one of its features, from the last to the first.
fn weights_without(path: &[Known], place: usize, mut each: impl FnMut(f64)) {
    let Some((Known { zero, one, .. }, (last, rest))) = path.get(place).zip(path.split_last())
    else {
        return;
    };
    let length = number(path.len());
    let mut with_it = last.weight;
    for (place, known) in rest.iter().enumerate().rev() {
        let place = number(place);
        let left = length - 1.0 - place;
        let weight = if *one > 0.0 {
            with_it * length / ((place + 1.0) * one)
        } else {
            known.weight * length / (zero * left)
        };
        with_it = known.weight - weight * zero * left / length;
        each(weight);
    }
}

/// The sum of those weights.
fn weight_without(path: &[Known], place: usize) -> f64 {
    let mut sum = 0.0;
    weights_without(path, place, |weight| sum += weight);
    sum
}

/// The path without one of its features.
fn without(path: &[Known], place: usize) -> Vec<Known> {
    let mut weights = Vec::with_capacity(path.len());
    weights_without(path, place, |weight| weights.push(weight));
    let others = path.iter().enumerate().filter(|(other, _)| *other != place);
    let weights = weights.into_iter().rev();
    others.zip(weights).map(|((_, known), weight)| Known { weight, ..*known }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Feature, Link};
    use super::*;
    use proptest::prelude::*;

    /// The margin expected where only some features are known.
    fn margin_knowing(tree: &Tree, covers: &[f64], of: (Input, &[f64], u32), node: usize) -> f64 {
        let (input, row, known) = of;
        match &tree.nodes()[node] {
            Node::Leaf(leaf) => leaf.value,
            Node::Split { question, .. } if known >> question.feature & 1 == 1 => {
                let (_, next) = tree.step(input, row, node).unwrap();
                margin_knowing(tree, covers, of, next)
            }
            Node::Split { right, .. } => {
                let children = [node + 1, *right as usize];
                let of_child = |child| covers[child] * margin_knowing(tree, covers, of, child);
                children.map(of_child).iter().sum::<f64>() / covers[node]
            }
        }
    }

    /// By the definition: the mean, over all orders of the features, of what each adds.
    fn by_definition(forest: &Forest, row: &[f64]) -> Vec<f64> {
        let count = forest.features.len();
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        let of_set = |known: u32| -> f64 {
            let of_tree = |tree: &Tree| {
                margin_knowing(tree, &covers(tree).unwrap(), (forest.input, row, known), 0)
            };
            forest.trees.iter().map(of_tree).sum()
        };
        let all = u32::try_from(count).unwrap();
        let of_feature = |feature: u32| {
            let without = (0..1_u32 << all).filter(|set| set >> feature & 1 == 0);
            let term = |set: u32| {
                let size = set.count_ones();
                let orders = factorial(size) * factorial(all - size - 1) / factorial(all);
                orders * (of_set(set | 1 << feature) - of_set(set))
            };
            without.map(term).sum()
        };
        (0..all).map(of_feature).collect()
    }

    /// Text of a random tree whose features come back on one path, with rows at every leaf.
    fn tree() -> impl Strategy<Value = String> {
        let leaf = (-100..100_i32, 0..9_u32).prop_map(|(v, c)| format!("={v}@{c}"));
        leaf.prop_recursive(5, 40, 2, |inner| {
            (0..5_u32, -3..4_i32, prop::bool::ANY, inner.clone(), inner).prop_map(
                |(feature, at, left, a, b)| {
                    format!("{feature}<={at}{} {a} {b}", if left { 'l' } else { 'r' })
                },
            )
        })
    }

    fn forest(trees: &[String]) -> Forest {
        let feature = |n| Feature { name: format!("f{n}"), words: vec![] };
        Forest {
            features: (0..5).map(feature).collect(),
            input: Input::F64,
            base: 0.25,
            link: Link::Logistic { slope: 1.0 },
            trees: trees.iter().map(|tree| tree.parse().unwrap()).collect(),
        }
    }

    proptest! {
        #[test]
        fn values_are_those_of_the_definition(
            trees in prop::collection::vec(tree(), 1..3),
            row in prop::collection::vec(prop_oneof![4 => -4.0..4.0, 1 => Just(f64::NAN)], 5),
        ) {
            let forest = forest(&trees);
            let mut found = vec![];
            let base = forest.shapley(&row, &mut found);
            prop_assert_eq!(base.is_some(), forest.trees.iter().all(|tree| covers(tree).is_some()));
            let Some(base) = base else { return Ok(()) };
            for (value, naive) in found.iter().zip(by_definition(&forest, &row)) {
                prop_assert!((value - naive).abs() < 1e-9, "{value} {naive} of {trees:?} at {row:?}");
            }
            let sum = base + found.iter().sum::<f64>();
            prop_assert!((sum - forest.margin(&row)).abs() < 1e-9, "{sum} of {trees:?} at {row:?}");
        }
    }

    #[test]
    fn without_counts_nothing_is_said() {
        let mut found = vec![1.0; 9];
        let row = [0.0; 5];
        assert_eq!(forest(&["0<=1l =1@3 =2".to_owned()]).shapley(&row, &mut found), None);
        assert_eq!(forest(&["0<=1l =1@0 =2@0".to_owned()]).shapley(&row, &mut found), None);
        assert_eq!(forest(&["=2@0".to_owned()]).shapley(&row, &mut found), Some(2.25));
        assert_eq!(found, [0.0; 5]);
    }
}
