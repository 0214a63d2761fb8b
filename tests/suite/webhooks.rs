//! Outgoing webhooks from the real server to a receiver on loopback: one that fails, hangs, redirects and
//! comes back, and a server that is killed.

use crate::serve::{Server, vouch};
use crate::tls::Authority;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Longest wait for a message.
const PATIENCE: Duration = Duration::from_mins(1);
const SECRET: [u8; 32] = [7; 32];
const PATH: &str = "/hooks/vouch?of=shop";

/// A message as it came.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    body: Vec<u8>,
    /// What it was answered with.
    pub(crate) status: u16,
}

impl Got {
    fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn sequence(&self) -> u64 {
        self.json()["sequence"].as_u64().unwrap()
    }

    fn transaction(&self) -> String {
        self.json()["data"]["transaction_id"].as_str().unwrap().to_owned()
    }

    fn assert_signed(&self) {
        assert_eq!(self.path, PATH);
        let mut mac = Hmac::<Sha256>::new_from_slice(&SECRET).unwrap();
        mac.update(format!("{}.{}.", self.id(), self.headers["webhook-timestamp"]).as_bytes());
        mac.update(&self.body);
        let code = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        assert_eq!(self.headers["webhook-signature"], format!("v1,{code}"));
    }
}

/// How a message is answered; 0: never.
type Answers = Box<dyn FnMut(&Got) -> u16 + Send>;

/// A receiver: a thread for each connection.
pub(crate) struct Shop {
    /// Scheme and host.
    pub(crate) base: String,
    pub(crate) got: Receiver<Got>,
    answers: Arc<Mutex<Answers>>,
}

impl Shop {
    pub(crate) fn open(answers: impl FnMut(&Got) -> u16 + Send + 'static) -> Self {
        Self::open_by(None, answers)
    }

    /// Over TLS, under the name `localhost`.
    fn open_by(
        tls: Option<Arc<ServerConfig>>,
        answers: impl FnMut(&Got) -> u16 + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let base = match tls {
            Some(_) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{port}"),
        };
        let (to, got) = channel();
        let answers: Arc<Mutex<Answers>> = Arc::new(Mutex::new(Box::new(answers)));
        let shared = answers.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (to, answers, tls) = (to.clone(), shared.clone(), tls.clone());
                let stream = stream.unwrap();
                std::thread::spawn(move || match tls {
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).unwrap();
                        serve(StreamOwned::new(connection, stream), &to, &answers);
                    }
                    None => serve(stream, &to, &answers),
                });
            }
        });
        Self { base, got, answers }
    }

    fn now(&self, answers: impl FnMut(&Got) -> u16 + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answers);
    }

    pub(crate) fn next(&self) -> Got {
        self.got.recv_timeout(PATIENCE).unwrap()
    }

    /// Messages until so many different ones were taken; each id with what it was.
    fn taken(&self, most: usize) -> Vec<Got> {
        let mut taken: Vec<Got> = Vec::new();
        while taken.len() < most {
            let got = self.next();
            if got.status != 200 {
                continue;
            }
            match taken.iter().find(|known| known.id() == got.id()) {
                Some(known) => assert_eq!(known.body, got.body, "one id, one message"),
                None => taken.push(got),
            }
        }
        taken
    }
}

fn serve(stream: impl Read + Write, to: &Sender<Got>, answers: &Mutex<Answers>) {
    let mut reader = BufReader::new(stream);
    let (mut headers, mut line, mut path) = (BTreeMap::new(), String::new(), String::new());
    while reader.read_line(&mut line).unwrap_or(0) > 2 {
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        } else {
            let first = line.trim_end().strip_prefix("POST ").unwrap();
            first.strip_suffix(" HTTP/1.1").unwrap().clone_into(&mut path);
        }
        line.clear();
    }
    let Some(length) = headers.get("content-length").and_then(|text| text.parse().ok()) else {
        return; // killed before it wrote a whole head
    };
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let mut got = Got { path, headers, body, status: 0 };
    got.status = (answers.lock().unwrap())(&got);
    let status = got.status;
    let _ = to.send(got);
    if status == 0 {
        // Until the other side has enough.
        let _ = reader.read(&mut [0]);
        return;
    }
    let more = if status == 302 { "location: http://127.0.0.1:1/\r\n" } else { "" };
    let head =
        format!("HTTP/1.1 {status} X\r\n{more}content-length: 2\r\nconnection: close\r\n\r\nno");
    let _ = reader.get_mut().write_all(head.as_bytes()).and_then(|()| reader.get_mut().flush());
}

