//! Connections: how many, over TLS where there is a certificate, and what HTTP/1.1 does with them.
//!
//! Rejected: `axum::serve`. It drops a request unread when the client closed its side right behind
//! it, waits for ever for a head that does not come, and takes any number of connections.

use super::peers::{Peer, Peers};
use super::server::router;
use super::state::AppState;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Most connections at once; more wait with the operating system until one of them ends.
const MAX_CONNECTIONS: usize = 4096;
/// How long a connection may take to send a head, or lie idle between requests.
const HEAD_PATIENCE: Duration = Duration::from_secs(75);
/// How long its first head may take: who says nothing holds no place for long.
const FIRST_PATIENCE: Duration = Duration::from_secs(10);
/// Longest head, in bytes, and what is read ahead of a body: what a connection can make us hold.
const MAX_HEAD: usize = 64 * 1024;
/// Pause after a connection could not be accepted: without a free file handle the next could not.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves connections until `stop` resolves, then waits for those with a request under way.
pub(super) async fn serve(listener: TcpListener, state: AppState, stop: impl Future<Output = ()>) {
    let router = router(state.clone());
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let peers = Peers::new(state.server.max_connections_per_peer);
    let connections = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async { (places.clone().acquire_owned().await, listener.accept().await) };
        let (place, accepted) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, address)) => {
                // Dropped, it is closed: one address leaves places to the others.
                let Some(seat) = peers.seat(address.ip()) else { continue };
                // Only answers that wait for nothing else are written: nothing to be gathered.
                let _ = stream.set_nodelay(true);
                let (state, router, watcher) =
                    (state.clone(), router.clone(), connections.watcher());
                tokio::spawn(async move {
                    let router = router.layer(Extension(Peer(address.ip())));
                    take_in(stream, &state, router, watcher).await;
                    drop((place, seat));
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
    let first = (router, FIRST_PATIENCE);
    let Some(tls) = &state.tls else { return talk(stream, first, watcher).await };
    let patience = Duration::from_millis(state.server.handshake_ms);
    match timeout(patience, tls.acceptor().accept(stream)).await {
        Ok(Ok(stream)) => talk(stream, first, watcher).await,
        // Mostly scanners and plain HTTP: counted, as a line for each would fill the log.
        Ok(Err(_)) | Err(_) => {
            state.metrics.handshakes_failed.inc();
        }
    }
}

/// Talks, once the first head came within the patience with it.
async fn talk<S>(stream: S, (router, patience): (Router, Duration), watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut protocol = http1::Builder::new();
    protocol.half_close(true).timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
    // What is read ahead may be twice the one; the other is exact.
    protocol.max_buf_size(MAX_HEAD).max_header_size(MAX_HEAD);
    let router = TowerToHyperService::new(router);
    let has_asked = AtomicBool::new(false);
    let service = service_fn(|request| {
        has_asked.store(true, Ordering::Relaxed);
        router.call(request)
    });
    let connection = protocol.serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(watcher.watch(connection));
    // How a client ends its connection is its own affair.
    let begun = timeout(patience, &mut connection).await;
    if begun.is_err() && has_asked.load(Ordering::Relaxed) {
        let _ = connection.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[tokio::test]
    async fn who_says_nothing_whole_is_let_go() {
        let connections = GracefulShutdown::new();
        for said in ["", "GET / HT"] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            client.write_all(said.as_bytes()).unwrap();
            let (server, _) = listener.accept().await.unwrap();
            let patience = Duration::from_millis(20);
            talk(server, (Router::new(), patience), connections.watcher()).await;
            assert_eq!(client.read(&mut [0; 64]).unwrap_or(0), 0, "{said}");
        }
    }
}
