//! `POST /v1/appeals`: letting a person back in.

use super::super::access::Caller;
use super::super::state::AppState;
use super::snoozes::{BuyerBody, nobody};
use super::{End, answer, done, field, read, who};
use crate::domain::TransactionId;
use crate::engine::{Appeal, AppealOf};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

/// How long an appeal holds without an end, in hours: 90 days.
const HOURS: u32 = 2_160;
/// An appeal to grant: of a transaction's buyer, or of a buyer.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(in crate::http) struct AppealBody {
    /// The transaction.
    #[serde(default)]
    transaction_id: Option<TransactionId>,
    /// Or the buyer.
    #[serde(flatten)]
    buyer: BuyerBody,
    /// For how long: 90 days unless it says.
    #[serde(flatten)]
    end: End,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 200)]
    note: String,
    /// Who grants it.
    #[serde(default)]
    #[schema(max_length = 64)]
    by: Option<String>,
}

/// `POST /v1/appeals`
pub(in crate::http) async fn appeal(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let granted = async {
        let AppealBody { transaction_id, buyer, end, note, by } =
            read(&state, &headers, body).await?;
        let now = crate::clock::now();
        let (tenant, by) = who(by.as_deref(), &caller)?;
        let of = match (transaction_id, buyer.buyer()?) {
            (Some(_), Some(_)) => {
                return Err(field("/transaction_id", "name a transaction or a buyer, not both"));
            }
            (Some(id), None) => AppealOf::Transaction(id),
            (None, Some(buyer)) => AppealOf::Buyer(buyer),
            (None, None) => return Err(nobody()),
        };
        let usual = End { until: None, hours: Some(HOURS) };
        let until = end.at(now)?.or(usual.at(now)?).unwrap_or(now);
        let appeal = Appeal { of, until, note };
        done(&state, move |engine| engine.grant(&tenant, &by, appeal, now)).await
    };
    answer(granted.await, &caller.request)
}
