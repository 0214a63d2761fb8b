//! What is done with hostile bytes: a plain function for every reader of what comes over the network
//! or in somebody else's file. Each may refuse; none may panic.
//!
//! Readers that are no library are asked by the program itself: see `fuzz::tables_of_disputes`.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use tower::ServiceExt;
use vouch::access::{AccessFile, Gate, Token};
use vouch::config::{Config, LedgerSettings, ServerConfig};
use vouch::decision::Policy;
use vouch::disputes::exhibit::count_pages;
use vouch::disputes::stripe::signature::WebhookSecrets;
use vouch::disputes::{DisputeReport, stripe};
use vouch::domain::{TenantId, Timestamp};
use vouch::engine::{Engine, Snapshot};
use vouch::features::Record;
use vouch::http::{AppState, router};
use vouch::input::files::{open, read_map};
use vouch::input::{Map, read_array, read_event, read_object, read_transaction};
use vouch::ledger::{AckPolicy, LedgerConfig, SigningKey};
use vouch::lists::{ListKind, Lists};
use vouch::model::{Artefact, Model, import};
use vouch::processor::key_of;
use vouch::reference::{Reference, ReferenceFiles};
use vouch::rules::{RuleSet, Scratch, Source, import_radar, lay_out};
use vouch::velocity::Limits;

/// Most rows read of one file: a damaged count of rows must not make a round endless.
const MOST_ROWS: usize = 100;

/// When it is, in these tests.
fn now() -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000)
}

thread_local! {
    /// A directory of each test's thread, for readers of files.
    static SCRATCH: tempfile::TempDir = tempfile::tempdir().unwrap();
    static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    /// The whole server but its sockets.
    static ROUTER: Router = routes();
}

fn routes() -> Router {
    static TABLES: LazyLock<Arc<Reference>> =
        LazyLock::new(|| Arc::new(Reference::bundled().unwrap()));
    let rules = RuleSet::builtin().unwrap();
    let snapshot =
        Snapshot::new(TABLES.clone(), rules, Some(Model::bundled().unwrap()), Policy::default());
    let dir = SCRATCH.with(|dir| dir.path().join("ledger"));
    let config = LedgerConfig { durability: AckPolicy::Async, ..LedgerConfig::new(&dir) };
    let limits = Limits { max_keys: 10_000, seed: 7 };
    let engine = Engine::open(snapshot, config, limits, &mut |_| ()).unwrap();
    let (server, ledger) = (ServerConfig::default(), LedgerSettings::default());
    router(AppState::new(Arc::new(engine), server, ledger))
}

/// Writes the bytes into a file of this thread.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = SCRATCH.with(|dir| dir.path().join(name));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// Asks the server; whatever was sent, the fault is not the server's.
fn ask(path: &str, bytes: &[u8]) {
    ask_as("application/json", path, bytes);
}

fn ask_as(kind: &str, path: &str, bytes: &[u8]) {
    let request = Request::post(path).header("content-type", kind);
    let request = request.body(Body::from(bytes.to_vec())).unwrap();
    let answer = async {
        let router = ROUTER.with(Clone::clone);
        let response = router.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.unwrap().to_bytes())
    };
    let (status, body) = RUNTIME.with(|runtime| runtime.block_on(answer));
    assert!(status < 500, "{path} {status}: {}", String::from_utf8_lossy(&body));
    assert!(body.len() < 1 << 20, "{path}: an answer of {} bytes", body.len());
}

pub(super) fn score(bytes: &[u8]) {
    let _ = read_transaction(bytes);
    ask("/v1/score", bytes);
}

pub(super) fn events(bytes: &[u8]) {
    let _ = read_event(bytes);
    let _ = read_array(bytes);
    ask("/v1/events", bytes);
}

/// The routes people's tools ask: they read small objects of their own.
pub(super) fn desk(bytes: &[u8]) {
    for path in ["/v1/whatif", "/v1/snoozes", "/v1/snoozes/end", "/v1/appeals", "/v1/reviews/tx-1"]
    {
        ask(path, bytes);
    }
}

pub(super) fn minfraud(bytes: &[u8]) {
    ask("/minfraud/v2.0/factors", bytes);
}

/// A form with names in brackets.
pub(super) fn form(bytes: &[u8]) {
    ask_as("application/x-www-form-urlencoded", "/v1/radar/payment_evaluations", bytes);
}

pub(super) fn minfraud_report(bytes: &[u8]) {
    ask("/minfraud/v2.0/transactions/report", bytes);
}

/// Each call of the format reads its own members of any body.
pub(super) fn signifyd(bytes: &[u8]) {
    for call in ["checkouts", "transactions", "fulfillments", "returns/records"] {
        ask(&format!("/signifyd/v3/orders/events/{call}"), bytes);
    }
}

/// A request's path and headers, a line each, as hyper lets them through.
pub(super) fn head(bytes: &[u8]) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let path = lines.next().unwrap_or_default();
    let Ok(uri) = axum::http::Uri::try_from(path) else { return };
    let mut request = Request::get(uri);
    for line in lines.take(100) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        request = request.header(parts.next().unwrap_or_default(), parts.next().unwrap_or(b""));
    }
    let Ok(request) = request.body(Body::empty()) else { return };
    let router = ROUTER.with(Clone::clone);
    let asked = async { router.oneshot(request).await.unwrap().status().as_u16() };
    let status = RUNTIME.with(|runtime| runtime.block_on(asked));
    assert!(status < 500, "{status}");
}

