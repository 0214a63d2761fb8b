//! Every field has its row, and little stories of what must not count.

use super::*;
use crate::features::{FIELDS as CATALOGUE, Origin};

/// A field without a row would be missing for ever.
#[test]
fn every_feature_reads_what_its_name_says() {
    let mut rows = 0;
    for (party, frauds, others) in &FIELDS {
        let who = party.name();
        for (window, (count, share)) in SALE_WINDOWS.into_iter().zip(frauds) {
            let window = window.name();
            assert_eq!(count.field().name, format!("{who}_known_fraud_count_{window}"));
            assert_eq!(share.field().name, format!("{who}_known_fraud_share_{window}"));
            assert_eq!((count.field().window, share.field().window), (window, window));
            rows += 2;
        }
        for (outcome, field) in OTHERS.into_iter().zip(others) {
            assert_eq!(field.field().name, format!("{who}_known_{}_count_90d", outcome.name()));
            rows += 1;
        }
    }
    let known = |name: &str| name.contains("_known_");
    let derived = CATALOGUE.iter().filter(|field| field.origin == Origin::Derived);
    assert_eq!(rows, derived.filter(|field| known(field.name)).count());
}
