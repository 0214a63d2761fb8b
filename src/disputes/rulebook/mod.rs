//! The networks' rules as data: `data/disputes/*.toml`, built in.
//!
//! Every row has a period, a source and how far to trust it. Rejected: rules in code. Networks change
//! theirs twice a year, and a row with a date and a source can be checked by whoever reads the rule.
//!
//! INVARIANT: the bundled files read and hold together; a test says so. A build whose files did not
//! would know no rule, and say so of every case, rather than stop.

mod condition;
mod dated;
mod file;
mod odds;

pub use condition::{Condition, Excepted, Sentence, Types, Words};
pub use dated::{Day, Period};
pub use odds::{BINS, Before, EscalationPrior, Held, Odds, Price, Programme, SalesOf, WinPrior};

use super::ce3::Element;
use crate::domain::{DisputeCategory, DisputeStage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// How far to trust a row, most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The network's, processor's or scheme's own document.
    Primary,
    /// A third party's account of the network's own rules.
    Paraphrase,
    /// Several independent secondary sources agree.
    Secondary,
    /// One secondary source.
    Single,
    /// Common knowledge of the trade, not looked up.
    General,
    /// Sources differ; the row says which reading was taken.
    Disputed,
}

/// Where a row was read, and how far to trust it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The source's identifier in `sources.toml`.
    pub source: String,
    /// How far to trust this row.
    pub confidence: Confidence,
}

/// A document rules were read in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What rows name it by.
    pub id: String,
    /// The document.
    pub text: String,
    /// When it was read.
    pub read: Day,
    /// How far to trust it.
    pub confidence: Confidence,
}

/// Whether a claim is worth answering at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contest {
    /// Like any other.
    #[default]
    Usual,
    /// Seldom won: the sale would have to be another kind than claimed.
    Rare,
    /// There is nothing to answer or nobody who reads it.
    None,
}

/// One reason code of a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonCode {
    /// The network, lower case.
    pub network: String,
    /// The code as the network writes it.
    pub code: String,
    /// The network's title, shortened.
    pub title: String,
    /// The claim; `None` where one code stands for several and the processor's word decides.
    pub category: Option<DisputeCategory>,
    /// Which of the network's procedures it follows, a key of its stages.
    pub workflow: String,
    /// Whether it is worth answering.
    pub contest: Contest,
    /// Who bears the loss, and what moves it.
    pub liability: Option<String>,
    /// What else to know.
    pub note: Option<String>,
    /// When it holds.
    #[serde(flatten)]
    pub period: Period,
    /// Where it was read.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Who acts in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The merchant, through the acquirer.
    Merchant,
    /// The cardholder's bank.
    Issuer,
    /// Nobody: the stage is final.
    Nobody,
}

/// One stage of a network's procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageRule {
    /// The procedure.
    pub workflow: String,
    /// The stage.
    pub stage: DisputeStage,
    /// Who acts.
    pub by: Party,
    /// Days to act at the network, the day of the preceding event not counted; `None` where only the
    /// processor's date counts. The processor leaves the merchant less: its own field always wins.
    pub days: Option<u16>,
    /// What else to know.
    pub note: Option<String>,
    /// When it holds.
    #[serde(flatten)]
    pub period: Period,
    /// Where it was read.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// How much an item of evidence matters for a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Without it the answer is incomplete.
    Required,
    /// It often decides.
    Strong,
    /// It helps.
    Optional,
}

/// One item of evidence of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceItem {
    /// Its name, as `disputes::packet` knows it.
    pub name: String,
    /// How much it matters.
    pub level: Level,
    /// What it counts towards completeness.
    pub weight: u16,
}

/// The evidence of a claim: required items first, then by weight, then by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceRule {
    /// Its items.
    pub items: Vec<EvidenceItem>,
    /// When it holds.
    #[serde(flatten)]
    pub period: Period,
    /// Where it was read.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// A fact that ends a dispute by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvalidFact {
    /// Its identifier, e.g. `V104-4`.
    pub id: String,
    /// The network.
    pub network: String,
    /// The codes it ends.
    pub codes: Vec<String>,
    /// The fact in one clause.
    pub text: String,
    /// What must hold, all of it.
    pub when: Vec<Condition>,
    /// The fact as a sentence for the issuer; `None` where it is told to the merchant alone.
    pub letter: Option<String>,
    /// A sentence of the packet that says it better.
    pub point: Option<Sentence>,
    /// What to record or find out where it stays unknown.
    pub ask: String,
    /// When it holds.
    #[serde(flatten)]
    pub period: Period,
    /// Where it was read.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Who bears fraud after 3-D Secure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bearer {
    /// The cardholder's bank.
    Issuer,
    /// The merchant.
    Merchant,
}

