//! `default(card.first_seen_h, 0) < 24` reads as "a new card", and is true as well of whoever pays without
//! one. Told where nothing else in the condition asks for a card.
//!
//! Only times since something was first seen: a count of 0 is right for who has none.

use super::finding::Check;
use super::region::{Cell, Region};
use super::space::{Space, Subject};
use super::{Findings, at_part, equal_before};
use crate::features::{Record, fields as f};
use crate::rules::{Comparison, Expr, FieldRef, Operand, Rule, Truth};

pub(super) fn look(rule: &Rule, region: &Region, space: &Space, found: &mut Findings<'_>) {
    let mut leaves = Vec::new();
    collect(&rule.when, &mut leaves);
    for (leaf, field) in leaves {
        let Some((owner, _)) = field.split_once('.') else { continue };
        let free = |cell: &Cell| {
            !cell.sets().any(|(key, set)| {
                !set.missing && space.subject(key).is_some_and(|subject| is_of(subject, owner))
            })
        };
        if region.cells().iter().any(free) {
            let message = format!(
                "`{leaf}` is true where there is no {owner}, and nothing else in `{}` asks for one",
                rule.id
            );
            let place = at_part(rule, leaf, equal_before(&rule.when, leaf));
            found.add_at(Check::NewOrAbsent, rule, place, message);
        }
    }
}

/// Comparisons that hold while the time something was first seen is missing, each with the field.
fn collect<'e>(condition: &'e Expr, into: &mut Vec<(&'e Expr, &'static str)>) {
    match condition {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| collect(part, into)),
        Expr::Compare(op, left, right) => {
            let (op, value) = match (left, right) {
                (value @ Operand::Default(..), Operand::Literal(_)) => (*op, value),
                (Operand::Literal(_), value @ Operand::Default(..)) => (op.mirrored(), value),
                _ => return,
            };
            let upper = matches!(op, Comparison::Less | Comparison::LessOrEqual);
            if let Operand::Default(FieldRef::Catalogue(id), _) = value
                && id.field().name.ends_with(".first_seen_h")
                && !id.field().name.contains("_on_")
                && upper
                && condition.eval(&Record::default()) == Truth::True
            {
                into.push((condition, id.field().name));
            }
        }
        _ => {}
    }
}

/// True of a subject that is known only where its owner is. A card is there too where the issuer or the
/// method of payment is known.
fn is_of(subject: &Subject, owner: &str) -> bool {
    let of = |field: &FieldRef| {
        let FieldRef::Catalogue(id) = field else { return false };
        let name = id.field().name;
        let begins = |prefix: &str| {
            name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['.', '_']))
        };
        let other = match owner {
            "card" => begins("bin") || *id == f::PAYMENT_METHOD,
            "email" => *id == f::ACCOUNT_EMAIL,
            "device" | "ip" => begins("device"),
            _ => false,
        };
        begins(owner) || other
    };
    match subject {
        Subject::Field(field) => of(field),
        Subject::Computed(value) => value.field().is_some_and(of),
        Subject::Test(leaf) => leaf.fields().iter().any(of),
    }
}
