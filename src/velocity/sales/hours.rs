//! The sales of one party by the hour they were made in.

use super::fate::{Change, Outcomes};
use super::{Delay, KEPT_H, Outcome, SALE_WINDOWS, SETTLED_AFTER_H, SalesView, hour, start_of};
use crate::domain::{HOUR_MS, Timestamp};
use crate::velocity::bytes::{Bytes, Stored, put_len, put_number};
use crate::velocity::life::{Life, Tenant};
use crate::velocity::shard::Kept;

/// Cells kept without an allocation: a sale that was made and settled is two.
const FEW: usize = 3;

/// Sales of one hour that are counted as one outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Cell {
    /// The outcome, then the hour: cells of an outcome stand together, oldest first. Hour 0 stands
    /// for all before the kept ones.
    place: u32,
    count: u32,
}

/// Hours since 1970 take 21 bits until 2200.
const HOUR_BITS: u32 = 24;

const fn place(outcome: Outcome, hour: u32) -> u32 {
    (outcome as u32) << HOUR_BITS | hour
}

impl Cell {
    const fn hour(self) -> u32 {
        self.place & ((1 << HOUR_BITS) - 1)
    }
}

/// The hours of a party that had sales, and how many of each outcome.
///
/// INVARIANT: sorted by place, no count of 0; no hour before the newest one less [`KEPT_H`], except
/// hour 0 of [`Outcome::Good`]. So equal histories are equal values, however they were told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hours {
    /// The latest hour anything was told in.
    newest: u32,
    tenant: Tenant,
    cells: Cells,
}

/// A list of cells: a few in place, more behind a pointer.
#[derive(Debug, Clone)]
enum Cells {
    Few(u8, [Cell; FEW]),
    Many(Vec<Cell>),
}

impl Hours {
    /// Takes note that something was told at `at` of a sale, which changed what it is counted as.
    pub(super) fn note(&mut self, at: Timestamp, tenant: Tenant, change: &Change) {
        if self.newest == 0 {
            self.tenant = tenant;
        }
        let newest = self.newest.max(hour(at));
        if newest > self.newest {
            self.newest = newest;
            self.fold();
        }
        let ((was_made, was), (made, is)) = (change.before, change.after);
        let (was, is) = match change.doubt {
            Some(as_told) if !self.may_have_sold(was_made) => (Outcomes::default(), as_told),
            _ => (was, is),
        };
        let (lost, gained) =
            if was_made == made { (was.without(is), is.without(was)) } else { (was, is) };
        // What is not counted can't be taken off, but after an eviction: then it stays at 0.
        for outcome in lost.iter() {
            self.place_of(outcome, was_made).into_iter().for_each(|place| self.cells.take(place));
        }
        for outcome in gained.iter() {
            self.place_of(outcome, made).into_iter().for_each(|place| self.cells.add(place));
        }
    }

    /// Where a sale of an hour is counted; `None` where it is too old to be.
    fn place_of(&self, outcome: Outcome, made: u32) -> Option<u32> {
        match outcome {
            outcome if made >= self.oldest() => Some(place(outcome, made)),
            Outcome::Good => Some(place(Outcome::Good, 0)),
            _ => None,
        }
    }

    /// Whether a sale of an hour is counted, as far as that is kept.
    fn may_have_sold(&self, made: u32) -> bool {
        self.place_of(Outcome::Sold, made).is_none_or(|place| self.cells.has(place))
    }

    /// The sales as known at `at`, or at the newest thing told where that is later.
    pub(super) fn view(&self, at: Timestamp, delay: Delay) -> SalesView {
        let now = self.newest.max(hour(at));
        let mut view = SalesView::default();
        let end = now.saturating_sub(delay.hours());
        for (outcome, row) in Outcome::ALL.into_iter().zip(&mut view.counts) {
            // From the shortest window on, each part of the hours is looked at once.
            let mut to = end;
            let mut sum = 0_u32;
            for (window, count) in SALE_WINDOWS.into_iter().zip(row) {
                let span = u32::try_from(window.span_ms() / HOUR_MS).unwrap_or(0);
                let from = end.saturating_sub(span).max(1);
                sum = sum.wrapping_add(self.cells.sum(outcome, from, to));
                *count = sum;
                to = from;
            }
        }
        let settled_before = now.saturating_sub(SETTLED_AFTER_H);
        view.settled = self.cells.sum(Outcome::Good, 0, settled_before);
        view
    }

