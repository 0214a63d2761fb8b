//! Stripe's interface, as far as answering a dispute needs it.
//!
//! Shape: Stripe's API reference, version 2026-09-30; `GET` and `POST /v1/disputes/{id}`, `POST /v1/files`.

use super::client::{Answer, Call, Client, Patience, base};
use super::error::ProcessorError;
use crate::config::StripeConfig;
use crate::disputes::stripe::{Disputed, disputed};
use crate::domain::{DisputeId, DisputeStage, Timestamp, excerpt};
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::{Method, StatusCode, Uri};
use serde_json::Value;
use std::fmt::Write;
use std::time::Duration;
use tokio::runtime::Handle;

/// Stripe's interface under one secret key. Its calls block: for threads that may.
pub struct Stripe {
    client: Client,
    base: Uri,
    files: Uri,
}

/// A dispute as Stripe has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Stripe's status word.
    pub status: String,
    /// How often evidence was sent for good.
    pub submissions: i64,
    /// When evidence is due; `None` where no answer is taken.
    pub due_by: Option<Timestamp>,
    /// True once that has passed, by Stripe's clock.
    pub past_due: bool,
    /// The payment it is about; `None` where that can't be read.
    pub disputed: Option<Disputed>,
    /// What it is eligible for.
    pub eligible: Vec<String>,
}

impl Live {
    /// Whether evidence is with the bank. A dispute that was `answered` as an inquiry may keep that count when
    /// it becomes a chargeback; then one more counts, or that it is under review.
    pub fn is_sent(&self, answered: bool) -> bool {
        let is_reviewed = self.status.ends_with("under_review");
        self.submissions > i64::from(answered) || self.submissions > 0 && is_reviewed
    }

    /// Where an answer of now belongs.
    pub fn stage(&self) -> DisputeStage {
        let is_inquiry = self.status.starts_with("warning_");
        if is_inquiry { DisputeStage::Inquiry } else { DisputeStage::Chargeback }
    }

    /// Whether it waits for evidence.
    pub fn waits(&self) -> bool {
        self.status.ends_with("needs_response")
    }
}

impl Stripe {
    /// The interface of a configuration, under a key.
    ///
    /// # Errors
    /// An address or the key is none.
    pub fn new(runtime: Handle, config: &StripeConfig, key: &str) -> Result<Self, ProcessorError> {
        let ms = |ms: u32| Duration::from_millis(ms.into());
        let key = key.trim();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ProcessorError::Key);
        }
        let patience = Patience {
            timeout: ms(config.timeout_ms),
            retries: config.retries,
            backoff: ms(config.backoff_ms),
        };
        let (base, files) = (base(&config.base_url)?, base(&config.files_url)?);
        Ok(Self { client: Client::new(runtime, key, patience)?, base, files })
    }

    /// A dispute as it is now.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub fn dispute(&self, id: &DisputeId) -> Result<Live, ProcessorError> {
        self.read_live(&self.call(Method::GET, &self.base, path(id), None)?)
    }

    /// Uploads a file as evidence; its name at Stripe. The same bytes twice are one file, unless Stripe failed:
    /// it keeps a failure under its key for a day, so the next key is of `now`.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub fn upload(
        &self,
        name: &str,
        pdf: &[u8],
        digest: &str,
        now: Timestamp,
    ) -> Result<String, ProcessorError> {
        let boundary = format!("vouch-{}", digest.get(..40).unwrap_or(digest));
        let mut body = Vec::with_capacity(pdf.len() + 512);
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n\
             dispute_evidence\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"{name}\"\r\nContent-Type: application/pdf\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(pdf);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={boundary}");
        let send = |key: String| {
            let sent = Some((kind.clone(), body.clone(), key));
            self.call(Method::POST, &self.files, "/v1/files".to_owned(), sent)
        };
        let key = format!("vouch-file-{digest}");
        let answer = match send(key.clone()) {
            Err(ProcessorError::Failed { .. }) => send(format!("{key}-{}", now.millis()))?,
            answer => answer?,
        };
        let id = answer.get("id").and_then(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| garbled("an upload", "it has no `id`"))
    }

    /// Sets the evidence of a dispute by a form; with `submit=true` in it, for good. Calls of one
    /// `idempotency` key are one.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub fn update(
        &self,
        id: &DisputeId,
        form: &[(String, String)],
        idempotency: &str,
    ) -> Result<Live, ProcessorError> {
        let kind = "application/x-www-form-urlencoded".to_owned();
        let sent = Some((kind, encoded(form).into_bytes(), idempotency.to_owned()));
        self.read_live(&self.call(Method::POST, &self.base, path(id), sent)?)
    }

    fn call(
        &self,
        method: Method,
        base: &Uri,
        path: String,
        sent: Option<(String, Vec<u8>, String)>,
    ) -> Result<Value, ProcessorError> {
        let header = |text: &str| {
            HeaderValue::try_from(text).map_err(|error| garbled("a call", &error.to_string()))
        };
        let (mut body, mut idempotency) = (None, None);
        if let Some((kind, bytes, key)) = sent {
            body = Some((header(&kind)?, Bytes::from(bytes)));
            idempotency = Some(header(&key)?);
        }
        let call = Call { method, base: base.clone(), path, body, idempotency };
        let Answer { status, body } = self.client.call(&call)?;
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_success() && value.is_object() {
            return Ok(value);
        }
        if status.is_success() {
            return Err(garbled("a call", "it is no JSON object"));
        }
        Err(not_done(status, &value))
    }

    #[expect(clippy::unused_self, reason = "reads what only this interface answers")]
    fn read_live(&self, value: &Value) -> Result<Live, ProcessorError> {
        let missing = |what: &str| garbled("a dispute", &format!("it has no `{what}`"));
        let details = value.get("evidence_details").unwrap_or(&Value::Null);
        let status =
            value.get("status").and_then(Value::as_str).ok_or_else(|| missing("status"))?;
        let submissions = details.get("submission_count").and_then(Value::as_i64);
        let due_by = details.get("due_by").and_then(Value::as_i64).filter(|due| *due > 0);
        let eligible = value.get("enhanced_eligibility_types").and_then(Value::as_array);
        Ok(Live {
            status: excerpt(status, 64),
            // Without it nobody could tell whether evidence was sent.
            submissions: submissions.ok_or_else(|| missing("evidence_details.submission_count"))?,
            due_by: due_by.map(|s| Timestamp::from_millis(s.saturating_mul(1_000))),
            disputed: disputed(value).ok(),
            past_due: details.get("past_due").and_then(Value::as_bool) == Some(true),
            eligible: eligible
                .into_iter()
                .flatten()
                .filter_map(|word| Some(word.as_str()?.to_owned()))
                .collect(),
        })
    }
}

