//! `GET /v1/disputes/{id}/packet`: the evidence packet of a dispute, as text or as PDF.
//!
//! Read from the ledger's files as the command line does it, away from the threads that serve checkouts.

use super::access::Caller;
use super::blocking::apart;
use super::error::{Code, Failure};
use super::query::Asked;
use super::state::AppState;
use crate::clock;
use crate::disputes::packet::{self, Paper, PdfOptions, Profile};
use crate::disputes::{self, PacketError};
use crate::domain::{DisputeId, TenantId};
use crate::engine::{CaseSource, EngineError};
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};

/// What the merchant should know before sending a packet, one header a remark.
pub(super) const WARNING: &str = "x-packet-warning";
pub(super) const PDF: &str = "application/pdf";
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// Gives the packet as the form `Accept` names first of those there are; text where it names none.
pub(super) async fn packet(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let id = id.ok().and_then(|Path(id)| DisputeId::new(&id).ok());
    let done = match (id, options(&uri)) {
        (Some(id), Ok(options)) => {
            let wants_pdf = wants_pdf(&headers);
            let (tenant, cases) = (caller.tenant, state.cases.clone());
            apart(move || written(cases.as_deref(), (tenant, &id), wants_pdf, options)).await
        }
        (_, Err(failure)) => Err(failure),
        (None, _) => Ok(Err(unknown())),
    };
    match done.and_then(|done| done) {
        Ok(packet) => packet.into_response(),
        Err(failure) => failure.into_response(&caller.request),
    }
}

/// A packet on its way out.
struct Written {
    form: &'static str,
    bytes: Vec<u8>,
    warnings: Vec<String>,
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        let mut response = ([(header::CONTENT_TYPE, self.form)], self.bytes).into_response();
        let values = self.warnings.iter().filter_map(|text| HeaderValue::from_str(text).ok());
        values.for_each(|value| {
            response.headers_mut().append(WARNING, value);
        });
        response
    }
}

fn written(
    cases: Option<&CaseSource>,
    (tenant, id): (TenantId, &DisputeId),
    wants_pdf: bool,
    options: PdfOptions,
) -> Result<Written, Failure> {
    let source = cases.ok_or_else(unknown)?;
    let cases = source.open(tenant, clock::now())?;
    let case = disputes::whole_case(&cases, id)?.ok_or_else(unknown)?;
    if !wants_pdf {
        let packet = packet::text(&case);
        return Ok(Written { form: TEXT, bytes: packet.text.into(), warnings: packet.warnings });
    }
    let links = disputes::links(&cases, &case)?;
    let key = source.signing_key().map_err(EngineError::from)?;
    let packet = packet::pdf(&case, &links, &key, options).map_err(|error| match error {
        PacketError::TooLarge { .. } => Failure::new(Code::InvalidField, error.to_string()),
        PacketError::Refused { .. } => {
            tracing::error!(%error, "a packet was not written");
            Failure::internal()
        }
    })?;
    Ok(Written { form: PDF, bytes: packet.bytes, warnings: packet.warnings })
}

fn unknown() -> Failure {
    Failure::new(Code::NotFound, "no dispute has this id")
}

/// Of the media types of `Accept`, in their order, the first that is one of ours; weights are not read.
fn wants_pdf(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepted
        .flat_map(|value| value.split(','))
        .filter_map(|part| part.split(';').next())
        .map(|kind| kind.trim().to_ascii_lowercase());
    let first = kinds.find(|kind| matches!(kind.as_str(), PDF | "text/plain" | "text/*" | "*/*"));
    first.as_deref() == Some(PDF)
}

fn options(uri: &Uri) -> Result<PdfOptions, Failure> {
    let asked = Asked::of(uri, &["profile", "paper"])?;
    let words = |words: &[&str], name: &str| {
        let words = words.join("`, `");
        Failure::new(Code::InvalidField, format!("`{name}` is one of `{words}`"))
    };
    let profile = match asked.text("profile") {
        None => Profile::default(),
        Some(word) => {
            Profile::of(word).ok_or_else(|| words(&Profile::ALL.map(Profile::word), "profile"))?
        }
    };
    let paper = asked
        .text("paper")
        .map(|word| Paper::of(word).ok_or_else(|| words(&Paper::ALL.map(Paper::word), "paper")));
    Ok(PdfOptions { profile, paper: paper.transpose()? })
}
