//! Which facts matter for which claim.
//!
//! A reviewer reads thousands of these. Proof of a refund policy does not answer "not received", and
//! an address match does not answer "not as described": what does not answer the claim is left out.

use super::needs::{
    AUTHORIZATION, AVS, CANCEL_LOG, CHECKOUT, CVV, DELIVERY, DESCRIPTOR, DEVICE, EMAIL, IP, Need,
    ORDER, POLICY, REFUND, RENEWAL_NOTICE, SUPPORT_LOG, TERMS, THREE_DS, USE,
};
use super::points::{self as p, Template};
use super::sheets::Kind;
use crate::domain::DisputeReason;

/// What a packet for one claim is made of.
pub(super) struct Plan {
    /// The claim in one sentence.
    pub(super) claim: &'static str,
    /// The exhibits.
    pub(super) exhibits: &'static [Kind],
    /// Whether address, security code and 3-D Secure results matter.
    pub(super) checks: bool,
    /// The sentences, strongest first.
    pub(super) points: &'static [Template],
    /// What the merchant should record to answer this claim.
    pub(super) needs: &'static [Need],
}

/// The plan for a claim.
pub(super) fn plan(reason: DisputeReason) -> &'static Plan {
    match reason {
        DisputeReason::Fraud => &FRAUD,
        DisputeReason::Unrecognized => &UNRECOGNIZED,
        DisputeReason::NotReceived => &NOT_RECEIVED,
        DisputeReason::NotAsDescribed => &NOT_AS_DESCRIBED,
        DisputeReason::SubscriptionCancelled => &SUBSCRIPTION_CANCELLED,
        DisputeReason::CreditNotProcessed => &CREDIT_NOT_PROCESSED,
        DisputeReason::Duplicate => &DUPLICATE,
        DisputeReason::Processing => &PROCESSING,
        DisputeReason::General => &GENERAL,
    }
}

static FRAUD: Plan = Plan {
    claim: "The cardholder says they neither made nor authorized this purchase.",
    exhibits: &[Kind::Receipt, Kind::Use, Kind::Refunds, Kind::Account, Kind::Prior],
    checks: true,
    points: &[
        p::refunded,
        p::earlier_purchases,
        p::authenticated,
        p::used_after_dispute,
        p::seen_before,
        p::used_from_sale_device,
        p::address_matched,
        p::code_matched,
        p::challenge_passed,
        p::account_age,
        p::delivered,
    ],
    needs: &[IP, DEVICE, EMAIL, AVS, CVV, THREE_DS, USE],
};

static UNRECOGNIZED: Plan = Plan {
    claim: "The cardholder does not recognize this purchase.",
    exhibits: &[Kind::Receipt, Kind::Use, Kind::Communication, Kind::Refunds, Kind::Account],
    checks: true,
    points: &[
        p::refunded,
        p::as_shown_at_checkout,
        p::used_after_dispute,
        p::receipt_sent,
        p::authenticated,
        p::seen_before,
        p::used_from_sale_device,
        p::address_matched,
        p::code_matched,
        p::account_age,
        p::delivered,
    ],
    needs: &[DESCRIPTOR, IP, DEVICE, EMAIL, AVS, CVV, USE],
};

static NOT_RECEIVED: Plan = Plan {
    claim: "The cardholder says that what they paid for was not delivered.",
    exhibits: &[Kind::Receipt, Kind::Use, Kind::Communication, Kind::Refunds],
    checks: false,
    points: &[
        p::refunded,
        p::delivered,
        p::used_after_dispute,
        p::used_since_sale,
        p::no_contact,
        p::refund_offered,
    ],
    needs: &[DELIVERY, USE, SUPPORT_LOG],
};

static NOT_AS_DESCRIBED: Plan = Plan {
    claim: "The cardholder says that what was delivered was not as described or did not work.",
    exhibits: &[Kind::Receipt, Kind::Use, Kind::Terms, Kind::Communication, Kind::Refunds],
    checks: false,
    points: &[
        p::refunded,
        p::used_since_sale,
        p::used_after_dispute,
        p::no_contact,
        p::answered,
        p::refund_offered,
        p::as_shown_at_checkout,
        p::terms_accepted,
    ],
    needs: &[USE, SUPPORT_LOG, CHECKOUT, TERMS],
};

static SUBSCRIPTION_CANCELLED: Plan = Plan {
    claim: "The cardholder says they were charged after they had cancelled a recurring agreement.",
    exhibits: &[Kind::Receipt, Kind::Use, Kind::Terms, Kind::Communication, Kind::Refunds],
    checks: false,
    points: &[
        p::refunded,
        p::no_cancellation,
        p::used_after_dispute,
        p::used_since_sale,
        p::renewal_notified,
        p::terms_accepted,
        p::policy_shown,
    ],
    needs: &[CANCEL_LOG, RENEWAL_NOTICE, USE, TERMS, POLICY],
};

static CREDIT_NOT_PROCESSED: Plan = Plan {
    claim: "The cardholder says that a refund or credit they were owed did not arrive.",
    exhibits: &[Kind::Receipt, Kind::Use, Kind::Terms, Kind::Communication, Kind::Refunds],
    checks: false,
    points: &[
        p::refunded,
        p::no_cancellation,
        p::policy_shown,
        p::terms_accepted,
        p::withdrawal_waived,
        p::used_after_dispute,
        p::used_since_sale,
        p::refund_offered,
    ],
    needs: &[REFUND, POLICY, TERMS, CANCEL_LOG],
};

static DUPLICATE: Plan = Plan {
    claim: "The cardholder says they paid for the same purchase twice or by another means.",
    exhibits: &[Kind::Receipt, Kind::Use, Kind::Refunds],
    checks: false,
    points: &[p::refunded, p::own_order, p::delivered, p::used_since_sale],
    needs: &[ORDER, DELIVERY],
};

static PROCESSING: Plan = Plan {
    claim: "The card issuer says the charge was authorized or processed wrongly.",
    exhibits: &[Kind::Receipt, Kind::Refunds],
    checks: true,
    points: &[p::refunded, p::authorized, p::as_shown_at_checkout, p::own_order],
    needs: &[AUTHORIZATION, CHECKOUT],
};

static GENERAL: Plan = Plan {
    claim: "The card issuer gives no specific claim.",
    exhibits: &Kind::ALL,
    checks: true,
    points: &[
        p::refunded,
        p::delivered,
        p::used_after_dispute,
        p::used_since_sale,
        p::authorized,
        p::terms_accepted,
        p::no_contact,
    ],
    needs: &[DELIVERY, USE, AUTHORIZATION, TERMS, SUPPORT_LOG],
};
