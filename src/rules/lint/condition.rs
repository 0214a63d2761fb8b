//! What one condition says by itself: never, always, and parts that change nothing.

use super::finding::Check;
use super::region::{Budget, Region, TooMuch};
use super::space::Space;
use super::{Findings, at_part, equal_before};
use crate::rules::{Expr, Rule};

/// Most parts of a condition of which each is tried whether it changes anything.
const MAX_PARTS: usize = 48;

/// Looks at one rule's condition; where it is true, for comparing it with others.
pub(super) fn look(
    rule: &Rule,
    space: &mut Space,
    budget: &mut Budget,
    found: &mut Findings<'_>,
) -> Option<Region> {
    if let Ok(region) = conditions(rule, space, budget, found) {
        Some(region)
    } else {
        let message = format!("the condition of `{}` is too large to be compared", rule.id);
        found.add(Check::NotAnalysed, rule, message);
        None
    }
}

fn conditions(
    rule: &Rule,
    space: &mut Space,
    budget: &mut Budget,
    found: &mut Findings<'_>,
) -> Result<Region, TooMuch> {
    let holds = space.region(&rule.when, true, budget)?;
    if holds.is_empty() {
        never(rule, space, budget, found)?;
    } else if Region::everything().within(&holds, space, budget)? {
        let message = format!("`{}` matches every transaction", rule.id);
        found.add_at(Check::AlwaysTrue, rule, at_part(rule, &rule.when, 0), message);
    } else {
        match space.region(&rule.when, false, budget) {
            Ok(fails)
                if fails.is_empty()
                    && !only_asks_has(&rule.when)
                    && space.known(&holds).within(&holds, space, budget)? =>
            {
                let message =
                    format!("`{}` matches every transaction whose fields are known", rule.id);
                found.add_at(Check::TrueWhereKnown, rule, at_part(rule, &rule.when, 0), message);
            }
            _ => parts(rule, &holds, space, budget, found)?,
        }
    }
    Ok(holds)
}

fn only_asks_has(condition: &Expr) -> bool {
    matches!(condition, Expr::Has(_))
}

/// Names two parts that exclude each other, where two do.
fn never(
    rule: &Rule,
    space: &mut Space,
    budget: &mut Budget,
    found: &mut Findings<'_>,
) -> Result<(), TooMuch> {
    if let Expr::And(parts) = &rule.when {
        let regions: Result<Vec<_>, _> =
            parts.iter().map(|part| space.region(part, true, budget)).collect();
        let regions = regions?;
        for (place, (part, region)) in parts.iter().zip(&regions).enumerate() {
            if region.is_empty() {
                let message = format!("`{part}` is never true, so `{}` never matches", rule.id);
                found.add_at(
                    Check::NeverTrue,
                    rule,
                    at_part(rule, part, equal_before(&rule.when, part)),
                    message,
                );
                return Ok(());
            }
            for (other, earlier) in parts.iter().zip(&regions).take(place) {
                if region.and(earlier, space, budget)?.is_empty() {
                    let message = format!(
                        "`{other}` and `{part}` are never both true, so `{}` never matches",
                        rule.id
                    );
                    found.add_at(
                        Check::NeverTrue,
                        rule,
                        at_part(rule, part, equal_before(&rule.when, part)),
                        message,
                    );
                    return Ok(());
                }
            }
        }
    }
    let message = format!("`{}` never matches", rule.id);
    found.add_at(Check::NeverTrue, rule, at_part(rule, &rule.when, 0), message);
    Ok(())
}

/// Takes away one part after the other, the last first, and keeps away what is not missed.
fn parts(
    rule: &Rule,
    holds: &Region,
    space: &mut Space,
    budget: &mut Budget,
    found: &mut Findings<'_>,
) -> Result<(), TooMuch> {
    let count = joined_parts(&rule.when);
    if count > MAX_PARTS {
        let message = format!(
            "`{}` has {count} parts: none was looked at for whether it changes anything",
            rule.id
        );
        found.add(Check::NotAnalysed, rule, message);
        return Ok(());
    }
    let mut search = Search { holds, whole: rule.when.clone(), space, budget, missed: Vec::new() };
    search.visit(&mut Vec::new(), true)?;
    for Missed { part, before, never } in search.missed.into_iter().take(super::MAX_FINDINGS) {
        let (check, message) = if never {
            (Check::PartNeverTrue, format!("`{part}` is never true"))
        } else {
            (
                Check::Redundant,
                format!("`{part}` changes nothing: without it `{}` matches the same", rule.id),
            )
        };
        found.add_at(check, rule, at_part(rule, &part, before), message);
    }
    Ok(())
}

