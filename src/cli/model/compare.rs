//! `vouch model compare`: two models over the same past sales of known outcome.
//!
//! The records are those that checkout decided on, scored again by both models; what a sale turned out to
//! be is what a backtest of rules takes it to be. The money is what the actions of each score alone would
//! have cost by the costs in use, no rule in between, and both models are taken at their word: a model
//! calibrated on generated commerce decides here as if it were calibrated on the merchant's labels.

mod html;

use super::{DONE, FINDING, Place, registry};
use crate::cli::output::reader_has_gone;
use crate::cli::past::{Past, PastArgs, write};
use crate::domain::{Action, Calibration};
use crate::engine::past::{Count, Hindsight, PastSale};
use crate::features::{FieldId, Record, Value, fields as f};
use crate::model::Model;
use crate::rules::FieldRef;
use crate::rules::backtest::Fate;
use crate::train::{Compared, Drawing, Judged, Paired, PairedRow, paired};
use anyhow::{Result, ensure};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// Below this a difference is called more than chance.
const CERTAIN: f64 = 0.05;

/// Arguments of `vouch model compare`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct CompareArgs {
    /// The champion: a model's name, directory or file; without one, the live model
    a: Option<PathBuf>,
    /// The challenger; without one, the shadow or else the canary
    b: Option<PathBuf>,
    /// Directory that holds the models
    #[arg(long, value_name = "DIR", default_value = "models")]
    models_dir: PathBuf,
    /// Compare over a file in place of the ledger: records made by `vouch rules records`, or labelled
    /// transactions
    #[arg(long, value_name = "FILE")]
    over: Option<PathBuf>,
    /// How often cards are drawn for the intervals
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(20..=100_000))]
    draws: u32,
    /// What they are drawn by
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    /// Also write a page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    past: PastArgs,
}

/// Exit code 0: compared; 1: compared, and bad rows were left out.
pub(super) fn compare(args: &CompareArgs) -> Result<u8> {
    let models = models(args)?;
    let past_args = args.past.clone().or_ledger(args.over.as_deref());
    let past = past_args.open(args.over.as_deref())?;
    let (judging, skipped) = judged(&past, &models)?;
    let Judging { rows, fates, .. } = judging;
    let both = |fate| fates.get(&fate).is_some_and(|rows| *rows > 0);
    ensure!(
        both(Fate::Fraud) && both(Fate::Good),
        "there are {} mature sales known to be fraud and {} known to be good; both are needed \
         (`--mature-days` is {} now)",
        fates.get(&Fate::Fraud).unwrap_or(&0),
        fates.get(&Fate::Good).unwrap_or(&0),
        past.hindsight().maturity.days,
    );
    let draws = usize::try_from(args.draws)?;
    let found = paired(&rows, Drawing { draws, seed: args.seed });
    let fates: BTreeMap<String, u64> =
        fates.iter().map(|(fate, rows)| (word(*fate), *rows)).collect();
    if let Some(path) = &args.html {
        write(path, html::page(&models, &found, &rows, &fates).as_bytes())?;
    }
    let text = if args.json {
        let named = |model: &Model| {
            json!({"name": model.artefact().name, "sha256": model.digest(),
                "calibration": model.calibration()})
        };
        let [a, b] = models.each_ref().map(named);
        let days = past.hindsight().maturity.days;
        json!({"a": a, "b": b, "mature_days": days, "sales": fates, "compared": found}).to_string()
            + "\n"
    } else {
        table(&models, &found)?
    };
    match write(Path::new("-"), text.as_bytes()) {
        Err(error) if reader_has_gone(&error) => {}
        other => other?,
    }
    skipped.tell();
    Ok(if skipped.bad > 0 { FINDING } else { DONE })
}

/// A fate as JSON has it.
fn word(fate: Fate) -> String {
    let json = serde_json::to_value(fate).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

fn models(args: &CompareArgs) -> Result<[Model; 2]> {
    let data_dir = args.past.data_dir().to_owned();
    let place = Place { models_dir: args.models_dir.clone(), data_dir };
    let roster = place.registry().roster()?;
    let a = match &args.a {
        Some(name) => registry::load(&place, name)?,
        None if roster.live().is_some() => registry::load(&place, Path::new("live"))?,
        None => match args.past.config.load()?.model.dir {
            Some(dir) => Model::load(&dir)?,
            None => Model::bundled()?,
        },
    };
    let on_trial = if roster.shadow().is_some() { "shadow" } else { "canary" };
    let b = registry::load(&place, args.b.as_deref().unwrap_or(Path::new(on_trial)))?;
    Ok([a, b])
}

/// Scores every past sale of known outcome by both models; the rows in the order of the sales.
fn judged<'m>(
    past: &'m Past<'_>,
    models: &'m [Model; 2],
) -> Result<(Judging<'m>, crate::cli::past::Skipped)> {
    let names = models.iter().flat_map(Model::features);
    let field = |name: &str| match name.strip_prefix("custom.") {
        Some(custom) => Some(FieldRef::Custom(custom.into())),
        None => FieldId::by_name(name).map(FieldRef::Catalogue),
    };
    let mut fields: BTreeSet<FieldRef> = names.filter_map(field).collect();
    fields.insert(FieldRef::Catalogue(f::CARD_FINGERPRINT));
    let make = || Judging {
        models,
        hindsight: past.hindsight(),
        numbered: Vec::new(),
        rows: Vec::new(),
        fates: BTreeMap::new(),
    };
    let (mut judging, skipped) = past.over(&fields, make)?;
    // Threads hand in their parts in any order; the draws must not depend on it.
    judging.numbered.sort_by_key(|(number, _)| *number);
    judging.rows = judging.numbered.drain(..).map(|(_, row)| row).collect();
    Ok((judging, skipped))
}

