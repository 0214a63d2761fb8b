//! Connections: how many, and what HTTP/1.1 does with them.
//!
//! Rejected: `axum::serve`. It drops a request unread when the client closed its side right behind
//! it, waits for ever for a head that does not come, and takes any number of connections.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Most connections at once; more wait with the operating system until one of them ends.
const MAX_CONNECTIONS: usize = 4096;
/// How long a connection may take to send a head, or lie idle between requests.
const HEAD_PATIENCE: Duration = Duration::from_secs(75);
/// Pause after a connection could not be accepted: without a free file handle the next could not.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves connections until `stop` resolves, then waits for those with a request under way.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut protocol = http1::Builder::new();
    protocol.half_close(true).timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
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
                let service = TowerToHyperService::new(router.clone());
                let connection = protocol.serve_connection(TokioIo::new(stream), service);
                let connection = connections.watch(connection);
                tokio::spawn(async move {
                    // How a client ends its connection is its own affair.
                    let _ = connection.await;
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
