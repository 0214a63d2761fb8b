//! The router, and serving it until told to stop.

use super::error::{Code, Failure};
use super::state::{AppState, RequestId};
use super::{access, decisions, events, layers, openapi, ops, score};
use axum::Extension;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// Why a server stopped or did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Without access keys a server is for this machine only.
    #[error("`{0}` is not a loopback address: there are no access keys yet, so nobody else may reach this server")]
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
    /// The listener broke.
    #[error("the listener broke")]
    Broken(#[source] std::io::Error),
}

/// Every route over a state.
pub fn router(state: AppState) -> Router {
    Router::new()
        .route("/v1/score", post(score::score))
        .route("/v1/events", post(events::events))
        .route("/v1/decisions/{id}", get(decisions::decision))
        .route("/healthz", get(ops::health))
        .route("/readyz", get(ops::ready))
        .route("/metrics", get(ops::metrics))
        .route("/openapi.json", get(openapi::document))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(state.clone(), layers::around))
        .with_state(state)
}

async fn not_found(Extension(request_id): Extension<RequestId>) -> Response {
    Failure::new(Code::NotFound, "no such route").into_response(&request_id)
}

async fn method_not_allowed(Extension(request_id): Extension<RequestId>) -> Response {
    Failure::new(Code::MethodNotAllowed, "this route has another method")
        .into_response(&request_id)
        .into_response()
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
///
/// # Errors
/// The listener broke.
pub async fn serve(
    listener: TcpListener,
    state: AppState,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let grace = Duration::from_millis(state.server.shutdown_grace_ms);
    let (stopping, mut stopped) = tokio::sync::watch::channel(false);
    let server = axum::serve(listener, router(state.clone())).with_graceful_shutdown(async move {
        stop.await;
        stopping.send_replace(true);
    });
    let late = async {
        let _ = stopped.wait_for(|stopped| *stopped).await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        ended = server.into_future() => ended.map_err(ServeError::Broken)?,
        () = late => tracing::warn!("requests still under way at the end of the grace"),
    }
    state.settling.close();
    if tokio::time::timeout(grace, state.settling.wait()).await.is_err() {
        tracing::warn!("writes still under way at the end of the grace");
    }
    Ok(())
}
