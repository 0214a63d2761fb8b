//! The contract of the routes about a person's data.

use super::super::desk::ActReceipt;
use super::super::desk::accounts::{ErasureReceipt, HoldBody, OrderBody};
use super::super::error::Code;
use super::{BODY, Deadline, refusals};
use crate::engine::Disclosure;
use std::collections::BTreeMap;
use utoipa::openapi::RefOr;
use utoipa::openapi::response::Response;
use utoipa::{IntoResponses, OpenApi};

#[derive(OpenApi)]
#[openapi(
    paths(export, hold, release, erase),
    components(schemas(Disclosure, HoldBody, OrderBody, ErasureReceipt))
)]
pub(super) struct Accounts;

#[utoipa::path(
    get, path = "/v1/accounts/{id}/export", tag = "privacy",
    summary = "Everything held of a buyer, as one document that can be handed to them",
    description = "Requests and decisions with their reasons in words, events, disputes with the processors' \
        messages, reviews and labels. Who asked is written to the ledger. `vouch ledger person` has no limit of \
        10,000 records.",
    params(
        ("id" = String, Path, description = "The buyer's account"),
        ("by" = Option<String>, Query, description = "Who asks", max_length = 64),
    ),
    responses((status = 200, description = "The document", body = Disclosure), Given)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn export() {}

#[utoipa::path(
    post, path = "/v1/accounts/{id}/hold", tag = "privacy",
    summary = "Forbid erasing a buyer: a legal hold",
    description = "Until it is released; a second one takes the place of the first.",
    params(("id" = String, Path, description = "The buyer's account"), Deadline),
    request_body(content = HoldBody, content_type = "application/json"),
    responses((status = 200, description = "They are held", body = ActReceipt), Ordered)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn hold() {}

#[utoipa::path(
    post, path = "/v1/accounts/{id}/release", tag = "privacy", summary = "End a buyer's legal hold",
    params(("id" = String, Path, description = "The buyer's account"), Deadline),
    request_body(content = OrderBody, content_type = "application/json"),
    responses((status = 200, description = "They are no longer held", body = ActReceipt), Ordered)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn release() {}

#[utoipa::path(
    post, path = "/v1/accounts/{id}/erase", tag = "privacy",
    summary = "Erase a buyer: nothing sealed for them can be read again",
    description = "Destroys the keys their values lie sealed under, for good; records, counts and the chain stay. \
        Refused while a hold is on them or a dispute of theirs is open. Backups are not reached.",
    params(("id" = String, Path, description = "The buyer's account"), Deadline),
    request_body(content = OrderBody, content_type = "application/json"),
    responses((status = 200, description = "They are erased", body = ErasureReceipt), Erased)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn erase() {}

struct Given;
impl IntoResponses for Given {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[Code::NotFound, Code::InvalidField, Code::Busy, Code::NotKept])
    }
}

struct Ordered;
impl IntoResponses for Ordered {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[&BODY[..], &[Code::NotFound, Code::Busy, Code::NotKept]].concat())
    }
}

struct Erased;
impl IntoResponses for Erased {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[&BODY[..], &[Code::NotFound, Code::Held, Code::Busy, Code::NotKept]].concat())
    }
}
