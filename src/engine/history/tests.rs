//! Each group of features over a little story, with numbers worked out by hand.

mod recount;
mod retries;
mod sales;
mod travel;

use super::*;
use crate::decision::Policy;
use crate::domain::{Event, TenantId, Transaction};
use crate::engine::{Engine, ScoreRequest, Snapshot};
use crate::features::{FIELDS, Origin};
use crate::reference::Reference;
use crate::rules::{RuleSet, Source};
use crate::velocity::Limits;
use serde_json::{Value as Json, json};
use std::sync::Arc;

const RULES: &str = r#"
[group]
owner = "tests"

[[rule]]
id = "blocked"
action = "block"
reason = "BLOCKED"
text = "The story says so."
when = "custom.block"

[[rule]]
id = "challenged"
action = "challenge"
challenge = "three_ds"
reason = "CHALLENGED"
text = "The story says so."
when = "custom.challenge"

[[rule]]
id = "reviewed"
action = "review"
reason = "REVIEWED"
text = "The story says so."
when = "custom.review"
"#;

/// 2026-11-20T10:00:00Z, the moment asked about.
const NOW: i64 = 1_795_168_800_000;
const DAY: f64 = 24.0;
/// Addresses of a home line in Britain and of one in Germany.
const BRITAIN: &str = "81.2.69.142";
const GERMANY: &str = "91.0.0.1";

/// An engine and the things that happened, each so many hours before [`NOW`].
struct Story {
    engine: Engine,
    lines: u32,
}

impl Story {
    fn new() -> Self {
        Self::with(Reference::bundled().unwrap())
    }

    fn with(reference: Reference) -> Self {
        let rules = RuleSet::from_sources(&[Source::new("test.toml", RULES)]).unwrap();
        let snapshot = Snapshot::new(Arc::new(reference), rules, None, Policy::default());
        let limits = Limits { max_keys: 10_000, seed: 7 };
        Self { engine: Engine::in_memory(snapshot, limits), lines: 0 }
    }

    fn line(&mut self, id: &str, kind: &str, hours_ago: f64, rest: Json) -> Json {
        self.lines += 1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "whole milliseconds of a few hundred days"
        )]
        let time = Timestamp::from_millis(NOW - (hours_ago * HOUR_MS as f64) as i64);
        let mut line = json!({id: format!("n-{}", self.lines), "type": kind, "event_time": time});
        let Json::Object(rest) = rest else { unreachable!("an object") };
        line.as_object_mut().unwrap().extend(rest);
        line
    }

    /// A transaction; the answer is its id.
    fn tx(&mut self, hours_ago: f64, kind: &str, rest: Json) -> String {
        let line = self.line("transaction_id", kind, hours_ago, rest);
        let transaction: Transaction = serde_json::from_value(line).unwrap();
        let id = transaction.transaction_id.to_string();
        let tenant = TenantId::default_tenant();
        let request = ScoreRequest { tenant, transaction, warnings: Vec::new(), received_at: None };
        self.engine.begin(request).unwrap();
        id
    }

    fn event(&mut self, hours_ago: f64, kind: &str, rest: Json) {
        let line = self.line("event_id", kind, hours_ago, rest);
        let event: Event = serde_json::from_value(line).unwrap();
        self.engine.record_event(&TenantId::default_tenant(), &event, None).unwrap();
    }

    /// A transaction and the issuer's answer at the same moment: `ok`, or the decline's code.
    fn pay(&mut self, hours_ago: f64, kind: &str, rest: Json, answer: &str) -> String {
        let id = self.tx(hours_ago, kind, rest);
        let data = match answer {
            "ok" => json!({"outcome": "approved"}),
            "down" => json!({"outcome": "unavailable"}),
            code => json!({"outcome": "declined", "decline_code": code}),
        };
        self.event(hours_ago, "auth.result", json!({"transaction_id": id, "data": data}));
        id
    }

    /// What is known of a purchase now.
    fn ask(&mut self, rest: Json) -> Record {
        let line = self.line("transaction_id", "purchase", 0.0, rest);
        let asked: Transaction = serde_json::from_value(line).unwrap();
        self.engine.preview(&TenantId::default_tenant(), &asked)
    }
}

