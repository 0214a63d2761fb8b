//! The router over an engine on a temporary ledger, without sockets.

mod access;
mod broken;
mod contract;
mod desk;
mod events;
mod exhibits;
mod flow;
mod minfraud;
mod packets;
mod plan;
mod privacy;
mod refusals;
mod secrets;
mod signifyd;
mod tenancy;
mod webhooks;
mod worklist;

use super::server::around;
use super::{AppState, router};
use crate::config::{LedgerSettings, ServerConfig};
use crate::decision::Policy;
use crate::domain::{TenantId, Transaction};
use crate::engine::{CaseSource, Engine, ScoreRequest, Snapshot};
use crate::ledger::{Disk, LedgerConfig, Storage, StorageFile};
use crate::lists::Lists;
use crate::reference::Reference;
use crate::rules::{RuleSet, Source};
use crate::velocity::Limits;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request};
use axum::routing::get;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;
use std::{fmt, io};
use tower::ServiceExt;

const RULES: &str = r#"
[group]
owner = "tests"

[[rule]]
id = "huge"
action = "review"
reason = "AMOUNT"
text = "A very large amount."
when = "amount_eur > 5000"

[[rule]]
id = "tor"
action = "block"
reason = "ANONYMOUS"
text = "From a Tor exit."
when = "ip.tor"
"#;

/// Settings a test may change.
#[derive(Default)]
struct Settings {
    server: ServerConfig,
    ledger: LedgerSettings,
    queue: Option<usize>,
    /// With an index, and able to answer disputes.
    index: bool,
    disk: TestDisk,
}

/// A router and what it stands on.
struct Server {
    router: Router,
    state: AppState,
    disk: TestDisk,
    /// Removed when dropped.
    dir: tempfile::TempDir,
}

impl Server {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        Self::on(tempfile::tempdir().unwrap(), settings)
    }

    /// Over a data directory, which may hold a ledger.
    fn on(dir: tempfile::TempDir, settings: Settings) -> Self {
        static TABLES: OnceLock<Arc<Reference>> = OnceLock::new();
        let tables = TABLES.get_or_init(|| Arc::new(Reference::bundled().unwrap()));
        let rules = RuleSet::from_sources(&[Source::new("test.toml", RULES)]).unwrap();
        let snapshot = Snapshot::new(tables.clone(), rules, None, Policy::default());
        let config = LedgerConfig {
            segment_bytes: 1 << 16,
            queue: settings.queue.unwrap_or(100),
            retry: Duration::from_millis(1),
            index_every: settings.index.then_some(Duration::from_millis(1)),
            storage: Arc::new(settings.disk.clone()),
            ..LedgerConfig::new(dir.path())
        };
        let limits = Limits { max_keys: 10_000, seed: 7 };
        let engine = Arc::new(Engine::open(snapshot, config, limits, &mut |_| ()).unwrap());
        let mut state = AppState::new(engine, settings.server, settings.ledger);
        if settings.index {
            state = state.answering(CaseSource::new(dir.path(), None));
        }
        Self { router: router(state.clone()), state, disk: settings.disk, dir }
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        ask(&self.router, request).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.ask(Request::post(path).body(body.into()).unwrap()).await
    }

    async fn score(&self, transaction: &Value) -> Answer {
        self.post("/v1/score", transaction.to_string()).await
    }

    async fn event(&self, event: &Value) -> Answer {
        self.post("/v1/events", event.to_string()).await
    }
}

/// An answer, its body read.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
    json: Value,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status, code and pointer of an error.
    fn error(&self) -> (u16, &str, &str) {
        let error = &self.json["error"];
        (self.status, error["code"].as_str().unwrap_or(&self.text), text(&error["pointer"]))
    }

    /// Codes and pointers of the warnings.
    fn warnings(&self) -> Vec<(&str, &str)> {
        let warnings = self.json["warnings"].as_array().unwrap();
        warnings.iter().map(|w| (text(&w["code"]), text(&w["pointer"]))).collect()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Asks, a body being JSON where nothing else is said, and holds every answer to what all have in
/// common.
async fn ask(router: &Router, mut request: Request<Body>) -> Answer {
    if matches!(request.method().as_str(), "POST" | "PUT") {
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().entry("content-type").or_insert(json);
    }
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    let answer = Answer { status: head.status.as_u16(), headers: head.headers, text, json };
    let asked = format!("{method} {path}: {answer:?}");
    assert!(!answer.header("x-request-id").is_empty(), "{asked}");
    let has_error_body = path != "/readyz" && method != "HEAD" && !contract::is_dialect(&path);
    if answer.status >= 400 && has_error_body {
        let error = &answer.json["error"];
        assert_eq!(error["request_id"], answer.header("x-request-id"), "{asked}");
        assert!(error["code"].is_string() && error["message"].is_string(), "{asked}");
        assert!(error["pointer"].is_string(), "{asked}");
    }
    assert!(contract::documented(&method, &path, answer.status), "not documented: {asked}");
    answer
}

/// A purchase long ago: it may not be ahead of the clock of the machine the test runs on.
fn purchase(id: &str) -> Value {
    json!({
        "transaction_id": id, "type": "purchase", "event_time": "2020-11-20T10:00:00Z",
        "amount": {"value": "49.00", "currency": "EUR"},
        "account": {"id": "acc-7", "email": "j.doe@example.com"},
        "card": {"fingerprint": "fp_1", "bin": "457173"},
        "device": {"ip": "81.2.69.142", "device_id": "d-1"},
        "billing": {"country": "GB"}, "fulfilment": {"method": "licence_key"},
    })
}

fn auth_result(id: &str) -> Value {
    json!({
        "event_id": id, "type": "auth.result", "event_time": "2020-11-20T10:00:05Z",
        "transaction_id": "tx-1", "data": {"outcome": "declined"},
    })
}

/// The same with one member replaced, or added, by its JSON pointer.
fn with(mut base: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    base.pointer_mut(parent).unwrap()[name] = value;
    base
}

/// The file system, until it is told to stall or to fail.
#[derive(Debug, Clone, Default)]
struct TestDisk(Arc<(Mutex<Mood>, Condvar)>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Well,
    Stalled,
    Full,
    ReadOnly,
}

impl TestDisk {
    fn set(&self, mood: Mood) {
        *self.0.0.lock().unwrap() = mood;
        self.0.1.notify_all();
    }

    fn write(&self) -> io::Result<()> {
        let (mood, changed) = &*self.0;
        match *changed.wait_while(mood.lock().unwrap(), |m| *m == Mood::Stalled).unwrap() {
            Mood::Full => Err(io::ErrorKind::StorageFull.into()),
            Mood::ReadOnly => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            _ => Ok(()),
        }
    }
}

struct TestFile(Box<dyn StorageFile>, TestDisk);

impl Storage for TestDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(TestFile(Disk.open(path)?, self.clone())))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        Disk.sync_dir(path)
    }
}

impl StorageFile for TestFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.1.write()?;
        self.0.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        // Nothing here is about a power loss, and a real sync is the slowest part of a test.
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }
}

impl fmt::Debug for TestFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestFile")
    }
}
