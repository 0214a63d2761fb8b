//! Who is asking. Access keys do not exist yet: every request belongs to the default tenant, and
//! the server listens on loopback only.
//!
//! Loopback alone keeps no web page out: a browser on this machine sends what any site's page tells
//! it to, and a name of the attacker's may point to 127.0.0.1 (DNS rebinding). So a keyless server
//! answers only under a name of this machine, and no page but its own.

use super::error::{Code, Failure};
use super::state::RequestId;
use crate::domain::TenantId;
use axum::Extension;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, SocketAddr};

/// The tenant of a request.
pub(super) fn tenant() -> TenantId {
    TenantId::default_tenant()
}

/// True where a keyless server may listen.
pub(super) fn may_listen(address: &SocketAddr) -> bool {
    address.ip().is_loopback()
}

/// Refuses what another site's page sends, and what is meant for another machine.
pub(super) async fn keyless(
    Extension(id): Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    match from_here(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(message) => Failure::new(Code::ForeignSite, message).into_response(&id),
    }
}

/// Whether a program on this machine asks, or a page this server gave out itself.
///
/// A missing header is no refusal: browsers send all of these, and a program may leave them out.
fn from_here(uri: &Uri, headers: &HeaderMap) -> Result<(), &'static str> {
    let named = headers.get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
    let hosts: Vec<&str> = named.chain(uri.authority().map(Authority::as_str)).collect();
    if !hosts.iter().all(|host| is_this_machine(host)) {
        return Err("without access keys only `localhost` and loopback addresses are served");
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
    }
}
