//! A backtest as one page: what packs and rules save and cost, how they hold week by week, what they
//! share, and the numbers behind it. No script, no font, no address of another place.

use crate::domain::{DAY_MS, RuleMode, Timestamp};
use crate::rules::backtest::{Fate, Interval, PackReport, Report, RuleReport, Sums};
use crate::train::html::chart::{Axis, Chart, Row, instant, rows_svg};
use crate::train::html::{STYLE, escape, put, table};

/// Rules drawn week by week, those with the most hits.
const DRAWN: usize = 8;
/// Rules of the plot of money, and of the table of overlaps.
const LISTED: usize = 20;

/// The whole page.
pub(super) fn page(report: &Report, mature_days: u32) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Backtest of rules</title>\n<style>\n{STYLE}.bar.s2 {{ fill: var(--s2); }}\n</style>\n\
         </head>\n<body>\n<main>\n<h1>Backtest of rules <code>{}</code></h1>\n",
        escape(report.rules_digest.get(..12).unwrap_or(&report.rules_digest)),
    );
    page += &introduction(report, mature_days);
    if !report.alarms.is_empty() {
        page += "<h2>Alarms</h2>\n<ul class=\"notes\">\n";
        for alarm in &report.alarms {
            let (about, what) = (escape(&alarm.about), escape(&alarm.kind.sentence()));
            put(&mut page, format_args!("<li><code>{about}</code>: {what}</li>\n"));
        }
        page += "</ul>\n";
    }
    page += "<h2>Money</h2>\n<div class=\"plots\">\n";
    page += &money(
        ("packs", "What each pack saves on frauds and costs on good buyers"),
        report.packs.iter().map(|p| (p.pack.as_str(), p.saved_cents, p.lost_cents)).collect(),
    );
    page += &money(
        ("rules", "The same by rule, as if it alone acted"),
        report.rules.iter().map(|r| (r.id.as_str(), r.saved_cents, r.lost_cents)).collect(),
    );
    page += "</div>\n<h2>Week by week</h2>\n<div class=\"plots\">\n";
    page += &weekly(report);
    page += "</div>\n<h2>The numbers</h2>\n";
    page += &numbers(report);
    page + "</main>\n</body>\n</html>\n"
}

fn introduction(report: &Report, mature_days: u32) -> String {
    let date = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.date_text());
    let young = report.rows.of(Fate::Immature) + report.rows.of(Fate::ImmatureFraud);
    format!(
        "<p>{} past decisions from {} to {}: {} frauds, {} good sales; {young} younger than \
         {mature_days} days, {} blocked by us and {} refused by others of which nothing is known, {} \
         unlabelled. Of these nothing is concluded.</p>\n\
         <p class=\"quiet\">Money is in euro, by the costs of the policy: saved is what the action \
         spares on frauds, lost what it costs on good sales, both beside approval.</p>\n",
        report.rows.all,
        date(report.from),
        date(report.to),
        report.rows.of(Fate::Fraud),
        report.rows.of(Fate::Good),
        report.rows.of(Fate::Blocked),
        report.rows.of(Fate::Refused),
        report.rows.of(Fate::Unlabelled),
    )
}

fn figure(id: &str, title: &str, svg: &str, legend: &[(&str, &str)], caption: &str) -> String {
    let mut keys = String::new();
    for (class, name) in legend {
        put(
            &mut keys,
            format_args!(
                "<li><svg viewBox=\"0 0 32 10\" aria-hidden=\"true\"><path class=\"line {class}\" \
                 d=\"M0 5L32 5\"/></svg>{name}</li>"
            ),
        );
    }
    format!(
        "<figure id=\"{id}\">\n<h3>{}</h3>\n{svg}<ul class=\"legend\">{keys}</ul>\n\
         <figcaption>{}</figcaption>\n</figure>\n",
        escape(title),
        escape(caption)
    )
}

/// Saved and lost side by side, the most money first.
fn money((id, title): (&str, &str), mut rows: Vec<(&str, i64, i64)>) -> String {
    rows.retain(|(_, saved, lost)| *saved != 0 || *lost != 0);
    rows.sort_by_key(|(_, saved, lost)| std::cmp::Reverse((*saved).max(*lost)));
    rows.truncate(LISTED);
    if rows.is_empty() {
        return String::new();
    }
    let bars: Vec<_> = rows
        .iter()
        .map(|(name, saved, lost)| Row { name, value: whole(*saved), second: Some(whole(*lost)) })
        .collect();
    let svg = rows_svg((id, title, "Two bars a name: saved, lost."), ("euro", ""), &bars, None);
    figure(id, title, &svg, &[("s1", "saved on frauds"), ("s2", "lost on good sales")], "In euro.")
}

/// Cents as euro of an axis.
#[expect(clippy::cast_precision_loss, reason = "a length on paper")]
fn whole(cents: i64) -> f64 {
    cents as f64 / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "a length on paper")]
fn float(count: u64) -> f64 {
    count as f64
}

