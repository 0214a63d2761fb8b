//! A stand-in for Stripe's interface: `GET` and `POST /v1/disputes/{id}`, `POST /v1/files`, with the
//! documented limits, and faults on demand.

use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

pub(super) const KEY: &str = "sk_test_a_secret_nobody_may_print";

/// Text fields of evidence with a limit of 20,000 characters.
const LONG: [&str; 8] = [
    "access_activity_log",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "duplicate_charge_explanation",
    "product_description",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "uncategorized_text",
];
/// The others that are taken.
const SHORT: [&str; 5] = [
    "customer_name",
    "customer_email_address",
    "customer_purchase_ip",
    "service_date",
    "billing_address",
];

/// What happens to a call instead of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// This status, and nothing is done. One of 500 and above is kept under the key of the call, as any answer;
    /// 500 says itself that trying again is no use.
    Status(u16),
    /// The connection is closed, and nothing is done.
    CutBefore,
    /// It is done, and the connection closed.
    CutAfter,
    /// Nothing is done, and no answer comes.
    HangBefore,
    /// It is done, and no answer comes.
    HangAfter,
}

#[derive(Default)]
struct State {
    disputes: BTreeMap<String, Value>,
    files: BTreeMap<String, usize>,
    /// Forms that were sent for good.
    submitted: Vec<BTreeMap<String, String>>,
    staged: Vec<BTreeMap<String, String>>,
    /// Answers by idempotency key, with what was asked.
    known: BTreeMap<String, (Vec<u8>, (u16, Value))>,
    /// For calls whose path and body hold the text, in order.
    faults: VecDeque<(&'static str, Fault)>,
    calls: Vec<String>,
    held: Vec<TcpStream>,
}

pub(super) struct Fake {
    pub(super) url: String,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Fake {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new((Mutex::new(State::default()), Condvar::new()));
        let shared = state.clone();
        // Ends with the process: it waits for whoever calls next.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = shared.clone();
                std::thread::spawn(move || serve(stream.unwrap(), &shared));
            }
        });
        Self { url, state }
    }

    pub(super) fn dispute(&self, id: &str, network: &str) {
        let dispute = json!({"object": "dispute", "id": id, "status": "needs_response",
            "amount": 4900, "currency": "eur", "charge": "ch_3licence", "payment_intent": null,
            "enhanced_eligibility_types": ["visa_compelling_evidence_3"],
            "evidence_details": {"due_by": 4_000_000_000_u64, "past_due": false,
                "submission_count": 0, "has_evidence": false},
            "payment_method_details": {"type": "card", "card": {"network": network}}});
        self.state.0.lock().unwrap().disputes.insert(id.to_owned(), dispute);
    }

    pub(super) fn set(&self, id: &str, pointer: &str, value: Value) {
        let mut state = self.state.0.lock().unwrap();
        *state.disputes.get_mut(id).unwrap().pointer_mut(pointer).unwrap() = value;
    }

    pub(super) fn fault(&self, of: &'static str, fault: Fault) {
        self.state.0.lock().unwrap().faults.push_back((of, fault));
    }

    pub(super) fn submitted(&self) -> Vec<BTreeMap<String, String>> {
        self.state.0.lock().unwrap().submitted.clone()
    }

    pub(super) fn staged(&self) -> Vec<BTreeMap<String, String>> {
        self.state.0.lock().unwrap().staged.clone()
    }

    pub(super) fn calls(&self) -> Vec<String> {
        self.state.0.lock().unwrap().calls.clone()
    }

    /// Waits until a fault has happened.
    pub(super) fn wait_for_fault(&self) {
        let (state, changed) = &*self.state;
        let all = state.lock().unwrap();
        drop(changed.wait_while(all, |state| !state.faults.is_empty()).unwrap());
    }
}

struct Asked {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path, headers, body })
}

fn serve(stream: TcpStream, shared: &(Mutex<State>, Condvar)) {
    let Some(asked) = read(&stream) else { return };
    let mut state = shared.0.lock().unwrap();
    state.calls.push(format!("{} {}", asked.method, asked.path));
    let text = format!("{} {}", asked.path, String::from_utf8_lossy(&asked.body));
    let fault = state.faults.front().copied().filter(|(of, _)| text.contains(of));
    if fault.is_some() {
        state.faults.pop_front();
        shared.1.notify_all();
    }
    let fault = fault.map(|(_, fault)| fault);
    match fault {
        Some(Fault::Status(status)) => {
            let error = json!({"error": {"type": "api_error", "message": "try later"}});
            if let Some(key) = asked.headers.get("idempotency-key").filter(|_| status >= 500) {
                let kept = (asked.body.clone(), (status, error.clone()));
                state.known.entry(key.clone()).or_insert(kept);
            }
            return respond(&stream, status, &error);
        }
        Some(Fault::CutBefore) => return,
        Some(Fault::HangBefore) => return state.held.push(stream),
        _ => {}
    }
    let (status, answer) = answer(&mut state, &asked);
    match fault {
        Some(Fault::CutAfter) => {}
        Some(Fault::HangAfter) => state.held.push(stream),
        _ => respond(&stream, status, &answer),
    }
}

fn respond(mut stream: &TcpStream, status: u16, body: &Value) {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{}content-length: {}\r\n\r\n",
        if status == 500 { "stripe-should-retry: false\r\n" } else { "" },
        body.len()
    );
    let _ = stream.write_all((head + &body).as_bytes());
}

