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

/// What went wrong, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    MalformedBody,
    InvalidHeader,
    NotFound,
    MethodNotAllowed,
    Conflict,
    BodyTooLarge,
    BodyTimeout,
    InvalidField,
    CardNumber,
    FutureEvent,
    BatchTooLarge,
    Busy,
    NotKept,
    Internal,
}

impl Code {
    /// The code on the wire and its status.
    pub(super) fn row(self) -> (&'static str, StatusCode) {
        match self {
            Self::MalformedBody => ("malformed_body", StatusCode::BAD_REQUEST),
            Self::InvalidHeader => ("invalid_header", StatusCode::BAD_REQUEST),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED),
            Self::BodyTimeout => ("body_timeout", StatusCode::REQUEST_TIMEOUT),
            Self::Conflict => ("exists_with_different_content", StatusCode::CONFLICT),
            Self::BodyTooLarge => ("body_too_large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::InvalidField => ("invalid_field", StatusCode::UNPROCESSABLE_ENTITY),
            Self::CardNumber => ("card_number", StatusCode::UNPROCESSABLE_ENTITY),
            Self::FutureEvent => ("event_time_in_future", StatusCode::UNPROCESSABLE_ENTITY),
            Self::BatchTooLarge => ("batch_too_large", StatusCode::UNPROCESSABLE_ENTITY),
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE),
            Self::NotKept => ("not_kept", StatusCode::SERVICE_UNAVAILABLE),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR),
        }
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

    /// The error's body, for an answer that carries several.
    pub(super) fn detail(&self, request_id: &RequestId) -> ErrorDetail {
        ErrorDetail {
            code: self.code.row().0.to_owned(),
            message: self.message.clone(),
            pointer: self.pointer.clone(),
            request_id: request_id.as_str().to_owned(),
        }
    }

    pub(super) fn into_response(self, request_id: &RequestId) -> Response {
        let (_, status) = self.code.row();
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
        let code = if matches!(error, InputError::Invalid { .. } | InputError::Incomplete(_)) {
            Code::InvalidField
        } else {
            Code::MalformedBody
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
            EngineError::NotKept(source) => {
                tracing::error!(error = %source, "the ledger took no record");
                Self::new(Code::NotKept, message)
            }
            other => {
                tracing::error!(error = %other, "internal error");
                Self::new(Code::Internal, "internal error; the log has the details")
            }
        }
    }
}
