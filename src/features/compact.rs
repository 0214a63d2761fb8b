//! A record in few bytes, as the ledger keeps it: a twelfth of its JSON, and read in a twelfth of the time.
//!
//! ```text
//! record  length of the bitmap | bitmap, a bit per number | values by number | custom | lists
//! custom  how many | (name | kind u8 | value) …
//! lists   how many | (question | boolean) …
//! value   boolean: u8    whole number: zigzag LEB128    number: f64    time: milliseconds as one
//!         decimal: u8 with the scale, 128 where negative, 64 where 16 bytes follow | digits, LEB128 or 16
//!         money: decimal | currency    country 2, currency 3 letters    text, word: length | UTF-8
//!         IP address: u8 4 or 6 | its bytes
//! ```
//!
//! Lengths and counts are LEB128, fixed widths little-endian. A field's number and kind stand in
//! `numbers.txt` and are never used for another: a record written by one version is read by every later
//! one, and a number a version does not know is an error, never dropped silently.
//!
//! Rejected: numbers by place in the catalogue (a field put between two others would shift the rest),
//! a general format such as CBOR with the names in it (half the size of JSON, most of it names).

use super::catalogue::FieldId;
use super::record::{Record, RecordError};
use super::value::{Kind, Value};
use crate::domain::{Amount, Timestamp, excerpt};
use rust_decimal::Decimal;
use std::net::IpAddr;
use std::sync::LazyLock;

/// `number kind name`, a line each.
const NUMBERS: &str = include_str!("numbers.txt");

/// Why bytes are no record of this version's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompactError {
    /// They end early, go on too long, or hold what no value is.
    #[error("a compact record is damaged {left} bytes before its end")]
    Damaged {
        /// Bytes that were left.
        left: usize,
    },
    /// A later version wrote a field this one does not have.
    #[error("no field has number {number}; this version knows {known}")]
    UnknownNumber {
        /// The field's.
        number: usize,
        /// How many there are.
        known: usize,
    },
    /// A field that is gone, or a word it does not take.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// How a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Bool,
    Int,
    Decimal,
    Float,
    Money,
    Text,
    Country,
    Currency,
    Ip,
    Time,
}

impl Form {
    const ALL: [Self; 10] = [
        Self::Bool,
        Self::Int,
        Self::Decimal,
        Self::Float,
        Self::Money,
        Self::Text,
        Self::Country,
        Self::Currency,
        Self::Ip,
        Self::Time,
    ];

    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool,
            Kind::Int => Self::Int,
            Kind::Decimal => Self::Decimal,
            Kind::Float => Self::Float,
            Kind::Money => Self::Money,
            Kind::Text | Kind::Word(_) => Self::Text,
            Kind::Country => Self::Country,
            Kind::Currency => Self::Currency,
            Kind::Ip => Self::Ip,
            Kind::Time => Self::Time,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Decimal => "decimal",
            Self::Float => "float",
            Self::Money => "money",
            Self::Text => "text",
            Self::Country => "country",
            Self::Currency => "currency",
            Self::Ip => "ip",
            Self::Time => "time",
        }
    }
}

/// A number of `numbers.txt`.
struct Numbered {
    name: &'static str,
    form: Form,
    /// `None`: the field is gone, or its kind is another now.
    field: Option<FieldId>,
    /// Of a field that takes some words only.
    words: Option<&'static [&'static str]>,
}

impl Numbered {
    /// Whether a value of the form may stand in the field.
    fn takes(&self, value: &Value) -> bool {
        match (self.words, value) {
            (Some(words), Value::Text(text)) => words.contains(&&**text),
            _ => true,
        }
    }
}

/// By number.
static NUMBERED: LazyLock<Vec<Numbered>> =
    LazyLock::new(|| NUMBERS.lines().filter_map(numbered).collect());

fn numbered(line: &'static str) -> Option<Numbered> {
    let (form, name) = line.split_once(' ')?;
    let form = Form::ALL.into_iter().find(|known| known.word() == form)?;
    let field = FieldId::by_name(name).filter(|id| Form::of(id.field().kind) == form);
    let words = field.and_then(|id| match id.field().kind {
        Kind::Word(words) => Some(words),
        _ => None,
    });
    Some(Numbered { name, form, field, words })
}

