//! One spelling for every leaf, so that rules share it.
//!
//! `x != 5` is the negation of `x == 5`, `x < 5` of `x >= 5`, and `5 < x` is `x > 5`. Under three
//! truths these are the same: unknown on one side is unknown on the other.

use crate::features::{FieldId, Kind};
use crate::rules::{Comparison, Expr, FieldRef, Literal, Operand};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The leaf's one spelling, and whether it is the leaf's negation.
pub(in crate::rules) fn canonical(leaf: &Expr) -> (Expr, bool) {
    let Expr::Compare(op, left, right) = leaf else { return (leaf.clone(), false) };
    let (op, left, right) = match left {
        Operand::Literal(_) => (op.mirrored(), right, left),
        _ => (*op, left, right),
    };
    let (op, negated) = match op {
        Comparison::NotEqual => (Comparison::Equal, true),
        Comparison::Less => (Comparison::GreaterOrEqual, true),
        Comparison::LessOrEqual => (Comparison::Greater, true),
        positive => (positive, false),
    };
    (Expr::Compare(op, left.clone(), right.clone()), negated)
}

/// What a leaf asks of one field of the catalogue, where it is of a form that many leaves of that
/// field can be answered at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Question<'e> {
    /// Is it known?
    Has,
    /// Is it above a limit, or at it unless `strict`?
    Above { limit: &'e Literal, strict: bool },
    /// Is it one of these?
    OneOf(&'e [Literal]),
}

static TRUE: [Literal; 1] = [Literal::Bool(true)];

/// The field a leaf asks about, and what it asks where the field is known; `None` for leaves that are
/// answered one by one: two fields, members of `custom`, computed values, parts of texts, networks, and
/// money, whose answer depends on its currency.
pub(super) fn question(leaf: &Expr) -> Option<(FieldId, Question<'_>)> {
    let (id, question) = match leaf {
        Expr::Has(FieldRef::Catalogue(id)) => return Some((*id, Question::Has)),
        Expr::Holds(operand) => (field(operand)?, Question::OneOf(&TRUE)),
        Expr::In(operand, list) => (field(operand)?, Question::OneOf(list)),
        Expr::Compare(op, operand, Operand::Literal(limit)) => {
            let question = match op {
                Comparison::Equal => Question::OneOf(std::slice::from_ref(limit)),
                Comparison::Greater => Question::Above { limit, strict: true },
                Comparison::GreaterOrEqual => Question::Above { limit, strict: false },
                _ => return None,
            };
            (field(operand)?, question)
        }
        _ => return None,
    };
    let constants = match &question {
        Question::OneOf(list) => *list,
        Question::Above { limit, .. } => std::slice::from_ref(*limit),
        Question::Has => &[],
    };
    constants.iter().all(|constant| suits(id.field().kind, constant)).then_some((id, question))
}

/// The field of the catalogue whose value this is, or a default where it has none.
fn field(operand: &Operand) -> Option<FieldId> {
    match operand {
        Operand::Field(FieldRef::Catalogue(id)) | Operand::Default(FieldRef::Catalogue(id), _) => {
            Some(*id)
        }
        _ => None,
    }
}

/// True where a value of the kind compares with the constant as one of its own type.
fn suits(kind: Kind, constant: &Literal) -> bool {
    match (kind, constant) {
        (Kind::Int, Literal::Number(number)) => {
            let inner = number.exact.abs() < Decimal::from(i64::MAX);
            inner && number.exact.ceil().to_i64().is_some()
        }
        (Kind::Decimal | Kind::Float, Literal::Number(_))
        | (Kind::Bool, Literal::Bool(_))
        | (Kind::Text | Kind::Word(_), Literal::Text(_))
        | (Kind::Country, Literal::Country(_))
        | (Kind::Currency, Literal::Currency(_))
        | (Kind::Ip, Literal::Ip(_))
        | (Kind::Time, Literal::Time(_)) => true,
        _ => false,
    }
}