fn joined_parts(condition: &Expr) -> usize {
    match condition {
        Expr::Not(inner) => joined_parts(inner),
        Expr::And(parts) | Expr::Or(parts) => {
            parts.len() + parts.iter().map(joined_parts).sum::<usize>()
        }
        _ => 0,
    }
}

struct Search<'s> {
    /// Where the whole condition is true.
    holds: &'s Region,
    /// The condition without the parts already found.
    whole: Expr,
    space: &'s mut Space,
    budget: &'s mut Budget,
    missed: Vec<Missed>,
}

/// A part that changes nothing.
struct Missed {
    part: Expr,
    /// How many parts equal to it are written before it.
    before: usize,
    /// Whether it changes nothing because it is never true.
    never: bool,
}

impl Search<'_> {
    /// Looks below the place at `path`, whose condition is wanted true or false.
    fn visit(&mut self, path: &mut Vec<usize>, wanted: bool) -> Result<(), TooMuch> {
        let Some(here) = at(&self.whole, path) else { return Ok(()) };
        let (count, is_and) = match here {
            Expr::Not(_) => {
                path.push(0);
                self.visit(path, !wanted)?;
                path.pop();
                return Ok(());
            }
            Expr::And(parts) => (parts.len(), true),
            Expr::Or(parts) => (parts.len(), false),
            _ => return Ok(()),
        };
        for place in (0..count).rev() {
            path.push(place);
            match self.changes_nothing(path, wanted, is_and != wanted)? {
                Some((never, without)) => {
                    self.missed.extend(at(&self.whole, path).map(|part| Missed {
                        part: part.clone(),
                        before: equal_before(&self.whole, part),
                        never,
                    }));
                    self.whole = without;
                }
                None => self.visit(path, wanted)?,
            }
            path.pop();
        }
        Ok(())
    }

    /// The condition without the part, where that is the same; and whether the part is an
    /// alternative that is never true.
    fn changes_nothing(
        &mut self,
        path: &[usize],
        wanted: bool,
        alternative: bool,
    ) -> Result<Option<(bool, Expr)>, TooMuch> {
        let Some(part) = at(&self.whole, path) else { return Ok(None) };
        // `has(x) && x != 1` says on purpose what the test of `x` says silently.
        if matches!(part, Expr::Has(_)) {
            return Ok(None);
        }
        let mine = self.space.region(part, wanted, self.budget)?;
        let never = alternative && mine.is_empty();
        let Some(without) = without(&self.whole, path) else { return Ok(None) };
        let trivial = mine.is_empty() || mine == Region::everything();
        if !trivial && part.fields().is_disjoint(&without.fields()) {
            return Ok(None);
        }
        let rest = self.space.region(&without, true, self.budget)?;
        let same = rest.within(self.holds, self.space, self.budget)?
            && self.holds.within(&rest, self.space, self.budget)?;
        Ok(same.then_some((never, without)))
    }
}

fn at<'e>(condition: &'e Expr, path: &[usize]) -> Option<&'e Expr> {
    let Some((first, rest)) = path.split_first() else { return Some(condition) };
    match condition {
        Expr::Not(inner) => at(inner, rest),
        Expr::And(parts) | Expr::Or(parts) => at(parts.get(*first)?, rest),
        _ => None,
    }
}

/// The condition without the part at `path`; `None` where it would be without parts.
fn without(condition: &Expr, path: &[usize]) -> Option<Expr> {
    let (first, rest) = path.split_first()?;
    let shorter = |parts: &[Expr]| {
        let mut parts = parts.to_vec();
        if rest.is_empty() {
            parts.remove(*first);
        } else {
            let place = parts.get_mut(*first)?;
            *place = without(place, rest)?;
        }
        (!parts.is_empty()).then_some(parts)
    };
    match condition {
        Expr::Not(inner) => Some(Expr::Not(Box::new(without(inner, rest)?))),
        Expr::And(parts) => shorter(parts).map(Expr::And),
        Expr::Or(parts) => shorter(parts).map(Expr::Or),
        _ => None,
    }
}