impl Record {
    /// The record in few bytes.
    pub fn to_compact(&self) -> Vec<u8> {
        let bitmap = NUMBERED.len().div_ceil(8);
        let mut out = Vec::with_capacity(1024);
        put_length(bitmap, &mut out);
        let start = out.len();
        out.resize(start + bitmap, 0);
        for (number, Numbered { field, .. }) in NUMBERED.iter().enumerate() {
            let Some(field) = field else { continue };
            let value = self.get(*field);
            if !value.is_missing() {
                if let Some(byte) = out.get_mut(start + number / 8) {
                    *byte |= 1 << (number % 8);
                }
                put(value, &mut out);
            }
        }
        let custom = || self.custom_values().filter(|(_, value)| !value.is_missing());
        put_length(custom().count(), &mut out);
        for (name, value) in custom() {
            put_bytes(name.as_bytes(), &mut out);
            let at = out.len();
            out.push(0);
            let form = put(value, &mut out);
            if let Some(byte) = out.get_mut(at) {
                *byte = form;
            }
        }
        put_length(self.answers().count(), &mut out);
        for (question, is_held) in self.answers() {
            put_bytes(question.as_bytes(), &mut out);
            out.push(u8::from(is_held));
        }
        out
    }

    /// Reads [`Record::to_compact`] back.
    ///
    /// # Errors
    /// Bytes that are none, or of a version with other fields.
    pub fn from_compact(bytes: &[u8]) -> Result<Self, CompactError> {
        let mut record = Self::default();
        record.add_compact(bytes)?;
        Ok(record)
    }

    /// Sets the fields of a compact record.
    ///
    /// # Errors
    /// As [`Record::from_compact`]; what was read before the mistake is set.
    pub fn add_compact(&mut self, mut bytes: &[u8]) -> Result<(), CompactError> {
        let (bytes, known) = (&mut bytes, &**NUMBERED);
        let bitmap =
            length(bytes).and_then(|len| take(bytes, len)).ok_or_else(|| damaged(bytes))?;
        for (at, byte) in bitmap.iter().enumerate() {
            let mut left = *byte;
            while left != 0 {
                let number = at * 8 + usize::try_from(left.trailing_zeros()).unwrap_or(0);
                left &= left - 1;
                let Some(numbered) = known.get(number) else {
                    return Err(CompactError::UnknownNumber { number, known: known.len() });
                };
                let Some(value) = value(numbered.form, bytes) else { return Err(damaged(bytes)) };
                match numbered.field.filter(|_| numbered.takes(&value)) {
                    Some(field) => self.put_value(field, value),
                    None => return Err(refused(numbered, &value)),
                }
            }
        }
        for _ in 0..length(bytes).ok_or_else(|| damaged(bytes))? {
            let (name, value) = custom(bytes).ok_or_else(|| damaged(bytes))?;
            self.set_custom(name, value);
        }
        for _ in 0..length(bytes).ok_or_else(|| damaged(bytes))? {
            match text(bytes).zip(value(Form::Bool, bytes)) {
                Some((question, Value::Bool(is_held))) => self.set_listed(question, Some(is_held)),
                _ => return Err(damaged(bytes)),
            }
        }
        if bytes.is_empty() { Ok(()) } else { Err(damaged(bytes)) }
    }
}

/// The value of one field of a compact record, whatever else of other versions stands in it.
///
/// # Errors
/// Bytes that are none, as far as they were read: no further than the field.
pub fn compact_value(bytes: &[u8], field: FieldId) -> Result<Value, CompactError> {
    value_of(bytes, &NUMBERED, field)
}

fn value_of(mut bytes: &[u8], known: &[Numbered], field: FieldId) -> Result<Value, CompactError> {
    let bytes = &mut bytes;
    let bitmap = length(bytes).and_then(|len| take(bytes, len)).ok_or_else(|| damaged(bytes))?;
    for (number, numbered) in known.iter().enumerate() {
        if bitmap.get(number / 8).is_some_and(|byte| byte & (1 << (number % 8)) != 0) {
            let value = value(numbered.form, bytes).ok_or_else(|| damaged(bytes))?;
            if numbered.field == Some(field) {
                return Ok(value);
            }
        }
    }
    Ok(Value::Missing)
}

/// Why a field does not take a value.
#[cold]
fn refused(numbered: &Numbered, value: &Value) -> CompactError {
    let name = numbered.name.to_owned();
    let error = match numbered.field {
        None => RecordError::UnknownField { field: name },
        Some(field) => RecordError::WrongType {
            field: name,
            kind: field.field().kind.name(),
            given: excerpt(&format!("{value:?}"), 60),
        },
    };
    error.into()
}

