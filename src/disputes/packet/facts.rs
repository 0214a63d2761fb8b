//! What of a case's history is evidence, and of what kind.

use super::CaseFile;
use super::prior::{Prior, prior};
use crate::domain::{Actor, DAY_MS, Dispute, Event, EventKind, Loose, Timestamp, Transaction};

/// What ends a purchase or its agreement, or asks to.
pub(in crate::disputes) const CANCELLED: [EventKind; 2] =
    [EventKind::CancelRequested, EventKind::CancelEffective];

/// A case with the events that belong to the disputed sale, in time order.
pub(in crate::disputes) struct Facts<'a> {
    pub(in crate::disputes) dispute: &'a Dispute,
    pub(in crate::disputes) sale: Option<&'a Transaction>,
    pub(in crate::disputes) events: Vec<&'a Event>,
    /// Earlier purchases nobody disputed; only where the claim is of a kind they answer.
    pub(super) prior: Option<Prior<'a>>,
    /// Messages to and from support about anything, in time order.
    messages: Vec<&'a Event>,
}

impl<'a> Facts<'a> {
    /// Sorts by time and identifier, drops repeated events and those of other sales.
    pub(in crate::disputes) fn new(case: &'a CaseFile) -> Self {
        let mut events: Vec<&Event> = case
            .events
            .iter()
            .filter(|event| case.transaction.as_ref().is_some_and(|sale| belongs(event, sale)))
            .collect();
        events.sort_by_key(|event| (event.event_time, &event.event_id));
        events.dedup_by_key(|event| &event.event_id);
        let is_message = |event: &&Event| event.kind == EventKind::SupportMessage;
        let mut messages: Vec<&Event> = case.events.iter().filter(is_message).collect();
        messages.sort_by_key(|event| (event.event_time, &event.event_id));
        messages.dedup_by_key(|event| &event.event_id);
        let (dispute, sale) = (&case.dispute, case.transaction.as_ref());
        Self { dispute, sale, events, prior: prior(case), messages }
    }

    /// Events of the given kinds.
    pub(in crate::disputes) fn of(&self, kinds: &[EventKind]) -> impl Iterator<Item = &'a Event> {
        self.events.iter().copied().filter(|event| kinds.contains(&event.kind))
    }

    /// At or after the sale; false without a sale.
    pub(in crate::disputes) fn since_sale(&self, event: &Event) -> bool {
        self.sale.is_some_and(|sale| event.event_time >= sale.event_time)
    }

    /// Use by whoever holds the product, at or after the sale: not by the merchant's people or
    /// software, and not broken off.
    pub(in crate::disputes) fn is_use(&self, event: &Event) -> bool {
        is_holders_use(event) && self.since_sale(event)
    }

    /// The good reached the buyer.
    pub(in crate::disputes) fn is_delivery(&self, event: &Event) -> bool {
        use EventKind as K;
        let kind =
            matches!(event.kind, K::LicenceIssued | K::LicenceActivated | K::DownloadCompleted);
        kind && event.actor != Some(Actor::Staff) && is_complete(event) && self.since_sale(event)
    }

    /// Use after the dispute was opened.
    pub(in crate::disputes) fn is_late_use(&self, event: &Event) -> bool {
        self.is_use(event) && event.event_time > self.dispute.opened_at
    }

    /// From the device of the sale.
    pub(in crate::disputes) fn same_device(&self, event: &Event) -> bool {
        let device = self.sale.and_then(|sale| sale.device.as_ref()?.device_id.as_ref());
        device.is_some() && event.device_id.as_ref() == device
    }

    /// From the network address of the sale.
    pub(in crate::disputes) fn same_ip(&self, event: &Event) -> bool {
        let ip = self.sale.and_then(|sale| sale.device.as_ref()?.ip.as_ref()?.valid());
        ip.is_some() && event.ip.as_ref().and_then(Loose::valid) == ip
    }

    /// Use from the sale's device or address a day or more before the sale. Less proves little: a
    /// thief logs in before buying, too.
    pub(in crate::disputes) fn is_prior_sight(&self, event: &Event) -> bool {
        let early = |sale: &Transaction| sale.event_time.millis_since(event.event_time) >= DAY_MS;
        is_holders_use(event)
            && (self.same_device(event) || self.same_ip(event))
            && self.sale.is_some_and(early)
    }

    /// Messages to and from support about anything, in time order.
    pub(in crate::disputes) fn messages(&self) -> &[&'a Event] {
        &self.messages
    }

    /// Whether a message may be the buyer's, between sale and dispute: one of unknown direction may.
    pub(in crate::disputes) fn may_have_written(&self, message: &Event) -> bool {
        self.since_sale(message)
            && self.before_dispute(message.event_time)
            && Self::from_buyer(message) != Some(false)
    }

    /// A message from the buyer (`Some(true)`), to the buyer (`Some(false)`), or unknown.
    pub(in crate::disputes) fn from_buyer(event: &Event) -> Option<bool> {
        match event.data.contact.as_ref()?.direction.as_ref()?.as_str() {
            "in" => Some(true),
            "out" => Some(false),
            _ => None,
        }
    }

    /// Names the transaction, order or invoice, not only the account.
    pub(in crate::disputes) fn names_sale(event: &Event) -> bool {
        event.transaction_id.is_some() || event.order_id.is_some() || event.invoice_id.is_some()
    }

    /// The first cancellation on record, where it is the buyer's request about what this sale paid for: not an end
    /// the merchant's people or software put to it, and not of the account alone, which may have bought more.
    pub(in crate::disputes) fn first_withdrawal(&self) -> Option<&'a Event> {
        let first = self.of(&CANCELLED).next()?;
        let by_buyer = matches!(first.actor, None | Some(Actor::Customer));
        let is_tied = first.transaction_id.is_some() || {
            let ties = Ties::of(first, self.sale?);
            ties.payment.contains(&Some(true)) || ties.good.contains(&Some(true))
        };
        let is_request = first.kind == EventKind::CancelRequested;
        (is_request && by_buyer && is_tied).then_some(first)
    }

    /// Shares the sale's transaction, order or invoice.
    pub(in crate::disputes) fn is_of_payment(&self, event: &Event) -> bool {
        let shares = |sale| Ties::of(event, sale).payment.contains(&Some(true));
        event.transaction_id.is_some() || self.sale.is_some_and(shares)
    }

    /// Before the dispute was opened.
    pub(in crate::disputes) fn before_dispute(&self, at: Timestamp) -> bool {
        at < self.dispute.opened_at
    }
}

