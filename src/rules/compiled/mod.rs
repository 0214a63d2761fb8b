//! All rules of a set at once: what each leaf says is found once, then only the terms that may hold
//! are looked at.
//!
//! ```text
//! conditions ─► terms of literals ─► shared leaves, a bit each ─► probes by field
//! record ─► probes ─► true and known bits ─► terms by their seldomest literal ─► rules
//! ```
//!
//! It agrees with the walk over the tree ([`crate::rules::Expr::eval`]) on every record, which a
//! property test holds and which explains single rules. No allocation once its memory has grown.
//!
//! Rejected: stopping at the first match (explanations need every one), one hash table of leaves
//! (a field's value answers all its limits by one search), sampling traffic for the order of tests
//! (a set would depend on what it has seen).

mod chance;
mod leaf;
mod probe;
mod terms;

use crate::features::{FieldId, Record};
use crate::rules::{Expr, Truth};
pub(super) use leaf::canonical;
use leaf::question;
use probe::{Asked, Bits, Probe};
use std::collections::BTreeMap;
pub(super) use terms::alternatives;

/// The compiled conditions of a set, numbered as they were given.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Compiled {
    probes: Vec<Probe>,
    /// Leaves answered one by one.
    loose: Vec<(u32, Expr)>,
    /// Words of 64 leaves.
    leaf_words: usize,
    /// Literals on which a term hangs, by their places in [`Bits`].
    hung: Vec<u64>,
    /// By literal, where its terms begin; one more than there are literals.
    starts: Vec<u32>,
    /// By the literal they hang on.
    terms: Vec<CompiledTerm>,
    /// Of all terms: the literals after the first four.
    literals: Vec<u32>,
    /// Conditions with more alternatives than a compiled one may have.
    trees: Vec<(u32, Expr)>,
    /// Conditions that hold of every record.
    always: Vec<u32>,
    /// Words of 64 conditions.
    condition_words: usize,
}

#[derive(Debug, Clone, PartialEq)]
struct CompiledTerm {
    condition: u32,
    /// The literal it hangs on.
    access: u32,
    /// The next literals, seldomest first; the place of one that always holds, where there are fewer.
    next: [u32; 3],
    /// Its further literals in the list of all.
    first: u32,
    end: u32,
}

/// Memory for evaluations, kept from one to the next.
#[derive(Debug, Default)]
pub struct Scratch {
    bits: Bits,
    matched: Vec<u64>,
    open: Vec<u64>,
}

impl Scratch {
    /// Numbers of the conditions that hold, ascending.
    pub(super) fn matched(&self) -> impl Iterator<Item = usize> {
        ones(&self.matched)
    }

    /// Numbers of the conditions a missing fact would decide, ascending.
    pub(super) fn open(&self) -> impl Iterator<Item = usize> {
        ones(&self.open)
    }
}

impl Compiled {
    /// Compiles conditions. Cost: about a millisecond for a hundred.
    pub(super) fn new<'e>(conditions: impl Iterator<Item = &'e Expr>) -> Self {
        let mut builder = Builder::default();
        let mut compiled = Self::default();
        let mut count = 0;
        for condition in conditions {
            match terms::alternatives_of(condition, &mut builder.leaves) {
                None => compiled.trees.push((count, condition.clone())),
                Some(terms) => {
                    for term in terms {
                        if term.is_empty() {
                            compiled.always.push(count);
                        } else {
                            builder.terms.push((count, term));
                        }
                    }
                }
            }
            count += 1;
        }
        compiled.condition_words = (count as usize).div_ceil(64);
        builder.finish(&mut compiled);
        compiled
    }

    /// Evaluates every condition; the result is in `scratch`. Cost: one search per field that is
    /// asked about, and a look at the terms whose seldomest literal holds or is unknown.
    pub(super) fn evaluate(&self, record: &Record, scratch: &mut Scratch) {
        let Scratch { bits, matched, open } = scratch;
        bits.reset(self.leaf_words);
        for set in [&mut *matched, &mut *open] {
            set.clear();
            set.resize(self.condition_words, 0);
        }
        for probe in &self.probes {
            probe.answer(record, bits);
        }
        for (bit, leaf) in &self.loose {
            bits.answer_one(*bit, leaf.eval(record));
        }
        bits.finish();
        for (word, hung) in self.hung.iter().enumerate() {
            for bit in ones_of(bits.possible(word) & hung) {
                for term in self.terms_of(word * 64 + bit) {
                    self.judge(term, bits, (matched, open));
                }
            }
        }
        for (condition, tree) in &self.trees {
            mark(*condition, tree.eval(record), (matched, open));
        }
        for condition in &self.always {
            mark(*condition, Truth::True, (matched, open));
        }
        open.iter_mut().zip(&*matched).for_each(|(open, matched)| *open &= !matched);
    }

    fn terms_of(&self, literal: usize) -> &[CompiledTerm] {
        let bound = |at: usize| self.starts.get(at).map_or(0, |start| *start as usize);
        self.terms.get(bound(literal)..bound(literal + 1)).unwrap_or_default()
    }

    /// Marks the condition of a term, whose first literal may hold, by what the term comes to.
    fn judge(&self, term: &CompiledTerm, bits: &Bits, marks: (&mut [u64], &mut [u64])) {
        // All three, and then one question: most often some of them do not hold, and which is chance.
        if !term.next.iter().fold(true, |may, literal| may & bits.may_hold(*literal)) {
            return;
        }
        let further = self.literals.get(term.first as usize..term.end as usize).unwrap_or_default();
        if further.iter().all(|literal| bits.may_hold(*literal)) {
            let others = term.next.iter().chain(further);
            let holds =
                bits.holds(term.access) && others.into_iter().all(|other| bits.holds(*other));
            let truth = if holds { Truth::True } else { Truth::Unknown };
            mark(term.condition, truth, marks);
        }
    }
}

