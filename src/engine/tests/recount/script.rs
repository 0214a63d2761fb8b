//! What may come, drawn at random: transactions, events and repeats, late and over a failing disk.

use super::*;

/// One thing that comes.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A line; its time is so many minutes after the start.
    Line(Json, i64),
    /// The line of an earlier step again.
    Again(usize),
}

fn one_of(kind: &'static str, count: usize) -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(0.8, (0..count).prop_map(move |n| format!("{kind}-{n}")))
}

fn payment() -> impl Strategy<Value = Json> {
    let invoice = prop::option::weighted(0.6, (0..3_u32).prop_map(|n| format!("in-{n}")));
    let paypal =
        prop::option::weighted(0.2, (0..2_u32).prop_map(|n| format!("payer-{n}@example.com")));
    (invoice, prop::option::of(1..4_u32), paypal).prop_map(|(invoice, attempt, payer)| {
        let method = if payer.is_some() { "paypal" } else { "card" };
        json!({"method": method, "invoice_id": invoice, "attempt": attempt, "attested_payer": payer})
    })
}

pub(super) fn transaction() -> impl Strategy<Value = Json> {
    let kinds = [
        "purchase",
        "purchase",
        "renewal",
        "top_up",
        "plan_change",
        "trial_start",
        "sign_up",
        "card_setup",
    ];
    let email = prop::option::weighted(0.5, (0..3_u32).prop_map(|n| format!("m{n}@example.org")));
    let who = (one_of("acc", 4), one_of("card", 4), email, one_of("dev", 3), 1..4_u8);
    let amounts = ["9.00", "4.00", "120.50", "0.00"];
    let sold = (one_of("s", 2), one_of("sku", 2), 0..amounts.len(), one_of("key", 2));
    let what = (0..kinds.len(), payment(), sold, 0..6_u8);
    (who, what).prop_map(move |(who, what)| {
        let (account, card, email, device, ip) = who;
        let (kind, payment, (seller, sku, amount, licence), flag) = what;
        json!({
            "type": kinds[kind], "payment": payment, "seller_id": seller,
            "account": {"id": account, "email": email},
            "card": card.map(|card| json!({"fingerprint": card, "bin": "457173"})),
            "device": {"ip": format!("81.2.69.{ip}"), "device_id": device},
            "items": sku.map(|sku| vec![json!({"sku": sku})]),
            "amount": {"value": amounts[amount], "currency": "EUR"},
            "fulfilment": licence.map(|key| json!({"method": "licence_key", "licence_key": key})),
            "custom": {"block": flag == 0, "challenge": flag == 1},
        })
    })
}

fn event() -> impl Strategy<Value = Json> {
    let says = [
        ("auth.result", json!({"outcome": "approved"})),
        ("auth.result", json!({"outcome": "approved"})),
        ("auth.result", json!({"outcome": "declined", "decline_code": "do_not_honor"})),
        ("auth.result", json!({"outcome": "unavailable"})),
        ("challenge.result", json!({"outcome": "passed"})),
        ("challenge.result", json!({"outcome": "failed"})),
        ("refund", json!({})),
        ("fraud.warning", json!({})),
        ("dispute.created", json!({})),
        ("dispute.updated", json!({"status": "won"})),
        ("dispute.closed", json!({"status": "lost"})),
        ("dispute.closed", json!({"status": "under_review"})),
        ("capture", json!({})),
        ("label", json!({"label": "stolen_instrument"})),
        ("label", json!({"label": "first_party_misuse"})),
        ("label", json!({"label": "legitimate"})),
    ];
    let said =
        (0..says.len(), 0..60_usize, one_of("acc", 4)).prop_map(move |(n, about, account)| {
            json!({"type": says[n].0, "data": says[n].1, "transaction_id": format!("n-{about}"),
            "account_id": account})
        });
    let login = (one_of("acc", 4), one_of("dev", 3)).prop_map(|(account, device)| {
        json!({"type": "session.login", "account_id": account, "device_id": device})
    });
    let activated = (one_of("acc", 4), one_of("dev", 3), one_of("key", 2)).prop_map(|who| {
        let (account, device, key) = who;
        json!({"type": "licence.activated", "account_id": account, "device_id": device,
            "licence_key": key, "data": {}})
    });
    prop_oneof![6 => said, 1 => login, 1 => activated]
}

/// What comes, and where the disk fails: whether the line is sent again at once.
pub(super) fn script() -> impl Strategy<Value = Vec<(Step, Option<bool>)>> {
    let minutes = || prop_oneof![0..120_i64, 0..30 * 1_440_i64, 0..80 * 1_440_i64];
    let step = prop_oneof![
        5 => (transaction(), minutes()).prop_map(|(line, at)| Step::Line(line, at)),
        4 => (event(), minutes()).prop_map(|(line, at)| Step::Line(line, at)),
        1 => (0..60_usize).prop_map(Step::Again),
    ];
    let fails = prop_oneof![30 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    prop::collection::vec((step, fails), 1..60)
}

/// The lines with their names and times. Members that are null were not given.
pub(super) fn lines(script: &[(Step, Option<bool>)]) -> Vec<(Json, Option<bool>)> {
    fn given(json: Json) -> Json {
        match json {
            Json::Object(members) => members
                .into_iter()
                .filter(|(_, member)| !member.is_null())
                .map(|(name, member)| (name, given(member)))
                .collect(),
            other => other,
        }
    }
    let mut lines: Vec<(Json, Option<bool>)> = Vec::new();
    for (number, (step, fails)) in script.iter().enumerate() {
        let line = match step {
            Step::Again(earlier) => lines.get(*earlier).map(|(line, _)| line.clone()),
            Step::Line(line, minutes) => {
                let mut line = given(line.clone());
                let id = if line.get("data").is_some() || line["type"] == "session.login" {
                    "event_id"
                } else {
                    "transaction_id"
                };
                line[id] = json!(format!("n-{number}"));
                line["event_time"] = json!(Timestamp::from_millis(START + minutes * MINUTE_MS));
                Some(line)
            }
        };
        lines.extend(line.map(|line| (line, *fails)));
    }
    lines
}
