//! Whether a backtest decides as was decided: same hits and same action wherever the decision names the
//! rules at hand.
//!
//! A backtest that can't tell the past right tells nothing of what might have been. Decisions made with
//! other rules are counted and not compared; with other costs only their hits are.

use super::sale::PastSale;
use crate::domain::{Action, RuleMode, Timestamp};
use crate::rules::RuleSet;
use crate::rules::backtest::Judgement;
use serde::Serialize;
use std::collections::BTreeMap;

/// Most differences listed one by one; all are counted.
const MAX_LISTED: usize = 1_000;

/// A comparison under way.
#[derive(Debug, Clone)]
pub struct Reproduced {
    rules: String,
    policy: String,
    found: Reproduction,
    listed: BTreeMap<u64, Different>,
}

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reproduction {
    /// Decisions that name the rules at hand.
    pub compared: u64,
    /// Of these, decided alike.
    pub same: u64,
    /// Of these, not decided alike.
    pub different: u64,
    /// Made with other rules.
    pub other_rules: u64,
    /// The first that differ.
    pub listed: Vec<Different>,
}

/// A decision that is not as it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Different {
    /// The entry's number.
    pub number: u64,
    /// The transaction.
    pub transaction_id: String,
    /// When it happened.
    pub event_time: Timestamp,
    /// The action recorded.
    pub was: Action,
    /// The action of the backtest.
    pub now: Option<Action>,
    /// Rules that matched then and not now, `-id`, and now and not then, `+id`.
    pub rules: Vec<String>,
}

impl Reproduced {
    /// Nothing compared yet, with rules and costs of these digests.
    pub fn new(rules: String, policy: &crate::decision::Policy) -> Self {
        let policy = crate::engine::artefacts::policy_digest(policy);
        Self { rules, policy, found: Reproduction::default(), listed: BTreeMap::new() }
    }

    /// Compares one decision.
    pub fn add(&mut self, sale: &PastSale, set: &RuleSet, judged: &Judgement) {
        let Some(recorded) = &sale.recorded else { return };
        if recorded.rules != self.rules {
            self.found.other_rules += 1;
            return;
        }
        self.found.compared += 1;
        let now = || judged.hits.iter().filter_map(|hit| set.rules().get(*hit));
        let then = || recorded.hits.iter();
        let same_hits = now().map(|rule| (rule.id.as_str(), rule.mode)).eq(then()
            .map(|hit| (hit.id.as_str(), hit.mode)));
        let same_action = recorded.policy != self.policy || judged.action == Some(sale.was);
        if same_hits && same_action {
            self.found.same += 1;
            return;
        }
        self.found.different += 1;
        let differs = |mode: RuleMode, other: RuleMode| mode != other;
        let lost = then().filter(|hit| {
            !now().any(|rule| rule.id == hit.id && !differs(rule.mode, hit.mode))
        });
        let gained = now().filter(|rule| {
            !then().any(|hit| rule.id == hit.id && !differs(rule.mode, hit.mode))
        });
        let lost = lost.map(|hit| format!("-{}", hit.id));
        let rules = lost.chain(gained.map(|rule| format!("+{}", rule.id))).collect();
        self.list(Different {
            number: sale.number,
            transaction_id: sale.id.clone(),
            event_time: sale.at,
            was: sale.was,
            now: judged.action,
            rules,
        });
    }

    fn list(&mut self, different: Different) {
        self.listed.insert(different.number, different);
        if self.listed.len() > MAX_LISTED {
            self.listed.pop_last();
        }
    }

    /// Takes in what another part found.
    pub fn merge(&mut self, other: Self) {
        let (mine, theirs) = (&mut self.found, other.found);
        mine.compared += theirs.compared;
        mine.same += theirs.same;
        mine.different += theirs.different;
        mine.other_rules += theirs.other_rules;
        other.listed.into_values().for_each(|different| self.list(different));
    }

    /// The result so far.
    pub fn result(&self) -> Reproduction {
        Reproduction { listed: self.listed.values().cloned().collect(), ..self.found.clone() }
    }
}
