//! `data/disputes/odds.toml`: chances before own outcomes are known, fees, and monitoring programmes.
//!
//! Data, with a source and a mark of confidence each, because every one of these numbers is somebody's
//! estimate and will be replaced. Rejected: one overall win rate; a case with every exhibit and one with
//! none differ by a factor of ten.

use super::file::RuleFileError;
use super::{Confidence, Day, Period, Provenance, Source};
use crate::domain::{Currency, DisputeCategory, DisputeStage};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const FILE: &str = "odds.toml";
const TEXT: &str = include_str!("../../../data/disputes/odds.toml");

/// How many classes of completeness there are; each a fifth of the way.
pub const BINS: usize = 5;

/// Chance to win before own outcomes are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WinPrior {
    networks: Vec<String>,
    categories: Vec<DisputeCategory>,
    qualified: Option<bool>,
    invalid: Option<bool>,
    bins_bp: [u16; BINS],
    /// How many own cases weigh as much.
    pub strength: u32,
    /// When it holds.
    pub period: Period,
    /// Where it was read.
    pub provenance: Provenance,
}

impl WinPrior {
    /// The chance in basis points at a class of completeness.
    pub fn at(&self, bin: usize) -> u16 {
        self.bins_bp.get(bin).or(self.bins_bp.last()).copied().unwrap_or_default()
    }
}

/// What holds of a case by the conditions of its rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// Compelling Evidence 3.0 or the processor's word moves the loss to the issuer.
    pub qualified: bool,
    /// A fact makes the dispute invalid.
    pub invalid: bool,
}

/// What comes before a dispute.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// The issuer reported fraud.
    Warning,
    /// The issuer asks; no money moved.
    Inquiry,
    /// The buyer wants the money back.
    RefundRequest,
    /// The buyer is unhappy.
    Complaint,
}

impl Before {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Warning, Self::Inquiry, Self::RefundRequest, Self::Complaint];
}

/// Share of what comes before a dispute that becomes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationPrior {
    /// In basis points.
    pub share_bp: u16,
    /// How many own cases weigh as much.
    pub strength: u32,
    /// Where it was read.
    pub provenance: Provenance,
}

/// Money in a currency; may be 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// How much.
    pub value: Decimal,
    /// Of what.
    pub currency: Currency,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fee {
    categories: Vec<DisputeCategory>,
    stages: Vec<DisputeStage>,
    price: Price,
}

/// Which sales a programme divides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SalesOf {
    /// Those of the month itself.
    SameMonth,
    /// Those of the month before.
    MonthBefore,
}

/// A network's monitoring programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// Its name.
    pub id: String,
    /// The network, lower case.
    pub network: String,
    /// Whether fraud reports count beside disputes.
    pub warnings: bool,
    /// What it divides by.
    pub sales: SalesOf,
    /// The threshold of the ratio, in basis points.
    pub ratio_bp: u32,
    /// The threshold of the count; both must be reached.
    pub count: u32,
    /// What one item of a month over the threshold costs.
    pub price: Price,
    /// When it holds.
    pub period: Period,
    /// Where it was read.
    pub provenance: Provenance,
}

/// Everything of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Odds {
    win: Vec<WinPrior>,
    escalation: BTreeMap<Before, EscalationPrior>,
    fees: Vec<Fee>,
    /// Share of wins taken back later, in basis points.
    pub reversal_bp: u16,
    programmes: Vec<Programme>,
}

impl Odds {
    /// The first row that fits a case.
    pub fn win(
        &self,
        network: &str,
        category: DisputeCategory,
        held: Held,
        on: Day,
    ) -> Option<&WinPrior> {
        self.win.iter().find(|row| {
            (row.networks.is_empty() || row.networks.iter().any(|known| known == network))
                && (row.categories.is_empty() || row.categories.contains(&category))
                && row.qualified.is_none_or(|wanted| wanted == held.qualified)
                && row.invalid.is_none_or(|wanted| wanted == held.invalid)
                && row.period.contains(on)
        })
    }

    /// How often something becomes a dispute.
    pub fn escalation(&self, before: Before) -> Option<&EscalationPrior> {
        self.escalation.get(&before)
    }

    /// What is lost beside the amount where a dispute is fought and lost.
    pub fn lost_fee(&self, category: DisputeCategory, stage: DisputeStage) -> Option<Price> {
        let fits = |fee: &&Fee| {
            (fee.categories.is_empty() || fee.categories.contains(&category))
                && (fee.stages.is_empty() || fee.stages.contains(&stage))
        };
        self.fees.iter().find(fits).map(|fee| fee.price)
    }

