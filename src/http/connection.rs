//! Connections: how many, over TLS where there is a certificate, and what HTTP/1.1 does with them.
//!
//! Rejected: `axum::serve`. It drops a request unread when the client closed its side right behind
//! it, waits for ever for a head that does not come, and takes any number of connections.

use super::peers::{Peer, Peers};
use super::server::router;
use super::state::AppState;
use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
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
                    take_in(stream, &state, (router, Peer(address.ip())), watcher).await;
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
async fn take_in(stream: TcpStream, state: &AppState, asked: (Router, Peer), watcher: Watcher) {
    let Some(tls) = &state.tls else {
        return talk(stream, asked, FIRST_PATIENCE, watcher).await;
    };
    let patience = Duration::from_millis(state.server.handshake_ms);
    match timeout(patience, tls.acceptor().accept(stream)).await {
        Ok(Ok(stream)) => talk(stream, asked, FIRST_PATIENCE, watcher).await,
        // Mostly scanners and plain HTTP: counted, as a line for each would fill the log.
        Ok(Err(_)) | Err(_) => {
            state.metrics.handshakes_failed.inc();
        }
    }
}

/// Talks, once the first head came within the patience; each request has its peer beside it. The router stays the
/// one of all connections: a layer of its own would copy every route for each.
async fn talk<S>(stream: S, (router, peer): (Router, Peer), patience: Duration, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut protocol = http1::Builder::new();
    protocol.half_close(true).timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
    // What is read ahead may be twice the one; the other is exact.
    protocol.max_buf_size(MAX_HEAD).max_header_size(MAX_HEAD);
    let router = TowerToHyperService::new(router);
    let has_asked = AtomicBool::new(false);
    let service = service_fn(|mut request: Request<Incoming>| {
        has_asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(peer);
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
    use axum::Extension;
    use axum::routing::get;
    use std::io::{Read, Write};

    /// Talks with a client that says so much and waits; what it got.
    async fn said(router: Router, said: &str) -> String {
        let connections = GracefulShutdown::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(said.as_bytes()).unwrap();
        let (server, address) = listener.accept().await.unwrap();
        let asked = (router, Peer(address.ip()));
        talk(server, asked, Duration::from_millis(20), connections.watcher()).await;
        let mut got = String::new();
        let _ = client.read_to_string(&mut got);
        got
    }

    #[tokio::test]
    async fn who_says_nothing_whole_is_let_go() {
        for begun in ["", "GET / HT"] {
            assert_eq!(said(Router::new(), begun).await, "", "{begun}");
        }
    }

    #[tokio::test]
    async fn a_request_has_the_address_it_came_from() {
        let told = |Extension(Peer(address)): Extension<Peer>| async move { address.to_string() };
        let router = Router::new().route("/", get(told));
        let asked = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        let got = said(router, asked).await;
        assert!(got.ends_with("127.0.0.1"), "{got}");
    }
}
