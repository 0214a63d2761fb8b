//! Engines against the plain walk, on random forests and on every awkward float.

use super::stages::{Staged, cut};
use super::*;
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a random forest is like.
#[derive(Debug, Clone, Copy)]
struct Shape {
    trees: u32,
    leaves: u32,
    features: u32,
    /// Distinct thresholds a feature has about.
    grid: u32,
    /// 0: balanced; 9: nearly a chain.
    chain: u32,
    /// Features asked by category, of all.
    categorical: u32,
    input: Input,
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn below(&mut self, n: u32) -> u32 {
        self.0.next_u32() % n.max(1)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(u32::try_from(of.len()).unwrap()) as usize]
    }

    fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / f64::from(u32::MAX)
    }
}

const AWKWARD: [f64; 16] = [
    0.0,
    -0.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    5e-324,
    -5e-324,
    1e-40,
    -1e-40,
    1e-35_f32 as f64,
    1.000_000_1e-35,
    f64::MAX,
    f64::MIN,
    0.1_f32 as f64,
    0.1,
    2_147_483_648.0,
];

fn threshold(dice: &mut Dice, shape: Shape) -> f64 {
    match dice.below(12) {
        0 => loop {
            let t = shape.input.read(dice.pick(&AWKWARD));
            if !t.is_nan() {
                return t;
            }
        },
        _ => {
            shape.input.read(f64::from(dice.below(shape.grid)) / 8.0 - f64::from(shape.grid) / 16.0)
        }
    }
}

fn question(dice: &mut Dice, shape: Shape) -> Question {
    let feature = dice.below(shape.features);
    let left = dice.below(2) == 0;
    if feature < shape.categorical {
        let mut set: Vec<u32> = (0..=dice.below(6)).map(|_| dice.below(12)).collect();
        set.sort_unstable();
        set.dedup();
        return Question { feature, test: Test::In(set.into()), missing: Missing::nan_left(left) };
    }
    let missing = match dice.below(8) {
        0 => Missing::AsZero,
        1 | 2 => Missing::zero_left(left),
        _ => Missing::nan_left(left),
    };
    Question { feature, test: Test::AtMost(threshold(dice, shape)), missing }
}

fn tree(dice: &mut Dice, shape: Shape) -> Tree {
    Tree::grow::<u32, ForestError>(usize::MAX, 1 + dice.below(shape.leaves), |leaves| {
        if leaves <= 1 {
            return Ok(Grown::Leaf(Leaf { value: dice.unit() - 0.5, cover: f64::NAN }));
        }
        let left = if dice.below(10) < shape.chain { 1 } else { 1 + dice.below(leaves - 1) };
        let (left, right) =
            if dice.below(2) == 0 { (left, leaves - left) } else { (leaves - left, left) };
        Ok(Grown::Split { question: question(dice, shape), left, right })
    })
    .unwrap()
}

fn forest(seed: u64, shape: Shape) -> Forest {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed));
    let feature = |n| Feature { name: format!("f{n}"), words: vec![] };
    Forest {
        features: (0..shape.features).map(feature).collect(),
        input: shape.input,
        base: dice.unit() - 0.5,
        link: Link::Logistic { slope: 1.0 },
        trees: (0..shape.trees).map(|_| tree(&mut dice, shape)).collect(),
    }
}

fn row(dice: &mut Dice, shape: Shape) -> Vec<f64> {
    (0..shape.features)
        .map(|feature| match dice.below(6) {
            0 => dice.pick(&AWKWARD),
            1 => threshold(dice, shape),
            _ if feature < shape.categorical => f64::from(dice.below(14)) - 0.5,
            _ => (dice.unit() - 0.5) * f64::from(shape.grid) / 8.0,
        })
        .collect()
}

