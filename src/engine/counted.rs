//! What a transaction or an event counts, and for whom: the rules behind every number of history.
//!
//! - Our own action is never evidence: what we declined counts as a block, in a history of its own
//!   that only a rule can read, and nothing else.
//! - Retries of one invoice are one attempt, each trial's one trial; each answer to them counts, and
//!   each of our blocks. A retry is one that history says it is, within 90 days of the last attempt that
//!   counted (so no retry) at the same invoice, by the same seller, card, wallet, account and mailbox: the number a merchant
//!   gives it is not believed (a first attempt we blocked, or never saw, was none), and another payer
//!   of an open invoice is another attempt.
//! - An outage's failures are no declines. `insufficient_funds` is one: the issuer has just said
//!   that number, expiry and code are right, and leaving it out would make a card checker of us.
//! - A sale is told of when it is settled or something bad is said of it, a trial when nothing stands
//!   in its way any more: approved, its challenge passed, its review ended well, its card taken.
//! - What is said of a payment nobody scored counts for the account it names, if it names one: who else
//!   paid is not known, and the device of such a message is of whoever sat there.
//! - What is reported later (refunds, warnings, disputes) counts from its recording on, so nothing
//!   scored before has seen it. Its place in the windows is its own time: the same when a year of
//!   commerce is read from a file in a minute.

use super::enrich::OLDEST_RATE_DAYS;
use super::entry;
use super::identity::{Identities, KeyMaker, sale_key};
use super::known::SaleRef;
use crate::domain::{
    Action, Actor, Amount, Country, Currency, Decision, DisputeStatus, Event, EventKind,
    LabelClass, Loose, Outcome, TenantId, Timestamp, Transaction, TransactionKind,
};
use crate::features::{Record, Value, fields as f};
use crate::reference::Reference;
use crate::velocity::{EntityKeys, Occurrence, Place, Sale, Signal, Told};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::net::IpAddr;

/// A payment of at most so many euro cents is a micro-transaction.
const MICRO_CENTS: i64 = 500;

/// Assumed where a file names a city and not how sure it is: most are right to 50 km.
const USUAL_RADIUS_KM: u16 = 50;

/// Where an address is, to a city; `None` where its user may sit anywhere, or where no table could
/// tell whether it is a data centre's.
pub(super) fn place(reference: &Reference, ip: IpAddr) -> Option<Place> {
    if !reference.has_places() {
        return None;
    }
    let facts = reference.ip(ip);
    let at_home = facts.hosting == Some(false) && facts.cdn == Some(false);
    let elsewhere = [facts.relay, facts.vpn, facts.tor, facts.proxy].contains(&Some(true));
    let location = facts.location.filter(|_| at_home && !elsewhere)?;
    let radius = location.accuracy_km.unwrap_or(USUAL_RADIUS_KM);
    Place::new(location.latitude, location.longitude, radius)
}

/// What a transaction counts once it is decided. Where nothing is charged (a card put on file, a
/// free downgrade) there is no amount: zeros would halve the mean of what someone spends. `was_tried`:
/// whether such a thing was counted for the same invoice and payer. A retry moves no counter; that the
/// trial began now is told all the same, the first attempt may have been challenged.
pub(super) fn by_transaction(
    tx: &Transaction,
    decision: &Decision,
    sale: &SaleRef,
    place: Option<Place>,
    was_tried: impl FnOnce(Signal) -> bool,
) -> Vec<Occurrence> {
    let amount = sale.amount.filter(|cents| *cents > 0);
    let (keys, at) = (sale.keys, tx.event_time);
    let one = |signal| Occurrence { keys, at, signal, amount, place, sale: None };
    if decision.action == Action::Decline {
        return vec![Occurrence { place: None, ..one(Signal::Blocked) }];
    }
    let counted = match tx.kind {
        TransactionKind::SignUp => vec![one(Signal::SignUp)],
        TransactionKind::TrialStart => {
            let begun = (decision.action == Action::Approve).then(|| sale.telling(Told::Trial));
            vec![Occurrence { sale: begun, ..one(Signal::Trial) }]
        }
        TransactionKind::PlanChange => vec![one(Signal::Attempt), one(Signal::PlanChange)],
        TransactionKind::Purchase | TransactionKind::TopUp
            if amount.is_some_and(|cents| cents <= MICRO_CENTS) =>
        {
            vec![one(Signal::Attempt), one(Signal::Micro)]
        }
        kind if kind.is_payment() => vec![one(Signal::Attempt)],
        _ => Vec::new(),
    };
    match counted.first() {
        Some(first) if was_tried(first.signal) => {
            let again = Occurrence::new(keys, at, Signal::Outcome);
            first.sale.map(|sale| Occurrence { sale: Some(sale), ..again }).into_iter().collect()
        }
        _ => counted,
    }
}

