//! `vouch dispute worklist`: what to do next, and why.

use super::super::tables;
use crate::config::Config;
use crate::disputes::DisputeStore;
use crate::disputes::worklist::{
    Chance, Convert, Standing, WorkItem, WorkKind, Worklist, worklist,
};
use crate::domain::{Currency, DisputeTerms, Text, Timestamp};
use anyhow::Result;
use clap::Args;
use rust_decimal::Decimal;
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

pub(super) const AFTER_HELP: &str = "\
A line: advice, what it is, network and code, amount, what the advice gains over the next best choice, the chance
to win with the range it lies in nine times of ten and the number of own cases behind it, how complete the
evidence is, the time left. Chances start from published estimates (`data/disputes/odds.toml`) and move with your
own outcomes. Costs and fees are `[disputes]` of the configuration. It only advises: nothing is sent or refunded.";

/// How much of it, and in which form.
#[derive(Debug, Args)]
pub(in crate::cli) struct WorklistArgs {
    /// Most items shown; the number of the others is told
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pricing: Pricing,
}

/// What a value is worked out with.
#[derive(Debug, Args)]
pub(super) struct Pricing {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Pricing {
    /// Hands the terms and the day's exchange rates to `work`.
    pub(super) fn with<T>(
        &self,
        now: Timestamp,
        work: impl FnOnce(&DisputeTerms, Convert<'_>) -> T,
    ) -> Result<T> {
        let config = Config::load(self.config.as_deref())?;
        let reference = tables::load(&config, None, &[]);
        let convert = |value: Decimal, from: Currency, to: Currency| {
            if from == to {
                return Some(value);
            }
            reference.rates()?.convert(value, from, to, now)
        };
        Ok(work(&config.disputes, &convert))
    }
}

impl WorklistArgs {
    /// Prints the worklist.
    pub(super) fn run<S: DisputeStore>(
        &self,
        store: &S,
        now: Timestamp,
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> Result<()> {
        let made = self.pricing.with(now, |terms, convert| {
            worklist(store, terms, convert, self.limit, now).map(|list| (list, terms.currency))
        })?;
        let (list, own) = made?;
        if self.json {
            writeln!(out, "{}", serde_json::to_string_pretty(&list)?)?;
            return Ok(());
        }
        for item in &list.items {
            writeln!(out, "{}", line(item, own))?;
        }
        print_rest(&list, out, notes)
    }
}

fn print_rest(list: &Worklist, out: &mut dyn Write, notes: &mut dyn Write) -> Result<()> {
    for standing in &list.monitoring {
        writeln!(out, "{}", monitoring(standing))?;
    }
    if list.rest > 0 {
        writeln!(notes, "{} more; `--limit` shows them", list.rest)?;
    }
    for note in &list.notes {
        writeln!(notes, "note: {note}")?;
    }
    Ok(())
}

/// One line a person can scan: no column is empty.
fn line(item: &WorkItem, own: Currency) -> String {
    let kind = match item.kind {
        WorkKind::Dispute => "dispute",
        WorkKind::Inquiry => "inquiry",
        WorkKind::Warning => "fraud report",
        WorkKind::RefundRequest => "refund request",
        WorkKind::Complaint => "complaint",
    };
    let network = item.network.as_ref().map_or("-", Text::as_str);
    let code = item.network_reason_code.as_ref().map_or("-", Text::as_str);
    let gain = item.gain.map_or_else(|| "-".to_owned(), |gain| format!("{gain:.2} {own}"));
    let mut line = format!(
        "{:<6}  {}  {kind}  {network} {code}  {}  {}  gains {gain}",
        item.advice, item.id, item.category, item.amount
    );
    let win = item.win.as_ref().map_or_else(|| "nobody reads it".to_owned(), share);
    // Writing to a string cannot fail.
    let _ = write!(line, "  win {win}");
    if let Some(becomes) = &item.becomes_dispute {
        let _ = write!(line, "  becomes a dispute {}", share(becomes));
    }
    let _ = write!(line, "  evidence {} %", item.evidence.bp / 100);
    let lacks: Vec<&str> = item.evidence.required_missing().collect();
    if !lacks.is_empty() {
        let _ = write!(line, " (lacks {})", lacks.join(", "));
    }
    if let Some(deadline) = &item.deadline {
        let _ = write!(line, "  {deadline}");
        if let Some(hours) = deadline.alarm_hours {
            let _ = write!(line, "  alarm {hours}h");
        }
    }
    if !item.invalid_by.is_empty() {
        let _ = write!(line, "  [invalid by {}]", item.invalid_by.join(", "));
    }
    for (is_so, word) in [
        (item.liability_moves, "liability moves to the issuer"),
        (item.explores, "fought to learn"),
        (item.unpriced, "no exchange rate: fees left out"),
    ] {
        if is_so {
            let _ = write!(line, "  [{word}]");
        }
    }
    line
}

/// `34 % (21-49 %, 12 own cases, prior single)`.
pub(super) fn share(chance: &Chance) -> String {
    let percent = |bp: u16| (u32::from(bp) + 50) / 100;
    let Chance { bp, low_bp, high_bp, cases, confidence, .. } = chance;
    format!(
        "{} % ({}-{} %, {cases} own cases, prior {confidence})",
        percent(*bp),
        percent(*low_bp),
        percent(*high_bp)
    )
}

fn monitoring(standing: &Standing) -> String {
    let Standing { programme, network, month, sales, forecast_items, .. } = standing;
    let items = standing.disputes + standing.warnings.unwrap_or_default();
    let ratio = |bp: Option<u64>| bp.map_or_else(|| "-".to_owned(), |bp| format!("{bp} bp"));
    let mut line = format!(
        "{programme}  {network} {month}  {items} of {sales} sales, {}; at the month's end {forecast_items}, {}; limit {} bp and {}",
        ratio(standing.ratio_bp),
        ratio(standing.forecast_bp),
        standing.limit_bp,
        standing.limit_items,
    );
    if let Some(percent) = standing.alarm_percent {
        let _ = write!(line, "  {percent} % of the way");
    }
    for (is_so, word) in [
        (standing.lower_bound, "at least: no fraud report was ever received"),
        (!standing.whole, "at most: not all sales were read"),
    ] {
        if is_so {
            let _ = write!(line, "  [{word}]");
        }
    }
    line
}
