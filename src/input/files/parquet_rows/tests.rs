//! Tests of Parquet rows on files written here, whole and damaged.

use super::*;
use crate::input::files::{Item, open};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::io::Write;

const MAP: &str = r#"[[table]]
name = "payments"
ignore = ["day"]
[table.fields]
transaction_id = { column = "id", prefix = "p-" }
type = { constant = "purchase" }
event_time = { column = "when", as = "%Y-%m-%d %H:%M:%S" }
amount.value = "price"
amount.currency = { constant = "EUR" }
account.name = "name"
account.created_at = "day"
items.0.unit_price = "unit"
[table.label]
column = "bad"
values = { 1 = "stolen_instrument", 0 = "legitimate" }
delay = "1d"
"#;

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
    levels: Option<&[i16]>,
) {
    let mut writer = group.next_column().unwrap().unwrap();
    writer.typed::<T>().write_batch(values, levels, None).unwrap();
    writer.close().unwrap();
}

/// Two row groups of two rows each; a name and a price are missing.
fn file(when: &str, unit: i64) -> Vec<u8> {
    let schema = format!(
        "message table {{
            required int64 id;
            required int64 when ({when});
            optional double price;
            optional binary name (UTF8);
            required int32 day (DATE);
            required int32 unit (DECIMAL(9, 2));
            required int32 bad (INT_8);
            required int64 more;
        }}"
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    for first in [1i64, 3] {
        let mut group = writer.next_row_group().unwrap();
        let time = 1_522_540_831_250 * unit;
        column::<Int64Type>(&mut group, &[first, first + 1], None);
        column::<Int64Type>(&mut group, &[time, time + unit], None);
        column::<DoubleType>(&mut group, &[85.649_999_999_999_99], Some(&[1, 0]));
        column::<ByteArrayType>(&mut group, &[ByteArray::from("Ada")], Some(&[0, 1]));
        column::<Int32Type>(&mut group, &[17_000, 17_001], None);
        column::<Int32Type>(&mut group, &[1_050, 300], None);
        column::<Int32Type>(&mut group, &[0, 1], None);
        column::<Int64Type>(&mut group, &[0, 0], None);
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

fn rows(bytes: &[u8]) -> Vec<String> {
    let mut path = tempfile::Builder::new().suffix(".parquet").tempfile().unwrap();
    path.write_all(bytes).unwrap();
    let lines = match open(path.path(), Some(&Map::parse(MAP).unwrap())) {
        Ok(lines) => lines,
        Err(error) => return vec![error.to_string()],
    };
    // A damaged count of rows must not make the test endless.
    lines
        .take(100)
        .map(|line| match line.map(|line| (line.position, line.item)) {
            Ok((position, Item::Transaction { transaction, label, .. })) => {
                format!("{position}: {} {label:?}", serde_json::to_string(&transaction).unwrap())
            }
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn typed_columns_are_read_as_they_are_meant() {
    let expected = [
        r#"row 1: {"transaction_id":"p-1","type":"purchase","event_time":"2018-04-01T00:00:31.25Z","amount":{"value":"85.65","currency":"EUR"},"account":{"created_at":"2016-07-18T00:00:00Z"},"items":[{"unit_price":"10.50"}]} Some(Label { class: Legitimate, known_at: Timestamp(1522627231250) })"#,
        r#"row 2: {"transaction_id":"p-2","type":"purchase","event_time":"2018-04-01T00:00:31.251Z","account":{"created_at":"2016-07-19T00:00:00Z","name":"Ada"},"items":[{"unit_price":"3.00"}]} Some(Label { class: StolenInstrument, known_at: Timestamp(1522627231251) })"#,
    ];
    for (when, unit) in [
        ("TIMESTAMP(MILLIS, true)", 1),
        ("TIMESTAMP(MICROS, false)", 1_000),
        ("TIMESTAMP(NANOS, false)", 1_000_000),
    ] {
        let rows = rows(&file(when, unit));
        assert_eq!(rows.len(), 4, "{rows:?}");
        assert_eq!(rows[..2], expected, "{when}");
        assert!(rows[3].starts_with("row 4: {\"transaction_id\":\"p-4\""));
    }
}

#[test]
fn a_column_of_another_type_is_an_error_of_its_cells() {
    let schema = "message t { required double id; required boolean when; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    column::<DoubleType>(&mut group, &[1.5], None);
    column::<BoolType>(&mut group, &[true], None);
    group.close().unwrap();
    let mut path = tempfile::Builder::new().suffix(".parquet").tempfile().unwrap();
    path.write_all(&writer.into_inner().unwrap()).unwrap();
    let map = "[[table]]\nname = \"t\"\n[table.fields]\ntransaction_id = \"id\"\n\
               type = { constant = \"login\" }\nevent_time = \"when\"\n";
    let mut rows = open(path.path(), Some(&Map::parse(map).unwrap())).unwrap();
    let error = rows.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "row 1: column `when`: `true` is not a time (rfc3339)");
}

#[test]
fn a_list_is_no_cell() {
    let mut bytes = Vec::new();
    let schema = "message t { required int64 when; repeated binary id (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    SerializedFileWriter::new(&mut bytes, schema, Arc::default()).unwrap().close().unwrap();
    let mut path = tempfile::Builder::new().suffix(".parquet").tempfile().unwrap();
    path.write_all(&bytes).unwrap();
    let map = r#"[[table]]
name = "t"
[table.fields]
transaction_id = "id"
type = { constant = "login" }
event_time = "when"
"#;
    let error = open(path.path(), Some(&Map::parse(map).unwrap())).unwrap_err();
    assert_eq!(error.to_string(), "column `id` holds a list or a group");
}

#[test]
fn a_damaged_file_is_an_error() {
    let whole = file("TIMESTAMP(MILLIS, true)", 1);
    for at in (0..whole.len()).step_by(29) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xa5;
        let _ = rows(&bytes);
        let _ = rows(&whole[..at]);
    }
    let cut = rows(&whole[..whole.len() - 1]);
    assert!(cut[0].starts_with("not a readable Parquet file"), "{cut:?}");
}
