//! Reading a body within its limits of size and time.

use super::error::{Code, Failure};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;

/// How long a client may take to send its body.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads the whole body, of at most `limit` bytes. A longer one is refused at its stated length or
/// at the first byte too many, without keeping the rest.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<Bytes, Failure> {
    let too_large = || Failure::new(Code::BodyTooLarge, format!("body is over {limit} bytes"));
    let stated = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if stated.and_then(|text| text.parse::<u64>().ok()).is_some_and(|n| n > limit as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(PATIENCE, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Failure::new(Code::MalformedBody, "the body broke off")),
        Err(_) => Err(Failure::new(
            Code::BodyTimeout,
            format!("the body took over {} seconds", PATIENCE.as_secs()),
        )),
    }
}
