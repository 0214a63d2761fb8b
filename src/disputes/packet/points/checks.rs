//! Sentences about the authorization and its checks.

use super::super::words::{Line, utc};
use super::{Draft, Kind, Point, SaleFact, point};
use crate::disputes::packet::points::Cite;
use crate::domain::{Event, EventKind, Outcome, Text, ThreeDs};

/// What an address-check letter confirms at a network. The same letter means something else at
/// others (Discover's `A`, American Express's `M`), so their sales get no sentence.
///
/// Source: checkout.com/docs/previous/resources/codes/avs-codes, 2022-04-29.
const ADDRESS_LETTERS: [(&str, &[&str], &str); 6] = [
    ("visa", &["D", "F", "M", "Y"], "street and postal code"),
    ("mastercard", &["X", "Y"], "street and postal code"),
    ("visa", &["P", "Z"], "postal code"),
    ("mastercard", &["W", "Z"], "postal code"),
    ("visa", &["A", "B"], "street"),
    ("mastercard", &["A"], "street"),
];

/// Electronic commerce indicator of an authentication by the issuer. An attempt (06, 01) or none at
/// all (07, 00) makes no sentence.
///
/// Source: checkout.com/docs "ECI values", 2026-01-14.
const AUTHENTICATED: [(&str, &str); 7] = [
    ("mastercard", "02"),
    ("visa", "05"),
    ("amex", "05"),
    ("discover", "05"),
    ("diners", "05"),
    ("jcb", "05"),
    ("unionpay", "05"),
];

/// The issuer approved the charge.
pub(in super::super) fn authorized(draft: &Draft<'_>) -> Option<Point> {
    let event = approval(draft)?;
    let line = Line::new("The card issuer approved the authorization")
        .fact(" of ", event.data.amount)
        .say(&format!(" on {} UTC", utc(event.event_time)));
    point(line.text(), draft.cite_event(Kind::Receipt, event))
}

/// The card security code given at the sale was right.
pub(in super::super) fn code_matched(draft: &Draft<'_>) -> Option<Point> {
    let (result, cite) = recorded(
        draft,
        |event| event.data.cvv_result.clone(),
        |draft| draft.sale()?.card.as_ref()?.cvv_result.clone(),
    )?;
    let matched = matches!(result.as_str(), "M" | "pass");
    let sentence = format!(
        "The card security code was given and matched the issuer's records (result {})",
        result.as_str()
    );
    point(sentence, matched.then_some(cite))
}

/// The billing address given at the sale was right.
pub(in super::super) fn address_matched(draft: &Draft<'_>) -> Option<Point> {
    let (result, cite) = recorded(
        draft,
        |event| event.data.avs_result.clone(),
        |draft| draft.sale()?.card.as_ref()?.avs_result.clone(),
    )?;
    let letter = result.as_str();
    let what = ADDRESS_LETTERS.iter().find_map(|(network, letters, what)| {
        (*network == network_of(draft) && letters.contains(&letter)).then_some(*what)
    });
    // Processors that hide the letter say `pass`.
    let what = if letter == "pass" { "address" } else { what? };
    let sentence =
        format!("The billing {what} given matched the issuer's records (result {letter})");
    point(sentence, [cite])
}

/// The cardholder was authenticated by 3-D Secure.
pub(in super::super) fn authenticated(draft: &Draft<'_>) -> Option<Point> {
    let (three_ds, cite): (ThreeDs, Cite) = recorded(
        draft,
        |event| event.data.three_ds.clone(),
        |draft| draft.sale()?.card.as_ref()?.three_ds.clone(),
    )?;
    let eci = three_ds.eci.as_ref().map(Text::as_str)?;
    let padded = format!("{eci:0>2}");
    let by_issuer = AUTHENTICATED.contains(&(network_of(draft), padded.as_str()));
    let line = Line::new("The issuer authenticated the cardholder by 3-D Secure")
        .add(" ", three_ds.version.as_ref().map(Text::as_str))
        .add(", ECI ", Some(eci))
        .add(", directory server ", three_ds.ds_transaction_id.as_ref().map(Text::as_str));
    point(line.text(), by_issuer.then_some(cite))
}

/// A challenge of ours was passed.
pub(in super::super) fn challenge_passed(draft: &Draft<'_>) -> Option<Point> {
    let passed = |event: &&Event| event.data.outcome == Some(Outcome::Passed);
    let event = draft.facts.of(&[EventKind::ChallengeResult]).find(passed)?;
    let sentence = format!(
        "The buyer passed an identity challenge for this purchase on {} UTC",
        utc(event.event_time)
    );
    point(sentence, draft.cite_event(Kind::Receipt, event))
}

/// The price and statement text shown at checkout are those of the charge.
pub(in super::super) fn as_shown_at_checkout(draft: &Draft<'_>) -> Option<Point> {
    let sale = draft.sale()?;
    let event = draft.facts.of(&[EventKind::CheckoutCompleted]).next()?;
    let checkout = event.data.checkout.as_ref()?;
    let price = checkout.price.filter(|price| sale.amount == Some(*price));
    let descriptor =
        checkout.descriptor.as_ref().filter(|text| sale.descriptor.as_ref() == Some(text));
    let same = price.is_some() || descriptor.is_some();
    let line = Line::new("The checkout page showed what was then charged")
        .fact(", price ", price)
        .add(", statement text ", descriptor.map(Text::as_str));
    let page = draft.cite_event(Kind::Receipt, event).filter(|_| same)?;
    let charge = draft.cite_sale(Kind::Receipt, SaleFact::Charge)?;
    point(line.text(), [page, charge])
}

fn approval<'a>(draft: &Draft<'a>) -> Option<&'a Event> {
    let approved = |event: &&Event| event.data.outcome == Some(Outcome::Approved);
    draft.facts.of(&[EventKind::AuthResult]).find(approved)
}

/// A result of the authorization: as the approval reports it, else as the sale was sent with it.
fn recorded<T>(
    draft: &Draft<'_>,
    of_event: impl Fn(&Event) -> Option<T>,
    of_sale: impl Fn(&Draft<'_>) -> Option<T>,
) -> Option<(T, Cite)> {
    let reported = approval(draft).and_then(|event| Some((of_event(event)?, event)));
    match reported {
        Some((result, event)) => Some((result, draft.cite_event(Kind::Receipt, event)?)),
        None => Some((of_sale(draft)?, draft.cite_sale(Kind::Receipt, SaleFact::Checks)?)),
    }
}

fn network_of<'a>(draft: &Draft<'a>) -> &'a str {
    draft.facts.dispute.network.as_ref().map_or("", Text::as_str)
}
