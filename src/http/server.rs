//! The router, and serving it until told to stop.

use super::desk::{accounts, appeals, lists, reviews, rules, snoozes, whatif};
use super::error::{Code, Failure};
use super::state::{AppState, RequestId};
use super::{
    access, connection, decisions, disputes, events, exhibits, layers, minfraud, openapi, ops,
    packets, plan, radar, reload, score, signifyd, tellers, webhooks, worklist,
};
use crate::access::{Gate, Scope};
use axum::Extension;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, post};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Without access keys a server is for this machine only.
    #[error(
        "`{0}` is not a loopback address, and without access keys nobody else may reach this server; make a key by `vouch key add`"
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

/// A path, what a key must be for, and the methods. Without a scope anybody may ask.
type Route = (&'static str, Option<Scope>, MethodRouter<AppState>);

/// What the server is for. Only so many requests at once.
pub(super) fn working_routes() -> [Route; 27] {
    let [score_, events_, rules_] = [Scope::Score, Scope::Events, Scope::Rules].map(Some);
    [
        ("/v1/score", score_, post(score::score)),
        ("/v1/events", events_, post(events::events)),
        ("/v1/decisions/{id}", score_, get(decisions::decision)),
        ("/v1/decisions/{id}/explain", score_, get(decisions::explanation)),
        ("/v1/disputes", Some(Scope::Disputes), post(disputes::report)),
        ("/v1/disputes/{id}/stage", Some(Scope::Disputes), post(disputes::stage)),
        ("/v1/disputes/{id}/submit", Some(Scope::Disputes), post(disputes::submit)),
        ("/v1/disputes/{id}/packet", Some(Scope::Disputes), get(packets::packet)),
        ("/v1/disputes/{id}/plan", Some(Scope::Disputes), get(plan::plan)),
        (
            "/v1/disputes/{id}/exhibits",
            Some(Scope::Disputes),
            get(exhibits::list).post(exhibits::add),
        ),
        ("/v1/disputes/{id}/exhibits/{sha256}", Some(Scope::Disputes), delete(exhibits::remove)),
        ("/v1/worklist", Some(Scope::Disputes), get(worklist::list)),
        // Its sender has no key: the body is signed.
        ("/v1/webhooks/stripe", None, post(webhooks::stripe)),
        ("/v1/lists", rules_, get(lists::lists)),
        ("/v1/lists/{name}/entries", rules_, get(lists::entries)),
        (
            "/v1/lists/{name}/entries/{value}",
            rules_,
            get(lists::entry).put(lists::add).delete(lists::remove),
        ),
        ("/v1/rules", rules_, get(rules::rules)),
        ("/v1/snoozes", rules_, get(snoozes::snoozes).post(snoozes::snooze)),
        ("/v1/snoozes/end", rules_, post(snoozes::wake)),
        ("/v1/reviews", rules_, get(reviews::reviews)),
        ("/v1/reviews/{id}", rules_, post(reviews::resolve)),
        ("/v1/appeals", rules_, post(appeals::appeal)),
        ("/v1/whatif", rules_, post(whatif::whatif)),
        ("/v1/accounts/{id}/export", Some(Scope::Admin), get(accounts::export)),
        ("/v1/accounts/{id}/hold", Some(Scope::Admin), post(accounts::hold)),
        ("/v1/accounts/{id}/release", Some(Scope::Admin), post(accounts::release)),
        ("/v1/accounts/{id}/erase", Some(Scope::Admin), post(accounts::erase)),
    ]
}

/// What operators ask; answered also when there is too much work.
pub(super) fn operating_routes() -> [Route; 6] {
    [
        ("/healthz", None, get(ops::health)),
        ("/readyz", None, get(ops::ready)),
        ("/metrics", Some(Scope::Admin), get(ops::metrics)),
        ("/openapi.json", None, get(openapi::document)),
        ("/v1/webhooks", Some(Scope::Admin), get(tellers::tellers)),
        ("/v1/reload", Some(Scope::Admin), post(reload::reload)),
    ]
}

/// Every route over a state.
pub fn router(state: AppState) -> Router {
    let limited = from_fn_with_state(state.clone(), layers::limited);
    let working = with(Router::new(), working_routes(), &state);
    let dialects =
        minfraud::routes(&state).merge(radar::routes(&state)).merge(signifyd::routes(&state));
    let working = working.merge(dialects).route_layer(limited);
    around(with(working, operating_routes(), &state), state)
}

fn with<const N: usize>(
    router: Router<AppState>,
    routes: [Route; N],
    state: &AppState,
) -> Router<AppState> {
    routes.into_iter().fold(router, |router, (path, scope, methods)| {
        let admit = |scope| from_fn_with_state((state.clone(), scope), access::admit);
        router.route(path, scope.map_or(methods.clone(), |scope| methods.layer(admit(scope))))
    })
}

/// Routes with what surrounds every request.
pub(super) fn around(routes: Router<AppState>, state: AppState) -> Router {
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(state.clone(), access::keyless))
        .layer(from_fn_with_state(state.clone(), layers::around))
        .with_state(state)
}

async fn not_found(Extension(request_id): Extension<RequestId>) -> Response {
    Failure::new(Code::NotFound, "no such route").into_response(&request_id)
}

async fn method_not_allowed(Extension(request_id): Extension<RequestId>) -> Response {
    Failure::new(Code::MethodNotAllowed, "this route has another method").into_response(&request_id)
}

/// Binds an address, which must be loopback where no key is needed.
///
/// # Errors
/// Not loopback, or not to be had.
pub async fn bind(address: SocketAddr, gate: &Gate) -> Result<TcpListener, ServeError> {
    if gate.lets_all_in() && !access::may_listen(&address) {
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
        connection::serve(listener, state.clone(), stop).await;
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