    /// The programmes of a day.
    pub fn programmes(&self, on: Day) -> impl Iterator<Item = &Programme> {
        self.programmes.iter().filter(move |programme| programme.period.contains(on))
    }

    /// Where every row was read.
    #[cfg(test)]
    pub(super) fn provenances(&self) -> impl Iterator<Item = &Provenance> {
        let programmes = self.programmes.iter().map(|row| &row.provenance);
        let win = self.win.iter().map(|row| &row.provenance);
        win.chain(self.escalation.values().map(|row| &row.provenance)).chain(programmes)
    }
}

/// Reads the file built in; every row names one of `sources`.
pub(super) fn bundled(sources: &BTreeMap<String, Source>) -> Result<Odds, RuleFileError> {
    let file: File = toml::from_str(TEXT)
        .map_err(|source| RuleFileError::Malformed { file: FILE, source: Box::new(source) })?;
    let origin = |id: &str| -> Result<Provenance, RuleFileError> {
        let known = sources.get(id);
        let known =
            known.ok_or_else(|| RuleFileError::UnknownSource { file: FILE, id: id.to_owned() })?;
        Ok(Provenance { source: id.to_owned(), confidence: known.confidence })
    };
    let mut odds = Odds { reversal_bp: file.reversal.share_bp, ..Odds::default() };
    origin(&file.reversal.source)?;
    for row in file.win {
        odds.win.push(WinPrior {
            networks: row.networks,
            categories: row.categories,
            qualified: row.qualified,
            invalid: row.invalid,
            bins_bp: row.bins_bp,
            strength: row.strength,
            period: Period { from: row.from, until: row.until },
            provenance: origin(&row.source)?,
        });
    }
    for row in file.escalation {
        let provenance = origin(&row.source)?;
        let prior = EscalationPrior { share_bp: row.share_bp, strength: row.strength, provenance };
        odds.escalation.insert(row.kind, prior);
    }
    for row in file.fee {
        origin(&row.source)?;
        let price = Price { value: row.value, currency: row.currency };
        odds.fees.push(Fee { categories: row.categories, stages: row.stages, price });
    }
    for row in file.programme {
        odds.programmes.push(Programme {
            id: row.id,
            network: row.network,
            warnings: row.warnings,
            sales: row.sales,
            ratio_bp: row.ratio_bp,
            count: row.count,
            price: Price { value: row.price, currency: row.currency },
            period: Period { from: row.from, until: row.until },
            provenance: origin(&row.source)?,
        });
    }
    Ok(odds)
}

impl Confidence {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Paraphrase => "paraphrase",
            Self::Secondary => "secondary",
            Self::Single => "single",
            Self::General => "general",
            Self::Disputed => "disputed",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    win: Vec<WinRow>,
    escalation: Vec<EscalationRow>,
    fee: Vec<FeeRow>,
    reversal: ReversalRow,
    programme: Vec<ProgrammeRow>,
}

/// A remark in the file is for whoever reads the file.
type Note = serde::de::IgnoredAny;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WinRow {
    #[serde(default)]
    networks: Vec<String>,
    #[serde(default)]
    categories: Vec<DisputeCategory>,
    qualified: Option<bool>,
    invalid: Option<bool>,
    bins_bp: [u16; BINS],
    strength: u32,
    from: Option<Day>,
    until: Option<Day>,
    source: String,
    #[serde(rename = "note")]
    _note: Option<Note>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EscalationRow {
    kind: Before,
    share_bp: u16,
    strength: u32,
    source: String,
    #[serde(rename = "note")]
    _note: Option<Note>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeeRow {
    categories: Vec<DisputeCategory>,
    stages: Vec<DisputeStage>,
    value: Decimal,
    currency: Currency,
    source: String,
    #[serde(rename = "note")]
    _note: Option<Note>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReversalRow {
    share_bp: u16,
    source: String,
    #[serde(rename = "note")]
    _note: Option<Note>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgrammeRow {
    id: String,
    network: String,
    warnings: bool,
    sales: SalesOf,
    ratio_bp: u32,
    count: u32,
    price: Decimal,
    currency: Currency,
    from: Option<Day>,
    until: Option<Day>,
    source: String,
    #[serde(rename = "note")]
    _note: Option<Note>,
}
