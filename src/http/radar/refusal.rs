//! Errors as the libraries read them: a type they choose their exception by, a code, a sentence, and the
//! parameter by its name in the form.

use super::super::error::{Code, Failure};
use crate::engine::EngineError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error on its way to the client.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    code: &'static str,
    message: String,
    param: Option<String>,
    retry_after_s: Option<u64>,
}

impl Refusal {
    /// A mistake of the caller's.
    pub(super) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn of(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let kind = if status.is_server_error() { "api_error" } else { "invalid_request_error" };
        let message = message.into();
        Self { status, kind, code, message, param: None, retry_after_s: None }
    }

    /// The same, about a parameter.
    pub(super) fn about(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// The same, to be tried again after so many seconds.
    pub(super) fn after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let status = match failure.code.status() {
            StatusCode::CONFLICT
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE => StatusCode::BAD_REQUEST,
            status => status,
        };
        let refusal = Self::of(status, failure.code.word(), failure.message);
        match failure.code {
            Code::Conflict => Self { kind: "idempotency_error", ..refusal },
            _ if status == StatusCode::SERVICE_UNAVAILABLE => refusal.after(1),
            _ => refusal,
        }
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        Failure::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut error = json!({ "type": self.kind, "code": self.code, "message": self.message });
        if let (Some(param), Some(members)) = (self.param, error.as_object_mut()) {
            members.insert("param".to_owned(), json!(param));
        }
        let mut response = (self.status, axum::Json(json!({ "error": error }))).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
