//! A backtest's result: counts turned into what a person asks of a rule.
//!
//! Money is in cents of a euro: prices converted with the rate of the day they were scored, costs as the
//! policy states them. Shares are of 1 and missing (`null`) where there is nothing to divide by.

use super::alarm::{Alarm, alarms};
use super::count::{PackCount, RuleCount, Tally, Worth, week_start};
use super::shift::{Changed, Shift, by_fate};
use super::{Backtest, Fate};
use crate::domain::{DAY_MS, RuleAction, RuleMode, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything a backtest found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Digest of the rules.
    pub rules_digest: String,
    /// What was looked at.
    pub rows: Sums,
    /// Event time of the first row.
    pub from: Option<Timestamp>,
    /// Event time of the last row.
    pub to: Option<Timestamp>,
    /// Their span in days, at least 1.
    pub days: f64,
    /// Rows without a euro price: they count, their money does not.
    pub without_price: u64,
    /// Rows that name no buyer: their insults are not counted.
    pub without_buyer: u64,
    /// Decisions these rules lead to, by action.
    pub actions: BTreeMap<String, u64>,
    /// Reviews a day these rules lead to.
    pub reviews_per_day: f64,
    /// From the recorded action to the one these rules lead to, those that stay among them.
    pub shifts: Vec<Shift>,
    /// The first rows whose action is not the one recorded.
    pub changed: Vec<Changed>,
    /// By rule, in the set's order.
    pub rules: Vec<RuleReport>,
    /// By file, in the order of their first rule.
    pub packs: Vec<PackReport>,
    /// By rule, how many hits it shares with each other; empty beyond a thousand rules.
    pub overlap: Vec<Vec<u64>>,
    /// By week, Mondays UTC; a rule without a hit in a week is left out of it.
    pub weeks: Vec<WeekReport>,
    /// What a person should look at.
    pub alarms: Vec<Alarm>,
}

/// Rows and their money, by what became of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sums {
    /// All of them.
    pub all: u64,
    /// How many, by fate.
    pub by_fate: BTreeMap<Fate, u64>,
    /// Prices of the frauds, in cents of a euro.
    pub fraud_cents: i64,
    /// Prices of the good sales.
    pub good_cents: i64,
}

/// An interval of a share, at 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The share.
    pub share: f64,
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// What turning a rule changes: a live one off, a shadow one live.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Marginal {
    /// Decisions that change.
    pub decisions: Sums,
    /// What having the rule saves, all others staying, in cents of a euro; below 0: what it costs.
    pub saved_cents: i64,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleReport {
    /// The rule.
    pub id: String,
    /// The file it is of, without directory and ending.
    pub pack: String,
    /// What it does.
    pub action: RuleAction,
    /// Whether it acts.
    pub mode: RuleMode,
    /// Rows it matches.
    pub hits: Sums,
    /// Hits a day.
    pub hits_per_day: f64,
    /// Share of rows a missing fact would decide.
    pub unknown_share: Option<f64>,
    /// Frauds among hits that are fraud or good, with the Wilson interval.
    pub precision: Option<Interval>,
    /// Share of the frauds it matches.
    pub recall: Option<f64>,
    /// Share of the good sales it matches.
    pub false_positive_rate: Option<f64>,
    /// What its action saves on frauds by the policy's costs, as if it alone acted, in cents of a euro.
    pub saved_cents: i64,
    /// What its action costs on good sales.
    pub lost_cents: i64,
    /// Different good buyers refused, held up or asked.
    pub insulted_buyers: u64,
    /// False where that number is an estimate.
    pub insulted_exact: bool,
    /// Hits on which no other rule but a tag matches.
    pub only: u64,
    /// What the rule changes beside all others.
    pub marginal: Marginal,
}

/// One file of rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PackReport {
    /// Its name.
    pub pack: String,
    /// Rules in it.
    pub rules: usize,
    /// Rows any of them matches.
    pub hits: Sums,
    /// See [`RuleReport::precision`].
    pub precision: Option<Interval>,
    /// See [`RuleReport::recall`].
    pub recall: Option<f64>,
    /// What the first of its matching rules that leave one action saves on frauds.
    pub saved_cents: i64,
    /// What it costs on good sales.
    pub lost_cents: i64,
    /// Different good buyers refused, held up or asked.
    pub insulted_buyers: u64,
    /// False where that number is an estimate.
    pub insulted_exact: bool,
    /// What the pack changes beside all others.
    pub marginal: Marginal,
}

/// One week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WeekReport {
    /// Its Monday, 00:00 UTC.
    pub from: Timestamp,
    /// Rows.
    pub rows: u64,
    /// Frauds among them.
    pub fraud: u64,
    /// Good sales among them.
    pub good: u64,
    /// Rules with a hit.
    pub rules: Vec<WeekRule>,
}

/// One rule in one week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WeekRule {
    /// Its place in [`Report::rules`].
    pub rule: usize,
    /// Hits.
    pub hits: u64,
    /// Frauds among them.
    pub fraud: u64,
    /// Good sales among them.
    pub good: u64,
}

