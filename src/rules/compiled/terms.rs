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

/// Most terms of a compiled condition.
pub(super) const MAX_ALTERNATIVES: usize = 64;

/// A leaf, or its negation.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::rules) struct Literal {
    pub(super) leaf: Expr,
    pub(super) negated: bool,
}

/// All of its literals; with none, always true.
pub(in crate::rules) type Term = Vec<Literal>;

/// The condition's alternatives; with none, always false. `None` beyond [`MAX_ALTERNATIVES`].
pub(in crate::rules) fn alternatives(condition: &Expr) -> Option<Vec<Term>> {
    expand(condition, false)
}

fn expand(condition: &Expr, negated: bool) -> Option<Vec<Term>> {
    match condition {
        Expr::Constant(value) => Some(if *value == negated { vec![] } else { vec![vec![]] }),
        Expr::Not(inner) => expand(inner, !negated),
        Expr::And(parts) if !negated => product(parts, negated),
        Expr::Or(parts) if negated => product(parts, negated),
        Expr::And(parts) | Expr::Or(parts) => sum(parts, negated),
        leaf => {
            let (leaf, turned) = canonical(leaf);
            Some(vec![vec![Literal { leaf, negated: negated != turned }]])
        }
    }
}

fn sum(parts: &[Expr], negated: bool) -> Option<Vec<Term>> {
    let mut terms = Vec::new();
    for part in parts {
        terms.extend(expand(part, negated)?);
        if terms.len() > MAX_ALTERNATIVES {
            return None;
        }
    }
    Some(terms)
}

fn product(parts: &[Expr], negated: bool) -> Option<Vec<Term>> {
    let mut terms = vec![vec![]];
    for part in parts {
        let factor = expand(part, negated)?;
        if terms.len() * factor.len() > MAX_ALTERNATIVES {
            return None;
        }
        let joined = |term: &Term, with: &Term| {
            let mut both = term.clone();
            both.extend(with.iter().filter(|literal| !term.contains(literal)).cloned());
            both
        };
        terms = terms.iter().flat_map(|a| factor.iter().map(move |b| joined(a, b))).collect();
    }
    Some(terms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::parse;

    fn count(text: &str) -> Option<usize> {
        alternatives(&parse("<test>", text).unwrap()).map(|terms| terms.len())
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
        let terms = alternatives(&parse("<test>", "ip.tor && !(!ip.tor)").unwrap()).unwrap();
        assert_eq!(terms.iter().map(Vec::len).collect::<Vec<_>>(), [1]);
        let terms = alternatives(&parse("<test>", "ip.tor && !ip.tor").unwrap()).unwrap();
        assert_eq!(terms.iter().map(Vec::len).collect::<Vec<_>>(), [2]);
    }
}
