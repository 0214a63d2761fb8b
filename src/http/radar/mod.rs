//! `POST /v1/radar/payment_evaluations` as Stripe's own libraries send it: a form with names in brackets, answered
//! with a lifecycle object.
//!
//! ```text
//! body ─ form ─ request ─► domain::Transaction ─► the one chain ─► object
//!                    admit: Bearer, or Basic with the key as the user
//! ```
//!
//! Nothing here decides: values are renamed, and the chain is the native one. An evaluation names no card of
//! its own, only a payment method; what else is known of the sale comes in `metadata` under names of ours.
//! The libraries' own `Idempotency-Key` makes a retry one.
//!
//! Rejected: `block` for a review or a challenge. The object knows `block`, `continue` and `request_three_d_secure`
//! alone, and a buyer under review is not refused; `vouch` beside it has the whole decision. Also 409 and 422 for mistakes of the
//! caller's: the libraries try a 409 again, and have no error for a 422.

mod admit;
mod evaluate;
mod form;
mod object;
mod refusal;
mod request;

use super::state::AppState;
use crate::access::Scope;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::post;

/// Longest body, in bytes.
const MAX_BODY: usize = 100_000;
/// Sent by the libraries with every request, the same for each try of it.
const IDEMPOTENCY: &str = "idempotency-key";

/// The route of the format.
pub(super) fn routes(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/v1/radar/payment_evaluations", post(evaluate::evaluate))
        .route_layer(from_fn_with_state((state.clone(), Scope::Score), admit::admit))
}
