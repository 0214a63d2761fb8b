//! The router, and serving it until told to stop.

use super::desk::{appeals, lists, reviews, rules, snoozes, whatif};
use super::error::{Code, Failure};
use super::state::{AppState, RequestId};
use super::{access, connection, decisions, events, layers, openapi, ops, packets, reload, score};
use axum::Extension;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Without access keys a server is for this machine only.
    #[error(
        "`{0}` is not a loopback address: there are no access keys yet, so nobody else may reach this server"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken or not ours.
    #[error("can't listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What happened.
        #[source]
        source: std::io::Error,
    },
}

type Route = (&'static str, MethodRouter<AppState>);

/// What the server is for. Only so many requests at once.
pub(super) fn working_routes() -> [Route; 14] {
    [
        ("/v1/score", post(score::score)),
        ("/v1/events", post(events::events)),
        ("/v1/decisions/{id}", get(decisions::decision)),
        ("/v1/disputes/{id}/packet", get(packets::packet)),
        ("/v1/lists", get(lists::lists)),
        ("/v1/lists/{name}/entries", get(lists::entries)),
        (
            "/v1/lists/{name}/entries/{value}",
            get(lists::entry).put(lists::add).delete(lists::remove),
        ),
        ("/v1/rules", get(rules::rules)),
        ("/v1/snoozes", get(snoozes::snoozes).post(snoozes::snooze)),
        ("/v1/snoozes/end", post(snoozes::wake)),
        ("/v1/reviews", get(reviews::reviews)),
        ("/v1/reviews/{id}", post(reviews::resolve)),
        ("/v1/appeals", post(appeals::appeal)),
        ("/v1/whatif", post(whatif::whatif)),
    ]
}

/// What operators ask; answered also when there is too much work.
pub(super) fn operating_routes() -> [Route; 5] {
    [
        ("/healthz", get(ops::health)),
        ("/readyz", get(ops::ready)),
        ("/metrics", get(ops::metrics)),
        ("/openapi.json", get(openapi::document)),
        ("/v1/reload", post(reload::reload)),
    ]
}

/// Every route over a state.
pub fn router(state: AppState) -> Router {
    let limited = from_fn_with_state(state.clone(), layers::limited);
    let working = with(Router::new(), working_routes()).route_layer(limited);
    around(with(working, operating_routes()), state)
}

fn with<const N: usize>(router: Router<AppState>, routes: [Route; N]) -> Router<AppState> {
    routes.into_iter().fold(router, |router, (path, methods)| router.route(path, methods))
}

/// Routes with what surrounds every request.
pub(super) fn around(routes: Router<AppState>, state: AppState) -> Router {
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(access::keyless))
        .layer(from_fn_with_state(state.clone(), layers::around))
        .with_state(state)
}

async fn not_found(Extension(request_id): Extension<RequestId>) -> Response {
    Failure::new(Code::NotFound, "no such route").into_response(&request_id)
}

async fn method_not_allowed(Extension(request_id): Extension<RequestId>) -> Response {
    Failure::new(Code::MethodNotAllowed, "this route has another method").into_response(&request_id)
}

/// Binds an address, which must be loopback.
///
/// # Errors
/// Not loopback, or not to be had.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    if !access::may_listen(&address) {
        return Err(ServeError::NotLoopback(address));
    }
    TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })
}

/// Serves until `stop` resolves, then finishes the requests under way and every write, within the
/// configured grace.
pub async fn serve(listener: TcpListener, state: AppState, stop: impl Future<Output = ()>) {
    let grace = Duration::from_millis(state.server.shutdown_grace_ms);
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let stop = async {
        stop.await;
        tracing::info!("told to stop: finishing what is under way");
        let _ = stopping.send(());
    };
    let finished = async {
        connection::serve(listener, router(state.clone()), stop).await;
        // Also those whose client is gone.
        state.work.close();
        state.work.wait().await;
    };
    let late = async {
        let _ = stopped.await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        () = finished => {}
        () = late => {
            let left = state.work.len();
            tracing::warn!(left, "the grace is over, with requests or writes still under way");
        }
    }
}