/// Holds fields against what they should be; null is missing.
fn expect(record: &Record, expected: &[(&str, Json)]) {
    for (name, expected) in expected {
        let field = FieldId::by_name(name).unwrap_or_else(|| unreachable!("no field {name}"));
        let found = serde_json::to_value(record.get(field)).unwrap();
        let near = match (found.as_f64(), expected.as_f64()) {
            (Some(found), Some(expected)) => (found - expected).abs() <= 1e-4 * expected.abs(),
            _ => found == *expected,
        };
        assert!(near, "{name}: found {found}, expected {expected}");
    }
}

fn euro(value: &str) -> Json {
    json!({"value": value, "currency": "EUR"})
}

#[test]
fn every_feature_reads_what_its_name_says() {
    for (field, entity, measure) in READINGS {
        let name = field.field().name;
        let who = entity.name().trim_end_matches("_blocks");
        let (what, window) = match measure {
            Count(Attempt, window) => ("tx_count".to_owned(), window),
            Count(signal, window) => (format!("{}_count", signal.name()), window),
            Sum(Attempt, window) => ("amount_eur_sum".to_owned(), window),
            Sum(signal, window) => (format!("{}_eur_sum", signal.name()), window),
            Distinct(other, window) => {
                let many = format!("{}s", other.name()).replace("ys", "ies");
                (format!("distinct_{many}"), window)
            }
            Declines(window) => ("declined_count".to_owned(), window),
            DeclineRatio(window) => ("decline_ratio".to_owned(), window),
            OverMean => ("amount_mean_ratio".to_owned(), &D90),
            OverLargest => ("amount_max_ratio".to_owned(), &D90),
            Priced => ("priced_count".to_owned(), &D90),
            OverDailySpend => ("spend_ratio".to_owned(), &D1),
            SpentOverToppedUp => ("spent_ratio".to_owned(), &D30),
            OwedCount => ("owed_usage_count".to_owned(), &D30),
            OwedSum => ("owed_usage_eur_sum".to_owned(), &D30),
            MostSessions => ("sessions_max".to_owned(), &D90),
            _ => {
                assert!(name.starts_with(&format!("{who}.")), "{name}");
                assert_eq!(field.field().window, "", "{name}");
                continue;
            }
        };
        assert_eq!(name, format!("{who}_{what}_{}", window.name()));
        assert_eq!(field.field().window, window.name());
    }
}

/// A field without a row would be missing for ever.
#[test]
fn every_field_of_the_group_has_one_row() {
    let end = FIELDS.iter().position(|field| field.name.starts_with("model.")).unwrap();
    let outcomes = f::ACCOUNT_KNOWN_FRAUD_COUNT_1D.index(); // read from sales and links, not here
    let own = f::CARD_BLOCKED_COUNT_1D.index();
    let history = f::CARD_TX_COUNT_1H.index()..outcomes;
    let fields = history.chain(own..end).map(|at| &FIELDS[at]);
    for field in fields.clone() {
        let is_own = field.name.contains("_blocked_count_");
        assert_eq!(field.origin, if is_own { Origin::Own } else { Origin::Derived });
        let rows = READINGS.iter().filter(|(id, ..)| *id == field.id).count();
        assert_eq!(rows, 1, "{}", field.name);
    }
    assert_eq!(READINGS.len(), fields.count());
}

/// One history is looked up once for each request.
#[test]
fn rows_of_one_entity_stand_together() {
    let groups = READINGS.chunk_by(|(_, one, _), (_, next, _)| one == next).count();
    assert_eq!(groups, Entity::COUNT - 1, "no field reads invoices of one payer");
}

