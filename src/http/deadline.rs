//! `X-Deadline-Ms`: when the client wants its answer. The time runs from the arrival of the request's
//! head, so it bounds the reading of the body too.

use super::error::{Code, Failure};
use axum::http::HeaderMap;
use std::time::Duration;
use tokio::time::Instant;

/// The header's name.
pub(super) const HEADER: &str = "x-deadline-ms";
/// Longest deadline a client may set, in milliseconds.
pub(super) const MAX_MS: u64 = 60_000;

/// When to answer: so many milliseconds from now as the header says, or as is configured.
///
/// # Errors
/// The header is no whole number from 1 to [`MAX_MS`].
pub(super) fn of(headers: &HeaderMap, default_ms: u64) -> Result<Instant, Failure> {
    let ms = match headers.get(HEADER) {
        None => default_ms,
        Some(value) => {
            let given = value.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
            let ms = given.and_then(|text| text.parse().ok());
            ms.filter(|ms| (1..=MAX_MS).contains(ms)).ok_or_else(|| {
                let message = format!("`X-Deadline-Ms` must be a whole number from 1 to {MAX_MS}");
                Failure::new(Code::InvalidHeader, message)
            })?
        }
    };
    Ok(Instant::now() + Duration::from_millis(ms))
}