/// The configuration of one receiver, which beats all there was.
fn config(dir: &Path, shop: &Shop, more: &str) -> String {
    let secret = dir.join("webhook.secret");
    std::fs::write(&secret, format!("whsec_{}\n", BASE64_STANDARD.encode(SECRET))).unwrap();
    let (base, secret) = (&shop.base, secret.display());
    format!(
        "[[webhook]]\nname = \"shop\"\nurl = \"{base}{PATH}\"\nsecret = \"{secret}\"\n\
         kinds = [\"entitlement.suspend\", \"entitlement.restore\"]\nbackoff_ms = 1\n{more}\n"
    )
}

/// Labels of so many transactions in turn; each becomes a message.
fn tell(server: &Server, labels: std::ops::Range<usize>, transactions: usize) {
    let events: Vec<Value> = labels
        .map(|n| {
            let label = if n % 2 == 0 { "stolen_instrument" } else { "legitimate" };
            json!({
                "event_id": format!("label-{n}"), "type": "label", "event_time": "2026-01-12T10:00:00Z",
                "transaction_id": format!("tx-{}", n % transactions), "data": {"label": label},
            })
        })
        .collect();
    let (status, answer) = server.ask("POST", "/v1/events", &json!(events).to_string());
    assert_eq!(status, 200, "{answer}");
}

fn assert_in_order(taken: &[Got]) {
    let mut last = BTreeMap::new();
    for got in taken {
        let before = last.insert(got.transaction(), got.sequence());
        assert!(before < Some(got.sequence()), "{} came too late", got.id());
    }
}

fn run(args: &[&str], data_dir: &Path) -> Output {
    let mut command = vouch(args, data_dir);
    command.arg("--config").arg(data_dir.with_extension("toml")).output().unwrap()
}

#[test]
fn messages_are_signed_ordered_by_subject_and_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut tries: BTreeMap<String, usize> = BTreeMap::new();
    let shop = Shop::open(move |got| {
        let tries = tries.entry(got.id().to_owned()).or_default();
        *tries += 1;
        // Every third message fails twice.
        if got.sequence() % 3 == 0 && *tries < 3 { 500 } else { 200 }
    });
    let server = Server::start(&data, &config(dir.path(), &shop, ""));
    tell(&server, 0..60, 7);
    let taken = shop.taken(60);
    assert_in_order(&taken);
    for got in &taken {
        got.assert_signed();
        let even =
            got.json()["data"]["event_id"].as_str().unwrap().ends_with(['0', '2', '4', '6', '8']);
        let kind = if even { "entitlement.suspend" } else { "entitlement.restore" };
        assert_eq!(got.json()["type"], kind);
    }
    server.wait_for_metric("vouch_webhook_delivered{webhook=\"shop\"} 60");
    let (status, told) = server.ask("GET", "/v1/webhooks", "");
    assert_eq!((status, &told["webhooks"][0]["dead"]), (200, &json!([])), "{told}");
    assert!(told["webhooks"][0]["failed"].as_u64().unwrap() >= 2, "{told}");
    server.stop();
    // After an end in order nothing comes twice: the next is new.
    shop.now(|_| 200);
    while shop.got.try_recv().is_ok() {}
    let server = Server::start(&data, &config(dir.path(), &shop, ""));
    tell(&server, 60..61, 7);
    assert_eq!(shop.next().json()["data"]["event_id"], "label-60");
}

