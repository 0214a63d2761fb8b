//! Sentences about delivery and use.

use super::super::words::utc;
use super::{Draft, Kind, Point, point};
use crate::domain::{Event, EventKind};

/// The account or licence of the sale was in use after the dispute was opened: the strongest answer to
/// "not received" and to most "not me".
pub(in super::super) fn used_after_dispute(draft: &Draft<'_>) -> Option<Point> {
    let is_late = |event: &Event| draft.facts.is_late_use(event);
    let (count, _, last) = span(draft, is_late)?;
    let sentence = format!(
        "After the dispute was opened the records show {} of the account or licence of this \
         purchase, last on {} UTC",
        uses(count),
        utc(last.event_time)
    );
    point(sentence, draft.cite_events(Kind::Use, is_late))
}

/// It was in use between sale and dispute.
pub(in super::super) fn used_since_sale(draft: &Draft<'_>) -> Option<Point> {
    let is_early = |event: &Event| draft.facts.is_use(event) && !draft.facts.is_late_use(event);
    let (count, first, last) = span(draft, is_early)?;
    let sentence = format!(
        "Between the purchase and the dispute the records show {} of the account or licence of this \
         purchase, first on {} UTC and last on {} UTC",
        uses(count),
        utc(first.event_time),
        utc(last.event_time)
    );
    point(sentence, draft.cite_events(Kind::Use, is_early))
}

/// The good was issued, activated or downloaded.
pub(in super::super) fn delivered(draft: &Draft<'_>) -> Option<Point> {
    let mut clauses = Vec::new();
    let mut cites = Vec::new();
    for (kind, clause) in [
        (EventKind::LicenceIssued, "a licence key was issued"),
        (EventKind::LicenceActivated, "a licence key was activated"),
        (EventKind::DownloadCompleted, "a download was completed"),
    ] {
        let first = draft.facts.of(&[kind]).find(|event| draft.facts.is_delivery(event));
        let cited = first.and_then(|event| Some((event, draft.cite_event(Kind::Use, event)?)));
        if let Some((event, cite)) = cited {
            clauses.push(format!("{clause} on {} UTC", utc(event.event_time)));
            cites.push(cite);
        }
    }
    point(format!("For this purchase {}", clauses.join(", ")), cites)
}

/// Use after the sale came from the sale's own device or address.
pub(in super::super) fn used_from_sale_device(draft: &Draft<'_>) -> Option<Point> {
    let facts = &draft.facts;
    let by_device = |event: &Event| facts.is_use(event) && facts.same_device(event);
    let by_ip = |event: &Event| facts.is_use(event) && facts.same_ip(event);
    let of = |what: &str, wanted: &dyn Fn(&Event) -> bool| {
        let (count, _, last) = span(draft, wanted)?;
        let sentence = format!(
            "After the purchase the records show {} of the account or licence from the {what} of \
             the purchase, last on {} UTC",
            uses(count),
            utc(last.event_time)
        );
        point(sentence, draft.cite_events(Kind::Use, wanted))
    };
    of("device", &by_device).or_else(|| of("IP address", &by_ip))
}

/// The account had been used from the sale's device or address before.
pub(in super::super) fn seen_before(draft: &Draft<'_>) -> Option<Point> {
    let facts = &draft.facts;
    let by_device = |event: &Event| facts.is_prior_sight(event) && facts.same_device(event);
    let by_ip = |event: &Event| facts.is_prior_sight(event) && facts.same_ip(event);
    let of = |what: &str, wanted: &dyn Fn(&Event) -> bool| {
        let (count, first, _) = span(draft, wanted)?;
        let sentence = format!(
            "Before the purchase the records show {} of the account from the {what} of the \
             purchase, first on {} UTC",
            uses(count),
            utc(first.event_time)
        );
        point(sentence, draft.cite_events(Kind::Account, wanted))
    };
    of("device", &by_device).or_else(|| of("IP address", &by_ip))
}

/// Number, first and last of the wanted events.
fn span<'a>(
    draft: &Draft<'a>,
    wanted: impl Fn(&Event) -> bool,
) -> Option<(usize, &'a Event, &'a Event)> {
    let found: Vec<&Event> = draft.facts.events.iter().copied().filter(|e| wanted(e)).collect();
    Some((found.len(), *found.first()?, *found.last()?))
}

fn uses(count: usize) -> String {
    if count == 1 { "one use".to_owned() } else { format!("{count} uses") }
}
