//! The contract of the routes of disputes.

use super::{BODY, CONTENT, refusals};
use crate::disputes::DisputeReport;
use crate::disputes::deadline::Deadline;
use crate::disputes::worklist::Worklist;
use crate::disputes::{CasePlan, Recording};
use crate::domain::{Dispute, ExhibitKind};
use crate::http::disputes::{DisputeReceipt, EvidenceReceipt};
use crate::http::error::Code;
use crate::http::exhibits::{ExhibitReceipt, Exhibits, ListedExhibit, Withdrawn};
use crate::http::webhooks::WebhookReceipt;
use std::collections::BTreeMap;
use utoipa::openapi::RefOr;
use utoipa::openapi::response::Response;
use utoipa::{IntoResponses, OpenApi};

#[derive(OpenApi)]
#[openapi(
    paths(report, stage, submit, packet, plan, attach, exhibits, withdraw, worklist, stripe),
    components(schemas(
        CasePlan,
        DisputeReport,
        DisputeReceipt,
        Dispute,
        Deadline,
        EvidenceReceipt,
        Recording,
        ExhibitReceipt,
        Exhibits,
        ListedExhibit,
        Withdrawn,
        WebhookReceipt,
        Worklist
    ))
)]
pub(super) struct Disputes;

#[utoipa::path(
    post, path = "/v1/disputes", tag = "disputes",
    summary = "Report where a dispute stands, whoever the processor is",
    description = "The same report twice is one. Of several the latest `updated_at` stands, whatever order they \
        come in. A report that ends the dispute labels its sale.",
    request_body(content = DisputeReport, content_type = "application/json"),
    responses((status = 200, description = "Where it stands now", body = DisputeReceipt), ReportRefusals)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn report() {}

#[utoipa::path(
    post, path = "/v1/disputes/{id}/stage", tag = "disputes",
    summary = "Hand the evidence of a dispute over to Stripe without sending it on",
    description = "A body is not read. 422 where it must not be sent: past due, not waiting, no evidence.",
    params(("id" = String, Path, description = "The processor's identifier of the dispute")),
    responses((status = 200, description = "It is there", body = EvidenceReceipt), SendRefusals)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn stage() {}

#[utoipa::path(
    post, path = "/v1/disputes/{id}/submit", tag = "disputes",
    summary = "Send the evidence of a dispute to the bank through Stripe: once, for good",
    description = "A body is not read. After 504, a lost connection or a restart ask again: what arrived is found \
        out first, and nothing is sent twice.",
    params(("id" = String, Path, description = "The processor's identifier of the dispute")),
    responses((status = 200, description = "It is sent", body = EvidenceReceipt), SendRefusals)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn submit() {}

#[utoipa::path(
    get, path = "/v1/disputes/{id}/packet", tag = "disputes",
    summary = "The evidence packet of a dispute, as text or as PDF/A",
    description = "PDF where `Accept` names `application/pdf` before any other form there is. The same \
        records give the same bytes. What the merchant should know before sending it is in headers of \
        the name `x-packet-warning`. 422 also where the packet does not fit the profile at its shortest.",
    params(
        ("id" = String, Path, description = "The processor's identifier of the dispute"),
        ("profile" = Option<String>, Query, description = "Who takes it: `strict` (the default), \
            `stripe`, `adyen`, `checkout_amex`, `amex_optblue`, `discover`, `paypal`, `shopify`"),
        ("paper" = Option<String>, Query, description = "`a4` or `letter` instead of the profile's"),
    ),
    responses(
        (status = 200, description = "The packet", content(
            (String = "text/plain"), (String = "application/pdf")
        )),
        PacketRefusals,
    )
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn packet() {}

#[utoipa::path(
    get, path = "/v1/disputes/{id}/plan", tag = "disputes",
    summary = "What settles a dispute, what evidence is there and missing, how long there is, and what to do",
    description = "Facts that make the dispute invalid hold, do not, or are unknown, each with its records, the \
        rule's source and how far to trust it. Of evidence that is missing the event or field that records it is \
        named, with an example. The chance to win is an estimate and says of what.",
    params(("id" = String, Path, description = "The processor's identifier of the dispute")),
    responses((status = 200, description = "The plan", body = CasePlan), PlanRefusals)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn plan() {}