pub(super) fn stripe_message(bytes: &[u8]) {
    if let Err(error) = stripe::read(bytes) {
        stripe::keep(bytes, &error, now()).unwrap();
    }
}

pub(super) fn signature(bytes: &[u8]) {
    let secrets = WebhookSecrets::parse("whsec_abcdefghijklmnop").unwrap();
    if let Ok(header) = std::str::from_utf8(bytes) {
        assert!(secrets.tenant_of(header, b"{}", now()).is_err(), "forged: {header}");
    }
}

/// Files of secrets, and keys as they are sent.
pub(super) fn secrets(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = WebhookSecrets::parse(&text);
    let _ = key_of(&text, &TenantId::default_tenant());
    let _ = Token::read(&text);
}

pub(super) fn disputes(bytes: &[u8]) {
    let _ = read_object::<DisputeReport>(bytes);
}

pub(super) fn map(bytes: &[u8]) {
    let _ = Map::parse(&String::from_utf8_lossy(bytes));
}

/// A file of rows, by its ending, as it is and by each shipped map.
fn rows(name: &str, bytes: &[u8], maps: &[&str]) {
    let path = file(name, bytes);
    let maps = maps.iter().map(|name| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/maps").join(name);
        Some(read_map(&path).unwrap())
    });
    for map in std::iter::once(None).chain(maps) {
        if let Ok(lines) = open(&path, map.as_ref()) {
            lines.take(MOST_ROWS).for_each(drop);
        }
    }
}

pub(super) fn csv(bytes: &[u8]) {
    rows("rows.csv", bytes, &["ecommerce-fraud.toml", "handbook.toml"]);
}

pub(super) fn json_lines(bytes: &[u8]) {
    rows("rows.jsonl", bytes, &[]);
}

/// Rules that are accepted run without an error, on a record without a single fact.
pub(super) fn rules(bytes: &[u8]) {
    let source = Source::new("fuzz.toml", String::from_utf8_lossy(bytes));
    let _ = lay_out(&source);
    let Ok(rules) = RuleSet::from_sources(&[source]) else { return };
    let _ = rules.matching(&Record::default(), &mut Scratch::default()).count();
    rules.run_tests();
}

pub(super) fn radar(bytes: &[u8]) {
    let _ = import_radar(&String::from_utf8_lossy(bytes));
}

pub(super) fn list(bytes: &[u8]) {
    for name in ["lists/fuzz.txt", "lists/fuzz.csv"] {
        let path = file(name, bytes);
        for kind in ListKind::ALL {
            let hints = BTreeMap::from([("fuzz", kind)]);
            let loaded = Lists::default().read(path.parent(), &hints, &|_| false);
            if let Some(named) = loaded.lists.get("fuzz") {
                let _ = named.find("10.0.0.1", now());
            }
        }
        fs::remove_file(path).unwrap();
    }
}

/// An artefact as it is, and with its checksum mended, so that what lies behind it is reached.
pub(super) fn model(bytes: &[u8]) {
    let mended = serde_json::from_slice::<Artefact>(bytes).ok();
    let mended = mended.and_then(|mut artefact| artefact.seal().ok()).unwrap_or_default();
    for model in [bytes, &mended].into_iter().filter_map(|bytes| Model::from_bytes(bytes).ok()) {
        let record = Record::default();
        let _ = model.score(&record);
        model.contributions(&record, &mut Vec::new());
    }
}

pub(super) fn foreign_model(bytes: &[u8]) {
    if let Ok(imported) = import::read(bytes) {
        let rows = vouch::model::forest::probe_rows(&imported.forest, 4, 1);
        let engine = vouch::model::forest::Engine::new(&imported.forest);
        if let Ok(engine) = engine {
            let columns = imported.forest.features.len().max(1);
            for row in rows.chunks(columns) {
                std::hint::black_box(engine.margin(row));
            }
        }
    }
}

pub(super) fn mmdb(bytes: &[u8]) {
    let files =
        ReferenceFiles { tables: None, files: vec![file("fuzz.mmdb", bytes)], copies: None };
    thread_local!(static BEFORE: Reference = Reference::bundled().unwrap());
    BEFORE.with(|before| {
        if let (Some(reference), _) = before.again(&files) {
            for ip in ["1.2.3.4", "81.2.69.142", "2001:480:10::1", "::"] {
                let _ = reference.ip(ip.parse().unwrap());
            }
        }
    });
}

pub(super) fn config(bytes: &[u8]) {
    let parse = |text: &str| Config::parse(text, Path::new("vouch.toml"));
    if let Ok(config) = parse(&String::from_utf8_lossy(bytes)) {
        let text = config.to_toml();
        assert_eq!(parse(&text).unwrap(), config, "{text}");
    }
}

/// The file of access keys, which whoever has the data directory may write, and the signing key.
pub(super) fn keys(bytes: &[u8]) {
    let path = file("keys/access.json", bytes);
    if let Ok(keys) = AccessFile::read(path.parent().unwrap()) {
        let gate = Gate::new(&keys);
        assert!(!gate.lets_all_in());
    }
    let path = file("signing/signing.key", bytes);
    let _ = SigningKey::open(path.parent().unwrap());
}

/// A merchant's own file, to its last page.
pub(super) fn exhibit(bytes: &[u8]) {
    if let Ok(pages) = count_pages(bytes) {
        assert!(pages > 0);
    }
}