#[test]
fn amounts_against_own_history() {
    let mut story = Story::new();
    let bought = |card: &str, amount: &str| {
        json!({"account": {"id": "a"}, "card": {"fingerprint": card}, "amount": euro(amount),
            "items": [{"sku": "s", "quantity": 2}]})
    };
    let mut basket = bought("c-3", "20.00");
    basket["items"] = json!([{"sku": "s"}, {"sku": "t"}]);
    story.tx(100.0 * DAY, "purchase", bought("c-1", "500.00"));
    story.tx(10.0 * DAY, "purchase", bought("c-1", "10.00"));
    story.tx(2.0 * DAY, "purchase", bought("c-2", "30.00"));
    story.tx(2.0, "purchase", basket.clone());
    story.tx(1.0, "purchase", json!({"account": {"id": "a"}, "items": [{"sku": "s"}]}));
    expect(
        &story.ask(bought("c-1", "40.00")),
        &[
            ("account_priced_count_90d", json!(3)),
            ("account_amount_mean_ratio_90d", json!(2.0)),
            ("account_amount_max_ratio_90d", json!(40.0 / 30.0)),
            ("account_spend_ratio_1d", json!(20.0 / (60.0 / 90.0))),
            ("card_priced_count_90d", json!(1)),
            ("card_amount_mean_ratio_90d", json!(4.0)),
            ("card_amount_max_ratio_90d", json!(4.0)),
            ("sku_priced_count_90d", json!(2)),
            ("sku_amount_mean_ratio_90d", json!(2.0)),
            ("sku_amount_max_ratio_90d", json!(40.0 / 30.0)),
        ],
    );
    // A basket has no price of its own, a stranger no history, and no amount no ratio.
    expect(&story.ask(basket), &[("sku_priced_count_90d", json!(null))]);
    let stranger = json!({"account": {"id": "b"}, "amount": euro("40.00")});
    expect(
        &story.ask(stranger),
        &[
            ("account_priced_count_90d", json!(0)),
            ("account_amount_mean_ratio_90d", json!(null)),
            ("account_amount_max_ratio_90d", json!(null)),
            ("account_spend_ratio_1d", json!(null)),
            ("card_priced_count_90d", json!(null)),
        ],
    );
    expect(
        &story.ask(json!({"account": {"id": "a"}})),
        &[("account_amount_mean_ratio_90d", json!(null)), ("account_priced_count_90d", json!(3))],
    );
}

#[test]
fn sharing() {
    let mut story = Story::new();
    let bought = |card: &str, account: &str, device: &str, ip: &str| {
        json!({"card": {"fingerprint": card}, "device": {"device_id": device, "ip": ip},
            "account": {"id": account, "email": format!("{account}@example.com")}})
    };
    story.tx(20.0 * DAY, "purchase", bought("c-1", "a-1", "d-1", BRITAIN));
    story.tx(5.0 * DAY, "purchase", bought("c-1", "a-2", "d-2", GERMANY));
    story.tx(4.0 * DAY, "purchase", bought("c-2", "a-2", "d-1", GERMANY));
    story.tx(2.0, "trial_start", bought("c-3", "a-2", "d-1", BRITAIN));
    // Refused by us: nobody was seen.
    let mut blocked = bought("c-1", "a-9", "d-9", "8.8.8.8");
    blocked["custom"] = json!({"block": true});
    story.tx(1.0, "purchase", blocked);
    // A login is no payment: it has counts of its own.
    story.event(
        1.0,
        "session.login",
        json!({"account_id": "a-2", "device_id": "d-8", "ip": "8.8.8.8"}),
    );
    let mut asked = bought("c-1", "a-2", "d-1", BRITAIN);
    asked["amount"] = euro("1.00");
    expect(
        &story.ask(asked),
        &[
            ("card_distinct_accounts_30d", json!(2)),
            ("card_distinct_devices_7d", json!(1)),
            ("card_distinct_countries_30d", json!(2)),
            ("email_distinct_accounts_30d", json!(1)),
            ("ip_distinct_emails_1d", json!(1)),
            ("ip_distinct_devices_1d", json!(1)),
            ("device_distinct_cards_7d", json!(2)),
            ("device_distinct_emails_7d", json!(1)),
            ("account_distinct_ips_7d", json!(2)),
            ("account_distinct_countries_7d", json!(2)),
            ("account_distinct_countries_30d", json!(2)),
            ("account_distinct_cards_7d", json!(3)),
            ("account_distinct_devices_30d", json!(2)),
        ],
    );
    expect(
        &story.ask(json!({"card": {"fingerprint": "c-1"}})),
        &[("device_distinct_cards_7d", json!(null)), ("card_distinct_accounts_30d", json!(2))],
    );
}

