//! What each action would have cost once it is known what the sale was.

use super::cost::{CostTerms, bare_costs};
use super::decide::{Sale, cost_policy, per_euro};
use super::policy::Policy;
use crate::domain::{ChallengeKind, Currency};
use rust_decimal::prelude::ToPrimitive;

/// What each action costs on a sale that is fraud, or on one that is good, in euro, in the order of
/// `Action::ALL`; `None` for a price that can't be converted.
///
/// The expected costs at p = 1 or at p = 0, with q = 0. The challenge is the one that is best at even
/// odds; where none can be asked the buyer can't pass one, and it costs what a refusal does. A review is
/// priced whether the queue is open or not, since rules ask for one either way.
pub fn costs_in_hindsight(policy: &Policy, sale: &Sale, is_fraud: bool) -> Option<[f64; 4]> {
    let known = |amount: crate::domain::Amount| {
        amount.currency() == Currency::EUR || sale.euro_rate.is_some_and(|rate| rate > 0.0)
    };
    if !sale.amount.is_none_or(known) {
        return None;
    }
    let (_, costs) = cost_policy(policy, sale);
    let per_euro = per_euro(sale);
    let terms = |p| CostTerms {
        p,
        q: 0.0,
        amount: sale.amount.and_then(|amount| amount.value().to_f64()).unwrap_or(0.0),
        right: sale.right,
        liability_shifted: sale.liability_shifted,
        per_euro,
    };
    let can_ask = |kind: ChallengeKind| {
        ChallengeKind::ALL.iter().zip(sale.can_ask).any(|(other, can)| can && *other == kind)
    };
    let closed = (!policy.review_open).then(|| Policy { review_open: true, ..policy.clone() });
    let policy = (closed.as_ref().unwrap_or(policy), &costs);
    // The buyer is asked before anything is known: hindsight must not choose the challenge.
    let asked = bare_costs(policy, terms(0.5), can_ask).0.challenge;
    let p = if is_fraud { 1.0 } else { 0.0 };
    let (expected, _) = bare_costs(policy, terms(p), |kind| asked == Some(kind));
    // In the order of the actions, as the answer.
    let [_, _, _, refused] = expected.by_action;
    Some(expected.by_action.map(|cost| cost.or(refused).unwrap_or(0.0) / per_euro))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Amount, DisputeRight};

    fn sale(amount: &str, currency: &str, euro_rate: Option<f64>) -> Sale {
        Sale {
            amount: Some(Amount::parse(amount, currency.parse().unwrap()).unwrap()),
            euro_rate,
            right: Some(DisputeRight::Chargeback),
            liability_shifted: false,
            fulfilment: None,
            can_ask: [true; ChallengeKind::ALL.len()],
            is_spared: false,
        }
    }

    #[test]
    fn a_known_sale_costs_what_the_formulas_say() {
        let policy = Policy::default();
        let rounded = |sale: &Sale, is_fraud| {
            let costs = costs_in_hindsight(&policy, sale, is_fraud).unwrap();
            costs.map(|cost| format!("{cost:.2}"))
        };
        // Lf = 78 and G = 86, as in `cost`; 3-D Secure shifts the liability: 0.1 + 0.25·61, 0.1 + 0.12·86.
        let euro = sale("100", "EUR", Some(1.0));
        assert_eq!(rounded(&euro, true), ["78.00", "15.35", "26.40", "0.00"]);
        assert_eq!(rounded(&euro, false), ["0.00", "10.42", "11.60", "86.00"]);
        // The same price told in another currency costs the same.
        assert_eq!(rounded(&sale("200", "USD", Some(0.5)), true), rounded(&euro, true));
        assert_eq!(rounded(&sale("200", "USD", Some(0.5)), false), rounded(&euro, false));
        assert_eq!(costs_in_hindsight(&policy, &sale("200", "USD", None), true), None);
        let closed = Policy { review_open: false, ..Policy::default() };
        assert_eq!(
            costs_in_hindsight(&closed, &euro, true),
            costs_in_hindsight(&policy, &euro, true)
        );
    }
}
