//! What is a sale, what is a trial, and what is said of payments nobody scored.

use super::*;

#[test]
fn attempts_set_ups_and_retries_are_no_sales_of_their_own() {
    let mut story = Story::new();
    let of = |amount: &str| json!({"account": {"id": "a"}, "amount": euro(amount)});
    let retry = |attempt: u32| {
        let mut retry = of("9.00");
        retry["payment"] = json!({"method": "card", "invoice_id": "i-1", "attempt": attempt});
        retry
    };
    story.tx(20.0 * DAY, "purchase", of("9.00"));
    story.pay(19.0 * DAY, "card_setup", of("0.00"), "ok");
    story.pay(18.0 * DAY, "purchase", of("9.00"), "do_not_honor");
    let first = story.pay(17.0 * DAY, "renewal", retry(1), "insufficient_funds");
    let counted = |story: &mut Story, count: Json, share: Json| {
        let fields = [("account_known_fraud_count_30d", count)];
        let shares = [("account_known_fraud_share_30d", share)];
        let asked = story.ask(of("9.00"));
        expect(&asked, &fields);
        expect(&asked, &shares);
    };
    counted(&mut story, json!(null), json!(null));
    story.pay(16.0 * DAY, "renewal", retry(2), "ok");
    let paid_twice = story.pay(15.0 * DAY, "renewal", retry(3), "ok");
    counted(&mut story, json!(0), json!(0.0));
    // Of any of the three the warning is one of the only sale.
    story.event(2.0, "fraud.warning", json!({"transaction_id": first}));
    story.event(1.0, "fraud.warning", json!({"transaction_id": paid_twice}));
    counted(&mut story, json!(1), json!(1.0));
    // Captured without an answer we were told of.
    let captured = story.tx(14.0 * DAY, "purchase", of("9.00"));
    story.event(13.0 * DAY, "capture", json!({"transaction_id": captured}));
    counted(&mut story, json!(1), json!(0.5));
}

#[test]
fn a_trial_is_used_once_nothing_stands_in_its_way() {
    let trial = |card: &str, custom: &str| json!({"account": {"id": "a"}, "card": {"fingerprint": card}, "custom": {custom: true}});
    for (custom, answers) in [
        ("none", &[][..]),
        ("challenge", &[("challenge.result", "passed"), ("auth.result", "approved")]),
        ("review", &[("review.resolved", "approved")]),
    ] {
        for (number, (kind, outcome)) in answers.iter().enumerate() {
            let mut story = Story::new();
            let id = story.tx(9.0, "trial_start", trial("c", custom));
            let used = |story: &mut Story| {
                let record = story.ask(json!({"card": {"fingerprint": "c"}}));
                serde_json::to_value(record.get(f::TRIAL_USED)).unwrap()
            };
            assert_eq!(used(&mut story), json!(false), "{custom}");
            let bad = if number == 0 { "failed" } else { "declined" };
            let bad = if *kind == "review.resolved" { "declined" } else { bad };
            let told = |outcome: &str| json!({"transaction_id": id, "data": {"outcome": outcome}});
            story.event(8.0, kind, told(bad));
            assert_eq!(used(&mut story), json!(false), "{custom} {bad}");
            story.event(7.0, kind, told(outcome));
            assert_eq!(used(&mut story), json!(true), "{custom} {outcome}");
        }
        if answers.is_empty() {
            let mut story = Story::new();
            story.tx(9.0, "trial_start", trial("c", custom));
            let asked = story.ask(json!({"card": {"fingerprint": "c"}}));
            expect(&asked, &[("trial.used", json!(true)), ("trial.used_by", json!("card"))]);
        }
    }
}

/// Invented accounts make a card a hub. What was tried with it is not known then, which is not no.
#[test]
fn a_crowd_of_accounts_hides_no_trial_behind_a_no() {
    let brings = |account: &str, device: &str| {
        json!({"account": {"id": account},
        "card": {"fingerprint": "c"}, "device": {"device_id": device, "ip": BRITAIN}})
    };
    let mut story = Story::new();
    story.tx(40.0 * DAY, "trial_start", brings("a", "d"));
    for crowd in 0..12 {
        let account = format!("invented-{crowd}");
        story.tx(
            30.0 * DAY,
            "purchase",
            json!({"account": {"id": account}, "amount": euro("1.00"),
            "card": {"fingerprint": "c"}}),
        );
    }
    let known =
        [("links.hubs", json!(1)), ("trial.used", json!(null)), ("trial.used_by", json!(null))];
    expect(&story.ask(brings("b", "e")), &known);
    // The device still tells.
    let used =
        [("links.hubs", json!(1)), ("trial.used", json!(true)), ("trial.used_by", json!("device"))];
    expect(&story.ask(brings("b", "d")), &used);
    let other = json!({"account": {"id": "b"}, "card": {"fingerprint": "c2"}});
    expect(&story.ask(other), &[("links.hubs", json!(0)), ("trial.used", json!(false))]);
}

/// The account it names is all that is known of who paid.
#[test]
fn what_is_said_of_an_unknown_payment_counts_for_the_account_it_names() {
    let mut story = Story::new();
    let said = json!({"transaction_id": "nobody", "account_id": "a", "device_id": "d",
        "licence_key": "k", "ip": BRITAIN});
    story.event(2.0, "dispute.created", said.clone());
    story.event(1.0, "fraud.warning", said);
    let nameless = json!({"transaction_id": "nobody", "device_id": "d", "ip": BRITAIN});
    story.event(1.0, "dispute.created", nameless);
    let answer = json!({"transaction_id": "nobody", "account_id": "a",
        "data": {"outcome": "declined", "decline_code": "stolen_card"}});
    story.event(1.0, "auth.result", answer);
    expect(
        &story.ask(json!({"account": {"id": "a"}, "device": {"device_id": "d", "ip": BRITAIN}})),
        &[
            ("account.disputes", json!(1)),
            ("account.warnings", json!(1)),
            ("account_declined_count_30d", json!(0)),
            ("device.disputes", json!(0)),
            ("device.first_seen_h", json!(null)),
            ("account_known_dispute_count_90d", json!(null)),
            ("links.disputes", json!(0.0)),
        ],
    );
}
