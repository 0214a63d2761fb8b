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
//!
//! Here and not beside the table of prefixes, because the messages about a request's own mistakes
//! quote it, and they are written where no table is.

use std::ops::Range;

const MIN_DIGITS: usize = 13;
const MAX_DIGITS: usize = 19;

/// Says whether cards are issued under these first six digits with this length.
pub type Issued<'a> = &'a dyn Fn(u32, usize) -> bool;

/// The first card number in `text`, as a range of bytes; `None` when there is none. `issued` is
/// asked beside the prefixes that belong to one network as a whole.
///
/// Cost: one pass over the bytes for text with fewer than 13 digits.
pub fn find_card_number(text: &str, issued: Issued<'_>) -> Option<Range<usize>> {
    find_from(text, 0, issued)
}

/// `text` with the middle digits of every card number replaced by `*`, first six and last four kept;
/// `None` when it holds none.
pub fn mask_card_numbers(text: &str, issued: Issued<'_>) -> Option<String> {
    let mut masked: Option<String> = None;
    let mut at = 0;
    while let Some(hit) = find_from(text, at, issued) {
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

/// The first `most` characters of what somebody sent, fit to be quoted in a message: card numbers
/// masked (before the cut, or a part of one would pass), control characters replaced.
pub(crate) fn excerpt(text: &str, most: usize) -> String {
    let masked = mask_card_numbers(text, &in_shared_range);
    let text = masked.as_deref().unwrap_or(text);
    let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut start: String = text.chars().take(most).map(visible).collect();
    if text.chars().nth(most).is_some() {
        start.push('…');
    }
    start
}

fn find_from(text: &str, from: usize, issued: Issued<'_>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if !may_hold_one(bytes.get(from..)?) {
        return None;
    }
    let mut at = from;
    while at < bytes.len() {
        let run = digits_at(bytes, at);
        if run > 0
            && begins_token(text, at)
            && let Some(end) = card_from(text, at, issued)
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
fn card_from(text: &str, at: usize, issued: Issued<'_>) -> Option<usize> {
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
            && is_issued(number, issued)
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

fn is_issued(number: &[u8], issued: Issued<'_>) -> bool {
    let prefix = number.iter().take(6).fold(0, |prefix, digit| prefix * 10 + u32::from(*digit));
    in_whole_range(prefix, number.len()) || issued(prefix, number.len())
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

/// Prefixes that networks share with others, for want of a table: more false hits than with one, and
/// national brands that share prefixes with nobody are missed.
pub fn in_shared_range(prefix: u32, length: usize) -> bool {
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

    #[test]
    fn an_excerpt_holds_no_card_number_and_no_part_of_one() {
        for (text, most, quoted) in [
            ("EUX", 20, "EUX"),
            ("4111111111111111", 20, "411111******1111"),
            ("4111111111111111", 8, "411111**…"),
            ("pay with 4111 1111 1111 1111 now", 24, "pay with 4111 11** **** …"),
            ("a\u{1b}[31m", 9, "a\u{fffd}[31m"),
            ("", 9, ""),
        ] {
            assert_eq!(excerpt(text, most), quoted);
        }
    }
}
