//! The counts of a backtest: one row in, a handful of whole numbers up.

use super::judge::{Judge, Judgement, tier};
use super::shift::{Changed, Shifts};
use super::{Action, Buyers, Costs, Fate, MAX_PAIRED, MAX_WEEKS, Row};
use crate::domain::Timestamp;
use crate::rules::RuleSet;
use std::collections::BTreeMap;
use std::path::Path;

/// A backtest under way.
#[derive(Debug)]
pub struct Backtest<'s> {
    judge: Judge<'s>,
    pub(super) counts: Counts,
    /// By rule, the pack it is of.
    pub(super) pack_of: Vec<usize>,
    pub(super) pack_names: Vec<String>,
    /// The one action of each rule, where it leaves one.
    tiers: Vec<Option<Action>>,
    /// True for rules that only mark.
    tags: Vec<bool>,
    /// Hits of each pack on the row at hand, as places in its hits.
    touched: Vec<usize>,
}

/// Everything that is summed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counts {
    pub(super) rows: Tally,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// Rows without a euro price.
    pub(super) unpriced: u64,
    /// Rows of which nobody's account, mailbox, card or device is known.
    pub(super) nameless: u64,
    pub(super) actions: [u64; 4],
    pub(super) rules: Vec<RuleCount>,
    pub(super) packs: Vec<PackCount>,
    /// By pair of rules, the smaller number first; empty beyond [`MAX_PAIRED`] rules.
    pub(super) pairs: Vec<u64>,
    pub(super) weeks: BTreeMap<i64, WeekCount>,
    pub(super) shifts: Shifts,
}

/// How many rows and how much money, by fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) rows: [u64; Fate::ALL.len()],
    pub(super) cents: [i64; Fate::ALL.len()],
}

impl Tally {
    fn add(&mut self, fate: Fate, cents: Option<i64>) {
        if let (Some(rows), Some(sum)) =
            (self.rows.get_mut(fate as usize), self.cents.get_mut(fate as usize))
        {
            *rows += 1;
            *sum += cents.unwrap_or(0);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.rows.iter_mut().zip(other.rows).for_each(|(mine, theirs)| *mine += theirs);
        self.cents.iter_mut().zip(other.cents).for_each(|(mine, theirs)| *mine += theirs);
    }

    pub(super) fn total(&self) -> u64 {
        self.rows.iter().sum()
    }

    pub(super) fn of(&self, fate: Fate) -> u64 {
        self.rows.get(fate as usize).copied().unwrap_or(0)
    }

    pub(super) fn cents_of(&self, fate: Fate) -> i64 {
        self.cents.get(fate as usize).copied().unwrap_or(0)
    }
}

/// What is counted of one rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RuleCount {
    pub(super) hits: Tally,
    pub(super) unknown: u64,
    /// Hits on which no other rule but a tag matches.
    pub(super) only: u64,
    pub(super) worth: Worth,
    pub(super) insulted: Buyers,
    /// Decisions that change when the rule is turned.
    pub(super) turned: Tally,
    /// What turning it saves; below 0 where the rule is worth having.
    pub(super) turned_saves: i64,
}

/// What is counted of one pack: as [`RuleCount`], a row once whatever the number of its rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PackCount {
    pub(super) hits: Tally,
    pub(super) worth: Worth,
    pub(super) insulted: Buyers,
    pub(super) turned: Tally,
    pub(super) turned_saves: i64,
}

/// What an action in place of approval is worth, in cents of a euro.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Worth {
    /// On frauds.
    pub(super) saved: i64,
    /// On good sales.
    pub(super) lost: i64,
}

impl Worth {
    fn add(&mut self, row: &Row<'_>, action: Action, costs: Option<Costs>) {
        let Some(costs) = costs else { return };
        let saved = costs.saved(Action::Approve, action);
        match row.fate {
            Fate::Fraud => self.saved += saved,
            Fate::Good => self.lost -= saved,
            _ => {}
        }
    }

    fn merge(&mut self, other: Self) {
        self.saved += other.saved;
        self.lost += other.lost;
    }
}

/// One week: its rows, and each rule's hits on all of them, on frauds, on good sales.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct WeekCount {
    pub(super) rows: [u64; 3],
    pub(super) rules: Vec<[u64; 3]>,
}

