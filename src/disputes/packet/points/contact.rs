//! Sentences about notices, support and cancellation.
//!
//! What did not happen can be stated only where a log would show it: a support log without a message
//! from the buyer says something, no support log says nothing.

use super::super::facts::CANCELLED;
use super::super::words::utc;
use super::{Draft, Facts, Kind, Point, named, point};
use crate::domain::{Event, EventKind, Text};

/// Cancellation events: their presence shows that cancelling is logged.
const CANCELLATION: [EventKind; 3] =
    [EventKind::CancelRequested, EventKind::CancelEffective, EventKind::CancelPageViewed];

/// A receipt went to the buyer.
pub(in super::super) fn receipt_sent(draft: &Draft<'_>) -> Option<Point> {
    let of_sale = |event: &&Event| is_notice(event, "receipt") && Facts::names_sale(event);
    let event = draft.facts.of(&[EventKind::NoticeSent]).find(of_sale)?;
    point(sent("A receipt", event), draft.cite_event(Kind::Communication, event))
}

/// A notice of the renewal or of the end of the trial was sent before the charge.
pub(in super::super) fn renewal_notified(draft: &Draft<'_>) -> Option<Point> {
    let sale = draft.sale()?;
    let told = |event: &&Event| {
        event.event_time <= sale.event_time
            && (Facts::names_sale(event) || event.subscription_id.is_some())
            && (is_notice(event, "renewal") || is_notice(event, "trial"))
    };
    let event = draft.facts.of(&[EventKind::NoticeSent]).filter(told).last()?;
    let days = sale.event_time.day() - event.event_time.day();
    let sentence =
        format!("{}, {days} days before it", sent("A notice of the coming charge", event));
    point(sentence, draft.cite_event(Kind::Communication, event))
}

/// The buyer wrote and was answered, on the same ticket, before the dispute.
pub(in super::super) fn answered(draft: &Draft<'_>) -> Option<Point> {
    let before = |event: &&Event| {
        draft.facts.since_sale(event) && draft.facts.before_dispute(event.event_time)
    };
    let mut messages = draft.facts.of(&[EventKind::SupportMessage]).filter(before);
    let asked = messages.find(|event| Facts::from_buyer(event) == Some(true))?;
    let reply = messages
        .find(|event| Facts::from_buyer(event) == Some(false) && ticket(event) == ticket(asked))?;
    let sentence = format!(
        "The buyer wrote to support on {} UTC and was answered on {} UTC",
        utc(asked.event_time),
        utc(reply.event_time)
    );
    let cites = [asked, reply].map(|event| draft.cite_event(Kind::Communication, event));
    point(sentence, cites.into_iter().flatten())
}

/// The support log has no message from the buyer between sale and dispute.
pub(in super::super) fn no_contact(draft: &Draft<'_>) -> Option<Point> {
    let sale = draft.sale()?;
    let wrote = draft.facts.messages().iter().any(|event| draft.facts.may_have_written(event));
    if wrote || !draft.facts.before_dispute(sale.event_time) {
        return None;
    }
    let sentence = format!(
        "The support log of this customer has no message from the buyer between the purchase on {} \
         UTC and the dispute on {} UTC",
        utc(sale.event_time),
        utc(draft.facts.dispute.opened_at)
    );
    let is_log = |event: &Event| event.kind == EventKind::SupportMessage;
    point(sentence, draft.cite_events(Kind::Communication, is_log))
}

/// No cancellation came before the charge, as far as a log of cancellations shows it.
pub(in super::super) fn no_cancellation(draft: &Draft<'_>) -> Option<Point> {
    let sale = draft.sale()?;
    let (sentence, event) = match draft.facts.of(&CANCELLED).next() {
        Some(event) if event.event_time < sale.event_time => return None,
        Some(_) => {
            let event = draft.facts.first_withdrawal()?;
            let sentence = format!(
                "The first request to cancel on record for this purchase is of {} UTC, after the charge \
                 of {} UTC",
                utc(event.event_time),
                utc(sale.event_time)
            );
            (sentence, event)
        }
        None => {
            let viewed = draft.facts.of(&CANCELLATION).next()?;
            let sentence = format!(
                "The log of cancellations shows the cancellation page opened on {} UTC and no \
                 request to cancel this purchase",
                utc(viewed.event_time)
            );
            (sentence, viewed)
        }
    };
    point(sentence, draft.cite_event(Kind::Communication, event))
}

fn ticket(event: &Event) -> Option<&Text<128>> {
    event.data.contact.as_ref()?.ticket.as_ref()
}

/// Whether a notice of this kind was sent and not returned.
fn is_notice(event: &Event, word: &str) -> bool {
    let Some(notice) = &event.data.notice else { return false };
    let has = |text: &Option<Text<64>>| {
        text.as_ref().is_some_and(|text| text.as_str().to_lowercase().contains(word))
    };
    let returned = notice
        .delivery_status
        .as_ref()
        .is_some_and(|status| matches!(status.as_str(), "bounced" | "failed" | "rejected"));
    has(&notice.kind) && !returned
}

fn sent(what: &str, event: &Event) -> String {
    let status = event.data.notice.as_ref().and_then(|notice| notice.delivery_status.as_ref());
    let status = named("status: ", status.map(Text::as_str));
    format!("{what} was sent to the buyer on {} UTC{status}", utc(event.event_time))
}
