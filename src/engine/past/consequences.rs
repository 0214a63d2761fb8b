//! What follows from actions on a past sale: the score's own action and the policy's costs, read from
//! the record.

use super::sale::{Maturity, PastSale};
use crate::decision::{Matched, Policy, Sale, ScoreOutcome, costs_in_hindsight, decide};
use crate::domain::{Action, Calibration, RuleAction};
use crate::engine::{chain, standing};
use crate::features::{FieldId, Record, Value, fields as f};
use crate::rules::Hit;
use crate::rules::backtest::{Consequences, Costs, Row};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// How past sales are judged: the costs of a policy, and when silence means good.
#[derive(Debug, Clone)]
pub struct Hindsight {
    /// The costs.
    pub policy: Policy,
    /// What silence means.
    pub maturity: Maturity,
}

impl Hindsight {
    /// Fields a row needs beside those its rules read.
    pub const FIELDS: &'static [FieldId] = &[
        f::EVENT_TIME,
        f::AMOUNT,
        f::AMOUNT_EUR,
        f::EUR_RATE,
        f::PAYMENT_METHOD,
        f::CARD_FINGERPRINT,
        f::CARD_THREE_DS_LIABILITY_SHIFT,
        f::FULFILMENT_METHOD,
        f::ACCOUNT_EMAIL,
        f::ACCOUNT_PHONE,
        f::MODEL_FRAUD_PROBABILITY,
        // Who is spared.
        f::CARD_CLEAN_HISTORY,
        f::ACCOUNT_CLEAN_HISTORY,
        f::DEVICE_ON_ACCOUNT_FIRST_SEEN_H,
        // Who is in a canary's share.
        f::ACCOUNT_ID,
        f::DEVICE_DEVICE_ID,
        f::DEVICE_IP,
    ];

    /// Calls `each` with the sale as a backtest reads it.
    pub fn row<T>(&self, sale: &PastSale, record: &Record, each: impl FnOnce(&Row<'_>) -> T) -> T {
        let then = Then { policy: &self.policy, record, calibration: sale.calibration };
        each(&Row {
            number: sale.number,
            id: &sale.id,
            record,
            at: sale.at,
            fate: self.maturity.fate(sale),
            buyer: sale.buyer,
            cents: euro_cents(record),
            was: sale.was,
            then: &then,
        })
    }
}

fn euro_cents(record: &Record) -> Option<i64> {
    match record.get(f::AMOUNT_EUR) {
        Value::Decimal(euros) => (euros.checked_mul(Decimal::ONE_HUNDRED)?).round().to_i64(),
        _ => None,
    }
}

struct Then<'r> {
    policy: &'r Policy,
    record: &'r Record,
    calibration: Calibration,
}

impl Then<'_> {
    fn sale(&self) -> Sale {
        Sale { is_spared: self.is_spared(), ..chain::sale(self.record) }
    }

    fn score(&self) -> Option<ScoreOutcome> {
        let fraud_probability = self.record.numeric(f::MODEL_FRAUD_PROBABILITY);
        let is_known = self.calibration != Calibration::None && !fraud_probability.is_nan();
        is_known.then_some(ScoreOutcome { fraud_probability, calibration: self.calibration })
    }
}

impl Consequences for Then<'_> {
    fn acts(&self, hit: &Hit<'_>) -> bool {
        standing::acts(hit, self.record)
    }

    fn is_spared(&self) -> bool {
        standing::spares(self.policy, self.record).is_some()
    }

    fn decide(&self, acting: &mut dyn Iterator<Item = Hit<'_>>) -> Action {
        let matched: Vec<Matched> = acting
            .map(|hit| Matched {
                action: hit.action,
                acts: true,
                guard: hit.guard,
                adjust: hit.adjust,
                challenge: hit.challenge,
            })
            .collect();
        decide(self.policy, self.score(), &matched, &self.sale()).action
    }

    fn by_score(&self, adjust: f64) -> Action {
        if self.calibration != Calibration::Merchant {
            return Action::Approve;
        }
        let action = RuleAction::Adjust;
        let matched = [Matched { action, acts: true, guard: true, adjust, challenge: None }];
        decide(self.policy, self.score(), &matched, &self.sale()).action
    }

    fn costs(&self, is_fraud: bool) -> Option<Costs> {
        let euros = costs_in_hindsight(self.policy, &self.sale(), is_fraud)?;
        Some(Costs(euros.map(|euros| (100.0 * euros).round().to_i64().unwrap_or(i64::MAX))))
    }
}
