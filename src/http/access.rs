//! Who is asking: by an access key, or without keys anybody on this machine, as the default tenant.
//!
//! As soon as there is a key every request but the health checks must carry one, and the server may
//! listen anywhere. Until then, and with `--dev`, it is for this machine alone.
//!
//! Loopback alone keeps no web page out: a browser on this machine sends what any site's page tells
//! it to, and a name of the attacker's may point to 127.0.0.1 (DNS rebinding). So a keyless server
//! answers only under a name of this machine, no page but its own, and nobody through a proxy.

use super::error::{Code, Failure};
use super::state::{AppState, RequestId};
use crate::access::{Admitted, Denied, KeyId, Scope};
use crate::domain::TenantId;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::net::{IpAddr, SocketAddr};
use zeroize::Zeroizing;

/// Who asks.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// Whose data the request is about.
    pub(super) tenant: TenantId,
    /// The key it came by; `None` where none is needed.
    pub(super) key: Option<KeyId>,
    /// The request's id.
    pub(super) request: RequestId,
}

/// Lets a request pass to a route whose scope its key has, within the key's limits.
pub(super) async fn admit(
    State((state, scope)): State<(AppState, Scope)>,
    Extension(id): Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    let key = bearer(request.headers()).map(|key| Zeroizing::new(key.to_owned()));
    let admitted = admitted((&state, scope), key.as_deref(), id.clone(), request, next).await;
    admitted.unwrap_or_else(|denied| refusal(&denied, &id))
}

/// Lets a request pass by its key, as each format finds it, to a route of a scope; counts who is not let in.
///
/// # Errors
/// Why the key may not, for the format to say in its own words.
pub(super) async fn admitted(
    (state, scope): (&AppState, Scope),
    key: Option<&String>,
    id: RequestId,
    request: Request,
    next: Next,
) -> Result<Response, Denied> {
    if state.gate.lets_all_in() {
        return Ok(pass(None, id, request, next).await);
    }
    let admitted = key
        .ok_or(Denied::Unknown)
        .and_then(|key| state.gate.admit(key, scope, crate::clock::now()))
        .inspect_err(|denied| state.metrics.not_admitted(code(denied).word()))?;
    Ok(pass(Some(admitted), id, request, next).await)
}

fn code(denied: &Denied) -> Code {
    match denied {
        Denied::Unknown => Code::NoKey,
        Denied::Scope(_) => Code::MissingScope,
        Denied::TooFast { .. } | Denied::TooMany => Code::RateLimited,
    }
}

/// Answers a request as its key's tenant, or as the default one where everybody is let in.
async fn pass(
    admitted: Option<Admitted>,
    id: RequestId,
    mut request: Request,
    next: Next,
) -> Response {
    let (tenant, key) = match &admitted {
        Some(admitted) => (admitted.tenant().clone(), Some(admitted.key())),
        None => (TenantId::default_tenant(), None),
    };
    request.extensions_mut().insert(Caller { tenant, key, request: id });
    // Under way for its key until there is an answer.
    let response = next.run(request).await;
    drop(admitted);
    response
}

/// The key of a request. A header given twice is none: which one counts would be anybody's guess.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    authorization(headers, "bearer")
}

/// `user:password` of a request by Basic.
pub(super) fn basic(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let decoded = BASE64_STANDARD.decode(authorization(headers, "basic")?).ok()?;
    String::from_utf8(decoded).ok().map(Zeroizing::new)
}

fn authorization<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (all.next()?, all.next());
    let (scheme, given) = first.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case(wanted) && second.is_none()).then(|| given.trim())
}

