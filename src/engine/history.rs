//! What the history of a transaction's entities says, as features.

use crate::domain::{DAY_MS, HOUR_MS, Timestamp};
use crate::features::{FieldId, Record, Value, fields as f};
use crate::velocity::{
    Entity, EntityKeys, EntityView, Other, Place, Sighted, Signal, Velocity, Window,
};
use rust_decimal::Decimal;

/// The transaction as its history sees it.
pub(super) struct Moment {
    pub(super) at: Timestamp,
    /// Where its address is, to a city.
    pub(super) place: Option<Place>,
    /// Its amount in euro cents.
    pub(super) cents: Option<i64>,
}

/// What a field reads from an entity's view.
#[derive(Clone, Copy, PartialEq)]
enum Measure {
    Count(Signal, Window),
    Sum(Signal, Window),
    Distinct(Other, Window),
    /// Declines of every class.
    Declines(Window),
    /// Declines over all answers.
    DeclineRatio(Window),
    /// How often, ever.
    Ever(Signal),
    SinceFirst(Signal),
    SinceLast(Signal),
    SinceFirstSeen,
    SinceLastSeen,
    /// The amount over the mean of 90 days.
    OverMean,
    /// The amount over the largest of 90 days.
    OverLargest,
    /// What the two rest on.
    Priced,
    OverDailySpend,
    LastResult,
    SinceResult,
    LastDecline,
    LastChallenge,
    TrialConverted,
    SpentOverToppedUp,
    OwedCount,
    OwedSum,
    Seats,
    MostSessions,
    TravelKm,
    TravelKmh,
    Impossible,
}

use Entity::{
    Account, AccountBlocks, Bin, Card, CardBlocks, CardOnAccount, CardOnIp, Device, DeviceBlocks,
    DeviceOnAccount, Email, EmailBlocks, Invoice, Ip, IpBlocks, Licence, Seller, Sku, Wallet,
};
use Measure::{
    Count, DeclineRatio, Declines, Distinct, Ever, Impossible, LastChallenge, LastDecline,
    LastResult, MostSessions, OverDailySpend, OverLargest, OverMean, OwedCount, OwedSum, Priced,
    Seats, SinceFirst, SinceFirstSeen, SinceLast, SinceLastSeen, SinceResult, SpentOverToppedUp,
    Sum, TravelKm, TravelKmh, TrialConverted,
};
use Signal::{
    Activation, Approved, Attempt, Blocked, Cancel, ChallengeAbandoned, ChallengeFailed,
    ChallengePassed, CredentialChange, DeclinedData, DeclinedFunds, DeclinedStolen, Dispute,
    LoginFailed, Micro, PlanChange, Refund, Renewal, SeatAssigned, SeatRemoved, Sharing, SignUp,
    Spent, TopUp, Trial, Warning,
};
use Window::{D1, D7, D30, D90, H1, M1};