/// The euro cents of a record's amount.
pub(super) fn euro_cents(record: &Record) -> Option<i64> {
    match record.get(f::AMOUNT_EUR) {
        Value::Decimal(euro) => cents(*euro),
        _ => None,
    }
}

/// Whole hundredths of an amount of euro.
pub(super) fn cents(euro: Decimal) -> Option<i64> {
    euro.checked_mul(Decimal::ONE_HUNDRED)?.round().to_i64()
}

/// What an event needs to be counted.
pub(super) struct Received<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) event: &'a Event,
    /// The transaction it is about, where that is known.
    pub(super) sale: Option<&'a SaleRef>,
    pub(super) reference: &'a Reference,
    pub(super) maker: &'a dyn KeyMaker,
}

/// What an event counts, the first of it with what it says of the sale.
pub(super) fn by_event(received: &Received<'_>) -> Vec<Occurrence> {
    let mut occurrences = happened(received);
    if let Some(sale) = received.sale
        && let Some(told) = told(received.event, sale)
    {
        if occurrences.is_empty() {
            occurrences = received.of_sale(Signal::Outcome);
        }
        if let Some(first) = occurrences.first_mut() {
            first.sale = Some(sale.telling(told));
        }
    }
    occurrences
}

/// What an event says of its sale. A label is told as it comes; an early warning is told as one, its
/// label may follow. A case is over when the processor says so in its status. Where nothing was
/// charged, nothing was settled: of a trial it is said that it began.
fn told(event: &Event, sale: &SaleRef) -> Option<Told> {
    use EventKind as K;
    let went_well = event.kind == K::Capture
        || matches!(event.data.outcome, Some(Outcome::Approved | Outcome::Passed));
    Some(match event.kind {
        K::AuthResult | K::Capture if went_well && sale.is_charged() => Told::Settled,
        K::AuthResult | K::Capture | K::ChallengeResult | K::ReviewResolved
            if went_well && sale.kind == Some(TransactionKind::TrialStart) =>
        {
            Told::Trial
        }
        K::Refund => Told::Refunded,
        K::FraudWarning => Told::Warned,
        K::DisputeCreated => Told::Disputed,
        K::DisputeUpdated | K::DisputeClosed => {
            match DisputeStatus::from_word(event.data.status.as_ref()?.as_str())? {
                DisputeStatus::Won => Told::Won,
                DisputeStatus::Lost | DisputeStatus::Accepted => Told::Lost,
                _ => return None,
            }
        }
        K::Label => match event.data.label? {
            LabelClass::StolenInstrument | LabelClass::AccountTakeover => Told::Fraud,
            LabelClass::FirstPartyMisuse => Told::Misuse,
            LabelClass::ServiceDispute => Told::Service,
            LabelClass::OurError | LabelClass::Legitimate => Told::Good,
        },
        _ => return None,
    })
}

impl SaleRef {
    /// A transaction of `tenant` that has just been decided on `record`.
    pub(super) fn decided(
        tenant: &TenantId,
        tx: &Transaction,
        keys: EntityKeys,
        record: &Record,
    ) -> Self {
        Self {
            id: sale_key(&entry::transaction_hash(tenant, &tx.transaction_id)),
            keys,
            at: tx.event_time,
            kind: Some(tx.kind),
            amount: euro_cents(record),
            subject: None,
        }
    }