fn is_holders_use(event: &Event) -> bool {
    use EventKind as K;
    let kind = matches!(
        event.kind,
        K::LicenceActivated
            | K::DownloadCompleted
            | K::SessionLogin
            | K::SessionAction
            | K::ApiUsage
            | K::EntitlementConsumed
    );
    kind && matches!(event.actor, None | Some(Actor::Customer)) && is_complete(event)
}

fn is_complete(event: &Event) -> bool {
    event.data.usage.as_ref().and_then(|usage| usage.complete) != Some(false)
}

/// Whether an event is about this sale, or about its account and no other sale.
///
/// Use of an account says something about each of its purchases. Money, checkout and delivery belong
/// to one: an event that names only the account may be another purchase's and is left out.
fn belongs(event: &Event, sale: &Transaction) -> bool {
    use EventKind as K;
    if let Some(id) = &event.transaction_id {
        return *id == sale.transaction_id;
    }
    let Ties { payment, good, buyer } = &Ties::of(event, sale);
    let needed: &[&[Option<bool>]] = match event.kind {
        K::AuthResult
        | K::Capture
        | K::ChallengeResult
        | K::CheckoutCompleted
        | K::Refund
        | K::RefundOffered => &[payment],
        K::LicenceIssued
        | K::LicenceActivated
        | K::LicenceDeactivated
        | K::LicenceRevoked
        | K::DownloadStarted
        | K::DownloadCompleted => &[payment, good],
        _ => &[payment, good, buyer],
    };
    let all = [&payment[..], good, buyer].concat();
    needed.concat().contains(&Some(true)) && !all.contains(&Some(false))
}

/// Which identifiers an event and a sale share.
struct Ties {
    payment: [Option<bool>; 2],
    good: [Option<bool>; 2],
    buyer: [Option<bool>; 1],
}

impl Ties {
    fn of(event: &Event, sale: &Transaction) -> Self {
        let invoice = sale.payment.as_ref().and_then(|payment| payment.invoice_id.as_ref());
        let fulfilment = sale.fulfilment.as_ref();
        let licence = fulfilment.and_then(|fulfilment| fulfilment.licence_key.as_ref());
        let subscription = sale.subscription.as_ref().and_then(|agreement| agreement.id.as_ref());
        let account = sale.account.as_ref().and_then(|account| account.id.as_ref());
        Self {
            payment: [
                tie(event.order_id.as_ref(), sale.order_id.as_ref()),
                tie(event.invoice_id.as_ref(), invoice),
            ],
            good: [
                tie(event.licence_key.as_ref(), licence),
                tie(event.subscription_id.as_ref(), subscription),
            ],
            buyer: [tie(event.account_id.as_ref(), account)],
        }
    }
}

/// Whether two identifiers are the same; `None` where one is not known.
fn tie<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> Option<bool> {
    one.zip(other).map(|(one, other)| one == other)
}
