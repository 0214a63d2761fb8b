//! Connections: how many, over TLS where there is a certificate, and what HTTP/1.1 does with them.
//!
//! Rejected: `axum::serve`. It drops a request unread when the client closed its side right behind
//! it, waits for ever for a head that does not come, and takes any number of connections.

use super::server::router;
use super::state::AppState;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Most connections at once; more wait with the operating system until one of them ends.
const MAX_CONNECTIONS: usize = 4096;
/// How long a connection may take to send a head, or lie idle between requests.
const HEAD_PATIENCE: Duration = Duration::from_secs(75);
/// Pause after a connection could not be accepted: without a free file handle the next could not.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves connections until `stop` resolves, then waits for those with a request under way.
pub(super) async fn serve(listener: TcpListener, state: AppState, stop: impl Future<Output = ()>) {
    let router = router(state.clone());
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async { (places.clone().acquire_owned().await, listener.accept().await) };
        let (place, accepted) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                // Only answers that wait for nothing else are written: nothing to be gathered.
                let _ = stream.set_nodelay(true);
                let (state, router, watcher) =
                    (state.clone(), router.clone(), connections.watcher());
                tokio::spawn(async move {
                    take_in(stream, &state, router, watcher).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// Agrees on TLS where it is served, within the time for it, then talks.
async fn take_in(stream: TcpStream, state: &AppState, router: Router, watcher: Watcher) {
    let Some(tls) = &state.tls else { return talk(stream, router, watcher).await };
    let patience = Duration::from_millis(state.server.handshake_ms);
    match timeout(patience, tls.acceptor().accept(stream)).await {
        Ok(Ok(stream)) => talk(stream, router, watcher).await,
        // Mostly scanners and plain HTTP: counted, as a line for each would fill the log.
        Ok(Err(_)) | Err(_) => {
            state.metrics.handshakes_failed.inc();
        }
    }
}

async fn talk<S>(stream: S, router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut protocol = http1::Builder::new();
    protocol.half_close(true).timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
    let service = TowerToHyperService::new(router);
    let connection = protocol.serve_connection(TokioIo::new(stream), service);
    // How a client ends its connection is its own affair.
    let _ = watcher.watch(connection).await;
}