fn custom<'b>(bytes: &mut &'b [u8]) -> Option<(&'b str, Value)> {
    let name = text(bytes)?;
    let [form] = array(bytes)?;
    let value = value(*Form::ALL.get(usize::from(form))?, bytes)?;
    Some((name, value))
}

fn damaged(bytes: &[u8]) -> CompactError {
    CompactError::Damaged { left: bytes.len() }
}

/// Adds a value; returns the place of its form in [`Form::ALL`].
fn put(value: &Value, out: &mut Vec<u8>) -> u8 {
    let form = match value {
        Value::Missing => return 0,
        Value::Bool(value) => {
            out.push(u8::from(*value));
            Form::Bool
        }
        Value::Int(value) => {
            put_number(zigzag(*value), out);
            Form::Int
        }
        Value::Decimal(value) => {
            put_decimal(*value, out);
            Form::Decimal
        }
        Value::Float(value) => {
            out.extend(value.to_bits().to_le_bytes());
            Form::Float
        }
        Value::Money(amount) => {
            put_decimal(amount.value(), out);
            out.extend(amount.currency().code().as_bytes());
            Form::Money
        }
        Value::Text(text) => {
            put_bytes(text.as_bytes(), out);
            Form::Text
        }
        Value::Country(country) => {
            out.extend(country.code().as_bytes());
            Form::Country
        }
        Value::Currency(currency) => {
            out.extend(currency.code().as_bytes());
            Form::Currency
        }
        Value::Ip(IpAddr::V4(address)) => {
            out.push(4);
            out.extend(address.octets());
            Form::Ip
        }
        Value::Ip(IpAddr::V6(address)) => {
            out.push(6);
            out.extend(address.octets());
            Form::Ip
        }
        Value::Time(time) => {
            put_number(zigzag(time.millis()), out);
            Form::Time
        }
    };
    form as u8
}

fn value(form: Form, bytes: &mut &[u8]) -> Option<Value> {
    Some(match form {
        Form::Bool => match array(bytes)? {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            _ => return None,
        },
        Form::Int => Value::Int(whole(bytes)?),
        Form::Decimal => Value::Decimal(decimal(bytes)?),
        Form::Float => {
            let float = f64::from_le_bytes(array(bytes)?);
            float.is_finite().then_some(Value::Float(float))?
        }
        Form::Money => {
            let amount = decimal(bytes)?;
            Value::Money(Amount::new(amount, letters::<3>(bytes)?.parse().ok()?).ok()?)
        }
        Form::Text => Value::text(text(bytes)?),
        Form::Country => Value::Country(letters::<2>(bytes)?.parse().ok()?),
        Form::Currency => Value::Currency(letters::<3>(bytes)?.parse().ok()?),
        Form::Ip => match array(bytes)? {
            [4] => Value::Ip(IpAddr::from(array::<4>(bytes)?)),
            [6] => Value::Ip(IpAddr::from(array::<16>(bytes)?)),
            _ => return None,
        },
        Form::Time => {
            let millis = whole(bytes)?;
            let time = Timestamp::from_millis(millis);
            (time.millis() == millis).then_some(Value::Time(time))?
        }
    })
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn whole(bytes: &mut &[u8]) -> Option<i64> {
    let folded = number(bytes)?;
    Some((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
}

/// Of a decimal's first byte: below zero; digits beyond 64 bits, which lie in sixteen bytes.
const NEGATIVE: u8 = 0x80;
const WIDE: u8 = 0x40;

fn put_decimal(value: Decimal, out: &mut Vec<u8>) {
    let sign = if value.is_sign_negative() { NEGATIVE } else { 0 };
    let head = u8::try_from(value.scale()).unwrap_or_default() | sign;
    let digits = value.mantissa().unsigned_abs();
    if let Ok(digits) = u64::try_from(digits) {
        out.push(head);
        put_number(digits, out);
    } else {
        out.push(head | WIDE);
        out.extend(digits.to_le_bytes());
    }
}

fn decimal(bytes: &mut &[u8]) -> Option<Decimal> {
    let [head] = array(bytes)?;
    let digits = match head & WIDE {
        0 => i128::from(number(bytes)?),
        _ => i128::from_le_bytes(array(bytes)?),
    };
    let scale = u32::from(head & !(NEGATIVE | WIDE));
    let mut value = Decimal::try_from_i128_with_scale(digits, scale).ok()?;
    value.set_sign_negative(head & NEGATIVE != 0);
    Some(value)
}

fn put_length(length: usize, out: &mut Vec<u8>) {
    put_number(u64::try_from(length).unwrap_or_default(), out);
}

fn length(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(number(bytes)?).ok()
}

fn put_number(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7f {
        let [low, ..] = value.to_le_bytes();
        out.push(low | 0x80);
        value >>= 7;
    }
    let [low, ..] = value.to_le_bytes();
    out.push(low);
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let [byte] = array(bytes)?;
        let low = u64::from(byte & 0x7f);
        value |= low << shift;
        if byte < 0x80 {
            return (low << shift >> shift == low).then_some(value);
        }
    }
    None
}

fn put_bytes(content: &[u8], out: &mut Vec<u8>) {
    put_length(content.len(), out);
    out.extend(content);
}

fn text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    let len = length(bytes)?;
    std::str::from_utf8(take(bytes, len)?).ok()
}

fn letters<'b, const N: usize>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    std::str::from_utf8(take(bytes, N)?).ok()
}

