//! Disputes from Stripe's webhook to the evidence Stripe took, by the real program and a stand-in for Stripe.

mod fake;

use crate::serve::{Server, vouch};
use fake::{Fake, Fault, KEY};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};
use vouch::disputes::stripe::signature;
use vouch::domain::Timestamp;

const SECRET: &str = "whsec_for_the_real_program";

#[expect(clippy::disallowed_methods, reason = "a signature is of the time it is made")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

fn case() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cases/licence.json");
    // Moved to the past: nothing kept may come from the future.
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text.replace("2026-", "2024-")).unwrap()
}

fn event(id: &str, kind: &str, status: &str, age_s: i64) -> Value {
    json!({"object": "event", "id": id, "type": kind, "created": now().millis() / 1_000 - age_s,
        "data": {"object": {"object": "dispute", "id": "dp_1", "amount": 4900, "currency": "eur",
            "charge": "ch_3licence", "created": 1_733_043_600, "status": status,
            "reason": "fraudulent", "evidence_details": {"due_by": 4_000_000_000_u64},
            "payment_method_details": {"type": "card", "card": {"network": "visa",
                "network_reason_code": "10.4", "case_type": "chargeback"}}}}})
}

/// An earlier purchase of the same buyer, and that it was paid.
fn earlier(sale: &Value, days: u32, at: &str) -> (Value, Value) {
    let mut sale = sale.clone();
    let id = format!("tx-old-{days}");
    sale["transaction_id"] = json!(id);
    sale["order_id"] = json!(format!("o-old-{days}"));
    sale["event_time"] = json!(at);
    sale["payment"]["processor_reference"] = json!(format!("ch_{days}"));
    sale.as_object_mut().unwrap().remove("terms");
    let paid = json!({"event_id": format!("paid-{days}"), "type": "capture", "event_time": at,
        "transaction_id": id});
    (sale, paid)
}

/// A directory with a sale, its events and a dispute that came by webhook.
struct Case {
    dir: tempfile::TempDir,
    fake: Fake,
}

fn config(data: &Path, more: &str) -> String {
    let file = data.with_extension("webhooks");
    std::fs::write(&file, SECRET).unwrap();
    format!("[stripe]\nwebhook_secrets = {:?}\n{more}", file.to_str().unwrap())
}

fn hear(server: &Server, message: &Value) -> (u16, Value) {
    let body = message.to_string();
    let signature = signature::header(SECRET, body.as_bytes(), now());
    let more = format!("stripe-signature: {signature}\r\n");
    server.connect().ask_with("POST", "/v1/webhooks/stripe", &body, &more).unwrap()
}

impl Case {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let this = Self { dir, fake: Fake::start() };
        let server = Server::start(&this.data(), &config(&this.data(), ""));
        let case = case();
        let (status, said) = server.ask("POST", "/v1/score", &case["transaction"].to_string());
        assert_eq!(status, 200, "{said}");
        let (status, said) = server.ask("POST", "/v1/events", &case["events"].to_string());
        // One of them shows a card number.
        assert_eq!((status, &said["refused"]), (200, &json!(1)), "{said}");
        for (days, at) in [(150, "2024-06-23T10:15:00Z"), (200, "2024-05-04T10:15:00Z")] {
            let (sale, paid) = earlier(&case["transaction"], days, at);
            assert_eq!(server.ask("POST", "/v1/score", &sale.to_string()).0, 200);
            assert_eq!(server.ask("POST", "/v1/events", &paid.to_string()).0, 200);
        }
        let created = event("evt_1", "charge.dispute.created", "needs_response", 60);
        let (status, said) = hear(&server, &created);
        assert_eq!((status, &said["transaction_id"]), (200, &json!("tx-1001")), "{said}");
        let (_, again) = hear(&server, &created);
        assert_eq!(again["repeated"], true);
        server.stop();
        this.fake.dispute("dp_1", "visa");
        let files = [("key", KEY.to_owned()), ("toml", settings(""))];
        for (end, text) in files {
            std::fs::write(this.data().with_extension(end), text).unwrap();
        }
        this
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn command(&self, what: &str) -> std::process::Command {
        let (key, toml) = (self.data().with_extension("key"), self.data().with_extension("toml"));
        let mut command =
            vouch(&["dispute", what, "dp_1", "--base-url", &self.fake.url], &self.data());
        command.arg("--secret-key").arg(key).arg("--config").arg(toml);
        command.env_remove("VOUCH_STRIPE_SECRET_KEY");
        command
    }

