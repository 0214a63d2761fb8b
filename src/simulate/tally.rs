//! What a run wrote, counted: the facts a report about it starts from.

use super::{Campaign, Config, Line};
use crate::domain::{DAY_MS, EventKind, LabelClass, Timestamp, TransactionKind};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// Which version of the countries, networks, issuers and goods a run is drawn from. Two runs of one
/// seed have the same bytes only if this is the same.
pub const WORLD_VERSION: &str = "2026-11-22.2";

/// What a run was asked for, and what came out.
#[derive(Debug, Clone, Serialize)]
pub struct Tally {
    /// [`WORLD_VERSION`].
    pub world: &'static str,
    /// The seed.
    pub seed: u64,
    /// First instant.
    pub start: Timestamp,
    /// Days.
    pub days: u32,
    /// Accounts at the beginning.
    pub accounts: u32,
    /// Kinds of campaigns.
    pub attacks: Vec<&'static str>,
    /// How often they begin, in percent.
    pub attack_percent: u32,
    /// Lines written.
    pub lines: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Time of the last line.
    pub last: Option<Timestamp>,
    /// Transactions by type.
    pub transactions: BTreeMap<&'static str, u64>,
    /// Events by type.
    pub events: BTreeMap<&'static str, u64>,
    /// Labels by class.
    pub labels: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Nothing yet.
    pub fn new(config: &Config) -> Self {
        let chosen = Campaign::ALL.iter().filter(|(campaign, ..)| config.attacks.has(*campaign));
        Self {
            world: WORLD_VERSION,
            seed: config.seed,
            start: config.start,
            days: config.days,
            accounts: config.accounts,
            attacks: chosen.map(|(_, name, _)| *name).collect(),
            attack_percent: config.attack_percent,
            lines: 0,
            bytes: 0,
            last: None,
            transactions: BTreeMap::new(),
            events: BTreeMap::new(),
            labels: BTreeMap::new(),
        }
    }

    /// Counts a line of so many bytes.
    pub fn count(&mut self, line: &Line, bytes: usize) {
        self.lines += 1;
        self.bytes += u64::try_from(bytes).unwrap_or(0);
        self.last = Some(line.time());
        match line {
            Line::Transaction(sent) => {
                *self.transactions.entry(TransactionKind::word(sent.kind)).or_default() += 1;
            }
            Line::Event(sent) => {
                *self.events.entry(EventKind::word(sent.kind)).or_default() += 1;
                if let Some(class) = sent.data.label {
                    *self.labels.entry(LabelClass::word(class)).or_default() += 1;
                }
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.last.map_or(0, |last| last.millis_since(self.start) / DAY_MS + 1);
        let (lines, bytes) = (self.lines, self.bytes);
        writeln!(f, "{lines} lines, {bytes} bytes, {days} days; world of {}", self.world)?;
        for (title, counts) in [
            ("transactions", &self.transactions),
            ("events", &self.events),
            ("labels", &self.labels),
        ] {
            writeln!(f, "{title}: {}", counts.values().sum::<u64>())?;
            for (name, count) in counts {
                writeln!(f, "  {name:<24} {count:>10}")?;
            }
        }
        Ok(())
    }
}
