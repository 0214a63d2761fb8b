//! How often a literal may hold: a guess from the set itself, since what is compiled must not depend on
//! traffic seen.
//!
//! A term is looked at only where its seldomest literal may hold, so a wrong guess costs time and
//! nothing else. The values and limits a set names for a field tell where the field's values lie: of
//! ten countries named, each is taken for a tenth of the sales; the highest of ten limits for one that
//! few pass. A flag marks the exception: it is true of one sale in four.

use super::leaf::{Question, question};
use super::probe::Asked;
use crate::features::Kind;
use crate::rules::{Comparison, Expr, Literal};
use std::collections::BTreeSet;

/// Certainty.
const ALL: usize = 1_000;

/// In how many of [`ALL`] records each leaf of one field may hold, in the order asked.
pub(super) fn chances(kind: Kind, asked: &[Asked<'_>]) -> Vec<usize> {
    let mut named = BTreeSet::new();
    let mut limits: Vec<f64> = Vec::new();
    for Asked { question, .. } in asked {
        match question {
            Question::OneOf(list) => named.extend(list.iter().map(ToString::to_string)),
            Question::Above { limit, .. } => limits.extend(height(limit)),
            Question::Has => {}
        }
    }
    limits.sort_by(f64::total_cmp);
    let chance = |asked: &Asked<'_>| match asked.question {
        Question::Has => ALL * 9 / 10,
        Question::OneOf(list) if kind == Kind::Bool => flag(list),
        Question::OneOf(list) => ALL * list.len() / (named.len() + 1),
        Question::Above { limit, .. } => {
            let below = limits.partition_point(|other| Some(*other) < height(limit));
            ALL * (limits.len() - below) / (limits.len() + 1)
        }
    };
    asked.iter().map(chance).collect()
}

fn flag(named: &[Literal]) -> usize {
    let chance =
        |value: &Literal| if *value == Literal::Bool(true) { ALL / 4 } else { 3 * ALL / 4 };
    named.iter().map(chance).sum::<usize>().min(ALL)
}

/// The same of a leaf that is answered by itself.
pub(super) fn loose_chance(leaf: &Expr) -> usize {
    debug_assert!(question(leaf).is_none(), "{leaf} has a field");
    match leaf {
        Expr::InNetwork(..)
        | Expr::InList(..)
        | Expr::Text(..)
        | Expr::Matches(..)
        | Expr::In(..) => ALL / 10,
        Expr::Compare(Comparison::Equal, ..) => ALL / 4,
        _ => ALL / 2,
    }
}

/// The same of a leaf's negation.
pub(super) fn negated(chance: usize) -> usize {
    ALL.saturating_sub(chance)
}

fn height(limit: &Literal) -> Option<f64> {
    match limit {
        Literal::Number(number) => Some(number.float),
        #[expect(clippy::cast_precision_loss, reason = "an order of instants, not their values")]
        Literal::Time(time) => Some(time.millis() as f64),
        _ => None,
    }
}
