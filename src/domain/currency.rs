//! Currencies: ISO 4217 codes, withdrawn ones included.
//!
//! A withdrawn code is accepted, because old transactions carry it, and says when it was withdrawn.
//! A code is three upper-case letters: `usd` is refused with a hint, since a source that mixes the
//! cases usually mixes more than that. Crypto tickers (`BTC`) are no ISO codes and are refused.

use super::card_number::excerpt;
use super::currency_table::{Entry, TABLE};
use super::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// A code of ISO 4217, current or withdrawn. Ordered by code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(u16); // INVARIANT: a position of TABLE

/// The month ISO 4217 gives for a code's withdrawal. Its last day is the last day of use; the list
/// is no finer than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Withdrawn {
    /// Year, 1979..=2026.
    pub year: u16,
    /// Month, 1..=12.
    pub month: u8,
}

/// A text that is no ISO 4217 code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not an ISO 4217 currency code{}", hint.map(|h| format!("; did you mean `{h}`?")).unwrap_or_default())]
pub struct UnknownCurrency {
    /// The text, cut to 20 characters, card numbers masked.
    pub given: String,
    /// The code probably meant.
    pub hint: Option<&'static str>,
}

/// What a slip of the finger is guessed to mean, most traded first. Guessing among all codes would
/// offer `BTN` for `BTC`.
const USUAL: [&str; 20] = [
    "USD", "EUR", "GBP", "JPY", "CNY", "CHF", "CAD", "AUD", "SEK", "NOK", "DKK", "PLN", "BRL",
    "INR", "MXN", "TRY", "KRW", "SGD", "HKD", "NZD",
];

impl Currency {
    /// The three letters.
    pub fn code(self) -> &'static str {
        self.entry().code
    }

    /// Digits of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD; `None` where there is none (XAU).
    ///
    /// A processor may differ from ISO (zero-decimal lists); that is the processor's table's job.
    pub fn exponent(self) -> Option<u8> {
        self.entry().exponent
    }

    /// When the code was withdrawn; `None` while it is current.
    pub fn withdrawn(self) -> Option<Withdrawn> {
        self.entry().withdrawn
    }

    /// Whether the code was still in use at `at`: current, or withdrawn in that month or later.
    pub fn in_use(self, at: Timestamp) -> bool {
        let Some(Withdrawn { year, month }) = self.withdrawn() else { return true };
        at.date_text().get(..7).is_some_and(|now| now <= format!("{year:04}-{month:02}").as_str())
    }

    /// The euro, the base of the exchange-rate table.
    pub const EUR: Self = Self::place("EUR");
    /// The United States dollar.
    pub const USD: Self = Self::place("USD");

    /// The position of a code known to be in the table; anything else does not compile.
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler alone")]
    const fn place(code: &str) -> Self {
        let code = code.as_bytes();
        let mut position = 0;
        loop {
            let row = TABLE[position as usize].code.as_bytes();
            if row[0] == code[0] && row[1] == code[1] && row[2] == code[2] {
                return Self(position);
            }
            position += 1;
        }
    }

    /// Every code, sorted.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..TABLE.len()).map(Self::at)
    }

    #[expect(clippy::cast_possible_truncation, reason = "TABLE has a few hundred rows")]
    fn at(position: usize) -> Self {
        Self(position as u16)
    }

    #[expect(clippy::indexing_slicing, reason = "a Currency is a position of TABLE")]
    fn entry(self) -> &'static Entry {
        &TABLE[usize::from(self.0)]
    }
}

