//! What follows an approved payment at once: the receipt, the good, its first use.
//!
//! These events are the evidence of a later dispute. An owner uses the good where it was bought; a
//! thief passes it on, so it is used elsewhere and sooner.

use super::checkout::part;
use super::naming::{Mark, Naming};
use super::people::{AGENTS, DeviceHeld, Seat};
use super::stage::{Paid, Stage};
use crate::domain::{
    Actor, Amount, Consent, Contact, DAY_MS, Event, EventKind, FulfilmentMethod as F, HOUR_MS,
    Loose, MINUTE_MS, Notice, Personal, SECOND_MS, Text, Timestamp, Usage,
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
        capture(stage, paid, issued_at.plus_millis(SECOND_MS));
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
            activate(stage, paid, at, user);
        }
        return;
    }
    if kind == EventKind::DownloadCompleted {
        let began_at = at.plus_millis(-stage.dice.between(10 * SECOND_MS, MINUTE_MS - SECOND_MS));
        used(stage, paid, (EventKind::DownloadStarted, began_at), user, (Usage::default(), None));
    }
    if kind == EventKind::EntitlementConsumed && good.fulfilment != F::GiftCode {
        draw_down(stage, paid, at, user);
        return;
    }
    let amount = amount_used(stage, paid);
    used(stage, paid, (kind, at), user, (amount, None));
}

/// One use of a good: how much, and what it costs where that is metered or leaves a balance.
pub(super) fn used(
    stage: &mut Stage,
    paid: &Paid,
    (kind, at): (EventKind, Timestamp),
    user: User,
    (usage, cost): (Usage, Option<Amount>),
) {
    let what = paid.attempt.good.and_then(|good| Text::new(good.sku).ok());
    stage.event(kind, at, |event, naming| {
        about(event, paid, naming);
        event.data.amount = cost;
        event.data.usage = Some(Usage { what, ..usage });
        sat(event, Some(user.seat), naming);
    });
}

/// Spends a balance: an owner in a few draws, a thief all of it at once.
fn draw_down(stage: &mut Stage, paid: &Paid, at: Timestamp, user: User) {
    let (Some(good), Some(price)) = (paid.attempt.good, paid.attempt.amount) else { return };
    let mut left: u32 = 100;
    let mut at = at;
    for _ in 0..4 {
        let share = if user.patience < 100 { left } else { (20 + stage.dice.below(60)).min(left) };
        let units = good.us_cents() * u64::from(share) / 100;
        let usage = Usage { quantity: Some(units.max(1)), ..Usage::default() };
        used(stage, paid, (EventKind::EntitlementConsumed, at), user, (usage, part(price, share)));
        left -= share;
        if left == 0 || stage.dice.chance(4_000) {
            return;
        }
        at = at.plus_millis(HOUR_MS + stage.dice.exponential(5 * DAY_MS));
    }
}

/// A licence comes to life on its machine; one owner in five puts it on a second one weeks later, and
/// some give the first one up for it.
fn activate(stage: &mut Stage, paid: &Paid, at: Timestamp, user: User) {
    licence(stage, paid, at, EventKind::LicenceActivated, Some(user.seat));
    if user.patience < 100 || !stage.dice.chance(2_000) {
        return;
    }
    let moved_at = at.plus_millis(HOUR_MS + stage.dice.exponential(25 * DAY_MS));
    if stage.dice.chance(4_500) {
        let at = moved_at.plus_millis(-30 * MINUTE_MS);
        licence(stage, paid, at, EventKind::LicenceDeactivated, Some(user.seat));
    }
    let serial = stage.mark();
    let device = DeviceHeld::new(&mut stage.dice, serial, AGENTS);
    let seat = Seat { device, ..user.seat };
    licence(stage, paid, moved_at, EventKind::LicenceActivated, Some(seat));
}

/// Takes the money that was reserved, once the good is out.
fn capture(stage: &mut Stage, paid: &Paid, at: Timestamp) {
    let amount = paid.attempt.amount;
    stage.event(EventKind::Capture, at, |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::System);
        event.data.amount = amount;
        event.data.arn = naming.acquirer_reference(paid.mark);
    });
}

