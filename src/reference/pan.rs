//! Finds card numbers with the help of the table of card prefixes.
//!
//! What a card number looks like is said in [`domain`](crate::domain::find_card_number).

use super::bin::BinTable;
use crate::domain::{find_card_number, in_shared_range, mask_card_numbers};
use std::ops::Range;

/// The first card number in `text`, as a range of bytes; `None` when there is none.
///
/// Without a table (`None`) ranges of the networks' prefixes stand in for it.
pub fn find(text: &str, bins: Option<&BinTable>) -> Option<Range<usize>> {
    find_card_number(text, &|prefix, length| issued(prefix, length, bins))
}

/// `text` with the middle digits of every card number replaced by `*`, first six and last four kept;
/// `None` when it holds none.
pub fn mask(text: &str, bins: Option<&BinTable>) -> Option<String> {
    mask_card_numbers(text, &|prefix, length| issued(prefix, length, bins))
}

fn issued(prefix: u32, length: usize, bins: Option<&BinTable>) -> bool {
    match bins {
        Some(bins) => bins.issues(prefix, length),
        None => in_shared_range(prefix, length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::tests::bundled;
    use proptest::prelude::*;

    /// Published by the networks and processors for testing.
    const PUBLISHED: [&str; 24] = [
        "4111111111111111",
        "4012888888881881",
        "4242424242424242",
        "4000056655665556",
        "4000000000000002",
        "4222222222222",
        "5555555555554444",
        "5105105105105100",
        "5454545454545454",
        "5200828282828210",
        "2223003122003222",
        "2222400010000008",
        "378282246310005",
        "371449635398431",
        "6011111111111117",
        "6011000990139424",
        "30569309025904",
        "38520000023237",
        "36227206271667",
        "3530111333300000",
        "3566002020360505",
        "6200000000000005",
        "6759649826438453",
        "4917610000000000003",
    ];

    fn both(text: &str) -> Option<Range<usize>> {
        let with = find(text, bundled().bins());
        let without = find(text, None);
        assert_eq!(with.is_some(), without.is_some(), "table and ranges differ on {text}");
        with
    }

    #[test]
    fn published_numbers_are_found_in_any_grouping() {
        for number in PUBLISHED {
            let grouped = |by: char| -> String {
                let chars = number.chars().enumerate();
                chars
                    .flat_map(|(i, c)| (i > 0 && i % 4 == 0).then_some(by).into_iter().chain([c]))
                    .collect()
            };
            for text in [number.to_owned(), grouped(' '), grouped('-')] {
                assert_eq!(both(&text), Some(0..text.len()), "{text}");
                let inside = format!("my card is ({text}), thanks.");
                assert_eq!(both(&inside), Some(12..12 + text.len()), "{inside}");
                let with_expiry = format!("order 12 {text} 12/27 123");
                assert!(both(&with_expiry).is_some(), "{with_expiry}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_a_card_number_is_left_alone() {
        for text in [
            "4111111111111112",  // fails Luhn
            "x4111111111111111", // part of a word
            "4111111111111111é",
            "41111111111111110000", // longer than any card number
            "4111  1111 1111 1111", // two spaces
            "4111.1111.1111.1111",
            "52.4111111111111111", // a coordinate
            "1763719200000",       // milliseconds
            "1763719200000000",    // microseconds
            "20261120101500",      // a time without signs
            "2026-11-20 10:15:00.000000",
            "2026-11-20 101500 000000",
            "+49 1512 3456788", // phones
            "+4915123456788",
            "4915123456788",
            "0049 1512 3456788",
            "+442071838750",
            "112-1234567-1234567", // order numbers
            "ORD-2026-0000-4711-0815",
            "76561198000000004", // a Steam account
            "100001234567890",
            "550e8400-e29b-41d4-a716-446655440000", // a UUID
            "9781234567897",                        // an ISBN
            "DE89 3704 0044 0532 0130 00",          // an IBAN
            "",
            "12",
        ] {
            assert_eq!(both(text), None, "{text}");
        }
    }

    #[test]
    fn masking_keeps_six_and_four() {
        let masked = |text: &str| mask(text, bundled().bins());
        assert_eq!(masked("4111 1111-1111 1111!").unwrap(), "4111 11**-**** 1111!");
        assert_eq!(
            masked("é 378282246310005, 5555555555554444").unwrap(),
            "é 378282*****0005, 555555******4444"
        );
        assert_eq!(masked("12,4111111111111111,x").unwrap(), "12,411111******1111,x");
        assert_eq!(masked("nothing here 4111111111111112"), None);
    }

    proptest! {
        #[test]
        fn times_and_phones_are_never_hits(
            ms in 946_684_800_000_u64..2_145_916_800_000, // until 2038; later microseconds look like Mir cards
             code in "1|7|20|27|30|31|32|33|34|351|36|38[0-9]|39|4[0-9]|5[0-8]|6[0-6]|81|82|86|9[0-8]",
            national in "[1-9][0-9]{7,9}",
        ) {
            prop_assert_eq!(both(&ms.to_string()), None);
            prop_assert_eq!(both(&(ms * 1000).to_string()), None);
            prop_assert_eq!(both(&format!("+{code}{national}")), None);
            prop_assert_eq!(both(&format!("00{code}{national}")), None);
        }

        #[test]
        fn any_text_is_survived(text in "[0-9é \\-.x+]{0,60}") {
            let bins = bundled().bins();
            if let Some(hit) = find(&text, bins) {
                prop_assert!(text.get(hit).is_some());
                prop_assert_eq!(mask(&text, bins).unwrap().chars().count(), text.chars().count());
            }
        }
    }
}
