//! Rows that try a forest's every edge, and the check that its engines agree on them.

use super::{Engine, Forest, ForestError, Kernel, Test};

/// Values that separate careless comparisons from careful ones.
const EDGES: [f64; 14] = [
    f64::NAN,
    0.0,
    -0.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    5e-324,
    -5e-324,
    1e-40,
    -1e-40,
    1e-35,
    f64::MAX,
    f64::MIN,
    -0.5,
    2_147_483_648.0,
];

/// A seeded stream of numbers (`SplitMix64`); the same everywhere.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn pick(&mut self, of: &[f64]) -> f64 {
        let len = u64::try_from(of.len()).unwrap_or(1).max(1);
        let place = usize::try_from(self.next() % len).unwrap_or(0);
        of.get(place).copied().unwrap_or(f64::NAN)
    }
}

/// `count` rows of the forest's own thresholds and categories, their neighbours, and the edges of `f64`.
///
/// The same rows for the same forest and seed, one after another.
pub fn rows(forest: &Forest, count: usize, seed: u64) -> Vec<f64> {
    let mut values: Vec<Vec<f64>> = vec![vec![]; forest.features.len()];
    for question in forest.trees.iter().flat_map(super::Tree::questions) {
        let feature = usize::try_from(question.feature).unwrap_or(usize::MAX);
        let Some(values) = values.get_mut(feature) else { continue };
        match &question.test {
            Test::AtMost(t) => values.extend([*t, t.next_up(), t.next_down()]),
            Test::In(set) => values.extend(set.iter().flat_map(|c| {
                let category = f64::from(*c);
                [category, category + 1.0, category + 0.5]
            })),
        }
    }
    let mut stream = Stream(seed);
    let mut rows = Vec::with_capacity(count.saturating_mul(values.len()));
    for _ in 0..count {
        for values in &values {
            let edge = values.is_empty() || stream.next().is_multiple_of(5);
            rows.push(if edge { stream.pick(&EDGES) } else { stream.pick(values) });
        }
    }
    rows
}

impl Forest {
    /// Compares every engine this processor has with the plain walk, bit for bit, on `count` rows.
    ///
    /// # Errors
    /// As [`Engine::new`]; [`ForestError::Disagreement`], which is a fault of ours or of the machine.
    pub fn check_engines(&self, count: usize, seed: u64) -> Result<(), ForestError> {
        let width = self.features.len();
        let rows = rows(self, count, seed);
        for kernel in [Kernel::Packed, Kernel::best()] {
            let engine = Engine::with_kernel(self, kernel)?;
            for (number, row) in rows.chunks_exact(width.max(1)).enumerate() {
                let (expected, found) = (self.margin(row), engine.margin(row));
                if expected.to_bits() != found.to_bits() {
                    return Err(ForestError::Disagreement { row: number, expected, found });
                }
            }
        }
        Ok(())
    }
}
