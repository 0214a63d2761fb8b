//! Around every request: its id, a task of its own, panics, the log line; around the working routes
//! the limit on requests under way.

use super::error::{Code, Failure};
use super::state::{AppState, RequestId};
use crate::clock::Stopwatch;
use axum::Extension;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::metrics::gauge::Gauge;
use tracing::Instrument;
use tracing::field::Empty;

/// The header of the request id, both ways.
pub(super) const REQUEST_ID: &str = "x-request-id";

/// Runs a request in a task of its own: a client that hangs up does not stop it halfway, and a panic
/// ends it alone.
pub(super) async fn around(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = given.and_then(RequestId::from_client).unwrap_or_else(|| state.next_id());
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", request_id = id.as_str(), trace_id = Empty);
    if let Some(trace) = trace_id(request.headers()) {
        span.record("trace_id", trace);
    }
    let ending = Ending::of(&state, &request);
    let task = async move {
        let response = next.run(request).await;
        ending.answered(&response);
        response
    };
    let ended = state.work.spawn(task.instrument(span)).await;
    let mut response = ended.unwrap_or_else(|_| {
        state.metrics.panics.inc();
        tracing::error!(request_id = id.as_str(), "a request panicked");
        Failure::internal().into_response(&id)
    });
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The caller's trace, so that our lines are found from it: `00-TRACE-PARENT-FLAGS`, in hexadecimal digits.
/// Source: W3C Trace Context, section 3.2.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let mut parts = headers.get("traceparent")?.to_str().ok()?.split('-');
    let trace = parts.nth(1)?;
    let is_hex = trace.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (is_hex && trace.len() == 32 && parts.count() >= 2).then_some(trace)
}

/// Counts and logs a request when it ends, whether or not anybody still waits for it. One that never
/// got to its answer panicked.
struct Ending {
    state: AppState,
    clock: Stopwatch,
    method: Method,
    /// The route's pattern: a path as sent would fill the metrics, and may hold what is personal.
    route: Option<MatchedPath>,
    status: u16,
}

impl Ending {
    fn of(state: &AppState, request: &Request) -> Self {
        Self {
            state: state.clone(),
            clock: Stopwatch::start(),
            method: request.method().clone(),
            route: request.extensions().get().cloned(),
            status: Code::Internal.status().as_u16(),
        }
    }

    fn answered(mut self, response: &Response) {
        self.status = response.status().as_u16();
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let Self { state, clock, method, route, status } = self;
        let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
        state.metrics.answered(route, *status, clock.elapsed().as_secs_f64());
        tracing::info!(%method, route, status, us = clock.elapsed_us(), "request");
    }
}

/// Refuses a request while as many as are allowed are under way.
pub(super) async fn limited(
    State(state): State<AppState>,
    Extension(id): Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    let in_flight = InFlight(state.metrics.in_flight.clone());
    let before = in_flight.0.inc();
    if usize::try_from(before).is_ok_and(|before| before >= state.server.max_in_flight) {
        state.metrics.refused.inc();
        return Failure::new(Code::Busy, "too many requests are under way").into_response(&id);
    }
    next.run(request).await
}

/// Counts a request as under way until it is dropped, panics included.
struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    #[test]
    fn a_trace_is_the_callers_where_it_is_one() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        for (given, is_one) in [
            (format!("00-{trace}-00f067aa0ba902b7-01"), true),
            (format!("cc-{trace}-00f067aa0ba902b7-01-more"), true),
            (trace.to_owned(), false),
            (format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()), false),
            (format!("00-{trace}0-00f067aa0ba902b7-01"), false),
            ("00--x-01".to_owned(), false),
        ] {
            let headers =
                [(HeaderName::from_static("traceparent"), HeaderValue::from_str(&given).unwrap())];
            let headers: HeaderMap = headers.into_iter().collect();
            assert_eq!(trace_id(&headers), is_one.then_some(trace), "{given}");
        }
        assert_eq!(trace_id(&HeaderMap::new()), None);
    }
}
