//! How many card sales a month had, by network: what monitoring programmes divide by.
//!
//! A sale counts unless it is known not to have been paid: declined by us, or by an issuer whose later answers
//! and capture are not recorded either. So where captures are recorded late, for a part of a month or not at all,
//! more count than were paid, and ratios come out too low, never too high. Read from the log a page at a time;
//! nothing is kept.
//!
//! Rejected: counting captured sales alone once there is one capture. A feed that begins within a month would cut
//! that month's sales to a fraction.

use super::cases::Cases;
use super::error::EngineError;
use super::query::{read_decision, read_open_event};
use crate::disputes::worklist::{Month, Sales};
use crate::domain::{Action, DAY_MS, EventKind, Outcome};
use crate::ledger::{EntryKind, MAX_ROWS, Query, Row};
use std::collections::{HashMap, HashSet};

/// Most pages of a month's sales, of its captures, and of its issuers' answers.
const PAGES: usize = 20;
/// So many days later a sale may be captured.
const CAPTURE_DAYS: i64 = 7;

impl Cases<'_> {
    /// The card sales of a month. Cost: one entry read a sale and one an answer of an issuer to what was not captured,
    /// 200,000 of each at the most.
    pub(super) fn sales_of(&self, month: Month) -> Result<Sales, EngineError> {
        let unpaid = self.unpaid_of(month)?;
        let mut sales = Sales::default();
        let decisions = |query: &mut Query| {
            query.kind = Some(EntryKind::Decision);
            query.since = Some(month.start);
            query.until = Some(month.end);
        };
        let whole = self.each_row(decisions, |row| {
            let is_declined = row.action.as_deref() == Some(Action::Decline.word());
            if !is_declined && !unpaid.contains(&row.id) {
                let stored = read_decision(&self.entry(row.position)?)?;
                sales.erased += usize::from(stored.erased);
                if let Some(sale) = stored.transaction.filter(|sale| sale.amount.is_some()) {
                    sales.add(&sale);
                }
            }
            Ok(())
        })?;
        Ok(Sales { whole, ..sales })
    }

    /// Transactions an issuer declined, and neither approved nor let be captured as far as is recorded.
    fn unpaid_of(&self, month: Month) -> Result<HashSet<String>, EngineError> {
        let of = |kind: EventKind| {
            move |query: &mut Query| {
                query.kind = Some(EntryKind::Event);
                query.entry_type = Some(kind.word().to_owned());
                query.since = Some(month.start);
                query.until = Some(month.end.plus_millis(CAPTURE_DAYS * DAY_MS));
            }
        };
        let mut captured: HashSet<String> = HashSet::new();
        self.each_row(of(EventKind::Capture), |row| {
            captured.extend(row.transaction_id);
            Ok(())
        })?;
        let mut is_approved: HashMap<String, bool> = HashMap::new();
        self.each_row(of(EventKind::AuthResult), |row| {
            let Some(id) = row.transaction_id.filter(|id| !captured.contains(id)) else {
                return Ok(());
            };
            let facts = read_open_event(&self.entry(row.position)?)?;
            let outcome = facts.and_then(|facts| facts.outcome);
            if matches!(outcome, Some(Outcome::Approved | Outcome::Declined)) {
                *is_approved.entry(id).or_default() |= outcome == Some(Outcome::Approved);
            }
            Ok(())
        })?;
        Ok(is_approved.into_iter().filter(|(_, approved)| !approved).map(|(id, _)| id).collect())
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
