//! What a person should look at: rules that do nothing, cannot tell, hurt, or repeat another.

use super::report::{Report, RuleReport};
use super::{Fate, MOSTLY_UNKNOWN};
use crate::domain::{RuleAction, RuleMode};
use serde::Serialize;

/// One alarm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alarm {
    /// The rule, or the file of rules.
    pub about: String,
    /// What is wrong.
    #[serde(flatten)]
    pub kind: AlarmKind,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "alarm", rename_all = "snake_case")]
pub enum AlarmKind {
    /// It matched no row.
    NeverTrue,
    /// A missing fact decides it on much of the traffic: an integration does not send what it reads.
    MostlyUnknown {
        /// On what share of the rows.
        share: f64,
    },
    /// What it costs on good sales is more than what it saves on frauds.
    CostsMoreThanItSaves {
        /// On frauds, in cents of a euro.
        saved_cents: i64,
        /// On good sales.
        lost_cents: i64,
        /// Different good buyers.
        insulted_buyers: u64,
    },
    /// It lets frauds through that other rules or a person might have stopped.
    AllowsFraud {
        /// How many it matches.
        frauds: u64,
        /// Their prices, in cents of a euro.
        fraud_cents: i64,
    },
    /// Every row it matches is matched by another that acts at least as hard.
    Covered {
        /// The other.
        by: String,
        /// Rows it matches.
        hits: u64,
    },
}

impl AlarmKind {
    /// The alarm as one clause.
    pub fn sentence(&self) -> String {
        let euros = |cents: i64| format!("{} EUR", super::page::euros(cents));
        match self {
            Self::NeverTrue => "never true".to_owned(),
            Self::MostlyUnknown { share } => {
                format!("unknown on {:.0} % of the rows: what it reads is not sent", 100.0 * share)
            }
            Self::CostsMoreThanItSaves { saved_cents, lost_cents, insulted_buyers } => format!(
                "costs more than it saves: {} on {insulted_buyers} good buyers, {} saved",
                euros(*lost_cents),
                euros(*saved_cents)
            ),
            Self::AllowsFraud { frauds, fraud_cents } => {
                format!("allows fraud: {frauds} frauds of {}", euros(*fraud_cents))
            }
            Self::Covered { by, hits } => format!("all of its {hits} hits are hits of `{by}`"),
        }
    }
}

/// Every alarm, rules in the set's order, then files.
pub(super) fn alarms(report: &Report) -> Vec<Alarm> {
    let mut found = Vec::new();
    if report.rows.all == 0 {
        return found;
    }
    for (number, rule) in report.rules.iter().enumerate() {
        if rule.mode == RuleMode::Off {
            continue;
        }
        let mut raise = |kind| found.push(Alarm { about: rule.id.clone(), kind });
        if rule.hits.all == 0 {
            raise(AlarmKind::NeverTrue);
        }
        if let Some(share) = rule.unknown_share.filter(|share| *share >= MOSTLY_UNKNOWN) {
            raise(AlarmKind::MostlyUnknown { share });
        }
        let (saved_cents, lost_cents) = (rule.saved_cents, rule.lost_cents);
        if rule.action == RuleAction::Allow && rule.hits.of(Fate::Fraud) > 0 {
            let (frauds, fraud_cents) = (rule.hits.of(Fate::Fraud), rule.hits.fraud_cents);
            raise(AlarmKind::AllowsFraud { frauds, fraud_cents });
        } else if lost_cents > saved_cents {
            let insulted_buyers = rule.insulted_buyers;
            raise(AlarmKind::CostsMoreThanItSaves { saved_cents, lost_cents, insulted_buyers });
        }
        if let Some(by) = covering(report, number, rule) {
            raise(AlarmKind::Covered { by, hits: rule.hits.all });
        }
    }
    for pack in report.packs.iter().filter(|pack| pack.lost_cents > pack.saved_cents) {
        let kind = AlarmKind::CostsMoreThanItSaves {
            saved_cents: pack.saved_cents,
            lost_cents: pack.lost_cents,
            insulted_buyers: pack.insulted_buyers,
        };
        found.push(Alarm { about: format!("all of {}", pack.pack), kind });
    }
    found
}

/// The first rule that matches wherever this one does and acts as hard or harder, before it where both
/// match the same rows. Adjustments and tags add to what others do, so nothing covers them.
fn covering(report: &Report, number: usize, rule: &RuleReport) -> Option<String> {
    let adds = |action| matches!(action, RuleAction::Adjust | RuleAction::Tag);
    let row = report.overlap.get(number)?;
    if rule.hits.all == 0 || adds(rule.action) {
        return None;
    }
    let covers = |(other, (theirs, shared)): &(usize, (&RuleReport, &u64))| {
        let harder = theirs.action <= rule.action && theirs.mode == rule.mode;
        let sooner = theirs.hits.all > rule.hits.all || *other < number;
        *other != number && harder && sooner && **shared == rule.hits.all
    };
    let mut others = report.rules.iter().zip(row).enumerate();
    others.find(covers).map(|(_, (theirs, _))| theirs.id.clone())
}