fn error(status: u16, code: &str, message: &str) -> (u16, Value) {
    (status, json!({"error": {"type": "invalid_request_error", "code": code, "message": message}}))
}

fn answer(state: &mut State, asked: &Asked) -> (u16, Value) {
    if asked.headers.get("authorization") != Some(&format!("Bearer {KEY}")) {
        return error(401, "api_key_invalid", "Invalid API Key provided");
    }
    if asked.method == "GET" {
        let id = asked.path.rsplit('/').next().unwrap();
        let found = state.disputes.get(id).cloned();
        return found
            .map_or_else(|| error(404, "resource_missing", "No such dispute"), |d| (200, d));
    }
    let Some(key) = asked.headers.get("idempotency-key").cloned() else {
        return error(400, "test", "a writing call without an idempotency key");
    };
    if let Some((body, answer)) = state.known.get(&key) {
        if *body != asked.body {
            return error(
                400,
                "idempotency_error",
                "Keys for idempotent requests can only be used with the same parameters",
            );
        }
        return answer.clone();
    }
    let answer = match asked.path.as_str() {
        "/v1/files" => upload(state, asked),
        path => update(state, path.rsplit('/').next().unwrap(), &asked.body),
    };
    state.known.insert(key, (asked.body.clone(), answer.clone()));
    answer
}

fn upload(state: &mut State, asked: &Asked) -> (u16, Value) {
    let kind = &asked.headers["content-type"];
    let boundary = kind.split("boundary=").nth(1).unwrap();
    let text = String::from_utf8_lossy(&asked.body);
    let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
    let part = |name: &str| parts.iter().find(|part| part.contains(&format!("name=\"{name}\"")));
    if !part("purpose").is_some_and(|part| part.contains("\r\n\r\ndispute_evidence\r\n")) {
        return error(400, "parameter_missing", "purpose");
    }
    let Some(file) = part("file") else { return error(400, "parameter_missing", "file") };
    if !file.contains("\r\n\r\n%PDF-") || !file.contains("Content-Type: application/pdf") {
        return error(400, "invalid_file", "the file must be PDF, JPEG or PNG");
    }
    if asked.body.len() > 4_500_000 {
        return error(400, "file_too_large", "over 4.5 MB");
    }
    let id = format!("file_{}", state.files.len() + 1);
    state.files.insert(id.clone(), asked.body.len());
    (200, json!({"object": "file", "id": id, "purpose": "dispute_evidence", "type": "pdf"}))
}

fn update(state: &mut State, id: &str, body: &[u8]) -> (u16, Value) {
    let form = decoded(body);
    let Some(dispute) = state.disputes.get(id) else {
        return error(404, "resource_missing", "No such dispute");
    };
    let status = dispute["status"].as_str().unwrap().to_owned();
    if !status.ends_with("needs_response") {
        return error(400, "dispute_evidence_already_submitted", "evidence was submitted already");
    }
    if let Some(wrong) = wrong(state, &form) {
        return error(400, "parameter_invalid", &wrong);
    }
    let submit = form.get("submit").is_none_or(|submit| submit == "true");
    let dispute = state.disputes.get_mut(id).unwrap();
    dispute["evidence_details"]["has_evidence"] = json!(true);
    if submit {
        let count = dispute["evidence_details"]["submission_count"].as_i64().unwrap();
        dispute["evidence_details"]["submission_count"] = json!(count + 1);
        dispute["status"] = json!(status.replace("needs_response", "under_review"));
    }
    let answer = dispute.clone();
    (if submit { &mut state.submitted } else { &mut state.staged }).push(form);
    (200, answer)
}

/// What of a form is against the documentation.
fn wrong(state: &State, form: &BTreeMap<String, String>) -> Option<String> {
    let mut all = 0;
    for (name, value) in form {
        let steps: Vec<&str> = name.split('[').map(|step| step.trim_end_matches(']')).collect();
        let chars = value.chars().count();
        all += chars;
        match steps.as_slice() {
            ["submit"] if value == "true" || value == "false" => {}
            ["evidence", "uncategorized_file"] if state.files.contains_key(value) => {}
            ["evidence", field] if LONG.contains(field) && chars <= 20_000 => {}
            ["evidence", field] if SHORT.contains(field) && chars <= 5_000 => {}
            ["evidence", "enhanced_evidence", "visa_compelling_evidence_3", more @ ..] => {
                let field = *more.last().unwrap();
                let least = match field {
                    "customer_device_fingerprint" => 20,
                    "customer_device_id" => 15,
                    _ => 1,
                };
                if field == "charge" && !value.starts_with("ch_") && !value.starts_with("py_") {
                    return Some(format!("{name} is no charge"));
                }
                if chars < least {
                    return Some(format!("{name} is too short"));
                }
            }
            _ => return Some(format!("{name} of {chars} characters")),
        }
    }
    if all > 150_000 {
        return Some(format!("{all} characters in all"));
    }
    let prior =
        |number: &str| form.keys().any(|name| name.contains(&format!("transactions][{number}]")));
    let ce3 = form.keys().any(|name| name.contains("visa_compelling_evidence_3"));
    (ce3 && (!prior("0") || !prior("1") || prior("2"))).then(|| "not two prior transactions".into())
}

fn decoded(body: &[u8]) -> BTreeMap<String, String> {
    let text = std::str::from_utf8(body).unwrap();
    let plain = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => {
                    let pair = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap()
                }
                b'+' => b' ',
                byte => byte,
            });
        }
        String::from_utf8(bytes).unwrap()
    };
    let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (plain(name), plain(value))).collect()
}
