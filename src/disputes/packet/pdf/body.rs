//! What stands behind page 1: the timeline, the exhibits, the manifest.

use super::flow::{BODY, Cell, Flow, HEADING, Mark, SMALL, STRONG};
use super::letter::Pages;
use crate::disputes::packet::files::FilePages;
use crate::disputes::packet::manifest::{self, Places};
use crate::disputes::packet::points::Draft;
use crate::disputes::packet::sheets::Sheet;
use crate::disputes::packet::words::utc;
use crate::disputes::packet::{Exhibit, render};
use crate::ledger::Signed;

const TIME: i32 = 122_000;
const NUMBER: i32 = 26_000;
const PLACE: i32 = 34_000;

/// The records that matter, with the dispute as a ruled line between them.
pub(super) fn timeline(flow: &mut Flow, draft: &Draft<'_>, most: usize) {
    let name = "Timeline (UTC)";
    flow.heading(name);
    flow.part(Some(name));
    let opened = draft.facts.dispute.opened_at;
    let mut ruled = false;
    for (row, place) in render::timeline(draft, most) {
        if !ruled && row.at > opened {
            opening(flow, draft);
            ruled = true;
        }
        let width = flow.width() - TIME - PLACE;
        flow.row(&[
            Cell { x: 0, width: TIME, style: BODY, text: &utc(row.at) },
            Cell { x: TIME, width: PLACE, style: BODY, text: &place },
            Cell { x: TIME + PLACE, width, style: BODY, text: &row.text },
        ]);
        flow.gap(2_000);
    }
    if !ruled {
        opening(flow, draft);
    }
    flow.part(None);
}

fn opening(flow: &mut Flow, draft: &Draft<'_>) {
    flow.need(2 * BODY.leading);
    flow.gap(2_000);
    flow.rule(1_600);
    let at = utc(draft.facts.dispute.opened_at);
    flow.labelled((&at, TIME + PLACE), "");
    flow.gap(-STRONG.leading);
    let width = flow.width() - TIME - PLACE;
    flow.row(&[Cell { x: TIME + PLACE, width, style: STRONG, text: "DISPUTE OPENED" }]);
    flow.gap(3_000);
    flow.rule(1_600);
    flow.gap(2_000);
}

/// The exhibits; where each begins goes into `pages`.
pub(super) fn exhibits(
    flow: &mut Flow,
    draft: &Draft<'_>,
    exhibits: &[Exhibit],
    pages: &mut Pages,
) {
    for (sheet, exhibit) in draft.sheets.iter().zip(exhibits) {
        let name = format!("Exhibit {}: {}", exhibit.letter, exhibit.title);
        flow.heading(&name);
        flow.part(Some(&name));
        pages.insert(exhibit.letter, flow.page());
        rows(flow, draft, sheet);
        if let Some(count) = render::log_line(sheet) {
            flow.gap(3_000);
            flow.paragraph(&count, BODY);
            flow.paragraph(&exhibit.log_sha256, SMALL);
        }
        flow.part(None);
    }
}