fn shapes() -> impl Strategy<Value = Shape> {
    let input = prop::sample::select(vec![Input::F64, Input::F32, Input::F64Snapped]);
    (1..40u32, 1..90u32, 1..60u32, 1..2000u32, (0..10u32, 0..4u32), input).prop_map(
        |(trees, leaves, features, grid, (chain, categorical), input)| Shape {
            trees,
            leaves,
            features,
            grid,
            chain,
            categorical,
            input,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_engine_is_the_plain_walk(shape in shapes(), seed in any::<u64>()) {
        let forest = forest(seed, shape);
        let mut dice = Dice(ChaCha8Rng::seed_from_u64(!seed));
        let rows: Vec<Vec<f64>> = (0..150).map(|_| row(&mut dice, shape)).collect();
        let flat = rows.concat();
        for kernel in [Kernel::Packed, Kernel::Avx2] {
            let engine = Engine::with_kernel(&forest, kernel).unwrap();
            let mut batch = vec![f64::NAN; rows.len()];
            engine.margins(&flat, shape.features as usize, &mut batch);
            for (row, in_batch) in rows.iter().zip(batch) {
                let expected = forest.margin(row);
                prop_assert_eq!(engine.margin(row).to_bits(), expected.to_bits(), "{:?} {:?}", kernel, row);
                prop_assert_eq!(in_batch.to_bits(), expected.to_bits(), "{:?} {:?}", kernel, row);
            }
        }
    }

    #[test]
    fn margins_are_sums_of_doubles_but_for_rounding(shape in shapes(), seed in any::<u64>()) {
        let forest = forest(seed, shape);
        let row = row(&mut Dice(ChaCha8Rng::seed_from_u64(!seed)), shape);
        let leaf = |tree: &Tree| match &tree.nodes()[tree.leaf_of(forest.input, &row)] {
            Node::Leaf(leaf) => leaf.value,
            Node::Split { .. } => unreachable!("a walk ends in a leaf"),
        };
        let sum = forest.base + forest.trees.iter().map(leaf).sum::<f64>();
        prop_assert!((forest.margin(&row) - sum).abs() < 1e-13);
    }

    #[test]
    fn a_tree_is_its_text(shape in shapes(), seed in any::<u64>()) {
        for tree in forest(seed, shape).trees {
            let text = tree.to_string();
            let again: Tree = text.parse().unwrap();
            prop_assert_eq!(again.to_string(), text);
        }
    }

    #[test]
    fn reading_a_tree_never_panics(text in "[0-9=<:,@.lrLRz e-]{0,60}") {
        if let Ok(tree) = text.parse::<Tree>() {
            prop_assert!(tree.leaves().count() == tree.questions().count() + 1);
        }
    }

    /// Every leaf's own answers match its path, and no path before it.
    #[test]
    fn stages_find_every_leaf(shape in shapes(), seed in any::<u64>()) {
        for tree in forest(seed, Shape { trees: 3, ..shape }).trees {
            let Some(staged) = cut(tree.nodes()) else { continue };
            for answers in 0..64u64 {
                let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed ^ answers));
                let answers: Vec<bool> = tree.nodes().iter().map(|_| dice.below(2) == 1).collect();
                prop_assert_eq!(matched(&staged, &answers), walked(&tree, &answers));
            }
        }
    }
}

fn walked(tree: &Tree, answers: &[bool]) -> usize {
    let mut at = 0;
    while let Node::Split { right, .. } = &tree.nodes()[at] {
        at = if answers[at] { *right as usize } else { at + 1 };
    }
    at
}

fn matched(staged: &Staged, answers: &[bool]) -> usize {
    for stage in &staged.stages {
        let bit = |(place, node): (usize, &usize)| u16::from(answers[*node]) << place;
        let bits: u16 = stage.questions.iter().enumerate().map(bit).sum();
        if let Some(path) = stage.paths.iter().find(|path| bits & path.mask == path.value) {
            return path.leaf;
        }
    }
    staged.last
}

#[test]
fn a_tree_of_31_leaves_takes_two_stages() {
    let shape = Shape {
        trees: 50,
        leaves: 31,
        features: 15,
        grid: 200,
        chain: 3,
        categorical: 0,
        input: Input::F64,
    };
    let forest = forest(1, shape);
    let stages = |tree: &Tree| cut(tree.nodes()).unwrap().stages.len();
    assert!(forest.trees.iter().map(stages).filter(|stages| *stages <= 2).count() > 45);
}