impl<'s> Backtest<'s> {
    /// Nothing counted yet. The first `listed` rows whose action is not the one recorded are listed.
    pub fn new(set: &'s RuleSet, listed: usize) -> Self {
        let rules = set.rules();
        let (mut pack_names, mut pack_of) = (Vec::new(), Vec::new());
        for rule in rules {
            let name = pack_name(rule.place.source.name());
            let place = pack_names.iter().position(|known| *known == name);
            pack_of.push(place.unwrap_or(pack_names.len()));
            if place.is_none() {
                pack_names.push(name);
            }
        }
        let paired = if rules.len() <= MAX_PAIRED { rules.len() * rules.len() } else { 0 };
        let counts = Counts {
            rows: Tally::default(),
            first: None,
            last: None,
            unpriced: 0,
            nameless: 0,
            actions: [0; 4],
            rules: vec![RuleCount::default(); rules.len()],
            packs: vec![PackCount::default(); pack_names.len()],
            pairs: vec![0; paired],
            weeks: BTreeMap::new(),
            shifts: Shifts::listing(listed),
        };
        Self {
            judge: Judge::new(set),
            counts,
            pack_of,
            pack_names,
            tiers: rules.iter().map(|rule| tier(rule.effect.action())).collect(),
            tags: rules
                .iter()
                .map(|rule| rule.effect.action() == crate::domain::RuleAction::Tag)
                .collect(),
            touched: Vec::new(),
        }
    }

