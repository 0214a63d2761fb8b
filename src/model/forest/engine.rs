//! The fast scorer of a forest: quantise once, then match what can be matched and walk the rest; many
//! rows go through the trees side by side.
//!
//! Which trees are matched is a rule, not a timing: the engines agree bit for bit, so nothing depends
//! on the choice but speed, and a model loads the same way twice. No allocation per row.

use super::columns::{Columns, ROWS, Scratch};
use super::matching::{self, Fitted, Matched};
use super::packed::Packed;
use super::quantise::{self, Quantiser};
use super::simd::Token;
use super::{Forest, ForestError, Link, Units};

/// What evaluates a forest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Walks packed nodes; any processor.
    Packed,
    /// Matches paths with AVX2, and walks the trees that do not fit.
    Avx2,
}

/// A forest ready to score.
#[derive(Debug)]
pub struct Engine {
    quantiser: Quantiser,
    matched: Option<(Token, Matched)>,
    packed: Packed,
    /// For batches: all trees but those of too many leaves, and those.
    columns: Columns,
    wide: Packed,
    token: Option<Token>,
    base: i64,
    units: Units,
    link: Link,
}

/// Slots of most forests, and the row kept on the stack for them.
const FEW_SLOTS: usize = 512;

/// Sixteenth parts of a nanosecond, guessed from a prototype: a pair by how far its slots reach, and a walked tree.
const PAIR_COSTS: [(usize, usize); 5] = [(16, 22), (32, 24), (64, 30), (128, 44), (256, 80)];
const WALK_COST: usize = 110;

/// Up to which slot trees are matched: a wider reach makes every pair dearer.
fn best_reach(fitted: &[(usize, Fitted)]) -> usize {
    let cost = |(reach, pair): &(usize, usize)| -> usize {
        let of = |tree: &Fitted| {
            let near = usize::from(tree.last_slot) < *reach;
            if near { tree.pairs() * pair } else { WALK_COST }
        };
        fitted.iter().map(|(_, tree)| of(tree)).sum()
    };
    PAIR_COSTS.iter().min_by_key(|costs| cost(costs)).map_or(0, |(reach, _)| *reach)
}

impl Kernel {
    /// The fastest this processor has.
    pub fn best() -> Self {
        if Token::detect().is_some() { Self::Avx2 } else { Self::Packed }
    }
}

impl Engine {
    /// Prepares a forest for this processor.
    ///
    /// # Errors
    /// As [`Forest::check`]; more distinct questions than any engine holds.
    pub fn new(forest: &Forest) -> Result<Self, ForestError> {
        Self::with_kernel(forest, Kernel::best())
    }

    /// Prepares a forest for a kernel; one this processor lacks is replaced by [`Kernel::Packed`].
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn with_kernel(forest: &Forest, kernel: Kernel) -> Result<Self, ForestError> {
        forest.check()?;
        let most = quantise::MAX_SLOTS;
        let too_many =
            || ForestError::TooMany { what: "distinct questions", count: most + 1, most };
        let (quantiser, slots) = quantise::plan(forest).ok_or_else(too_many)?;
        let units = Units::of(forest);
        let token = Token::detect().filter(|_| kernel == Kernel::Avx2);
        let (mut fitted, mut walked) = (vec![], vec![]);
        for (place, tree) in forest.trees.iter().enumerate() {
            let fits = token.and_then(|_| matching::fit(tree.nodes(), &slots));
            match fits {
                Some(tree) => fitted.push((place, tree)),
                None => walked.push(place),
            }
        }
        let reach = best_reach(&fitted);
        fitted.retain(|(place, tree)| {
            let near = usize::from(tree.last_slot) < reach;
            if !near {
                walked.push(*place);
            }
            near
        });
        let matched = match token.filter(|_| !fitted.is_empty()) {
            Some(token) => {
                Some((token, Matched::build(forest, &fitted, units).ok_or_else(too_many)?))
            }
            None => None,
        };
        let packed = Packed::build(forest, &walked, &slots, units).ok_or_else(too_many)?;
        let (narrow, wide): (Vec<usize>, Vec<usize>) = (0..forest.trees.len()).partition(|place| {
            forest.trees.get(*place).is_some_and(|tree| Columns::fits(tree.nodes()))
        });
        let columns = Columns::build(forest, &narrow, &slots, units).ok_or_else(too_many)?;
        let wide = Packed::build(forest, &wide, &slots, units).ok_or_else(too_many)?;
        let (base, link) = (units.count(forest.base), forest.link);
        Ok(Self { quantiser, matched, packed, columns, wide, token, base, units, link })
    }

    /// The margin of one row: one number a feature, NaN for missing, as what a short row lacks.
    #[expect(clippy::large_stack_arrays, reason = "64 KiB, and no allocation per row")]
    pub fn margin(&self, row: &[f64]) -> f64 {
        if self.quantiser.slots() <= FEW_SLOTS {
            self.margin_in(row, &mut [0; FEW_SLOTS])
        } else {
            self.margin_in(row, &mut [0; quantise::MAX_SLOTS])
        }
    }

    fn margin_in(&self, row: &[f64], bytes: &mut [u8]) -> f64 {
        self.quantise([row], bytes.as_chunks_mut().0);
        let matched = self.matched.as_ref().map_or(0, |(token, matched)| token.sum(matched, bytes));
        self.units.sum(self.base + matched + self.packed.sum(bytes))
    }

    /// The margins of rows of `width` numbers each, one after another, as many as `out` holds. Allocates
    /// once, whatever their number.
    pub fn margins(&self, rows: &[f64], width: usize, out: &mut [f64]) {
        let width = width.max(1);
        let block = ROWS.saturating_mul(width);
        let mut scratch = Scratch::new(self.quantiser.slots());
        for (rows, out) in rows.chunks(block).zip(out.chunks_mut(ROWS)) {
            let mut each = rows.chunks_exact(width);
            if rows.len() < block || out.len() < ROWS {
                for (row, out) in each.zip(out) {
                    *out = self.margin(row);
                }
                continue;
            }
            let each = std::array::from_fn(|_| each.next().unwrap_or_default());
            self.quantise(each, &mut scratch.rows);
            let mut sums = [self.base; ROWS];
            self.wide.add(&scratch.rows, &mut sums);
            match self.token {
                Some(token) => token.add(&self.columns, &mut scratch, &mut sums),
                None => self.columns.add(&mut scratch, &mut sums),
            }
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = self.units.sum(sum));
        }
    }

    fn quantise<const N: usize>(&self, rows: [&[f64]; N], out: &mut [[u8; N]]) {
        match self.token {
            Some(token) => token.quantise(&self.quantiser, rows, out),
            None => self.quantiser.quantise(rows, out),
        }
    }

    /// From margin to probability and log-odds.
    pub fn link(&self) -> Link {
        self.link
    }
}