impl Backtest<'_> {
    /// The result so far.
    pub fn report(&self) -> Report {
        let counts = &self.counts;
        let span = counts.first.zip(counts.last);
        let days = span.map_or(1.0, |(first, last)| ratio_f(last.millis_since(first), DAY_MS));
        let days = days.max(1.0);
        let rules: Vec<_> = (0..counts.rules.len()).filter_map(|n| self.rule(n, days)).collect();
        let reviews = counts.actions.get(crate::domain::Action::Review as usize).copied();
        let mut report = Report {
            rules_digest: self.set().digest().to_owned(),
            rows: sums(&counts.rows),
            from: counts.first,
            to: counts.last,
            days,
            without_price: counts.unpriced,
            without_buyer: counts.nameless,
            actions: crate::domain::Action::ALL
                .iter()
                .zip(counts.actions)
                .map(|(action, count)| (action.word().to_owned(), count))
                .collect(),
            reviews_per_day: float(reviews.unwrap_or(0)) / days,
            shifts: counts.shifts.shifts(),
            changed: counts.shifts.listed().cloned().collect(),
            rules,
            packs: (0..counts.packs.len()).filter_map(|n| self.pack(n)).collect(),
            overlap: self.overlap(),
            weeks: self.weeks(),
            alarms: Vec::new(),
        };
        report.alarms = alarms(&report);
        report
    }

    fn rule(&self, number: usize, days: f64) -> Option<RuleReport> {
        let (rule, count) = (self.set().rules().get(number)?, self.counts.rules.get(number)?);
        let RuleCount { hits, unknown, only, worth, insulted, turned, turned_saves } = count;
        let all = &self.counts.rows;
        let sign = if rule.mode == RuleMode::Shadow { 1 } else { -1 };
        Some(RuleReport {
            id: rule.id.clone(),
            pack: self.pack_of.get(number).and_then(|p| self.pack_names.get(*p)).cloned()?,
            action: rule.effect.action(),
            mode: rule.mode,
            hits: sums(hits),
            hits_per_day: float(hits.total()) / days,
            unknown_share: share(*unknown, all.total()),
            precision: wilson(hits.of(Fate::Fraud), hits.of(Fate::Good)),
            recall: share(hits.of(Fate::Fraud), all.of(Fate::Fraud)),
            false_positive_rate: share(hits.of(Fate::Good), all.of(Fate::Good)),
            saved_cents: worth.saved,
            lost_cents: worth.lost,
            insulted_buyers: insulted.count(),
            insulted_exact: insulted.is_exact(),
            only: *only,
            marginal: Marginal { decisions: sums(turned), saved_cents: sign * turned_saves },
        })
    }

    fn pack(&self, number: usize) -> Option<PackReport> {
        let (name, count) = (self.pack_names.get(number)?, self.counts.packs.get(number)?);
        let PackCount { hits, worth: Worth { saved, lost }, insulted, turned, turned_saves } =
            count;
        Some(PackReport {
            pack: name.clone(),
            rules: self.pack_of.iter().filter(|pack| **pack == number).count(),
            hits: sums(hits),
            precision: wilson(hits.of(Fate::Fraud), hits.of(Fate::Good)),
            recall: share(hits.of(Fate::Fraud), self.counts.rows.of(Fate::Fraud)),
            saved_cents: *saved,
            lost_cents: *lost,
            insulted_buyers: insulted.count(),
            insulted_exact: insulted.is_exact(),
            marginal: Marginal { decisions: sums(turned), saved_cents: -turned_saves },
        })
    }

    fn overlap(&self) -> Vec<Vec<u64>> {
        let rules = self.counts.rules.len();
        if self.counts.pairs.is_empty() {
            return Vec::new();
        }
        let pair = |a: usize, b: usize| {
            let both = self.counts.pairs.get(a.min(b) * rules + a.max(b)).copied();
            let own = self.counts.rules.get(a).map_or(0, |rule| rule.hits.total());
            if a == b { own } else { both.unwrap_or(0) }
        };
        (0..rules).map(|a| (0..rules).map(|b| pair(a, b)).collect()).collect()
    }

    fn weeks(&self) -> Vec<WeekReport> {
        let rule = |(rule, [hits, fraud, good]): (usize, &[u64; 3])| {
            (*hits > 0).then_some(WeekRule { rule, hits: *hits, fraud: *fraud, good: *good })
        };
        let week = |(week, count): (&i64, &super::count::WeekCount)| {
            let [rows, fraud, good] = count.rows;
            let rules = count.rules.iter().enumerate().filter_map(rule).collect();
            WeekReport { from: week_start(*week), rows, fraud, good, rules }
        };
        self.counts.weeks.iter().map(week).collect()
    }
}

fn sums(tally: &Tally) -> Sums {
    Sums {
        all: tally.total(),
        by_fate: by_fate(&tally.rows),
        fraud_cents: tally.cents_of(Fate::Fraud),
        good_cents: tally.cents_of(Fate::Good),
    }
}

impl Sums {
    /// How many of a fate.
    pub fn of(&self, fate: Fate) -> u64 {
        self.by_fate.get(&fate).copied().unwrap_or(0)
    }
}

/// A count as a number to divide.
#[expect(clippy::cast_precision_loss, reason = "counts of rows fit 53 bits")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of two centuries fit 53 bits")]
fn ratio_f(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| float(part) / float(whole))
}

/// The share of `yes` among `yes` and `no` with its 95 % interval by Wilson (1927), which stays within
/// 0..=1 and says something of few cases too; `None` of none.
pub fn wilson(yes: u64, no: u64) -> Option<Interval> {
    const Z: f64 = 1.959_964;
    let n = float(yes + no);
    let share = share(yes, yes + no)?;
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let low = ((middle - half) / scale).max(0.0);
    Some(Interval { share, low, high: ((middle + half) / scale).min(1.0) })
}
