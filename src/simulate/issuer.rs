//! The issuer's answer to an authorization, and what the checks said.
//!
//! Shares are assumptions of the right order: card-not-present approval rates of 85–95 % for
//! customers who are present, lower for renewals, and codes named as processors name them.

use super::checkout::Attempt;
use super::dice::Dice;
use crate::domain::{Outcome, PaymentMethod};

/// An answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// Declined for this reason; `None` when approved or unanswered.
    pub(super) declined: Option<&'static str>,
    /// Nobody answered.
    pub(super) unavailable: bool,
    /// The shop's own controls stopped the attempt: the issuer was never asked.
    pub(super) stopped: bool,
    /// A person at the shop refused what the issuer had approved.
    pub(super) voided: bool,
    /// Address check; `None` where issuers do not check.
    pub(super) avs: Option<&'static str>,
    /// Security code check; `None` where it was not asked for.
    pub(super) cvv: Option<&'static str>,
    /// 3-D Secure was tried: passed, or not.
    pub(super) three_ds: Option<bool>,
}

impl Answer {
    /// True when the sale goes through.
    pub(super) fn approved(&self) -> bool {
        !self.stopped && !self.voided && self.outcome() == Outcome::Approved
    }

    /// The issuer's answer as an event says it.
    pub(super) fn outcome(&self) -> Outcome {
        match (self.unavailable, self.declined) {
            (true, _) => Outcome::Unavailable,
            (false, Some(_)) => Outcome::Declined,
            (false, None) => Outcome::Approved,
        }
    }
}

/// Who uses the instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// The person it was issued to.
    Owner,
    /// A thief who has the full card data, often with name and address.
    Thief,
    /// A thief in the owner's account, where the card is on file.
    Intruder,
    /// A card tester with bare numbers, many of them dead.
    Tester,
}

const OWNER: &[(u32, &str)] = &[
    (45, "insufficient_funds"),
    (27, "do_not_honor"),
    (9, "generic_decline"),
    (8, "incorrect_cvc"),
    (7, "expired_card"),
    (4, "card_velocity_exceeded"),
];
const RENEWAL: &[(u32, &str)] = &[
    (58, "insufficient_funds"),
    (22, "do_not_honor"),
    (14, "expired_card"),
    (6, "transaction_not_allowed"),
];
const THIEF: &[(u32, &str)] = &[
    (36, "do_not_honor"),
    (22, "insufficient_funds"),
    (16, "suspected_fraud"),
    (10, "incorrect_cvc"),
    (9, "card_velocity_exceeded"),
    (7, "stolen_card"),
];
const TESTER: &[(u32, &str)] = &[
    (30, "incorrect_cvc"),
    (27, "do_not_honor"),
    (14, "invalid_account"),
    (12, "insufficient_funds"),
    (9, "expired_card"),
    (5, "lost_card"),
    (3, "stolen_card"),
];

/// The issuer's answer to one attempt.
pub(super) fn answer(dice: &mut Dice, attempt: &Attempt, holder: Holder) -> Answer {
    let is_card = attempt.instrument.as_ref().is_some_and(|held| held.card.is_some());
    if dice.chance(30) {
        return Answer { unavailable: true, ..Answer::default() };
    }
    if !is_card {
        let declined = dice.chance(if holder == Holder::Owner { 300 } else { 1_500 });
        return Answer { declined: declined.then_some("generic_decline"), ..Answer::default() };
    }
    let present = attempt.seat.is_some();
    let three_ds = present.then(|| authenticate(dice, attempt, holder)).flatten();
    let (share, reasons) = match holder {
        Holder::Owner if present => (620, OWNER),
        Holder::Owner => (1_000, RENEWAL),
        Holder::Intruder => (1_200, THIEF),
        Holder::Thief => (3_300, THIEF),
        Holder::Tester => (8_800, TESTER),
    };
    let declined = match three_ds {
        Some(false) => Some("authentication_failed"),
        Some(true) => dice.chance(share / 2).then(|| dice.of_weights(reasons)),
        None => dice.chance(share).then(|| dice.of_weights(reasons)),
    };
    let checked = attempt.billing.is_some_and(|place| place.address_check);
    Answer {
        declined,
        avs: (present && checked).then(|| address_check(dice, holder)),
        cvv: present.then(|| code_check(dice, holder, declined)),
        three_ds,
        ..Answer::default()
    }
}

/// Tries 3-D Secure where issuers want it; `None` when exempt or not tried.
fn authenticate(dice: &mut Dice, attempt: &Attempt, holder: Holder) -> Option<bool> {
    let wallet = attempt.instrument.as_ref().is_some_and(|held| held.method != PaymentMethod::Card);
    let strong = attempt.billing.is_some_and(|place| place.strong_authentication);
    let tried = match (strong, wallet) {
        (_, true) => 0,
        (true, false) => 6_000,
        (false, false) => 400,
    };
    let passed = match holder {
        Holder::Owner => 9_500,
        Holder::Intruder => 3_500,
        Holder::Thief => 2_500,
        Holder::Tester => 500,
    };
    dice.chance(tried).then(|| dice.chance(passed))
}

fn address_check(dice: &mut Dice, holder: Holder) -> &'static str {
    match holder {
        Holder::Owner | Holder::Intruder => {
            dice.of_weights(&[(78, "Y"), (9, "Z"), (4, "A"), (5, "N"), (4, "U")])
        }
        Holder::Thief => dice.of_weights(&[(50, "Y"), (12, "Z"), (5, "A"), (27, "N"), (6, "U")]),
        Holder::Tester => dice.of_weights(&[(12, "Y"), (8, "Z"), (4, "A"), (66, "N"), (10, "U")]),
    }
}

fn code_check(dice: &mut Dice, holder: Holder, declined: Option<&str>) -> &'static str {
    if declined == Some("incorrect_cvc") {
        return "N";
    }
    match holder {
        Holder::Tester => dice.of_weights(&[(60, "M"), (30, "N"), (10, "P")]),
        _ => dice.of_weights(&[(97, "M"), (1, "N"), (2, "P")]),
    }
}
