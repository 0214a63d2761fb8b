//! One HTTPS call after another, each with a time limit, tried again where that can help.
//!
//! HTTP/1.1, one connection a call: a handful of calls a day need no pool. TLS by `rustls` with `ring`, the
//! authorities are Mozilla's. Every writing call carries an `Idempotency-Key`, so one that is tried again
//! after a lost answer is done once.

use super::error::ProcessorError;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Longest answer read, in bytes.
const MAX_ANSWER: usize = 4 << 20;
/// What we call ourselves.
pub(super) const USER_AGENT: &str = concat!("vouch/", env!("CARGO_PKG_VERSION"));
/// Longest wait between two tries, whatever the answer asks for.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// When to give up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For one try.
    pub(super) timeout: Duration,
    /// Tries after the first.
    pub(super) retries: u32,
    /// Before the first of them; doubles.
    pub(super) backoff: Duration,
}

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Scheme and host, without a path.
    pub(super) base: Uri,
    pub(super) path: String,
    /// Type and bytes of the body.
    pub(super) body: Option<(HeaderValue, Bytes)>,
    /// Makes two tries one.
    pub(super) idempotency: Option<HeaderValue>,
}

/// An answer that is final: a success or a refusal.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

/// Makes calls on a runtime; itself it blocks.
pub(super) struct Client {
    runtime: Handle,
    authorization: HeaderValue,
    patience: Patience,
    tls: TlsConnector,
}

/// Status, headers and body.
pub(super) type Whole = (StatusCode, HeaderMap, Vec<u8>);

/// Why a try has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    Connection(#[from] std::io::Error),
    #[error("the host is no name of a server")]
    Name(#[from] InvalidDnsNameError),
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
    #[error(transparent)]
    Http(#[from] hyper::Error),
    #[error("the answer broke off or is over {MAX_ANSWER} bytes")]
    Body,
}

impl Broken {
    /// With what caused it.
    pub(super) fn with_causes(&self) -> String {
        let mut why = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            why = format!("{why}: {error}");
            cause = error.source();
        }
        why
    }
}

/// What became of one try.
enum Try {
    Answered(Answer),
    /// Worth another, after this long where the answer says so.
    Again {
        why: String,
        after: Option<Duration>,
        /// What stands where no more tries are made: the processor's own failure.
        last: Option<Answer>,
    },
}

impl Client {
    pub(super) fn new(
        runtime: Handle,
        key: &str,
        patience: Patience,
    ) -> Result<Self, ProcessorError> {
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| ProcessorError::Key)?;
        authorization.set_sensitive(true);
        Ok(Self { runtime, authorization, patience, tls: connector(None)? })
    }

    /// Makes a call, from a thread that may block.
    pub(super) fn call(&self, call: &Call) -> Result<Answer, ProcessorError> {
        self.runtime.block_on(async {
            let mut wait = self.patience.backoff;
            let mut tries = 0;
            loop {
                tries += 1;
                let done = timeout(self.patience.timeout, self.once(call)).await;
                let (why, after, last) = match done {
                    Ok(Try::Answered(answer)) => return Ok(answer),
                    Ok(Try::Again { why, after, last }) => (why, after, last),
                    Err(_) => {
                        let ms = self.patience.timeout.as_millis();
                        (format!("nothing within {ms} ms"), None, None)
                    }
                };
                if tries > self.patience.retries {
                    return last.ok_or(ProcessorError::Unanswered { tries, last: why });
                }
                tracing::warn!(path = call.path, tries, why, "a processor is asked again");
                sleep(after.unwrap_or(wait).min(MAX_WAIT)).await;
                wait = wait.saturating_mul(2);
            }
        })
    }

    async fn once(&self, call: &Call) -> Try {
        match self.exchange(call).await {
            Ok((status, headers, body)) => judge(status, &headers, body),
            Err(error) => Try::Again { why: error.with_causes(), after: None, last: None },
        }
    }

    async fn exchange(&self, call: &Call) -> Result<Whole, Broken> {
        exchange(&self.tls, &call.base, self.request(call)?, MAX_ANSWER).await
    }

    fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let authority = call.base.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header(header::HOST, authority)
            .header(header::AUTHORIZATION, self.authorization.clone())
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::CONNECTION, "close");
        if let Some(key) = &call.idempotency {
            request = request.header("idempotency-key", key.clone());
        }
        let mut bytes = Bytes::new();
        if let Some((kind, body)) = &call.body {
            request = request.header(header::CONTENT_TYPE, kind.clone());
            bytes = body.clone();
        }
        request.body(Full::new(bytes))
    }
}

/// What TLS is spoken with. An authority of one's own is trusted in the place of all others.
pub(super) fn connector(authority: Option<&Path>) -> Result<TlsConnector, ProcessorError> {
    let roots = match authority {
        Some(path) => own(path)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ProcessorError::Garbled { what: "TLS", why: error.to_string() })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The authorities of a PEM file.
fn own(path: &Path) -> Result<RootCertStore, ProcessorError> {
    let unusable = |why: String| ProcessorError::Authority { path: path.to_owned(), why };
    let mut roots = RootCertStore::empty();
    let all = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
    for certificate in all {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("it has no certificate".to_owned()));
    }
    Ok(roots)
}

