//! `/v1/reviews`: transactions that wait for a person.

use super::super::access::Caller;
use super::super::error::{Code, Failure};
use super::super::query::Asked;
use super::super::state::AppState;
use super::{Parts, answer, done, path, read, who};
use crate::config::ReviewAction;
use crate::domain::{LabelClass, Timestamp, TransactionId};
use crate::engine::{Resolution, Resolved, Review, ReviewFilter};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};

/// Most reviews of a page.
const MAX_PAGE: usize = 1_000;

/// A page of the queue.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct ReviewsAnswer {
    /// How many wait in all.
    waiting: usize,
    /// Oldest first.
    reviews: Vec<ReviewView>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// One review.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct ReviewView {
    /// What waits.
    #[serde(flatten)]
    review: Review,
    /// When it is resolved without a person; absent where it never is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, nullable = false)]
    due_by: Option<Timestamp>,
}

/// How a review ends.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(in crate::http) struct ResolutionBody {
    /// What the reviewer says.
    resolution: ReviewAction,
    /// What the transaction turned out to be, where that is known.
    #[serde(default)]
    label: Option<LabelClass>,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 200)]
    note: String,
    /// Who says so.
    #[serde(default)]
    #[schema(max_length = 64)]
    by: Option<String>,
}

/// `GET /v1/reviews`
pub(in crate::http) async fn reviews(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Response {
    let page = || -> Result<ReviewsAnswer, Failure> {
        let asked = Asked::of(&uri, &["after", "limit", "min_risk", "rule"])?;
        let limit = asked.number("limit", 1..=MAX_PAGE, 100)?;
        let min_risk = match asked.text("min_risk").map(str::parse::<f64>) {
            None => None,
            Some(Ok(least)) if (0.0..=100.0).contains(&least) => Some(least),
            Some(_) => {
                let message = "`min_risk` is a number from 0 to 100";
                return Err(Failure::new(Code::InvalidField, message));
            }
        };
        if asked.text("after").is_some_and(|after| !ReviewFilter::is_cursor(after)) {
            let message = "`after` is the `next` of the page before";
            return Err(Failure::new(Code::InvalidField, message));
        }
        let filter = ReviewFilter {
            after: asked.text("after").map(str::to_owned),
            rule: asked.text("rule").map(str::to_owned),
            min_risk,
            // One more tells whether there is another page.
            limit: limit.saturating_add(1),
        };
        let mut reviews = state.engine.reviews(&caller.tenant, &filter);
        let is_last = reviews.len() <= limit;
        reviews.truncate(limit);
        let next = reviews.last().filter(|_| !is_last).map(Review::cursor);
        let due = |at: Timestamp| state.review.timeout_ms().map(|ms| at.plus_millis(ms));
        let view = |review: Review| ReviewView { due_by: due(review.received_at), review };
        let reviews = reviews.into_iter().map(view).collect();
        Ok(ReviewsAnswer { waiting: state.engine.waiting_reviews(&caller.tenant), reviews, next })
    };
    answer(page(), &caller.request)
}

/// `POST /v1/reviews/{id}`
pub(in crate::http) async fn resolve(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    transaction: Parts<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let resolved = async {
        let ResolutionBody { resolution, label, note, by } = read(&state, &headers, body).await?;
        let (tenant, by) = who(by.as_deref(), &caller)?;
        let transaction = TransactionId::new(&path(transaction)?)
            .map_err(|_| Failure::new(Code::NotFound, "there is no such transaction"))?;
        let resolution = Resolution { outcome: resolution.outcome(), label, note, by };
        let now = crate::clock::now();
        done(&state, move |engine| engine.resolve_review(&tenant, &transaction, &resolution, now))
            .await
    };
    answer::<Resolved>(resolved.await, &caller.request)
}
