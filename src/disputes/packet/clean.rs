//! Free text as a packet may print it.

/// Masks card numbers down to their last four digits, and shows what would reorder or hide text (line
/// separators, zero-width and direction marks) as `?`.
pub(super) fn clean(text: &str) -> String {
    let visible: String = text.chars().map(|c| if is_invisible(c) { '?' } else { c }).collect();
    mask_card_numbers(&visible)
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        || c == '\u{FEFF}'
}

/// A card number here is 13 to 19 digits, in groups with single spaces or dashes between, bounded by
/// characters that are neither letters nor digits, which pass the Luhn check. Another number that
/// passes by chance loses digits; the reverse error could not be undone.
fn mask_card_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let bounded = !out.ends_with(char::is_alphanumeric);
        if let Some((length, last4)) = card_number(from).filter(|_| bounded) {
            out.push_str("************");
            out.push_str(&last4);
            rest = from.split_at(length).1;
        } else {
            let (group, after) = from.split_at(group_length(from));
            out.push_str(group);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The longest card number at the start of a text: its length in bytes and its last four digits.
fn card_number(text: &str) -> Option<(usize, String)> {
    const LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;
    let mut found = None;
    let (mut digits, mut rest) = (String::new(), text);
    while digits.len() <= *LENGTHS.end() {
        let (group, after) = rest.split_at(group_length(rest));
        digits.push_str(group);
        let bounded = !after.starts_with(char::is_alphanumeric);
        if bounded && LENGTHS.contains(&digits.len()) && passes_luhn(&digits) {
            let last4 = digits.chars().skip(digits.len() - 4).collect();
            found = Some((text.len() - after.len(), last4));
        }
        rest = after.strip_prefix([' ', '-']).unwrap_or_default();
        if !rest.starts_with(|c: char| c.is_ascii_digit()) {
            break;
        }
    }
    found
}

/// Number of leading digits.
fn group_length(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn passes_luhn(digits: &str) -> bool {
    let weights = [1, 2].into_iter().cycle();
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|digit| digit.to_digit(10))
        .zip(weights)
        .map(|(digit, weight)| digit * weight / 10 + digit * weight % 10)
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_masked_and_other_numbers_kept() {
        for (given, expected) in [
            ("my card 4242 4242 4242 4242!", "my card ************4242!"),
            ("4242424242424242", "************4242"),
            ("4242-4242-4242-4242 and 378282246310005", "************4242 and ************0005"),
            ("order 4242424242424241", "order 4242424242424241"),
            ("ref a4242424242424242", "ref a4242424242424242"),
            ("ref 4242424242424242a", "ref 4242424242424242a"),
            ("1 4242 4242 4242 4242 1", "1 ************4242 1"),
            ("2026-11-20 5555555555554444", "2026-11-20 ************4444"),
            ("24000006325000000000001", "24000006325000000000001"),
            ("+44 20 7183 8750", "+44 20 7183 8750"),
            ("4242  4242  4242  4242", "4242  4242  4242  4242"),
            ("ünï 7 \u{202E}x", "ünï 7 ?x"),
        ] {
            assert_eq!(clean(given), expected, "{given}");
        }
    }
}
