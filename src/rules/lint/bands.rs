//! Gaps between bands: rules that differ in the range of one number only, where a sliver between
//! two ranges belongs to none.
//!
//! `x > 55 && x <= 85` beside `x > 86` leaves 86 to nobody. A gap is told only if it is small beside
//! the bands, because a wide one is usually meant: a block above 1,000 and a review below 10.

use super::Findings;
use super::finding::Check;
use super::line::{Cut, Point, Stretch, width};
use super::pairs::Acting;
use super::region::{Budget, Cell, Key, TooMuch};
use super::set::{Part, Set};
use super::space::{Space, Subject};
use crate::features::Kind;
use crate::rules::FieldRef;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Widest gap told, as a part of the limit beside it.
const SMALL: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

/// A range of a rule.
#[derive(Clone, Copy)]
struct Band<'a, 'r> {
    acting: &'a Acting<'r>,
    stretch: Stretch,
}

/// Looks for gaps among rules that are alike in all but one number.
pub(super) fn look(
    acting: &[Acting<'_>],
    space: &Space,
    budget: &mut Budget,
    found: &mut Findings<'_>,
) -> Result<(), TooMuch> {
    let mut groups: BTreeMap<(Key, Cell), Vec<Band<'_, '_>>> = BTreeMap::new();
    for rule in acting {
        let [cell] = rule.region.cells() else { continue };
        for (key, set) in cell.sets() {
            let Some(stretches) = ranges(set) else { continue };
            budget.spend(cell.size())?;
            let rest = cell.sets().filter(|(other, _)| *other != key);
            let rest = Cell::of(rest.map(|(key, set)| (key, set.clone())));
            let bands = stretches.into_iter().map(|stretch| Band { acting: rule, stretch });
            groups.entry((key, rest)).or_default().extend(bands);
        }
    }
    for ((key, _), mut bands) in groups {
        bands.sort_by_key(|band| (band.stretch.from, band.acting.rule.id.clone()));
        tell(key, &bands, space, found);
    }
    Ok(())
}

/// The ranges of a set of numbers of one type; `None` for anything else, and for no limit.
fn ranges(set: &Set) -> Option<Vec<Stretch>> {
    let [Part::Line(line)] = set.parts.as_slice() else { return None };
    let stretches = line.stretches();
    let limited = stretches.iter().any(|s| s.from.is_some() || s.to.is_some());
    limited.then_some(stretches)
}

fn tell(key: Key, bands: &[Band<'_, '_>], space: &Space, found: &mut Findings<'_>) {
    let Some(Subject::Field(field)) = space.subject(key) else { return };
    // Instants between two campaigns are no gap.
    if matches!(field, FieldRef::Catalogue(id) if id.field().kind == Kind::Time) {
        return;
    }
    let Some((first, rest)) = bands.split_first() else { return };
    // The band that reaches furthest so far.
    let mut last = *first;
    for band in rest {
        let (Some(end), Some(start)) = (last.stretch.to, band.stretch.from) else {
            if last.stretch.to.is_some() {
                last = *band;
            }
            continue;
        };
        if end < start {
            let apart = band.acting.rule.id != last.acting.rule.id;
            if apart && is_small(end, start, (last.stretch, band.stretch)) {
                let (below, above) = (&last.acting.rule.id, &band.acting.rule.id);
                let message = format!(
                    "`{field}` from {} to {} is in neither `{below}` nor `{above}`, nor in another rule like them",
                    edge(end, true),
                    edge(start, false),
                );
                let (rule, other) = (band.acting.rule, last.acting.rule);
                found.add_with(Check::Gap, (rule, other), message, None);
            }
            last = *band;
        } else if band.stretch.to.is_none_or(|to| to > end) {
            last = *band;
        }
    }
}

/// At most one, or 5 % of the limit, and narrower than both bands.
fn is_small(end: Cut, start: Cut, (below, above): (Stretch, Stretch)) -> bool {
    let Some(gap) = width(end, start) else { return false };
    let narrower = |stretch: Stretch| match (stretch.from, stretch.to) {
        (Some(from), Some(to)) => width(from, to).is_some_and(|band| gap < band),
        _ => true,
    };
    let limit = match end.point {
        Point::Exact(number) => number,
        Point::Float(number) => Decimal::from_f64_retain(number.get()).unwrap_or_default(),
    };
    let part = limit.abs().checked_mul(SMALL).unwrap_or_default();
    gap <= part.max(Decimal::ONE) && narrower(below) && narrower(above)
}

/// An end of a gap as a reader sees it: the number, and whether it belongs to the gap.
fn edge(cut: Cut, lower: bool) -> String {
    let number = match cut.point {
        Point::Exact(number) => number.normalize().to_string(),
        Point::Float(number) => number.get().to_string(),
    };
    if cut.after == lower { format!("{number} (not included)") } else { number }
}
