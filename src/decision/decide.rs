//! The decision itself.

use super::cost::{CostTerms, ExpectedCosts, expected_costs};
use super::delivery::delivery;
use super::policy::{CostPolicy, Policy, Thresholds};
use crate::domain::{
    Action, Amount, Calibration, ChallengeKind, Costs, Currency, Delivery, DisputeRight,
    FulfilmentMethod, RuleAction,
};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

/// What the model says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreOutcome {
    /// Calibrated P(theft or takeover), in (0, 1).
    pub fraud_probability: f64,
    /// How it was calibrated; only a merchant's own labels let the score act.
    pub calibration: Calibration,
}

/// A rule that matched, as far as the decision cares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matched {
    /// What it does.
    pub action: RuleAction,
    /// Whether it acts: by its mode, and for this buyer.
    pub acts: bool,
    /// Whether a block of it spares who is to be spared.
    pub guard: bool,
    /// Log-odds, for `adjust`; 0 otherwise.
    pub adjust: f64,
    /// What to ask for, for `challenge`.
    pub challenge: Option<ChallengeKind>,
}

/// The facts of the sale the costs need.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sale {
    /// The price; `None` where nothing is charged.
    pub amount: Option<Amount>,
    /// Euro per unit of the amount's currency; `None` where there is no rate.
    pub euro_rate: Option<f64>,
    /// The payer's right to reverse the payment; `None` where not known.
    pub right: Option<DisputeRight>,
    /// True when liability for fraud has already moved to the issuer.
    pub liability_shifted: bool,
    /// How the good is delivered.
    pub fulfilment: Option<FulfilmentMethod>,
    /// The challenges this buyer could be asked.
    pub can_ask: [bool; ChallengeKind::ALL.len()],
    /// Whether a decline of this buyer is to become a milder action: a clean history, or an appeal.
    pub is_spared: bool,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What to do.
    pub action: Action,
    /// What to do with the good.
    pub delivery: Delivery,
    /// What to ask for, where the action is a challenge.
    pub challenge: Option<ChallengeKind>,
    /// How much credit to release, where delivery is limited to it.
    pub credit_limit: Option<Amount>,
    /// The expected costs; `None` without a score.
    pub costs: Option<Costs>,
    /// True where it would have been a decline.
    pub spared: bool,
}

/// Decides. Pure: equal arguments give equal verdicts.
pub fn decide(
    policy: &Policy,
    score: Option<ScoreOutcome>,
    matched: &[Matched],
    sale: &Sale,
) -> Verdict {
    let live = || matched.iter().filter(|m| m.acts);
    let adjust: f64 = live().filter(|m| m.action == RuleAction::Adjust).map(|m| m.adjust).sum();
    let can_ask: Vec<ChallengeKind> = ChallengeKind::ALL
        .iter()
        .zip(sale.can_ask)
        .filter_map(|(kind, can)| can.then_some(*kind))
        .collect();
    let (currency, costs) = cost_policy(policy, sale);
    let expected = score.map(|score| {
        let terms = CostTerms {
            p: shift(score.fraud_probability, adjust),
            q: 0.0,
            amount: sale.amount.and_then(|a| a.value().to_f64()).unwrap_or(0.0),
            right: sale.right,
            liability_shifted: sale.liability_shifted,
            per_euro: per_euro(sale),
        };
        expected_costs(policy, &costs, terms, &can_ask)
    });
    let harsh = rule_action(matched).unwrap_or_else(|| by_score(policy, score, expected.as_ref()));
    let milder = if sale.is_spared && harsh == Action::Decline {
        soften(policy, matched, expected.as_ref(), &can_ask)
    } else {
        None
    };
    let action = milder.unwrap_or(harsh);
    let challenge = (action == Action::Challenge)
        .then(|| {
            let asked = live().filter_map(|m| m.challenge).find(|kind| can_ask.contains(kind));
            asked.or(expected.as_ref().and_then(|e| e.challenge)).or(can_ask.first().copied())
        })
        .flatten();
    let delivery = delivery(action, sale.fulfilment);
    Verdict {
        action,
        delivery,
        challenge,
        credit_limit: credit_limit(policy, delivery, sale),
        spared: milder.is_some(),
        costs: expected.map(|expected| Costs {
            currency: currency.code().to_owned(),
            policy_probability: expected.terms.get("p").copied().unwrap_or_default(),
            expected: expected.by_action,
            terms: expected.terms.into_iter().map(|(name, x)| (name.to_owned(), x)).collect(),
        }),
    }
}