/// What an answer that is no success says. Only the processor's own word about what was asked refuses it: all
/// else may have come after it was done, or from somebody in between.
fn not_done(status: StatusCode, value: &Value) -> ProcessorError {
    let error = |key: &str| value.get("error")?.get(key)?.as_str();
    let message = excerpt(error("message").unwrap_or("no reason given"), 200);
    let is_of_key = error("type") == Some("idempotency_error")
        || error("code") == Some("idempotency_key_in_use");
    let passes = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS
    );
    let is_word = value.get("error").is_some_and(Value::is_object) && !is_of_key && !passes;
    let is_refusal = status.is_client_error() && is_word;
    let status = status.as_u16();
    if is_refusal {
        let code = error("code").map(|code| excerpt(code, 64));
        return ProcessorError::Refused { status, code, message };
    }
    ProcessorError::Failed { status, message }
}

fn garbled(what: &'static str, why: &str) -> ProcessorError {
    ProcessorError::Garbled { what, why: why.to_owned() }
}

/// An identifier may hold anything; in a path it is one step of it.
fn path(id: &DisputeId) -> String {
    format!("/v1/disputes/{}", percent(id.as_str()))
}

fn encoded(form: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", percent(name), percent(value));
    form.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn percent(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_processors_own_word_refuses() {
        let of = |status: u16, body: &str| {
            let value = serde_json::from_str(body).unwrap_or_default();
            not_done(StatusCode::from_u16(status).unwrap(), &value)
        };
        let refused = r#"{"error":{"type":"invalid_request_error","code":"x","message":"no"}}"#;
        assert!(matches!(of(400, refused), ProcessorError::Refused { status: 400, .. }));
        let of_key = r#"{"error":{"type":"idempotency_error","message":"other parameters"}}"#;
        for (status, body) in [
            (500, refused),
            (502, ""),
            (400, of_key),
            (403, "<html>"),
            (409, refused),
            (302, refused),
        ] {
            let said = of(status, body);
            assert!(matches!(said, ProcessorError::Failed { .. }), "{status} {body}: {said}");
        }
    }

    #[test]
    fn what_is_no_letter_is_encoded() {
        let form = [("evidence[a]".to_owned(), "Zoë & 1+1 = 2\n".to_owned())];
        assert_eq!(encoded(&form), "evidence%5Ba%5D=Zo%C3%AB%20%26%201%2B1%20%3D%202%0A");
        let id = DisputeId::new("../files?x=1#y").unwrap();
        assert_eq!(path(&id), "/v1/disputes/..%2Ffiles%3Fx%3D1%23y");
    }
}
