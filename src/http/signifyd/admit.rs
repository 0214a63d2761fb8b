//! Who asks, in this format: Basic with an access key and nothing else; a colon behind it, as the standard has it,
//! may be there or not.

use super::super::access::{admitted, basic};
use super::super::state::{AppState, RequestId};
use super::refusal::Refusal;
use crate::access::{Denied, Scope};
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use zeroize::Zeroizing;

/// Lets a request pass whose key has the scope, within the key's limits.
pub(super) async fn admit(
    State((state, scope)): State<(AppState, Scope)>,
    Extension(id): Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    let key = key(request.headers());
    let admitted = admitted((&state, scope), key.as_deref(), id, request, next).await;
    admitted.unwrap_or_else(|denied| refusal(&denied).into_response())
}

fn key(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let given = basic(headers)?;
    let key = given.split_once(':').map_or(given.as_str(), |(user, _)| user);
    Some(Zeroizing::new(key.to_owned()))
}

fn refusal(denied: &Denied) -> Refusal {
    let (status, message) = match denied {
        Denied::Unknown => {
            let message = "send an access key of this server by `Authorization: Basic`";
            (StatusCode::UNAUTHORIZED, message.to_owned())
        }
        Denied::Scope(scope) => {
            (StatusCode::FORBIDDEN, format!("the access key lacks the scope `{scope}`"))
        }
        Denied::TooFast { .. } | Denied::TooMany => {
            let message = "the access key asks more than it may";
            (StatusCode::TOO_MANY_REQUESTS, message.to_owned())
        }
    };
    Refusal::of(status, message).after(denied.retry_after_s())
}
