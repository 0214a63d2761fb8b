//! The contract of the formats of others, whose answers and errors are theirs: statuses are said truthfully,
//! bodies as far as a client of the format relies on them.
//!
//! A status without a schema has a body for one reason and none for another.

use super::request_id;
use serde_json::{Value, json};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi as Document, RefOr, Schema};
use utoipa::{OpenApi, PartialSchema, ToSchema};

/// Paths of the formats, and the scope a key needs.
pub(in crate::http) const PATHS: [(&str, &str); 10] = [
    ("/minfraud/v2.0/factors", "score"),
    ("/minfraud/v2.0/insights", "score"),
    ("/minfraud/v2.0/score", "score"),
    ("/minfraud/v2.0/transactions/report", "events"),
    ("/signifyd/v3/orders/events/checkouts", "score"),
    ("/signifyd/v3/orders/events/fulfillments", "events"),
    ("/signifyd/v3/orders/events/returns/records", "events"),
    ("/signifyd/v3/orders/events/sales", "score"),
    ("/signifyd/v3/orders/events/transactions", "score"),
    ("/v1/radar/payment_evaluations", "score"),
];

#[derive(OpenApi)]
#[openapi(
    paths(
        score,
        insights,
        factors,
        report,
        evaluate,
        checkouts,
        sales,
        transactions,
        fulfillments,
        returns
    ),
    components(schemas(
        MinfraudBody,
        MinfraudReport,
        MinfraudAnswer,
        MinfraudError,
        Evaluation,
        EvaluationError,
        SignifydOrder,
        SignifydAttempt,
        SignifydFulfillment,
        SignifydReturn,
        SignifydAnswer,
        SignifydFulfilled,
        SignifydReturned,
        SignifydError
    ))
)]
struct Dialects;

/// Adds the formats to a document.
pub(super) fn add(document: &mut Document) {
    let mut dialects = Dialects::openapi();
    for (path, scope) in PATHS {
        let Some(item) = dialects.paths.paths.get_mut(path) else { continue };
        if let Some(operation) = &mut item.post {
            surround(operation, path, scope);
        }
    }
    document.merge(dialects);
}

fn surround(operation: &mut Operation, path: &str, scope: &str) {
    operation.parameters.get_or_insert_default().push(request_id().into());
    // Basic carries the key in every format; Bearer in one.
    let names: &[&str] = if path.starts_with("/v1/") { &["key", "basic"] } else { &["basic"] };
    let needs = names.iter().map(|name| SecurityRequirement::new(*name, [scope]));
    operation.security = Some(needs.collect());
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            let id = HeaderBuilder::new().description(Some("The request's id")).build();
            response.headers.insert(super::REQUEST_ID.to_owned(), id.into());
        }
    }
}

macro_rules! minfraud {
    ($name:ident, $path:literal, $kind:literal, $summary:literal) => {
        #[utoipa::path(
            post, path = $path, tag = "minfraud", summary = $summary,
            description = "Compatible with the minFraud v2.0 request and response format. What is odd about a body \
                costs no answer: it is not used, and said in `warnings`.",
            request_body(content = MinfraudBody, content_type = "application/json"),
            responses(
                (status = 200, description = "The decision", content_type = $kind, body = MinfraudAnswer),
                (status = 400, description = "`JSON_INVALID`, `REQUEST_INVALID`",
                    content_type = "application/vnd.maxmind.com-error+json", body = MinfraudError),
                (status = 401, description = "`ACCOUNT_ID_REQUIRED`, `LICENSE_KEY_REQUIRED`, `AUTHORIZATION_INVALID`",
                    content_type = "application/vnd.maxmind.com-error+json", body = MinfraudError),
                (status = 403, description = "`PERMISSION_REQUIRED`; without a body: over 20,000 bytes"),
                (status = 408, description = "The body did not arrive in time"),
                (status = 415, description = "Not JSON by its type"),
                (status = 429, description = "The key asks more than it may"),
                (status = 503, description = "Not now; try again"),
            )
        )]
        #[expect(dead_code, reason = "carries the contract of a route")]
        fn $name() {}
    };
}

