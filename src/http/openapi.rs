//! `GET /openapi.json`: the contract, generated from the types and the error table the handlers use.
//!
//! Not documented: 500, which is a mistake of ours, and what HTTP itself refuses (a malformed or
//! oversized head) before a handler sees it.

mod accounts;
mod desk;
pub(super) mod dialects;
mod disputes;

use super::answer::{KeptDecision, ScoreAnswer};
use super::deadline;
use super::error::{Code, ErrorBody};
use super::events::{BatchReceipt, EventReceipt, MAX_BATCH};
use super::layers::REQUEST_ID;
use super::ops::{Liveness, Readiness};
use super::server::{operating_routes, working_routes};
use super::tellers::Receivers;
use crate::domain::{Event, Transaction};
use crate::engine::{Explanation, Reload};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response as HttpResponse};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::OnceLock;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Required, Schema};
use utoipa::{IntoParams, IntoResponses, OpenApi, PartialSchema, ToSchema};

/// The request of the documentation.
pub(super) const EXAMPLE: &str = include_str!("example.json");

/// Serves the document.
pub(super) async fn document() -> HttpResponse {
    static DOCUMENT: OnceLock<utoipa::openapi::OpenApi> = OnceLock::new();
    axum::Json(DOCUMENT.get_or_init(contract)).into_response()
}

/// The derived document with what every route has: the errors' list and the request id both ways.
pub(super) fn contract() -> utoipa::openapi::OpenApi {
    let mut document = Contract::openapi();
    document.merge(desk::Desk::openapi());
    document.merge(accounts::Accounts::openapi());
    document.merge(disputes::Disputes::openapi());
    let about = document.info.description.get_or_insert_default();
    about.push_str("\n\nErrors have one shape (`ErrorBody`) and one of these codes:\n");
    for code in Code::ALL {
        let _ =
            write!(about, "\n- `{}` ({}): {}", code.word(), code.status().as_u16(), code.meaning());
    }
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(KEY)).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("key", SecurityScheme::Http(key));
    let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic).description(Some(BASIC)).build();
    components.add_security_scheme("basic", SecurityScheme::Http(basic));
    let routes = working_routes().into_iter().chain(operating_routes());
    let scopes: BTreeMap<_, _> = routes.map(|(path, scope, _)| (path, scope)).collect();
    for (path, item) in &mut document.paths.paths {
        let scope = scopes.get(path.as_str()).copied().flatten();
        let PathItem { get, post, put, delete, .. } = item;
        for operation in [get, post, put, delete].into_iter().flatten() {
            operation.parameters.get_or_insert_default().push(request_id().into());
            operation.responses.responses.extend(refusals(&[Code::ForeignSite]));
            if let Some(scope) = scope {
                operation.responses.responses.extend(refusals(&ADMISSION));
                operation.security = Some(vec![SecurityRequirement::new("key", [scope.word()])]);
            }
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    let id = HeaderBuilder::new().description(Some("The request's id")).build();
                    response.headers.insert(REQUEST_ID.to_owned(), id.into());
                }
            }
        }
    }
    dialects::add(&mut document);
    document
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Vouch",
        description = "Fraud scoring and chargeback evidence for sellers of digital goods. \
            Bodies are JSON in UTF-8 and say so by `Content-Type: application/json`. Unknown members are accepted \
            and named in `warnings`; a repeated id with equal content gets the stored answer.",
        license(name = "Apache-2.0 OR MIT")
    ),
    paths(score, events, decision, explanation, reload, webhooks, health, ready, metrics, openapi),
    components(schemas(
        Transaction, Event, ScoreAnswer<'static>, KeptDecision<'static>, EventReceipt,
        BatchReceipt, ErrorBody, Explanation, Reload, Receivers, Readiness, Liveness
    ))
)]
struct Contract;

