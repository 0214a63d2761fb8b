//! Cases of `decide`: precedence of rules, what the score may do, properties.

use super::*;
use proptest::prelude::*;

fn sale(amount: &str) -> Sale {
    Sale {
        amount: Some(Amount::parse(amount, Currency::EUR).unwrap()),
        euro_rate: Some(1.0),
        right: Some(DisputeRight::Chargeback),
        liability_shifted: false,
        fulfilment: Some(FulfilmentMethod::LicenceKey),
        can_ask: [true; ChallengeKind::ALL.len()],
        is_spared: false,
    }
}

fn rule(action: RuleAction) -> Matched {
    Matched { action, acts: true, guard: true, adjust: 0.0, challenge: None }
}

fn score(fraud_probability: f64, calibration: Calibration) -> ScoreOutcome {
    ScoreOutcome { fraud_probability, calibration }
}

#[test]
fn tiers_decide_in_order() {
    use RuleAction as R;
    let cases: &[(&[R], Action)] = &[
        (&[], Action::Approve),
        (&[R::Tag], Action::Approve),
        (&[R::Challenge], Action::Challenge),
        (&[R::Challenge, R::Review], Action::Review),
        (&[R::Review, R::Block], Action::Decline),
        (&[R::Block, R::Allow], Action::Approve),
        (&[R::Allow, R::HardBlock], Action::Decline),
    ];
    for (actions, expected) in cases {
        let matched: Vec<_> = actions.iter().map(|a| rule(*a)).collect();
        let verdict = decide(&Policy::default(), None, &matched, &sale("49.00"));
        assert_eq!(verdict.action, *expected, "{actions:?}");
    }
}

#[test]
fn shadow_rules_do_not_act() {
    let shadow = Matched { acts: false, ..rule(RuleAction::HardBlock) };
    assert_eq!(decide(&Policy::default(), None, &[shadow], &sale("49")).action, Action::Approve);
}

#[test]
fn a_synthetic_score_advises_and_a_merchant_score_acts() {
    let decide_at = |calibration| {
        decide(&Policy::default(), Some(score(0.97, calibration)), &[], &sale("49.00"))
    };
    let synthetic = decide_at(Calibration::Synthetic);
    assert_eq!(synthetic.action, Action::Approve);
    assert!(synthetic.costs.is_some());
    assert_eq!(decide_at(Calibration::Merchant).action, Action::Decline);
}

#[test]
fn an_adjustment_moves_the_policy_probability_only() {
    let adjust = Matched { adjust: 2.0, ..rule(RuleAction::Adjust) };
    let verdict = decide(
        &Policy::default(),
        Some(score(0.1, Calibration::Merchant)),
        &[adjust],
        &sale("49.00"),
    );
    let costs = verdict.costs.unwrap();
    let expected = 1.0 / (1.0 + (-((0.1_f64 / 0.9).ln() + 2.0)).exp());
    assert!((costs.policy_probability - expected).abs() < 1e-12);
}

#[test]
fn a_rule_names_the_challenge_if_the_buyer_can_be_asked() {
    let asks = Matched { challenge: Some(ChallengeKind::SmsOtp), ..rule(RuleAction::Challenge) };
    let verdict = decide(&Policy::default(), None, &[asks], &sale("49"));
    assert_eq!(verdict.challenge, Some(ChallengeKind::SmsOtp));
    assert_eq!(verdict.delivery, Delivery::Hold);
    let mut mute = sale("49");
    mute.can_ask = [false; ChallengeKind::ALL.len()];
    assert_eq!(decide(&Policy::default(), None, &[asks], &mute).challenge, None);
}

#[test]
fn credit_is_released_in_part_while_a_person_looks() {
    let mut top_up = sale("49.99");
    top_up.fulfilment = Some(FulfilmentMethod::Credits);
    let verdict = decide(&Policy::default(), None, &[rule(RuleAction::Review)], &top_up);
    assert_eq!(verdict.delivery, Delivery::Limited);
    assert_eq!(verdict.credit_limit.unwrap().to_string(), "4.99 EUR");
}

#[test]
fn without_a_rate_costs_stay_in_the_transactions_currency() {
    let mut dinar = sale("100");
    dinar.amount = Some(Amount::parse("100", "BIF".parse().unwrap()).unwrap());
    dinar.euro_rate = None;
    let verdict = decide(&Policy::default(), Some(score(0.1, Calibration::Synthetic)), &[], &dinar);
    assert_eq!(verdict.costs.unwrap().currency, "BIF");
}