#[test]
fn ages() {
    let mut story = Story::new();
    let bought = |card: &str| {
        json!({"card": {"fingerprint": card}, "device": {"device_id": "d", "ip": BRITAIN},
            "account": {"id": "a", "email": "a@example.com"}})
    };
    story.tx(300.0 * DAY, "sign_up", json!({"account": {"id": "a"}, "device": {"device_id": "d"}}));
    story.pay(200.0 * DAY, "purchase", bought("c-1"), "insufficient_funds");
    story.pay(199.0 * DAY, "purchase", bought("c-1"), "ok");
    story.pay(9.0, "purchase", bought("c-1"), "ok");
    story.pay(5.0, "purchase", bought("c-2"), "ok");
    let mut known = bought("c-1");
    known["account"]["email"] = json!("new@example.com");
    expect(
        &story.ask(known),
        &[
            ("account.first_seen_h", json!(300.0 * DAY)),
            ("account.sign_up_h", json!(300.0 * DAY)),
            ("account.first_purchase_h", json!(199.0 * DAY)),
            ("account.last_attempt_h", json!(5.0)),
            ("card.first_seen_h", json!(200.0 * DAY)),
            ("card.last_attempt_h", json!(9.0)),
            ("card_on_account.first_seen_h", json!(200.0 * DAY)),
            ("device_on_account.first_seen_h", json!(300.0 * DAY)),
            ("device.first_seen_h", json!(300.0 * DAY)),
            ("device.last_attempt_h", json!(5.0)),
            ("ip.first_seen_h", json!(200.0 * DAY)),
            ("ip.last_attempt_h", json!(5.0)),
            ("email.first_seen_h", json!(null)),
            ("email.last_attempt_h", json!(null)),
        ],
    );
    // Both are known, but not together.
    let other = json!({"card": {"fingerprint": "c-1"}, "account": {"id": "b"}});
    expect(
        &story.ask(other),
        &[
            ("card.first_seen_h", json!(200.0 * DAY)),
            ("card_on_account.first_seen_h", json!(null)),
            ("account.sign_up_h", json!(null)),
        ],
    );
}

#[test]
fn results_of_the_issuer() {
    let mut story = Story::new();
    let bought = |card: &str| json!({"card": {"fingerprint": card}, "account": {"id": "a"}, "device": {"ip": BRITAIN}});
    story.pay(60.0 * DAY, "purchase", bought("c-1"), "stolen_card");
    story.pay(9.0 * DAY, "purchase", bought("c-1"), "ok");
    story.pay(8.0 * DAY, "purchase", bought("c-1"), "ok");
    story.pay(3.0, "purchase", bought("c-1"), "incorrect_cvc");
    story.pay(2.0, "purchase", bought("c-1"), "Insufficient Funds");
    story.pay(1.0, "purchase", bought("c-1"), "down");
    story.pay(0.5, "purchase", bought("c-1"), "processing_error");
    story.pay(0.25, "purchase", bought("c-2"), "ok");
    let asked = bought("c-1");
    expect(
        &story.ask(asked),
        &[
            ("card.last_result", json!("declined")),
            ("card.last_result_h", json!(2.0)),
            ("card.last_decline", json!("funds")),
            ("account.last_result", json!("approved")),
            ("account.last_result_h", json!(0.25)),
            ("account.last_decline", json!("funds")),
            ("card_declined_count_1d", json!(2)),
            ("card_declined_funds_count_1d", json!(1)),
            ("card_declined_data_count_1d", json!(1)),
            ("card_declined_stolen_count_30d", json!(0)),
            ("ip_declined_data_count_1d", json!(1)),
            ("card_decline_ratio_30d", json!(0.5)),
            ("account_decline_ratio_30d", json!(0.4)),
            ("ip_decline_ratio_1d", json!(2.0 / 3.0)),
            ("account_declined_count_30d", json!(2)),
        ],
    );
    expect(
        &story.ask(bought("c-9")),
        &[
            ("card.last_result", json!(null)),
            ("card.last_decline", json!(null)),
            ("card_decline_ratio_30d", json!(null)),
            ("card_declined_funds_count_1d", json!(0)),
        ],
    );
}

