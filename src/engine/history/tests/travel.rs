//! Distance and speed between cities, which only a merchant's file knows.

use super::*;
use crate::reference::{ReferenceFiles, Table};

/// A merchant's file with London, New York, a suburb of London and a data centre in New York.
fn cities() -> Reference {
    use maxminddb_writer::{Database, metadata::IpVersion};
    let mut file = Database::default();
    file.metadata.ip_version = IpVersion::V4;
    file.metadata.binary_format_major_version = 2;
    file.metadata.database_type = "Test-City".to_owned();
    file.metadata.build_epoch = 1_790_000_000;
    for (network, city, latitude, longitude, hosting) in [
        ("81.2.69.0/24", "London", 51.51, -0.13, false),
        ("81.2.70.0/24", "Richmond", 51.46, -0.30, false),
        ("72.229.28.0/24", "New York", 40.71, -74.01, false),
        ("72.229.29.0/24", "New York", 40.71, -74.01, true),
    ] {
        let record = json!({"city": {"names": {"en": city}}, "traits": {"is_hosting_provider": hosting},
            "location": {"latitude": latitude, "longitude": longitude, "accuracy_radius": 20}});
        let data = file.insert_value(&record).unwrap();
        let network: maxminddb_writer::paths::IpAddrWithMask = network.parse().unwrap();
        file.insert_node(network, data);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("city.mmdb");
    std::fs::write(&path, file.write_to(Vec::new()).unwrap()).unwrap();
    let (reference, refused) =
        Reference::load(&ReferenceFiles { files: vec![path], ..ReferenceFiles::default() });
    assert!(refused.is_empty(), "{refused:?}");
    reference
}

#[test]
fn travel_is_told_only_between_known_cities() {
    let from = |ip: &str| json!({"account": {"id": "a"}, "card": {"fingerprint": "c"}, "device": {"ip": ip}});
    let (london, new_york) = ("81.2.69.1", "72.229.28.1");
    let fields = ["account.travel_km", "account.travel_kmh", "account.impossible_travel"];
    // Last seen in London so many hours ago; asked from there.
    for (hours_ago, last, here, expected) in [
        (6.0, london, new_york, json!([5_572.7, 928.8, true])),
        (7.0, london, new_york, json!([5_572.7, 796.1, false])),
        (0.0125, london, "81.2.70.1", json!([13.84, 1_107.5, false])),
        (1.0, london, london, json!([0.0, 0.0, false])),
        (1.0, london, "72.229.29.1", json!([null, null, null])),
        (1.0, "72.229.29.1", london, json!([null, null, null])),
        (1.0, london, "8.8.8.8", json!([null, null, null])),
    ] {
        let mut story = Story::with(cities());
        story.tx(hours_ago, "purchase", from(last));
        let record = story.ask(from(here));
        let expected = expected.as_array().unwrap();
        let near: Vec<_> = fields.into_iter().zip(expected.iter().cloned()).collect();
        for (name, expected) in &near {
            let found = serde_json::to_value(record.get(FieldId::by_name(name).unwrap())).unwrap();
            let same = match (found.as_f64(), expected.as_f64()) {
                (Some(found), Some(expected)) => (found - expected).abs() <= expected / 100.0,
                _ => found == *expected,
            };
            assert!(same, "{name} from {last} to {here}: {found}, not {expected}");
        }
        assert_eq!(record.get(f::CARD_TRAVEL_KM), record.get(f::ACCOUNT_TRAVEL_KM));
    }
    // A login moves the account and not the card; without a city nobody moves.
    let mut story = Story::with(cities());
    story.tx(9.0, "purchase", from(london));
    story.event(1.0, "session.login", json!({"account_id": "a", "ip": new_york}));
    story.event(0.5, "session.login", json!({"account_id": "a", "ip": "8.8.8.8"}));
    let record = story.ask(from(london));
    assert_eq!(record.get(f::ACCOUNT_IMPOSSIBLE_TRAVEL), &Value::Bool(true));
    assert_eq!(record.get(f::CARD_IMPOSSIBLE_TRAVEL), &Value::Bool(false));
    // A city may be a data centre's where no table names those.
    let mut story = Story::with(cities().without(Table::Provider));
    story.tx(6.0, "purchase", from(london));
    expect(&story.ask(from(new_york)), &[("account.travel_km", json!(null))]);
    // Bundled tables know no city.
    let mut story = Story::new();
    story.tx(6.0, "purchase", from(london));
    expect(&story.ask(from(new_york)), &[("account.travel_km", json!(null))]);
}