    /// Exit code, standard output and standard error.
    fn run(&self, what: &str) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.command(what).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(stdout), text(stderr));
        assert!(!out.contains(KEY) && !err.contains(KEY), "the key is printed");
        (status.code().unwrap(), out, err)
    }

    /// Where the dispute stands by the record: our word and the processor's.
    fn status(&self) -> (String, String) {
        let output = vouch(&["dispute", "show", "dp_1", "--json"], &self.data()).output().unwrap();
        let dispute: Value = serde_json::from_slice(&output.stdout).unwrap();
        let word = |name: &str| dispute[name].as_str().unwrap().to_owned();
        (word("status"), word("processor_status"))
    }

    /// Kinds of the steps on record.
    fn steps(&self) -> Vec<String> {
        let args = ["ledger", "list", "--json", "--limit", "1000"];
        let output = vouch(&args, &self.data()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let types = rows.map(|row| row["type"].as_str().unwrap_or_default().to_owned());
        let mut steps: Vec<_> = types.filter(|kind| kind.starts_with("evidence.")).collect();
        steps.sort();
        steps
    }
}

fn settings(more: &str) -> String {
    format!("[stripe]\nretries = 2\nbackoff_ms = 1\ntimeout_ms = 20000\n{more}")
}

#[test]
fn evidence_is_handed_over_and_sent_once() {
    let case = Case::new();
    let (code, out, err) = case.run("stage");
    assert_eq!((code, out.trim()), (0, "dp_1  staged  needs_response"), "{err}");
    assert_eq!((case.fake.staged().len(), case.fake.submitted().len()), (1, 0));
    let (code, out, err) = case.run("submit");
    assert_eq!((code, out.trim()), (0, "dp_1  submitted  under_review"), "{err}");
    let (staged, submitted) = (case.fake.staged(), case.fake.submitted());
    let form = &submitted[0];
    assert_eq!(form["submit"], "true");
    assert_eq!(form["evidence[customer_email_address]"], "j.doe@example.com");
    assert_eq!(form["evidence[uncategorized_file]"], "file_1", "the same packet is one file");
    assert!(form["evidence[access_activity_log]"].contains("EXHIBIT B"));
    let ce3 = "evidence[enhanced_evidence][visa_compelling_evidence_3]";
    let of = |name: &str| form.get(&format!("{ce3}{name}")).map(String::as_str);
    assert_eq!(of("[disputed_transaction][customer_purchase_ip]"), Some("81.2.69.142"));
    assert_eq!(of("[prior_undisputed_transactions][0][charge]"), Some("ch_150"));
    assert_eq!(of("[prior_undisputed_transactions][1][charge]"), Some("ch_200"));
    let without = |form: &std::collections::BTreeMap<String, String>| {
        let mut form = form.clone();
        form.remove("submit");
        form
    };
    assert_eq!(without(&staged[0]), without(form), "handing over changes no evidence");
    let steps = ["evidence.staged", "evidence.submitted", "evidence.submitting"];
    assert_eq!(case.steps(), steps);
    assert_eq!(case.status(), ("under_review".to_owned(), "under_review".to_owned()));
    for what in ["submit", "stage"] {
        let (code, _, err) = case.run(what);
        assert!(code == 2 && err.contains("was sent already on"), "{err}");
    }
    assert_eq!(case.fake.submitted().len(), 1);
    // A message of before that comes late does not make it wait again; one of after stands.
    let server = Server::start(&case.data(), &config(&case.data(), ""));
    let late = event("evt_0", "charge.dispute.funds_withdrawn", "needs_response", 3_600);
    assert_eq!(hear(&server, &late).1["status"], "under_review");
    assert_eq!(
        hear(&server, &event("evt_9", "charge.dispute.closed", "won", 0)).1["status"],
        "won"
    );
    assert_eq!(hear(&server, &late).1["repeated"], true);
    server.stop();
    assert_eq!(case.status().0, "won");
}