/// Rows judged by both models.
struct Judging<'m> {
    models: &'m [Model; 2],
    hindsight: &'m Hindsight,
    numbered: Vec<(u64, PairedRow)>,
    rows: Vec<PairedRow>,
    /// Sales by what became of them; only frauds and good ones are compared.
    fates: BTreeMap<Fate, u64>,
}

impl Count for Judging<'_> {
    fn add(&mut self, sale: &PastSale, record: &Record) {
        let fate = self.hindsight.maturity.fate(sale);
        *self.fates.entry(fate).or_default() += 1;
        if !matches!(fate, Fate::Fraud | Fate::Good) {
            return;
        }
        let mut record = record.clone();
        let judged = self.models.each_ref().map(|model| self.judge(model, sale, &mut record));
        let row = PairedRow { fraud: fate == Fate::Fraud, card: card(sale, &record), judged };
        self.numbered.push((sale.number, row));
    }

    fn merge(&mut self, other: Self) {
        self.numbered.extend(other.numbered);
        for (fate, rows) in other.fates {
            *self.fates.entry(fate).or_default() += rows;
        }
    }
}

impl Judging<'_> {
    fn judge(&self, model: &Model, sale: &PastSale, record: &mut Record) -> Judged {
        record.set(f::MODEL_FRAUD_PROBABILITY, Value::Missing);
        record.set(f::MODEL_RISK_SCORE, Value::Missing);
        let probability = model.score(record).fraud_probability;
        record.set(f::MODEL_FRAUD_PROBABILITY, Value::float(probability));
        let sale = PastSale { calibration: Calibration::Merchant, ..sale.clone() };
        self.hindsight.row(&sale, record, |row| {
            let action = row.then.by_score(0.0);
            let saved = row.costs().map_or(0, |costs| costs.saved(Action::Approve, action));
            let declined = if action == Action::Decline { row.cents.unwrap_or(0) } else { 0 };
            Judged { probability, saved_cents: saved, declined_cents: declined }
        })
    }
}

/// Whose sale it is: the card's, else the buyer's, else its own.
fn card(sale: &PastSale, record: &Record) -> u64 {
    let mut hasher = DefaultHasher::new();
    match record.get(f::CARD_FINGERPRINT) {
        Value::Text(card) => (0, card).hash(&mut hasher),
        _ => match sale.buyer {
            Some(buyer) => (1, buyer).hash(&mut hasher),
            None => (2, sale.number).hash(&mut hasher),
        },
    }
    hasher.finish()
}

/// A model's name with the first digits of its digest.
fn name(model: &Model) -> String {
    let digest: String = model.digest().chars().take(8).collect();
    format!("{} {digest}", model.artefact().name)
}

fn table([a, b]: &[Model; 2], found: &Paired) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "A  {}\nB  {}", name(a), name(b))?;
    let Paired { rows, frauds, cards, drawing, measures } = found;
    writeln!(text, "{rows} mature sales of known outcome, {frauds} frauds, {cards} cards\n")?;
    writeln!(
        text,
        "{:<20} {:>11} {:>11} {:>11}   {:<23} {:>7}",
        "measure", "A", "B", "B - A", "95 % interval", "p"
    )?;
    for measure in measures {
        let digits = if measure.measure.ends_with("_eur") { 2 } else { 4 };
        let number = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{x:.digits$}"));
        let interval = measure
            .interval
            .map_or("-".to_owned(), |[low, high]| format!("{low:+.digits$} to {high:+.digits$}"));
        let signed = measure.difference.map_or("-".to_owned(), |x| format!("{x:+.digits$}"));
        let p = measure.p_value.map_or("-".to_owned(), |p| format!("{p:.3}"));
        let (name, a, b) = (measure.measure, number(measure.a), number(measure.b));
        writeln!(text, "{name:<20} {a:>11} {b:>11} {signed:>11}   {interval:<23} {p:>7}")?;
    }
    writeln!(text, "\n{}", verdict(measures))?;
    writeln!(
        text,
        "{} draws of cards, seed {}; money as if each score alone had decided, at the costs in use",
        drawing.draws, drawing.seed
    )?;
    Ok(text)
}

/// What the first measure, and the money, say.
fn verdict(measures: &[Compared]) -> String {
    let of = |name: &str| {
        let measure = measures.iter().find(|measure| measure.measure == name)?;
        let (difference, p) = (measure.difference?, measure.p_value?);
        Some(if p >= CERTAIN {
            format!("{name}: no difference beyond chance")
        } else if (difference > 0.0) == measure.more_is_better {
            format!("{name}: B is better")
        } else {
            format!("{name}: A is better")
        })
    };
    ["pr_auc", "saved_eur"].into_iter().filter_map(of).collect::<Vec<_>>().join("; ")
}
