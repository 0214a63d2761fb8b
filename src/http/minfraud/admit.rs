//! Who asks, in this format: Basic, the user being an account number and the password an access key.
//!
//! The key says whose tenant it is; the account number is the client's own business and only has to be there.

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
    let of_it = key.as_deref().ok();
    let admitted = admitted((&state, scope), of_it, id, request, next).await;
    admitted.unwrap_or_else(|denied| match (denied, key) {
        (Denied::Unknown, Err(refusal)) => refusal.into_response(),
        (denied, _) => refusal(&denied).into_response(),
    })
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

fn refusal(denied: &Denied) -> Refusal {
    match denied {
        Denied::Unknown => {
            let message = "the licence key is none of this server's access keys";
            Refusal::of(StatusCode::UNAUTHORIZED, "AUTHORIZATION_INVALID", message)
        }
        Denied::Scope(scope) => {
            let message = format!("the access key lacks the scope `{scope}`");
            Refusal::of(StatusCode::FORBIDDEN, "PERMISSION_REQUIRED", message)
        }
        Denied::TooFast { .. } | Denied::TooMany => {
            let refusal = Refusal::bare(StatusCode::TOO_MANY_REQUESTS);
            refusal.after(denied.retry_after_s().unwrap_or(1))
        }
    }
}
