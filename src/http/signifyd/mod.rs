//! The calls of Signifyd's version 3 that Hyperswitch makes of a fraud service: a router of payments that speaks
//! them is pointed here by its configuration alone.
//!
//! ```text
//! checkouts, sales ─ order ─► domain::Transaction ─► the one chain ─► answer
//! transactions ─► what the issuer said ─► the decision there is         admit: Basic, the key itself
//! fulfillments, returns/records ─► events
//! ```
//!
//! Nothing here decides: values are renamed. Only what Hyperswitch sends has a place; a member it does not send is said
//! in the warnings, a word it does not know is refused. `createdAt` is not read: it is the moment each
//! try of a call was built, so the time of a sale is that of its first arrival, and a retry gets the stored decision.
//!
//! Rejected: `ASYNC_ONLY` with a webhook later, for there is nothing to wait for; a parcel as proof of delivery, for a
//! digital good is in none; and a return as a label, for it does not say why the money went back.

mod admit;
mod answer;
mod evaluate;
mod later;
mod order;
mod refusal;

use super::state::AppState;
use crate::access::Scope;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::post;

/// Longest body, in bytes.
const MAX_BODY: usize = 100_000;

/// The routes' paths: checkouts, sales, transactions, fulfillments, returns.
pub(super) const PATHS: [&str; 5] = [
    "/signifyd/v3/orders/events/checkouts",
    "/signifyd/v3/orders/events/sales",
    "/signifyd/v3/orders/events/transactions",
    "/signifyd/v3/orders/events/fulfillments",
    "/signifyd/v3/orders/events/returns/records",
];

/// The routes of the format.
pub(super) fn routes(state: &AppState) -> Router<AppState> {
    let admit = |scope| from_fn_with_state((state.clone(), scope), admit::admit);
    let [checkouts, sales, transactions, fulfillments, returns] = PATHS;
    let decided = Router::new()
        .route(checkouts, post(evaluate::evaluate))
        .route(sales, post(evaluate::evaluate))
        .route(transactions, post(later::authorized))
        .route_layer(admit(Scope::Score));
    let told = Router::new()
        .route(fulfillments, post(later::fulfilled))
        .route(returns, post(later::returned))
        .route_layer(admit(Scope::Events));
    decided.merge(told)
}
