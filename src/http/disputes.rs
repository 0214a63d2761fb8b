//! `POST /v1/disputes`: a dispute reported by hand, by a script or by another processor's adapter.
//! `POST /v1/disputes/{id}/stage` and `/submit`: its evidence to Stripe.

use super::access::Caller;
use super::blocking::apart;
use super::error::{Code, Failure};
use super::state::AppState;
use super::{body, deadline};
use crate::clock;
use crate::disputes::deadline::{Deadline, deadline as time_left};
use crate::disputes::settle::{Settled, settled_when_opened};
use crate::disputes::{DisputeReport, case_file, take_in_report};
use crate::domain::{Dispute, DisputeId, LabelClass, Warning};
use crate::engine::EngineError;
use crate::input::read_object;
use crate::processor::{Done, Mode, ProcessorError, SendError};
use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Where a reported dispute stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct DisputeReceipt {
    /// All its reports together.
    dispute: Dispute,
    /// The time left to answer it.
    deadline: Deadline,
    /// True when the report was known: nothing moved.
    repeated: bool,
    /// True when the sale it is about is recorded; only then is there evidence.
    sale_found: bool,
    /// What the sale turned out to be, where this report ends the matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    label: Option<LabelClass>,
    /// What settles it before evidence is weighed, as far as it is recorded.
    settled: Settled,
    /// What was odd about the report's form.
    warnings: Vec<Warning>,
}

/// Takes a report in.
pub(super) async fn report(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let id = caller.request.clone();
    match answer(state, caller, &headers, body).await {
        Ok(receipt) => axum::Json(receipt).into_response(),
        Err(failure) => failure.into_response(&id),
    }
}

async fn answer(
    state: AppState,
    caller: Caller,
    headers: &HeaderMap,
    body: Body,
) -> Result<DisputeReceipt, Failure> {
    let until = deadline::of(headers, state.server.default_deadline_ms)?;
    let bytes = body::read(headers, body, state.server.max_body_bytes, until).await?;
    let (report, warnings) = read_object::<DisputeReport>(&bytes)?;
    apart(move || {
        let now = clock::now();
        let none = || Failure::new(Code::NotFound, "this server keeps no disputes");
        let source = state.cases.as_ref().ok_or_else(none)?;
        let mut cases = source.open(caller.tenant, now)?.writing_through(&state.engine);
        let taken = take_in_report(&mut cases, &report, now)?;
        let dispute = taken.dispute.ok_or_else(Failure::internal)?;
        let case = case_file(&cases, &dispute.id)?.ok_or_else(Failure::internal)?;
        Ok(DisputeReceipt {
            settled: settled_when_opened(&case),
            deadline: time_left(&dispute, now),
            dispute,
            repeated: !taken.new,
            sale_found: taken.sale_found,
            label: taken.label,
            warnings,
        })
    })
    .await?
}

/// What became of evidence.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct EvidenceReceipt {
    /// `staged`, `submitted`, or `found_sent` where an earlier try had arrived.
    done: &'static str,
    /// The dispute's status at the processor.
    status: String,
    /// What the merchant should know.
    warnings: Vec<String>,
}

/// Hands evidence over.
pub(super) async fn stage(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    sent(state, caller, id, Mode::Stage).await
}

/// Sends evidence, for good.
pub(super) async fn submit(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    sent(state, caller, id, Mode::Submit).await
}

async fn sent(
    state: AppState,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    mode: Mode,
) -> Response {
    let request = caller.request.clone();
    let unknown = || Failure::new(Code::NotFound, "no dispute has this id");
    let work = move || {
        let id = id.ok().and_then(|Path(id)| DisputeId::new(&id).ok()).ok_or_else(unknown)?;
        let now = clock::now();
        let source = state.cases.as_ref().ok_or_else(unknown)?;
        let mut cases = source.open(caller.tenant, now)?.writing_through(&state.engine);
        let sent = state.send_evidence(&mut cases, &id, mode, now)?;
        let done = match sent.done {
            Done::Staged => "staged",
            Done::Submitted => "submitted",
            Done::FoundSent => "found_sent",
        };
        Ok(EvidenceReceipt { done, status: sent.status, warnings: sent.notes })
    };
    match apart(work).await.and_then(|done| done) {
        Ok(receipt) => axum::Json(receipt).into_response(),
        Err(failure) => failure.into_response(&request),
    }
}

impl From<SendError<EngineError>> for Failure {
    fn from(error: SendError<EngineError>) -> Self {
        let code = match &error {
            SendError::Store(_) => {
                let SendError::Store(source) = error else { return Self::internal() };
                return source.into();
            }
            SendError::Unknown(_) => Code::NotFound,
            SendError::AlreadySent(_) | SendError::UnderWay | SendError::OpenTry => {
                Code::AlreadySent
            }
            SendError::Processor(ProcessorError::Refused { .. }) => Code::ProcessorRefused,
            SendError::Processor(
                ProcessorError::Unanswered { .. }
                | ProcessorError::Failed { .. }
                | ProcessorError::Garbled { .. },
            ) => Code::ProcessorSilent,
            SendError::OtherProcessor(_)
            | SendError::Untold
            | SendError::OtherPayment
            | SendError::NoSale
            | SendError::NoAnswer
            | SendError::NotWaiting(_)
            | SendError::PastDue(_)
            | SendError::Erased
            | SendError::Processor(ProcessorError::NoKey) => Code::InvalidField,
            SendError::Processor(_) | SendError::Packet(_) => {
                tracing::error!(
                    error = super::error::with_causes(&error),
                    "evidence can't be sent"
                );
                return Self::internal();
            }
        };
        Self::new(code, error.to_string())
    }
}
