//! The expected cost of each action.
//!
//! ```text
//! G  = margin·A + future_margin·insult                              what a lost good buyer costs
//! Lf = d·[(1−ls)·A·ℓ + fee + work + h_dispute] + h_warning          what a fraud costs
//! Lm = (1−w)·A·ℓ + fee + work + h_dispute                           what a misuse dispute costs
//! approve   = p·Lf + q·Lm
//! decline   = (1−p)·G
//! challenge = cost + (1−p)·abandon·G + p·(1−stopped)·Lf + q·Lm      ls = 1 where passing shifts it
//! review    = cost + (1−p)·(delay + false_positive)·G + p·missed·Lf + q·Lm
//! ```
//!
//! Winning chances (`w`) appear in the misuse term only: they never make theft cheaper.

use super::policy::{ChallengePolicy, CostPolicy, Policy};
use crate::domain::{Action, ChallengeKind, DisputeRight};
use std::collections::BTreeMap;

/// What the costs of one sale depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostTerms {
    /// P(theft or takeover), in [0, 1].
    pub p: f64,
    /// P(first-party misuse or service dispute), in [0, 1].
    pub q: f64,
    /// The amount in the cost currency; 0 for a free trial.
    pub amount: f64,
    /// The payer's right to reverse the payment; `None` where the method is not known.
    pub right: Option<DisputeRight>,
    /// True when liability for fraud has already moved to the issuer.
    pub liability_shifted: bool,
    /// Units of the cost currency for one euro: challenges are priced in euro.
    pub per_euro: f64,
}

/// The expected cost of each action on offer.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedCosts {
    /// Cost by action; challenge and review only where they are on offer.
    pub by_action: BTreeMap<Action, f64>,
    /// The challenge whose cost stands for all.
    pub challenge: Option<ChallengeKind>,
    /// The terms by name, for the answer.
    pub terms: BTreeMap<&'static str, f64>,
}

/// Computes the expected costs. Cost: a few dozen floating-point operations and two small maps.
pub fn expected_costs(
    policy: &Policy,
    costs: &CostPolicy,
    sale: CostTerms,
    kinds: &[ChallengeKind],
) -> ExpectedCosts {
    let (bare, Losses { good, fraud, misuse, rate }) =
        bare_costs((policy, costs), sale, |kind| kinds.contains(&kind));
    let terms = BTreeMap::from([
        ("p", sale.p),
        ("q", sale.q),
        ("A", sale.amount),
        ("d", rate),
        ("w", costs.win_chance),
        ("ls", f64::from(u8::from(sale.liability_shifted))),
        ("G", good),
        ("Lf", fraud),
        ("Lm", misuse),
    ]);
    let priced = Action::ALL.iter().zip(bare.by_action);
    let by_action = priced.filter_map(|(action, cost)| Some((*action, cost?))).collect();
    ExpectedCosts { by_action, challenge: bare.challenge, terms }
}

/// The expected costs alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct BareCosts {
    /// In the order of [`Action::ALL`]; `None` for what is not on offer.
    pub(super) by_action: [Option<f64>; Action::ALL.len()],
    /// The challenge whose cost stands for all.
    pub(super) challenge: Option<ChallengeKind>,
}

/// What they are made of.
pub(super) struct Losses {
    good: f64,
    fraud: f64,
    misuse: f64,
    rate: f64,
}

/// The expected costs, of the challenges that can be asked. No allocation.
pub(super) fn bare_costs(
    (policy, costs): (&Policy, &CostPolicy),
    sale: CostTerms,
    can_ask: impl Fn(ChallengeKind) -> bool,
) -> (BareCosts, Losses) {
    let CostTerms { p, q, amount, right, .. } = sale;
    let loss = Loss { costs, amount, rate: costs.dispute_rate(right) };
    let good = costs.margin * amount + costs.future_margin * costs.insult;
    let fraud = loss.fraud(sale.liability_shifted);
    let misuse = loss.misuse();
    let challenge = |c: &ChallengePolicy| {
        let missed =
            p * (1.0 - c.stopped) * loss.fraud(sale.liability_shifted || c.shifts_liability);
        c.cost * sale.per_euro + (1.0 - p) * c.abandon * good + missed + q * misuse
    };
    let best = policy
        .challenges
        .iter()
        .filter(|c| can_ask(c.kind))
        .map(|c| (challenge(c), c.kind))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let review = || {
        let lost = (1.0 - p) * (costs.review_delay + costs.review_false_positive) * good;
        let missed = p * costs.review_missed * fraud;
        costs.review_work + lost + missed + q * misuse
    };
    let cost = |action: &Action| match action {
        Action::Approve => Some(p * fraud + q * misuse),
        Action::Decline => Some((1.0 - p) * good),
        Action::Challenge => best.map(|(cost, _)| cost),
        Action::Review => policy.review_open.then(review),
    };
    let mut by_action = [None; Action::ALL.len()];
    by_action.iter_mut().zip(Action::ALL).for_each(|(slot, action)| *slot = cost(action));
    let losses = Losses { good, fraud, misuse, rate: loss.rate };
    (BareCosts { by_action, challenge: best.map(|(_, kind)| kind) }, losses)
}

