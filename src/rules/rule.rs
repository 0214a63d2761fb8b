//! One rule, read and checked.

use super::error::Place;
use super::eval::Truth;
use super::expr::Expr;
use crate::domain::words::words;
use crate::domain::{ChallengeKind, HeldBack, RuleAction, RuleHit, RuleMode, Timestamp};
use crate::features::{Record, Value, fields as f};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a rule does where it matches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// See [`RuleAction::HardBlock`].
    HardBlock,
    /// See [`RuleAction::Allow`].
    Allow,
    /// See [`RuleAction::Block`].
    Block,
    /// See [`RuleAction::Review`].
    Review,
    /// See [`RuleAction::Challenge`]: by this kind.
    Challenge(ChallengeKind),
    /// See [`RuleAction::Adjust`]: by this much, finite, not 0, within ±[`super::MAX_ADJUST`].
    Adjust(f64),
    /// See [`RuleAction::Tag`].
    Tag,
}

impl Effect {
    /// An adjustment; `None` unless it is finite, not 0 and within ±[`super::MAX_ADJUST`].
    pub fn adjust(by: f64) -> Option<Self> {
        (by.is_finite() && by != 0.0 && by.abs() <= super::MAX_ADJUST).then_some(Self::Adjust(by))
    }

    /// The action without its value.
    pub fn action(self) -> RuleAction {
        match self {
            Self::HardBlock => RuleAction::HardBlock,
            Self::Allow => RuleAction::Allow,
            Self::Block => RuleAction::Block,
            Self::Review => RuleAction::Review,
            Self::Challenge(_) => RuleAction::Challenge,
            Self::Adjust(_) => RuleAction::Adjust,
            Self::Tag => RuleAction::Tag,
        }
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Names it in decisions; unique in the set.
    pub id: String,
    /// What it does.
    pub effect: Effect,
    /// Whether it acts.
    pub mode: RuleMode,
    /// On whom, for [`RuleMode::Canary`] and no other mode.
    pub canary: Option<Canary>,
    /// Whether a block of it spares buyers with a clean history; true unless its author says no.
    pub guard: bool,
    /// What the buyer may be shown where it decides.
    pub customer_text: Option<String>,
    /// Within one action the higher comes first.
    pub priority: i64,
    /// The stable reason code of the answer.
    pub reason: String,
    /// One sentence for the analyst who reads the decision.
    pub text: String,
    /// From this instant on it no longer acts.
    pub expires: Option<Timestamp>,
    /// The condition.
    pub when: Expr,
    /// What its author wrote about it.
    pub notes: Notes,
    /// The tests beside it.
    pub tests: Vec<Case>,
    /// Where its id stands.
    pub place: Place,
    /// What lint needs of the file.
    pub written: Written,
}

/// What a file says of a rule for lint alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Where the condition stands, quotes included; `None` for a rule that was kept without its file.
    pub when: Option<Place>,
    /// Findings the author lets pass.
    pub allow: Vec<Allowed>,
}

/// A finding the author lets pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Its code, as written.
    pub code: String,
    /// Where that stands.
    pub place: Place,
}

/// The share of buyers a rule acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// In basis points, 1 ..= 10,000.
    pub share_bp: u16,
    /// What tells buyers apart.
    pub by: CanaryBy,
}

impl std::fmt::Display for Canary {
    /// `0.25 % of buyers by card`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = rust_decimal::Decimal::new(self.share_bp.into(), 2).normalize();
        write!(f, "{percent} % of buyers by {}", self.by.word())
    }
}

words! {
    /// What tells the buyers of a canary apart.
    CanaryBy {
        /// `card.fingerprint`
        Card = "card",
        /// `account.id`
        Account = "account",
        /// `device.device_id`
        Device = "device",
        /// `account.email`
        Email = "email",
        /// `device.ip`
        Ip = "ip",
    }
}

impl Canary {
    /// Whether the rule acts on this buyer: by a hash over rule and buyer, so the same buyer is always on
    /// the same side, a larger share holds every smaller one, and two rules take different buyers. A
    /// buyer who can't be told apart is not in it.
    pub fn takes(&self, rule: &str, record: &Record) -> bool {
        let field = match self.by {
            CanaryBy::Card => f::CARD_FINGERPRINT,
            CanaryBy::Account => f::ACCOUNT_ID,
            CanaryBy::Device => f::DEVICE_DEVICE_ID,
            CanaryBy::Email => f::ACCOUNT_EMAIL,
            CanaryBy::Ip => f::DEVICE_IP,
        };
        let buyer = match record.get(field) {
            Value::Text(text) if self.by == CanaryBy::Email => text.to_ascii_lowercase(),
            Value::Text(text) => text.to_string(),
            Value::Ip(address) => address.to_canonical().to_string(),
            _ => return false,
        };
        let hash =
            Sha256::new().chain_update(rule).chain_update([0]).chain_update(buyer).finalize();
        let number =
            hash.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        number % 10_000 < u64::from(self.share_bp)
    }
}

