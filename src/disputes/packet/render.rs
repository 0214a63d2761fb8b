//! The packet as text: letter, timeline, exhibits, manifest.

use super::Exhibit;
use super::choose::choose;
use super::clean::clean;
use super::layout::Page;
use super::plan::Plan;
use super::points::{Draft, Point};
use super::sheets::{Kind, Row, Sheet};
use super::words::{Line, capital, card_text, items_text, utc};
use crate::disputes::reasons;
use crate::domain::{DisputeStage, EventId, EventKind, Personal, Text, Transaction};

/// Most lines of the timeline.
const MAX_TIMELINE: usize = 40;

/// The whole document.
pub(super) fn document(
    draft: &Draft<'_>,
    plan: &Plan,
    points: &[Point],
    exhibits: &[Exhibit],
) -> String {
    let mut page = Page::default();
    heading(&mut page, draft);
    answer(&mut page, draft, plan, points);
    let enclosed: Vec<String> =
        exhibits.iter().map(|exhibit| format!("{} {}", exhibit.letter, exhibit.title)).collect();
    if !enclosed.is_empty() {
        page.labelled("Enclosed: ", &format!("exhibits {}.", enclosed.join(", ")));
    }
    page.line("\u{c}");
    print_timeline(&mut page, draft);
    let mut text = page.text();
    for exhibit in exhibits {
        text.push('\n');
        text.push_str(&exhibit.text);
    }
    text.push_str(&manifest(draft, exhibits));
    text
}

fn heading(page: &mut Page, draft: &Draft<'_>) {
    page.line("ANSWER TO A DISPUTE");
    page.rule('=');
    for (label, value) in facts(draft) {
        page.labelled(&format!("{label:<20}"), &value);
    }
}

/// What the letter is about, as labels with values: what the bank knows the case and the buyer by.
pub(super) fn facts(draft: &Draft<'_>) -> Vec<(&'static str, String)> {
    let dispute = draft.facts.dispute;
    let mut found = Vec::new();
    let mut field = |label, value: Option<String>| found.extend(value.map(|value| (label, value)));
    field("Case", Some(format!("{} at {}", dispute.id, dispute.processor.as_str())));
    field("Network and code", network_and_code(draft));
    field("Disputed amount", Some(dispute.amount.to_string()));
    field("Dispute opened", Some(format!("{} UTC", utc(dispute.opened_at))));
    let Some(sale) = draft.facts.sale else { return found };
    let charged = sale.amount.filter(|amount| *amount != dispute.amount);
    field("Amount charged", charged.map(|amount| amount.to_string()));
    field("Purchase", Some(purchase(sale)));
    field("Product", items_text(sale));
    field("Statement text", sale.descriptor.as_ref().map(|text| clean(text.as_str())));
    field("Customer", customer(sale));
    field("Card", sale.card.as_ref().and_then(card_text));
    let reference = draft.facts.of(&[EventKind::Capture]).find_map(|event| event.data.arn.as_ref());
    field("Acquirer reference", reference.map(|arn| clean(arn.as_str())));
    found
}

fn network_and_code(draft: &Draft<'_>) -> Option<String> {
    let dispute = draft.facts.dispute;
    let network = dispute.network.as_ref()?.as_str();
    let code = dispute.network_reason_code.as_ref().map(Text::as_str);
    let title = reasons::of(dispute).map(|row| row.title.as_str());
    Some(Line::new(&capital(network)).add(" ", code).add(", ", title).text())
}

fn purchase(sale: &Transaction) -> String {
    let at = format!("{} UTC", utc(sale.event_time));
    Line::new(&at).fact(", order ", sale.order_id.as_ref()).text()
}

fn customer(sale: &Transaction) -> Option<String> {
    let account = sale.account.as_ref()?;
    let parts: Vec<&str> = [
        account.name.as_ref().map(Personal::as_str),
        account.email.as_ref().map(Personal::as_str),
        account.phone.as_ref().map(Personal::as_str),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| clean(&parts.join(", ")))
}

fn answer(page: &mut Page, draft: &Draft<'_>, plan: &Plan, points: &[Point]) {
    page.gap();
    page.line("THE CLAIM");
    page.labelled("  ", plan.claim);
    if points.is_empty() {
        page.gap();
        return;
    }
    page.gap();
    page.line("OUR ANSWER");
    for (number, point) in (1..).zip(points) {
        page.labelled(&format!("  {number}. "), &point.to_string());
    }
    page.gap();
    page.line("WE ASK");
    page.labelled("  ", &wish(draft));
    page.gap();
}