minfraud!(
    score,
    "/minfraud/v2.0/score",
    "application/vnd.maxmind.com-minfraud-score+json",
    "Risk and disposition of one transaction"
);
minfraud!(
    insights,
    "/minfraud/v2.0/insights",
    "application/vnd.maxmind.com-minfraud-insights+json",
    "The same with what is known of address, card and mailbox"
);
minfraud!(
    factors,
    "/minfraud/v2.0/factors",
    "application/vnd.maxmind.com-minfraud-factors+json",
    "The same with what moved the score"
);

#[utoipa::path(
    post, path = "/minfraud/v2.0/transactions/report", tag = "minfraud",
    summary = "What a transaction turned out to be: a label of each of its scorings",
    request_body(content = MinfraudReport, content_type = "application/json"),
    responses(
        (status = 204, description = "It is kept"),
        (status = 400, description = "`TAG_REQUIRED`, `TAG_INVALID`, `TRANSACTION_ID_REQUIRED`, \
            `MINFRAUD_ID_INVALID`, `MAXMIND_ID_INVALID`, `IP_ADDRESS_INVALID`, `NOTES_INVALID`, `PARAMETER_UNKNOWN`, \
            `JSON_INVALID`, `REQUEST_INVALID`",
            content_type = "application/vnd.maxmind.com-error+json", body = MinfraudError),
        (status = 401, description = "`ACCOUNT_ID_REQUIRED`, `LICENSE_KEY_REQUIRED`, `AUTHORIZATION_INVALID`",
            content_type = "application/vnd.maxmind.com-error+json", body = MinfraudError),
        (status = 403, description = "`PERMISSION_REQUIRED`; without a body: over 20,000 bytes"),
        (status = 408, description = "The body did not arrive in time"),
        (status = 415, description = "Not JSON by its type"),
        (status = 429, description = "The key asks more than it may"),
        (status = 503, description = "Not now; try again"),
    )
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn report() {}

#[utoipa::path(
    post, path = "/v1/radar/payment_evaluations", tag = "radar",
    summary = "Evaluate a payment as Stripe's own libraries ask it",
    description = "A form with names in brackets. `metadata[transaction_id]`, else the header `Idempotency-Key`, \
        makes a retry one. Headers `Request-Id`, `Idempotency-Key`, `Stripe-Version` and `Idempotent-Replayed` are \
        answered as there. Errors have the format's `type`; what `Idempotency-Key` conflicts with is a 400.",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters")),
    request_body(content = EvaluationForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The evaluation", body = Evaluation),
        (status = 400, description = "`invalid_request_error`, `idempotency_error`", body = EvaluationError),
        (status = 401, description = "`api_key_invalid`", body = EvaluationError),
        (status = 403, description = "`more_permissions_required`", body = EvaluationError),
        (status = 408, description = "The body did not arrive in time", body = EvaluationError),
        (status = 429, description = "`rate_limit`", body = EvaluationError),
        (status = 503, description = "Not now; try again", body = EvaluationError),
    )
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn evaluate() {}