#[test]
fn challenges_and_what_is_reported_later() {
    let mut story = Story::new();
    let bought = json!({"card": {"fingerprint": "c"}, "device": {"device_id": "d"},
        "account": {"id": "a", "email": "a@example.com"}});
    let old = story.pay(150.0 * DAY, "purchase", bought.clone(), "ok");
    let new = story.pay(40.0 * DAY, "purchase", bought.clone(), "ok");
    let clean = story.ask(bought.clone());
    expect(&clean, &[("card.disputes", json!(0)), ("account.last_challenge", json!(null))]);
    let about = |id: &str, data: Json| json!({"transaction_id": id, "data": data});
    for (hours_ago, outcome) in [(39.0 * DAY, "failed"), (38.0 * DAY, "abandoned"), (5.0, "passed")]
    {
        story.event(hours_ago, "challenge.result", about(&new, json!({"outcome": outcome})));
    }
    story.event(120.0 * DAY, "refund", about(&old, json!({"amount": euro("1.00")})));
    story.event(30.0 * DAY, "refund", about(&new, json!({"amount": euro("1.00")})));
    story.event(100.0 * DAY, "dispute.created", about(&old, json!({})));
    story.event(20.0 * DAY, "dispute.created", about(&new, json!({})));
    story.event(25.0 * DAY, "fraud.warning", about(&new, json!({})));
    // A warning about a sale we do not know reaches the account it names.
    story.event(24.0 * DAY, "fraud.warning", json!({"transaction_id": "x", "account_id": "a"}));
    expect(
        &story.ask(bought),
        &[
            ("account.last_challenge", json!("passed")),
            ("account_challenge_passed_count_90d", json!(1)),
            ("account_challenge_failed_count_90d", json!(1)),
            ("account_challenge_abandoned_count_90d", json!(1)),
            ("account_refund_count_90d", json!(1)),
            ("account.refunds", json!(2)),
            ("account_dispute_count_90d", json!(1)),
            ("account.disputes", json!(2)),
            ("card.disputes", json!(2)),
            ("email.disputes", json!(2)),
            ("device.disputes", json!(2)),
            ("account.warnings", json!(2)),
            ("card.warnings", json!(1)),
            ("email.warnings", json!(1)),
            // Reports are not visits.
            ("card_distinct_accounts_30d", json!(0)),
        ],
    );
}

#[test]
fn subscriptions() {
    let mut story = Story::new();
    let who = |card: &str, account: &str| {
        json!({"card": {"fingerprint": card}, "device": {"device_id": "d", "ip": BRITAIN},
            "account": {"id": account, "email": "a@example.com"}})
    };
    let of_invoice = |attempt: u32| {
        let mut renewal = who("c", "a");
        renewal["payment"] = json!({"invoice_id": "in-1", "attempt": attempt});
        renewal
    };
    story.pay(200.0 * DAY, "trial_start", who("c", "old"), "ok");
    story.pay(60.0 * DAY, "trial_start", who("c", "a"), "ok");
    story.pay(46.0 * DAY, "renewal", who("c", "a"), "ok");
    let mut blocked = who("c", "b");
    blocked["custom"] = json!({"block": true});
    story.tx(45.0 * DAY, "trial_start", blocked);
    story.tx(12.0 * DAY, "plan_change", who("c", "a"));
    story.event(11.0 * DAY, "cancel.requested", json!({"account_id": "a"}));
    for (attempt, code) in [(1, "insufficient_funds"), (2, "do_not_honor"), (3, "down")] {
        story.pay(10.0 * DAY - f64::from(attempt) * DAY, "renewal", of_invoice(attempt), code);
    }
    expect(
        &story.ask(of_invoice(4)),
        &[
            ("card_trial_count_90d", json!(1)),
            ("email_trial_count_90d", json!(1)),
            ("device_trial_count_90d", json!(1)),
            ("ip_trial_count_90d", json!(1)),
            ("card.trials", json!(2)),
            ("email.trials", json!(2)),
            ("device.trials", json!(2)),
            ("account.trial_started_h", json!(60.0 * DAY)),
            ("account.trial_converted", json!(true)),
            ("card.trial_converted", json!(true)),
            ("account.renewals_paid", json!(1)),
            ("invoice_declined_count_30d", json!(2)),
            ("account_declined_count_30d", json!(2)),
            ("account_plan_change_count_30d", json!(1)),
            ("account.cancelled_h", json!(11.0 * DAY)),
            // One invoice is one attempt: the plan change, and the renewal's first.
            ("account_tx_count_30d", json!(2)),
        ],
    );
    expect(
        &story.ask(json!({"account": {"id": "old"}, "card": {"fingerprint": "c-2"}})),
        &[
            ("account.trial_converted", json!(false)),
            ("account.renewals_paid", json!(0)),
            ("card.trial_converted", json!(null)),
            ("account.cancelled_h", json!(null)),
            ("invoice_declined_count_30d", json!(null)),
        ],
    );
}