#[test]
fn thresholds_replace_costs() {
    let thresholds = Thresholds { challenge: Some(10.0), review: Some(40.0), decline: Some(90.0) };
    let policy = Policy { thresholds: Some(thresholds), ..Policy::default() };
    for (p, action) in [
        (0.05, Action::Approve),
        (0.2, Action::Challenge),
        (0.4, Action::Review),
        (0.95, Action::Decline),
    ] {
        let verdict = decide(&policy, Some(score(p, Calibration::Merchant)), &[], &sale("49"));
        assert_eq!(verdict.action, action, "{p}");
    }
}

#[test]
fn a_buyer_with_a_clean_history_is_spared_a_guarded_block() {
    use RuleAction as R;
    let sale = Sale { is_spared: true, ..sale("49.00") };
    let open = Policy::default();
    let closed = Policy { review_open: false, ..Policy::default() };
    let mute = Policy { challenges: Vec::new(), ..closed.clone() };
    let unguarded = Matched { guard: false, ..rule(R::Block) };
    let cases: &[(&Policy, &[Matched], Action, bool)] = &[
        (&open, &[rule(R::Block)], Action::Review, true),
        (&closed, &[rule(R::Block)], Action::Challenge, true),
        (&mute, &[rule(R::Block)], Action::Decline, false),
        (&closed, &[rule(R::Block), rule(R::Review)], Action::Review, true),
        (&open, &[rule(R::HardBlock)], Action::Decline, false),
        (&open, &[rule(R::Block), rule(R::HardBlock)], Action::Decline, false),
        (&open, &[rule(R::Block), unguarded], Action::Decline, false),
        (&open, &[rule(R::Block), rule(R::Allow)], Action::Approve, false),
        (&open, &[rule(R::Challenge)], Action::Challenge, false),
    ];
    for (policy, matched, action, spared) in cases {
        let verdict = decide(policy, None, matched, &sale);
        assert_eq!((verdict.action, verdict.spared), (*action, *spared), "{matched:?}");
    }
    let by_score = decide(&open, Some(score(0.97, Calibration::Merchant)), &[], &sale);
    assert_ne!(by_score.action, Action::Decline);
    assert!(by_score.spared);
}

proptest! {
    #[test]
    fn no_risk_is_always_approved(cents in 0_i64..10_000_000_000, fulfilment in 0..FulfilmentMethod::ALL.len()) {
        let mut sale = sale("1");
        sale.amount = Some(Amount::new(Decimal::new(cents, 2), Currency::EUR).unwrap());
        sale.fulfilment = FulfilmentMethod::ALL.get(fulfilment).copied();
        let verdict = decide(&Policy::default(), Some(score(0.0, Calibration::Merchant)), &[], &sale);
        prop_assert_eq!(verdict.action, Action::Approve);
        prop_assert_eq!(verdict.delivery, Delivery::Now);
    }

    #[test]
    fn a_chance_to_win_never_raises_the_approval_of_theft(
        p in 0.0..1.0_f64, cents in 0_i64..1_000_000, low in 0.0..=1.0_f64, high in 0.0..=1.0_f64,
    ) {
        let mut sale = sale("1");
        sale.amount = Some(Amount::new(Decimal::new(cents, 2), Currency::EUR).unwrap());
        let with = |win_chance| {
            let policy = Policy::default();
            let costs = CostPolicy { win_chance, ..policy.costs };
            let policy = Policy { costs, ..policy };
            let mut verdict = decide(&policy, Some(score(p, Calibration::Merchant)), &[], &sale);
            // It is told as a term, and moves no cost of theft.
            if let Some(costs) = &mut verdict.costs {
                costs.terms.retain(|term, _| term != "w" && term != "Lm");
            }
            verdict
        };
        prop_assert_eq!(with(low), with(high));
    }

    #[test]
    fn the_cheapest_action_on_offer_wins(p in 0.0..1.0_f64, cents in 0_i64..1_000_000) {
        let mut sale = sale("1");
        sale.amount = Some(Amount::new(Decimal::new(cents, 2), Currency::EUR).unwrap());
        let verdict = decide(&Policy::default(), Some(score(p, Calibration::Merchant)), &[], &sale);
        let costs = verdict.costs.unwrap().expected;
        let least = costs.values().copied().fold(f64::INFINITY, f64::min);
        prop_assert!(costs[&verdict.action] <= least);
    }
}
