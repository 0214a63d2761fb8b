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

mod leaf;
mod probe;
mod terms;

use crate::features::{FieldId, Record};
use crate::rules::{Expr, Truth};
pub(super) use leaf::canonical;
use leaf::{commonness, question};
use probe::{Asked, Bits, Probe};
use std::collections::{BTreeMap, HashMap};
pub(super) use terms::alternatives;

/// The compiled conditions of a set, numbered as they were given.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Compiled {
    probes: Vec<Probe>,
    /// Leaves answered one by one.
    loose: Vec<(u32, Expr)>,
    /// Words of 64 leaves.
    leaf_words: usize,
    index: [Index; 2],
    terms: Vec<CompiledTerm>,
    literals: Vec<BitLiteral>,
    /// Conditions with more alternatives than a compiled one may have.
    trees: Vec<(u32, Expr)>,
    /// Conditions that hold of every record.
    always: Vec<u32>,
    /// Words of 64 conditions.
    condition_words: usize,
}

/// For every leaf, the terms that hang on it, for one of its two signs.
#[derive(Debug, Clone, PartialEq, Default)]
struct Index {
    /// Leaves on which a term hangs.
    used: Vec<u64>,
    /// By leaf, where its terms begin; one more than there are leaves.
    starts: Vec<u32>,
    terms: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq)]
struct CompiledTerm {
    condition: u32,
    /// Its literals in the list of all.
    first: u32,
    count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct BitLiteral {
    bit: u32,
    negated: bool,
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
            match terms::alternatives(condition) {
                None => compiled.trees.push((count, condition.clone())),
                Some(terms) => {
                    for term in terms {
                        if term.is_empty() {
                            compiled.always.push(count);
                        } else {
                            builder.add(count, term);
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
            bits.answer(*bit, leaf.eval(record));
        }
        for (sign, index) in self.index.iter().enumerate() {
            for (word, used) in index.used.iter().enumerate() {
                let (truths, known) = bits.word(word);
                let possible = if sign == 0 { truths | !known } else { !truths };
                for bit in ones_of(possible & used) {
                    for term in index.terms_of(word * 64 + bit) {
                        self.judge(*term, bits, (matched, open));
                    }
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

    /// Marks the condition of a term by what the term comes to.
    fn judge(&self, term: u32, bits: &Bits, marks: (&mut [u64], &mut [u64])) {
        let Some(term) = self.terms.get(term as usize) else { return };
        let literals = self.literals.get(term.first as usize..(term.first + term.count) as usize);
        let mut truth = Truth::True;
        for literal in literals.unwrap_or_default() {
            let leaf = bits.get(literal.bit);
            match if literal.negated { !leaf } else { leaf } {
                Truth::False => return,
                Truth::Unknown => truth = Truth::Unknown,
                Truth::True => {}
            }
        }
        mark(term.condition, truth, marks);
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

impl Index {
    fn terms_of(&self, leaf: usize) -> &[u32] {
        let bound = |at: usize| self.starts.get(at).map_or(0, |start| *start as usize);
        self.terms.get(bound(leaf)..bound(leaf + 1)).unwrap_or_default()
    }

    fn new(mut hung: Vec<(u32, u32)>, leaves: usize) -> Self {
        hung.sort_unstable();
        let mut index = Self { used: vec![0; leaves.div_ceil(64)], ..Self::default() };
        let mut rest = hung.as_slice();
        for leaf in 0..leaves {
            index.starts.push(number(index.terms.len()));
            let mine = rest.iter().take_while(|(bit, _)| *bit as usize == leaf).count();
            let (terms, after) = rest.split_at(mine);
            index.terms.extend(terms.iter().map(|(_, term)| term));
            if let (true, Some(word)) = (mine > 0, index.used.get_mut(leaf / 64)) {
                *word |= 1 << (leaf % 64);
            }
            rest = after;
        }
        index.starts.push(number(index.terms.len()));
        index
    }
}

/// Gathers the leaves of all terms, then gives them their bits.
#[derive(Default)]
struct Builder {
    /// By the leaf's text, its place in `leaves`.
    places: HashMap<String, usize>,
    leaves: Vec<Expr>,
    terms: Vec<(u32, Vec<(usize, bool)>)>,
}

impl Builder {
    fn add(&mut self, condition: u32, term: terms::Term) {
        let mut literals = Vec::with_capacity(term.len());
        for terms::Literal { leaf, negated } in term {
            let place = *self.places.entry(leaf.to_string()).or_insert(self.leaves.len());
            if place == self.leaves.len() {
                self.leaves.push(leaf);
            }
            literals.push((place, negated));
        }
        self.terms.push((condition, literals));
    }

    fn finish(self, compiled: &mut Compiled) {
        let bits = self.lay_out(compiled);
        let (mut positive, mut negative) = (Vec::new(), Vec::new());
        for (condition, mut literals) in self.terms {
            literals.sort_by_key(|(place, negated)| {
                (self.leaves.get(*place).map(|leaf| commonness(leaf, *negated)), *place)
            });
            let literal = |(place, negated): &(usize, bool)| BitLiteral {
                bit: bits.get(*place).copied().unwrap_or(u32::MAX),
                negated: *negated,
            };
            let literals: Vec<_> = literals.iter().map(literal).collect();
            let Some(seldomest) = literals.first() else { continue };
            let hung = if seldomest.negated { &mut negative } else { &mut positive };
            hung.push((seldomest.bit, number(compiled.terms.len())));
            compiled.terms.push(CompiledTerm {
                condition,
                first: number(compiled.literals.len()),
                count: number(literals.len()),
            });
            compiled.literals.extend(literals);
        }
        compiled.index = [positive, negative].map(|hung| Index::new(hung, bits.len()));
    }

    /// Gives every leaf its bit: those of one field together, then the loose ones.
    fn lay_out(&self, compiled: &mut Compiled) -> Vec<u32> {
        let mut bits = vec![u32::MAX; self.leaves.len()];
        let mut fields: BTreeMap<FieldId, Vec<Asked<'_>>> = BTreeMap::new();
        let mut loose = Vec::new();
        for (leaf, expr) in self.leaves.iter().enumerate() {
            match question(expr) {
                Some((field, question)) => {
                    fields.entry(field).or_default().push(Asked { leaf, question });
                }
                None => loose.push((leaf, expr)),
            }
        }
        let mut next = 0;
        for (field, asked) in fields {
            let probe = Probe::new(field, &asked, next, &mut bits);
            next += number(probe.width());
            compiled.probes.push(probe);
        }
        for (leaf, expr) in loose {
            if let Some(bit) = bits.get_mut(leaf) {
                *bit = next;
            }
            compiled.loose.push((next, expr.clone()));
            next += 1;
        }
        compiled.leaf_words = (next as usize).div_ceil(64);
        bits
    }
}
