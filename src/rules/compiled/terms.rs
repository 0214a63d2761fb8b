//! A condition as alternatives: any of several terms, each all of several literals.
//!
//! Kleene's `&&`, `||` and `!` distribute and follow De Morgan, so the alternatives come to the same
//! of three truths as the condition. What does not hold there is never used: `x || !x` may be
//! unknown, so a term that contradicts itself stays.
//!
//! INVARIANT: at most [`MAX_ALTERNATIVES`] terms. Twelve nested choices of two would be 4,096; such
//! a condition is left to the tree walk.

use super::leaf::canonical;
use crate::rules::Expr;
use std::collections::HashMap;

/// Most terms of a compiled condition.
pub(super) const MAX_ALTERNATIVES: usize = 64;

/// The leaves of many conditions, each once.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    /// By the leaf's text, its place in `all`.
    places: HashMap<String, usize>,
    pub(super) all: Vec<Expr>,
}

impl Leaves {
    fn place(&mut self, leaf: Expr) -> usize {
        let place = *self.places.entry(leaf.to_string()).or_insert(self.all.len());
        if place == self.all.len() {
            self.all.push(leaf);
        }
        place
    }
}

/// A leaf by its place among [`Leaves`], or its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rules) struct Literal {
    pub(super) leaf: usize,
    pub(super) negated: bool,
}

/// All of its literals, each once; with none, always true.
pub(in crate::rules) type Term = Vec<Literal>;

/// The condition's alternatives; with none, always false. `None` beyond [`MAX_ALTERNATIVES`].
pub(in crate::rules) fn alternatives(condition: &Expr) -> Option<Vec<Term>> {
    alternatives_of(condition, &mut Leaves::default())
}

/// The same, with its leaves among those of other conditions.
pub(super) fn alternatives_of(condition: &Expr, leaves: &mut Leaves) -> Option<Vec<Term>> {
    let mut terms = expand(condition, false, leaves)?;
    for term in &mut terms {
        term.sort_unstable();
        term.dedup();
    }
    Some(terms)
}

fn expand(condition: &Expr, negated: bool, leaves: &mut Leaves) -> Option<Vec<Term>> {
    match condition {
        Expr::Constant(value) => Some(if *value == negated { vec![] } else { vec![vec![]] }),
        Expr::Not(inner) => expand(inner, !negated, leaves),
        Expr::And(parts) if !negated => product(parts, negated, leaves),
        Expr::Or(parts) if negated => product(parts, negated, leaves),
        Expr::And(parts) | Expr::Or(parts) => sum(parts, negated, leaves),
        leaf => {
            let (leaf, turned) = canonical(leaf);
            Some(vec![vec![Literal { leaf: leaves.place(leaf), negated: negated != turned }]])
        }
    }
}

fn sum(parts: &[Expr], negated: bool, leaves: &mut Leaves) -> Option<Vec<Term>> {
    let mut terms = Vec::new();
    for part in parts {
        terms.extend(expand(part, negated, leaves)?);
        if terms.len() > MAX_ALTERNATIVES {
            return None;
        }
    }
    Some(terms)
}

/// What has no alternative stands in every term and is not multiplied.
fn product(parts: &[Expr], negated: bool, leaves: &mut Leaves) -> Option<Vec<Term>> {
    let (mut terms, mut common) = (vec![vec![]], Term::new());
    for part in parts {
        let factor = expand(part, negated, leaves)?;
        if let [only] = factor.as_slice() {
            common.extend(only);
            continue;
        }
        if terms.len() * factor.len() > MAX_ALTERNATIVES {
            return None;
        }
        let joined = |term: &Term, with: &Term| [term.as_slice(), with].concat();
        terms = terms.iter().flat_map(|a| factor.iter().map(move |b| joined(a, b))).collect();
    }
    for term in &mut terms {
        term.extend(&common);
    }
    Some(terms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::parse;

    fn count(text: &str) -> Option<usize> {
        let condition = parse("<test>", text).unwrap();
        alternatives(&condition).map(|terms| terms.len())
    }

    #[test]
    fn choices_multiply_and_stop_at_the_limit() {
        let choice = |n| format!("(custom.a{n} > 1 || custom.b{n} > 1)");
        let choices = |n: usize| (0..n).map(choice).collect::<Vec<_>>().join(" && ");
        assert_eq!(count("true"), Some(1));
        assert_eq!(count("false"), Some(0));
        assert_eq!(count(&choices(1)), Some(2));
        assert_eq!(count(&choices(6)), Some(64));
        assert_eq!(count(&choices(7)), None);
        assert_eq!(count(&choices(12)), None);
        assert_eq!(count(&format!("!({})", choices(12))), Some(12));
    }

    #[test]
    fn equal_literals_of_a_term_are_one() {
        let lengths = |text| {
            let condition = parse("<test>", text).unwrap();
            let terms = alternatives(&condition).unwrap();
            terms.iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(lengths("ip.tor && !(!ip.tor)"), [1]);
        assert_eq!(lengths("ip.tor && !ip.tor"), [2]);
    }
}