    /// The first hour that is kept.
    fn oldest(&self) -> u32 {
        self.newest.saturating_sub(KEPT_H).max(1)
    }

    /// Gives up the hours that are too old, and keeps of them how many sales were good.
    fn fold(&mut self) {
        let oldest = self.oldest();
        let old = |cell: &Cell| (1..oldest).contains(&cell.hour());
        if self.cells.as_slice().iter().any(old) {
            let is_good = |cell: &&Cell| cell.place >> HOUR_BITS == Outcome::Good as u32;
            let good = self.cells.as_slice().iter().filter(|cell| old(cell)).filter(is_good);
            let good: u32 = good.map(|cell| cell.count).sum();
            self.cells.retain(|cell| !old(cell));
            self.cells.add_many(place(Outcome::Good, 0), good);
        }
    }
}

impl Cells {
    fn as_slice(&self) -> &[Cell] {
        match self {
            Self::Few(count, cells) => cells.get(..usize::from(*count)).unwrap_or_default(),
            Self::Many(cells) => cells,
        }
    }

    /// Sales counted as `outcome` of the hours `from..to`.
    fn sum(&self, outcome: Outcome, from: u32, to: u32) -> u32 {
        let cells = self.as_slice();
        let start = cells.partition_point(|cell| cell.place < place(outcome, from));
        let end = cells.partition_point(|cell| cell.place < place(outcome, to));
        let held = cells.get(start..end).unwrap_or_default();
        held.iter().fold(0, |sum, cell| sum.wrapping_add(cell.count))
    }

    fn has(&self, place: u32) -> bool {
        self.as_slice().binary_search_by_key(&place, |cell| cell.place).is_ok()
    }

    fn add(&mut self, place: u32) {
        self.add_many(place, 1);
    }

    fn add_many(&mut self, place: u32, count: u32) {
        if count == 0 {
            return;
        }
        let found = self.as_slice().binary_search_by_key(&place, |cell| cell.place);
        match found {
            Ok(at) => {
                if let Some(cell) = self.as_mut_slice().get_mut(at) {
                    cell.count = cell.count.saturating_add(count);
                }
            }
            Err(at) => self.insert(at, Cell { place, count }),
        }
    }

    fn take(&mut self, place: u32) {
        let found = self.as_slice().binary_search_by_key(&place, |cell| cell.place);
        if let Ok(at) = found
            && let Some(cell) = self.as_mut_slice().get_mut(at)
        {
            cell.count -= 1;
            if cell.count == 0 {
                self.retain(|cell| cell.place != place);
            }
        }
    }

    fn as_mut_slice(&mut self) -> &mut [Cell] {
        match self {
            Self::Few(count, cells) => cells.get_mut(..usize::from(*count)).unwrap_or_default(),
            Self::Many(cells) => cells,
        }
    }

    fn insert(&mut self, at: usize, cell: Cell) {
        match self {
            Self::Few(count, cells) if usize::from(*count) < FEW => {
                cells.copy_within(at..FEW - 1, at + 1);
                if let Some(place) = cells.get_mut(at) {
                    *place = cell;
                }
                *count += 1;
            }
            Self::Few(..) => {
                let mut cells = Vec::with_capacity(FEW + 3);
                cells.extend_from_slice(self.as_slice());
                cells.insert(at, cell);
                *self = Self::Many(cells);
            }
            Self::Many(cells) => {
                if cells.len() == cells.capacity() {
                    cells.reserve_exact(4 + cells.len() / 4);
                }
                cells.insert(at, cell);
            }
        }
    }

    fn retain(&mut self, keep: impl Fn(&Cell) -> bool) {
        let kept: Vec<Cell> = self.as_slice().iter().copied().filter(keep).collect();
        *self = kept.into();
    }
}

impl Default for Cells {
    fn default() -> Self {
        Self::Few(0, [Cell::default(); FEW])
    }
}

