//! The shop's own earlier controls: what was there before anybody trained a model.
//!
//! They stop a share of the attempts by a few crude marks, thieves' more often than honest people's.
//! A stopped attempt never reaches the issuer: no answer, no delivery, no complaint, no label. So the
//! data of a shop that defends itself is a selection, and a model trained on it knows least about the
//! very traffic that was stopped. Good buyers are stopped too, as in life.

use super::checkout::Attempt;
use super::dice::Dice;
use super::issuer::Holder;
use super::people::{Mailbox, Means};
use crate::domain::{DAY_MS, HOUR_MS, Timestamp};

/// Most attempts a mark can stop, of 10,000: no crude control is certain.
const CEILING: u32 = 8_500;
/// From this US price on a newcomer's order is suspicious.
const DEAR_FROM_CENTS: u64 = 4_900;
/// From this US price on a person may look at it.
const LOOKED_AT_FROM_CENTS: u64 = 9_900;

/// Whether the attempt is stopped before the issuer is asked.
pub(super) fn stops(dice: &mut Dice, attempt: &Attempt, at: Timestamp) -> bool {
    let Some(seat) = &attempt.seat else { return false };
    let network = match seat.means {
        Means::Tor => 5_500,
        Means::Rented => 900,
        Means::Access => 20,
    };
    let mailbox = if attempt.buyer.mailbox == Mailbox::Disposable { 2_500 } else { 0 };
    let script = if seat.device.agent.script { 5_500 } else { 0 };
    // sellers report that four failed cards in a row are card testing
    let tries = match attempt.tries {
        0..=2 => 0,
        3 => 1_000,
        _ => 3_500,
    };
    let new = at.millis_since(attempt.buyer.opened) < 2 * HOUR_MS;
    let dear = attempt.good.is_some_and(|good| good.us_cents() >= DEAR_FROM_CENTS);
    let greed = if new && dear { 600 } else { 0 };
    dice.chance((network + mailbox + script + tries + greed).min(CEILING))
}

/// Whether a person looks at an approved sale before anything is delivered, and says yes.
/// `None`: nobody looks.
pub(super) fn looked_at(
    dice: &mut Dice,
    attempt: &Attempt,
    holder: Holder,
    at: Timestamp,
) -> Option<bool> {
    let dear = attempt.good.is_some_and(|good| good.us_cents() >= LOOKED_AT_FROM_CENTS);
    let young = at.millis_since(attempt.buyer.opened) < 2 * DAY_MS;
    if !(dear && young && attempt.seat.is_some() && dice.chance(2_500)) {
        return None;
    }
    let yes = match holder {
        Holder::Owner => 9_600,
        Holder::Intruder => 7_000,
        Holder::Thief | Holder::Tester => 5_000,
    };
    Some(dice.chance(yes))
}
