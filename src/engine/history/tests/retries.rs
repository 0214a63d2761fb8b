//! What is a retry of an invoice, and what is another attempt.

use super::*;

/// A payment by everyone who can be named, of one invoice.
fn bill(attempt: Option<u32>) -> Json {
    json!({"account": {"id": "a", "email": "a@example.com"}, "card": {"fingerprint": "c"},
        "device": {"ip": BRITAIN, "device_id": "d"}, "seller_id": "s",
        "payment": {"method": "card", "invoice_id": "1001", "attempt": attempt}})
}

#[test]
fn the_number_of_an_attempt_is_not_believed() {
    for attempts in
        [[Some(1), Some(2), Some(3)], [Some(2), Some(9), Some(1)], [None, None, Some(2)]]
    {
        let mut story = Story::new();
        for attempt in attempts {
            story.pay(1.0, "renewal", bill(attempt), "do_not_honor");
        }
        let counted = [("card_tx_count_1d", json!(1)), ("invoice_declined_count_30d", json!(3))];
        expect(&story.ask(bill(None)), &counted);
    }
    let mut story = Story::new();
    for number in 0..20 {
        let mut first = bill(Some(2));
        first["payment"]["invoice_id"] = json!(format!("in-{number}"));
        story.tx(0.5, "purchase", first);
    }
    expect(&story.ask(bill(None)), &[("card_tx_count_1h", json!(20))]);
}

/// An open payment link is one invoice for whoever comes.
#[test]
fn another_payer_of_an_invoice_is_another_attempt() {
    for (pointer, other, attempts) in [
        ("/card/fingerprint", "c-2", 2),
        ("/account/id", "a-2", 2),
        ("/account/email", "b@example.com", 2),
        ("/seller_id", "s-2", 2),
        ("/payment/invoice_id", "1002", 2),
        ("/account/email", "A@Example.com", 1),
        ("/device/device_id", "d-2", 1),
    ] {
        let mut story = Story::new();
        let mut again = bill(Some(2));
        *again.pointer_mut(pointer).unwrap() = json!(other);
        for payment in [&bill(Some(1)), &again, &again] {
            story.tx(0.5, "purchase", payment.clone());
        }
        let ip = story.ask(bill(None));
        expect(&ip, &[("ip_tx_count_1h", json!(attempts))]);
    }
}

#[test]
fn sellers_number_their_invoices_alike() {
    let mut story = Story::new();
    story.pay(1.0, "purchase", bill(None), "do_not_honor");
    let mut others = bill(None);
    others["seller_id"] = json!("s-2");
    expect(&story.ask(bill(None)), &[("invoice_declined_count_30d", json!(1))]);
    expect(&story.ask(others), &[("invoice_declined_count_30d", json!(0))]);
}

#[test]
fn an_attempt_we_blocked_makes_no_retry_and_each_block_counts() {
    let mut story = Story::new();
    let mut blocked = bill(Some(1));
    blocked["custom"] = json!({"block": true});
    for (hours_ago, payment) in
        [(9.0, &blocked), (8.0, &bill(Some(2))), (7.0, &blocked), (6.0, &bill(Some(3)))]
    {
        story.tx(hours_ago, "purchase", payment.clone());
    }
    let counted = [("card_blocked_count_1d", json!(2)), ("card_tx_count_1d", json!(1))];
    expect(&story.ask(bill(None)), &counted);
}

#[test]
fn an_invoice_is_tried_anew_after_ninety_days() {
    for (days, attempts) in [(80.0, 1), (100.0, 2)] {
        let mut story = Story::new();
        story.tx(days * DAY, "purchase", bill(Some(1)));
        story.tx(0.5, "purchase", bill(Some(2)));
        expect(&story.ask(bill(None)), &[("card_tx_count_1h", json!(attempts - 1))]);
    }
    // From the last attempt that counted: a retry in between puts nothing off.
    let mut story = Story::new();
    for days in [120.0, 60.0, 0.02] {
        story.tx(days * DAY, "purchase", bill(None));
    }
    expect(&story.ask(bill(None)), &[("card_tx_count_1h", json!(1))]);
}

#[test]
fn retries_of_a_trial_are_one_trial_and_begin_it() {
    let challenged = |mut trial: Json| {
        trial["custom"] = json!({"challenge": true});
        trial
    };
    for (attempts, used) in [
        ([bill(Some(2)), bill(None), bill(Some(1))], true),
        ([challenged(bill(Some(1))), bill(Some(2)), bill(Some(3))], true),
        ([challenged(bill(Some(1))), challenged(bill(Some(2))), challenged(bill(None))], false),
    ] {
        let mut story = Story::new();
        for attempt in attempts {
            story.tx(9.0, "trial_start", attempt);
        }
        let other = json!({"account": {"id": "b"}, "card": {"fingerprint": "c"}});
        let counted = [("card_trial_count_90d", json!(1)), ("card.trials", json!(1))];
        let record = story.ask(other);
        expect(&record, &counted);
        expect(&record, &[("trial.used", json!(used))]);
        // What is then paid for the invoice is no retry of the trial.
        story.tx(8.0, "purchase", bill(Some(2)));
        expect(&story.ask(bill(None)), &[("card_tx_count_1d", json!(1))]);
    }
}
