//! `POST /minfraud/v2.0/transactions/report`: what a transaction turned out to be, as a label.
//!
//! The tags of the format can't tell theft from a buyer's remorse; the network's code of a chargeback can.
//! Refused, rather than taken and dropped: a report that names an address alone (it would label everybody
//! who ever shared it), and `clear`, as a label here is followed by another and never taken back.
//!
//! A report is about a transaction of the client's, which may have been scored more than once, with other
//! values each time: each scoring gets the label, for each is a row that a model learns from.
//!
//! A report has no id. The same body within some minutes is the same report; later it is another, as a sale
//! may be found fraud, then not, then fraud after all.

use super::super::access::Caller;
use super::super::blocking::apart;
use super::super::body;
use super::super::error::Failure;
use super::super::keep::kept_event;
use super::super::once::{digest, told};
use super::super::state::AppState;
use super::answer::decision_id;
use super::inputs::Inputs;
use super::refusal::Refusal;
use super::request::is_one;
use super::{MAX_BODY, windows};
use crate::disputes::reasons;
use crate::domain::{DisputeReason, LabelClass, TenantId, Timestamp, TransactionId};
use crate::engine::{Keeping, decision_name};
use crate::input::read_event;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const TAGS: [&str; 5] = ["chargeback", "clear", "not_fraud", "spam_or_abuse", "suspected_fraud"];
/// Networks asked what a code means, as a report does not name one.
const NETWORKS: [&str; 4] = ["visa", "mastercard", "amex", "discover"];
const LONGEST_NOTES: usize = 1_000;

