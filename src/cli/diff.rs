//! `vouch rules diff`: what changed between two sets of rules, and which past decisions with it.

use super::backtest::print;
use super::past::{PastArgs, load};
use crate::engine::past::Comparison;
use crate::rules::backtest::{Changed, Fate, Shift};
use crate::rules::{ChangeKind, RuleChange, compare};
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::slice::from_ref;

/// Arguments of `vouch rules diff`.
#[derive(Debug, clap::Args)]
pub(super) struct DiffArgs {
    /// Rules as they are: a file or a directory
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// Rules as they would be
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Records or labelled transactions to decide with both; see `vouch rules backtest`
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Most changed decisions listed one by one
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    past: PastArgs,
}

/// Everything a comparison says.
#[derive(Debug, Serialize)]
struct Page {
    old: String,
    new: String,
    rules: Vec<RuleChange>,
    /// Null where no decisions were looked at.
    decisions: Option<Decisions>,
}

/// What both sets decide of the same records.
#[derive(Debug, Serialize)]
struct Decisions {
    rows: u64,
    changed: u64,
    fates: BTreeMap<Fate, u64>,
    shifts: Vec<Shift>,
    /// By rule whose number of hits is another: before and after; null where a set does not have it.
    hits: BTreeMap<String, [Option<u64>; 2]>,
    listed: Vec<Changed>,
}

/// Exit code 0: told, whatever changed; 1: bad rows.
pub(super) fn run(args: &DiffArgs) -> Result<u8> {
    let (old, new) = (load(from_ref(&args.old))?, load(from_ref(&args.new))?);
    let rules = compare(&old, &new);
    let (mut decisions, mut code) = (None, 0);
    if args.past.names_something(args.file.as_deref()) {
        let past = args.past.open(args.file.as_deref())?;
        let fields = old.fields().into_iter().chain(new.fields()).collect();
        let make = || Comparison::new(&old, &new, past.hindsight(), args.limit);
        let (done, skipped) = past.over(&fields, make)?;
        skipped.tell();
        if skipped.bad > 0 {
            code = 1;
        }
        let mut hits = done.hits();
        hits.retain(|_, [was, now]| was != now);
        decisions = Some(Decisions {
            rows: done.rows.values().sum(),
            changed: done.shifts.changes(),
            shifts: done.shifts.shifts(),
            listed: done.shifts.listed().cloned().collect(),
            fates: done.rows,
            hits,
        });
    }
    let (old, new) = (old.digest().to_owned(), new.digest().to_owned());
    let page = Page { old, new, rules, decisions };
    let text = if args.json { serde_json::to_string(&page)? + "\n" } else { text(&page) };
    print(&text)?;
    Ok(code)
}

fn text(page: &Page) -> String {
    let mut text = String::new();
    if page.rules.is_empty() {
        text.push_str("the rules are the same in all that bears on a decision\n");
    }
    for change in &page.rules {
        let word = match change.kind {
            ChangeKind::Added { .. } => "+",
            ChangeKind::Removed { .. } => "-",
            ChangeKind::Changed { .. } => "~",
        };
        let _ = writeln!(text, "{word} {}", change.id);
        for edit in change.edits() {
            for (sign, side) in [("-", &edit.was), ("+", &edit.now)] {
                if let Some(side) = side {
                    let _ = writeln!(text, "    {sign} {}: {side}", edit.key);
                }
            }
        }
    }
    if let Some(decisions) = &page.decisions {
        decided(decisions, &mut text);
    }
    text
}

fn decided(decisions: &Decisions, text: &mut String) {
    let Decisions { rows, changed, shifts, hits, listed, .. } = decisions;
    let _ = writeln!(text, "\n{changed} of {rows} decisions change; money in EUR");
    let head = ["was", "now", "rows", "fraud", "good", "amount", "saved"].map(str::to_owned);
    let moved = shifts.iter().filter(|shift| shift.was != shift.now).map(|shift| {
        let fate = |fate| shift.fates.get(&fate).copied().unwrap_or(0).to_string();
        [
            shift.was.to_string(),
            shift.now.to_string(),
            shift.decisions.to_string(),
            fate(Fate::Fraud),
            fate(Fate::Good),
            euros(shift.amount_cents),
            euros(shift.saved_cents),
        ]
    });
    if *changed > 0 {
        let lines: Vec<_> = std::iter::once(head).chain(moved).collect();
        text.push_str(&super::ledger::columns(&lines));
    }
    for (rule, [was, now]) in hits {
        let shown = |hits: &Option<u64>| hits.map_or_else(|| "-".to_owned(), |n| n.to_string());
        let _ = writeln!(text, "{rule}: {} -> {} hits", shown(was), shown(now));
    }
    for row in listed {
        let only = |these: &[String], those: &[String], sign: &str| {
            let own = these.iter().filter(|id| !those.contains(id));
            own.map(|id| format!(" {sign}{id}")).collect::<Vec<_>>().concat()
        };
        let _ = writeln!(
            text,
            "  {} {} {} -> {} {}{}{}",
            row.transaction_id,
            row.event_time,
            row.was,
            row.now,
            row.amount_cents.map_or_else(|| "-".to_owned(), euros),
            only(&row.rules_was, &row.rules_now, "-"),
            only(&row.rules_now, &row.rules_was, "+"),
        );
    }
    let more = changed.saturating_sub(listed.len() as u64);
    if more > 0 {
        let _ = writeln!(text, "  … and {more} more");
    }
}

/// Euro with cents.
fn euros(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}
