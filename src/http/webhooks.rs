//! `POST /v1/webhooks/stripe`: what Stripe tells us of disputes, warnings, payments and reviews.
//!
//! Its sender has no key of ours: the signature over the body admits it and tells the tenant. Whatever is
//! signed is kept. Stripe sends an event again until it is answered 2xx, and gives up after three days: an
//! event this version can't read is therefore kept as a message and acknowledged, never refused.

use super::blocking::apart;
use super::body;
use super::error::{Code, Failure, with_causes};
use super::peers::Peer;
use super::state::{AppState, RequestId};
use super::unsigned;
use crate::clock;
use crate::config::Secret;
use crate::disputes::stripe::{self, signature};
use crate::disputes::{self, MAX_MESSAGE_BYTES, Taken};
use crate::domain::{DisputeId, DisputeStatus, EventKind, TenantId, TransactionId};
use crate::engine::EngineError;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;

/// The header with the signature.
const SIGNATURE: &str = "stripe-signature";
/// How long a message may take to come: a stranger says no other time.
const PATIENCE: Duration = Duration::from_secs(3);

/// What became of a message.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct WebhookReceipt {
    /// What it was recorded as.
    #[serde(rename = "type")]
    kind: EventKind,
    /// True when it was known: nothing moved.
    repeated: bool,
    /// The dispute it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    dispute_id: Option<DisputeId>,
    /// Where that dispute stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<DisputeStatus>,
    /// The sale it is about, where it is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<TransactionId>,
}

/// Takes an event of Stripe in.
pub(super) async fn stripe(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match answer(&state, peer.map(|peer| peer.0), &headers, body).await {
        Ok(receipt) => axum::Json(receipt).into_response(),
        Err(failure) => {
            if failure.code == Code::BadSignature {
                state.metrics.not_admitted(failure.code.word());
            }
            failure.into_response(&request_id)
        }
    }
}

async fn answer(
    state: &AppState,
    peer: Option<Peer>,
    headers: &HeaderMap,
    body: Body,
) -> Result<WebhookReceipt, Failure> {
    let unset = || Failure::new(Code::NotFound, "no secret of a Stripe webhook is set here");
    let secret = state.stripe_secrets.clone().ok_or_else(unset)?;
    let most = state.server.max_body_bytes.min(MAX_MESSAGE_BYTES);
    let place = match place(state, peer, headers).await {
        Ok(place) => place,
        Err(failure) => {
            body::discard(headers, body);
            return Err(failure);
        }
    };
    let message = body::read(headers, body, most, Instant::now() + PATIENCE).await?;
    let signature = place.signature.to_owned();
    drop(place);
    let state = state.clone();
    apart(move || {
        let tenant = sender(&secret, &signature, &message)?;
        heard(&state, tenant, &message)
    })
    .await?
}

/// What a message is read in.
struct Place<'r> {
    signature: &'r str,
    _held: unsigned::Place<'r>,
}

/// A place for a message whose header may be Stripe's.
async fn place<'r>(
    state: &'r AppState,
    peer: Option<Peer>,
    headers: &'r HeaderMap,
) -> Result<Place<'r>, Failure> {
    let mut given = headers.get_all(SIGNATURE).iter().map(HeaderValue::to_str);
    let (Some(Ok(signature)), None) = (given.next(), given.next()) else {
        return Err(Failure::new(Code::BadSignature, "send one header `Stripe-Signature`"));
    };
    signature::may_be_good(signature, clock::now()).map_err(|error| unproven(&error))?;
    let held = state.unsigned.take(peer).await;
    let busy = || Failure::new(Code::Busy, "too many messages are on their way");
    Ok(Place { signature, _held: held.ok_or_else(busy)? })
}

fn unproven(error: &signature::SignatureError) -> Failure {
    Failure::new(Code::BadSignature, error.to_string())
}

fn heard(state: &AppState, tenant: TenantId, message: &[u8]) -> Result<WebhookReceipt, Failure> {
    let taken = taken(state, tenant, message)?;
    let (dispute_id, status) = taken.dispute.map(|dispute| (dispute.id, dispute.status)).unzip();
    let transaction_id = taken.transaction_id.filter(|_| taken.sale_found);
    Ok(WebhookReceipt {
        kind: taken.kind,
        repeated: !taken.new,
        dispute_id,
        status,
        transaction_id,
    })
}

/// Whose message it is.
fn sender(secret: &Secret, header: &str, message: &[u8]) -> Result<TenantId, Failure> {
    let unusable = |error: &dyn std::error::Error| {
        tracing::error!(error = with_causes(error), "the secrets of webhooks can't be used");
        Failure::internal()
    };
    let text = secret.read().map_err(|error| unusable(&error))?;
    let secrets = signature::WebhookSecrets::parse(&text).map_err(|error| unusable(&error))?;
    let tenant = secrets.tenant_of(header, message, clock::now());
    tenant.cloned().map_err(|error| unproven(&error))
}

/// Records a message; one that can't be read as what it is.
fn taken(state: &AppState, tenant: TenantId, message: &[u8]) -> Result<Taken, Failure> {
    let now = clock::now();
    let source = state.cases.as_ref().ok_or_else(Failure::internal)?;
    let mut cases = source.open(tenant, now)?.writing_through(&state.engine);
    let (intake, mut outcome) = match stripe::read(message) {
        Ok(intake) => (intake, "taken"),
        Err(error) => {
            tracing::warn!(%error, "a signed message is kept unread");
            (kept(message, &error, now)?, "unread")
        }
    };
    let mut taken = disputes::take_in(&mut cases, intake, now);
    if let Err(EngineError::CardNumber { pointer }) = &taken {
        tracing::warn!(pointer, "a signed message with a card number is kept, masked and unread");
        outcome = "unread";
        let error = disputes::IntakeError::Missing { pointer: pointer.clone() };
        taken = disputes::take_in(&mut cases, kept(message, &error, now)?, now);
    }
    let taken = taken?;
    state.metrics.disputes.heard("stripe", if taken.new { outcome } else { "repeated" });
    Ok(taken)
}

fn kept(
    message: &[u8],
    error: &disputes::IntakeError,
    now: crate::domain::Timestamp,
) -> Result<disputes::Intake, Failure> {
    stripe::keep(message, error, now).map_err(|_| Failure::internal())
}