/// Takes a report; 204 once it is kept.
pub(super) async fn report(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match taken(&state, caller.tenant, &headers, body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn taken(
    state: &AppState,
    tenant: TenantId,
    headers: &HeaderMap,
    body: Body,
) -> Result<(), Refusal> {
    let until = Instant::now() + Duration::from_millis(state.server.default_deadline_ms);
    let bytes = body::read(headers, body, MAX_BODY, until).await?;
    let recording = state.clone();
    for keeping in apart(move || recorded(&recording, &tenant, &bytes)).await?? {
        kept_event(state, keeping, until).await.map_err(Failure::from)?;
    }
    Ok(())
}

fn recorded(state: &AppState, tenant: &TenantId, bytes: &[u8]) -> Result<Vec<Keeping>, Refusal> {
    let mut inputs = Inputs::read(bytes)?;
    let digest = digest(&inputs.canonical());
    let now = crate::clock::now();
    let tag = inputs.any_text(("", "tag"), 32);
    let tag = tag.ok_or_else(|| Refusal::invalid("TAG_REQUIRED", "a report needs a tag"))?;
    let code = inputs.any_text(("", "chargeback_code"), 64);
    let label = label(&tag, code.as_deref(), now)?;
    let transaction = transaction(state, tenant, &mut inputs)?;
    if inputs.take_group("notes").is_some_and(|notes| notes.to_string().len() > LONGEST_NOTES + 2) {
        let message = format!("notes have at most {LONGEST_NOTES} characters");
        return Err(Refusal::invalid("NOTES_INVALID", message));
    }
    inputs.leftovers(&[]);
    if let Some(unknown) = inputs.remarks.iter().find(|remark| remark.code == "INPUT_UNKNOWN") {
        let message = format!("`{}` is no member of a report", unknown.input_pointer);
        return Err(Refusal::invalid("PARAMETER_UNKNOWN", message));
    }
    let report = Report { digest, tag, label, code, now };
    let scorings = scorings(state, tenant, transaction)?;
    scorings.iter().enumerate().map(|(place, id)| report.record(state, tenant, place, id)).collect()
}

/// Most scorings of one transaction that a report reaches.
const MOST_SCORINGS: usize = 100;

/// Every scoring of the transaction a report is about, the one it names first. One that nobody scored yet is
/// labelled all the same.
fn scorings(
    state: &AppState,
    tenant: &TenantId,
    named: TransactionId,
) -> Result<Vec<TransactionId>, Refusal> {
    let others = match &state.cases {
        Some(cases) => cases.open(tenant.clone(), crate::clock::now())?.of_one_order(&named)?,
        None => Vec::new(),
    };
    let is_other = |id: &TransactionId| *id != named && is_one(id.as_str(), named.as_str());
    let others: Vec<_> = others.into_iter().filter(is_other).take(MOST_SCORINGS).collect();
    Ok(std::iter::once(named).chain(others).collect())
}

/// A report that was read.
struct Report {
    /// Of its body.
    digest: String,
    tag: String,
    label: LabelClass,
    code: Option<String>,
    now: Timestamp,
}

impl Report {
    /// Records it of one scoring; the first has the name reports had when there was no other.
    fn record(
        &self,
        state: &AppState,
        tenant: &TenantId,
        place: usize,
        transaction: &TransactionId,
    ) -> Result<Keeping, Refusal> {
        let of_one = match place {
            0 => String::new(),
            _ => format!("-{}", decision_name(tenant, transaction.as_str())),
        };
        let name = |window| format!("mf-report-{}-{window}{of_one}", self.digest);
        let [id, before] = windows(self.now).map(name);
        if let Some(keeping) = state.engine.event_keeping(tenant, &before) {
            return Ok(keeping);
        }
        let mut event = json!({
            "event_id": id, "type": "label", "event_time": self.now,
            "transaction_id": transaction, "data": { "label": self.label, "reason": self.tag },
        });
        let data = event.get_mut("data").and_then(Value::as_object_mut);
        if let (Some(code), Some(data)) = (&self.code, data) {
            data.insert("network_reason_code".to_owned(), json!(code));
        }
        let (event, _) = read_event(event.to_string().as_bytes()).map_err(Failure::from)?;
        Ok(told(state, tenant, &event, self.now)?)
    }
}

/// What a tag says of a sale.
fn label(tag: &str, code: Option<&str>, now: Timestamp) -> Result<LabelClass, Refusal> {
    match tag {
        "chargeback" => Ok(code.map_or(LabelClass::StolenInstrument, |code| claimed(code, now))),
        "suspected_fraud" => Ok(LabelClass::StolenInstrument),
        "spam_or_abuse" => Ok(LabelClass::FirstPartyMisuse),
        "not_fraud" => Ok(LabelClass::Legitimate),
        "clear" => {
            let message = "a label is not taken back here; report `not_fraud` where that is known";
            Err(Refusal::invalid("TAG_INVALID", message))
        }
        _ => {
            let message = format!("a tag is one of {}", TAGS.join(", "));
            Err(Refusal::invalid("TAG_INVALID", message))
        }
    }
}

/// What the network's code claims; theft, as the format means a chargeback, where it tells nothing.
fn claimed(code: &str, now: Timestamp) -> LabelClass {
    use DisputeReason as R;
    let row = NETWORKS.iter().find_map(|network| reasons::find(network, code, now));
    match reasons::canonical(row, None) {
        R::NotReceived | R::NotAsDescribed | R::SubscriptionCancelled | R::CreditNotProcessed => {
            LabelClass::ServiceDispute
        }
        R::Duplicate | R::Processing => LabelClass::OurError,
        R::General if row.is_some() => LabelClass::ServiceDispute,
        R::Fraud | R::Unrecognized | R::General => LabelClass::StolenInstrument,
    }
}

/// The transaction a report is about.
fn transaction(
    state: &AppState,
    tenant: &TenantId,
    inputs: &mut Inputs,
) -> Result<TransactionId, Refusal> {
    let uuid = inputs.any_text(("", "minfraud_id"), 64);
    let given = inputs.any_text(("", "transaction_id"), 128);
    let maxmind = inputs.any_text(("", "maxmind_id"), 64);
    let ip = inputs.any_text(("", "ip_address"), 64);
    if ip.as_deref().is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_err()) {
        let message = "`ip_address` is no network address";
        return Err(Refusal::invalid("IP_ADDRESS_INVALID", message));
    }
    let no_decision = |message| Refusal::invalid("MINFRAUD_ID_INVALID", message);
    if let Some(uuid) = uuid {
        let id = decision_id(&uuid).ok_or_else(|| no_decision("`minfraud_id` is no UUID"))?;
        let found = state.engine.find_decision(tenant, &id)?;
        let (decision, ..) = found.ok_or_else(|| no_decision("no decision has this id"))?;
        return Ok(decision.transaction_id);
    }
    if let Some(id) = given.and_then(|id| TransactionId::new(&id).ok()) {
        return Ok(id);
    }
    if maxmind.is_some() {
        let message = "this server gives out no such ids; send `minfraud_id`";
        return Err(Refusal::invalid("MAXMIND_ID_INVALID", message));
    }
    let message = "name the transaction by `minfraud_id` or `transaction_id`; \
                   an address alone would label everybody who shared it";
    Err(Refusal::invalid("TRANSACTION_ID_REQUIRED", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_chargeback_tells_its_class() {
        use LabelClass as L;
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        for (tag, code, class) in [
            ("chargeback", None, L::StolenInstrument),
            ("chargeback", Some("10.4"), L::StolenInstrument),
            ("chargeback", Some("4837"), L::StolenInstrument),
            ("chargeback", Some("13.1"), L::ServiceDispute),
            ("chargeback", Some("4853"), L::ServiceDispute),
            ("chargeback", Some("12.6.1"), L::OurError),
            ("chargeback", Some("no such"), L::StolenInstrument),
            ("suspected_fraud", None, L::StolenInstrument),
            ("spam_or_abuse", None, L::FirstPartyMisuse),
            ("not_fraud", None, L::Legitimate),
        ] {
            assert_eq!(label(tag, code, now).unwrap(), class, "{tag} {code:?}");
        }
        assert!(label("clear", None, now).is_err() && label("fraud", None, now).is_err());
    }
}