/// One request and its answer, whose body is read where it may be longer than nothing.
pub(super) async fn exchange(
    tls: &TlsConnector,
    to: &Uri,
    request: Request<Full<Bytes>>,
    most: usize,
) -> Result<Whole, Broken> {
    let host = to.host().unwrap_or_default();
    let is_tls = to.scheme_str() == Some("https");
    let port = to.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let tcp = TcpStream::connect((bare, port)).await?;
    tcp.set_nodelay(true)?;
    if is_tls {
        let name = ServerName::try_from(bare.to_owned())?;
        exchange_on(TokioIo::new(tls.connect(name, tcp).await?), request, most).await
    } else {
        exchange_on(TokioIo::new(tcp), request, most).await
    }
}

async fn exchange_on<T>(
    io: TokioIo<T>,
    request: Request<Full<Bytes>>,
    most: usize,
) -> Result<Whole, Broken>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
    let driving = tokio::spawn(connection);
    let answer = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        if most == 0 {
            return Ok((head.status, head.headers, Vec::new()));
        }
        let body = Limited::new(body, most).collect().await.map_err(|_| Broken::Body)?;
        let body = body.to_bytes().to_vec();
        Ok((head.status, head.headers, body))
    };
    let answer = answer.await;
    driving.abort();
    answer
}

/// Whether an answer is final. The processor's own word on trying again comes first.
fn judge(status: StatusCode, headers: &HeaderMap, body: Vec<u8>) -> Try {
    let says = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let usual = status.is_server_error()
        // A conflict: another call holds the object, or this key, for a moment.
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT
        );
    let again = match says("stripe-should-retry") {
        Some("true") => !status.is_success(),
        Some("false") => false,
        _ => usual,
    };
    if !again {
        return Try::Answered(Answer { status, body });
    }
    let seconds = says("retry-after").and_then(|text| text.parse().ok());
    Try::Again {
        why: format!("status {}", status.as_u16()),
        after: seconds.map(Duration::from_secs),
        last: status.is_server_error().then_some(Answer { status, body }),
    }
}

/// An address of an interface. Clear text is for this machine alone.
pub(super) fn base(given: &str) -> Result<Uri, ProcessorError> {
    let uri = address(given.trim_end_matches('/'))?;
    let has_path = !matches!(uri.path(), "" | "/") || uri.query().is_some();
    if has_path { Err(ProcessorError::Address { given: given.to_owned() }) } else { Ok(uri) }
}

/// The same, with a path.
pub(super) fn address(given: &str) -> Result<Uri, ProcessorError> {
    let wrong = || ProcessorError::Address { given: given.to_owned() };
    let uri: Uri = given.parse().map_err(|_| wrong())?;
    let host = uri.host().ok_or_else(wrong)?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(wrong());
    }
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if host == "localhost" || address.is_ok_and(|ip| ip.is_loopback()) => Ok(uri),
        Some("http") => Err(ProcessorError::ClearText { given: given.to_owned() }),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_text_stays_on_this_machine() {
        for good in [
            "https://api.stripe.com",
            "https://x:8443/",
            "http://127.0.0.1:1",
            "http://[::1]:2",
            "http://localhost",
        ] {
            assert!(base(good).is_ok(), "{good}");
        }
        for (bad, said) in [
            ("http://api.stripe.com", "without TLS"),
            ("http://127.0.0.1.example.org", "without TLS"),
            ("ftp://localhost", "no address"),
            ("https://api.stripe.com/v1", "no address"),
            ("https://key@api.stripe.com", "no address"),
            ("api.stripe.com", "no address"),
            ("", "no address"),
        ] {
            let error = base(bad).unwrap_err().to_string();
            assert!(error.contains(said), "{bad}: {error}");
        }
    }

    #[test]
    fn only_what_may_change_is_tried_again() {
        let after = |status: u16, more: &[(&'static str, &'static str)]| {
            let headers = more.iter().map(|(name, value)| {
                (header::HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            match judge(StatusCode::from_u16(status).unwrap(), &headers.collect(), Vec::new()) {
                Try::Answered(_) => None,
                Try::Again { after, .. } => Some(after.map(|wait| wait.as_secs())),
            }
        };
        assert_eq!(after(200, &[]), None);
        assert_eq!(after(400, &[]), None);
        assert_eq!(after(402, &[]), None);
        assert_eq!(after(429, &[("retry-after", "7")]), Some(Some(7)));
        assert_eq!(after(429, &[("retry-after", "soon")]), Some(None));
        assert_eq!(after(503, &[]), Some(None));
        assert_eq!(after(500, &[("stripe-should-retry", "false")]), None);
        assert_eq!(after(409, &[]), Some(None));
        assert_eq!(after(400, &[("stripe-should-retry", "true")]), Some(None));
        assert_eq!(after(200, &[("stripe-should-retry", "true")]), None);
    }
}
