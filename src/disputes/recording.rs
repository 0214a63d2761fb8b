//! How to start recording what a case lacks: where it is sent, in which field, and one line that would do.
//!
//! Every example is taken in by a test as it stands, and what it is to answer for is then answered. Rejected:
//! words alone (`a support log`). Whoever reads them still has to find the type and the field.

use serde::Serialize;

/// One thing to record.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Recording {
    /// Its name: that of an item of evidence, or of what a rule asks for.
    pub name: &'static str,
    /// The route that takes it.
    pub to: &'static str,
    /// The type of the event, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<&'static str>,
    /// The field, or the fields.
    pub field: &'static str,
    /// One line of JSON: an event, or the members of the sale that say it.
    pub example: &'static str,
}

/// How to record something; `None` for a name nothing has.
pub fn recording(name: &str) -> Option<&'static Recording> {
    ALL.iter().find(|recording| recording.name == name)
}

const fn sale(name: &'static str, field: &'static str, example: &'static str) -> Recording {
    Recording { name, to: "POST /v1/score", event: None, field, example }
}

const fn event(
    name: &'static str,
    (kind, field): (&'static str, &'static str),
    example: &'static str,
) -> Recording {
    Recording { name, to: "POST /v1/events", event: Some(kind), field, example }
}

/// Everything a table of evidence or a rule may ask for.
pub(super) static ALL: [Recording; 37] = [
    sale(
        "sale",
        "the whole sale",
        r#"{"transaction_id":"tx-1001","type":"purchase","event_time":"2026-11-20T10:15:00Z"}"#,
    ),
    sale("ip", "device.ip", r#"{"device":{"ip":"81.2.69.142"}}"#),
    sale("device", "device.device_id", r#"{"device":{"device_id":"d-51c0a8e2b7f94d10"}}"#),
    sale("name", "account.name", r#"{"account":{"id":"acc-7","name":"Jane Doe"}}"#),
    sale("email", "account.email", r#"{"account":{"id":"acc-7","email":"j.doe@example.com"}}"#),
    sale("account", "account.id", r#"{"account":{"id":"acc-7"}}"#),
    sale(
        "account_opened",
        "account.created_at",
        r#"{"account":{"id":"acc-7","created_at":"2026-08-02T10:02:11Z"}}"#,
    ),
    sale("order", "order_id", r#"{"order_id":"o-77"}"#),
    sale("items", "items", r#"{"items":[{"sku":"pro-year","category":"software","quantity":1}]}"#),
    sale("descriptor", "descriptor", r#"{"descriptor":"VOUCHSOFT*PRO"}"#),
    sale("card", "card.fingerprint", r#"{"card":{"fingerprint":"fp_9f2c"}}"#),
    sale(
        "prior_payments",
        "card.fingerprint, account.id, device.ip and device.device_id of every sale",
        r#"{"card":{"fingerprint":"fp_9f2c"},"account":{"id":"acc-7"},"device":{"ip":"81.2.69.142","device_id":"d-51c0a8e2b7f94d10"}}"#,
    ),
    sale("avs", "card.avs_result", r#"{"card":{"avs_result":"Y"}}"#),
    sale("cvv", "card.cvv_result", r#"{"card":{"cvv_result":"N"}}"#),
    sale("three_ds", "card.three_ds.eci", r#"{"card":{"three_ds":{"eci":"05"}}}"#),
    sale(
        "liability_shift",
        "card.three_ds.liability_shift",
        r#"{"card":{"three_ds":{"eci":"05","liability_shift":true}}}"#,
    ),
    sale(
        "cryptogram",
        "card.three_ds.cryptogram",
        r#"{"card":{"three_ds":{"eci":"05","cryptogram":"cavv"}}}"#,
    ),
    sale("token", "card.network_token", r#"{"card":{"network_token":"nt_4f1d"}}"#),
    sale("initiator", "payment.initiator", r#"{"payment":{"initiator":"customer"}}"#),
    sale(
        "terms",
        "terms.accepted_at",
        r#"{"terms":{"version":"2026-09","accepted_at":"2026-11-20T10:14:40Z"}}"#,
    ),
    event(
        "authorization",
        ("auth.result", "data.outcome"),
        r#"{"event_id":"e-1","type":"auth.result","event_time":"2026-11-20T10:15:02Z","transaction_id":"tx-1001","data":{"outcome":"approved"}}"#,
    ),
    event(
        "capture",
        ("capture", "event_time"),
        r#"{"event_id":"e-2","type":"capture","event_time":"2026-11-20T10:15:03Z","transaction_id":"tx-1001"}"#,
    ),
    event(
        "checkout",
        ("checkout.completed", "data.checkout"),
        r#"{"event_id":"e-3","type":"checkout.completed","event_time":"2026-11-20T10:14:55Z","transaction_id":"tx-1001","data":{"checkout":{"price":{"value":"49.00","currency":"EUR"}}}}"#,
    ),
    event(
        "policy",
        ("policy.shown", "data.consent"),
        r#"{"event_id":"e-4","type":"policy.shown","event_time":"2026-11-20T10:14:00Z","transaction_id":"tx-1001","data":{"consent":{"document":"Refunds","version":"2026-05"}}}"#,
    ),
    event(
        "withdrawal_waived",
        ("withdrawal.waived", "data.consent"),
        r#"{"event_id":"e-5","type":"withdrawal.waived","event_time":"2026-11-20T10:14:41Z","transaction_id":"tx-1001","data":{"consent":{"shown_as":"checkbox: start at once"}}}"#,
    ),
    event(
        "delivery",
        ("licence.issued", "event_time"),
        r#"{"event_id":"e-6","type":"licence.issued","event_time":"2026-11-20T10:15:05Z","transaction_id":"tx-1001","data":{"usage":{"what":"Vouchsoft Pro"}}}"#,
    ),
    event(
        "use",
        ("session.action", "data.usage.what"),
        r#"{"event_id":"e-7","type":"session.action","event_time":"2026-11-21T09:00:00Z","account_id":"acc-7","actor":"customer","data":{"usage":{"what":"export"}}}"#,
    ),
    event(
        "late_use",
        ("session.action", "event_time after the dispute"),
        r#"{"event_id":"e-8","type":"session.action","event_time":"2026-12-04T19:30:00Z","account_id":"acc-7","actor":"customer","data":{"usage":{"what":"export"}}}"#,
    ),
    event(
        "receipt_notice",
        ("notice.sent", "data.notice.kind"),
        r#"{"event_id":"e-9","type":"notice.sent","event_time":"2026-11-20T10:15:06Z","transaction_id":"tx-1001","data":{"notice":{"kind":"receipt","delivery_status":"delivered"}}}"#,
    ),
    event(
        "renewal_notice",
        ("notice.sent", "data.notice.kind"),
        r#"{"event_id":"e-10","type":"notice.sent","event_time":"2026-11-13T06:00:00Z","account_id":"acc-7","data":{"notice":{"kind":"renewal reminder","delivery_status":"delivered"}}}"#,
    ),
    event(
        "support_log",
        ("support.message", "data.contact.direction"),
        r#"{"event_id":"e-11","type":"support.message","event_time":"2026-11-19T09:30:00Z","account_id":"acc-7","data":{"contact":{"ticket":"T-5","direction":"in"}}}"#,
    ),
    event(
        "cancel_log",
        ("cancel.page_viewed", "event_time"),
        r#"{"event_id":"e-12","type":"cancel.page_viewed","event_time":"2026-11-22T20:00:00Z","account_id":"acc-7"}"#,
    ),
    event(
        "cancellation",
        ("cancel.requested", "transaction_id, order_id, invoice_id or subscription_id"),
        r#"{"event_id":"e-13","type":"cancel.requested","event_time":"2026-11-22T20:01:00Z","transaction_id":"tx-1001","actor":"customer"}"#,
    ),
    event(
        "refund",
        ("refund", "data.amount"),
        r#"{"event_id":"e-14","type":"refund","event_time":"2026-11-28T00:00:00Z","transaction_id":"tx-1001","data":{"amount":{"value":"49.00","currency":"EUR"}}}"#,
    ),
    event(
        "fraud_warning",
        ("fraud.warning", "data.reason"),
        r#"{"event_id":"e-15","type":"fraud.warning","event_time":"2026-11-27T00:00:00Z","transaction_id":"tx-1001","data":{"reason":"made_with_stolen_card"}}"#,
    ),
    event(
        "other_disputes",
        ("dispute.created", "dispute_id and transaction_id of every dispute"),
        r#"{"event_id":"e-16","type":"dispute.created","event_time":"2026-11-27T00:00:00Z","transaction_id":"tx-1001","dispute_id":"dp-9"}"#,
    ),
    event(
        "statement",
        ("dispute.updated", "data.reason"),
        r#"{"event_id":"e-17","type":"dispute.updated","event_time":"2026-12-01T09:30:00Z","transaction_id":"tx-1001","dispute_id":"dp_3visa104","data":{"reason":"fraud"}}"#,
    ),
];