fn mark(condition: u32, truth: Truth, (matched, open): (&mut [u64], &mut [u64])) {
    let marks = match truth {
        Truth::True => matched,
        Truth::Unknown => open,
        Truth::False => return,
    };
    if let Some(word) = marks.get_mut(condition as usize / 64) {
        *word |= 1 << (condition % 64);
    }
}

/// A place as it is kept: a set's limits leave far fewer than 2³² of anything.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn ones(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(at, word)| ones_of(*word).map(move |bit| at * 64 + bit))
}

fn ones_of(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros() as usize;
        word &= word.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}

/// Gathers the leaves of all terms, then gives them their bits.
#[derive(Default)]
struct Builder {
    leaves: terms::Leaves,
    terms: Vec<(u32, terms::Term)>,
}

impl Builder {
    fn finish(self, compiled: &mut Compiled) {
        let (bits, chances) = self.lay_out(compiled);
        let place_of = |literal: &terms::Literal| {
            let bit = bits.get(literal.leaf).map_or(usize::MAX, |bit| *bit as usize);
            number(probe::literal(bit, literal.negated, compiled.leaf_words))
        };
        let mut terms: Vec<(Vec<u32>, u32)> = Vec::with_capacity(self.terms.len());
        for (condition, mut literals) in self.terms {
            literals.sort_by_key(|literal| {
                let chance = chances.get(literal.leaf).copied().unwrap_or_default();
                (if literal.negated { chance::negated(chance) } else { chance }, *literal)
            });
            terms.push((literals.iter().map(place_of).collect(), condition));
        }
        terms.sort_by_key(|(literals, _)| literals.first().copied());
        compiled.hung = vec![0; 2 * compiled.leaf_words];
        for (literals, condition) in terms {
            let Some((access, others)) = literals.split_first() else { continue };
            let (word, bit) = (*access as usize / 64, access % 64);
            if let Some(word) = compiled.hung.get_mut(word) {
                *word |= 1 << bit;
            }
            compiled.starts.resize(*access as usize + 1, number(compiled.terms.len()));
            let mut next = [number(probe::always(compiled.leaf_words)); 3];
            next.iter_mut().zip(others).for_each(|(next, other)| *next = *other);
            let first = number(compiled.literals.len());
            compiled.literals.extend(others.iter().skip(next.len()));
            let end = number(compiled.literals.len());
            compiled.terms.push(CompiledTerm { condition, access: *access, next, first, end });
        }
        compiled.starts.push(number(compiled.terms.len()));
    }

    /// Gives every leaf its bit, those of one field together and none of a probe's in two words, then the
    /// loose ones; and says how often each may hold.
    fn lay_out(&self, compiled: &mut Compiled) -> (Vec<u32>, Vec<usize>) {
        let mut bits = vec![u32::MAX; self.leaves.all.len()];
        let mut chances = vec![0; self.leaves.all.len()];
        let mut fields: BTreeMap<FieldId, Vec<Asked<'_>>> = BTreeMap::new();
        let (mut loose, nothing) = (Vec::new(), Record::default());
        for (leaf, expr) in self.leaves.all.iter().enumerate() {
            match question(expr) {
                Some((field, question)) => {
                    let missing = expr.eval(&nothing);
                    fields.entry(field).or_default().push(Asked { leaf, question, missing });
                }
                None => loose.push((leaf, expr)),
            }
        }
        let mut next: usize = 0;
        for (field, asked) in fields {
            for (asked, chance) in asked.iter().zip(chance::chances(field.field().kind, &asked)) {
                if let Some(slot) = chances.get_mut(asked.leaf) {
                    *slot = chance;
                }
            }
            for asked in asked.chunks(Probe::WIDEST) {
                if next % 64 + asked.len() > 64 {
                    next = next.next_multiple_of(64);
                }
                compiled.probes.push(Probe::new(field, asked, next, &mut bits));
                next += asked.len();
            }
        }
        for (leaf, expr) in loose {
            if let (Some(bit), Some(chance)) = (bits.get_mut(leaf), chances.get_mut(leaf)) {
                (*bit, *chance) = (number(next), chance::loose_chance(expr));
            }
            compiled.loose.push((number(next), expr.clone()));
            next += 1;
        }
        compiled.leaf_words = next.div_ceil(64);
        (bits, chances)
    }
}
