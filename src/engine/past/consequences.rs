//! What follows from actions on a past sale: the score's own action and the policy's costs, read from
//! the record.

use super::sale::{Maturity, PastSale};
use crate::decision::{Matched, Policy, Sale, ScoreOutcome, costs_in_hindsight, decide};
use crate::domain::{Action, Calibration, RuleAction};
use crate::engine::chain;
use crate::features::{FieldId, Record, Value, fields as f};
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
        chain::sale(self.record)
    }
}

impl Consequences for Then<'_> {
    fn by_score(&self, adjust: f64) -> Action {
        let fraud_probability = self.record.numeric(f::MODEL_FRAUD_PROBABILITY);
        if self.calibration != Calibration::Merchant || fraud_probability.is_nan() {
            return Action::Approve;
        }
        let score = ScoreOutcome { fraud_probability, calibration: self.calibration };
        let action = RuleAction::Adjust;
        let matched = [Matched { action, acts: true, guard: true, adjust, challenge: None }];
        decide(self.policy, Some(score), &matched, &self.sale()).action
    }

    fn costs(&self, is_fraud: bool) -> Option<Costs> {
        let euros = costs_in_hindsight(self.policy, &self.sale(), is_fraud)?;
        Some(Costs(euros.map(|euros| (100.0 * euros).round().to_i64().unwrap_or(i64::MAX))))
    }
}
