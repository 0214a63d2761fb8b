//! What a score request is answered with.

use super::words::words;
use super::{Amount, ChallengeKind, DecisionId, TransactionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// What to do with the transaction.
    Action {
        /// Let it through.
        Approve = "approve",
        /// Let it through when the buyer passes a challenge.
        Challenge = "challenge",
        /// Let a person look first.
        Review = "review",
        /// Refuse it.
        Decline = "decline",
    }
}

words! {
    /// What to do with the good: a digital good cannot be called back.
    Delivery {
        /// Deliver.
        Now = "now",
        /// Deliver a part: credit up to `credit_limit`, or access that can be taken back.
        Limited = "limited",
        /// Keep it back until the action is resolved.
        Hold = "hold",
    }
}

words! {
    /// How the probability was calibrated.
    Calibration {
        /// On generated commerce: the model advises, rules act.
        Synthetic = "synthetic",
        /// On the merchant's own labels.
        Merchant = "merchant",
        /// There is no model.
        None = "none",
    }
}

words! {
    /// When the answer counts as kept.
    Durability {
        /// On disk before the answer.
        Fsync = "fsync",
        /// With the operating system before the answer: survives the process, not the machine.
        Os = "os",
        /// Written after the answer: may be lost with the process.
        Async = "async",
        /// Being written, answered before by the policy for a slow disk; outside the promise.
        Pending = "pending",
        /// Not kept and not going to be: a file without a ledger, or answered by policy while the disk
        /// refuses records.
        None = "none",
    }
}

words! {
    /// What a rule does where it matches.
    RuleAction {
        /// Decline whatever else says (sanctions, a list of stolen cards).
        HardBlock = "hard_block",
        /// Approve.
        Allow = "allow",
        /// Decline.
        Block = "block",
        /// Have a person look.
        Review = "review",
        /// Challenge the buyer.
        Challenge = "challenge",
        /// Move the policy probability in log-odds.
        Adjust = "adjust",
        /// Mark only.
        Tag = "tag",
    }
}

words! {
    /// Whether a rule acts.
    RuleMode {
        /// It acts.
        Live = "live",
        /// It acts on a fixed share of buyers, and on the others is only reported.
        Canary = "canary",
        /// It is evaluated and reported, and does not act.
        Shadow = "shadow",
        /// It is not evaluated.
        Off = "off",
    }
}

words! {
    /// Why a rule that matched and could act did not.
    HeldBack {
        /// The buyer is not in the rule's share.
        Canary = "canary",
        /// Somebody put the rule to sleep for this buyer.
        Snoozed = "snoozed",
        /// An appeal of this buyer was granted.
        Appeal = "appeal",
        /// The buyer has a clean history: the decline became a milder action.
        CleanHistory = "clean_history",
        /// The decline was drawn to pass, so that what becomes of it can be learned.
        PassThrough = "pass_through",
    }
}

/// A decline that was softened, or passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Spared {
    /// What it would have been.
    pub would_be: Action,
    /// The rules that would have; `score` where the score would have.
    pub by: Vec<String>,
    /// What spared the buyer.
    pub guard: HeldBack,
    /// Of so many declines one passes as this one did; absent where a guard spared the buyer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub one_in: Option<u32>,
}

/// Why the score or the action is what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reason {
    /// A stable code: a rule's reason or a feature group.
    pub code: String,
    /// One sentence for an analyst.
    pub text: String,
    /// What it adds to the log-odds of fraud; absent for a rule that restricts the action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contribution: Option<f64>,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RuleHit {
    /// The rule.
    pub id: String,
    /// What it does.
    pub action: RuleAction,
    /// Whether it may act.
    pub mode: RuleMode,
    /// Why it did not, though it could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub held_back: Option<HeldBack>,
}

/// The expected cost of each action, in the transaction's cost currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Costs {
    /// ISO 4217 code of every number here.
    pub currency: String,
    /// The fraud probability the costs were computed with, after rules' adjustments.
    pub policy_probability: f64,
    /// Expected cost of each admissible action.
    #[schema(value_type = BTreeMap<String, f64>)]
    pub expected: BTreeMap<Action, f64>,
    /// The terms: G, Lf, Lm, p, q, d, w and the rest, by name.
    pub terms: BTreeMap<String, f64>,
}

/// Which missing facts would make this sale defensible in a dispute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Defensibility {
    /// Share of the evidence facts recorded at checkout, in basis points.
    pub completeness_bp: u16,
    /// Facts not sent that a packet would need.
    pub missing: Vec<String>,
}

/// Something wrong with the request that did not cost it its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Warning {
    /// A stable code, e.g. `unknown_field`.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// Where, as a JSON pointer.
    pub pointer: String,
}

/// What a model on trial said beside the one that decided. It moved nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Shadowed {
    /// The action the same rules and costs would have taken with its score.
    pub action: Action,
    /// 100 × its fraud probability, 0.01–99.99.
    pub risk_score: f64,
    /// Its fraud probability.
    pub fraud_probability: f64,
}

/// What the decision was made with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Versions {
    /// Digest of the model that decided, the canary where the buyer is in its share; empty without one.
    pub model: String,
    /// Digest of the rule set.
    pub rules: String,
    /// Digest of the lists.
    pub lists: String,
    /// Digest of the bundled and supplied tables.
    pub reference: String,
    /// Digest of the cost settings.
    pub policy: String,
    /// Digest of the model that scored beside it; empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shadow: String,
    /// Digest of the model that was deciding for a share of buyers, whether for this one or not; empty
    /// without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub canary: String,
}

/// A decision: everything that is decided, nothing about how it was kept or how long it took.
///
/// Equal histories give equal decisions, byte for byte, over HTTP, from a file and by replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Decision {
    /// A pure function of tenant and transaction id.
    pub decision_id: DecisionId,
    /// The attempt that was scored.
    pub transaction_id: TransactionId,
    /// What to do.
    pub action: Action,
    /// What to do with the good.
    pub delivery: Delivery,
    /// What to ask for, where the action is a challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeKind>,
    /// How much credit to release, where delivery is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<Amount>,
    /// 100 × the fraud probability, 0.01–99.99; absent without a model.
    #[serde(default)]
    pub risk_score: Option<f64>,
    /// P(a stolen-instrument or takeover label within 120 days); absent without a model.
    #[serde(default)]
    pub fraud_probability: Option<f64>,
    /// How that probability was calibrated.
    pub calibration: Calibration,
    /// Why, heaviest first.
    pub reasons: Vec<Reason>,
    /// Every rule that matched, live and shadow, in rule-set order.
    pub rules: Vec<RuleHit>,
    /// A decline that became a milder action or passed, and by what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub spared: Option<Spared>,
    /// What may be shown to the buyer, in the words of the rule that decided; without them the answer
    /// has a sentence of its own. Says nothing of how fraud is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub customer_text: Option<String>,
    /// The expected costs.
    #[serde(default)]
    pub costs: Option<Costs>,
    /// What the sale's evidence would lack.
    pub defensibility: Defensibility,
    /// What was wrong with the request.
    pub warnings: Vec<Warning>,
    /// Parts that were missing or late, so that the answer rests on less than usual.
    pub degraded: Vec<String>,
    /// What it was decided with.
    pub versions: Versions,
    /// What the model on trial said, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub shadow: Option<Shadowed>,
}
