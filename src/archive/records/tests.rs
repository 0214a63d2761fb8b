//! Rows come back as they went in; files that are not whole or not ours are refused.

use super::*;
use crate::domain::{Action, Amount, Calibration, LabelClass};
use crate::engine::past::PastSale;
use crate::features::{FIELDS, FieldId, Kind, Record, Value, fields as f};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A place below `end`.
fn below(seed: u64, end: usize) -> usize {
    usize::try_from(seed % end as u64).unwrap()
}

/// A value of a field's kind, made from one number.
fn value(kind: Kind, seed: u64) -> Value {
    let text = ["", "a", "Müller", "fp_9f2c"][below(seed, 4)];
    match kind {
        Kind::Bool => Value::Bool(seed.is_multiple_of(2)),
        Kind::Int => Value::Int(seed.cast_signed()),
        Kind::Decimal => Value::Decimal(rust_decimal::Decimal::new(seed.cast_signed() / 2, 7)),
        Kind::Float => Value::float(f64::from_bits(seed)),
        Kind::Money => {
            let value = rust_decimal::Decimal::new((seed >> 24).cast_signed(), 2);
            Value::Money(Amount::new(value, "JPY".parse().unwrap()).unwrap())
        }
        Kind::Text => Value::text(text),
        Kind::Word(words) => Value::text(words[below(seed, words.len())]),
        Kind::Country => Value::Country("GB".parse().unwrap()),
        Kind::Currency => Value::Currency("EUR".parse().unwrap()),
        Kind::Ip if seed.is_multiple_of(2) => Value::Ip("81.2.69.142".parse().unwrap()),
        Kind::Ip => Value::Ip("2001:db8::1".parse().unwrap()),
        Kind::Time => Value::Time(Timestamp::from_millis((seed >> 22).cast_signed())),
    }
}

fn row(number: u64, seeds: &[Option<u64>]) -> (PastSale, Record) {
    let mut record = Record::default();
    for (field, seed) in FIELDS.iter().zip(seeds) {
        if let Some(seed) = seed {
            record.set(field.id, value(field.kind, *seed));
        }
    }
    let seed = seeds.iter().flatten().fold(number, |sum, seed| sum.wrapping_add(*seed));
    if seed.is_multiple_of(3) {
        record.set_custom("campaign", Value::text("autumn"));
        record.set_custom("seats", Value::Int(seed.cast_signed()));
        record.set_custom("share", Value::Float(0.1));
        record.set_custom("new", Value::Bool(true));
    }
    let sale = PastSale {
        number,
        id: format!("tx-{number}"),
        at: Timestamp::from_millis((seed >> 22).cast_signed()),
        label: LabelClass::ALL.get(below(seed, 8)).copied(),
        refused: seed.is_multiple_of(5),
        is_payment: seed.is_multiple_of(7),
        buyer: (seed.is_multiple_of(2)).then_some(seed),
        was: Action::ALL[below(seed, 4)],
        calibration: Calibration::ALL[below(seed, 3)],
        recorded: None,
    };
    (sale, record)
}

fn written(rows: &[(PastSale, Record)]) -> Vec<u8> {
    let header = RecordsHeader::new(Timestamp::from_millis(5), true);
    let mut writer = RecordsWriter::new(Vec::new(), &header).unwrap();
    for (sale, record) in rows {
        writer.add(sale, record).unwrap();
    }
    let (bytes, count) = writer.finish().unwrap();
    assert_eq!(count, rows.len() as u64);
    bytes
}

fn read(bytes: &[u8], fields: &BTreeSet<FieldId>) -> Result<Vec<(PastSale, Record)>, RecordsError> {
    let mut reader = RecordsReader::open(bytes)?;
    let mut rows = RowReader::new(reader.header(), fields, !fields.is_empty());
    let (mut block, mut found) = (Block::default(), Vec::new());
    while reader.next_block(&mut block)? {
        rows.each(&block, &mut |sale, record| found.push((sale.clone(), record.clone())))?;
    }
    Ok(found)
}

fn all() -> BTreeSet<FieldId> {
    FIELDS.iter().map(|field| field.id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]
    #[test]
    fn rows_come_back_as_they_went_in(
        seeds in proptest::collection::vec(
            proptest::collection::vec(proptest::option::of(any::<u64>()), FIELDS.len()), 0..12),
    ) {
        let rows: Vec<_> = (0..).zip(&seeds).map(|(number, seeds)| row(number, seeds)).collect();
        prop_assert_eq!(read(&written(&rows), &all()).unwrap(), rows);
    }
}

#[test]
fn only_wanted_fields_are_read_in_every_block() {
    let rows: Vec<_> = (0..2 * BLOCK_ROWS as u64 + 5)
        .map(|number| {
            let mut seeds = vec![None; FIELDS.len()];
            if number < BLOCK_ROWS as u64 || number.is_multiple_of(2) {
                seeds[f::IP_TOR.index()] = Some(number);
            }
            seeds[f::ACCOUNT_EMAIL.index()] = Some(number);
            row(number, &seeds)
        })
        .collect();
    let found = read(&written(&rows), &[f::IP_TOR].into()).unwrap();
    assert_eq!(found.len(), rows.len());
    for ((sale, record), (was, whole)) in found.iter().zip(&rows) {
        assert_eq!(sale, was);
        assert_eq!(record.get(f::IP_TOR), whole.get(f::IP_TOR), "{}", sale.id);
        assert!(record.get(f::ACCOUNT_EMAIL).is_missing());
    }
}

#[test]
fn what_is_not_whole_is_refused() {
    let rows: Vec<_> =
        (0..3).map(|number| row(number, &vec![Some(number); FIELDS.len()])).collect();
    let whole = written(&rows);
    let error = |bytes: &[u8]| read(bytes, &all()).unwrap_err().to_string();
    assert_eq!(error(b"{\"transaction_id\""), "is no file of records");
    assert_eq!(error(b""), "is no file of records");
    assert_eq!(error(&whole[..whole.len() - 1]), "ends in block 2: it is not whole");
    assert_eq!(error(&whole[..whole.len() - 40]), "ends in block 1: it is not whole");
    let changed = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    };
    assert_eq!(error(&changed(whole.len() - 100)), "is damaged in block 1");
    assert_eq!(error(&changed(whole.len() - 8)), "says it has 2 rows and has 3");
    assert!(error(&changed(8)).starts_with("is of version 0, this program reads 1"));
}

/// Their places are what a file holds: a word may be added behind, never between.
#[test]
fn words_keep_their_numbers() {
    assert_eq!(
        LabelClass::WORDS.join(" "),
        "stolen_instrument account_takeover first_party_misuse service_dispute our_error legitimate"
    );
    assert_eq!(Action::WORDS.join(" "), "approve challenge review decline");
    assert_eq!(Calibration::WORDS.join(" "), "synthetic merchant none");
}