#[test]
fn what_passes_is_tried_again_and_done_once() {
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(429),
        Fault::CutBefore,
        Fault::CutAfter,
    ] {
        let case = Case::new();
        case.fake.fault("/v1/files", fault);
        case.fake.fault("submit=true", fault);
        let (code, out, err) = case.run("submit");
        assert_eq!((code, out.trim()), (0, "dp_1  submitted  under_review"), "{fault:?} {err}");
        assert_eq!(case.fake.submitted().len(), 1, "{fault:?}");
    }
}

#[test]
fn a_lost_answer_is_found_by_the_next_run() {
    let case = Case::new();
    // It arrives at the first try, and every answer is lost.
    case.fake.fault("submit=true", Fault::CutAfter);
    case.fake.fault("submit=true", Fault::CutBefore);
    case.fake.fault("submit=true", Fault::CutBefore);
    let (code, _, err) = case.run("submit");
    assert!(code == 2 && err.contains("no answer after 3 tries"), "{err}");
    assert_eq!(
        (case.steps(), case.fake.submitted().len()),
        (vec!["evidence.submitting".into()], 1)
    );
    let (code, out, err) = case.run("submit");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("was submitted already"), "{out}");
    assert_eq!(case.steps(), ["evidence.submitted", "evidence.submitting"]);
    assert_eq!(case.status().0, "under_review", "the found answer is a report as well");
    assert_eq!(case.run("submit").0, 2);
    assert_eq!(case.fake.submitted().len(), 1);
}

#[test]
fn kill_9_at_any_place_sends_no_second_time() {
    for (at, fault, arrived) in [
        ("submit=true", Fault::HangAfter, true),
        ("submit=true", Fault::HangBefore, false),
        ("/v1/files", Fault::HangAfter, false),
    ] {
        let case = Case::new();
        case.fake.fault(at, fault);
        let mut child = case.command("submit").spawn().unwrap();
        case.fake.wait_for_fault();
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        assert_eq!(case.fake.submitted().len(), usize::from(arrived));
        let (code, out, err) = case.run("submit");
        assert_eq!(code, 0, "{at} {fault:?} {err}");
        assert_eq!(out.contains("already"), arrived, "{out}");
        assert_eq!(case.fake.submitted().len(), 1, "{at} {fault:?}");
        assert_eq!(case.run("submit").0, 2);
        assert_eq!(case.fake.submitted().len(), 1, "{at} {fault:?}");
    }
}

