//! What a wrong decision costs this merchant: the settings behind the expected costs.

use super::pass_through::PassThrough;
use crate::domain::{ChallengeKind, Currency, DisputeRight};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The settings of one merchant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Costs where the transaction's currency has none of its own; stated in euro and converted.
    pub costs: CostPolicy,
    /// Costs by ISO 4217 code, in that currency.
    pub costs_by_currency: BTreeMap<String, CostPolicy>,
    /// The challenges on offer, weakest first.
    pub challenges: Vec<ChallengePolicy>,
    /// Fixed thresholds instead of expected costs; they act on 100 × the policy probability, which is
    /// `risk_score` moved by the rules that adjust.
    pub thresholds: Option<Thresholds>,
    /// False while nobody works the review queue: review is then not admissible by cost.
    pub review_open: bool,
    /// Share of the amount released as credit while a top-up waits for review.
    pub limited_credit_share: f64,
    /// Whether buyers with a clean history are reviewed or challenged where the score or a rule that is
    /// guarded would decline them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub guard_clean_history: bool,
    /// Declines that pass to learn from them; off unless set. Never one by a hard block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pass_through: Option<PassThrough>,
}

/// Costs in one currency. Shares are in [0, 1]; money is per transaction, not below zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CostPolicy {
    /// Margin on the sale, as a share of the amount.
    pub margin: f64,
    /// Margin expected from a good buyer later on; lost in part when they are insulted.
    pub future_margin: f64,
    /// Share of insulted good buyers who do not come back.
    pub insult: f64,
    /// Share of the amount that is really lost with the good: cost of goods, payouts that cannot be
    /// recovered, fees. Never margin.
    pub loss_share: f64,
    /// The processor's dispute fee.
    pub dispute_fee: f64,
    /// Work on one dispute.
    pub dispute_work: f64,
    /// Shadow price of one dispute's monitoring headroom (VAMP, ECM).
    pub dispute_headroom: f64,
    /// Shadow price of one early fraud warning's monitoring headroom.
    pub warning_headroom: f64,
    /// Work on one review.
    pub review_work: f64,
    /// Share of good buyers lost to the wait for a review.
    pub review_delay: f64,
    /// Share of good buyers a reviewer refuses.
    pub review_false_positive: f64,
    /// Share of fraud a reviewer lets through.
    pub review_missed: f64,
    /// P(dispute | fraud) where the method carries a network's chargeback.
    pub chargeback_rate: f64,
    /// P(return | fraud) where the payer's bank returns a debit.
    pub debit_return_rate: f64,
    /// P(return | fraud) where only a special fraud procedure exists (Pix MED, UPI).
    pub fraud_return_rate: f64,
    /// Chance to win a misuse dispute with the evidence this sale would leave.
    pub win_chance: f64,
}

/// One kind of challenge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengePolicy {
    /// What is asked.
    pub kind: ChallengeKind,
    /// What it costs to ask, in euro.
    pub cost: f64,
    /// Share of good buyers who give up.
    pub abandon: f64,
    /// Share of fraudsters it stops.
    pub stopped: f64,
    /// True when passing it moves liability to the issuer.
    pub shifts_liability: bool,
}

/// Fixed thresholds on `risk_score`, each optional, from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Challenge from here on.
    pub challenge: Option<f64>,
    /// Review from here on.
    pub review: Option<f64>,
    /// Decline from here on.
    pub decline: Option<f64>,
}

/// A setting outside its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` must be {range}")]
pub struct PolicyError {
    /// The setting's path.
    pub key: String,
    /// What it may be.
    pub range: &'static str,
}

impl Default for Policy {
    fn default() -> Self {
        let challenge = |kind, cost, abandon, stopped| ChallengePolicy {
            kind,
            cost,
            abandon,
            stopped,
            shifts_liability: kind == ChallengeKind::ThreeDs,
        };
        Self {
            costs: CostPolicy::default(),
            costs_by_currency: BTreeMap::new(),
            challenges: vec![
                challenge(ChallengeKind::EmailOtp, 0.0, 0.04, 0.35),
                challenge(ChallengeKind::SmsOtp, 0.05, 0.08, 0.60),
                challenge(ChallengeKind::ThreeDs, 0.10, 0.12, 0.75),
            ],
            thresholds: None,
            review_open: true,
            limited_credit_share: 0.1,
            guard_clean_history: true,
            pass_through: None,
        }
    }
}

impl Default for CostPolicy {
    /// A software seller: high margin, no cost of goods, the fee and the work make the loss.
    fn default() -> Self {
        Self {
            margin: 0.8,
            future_margin: 20.0,
            insult: 0.3,
            loss_share: 0.2,
            dispute_fee: 20.0,
            dispute_work: 15.0,
            dispute_headroom: 25.0,
            warning_headroom: 10.0,
            review_work: 3.0,
            review_delay: 0.05,
            review_false_positive: 0.05,
            review_missed: 0.3,
            chargeback_rate: 0.85,
            debit_return_rate: 0.7,
            fraud_return_rate: 0.3,
            win_chance: 0.4,
        }
    }
}

