//! The two questions rules are asked over past decisions: what they would have done, and what another
//! set would do otherwise.

use super::consequences::Hindsight;
use super::reproduced::Reproduced;
use super::{Count, PastSale};
use crate::domain::Action;
use crate::features::Record;
use crate::rules::RuleSet;
use crate::rules::backtest::{Backtest, Changed, Fate, Judge, Judgement, Row, Shifts};
use std::collections::BTreeMap;

/// A backtest of one set.
#[derive(Debug)]
pub struct Run<'r> {
    /// What is counted.
    pub backtest: Backtest<'r>,
    /// Whether it decides as was decided.
    pub reproduced: Reproduced,
    hindsight: &'r Hindsight,
}

impl<'r> Run<'r> {
    /// Nothing counted yet. The first `listed` rows decided otherwise than recorded are listed.
    pub fn new(set: &'r RuleSet, hindsight: &'r Hindsight, listed: usize) -> Self {
        Self {
            backtest: Backtest::new(set, listed),
            reproduced: Reproduced::new(set.digest().to_owned(), &hindsight.policy),
            hindsight,
        }
    }
}

impl Count for Run<'_> {
    fn add(&mut self, sale: &PastSale, record: &Record) {
        let Self { backtest, reproduced, hindsight } = self;
        let set = backtest.set();
        hindsight.row(sale, record, |row| reproduced.add(sale, set, backtest.add(row)));
    }

    fn merge(&mut self, other: Self) {
        self.backtest.merge(other.backtest);
        self.reproduced.merge(other.reproduced);
    }
}

/// One set beside another.
#[derive(Debug)]
pub struct Comparison<'r> {
    old: Judge<'r>,
    new: Judge<'r>,
    hindsight: &'r Hindsight,
    /// From the old set's action to the new one's.
    pub shifts: Shifts,
    /// Rows by what became of them.
    pub rows: BTreeMap<Fate, u64>,
    /// Rules by id: hits of the old one and hits of the new one.
    hits: [Vec<u64>; 2],
}

impl<'r> Comparison<'r> {
    /// Nothing counted yet. The first `listed` rows that change are listed.
    pub fn new(
        old: &'r RuleSet,
        new: &'r RuleSet,
        hindsight: &'r Hindsight,
        listed: usize,
    ) -> Self {
        let zeros = |set: &RuleSet| vec![0; set.rules().len()];
        Self {
            old: Judge::new(old),
            new: Judge::new(new),
            hindsight,
            shifts: Shifts::listing(listed),
            rows: BTreeMap::new(),
            hits: [zeros(old), zeros(new)],
        }
    }

    /// By rule's id, its hits in the old set and in the new one; `None` where a set does not have it.
    pub fn hits(&self) -> BTreeMap<String, [Option<u64>; 2]> {
        let mut hits: BTreeMap<String, [Option<u64>; 2]> = BTreeMap::new();
        let [of_old, of_new] = &self.hits;
        for (rule, count) in self.old.set().rules().iter().zip(of_old) {
            hits.entry(rule.id.clone()).or_default()[0] = Some(*count);
        }
        for (rule, count) in self.new.set().rules().iter().zip(of_new) {
            hits.entry(rule.id.clone()).or_default()[1] = Some(*count);
        }
        hits
    }

    fn compare(&mut self, row: &Row<'_>) {
        let Self { old, new, shifts, rows, hits: [of_old, of_new], .. } = self;
        *rows.entry(row.fate).or_default() += 1;
        let (old_set, new_set) = (old.set(), new.set());
        let before = old.judge(row);
        let after = new.judge(row);
        count(of_old, before);
        count(of_new, after);
        let action = |judged: &Judgement| judged.action.unwrap_or(Action::Approve);
        let (was, now) = (action(before), action(after));
        let costs = if was == now { None } else { row.costs() };
        shifts.add(row, was, now, costs);
        if was != now && shifts.lists(row.number) {
            shifts.list(Changed {
                number: row.number,
                transaction_id: row.id.to_owned(),
                event_time: row.at,
                was,
                now,
                amount_cents: row.cents,
                fate: row.fate,
                rules_was: ids(old_set, before),
                rules_now: ids(new_set, after),
            });
        }
    }
}

fn count(hits: &mut [u64], judged: &Judgement) {
    for hit in &judged.hits {
        if let Some(count) = hits.get_mut(*hit) {
            *count += 1;
        }
    }
}

fn ids(set: &RuleSet, judged: &Judgement) -> Vec<String> {
    let rules = judged.hits.iter().filter_map(|hit| set.rules().get(*hit));
    rules.map(|rule| rule.id.clone()).collect()
}

impl Count for Comparison<'_> {
    fn add(&mut self, sale: &PastSale, record: &Record) {
        let hindsight = self.hindsight;
        hindsight.row(sale, record, |row| self.compare(row));
    }

    fn merge(&mut self, other: Self) {
        self.shifts.merge(other.shifts);
        for (fate, count) in other.rows {
            *self.rows.entry(fate).or_default() += count;
        }
        for (mine, theirs) in self.hits.iter_mut().zip(other.hits) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
    }
}