/// The merchant's own files, each of their pages on one of ours; where each begins goes into `pages`.
pub(super) fn files(flow: &mut Flow, files: &[&FilePages<'_>], pages: &mut Pages) {
    for (place, file) in files.iter().enumerate() {
        let Exhibit { letter, title, .. } = &file.exhibit;
        let count = file.pages.sizes.len();
        for (number, size) in file.pages.sizes.iter().enumerate() {
            flow.part(None);
            flow.turn();
            let name = format!("Exhibit {letter}: {title}");
            if number == 0 {
                pages.insert(*letter, flow.page());
                flow.paragraph(&name, HEADING);
                flow.paragraph(&file.row(), BODY);
                flow.paragraph(&format!("SHA-256 of the file: {}", file.file.sha256), SMALL);
            } else {
                flow.paragraph(&format!("{name}, page {} of {count}", number + 1), STRONG);
            }
            flow.gap(4_000);
            let (width, height) = (flow.width(), flow.room());
            let (x, y) = flow.area(height);
            let (wide, high) = fitted(*size, (width, height));
            flow.put(Mark::Sheet { file: place, page: number, at: (x, y), size: (wide, high) });
        }
    }
}

/// A size made as large as an area allows, no larger than it is and a quarter.
fn fitted((width, height): (i32, i32), area: (i32, i32)) -> (i32, i32) {
    let [width, height, across, down] = [width, height, area.0, area.1].map(i64::from);
    let most = width.saturating_mul(5) / 4;
    let wide = across.min(down.saturating_mul(width) / height.max(1)).min(most);
    let high = wide.saturating_mul(height) / width.max(1);
    let whole = |side: i64| i32::try_from(side).unwrap_or(i32::MAX);
    (whole(wide), whole(high))
}

fn rows(flow: &mut Flow, draft: &Draft<'_>, sheet: &Sheet<'_>) {
    let opened = utc(draft.facts.dispute.opened_at);
    if sheet.late > 0 {
        flow.paragraph(&format!("After the dispute was opened on {opened} UTC:"), STRONG);
        flow.gap(2_000);
    }
    for (number, row) in (1..).zip(&sheet.rows) {
        if sheet.late > 0 && number == sheet.late + 1 {
            flow.need(3 * BODY.leading);
            flow.gap(3_000);
            flow.paragraph("Before the dispute:", STRONG);
            flow.gap(2_000);
        }
        let width = flow.width() - NUMBER - TIME;
        flow.row(&[
            Cell { x: 0, width: NUMBER, style: BODY, text: &number.to_string() },
            Cell { x: NUMBER, width: TIME, style: BODY, text: &utc(row.at) },
            Cell { x: NUMBER + TIME, width, style: BODY, text: &row.text },
        ]);
        flow.gap(2_000);
    }
}

/// The manifest as it is read; the signature is over its text of lines.
pub(super) fn manifest(
    flow: &mut Flow,
    draft: &Draft<'_>,
    exhibits: &[Exhibit],
    places: &Places<'_>,
    signed: (&Signed, &str),
) {
    flow.heading("Manifest");
    flow.part(Some("Manifest"));
    flow.paragraph(
        "SHA-256 of each exhibit as plain text, and the records it shows with their numbers in our \
         append-only ledger, whose records are chained by their hashes.",
        SMALL,
    );
    flow.gap(4_000);
    let number = |sequence: Option<u64>| sequence.map_or("-".to_owned(), |n| n.to_string());
    if let Some(sale) = draft.facts.sale {
        let id = sale.transaction_id.as_str();
        let sequence = number(places.sequence(true, id));
        line(flow, "Sale", &format!("transaction {id} ({sequence})"));
    }
    for (sheet, exhibit) in draft.sheets.iter().zip(exhibits) {
        line(flow, &exhibit.letter.to_string(), &exhibit.sha256);
        let records: Vec<String> = places
            .shown(sheet)
            .into_iter()
            .map(|shown| format!("{} ({})", shown.id, number(shown.sequence)))
            .collect();
        if !records.is_empty() {
            line(flow, "", &records.join(", "));
        }
    }
    for file in manifest::files(draft, exhibits) {
        line(flow, &file.letter.to_string(), &file.sha256);
        for id in &file.event_ids {
            let sequence = number(places.sequence(false, id.as_str()));
            line(flow, "", &format!("{id} ({sequence})"));
        }
    }
    if let Some(last) = places.last(draft, exhibits) {
        line(flow, "Chain", &format!("{} at record {}", last.hash, last.sequence));
    }
    let (signed, digest) = signed;
    line(flow, "Text", &format!("{digest} (SHA-256 of the manifest as lines, which is signed)"));
    line(flow, "Key", &format!("{} (Ed25519)", signed.key));
    line(flow, "Signature", &signed.signature);
    flow.part(None);
}

fn line(flow: &mut Flow, label: &str, text: &str) {
    const LABEL: i32 = 56_000;
    let width = flow.width() - LABEL;
    flow.row(&[
        Cell { x: 0, width: LABEL, style: SMALL, text: label },
        Cell { x: LABEL, width, style: SMALL, text },
    ]);
    flow.gap(2_000);
}
