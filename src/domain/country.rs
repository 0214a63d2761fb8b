//! Countries: ISO 3166-1 alpha-2, and `XK` as the payment industry uses it for Kosovo.

use super::card_number::excerpt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// An assigned ISO 3166-1 alpha-2 code or `XK`, upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// A text that is no assigned country code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not an ISO 3166-1 country code{}", hint.map(|h| format!("; did you mean `{h}`?")).unwrap_or_default())]
pub struct UnknownCountry {
    /// The text, cut to 20 characters, card numbers masked.
    pub given: String,
    /// The code usually meant by it.
    pub hint: Option<&'static str>,
}

/// Every accepted code, two letters each, sorted.
const CODES: &str = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZ\
CACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGP\
GQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMA\
MCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQA\
RERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVC\
VEVGVIVNVUWFWSXKYEYTZAZMZW";

impl Country {
    /// The two letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }

    /// Its place in [`Country::all`], 0..=249: the row of a table of countries. Cost: eight
    /// comparisons.
    pub fn index(self) -> u8 {
        let (codes, _) = CODES.as_bytes().as_chunks::<2>();
        codes.binary_search(&self.0).ok().and_then(|at| u8::try_from(at).ok()).unwrap_or_default()
    }

    /// Every accepted country in code order.
    pub fn all() -> impl Iterator<Item = Self> {
        CODES.as_bytes().as_chunks::<2>().0.iter().map(|pair| Self(*pair))
    }
}

impl FromStr for Country {
    type Err = UnknownCountry;

    /// Reads two letters of either case.
    fn from_str(text: &str) -> Result<Self, UnknownCountry> {
        let unknown = || UnknownCountry {
            given: excerpt(text, 20),
            hint: match text.to_ascii_uppercase().as_str() {
                "UK" => Some("GB"),
                "EL" => Some("GR"),
                "USA" => Some("US"),
                _ => None,
            },
        };
        let [first, second] = text.as_bytes() else { return Err(unknown()) };
        let pair = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
        let (codes, _) = CODES.as_bytes().as_chunks::<2>();
        codes.binary_search(&pair).map(|_| Self(pair)).map_err(|_| unknown())
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_complete() {
        let all: Vec<_> = Country::all().collect();
        assert!(all.is_sorted());
        assert_eq!(all.len(), 250); // 249 assigned and XK
        assert!(all.iter().zip(0..).all(|(country, place)| country.index() == place));
    }

    #[test]
    fn reads_either_case_and_hints() {
        assert_eq!("gb".parse::<Country>().unwrap().code(), "GB");
        let error = "UK".parse::<Country>().unwrap_err();
        assert_eq!(error.to_string(), "`UK` is not an ISO 3166-1 country code; did you mean `GB`?");
        assert!("".parse::<Country>().is_err());
        assert!("Canada".parse::<Country>().is_err());
    }
}