#[utoipa::path(
    post, path = "/v1/score", tag = "scoring", summary = "Score one transaction",
    params(Deadline),
    request_body(content = Transaction, content_type = "application/json", example = example),
    responses(
        (status = 200, description = "The decision", body = ScoreAnswer<'static>),
        ScoreRefusals,
    )
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn score() {}

#[utoipa::path(
    post, path = "/v1/events", tag = "events",
    summary = "Record one event, or an array of at most 1,000",
    description = "Of a batch every event has its own receipt: one that is refused does not keep \
        the others from being recorded.",
    params(Deadline),
    request_body(content = EventsBody, content_type = "application/json"),
    responses(
        (status = 200, description = "The receipt, or one for each event", body = EventsAnswer),
        EventRefusals,
    )
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn events() {}

#[utoipa::path(
    get, path = "/v1/decisions/{id}", tag = "scoring",
    summary = "A decision by its id or its transaction's",
    params(("id" = String, Path, description = "`d-…` or a transaction id")),
    responses(
        (status = 200, description = "The decision as it was answered", body = KeptDecision<'static>),
        DecisionRefusals,
    )
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn decision() {}

#[utoipa::path(
    get, path = "/v1/decisions/{id}/explain", tag = "scoring",
    summary = "Why a decision was made, and what would have had to be otherwise",
    description = "What each group of facts adds to the log-odds, by exact Shapley values, and how many \
        times likelier it made fraud; for the facts that weigh most the nearest value with which the \
        action would have been another, each tried with the model, rules and costs of then.",
    params(("id" = String, Path, description = "`d-…` or a transaction id")),
    responses(
        (status = 200, description = "The explanation", body = Explanation),
        ExplanationRefusals,
    )
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn explanation() {}

#[utoipa::path(
    post, path = "/v1/reload", tag = "operations",
    summary = "Read rules, model, tables and MaxMind-format files again",
    description = "Each part that is good is taken into use; each that is broken is refused with its \
        place, and the old one goes on. Requests under way finish with what they began with. A body \
        is not read.",
    responses((status = 200, description = "What became of each part", body = Reload))
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn reload() {}

#[utoipa::path(
    get, path = "/v1/webhooks", tag = "operations",
    summary = "How the receivers of webhooks stand, and what they never took",
    responses((status = 200, description = "Those of the tenant", body = Receivers))
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn webhooks() {}

#[utoipa::path(
    get, path = "/healthz", tag = "operations", summary = "The process runs",
    responses((status = 200, description = "It does", body = Liveness))
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn health() {}

#[utoipa::path(
    get, path = "/readyz", tag = "operations", summary = "Scores are taken and kept",
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not now", body = Readiness),
    )
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn ready() {}

#[utoipa::path(
    get, path = "/metrics", tag = "operations", summary = "Metrics in OpenMetrics text",
    responses((status = 200, description = "The page", body = String,
        content_type = "application/openmetrics-text"))
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn metrics() {}

#[utoipa::path(
    get, path = "/openapi.json", tag = "operations", summary = "This document",
    responses((status = 200, description = "OpenAPI 3.1", body = Object))
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn openapi() {}

fn example() -> Value {
    serde_json::from_str(EXAMPLE).unwrap_or_default()
}

/// One event or a batch.
struct EventsBody;

impl PartialSchema for EventsBody {
    fn schema() -> RefOr<Schema> {
        let event = Ref::from_schema_name("Event");
        let batch = ArrayBuilder::new().items(event.clone()).max_items(Some(MAX_BATCH));
        OneOfBuilder::new().item(event).item(batch).into()
    }
}
impl ToSchema for EventsBody {}

/// One receipt or those of a batch.
struct EventsAnswer;

impl PartialSchema for EventsAnswer {
    fn schema() -> RefOr<Schema> {
        let names = ["EventReceipt", "BatchReceipt"];
        let either = names
            .into_iter()
            .fold(OneOfBuilder::new(), |either, name| either.item(Ref::from_schema_name(name)));
        either.into()
    }
}
impl ToSchema for EventsAnswer {}

/// The schema of an error's code.
pub(super) fn codes() -> RefOr<Schema> {
    let words = Code::ALL.map(Code::word);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
}

/// `X-Deadline-Ms`.
struct Deadline;

impl IntoParams for Deadline {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let ms = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(deadline::MAX_MS));
        let about = "Answer within so many milliseconds of the request's arrival";
        vec![header(deadline::HEADER, about, ms)]
    }
}

fn request_id() -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    header(REQUEST_ID, "Returned and logged, if it is 1 to 64 visible ASCII characters", text)
}

fn header(name: &str, about: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(schema))
        .build()
}

/// How a key is sent.
const KEY: &str =
    "An access key, where the server has any (`vouch key add`). Each route needs one scope.";
const BASIC: &str =
    "The same key in formats of others: as the password in one, as the user in others.";
/// What answers a request that may not pass.
const ADMISSION: [Code; 4] =
    [Code::NoKey, Code::ForeignSite, Code::MissingScope, Code::RateLimited];

/// What answers a body that is refused.
const BODY: [Code; 6] = [
    Code::MalformedBody,
    Code::InvalidHeader,
    Code::BodyTimeout,
    Code::BodyTooLarge,
    Code::NotJson,
    Code::InvalidField,
];
/// What answers content that is refused.
const CONTENT: [Code; 5] =
    [Code::Conflict, Code::CardNumber, Code::FutureEvent, Code::Busy, Code::NotKept];

struct ScoreRefusals;
impl IntoResponses for ScoreRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[&BODY[..], &CONTENT].concat())
    }
}

struct EventRefusals;
impl IntoResponses for EventRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[&BODY[..], &CONTENT, &[Code::BatchTooLarge]].concat())
    }
}

struct DecisionRefusals;
impl IntoResponses for DecisionRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[Code::NotFound, Code::Busy])
    }
}

struct ExplanationRefusals;
impl IntoResponses for ExplanationRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[Code::NotFound, Code::NothingToExplain, Code::Busy])
    }
}

/// One response for each status of `codes`, described by all of its codes.
fn refusals(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut described: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for code in codes {
        let text = format!("`{}`: {}", code.word(), code.meaning());
        described.entry(code.status().as_u16()).or_default().push(text);
    }
    let response = |status: u16, texts: Vec<String>| {
        let body = Content::new(Some(Ref::from_schema_name("ErrorBody")));
        let response =
            ResponseBuilder::new().description(texts.join("; ")).content("application/json", body);
        let waits = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
        if !waits.iter().any(|waits| waits.as_u16() == status) {
            return response.build();
        }
        let seconds = ObjectBuilder::new().schema_type(Type::Integer);
        let retry = HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds"));
        response.header("retry-after", retry.build()).build()
    };
    let responses = described.into_iter();
    responses.map(|(status, texts)| (status.to_string(), response(status, texts).into())).collect()
}
