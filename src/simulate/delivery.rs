//! What follows an approved payment at once: the receipt, the good, its first use.
//!
//! These events are the evidence of a later dispute. An owner uses the good where it was bought; a
//! thief passes it on, so it is used elsewhere and sooner.

use super::naming::Naming;
use super::people::Seat;
use super::stage::{Paid, Stage};
use crate::domain::{
    Actor, DAY_MS, Event, EventKind, FulfilmentMethod as F, HOUR_MS, Loose, MINUTE_MS, Notice,
    Personal, SECOND_MS, Text, Timestamp, Usage,
};
use std::net::IpAddr;

/// Who will use the good, and how eagerly.
#[derive(Clone, Copy)]
pub(super) struct User {
    pub(super) seat: Seat,
    /// Percent of an owner's patience; a thief has less.
    pub(super) patience: i64,
}

/// Delivers what was paid.
pub(super) fn deliver(stage: &mut Stage, paid: &Paid, user: User) {
    let Some(good) = paid.attempt.good else { return };
    let wait = stage.dice.between(10 * SECOND_MS, 2 * MINUTE_MS);
    notice(stage, paid, paid.at.plus_millis(wait), "receipt");
    let issued_at = paid.at.plus_millis(stage.dice.between(SECOND_MS, 8 * SECOND_MS));
    if matches!(good.fulfilment, F::LicenceKey | F::GiftCode) {
        licence(stage, paid, issued_at, EventKind::LicenceIssued, None);
    }
    let (kind, mean) = match good.fulfilment {
        F::LicenceKey => (EventKind::LicenceActivated, 6 * HOUR_MS),
        F::Download => (EventKind::DownloadCompleted, 20 * MINUTE_MS),
        F::GiftCode => (EventKind::EntitlementConsumed, 2 * DAY_MS),
        F::Credits | F::GameItem => (EventKind::EntitlementConsumed, 18 * HOUR_MS),
        F::ApiAccess => (EventKind::ApiUsage, DAY_MS),
        F::SaasSeat => (EventKind::SessionLogin, HOUR_MS),
        F::None => return,
    };
    let wait = MINUTE_MS + stage.dice.exponential(mean * user.patience / 100);
    let at = issued_at.plus_millis(wait);
    if kind == EventKind::LicenceActivated {
        if stage.dice.chance(8_700) {
            licence(stage, paid, at, kind, Some(user.seat));
        }
        return;
    }
    let amount = amount_used(stage, paid, user);
    stage.event(kind, at, |event, naming| {
        about(event, paid, naming);
        let what = Text::new(good.sku).ok();
        event.data.usage = Some(Usage { what, ..amount });
        sat(event, Some(user.seat), naming);
    });
}

/// How much of a good its first use takes.
fn amount_used(stage: &mut Stage, paid: &Paid, user: User) -> Usage {
    let Some(good) = paid.attempt.good else { return Usage::default() };
    let dice = &mut stage.dice;
    match good.fulfilment {
        F::Download => Usage {
            bytes: Some(1_000_000 + u64::from(dice.below(900_000_000))),
            complete: Some(true),
            ..Usage::default()
        },
        F::Credits | F::GameItem => {
            let share = if user.patience < 100 { 100 } else { 20 + dice.below(80) };
            let units = good.us_cents() * u64::from(share) / 100;
            Usage { quantity: Some(units.max(1)), ..Usage::default() }
        }
        F::ApiAccess => {
            Usage { quantity: Some(10 + u64::from(dice.below(20_000))), ..Usage::default() }
        }
        F::SaasSeat => Usage { method: Text::new("password").ok(), ..Usage::default() },
        _ => Usage { quantity: Some(1), ..Usage::default() },
    }
}

/// A message to the buyer about a payment or an agreement.
pub(super) fn notice(stage: &mut Stage, paid: &Paid, at: Timestamp, kind: &str) {
    let opened = stage.dice.chance(6_200);
    let delivered = stage.dice.chance(9_850);
    let message = stage.mark();
    stage.event(EventKind::NoticeSent, at, |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::System);
        event.data.notice = Some(Notice {
            kind: Text::new(kind).ok(),
            message_id: naming.message(message),
            delivery_status: Text::new(if delivered { "delivered" } else { "bounced" }).ok(),
            opened: delivered.then_some(opened),
        });
    });
}

/// A step in the life of the licence key of a payment.
fn licence(stage: &mut Stage, paid: &Paid, at: Timestamp, kind: EventKind, seat: Option<Seat>) {
    let good = paid.attempt.good;
    let key = paid.attempt.agreement.map_or(paid.mark, |agreement| agreement.mark);
    stage.event(kind, at, |event, naming| {
        about(event, paid, naming);
        event.licence_key = naming.licence(key);
        event.data.usage = good.map(|good| Usage {
            what: Text::new(good.sku).ok(),
            host: seat.and_then(|seat| naming.host(seat.device.serial)),
            ..Usage::default()
        });
        sat(event, seat, naming);
    });
}

/// Says which payment an event is about.
pub(super) fn about(event: &mut Event, paid: &Paid, naming: Naming) {
    event.transaction_id = Some(naming.transaction(paid.mark));
    event.order_id = paid.attempt.order.and_then(|order| naming.order(order));
    event.account_id = naming.account(paid.attempt.buyer.account);
    event.subscription_id =
        paid.attempt.agreement.and_then(|agreement| naming.subscription(agreement.mark));
}

/// Says where the person behind an event sat.
pub(super) fn sat(event: &mut Event, seat: Option<Seat>, naming: Naming) {
    let Some(seat) = seat else {
        event.actor = Some(Actor::System);
        return;
    };
    event.actor = Some(Actor::Customer);
    event.ip = Some(Loose::Valid(IpAddr::V4(seat.address)));
    event.device_id = naming.device(seat.device.serial);
    event.user_agent = Personal::new(seat.device.agent.text).ok();
}