#[utoipa::path(
    post, path = "/v1/disputes/{id}/exhibits", tag = "disputes",
    summary = "Add a file of your own to a dispute: PDF, PNG or JPEG",
    description = "The body is the file, up to 2,000,000 bytes and 49 pages. It is read to its last page and packets \
        show its pages from exhibit I on. Refused with what to do about it: a password, scripts, attachments, \
        fields or signatures laid over a page, a broken file, no page. The same file again is one.",
    params(
        ("id" = String, Path, description = "The processor's identifier of the dispute"),
        ("kind" = ExhibitKind, Query, description = "What it shows"),
        ("title" = String, Query, description = "What it is called in the packet, up to 120 characters"),
    ),
    request_body(content(
        (Vec<u8> = "application/pdf"), (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg")
    )),
    responses((status = 200, description = "It is kept", body = ExhibitReceipt), ExhibitRefusals)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn attach() {}

#[utoipa::path(
    get, path = "/v1/disputes/{id}/exhibits", tag = "disputes",
    summary = "The files of your own a dispute has",
    params(("id" = String, Path, description = "The processor's identifier of the dispute")),
    responses((status = 200, description = "In the order they were added", body = Exhibits), PacketRefusals)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn exhibits() {}

#[utoipa::path(
    delete, path = "/v1/disputes/{id}/exhibits/{sha256}", tag = "disputes",
    summary = "Take a file back: packets are written without it",
    description = "It stays in the ledger, until the person it is about is erased.",
    params(
        ("id" = String, Path, description = "The processor's identifier of the dispute"),
        ("sha256" = String, Path, description = "SHA-256 of the file, or its first eight digits or more"),
    ),
    responses((status = 200, description = "It is taken back", body = Withdrawn), WithdrawRefusals)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn withdraw() {}

#[utoipa::path(
    get, path = "/v1/worklist", tag = "disputes",
    summary = "What to fight, accept or refund, most pressing first, and where the monitoring ratios end",
    description = "Open disputes, fraud reports, requests for a refund and complaints by expected value. Chances \
        start from published estimates and move with the seller's own outcomes; each has its range and its number \
        of cases. What was valued is given again for a minute, so a change shows up to a minute later.",
    params(("limit" = Option<usize>, Query, description = "1 to 1,000; 50 without", minimum = 1, maximum = 1000)),
    responses((status = 200, description = "What to do", body = Worklist), PacketRefusals)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn worklist() {}

#[utoipa::path(
    post, path = "/v1/webhooks/stripe", tag = "disputes",
    summary = "Take in an event of Stripe",
    description = "Stripe sends it; no access key, the header `Stripe-Signature` proves the sender and tells \
        the tenant. An event that is known moves nothing. One of a type or with values this version does \
        not know is kept as it came (`processor.message`) and acknowledged. 404 where no secret is set.",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 200, description = "It is kept", body = WebhookReceipt), WebhookRefusals)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn stripe() {}

struct PacketRefusals;
impl IntoResponses for PacketRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[Code::NotFound, Code::InvalidField, Code::Busy])
    }
}

struct PlanRefusals;
impl IntoResponses for PlanRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[Code::NotFound, Code::Busy])
    }
}

struct ExhibitRefusals;
impl IntoResponses for ExhibitRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[&BODY[..], &CONTENT, &[Code::NotFound]].concat())
    }
}

struct WithdrawRefusals;
impl IntoResponses for WithdrawRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[Code::NotFound, Code::InvalidField, Code::Busy, Code::NotKept])
    }
}

struct SendRefusals;
impl IntoResponses for SendRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[
            Code::NotFound,
            Code::AlreadySent,
            Code::InvalidField,
            Code::Busy,
            Code::NotKept,
            Code::ProcessorRefused,
            Code::ProcessorSilent,
        ])
    }
}

struct ReportRefusals;
impl IntoResponses for ReportRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[&BODY[..], &CONTENT, &[Code::NotFound]].concat())
    }
}

struct WebhookRefusals;
impl IntoResponses for WebhookRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[&BODY[..], &CONTENT, &[Code::BadSignature, Code::NotFound]].concat())
    }
}