/// The two losses a sale can bring.
struct Loss<'a> {
    costs: &'a CostPolicy,
    amount: f64,
    rate: f64,
}

impl Loss<'_> {
    fn per_dispute(&self) -> f64 {
        self.costs.dispute_fee + self.costs.dispute_work + self.costs.dispute_headroom
    }

    fn fraud(&self, liability_shifted: bool) -> f64 {
        let own = if liability_shifted { 0.0 } else { self.amount * self.costs.loss_share };
        self.rate * (own + self.per_dispute()) + self.costs.warning_headroom
    }

    fn misuse(&self) -> f64 {
        (1.0 - self.costs.win_chance) * self.amount * self.costs.loss_share + self.per_dispute()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KINDS: &[ChallengeKind] = ChallengeKind::ALL;

    fn at(p: f64, q: f64, amount: f64, shifted: bool) -> ExpectedCosts {
        let policy = Policy::default();
        let sale = CostTerms {
            p,
            q,
            amount,
            right: Some(DisputeRight::Chargeback),
            liability_shifted: shifted,
            per_euro: 1.0,
        };
        expected_costs(&policy, &policy.costs, sale, KINDS)
    }

    #[test]
    fn a_known_sale_costs_what_the_formulas_say() {
        let costs = at(0.1, 0.0, 100.0, false);
        // G = 0.8·100 + 20·0.3 = 86; Lf = 0.85·(100·0.2 + 60) + 10 = 78
        assert!((costs.terms["G"] - 86.0).abs() < 1e-9);
        assert!((costs.terms["Lf"] - 78.0).abs() < 1e-9);
        assert!((costs.by_action[&Action::Approve] - 7.8).abs() < 1e-9);
        assert!((costs.by_action[&Action::Decline] - 77.4).abs() < 1e-9);
        // review = 3 + 0.9·0.1·86 + 0.1·0.3·78
        assert!((costs.by_action[&Action::Review] - 13.08).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn every_cost_is_monotone_in_p(
            amount in 0.0..100_000.0_f64, q in 0.0..1.0_f64, shifted: bool,
            mut ps in proptest::collection::vec(0.0..=1.0_f64, 8),
        ) {
            ps.sort_by(f64::total_cmp);
            let costs: Vec<_> = ps.iter().map(|p| at(*p, q, amount, shifted)).collect();
            for action in [Action::Approve, Action::Decline, Action::Review] {
                let line: Vec<f64> = costs.iter().map(|c| c.by_action[&action]).collect();
                let slack = 1e-9 * (1.0 + amount);
                let up = line.is_sorted_by(|a, b| *a <= b + slack);
                let down = line.is_sorted_by(|a, b| *a >= b - slack);
                prop_assert!(up || down);
                prop_assert!(action != Action::Approve || up);
                prop_assert!(action != Action::Decline || down);
            }
        }

        #[test]
        fn without_risk_approval_is_free_at_any_amount(amount in 0.0..1e9_f64, shifted: bool) {
            let costs = at(0.0, 0.0, amount, shifted);
            let approve = costs.by_action[&Action::Approve];
            prop_assert!(approve.abs() < f64::EPSILON);
            prop_assert!(costs.by_action.values().all(|cost| *cost >= approve));
        }

        #[test]
        fn beside_misuse_a_chance_to_win_leaves_the_cost_of_theft_as_it_is(
            p in 0.0..=1.0_f64, q in 0.0..=1.0_f64, amount in 0.0..10_000.0_f64, w in 0.0..=1.0_f64,
        ) {
            let policy = Policy::default();
            let of_theft = |win_chance: f64| {
                let costs = CostPolicy { win_chance, ..policy.costs };
                let at = |p| {
                    let sale = CostTerms {
                        p, q, amount, right: None, liability_shifted: false, per_euro: 1.0,
                    };
                    expected_costs(&policy, &costs, sale, KINDS).by_action[&Action::Approve]
                };
                at(p) - at(0.0)
            };
            prop_assert!((of_theft(w) - of_theft(0.0)).abs() <= 1e-9 * (1.0 + amount));
        }

        #[test]
        fn a_better_chance_to_win_never_makes_theft_cheaper(
            p in 0.0..=1.0_f64, amount in 0.0..10_000.0_f64, w in 0.0..=1.0_f64,
        ) {
            let policy = Policy::default();
            let sale = CostTerms {
                p, q: 0.0, amount, right: None, liability_shifted: false, per_euro: 1.0,
            };
            let with = CostPolicy { win_chance: w, ..policy.costs };
            let a = expected_costs(&policy, &policy.costs, sale, KINDS);
            let b = expected_costs(&policy, &with, sale, KINDS);
            prop_assert_eq!(a.by_action, b.by_action);
        }
    }
}