/// Which field reads what of whom; one row for each field of the catalogue's group, those of one
/// entity together.
#[rustfmt::skip]
const READINGS: &[(FieldId, Entity, Measure)] = &[
    (f::CARD_TX_COUNT_1H, Card, Count(Attempt, H1)),
    (f::CARD_TX_COUNT_1D, Card, Count(Attempt, D1)),
    (f::CARD_DECLINED_COUNT_1D, Card, Declines(D1)),
    (f::CARD_AMOUNT_EUR_SUM_1D, Card, Sum(Attempt, D1)),
    (f::CARD_DISTINCT_EMAILS_7D, Card, Distinct(Other::Email, D7)),
    (f::CARD_DISTINCT_IPS_1D, Card, Distinct(Other::Ip, D1)),
    (f::CARD_FIRST_SEEN_H, Card, SinceFirstSeen),
    (f::CARD_AMOUNT_MEAN_RATIO_90D, Card, OverMean),
    (f::CARD_AMOUNT_MAX_RATIO_90D, Card, OverLargest),
    (f::CARD_PRICED_COUNT_90D, Card, Priced),
    (f::CARD_DISTINCT_ACCOUNTS_30D, Card, Distinct(Other::Account, D30)),
    (f::CARD_DISTINCT_DEVICES_7D, Card, Distinct(Other::Device, D7)),
    (f::CARD_DISTINCT_COUNTRIES_30D, Card, Distinct(Other::Country, D30)),
    (f::CARD_LAST_ATTEMPT_H, Card, SinceLast(Attempt)),
    (f::CARD_LAST_RESULT, Card, LastResult),
    (f::CARD_LAST_RESULT_H, Card, SinceResult),
    (f::CARD_LAST_DECLINE, Card, LastDecline),
    (f::CARD_DECLINED_FUNDS_COUNT_1D, Card, Count(DeclinedFunds, D1)),
    (f::CARD_DECLINED_DATA_COUNT_1D, Card, Count(DeclinedData, D1)),
    (f::CARD_DECLINED_STOLEN_COUNT_30D, Card, Count(DeclinedStolen, D30)),
    (f::CARD_DECLINE_RATIO_30D, Card, DeclineRatio(D30)),
    (f::CARD_DISPUTES, Card, Ever(Dispute)),
    (f::CARD_WARNINGS, Card, Ever(Warning)),
    (f::CARD_TRIAL_COUNT_90D, Card, Count(Trial, D90)),
    (f::CARD_TRIALS, Card, Ever(Trial)),
    (f::CARD_TRIAL_CONVERTED, Card, TrialConverted),
    (f::CARD_TRAVEL_KM, Card, TravelKm),
    (f::CARD_TRAVEL_KMH, Card, TravelKmh),
    (f::CARD_IMPOSSIBLE_TRAVEL, Card, Impossible),
    (f::CARD_APPROVED_COUNT_30D, Card, Count(Approved, D30)),
    (f::CARD_REFUND_COUNT_90D, Card, Count(Refund, D90)),
    (f::CARD_DISPUTE_COUNT_90D, Card, Count(Dispute, D90)),
    (f::CARD_LAST_SEEN_H, Card, SinceLastSeen),
    (f::EMAIL_TX_COUNT_1D, Email, Count(Attempt, D1)),
    (f::EMAIL_DISTINCT_CARDS_7D, Email, Distinct(Other::Card, D7)),
    (f::EMAIL_DISTINCT_ACCOUNTS_30D, Email, Distinct(Other::Account, D30)),
    (f::EMAIL_FIRST_SEEN_H, Email, SinceFirstSeen),
    (f::EMAIL_LAST_ATTEMPT_H, Email, SinceLast(Attempt)),
    (f::EMAIL_DISPUTES, Email, Ever(Dispute)),
    (f::EMAIL_WARNINGS, Email, Ever(Warning)),
    (f::EMAIL_TRIAL_COUNT_90D, Email, Count(Trial, D90)),
    (f::EMAIL_TRIALS, Email, Ever(Trial)),
    (f::EMAIL_APPROVED_COUNT_30D, Email, Count(Approved, D30)),
    (f::EMAIL_DECLINED_COUNT_1D, Email, Declines(D1)),
    (f::EMAIL_REFUND_COUNT_90D, Email, Count(Refund, D90)),
    (f::EMAIL_DISPUTE_COUNT_90D, Email, Count(Dispute, D90)),
    (f::EMAIL_LAST_SEEN_H, Email, SinceLastSeen),
    (f::IP_TX_COUNT_1M, Ip, Count(Attempt, M1)),
    (f::IP_TX_COUNT_1H, Ip, Count(Attempt, H1)),
    (f::IP_DECLINED_COUNT_1H, Ip, Declines(H1)),
    (f::IP_DISTINCT_CARDS_1H, Ip, Distinct(Other::Card, H1)),
    (f::IP_DISTINCT_CARDS_1D, Ip, Distinct(Other::Card, D1)),
    (f::IP_DISTINCT_ACCOUNTS_1D, Ip, Distinct(Other::Account, D1)),
    (f::IP_DISTINCT_EMAILS_1D, Ip, Distinct(Other::Email, D1)),
    (f::IP_DISTINCT_DEVICES_1D, Ip, Distinct(Other::Device, D1)),
    (f::IP_FIRST_SEEN_H, Ip, SinceFirstSeen),
    (f::IP_LAST_ATTEMPT_H, Ip, SinceLast(Attempt)),
    (f::IP_DECLINED_DATA_COUNT_1D, Ip, Count(DeclinedData, D1)),
    (f::IP_DECLINE_RATIO_1D, Ip, DeclineRatio(D1)),
    (f::IP_TRIAL_COUNT_90D, Ip, Count(Trial, D90)),
    (f::IP_LOGIN_FAILED_COUNT_1H, Ip, Count(LoginFailed, H1)),
    (f::IP_SIGN_UP_COUNT_1D, Ip, Count(SignUp, D1)),
    (f::IP_APPROVED_COUNT_1D, Ip, Count(Approved, D1)),
    (f::IP_LAST_SEEN_H, Ip, SinceLastSeen),
    (f::DEVICE_TX_COUNT_1H, Device, Count(Attempt, H1)),
    (f::DEVICE_DECLINED_COUNT_1D, Device, Declines(D1)),
    (f::DEVICE_DISTINCT_CARDS_1D, Device, Distinct(Other::Card, D1)),
    (f::DEVICE_DISTINCT_ACCOUNTS_30D, Device, Distinct(Other::Account, D30)),
    (f::DEVICE_DISTINCT_CARDS_7D, Device, Distinct(Other::Card, D7)),
    (f::DEVICE_DISTINCT_EMAILS_7D, Device, Distinct(Other::Email, D7)),
    (f::DEVICE_FIRST_SEEN_H, Device, SinceFirstSeen),
    (f::DEVICE_LAST_ATTEMPT_H, Device, SinceLast(Attempt)),
    (f::DEVICE_DISPUTES, Device, Ever(Dispute)),
    (f::DEVICE_TRIAL_COUNT_90D, Device, Count(Trial, D90)),
    (f::DEVICE_TRIALS, Device, Ever(Trial)),
    (f::DEVICE_SIGN_UP_COUNT_1D, Device, Count(SignUp, D1)),
    (f::DEVICE_APPROVED_COUNT_30D, Device, Count(Approved, D30)),
    (f::DEVICE_REFUND_COUNT_90D, Device, Count(Refund, D90)),
    (f::DEVICE_DISPUTE_COUNT_90D, Device, Count(Dispute, D90)),
    (f::DEVICE_LAST_SEEN_H, Device, SinceLastSeen),
    (f::ACCOUNT_TX_COUNT_1H, Account, Count(Attempt, H1)),
    (f::ACCOUNT_TX_COUNT_30D, Account, Count(Attempt, D30)),
    (f::ACCOUNT_DECLINED_COUNT_1D, Account, Declines(D1)),
    (f::ACCOUNT_AMOUNT_EUR_SUM_30D, Account, Sum(Attempt, D30)),
    (f::ACCOUNT_APPROVED_COUNT_90D, Account, Count(Approved, D90)),
    (f::ACCOUNT_DISTINCT_CARDS_7D, Account, Distinct(Other::Card, D7)),
    (f::ACCOUNT_DISTINCT_DEVICES_30D, Account, Distinct(Other::Device, D30)),
    (f::ACCOUNT_FIRST_SEEN_H, Account, SinceFirstSeen),
    (f::ACCOUNT_AMOUNT_MEAN_RATIO_90D, Account, OverMean),
    (f::ACCOUNT_AMOUNT_MAX_RATIO_90D, Account, OverLargest),
    (f::ACCOUNT_PRICED_COUNT_90D, Account, Priced),
    (f::ACCOUNT_SPEND_RATIO_1D, Account, OverDailySpend),
    (f::ACCOUNT_DISTINCT_IPS_7D, Account, Distinct(Other::Ip, D7)),
    (f::ACCOUNT_DISTINCT_COUNTRIES_7D, Account, Distinct(Other::Country, D7)),
    (f::ACCOUNT_DISTINCT_COUNTRIES_30D, Account, Distinct(Other::Country, D30)),
    (f::ACCOUNT_LAST_ATTEMPT_H, Account, SinceLast(Attempt)),
    (f::ACCOUNT_FIRST_PURCHASE_H, Account, SinceFirst(Approved)),
    (f::ACCOUNT_SIGN_UP_H, Account, SinceFirst(SignUp)),
    (f::ACCOUNT_LAST_RESULT, Account, LastResult),
    (f::ACCOUNT_LAST_RESULT_H, Account, SinceResult),
    (f::ACCOUNT_LAST_DECLINE, Account, LastDecline),
    (f::ACCOUNT_DECLINE_RATIO_30D, Account, DeclineRatio(D30)),
    (f::ACCOUNT_DECLINED_COUNT_30D, Account, Declines(D30)),
    (f::ACCOUNT_LAST_CHALLENGE, Account, LastChallenge),
    (f::ACCOUNT_CHALLENGE_PASSED_COUNT_90D, Account, Count(ChallengePassed, D90)),
    (f::ACCOUNT_CHALLENGE_FAILED_COUNT_90D, Account, Count(ChallengeFailed, D90)),
    (f::ACCOUNT_CHALLENGE_ABANDONED_COUNT_90D, Account, Count(ChallengeAbandoned, D90)),
    (f::ACCOUNT_REFUND_COUNT_90D, Account, Count(Refund, D90)),
    (f::ACCOUNT_REFUNDS, Account, Ever(Refund)),
    (f::ACCOUNT_DISPUTE_COUNT_90D, Account, Count(Dispute, D90)),
    (f::ACCOUNT_DISPUTES, Account, Ever(Dispute)),
    (f::ACCOUNT_WARNINGS, Account, Ever(Warning)),
    (f::ACCOUNT_TRIAL_STARTED_H, Account, SinceLast(Trial)),
    (f::ACCOUNT_TRIAL_CONVERTED, Account, TrialConverted),
    (f::ACCOUNT_RENEWALS_PAID, Account, Ever(Renewal)),
    (f::ACCOUNT_PLAN_CHANGE_COUNT_30D, Account, Count(PlanChange, D30)),
    (f::ACCOUNT_CANCELLED_H, Account, SinceLast(Cancel)),
    (f::ACCOUNT_MICRO_COUNT_1H, Account, Count(Micro, H1)),
    (f::ACCOUNT_MICRO_COUNT_1D, Account, Count(Micro, D1)),
    (f::ACCOUNT_MICRO_EUR_SUM_1D, Account, Sum(Micro, D1)),
    (f::ACCOUNT_TOP_UP_COUNT_1D, Account, Count(TopUp, D1)),
    (f::ACCOUNT_TOP_UP_EUR_SUM_7D, Account, Sum(TopUp, D7)),
    (f::ACCOUNT_SPENT_RATIO_30D, Account, SpentOverToppedUp),
    (f::ACCOUNT_OWED_USAGE_COUNT_30D, Account, OwedCount),
    (f::ACCOUNT_OWED_USAGE_EUR_SUM_30D, Account, OwedSum),
    (f::ACCOUNT_ACTIVATION_COUNT_30D, Account, Count(Activation, D30)),
    (f::ACCOUNT_DISTINCT_MACHINES_30D, Account, Distinct(Other::Machine, D30)),
    (f::ACCOUNT_SEATS, Account, Seats),
    (f::ACCOUNT_DISTINCT_LOGIN_DEVICES_1H, Account, Distinct(Other::LoginDevice, H1)),
    (f::ACCOUNT_DISTINCT_LOGIN_DEVICES_7D, Account, Distinct(Other::LoginDevice, D7)),
    (f::ACCOUNT_DISTINCT_LOGIN_COUNTRIES_7D, Account, Distinct(Other::LoginCountry, D7)),
    (f::ACCOUNT_SESSIONS_MAX_90D, Account, MostSessions),
    (f::ACCOUNT_LOGIN_FAILED_COUNT_1H, Account, Count(LoginFailed, H1)),
    (f::ACCOUNT_CREDENTIALS_CHANGED_H, Account, SinceLast(CredentialChange)),
    (f::ACCOUNT_TRAVEL_KM, Account, TravelKm),
    (f::ACCOUNT_TRAVEL_KMH, Account, TravelKmh),
    (f::ACCOUNT_IMPOSSIBLE_TRAVEL, Account, Impossible),
    (f::ACCOUNT_LAST_SEEN_H, Account, SinceLastSeen),
    (f::SKU_AMOUNT_MEAN_RATIO_90D, Sku, OverMean),
    (f::SKU_AMOUNT_MAX_RATIO_90D, Sku, OverLargest),
    (f::SKU_PRICED_COUNT_90D, Sku, Priced),
    (f::LICENCE_ACTIVATION_COUNT_1D, Licence, Count(Activation, D1)),
    (f::LICENCE_ACTIVATION_COUNT_30D, Licence, Count(Activation, D30)),
    (f::LICENCE_DISTINCT_MACHINES_30D, Licence, Distinct(Other::Machine, D30)),
    (f::LICENCE_DISTINCT_ACTIVATION_COUNTRIES_30D, Licence, Distinct(Other::ActivationCountry, D30)),
    (f::INVOICE_DECLINED_COUNT_30D, Invoice, Declines(D30)),
    (f::CARD_ON_ACCOUNT_FIRST_SEEN_H, CardOnAccount, SinceFirstSeen),
    (f::CARD_ON_ACCOUNT_APPROVED_COUNT_90D, CardOnAccount, Count(Approved, D90)),
    (f::CARD_ON_ACCOUNT_LAST_SEEN_H, CardOnAccount, SinceLastSeen),
    (f::DEVICE_ON_ACCOUNT_FIRST_SEEN_H, DeviceOnAccount, SinceFirstSeen),
    (f::DEVICE_ON_ACCOUNT_LAST_SEEN_H, DeviceOnAccount, SinceLastSeen),
    (f::BIN_TX_COUNT_1H, Bin, Count(Attempt, H1)),
    (f::BIN_DECLINED_COUNT_1H, Bin, Declines(H1)),
    (f::BIN_DECLINE_RATIO_1D, Bin, DeclineRatio(D1)),
    (f::BIN_DISTINCT_CARDS_1H, Bin, Distinct(Other::Card, H1)),
    (f::BIN_DISTINCT_IPS_1H, Bin, Distinct(Other::Ip, H1)),
    (f::BIN_DISPUTE_COUNT_90D, Bin, Count(Dispute, D90)),
    (f::BIN_FIRST_SEEN_H, Bin, SinceFirstSeen),
    (f::SELLER_TX_COUNT_1H, Seller, Count(Attempt, H1)),
    (f::SELLER_APPROVED_COUNT_30D, Seller, Count(Approved, D30)),
    (f::SELLER_DECLINE_RATIO_1D, Seller, DeclineRatio(D1)),
    (f::SELLER_REFUND_COUNT_30D, Seller, Count(Refund, D30)),
    (f::SELLER_DISPUTE_COUNT_90D, Seller, Count(Dispute, D90)),
    (f::SELLER_DISTINCT_CARDS_1D, Seller, Distinct(Other::Card, D1)),
    (f::SELLER_FIRST_SEEN_H, Seller, SinceFirstSeen),
    (f::WALLET_TX_COUNT_1D, Wallet, Count(Attempt, D1)),
    (f::WALLET_DECLINED_COUNT_1D, Wallet, Declines(D1)),
    (f::WALLET_APPROVED_COUNT_90D, Wallet, Count(Approved, D90)),
    (f::WALLET_REFUND_COUNT_90D, Wallet, Count(Refund, D90)),
    (f::WALLET_DISPUTE_COUNT_90D, Wallet, Count(Dispute, D90)),
    (f::WALLET_DISTINCT_ACCOUNTS_30D, Wallet, Distinct(Other::Account, D30)),
    (f::WALLET_DISTINCT_EMAILS_30D, Wallet, Distinct(Other::Email, D30)),
    (f::WALLET_FIRST_SEEN_H, Wallet, SinceFirstSeen),
    (f::WALLET_LAST_SEEN_H, Wallet, SinceLastSeen),
    (f::CARD_ON_IP_TX_COUNT_1D, CardOnIp, Count(Attempt, D1)),
    (f::CARD_ON_IP_APPROVED_COUNT_90D, CardOnIp, Count(Approved, D90)),
    (f::CARD_ON_IP_FIRST_SEEN_H, CardOnIp, SinceFirstSeen),
    (f::CARD_ON_IP_LAST_SEEN_H, CardOnIp, SinceLastSeen),
    (f::CARD_BLOCKED_COUNT_1D, CardBlocks, Count(Blocked, D1)),
    (f::CARD_BLOCKED_COUNT_30D, CardBlocks, Count(Blocked, D30)),
    (f::EMAIL_BLOCKED_COUNT_1D, EmailBlocks, Count(Blocked, D1)),
    (f::EMAIL_BLOCKED_COUNT_30D, EmailBlocks, Count(Blocked, D30)),
    (f::IP_BLOCKED_COUNT_1D, IpBlocks, Count(Blocked, D1)),
    (f::IP_BLOCKED_COUNT_30D, IpBlocks, Count(Blocked, D30)),
    (f::DEVICE_BLOCKED_COUNT_1D, DeviceBlocks, Count(Blocked, D1)),
    (f::DEVICE_BLOCKED_COUNT_30D, DeviceBlocks, Count(Blocked, D30)),
    (f::ACCOUNT_BLOCKED_COUNT_1D, AccountBlocks, Count(Blocked, D1)),
    (f::ACCOUNT_BLOCKED_COUNT_30D, AccountBlocks, Count(Blocked, D30)),
];

