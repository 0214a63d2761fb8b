//! The table `bin`: the first six digits of a card number to issuer country, brand and funding.
//!
//! Six digits only: issuers of eight-digit prefixes share six-digit ones, so an answer can name a
//! neighbour. Where the source names no category, prepaid and business are missing, not false.
//! Prefixes of the networks' test numbers resolve to some real bank in every list; for those only
//! the brand is given and `test` is set.

use super::error::ReferenceError;
use super::table::{Columns, Table, Writer};
use crate::domain::Country;
use serde::Serialize;

/// Number of six-digit prefixes.
pub(super) const PREFIXES: usize = 1_000_000;

/// How a card is funded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Funding {
    /// Drawn from an account at once.
    Debit,
    /// A credit line.
    Credit,
    /// To be paid in full each month.
    Charge,
}

impl Funding {
    /// The name in rules and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Credit => "credit",
            Self::Charge => "charge",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Debit, Self::Credit, Self::Charge].into_iter().find(|funding| funding.name() == name)
    }
}

/// What is known about a card by the first six digits of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BinFacts<'t> {
    /// Country of the issuer; missing for an eighth of the prefixes.
    pub country: Option<Country>,
    /// Brand in lower case (`visa`, `mastercard`, `amex`, `diners`, `unionpay`, `private_label`, …).
    pub brand: &'t str,
    /// Debit, credit or charge.
    pub funding: Option<Funding>,
    /// Prepaid, gift or reloadable; missing where the source names no category.
    pub prepaid: Option<bool>,
    /// Business, corporate, commercial or purchasing; missing where the source names no category.
    pub business: Option<bool>,
    /// A prefix of published test numbers; the issuer's facts are then missing.
    pub test: bool,
}

/// One distinct combination of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Issuer {
    pub(super) brand: String,
    pub(super) country: String, // empty for none
    pub(super) funding: Option<Funding>,
    pub(super) prepaid: Option<bool>,
    pub(super) business: Option<bool>,
}

struct Row {
    brand: String,
    country: Option<Country>,
    funding: Option<Funding>,
    prepaid: Option<bool>,
    business: Option<bool>,
    /// Bit n: numbers of n digits exist.
    lengths: u32,
}

/// Prefix to issuer facts: one index into a million entries.
pub struct BinTable {
    rows: Vec<Row>,
    index: Vec<u16>, // position in `rows` from 1
}

impl BinTable {
    /// Facts for the first six digits of `digits`; `None` for fewer than six digits, anything that
    /// is no digit, and prefixes no issuer is known for.
    pub fn get(&self, digits: &str) -> Option<BinFacts<'_>> {
        if digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let prefix: u32 = digits.get(..6)?.parse().ok()?;
        let row = self.row(prefix)?;
        let test = TEST_PREFIXES.binary_search(&prefix).is_ok();
        let known = !test;
        Some(BinFacts {
            country: row.country.filter(|_| known),
            brand: &row.brand,
            funding: row.funding.filter(|_| known),
            prepaid: row.prepaid.filter(|_| known),
            business: row.business.filter(|_| known),
            test,
        })
    }

    /// Whether card numbers of `length` digits begin with `prefix`.
    pub(super) fn issues(&self, prefix: u32, length: usize) -> bool {
        self.row(prefix).is_some_and(|row| row.lengths >> length.min(31) & 1 == 1)
    }

    fn row(&self, prefix: u32) -> Option<&Row> {
        let position = usize::from(*self.index.get(prefix as usize)?);
        self.rows.get(position.checked_sub(1)?)
    }

    pub(super) fn read(mut columns: Columns) -> Result<Self, ReferenceError> {
        let lines = columns.text()?;
        let rows: Option<Vec<Row>> = lines.lines().map(parse_row).collect();
        let rows =
            rows.ok_or_else(|| columns.malformed("an issuer line without four marks before"))?;
        let values = columns.planes(2)?;
        let index: Option<Vec<u16>> = values
            .into_iter()
            .map(|value| {
                u16::try_from(value).ok().filter(|value| usize::from(*value) <= rows.len())
            })
            .collect();
        let index = index.ok_or_else(|| columns.malformed("an unknown issuer before"))?;
        if index.len() != PREFIXES {
            return Err(columns.malformed("not a million prefixes before"));
        }
        columns.done()?;
        Ok(Self { rows, index })
    }
}

