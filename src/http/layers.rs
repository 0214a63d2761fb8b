//! Around every request: its id, the limit on requests under way, panics, the log line.

use super::error::{Code, Failure};
use super::state::{AppState, RequestId};
use crate::clock::Stopwatch;
use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;

/// The header of the request id, both ways.
const REQUEST_ID: &str = "x-request-id";

/// Runs a request in a task of its own: a client that hangs up does not stop it halfway, and a panic
/// ends it alone.
pub(super) async fn around(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let clock = Stopwatch::start();
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = given.and_then(RequestId::from_client).unwrap_or_else(|| state.next_id());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().clone();

    let mut response = limited(&state, &id, request, next).await;

    let status = response.status().as_u16();
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    state.metrics.answered(&route, status, clock.elapsed().as_secs_f64());
    tracing::info!(
        request_id = id.as_str(),
        %method,
        route,
        status,
        us = clock.elapsed_us(),
        "request"
    );
    response
}

async fn limited(state: &AppState, id: &RequestId, mut request: Request, next: Next) -> Response {
    let under_way = state.metrics.in_flight.inc();
    let most = i64::try_from(state.server.max_in_flight).unwrap_or(i64::MAX);
    let guard = InFlight(state.clone());
    if under_way >= most {
        state.metrics.refused.inc();
        return Failure::new(Code::Busy, "too many requests are under way").into_response(id);
    }
    request.extensions_mut().insert(id.clone());
    let task = tokio::spawn(async move {
        let response = next.run(request).await;
        drop(guard);
        response
    });
    match task.await {
        Ok(response) => response,
        Err(_) => {
            state.metrics.panics.inc();
            tracing::error!(request_id = id.as_str(), "a request panicked");
            Failure::new(Code::Internal, "internal error; the log has the details")
                .into_response(id)
        }
    }
}

/// Counts a request as under way until it is dropped, panics included.
struct InFlight(AppState);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.metrics.in_flight.dec();
    }
}