#[test]
fn wallets_and_exposure() {
    let mut story = Story::new();
    let of = |amount: &str| json!({"account": {"id": "a"}, "amount": euro(amount)});
    let used = |amount: &str| json!({"account_id": "a", "data": {"amount": euro(amount)}});
    story.pay(20.0 * DAY, "top_up", of("40.00"), "ok");
    story.event(12.0 * DAY, "api.usage", used("7.00"));
    story.pay(10.0 * DAY, "top_up", of("20.00"), "ok");
    story.pay(3.0 * DAY, "top_up", of("60.00"), "do_not_honor");
    story.event(2.0 * DAY, "api.usage", used("3.00"));
    story.event(1.0 * DAY, "api.usage", used("4.50"));
    story.event(1.0, "entitlement.consumed", used("45.00"));
    story.tx(5.0, "purchase", of("5.00"));
    story.tx(0.5, "purchase", of("0.99"));
    story.tx(0.25, "purchase", of("5.01"));
    story.tx(0.125, "card_setup", of("0.00"));
    expect(
        &story.ask(of("1.00")),
        &[
            ("account_micro_count_1h", json!(1)),
            ("account_micro_count_1d", json!(2)),
            ("account_micro_eur_sum_1d", json!("5.99")),
            ("account_top_up_count_1d", json!(0)),
            ("account_top_up_eur_sum_7d", json!("0.00")),
            ("account_spent_ratio_30d", json!(0.75)),
            ("account_owed_usage_count_30d", json!(2)),
            ("account_owed_usage_eur_sum_30d", json!("7.50")),
        ],
    );
    // What a use costs is not known, so neither is the sum; then the bill is paid.
    story.event(3.0, "api.usage", json!({"account_id": "a"}));
    expect(
        &story.ask(of("1.00")),
        &[
            ("account_owed_usage_count_30d", json!(3)),
            ("account_owed_usage_eur_sum_30d", json!(null)),
        ],
    );
    story.pay(0.0, "top_up", of("30.00"), "ok");
    expect(
        &story.ask(of("1.00")),
        &[
            ("account_owed_usage_count_30d", json!(0)),
            ("account_top_up_count_1d", json!(1)),
            ("account_top_up_eur_sum_7d", json!("30.00")),
            ("account_spent_ratio_30d", json!(0.5)),
        ],
    );
    expect(
        &story.ask(json!({"account": {"id": "b"}})),
        &[("account_spent_ratio_30d", json!(null)), ("account_micro_count_1d", json!(0))],
    );
}