macro_rules! signifyd {
    ($name:ident, $path:literal, $body:ty => $answer:ty, $summary:literal) => {
        #[utoipa::path(
            post, path = $path, tag = "signifyd", summary = $summary,
            description = "As Hyperswitch calls version 3 of Signifyd's interface. A word nobody knows is refused; a \
                member nobody knows is said in `vouch.warnings`.",
            request_body(content = $body, content_type = "application/json"),
            responses(
                (status = 200, description = "It is kept", body = $answer),
                (status = 400, description = "A member is missing, wrong or a card number", body = SignifydError),
                (status = 401, description = "The key is none of this server's", body = SignifydError),
                (status = 403, description = "The key lacks the scope", body = SignifydError),
                (status = 404, description = "No order has this id", body = SignifydError),
                (status = 408, description = "The body did not arrive in time", body = SignifydError),
                (status = 409, description = "The order's id was used with other values", body = SignifydError),
                (status = 413, description = "The body is over 100,000 bytes", body = SignifydError),
                (status = 415, description = "Not JSON by its type", body = SignifydError),
                (status = 429, description = "The key asks more than it may", body = SignifydError),
                (status = 503, description = "Not now; try again", body = SignifydError),
            )
        )]
        #[expect(dead_code, reason = "carries the contract of a route")]
        fn $name() {}
    };
}

signifyd!(
    checkouts,
    "/signifyd/v3/orders/events/checkouts",
    SignifydOrder => SignifydAnswer,
    "Evaluate an order before the issuer is asked"
);
signifyd!(
    sales,
    "/signifyd/v3/orders/events/sales",
    SignifydOrder => SignifydAnswer,
    "Evaluate an order behind its authorization"
);
signifyd!(
    transactions,
    "/signifyd/v3/orders/events/transactions",
    SignifydAttempt => SignifydAnswer,
    "What the issuer said of an order; answers the decision there is"
);
signifyd!(
    fulfillments,
    "/signifyd/v3/orders/events/fulfillments",
    SignifydFulfillment => SignifydFulfilled,
    "That an order was sent; kept, and counts nothing"
);
signifyd!(
    returns,
    "/signifyd/v3/orders/events/returns/records",
    SignifydReturn => SignifydReturned,
    "Money that goes back, as a refund"
);

/// Declares a schema by its members: those required, and all.
macro_rules! object {
    ($name:ident, $required:expr, $members:expr, $example:expr) => {
        struct $name;
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                object(&$required, &$members, $example)
            }
        }
        impl ToSchema for $name {}
    };
}

fn object(required: &[&str], members: &[(&str, Type)], example: Option<Value>) -> RefOr<Schema> {
    let object = members.iter().fold(ObjectBuilder::new(), |object, (name, kind)| {
        object.property(*name, ObjectBuilder::new().schema_type(kind.clone()))
    });
    required.iter().fold(object, |object, name| object.required(*name)).examples(example).into()
}