    /// The rules.
    pub fn set(&self) -> &'s RuleSet {
        self.judge.set()
    }

    /// Counts a row. Cost: an evaluation, and some tens of nanoseconds a hit. No allocation but for a
    /// row that is listed, a new week and a new buyer.
    pub fn add(&mut self, row: &Row<'_>) -> &Judgement {
        let judged = self.judge.judge(row);
        let matters = !judged.hits.is_empty() || judged.action != Some(row.was);
        let costs = if matters { row.costs() } else { None };
        self.count_row(row, costs);
        self.count_week(row);
        self.count_hits(row, costs);
        self.count_packs(row, costs);
        self.judge.found()
    }

    fn count_row(&mut self, row: &Row<'_>, costs: Option<Costs>) {
        let Self { judge, counts, .. } = self;
        let judged = judge.found();
        let now = judged.action.unwrap_or(Action::Approve);
        counts.rows.add(row.fate, row.cents);
        counts.first = Some(counts.first.map_or(row.at, |first| first.min(row.at)));
        counts.last = Some(counts.last.map_or(row.at, |last| last.max(row.at)));
        counts.unpriced += u64::from(row.cents.is_none());
        counts.nameless += u64::from(row.buyer.is_none());
        if let Some(action) = counts.actions.get_mut(now as usize) {
            *action += 1;
        }
        counts.shifts.add(row, row.was, now, costs);
        if row.was != now && counts.shifts.lists(row.number) {
            let ids = judged.hits.iter().filter_map(|hit| judge.set().rules().get(*hit));
            let changed = Changed {
                number: row.number,
                transaction_id: row.id.to_owned(),
                event_time: row.at,
                was: row.was,
                now,
                amount_cents: row.cents,
                fate: row.fate,
                rules_was: Vec::new(),
                rules_now: ids.map(|rule| rule.id.clone()).collect(),
            };
            counts.shifts.list(changed);
        }
    }

    fn count_week(&mut self, row: &Row<'_>) {
        let (judged, weeks) = (self.judge.found(), &mut self.counts.weeks);
        let week = week_of(row.at);
        if weeks.len() >= MAX_WEEKS && !weeks.contains_key(&week) {
            return;
        }
        let rules = self.tiers.len();
        let week = weeks
            .entry(week)
            .or_insert_with(|| WeekCount { rows: [0; 3], rules: vec![[0; 3]; rules] });
        let (fraud, good) = (row.fate == Fate::Fraud, row.fate == Fate::Good);
        let count = |[all, frauds, goods]: &mut [u64; 3]| {
            *all += 1;
            *frauds += u64::from(fraud);
            *goods += u64::from(good);
        };
        count(&mut week.rows);
        for hit in &judged.hits {
            if let Some(rule) = week.rules.get_mut(*hit) {
                count(rule);
            }
        }
    }

    fn count_hits(&mut self, row: &Row<'_>, costs: Option<Costs>) {
        let Self { judge, counts, tiers, tags, .. } = self;
        let judged = judge.found();
        let is_tag = |hit: &usize| tags.get(*hit).copied().unwrap_or(false);
        let telling = judged.hits.iter().filter(|hit| !is_tag(hit)).count();
        for unknown in &judged.unknown {
            if let Some(rule) = counts.rules.get_mut(*unknown) {
                rule.unknown += 1;
            }
        }
        for (place, hit) in judged.hits.iter().enumerate() {
            let Some(rule) = counts.rules.get_mut(*hit) else { continue };
            rule.hits.add(row.fate, row.cents);
            rule.only += u64::from(telling == usize::from(!is_tag(hit)));
            if let Some(Some(action)) = tiers.get(*hit) {
                rule.worth.add(row, *action, costs);
                insult(&mut rule.insulted, row, *action);
            }
            let turned = judge.turned(*hit, row.then);
            if let (Some(now), Some(turned)) = (judged.action, turned)
                && now != turned
            {
                rule.turned.add(row.fate, row.cents);
                rule.turned_saves += costs.map_or(0, |costs| costs.saved(now, turned));
            }
            for other in judged.hits.iter().skip(place + 1) {
                if let Some(pair) = counts.pairs.get_mut(hit * tiers.len() + other) {
                    *pair += 1;
                }
            }
        }
    }

    fn count_packs(&mut self, row: &Row<'_>, costs: Option<Costs>) {
        let Self { judge, counts, pack_of, tiers, touched, .. } = self;
        let judged = judge.found();
        touched.clear();
        for hit in &judged.hits {
            let Some(pack) = pack_of.get(*hit).filter(|pack| !touched.contains(pack)) else {
                continue;
            };
            touched.push(*pack);
            let Some(count) = counts.packs.get_mut(*pack) else { continue };
            count.hits.add(row.fate, row.cents);
            // The set's order is the order of tiers: the first of the pack that acts and leaves one action.
            let mut own = judged.acting.iter().filter(|hit| pack_of.get(**hit) == Some(pack));
            if let Some(action) = own.find_map(|hit| tiers.get(*hit).copied().flatten()) {
                count.worth.add(row, action, costs);
                insult(&mut count.insulted, row, action);
            }
            let gone = |hit: usize| pack_of.get(hit) == Some(pack);
            if let (Some(now), Some(without)) = (judged.action, judge.without(gone, row.then))
                && now != without
            {
                count.turned.add(row.fate, row.cents);
                count.turned_saves += costs.map_or(0, |costs| costs.saved(now, without));
            }
        }
    }

    /// Takes in what another part counted with the same rules.
    pub fn merge(&mut self, other: Self) {
        let (mine, theirs) = (&mut self.counts, other.counts);
        mine.rows.merge(&theirs.rows);
        mine.first = mine.first.into_iter().chain(theirs.first).min();
        mine.last = mine.last.max(theirs.last);
        mine.unpriced += theirs.unpriced;
        mine.nameless += theirs.nameless;
        mine.actions.iter_mut().zip(theirs.actions).for_each(|(mine, theirs)| *mine += theirs);
        for (mine, theirs) in mine.rules.iter_mut().zip(&theirs.rules) {
            mine.hits.merge(&theirs.hits);
            mine.unknown += theirs.unknown;
            mine.only += theirs.only;
            mine.worth.merge(theirs.worth);
            mine.insulted.merge(&theirs.insulted);
            mine.turned.merge(&theirs.turned);
            mine.turned_saves += theirs.turned_saves;
        }
        for (mine, theirs) in mine.packs.iter_mut().zip(&theirs.packs) {
            mine.hits.merge(&theirs.hits);
            mine.worth.merge(theirs.worth);
            mine.insulted.merge(&theirs.insulted);
            mine.turned.merge(&theirs.turned);
            mine.turned_saves += theirs.turned_saves;
        }
        mine.pairs.iter_mut().zip(theirs.pairs).for_each(|(mine, theirs)| *mine += theirs);
        for (week, theirs) in theirs.weeks {
            let full = mine.weeks.len() >= MAX_WEEKS;
            match mine.weeks.get_mut(&week) {
                Some(mine) => mine.merge(&theirs),
                None if !full => {
                    mine.weeks.insert(week, theirs);
                }
                None => {}
            }
        }
        mine.shifts.merge(theirs.shifts);
    }
}

impl WeekCount {
    fn merge(&mut self, other: &Self) {
        let add = |mine: &mut [u64; 3], theirs: &[u64; 3]| {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        };
        add(&mut self.rows, &other.rows);
        self.rules.iter_mut().zip(&other.rules).for_each(|(mine, theirs)| add(mine, theirs));
    }
}

/// Takes note of a good buyer who would have been refused, held up or asked.
fn insult(insulted: &mut Buyers, row: &Row<'_>, action: Action) {
    if let (Fate::Good, Some(buyer), true) = (row.fate, row.buyer, action != Action::Approve) {
        insulted.add(buyer);
    }
}

/// `rules/card_testing.toml` is the pack `card_testing`.
fn pack_name(source: &str) -> String {
    let stem = Path::new(source).file_stem();
    stem.map_or_else(|| source.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// The week of an instant: Mondays, UTC, counted from the one before 1970.
pub(super) fn week_of(at: Timestamp) -> i64 {
    (at.day() + 3).div_euclid(7)
}

/// The first instant of a week; the first week of all begins with 1970.
pub(super) fn week_start(week: i64) -> Timestamp {
    Timestamp::from_millis((week * 7 - 3) * crate::domain::DAY_MS)
}
