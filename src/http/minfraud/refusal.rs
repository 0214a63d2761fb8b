//! Errors as clients of the format read them: a code and a sentence, or no body at all.

use super::super::error::{Code, Failure};
use crate::engine::EngineError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Clients look for `json` in it.
const KIND: &str = "application/vnd.maxmind.com-error+json; charset=UTF-8; version=2.0";

/// An error on its way to the client.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    status: StatusCode,
    /// Code and sentence; some errors of the format have no body.
    said: Option<(&'static str, String)>,
    retry_after_s: Option<u64>,
}

impl Refusal {
    /// A mistake of the caller's.
    pub(super) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn of(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, said: Some((code, message.into())), retry_after_s: None }
    }

    /// No body, as the format has it for what is refused unread.
    pub(super) fn bare(status: StatusCode) -> Self {
        Self { status, said: None, retry_after_s: None }
    }

    /// The same, to be tried again after so many seconds.
    pub(super) fn after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure.code {
            Code::MalformedBody => Self::invalid("JSON_INVALID", failure.message),
            Code::InvalidField | Code::CardNumber | Code::FutureEvent | Code::Conflict => {
                Self::invalid("REQUEST_INVALID", failure.message)
            }
            Code::BodyTooLarge => Self::bare(StatusCode::FORBIDDEN),
            Code::NotJson => Self::bare(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            other if other.status() == StatusCode::SERVICE_UNAVAILABLE => {
                Self::bare(other.status()).after(1)
            }
            other => Self::bare(other.status()),
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
        let mut response = match self.said {
            Some((code, error)) => {
                let body = json!({ "code": code, "error": error }).to_string();
                (self.status, [(header::CONTENT_TYPE, KIND)], body).into_response()
            }
            None => self.status.into_response(),
        };
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
