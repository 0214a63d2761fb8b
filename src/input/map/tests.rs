//! Tests of maps: what is refused, and what a row becomes.

use super::*;
use crate::input::files::RowProblem;
use crate::input::json::read_transaction;

/// A map that is right, with places to put something wrong.
fn with(fields: &str, rest: &str) -> String {
    format!(
        r#"[[table]]
name = "sales"
{rest}
[table.fields]
transaction_id = "id"
type = {{ constant = "purchase" }}
event_time = {{ column = "when", as = "%m/%d/%Y %H:%M" }}
{fields}
"#
    )
}

fn refusal(text: &str) -> String {
    Map::parse(text).map(|_| ()).unwrap_err().to_string()
}

/// A source and what is wrong with it.
const WRONG_SOURCES: [(&str, &str); 17] = [
    (
        r#"account.emial = "mail""#,
        "line 8, column 9: `account.emial` is not a field of a transaction; did you mean `account.email`?",
    ),
    (
        r#"email = "mail""#,
        "line 8, column 1: `email` is not a field of a transaction; did you mean `account.email`?",
    ),
    (
        r#"items.200.sku = "sku""#,
        "line 8, column 11: `items.200.sku` is not a field of a transaction; did you mean `items.0.sku`?",
    ),
    (
        r#"device.ip = { colum = "ip", as = "decimal_ip" }"#,
        "line 8, column 15: `colum` is not a key of a field's source; did you mean `column`?",
    ),
    (
        r#"device.ip = { column = "ip", as = "decimal-ip" }"#,
        "line 8, column 35: `decimal-ip` is no way to read a cell; did you mean `decimal_ip`?; it is one of `text`, `float`, `number`, `boolean`, `rfc3339`, `epoch_s`, `epoch_ms`, `decimal_ip`, `country` or a pattern like `%m/%d/%Y %H:%M`",
    ),
    (
        r#"device.ip = { column = "ip", as = "epoch_s" }"#,
        "line 8, column 35: `device.ip` can not be read as `epoch_s`",
    ),
    (
        r#"device.ip = { as = "decimal_ip" }"#,
        "line 8, column 8: `device.ip` needs exactly one of `column`, `constant` and `row`",
    ),
    (
        r#"device.ip = { column = "ip", constant = "1.1.1.1" }"#,
        "line 8, column 8: `device.ip` needs exactly one of `column`, `constant` and `row`",
    ),
    (
        "device.ip = 5",
        "line 8, column 13: `device.ip` must be a column's name or a table like `{ column = … }`",
    ),
    (
        r#"amount.value = "price""#,
        "line 4, column 1: `amount.value` and `amount.currency` go together: `amount.currency` is missing",
    ),
    (
        "amount.value = \"price\"\namount.currency = { constant = \"EURO\" }",
        "line 9, column 32: `amount.currency`: `EURO` is not an ISO 4217 currency code; did you mean `EUR`?",
    ),
    (
        r#"payment.method = { constant = "crad" }"#,
        "line 8, column 31: `payment.method`: `crad` is not known here; did you mean `card`?",
    ),
    (
        r#"billing.country = { constant = "UK" }"#,
        "line 8, column 32: `billing.country`: is not readable",
    ),
    (
        r#"payment.attempt = { constant = "first" }"#,
        "line 8, column 32: `payment.attempt`: `first` is not a number",
    ),
    ("order_id = \"a\"\norder_id = \"b\"", "line 9, column 1: not TOML: duplicate key"),
    ("order_id = \"a\"\n\"order_id\" = \"b\"", "line 9, column 1: not TOML: duplicate key"),
    (
        r#"custom = "x""#,
        "line 8, column 1: `custom` is not a field of a transaction; did you mean `custom.*`?",
    ),
];

#[test]
fn what_is_wrong_with_a_source_is_named_with_its_place() {
    for (fields, message) in WRONG_SOURCES {
        assert_eq!(refusal(&with(fields, "")), message);
    }
}