fn take<'b>(bytes: &mut &'b [u8], len: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(taken)
}

fn array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (array, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*array)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::FIELDS;
    use proptest::prelude::*;

    /// The line of a field in `numbers.txt`.
    fn line(field: &crate::features::Field) -> String {
        format!("{} {}", Form::of(field.kind).word(), field.name)
    }

    #[test]
    fn every_field_has_a_number() {
        let lines: Vec<&str> = NUMBERS.lines().collect();
        assert_eq!(NUMBERED.len(), lines.len(), "a line names no form");
        // A field whose form changed has two lines: what was written in the old one stays readable.
        let unique: std::collections::BTreeSet<_> = lines.iter().collect();
        assert_eq!(unique.len(), lines.len(), "a line stands there twice");
        let missing: Vec<_> = FIELDS.iter().map(line).filter(|l| !lines.contains(&&**l)).collect();
        assert!(missing.is_empty(), "append to numbers.txt:\n{}", missing.join("\n"));
    }

    /// Of the first lines of `numbers.txt`: how many, and their SHA-256. What is appended may be added
    /// here; a line that stands here is in ledgers and never changes.
    const PINNED: (usize, &str) =
        (435, "7630050cfe8c34a62f79d0319fa53b3f60919b2a8c3c290212e0becc4a7b5d2c");

    #[test]
    fn a_number_given_is_never_changed() {
        use sha2::{Digest, Sha256};
        let hash = |text: &str| {
            let digest: [u8; 32] = Sha256::digest(text).into();
            let (high, low) = digest.split_first_chunk::<16>().unwrap();
            let low: [u8; 16] = low.try_into().unwrap();
            format!("{:032x}{:032x}", u128::from_be_bytes(*high), u128::from_be_bytes(low))
        };
        let first = |text: &str| -> String { text.split_inclusive('\n').take(PINNED.0).collect() };
        assert_eq!(hash(&first(NUMBERS)), PINNED.1, "numbers.txt is append-only: restore the line");
        assert_eq!(hash(&first(&format!("{NUMBERS}int one.more\n"))), PINNED.1);
        let (line, rest) = NUMBERS.split_once('\n').unwrap();
        for edited in [format!("{line}s\n{rest}"), rest.to_owned(), format!("int new\n{NUMBERS}")] {
            assert_ne!(hash(&first(&edited)), PINNED.1);
        }
    }

    /// What later events need of an old record must not depend on the other fields it holds.
    #[test]
    fn one_value_is_read_beside_fields_that_are_gone_or_to_come() {
        let of = |line| numbered(line).unwrap();
        let known = [of("text gone.by_now"), of("decimal amount_eur"), of("int amount_eur")];
        let amount = FieldId::by_name("amount_eur").unwrap();
        let mut bytes = vec![2, 0b0000_0011, 0b1000_0000];
        put(&Value::text("x"), &mut bytes);
        put(&Value::Decimal(Decimal::new(4_900, 2)), &mut bytes);
        put(&Value::Int(7), &mut bytes);
        let read = value_of(&bytes, &known, amount).unwrap();
        assert_eq!(read, Value::Decimal(Decimal::new(4_900, 2)));
        let other = FieldId::by_name("type").unwrap();
        assert_eq!(value_of(&bytes, &known, other), Ok(Value::Missing));
        for cut in 0..7 {
            assert!(value_of(&bytes[..cut], &known, amount).is_err(), "{cut}");
        }
    }

    fn values(kind: Kind) -> Vec<Value> {
        let given: Vec<serde_json::Value> = match kind {
            Kind::Bool => vec![true.into(), false.into()],
            Kind::Int => vec![0.into(), (-1).into(), 128.into(), i64::MIN.into(), i64::MAX.into()],
            Kind::Decimal => vec![
                "0".into(),
                "-0.00".into(),
                "12.50".into(),
                "-79228162514264337593543950335".into(),
                "0.0000000000000000000000000001".into(),
            ],
            Kind::Float => {
                vec![0.1.into(), (-0.0).into(), f64::MIN_POSITIVE.into(), f64::MAX.into()]
            }
            Kind::Money => vec![
                serde_json::json!({"value": "49.00", "currency": "EUR"}),
                serde_json::json!({"value": "1000000000000000", "currency": "JPY"}),
            ],
            Kind::Text => vec!["".into(), "Jánë \u{0}".into(), "x".repeat(300).into()],
            Kind::Word(words) => words.iter().map(|word| (*word).into()).collect(),
            Kind::Country => vec!["GB".into(), "XK".into()],
            Kind::Currency => vec!["EUR".into(), "XAU".into()],
            Kind::Ip => vec!["81.2.69.142".into(), "2001:db8::1".into()],
            Kind::Time => vec!["1970-01-01T00:00:00Z".into(), "2199-12-31T23:59:59.999Z".into()],
        };
        given.iter().map(|json| read(kind, json)).collect()
    }

    fn read(kind: Kind, json: &serde_json::Value) -> Value {
        let field = FIELDS.iter().find(|field| field.kind == kind).unwrap();
        crate::features::read_value(field.id, json).unwrap()
    }

    /// Equal as a record, and to the last digit of a decimal and bit of a float.
    fn same(a: &Record, b: &Record) -> bool {
        a == b && serde_json::to_string(a).unwrap() == serde_json::to_string(b).unwrap()
    }

    #[test]
    fn every_value_of_every_field_comes_back() {
        for field in FIELDS {
            for value in values(field.kind) {
                let mut record = Record::default();
                record.set(field.id, value);
                let read = Record::from_compact(&record.to_compact()).unwrap();
                assert!(same(&record, &read), "{}: {record:?}", field.name);
            }
        }
    }

    fn records() -> impl Strategy<Value = Record> {
        let picks = prop::collection::vec((0..FIELDS.len(), 0..5_usize), 0..60);
        (picks, any::<i64>(), any::<f64>(), ".*").prop_map(|(picks, int, float, text)| {
            let mut record = Record::default();
            for (field, pick) in picks {
                let field = &FIELDS[field];
                let values = values(field.kind);
                record.set(field.id, values[pick % values.len()].clone());
            }
            record.set_custom("int", Value::Int(int));
            record.set_custom("float", Value::float(float));
            record.set_custom("flag", Value::Bool(int > 0));
            record.set_custom(&text, Value::text(&text));
            record.set_custom("none", Value::Missing);
            record.set_listed("card.bin in list(\"bins\")", Some(int > 0));
            record
        })
    }

    proptest! {
        #[test]
        fn a_record_comes_back_as_its_json_does(record in records()) {
            let read = Record::from_compact(&record.to_compact()).unwrap();
            let json: Record = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
            prop_assert!(same(&read, &json));
        }

        #[test]
        fn what_is_cut_short_or_made_longer_is_damaged(record in records(), cut in any::<prop::sample::Index>()) {
            let mut bytes = record.to_compact();
            let end = cut.index(bytes.len());
            prop_assert!(Record::from_compact(&bytes[..end]).is_err());
            bytes.push(0);
            prop_assert!(Record::from_compact(&bytes).is_err());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = Record::from_compact(&bytes);
        }
    }

    #[test]
    fn a_field_of_a_later_version_is_named_by_its_number() {
        let number = NUMBERED.len().next_multiple_of(8);
        let mut bytes = vec![0; number / 8 + 3];
        bytes[0] = u8::try_from(number / 8 + 1).unwrap();
        bytes[number / 8 + 1] = 1;
        let error = CompactError::UnknownNumber { number, known: NUMBERED.len() };
        assert_eq!(Record::from_compact(&bytes), Err(error));
    }
}