impl PartialEq for Cells {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Cells {}

impl From<Vec<Cell>> for Cells {
    fn from(list: Vec<Cell>) -> Self {
        if list.len() > FEW {
            return Self::Many(list);
        }
        let mut cells = [Cell::default(); FEW];
        let filled = cells.iter_mut().zip(&list).map(|(place, cell)| *place = *cell).count();
        Self::Few(u8::try_from(filled).unwrap_or(0), cells)
    }
}

impl Kept for Hours {
    /// An issuer, a processor or the merchant vouches for whatever is told.
    fn life(&self) -> Life {
        let hours = self.cells.as_slice().iter().map(|cell| cell.hour());
        let first = start_of(hours.min().unwrap_or(self.newest));
        Life { first, newest: start_of(self.newest), tenant: self.tenant, attested: true }
    }

    fn heap_bytes(&self) -> usize {
        match &self.cells {
            Cells::Few(..) => 0,
            Cells::Many(cells) => cells.capacity() * size_of::<Cell>(),
        }
    }
}

impl Stored for Hours {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, self.newest);
        put_number(out, self.tenant.0);
        put_len(out, self.cells.as_slice().len());
        for cell in self.cells.as_slice() {
            put_number(out, cell.place);
            put_number(out, cell.count);
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let newest = bytes.number()?;
        let tenant = Tenant(bytes.number()?);
        let len = bytes.len()?;
        let cell = |_| Some(Cell { place: bytes.number()?, count: bytes.number()? });
        let cells: Option<Vec<Cell>> = (0..len).map(cell).collect();
        Some(Self { newest, tenant, cells: cells?.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something told at `at` of a sale made in `sold`, counted as the first before and the others after.
    fn note(
        hours: &mut Hours,
        at: Timestamp,
        sold: u32,
        (before, after): (&[Outcome], &[Outcome]),
    ) {
        let set = |outcomes: &[Outcome]| (sold, outcomes.iter().copied().collect());
        let change = Change { before: set(before), after: set(after), doubt: None };
        hours.note(at, Tenant::default(), &change);
    }

    #[test]
    fn a_sale_made_and_settled_takes_no_allocation() {
        let mut hours = Hours::default();
        let now = Timestamp::from_millis(HOUR_MS * 400_000);
        note(&mut hours, now, 400_000, (&[], &[Outcome::Sold, Outcome::Good]));
        assert_eq!(hours.heap_bytes(), 0);
        note(&mut hours, now, 400_001, (&[], &[Outcome::Sold, Outcome::Good]));
        assert!(hours.heap_bytes() <= 48);
        assert!(size_of::<Hours>() <= 40, "{}", size_of::<Hours>());
    }

    #[test]
    fn windows_take_whole_hours_that_ended_by_then() {
        let mut hours = Hours::default();
        let sold = 500_000;
        note(&mut hours, Timestamp::from_millis(0), sold, (&[], &[Outcome::Sold]));
        let read = |hour: u32, minutes: i64| {
            let at = Timestamp::from_millis((i64::from(hour) * 60 + minutes) * HOUR_MS / 60);
            let view = hours.view(at, Delay::days(7));
            SALE_WINDOWS.map(|window| view.count(Outcome::Sold, window))
        };
        let known = sold + 1 + 7 * 24;
        assert_eq!(read(known - 1, 59), [0; 4]);
        assert_eq!(read(known, 0), [1; 4]);
        assert_eq!(read(known + 23, 59), [1; 4]);
        assert_eq!(read(known + 24, 0), [0, 1, 1, 1]);
        assert_eq!(read(known + 90 * 24 - 1, 59), [0, 0, 0, 1]);
        assert_eq!(read(known + 90 * 24, 0), [0; 4]);
    }

    #[test]
    fn what_was_good_is_remembered_when_its_hour_is_gone() {
        let mut hours = Hours::default();
        let at = |hour: u32| Timestamp::from_millis(i64::from(hour) * HOUR_MS);
        note(&mut hours, at(400_000), 400_000, (&[], &[Outcome::Sold, Outcome::Good]));
        note(&mut hours, at(500_000), 500_000, (&[], &[Outcome::Sold]));
        assert_eq!(hours.view(at(500_000), Delay::default()).settled(), 1);
        assert_eq!(hours.cells.as_slice().len(), 2);
        note(&mut hours, at(500_001), 400_000, (&[Outcome::Good], &[Outcome::Dispute]));
        assert_eq!(hours.view(at(500_001), Delay::default()).settled(), 0);
        assert_eq!(hours.cells.as_slice().len(), 1);
    }
}