/// What a rule's author wrote about it: all optional, none of it acts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Notes {
    /// What it flags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Why that is a sign of fraud, and why the numbers are what they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// A case it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// Good buyers it is known to catch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_false_positives: Option<String>,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub references: Option<String>,
    /// Who answers for the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// A test beside a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The facts; every other field is missing.
    pub given: Record,
    /// What the condition must come to.
    pub expect: Truth,
    /// Where it stands.
    pub place: Place,
}

/// A rule that matched, as far as a decision cares. Borrowed from the set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit<'r> {
    /// The rule.
    pub id: &'r str,
    /// What it does.
    pub action: RuleAction,
    /// Whether it acts.
    pub mode: RuleMode,
    /// See [`Rule::canary`].
    pub canary: Option<Canary>,
    /// See [`Rule::guard`].
    pub guard: bool,
    /// See [`Rule::customer_text`].
    pub customer_text: Option<&'r str>,
    /// The stable reason code.
    pub reason: &'r str,
    /// One sentence for the analyst.
    pub text: &'r str,
    /// How much it moves the log-odds; 0 where it does not.
    pub adjust: f64,
    /// What it asks for, where it asks.
    pub challenge: Option<ChallengeKind>,
}

impl Hit<'_> {
    /// The hit as an answer lists it.
    pub fn brief(&self, held_back: Option<HeldBack>) -> RuleHit {
        RuleHit { id: self.id.to_owned(), action: self.action, mode: self.mode, held_back }
    }

    /// Whether its mode lets it act on this buyer.
    pub fn may_act(&self, record: &Record) -> bool {
        match self.mode {
            RuleMode::Live => true,
            RuleMode::Canary => self.canary.is_some_and(|canary| canary.takes(self.id, record)),
            RuleMode::Shadow | RuleMode::Off => false,
        }
    }
}

impl Rule {
    /// True from the rule's expiry on.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }

    /// The rule as a hit.
    pub fn hit(&self) -> Hit<'_> {
        let (mut adjust, mut challenge) = (0.0, None);
        match self.effect {
            Effect::Adjust(by) => adjust = by,
            Effect::Challenge(kind) => challenge = Some(kind),
            _ => {}
        }
        Hit {
            id: &self.id,
            action: self.effect.action(),
            mode: self.mode,
            canary: self.canary,
            guard: self.guard,
            customer_text: self.customer_text.as_deref(),
            reason: &self.reason,
            text: &self.text,
            adjust,
            challenge,
        }
    }

    /// What bears on a decision.
    pub(super) fn meaning(&self) -> Meaning {
        let Hit { action, adjust, challenge, .. } = self.hit();
        Meaning {
            id: self.id.clone(),
            action,
            challenge,
            adjust: (action == RuleAction::Adjust).then_some(adjust),
            mode: self.mode,
            canary: self.canary,
            guard: self.guard,
            customer_text: self.customer_text.clone(),
            priority: self.priority,
            reason: self.reason.clone(),
            text: self.text.clone(),
            expires: self.expires,
            when: self.when.to_string(),
        }
    }
}

/// Everything of a rule that bears on a decision, in one spelling: what is digested, kept beside the
/// decisions made with it, and dumped. A member is added here exactly when it bears on a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Meaning {
    pub id: String,
    pub action: RuleAction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjust: Option<f64>,
    pub mode: RuleMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// A set kept before there were guards has none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guard: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_text: Option<String>,
    pub priority: i64,
    pub reason: String,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    pub when: String,
}

impl Meaning {
    /// The effect; `None` where a needed value is missing or out of range.
    pub(super) fn effect(&self) -> Option<Effect> {
        match self.action {
            RuleAction::HardBlock => Some(Effect::HardBlock),
            RuleAction::Allow => Some(Effect::Allow),
            RuleAction::Block => Some(Effect::Block),
            RuleAction::Review => Some(Effect::Review),
            RuleAction::Challenge => self.challenge.map(Effect::Challenge),
            RuleAction::Adjust => self.adjust.and_then(Effect::adjust),
            RuleAction::Tag => Some(Effect::Tag),
        }
    }
}

impl Serialize for Rule {
    /// The rule for tools: its meaning, its condition as a typed tree, the fields it reads, its notes and where it stands.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Dumped<'a> {
            #[serde(flatten)]
            meaning: Meaning,
            condition: &'a Expr,
            fields: Vec<String>,
            notes: &'a Notes,
            tests: usize,
            place: String,
        }
        Dumped {
            meaning: self.meaning(),
            condition: &self.when,
            fields: self.when.fields().iter().map(ToString::to_string).collect(),
            notes: &self.notes,
            tests: self.tests.len(),
            place: self.place.to_string(),
        }
        .serialize(serializer)
    }
}
