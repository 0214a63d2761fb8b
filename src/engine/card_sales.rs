//! How many card sales a month had, by network: what monitoring programmes divide by.
//!
//! A sale counts once its capture is recorded. Where a merchant records no captures at all, every sale that was
//! not declined counts: more than were paid, so ratios come out too low, never too high. Read from the log a
//! page at a time; nothing is kept.

use super::cases::Cases;
use super::error::EngineError;
use super::query::read_decision;
use crate::disputes::worklist::{Month, Sales};
use crate::domain::{Action, DAY_MS, EventKind};
use crate::ledger::{EntryKind, MAX_ROWS, Query, Row};
use std::collections::HashSet;

/// Most pages of a month's sales, and of its captures.
const PAGES: usize = 20;
/// So many days later a sale may be captured.
const CAPTURE_DAYS: i64 = 7;

impl Cases<'_> {
    /// The card sales of a month. Cost: one entry read a sale, 200,000 at the most.
    pub(super) fn sales_of(&self, month: Month) -> Result<Sales, EngineError> {
        let mut captured: HashSet<String> = HashSet::new();
        let captures = |query: &mut Query| {
            query.kind = Some(EntryKind::Event);
            query.entry_type = Some(EventKind::Capture.word().to_owned());
            query.since = Some(month.start);
            query.until = Some(month.end.plus_millis(CAPTURE_DAYS * DAY_MS));
        };
        let mut whole = self.each_row(captures, |row| {
            captured.extend(row.transaction_id);
            Ok(())
        })?;
        let mut sales = Sales::default();
        let decisions = |query: &mut Query| {
            query.kind = Some(EntryKind::Decision);
            query.since = Some(month.start);
            query.until = Some(month.end);
        };
        whole &= self.each_row(decisions, |row| {
            let is_paid = captured.is_empty() || captured.contains(&row.id);
            let is_declined = row.action.as_deref() == Some(Action::Decline.word());
            if is_paid && !is_declined {
                let stored = read_decision(&self.entry(row.position)?)?;
                if let Some(sale) = stored.transaction.filter(|sale| sale.amount.is_some()) {
                    sales.add(&sale);
                }
            }
            Ok(())
        })?;
        Ok(Sales { whole, ..sales })
    }

    /// Does something with each row of an answer; false where there are more than are read.
    fn each_row(
        &self,
        change: impl FnOnce(&mut Query),
        mut each: impl FnMut(Row) -> Result<(), EngineError>,
    ) -> Result<bool, EngineError> {
        let mut query = Query::new(self.tenant().clone());
        query.limit = MAX_ROWS;
        change(&mut query);
        for _ in 0..PAGES {
            let rows = self.rows(&query)?;
            query.after = rows.last().map(|row| row.sequence);
            let is_last = u32::try_from(rows.len()).is_ok_and(|rows| rows < MAX_ROWS);
            rows.into_iter().try_for_each(&mut each)?;
            if is_last {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
