//! Where a condition is true, as a few cells: each allows every field a set of states.
//!
//! A field a cell does not name may be in any state. Cells are exact where each test is of one field
//! and a constant; a test that can't be divided (two fields, a part of a text) is a key of its own
//! that is true, false or unknown, free of all others. So a region may hold states no record has,
//! and never lacks one that a record has: what is claimed of all states in a region holds for all
//! records, and an overlap is only claimed with a record that shows it.
//!
//! INVARIANT: at most [`MAX_CELLS`] cells, and no cell with an empty set. Work is counted in a
//! [`Budget`]; past either, the answer is [`TooMuch`], never a guess.

use super::set::Set;
use super::space::Space;
use std::rc::Rc;

/// Most cells of a region.
pub(super) const MAX_CELLS: usize = 64;

/// The number of a key in its [`Space`].
pub(super) type Key = u32;

/// Too many cells, or too much work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMuch;

/// Steps left.
#[derive(Debug, Clone)]
pub(super) struct Budget(u64);

impl Budget {
    pub(super) fn new(steps: u64) -> Self {
        Self(steps)
    }

    /// A budget of this many steps out of this one; `None` where fewer are left. What it does not
    /// spend is given back by [`Self::put_back`].
    pub(super) fn part(&mut self, steps: u64) -> Option<Self> {
        self.0 = self.0.checked_sub(steps)?;
        Some(Self(steps))
    }

    #[expect(clippy::needless_pass_by_value, reason = "what is given back can't be spent again")]
    pub(super) fn put_back(&mut self, part: Self) {
        self.0 = self.0.saturating_add(part.0);
    }

    #[cfg(test)]
    pub(super) fn left(&self) -> u64 {
        self.0
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), TooMuch> {
        let left = u64::try_from(steps).ok().and_then(|steps| self.0.checked_sub(steps));
        self.0 = left.unwrap_or(0);
        left.map(|_| ()).ok_or(TooMuch)
    }
}

/// A set for each key that is not free, by key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Cell(Vec<(Key, Rc<Set>)>);

impl Cell {
    pub(super) fn of(sets: impl IntoIterator<Item = (Key, Set)>) -> Self {
        let mut sets: Vec<_> = sets.into_iter().map(|(key, set)| (key, Rc::new(set))).collect();
        sets.sort_by_key(|(key, _)| *key);
        Self(sets)
    }

    pub(super) fn sets(&self) -> impl Iterator<Item = (Key, &Set)> {
        self.0.iter().map(|(key, set)| (*key, &**set))
    }

    pub(super) fn get(&self, key: Key) -> Option<&Set> {
        let place = self.0.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        self.0.get(place).map(|(_, set)| &**set)
    }

    /// Steps of one look at each of its sets.
    pub(super) fn size(&self) -> usize {
        1 + self.0.iter().map(|(_, set)| set.size()).sum::<usize>()
    }

    fn set(&mut self, key: Key, set: Set) {
        match self.0.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(place) => {
                if let Some(entry) = self.0.get_mut(place) {
                    entry.1 = Rc::new(set);
                }
            }
            Err(place) => self.0.insert(place, (key, Rc::new(set))),
        }
    }

    /// The states in both; `None` where there are none.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        let (mut joined, mut mine) = (Vec::new(), self.0.iter().peekable());
        for (key, theirs) in &other.0 {
            while let Some(entry) = mine.next_if(|(own, _)| own < key) {
                joined.push(entry.clone());
            }
            match mine.next_if(|(own, _)| own == key) {
                None => joined.push((*key, Rc::clone(theirs))),
                Some((_, own)) if own == theirs => joined.push((*key, Rc::clone(own))),
                Some((_, own)) => {
                    let both = own.and(theirs);
                    if both.is_empty() {
                        return None;
                    }
                    joined.push((*key, Rc::new(both)));
                }
            }
        }
        joined.extend(mine.cloned());
        Some(Self(joined))
    }

    /// One cell for both, where they differ in one key only.
    fn merged(&self, other: &Self, space: &Space) -> Option<Self> {
        if self.0.len() != other.0.len() {
            return None;
        }
        let mut different = None;
        for (place, (mine, theirs)) in self.0.iter().zip(&other.0).enumerate() {
            if mine.0 != theirs.0 || (mine.1 != theirs.1 && different.replace(place).is_some()) {
                return None;
            }
        }
        let Some(place) = different else { return Some(self.clone()) };
        let (mut cell, (key, theirs)) = (self.clone(), other.0.get(place)?);
        let either = cell.0.get(place)?.1.or(theirs);
        if space.everything(*key).is_some_and(|all| all.without(&either).is_empty()) {
            cell.0.remove(place);
        } else {
            cell.set(*key, either);
        }
        Some(cell)
    }

    /// True when every state of this cell is in `other`.
    fn within(&self, other: &Self, space: &Space) -> bool {
        other.sets().all(|(key, theirs)| {
            let mine = self.get(key).or_else(|| space.everything(key));
            mine.is_some_and(|mine| mine == theirs || mine.without(theirs).is_empty())
        })
    }
}

