//! What happens to an order later: what the issuer said, a parcel, money that goes back. Each is an event named by
//! what it says, so that a retry is no second one.

use super::super::access::Caller;
use super::super::answer::{KeptDecision, complete};
use super::super::blocking::apart;
use super::super::body;
use super::super::error::{Code, Failure};
use super::super::keep::kept_event;
use super::super::once::{digest, told};
use super::super::renamed::{decimal, price};
use super::super::state::AppState;
use super::order::{object, text};
use super::refusal::Refusal;
use super::{MAX_BODY, answer};
use crate::domain::{Currency, TenantId, Timestamp};
use crate::engine::Keeping;
use crate::input::read_event;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// Most attempts or parcels of one body.
const MOST: usize = 100;
const AMOUNT: &str = "/refund/amount";

type Asked = (State<AppState>, Extension<Caller>, HeaderMap, Body);
/// What a body told, and what is answered once that is kept.
type Told = Result<(Vec<Keeping>, Value), Refusal>;

/// `transactions`: what the issuer said of an order; answers the decision there is.
pub(super) async fn authorized(
    state: State<AppState>,
    caller: Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answered((state, caller, headers, body), authorization).await
}

/// `fulfillments`: a parcel, or what stands for one.
pub(super) async fn fulfilled(
    state: State<AppState>,
    caller: Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answered((state, caller, headers, body), fulfillment).await
}

/// `returns/records`: money that goes back.
pub(super) async fn returned(
    state: State<AppState>,
    caller: Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answered((state, caller, headers, body), refund).await
}