object!(
    MinfraudBody,
    [],
    [
        ("account", Type::Object),
        ("billing", Type::Object),
        ("credit_card", Type::Object),
        ("custom_inputs", Type::Object),
        ("device", Type::Object),
        ("email", Type::Object),
        ("event", Type::Object),
        ("order", Type::Object),
        ("payment", Type::Object),
        ("shipping", Type::Object),
        ("shopping_cart", Type::Array),
    ],
    Some(json!({
        "event": {"transaction_id": "txn-1", "type": "purchase"},
        "account": {"user_id": "3132"}, "email": {"address": "jane@example.com"},
        "billing": {"country": "GB"}, "device": {"ip_address": "81.2.69.142"},
        "order": {"amount": 49.00, "currency": "EUR"},
    }))
);
object!(
    MinfraudReport,
    ["tag"],
    [
        ("tag", Type::String),
        ("transaction_id", Type::String),
        ("minfraud_id", Type::String),
        ("chargeback_code", Type::String),
        ("ip_address", Type::String),
        ("notes", Type::String),
    ],
    Some(json!({"tag": "chargeback", "chargeback_code": "10.4", "transaction_id": "txn-1"}))
);
object!(
    MinfraudAnswer,
    ["id", "risk_score", "funds_remaining", "queries_remaining", "disposition"],
    [
        ("id", Type::String),
        ("risk_score", Type::Number),
        ("funds_remaining", Type::Number),
        ("queries_remaining", Type::Integer),
        ("disposition", Type::Object),
        ("warnings", Type::Array),
    ],
    None
);
object!(MinfraudError, ["code", "error"], [("code", Type::String), ("error", Type::String)], None);
object!(
    EvaluationForm,
    ["payment_details[amount]", "payment_details[currency]"],
    [
        ("payment_details[amount]", Type::Integer),
        ("payment_details[currency]", Type::String),
        ("payment_details[payment_method_details][payment_method]", Type::String),
        ("customer_details[customer]", Type::String),
        ("customer_details[email]", Type::String),
        ("metadata[transaction_id]", Type::String),
        ("metadata[order_id]", Type::String),
        ("metadata[ip]", Type::String),
    ],
    Some(json!({
        "payment_details[amount]": 4900, "payment_details[currency]": "eur",
        "customer_details[customer]": "cus_1", "metadata[transaction_id]": "tx-1",
    }))
);
object!(
    Evaluation,
    ["id", "object", "created_at", "recommended_action", "signals", "vouch"],
    [
        ("id", Type::String),
        ("object", Type::String),
        ("created_at", Type::Integer),
        ("recommended_action", Type::String),
        ("signals", Type::Object),
        ("vouch", Type::Object),
    ],
    None
);
object!(EvaluationError, ["error"], [("error", Type::Object)], None);
object!(
    SignifydOrder,
    ["orderId", "purchase"],
    [
        ("orderId", Type::String),
        ("checkoutId", Type::String),
        ("purchase", Type::Object),
        ("userAccount", Type::Object),
        ("device", Type::Object),
        ("transactions", Type::Array),
        ("decisionDelivery", Type::String),
    ],
    Some(json!({
        "orderId": "pay_1_1", "checkoutId": "pay_1",
        "purchase": {"totalPrice": 49.0, "currency": "EUR", "orderChannel": "WEB", "products": []},
        "userAccount": {"accountNumber": "cus_1", "email": "jane@example.com"},
        "device": {"clientIpAddress": "81.2.69.142"},
    }))
);
object!(
    SignifydAttempt,
    ["orderId", "transactions"],
    [("orderId", Type::String), ("checkoutId", Type::String), ("transactions", Type::Object)],
    Some(json!({
        "orderId": "pay_1_1", "checkoutId": "pay_1",
        "transactions": {"transactionId": "pay_1", "gatewayStatusCode": "SUCCESS"},
    }))
);
object!(
    SignifydFulfillment,
    ["orderId", "fulfillments"],
    [("orderId", Type::String), ("fulfillmentStatus", Type::String), ("fulfillments", Type::Array)],
    Some(json!({
        "orderId": "pay_1_1", "fulfillmentStatus": "COMPLETE", "fulfillments": [{"shipmentId": "s-1"}],
    }))
);
object!(
    SignifydReturn,
    ["orderId", "returnId", "refund"],
    [
        ("orderId", Type::String),
        ("returnId", Type::String),
        ("refundTransactionId", Type::String),
        ("refund", Type::Object),
    ],
    Some(json!({
        "orderId": "pay_1_1", "returnId": "r-1",
        "refund": {"method": "ORIGINAL_PAYMENT_INSTRUMENT", "amount": "4900", "currency": "EUR"},
    }))
);
object!(
    SignifydAnswer,
    ["signifydId", "orderId", "decision", "vouch"],
    [
        ("signifydId", Type::Integer),
        ("orderId", Type::String),
        ("checkoutId", Type::String),
        ("decision", Type::Object),
        ("vouch", Type::Object),
    ],
    None
);
object!(
    SignifydFulfilled,
    ["orderId", "shipmentIds"],
    [("orderId", Type::String), ("shipmentIds", Type::Array)],
    None
);
object!(
    SignifydReturned,
    ["orderId", "returnId"],
    [("orderId", Type::String), ("returnId", Type::String)],
    None
);
object!(
    SignifydError,
    ["messages", "errors"],
    [("messages", Type::Array), ("errors", Type::Object)],
    None
);