/// Travel faster than this is no travel: no airliner flies it.
const FASTEST_KMH: f64 = 900.0;

/// Nearer than this two places may be one: databases put a city's addresses far out.
const NEAREST_KM: f64 = 200.0;

/// Reads the history of every entity that is present, before the transaction itself is recorded.
pub(super) fn read(
    velocity: &dyn Velocity,
    keys: &EntityKeys,
    moment: &Moment,
    record: &mut Record,
) {
    for rows in READINGS.chunk_by(|(_, one, _), (_, next, _)| one == next) {
        let Some((_, entity, _)) = rows.first() else { continue };
        let Some(key) = keys.get(*entity) else { continue };
        let view = velocity.view(*entity, key, moment.at);
        for (field, _, measure) in rows {
            record.set(*field, reading(&view, *measure, moment).unwrap_or_default());
        }
    }
}

/// One measure of one entity; `None` where its history does not say.
fn reading(view: &EntityView, measure: Measure, moment: &Moment) -> Option<Value> {
    let since = |time: Timestamp| hours(moment.at, time);
    Some(match measure {
        Count(signal, window) => view.count(signal, window).into(),
        Sum(signal, window) => Decimal::new(view.sum(signal, window), 2).into(),
        Distinct(other, window) => view.distinct(other, window).into(),
        Declines(window) => view.declines(window).into(),
        DeclineRatio(window) => {
            let declined = view.declines(window);
            let answers = declined + view.count(Approved, window);
            ratio(i64::from(declined), i64::from(answers))?
        }
        Ever(signal) => view.ever(signal).into(),
        SinceFirst(signal) => since(view.first(signal)?),
        SinceLast(signal) => since(view.last(signal)?),
        SinceFirstSeen => since(view.first_seen()?),
        SinceLastSeen => since(view.last_seen()?),
        Seats => view.ever(SeatAssigned).saturating_sub(view.ever(SeatRemoved)).into(),
        MostSessions => view.largest(Sharing)?.into(),
        OwedCount => view.owed_count().into(),
        OwedSum => Decimal::new(view.owed_sum()?, 2).into(),
        OverMean | OverLargest | Priced | OverDailySpend | SpentOverToppedUp => {
            amounts(view, measure, moment)?
        }
        LastResult | SinceResult | LastDecline | LastChallenge | TrialConverted => {
            results(view, measure, moment)?
        }
        TravelKm | TravelKmh | Impossible => {
            travel(view.place()?, moment.place?, moment.at, measure)?
        }
    })
}

