//! TLS by the real server: who trusts its authority is served, certificates change under open connections,
//! and who never agrees is let go.

use super::serve::{Server, vouch};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion, version,
};

/// An authority of its own for each test.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Itself, for who trusts it.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for `localhost`, and its key.
    pub(crate) fn pair(&self) -> (CertificateDer<'static>, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.der().clone(), key.serialize_der())
    }

    /// Puts a new certificate for `localhost` in place and returns it.
    fn issue(&self, dir: &Path) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        put(dir, &certificate.pem(), &key.serialize_pem());
        certificate.der().clone()
    }

    fn client(&self, versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap();
        Arc::new(config.with_root_certificates(roots).with_no_client_auth())
    }
}

fn put(dir: &Path, certificate: &str, key: &str) {
    for (name, text) in [("tls.crt", certificate), ("tls.key", key)] {
        fs::write(dir.join("new"), text).unwrap();
        fs::rename(dir.join("new"), dir.join(name)).unwrap();
    }
}

fn config(dir: &Path) -> String {
    let path = |name| dir.join(name).display().to_string();
    format!(
        "[server]\nhandshake_ms = 500\n[server.tls]\ncertificate = {:?}\nkey = {:?}\n",
        path("tls.crt"),
        path("tls.key")
    )
}

fn data_dir(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("data")
}

type Secure = StreamOwned<ClientConnection, TcpStream>;

fn plain(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

fn secure(server: &Server, config: &Arc<ClientConfig>) -> Secure {
    let name = ServerName::try_from("localhost").unwrap();
    StreamOwned::new(ClientConnection::new(config.clone(), name).unwrap(), plain(server))
}

fn ask(stream: &mut Secure, method: &str, path: &str) -> std::io::Result<(u16, Value)> {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut read = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part)?;
        assert!(count > 0, "{}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&part[..count]);
        let text = String::from_utf8(read.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() == length.parse::<usize>().unwrap() {
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            return Ok((status, serde_json::from_str(body).unwrap_or_default()));
        }
    }
}

fn shown(stream: &Secure) -> CertificateDer<'static> {
    stream.conn.peer_certificates().unwrap()[0].clone().into_owned()
}

#[test]
fn a_certificate_is_exchanged_under_open_connections_and_only_for_a_good_one() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let first = authority.issue(dir.path());
    let server = Server::start(&data_dir(&dir), &config(dir.path()));
    let trusting = authority.client(&[&version::TLS13]);
    let mut open = secure(&server, &trusting);
    assert_eq!(ask(&mut open, "GET", "/readyz").unwrap().0, 200);
    assert_eq!(shown(&open), first);

    let old = authority.client(&[&version::TLS12]);
    assert_eq!(ask(&mut secure(&server, &old), "GET", "/healthz").unwrap().0, 200);
    let stranger = Authority::new().client(&[&version::TLS13]);
    assert!(ask(&mut secure(&server, &stranger), "GET", "/healthz").is_err());

    // Another's key beside the certificate: refused, and the old pair goes on.
    let other = KeyPair::generate().unwrap();
    put(
        dir.path(),
        &fs::read_to_string(dir.path().join("tls.crt")).unwrap(),
        &other.serialize_pem(),
    );
    let (status, reload) = ask(&mut open, "POST", "/v1/reload").unwrap();
    let part = reload["parts"].as_array().unwrap().last().unwrap();
    assert_eq!((status, &part["part"]), (200, &json!("tls")), "{reload}");
    assert_eq!(part["outcome"], "refused", "{reload}");
    assert!(!reload.to_string().contains("PRIVATE"), "{reload}");
    let mut again = secure(&server, &trusting);
    let (_, readiness) = ask(&mut again, "GET", "/readyz").unwrap();
    assert_eq!(readiness["degraded"], json!(["tls.refused"]), "{readiness}");
    assert_eq!(shown(&again), first);

    let second = authority.issue(dir.path());
    server.signal("HUP");
    let exchanged = (0..10_000).any(|_| {
        let mut new = secure(&server, &trusting);
        ask(&mut new, "GET", "/healthz").unwrap();
        shown(&new) == second
    });
    assert!(exchanged, "never the new certificate");
    let (_, readiness) = ask(&mut open, "GET", "/readyz").unwrap();
    assert_eq!(readiness["degraded"], json!([]), "an open connection goes on: {readiness}");
    server.stop();
}

#[test]
fn who_never_agrees_on_tls_is_let_go_and_nobody_waits_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.issue(dir.path());
    let server = Server::start(&data_dir(&dir), &config(dir.path()));
    let client = authority.client(&[&version::TLS13]);
    let mut slow: Vec<_> = (0..50).map(|_| plain(&server)).collect();
    let mut half = plain(&server);
    half.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    slow.push(half);
    assert_eq!(ask(&mut secure(&server, &client), "GET", "/healthz").unwrap().0, 200);
    let mut read = Vec::new();
    for mut stream in slow {
        let _ = stream.read_to_end(&mut read);
    }
    assert_eq!(read, [0; 0], "nothing is said to who said nothing");
    // Who speaks plain HTTP gets no HTTP back.
    let mut http = plain(&server);
    http.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let _ = http.read_to_end(&mut read);
    assert!(!read.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&read));
    assert_eq!(ask(&mut secure(&server, &client), "GET", "/healthz").unwrap().0, 200);
}

#[test]
fn a_start_needs_a_certificate_that_can_be_used() {
    let dir = tempfile::tempdir().unwrap();
    Authority::new().issue(dir.path());
    fs::write(dir.path().join("tls.crt"), "no certificate").unwrap();
    let file = dir.path().join("vouch.toml");
    fs::write(&file, config(dir.path())).unwrap();
    let mut command: Command =
        vouch(&["serve", "--dev", "--listen", "127.0.0.1:0"], &data_dir(&dir));
    let output = command.arg("--config").arg(&file).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("tls.crt") && said.contains("certificate in PEM form"), "{said}");
}