#[test]
fn licences_and_access() {
    let mut story = Story::new();
    let activated = |key: &str, host: &str, ip: &str| json!({"account_id": "a", "licence_key": key, "ip": ip, "data": {"usage": {"host": host}}});
    story.event(20.0 * DAY, "licence.activated", activated("k-1", "h-1", BRITAIN));
    story.event(3.0, "licence.activated", activated("k-1", "h-2", GERMANY));
    story.event(2.0, "licence.activated", activated("k-1", "h-2", GERMANY));
    story.event(2.0, "licence.activated", activated("k-2", "h-3", GERMANY));
    let access = |device: &str, ip: &str| json!({"account_id": "a", "device_id": device, "ip": ip});
    story.event(6.0 * DAY, "session.login", access("d-1", BRITAIN));
    story.event(0.75, "session.login", access("d-1", BRITAIN));
    story.event(0.5, "session.login", access("d-2", GERMANY));
    story.event(0.25, "session.login_failed", access("d-3", BRITAIN));
    story.event(0.25, "session.login_failed", access("d-4", GERMANY));
    let mut staff = access("d-9", GERMANY);
    staff["actor"] = json!("staff");
    story.event(0.125, "session.login", staff);
    for (kind, hours_ago) in [("seat.assigned", 9.0), ("seat.assigned", 8.0), ("seat.removed", 7.0)]
    {
        story.event(hours_ago, kind, json!({"account_id": "a"}));
    }
    let sharing =
        |open: u32| json!({"account_id": "a", "data": {"sharing": {"concurrent_sessions": open}}});
    story.event(9.0, "sharing.signal", sharing(4));
    story.event(8.0, "sharing.signal", sharing(3));
    story.event(
        6.0,
        "account.changed",
        json!({"account_id": "a", "data": {"usage": {"what": "password"}}}),
    );
    for account in ["x", "y"] {
        let new =
            json!({"account": {"id": account}, "device": {"device_id": "d-1", "ip": BRITAIN}});
        story.tx(4.0, "sign_up", new);
    }
    expect(
        &story.ask(json!({"account": {"id": "a"}, "fulfilment": {"licence_key": "k-1"},
            "device": {"device_id": "d-1", "ip": BRITAIN}})),
        &[
            ("licence_activation_count_1d", json!(2)),
            ("licence_activation_count_30d", json!(3)),
            ("licence_distinct_machines_30d", json!(2)),
            ("licence_distinct_activation_countries_30d", json!(2)),
            ("account_activation_count_30d", json!(4)),
            ("account_distinct_machines_30d", json!(3)),
            ("account.seats", json!(1)),
            ("account_distinct_login_devices_1h", json!(2)),
            ("account_distinct_login_devices_7d", json!(2)),
            ("account_distinct_login_countries_7d", json!(2)),
            ("account_sessions_max_90d", json!(4)),
            ("account_login_failed_count_1h", json!(2)),
            ("ip_login_failed_count_1h", json!(1)),
            ("account.credentials_changed_h", json!(6.0)),
            ("ip_sign_up_count_1d", json!(2)),
            ("device_sign_up_count_1d", json!(2)),
            ("device_on_account.first_seen_h", json!(6.0 * DAY)),
        ],
    );
    expect(
        &story.ask(json!({"account": {"id": "b"}})),
        &[
            ("licence_activation_count_1d", json!(null)),
            ("account_sessions_max_90d", json!(null)),
            ("account.credentials_changed_h", json!(null)),
            ("account.seats", json!(0)),
        ],
    );
}

#[test]
fn what_costs_nothing_is_an_attempt_without_an_amount() {
    let of = |amount: &str| json!({"account": {"id": "a"}, "amount": euro(amount)});
    let mut story = Story::new();
    story.tx(3.0, "purchase", of("40.00"));
    story.tx(2.0, "card_setup", of("0.00"));
    story.tx(1.0, "plan_change", of("0.00"));
    expect(
        &story.ask(of("40.00")),
        &[
            ("account_tx_count_30d", json!(3)),
            ("account_priced_count_90d", json!(1)),
            ("account_amount_mean_ratio_90d", json!(1.0)),
        ],
    );
}

/// What is told late is not known before it is told, whenever it happened.
#[test]
fn a_report_counts_from_its_arrival() {
    let bought = || {
        json!({"card": {"fingerprint": "c"}, "account": {"id": "a"}, "amount": euro("3.00"),
            "device": {"device_id": "d", "ip": BRITAIN}})
    };
    let mut story = Story::new();
    let id = story.pay(9.0, "purchase", bought(), "ok");
    expect(&story.ask(bought()), &[("card.disputes", json!(0))]);
    // Reported now, of an hour before the question: not known then, known from now on.
    story.event(1.0, "dispute.created", json!({"transaction_id": id}));
    expect(&story.ask(bought()), &[("card.disputes", json!(1))]);
}