#[test]
fn what_is_wrong_around_the_fields_is_named_too() {
    let check = |text: &str, message: &str| assert_eq!(refusal(text), message);
    check("", "line 1, column 1: a map needs `table`");
    check("table = 5", "line 1, column 9: `table` must be a list: write `[[table]]`");
    check("[table]\nname = \"x\"", "line 1, column 1: `table` must be a list: write `[[table]]`");
    check("[[table]]", "line 1, column 1: a table needs `name`");
    check("[[table]]\nname = \"x\"", "line 1, column 1: a table needs `fields`");
    check(
        "[[table]]\nname = ",
        "line 2, column 8: not TOML: string values must be quoted, expected literal string",
    );
    check(
        "[[table]]\nname = \"x\"\n[table.fields]\ntype = \"t\"",
        "line 3, column 1: no column or constant for `transaction_id`, which every transaction needs",
    );
    check(
        &with("", "ignored = []"),
        "line 3, column 1: `ignored` is not a key of a table; did you mean `ignore`?",
    );
    check(&with("", "ignore = [5]"), "line 3, column 11: `ignore` must be a text");
    check(&with("", "unordered = 1"), "line 3, column 13: `unordered` must be true or false");
    let label = |text: &str| with(&format!("[table.label]\n{text}"), "");
    check(&label("column = \"c\""), "line 8, column 1: a label needs `values`");
    check(
        &label("column = \"c\"\nvalues = { 1 = \"fraud\" }\ndelay = \"1d\""),
        "line 10, column 16: `fraud` is no label; it is one of `stolen_instrument`, `account_takeover`, `first_party_misuse`, `service_dispute`, `our_error`, `legitimate` or `none`",
    );
    check(
        &label("column = \"c\"\nvalues = { 1 = \"legitimate\" }"),
        "line 8, column 1: a label needs exactly one of `known_at` and `delay`: what was not yet known must not be learnt from",
    );
    check(
        &label("column = \"c\"\nvalues = {}\ndelay = \"7 days\""),
        "line 11, column 9: `7 days` is no delay; write it like `7d` or `12h`",
    );
    check(
        &label("column = \"c\"\nvalues = {}\nknown_at = { column = \"t\", as = \"text\" }"),
        "line 11, column 33: `known_at` can not be read as `text`",
    );
}

/// Reads one row of a table by a map.
fn row(map: &str, header: &[&str], cells: &[&str]) -> Result<Row, RowFault> {
    let header: Vec<_> = header.iter().map(|&name| name.to_owned()).collect();
    let bound = Map::parse(map).unwrap().bind(&header).unwrap();
    bound.read(1, &|at| cells.get(at).map(|cell| cell.as_bytes()))
}

const SALES_FIELDS: &str = r#"
amount = { value = "price", currency = "cur" }
"account.id" = { column = "buyer", prefix = "b-" }
payment.method = { column = "how", values = { CC = "card", PP = "paypal", "?" = "" } }
payment.attempt = "try"
subscription.trial = "trial"
device.ip = { column = "ip", as = "decimal_ip" }
billing.country = { column = "land", as = "country" }
items.0.category = "kind"
items.1.sku = { constant = "bag" }
order_id = { row = true, prefix = "o-" }
custom.age = { column = "age", as = "number" }
custom.wave = { constant = 2 }
custom.beta = { constant = true }
custom.source = "source"
[table.label]
column = "bad"
values = { 1 = "stolen_instrument", 0 = "legitimate", "?" = "none" }
known_at = { column = "seen", as = "%m/%d/%Y" }
"#;

const HEADER: [&str; 16] = [
    "id", "when", "price", "cur", "buyer", "how", "try", "trial", "ip", "land", "kind", "age",
    "source", "bad", "seen", "other",
];

const FULL_ROW: [&str; 16] = [
    " t1 ",
    "8/11/2015 19:00",
    "34",
    "USD",
    "7",
    "CC",
    "1.0",
    "Yes",
    "732758368.8",
    "Germany",
    "music",
    "39",
    "SEO",
    "1",
    "9/1/2015",
    "",
];