#[test]
fn a_refusal_closes_the_try_and_what_must_not_be_sent_is_not() {
    let case = Case::new();
    case.fake.fault("submit=true", Fault::Status(400));
    let (code, _, err) = case.run("submit");
    assert!(code == 2 && err.contains("refused with 400"), "{err}");
    assert_eq!(case.steps(), ["evidence.refused", "evidence.submitting"]);
    for (pointer, value, said) in [
        ("/evidence_details/due_by", json!(0), "takes no evidence any more"),
        ("/evidence_details/due_by", json!(1_000_000_000), "since 2001-09-09"),
        ("/evidence_details/past_due", json!(true), "takes no evidence any more"),
        ("/status", json!("lost"), "does not wait for evidence"),
        ("/amount", json!(4901), "another payment or amount"),
        ("/currency", json!("usd"), "another payment or amount"),
        ("/charge", json!("ch_another"), "another payment or amount"),
    ] {
        case.fake.dispute("dp_1", "visa");
        case.fake.set("dp_1", pointer, value);
        let (code, _, err) = case.run("submit");
        assert!(code == 2 && err.contains(said), "{pointer}: {err}");
    }
    let uploads = case.fake.calls().iter().filter(|call| *call == "POST /v1/files").count();
    assert_eq!(uploads, 1, "of the first try only");
    case.fake.dispute("dp_1", "visa");
    let (code, out, err) = case.run("submit");
    assert_eq!((code, out.trim()), (0, "dp_1  submitted  under_review"), "{err}");
    assert_eq!(case.fake.submitted().len(), 1);

    for (keys, said) in [
        ("sk_t\u{e4}st", "not one line of visible characters"),
        ("now three words", "line 1 of the secret keys"),
        ("other sk_test_of_another", "no secret key is set for this tenant"),
    ] {
        std::fs::write(case.data().with_extension("key"), keys).unwrap();
        let (code, _, err) = case.run("submit");
        assert!(code == 2 && err.contains(said), "{err}");
    }
    std::fs::write(case.data().with_extension("key"), "sk_test_wrong").unwrap();
    let other = Case::new();
    std::fs::write(other.data().with_extension("key"), "sk_test_wrong").unwrap();
    let (code, _, err) = other.run("submit");
    assert!(code == 2 && err.contains("401"), "{err}");
    let args = ["dispute", "submit", "dp_1", "--base-url", "http://192.0.2.1"];
    let mut command = vouch(&args, &other.data());
    command.arg("--secret-key").arg(other.data().with_extension("key"));
    let said = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(said.contains("without TLS only this machine is asked"), "{said}");
}

#[test]
fn a_failure_kept_under_its_key_does_not_cost_the_case() {
    let case = Case::new();
    case.fake.fault("submit=true", Fault::Status(500));
    let (code, out, err) = case.run("submit");
    assert_eq!((code, out.trim()), (0, "dp_1  submitted  under_review"), "{err}");
    let steps = ["evidence.submitted", "evidence.submitting", "evidence.submitting"];
    assert_eq!(case.steps(), steps, "the second key was on disk before it was used");
    assert_eq!(case.fake.submitted().len(), 1);
    // Done, and failed all the same: the next key finds it sent.
    let case = Case::new();
    case.fake.fault("submit=true", Fault::CutAfter);
    case.fake.fault("submit=true", Fault::Status(500));
    let (code, out, err) = case.run("submit");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("was submitted already"), "{out}");
    assert_eq!(case.fake.submitted().len(), 1);
    // It fails for good: the try stays open, and a later run ends it.
    let case = Case::new();
    for _ in 0..3 {
        case.fake.fault("submit=true", Fault::Status(500));
    }
    let (code, _, err) = case.run("submit");
    assert!(code == 2 && err.contains("whether it was done is not known"), "{err}");
    assert_eq!(case.steps(), ["evidence.submitting"; 3]);
    assert_eq!(case.run("submit").0, 0);
    assert_eq!(case.fake.submitted().len(), 1);
}

#[test]
fn an_open_try_is_neither_staged_over_nor_sent_too_late() {
    let case = Case::new();
    for _ in 0..3 {
        case.fake.fault("submit=true", Fault::CutBefore);
    }
    assert_eq!(case.run("submit").0, 2);
    let (code, _, err) = case.run("stage");
    assert!(code == 2 && err.contains("an earlier try to submit is open"), "{err}");
    assert_eq!((case.fake.staged().len(), case.fake.submitted().len()), (0, 0));
    case.fake.set("dp_1", "/evidence_details/due_by", json!(1_000_000_000));
    let (code, _, err) = case.run("submit");
    assert!(code == 2 && err.contains("since 2001-09-09"), "{err}");
    assert_eq!(case.fake.submitted().len(), 0);
    assert_eq!(case.steps(), ["evidence.refused", "evidence.submitting"]);
    // Answered in the dashboard: found, and recorded once.
    case.fake.dispute("dp_1", "visa");
    case.fake.set("dp_1", "/evidence_details/submission_count", json!(1));
    for said in ["was sent already", "was sent already on"] {
        let (code, _, err) = case.run("submit");
        assert!(code == 2 && err.contains(said), "{err}");
    }
    assert_eq!(case.steps(), ["evidence.refused", "evidence.submitted", "evidence.submitting"]);
}

