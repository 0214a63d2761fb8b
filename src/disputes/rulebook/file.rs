//! The files of `data/disputes` as they are written, and how they become a [`Rulebook`].
//!
//! Rows share what their group states; a row's own value wins.

use super::{
    Bearer, Condition, Confidence, Contest, Day, EciRule, EvidenceItem, EvidenceRule, InvalidFact,
    Level, Party, Period, Provenance, ReasonCode, Rulebook, Sentence, Source, StageRule,
    TrustCategory, TrustRule,
};
use crate::domain::{DisputeCategory, DisputeStage};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

macro_rules! files {
    ($($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../../data/disputes/", $name)))),*]
    };
}

const SOURCES: &str = include_str!("../../../data/disputes/sources.toml");
const NETWORKS: &[(&str, &str)] = files![
    "visa.toml",
    "mastercard.toml",
    "amex.toml",
    "discover.toml",
    "paypal.toml",
    "sepa.toml",
    "pix.toml"
];
const EVIDENCE: &str = include_str!("../../../data/disputes/evidence.toml");
const INVALID: &str = include_str!("../../../data/disputes/invalid.toml");
const LIABILITY: &str = include_str!("../../../data/disputes/liability.toml");

/// Why bundled rules could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum RuleFileError {
    #[error("`data/disputes/{file}`: {source}")]
    Malformed { file: &'static str, source: Box<toml::de::Error> },
    #[error("`data/disputes/{file}`: `{id}` is no source of sources.toml")]
    UnknownSource { file: &'static str, id: String },
}

/// Reads the files built in.
pub(super) fn bundled() -> Result<Rulebook, RuleFileError> {
    let sources: SourcesFile = read("sources.toml", SOURCES)?;
    let sources = sources.source.into_iter().map(|source| (source.id.clone(), source)).collect();
    let mut book = Rulebook { sources, ..Rulebook::default() };
    for (file, text) in NETWORKS {
        let network: NetworkFile = read(file, text)?;
        add_network(&mut book, file, network)?;
    }
    let evidence: EvidenceFile = read("evidence.toml", EVIDENCE)?;
    for rule in evidence.category {
        let period = rule.period();
        let provenance = provenance(&book, "evidence.toml", rule.origin(), None)?;
        let items = items(&[
            (Level::Required, rule.required),
            (Level::Strong, rule.strong),
            (Level::Optional, rule.optional),
        ]);
        let rules = book.evidence.entry(rule.name).or_default();
        rules.push(EvidenceRule { items, period, provenance });
    }
    add_invalid(&mut book)?;
    add_liability(&mut book)?;
    book.odds = super::odds::bundled(&book.sources)?;
    Ok(book)
}

fn read<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<T, RuleFileError> {
    toml::from_str(text)
        .map_err(|source| RuleFileError::Malformed { file, source: Box::new(source) })
}

fn add_network(
    book: &mut Rulebook,
    file: &'static str,
    network: NetworkFile,
) -> Result<(), RuleFileError> {
    let name = network.network;
    for alias in network.aliases {
        book.aliases.insert(alias, name.clone());
    }
    for group in network.stages {
        let (period, origin) = (group.period(), group.origin());
        for row in group.rows {
            let provenance = provenance(book, file, origin.clone(), row.confidence)?;
            let rule = StageRule {
                workflow: group.workflow.clone(),
                stage: row.stage,
                by: row.by,
                days: row.days,
                note: row.note,
                period,
                provenance,
            };
            book.stages.entry(name.clone()).or_default().push(rule);
        }
    }
    for group in network.codes {
        let (period, origin) = (group.period(), group.origin());
        for row in group.rows {
            let provenance = provenance(book, file, origin.clone(), row.confidence)?;
            let own = Period { from: row.from, until: row.until };
            let code = ReasonCode {
                network: name.clone(),
                code: row.code.clone(),
                title: row.title,
                category: row.category,
                workflow: group.workflow.clone(),
                contest: row.contest.or(group.contest).unwrap_or_default(),
                liability: row.liability.or_else(|| group.liability.clone()),
                note: row.note,
                period: if own == Period::default() { period } else { own },
                provenance,
            };
            let codes = book.codes.entry(name.clone()).or_default();
            codes.entry(row.code).or_default().push(code);
        }
    }
    Ok(())
}

fn add_invalid(book: &mut Rulebook) -> Result<(), RuleFileError> {
    let file: InvalidFile = read("invalid.toml", INVALID)?;
    for fact in file.fact {
        let period = fact.period();
        let provenance = provenance(book, "invalid.toml", fact.origin(), None)?;
        book.invalid.push(InvalidFact {
            id: fact.id,
            network: fact.network,
            codes: fact.codes,
            text: fact.text,
            when: fact.when,
            letter: fact.letter,
            point: fact.point,
            ask: fact.ask,
            period,
            provenance,
        });
    }
    Ok(())
}

fn add_liability(book: &mut Rulebook) -> Result<(), RuleFileError> {
    let file: LiabilityFile = read("liability.toml", LIABILITY)?;
    for group in file.three_ds {
        let provenance = provenance(book, "liability.toml", group.origin(), None)?;
        for network in &group.networks {
            book.three_ds.extend(group.rows.iter().map(|row| EciRule {
                network: network.clone(),
                eci: row.eci.clone(),
                bearer: row.bearer,
                text: row.text.clone(),
                period: group.period(),
                provenance: provenance.clone(),
            }));
        }
    }
    for rule in file.first_party_trust {
        let period = rule.period();
        let provenance = provenance(book, "liability.toml", rule.origin(), None)?;
        book.trust.push(TrustRule {
            network: rule.network,
            codes: rule.codes,
            categories: rule.categories,
            prior_sales: rule.prior_sales,
            age_days_min: rule.age_days_min,
            age_days_max: rule.age_days_max,
            text: rule.text,
            period,
            provenance,
        });
    }
    Ok(())
}

/// Required first, then strong, then optional; the heaviest of each first.
fn items(levels: &[(Level, BTreeMap<String, u16>)]) -> Vec<EvidenceItem> {
    let mut items: Vec<EvidenceItem> = levels
        .iter()
        .flat_map(|(level, items)| items.iter().map(move |(name, weight)| (*level, name, *weight)))
        .map(|(level, name, weight)| EvidenceItem { name: name.clone(), level, weight })
        .collect();
    items.sort_by(|a, b| (a.level, b.weight, &a.name).cmp(&(b.level, a.weight, &b.name)));
    items
}

pub(super) fn provenance(
    book: &Rulebook,
    file: &'static str,
    origin: Origin,
    own: Option<Confidence>,
) -> Result<Provenance, RuleFileError> {
    let Some(source) = book.sources.get(&origin.source) else {
        return Err(RuleFileError::UnknownSource { file, id: origin.source });
    };
    let confidence = own.or(origin.confidence).unwrap_or(source.confidence);
    Ok(Provenance { source: origin.source, confidence })
}

/// Where a group of rows was read.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) source: String,
    pub(super) confidence: Option<Confidence>,
}

/// A group of rows: its own members, and the four that every group may have.
macro_rules! group {
    ($name:ident { $($field:ident: $type:ty,)* }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name {
            from: Option<Day>,
            until: Option<Day>,
            source: String,
            confidence: Option<Confidence>,
            $($field: $type,)*
        }

        impl $name {
            fn period(&self) -> Period {
                Period { from: self.from, until: self.until }
            }

            fn origin(&self) -> Origin {
                Origin { source: self.source.clone(), confidence: self.confidence }
            }
        }
    };
}

group!(StageGroup { workflow: String, rows: Vec<StageRow>, });
group!(CodeGroup {
    workflow: String,
    contest: Option<Contest>,
    liability: Option<String>,
    rows: Vec<CodeRow>,
});
group!(EvidenceGroup {
    name: DisputeCategory,
    required: BTreeMap<String, u16>,
    strong: BTreeMap<String, u16>,
    optional: BTreeMap<String, u16>,
});
group!(FactRow {
    id: String,
    network: String,
    codes: Vec<String>,
    text: String,
    when: Vec<Condition>,
    letter: Option<String>,
    point: Option<Sentence>,
    ask: String,
});
group!(EciGroup { networks: Vec<String>, rows: Vec<EciRow>, });
group!(TrustRow {
    network: String,
    codes: Vec<String>,
    categories: Vec<TrustCategory>,
    prior_sales: u16,
    age_days_min: u16,
    age_days_max: u16,
    text: String,
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourcesFile {
    source: Vec<Source>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkFile {
    network: String,
    aliases: Vec<String>,
    stages: Vec<StageGroup>,
    codes: Vec<CodeGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageRow {
    stage: DisputeStage,
    by: Party,
    days: Option<u16>,
    note: Option<String>,
    confidence: Option<Confidence>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeRow {
    code: String,
    title: String,
    category: Option<DisputeCategory>,
    contest: Option<Contest>,
    liability: Option<String>,
    note: Option<String>,
    confidence: Option<Confidence>,
    from: Option<Day>,
    until: Option<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceFile {
    category: Vec<EvidenceGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidFile {
    fact: Vec<FactRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LiabilityFile {
    three_ds: Vec<EciGroup>,
    first_party_trust: Vec<TrustRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EciRow {
    eci: String,
    bearer: Bearer,
    text: String,
}
