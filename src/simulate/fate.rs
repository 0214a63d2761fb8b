//! What becomes of a payment weeks later: warnings, disputes, refunds, labels.
//!
//! A label is what the merchant *learns*, not what is true: some theft is never reported, some
//! buyers' own purchases are reported as theft. Sound payments get no label at all; a payment that
//! is old enough and has none counts as good. Delays: 7 to 120 days after the payment.

use super::checkout::part;
use super::delivery::{about, licence};
use super::naming::Mark;
use super::stage::{Paid, Stage};
use crate::domain::{
    Actor, Amount, Contact, DAY_MS, DisputeReason, DisputeRight, EventKind, FulfilmentMethod,
    HOUR_MS, LabelClass, MINUTE_MS, Personal, Text, Timestamp,
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
    let key = paid.attempt.good.is_some_and(|good| good.fulfilment == FulfilmentMethod::LicenceKey);
    if key && stage.dice.chance(6_000) {
        let at = noticed_at.plus_millis(wait + HOUR_MS);
        licence(stage, paid, at, EventKind::LicenceRevoked, None);
    }
    if class == LabelClass::AccountTakeover && stage.dice.chance(5_000) {
        message(stage, paid, noticed_at, "Somebody else used my account to buy this.");
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
        dispute(
            stage,
            paid,
            within(paid, noticed_at.plus_millis(wait)),
            DisputeReason::Fraud,
            THEFT,
        );
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
    dispute(stage, paid, at, reason, MISUSE);
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
    dispute(stage, paid, at, reason, SERVICE);
    let wait = stage.dice.between(HOUR_MS, 5 * DAY_MS);
    label(stage, paid, at.plus_millis(wait), LabelClass::ServiceDispute);
}

/// A buyer asks for the money back: by a message, answered with an offer now and then, granted as a
/// rule.
pub(super) fn returned(stage: &mut Stage, paid: &Paid) {
    let at = paid.at.plus_millis(stage.dice.between(2 * HOUR_MS, 13 * DAY_MS));
    message(stage, paid, at, "This is not what I need. Please refund it.");
    let answered_at = at.plus_millis(stage.dice.between(20 * MINUTE_MS, 2 * DAY_MS));
    if stage.dice.chance(2_000) {
        let offer = paid.attempt.amount.and_then(|amount| part(amount, 50));
        stage.event(EventKind::RefundOffered, answered_at, |event, naming| {
            about(event, paid, naming);
            event.actor = Some(Actor::Staff);
            event.data.amount = offer;
        });
    }
    let refunded_at = answered_at.plus_millis(stage.dice.between(MINUTE_MS, DAY_MS));
    refund(stage, paid, refunded_at, "requested_by_customer");
}

/// A buyer finds a charge they did not expect, because a trial became a subscription: some ask, and
/// most of those are refunded; the others dispute, and rightly where the shop never told them.
pub(super) fn unexpected(stage: &mut Stage, paid: &Paid, told: bool) {
    let seen_at = paid.at.plus_millis(DAY_MS + stage.dice.exponential(6 * DAY_MS).min(30 * DAY_MS));
    stage.event(EventKind::CancelPageViewed, seen_at, |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::Customer);
    });
    let asks = stage.dice.chance(5_500);
    if asks {
        let at = seen_at.plus_millis(stage.dice.between(MINUTE_MS, DAY_MS));
        message(stage, paid, at, "What is this charge? I thought the trial was free.");
        if stage.dice.chance(7_000) {
            let wait = stage.dice.between(HOUR_MS, 3 * DAY_MS);
            refund(stage, paid, at.plus_millis(wait), "requested_by_customer");
            return;
        }
    }
    if !stage.dice.chance(6_000) {
        return;
    }
    let at = noticed(stage, paid, 20);
    dispute(stage, paid, at, DisputeReason::SubscriptionCancelled, SERVICE);
    let class = if told { LabelClass::ServiceDispute } else { LabelClass::OurError };
    let wait = stage.dice.between(HOUR_MS, 5 * DAY_MS);
    label(stage, paid, at.plus_millis(wait), class);
}

/// What analysts call a payment they looked at again: known at that time, and never sooner than a
/// week after it.
pub(super) fn understood(stage: &mut Stage, paid: &Paid, at: Timestamp, class: LabelClass) {
    label(stage, paid, at.max(paid.at.plus_millis(FIRST_DAY * DAY_MS)), class);
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

pub(super) fn refund(stage: &mut Stage, paid: &Paid, at: Timestamp, reason: &str) {
    let amount = paid.attempt.amount;
    stage.event(EventKind::Refund, at, |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::Staff);
        event.data.amount = amount;
        event.data.arn = naming.acquirer_reference(paid.mark);
        event.data.reason = Text::new(reason).ok();
    });
}

/// A message of the buyer to support.
pub(super) fn message(stage: &mut Stage, paid: &Paid, at: Timestamp, text: &str) {
    let ticket = stage.mark();
    stage.event(EventKind::SupportMessage, at, |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::Customer);
        event.data.contact = Some(Contact {
            ticket: naming.ticket(ticket),
            direction: Text::new("in").ok(),
            text: Personal::new(text).ok(),
            channel: Text::new("email").ok(),
            topic: None,
        });
    });
}

/// How often the shop contests a kind of dispute, and wins what it contests, of 10,000.
#[derive(Clone, Copy)]
struct Defence {
    contests: u32,
    wins: u32,
}

const THEFT: Defence = Defence { contests: 3_500, wins: 2_000 };
const SERVICE: Defence = Defence { contests: 6_000, wins: 4_000 };
const MISUSE: Defence = Defence { contests: 8_000, wins: 5_500 };

/// Opens a dispute, takes the money, contests or not, and closes it a month or two later.
fn dispute(stage: &mut Stage, paid: &Paid, at: Timestamp, reason: DisputeReason, how: Defence) {
    use EventKind as K;
    let Some(network) = paid.attempt.network() else { return };
    let id = stage.mark();
    let code = network_code(network, reason);
    let amount: Option<Amount> = paid.attempt.amount;
    let taken_at = at.plus_millis(stage.dice.between(MINUTE_MS, HOUR_MS));
    let answered_at = at.plus_millis(stage.dice.between(DAY_MS, 14 * DAY_MS));
    let closed_at = at.plus_millis(stage.dice.between(20 * DAY_MS, 75 * DAY_MS));
    let returned_at = closed_at.plus_millis(stage.dice.between(HOUR_MS, 2 * DAY_MS));
    let contested = network != "sepa" && stage.dice.chance(how.contests);
    let won = contested && stage.dice.chance(how.wins);
    let end = if won { "won" } else { "lost" };
    let mut steps = vec![
        (K::DisputeCreated, at, "needs_response"),
        (K::DisputeFundsWithdrawn, taken_at, "needs_response"),
        (K::DisputeClosed, closed_at, if contested { end } else { "accepted" }),
    ];
    steps.extend(contested.then_some((K::DisputeUpdated, answered_at, "under_review")));
    steps.extend(won.then_some((K::DisputeFundsReinstated, returned_at, "won")));
    for (kind, at, status) in steps {
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
        ("paypal", R::NotReceived) => "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        ("paypal", R::NotAsDescribed) => "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED",
        ("paypal", R::SubscriptionCancelled) => "CANCELED_RECURRING_BILLING",
        ("sepa", _) => "MD06",
        _ => return None,
    })
}