#[test]
fn an_inquiry_and_its_chargeback_are_answered_once_each() {
    let case = Case::new();
    case.fake.set("dp_1", "/status", json!("warning_needs_response"));
    assert!(case.run("submit").1.contains("submitted  warning_under_review"));
    assert!(case.run("submit").2.contains("was sent already on"));
    case.fake.set("dp_1", "/status", json!("needs_response"));
    // The first answer is lost: what counts is that it is under review now.
    for fault in [Fault::CutAfter, Fault::CutBefore, Fault::CutBefore] {
        case.fake.fault("submit=true", fault);
    }
    assert_eq!(case.run("submit").0, 2);
    let (code, out, err) = case.run("submit");
    assert!(code == 0 && out.contains("was submitted already"), "{out} {err}");
    assert!(case.run("submit").2.contains("was sent already on"));
    assert_eq!(case.fake.submitted().len(), 2);
}

#[test]
fn the_server_sends_by_request_and_by_policy() {
    let case = Case::new();
    let key = case.data().with_extension("key");
    let more = |policy: &str| {
        let url = &case.fake.url;
        let own = format!(
            "secret_key = {:?}\nbase_url = {url:?}\nfiles_url = {url:?}\nbackoff_ms = 1\n{policy}",
            key.to_str().unwrap()
        );
        config(&case.data(), &own)
    };
    let server = Server::start(&case.data(), &more(""));
    let (status, staged) = server.ask("POST", "/v1/disputes/dp_1/stage", "");
    assert_eq!((status, &staged["done"]), (200, &json!("staged")), "{staged}");
    assert_eq!(server.ask("POST", "/v1/disputes/dp_none/submit", "").0, 404);
    case.fake.fault("submit=true", Fault::Status(400));
    let (status, refused) = server.ask("POST", "/v1/disputes/dp_1/submit", "");
    assert_eq!((status, &refused["error"]["code"]), (502, &json!("processor_refused")));
    let (status, sent) = server.ask("POST", "/v1/disputes/dp_1/submit", "");
    assert_eq!((status, &sent["done"]), (200, &json!("submitted")), "{sent}");
    let (status, again) = server.ask("POST", "/v1/disputes/dp_1/submit", "");
    assert_eq!((status, &again["error"]["code"]), (409, &json!("already_sent")), "{again}");
    server.wait_for_metric("vouch_evidence_total{outcome=\"submitted\"} 1");

    // Another case, due in five hours: told, and sent by the policy when the server next looks.
    case.fake.dispute("dp_2", "visa");
    let mut soon = event("evt_2", "charge.dispute.created", "needs_response", 30);
    soon["data"]["object"]["id"] = json!("dp_2");
    let due = now().millis() / 1_000 + 5 * 3_600;
    soon["data"]["object"]["evidence_details"]["due_by"] = json!(due);
    assert_eq!(hear(&server, &soon).0, 200);
    server.stop();
    let policy = "[stripe.auto_submit]\nenabled = true\n";
    let server = Server::start(&case.data(), &more(policy));
    server.wait_for_metric("vouch_evidence_total{outcome=\"submitted\"} 1");
    server.wait_for_metric("vouch_dispute_alarms_total{hours=\"6\"} 1");
    server.wait_for_metric("vouch_disputes_waiting{alarm=\"6\"} 1");
    server.stop();
    let again = Server::start(&case.data(), &more(policy));
    again.wait_for_metric("vouch_disputes_waiting{alarm=\"6\"} 0");
    let page = again.metrics();
    assert!(!page.contains("vouch_dispute_alarms_total{hours"), "told once: {page}");
    again.stop();
    assert_eq!(case.fake.submitted().len(), 2);
    let list = vouch(&["dispute", "list"], &case.data()).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.lines().all(|line| line.contains("  under_review  ")), "{list}");
    assert!(!list.contains("alarm"), "{list}");
    assert!(!std::fs::read_to_string(case.data().with_extension("log")).unwrap().contains(KEY));
}

