//! `/v1/lists`: what is on them, and putting values on and off.

use super::super::access::Caller;
use super::super::error::{Code, Failure};
use super::super::query::Asked;
use super::super::state::AppState;
use super::{ActReceipt, End, Parts, UndoReceipt, answer, done, path, read, undone, who};
use crate::domain::Timestamp;
use crate::engine::{ListEntry, ListView};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// Most entries of a page.
const MAX_PAGE: usize = 1_000;

/// Every list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct ListsAnswer {
    lists: Vec<ListView>,
}

/// One entry.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct EntryView {
    /// The value.
    value: String,
    /// From this instant on it no longer counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, nullable = false)]
    expires: Option<Timestamp>,
    /// Why, where a person put it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    note: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct EntriesAnswer {
    entries: Vec<EntryView>,
    /// `from` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<usize>,
}

/// What is said of a value put on a list.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(in crate::http) struct EntryBody {
    /// For how long; for ever without.
    #[serde(flatten)]
    end: End,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 200)]
    note: String,
    /// Who says so.
    #[serde(default)]
    #[schema(max_length = 64)]
    by: Option<String>,
}

/// `GET /v1/lists`
pub(in crate::http) async fn lists(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
) -> Response {
    axum::Json(ListsAnswer { lists: state.engine.list_views(&caller.tenant) }).into_response()
}

/// `GET /v1/lists/{name}/entries`
pub(in crate::http) async fn entries(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    name: Parts<String>,
    uri: Uri,
) -> Response {
    let page = || -> Result<EntriesAnswer, Failure> {
        let name = path(name)?;
        let asked = Asked::of(&uri, &["from", "limit"])?;
        let from = asked.number("from", 0..=usize::MAX, 0)?;
        let limit = asked.number("limit", 1..=MAX_PAGE, 100)?;
        let lists = state.engine.snapshot().lists_of(&caller.tenant).clone();
        let list = lists.get(&name).ok_or_else(no_list)?;
        let page = list.entries(from, limit.saturating_add(1));
        let next = page.last().filter(|_| page.len() > limit).map(|(place, _)| *place);
        let view = |(_, ListEntry { value, expires }): (usize, ListEntry)| EntryView {
            value,
            expires,
            note: None,
        };
        Ok(EntriesAnswer { entries: page.into_iter().take(limit).map(view).collect(), next })
    };
    answer(page(), &caller.request)
}

/// `GET /v1/lists/{name}/entries/{value}`
pub(in crate::http) async fn entry(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    parts: Parts<(String, String)>,
) -> Response {
    let found = || -> Result<EntryView, Failure> {
        let (name, value) = path(parts)?;
        let lists = state.engine.snapshot().lists_of(&caller.tenant).clone();
        let found = lists.get(&name).ok_or_else(no_list)?.find(&value, crate::clock::now());
        let (ListEntry { value, expires }, note) = found.ok_or_else(not_on_it)?;
        Ok(EntryView { value, expires, note: note.map(str::to_owned) })
    };
    answer(found(), &caller.request)
}

/// `PUT /v1/lists/{name}/entries/{value}`
pub(in crate::http) async fn add(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    parts: Parts<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let added = async {
        let said: EntryBody = read(&state, &headers, body).await?;
        let (name, value) = path(parts)?;
        let now = crate::clock::now();
        let (tenant, by) = who(said.by.as_deref(), &caller)?;
        let expires = said.end.at(now)?;
        let act = (name, ListEntry { value, expires }, said.note);
        done(&state, move |engine| engine.list_add(&tenant, &by, act, now))
            .await
            .map(|sequence| ActReceipt { sequence })
    };
    answer(added.await, &caller.request)
}

/// `DELETE /v1/lists/{name}/entries/{value}`
pub(in crate::http) async fn remove(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    parts: Parts<(String, String)>,
    uri: Uri,
) -> Response {
    let removed = async {
        let (tenant, by) = who(Asked::of(&uri, &["by"])?.text("by"), &caller)?;
        let entry = path(parts)?;
        let now = crate::clock::now();
        let found = done(&state, move |engine| engine.list_remove(&tenant, &by, entry, now));
        undone(found.await?, "the value is not on the list")
    };
    answer::<UndoReceipt>(removed.await, &caller.request)
}

fn no_list() -> Failure {
    Failure::new(Code::NotFound, "there is no list of this name")
}

fn not_on_it() -> Failure {
    Failure::new(Code::NotFound, "the value is not on the list as an entry of its own")
}