fn refusal(denied: &Denied, id: &RequestId) -> Response {
    let message = match denied {
        Denied::Unknown => {
            "send an access key of this server as `Authorization: Bearer vouch_…`".to_owned()
        }
        Denied::Scope(scope) => format!("the key is not for this: it lacks the scope `{scope}`"),
        Denied::TooFast { after_ms } => {
            format!("more requests than the key may make; try again in {after_ms} ms")
        }
        Denied::TooMany => "as many requests of the key are under way as may be".to_owned(),
    };
    let mut response = Failure::new(code(denied), message).into_response(id);
    let headers = response.headers_mut();
    if let Denied::Unknown = denied {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = denied.retry_after_s() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// True where a keyless server may listen.
pub(super) fn may_listen(address: &SocketAddr) -> bool {
    address.ip().is_loopback()
}

/// Refuses what another site's page sends, and what is meant for another machine.
pub(super) async fn keyless(
    State(state): State<AppState>,
    Extension(id): Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    if !state.gate.lets_all_in() {
        // No page of another site has a key to send.
        return next.run(request).await;
    }
    match from_here(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(message) => Failure::new(Code::ForeignSite, message).into_response(&id),
    }
}

/// What a proxy adds: who asked it is on another machine, whatever it says of the host.
const FORWARDED: [&str; 5] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// Whether a program on this machine asks, or a page this server gave out itself.
///
/// A missing header is no refusal: browsers send all of these, and a program may leave them out.
fn from_here(uri: &Uri, headers: &HeaderMap) -> Result<(), &'static str> {
    let named = headers.get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
    let hosts: Vec<&str> = named.chain(uri.authority().map(Authority::as_str)).collect();
    if !hosts.iter().all(|host| is_this_machine(host)) {
        return Err("without access keys only `localhost` and loopback addresses are served");
    }
    if FORWARDED.iter().any(|name| headers.contains_key(*name)) {
        return Err("without access keys nobody is served through a proxy");
    }
    let own_page = |origin: &str| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some_and(|origin| hosts.iter().any(|host| host.eq_ignore_ascii_case(origin)))
    };
    let foreign = |name: &str, is_own: &dyn Fn(&str) -> bool| {
        headers.get_all(name).iter().any(|value| !value.to_str().is_ok_and(is_own))
    };
    if foreign("sec-fetch-site", &|site| matches!(site, "same-origin" | "none"))
        || foreign("origin", &own_page)
    {
        return Err("without access keys no other site's page is served");
    }
    Ok(())
}

/// True for `localhost`, names under it, and loopback addresses, with or without a port.
fn is_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = name.parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn asked(given: &[(&str, &str)]) -> bool {
        let pair = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        };
        from_here(&Uri::from_static("/v1/score"), &given.iter().map(pair).collect()).is_ok()
    }

    #[test]
    fn only_names_of_this_machine_are_served() {
        for host in
            ["localhost", "localhost:8080", "LOCALHOST", "vouch.localhost:80", "127.0.0.1:8080"]
        {
            assert!(asked(&[("host", host)]), "{host}");
        }
        for host in ["127.8.9.1", "[::1]", "[::1]:8080", "[::ffff:127.0.0.1]:1"] {
            assert!(asked(&[("host", host)]), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "notlocalhost",
            "127.0.0.1.nip.io:8080",
            "10.0.0.1",
            "0.0.0.0:8080",
            "localhost@example.com",
            "[::2]",
            "a b",
        ] {
            assert!(!asked(&[("host", host)]), "{host}");
        }
        assert!(!asked(&[("host", "localhost"), ("host", "example.com")]));
        let whole = Uri::from_static("http://example.com/v1/score");
        assert!(from_here(&whole, &HeaderMap::new()).is_err());
    }

    #[test]
    fn only_own_pages_may_ask() {
        let page = |site, origin| {
            asked(&[("host", "localhost:8080"), ("sec-fetch-site", site), ("origin", origin)])
        };
        assert!(page("same-origin", "http://localhost:8080"));
        assert!(!page("same-origin", "http://localhost:3000"));
        assert!(!page("same-site", "http://localhost:8080"));
        assert!(!page("cross-site", "http://localhost:8080"));
        assert!(asked(&[("host", "localhost:8080"), ("sec-fetch-site", "none")]));
        for origin in ["https://example.com", "null", "", "http://localhost:8080.example.com"] {
            assert!(!asked(&[("host", "localhost:8080"), ("origin", origin)]), "{origin}");
        }
        assert!(asked(&[]), "a program need not send any of it");
        for name in FORWARDED {
            assert!(!asked(&[("host", "localhost"), (name, "203.0.113.7")]), "{name}");
        }
    }
}
