//! Finds card numbers in text, so that none enters the program.
//!
//! A hit is 13 to 19 digits, single spaces or dashes allowed between them, not part of a longer word
//! or decimal number, that pass Luhn and have a prefix and a length under which cards are issued.
//! Luhn alone passes a tenth of all order numbers; prefix and length leave no time, no UUID, no
//! international phone number, and of random 16-digit numbers one in thirty. So only free text is
//! searched, never identifiers.
//!
//! Not found on purpose: numbers of fuel, store and benefit cards and UATP, and what follows a `+`
//! with at most 15 digits, which is a phone number.

use super::bin::BinTable;
use std::ops::Range;

const MIN_DIGITS: usize = 13;
const MAX_DIGITS: usize = 19;

/// The first card number in `text`, as a range of bytes; `None` when there is none.
///
/// Without a table (`None`) ranges of the networks' prefixes stand in for it: more false hits, and
/// national brands that share prefixes with nobody are missed. Cost: one pass over the bytes for text with fewer than 13 digits.
pub fn find(text: &str, bins: Option<&BinTable>) -> Option<Range<usize>> {
    find_from(text, 0, bins)
}

/// `text` with the middle digits of every card number replaced by `*`, first six and last four kept;
/// `None` when it holds none.
pub fn mask(text: &str, bins: Option<&BinTable>) -> Option<String> {
    let mut masked: Option<String> = None;
    let mut at = 0;
    while let Some(hit) = find_from(text, at, bins) {
        let out = masked.get_or_insert_default();
        out.push_str(text.get(at..hit.start).unwrap_or_default());
        let number = text.get(hit.clone()).unwrap_or_default();
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        let mut seen = 0;
        for c in number.chars() {
            let hidden = c.is_ascii_digit() && (6..digits - 4).contains(&seen);
            seen += usize::from(c.is_ascii_digit());
            out.push(if hidden { '*' } else { c });
        }
        at = hit.end;
    }
    if let Some(out) = &mut masked {
        out.push_str(text.get(at..).unwrap_or_default());
    }
    masked
}

fn find_from(text: &str, from: usize, bins: Option<&BinTable>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if !may_hold_one(bytes.get(from..)?) {
        return None;
    }
    let mut at = from;
    while at < bytes.len() {
        let run = digits_at(bytes, at);
        if run > 0
            && begins_token(text, at)
            && let Some(end) = card_from(text, at, bins)
        {
            return Some(at..end);
        }
        at += run.max(1);
    }
    None
}

/// Whether enough digits follow each other, with at most a separator between two. Most texts end
/// here.
fn may_hold_one(bytes: &[u8]) -> bool {
    // Counted first without a branch, which is a tenth of the cost of the loop below.
    if bytes.iter().filter(|b| b.is_ascii_digit()).count() < MIN_DIGITS {
        return false;
    }
    let mut digits = 0;
    let mut separated = false;
    for byte in bytes {
        match byte {
            b'0'..=b'9' => (digits, separated) = (digits + 1, false),
            b' ' | b'-' if !separated => separated = true,
            _ => (digits, separated) = (0, false),
        }
        if digits == MIN_DIGITS {
            return true;
        }
    }
    false
}

/// Length of the run of digits at `at`.
fn digits_at(bytes: &[u8], at: usize) -> usize {
    bytes.iter().skip(at).take_while(|b| b.is_ascii_digit()).count()
}

/// Where the longest card number ends that begins with the run of digits at `at`. Every end of a run
/// is tried, since an expiry date often follows the number.
fn card_from(text: &str, at: usize, bins: Option<&BinTable>) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut digits = [0_u8; MAX_DIGITS];
    let mut count = 0;
    let mut end = at;
    let mut longest = None;
    loop {
        for byte in bytes.iter().skip(end).take_while(|b| b.is_ascii_digit()) {
            let Some(digit) = digits.get_mut(count) else { return longest };
            *digit = byte - b'0';
            count += 1;
            end += 1;
        }
        let number = digits.get(..count).unwrap_or_default();
        if count >= MIN_DIGITS
            && ends_token(text, end)
            && !is_phone(text, at, number)
            && luhn(number)
            && issued(number, bins)
        {
            longest = Some(end);
        }
        match (bytes.get(end), bytes.get(end + 1)) {
            (Some(b' ' | b'-'), Some(next)) if next.is_ascii_digit() => end += 1,
            _ => return longest,
        }
    }
}

/// Neither a letter or digit before `at`, nor the digits before a decimal point.
fn begins_token(text: &str, at: usize) -> bool {
    let mut before = text.get(..at).unwrap_or_default().chars().rev();
    match before.next() {
        Some('.' | ',') => !before.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => !c.is_alphanumeric(),
        None => true,
    }
}

fn ends_token(text: &str, end: usize) -> bool {
    let mut after = text.get(end..).unwrap_or_default().chars();
    match after.next() {
        Some('.') => !after.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => !c.is_alphanumeric(),
        None => true,
    }
}

/// `+` and at most 15 digits (ITU-T E.164), or 13 digits with the country code of Austria or
/// Germany, whose mobile numbers are as long as the old Visa cards.
fn is_phone(text: &str, at: usize, number: &[u8]) -> bool {
    let plus = at.checked_sub(1).and_then(|before| text.as_bytes().get(before)) == Some(&b'+');
    plus && number.len() <= 15 || number.len() == 13 && matches!(number, [4, 3 | 9, ..])
}

/// The check digit of ISO/IEC 7812-1, annex B.
fn luhn(number: &[u8]) -> bool {
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn issued(number: &[u8], bins: Option<&BinTable>) -> bool {
    let prefix = number.iter().take(6).fold(0, |prefix, digit| prefix * 10 + u32::from(*digit));
    in_whole_range(prefix, number.len())
        || match bins {
            Some(bins) => bins.issues(prefix, number.len()),
            None => in_shared_range(prefix, number.len()),
        }
}

/// Prefixes that belong to one network as a whole (Visa, Mastercard, American Express, UnionPay): a
/// number under them is a card number even where the table is older than the issuer.
fn in_whole_range(prefix: u32, length: usize) -> bool {
    match prefix {
        400_000..=499_999 => matches!(length, 13 | 16 | 19),
        510_000..=559_999 | 222_100..=272_099 => length == 16,
        340_000..=349_999 | 370_000..=379_999 => length == 15,
        620_000..=629_999 => (16..=19).contains(&length),
        _ => false,
    }
}

/// Prefixes that networks share with others, for want of a table.
fn in_shared_range(prefix: u32, length: usize) -> bool {
    match prefix {
        300_000..=305_999 | 360_000..=369_999 | 380_000..=399_999 => matches!(length, 14 | 16),
        220_000..=220_499
        | 352_800..=358_999
        | 500_000..=509_999
        | 560_000..=699_999
        | 810_000..=829_999 => (16..=19).contains(&length),
        _ => false,
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