impl fmt::Display for Withdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// The code meant by a misspelling: another case, a common nickname, or one slip of the finger.
fn hint(text: &str) -> Option<&'static str> {
    let upper = text.trim().to_ascii_uppercase();
    let meant = match upper.as_str() {
        "EURO" | "EUROS" | "€" => "EUR",
        "US$" | "US" | "$" => "USD",
        "UKP" | "STG" | "£" => "GBP",
        "RMB" | "CNH" => "CNY",
        "NTD" => "TWD",
        other => other,
    };
    if let Ok(at) = TABLE.binary_search_by_key(&meant, |entry| entry.code) {
        return TABLE.get(at).map(|entry| entry.code);
    }
    let slip = |usual: &&str| meant.len() == 3 && strsim::osa_distance(usual, meant) == 1;
    USUAL.into_iter().find(slip)
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        match TABLE.binary_search_by_key(&text, |entry| entry.code) {
            Ok(position) => Ok(Self::at(position)),
            Err(_) => Err(UnknownCurrency { given: excerpt(text, 20), hint: hint(text) }),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Currency;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an ISO 4217 currency code like `EUR`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Currency, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl utoipa::PartialSchema for Currency {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[A-Z]{3}$"))
            .examples(["EUR"])
            .into()
    }
}
impl utoipa::ToSchema for Currency {}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn table_is_sorted_and_well_formed() {
        assert!(TABLE.is_sorted_by(|a, b| a.code < b.code));
        for entry in TABLE {
            assert_eq!(entry.code.len(), 3);
            assert!(entry.code.bytes().all(|b| b.is_ascii_uppercase()), "{}", entry.code);
            assert!(entry.exponent.is_none_or(|e| e <= 4));
            assert!(entry.withdrawn.is_none_or(|w| (1..=12).contains(&w.month)));
        }
        assert_eq!(Currency::all().len(), 307); // 178 current, 129 withdrawn
        assert!(Currency::all().all(|c| currency(c.code()) == c));
    }

    #[test]
    fn exponents_are_those_of_the_list() {
        for (code, exponent) in [
            ("EUR", Some(2)),
            ("JPY", Some(0)),
            ("ISK", Some(0)),
            ("UGX", Some(0)),
            ("KWD", Some(3)),
            ("IQD", Some(3)),
            ("CLF", Some(4)),
            ("UYW", Some(4)),
            ("XCG", Some(2)),
            ("ZWG", Some(2)),
            ("ITL", Some(0)),
            ("DEM", Some(2)),
            ("XAU", None),
        ] {
            assert_eq!(currency(code).exponent(), exponent, "{code}");
        }
    }

    #[test]
    fn withdrawn_codes_say_when() {
        let when = |code: &str| currency(code).withdrawn().map(|w| w.to_string());
        assert_eq!(when("EUR"), None);
        assert_eq!(when("BGN").as_deref(), Some("2026-01"));
        assert_eq!(when("HRK").as_deref(), Some("2023-01"));
        assert_eq!(when("DEM").as_deref(), Some("2002-03"));
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(currency("BGN").in_use(at("2026-01-31T23:59:59Z")));
        assert!(!currency("BGN").in_use(at("2026-02-01T00:00:00Z")));
        assert!(currency("USD").in_use(at("2099-01-01T00:00:00Z")));
    }

    #[test]
    fn hints_name_the_code_meant() {
        let hint = |text: &str| text.parse::<Currency>().unwrap_err().hint;
        assert_eq!(hint("usd"), Some("USD"));
        assert_eq!(hint("EUX"), Some("EUR"));
        assert_eq!(hint("UDS"), Some("USD"));
        assert_eq!(hint("GPB"), Some("GBP"));
        assert_eq!(hint("RMB"), Some("CNY"));
        assert_eq!(hint("BTC"), None);
        assert_eq!(hint("USDT"), None);
        assert_eq!(hint(""), None);
        let error = "EUX".parse::<Currency>().unwrap_err().to_string();
        assert_eq!(error, "`EUX` is not an ISO 4217 currency code; did you mean `EUR`?");
    }

    #[test]
    fn json_is_the_code() {
        assert_eq!(serde_json::to_string(&currency("EUR")).unwrap(), "\"EUR\"");
        assert_eq!(serde_json::from_str::<Currency>("\"JPY\"").unwrap(), currency("JPY"));
        assert!(serde_json::from_str::<Currency>("978").is_err());
    }
}
