//! Whether a backtest decides as was decided: same hits and same action wherever the decision names the
//! rules at hand, whatever held rules back then (a clean history, an appeal, a snooze, a canary's share).
//!
//! A backtest that can't tell the past right tells nothing of what might have been. Decisions made with
//! other rules are counted and not compared; of those for which other costs were weighed only the hits are.

use super::sale::PastSale;
use crate::domain::{Action, RuleHit, Timestamp};
use crate::rules::backtest::Judgement;
use crate::rules::{Rule, RuleSet};
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
    /// Of those compared, by their hits alone, since other costs were weighed.
    pub other_costs: u64,
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
        let recorded_hits = then().map(|hit| (hit.id.as_str(), hit.mode));
        let same_hits = now().map(|rule| (rule.id.as_str(), rule.mode)).eq(recorded_hits);
        let by_hits_alone = recorded.policy != self.policy;
        self.found.other_costs += u64::from(by_hits_alone);
        let same_action = by_hits_alone || judged.action == Some(sale.was);
        if same_hits && same_action {
            self.found.same += 1;
            return;
        }
        self.found.different += 1;
        let is = |hit: &RuleHit, rule: &Rule| rule.id == hit.id && rule.mode == hit.mode;
        let lost = then().filter(|hit| !now().any(|rule| is(hit, rule)));
        let gained = now().filter(|rule| !then().any(|hit| is(hit, rule)));
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
        mine.other_costs += theirs.other_costs;
        mine.other_rules += theirs.other_rules;
        other.listed.into_values().for_each(|different| self.list(different));
    }

    /// The result so far.
    pub fn result(&self) -> Reproduction {
        Reproduction { listed: self.listed.values().cloned().collect(), ..self.found.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Policy;
    use crate::domain::{Calibration, RuleAction, RuleMode};
    use crate::engine::past::sale::Recorded;
    use crate::rules::Source;

    const RULES: &str = "[[rule]]\nid = \"tor\"\naction = \"review\"\nreason = \"R\"\ntext = \"R.\"\n\
                         when = 'ip.tor'\n";

    #[test]
    fn another_hit_or_action_is_a_difference_and_other_rules_are_none() {
        let set = RuleSet::from_sources(&[Source::new("a.toml", RULES)]).unwrap();
        let policy = Policy::default();
        let judged = |hits: &[usize], action| Judgement {
            hits: hits.to_vec(),
            action: Some(action),
            ..Judgement::default()
        };
        let action = RuleAction::Review;
        let hit = |mode| RuleHit { id: "tor".to_owned(), action, mode, held_back: None };
        let sale = |number, rules: &str, hits: Vec<RuleHit>| PastSale {
            number,
            id: format!("tx-{number}"),
            at: Timestamp::default(),
            label: None,
            refused: false,
            is_payment: true,
            buyer: None,
            was: Action::Review,
            calibration: Calibration::None,
            recorded: Some(Recorded {
                hits,
                rules: rules.to_owned(),
                policy: match number {
                    7 => "others".to_owned(),
                    _ => crate::engine::artefacts::policy_digest(&policy),
                },
            }),
        };
        let ours = set.digest().to_owned();
        let mut found = Reproduced::new(ours.clone(), &policy);
        let live = || vec![hit(RuleMode::Live)];
        found.add(&sale(1, &ours, live()), &set, &judged(&[0], Action::Review));
        found.add(&sale(2, "others", vec![]), &set, &judged(&[0], Action::Review));
        let mut other = Reproduced::new(ours.clone(), &policy);
        other.add(&sale(5, &ours, live()), &set, &judged(&[], Action::Approve));
        other.add(&sale(3, &ours, vec![]), &set, &judged(&[0], Action::Review));
        other.add(&sale(4, &ours, live()), &set, &judged(&[0], Action::Decline));
        let shadow = vec![hit(RuleMode::Shadow)];
        other.add(&sale(6, &ours, shadow), &set, &judged(&[0], Action::Review));
        other.add(&sale(7, &ours, live()), &set, &judged(&[0], Action::Decline));
        found.merge(other);
        let result = found.result();
        let counts = (result.compared, result.same, result.different, result.other_rules);
        assert_eq!((counts, result.other_costs), ((6, 2, 4, 1), 1));
        let listed: Vec<_> = result.listed.iter().map(|d| (d.number, d.rules.join(" "))).collect();
        let text = |number, rules: &str| (number, rules.to_owned());
        assert_eq!(listed, [text(3, "+tor"), text(4, ""), text(5, "-tor"), text(6, "-tor +tor")]);
    }
}