/// `brand country funding prepaid business`, each one word, `-` for missing.
fn parse_row(line: &str) -> Option<Row> {
    let mut words = line.split(' ');
    let mut word = || words.next();
    let (brand, country) = (word()?.to_owned(), word()?);
    let funding = match word()? {
        "-" => None,
        name => Some(Funding::parse(name)?),
    };
    let mut flag = || match words.next()? {
        "yes" => Some(Some(true)),
        "no" => Some(Some(false)),
        "-" => Some(None),
        _ => None,
    };
    let (prepaid, business) = (flag()?, flag()?);
    let lengths = lengths(&brand).iter().map(|length| 1 << length).sum();
    Some(Row { brand, country: country.parse().ok(), funding, prepaid, business, lengths })
}

fn format_row(issuer: &Issuer) -> String {
    let country = if issuer.country.is_empty() { "-" } else { &issuer.country };
    let funding = issuer.funding.map_or("-", Funding::name);
    let flag = |flag: Option<bool>| flag.map_or("-", |set| if set { "yes" } else { "no" });
    let (prepaid, business) = (flag(issuer.prepaid), flag(issuer.business));
    format!("{} {country} {funding} {prepaid} {business}", issuer.brand)
}

/// Writes the table; `index` has a million positions in `issuers` counted from 1, 0 for none.
pub(super) fn write(built_day: u32, issuers: &[Issuer], index: &[u32]) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new(Table::Bin, built_day);
    let lines: Vec<String> = issuers.iter().map(format_row).collect();
    writer.texts(lines.iter().map(String::as_str));
    writer.planes(index, 2);
    writer.finish()
}

/// Lengths of the card numbers a brand issues today, and 13 for the old Visa ones; none for brands
/// that no web shop can charge (fuel, store and benefit cards, UATP), whose prefixes cover half of
/// all numbers.
fn lengths(brand: &str) -> &'static [u32] {
    match brand {
        "visa" | "hipercard" => &[13, 16, 19],
        "amex" => &[15],
        "diners" => &[14, 16],
        "discover" | "jcb" | "unionpay" | "maestro" | "mir" | "verve" | "girocard" => {
            &[16, 17, 18, 19]
        }
        "mastercard" | "rupay" | "elo" | "troy" | "dankort" | "cabal" | "carnet" | "vpay"
        | "eftpos" | "uzcard" | "humocard" | "belkart" | "meeza" | "paypak" | "dinacard"
        | "prostir" | "aura" => &[16],
        _ => &[],
    }
}

/// Prefixes of numbers that card networks and processors publish for testing and that carry no
/// ordinary cards, sorted. Prefixes of test numbers that a bank does issue from (601111, 510510) are
/// left to the table.
const TEST_PREFIXES: [u32; 13] = [
    222_300, 305_693, 353_011, 356_600, 371_449, 378_282, 385_200, 400_000, 411_111, 424_242,
    555_555, 620_000, 655_590,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> BinTable {
        let issuer = |brand: &str, country: &str| Issuer {
            brand: brand.into(),
            country: country.into(),
            funding: Some(Funding::Debit),
            prepaid: None,
            business: Some(false),
        };
        let mut index = vec![0; PREFIXES];
        index[457_173] = 1;
        index[424_242] = 1;
        index[999_999] = 2;
        let issuers = [issuer("visa", "DK"), issuer("private_label", "")];
        let data = write(0, &issuers, &index).unwrap();
        BinTable::read(Columns::open(Table::Bin, "test", &data).unwrap()).unwrap()
    }

    #[test]
    fn facts_come_back_and_missing_stays_missing() {
        let table = table();
        let facts = table.get("45717360").unwrap();
        assert_eq!(facts.country, Some("DK".parse().unwrap()));
        assert_eq!((facts.brand, facts.funding), ("visa", Some(Funding::Debit)));
        assert_eq!((facts.prepaid, facts.business, facts.test), (None, Some(false), false));
        assert_eq!(table.get("999999").unwrap().country, None);
        for none in ["", "45717", "457174", "45717a", "457173601", "４57173"] {
            assert_eq!(table.get(none), None, "{none}");
        }
    }

    #[test]
    fn a_test_prefix_has_a_brand_and_no_issuer() {
        let table = table();
        let facts = table.get("424242").unwrap();
        assert!(facts.test);
        assert_eq!((facts.brand, facts.country, facts.funding), ("visa", None, None));
        assert!(TEST_PREFIXES.is_sorted());
    }

    #[test]
    fn lengths_follow_the_brand() {
        let table = table();
        assert!(table.issues(457_173, 16) && table.issues(457_173, 19));
        assert!(!table.issues(457_173, 15) && !table.issues(457_173, 64));
        assert!(!table.issues(999_999, 16) && !table.issues(0, 16));
    }
}
