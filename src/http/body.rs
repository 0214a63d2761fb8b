//! Reading a body within its limits of size and time, if it says that it is JSON: a page of any site
//! may make a browser send a body of another type without asking us first.

use super::error::{Code, Failure};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// How long a client may take to send its body, whatever its deadline.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a client still sends after it was refused is thrown away for this long. Closing at once
/// would make its system discard our answer, and its user see a broken connection instead of 413.
const LINGER: Duration = Duration::from_secs(2);

/// Reads the whole body, of at most `limit` bytes, by `until`. A longer one is refused at its stated
/// length or at the first byte too many; none of the rest is kept.
///
/// # Errors
/// Not JSON by its type, too long, too slow or broken off.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    until: Instant,
) -> Result<Vec<u8>, Failure> {
    read_as("application/json", headers, body, (limit, until)).await
}

/// The same for a body of another media type.
///
/// # Errors
/// As [`read`].
pub(super) async fn read_as(
    kind: &str,
    headers: &HeaderMap,
    mut body: Body,
    (limit, until): (usize, Instant),
) -> Result<Vec<u8>, Failure> {
    if !says(kind, headers) {
        discard(headers, body);
        return Err(Failure::new(Code::NotJson, format!("send `Content-Type: {kind}`")));
    }
    let stated = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let read = if stated.and_then(|text| text.parse().ok()).is_some_and(|n: usize| n > limit) {
        Ok(None)
    } else {
        timeout_at(until.min(Instant::now() + PATIENCE), collect(&mut body, limit)).await
    };
    match read {
        Ok(Some(Ok(bytes))) => Ok(bytes),
        Ok(Some(Err(_))) => Err(Failure::new(Code::MalformedBody, "the body broke off")),
        Ok(None) => {
            discard(headers, body);
            Err(Failure::new(Code::BodyTooLarge, format!("the body is over {limit} bytes")))
        }
        Err(_) => {
            Err(Failure::new(Code::BodyTimeout, "the body did not arrive within the deadline"))
        }
    }
}

/// True for a body that says it is of a kind, whatever its parameters.
fn says(kind: &str, headers: &HeaderMap) -> bool {
    let essence = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        text.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind)
    };
    let mut types = headers.get_all(header::CONTENT_TYPE).iter().peekable();
    types.peek().is_some() && types.all(essence)
}

/// Throws away what the client still sends.
fn discard(headers: &HeaderMap, mut body: Body) {
    // A client that asks first sends nothing after this answer.
    if !headers.contains_key(header::EXPECT) {
        tokio::spawn(timeout(LINGER, async move { while body.frame().await.is_some() {} }));
    }
}

/// The whole body; `None` once it is longer than `limit`.
async fn collect(body: &mut Body, limit: usize) -> Option<Result<Vec<u8>, axum::Error>> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame.map(|frame| frame.into_data()) {
            Ok(Ok(data)) if data.len() > limit - bytes.len() => return None,
            Ok(Ok(data)) => bytes.extend_from_slice(&data),
            Ok(Err(_trailers)) => {}
            Err(error) => return Some(Err(error)),
        }
    }
    Some(Ok(bytes))
}
