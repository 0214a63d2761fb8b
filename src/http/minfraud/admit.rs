//! Who asks, in this format: Basic, the user being an account number and the password an access key.
//!
//! The key says whose tenant it is; the account number is the client's own business and only has to be there.

use super::super::access::{basic, pass};
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
    if state.gate.lets_all_in() {
        return pass(None, id, request, next).await;
    }
    let key = match key(request.headers()) {
        Ok(key) => key,
        Err(refusal) => {
            state.metrics.not_admitted("no_key");
            return refusal.into_response();
        }
    };
    match state.gate.admit(&key, scope, crate::clock::now()) {
        Ok(admitted) => pass(Some(admitted), id, request, next).await,
        Err(denied) => {
            let (word, refusal) = refusal(denied);
            state.metrics.not_admitted(word);
            refusal.into_response()
        }
    }
}

/// The password of a request.
fn key(headers: &HeaderMap) -> Result<Zeroizing<String>, Refusal> {
    let unauthorized = |code, message: &str| Refusal::of(StatusCode::UNAUTHORIZED, code, message);
    let no_account = || unauthorized("ACCOUNT_ID_REQUIRED", "send an account number");
    let text = basic(headers).ok_or_else(no_account)?;
    match text.split_once(':') {
        None | Some(("", _)) => Err(no_account()),
        Some((_, "")) => Err(unauthorized("LICENSE_KEY_REQUIRED", "send a licence key")),
        Some((_, key)) => Ok(Zeroizing::new(key.to_owned())),
    }
}

/// The metric's word, and what is answered.
fn refusal(denied: Denied) -> (&'static str, Refusal) {
    match denied {
        Denied::Unknown => {
            let message = "the licence key is none of this server's access keys";
            let status = StatusCode::UNAUTHORIZED;
            ("no_key", Refusal::of(status, "AUTHORIZATION_INVALID", message))
        }
        Denied::Scope(scope) => {
            let message = format!("the access key lacks the scope `{scope}`");
            let status = StatusCode::FORBIDDEN;
            ("missing_scope", Refusal::of(status, "PERMISSION_REQUIRED", message))
        }
        Denied::TooFast { after_ms } => {
            let refusal = Refusal::bare(StatusCode::TOO_MANY_REQUESTS);
            ("rate_limited", refusal.after(after_ms.div_ceil(1_000)))
        }
        Denied::TooMany => ("rate_limited", Refusal::bare(StatusCode::TOO_MANY_REQUESTS).after(1)),
    }
}