/// What we ask.
pub(super) fn wish(draft: &Draft<'_>) -> String {
    let dispute = draft.facts.dispute;
    match dispute.stage {
        DisputeStage::Inquiry | DisputeStage::Alert => {
            "that the matter be closed without a chargeback.".to_owned()
        }
        _ => format!("that the dispute be reversed and {} returned to us.", dispute.amount),
    }
}

/// The records that matter, by time, each with its place in the exhibits; at most `most`.
pub(super) fn timeline<'s>(draft: &'s Draft<'_>, most: usize) -> Vec<(&'s Row<'s>, String)> {
    let mut entries: Vec<(&Row<'_>, Kind, usize)> = draft
        .sheets
        .iter()
        .flat_map(|sheet| (1..).zip(&sheet.rows).map(|(number, row)| (row, sheet.kind, number)))
        .filter(|(row, ..)| row.key)
        .collect();
    entries.sort_by_key(|(row, ..)| row.at); // stable: by exhibit within one instant
    let shown = choose(&vec![0; entries.len()], most);
    let entries = shown.into_iter().filter_map(|at| entries.get(at));
    entries.map(|(row, kind, number)| (*row, format!("{}{number}", kind.letter()))).collect()
}

/// The timeline, with the dispute as a ruled line in it.
fn print_timeline(page: &mut Page, draft: &Draft<'_>) {
    page.line("TIMELINE (UTC)");
    page.rule('-');
    let opened = draft.facts.dispute.opened_at;
    let mut ruled = false;
    for (row, place) in timeline(draft, MAX_TIMELINE) {
        if !ruled && row.at > opened {
            dispute_line(page, draft);
            ruled = true;
        }
        page.labelled(&format!("{}  {place:<4} ", utc(row.at)), &row.text);
    }
    if !ruled {
        dispute_line(page, draft);
    }
}

fn dispute_line(page: &mut Page, draft: &Draft<'_>) {
    page.rule('=');
    page.line(&format!("{}  DISPUTE OPENED", utc(draft.facts.dispute.opened_at)));
    page.rule('=');
}

/// One exhibit, from its title to its last line.
pub(super) fn exhibit(draft: &Draft<'_>, sheet: &Sheet<'_>, log_sha256: &str) -> String {
    let mut page = Page::default();
    let (letter, title) = (sheet.kind.letter(), sheet.kind.title().to_uppercase());
    page.line(&format!("EXHIBIT {letter}: {title}"));
    page.rule('-');
    let opened = utc(draft.facts.dispute.opened_at);
    if sheet.late > 0 {
        page.line(&format!("After the dispute was opened on {opened} UTC:"));
    }
    for (number, row) in (1..).zip(&sheet.rows) {
        if sheet.late > 0 && number == sheet.late + 1 {
            page.line("Before the dispute:");
        }
        page.labelled(&format!("{number:>3}  {}  ", utc(row.at)), &row.text);
    }
    if let Some(count) = log_line(sheet) {
        page.line(&count);
        page.line(log_sha256);
    }
    page.text()
}

/// How many events of the log are shown, where some are not or the log itself is evidence.
pub(super) fn log_line(sheet: &Sheet<'_>) -> Option<String> {
    let shown = sheet.rows.iter().filter(|row| row.is_event()).count();
    let all = sheet.log.len();
    let says = all > shown || (sheet.kind == Kind::Use && all > 0);
    says.then(|| format!("{shown} of {all} events are shown. SHA-256 of the full log:"))
}

/// Digests of the exhibits and the records they show.
fn manifest(draft: &Draft<'_>, exhibits: &[Exhibit]) -> String {
    let mut page = Page::default();
    page.gap();
    page.line("MANIFEST");
    page.rule('-');
    page.labelled("", "SHA-256 of each exhibit from its title to its last line, and its records.");
    let sale = draft.facts.sale.map(|sale| format!("transaction {}", sale.transaction_id));
    if let Some(sale) = sale {
        page.labelled("Sale  ", &sale);
    }
    for exhibit in exhibits {
        page.line(&format!("{}     {}", exhibit.letter, exhibit.sha256));
        let ids: Vec<&str> = exhibit.event_ids.iter().map(EventId::as_str).collect();
        if !ids.is_empty() {
            page.labelled("      events ", &ids.join(", "));
        }
    }
    page.text()
}