async fn answered(asked: Asked, take: fn(&Teller<'_>, &Value) -> Told) -> Response {
    match taken(asked, take).await {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn taken(
    (State(state), Extension(caller), headers, body): Asked,
    take: fn(&Teller<'_>, &Value) -> Told,
) -> Result<Value, Refusal> {
    let until = Instant::now() + Duration::from_millis(state.server.default_deadline_ms);
    let body = object(&body::read(&headers, body, MAX_BODY, until).await?)?;
    let now = crate::clock::now();
    let telling = state.clone();
    let work = move || take(&Teller { state: &telling, tenant: &caller.tenant, now }, &body);
    let (keepings, answer) = apart(work).await??;
    for keeping in keepings {
        kept_event(&state, keeping, until).await.map_err(Failure::from)?;
    }
    Ok(answer)
}

/// Whoever tells of an order.
struct Teller<'s> {
    state: &'s AppState,
    tenant: &'s TenantId,
    now: Timestamp,
}

impl Teller<'_> {
    /// Records an event of an order, named by what was said.
    fn tell(
        &self,
        (kind, order): (&str, &str),
        said: &[&str],
        data: &Value,
    ) -> Result<Keeping, Refusal> {
        let name = digest(json!([order, said]).to_string().as_bytes());
        let event = json!({
            "event_id": format!("sg-{kind}-{name}"), "type": kind, "event_time": self.now,
            "transaction_id": order, "data": data,
        });
        let (event, _) = read_event(event.to_string().as_bytes()).map_err(|error| {
            // Of what we put in only the order's id and an amount are the sender's own.
            let is_amount = error.pointer().starts_with("/data/amount");
            Refusal::invalid(if is_amount { AMOUNT } else { "/orderId" }, error.summary())
        })?;
        Ok(told(self.state, self.tenant, &event, self.now)?)
    }
}

fn authorization(teller: &Teller<'_>, body: &Value) -> Told {
    let order = text(body, "/orderId")?;
    let mut outcomes = Vec::new();
    let attempts = body.pointer("/transactions").map_or(&[][..], elements);
    for (place, attempt) in attempts.iter().enumerate() {
        let status = attempt.get("gatewayStatusCode").and_then(Value::as_str);
        let outcome = match status {
            Some("SUCCESS") => Some("approved"),
            Some("FAILURE" | "SOFT_DECLINE") => Some("declined"),
            Some("ERROR") => Some("unavailable"),
            // Nobody has said anything.
            Some("PENDING" | "CANCELLED" | "EXPIRED") => None,
            _ => {
                let pointer = format!("/transactions/{place}/gatewayStatusCode");
                return Err(Refusal::invalid(pointer, "not a status known here"));
            }
        };
        let id = attempt.get("transactionId").and_then(Value::as_str).unwrap_or_default();
        outcomes.extend(outcome.map(|outcome| (outcome, id)));
    }
    if attempts.is_empty() || attempts.len() > MOST {
        let message = format!("1 to {MOST} of them");
        return Err(Refusal::invalid("/transactions", message));
    }
    let found = teller.state.engine.find_decision(teller.tenant, order)?;
    let found = found.filter(|(decision, ..)| decision.transaction_id.as_str() == order);
    let unknown = || Failure::new(Code::NotFound, "no checkout or sale came with this `orderId`");
    let (decision, arrival, durability) = found.ok_or_else(unknown)?;
    let keepings = outcomes.into_iter().map(|(outcome, id)| {
        teller.tell(("auth.result", order), &[outcome, id], &json!({ "outcome": outcome }))
    });
    let keepings = keepings.collect::<Result<_, _>>()?;
    let scored = teller.state.engine.scored(teller.tenant, &decision.transaction_id)?;
    let at = scored.map_or(teller.now, |scored| scored.event_time);
    let checkout = body.get("checkoutId").and_then(Value::as_str);
    let told = KeptDecision { decision: &complete(&decision, &arrival, false), durability };
    Ok((keepings, answer::of(&told, checkout, at)))
}

/// Counts nothing: no parcel shows that a digital good was had. It is kept that there was one.
fn fulfillment(teller: &Teller<'_>, body: &Value) -> Told {
    let order = text(body, "/orderId")?;
    let status = match body.get("fulfillmentStatus").filter(|status| !status.is_null()) {
        None => "fulfillment",
        Some(status) => match status.as_str() {
            Some("PARTIAL") => "fulfillment PARTIAL",
            Some("COMPLETE") => "fulfillment COMPLETE",
            Some("REPLACEMENT") => "fulfillment REPLACEMENT",
            Some("CANCELED") => "fulfillment CANCELED",
            _ => return Err(Refusal::invalid("/fulfillmentStatus", "not a status known here")),
        },
    };
    let parcels = body.get("fulfillments").map_or(&[][..], elements);
    if parcels.is_empty() || parcels.len() > MOST {
        return Err(Refusal::invalid("/fulfillments", format!("1 to {MOST} of them")));
    }
    let id = |(place, parcel): (usize, &Value)| {
        let id = parcel.get("shipmentId").and_then(Value::as_str).map(str::to_owned);
        let pointer = format!("/fulfillments/{place}/shipmentId");
        id.ok_or_else(|| Refusal::invalid(pointer, "a text is required here"))
    };
    let ids: Vec<String> = parcels.iter().enumerate().map(id).collect::<Result<_, _>>()?;
    let said: Vec<&str> = std::iter::once(status).chain(ids.iter().map(String::as_str)).collect();
    let data = json!({ "status": status });
    let keeping = teller.tell(("processor.message", order), &said, &data)?;
    Ok((vec![keeping], json!({ "orderId": order, "shipmentIds": ids })))
}

fn refund(teller: &Teller<'_>, body: &Value) -> Told {
    let (order, id) = (text(body, "/orderId")?, text(body, "/returnId")?);
    let method = text(body, "/refund/method")?;
    if !["STORE_CREDIT", "ORIGINAL_PAYMENT_INSTRUMENT", "NEW_PAYMENT_INSTRUMENT"].contains(&method)
    {
        return Err(Refusal::invalid("/refund/method", "not a method known here"));
    }
    let amount = refunded(body)?;
    // Each try of a call has a `returnId` of its own; the processor's name of the refund stays.
    let payment = body.get("refundTransactionId").and_then(Value::as_str);
    let name = payment.filter(|payment| !payment.is_empty()).unwrap_or(id);
    let keeping = teller.tell(("refund", order), &[name], &json!({ "amount": amount }))?;
    Ok((vec![keeping], json!({ "orderId": order, "returnId": id })))
}

/// The money: a text is whole units of the smallest kind, as Hyperswitch sends it; a number is in the currency's own.
fn refunded(body: &Value) -> Result<Value, Refusal> {
    let currency: Currency = text(body, "/refund/currency")?
        .parse()
        .map_err(|_| Refusal::invalid("/refund/currency", "not a currency's code, as `EUR`"))?;
    let value = match body.pointer(AMOUNT) {
        Some(Value::String(minor)) => {
            let minor: Option<i128> = minor.parse::<u64>().ok().map(i128::from);
            let exponent = currency.exponent();
            minor.and_then(|minor| Decimal::try_from_i128_with_scale(minor, exponent?.into()).ok())
        }
        Some(value @ Value::Number(_)) => decimal(value).filter(|value| *value >= Decimal::ZERO),
        _ => None,
    };
    let message = "a text of whole smallest units, or a number of whole ones";
    let value = value.ok_or_else(|| Refusal::invalid(AMOUNT, message))?;
    Ok(json!({ "value": price(value), "currency": currency.code() }))
}

/// The elements of a list; an object instead is its only one.
fn elements(value: &Value) -> &[Value] {
    match value {
        Value::Array(elements) => elements,
        Value::Object(_) => std::slice::from_ref(value),
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_back_is_counted_as_it_is_sent() {
        let read = |amount: Value, currency: &str| {
            let body = json!({"refund": {"amount": amount, "currency": currency}});
            refunded(&body).map(|amount| amount["value"].as_str().unwrap().to_owned()).ok()
        };
        for (amount, currency, value) in [
            (json!("4900"), "EUR", "49.00"),
            (json!("4900"), "JPY", "4900"),
            (json!("4900"), "KWD", "4.900"),
            (json!(49.5), "EUR", "49.5"),
        ] {
            assert_eq!(read(amount, currency).as_deref(), Some(value), "{currency}");
        }
        for wrong in [json!("49.00"), json!("-1"), json!(-1), json!(null), json!("")] {
            assert_eq!(read(wrong.clone(), "EUR"), None, "{wrong}");
        }
        assert_eq!(read(json!("1"), "nothing"), None);
    }
}
