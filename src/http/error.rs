//! Every error a client can see: one shape, one table of codes and statuses.
//!
//! The message is for the caller and names the place in their input. What only we should know (a
//! path, a disk's words) goes to the log with the same request id.

use super::state::RequestId;
use crate::engine::EngineError;
use crate::input::InputError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::error::Error;

/// What went wrong, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    MalformedBody,
    InvalidHeader,
    NoKey,
    BadSignature,
    ForeignSite,
    MissingScope,
    NotFound,
    MethodNotAllowed,
    BodyTimeout,
    Conflict,
    AlreadySent,
    NothingToExplain,
    Held,
    BodyTooLarge,
    NotJson,
    InvalidField,
    CardNumber,
    FutureEvent,
    BatchTooLarge,
    RateLimited,
    Busy,
    NotKept,
    ProcessorRefused,
    ProcessorSilent,
    Internal,
}

impl Code {
    /// Every code, by status.
    pub(super) const ALL: [Self; 25] = [
        Self::MalformedBody,
        Self::InvalidHeader,
        Self::NoKey,
        Self::BadSignature,
        Self::ForeignSite,
        Self::MissingScope,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::BodyTimeout,
        Self::Conflict,
        Self::AlreadySent,
        Self::NothingToExplain,
        Self::Held,
        Self::BodyTooLarge,
        Self::NotJson,
        Self::InvalidField,
        Self::CardNumber,
        Self::FutureEvent,
        Self::BatchTooLarge,
        Self::RateLimited,
        Self::Busy,
        Self::NotKept,
        Self::ProcessorRefused,
        Self::ProcessorSilent,
        Self::Internal,
    ];

    /// The code on the wire, its status and what it means.
    #[rustfmt::skip]
    fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::MalformedBody => ("malformed_body", 400, "the body is empty, not UTF-8, not JSON or nested too deep"),
            Self::InvalidHeader => ("invalid_header", 400, "`X-Deadline-Ms` is no whole number from 1 to 60000"),
            Self::NoKey => ("no_key", 401, "the server has access keys and the request carries none that is known and not over"),
            Self::BadSignature => ("bad_signature", 401, "no secret of this server signed this body, or not within five minutes of now"),
            Self::ForeignSite => ("foreign_site", 403, "the server has no access keys, and `Host` is no name of this machine, another site's page asks, or a proxy"),
            Self::MissingScope => ("missing_scope", 403, "the access key is for other routes"),
            Self::NotFound => ("not_found", 404, "nothing has this id or name, or there is no such route"),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "the route has another method; `Allow` names it"),
            Self::BodyTimeout => ("body_timeout", 408, "the body did not arrive within the deadline"),
            Self::Conflict => ("exists_with_different_content", 409, "the id was used with other content; the pointer names the first member that differs"),
            Self::AlreadySent => ("already_sent", 409, "the evidence of this dispute was sent, or is being sent; there is no second time"),
            Self::NothingToExplain => ("nothing_to_explain", 409, "no model made this decision, or the person was erased and the facts with them"),
            Self::Held => ("held", 409, "a legal hold or an open dispute forbids erasing the person"),
            Self::BodyTooLarge => ("body_too_large", 413, "the body is longer than this server takes"),
            Self::NotJson => ("unsupported_media_type", 415, "`Content-Type` is not `application/json`"),
            Self::InvalidField => ("invalid_field", 422, "a member is missing, given twice, of a wrong type or out of range"),
            Self::CardNumber => ("card_number", 422, "a member carries a card number"),
            Self::FutureEvent => ("event_time_in_future", 422, "`event_time` is ahead of this server's clock"),
            Self::BatchTooLarge => ("batch_too_large", 422, "the batch has too many events"),
            Self::RateLimited => ("rate_limited", 429, "the access key asks more than it may; `Retry-After` says when to try again"),
            Self::Busy => ("busy", 503, "too many requests are under way; try again"),
            Self::NotKept => ("not_kept", 503, "the ledger can't keep this now; try again"),
            Self::ProcessorRefused => ("processor_refused", 502, "the processor was asked and refused, in the words of the message"),
            Self::ProcessorSilent => ("processor_silent", 504, "the processor gave no answer that can be read; asking again finds out what arrived and never sends twice"),
            Self::Internal => ("internal", 500, "our mistake; the log has the details under the request's id"),
        }
    }

    /// The code on the wire.
    pub(super) fn word(self) -> &'static str {
        self.row().0
    }

    /// Its status.
    pub(super) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What it means, for the documentation.
    pub(super) fn meaning(self) -> &'static str {
        self.row().2
    }
}

/// The body of every error.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// One error.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ErrorDetail {
    /// A stable code.
    #[schema(schema_with = super::openapi::codes)]
    pub code: String,
    /// One sentence for a developer.
    pub message: String,
    /// Where in the body, as a JSON pointer; empty for the whole.
    pub pointer: String,
    /// The request's id, as in the header and the log.
    pub request_id: String,
}

/// An error on its way to the client.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) pointer: String,
}

impl Failure {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), pointer: String::new() }
    }

    /// Our own mistake: the client learns nothing of it, the caller logs it.
    pub(super) fn internal() -> Self {
        Self::new(Code::Internal, "internal error; the log has the details")
    }

    /// The same about one element of a batch.
    pub(super) fn in_element(mut self, place: usize) -> Self {
        self.pointer.insert_str(0, &format!("/{place}"));
        self
    }

    /// The error's body, for an answer that carries several.
    pub(super) fn detail(self, request_id: &RequestId) -> ErrorDetail {
        ErrorDetail {
            code: self.code.word().to_owned(),
            message: self.message,
            pointer: self.pointer,
            request_id: request_id.as_str().to_owned(),
        }
    }

    pub(super) fn into_response(self, request_id: &RequestId) -> Response {
        let status = self.code.status();
        let body = axum::Json(ErrorBody { error: self.detail(request_id) });
        let mut response = (status, body).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        let code = match error {
            InputError::Invalid { .. } | InputError::Incomplete(_) => Code::InvalidField,
            InputError::Empty
            | InputError::NotUtf8 { .. }
            | InputError::ByteOrderMark
            | InputError::Syntax { .. }
            | InputError::TooDeep { .. } => Code::MalformedBody,
        };
        Self { code, pointer: error.pointer().to_owned(), message: error.to_string() }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::CardNumber { pointer } => {
                Self { code: Code::CardNumber, message, pointer }
            }
            EngineError::FutureEvent { .. } => {
                Self { code: Code::FutureEvent, message, pointer: "/event_time".to_owned() }
            }
            EngineError::Conflict { pointer, .. } => {
                Self { code: Code::Conflict, message, pointer: pointer.unwrap_or_default() }
            }
            EngineError::Held { .. } | EngineError::Disputed { .. } => {
                Self::new(Code::Held, message)
            }
            EngineError::NotThere { .. } => Self::new(Code::NotFound, message),
            EngineError::Unfit { pointer, .. } => {
                Self { code: Code::InvalidField, message, pointer: pointer.to_owned() }
            }
            EngineError::NotKept(source) => {
                tracing::warn!(error = with_causes(&source), "the ledger took no record");
                Self::new(Code::NotKept, message)
            }
            other => {
                tracing::error!(error = with_causes(&other), "internal error");
                Self::internal()
            }
        }
    }
}

/// An error and what caused it, for the log.
pub(super) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some messages repeat their cause.
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
