//! Who asks, in this format: the key as Bearer, or as the user of Basic without a password; and the headers every
//! answer has.

use super::super::access::{admitted, basic, bearer};
use super::super::state::{AppState, RequestId};
use super::IDEMPOTENCY;
use super::refusal::Refusal;
use crate::access::{Denied, Scope};
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use zeroize::Zeroizing;

/// The version of the interface a client speaks; answered back as it came.
const VERSION: &str = "stripe-version";
/// The request's id under the name the libraries read it by.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// Lets a request pass whose key has the scope, within the key's limits.
pub(super) async fn admit(
    State((state, scope)): State<(AppState, Scope)>,
    Extension(id): Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    let echoed = [IDEMPOTENCY, VERSION].map(HeaderName::from_static).map(|name| {
        let value = request.headers().get(&name).cloned();
        (name, value)
    });
    let mut response = answered((&state, scope), id.clone(), request, next).await;
    let headers = response.headers_mut();
    for (name, value) in echoed {
        value.and_then(|value| headers.insert(name, value));
    }
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

async fn answered(
    (state, scope): (&AppState, Scope),
    id: RequestId,
    request: Request,
    next: Next,
) -> Response {
    if !is_version(request.headers()) {
        let message = "`Stripe-Version` is no version, as `2026-09-30.dahlia`";
        return Refusal::invalid("invalid_version", message).into_response();
    }
    let key = key(request.headers());
    let admitted = admitted((state, scope), key.as_deref(), id, request, next).await;
    admitted.unwrap_or_else(|denied| refusal(&denied).into_response())
}

/// True without a version, and with one that begins with a date.
fn is_version(headers: &HeaderMap) -> bool {
    let mut all = headers.get_all(VERSION).iter();
    let (first, second) = (all.next(), all.next());
    let Some(first) = first else { return true };
    let shape = |text: &str| {
        let date = text.get(..10).unwrap_or_default();
        let digits = date.bytes().enumerate();
        date.len() == 10
            && digits.into_iter().all(|(place, byte)| match place {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            })
    };
    second.is_none() && first.to_str().is_ok_and(shape)
}

fn key(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    if let Some(key) = bearer(headers) {
        return Some(Zeroizing::new(key.to_owned()));
    }
    let given = basic(headers)?;
    let (user, _) = given.split_once(':')?;
    Some(Zeroizing::new(user.to_owned()))
}

fn refusal(denied: &Denied) -> Refusal {
    match denied {
        Denied::Unknown => {
            let message = "send an access key of this server as the API key";
            Refusal::of(StatusCode::UNAUTHORIZED, "api_key_invalid", message)
        }
        Denied::Scope(scope) => {
            let message = format!("the access key lacks the scope `{scope}`");
            Refusal::of(StatusCode::FORBIDDEN, "more_permissions_required", message)
        }
        Denied::TooFast { .. } | Denied::TooMany => {
            let message = "the access key asks more than it may";
            let refusal = Refusal::of(StatusCode::TOO_MANY_REQUESTS, "rate_limit", message);
            refusal.after(denied.retry_after_s().unwrap_or(1))
        }
    }
}