    /// Something told of this sale.
    fn telling(&self, told: Told) -> Sale {
        Sale { id: self.id, at: self.at, told }
    }

    /// Whether money is asked for: not where a card is put on file, a trial begins or all is free.
    fn is_charged(&self) -> bool {
        use TransactionKind as K;
        let kinds = [K::Purchase, K::Renewal, K::PlanChange, K::TopUp];
        self.kind.is_some_and(|kind| kinds.contains(&kind)) && self.amount != Some(0)
    }
}

fn happened(received: &Received<'_>) -> Vec<Occurrence> {
    use EventKind as K;
    let event = received.event;
    let by_staff = event.actor == Some(Actor::Staff);
    match event.kind {
        K::AuthResult => received.sale.map(|sale| answer(event, sale)).unwrap_or_default(),
        K::ChallengeResult => match event.data.outcome {
            Some(Outcome::Passed) => received.of_sale(Signal::ChallengePassed),
            Some(Outcome::Failed) => received.of_sale(Signal::ChallengeFailed),
            Some(Outcome::Abandoned) => received.of_sale(Signal::ChallengeAbandoned),
            _ => Vec::new(),
        },
        K::Refund => received.of_sale(Signal::Refund),
        K::DisputeCreated => received.of_sale(Signal::Dispute),
        K::FraudWarning => received.of_sale(Signal::Warning),
        K::CancelRequested | K::CancelEffective => received.of_client(Signal::Cancel, None),
        K::LicenceActivated => received.of_client(Signal::Activation, None),
        K::SeatAssigned => received.of_client(Signal::SeatAssigned, None),
        K::SeatRemoved => received.of_client(Signal::SeatRemoved, None),
        K::SessionLogin if !by_staff => received.of_client(Signal::Login, None),
        K::LoginFailed if !by_staff => received.of_client(Signal::LoginFailed, None),
        K::AccountChanged if !by_staff => received.of_client(Signal::CredentialChange, None),
        K::ApiUsage => received.of_client(Signal::Usage, received.cents()),
        K::EntitlementConsumed => received.of_client(Signal::Spent, received.cents()),
        K::SharingSignal => {
            let sharing = event.data.sharing.as_ref();
            let open = sharing.and_then(|sharing| sharing.concurrent_sessions);
            received.of_client(Signal::Sharing, open.map(i64::from))
        }
        _ => Vec::new(),
    }
}

impl Received<'_> {
    /// One occurrence for whoever paid; where the sale is not known, for the account that is named.
    fn of_sale(&self, signal: Signal) -> Vec<Occurrence> {
        let named = || {
            let EntityKeys { account, tenant, .. } = self.client(None);
            account.map(|_| EntityKeys { account, tenant, ..EntityKeys::default() })
        };
        let keys = self.sale.map(|sale| sale.keys).or_else(named);
        let occurrence = |keys| Occurrence::new(keys, self.event.event_time, signal);
        keys.map(occurrence).into_iter().collect()
    }

    /// One occurrence for whoever sat there, who need not be the one who paid.
    fn of_client(&self, signal: Signal, amount: Option<i64>) -> Vec<Occurrence> {
        let ip = self.event.ip.as_ref().and_then(Loose::valid).copied();
        let keys = self.client(ip.and_then(|ip| self.reference.country(ip)));
        let located = ip.filter(|_| signal == Signal::Login);
        let place = located.and_then(|ip| place(self.reference, ip));
        vec![Occurrence { amount, place, ..Occurrence::new(keys, self.event.event_time, signal) }]
    }

    /// The event's own keys, and the account of its sale where it names none.
    fn client(&self, country: Option<Country>) -> EntityKeys {
        let mut keys = Identities::of_event(self.event).keys(self.maker, self.tenant, country);
        keys.account = keys.account.or_else(|| self.sale?.keys.account);
        keys
    }

    /// The euro cents of the event's amount.
    fn cents(&self) -> Option<i64> {
        in_euro_cents(self.reference, self.event.data.amount?, self.event.event_time)
    }
}