/// What one electronic commerce indicator means at a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EciRule {
    /// The network, lower case.
    pub network: String,
    /// The indicator, two digits.
    pub eci: String,
    /// Who bears fraud.
    pub bearer: Bearer,
    /// What it means.
    pub text: String,
    /// When it holds.
    #[serde(flatten)]
    pub period: Period,
    /// Where it was read.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// What First-Party Trust asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrustRule {
    /// The network.
    pub network: String,
    /// The codes it ends.
    pub codes: Vec<String>,
    /// Kinds of elements, one of each to be shared with earlier sales, no element twice.
    pub categories: Vec<TrustCategory>,
    /// How many earlier undisputed sales.
    pub prior_sales: u16,
    /// Their least age in days.
    pub age_days_min: u16,
    /// Their greatest age in days.
    pub age_days_max: u16,
    /// What else to know.
    pub text: String,
    /// When it holds.
    #[serde(flatten)]
    pub period: Period,
    /// Where it was read.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// One kind of element of First-Party Trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustCategory {
    /// `device`, `delivery` or `identity`.
    pub name: String,
    /// What is of this kind, best first.
    pub elements: Vec<Element>,
}

/// All bundled rules.
#[derive(Debug, Default)]
pub struct Rulebook {
    /// By network and code; several rows of one code hold at different times.
    codes: BTreeMap<String, BTreeMap<String, Vec<ReasonCode>>>,
    /// Other spellings of networks.
    aliases: BTreeMap<String, String>,
    /// By network, in the order of a case.
    stages: BTreeMap<String, Vec<StageRule>>,
    /// By claim; several rows of one claim hold at different times.
    evidence: BTreeMap<DisputeCategory, Vec<EvidenceRule>>,
    /// In the order they are asked.
    invalid: Vec<InvalidFact>,
    three_ds: Vec<EciRule>,
    trust: Vec<TrustRule>,
    odds: Odds,
    sources: BTreeMap<String, Source>,
}

static BUNDLED: LazyLock<Rulebook> = LazyLock::new(|| file::bundled().unwrap_or_default());

impl Rulebook {
    /// The rules of this build.
    pub fn bundled() -> &'static Self {
        &BUNDLED
    }

    /// A network's own name, whatever the processor calls it.
    pub fn network<'a>(&'a self, name: &'a str) -> &'a str {
        self.aliases.get(name).map_or(name, String::as_str)
    }

    /// The row of a code on a day. Spaces around the code are ignored: some processors send them.
    pub fn code(&self, network: &str, code: &str, on: Day) -> Option<&ReasonCode> {
        let rows = self.codes.get(self.network(network))?.get(code.trim())?;
        rows.iter().find(|row| row.period.contains(on))
    }

    /// Every code, by network and code.
    pub fn codes(&self) -> impl Iterator<Item = &ReasonCode> {
        self.codes.values().flat_map(BTreeMap::values).flatten()
    }

    /// The stages of a code's procedure on a day, in order.
    pub fn stages(&self, row: &ReasonCode, on: Day) -> impl Iterator<Item = &StageRule> {
        let stages = self.stages.get(&row.network).into_iter().flatten();
        stages.filter(move |rule| rule.workflow == row.workflow && rule.period.contains(on))
    }

    /// What answers a claim on a day.
    pub fn evidence(&self, category: DisputeCategory, on: Day) -> Option<&EvidenceRule> {
        self.evidence.get(&category)?.iter().find(|rule| rule.period.contains(on))
    }

    /// The facts that would end a dispute of this code on a day.
    pub fn invalid_facts(
        &self,
        network: &str,
        code: &str,
        on: Day,
    ) -> impl Iterator<Item = &InvalidFact> {
        let network = self.network(network).to_owned();
        let code = code.trim().to_owned();
        self.invalid.iter().filter(move |fact| {
            fact.network == network && fact.codes.contains(&code) && fact.period.contains(on)
        })
    }

    /// Every fact that would end a dispute.
    #[cfg(test)]
    pub(super) fn all_invalid_facts(&self) -> &[InvalidFact] {
        &self.invalid
    }

    /// What an indicator means at a network on a day; `eci` with or without a leading zero.
    pub fn eci(&self, network: &str, eci: &str, on: Day) -> Option<&EciRule> {
        let network = self.network(network);
        let padded = format!("{eci:0>2}");
        self.three_ds
            .iter()
            .find(|rule| rule.network == network && rule.eci == padded && rule.period.contains(on))
    }

    /// What First-Party Trust asks for against a code on a day.
    pub fn trust(&self, network: &str, code: &str, on: Day) -> Option<&TrustRule> {
        let network = self.network(network);
        let applies = |rule: &&TrustRule| {
            rule.network == network
                && rule.codes.iter().any(|known| known == code.trim())
                && rule.period.contains(on)
        };
        self.trust.iter().find(applies)
    }

    /// Chances, fees and monitoring programmes.
    pub fn odds(&self) -> &Odds {
        &self.odds
    }

    /// A document rows name.
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.get(id)
    }
}

#[cfg(test)]
mod tests;
