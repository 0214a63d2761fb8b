//! What becomes of a payment weeks later: warnings, disputes, refunds, labels.
//!
//! A label is what the merchant *learns*, not what is true: some theft is never reported, some
//! buyers' own purchases are reported as theft. Sound payments get no label at all; a payment that
//! is old enough and has none counts as good. Delays: 7 to 120 days after the payment.

use super::delivery::about;
use super::naming::Mark;
use super::stage::{Paid, Stage};
use crate::domain::{
    Actor, Amount, Contact, DAY_MS, DisputeReason, DisputeRight, EventKind, HOUR_MS, LabelClass,
    Personal, Text, Timestamp,
};

/// Earliest and latest a label comes, after its payment.
const FIRST_DAY: i64 = 7;
const LAST_DAY: i64 = 120;

/// A payment by a thief or intruder: the owner may notice.
pub(super) fn stolen(stage: &mut Stage, paid: &Paid, class: LabelClass) {
    if !stage.dice.chance(8_800) {
        return;
    }
    let noticed = stage.dice.exponential(15 * DAY_MS).min(70 * DAY_MS);
    let noticed_at = paid.at.plus_millis(FIRST_DAY * DAY_MS + noticed);
    let wait = stage.dice.between(HOUR_MS, 12 * HOUR_MS);
    label(stage, paid, noticed_at.plus_millis(wait), class);
    if class == LabelClass::AccountTakeover && stage.dice.chance(5_000) {
        complaint(stage, paid, noticed_at);
    }
    let right = paid.attempt.instrument.as_ref().and_then(|held| held.method.dispute_right());
    if right != Some(DisputeRight::Chargeback) {
        return;
    }
    let warned = paid.attempt.network().is_some_and(|network| network != "paypal")
        && stage.dice.chance(7_000);
    if warned {
        warning(stage, paid, noticed_at);
    }
    // four of five warnings become disputes unless the merchant refunds first
    let refunded = warned && stage.dice.chance(3_000);
    if refunded {
        let wait = stage.dice.between(HOUR_MS, 2 * DAY_MS);
        refund(stage, paid, noticed_at.plus_millis(wait), "fraud");
    } else if !paid.shifted && (!warned || stage.dice.chance(8_000)) {
        let wait = if warned { stage.dice.exponential(12 * DAY_MS) } else { 0 };
        dispute(stage, paid, within(paid, noticed_at.plus_millis(wait)), DisputeReason::Fraud, 900);
    }
}

/// A buyer disputes what they bought and used themselves.
pub(super) fn misused(stage: &mut Stage, paid: &Paid) {
    let at = noticed(stage, paid, 30);
    let (reason, recognised, otherwise) = if stage.dice.chance(6_000) {
        (DisputeReason::Fraud, 5_000, LabelClass::StolenInstrument)
    } else if stage.dice.chance(5_000) {
        (DisputeReason::NotReceived, 6_000, LabelClass::ServiceDispute)
    } else {
        (DisputeReason::NotAsDescribed, 6_000, LabelClass::ServiceDispute)
    };
    dispute(stage, paid, at, reason, 4_500);
    let seen_through = stage.dice.chance(recognised);
    let class = if seen_through { LabelClass::FirstPartyMisuse } else { otherwise };
    let wait = stage.dice.between(HOUR_MS, 9 * DAY_MS);
    label(stage, paid, at.plus_millis(wait), class);
}

/// A buyer is unhappy, or does not remember what they subscribed to.
pub(super) fn unhappy(stage: &mut Stage, paid: &Paid) {
    let at = noticed(stage, paid, 20);
    let reason = match paid.attempt.agreement {
        Some(agreement) if agreement.renewal > 0 => DisputeReason::SubscriptionCancelled,
        _ => DisputeReason::NotAsDescribed,
    };
    dispute(stage, paid, at, reason, 2_500);
    let wait = stage.dice.between(HOUR_MS, 5 * DAY_MS);
    label(stage, paid, at.plus_millis(wait), LabelClass::ServiceDispute);
}

/// A buyer gets the money back by asking.
pub(super) fn returned(stage: &mut Stage, paid: &Paid) {
    let at = paid.at.plus_millis(stage.dice.between(2 * HOUR_MS, 13 * DAY_MS));
    refund(stage, paid, at, "requested_by_customer");
}

/// When somebody notices, with a mean of so many days after the first week.
fn noticed(stage: &mut Stage, paid: &Paid, mean_days: i64) -> Timestamp {
    let wait = stage.dice.exponential(mean_days * DAY_MS);
    within(paid, paid.at.plus_millis(FIRST_DAY * DAY_MS + wait))
}

