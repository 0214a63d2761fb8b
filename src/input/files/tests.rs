//! Tests of CSV and JSON lines: places, limits, refusals.

use super::*;
use std::io::Write;
use std::path::PathBuf;

const MAP: &str = r#"[[table]]
name = "sales"
[table.fields]
transaction_id = "id"
type = { constant = "login" }
event_time = { column = "when", as = "epoch_s" }
account.name = "name"
"#;

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        File::create(&path).unwrap().write_all(bytes.as_ref()).unwrap();
        path
    }
}

/// Every row as a line: where it is and which transaction, event or error.
fn rows(path: &Path, map: Option<&str>) -> Vec<String> {
    let map = map.map(|text| Map::parse(text).unwrap());
    let lines = open(path, map.as_ref()).unwrap();
    lines
        .map(|row| match row {
            Ok(Line { position, item: Item::Transaction { transaction, .. } }) => {
                format!("{position}: {}", transaction.transaction_id)
            }
            Ok(Line { position, item: Item::Event { event, .. } }) => {
                format!("{position}: event {}", event.event_id)
            }
            Err(error) => error.to_string(),
        })
        .collect()
}

fn csv(text: &str) -> Vec<String> {
    rows(&Files::new().write("rows.csv", text), Some(MAP))
}

#[test]
fn csv_rows_keep_their_lines_and_reading_goes_on() {
    assert_eq!(csv("id,when,name\na,1,x\nb,2,y\n"), ["line 2: a", "line 3: b"]);
    assert_eq!(csv("id,when,name\r\na,1,x\r\nb,2,y"), ["line 2: a", "line 3: b"]);
    assert_eq!(csv("\u{feff}id,when,name\n\n\r\na,1,x\n  \n"), ["line 4: a"]);
    assert_eq!(csv("\"id\",\"when\",\"name\"\r\n\"a\",\"1\",\"x\"\r\n"), ["line 2: a"]);
    assert_eq!(csv("name , id,when,more\nx,a,1,\n"), ["line 2: a"]);
    assert_eq!(csv("id,when,name\n"), [""; 0]);
    assert_eq!(
        csv(
            "id,when,name\na\nb,2,y,z\nc,x,y\n,4,\nd,5,\"two\nlines\"\ne,6,\"said \"\"so\"\"\"\nf,7,8\" disk\n"
        ),
        [
            "line 2: has 1 cells, the header has 3: no `when`, `name`",
            "line 3: has 4 cells, the header has 3",
            "line 4: column `when`: `x` is not a time (epoch_s)",
            "line 5: column `id` is empty, and `transaction_id` is required",
            "lines 6 to 7: column `name`: has a control character at byte 3",
            "line 8: e",
            "line 9: f",
        ]
    );
    assert_eq!(
        csv("id,when,name\na,1,\"open\nb,2,y\nc,3,\"z\"\nd,4,w\n"),
        ["lines 2 to 4: column `name`: has a control character at byte 4", "line 5: d"]
    );
}

#[test]
fn csv_bytes_that_are_no_text_are_errors_of_their_cell() {
    let path = Files::new();
    let path = path.write("rows.csv", b"id,when,name,x\na,1,\xe9,\nb,2,y,\xff\n");
    assert_eq!(rows(&path, Some(MAP)), ["line 2: column `name`: is not UTF-8", "line 3: b"]);
}

#[test]
fn a_quote_that_is_never_closed_gathers_no_file() {
    let text = format!("id,when,name\na,1,x\nb,2,\"y\n{}", "c,3,z\n".repeat(2 * MAX_ROW / 6));
    let files = Files::new();
    let rows = rows(&files.write("rows.csv", text), Some(MAP));
    let stop = "line 3: no end within 1048576 bytes: a quote is not closed, or the line is too long; \
                stopped here";
    assert_eq!(rows, ["line 2: a", stop]);
}

