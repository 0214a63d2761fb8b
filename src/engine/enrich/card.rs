//! What the card's prefix and the issuer's answers say.

use crate::domain::{Loose, Transaction};
use crate::features::{Record, Value, fields as f};
use crate::reference::{Funding, Reference};

/// The issuer, by the card's prefix.
pub(super) fn issuer(tx: &Transaction, reference: &Reference, record: &mut Record) {
    let Some(bin) = tx.card.as_ref().and_then(|c| c.bin.as_ref()).and_then(Loose::valid) else {
        return;
    };
    record.set(f::BIN_LENGTH, u32::try_from(bin.as_str().len()).ok());
    let Some(facts) = reference.bin(bin.as_str()) else { return };
    record.set(f::BIN_COUNTRY, facts.country);
    record.set(f::BIN_BRAND, facts.brand);
    record.set(f::BIN_FUNDING, facts.funding.map(Funding::name));
    record.set(f::BIN_PREPAID, facts.prepaid);
    record.set(f::BIN_BUSINESS, facts.business);
    record.set(f::BIN_TEST, facts.test);
}

/// The issuer's checks in words that are the same for every network.
pub(super) fn results(tx: &Transaction, record: &mut Record) {
    let Some(card) = &tx.card else { return };
    let indicator = card.three_ds.as_ref().and_then(|result| result.eci.as_ref());
    let brand = match record.get(f::BIN_BRAND) {
        Value::Text(brand) => Some(&**brand),
        _ => None,
    };
    let address = card.avs_result.as_ref().and_then(|text| address_check(text.as_str(), brand));
    let outcome = indicator.and_then(|eci| three_ds_outcome(eci.as_str(), brand));
    let code = card.cvv_result.as_ref().and_then(|text| code_check(text.as_str()));
    record.set(f::CARD_AVS_MATCH, address);
    record.set(f::CARD_CVV_MATCH, code);
    record.set(f::CARD_THREE_DS_OUTCOME, outcome);
}

/// The letters of Visa and Mastercard, those of American Express that also say whether the name is
/// right (K, L, M, O, V), and Stripe's words. D, E, F and W mean other things elsewhere (W is the
/// postal code at Mastercard, nothing at all at American Express, no answer at Discover), and
/// gateways translate them differently, so they say nothing unless the card is of the first two.
fn address_check(result: &str, brand: Option<&str>) -> Option<&'static str> {
    let first_two = matches!(brand, Some("visa" | "mastercard" | "maestro"));
    match result.trim() {
        "D" | "E" | "F" | "W" if !first_two => None,
        "Y" | "X" | "D" | "M" | "F" | "V" | "y" | "match" | "pass" => Some("match"),
        "A" | "B" | "P" | "W" | "Z" | "L" | "O" | "partial" => Some("partial"),
        "N" | "K" | "n" | "no_match" | "fail" => Some("none"),
        "U" | "R" | "S" | "G" | "I" | "C" | "E" | "unavailable" | "unchecked" => {
            Some("unavailable")
        }
        _ => None,
    }
}

/// The same for the security code.
fn code_check(result: &str) -> Option<&'static str> {
    match result.trim() {
        "M" | "Y" | "match" | "pass" => Some("match"),
        "N" | "no_match" | "fail" => Some("none"),
        "P" | "S" | "U" | "X" | "unavailable" | "unchecked" => Some("unavailable"),
        _ => None,
    }
}

/// Mastercard counts 02, 01, 00; the others 05, 06, 07. Mastercard's own 06 is an exemption, so
/// without a brand 06 says nothing.
fn three_ds_outcome(eci: &str, brand: Option<&str>) -> Option<&'static str> {
    let mastercard = brand.map(|brand| matches!(brand, "mastercard" | "maestro"));
    match (eci.trim().trim_start_matches('0'), mastercard) {
        ("2" | "5", _) => Some("authenticated"),
        ("1", _) | ("6", Some(false)) => Some("attempted"),
        ("" | "7", _) | ("4" | "6", Some(true)) if !eci.trim().is_empty() => Some("none"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_one_set_of_words() {
        for (letter, address, code) in [
            ("Y", Some("match"), Some("match")),
            ("M", Some("match"), Some("match")),
            ("Z", Some("partial"), None),
            ("N", Some("none"), Some("none")),
            ("U", Some("unavailable"), Some("unavailable")),
            ("unchecked", Some("unavailable"), Some("unavailable")),
            ("", None, None),
            ("?", None, None),
        ] {
            assert_eq!(address_check(letter, None), address, "{letter}");
            assert_eq!(code_check(letter), code, "{letter}");
        }
    }

    #[test]
    fn a_letter_of_two_meanings_is_read_by_its_network() {
        for (letter, brand, address) in [
            ("W", Some("mastercard"), Some("partial")),
            ("D", Some("visa"), Some("match")),
            ("F", Some("visa"), Some("match")),
            ("E", Some("visa"), Some("unavailable")),
            ("W", Some("amex"), None),
            ("D", Some("amex"), None),
            ("E", Some("amex"), None),
            ("F", Some("amex"), None),
            ("W", Some("discover"), None),
            ("W", None, None),
            ("Z", Some("amex"), Some("partial")),
            ("K", Some("amex"), Some("none")),
        ] {
            assert_eq!(address_check(letter, brand), address, "{letter} {brand:?}");
        }
    }

    #[test]
    fn an_indicator_is_read_by_its_network() {
        for (eci, brand, outcome) in [
            ("05", Some("visa"), Some("authenticated")),
            ("02", Some("mastercard"), Some("authenticated")),
            ("2", None, Some("authenticated")),
            ("06", Some("visa"), Some("attempted")),
            ("06", Some("mastercard"), Some("none")),
            ("06", None, None),
            ("01", None, Some("attempted")),
            ("07", Some("visa"), Some("none")),
            ("00", Some("mastercard"), Some("none")),
            ("", None, None),
            ("99", None, None),
        ] {
            assert_eq!(three_ds_outcome(eci, brand), outcome, "{eci} {brand:?}");
        }
    }
}