/// The time, or the last moment a network still takes a dispute.
fn within(paid: &Paid, at: Timestamp) -> Timestamp {
    at.min(paid.at.plus_millis((LAST_DAY - 1) * DAY_MS))
}

/// Says what a payment turned out to be.
fn label(stage: &mut Stage, paid: &Paid, at: Timestamp, class: LabelClass) {
    let latest = paid.at.plus_millis(LAST_DAY * DAY_MS - HOUR_MS);
    name(stage, paid.mark, at.min(latest), class);
}

/// Says what a transaction turned out to be, at that time.
pub(super) fn name(stage: &mut Stage, mark: Mark, at: Timestamp, class: LabelClass) {
    stage.event(EventKind::Label, at, |event, naming| {
        event.transaction_id = Some(naming.transaction(mark));
        event.actor = Some(Actor::Staff);
        event.data.label = Some(class);
    });
}

fn warning(stage: &mut Stage, paid: &Paid, at: Timestamp) {
    let amount = paid.attempt.amount;
    stage.event(EventKind::FraudWarning, at, |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::System);
        event.data.amount = amount;
        event.data.network = paid.attempt.network().and_then(|network| Text::new(network).ok());
        event.data.reason = Text::new("unauthorized_use_of_card").ok();
    });
}

fn refund(stage: &mut Stage, paid: &Paid, at: Timestamp, reason: &str) {
    let amount = paid.attempt.amount;
    stage.event(EventKind::Refund, at, |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::Staff);
        event.data.amount = amount;
        event.data.arn = naming.acquirer_reference(paid.mark);
        event.data.reason = Text::new(reason).ok();
    });
}

fn complaint(stage: &mut Stage, paid: &Paid, at: Timestamp) {
    let ticket = stage.mark();
    stage.event(EventKind::SupportMessage, at, |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::Customer);
        event.data.contact = Some(Contact {
            ticket: naming.message(ticket).and_then(|id| Text::new(id.as_str()).ok()),
            direction: Text::new("in").ok(),
            text: Personal::new("Somebody else used my account to buy this.").ok(),
            channel: Text::new("email").ok(),
        });
    });
}

/// Opens a dispute, and closes it a month or two later; `won` of 10,000 end in our favour.
fn dispute(stage: &mut Stage, paid: &Paid, at: Timestamp, reason: DisputeReason, won: u32) {
    let Some(network) = paid.attempt.network() else { return };
    let id = stage.mark();
    let code = network_code(network, reason);
    let amount: Option<Amount> = paid.attempt.amount;
    let status = if stage.dice.chance(won) { "won" } else { "lost" };
    let closed_at = at.plus_millis(stage.dice.between(20 * DAY_MS, 75 * DAY_MS));
    for (kind, at, status) in [
        (EventKind::DisputeCreated, at, "needs_response"),
        (EventKind::DisputeClosed, closed_at, status),
    ] {
        stage.event(kind, at, |event, naming| {
            about(event, paid, naming);
            event.dispute_id = naming.dispute(id);
            event.actor = Some(Actor::System);
            event.data.amount = amount;
            event.data.network = Text::new(network).ok();
            event.data.network_reason_code = code.and_then(|code| Text::new(code).ok());
            event.data.reason = Text::new(reason.word()).ok();
            event.data.status = Text::new(status).ok();
        });
    }
}

/// The network's code for a claim; `None` where the network sends none we know.
fn network_code(network: &str, reason: DisputeReason) -> Option<&'static str> {
    use DisputeReason as R;
    Some(match (network, reason) {
        ("visa", R::Fraud) => "10.4",
        ("visa", R::NotReceived) => "13.1",
        ("visa", R::SubscriptionCancelled) => "13.2",
        ("visa", R::NotAsDescribed) => "13.3",
        ("mastercard", R::Fraud) => "4837",
        ("mastercard", R::NotReceived) => "4855",
        ("mastercard", R::SubscriptionCancelled) => "4841",
        ("mastercard", R::NotAsDescribed) => "4853",
        ("amex", R::Fraud) => "F29",
        ("amex", R::NotReceived) => "C08",
        ("amex", R::SubscriptionCancelled) => "C28",
        ("amex", R::NotAsDescribed) => "C31",
        ("paypal", R::Fraud) => "UNAUTHORISED",
        ("paypal", R::SubscriptionCancelled) => "CANCELED_RECURRING_BILLING",
        ("sepa", _) => "MD06",
        _ => return None,
    })
}