#[test]
fn disputes_of_any_processor_come_by_request_and_by_table() {
    let case = Case::new();
    let server = Server::start(&case.data(), "");
    let report = json!({"id": "adyen-1", "processor": "adyen", "network": "mastercard",
        "network_reason_code": "4853", "amount": {"value": "49.00", "currency": "EUR"},
        "payment_reference": "ch_3licence", "opened_at": "2024-12-01T09:00:00Z", "arn": "x",
        "evidence_due_by": "2099-01-01T00:00:00+02:00"});
    let (status, taken) = server.ask("POST", "/v1/disputes", &report.to_string());
    assert_eq!((status, &taken["sale_found"]), (200, &json!(true)), "{taken}");
    assert_eq!(taken["dispute"]["transaction_id"], "tx-1001");
    assert_eq!(taken["deadline"]["due_by"], "2098-12-31T22:00:00Z");
    assert_eq!(taken["warnings"][0]["pointer"], "/arn");
    let (_, again) = server.ask("POST", "/v1/disputes", &report.to_string());
    assert_eq!(again["repeated"], true);
    let mut of_stripe = report.clone();
    of_stripe["processor"] = json!("stripe");
    let (status, error) = server.ask("POST", "/v1/disputes", &of_stripe.to_string());
    assert_eq!((status, &error["error"]["code"]), (422, &json!("invalid_field")), "{error}");
    assert!(error.to_string().contains("/v1/webhooks/stripe"), "{error}");
    let (status, error) = server.ask("POST", "/v1/disputes", r#"{"id":"x"}"#);
    assert_eq!((status, &error["error"]["code"]), (422, &json!("invalid_field")));
    let (status, error) = server.ask("POST", "/v1/disputes/adyen-1/submit", "");
    assert_eq!(status, 422, "{error}");
    let (status, _) = server.ask("GET", "/v1/disputes/adyen-1/packet", "");
    assert_eq!(status, 200);
    server.stop();
    let csv = case.dir.path().join("disputes.csv");
    std::fs::write(
        &csv,
        "id,processor,network,network_reason_code,amount,currency,transaction_id,opened_at,status,note\n\
         pp-1,paypal,paypal,UNAUTHORISED,49.00,EUR,tx-1001,2024-12-02T00:00:00Z,,hello\n\
         pp-2,paypal,,,10.00,USD,,2024-12-02T00:00:00Z,lost,\n\
         pp-3,paypal,,,ten,USD,,2024-12-02T00:00:00Z,,\n",
    )
    .unwrap();
    let import = || {
        let args = ["dispute", "import", csv.to_str().unwrap()];
        let output = vouch(&args, &case.data()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = import();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("line 4: "), "{said}");
    assert!(
        said.contains("2 new reports, 0 known before, 1 without their sale; 1 bad row"),
        "{said}"
    );
    assert!(import().1.contains("0 new reports, 2 known before"));
    let list = vouch(&["dispute", "list", "--json"], &case.data()).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert_eq!(list.lines().count(), 4, "{list}");
    assert!(list.contains(r#""id":"pp-2""#) && list.contains(r#""status":"lost""#));
}

#[test]
fn the_worklist_says_what_to_do_over_http_and_on_the_terminal() {
    let case = Case::new();
    let server = Server::start(&case.data(), &config(&case.data(), ""));
    let (status, list) = server.ask("GET", "/v1/worklist?limit=10", "");
    assert_eq!((status, &list["rest"]), (200, &json!(0)), "{list}");
    let item = &list["items"][0];
    assert_eq!((&item["id"], &item["kind"]), (&json!("dp_1"), &json!("dispute")));
    assert_eq!(item["liability_moves"], true, "two undisputed purchases: {item}");
    assert_eq!((&item["win"]["bp"], &item["win"]["cases"]), (&json!(5000), &json!(0)));
    assert!(item["win"]["low_bp"].as_u64() < item["win"]["high_bp"].as_u64());
    assert_eq!(
        (&item["advice"], &item["choices"][0]["advice"]),
        (&json!("fight"), &json!("fight"))
    );
    let vamp = &list["monitoring"][0];
    assert_eq!((&vamp["programme"], &vamp["lower_bound"]), (&json!("VAMP"), &json!(true)));
    for query in ["limit=0", "limit=1001", "other=1"] {
        let (status, error) = server.ask("GET", &format!("/v1/worklist?{query}"), "");
        assert_eq!((status, &error["error"]["code"]), (422, &json!("invalid_field")), "{query}");
    }
    server.stop();
    let run = |args: &[&str]| {
        let output =
            vouch(&[&["dispute", "worklist"], args].concat(), &case.data()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = run(&[]);
    let line = text.lines().next().unwrap();
    assert!(
        line.starts_with("fight   dp_1  dispute  visa 10.4  fraud_cnp  49.00 EUR  gains "),
        "{text}"
    );
    assert!(line.contains("0 own cases, prior single"), "{text}");
    assert!(text.contains("VAMP  visa ") && text.contains("no fraud report was ever received"));
    let told: Value = serde_json::from_str(&run(&["--json"])).unwrap();
    assert_eq!(told["items"][0]["win"], list["items"][0]["win"]);
}

#[test]
fn what_is_unknown_missing_or_too_large_is_said() {
    let case = Case::new();
    let mut foreign = event("evt_7", "charge.dispute.created", "needs_response", 30);
    foreign["data"]["object"]["id"] = json!("dp_7");
    foreign["data"]["object"]["charge"] = json!("ch_of_nobody");
    let key = case.data().with_extension("key");
    let (key, url) = (key.to_str().unwrap(), &case.fake.url);
    let own = format!("secret_key = {key:?}\nbase_url = {url:?}\nfiles_url = {url:?}\n");
    let server = Server::start(&case.data(), &config(&case.data(), &own));
    // A body too large is refused before its signature is looked at, and one signed by nobody is counted.
    let large = format!("{{\"pad\":\"{}\"}}", "x".repeat(1 << 20));
    let (status, error) =
        server.connect().ask_with("POST", "/v1/webhooks/stripe", &large, "").unwrap();
    assert_eq!((status, &error["error"]["code"]), (413, &json!("body_too_large")));
    let header = "stripe-signature: t=1,v1=00\r\n";
    let (status, error) =
        server.connect().ask_with("POST", "/v1/webhooks/stripe", "{}", header).unwrap();
    assert_eq!((status, &error["error"]["code"]), (401, &json!("bad_signature")));
    server.wait_for_metric("vouch_not_admitted_total{error=\"bad_signature\"} 1");
    // No such dispute.
    for (method, path) in [("GET", "packet"), ("POST", "stage"), ("POST", "submit")] {
        let (status, error) = server.ask(method, &format!("/v1/disputes/dp_none/{path}"), "");
        assert_eq!((status, &error["error"]["code"]), (404, &json!("not_found")), "{path}");
    }
    // A dispute of a sale nobody recorded: kept, listed with no evidence, and never sent.
    let (status, said) = hear(&server, &foreign);
    assert_eq!((status, &said["transaction_id"]), (200, &Value::Null), "{said}");
    case.fake.dispute("dp_7", "visa");
    case.fake.set("dp_7", "/charge", json!("ch_of_nobody"));
    let (status, error) = server.ask("POST", "/v1/disputes/dp_7/submit", "");
    assert_eq!(status, 422, "{error}");
    assert!(error.to_string().contains("the sale is not recorded"), "{error}");
    let (_, list) = server.ask("GET", "/v1/worklist", "");
    let items = list["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["id"] == "dp_7").unwrap();
    assert_eq!(item["evidence"]["bp"], 0, "{item}");
    server.stop();
    for what in ["show", "packet", "ce3"] {
        let output = vouch(&["dispute", what, "dp_none"], &case.data()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{what}");
        assert!(said.contains("no dispute `dp_none` is recorded"), "{what}: {said}");
    }
    assert!(case.fake.submitted().is_empty());
}