fn amounts(view: &EntityView, measure: Measure, moment: &Moment) -> Option<Value> {
    let priced = i64::from(view.priced(Attempt, D90));
    let sum = view.sum(Attempt, D90);
    match measure {
        OverMean => ratio(moment.cents?.checked_mul(priced)?, sum),
        OverLargest => ratio(moment.cents?, view.largest(Attempt)?),
        OverDailySpend => {
            let known_for = moment.at.millis_since(view.first(Attempt)?);
            let days = known_for.min(D90.span_ms()) / DAY_MS;
            ratio(view.sum(Attempt, D1).checked_mul(days)?, sum).filter(|_| days > 0)
        }
        SpentOverToppedUp => {
            let complete = |signal| view.priced(signal, D30) == view.count(signal, D30);
            let known = complete(Spent) && complete(TopUp);
            ratio(view.sum(Spent, D30), view.sum(TopUp, D30)).filter(|_| known)
        }
        _ => Some(priced.into()),
    }
}

/// The answers of an issuer, of which a decline has a class.
const ANSWERS: [Signal; 5] = {
    let [a, b, c, d] = Signal::DECLINES;
    [Approved, a, b, c, d]
};

fn results(view: &EntityView, measure: Measure, moment: &Moment) -> Option<Value> {
    Some(match measure {
        LastResult => match view.latest(&ANSWERS)?.0 {
            Approved => "approved",
            _ => "declined",
        }
        .into(),
        SinceResult => hours(moment.at, view.latest(&ANSWERS)?.1),
        LastDecline => match view.latest(&Signal::DECLINES)?.0 {
            DeclinedFunds => "funds",
            DeclinedStolen => "stolen",
            DeclinedData => "data",
            _ => "other",
        }
        .into(),
        LastChallenge => match view.latest(&Signal::CHALLENGES)?.0 {
            ChallengePassed => "passed",
            ChallengeFailed => "failed",
            _ => "abandoned",
        }
        .into(),
        _ => {
            let began = view.first(Trial)?;
            view.last(Renewal).is_some_and(|paid| paid >= began).into()
        }
    })
}

