//! The report for a terminal: aligned columns within a hundred characters.

use super::report::{Interval, PackReport, Report, RuleReport, Sums};
use super::{Fate, Shift};
use crate::domain::RuleMode;
use std::fmt::{self, Write as _};

/// Widest name of a rule that is shown whole.
const NAME: usize = 30;
/// Changed rows listed.
const LISTED: usize = 10;

/// Whole euro with the thousands apart, from cents.
pub(in crate::rules::backtest) fn euros(cents: i64) -> String {
    let whole = cents.unsigned_abs().saturating_add(50) / 100;
    let digits = whole.to_string();
    let mut text = String::new();
    if cents < 0 && whole > 0 {
        text.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}%", 100.0 * share))
}

fn precision(precision: Option<Interval>) -> String {
    let shown = |x: f64| format!("{:.0}", 100.0 * x);
    precision.map_or_else(
        || "-".to_owned(),
        |Interval { share, low, high }| format!("{}% {}-{}", shown(share), shown(low), shown(high)),
    )
}

/// A name, its end cut where it is too long.
fn short(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(std::iter::once('…')).collect()
}

fn insulted(buyers: u64, exact: bool) -> String {
    if exact { buyers.to_string() } else { format!("~{buyers}") }
}

/// Lines whose first column is left-aligned and the others right-aligned.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(head.get(column).map(|name| name.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (column, (cell, width)) in cells.zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(line, "{cell:<width$}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line(&mut head.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

fn worth(
    name: String,
    hits: &Sums,
    (saved, lost): (i64, i64),
    rest: [String; 2],
    precision: String,
) -> Vec<String> {
    let [recall, insulted] = rest;
    vec![
        name,
        hits.all.to_string(),
        hits.of(Fate::Fraud).to_string(),
        hits.of(Fate::Good).to_string(),
        precision,
        recall,
        euros(hits.fraud_cents),
        euros(saved),
        euros(lost),
        insulted,
    ]
}

const WORTH: [&str; 10] =
    ["", "hits", "fraud", "good", "precision", "recall", "caught", "saved", "lost", "insulted"];

fn caught(rules: &[RuleReport]) -> Vec<Vec<String>> {
    let row = |rule: &RuleReport| {
        worth(
            short(&rule.id),
            &rule.hits,
            (rule.saved_cents, rule.lost_cents),
            [percent(rule.recall), insulted(rule.insulted_buyers, rule.insulted_exact)],
            precision(rule.precision),
        )
    };
    rules.iter().map(row).collect()
}

fn packs(packs: &[PackReport]) -> Vec<Vec<String>> {
    let row = |pack: &PackReport| {
        worth(
            short(&pack.pack),
            &pack.hits,
            (pack.saved_cents, pack.lost_cents),
            [percent(pack.recall), insulted(pack.insulted_buyers, pack.insulted_exact)],
            precision(pack.precision),
        )
    };
    packs.iter().map(row).collect()
}

fn changes(rules: &[RuleReport]) -> Vec<Vec<String>> {
    let row = |rule: &RuleReport| {
        let young = rule.hits.of(Fate::Immature) + rule.hits.of(Fate::ImmatureFraud);
        vec![
            short(&rule.id),
            rule.action.word().to_owned(),
            rule.mode.word().to_owned(),
            format!("{:.1}", rule.hits_per_day),
            percent(rule.unknown_share),
            rule.only.to_string(),
            rule.marginal.decisions.all.to_string(),
            euros(rule.marginal.saved_cents),
            young.to_string(),
            rule.hits.of(Fate::Blocked).to_string(),
        ]
    };
    rules.iter().map(row).collect()
}

const CHANGES: [&str; 10] =
    ["", "action", "mode", "a day", "unknown", "alone", "turns", "worth", "young", "blocked"];

fn shifts(shifts: &[Shift]) -> Vec<Vec<String>> {
    let count = |shift: &Shift, fate| shift.fates.get(&fate).copied().unwrap_or(0).to_string();
    let row = |shift: &Shift| {
        vec![
            format!("{} -> {}", shift.was, shift.now),
            shift.decisions.to_string(),
            count(shift, Fate::Fraud),
            count(shift, Fate::Good),
            euros(shift.amount_cents),
            euros(shift.saved_cents),
        ]
    };
    shifts.iter().map(row).collect()
}

const SHIFTS: [&str; 6] = ["decision", "rows", "fraud", "good", "amount", "saved"];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = |at: Option<crate::domain::Timestamp>| {
            at.map_or_else(|| "-".to_owned(), |at| at.date_text())
        };
        writeln!(
            f,
            "{} rows, {} to {}; rules {}",
            self.rows.all,
            date(self.from),
            date(self.to),
            self.rules_digest.chars().take(12).collect::<String>()
        )?;
        let fates: Vec<String> = Fate::ALL
            .into_iter()
            .filter(|fate| self.rows.of(*fate) > 0)
            .map(|fate| format!("{} {}", self.rows.of(fate), word(fate)))
            .collect();
        writeln!(f, "{}", fates.join(", "))?;
        writeln!(f, "{:.1} reviews a day; money in EUR\n", self.reviews_per_day)?;
        writeln!(f, "By pack")?;
        writeln!(f, "{}", table(&WORTH, &packs(&self.packs)))?;
        let on: Vec<RuleReport> =
            self.rules.iter().filter(|rule| rule.mode != RuleMode::Off).cloned().collect();
        writeln!(f, "By rule, as if it alone acted")?;
        writeln!(f, "{}", table(&WORTH, &caught(&on)))?;
        writeln!(f, "Beside the others")?;
        writeln!(f, "{}", table(&CHANGES, &changes(&on)))?;
        writeln!(f, "From the recorded action to that of these rules")?;
        write!(f, "{}", table(&SHIFTS, &shifts(&self.shifts)))?;
        self.list(f)?;
        if !self.alarms.is_empty() {
            writeln!(f, "\nAlarms")?;
        }
        for alarm in &self.alarms {
            writeln!(f, "{}: {}", alarm.about, alarm.kind.sentence())?;
        }
        Ok(())
    }
}

impl Report {
    fn list(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.changed.iter().take(LISTED) {
            writeln!(
                f,
                "  {} {} {} -> {}, {}",
                row.transaction_id,
                row.event_time,
                row.was,
                row.now,
                word(row.fate)
            )?;
        }
        let all: u64 =
            self.shifts.iter().filter(|s| s.was != s.now).map(|shift| shift.decisions).sum();
        let shown = self.changed.len().min(LISTED) as u64;
        if all > shown {
            writeln!(f, "  … and {} more", all - shown)?;
        }
        Ok(())
    }
}

fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Fraud => "fraud",
        Fate::Good => "good",
        Fate::Disputed => "disputed otherwise",
        Fate::Immature => "too young",
        Fate::ImmatureFraud => "too young and fraud",
        Fate::Blocked => "blocked by us",
        Fate::Refused => "refused by others",
        Fate::Unlabelled => "unlabelled",
    }
}
