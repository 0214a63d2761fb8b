//! Around every request: its id, a task of its own, panics, the log line; around the working routes
//! the limit on requests under way.

use super::error::{Code, Failure};
use super::evaluate::Stages;
use super::state::{AppState, RequestId};
use crate::clock::Stopwatch;
use crate::telemetry::{Open, Parent};
use axum::Extension;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::metrics::gauge::Gauge;
use tracing::Instrument;
use tracing::field::Empty;

/// The header of the request id, both ways.
pub(super) const REQUEST_ID: &str = "x-request-id";

/// The header of the caller's trace.
const TRACE: &str = "traceparent";

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
    // The caller's, so that our lines are found from it, else the one we tell of.
    let parent = request.headers().get(TRACE).and_then(|value| value.to_str().ok());
    let parent = parent.and_then(Parent::read);
    let open = state.tracer.as_ref().map(|tracer| tracer.begin(parent));
    let trace = open.as_ref().map(Open::trace_id).or(parent.map(|parent| parent.trace_id()));
    if let Some(trace) = trace {
        span.record("trace_id", trace);
    }
    let ending = Ending::of(&state, &request, open);
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

/// Counts and logs a request when it ends, whether or not anybody still waits for it. One that never
/// got to its answer panicked.
struct Ending {
    state: AppState,
    clock: Stopwatch,
    /// One of the known ones: a client may send any word as one.
    method: &'static str,
    /// The route's pattern: a path as sent would fill the metrics, and may hold what is personal.
    route: Option<MatchedPath>,
    status: u16,
    /// Its span, where spans are sent.
    open: Option<Open>,
    stages: Option<Stages>,
}

impl Ending {
    fn of(state: &AppState, request: &Request, open: Option<Open>) -> Self {
        Self {
            state: state.clone(),
            clock: Stopwatch::start(),
            method: known(request.method()),
            route: request.extensions().get().cloned(),
            status: Code::Internal.status().as_u16(),
            open,
            stages: None,
        }
    }

    fn answered(mut self, response: &Response) {
        self.status = response.status().as_u16();
        self.stages = response.extensions().get().copied();
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let Self { state, clock, method, route, status, open, stages } = self;
        let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
        state.metrics.answered(route, *status, clock.elapsed().as_secs_f64());
        if let (Some(tracer), Some(open)) = (&state.tracer, open) {
            let stages = stages.as_ref().map(Stages::named).unwrap_or_default();
            tracer.end(open, (method, route, *status), &stages);
        }
        tracing::info!(method, route, status, us = clock.elapsed_us(), "request");
    }
}

/// A method that the standards know, by its name; for any other the word that OpenTelemetry has for it.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "_OTHER",
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
