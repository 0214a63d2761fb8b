//! Whatever one tenant does, at any route and in any order, another is told what it would be told alone.
//!
//! The routes are those of the published document, which `contract` holds to be the router's: a new one
//! without questions here fails the test.

use super::access::Keyed;
use super::contract::operations;
use super::exhibits::PAGE;
use super::packets::indexed;
use super::*;
use crate::clock;
use crate::disputes::stripe::signature;
use base64::Engine as _;
use proptest::prelude::*;
use regex::Regex;
use sha2::{Digest, Sha256};

const TENANTS: [&str; 2] = ["ann", "bea"];
const SECRETS: [&str; 2] = ["whsec_ann_abcdefghijklmnop", "whsec_bea_abcdefghijklmnop"];
/// What is the server's, not a tenant's, as `docs/access.md` says.
const OF_THE_SERVER: [(&str, &str); 6] = [
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("POST", "/v1/reload"),
    ("GET", "/v1/rules"),
];
const RADAR: &str = "/v1/radar/payment_evaluations";
const SIGNIFYD: &str = "/signifyd/v3/orders/events/";
const FORM: &str = "payment_details[amount]=4900&payment_details[currency]=eur\
    &customer_details[customer]=acc-7&metadata[transaction_id]=tx-8&metadata[campaign]=WHO";
const STRIPE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stripe/visa_13_1_created.json"));

