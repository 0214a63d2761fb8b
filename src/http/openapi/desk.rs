//! The contract of the routes for people.

use super::super::desk::appeals::AppealBody;
use super::super::desk::lists::{EntriesAnswer, EntryBody, EntryView, ListsAnswer};
use super::super::desk::reviews::{ResolutionBody, ReviewsAnswer};
use super::super::desk::rules::RulesAnswer;
use super::super::desk::snoozes::{SnoozeBody, SnoozesAnswer};
use super::super::desk::{ActReceipt, UndoReceipt};
use super::super::error::Code;
use super::{BODY, Deadline, refusals};
use crate::engine::{Granted, Resolved, WhatIf};
use std::collections::BTreeMap;
use utoipa::openapi::RefOr;
use utoipa::openapi::response::Response;
use utoipa::{IntoResponses, OpenApi};

#[derive(OpenApi)]
#[openapi(
    paths(
        lists, entries, entry, add, remove, rules, snoozes, snooze, wake, reviews, resolve, appeal,
        whatif
    ),
    components(schemas(
        ListsAnswer,
        EntriesAnswer,
        EntryView,
        EntryBody,
        RulesAnswer,
        SnoozesAnswer,
        SnoozeBody,
        ReviewsAnswer,
        ResolutionBody,
        AppealBody,
        ActReceipt,
        UndoReceipt,
        Granted,
        Resolved,
        WhatIf
    ))
)]
pub(super) struct Desk;

#[utoipa::path(
    get, path = "/v1/lists", tag = "people", summary = "Every list rules can ask about",
    responses((status = 200, description = "The lists", body = ListsAnswer), Shown)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn lists() {}

#[utoipa::path(
    get, path = "/v1/lists/{name}/entries", tag = "people", summary = "A page of a list",
    params(
        ("name" = String, Path, description = "The list"),
        ("from" = Option<usize>, Query, description = "`next` of the page before"),
        ("limit" = Option<usize>, Query, description = "1 to 1,000; 100 without", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "The page", body = EntriesAnswer), Found)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn entries() {}

#[utoipa::path(
    get, path = "/v1/lists/{name}/entries/{value}", tag = "people",
    summary = "One entry, as it is written",
    params(("name" = String, Path, description = "The list"), ("value" = String, Path, description = "The value")),
    responses((status = 200, description = "The entry", body = EntryView), Found)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn entry() {}

#[utoipa::path(
    put, path = "/v1/lists/{name}/entries/{value}", tag = "people",
    summary = "Put a value on a list, for a time or for ever",
    description = "Written to the ledger first, with who did it and why; from then on every request sees it. \
        Whole card numbers are refused.",
    params(("name" = String, Path, description = "The list"), ("value" = String, Path, description = "The value"), Deadline),
    request_body(content = EntryBody, content_type = "application/json"),
    responses((status = 200, description = "It is on the list", body = ActReceipt), Done)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn add() {}

#[utoipa::path(
    delete, path = "/v1/lists/{name}/entries/{value}", tag = "people",
    summary = "Take a value off a list, also one its file has",
    params(
        ("name" = String, Path, description = "The list"),
        ("value" = String, Path, description = "The value"),
        ("by" = Option<String>, Query, description = "Who does it", max_length = 64),
    ),
    responses((status = 200, description = "It is off the list", body = UndoReceipt), Done)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn remove() {}

#[utoipa::path(
    get, path = "/v1/rules", tag = "people", summary = "What each rule did since the start",
    responses((status = 200, description = "The rules in order of evaluation", body = RulesAnswer), Shown)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn rules() {}

#[utoipa::path(
    get, path = "/v1/snoozes", tag = "people", summary = "Rules asleep, and granted appeals",
    responses((status = 200, description = "Those that last", body = SnoozesAnswer), Shown)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn snoozes() {}

#[utoipa::path(
    post, path = "/v1/snoozes", tag = "people", summary = "Put a rule to sleep for one buyer",
    description = "The rule is still evaluated and reported, with `held_back: \"snoozed\"`. A hard block never sleeps.",
    params(Deadline),
    request_body(content = SnoozeBody, content_type = "application/json"),
    responses((status = 200, description = "It sleeps", body = ActReceipt), Done)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn snooze() {}

#[utoipa::path(
    post, path = "/v1/snoozes/end", tag = "people", summary = "Wake a rule for one buyer",
    params(Deadline),
    request_body(content = SnoozeBody, content_type = "application/json"),
    responses((status = 200, description = "It is awake", body = UndoReceipt), Done)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn wake() {}

#[utoipa::path(
    get, path = "/v1/reviews", tag = "people", summary = "Transactions that wait for a person, oldest first",
    params(
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<usize>, Query, description = "1 to 1,000; 100 without", minimum = 1, maximum = 1000),
        ("min_risk" = Option<f64>, Query, description = "With at least this score", minimum = 0, maximum = 100),
        ("rule" = Option<String>, Query, description = "In which this rule matched"),
    ),
    responses((status = 200, description = "The page", body = ReviewsAnswer), Asked)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn reviews() {}

#[utoipa::path(
    post, path = "/v1/reviews/{id}", tag = "people", summary = "End a review",
    description = "Recorded as an event `review.resolved`, once: the same answer again changes nothing, \
        another one is 409.",
    params(("id" = String, Path, description = "The transaction"), Deadline),
    request_body(content = ResolutionBody, content_type = "application/json"),
    responses((status = 200, description = "It has ended", body = Resolved), Settled)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn resolve() {}

#[utoipa::path(
    post, path = "/v1/appeals", tag = "people", summary = "Let a buyer back in, wherever they are met again",
    description = "Holds back every block, review and challenge for the buyer's cards, mailboxes, devices and \
        accounts until it ends, except hard blocks. The answer names what would still stand in the way.",
    params(Deadline),
    request_body(content = AppealBody, content_type = "application/json"),
    responses((status = 200, description = "It is granted", body = Granted), Done)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn appeal() {}

#[utoipa::path(
    post, path = "/v1/whatif", tag = "people", summary = "Would this buyer be blocked now, and by what?",
    description = "A transaction whose id, type and time may be left out, or `transaction_id` alone for one \
        that was scored before. Nothing is counted, written or remembered.",
    params(Deadline),
    request_body(content = Object, content_type = "application/json"),
    responses((status = 200, description = "What would be decided", body = WhatIf), Told)
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn whatif() {}

macro_rules! refused {
    ($($name:ident: [$($code:ident),*] $(+ $body:ident)?;)*) => {$(
        struct $name;
        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let codes: &[&[Code]] = &[&[$(Code::$code),*], $(&$body)?];
                refusals(&codes.concat())
            }
        }
    )*};
}

refused! {
    Shown: [Busy];
    Asked: [Busy, InvalidField];
    Found: [Busy, InvalidField, NotFound];
    Done: [Busy, NotFound, NotKept] + BODY;
    Settled: [Busy, NotFound, NotKept, Conflict, CardNumber, FutureEvent] + BODY;
    Told: [Busy, NotFound, CardNumber] + BODY;
}