/// How far, how fast, and whether that can be. A transaction from before the last sighting says
/// nothing of a speed.
fn travel(last: Sighted, here: Place, at: Timestamp, measure: Measure) -> Option<Value> {
    let km = here.km_to(last.place);
    if measure == TravelKm {
        return Some(Value::float(km));
    }
    let since = at.millis_since(last.at());
    let kmh = km / (span_h(since.max(M1.slot_ms())));
    let nearest = km - f64::from(here.radius_km()) - f64::from(last.place.radius_km());
    let value = match measure {
        TravelKmh => Value::float(kmh),
        _ => (kmh > FASTEST_KMH && nearest > NEAREST_KM).into(),
    };
    (since >= 0).then_some(value)
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of cents or counts, not money")]
fn ratio(part: i64, whole: i64) -> Option<Value> {
    (whole > 0).then(|| Value::float(part as f64 / whole as f64))
}

/// Hours from `earlier` to `later`; negative when they are the other way round.
pub(super) fn hours(later: Timestamp, earlier: Timestamp) -> Value {
    Value::float(span_h(later.millis_since(earlier)))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of two centuries fit 53 bits")]
fn span_h(ms: i64) -> f64 {
    ms as f64 / HOUR_MS as f64
}

#[cfg(test)]
mod tests;
