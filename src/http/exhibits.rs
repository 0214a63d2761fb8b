//! `/v1/disputes/{id}/exhibits`: files of the merchant's own, added, listed and taken back.
//!
//! The body is the file itself, its type the header's. A few are read at once: each is held whole.

use super::access::Caller;
use super::blocking::apart;
use super::error::{Code, Failure};
use super::query::Asked;
use super::state::AppState;
use super::{body, deadline};
use crate::clock;
use crate::disputes::exhibit::attach::{NewFile, attach, files, letter, withdraw};
use crate::disputes::exhibit::{AttachError, MAX_BYTES};
use crate::disputes::{self, DisputeStore};
use crate::domain::{DisputeId, ExhibitKind, Timestamp};
use crate::engine::EngineError;
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

/// Most files read at once; the others wait for their turn within their deadline.
static READING: Semaphore = Semaphore::const_new(8);

/// The types that are taken.
const TYPES: [&str; 3] = ["application/pdf", "image/png", "image/jpeg"];

/// A file that is an exhibit now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ExhibitReceipt {
    /// SHA-256 of the file, in hex; it is known by this.
    sha256: String,
    /// Its letter in a packet written now.
    #[schema(value_type = String)]
    letter: char,
    /// Its pages.
    pages: usize,
    /// True when the dispute had it: nothing was added.
    repeated: bool,
}

/// Files of a dispute.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Exhibits {
    /// In the order they were added.
    exhibits: Vec<ListedExhibit>,
}

/// One file of a dispute.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ListedExhibit {
    /// Its letter in a packet written now.
    #[schema(value_type = String)]
    letter: char,
    /// What it shows.
    kind: ExhibitKind,
    /// What it is called.
    title: String,
    /// SHA-256 of the file, in hex.
    sha256: String,
    /// Its length.
    bytes: usize,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    attached_at: Timestamp,
}

/// Adds a file.
pub(super) async fn add(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let name = caller.request.clone();
    let id = id.ok().map(|Path(id)| id);
    match added(state, caller, id, request).await {
        Ok(receipt) => axum::Json(receipt).into_response(),
        Err(failure) => failure.into_response(&name),
    }
}

async fn added(
    state: AppState,
    caller: Caller,
    id: Option<String>,
    request: Request,
) -> Result<ExhibitReceipt, Failure> {
    let (head, body) = request.into_parts();
    let (uri, headers) = (&head.uri, &head.headers);
    let until = deadline::of(headers, state.server.default_deadline_ms)?;
    let asked = Asked::of(uri, &["kind", "title"])?;
    let kind = asked.text("kind").and_then(ExhibitKind::from_word).ok_or_else(|| {
        let words = ExhibitKind::WORDS.join("`, `");
        Failure::new(Code::InvalidField, format!("`kind` is one of `{words}`"))
    })?;
    let title = asked.text("title").unwrap_or_default().to_owned();
    let busy = || Failure::new(Code::Busy, "too many files are being read; try again");
    let turn = timeout_at(until, READING.acquire()).await;
    let turn = turn.ok().and_then(Result::ok).ok_or_else(busy)?;
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let stated = stated.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let known = TYPES.iter().find(|kind| stated.is_some_and(|it| it.eq_ignore_ascii_case(kind)));
    let Some(known) = known else {
        body::discard(headers, body);
        let message = format!("send `Content-Type: {}`", TYPES.join("`, `"));
        return Err(Failure::new(Code::NotJson, message));
    };
    let bytes = body::read_as(known, headers, body, (MAX_BYTES, until)).await?;
    apart(move || {
        // Held by the work itself, which goes on when its client has gone.
        let _turn = turn;
        let (id, now) = (dispute_id(id)?, clock::now());
        let source = state.cases.as_ref().ok_or_else(unknown)?;
        let mut cases = source.open(caller.tenant, now)?.writing_through(&state.engine);
        let done = attach(&mut cases, &id, NewFile { kind, title: &title, bytes: &bytes }, now)?;
        let (sha256, letter, pages) = (done.sha256, done.letter, done.pages);
        Ok(ExhibitReceipt { sha256, letter, pages, repeated: !done.new })
    })
    .await?
}

/// Lists the files of a dispute.
pub(super) async fn list(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let request = caller.request.clone();
    let id = id.ok().map(|Path(id)| id);
    let listed = apart(move || {
        let id = dispute_id(id)?;
        let source = state.cases.as_ref().ok_or_else(unknown)?;
        let cases = source.open(caller.tenant, clock::now())?;
        cases.dispute(&id)?.ok_or_else(unknown)?;
        let listed =
            files(&cases, &id)?.into_iter().enumerate().map(|(place, file)| ListedExhibit {
                letter: letter(place),
                kind: file.kind,
                bytes: file.bytes.len(),
                title: file.title,
                sha256: file.sha256,
                attached_at: file.attached_at,
            });
        Ok(Exhibits { exhibits: listed.collect() })
    });
    match listed.await.and_then(|listed| listed) {
        Ok(listed) => axum::Json(listed).into_response(),
        Err(failure) => Failure::into_response(failure, &request),
    }
}

/// Takes a file back.
pub(super) async fn remove(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    names: Result<Path<(String, String)>, PathRejection>,
) -> Response {
    let request = caller.request.clone();
    let removed = apart(move || {
        let (id, sha256) = names.ok().map(|Path(names)| names).ok_or_else(unknown)?;
        let (id, now) = (dispute_id(Some(id))?, clock::now());
        let source = state.cases.as_ref().ok_or_else(unknown)?;
        let mut cases = source.open(caller.tenant, now)?.writing_through(&state.engine);
        withdraw(&mut cases, &id, &sha256, now)?;
        let left = files(&cases, &id)?.len();
        Ok(Withdrawn { left })
    });
    match removed.await.and_then(|removed| removed) {
        Ok(withdrawn) => axum::Json(withdrawn).into_response(),
        Err(failure) => Failure::into_response(failure, &request),
    }
}

/// What is left after a file was taken back.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Withdrawn {
    /// Files the dispute still has.
    left: usize,
}

fn unknown() -> Failure {
    Failure::new(Code::NotFound, "no dispute has this id")
}

fn dispute_id(id: Option<String>) -> Result<DisputeId, Failure> {
    id.and_then(|id| DisputeId::new(&id).ok()).ok_or_else(unknown)
}

impl From<AttachError<EngineError>> for Failure {
    fn from(error: AttachError<EngineError>) -> Self {
        use disputes::exhibit::ExhibitError;
        let code = match error {
            AttachError::Store(source) => return source.into(),
            AttachError::Unknown(_) | AttachError::NotThere(_) => Code::NotFound,
            AttachError::File(ExhibitError::TooLarge) => Code::BodyTooLarge,
            AttachError::File(_)
            | AttachError::NoSale
            | AttachError::Title
            | AttachError::TooMany => Code::InvalidField,
        };
        Self::new(code, error.to_string())
    }
}