/// Cells; with none, no state at all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Region {
    cells: Vec<Cell>,
}

impl Region {
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    pub(super) fn everything() -> Self {
        Self { cells: vec![Cell::default()] }
    }

    /// The region of one cell, none of whose sets is empty.
    pub(super) fn of(cell: Cell) -> Self {
        Self { cells: vec![cell] }
    }

    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Adds a cell, as part of another where it can be.
    pub(super) fn add(
        &mut self,
        mut cell: Cell,
        space: &Space,
        budget: &mut Budget,
    ) -> Result<(), TooMuch> {
        if cell.sets().any(|(_, set)| set.is_empty()) {
            return Ok(());
        }
        loop {
            let others: usize = self.cells.iter().map(Cell::size).sum();
            budget.spend(4 * (others + (self.cells.len() + 1) * cell.size()))?;
            if self.cells.iter().any(|other| cell.within(other, space)) {
                return Ok(());
            }
            self.cells.retain(|other| !other.within(&cell, space));
            let joined = self.cells.iter().enumerate().find_map(|(place, other)| {
                other.merged(&cell, space).map(|merged| (place, merged))
            });
            let Some((place, merged)) = joined else { break };
            self.cells.remove(place);
            cell = merged;
        }
        self.cells.push(cell);
        if self.cells.len() > MAX_CELLS { Err(TooMuch) } else { Ok(()) }
    }

    pub(super) fn or(
        mut self,
        other: Self,
        space: &Space,
        budget: &mut Budget,
    ) -> Result<Self, TooMuch> {
        for cell in other.cells {
            self.add(cell, space, budget)?;
        }
        Ok(self)
    }

    pub(super) fn and(
        &self,
        other: &Self,
        space: &Space,
        budget: &mut Budget,
    ) -> Result<Self, TooMuch> {
        let mut joined = Self::nothing();
        for mine in &self.cells {
            for theirs in &other.cells {
                budget.spend(mine.size() + theirs.size())?;
                if let Some(both) = mine.and(theirs) {
                    joined.add(both, space, budget)?;
                }
            }
        }
        Ok(joined)
    }

    /// True when every state of this region is in `other`.
    pub(super) fn within(
        &self,
        other: &Self,
        space: &Space,
        budget: &mut Budget,
    ) -> Result<bool, TooMuch> {
        for cell in &self.cells {
            if !covered(cell, &other.cells, space, budget)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A state in both regions, as a cell.
    pub(super) fn meetings<'r>(&'r self, other: &'r Self) -> impl Iterator<Item = Cell> {
        self.cells.iter().flat_map(|mine| other.cells.iter().filter_map(|theirs| mine.and(theirs)))
    }

    /// For each key that is free in no cell, all states the cells allow it, where that is not every
    /// state.
    pub(super) fn bounds(&self, space: &Space) -> Vec<(Key, Set)> {
        let Some((first, rest)) = self.cells.split_first() else { return Vec::new() };
        let bound = |(key, set): (Key, &Set)| {
            let all =
                rest.iter().try_fold(set.clone(), |all, cell| Some(all.or(cell.get(key)?)))?;
            let whole = space.everything(key)?.without(&all).is_empty();
            (!whole).then_some((key, all))
        };
        first.sets().filter_map(bound).collect()
    }
}

/// True when the cells together hold every state of `cell`: what the first does not hold is cut
/// into pieces along its keys, and each piece must be in the others.
fn covered(cell: &Cell, by: &[Cell], space: &Space, budget: &mut Budget) -> Result<bool, TooMuch> {
    let Some((first, rest)) = by.split_first() else { return Ok(false) };
    // Each key may cut a piece off, which is a copy of the cell.
    budget.spend(4 * (first.size() + cell.size()) + first.0.len() * cell.0.len())?;
    if cell.and(first).is_none() {
        return covered(cell, rest, space, budget);
    }
    let mut inner = cell.clone();
    for (key, theirs) in first.sets() {
        let Some(mine) = inner.get(key).or_else(|| space.everything(key)) else {
            return Ok(false);
        };
        let (outside, both) = (mine.without(theirs), mine.and(theirs));
        if !outside.is_empty() {
            let mut piece = inner.clone();
            piece.set(key, outside);
            if !covered(&piece, rest, space, budget)? {
                return Ok(false);
            }
        }
        inner.set(key, both);
    }
    Ok(true)
}
