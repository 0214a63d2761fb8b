//! The shipped maps, on rows made up in the shape of their data sets.

use std::io::Write;
use std::path::Path;
use vouch::domain::LabelClass;
use vouch::input::files::{open, read_map};
use vouch::input::{Item, Line};

/// Transactions as JSON with their label, and errors, of a table read by a shipped map.
fn read(map: &str, table: &str) -> Vec<Result<(serde_json::Value, Option<LabelClass>), String>> {
    let map = read_map(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data/maps").join(map)).unwrap();
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    file.write_all(table.as_bytes()).unwrap();
    let lines = open(file.path(), Some(&map)).unwrap();
    assert!(lines.unused_columns().is_empty(), "{:?}", lines.unused_columns());
    lines
        .map(|line| match line {
            Ok(Line { item: Item::Transaction { transaction, label, .. }, .. }) => {
                Ok((serde_json::to_value(transaction).unwrap(), label.map(|label| label.class)))
            }
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        })
        .collect()
}

#[test]
fn every_shipped_map_is_one() {
    let maps = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/maps");
    let mut count = 0;
    for entry in std::fs::read_dir(maps).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            read_map(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            count += 1;
        }
    }
    assert_eq!(count, 3);
}

#[test]
fn ecommerce_rows_are_purchases() {
    let rows = read(
        "ecommerce-fraud.toml",
        "\u{feff}user_id,signup_time,purchase_time,purchase_value,device_id,source,browser,sex,age,ip_address,class\r\n\
         17,1/2/2015 3:04,8/11/2015 19:00,34,DEVICE,SEO,Chrome,F,41,3232235777.8,1\r\n\
         18,1/2/2015 3:04,,,,,,,,,\r\n\
         19,1/2/2015 3:04\r\n",
    );
    let expected = serde_json::json!({
        "transaction_id": "ecommerce-17", "type": "purchase", "event_time": "2015-08-11T19:00:00Z",
        "amount": {"value": "34", "currency": "USD"},
        "account": {"id": "17", "created_at": "2015-01-02T03:04:00Z"},
        "device": {"ip": "192.168.1.1", "device_id": "DEVICE"},
        "custom": {"source": "SEO", "browser": "Chrome", "sex": "F", "age": 41},
    });
    assert_eq!(rows[0], Ok((expected, Some(LabelClass::StolenInstrument))));
    let message = "line 3: column `purchase_time` is empty, and `event_time` is required";
    assert_eq!(rows[1], Err(message.into()));
    let message = "line 4: has 2 cells, the header has 11: no `purchase_time`, `purchase_value`, \
                   `device_id`, `source`, `browser`";
    assert_eq!(rows[2], Err(message.into()));
}

#[test]
fn one_map_reads_both_aws_tables() {
    let rows = read(
        "aws-fraud-detector.toml",
        "EVENT_LABEL,EVENT_TIMESTAMP,LABEL_TIMESTAMP,EVENT_ID,ENTITY_TYPE,ENTITY_ID,card_bin,customer_name,billing_street,billing_city,billing_state,billing_zip,billing_latitude,billing_longitude,billing_country,customer_job,ip_address,customer_email,billing_phone,user_agent,product_category,order_price,payment_currency,merchant\n\
         ,2022-12-24T15:53:30Z,,101208c0a99b601c4b11a8fb8fedc75d6,customer,c-1,457173,Ada,1 Main St.,Town,NY,10001,42.3182,-79.3758,US,\"Engineer, materials\",192.0.2.1,ada@example.org,555-0100,Agent,home,7.53,BIF,Shop\n\
         1,2022-12-24T15:53:30Z,2022-12-25T00:00:00Z,e-2,customer,c-1,457173,Ada,1 Main St.,Town,NY,10001,42.3182,-79.3758,US,Baker,192.0.2.1,ada@example.org,555-0100,Agent,home,7.53,ZZZ,Shop\n",
    );
    let (first, label) = rows[0].as_ref().unwrap();
    assert_eq!((first["card"]["bin"].as_str(), *label), (Some("457173"), None));
    assert_eq!(first["items"][0]["category"], "home");
    let message = "line 3: column `payment_currency`: `ZZZ` is not an ISO 4217 currency code";
    assert_eq!(rows[1], Err(message.into()));

    let rows = read(
        "aws-fraud-detector.toml",
        "ip_address,email_address,billing_state,user_agent,billing_postal,phone_number,EVENT_TIMESTAMP,billing_address,EVENT_LABEL\n\
         192.0.2.1,ada@example.org,NY,Agent,10001,555-0100,2022-12-04T06:07:46Z,1 Main St.,legit\n",
    );
    let (first, label) = rows[0].as_ref().unwrap();
    assert_eq!(first["transaction_id"], "aws-registration-1");
    assert_eq!((first["type"].as_str(), *label), (Some("sign_up"), Some(LabelClass::Legitimate)));
}

#[test]
fn handbook_amounts_lose_their_noise() {
    let rows = read(
        "handbook.toml",
        "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD,TX_FRAUD_SCENARIO\n\
         5,2018-04-01 00:00:31,596,3156,85.64999999999999,0,0\n",
    );
    let (first, label) = rows[0].as_ref().unwrap();
    assert_eq!(first["amount"]["value"], "85.65");
    assert_eq!(first["card"]["fingerprint"], "card-596");
    assert_eq!(*label, Some(LabelClass::Legitimate));
}