/// One whose certificate is of an authority of its own.
#[test]
fn a_private_authority_is_trusted_where_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (certificate, key) = authority.pair();
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivatePkcs8KeyDer::from(key).into())
        .unwrap();
    let shop = Shop::open_by(Some(Arc::new(tls)), |_| 200);
    let named = dir.path().join("ca.crt");
    std::fs::write(&named, authority.pem()).unwrap();
    let data = dir.path().join("data");
    let trusting = config(dir.path(), &shop, &format!("authority = {named:?}"));
    let server = Server::start(&data, &trusting);
    tell(&server, 0..1, 1);
    shop.next().assert_signed();
    server.wait_for_metric("vouch_webhook_delivered{webhook=\"shop\"} 1");
    server.stop();
    // Nobody else trusts it, and it makes nobody else trusted.
    let other = dir.path().join("other.crt");
    std::fs::write(&other, Authority::new().pem()).unwrap();
    for (place, more) in [String::new(), format!("authority = {other:?}")].iter().enumerate() {
        let data = dir.path().join(place.to_string());
        let more = format!("{more}\nattempts = 1");
        let server = Server::start(&data, &config(dir.path(), &shop, &more));
        tell(&server, 0..1, 1);
        server.wait_for_metric("vouch_webhook_dead{webhook=\"shop\"} 1");
        assert!(shop.got.try_recv().is_err());
    }
    // And what is no certificate stops the start.
    std::fs::write(&other, "nothing").unwrap();
    let text = config(dir.path(), &shop, &format!("authority = {other:?}"));
    std::fs::write(data.with_extension("toml"), text).unwrap();
    let refused = run(&["webhook", "list"], &data);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && said.contains("other.crt"), "{said}");
}

/// However often the server is started, a message is given up after as many tries as are allowed.
#[test]
fn tries_are_counted_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let shop = Shop::open(|_| 500);
    // One try in each run, the next would be an hour later.
    let patient = config(dir.path(), &shop, "attempts = 3\nmax_backoff_s = 3600")
        .replace("backoff_ms = 1\n", "backoff_ms = 3600000\n");
    for run in 1..=3 {
        let server = Server::start(&data, &patient);
        if run == 1 {
            tell(&server, 0..1, 1);
        }
        assert_eq!(shop.next().status, 500);
        let metric = if run < 3 { "failed" } else { "dead" };
        server.wait_for_metric(&format!("vouch_webhook_{metric}{{webhook=\"shop\"}} 1"));
        server.stop();
    }
    assert!(shop.got.try_recv().is_err());
    let server = Server::start(&data, &patient);
    let (_, told) = server.ask("GET", "/v1/webhooks", "");
    assert_eq!(told["webhooks"][0]["dead"][0]["tries"], 3, "{told}");
}

#[test]
fn a_receiver_that_hangs_delays_nobody_and_holds_no_more_than_a_window() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let shop = Shop::open(|_| 0);
    let server = Server::start(&data, &config(dir.path(), &shop, "timeout_ms = 60000"));
    tell(&server, 0..900, 900);
    server.wait_for_metric("vouch_webhook_pending{webhook=\"shop\"} 256");
    for n in 0..20 {
        let sale = json!({"transaction_id": format!("sale-{n}"), "type": "purchase",
            "event_time": "2026-01-12T10:00:00Z", "amount": {"value": "9.00", "currency": "EUR"}});
        assert_eq!(server.ask("POST", "/v1/score", &sale.to_string()).0, 200);
    }
    server.wait_for_metric("vouch_webhook_pending{webhook=\"shop\"} 256");
    (0..4).for_each(|_| drop(shop.next()));
    assert!(shop.got.try_recv().is_err(), "more than `at_once` under way");
}

