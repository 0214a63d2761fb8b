//! What a packet rests on, as a text a program can check and a signature covers.
//!
//! One line a fact, in a fixed order:
//!
//! ```text
//! vouch manifest 1
//! dispute dp_1 stripe
//! sale tx-1 17
//! exhibit A 317f… 3
//! record A event e-005 18
//! log B 59b5… 7
//! chain 42 9bc0…
//! ```
//!
//! `exhibit`: letter, SHA-256 of the exhibit as plain text from its title to its last line, number of
//! records shown. `record`: exhibit, what it is, its identifier, its number in the ledger or `-`. `log`:
//! SHA-256 over every event the exhibit rests on, and their number. `chain`: the ledger's hash at the
//! highest of these numbers, which fixes every record before it.

use super::sheets::{Sheet, Source};
use super::{Draft, Exhibit};
use crate::disputes::Link;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Where records lie, by what they are and their identifier.
pub(super) struct Places<'a>(BTreeMap<(bool, &'a str), &'a Link>);

/// A record an exhibit shows.
pub(super) struct Shown<'a> {
    pub(super) is_sale: bool,
    pub(super) id: &'a str,
    /// Its number in the ledger; `None` when it was not found there.
    pub(super) sequence: Option<u64>,
}

impl<'a> Places<'a> {
    pub(super) fn of(links: &'a [Link]) -> Self {
        Self(links.iter().map(|link| ((link.is_sale, link.id.as_str()), link)).collect())
    }

    pub(super) fn sequence(&self, is_sale: bool, id: &str) -> Option<u64> {
        self.0.get(&(is_sale, id)).map(|link| link.sequence)
    }

    /// The records an exhibit shows, each once, in the order shown; the disputed sale is no record of
    /// an exhibit, it is named once for all.
    pub(super) fn shown<'s>(&self, sheet: &Sheet<'s>) -> Vec<Shown<'s>> {
        let record = |source: &Source<'s>| match source {
            Source::Event(event) => Some((false, event.event_id.as_str())),
            Source::Prior(sale) => Some((true, sale.transaction_id.as_str())),
            Source::Sale(_) => None,
        };
        let records = sheet.rows.iter().filter_map(|row| record(&row.source));
        records
            .map(|(is_sale, id)| Shown { is_sale, id, sequence: self.sequence(is_sale, id) })
            .collect()
    }

    /// The last of all records shown, with the hash of the chain there.
    pub(super) fn last(&self, draft: &Draft<'_>, exhibits: &[Exhibit]) -> Option<&'a Link> {
        let sale = draft.facts.sale.map(|sale| (true, sale.transaction_id.as_str()));
        let shown = draft.sheets.iter().flat_map(|sheet| self.shown(sheet));
        let files = files(draft, exhibits).flat_map(|file| &file.event_ids);
        let files = files.map(|id| (false, id.as_str()));
        let keys = shown.map(|shown| (shown.is_sale, shown.id)).chain(sale).chain(files);
        keys.filter_map(|key| self.0.get(&key).copied()).max_by_key(|link| link.sequence)
    }
}

/// The exhibits that are files: those behind the sheets.
pub(super) fn files<'e>(
    draft: &Draft<'_>,
    exhibits: &'e [Exhibit],
) -> impl Iterator<Item = &'e Exhibit> {
    exhibits.iter().skip(draft.sheets.len())
}

/// The manifest of a packet.
pub(super) fn text(draft: &Draft<'_>, exhibits: &[Exhibit], places: &Places<'_>) -> String {
    let mut text = String::from("vouch manifest 1\n");
    let number = |sequence: Option<u64>| sequence.map_or("-".to_owned(), |n| n.to_string());
    let mut line = |words: &[&str]| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", words.join(" "));
    };
    let dispute = draft.facts.dispute;
    line(&["dispute", dispute.id.as_str(), dispute.processor.as_str()]);
    if let Some(sale) = draft.facts.sale {
        let id = sale.transaction_id.as_str();
        line(&["sale", id, &number(places.sequence(true, id))]);
    }
    for (sheet, exhibit) in draft.sheets.iter().zip(exhibits) {
        let letter = exhibit.letter.to_string();
        let shown = places.shown(sheet);
        line(&["exhibit", &letter, &exhibit.sha256, &shown.len().to_string()]);
        for record in shown {
            let what = if record.is_sale { "sale" } else { "event" };
            line(&["record", &letter, what, record.id, &number(record.sequence)]);
        }
        if exhibit.log_events > 0 {
            line(&["log", &letter, &exhibit.log_sha256, &exhibit.log_events.to_string()]);
        }
    }
    for file in files(draft, exhibits) {
        let letter = file.letter.to_string();
        line(&["exhibit", &letter, &file.sha256, &file.event_ids.len().to_string()]);
        for id in &file.event_ids {
            let sequence = number(places.sequence(false, id.as_str()));
            line(&["record", &letter, "event", id.as_str(), &sequence]);
        }
    }
    if let Some(last) = places.last(draft, exhibits) {
        line(&["chain", &last.sequence.to_string(), &last.hash]);
    }
    text
}
