//! `/v1/snoozes`: rules asleep for one buyer.

use super::super::access::Caller;
use super::super::error::Failure;
use super::super::state::AppState;
use super::{ActReceipt, End, UndoReceipt, answer, done, field, read, undone, who};
use crate::engine::{Buyer, SnoozeView};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// Most of one answer.
const MOST: usize = 10_000;
/// How long without an end, in hours: a month.
const HOURS: u32 = 720;

/// By what a buyer is known; exactly one.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub(in crate::http) struct BuyerBody {
    /// The account's id.
    pub(super) account: Option<String>,
    /// The mailbox.
    pub(super) email: Option<String>,
    /// The card's fingerprint.
    pub(super) card: Option<String>,
    /// The device's id.
    pub(super) device: Option<String>,
}

impl BuyerBody {
    /// The buyer; `None` where nothing is given.
    pub(super) fn buyer(&self) -> Result<Option<Buyer>, Failure> {
        let given = [
            ("account", &self.account),
            ("email", &self.email),
            ("card", &self.card),
            ("device", &self.device),
        ];
        let mut given = given.iter().filter_map(|(by, value)| Some((*by, value.as_deref()?)));
        let Some((by, value)) = given.next() else { return Ok(None) };
        if let Some((other, _)) = given.next() {
            return Err(field(&format!("/{other}"), "a buyer is known by one of them at a time"));
        }
        let buyer = Buyer::new(by, value);
        buyer.map(Some).ok_or_else(|| field(&format!("/{by}"), "1 to 256 bytes"))
    }
}

/// A rule to put to sleep for a buyer, or to wake.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(in crate::http) struct SnoozeBody {
    /// The rule's id; to end a granted appeal, none.
    #[serde(default)]
    rule: Option<String>,
    /// For whom.
    #[serde(flatten)]
    buyer: BuyerBody,
    /// For how long: a month unless it says.
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

/// Rules asleep.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct SnoozesAnswer {
    snoozes: Vec<SnoozeView>,
}

/// `GET /v1/snoozes`
pub(in crate::http) async fn snoozes(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let snoozes = state.engine.snoozes(&caller.tenant, crate::clock::now(), MOST);
    axum::Json(SnoozesAnswer { snoozes }).into_response()
}

/// `POST /v1/snoozes`
pub(in crate::http) async fn snooze(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let asleep = async {
        let SnoozeBody { rule, buyer, end, note, by } = read(&state, &headers, body).await?;
        let now = crate::clock::now();
        let (tenant, by) = who(by.as_deref(), &caller)?;
        let no_rule = "name the rule; `POST /v1/appeals` lets a buyer past every block";
        let rule = rule.ok_or_else(|| field("/rule", no_rule))?;
        let buyer = buyer.buyer()?.ok_or_else(nobody)?;
        let month = End { until: None, hours: Some(HOURS) };
        let until = end.at(now)?.or(month.at(now)?).unwrap_or(now);
        done(&state, move |engine| {
            engine.snooze(&tenant, &by, (Some(rule), &buyer, until, note), now)
        })
        .await
        .map(|sequence| ActReceipt { sequence })
    };
    answer(asleep.await, &caller.request)
}

/// `POST /v1/snoozes/end`
pub(in crate::http) async fn wake(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let awake = async {
        let SnoozeBody { rule, buyer, by, .. } = read(&state, &headers, body).await?;
        let (tenant, by) = who(by.as_deref(), &caller)?;
        let buyer = buyer.buyer()?.ok_or_else(nobody)?;
        let now = crate::clock::now();
        let found = done(&state, move |engine| engine.wake(&tenant, &by, (rule, &buyer), now));
        undone(found.await?, "nothing sleeps for this buyer")
    };
    answer::<UndoReceipt>(awake.await, &caller.request)
}

pub(super) fn nobody() -> Failure {
    field("", "name the buyer by `account`, `email`, `card` or `device`")
}