fn in_euro_cents(reference: &Reference, amount: Amount, at: Timestamp) -> Option<i64> {
    let rates = reference.rates()?;
    let rate = rates.rate(amount.currency(), Currency::EUR, at, OLDEST_RATE_DAYS)?;
    cents(rate.apply(amount.value())?)
}

/// The issuer's answer; what it settles counts too.
fn answer(event: &Event, sale: &SaleRef) -> Vec<Occurrence> {
    let SaleRef { keys, amount, .. } = *sale;
    let one =
        |signal, amount| Occurrence { amount, ..Occurrence::new(keys, event.event_time, signal) };
    match (event.data.outcome, sale.kind) {
        (Some(Outcome::Approved), Some(TransactionKind::Renewal)) => {
            vec![one(Signal::Approved, None), one(Signal::Renewal, None)]
        }
        (Some(Outcome::Approved), Some(TransactionKind::TopUp)) => {
            vec![one(Signal::Approved, None), one(Signal::TopUp, amount)]
        }
        (Some(Outcome::Approved), _) => vec![one(Signal::Approved, None)],
        (Some(Outcome::Declined), _) => {
            let code = event.data.decline_code.as_ref().map_or("", |code| code.as_str());
            decline(code).map(|signal| one(signal, None)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The class of a decline; `None` for what the issuer has not refused: an outage, the merchant's own
/// list, a request to authenticate first (1A at Visa, 65 at Mastercard; at others 65 is a limit, and
/// without the brand it says nothing). Codes are those of Stripe and Adyen in small letters with
/// underscores, ISO 8583 field 39 with the networks' additions (N7, R-codes left out), and two of
/// Braintree's (2001, 3000); an unknown one is a refusal without a class.
fn decline(code: &str) -> Option<Signal> {
    let plain = |letter: char| match letter.to_ascii_lowercase() {
        ' ' | '-' => '_',
        small => small,
    };
    let code: String = code.chars().map(plain).collect();
    Some(match code.as_str() {
        "processing_error"
        | "issuer_not_available"
        | "issuer_unavailable"
        | "try_again_later"
        | "acquirer_error"
        | "processor_unavailable"
        | "91"
        | "96"
        | "3000"
        | "merchant_blacklist"
        | "authentication_required"
        | "1a"
        | "65" => return None,
        "insufficient_funds"
        | "not_enough_balance"
        | "withdrawal_count_limit_exceeded"
        | "51"
        | "61"
        | "2001" => Signal::DeclinedFunds,
        "lost_card" | "stolen_card" | "pickup_card" | "pick_up_card" | "blocked_card" | "04"
        | "07" | "41" | "43" => Signal::DeclinedStolen,
        "incorrect_cvc"
        | "invalid_cvc"
        | "cvc_declined"
        | "incorrect_number"
        | "invalid_number"
        | "invalid_card_number"
        | "invalid_account"
        | "expired_card"
        | "invalid_expiry_month"
        | "invalid_expiry_year"
        | "incorrect_zip"
        | "14"
        | "54"
        | "55"
        | "82"
        | "n7" => Signal::DeclinedData,
        _ => Signal::Declined,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declines_have_a_class_and_what_no_issuer_refused_none() {
        for (codes, class) in [
            (
                &["insufficient_funds", "Insufficient Funds", "51", "2001"][..],
                Some(Signal::DeclinedFunds),
            ),
            (&["lost_card", "STOLEN-CARD", "43"], Some(Signal::DeclinedStolen)),
            (&["incorrect_cvc", "expired_card", "N7", "14"], Some(Signal::DeclinedData)),
            (&["do_not_honor", "05", "", "anything"], Some(Signal::Declined)),
            (&["processing_error", "Issuer Unavailable", "91", "96", "3000"], None),
            (&["merchant_blacklist", "authentication_required", "1A", "65"], None),
        ] {
            for code in codes {
                assert_eq!(decline(code), class, "{code}");
            }
        }
    }
}