/// The one action that live rules leave, hardest tier first; `None` when they leave all.
fn rule_action(matched: &[Matched]) -> Option<Action> {
    let tiers = [
        (RuleAction::HardBlock, Action::Decline),
        (RuleAction::Allow, Action::Approve),
        (RuleAction::Block, Action::Decline),
        (RuleAction::Review, Action::Review),
        (RuleAction::Challenge, Action::Challenge),
    ];
    tiers
        .into_iter()
        .find(|(tier, _)| matched.iter().any(|m| m.acts && m.action == *tier))
        .map(|(_, action)| action)
}

/// What a decline becomes for a buyer who is to be spared; `None` where it stays: a hard block, a block
/// without a guard, or a merchant who neither reviews nor can ask this buyer anything.
///
/// A review that a rule asks for beside stays one. Otherwise the cheaper of review and challenge wins,
/// and without a score a person looks.
fn soften(
    policy: &Policy,
    matched: &[Matched],
    expected: Option<&ExpectedCosts>,
    can_ask: &[ChallengeKind],
) -> Option<Action> {
    let mut acting = matched.iter().filter(|m| m.acts);
    let holds = |m: &Matched| match m.action {
        RuleAction::HardBlock => true,
        RuleAction::Block => !m.guard,
        _ => false,
    };
    if acting.clone().any(holds) {
        return None;
    }
    if acting.any(|m| m.action == RuleAction::Review) {
        return Some(Action::Review);
    }
    let asks = policy.challenges.iter().any(|challenge| can_ask.contains(&challenge.kind));
    let cost = |action| expected.and_then(|e| e.by_action.get(&action)).copied().unwrap_or(0.0);
    match (policy.review_open, asks) {
        (true, true) if cost(Action::Challenge) < cost(Action::Review) => Some(Action::Challenge),
        (true, _) => Some(Action::Review),
        (false, true) => Some(Action::Challenge),
        (false, false) => None,
    }
}

/// The action the score asks for: by thresholds where they are set, else by least cost.
fn by_score(
    policy: &Policy,
    score: Option<ScoreOutcome>,
    expected: Option<&ExpectedCosts>,
) -> Action {
    let (Some(score), Some(expected)) = (score, expected) else { return Action::Approve };
    if score.calibration != Calibration::Merchant {
        return Action::Approve;
    }
    let p = expected.terms.get("p").copied().unwrap_or_default();
    match policy.thresholds {
        Some(thresholds) => by_threshold(thresholds, 100.0 * p),
        // Ties go to the milder action: the map is ordered from approve to decline.
        None => expected
            .by_action
            .iter()
            .min_by(|a, b| a.1.total_cmp(b.1))
            .map_or(Action::Approve, |(action, _)| *action),
    }
}

fn by_threshold(thresholds: Thresholds, score: f64) -> Action {
    let reached = |threshold: Option<f64>| threshold.is_some_and(|t| score >= t);
    if reached(thresholds.decline) {
        Action::Decline
    } else if reached(thresholds.review) {
        Action::Review
    } else if reached(thresholds.challenge) {
        Action::Challenge
    } else {
        Action::Approve
    }
}

/// Moves a probability by `log_odds`.
fn shift(p: f64, log_odds: f64) -> f64 {
    if log_odds == 0.0 {
        return p;
    }
    let odds = (p / (1.0 - p)).ln() + log_odds;
    1.0 / (1.0 + (-odds).exp())
}

/// The costs to use and their currency: the transaction's own settings, else the euro settings
/// converted, else (no rate) the euro figures taken as they are in the transaction's currency.
pub(super) fn cost_policy(policy: &Policy, sale: &Sale) -> (Currency, CostPolicy) {
    let Some(amount) = sale.amount else { return (Currency::EUR, policy.costs) };
    let currency = amount.currency();
    if let Some(own) = policy.costs_by_currency.get(currency.code()) {
        return (currency, *own);
    }
    (currency, policy.costs.in_other_currency(per_euro(sale)))
}

/// Units of the transaction's currency for one euro; 1 without a rate.
pub(super) fn per_euro(sale: &Sale) -> f64 {
    sale.euro_rate.filter(|rate| *rate > 0.0).map_or(1.0, |rate| 1.0 / rate)
}

fn credit_limit(policy: &Policy, delivery: Delivery, sale: &Sale) -> Option<Amount> {
    if delivery != Delivery::Limited || sale.fulfilment != Some(FulfilmentMethod::Credits) {
        return None;
    }
    let amount = sale.amount?;
    let share = Decimal::from_f64(policy.limited_credit_share)?;
    let digits = u32::from(amount.currency().exponent().unwrap_or(2));
    Amount::new((amount.value() * share).trunc_with_scale(digits), amount.currency()).ok()
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
