//! What a merchant would have to record to answer a claim better.

use super::facts::Facts;
use crate::domain::{Card, Device, Event, EventKind};

/// A fact the answer to a claim rests on.
pub(super) struct Need {
    /// What it is and where it is sent, for the merchant.
    pub(super) what: &'static str,
    /// Whether the record has it.
    pub(super) met: fn(&Facts<'_>) -> bool,
}

pub(super) const IP: Need = Need {
    what: "the IP address of the purchase (`device.ip`)",
    met: |facts| device(facts).is_some_and(|device| device.ip.is_some()),
};
pub(super) const DEVICE: Need = Need {
    what: "the device of the purchase (`device.device_id`)",
    met: |facts| device(facts).is_some_and(|device| device.device_id.is_some()),
};
pub(super) const EMAIL: Need = Need {
    what: "the buyer's e-mail address (`account.email`)",
    met: |facts| facts.sale.and_then(|sale| sale.account.as_ref()?.email.as_ref()).is_some(),
};
pub(super) const ORDER: Need = Need {
    what: "the order (`order_id`)",
    met: |facts| facts.sale.is_some_and(|sale| sale.order_id.is_some()),
};
pub(super) const DESCRIPTOR: Need = Need {
    what: "the text on the buyer's statement (`descriptor`)",
    met: |facts| facts.sale.is_some_and(|sale| sale.descriptor.is_some()),
};
pub(super) const AVS: Need = Need {
    what: "the address check result (`card.avs_result` or `auth.result`)",
    met: |facts| checked(facts, |card| card.avs_result.is_some(), |e| e.data.avs_result.is_some()),
};
pub(super) const CVV: Need = Need {
    what: "the security code result (`card.cvv_result` or `auth.result`)",
    met: |facts| checked(facts, |card| card.cvv_result.is_some(), |e| e.data.cvv_result.is_some()),
};
pub(super) const THREE_DS: Need = Need {
    what: "the 3-D Secure result (`card.three_ds` or `auth.result`)",
    met: |facts| checked(facts, |card| card.three_ds.is_some(), |e| e.data.three_ds.is_some()),
};
pub(super) const TERMS: Need = Need {
    what: "acceptance of the terms (`terms` or `terms.accepted`)",
    met: |facts| {
        let accepted = facts.sale.and_then(|sale| sale.terms.as_ref()?.accepted_at);
        accepted.is_some() || logged(facts, &[EventKind::TermsAccepted])
    },
};
pub(super) const AUTHORIZATION: Need = Need {
    what: "the authorization (`auth.result`)",
    met: |facts| logged(facts, &[EventKind::AuthResult]),
};
pub(super) const CHECKOUT: Need = Need {
    what: "what the checkout page showed (`checkout.completed`)",
    met: |facts| logged(facts, &[EventKind::CheckoutCompleted]),
};
pub(super) const DELIVERY: Need = Need {
    what: "delivery (`licence.issued`, `licence.activated`, `download.completed`)",
    met: |facts| facts.events.iter().any(|event| facts.is_delivery(event)),
};
pub(super) const USE: Need = Need {
    what: "use after the purchase (`session.*`, `api.usage`, `entitlement.consumed`)",
    met: |facts| facts.events.iter().any(|event| facts.is_use(event)),
};
pub(super) const POLICY: Need = Need {
    what: "the refund or cancellation policy shown (`policy.shown`)",
    met: |facts| logged(facts, &[EventKind::PolicyShown]),
};
pub(super) const REFUND: Need =
    Need { what: "refunds (`refund`)", met: |facts| logged(facts, &[EventKind::Refund]) };
pub(super) const RENEWAL_NOTICE: Need = Need {
    what: "the notice before the charge (`notice.sent` of kind `renewal reminder` or `trial end`)",
    met: |facts| logged(facts, &[EventKind::NoticeSent]),
};
pub(super) const SUPPORT_LOG: Need = Need {
    what: "a support log (`support.message`)",
    met: |facts| logged(facts, &[EventKind::SupportMessage]),
};
pub(super) const CANCEL_LOG: Need = Need {
    what: "a cancellation log (`cancel.requested`, `cancel.page_viewed`)",
    met: |facts| logged(facts, &[EventKind::CancelRequested, EventKind::CancelPageViewed]),
};

fn device<'a>(facts: &Facts<'a>) -> Option<&'a Device> {
    facts.sale.and_then(|sale| sale.device.as_ref())
}

fn logged(facts: &Facts<'_>, kinds: &[EventKind]) -> bool {
    facts.of(kinds).next().is_some()
}

fn checked(facts: &Facts<'_>, on_card: fn(&Card) -> bool, in_event: fn(&Event) -> bool) -> bool {
    facts.sale.and_then(|sale| sale.card.as_ref()).is_some_and(on_card)
        || facts.events.iter().copied().any(in_event)
}