fn weekly(report: &Report) -> String {
    let mut most: Vec<(usize, &RuleReport)> = report.rules.iter().enumerate().collect();
    most.retain(|(_, rule)| rule.hits.all > 0);
    most.sort_by_key(|(place, rule)| (std::cmp::Reverse(rule.hits.all), *place));
    let Some((first, last)) = report.weeks.first().zip(report.weeks.last()) else {
        return String::new();
    };
    let mut figures = String::new();
    for (place, rule) in most.into_iter().take(DRAWN) {
        let weeks: Vec<_> = report
            .weeks
            .iter()
            .map(|week| {
                let found = week.rules.iter().find(|found| found.rule == place);
                let counts = found.map_or([0; 3], |found| [found.hits, found.fraud, found.good]);
                (instant(week.from), counts.map(float))
            })
            .collect();
        let top = weeks.iter().fold(1.0, |top: f64, (_, [hits, ..])| top.max(*hits));
        let to = last.from.plus_millis(7 * DAY_MS);
        let x = Axis::time("week", first.from, to);
        let mut chart = Chart::new(x, Axis::linear("hits a week", (0.0, top), ""));
        chart.line("s1", weeks.iter().map(|(at, [hits, ..])| (*at, *hits)));
        chart.line("s2", weeks.iter().map(|(at, [_, fraud, _])| (*at, *fraud)));
        chart.line("s3", weeks.iter().map(|(at, [.., good])| (*at, *good)));
        let id = format!("week-{place}");
        let svg = chart.svg(&id, &rule.id, "Hits a week: all, frauds, good sales.");
        let legend = [("s1", "hits"), ("s2", "frauds"), ("s3", "good sales")];
        let caption = "The last weeks have few frauds and good sales yet: they are too young.";
        figures += &figure(&format!("figure-{id}"), &rule.id, &svg, &legend, caption);
    }
    figures
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.2} %", 100.0 * share))
}

fn precision(precision: Option<Interval>) -> String {
    precision.map_or_else(
        || "–".to_owned(),
        |p| format!("{:.1} % ({:.1}–{:.1})", 100.0 * p.share, 100.0 * p.low, 100.0 * p.high),
    )
}

fn euros(cents: i64) -> String {
    format!("{:.2}", whole(cents))
}

fn fates(sums: &Sums) -> [String; 8] {
    Fate::ALL.map(|fate| sums.of(fate).to_string())
}

const FATES: [&str; 8] =
    ["fraud", "good", "disputed", "too young", "young fraud", "blocked", "refused", "unlabelled"];

fn scroll(table: &str) -> String {
    format!("<div class=\"scroll\" tabindex=\"0\">{table}</div>\n")
}

fn numbers(report: &Report) -> String {
    let pack = |pack: &PackReport| {
        let mut row = vec![pack.pack.clone(), pack.rules.to_string(), pack.hits.all.to_string()];
        row.extend(fates(&pack.hits));
        row.extend([precision(pack.precision), percent(pack.recall)]);
        row.extend([pack.saved_cents, pack.lost_cents].map(euros));
        row.extend([pack.insulted_buyers.to_string(), euros(pack.marginal.saved_cents)]);
        row
    };
    let head = [&["pack", "rules", "hits"][..], &FATES, &PACK_TAIL].concat();
    let packs: Vec<_> = report.packs.iter().map(pack).collect();
    let mut text =
        scroll(&table("Packs: a row once, whatever the number of its rules.", &head, &packs));
    let on = || report.rules.iter().filter(|rule| rule.mode != RuleMode::Off);
    let rule = |rule: &RuleReport| {
        let mut row = vec![rule.id.clone(), rule.action.to_string(), rule.mode.to_string()];
        row.push(rule.hits.all.to_string());
        row.extend(fates(&rule.hits));
        row.extend([precision(rule.precision), percent(rule.recall)]);
        row.extend([percent(rule.false_positive_rate), percent(rule.unknown_share)]);
        row.extend([rule.hits.fraud_cents, rule.saved_cents, rule.lost_cents].map(euros));
        row.extend(
            [rule.insulted_buyers, rule.only, rule.marginal.decisions.all].map(|n| n.to_string()),
        );
        row.push(euros(rule.marginal.saved_cents));
        row
    };
    let head = [&["rule", "action", "mode", "hits"][..], &FATES, &RULE_TAIL].concat();
    let rules: Vec<_> = on().map(rule).collect();
    text += &scroll(&table(
        "Rules. Worth: what having the rule saves beside all others.",
        &head,
        &rules,
    ));
    text + &overlap(report)
}

const PACK_TAIL: [&str; 6] = ["precision", "recall", "saved", "lost", "insulted", "worth"];
const RULE_TAIL: [&str; 11] = [
    "precision",
    "recall",
    "false positives",
    "unknown",
    "caught",
    "saved",
    "lost",
    "insulted",
    "alone",
    "turns",
    "worth",
];

/// Of each rule's hits, the share another matches too.
fn overlap(report: &Report) -> String {
    let mut most: Vec<(usize, &RuleReport)> = report.rules.iter().enumerate().collect();
    most.retain(|(_, rule)| rule.hits.all > 0);
    most.sort_by_key(|(place, rule)| (std::cmp::Reverse(rule.hits.all), *place));
    most.truncate(LISTED);
    if report.overlap.is_empty() || most.is_empty() {
        return String::new();
    }
    let mut head = vec!["of the hits of"];
    head.extend(most.iter().map(|(_, rule)| rule.id.as_str()));
    let row = |(place, rule): &(usize, &RuleReport)| {
        let shared = report.overlap.get(*place);
        let cell = |(other, _): &(usize, &RuleReport)| {
            let both = shared.and_then(|shared| shared.get(*other)).copied().unwrap_or(0);
            format!("{:.0} %", 100.0 * float(both) / float(rule.hits.all))
        };
        std::iter::once(rule.id.clone()).chain(most.iter().map(cell)).collect::<Vec<_>>()
    };
    let rows: Vec<_> = most.iter().map(row).collect();
    scroll(&table("Overlap: the share that the rule of the column matches too.", &head, &rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RuleSet;
    use crate::rules::backtest::Backtest;

    #[test]
    fn the_page_stands_alone() {
        let set = RuleSet::builtin().unwrap();
        let page = page(&Backtest::new(&set, 0).report(), 90);
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
        for outside in ["<script", "http:", "https:", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