/// Reads the full row with some cells changed.
fn sale(changes: &[(usize, &str)]) -> Result<Row, RowFault> {
    let mut cells = FULL_ROW;
    for (at, cell) in changes {
        cells[*at] = cell;
    }
    row(&with(SALES_FIELDS, r#"missing = ["NULL", "n/a"]"#), &HEADER, &cells)
}

#[test]
fn a_row_becomes_a_transaction() {
    let read = sale(&[]).unwrap();
    let json = r#"{"transaction_id":"t1","type":"purchase","event_time":"2015-08-11T19:00:00Z",
        "order_id":"o-1","amount":{"value":"34","currency":"USD"},"account":{"id":"b-7"},
        "payment":{"method":"card","attempt":1},"device":{"ip":"43.173.1.96"},
        "billing":{"country":"DE"},"items":[{"category":"music"},{"sku":"bag"}],
        "subscription":{"trial":true},"custom":{"age":39,"beta":true,"source":"SEO","wave":2}}"#;
    assert_eq!(read.transaction, read_transaction(json.as_bytes()).unwrap().0);
    let label = read.label.unwrap();
    assert_eq!(label.class, LabelClass::StolenInstrument);
    assert_eq!(label.known_at.to_string(), "2015-09-01T00:00:00Z");
    assert_eq!(read.warnings, []);
}

#[test]
fn a_gap_is_missing() {
    let gaps = [2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
    let read = sale(&gaps.map(|at| (at, ["", "NULL", "n/a", " "][at % 4]))).unwrap();
    let json = r#"{"transaction_id":"t1","type":"purchase","event_time":"2015-08-11T19:00:00Z",
        "order_id":"o-1","items":[{},{"sku":"bag"}],"custom":{"beta":true,"wave":2}}"#;
    assert_eq!(read.transaction, read_transaction(json.as_bytes()).unwrap().0);
    assert_eq!(read.label, None);
    let read = sale(&[(13, "?"), (5, "?")]).unwrap();
    assert_eq!((read.label, read.transaction.payment.unwrap().method), (None, None));
}

#[test]
fn a_cell_that_can_not_be_read_is_named() {
    for (at, cell, message) in [
        (0, "", "column `id` is empty, and `transaction_id` is required"),
        (1, "yesterday", "column `when`: `yesterday` is not a time (%m/%d/%Y %H:%M)"),
        (2, "-1", "column `price`: `-1` is negative; a refund is an event, not a negative amount"),
        (3, "usd", "column `cur`: `usd` is not an ISO 4217 currency code; did you mean `USD`?"),
        (3, "", "column `cur`: is required"),
        (5, "cash", "column `how`: `cash` is not among the map's `values`"),
        (13, "2", "column `bad`: `2` is not among the map's `values`"),
        (14, "", "column `seen` is empty, and `label` is required"),
        (14, "later", "column `seen`: `later` is not a time (%m/%d/%Y)"),
    ] {
        let problem = RowProblem::from(sale(&[(at, cell)]).unwrap_err());
        assert_eq!(problem.to_string(), message);
    }
}

#[test]
fn a_label_is_known_after_its_delay() {
    let map = with(
        "[table.label]\ncolumn = \"bad\"\nvalues = { 1 = \"service_dispute\" }\ndelay = \"36h\"",
        "",
    );
    let read = row(&map, &["bad", "when", "id"], &["1", "1/1/2020 0:00", "t"]).unwrap();
    assert_eq!(read.label.unwrap().known_at.to_string(), "2020-01-02T12:00:00Z");
}

#[test]
fn a_header_that_does_not_fit_says_what_is_missing() {
    let map = Map::parse(&with("account.id = \"id\"\naccount.email = \"E-Mail\"", "")).unwrap();
    let header = ["id", "when_", "email", "x"].map(str::to_owned);
    let UnfitHeader { table, missing } = map.bind(&header).unwrap_err();
    assert_eq!(table.as_deref(), Some("sales"));
    let near = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let expected = [("when".to_owned(), near(&["when_"])), ("E-Mail".to_owned(), near(&["email"]))];
    assert_eq!(missing, expected);
}

#[test]
fn of_two_tables_the_one_that_fits_is_used() {
    let one = with("", "ignore = [\"note\"]");
    let other = one.replace("sales", "refunds").replace("\"when\"", "\"then\"");
    let map = Map::parse(&format!("{one}{other}")).unwrap();
    assert_eq!(map.tables().collect::<Vec<_>>(), ["sales", "refunds"]);
    let bound = |columns: &[&str]| {
        map.bind(&columns.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
    };
    let refunds = bound(&["note", "then", "id", "extra"]).unwrap();
    assert_eq!(refunds.unused(), ["extra"]);
    assert_eq!(refunds.used(), [1, 2]);
    assert_eq!(bound(&["id", "thn"]).unwrap_err().missing.len(), 1);
}

#[test]
fn columns_named_like_fields_need_no_map() {
    let header = [
        "transaction_id",
        "type",
        "event_time",
        "account.id",
        "custom.a.b",
        "amount",
        "items.3.sku",
        "label",
        "label_known_at",
    ]
    .map(str::to_owned);
    let bound = Bound::by_name(&header).unwrap();
    assert_eq!(bound.unused(), ["amount"]);
    let cells = [
        "t",
        "login",
        "2020-01-01T00:00:00Z",
        "7",
        "x",
        "1",
        "s",
        "legitimate",
        "2020-01-02T00:00:00Z",
    ];
    let row = bound.read(1, &|at| cells.get(at).map(|cell| cell.as_bytes())).unwrap();
    assert_eq!(row.transaction.items.len(), 4);
    assert_eq!(row.label.unwrap().class, LabelClass::Legitimate);
    let UnfitHeader { missing, .. } = Bound::by_name(
        &["Transaction ID", "type", "event_time", "amount.value"].map(str::to_owned),
    )
    .unwrap_err();
    assert_eq!(missing[0], ("transaction_id".into(), vec!["Transaction ID".into()]));
    assert_eq!(missing[1].0, "amount.currency");
}

#[test]
fn a_fault_is_shown_with_its_line_and_a_caret() {
    let text = "[[table]]\nname = \"sales\"\n[table.fields]\nacount.email = \"mail\"\n";
    let shown = Map::parse(text).unwrap_err().render("shop.toml");
    assert_eq!(
        shown,
        "error: `acount.email` is not a field of a transaction; did you mean `account.email`?\n \
         --> shop.toml:4:8\n  |\n4 | acount.email = \"mail\"\n  |        ^^^^^"
    );
}