#[test]
fn a_killed_server_loses_nothing_nor_does_a_broken_cursor() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let shop = Shop::open(|_| 200);
    let settings = config(dir.path(), &shop, "at_once = 1");
    let server = Server::start(&data, &settings);
    tell(&server, 0..300, 20);
    let mut taken = shop.taken(100);
    server.signal("KILL");
    drop(server);
    let server = Server::start(&data, &settings);
    taken.extend(shop.taken(200));
    let known = |taken: &[Got]| {
        taken.iter().map(|got| got.id().to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    while known(&taken).len() < 300 {
        taken.push(shop.next());
    }
    server.stop();
    let cursor = data.join("webhooks/shop.cursor");
    for broken in ["", "nonsense", "0000\n{\"format\":1,\"after\":null,\"done\":[]}"] {
        while shop.got.try_recv().is_ok() {}
        std::fs::write(&cursor, broken).unwrap();
        let server = Server::start(&data, &settings);
        assert_eq!(known(&shop.taken(300)), known(&taken), "all again, under the same ids");
        server.stop();
    }
}

#[test]
fn a_ledger_without_its_last_entries_has_only_the_late_ones_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let shop = Shop::open(|_| 200);
    let settings = config(dir.path(), &shop, "");
    let path = data.join("webhooks/shop.cursor");
    let told = |labels: std::ops::Range<usize>| -> Value {
        let server = Server::start(&data, &settings);
        tell(&server, labels.clone(), 7);
        shop.taken(labels.len());
        server.wait_for_metric(&format!(
            "vouch_webhook_delivered{{webhook=\"shop\"}} {}",
            labels.len()
        ));
        server.stop();
        let text = std::fs::read_to_string(&path).unwrap();
        serde_json::from_str(text.split_once('\n').unwrap().1).unwrap()
    };
    let (older, mut cursor) = (told(0..30), told(30..50));
    cursor["older"] = older["after"].clone();
    cursor["after"]["hash"][0] = json!(cursor["after"]["hash"][0].as_u64().unwrap() ^ 1);
    let body = cursor.to_string();
    let digest = Sha256::digest(body.as_bytes());
    let digest: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let digest = digest.concat();
    std::fs::write(&path, format!("{digest}\n{body}")).unwrap();
    while shop.got.try_recv().is_ok() {}
    let server = Server::start(&data, &settings);
    let again = shop.taken(20);
    server.stop();
    let mut ids: Vec<_> = again
        .iter()
        .map(|got| got.json()["data"]["event_id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    assert_eq!(ids, (30..50).map(|n| format!("label-{n}")).collect::<Vec<_>>());
}

#[test]
fn what_is_never_taken_is_dead_seen_and_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let shop = Shop::open(|got| if got.transaction() == "tx-1" { 302 } else { 200 });
    let server = Server::start(&data, &config(dir.path(), &shop, "attempts = 2"));
    tell(&server, 0..9, 3);
    assert_in_order(&shop.taken(6));
    server.wait_for_metric("vouch_webhook_dead{webhook=\"shop\"} 3");
    let (_, told) = server.ask("GET", "/v1/webhooks", "");
    let dead = told["webhooks"][0]["dead"].as_array().unwrap();
    assert_eq!(dead.len(), 3, "{told}");
    assert!(dead.iter().all(|dead| dead["last"] == "status 302" && dead["tries"] == 2), "{told}");
    let listed = run(&["webhook", "dead", "--json"], &data);
    assert_eq!(listed.status.code(), Some(1));
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["id"], dead[0]["id"], "{listed}");
    let still = run(&["webhook", "replay", "shop", "--dead"], &data);
    assert_eq!(still.status.code(), Some(1), "it is not taken yet");
    shop.now(|_| 200);
    while shop.got.try_recv().is_ok() {}
    let again = run(&["webhook", "replay", "shop", "--dead"], &data);
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    let ids: Vec<_> = shop.taken(3).iter().map(|got| json!(got.id())).collect();
    assert_eq!(ids, dead.iter().map(|dead| dead["id"].clone()).collect::<Vec<_>>());
    assert_eq!(run(&["webhook", "dead"], &data).status.code(), Some(0));
    let all = run(&["webhook", "replay", "shop", "--from", "1", "--json"], &data);
    assert_eq!(String::from_utf8_lossy(&all.stdout).lines().count(), 9);
    let all = shop.taken(9);
    assert!(all.is_sorted_by_key(Got::sequence));
    let of_today = ["webhook", "replay", "shop", "--from", "2100-01-01T00:00:00Z"];
    assert_eq!(run(&of_today, &data).status.code(), Some(0));
    assert!(shop.got.try_recv().is_err());
    let list = run(&["webhook", "list", "--json"], &data);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!((&list[0]["name"], &list[0]["dead"]), (&json!("shop"), &json!(0)), "{list}");
}

#[test]
fn what_can_not_be_told_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let shop = Shop::open(|_| 200);
    let good = config(dir.path(), &shop, "");
    for (was, is, part) in [
        ("http://127.0.0.1", "http://example.com", "without TLS"),
        ("http://127.0.0.1", "http://me@127.0.0.1", "no address"),
        ("entitlement.restore", "everything", "`everything`, which is none of"),
        ("webhook.secret", "no.secret", "can't be read"),
        ("name = \"shop\"", "name = \"Shop 1\"", "a-z"),
        ("backoff_ms = 1", "tenant = \"\"", "no tenant"),
    ] {
        std::fs::write(data.with_extension("toml"), good.replace(was, is)).unwrap();
        let refused = run(&["serve", "--dev", "--listen", "127.0.0.1:0"], &data);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(part), "{was}: {said}");
    }
    std::fs::write(data.with_extension("toml"), format!("{good}{good}")).unwrap();
    let refused = run(&["serve", "--dev", "--listen", "127.0.0.1:0"], &data);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another has this name"));
}