#[test]
fn json_lines_mix_transactions_and_events() {
    let transaction =
        r#"{"transaction_id":"t","type":"login","event_time":"2026-11-20T10:15:00Z"}"#;
    let event = r#"{"event_id":"e","type":"session.login","event_time":"2026-11-20T10:15:00Z"}"#;
    let nested = transaction.replace('}', r#","custom":{"event_id":"no"}}"#);
    let text =
        format!("\u{feff}{transaction}\n\n{event}\r\n{nested}\n{{\n[]\n{transaction} x\n{event}");
    let files = Files::new();
    assert_eq!(
        rows(&files.write("rows.jsonl", text), None),
        [
            "line 1: t",
            "line 3: event e",
            "line 4: t",
            "line 5, column 1: not JSON: EOF while parsing an object",
            "line 6: expected an object, found an array",
            "line 7, column 75: not JSON: trailing characters",
            "line 8: event e",
        ]
    );
}

#[test]
fn a_line_without_end_is_skipped_and_not_kept() {
    let transaction =
        r#"{"transaction_id":"t","type":"login","event_time":"2026-11-20T10:15:00Z"}"#;
    let long = "x".repeat(3 * MAX_ROW);
    let exact = format!("{transaction}{}", " ".repeat(MAX_ROW - transaction.len() - 1));
    let text = format!("{long}\n{transaction}\n{exact}\n{exact} \n{long}");
    let files = Files::new();
    let too_long = "longer than 1048576 bytes";
    assert_eq!(
        rows(&files.write("rows.jsonl", text), None),
        [
            &format!("line 1: {too_long}"),
            "line 2: t",
            "line 3: t",
            &format!("line 4: {too_long}"),
            &format!("line 5: {too_long}"),
        ]
    );
}

#[test]
fn an_unfit_file_is_refused_at_once() {
    let files = Files::new();
    let map = Map::parse(MAP).unwrap();
    let refusal = |name: &str, bytes: &[u8], map: Option<&Map>| {
        format!("{:#}", anyhow::Error::from(open(&files.write(name, bytes), map).unwrap_err()))
    };
    for (name, bytes, with_map, message) in [
        ("a.csv", &b""[..], true, "empty: a table starts with a line of column names"),
        (
            "a.csv",
            b"id,when,Name\n",
            true,
            "line 1: the header does not fit table `sales` of the map:\n  no column `name`; did you mean `Name`?",
        ),
        (
            "a.csv",
            b"id,when\n",
            false,
            "line 1: the header does not name the fields of a transaction, and there is no map:\n  no column `transaction_id`\n  no column `type`\n  no column `event_time`",
        ),
        ("a.csv", b"id,when,name,id\n", true, "two columns are named `id`"),
        ("a.csv", b"id,when,\xff\n", true, "the header is not UTF-8"),
        (
            "a.csv",
            b"id,when,name\ra,1,x\r",
            true,
            "the header is not a line of names ending in a line feed",
        ),
        (
            "a.jsonl",
            b"{}",
            true,
            "a map is for CSV and Parquet; the lines of a JSON file are transactions and events as they are",
        ),
        ("a.csv", b"\x1f\x8b\x08", true, "compressed with gzip; unpack it first"),
        ("a.jsonl", b"\xff\xfe{\0", false, "encoded in UTF-16; save it as UTF-8"),
        (
            "a.parquet",
            b"PAR1....",
            true,
            "not a readable Parquet file: Parquet error: Invalid Parquet file. Corrupt footer",
        ),
    ] {
        let refusal = refusal(name, bytes, with_map.then_some(&map));
        assert_eq!(refusal, message, "{name} {}", String::from_utf8_lossy(bytes));
    }
    let long = format!("\"{}", "x".repeat(2 * MAX_ROW));
    assert_eq!(
        refusal("a.csv", long.as_bytes(), Some(&map)),
        "the header is longer than a row may be"
    );
    assert!(matches!(open(Path::new("/no/such/file"), None), Err(FileError::Read(_))));
    assert!(matches!(read_map(Path::new("/no/such/file")), Err(FileError::Read(_))));
    let large = files.write("large.toml", vec![b'#'; 2 << 20]);
    assert!(matches!(read_map(&large), Err(FileError::LargeMap { .. })));
}

#[test]
fn the_format_is_the_extension_or_the_first_bytes() {
    for (name, start, expected) in [
        ("a.csv", "{", Format::Csv),
        ("a.JSONL", "x", Format::Jsonl),
        ("a.ndjson", "x", Format::Jsonl),
        ("a", "  {", Format::Jsonl),
        ("a.txt", "id,when", Format::Csv),
        ("a.csv", "PAR1", Format::Parquet),
    ] {
        assert_eq!(format(Path::new(name), start.as_bytes()), expected, "{name} {start}");
    }
}

#[test]
fn progress_reaches_the_end() {
    let files = Files::new();
    let map = Map::parse(MAP).unwrap();
    let mut lines =
        open(&files.write("a.csv", "id,when,name\na,1,x\nb,2,y\n"), Some(&map)).unwrap();
    assert_eq!(lines.progress(), Progress { done: 13, total: Some(25) });
    lines.by_ref().for_each(drop);
    assert_eq!(lines.progress(), Progress { done: 25, total: Some(25) });
    let mut lines = open(&files.write("a.jsonl", "{}\n{}"), None).unwrap();
    lines.by_ref().for_each(drop);
    assert_eq!(lines.progress(), Progress { done: 5, total: Some(5) });
}

#[test]
fn csv_cells_with_a_nul_and_rows_without_an_end() {
    assert_eq!(
        csv("id,when,name\na,1,x\u{0}y\nb,2,y\n"),
        ["line 2: column `name`: has a control character at byte 1", "line 3: b"]
    );
    let long = format!("id,when,name\na,1,x\nb,2,{}\nc,3,z\n", "y".repeat(4 * MAX_ROW));
    let stop = "line 3: no end within 1048576 bytes: a quote is not closed, or the line is too long; \
                stopped here";
    assert_eq!(csv(&long), ["line 2: a", stop]);
}

#[test]
fn a_wrong_header_of_a_large_file_is_refused_without_reading_on() {
    let header = "transacton_id,typ,evnt_time,amuont.value\n";
    let files = Files::new();
    let text = format!("{header}{}", "t,login,2026-11-20T10:15:00Z,1\n".repeat(100_000));
    let path = files.write("large.csv", &text);
    let message = open(&path, None).unwrap_err().to_string();
    assert_eq!(
        message,
        "line 1: the header does not name the fields of a transaction, and there is no map:\n  \
         no column `transaction_id`; did you mean `transacton_id`?\n  \
         no column `type`; did you mean `typ`?\n  \
         no column `event_time`; did you mean `evnt_time`?"
    );
    // What follows the header is not looked at: an endless pipe is refused like a file.
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(text.get(..1 << 15).unwrap().as_bytes()).unwrap();
    let pipe = PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader)));
    assert_eq!(open(&pipe, None).unwrap_err().to_string(), message);
}

#[test]
fn a_card_number_is_in_no_message_about_a_file() {
    let number = "4111 1111 1111 1111";
    let files = Files::new();
    let map = Map::parse(MAP).unwrap();
    let mut said = Vec::new();
    for text in [
        format!("{number},when,name\n"),
        format!("id,when,name,{number}\na,{number},x\n"),
        format!("id,when,name,{number},{number}\na,1,x,y\n,,,\n"),
    ] {
        for map in [Some(&map), None] {
            match open(&files.write("a.csv", &text), map) {
                Err(error) => said.push(error.to_string()),
                Ok(lines) => {
                    said.extend(lines.unused_columns().to_vec());
                    said.extend(lines.filter_map(|row| Some(row.err()?.to_string())));
                }
            }
        }
    }
    let map = MAP.replace("account.name", &format!("\"{number}\""));
    let error = Map::parse(&map).unwrap_err();
    said.extend([error.to_string(), error.render("map.toml")]);
    assert!(said.len() > 8, "{said:?}");
    for message in said {
        assert!(!message.contains(number), "{message}");
    }
}
