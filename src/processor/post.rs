//! One message to a receiver of the merchant's: taken when it is answered 2xx in time.
//!
//! A redirect is an answer like any other, and no 2xx: only the address that was configured is ever asked.
//! The body of an answer is not read.

use super::client::{USER_AGENT, address, connector, exchange};
use super::error::ProcessorError;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT as AGENT};
use hyper::{Method, Request, Uri};
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Where messages go: `https`, or `http` on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Uri);

impl Address {
    /// Reads one.
    ///
    /// # Errors
    /// No address, one with a user in it, or clear text to another machine.
    pub fn parse(given: &str) -> Result<Self, ProcessorError> {
        address(given).map(Self)
    }

    /// Scheme, host and port: what may be shown, as a path may hold a token.
    pub fn shown(&self) -> String {
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        format!("{}://{authority}", self.0.scheme_str().unwrap_or_default())
    }
}

/// A message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untaken {
    /// In words; nothing of the answer's body.
    pub why: String,
    /// What it answered; `None` where nothing came.
    pub status: Option<u16>,
    /// How long the receiver asks to wait, in milliseconds.
    pub after_ms: Option<i64>,
}

/// Posts messages.
pub struct Poster {
    tls: TlsConnector,
    timeout: Duration,
}

impl Poster {
    /// One that waits so long for an answer, of a receiver whose certificate is from an authority of this PEM file,
    /// or without one from any that Mozilla trusts.
    ///
    /// # Errors
    /// The file can't be used.
    pub fn new(timeout: Duration, authority: Option<&Path>) -> Result<Self, ProcessorError> {
        Ok(Self { tls: connector(authority)?, timeout })
    }

    /// Posts JSON, once.
    ///
    /// # Errors
    /// It was not answered 2xx in time.
    pub async fn post(
        &self,
        to: &Address,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<(), Untaken> {
        let untaken = |why: String| Untaken { why, status: None, after_ms: None };
        let Address(uri) = to;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, authority)
            .header(AGENT, USER_AGENT)
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body)));
        let request = request.map_err(|error| untaken(error.to_string()))?;
        let answered = timeout(self.timeout, exchange(&self.tls, uri, request, 0)).await;
        let late = |_| untaken(format!("nothing within {} ms", self.timeout.as_millis()));
        let answered = answered.map_err(late)?;
        let (status, answer, _) = answered.map_err(|error| untaken(error.with_causes()))?;
        if status.is_success() {
            return Ok(());
        }
        let after = answer.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|text| text.parse::<u32>().ok());
        let after_ms = after.map(|seconds| i64::from(seconds) * 1_000);
        let status = status.as_u16();
        Err(Untaken { why: format!("status {status}"), status: Some(status), after_ms })
    }
}