/// What the checkout recorded of a buyer's first order: terms accepted, the refund policy shown,
/// and, where the law gives a right of withdrawal, that it was waived.
pub(super) fn consents(stage: &mut Stage, paid: &Paid) {
    use EventKind as K;
    let european = paid.attempt.buyer.place.european();
    let at = paid.at.plus_millis(-30 * SECOND_MS);
    for (kind, document, asked) in [
        (K::PolicyShown, "refund-policy", true),
        (K::TermsAccepted, "terms", true),
        (K::WithdrawalWaived, "withdrawal-waiver", european),
    ] {
        if !asked {
            continue;
        }
        stage.event(kind, at, |event, naming| {
            about(event, paid, naming);
            sat(event, paid.attempt.seat, naming);
            event.data.consent = Some(Consent {
                document: Text::new(document).ok(),
                version: Text::new("2025-11").ok(),
                shown_as: Text::new("checkbox").ok(),
                ..Consent::default()
            });
        });
    }
}

/// A cancellation asked for at `at`, effective when the paid period ends.
pub(super) fn cancelled(stage: &mut Stage, paid: &Paid, at: Timestamp, effective: Timestamp) {
    let looked_at = at.plus_millis(-stage.dice.between(20 * SECOND_MS, 20 * MINUTE_MS));
    stage.event(EventKind::CancelPageViewed, looked_at, |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::Customer);
    });
    stage.event(EventKind::CancelRequested, at, |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::Customer);
        event.data.contact = Some(Contact {
            direction: Text::new("in").ok(),
            channel: Text::new("account page").ok(),
            ..Contact::default()
        });
    });
    stage.event(EventKind::CancelEffective, effective.max(at), |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::System);
    });
}

/// A seat of a subscription goes to a person, or comes back from one.
pub(super) fn seat_moves(stage: &mut Stage, paid: &Paid, at: Timestamp, who: Mark, goes: bool) {
    let kind = if goes { EventKind::SeatAssigned } else { EventKind::SeatRemoved };
    stage.event(kind, at, |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::Customer);
        event.data.usage = Some(Usage { holder: naming.holder(who), ..Usage::default() });
    });
}

/// A session of an account: its login, what is done in it, and as a rule its end.
pub(super) fn session(
    stage: &mut Stage,
    account: Mark,
    seat: Seat,
    at: Timestamp,
    second_factor: bool,
) {
    let session = stage.mark();
    let length = MINUTE_MS + stage.dice.exponential(35 * MINUTE_MS);
    let acts = stage.dice.chance(3_500);
    let ends = stage.dice.chance(4_000);
    let acted_at = at.plus_millis(stage.dice.between(SECOND_MS, length));
    for (kind, at, told) in [
        (EventKind::SessionLogin, at, true),
        (EventKind::SessionAction, acted_at, acts),
        (EventKind::SessionEnded, at.plus_millis(length), ends),
    ] {
        if !told {
            continue;
        }
        let login = kind == EventKind::SessionLogin;
        stage.event(kind, at, |event, naming| {
            event.account_id = naming.account(account);
            event.data.usage = Some(Usage {
                method: login.then(|| Text::new("password").ok()).flatten(),
                second_factor: login.then_some(second_factor),
                session: naming.session(session),
                ..Usage::default()
            });
            sat(event, Some(seat), naming);
        });
    }
}

/// A few refused logins, the last one just before `at`: a mistyped password, or a guessed one.
pub(super) fn refused_logins(
    stage: &mut Stage,
    account: Mark,
    seat: Seat,
    at: Timestamp,
    times: u32,
) {
    let mut at = at;
    for _ in 0..times {
        at = at.plus_millis(-stage.dice.between(3 * SECOND_MS, 40 * SECOND_MS));
        credential(stage, account, seat, at, EventKind::LoginFailed);
    }
}

/// A new password.
pub(super) fn password_changed(stage: &mut Stage, account: Mark, seat: Seat, at: Timestamp) {
    credential(stage, account, seat, at, EventKind::AccountChanged);
}

fn credential(stage: &mut Stage, account: Mark, seat: Seat, at: Timestamp, kind: EventKind) {
    stage.event(kind, at, |event, naming| {
        event.account_id = naming.account(account);
        let method = Text::new("password").ok();
        event.data.usage = Some(Usage { method, ..Usage::default() });
        sat(event, Some(seat), naming);
    });
}

/// How much of a good its first use takes.
fn amount_used(stage: &mut Stage, paid: &Paid) -> Usage {
    let Some(good) = paid.attempt.good else { return Usage::default() };
    let dice = &mut stage.dice;
    match good.fulfilment {
        F::Download => Usage {
            bytes: Some(1_000_000 + u64::from(dice.below(900_000_000))),
            complete: Some(true),
            ..Usage::default()
        },
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
pub(super) fn licence(
    stage: &mut Stage,
    paid: &Paid,
    at: Timestamp,
    kind: EventKind,
    seat: Option<Seat>,
) {
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