impl CostPolicy {
    /// P(dispute | fraud) for a payer's right to reverse; an unknown right counts as a chargeback.
    pub fn dispute_rate(&self, right: Option<DisputeRight>) -> f64 {
        match right {
            Some(DisputeRight::None) => 0.0,
            Some(DisputeRight::FraudReturn) => self.fraud_return_rate,
            Some(DisputeRight::DebitReturn) => self.debit_return_rate,
            Some(DisputeRight::Chargeback) | None => self.chargeback_rate,
        }
    }

    fn shares(&self) -> [(&'static str, f64); 10] {
        [
            ("margin", self.margin),
            ("insult", self.insult),
            ("loss_share", self.loss_share),
            ("review_delay", self.review_delay),
            ("review_false_positive", self.review_false_positive),
            ("review_missed", self.review_missed),
            ("chargeback_rate", self.chargeback_rate),
            ("debit_return_rate", self.debit_return_rate),
            ("fraud_return_rate", self.fraud_return_rate),
            ("win_chance", self.win_chance),
        ]
    }

    fn money(&self) -> [(&'static str, f64); 6] {
        [
            ("future_margin", self.future_margin),
            ("dispute_fee", self.dispute_fee),
            ("dispute_work", self.dispute_work),
            ("dispute_headroom", self.dispute_headroom),
            ("warning_headroom", self.warning_headroom),
            ("review_work", self.review_work),
        ]
    }

    /// The same costs with every sum of money multiplied by `rate`; shares stay.
    #[must_use]
    pub fn in_other_currency(&self, rate: f64) -> Self {
        Self {
            future_margin: self.future_margin * rate,
            dispute_fee: self.dispute_fee * rate,
            dispute_work: self.dispute_work * rate,
            dispute_headroom: self.dispute_headroom * rate,
            warning_headroom: self.warning_headroom * rate,
            review_work: self.review_work * rate,
            ..*self
        }
    }

    fn check(&self, path: &str) -> Result<(), PolicyError> {
        let fail = |key: &str, range| Err(PolicyError { key: format!("{path}.{key}"), range });
        for (key, share) in self.shares() {
            if !(0.0..=1.0).contains(&share) {
                return fail(key, "a share from 0 to 1");
            }
        }
        for (key, money) in self.money() {
            if !(money.is_finite() && money >= 0.0) {
                return fail(key, "a sum not below 0");
            }
        }
        Ok(())
    }
}

impl Policy {
    /// Checks every range.
    ///
    /// # Errors
    /// Names the first setting outside its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        let fail = |key: String, range| Err(PolicyError { key, range });
        self.costs.check("costs")?;
        for (code, costs) in &self.costs_by_currency {
            let key = format!("costs_by_currency.{code}");
            if code.parse::<Currency>().is_err() {
                return fail(key, "named by an ISO 4217 code");
            }
            costs.check(&key)?;
        }
        for (place, challenge) in self.challenges.iter().enumerate() {
            let shares = [("abandon", challenge.abandon), ("stopped", challenge.stopped)];
            if let Some((key, _)) = shares.iter().find(|(_, s)| !(0.0..=1.0).contains(s)) {
                return fail(format!("challenges[{place}].{key}"), "a share from 0 to 1");
            }
            if !(challenge.cost.is_finite() && challenge.cost >= 0.0) {
                return fail(format!("challenges[{place}].cost"), "a sum not below 0");
            }
        }
        if !(0.0..=1.0).contains(&self.limited_credit_share) {
            return fail("limited_credit_share".to_owned(), "a share from 0 to 1");
        }
        if self.pass_through.is_some_and(|pass| !pass.is_sound()) {
            return fail("pass_through.one_in".to_owned(), "from 10 to 1,000,000");
        }
        self.check_thresholds()
    }

    /// Reads a policy as it was kept beside the decisions made with it. What it does not state did not
    /// exist then, so it is off, whatever it is by default today.
    ///
    /// # Errors
    /// Not a policy of this version or an older one.
    pub fn from_kept(json: &[u8]) -> serde_json::Result<Self> {
        let mut kept: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(json)?;
        kept.entry("guard_clean_history").or_insert(false.into());
        serde_json::from_value(kept.into())
    }

    fn check_thresholds(&self) -> Result<(), PolicyError> {
        let Some(thresholds) = self.thresholds else { return Ok(()) };
        let given = [thresholds.challenge, thresholds.review, thresholds.decline];
        let given: Vec<f64> = given.into_iter().flatten().collect();
        let in_range = given.iter().all(|t| (0.0..=100.0).contains(t));
        if !in_range || !given.is_sorted() {
            return Err(PolicyError {
                key: "thresholds".to_owned(),
                range: "from 0 to 100, with challenge <= review <= decline",
            });
        }
        Ok(())
    }
}
