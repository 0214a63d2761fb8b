//! Errors as the format has them: sentences, and beside them each under the member it is about.

use super::super::error::Failure;
use crate::engine::EngineError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// An error on its way to the client.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    /// The member it is about, as a JSON pointer; empty for none.
    pointer: String,
    retry_after_s: Option<u64>,
}

impl Refusal {
    pub(super) fn of(status: StatusCode, message: impl Into<String>) -> Self {
        let (message, pointer) = (message.into(), String::new());
        Self { status, message, pointer, retry_after_s: None }
    }

    /// A mistake of the caller's, about a member.
    pub(super) fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), ..Self::of(StatusCode::BAD_REQUEST, message) }
    }

    /// The same, about a member by another name.
    pub(super) fn about(self, pointer: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), ..self }
    }

    /// The same, to be tried again after so many seconds, if at all.
    pub(super) fn after(self, retry_after_s: Option<u64>) -> Self {
        Self { retry_after_s, ..self }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let status = match failure.code.status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        };
        let again = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        Self::of(status, failure.message).about(failure.pointer).after(again)
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        Failure::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut errors = Map::new();
        if !self.pointer.is_empty() {
            errors.insert(self.pointer, json!([self.message.clone()]));
        }
        let body = json!({ "messages": [self.message], "errors": Value::Object(errors) });
        let mut response = (self.status, axum::Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