/// A question: method, path and body; `WHO` is the tenant who asks.
type Question = (&'static str, String, Value);

fn sale(number: u8, value: &str) -> Value {
    let mut sale = with(purchase(&format!("tx-{number}")), "/order_id", json!("o-WHO"));
    sale["amount"]["value"] = json!(value);
    sale["account"]["name"] = json!("Jane WHO");
    sale["payment"] = json!({"processor_reference": "ch_3licence"});
    sale
}

fn dispute(number: u8) -> Value {
    json!({
        "id": format!("dp-{number}"), "processor": "adyen", "network": "visa", "network_reason_code": "13.1",
        "amount": {"value": "49.00", "currency": "EUR"}, "opened_at": "2020-11-25T10:00:00Z",
        "transaction_id": format!("tx-{number}"), "processor_status": "open WHO",
    })
}

fn minfraud_request() -> Value {
    json!({
        "event": {"transaction_id": "tx-0", "shop_id": "WHO"}, "device": {"ip_address": "81.2.69.142"},
        "email": {"address": "j.doe@example.com"}, "account": {"user_id": "acc-7"},
    })
}

/// One order for all calls, so that the later ones find it.
fn signifyd_body(path: &str) -> Value {
    let mut body = json!({"orderId": "tx-7", "checkoutId": "o-WHO"});
    let more = match path.trim_start_matches(SIGNIFYD) {
        "checkouts" | "sales" => json!({
            "purchase": {"totalPrice": 49.0, "currency": "EUR", "orderChannel": "WHO"},
            "userAccount": {"accountNumber": "acc-7"},
        }),
        "transactions" => json!({"transactions": {"gatewayStatusCode": "FAILURE"}}),
        "fulfillments" => json!({"fulfillments": [{"shipmentId": "WHO"}]}),
        _ => json!({"returnId": "WHO", "refund":
            {"method": "STORE_CREDIT", "amount": "100", "currency": "EUR"}}),
    };
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// What is asked of a route; empty where nobody has said yet.
fn questions(method: &'static str, path: &str) -> Vec<Question> {
    let of = |paths: &[&str], body: Value| -> Vec<Question> {
        paths.iter().map(|path| (method, (*path).to_owned(), body.clone())).collect()
    };
    let one = |body: Value| of(&[path], body);
    let note = json!({"note": "WHO"});
    match (method, path) {
        ("POST", "/v1/score") => [one(sale(0, "49.00")), one(sale(1, "9000.00"))].concat(),
        ("POST", "/v1/events") => {
            let event = |id, kind, data| {
                let event = with(auth_result(id), "/type", json!(kind));
                one(with(with(event, "/data", data), "/transaction_id", json!("tx-0")))
            };
            [
                event("e-0", "auth.result", json!({"outcome": "declined"})),
                event("e-1", "label", json!({"label": "stolen_instrument"})),
                event("e-2", "licence.issued", json!({"usage": {"what": "WHO"}})),
            ]
            .concat()
        }
        ("GET", "/v1/decisions/{id}" | "/v1/decisions/{id}/explain") => {
            let path = |id| path.replace("{id}", id);
            of(&[&path("tx-0"), &path("tx-1")], Value::Null)
        }
        ("POST", "/v1/disputes") => [one(dispute(0)), one(dispute(1))].concat(),
        (_, exhibits) if exhibits.contains("/exhibits") => files(method, path),
        (_, case) if case.starts_with("/v1/disputes/{id}/") => {
            let path = |id| path.replace("{id}", id);
            let body = if method == "POST" { json!({}) } else { Value::Null };
            of(&[&path("dp-0"), &path("dp_4visa131")], body)
        }
        ("POST", "/v1/webhooks/stripe") => {
            let message = STRIPE.replace("17963076", "16060000").replace("Pro", "WHO");
            one(serde_json::from_str(&message).unwrap())
        }
        ("GET", "/v1/lists" | "/v1/snoozes" | "/v1/reviews" | "/v1/worklist" | "/v1/webhooks") => {
            one(Value::Null)
        }
        ("GET", "/v1/lists/{name}/entries") => of(&["/v1/lists/bins/entries"], Value::Null),
        ("GET" | "PUT" | "DELETE", "/v1/lists/{name}/entries/{value}") => {
            let paths = ["/v1/lists/bins/entries/457173", "/v1/lists/nets/entries/81.2.69.142"];
            of(&paths, if method == "PUT" { note } else { Value::Null })
        }
        ("POST", "/v1/snoozes") => {
            one(json!({"rule": "huge", "account": "acc-7", "hours": 100, "note": "WHO"}))
        }
        ("POST", "/v1/snoozes/end") => one(json!({"rule": "huge", "account": "acc-7"})),
        ("POST", "/v1/reviews/{id}") => {
            of(&["/v1/reviews/tx-1"], json!({"resolution": "decline", "note": "WHO"}))
        }
        ("POST", "/v1/appeals") => [
            one(json!({"account": "acc-7", "note": "WHO"})),
            one(json!({"transaction_id": "tx-1"})),
        ]
        .concat(),
        ("POST", "/v1/whatif") => {
            let mut free = sale(9, "9000.00");
            free.as_object_mut().unwrap().remove("transaction_id");
            free.as_object_mut().unwrap().remove("type");
            [one(json!({"transaction_id": "tx-1"})), one(free)].concat()
        }
        ("POST", "/minfraud/v2.0/transactions/report") => {
            one(json!({"tag": "chargeback", "transaction_id": "tx-0", "notes": "WHO"}))
        }
        ("POST", order) if order.starts_with(SIGNIFYD) => one(signifyd_body(order)),
        ("POST", minfraud) if minfraud.starts_with("/minfraud/") => one(minfraud_request()),
        ("POST", RADAR) => one(json!(FORM)),
        _ => vec![],
    }
}

/// The same of a route about a buyer's data.
fn of_account(method: &'static str, path: &str) -> Vec<Question> {
    let body = match path.rsplit('/').next() {
        Some("export") => Value::Null,
        Some("hold") => json!({"reason": "WHO 17", "by": "WHO"}),
        _ => json!({"by": "WHO"}),
    };
    vec![(method, path.replace("{id}", "acc-7"), body)]
}

/// Questions about the files of a dispute.
fn files(method: &'static str, path: &str) -> Vec<Question> {
    // The other's file, which the one asked does not have.
    let digest = Sha256::digest(format!("{PAGE}% {}", TENANTS[0]));
    let file: String = digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let (query, body) = match method {
        "POST" => ("?kind=other&title=x", json!(format!("{PAGE}% WHO"))),
        _ => ("", Value::Null),
    };
    let path = |id| path.replace("{id}", id).replace("{sha256}", &file) + query;
    ["dp-0", "dp_4visa131"].map(|id| (method, path(id), body.clone())).to_vec()
}

/// Every question of every route.
fn all() -> Vec<Question> {
    let documented = operations().into_iter().map(|(method, path, _)| (method, path));
    let mut all = vec![];
    for (method, path) in documented {
        let method = match method.as_str() {
            "GET" => "GET",
            "POST" => "POST",
            "PUT" => "PUT",
            _ => "DELETE",
        };
        let is_account = path.starts_with("/v1/accounts/");
        let own = if is_account { of_account(method, path) } else { questions(method, path) };
        let is_server = OF_THE_SERVER.contains(&(method, path));
        assert!(own.is_empty() == is_server, "say in `questions` what `{method} {path}` is asked");
        all.extend(own);
    }
    all
}

/// A server of both tenants, and the file of their webhooks' secrets.
fn server(dir: &Path) -> Keyed {
    let secrets = dir.join("secrets");
    let text = format!("ann {}\nbea {}\n", SECRETS[0], SECRETS[1]);
    std::fs::write(&secrets, text).unwrap();
    let lists = [("bins.txt", "# type: bin\n411111\n"), ("nets.txt", "# type: ip\n")];
    let server = Server::with(Settings { index: true, ..Settings::default() });
    Keyed::new(server.with_lists(&lists).hearing(&secrets), &TENANTS)
}

impl Keyed {
    /// What one is told, without what differs between two servers.
    async fn told(&self, who: usize, (method, path, body): &Question) -> (u16, String) {
        let body = match body {
            Value::Null => String::new(),
            Value::String(form) => form.replace("WHO", TENANTS[who]),
            body => body.to_string().replace("WHO", TENANTS[who]),
        };
        let (name, value) = if path == "/v1/webhooks/stripe" {
            ("stripe-signature", signature::header(SECRETS[who], body.as_bytes(), clock::now()))
        } else if path.starts_with(SIGNIFYD) {
            let key = base64::prelude::BASE64_STANDARD.encode(&self.keys[who].1);
            ("authorization", format!("Basic {key}"))
        } else if path.starts_with("/minfraud") {
            let user = format!("42:{}", self.keys[who].1);
            let user = base64::prelude::BASE64_STANDARD.encode(user);
            ("authorization", format!("Basic {user}"))
        } else {
            ("authorization", format!("Bearer {}", self.keys[who].1))
        };
        let request = Request::builder().method(*method).uri(path).header(name, value);
        let form = "application/x-www-form-urlencoded";
        let kind = match path.as_str() {
            RADAR => form,
            path if path.contains("/exhibits") => "application/pdf",
            _ => "application/json",
        };
        let request = request.header("content-type", kind);
        let response = self.server.router.clone().oneshot(request.body(Body::from(body)).unwrap());
        let response = response.await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        indexed(&self.server).await;
        (status, alike(&String::from_utf8_lossy(&bytes)))
    }
}

/// A text without times, digests, ids of requests and what was measured.
fn alike(text: &str) -> String {
    static DIFFERENT: OnceLock<Vec<Regex>> = OnceLock::new();
    let different = DIFFERENT.get_or_init(|| {
        [
            // Ages of what is dated by its arrival.
            r#""[a-z_0-9.]+_h":[0-9.e-]+"#,
            r#""request_id":"[^"]*""#,
            r#""timing_us":\{[^}]*\}"#,
            r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            r"[0-9a-f]{16,}",
            r"20[2-9]\d-\d\d-\d\d([T ]\d\d:\d\d[0-9:.]*( UTC|Z)?)?",
            r"entry \d+|record \d+",
            r#""(left_ms|created|created_at|evaluated_at|signifydId)":-?\d+"#,
            // Of the ledger, which all share, and a disk that was slow.
            r#""sequence":\d+|"durability":"[a-z]+""#,
        ]
        .map(|pattern| Regex::new(pattern).unwrap())
        .into()
    });
    different.iter().fold(text.to_owned(), |text, one| one.replace_all(&text, "~").into_owned())
}

/// Whether the other tenant is named, and not a channel.
fn names_ann(text: &str) -> bool {
    static ANN: std::sync::LazyLock<Regex> =
        std::sync::LazyLock::new(|| Regex::new(r"\bann(_|\b)").unwrap());
    ANN.is_match(text)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn nobody_moves_what_another_is_told(
        order in proptest::collection::vec((0..2_usize, any::<prop::sample::Index>()), 60)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let all = all();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let (shared, alone) = (server(dir.path()), server(dir.path()));
            for (who, index) in &order {
                let question = &all[index.index(all.len())];
                let told = shared.told(*who, question).await;
                if *who == 1 {
                    assert_eq!(told, alone.told(1, question).await, "{question:?}");
                    assert!(!names_ann(&told.1), "{question:?}: {told:?}");
                }
            }
        });
    }
}

/// Every route in turn, by the one and then by the other, and then everything is asked again.
#[tokio::test]
async fn nobody_is_told_of_another_at_any_route() {
    let dir = tempfile::tempdir().unwrap();
    let (shared, alone) = (server(dir.path()), server(dir.path()));
    let all = all();
    let mut done = 0;
    for question in all.iter().chain(&all) {
        let (first, _) = shared.told(0, question).await;
        done += usize::from(first < 300);
    }
    assert!(done > all.len(), "too few of {} questions were worth asking: {done}", 2 * all.len());
    for question in all.iter().chain(&all) {
        let told = shared.told(1, question).await;
        assert_eq!(told, alone.told(1, question).await, "{question:?}");
        assert!(!names_ann(&told.1), "{question:?}: {told:?}");
    }
}

#[test]
fn what_is_alike_is_still_told_apart() {
    assert_eq!(alike(r#"{"at":"2026-11-22T10:00:00.5Z","n":3}"#), r#"{"at":"~","n":3}"#);
    assert_ne!(alike(r#"{"n":3}"#), alike(r#"{"n":4}"#));
}
