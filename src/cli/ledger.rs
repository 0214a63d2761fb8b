//! `vouch ledger`: look into the ledger and check it, beside a running server or without one.

use crate::domain::{TenantId, TimeError, Timestamp};
use crate::ledger::{
    EntryKind, Freshness, Index, LedgerError, MasterKey, Personal, Position, Query, Reader, Row,
    StoredEntry, Tail, VerifyReport, refresh, verify,
};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Look into the ledger and check it.
#[derive(Debug, clap::Args)]
pub(super) struct LedgerArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List entries, the latest first
    List(ListArgs),
    /// Show one entry with everything in it, personal fields included
    Show(ShowArgs),
    /// Check every record: checksum, hash chain, keys
    Verify(VerifyArgs),
}

#[derive(Debug, clap::Args)]
struct Place {
    /// Data directory of the server
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    place: Place,
    /// Whose entries
    #[arg(long, default_value = "default", value_parser = tenant)]
    tenant: TenantId,
    /// decision, event, dispute, label or admin
    #[arg(long, value_parser = kind)]
    kind: Option<EntryKind>,
    /// Decided so: approve, challenge, review, decline
    #[arg(long)]
    action: Option<String>,
    /// Happened at or after: a date, or a time like 2026-11-20T10:15:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
    /// Happened before
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
    /// About this transaction
    #[arg(long, value_name = "ID")]
    transaction: Option<String>,
    /// Most entries
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    #[command(flatten)]
    place: Place,
    /// Whose entry
    #[arg(long, default_value = "default", value_parser = tenant)]
    tenant: TenantId,
    /// An entry's id, or its number; an id is looked for first, the latest entry that has it
    #[arg(value_name = "ID|NUMBER")]
    entry: String,
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    #[command(flatten)]
    place: Place,
}

fn tenant(text: &str) -> Result<TenantId, crate::domain::TextError> {
    TenantId::new(text)
}

fn kind(text: &str) -> Result<EntryKind, String> {
    let words = || EntryKind::ALL.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
    EntryKind::from_word(text).ok_or_else(|| format!("one of {}", words()))
}

/// A time, or a date for its first moment in UTC.
fn time(text: &str) -> Result<Timestamp, TimeError> {
    let midnight = format!("{text}T00:00:00Z");
    text.parse().or_else(|error| midnight.parse().map_err(|_| error))
}

/// Exit code 0: done; 1: no such entry, or a finding; an error: the ledger can't be used.
pub(super) fn run(args: &LedgerArgs) -> Result<ExitCode> {
    match &args.command {
        Command::List(args) => list(args),
        Command::Show(args) => show(args),
        Command::Verify(args) => check(args),
    }
}

/// Writes to standard output; whoever closed it has seen enough.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The index, as fresh as it can be had; how fresh goes to standard error.
fn index(data_dir: &Path) -> Result<Index> {
    match refresh(data_dir) {
        Ok(Freshness::Current) => {}
        Ok(Freshness::Behind { records }) => {
            eprintln!("note: a server is running; its index lacks the latest {records} entries");
        }
        Err(LedgerError::Damaged(damage)) => eprintln!("warning: {damage}: only what is before"),
        Err(error) => return Err(error).context("can't bring the index up to date"),
    }
    Ok(Index::open(data_dir)?)
}

fn list(args: &ListArgs) -> Result<ExitCode> {
    let query = Query {
        kind: args.kind,
        since: args.since,
        until: args.until,
        action: args.action.clone(),
        transaction_id: args.transaction.clone(),
        limit: args.limit,
        ..Query::new(args.tenant.clone())
    };
    let rows = index(&args.place.data_dir)?.list(&query)?;
    if args.place.json {
        let lines = rows.iter().map(|row| Ok(serde_json::to_string(row)? + "\n"));
        print(&lines.collect::<Result<String>>()?)?;
    } else {
        print(&table(&rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Columns as wide as what is in them.
fn table(rows: &[Row]) -> String {
    let head = ["number", "time", "kind", "type", "action", "score", "amount", "transaction", "id"];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    let mut widths = [0; 9];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in &lines {
        let padded = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        let padded = padded.collect::<Vec<_>>().join("  ");
        text.push_str(padded.trim_end());
        text.push('\n');
    }
    text
}

fn cells(row: &Row) -> [String; 9] {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let amount = row.amount.as_ref().map(|amount| match &row.currency {
        Some(currency) => format!("{amount} {currency}"),
        None => amount.clone(),
    });
    [
        row.sequence.to_string(),
        row.event_time.to_string(),
        row.kind.clone(),
        text(&row.entry_type),
        text(&row.action),
        row.risk_score.map_or_else(|| "-".to_owned(), |score| format!("{score:.2}")),
        text(&amount),
        text(&row.transaction_id),
        row.id.clone(),
    ]
}

fn show(args: &ShowArgs) -> Result<ExitCode> {
    let data_dir = &args.place.data_dir;
    let Some(position) = find(&index(data_dir)?, &args.tenant, &args.entry)? else {
        eprintln!("no entry `{}` of tenant `{}`", args.entry, args.tenant);
        return Ok(ExitCode::from(1));
    };
    let entry = Reader::open(data_dir, master_key()?)?.read(position)?;
    let personal = entry.personal();
    if args.place.json {
        print(&(entry_json(&entry, personal).to_string() + "\n"))?;
    } else {
        print(&entry_text(&entry, personal))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn find(index: &Index, tenant: &TenantId, entry: &str) -> Result<Option<Position>> {
    let query = Query { id: Some(entry.to_owned()), limit: 1, ..Query::new(tenant.clone()) };
    if let Some(row) = index.list(&query)?.first() {
        return Ok(Some(row.position));
    }
    match entry.parse() {
        Ok(sequence) => Ok(index.locate(tenant, sequence)?),
        Err(_) => Ok(None),
    }
}

fn master_key() -> Result<Option<MasterKey>> {
    Ok(crate::config::master_key()?.map(MasterKey::from_bytes))
}

/// JSON as it was kept; text where it is none.
fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

/// The state of the personal part in a word, and its content.
fn personal_json(personal: Result<Personal, LedgerError>) -> (String, Value) {
    match personal {
        Ok(Personal::None) => ("none".to_owned(), Value::Null),
        Ok(Personal::Readable(bytes)) => ("readable".to_owned(), parsed(&bytes)),
        Ok(Personal::Erased) => ("erased".to_owned(), Value::Null),
        Err(error) => (error.to_string(), Value::Null),
    }
}

fn entry_json(entry: &StoredEntry, personal: Result<Personal, LedgerError>) -> Value {
    let (state, personal) = personal_json(personal);
    let lookups = entry
        .lookups
        .iter()
        .map(|(field, hash)| json!({"field": field.word(), "hash": hash.to_string()}));
    json!({
        "sequence": entry.sequence,
        "position": entry.position,
        "hash": entry.hash.to_string(),
        "tenant": entry.tenant,
        "kind": entry.kind.word(),
        "id": entry.id,
        "event_time": entry.event_time,
        "received_at": entry.received_at,
        "subject": entry.subject.map(|subject| subject.to_string()),
        "lookups": lookups.collect::<Vec<_>>(),
        "open": parsed(&entry.open),
        "personal_state": state,
        "personal": personal,
    })
}

fn entry_text(entry: &StoredEntry, personal: Result<Personal, LedgerError>) -> String {
    let (state, personal) = personal_json(personal);
    let mut text = format!(
        "{} {}  (number {}, tenant {})\n",
        entry.kind, entry.id, entry.sequence, entry.tenant
    );
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<10} {value}");
    };
    line("happened", &entry.event_time.to_string());
    line("received", &entry.received_at.to_string());
    line("place", &entry.position.to_string());
    line("hash", &entry.hash.to_string());
    if let Some(subject) = entry.subject {
        line("subject", &subject.to_string());
    }
    for (field, hash) in &entry.lookups {
        line("look-up", &format!("{field} {hash}"));
    }
    line("open", &format!("{:#}", parsed(&entry.open)));
    match personal {
        Value::Null => line("personal", &state),
        personal => line("personal", &format!("{personal:#}")),
    }
    text
}

fn check(args: &VerifyArgs) -> Result<ExitCode> {
    let bar = super::progress::bytes("checking", 0);
    let report = verify(&args.place.data_dir, master_key()?, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let report = report?;
    if args.place.json {
        print(&(report_json(&report).to_string() + "\n"))?;
    } else {
        print(&report_text(&report))?;
    }
    Ok(if report.finding.is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn report_json(report: &VerifyReport) -> Value {
    let torn = match report.tail {
        Tail::Clean => Value::Null,
        Tail::Torn { sequence, position, bytes, .. } => {
            json!({"sequence": sequence, "position": position, "bytes": bytes})
        }
    };
    let finding = report.finding.map(|damage| {
        json!({
            "sequence": damage.sequence,
            "position": damage.position,
            "text": damage.to_string(),
        })
    });
    json!({
        "ok": report.finding.is_none(),
        "records": report.records,
        "segments": report.segments,
        "bytes": report.bytes,
        "last_hash": report.last_hash.to_string(),
        "erased": report.erased,
        "superseded": report.superseded,
        "torn_tail": torn,
        "finding": finding,
    })
}

fn report_text(report: &VerifyReport) -> String {
    let mut text = String::new();
    let good = format!("{} records in {} segments", report.records, report.segments);
    let _ = match report.finding {
        Some(damage) => writeln!(text, "finding: {damage}\n{good} are good before it"),
        None => writeln!(text, "ok: {good}"),
    };
    let _ = writeln!(text, "hash of the last good record: {}", report.last_hash);
    if report.erased > 0 {
        let _ = writeln!(text, "erased: the personal fields of {} records", report.erased);
    }
    if report.superseded > 0 {
        let n = report.superseded;
        let _ =
            writeln!(text, "note: {n} records were written but never acknowledged; not counted");
    }
    if let Tail::Torn { bytes, .. } = report.tail
        && report.finding.is_none()
    {
        let _ = writeln!(
            text,
            "note: {bytes} bytes of an unfinished commit at the end, as a crash leaves them"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Ledger, LedgerConfig, LookupField, NewEntry, Order};

    fn written() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let config = LedgerConfig { segment_bytes: 1 << 16, ..LedgerConfig::new(dir.path()) };
        let ledger = Ledger::open(config, &mut |_| {}).unwrap();
        let tenant = TenantId::default_tenant();
        for (id, score) in [("tx-1", "3.5"), ("7", "88.25"), ("tx-3", "12.0")] {
            let entry = NewEntry {
                kind: EntryKind::Decision,
                id: id.to_owned(),
                event_time: "2026-11-20T10:15:00Z".parse().unwrap(),
                received_at: "2026-11-20T10:15:00.25Z".parse().unwrap(),
                subject: Some(ledger.hasher().subject(&tenant, "acc-7")),
                open: format!(
                    r#"{{"summary":{{"transaction_id":"{id}","type":"purchase","action":"approve","risk_score":{score},"amount":"49.00","currency":"EUR"}}}}"#
                )
                .into(),
                personal: br#"{"name":"Jane"}"#.to_vec(),
                lookups: vec![(
                    LookupField::Email,
                    ledger.hasher().lookup(&tenant, LookupField::Email, "j@example.com"),
                )],
                tenant: tenant.clone(),
            };
            ledger.append(&entry).unwrap().wait().unwrap();
        }
        dir
    }

    #[test]
    fn the_table_is_as_wide_as_its_cells() {
        let dir = written();
        let rows = index(dir.path())
            .unwrap()
            .list(&Query { order: Order::OldestFirst, ..Query::new(TenantId::default_tenant()) });
        expect_test::expect![[r"
            number  time                  kind      type      action   score  amount     transaction  id
            1       2026-11-20T10:15:00Z  decision  purchase  approve  3.50   49.00 EUR  tx-1         tx-1
            2       2026-11-20T10:15:00Z  decision  purchase  approve  88.25  49.00 EUR  7            7
            3       2026-11-20T10:15:00Z  decision  purchase  approve  12.00  49.00 EUR  tx-3         tx-3
        "]]
        .assert_eq(&table(&rows.unwrap()));
    }

    #[test]
    fn an_entry_is_found_by_id_before_number() {
        let dir = written();
        let reader = Reader::open(dir.path(), None).unwrap();
        let index = index(dir.path()).unwrap();
        for (given, found) in [("tx-3", Some(3)), ("7", Some(2)), ("1", Some(1)), ("9", None)] {
            let position = find(&index, &TenantId::default_tenant(), given).unwrap();
            assert_eq!(position.map(|at| reader.read(at).unwrap().sequence), found, "{given}");
        }
    }

    #[test]
    fn an_entry_shows_what_it_holds_until_it_is_erased() {
        let dir = written();
        let shown = || {
            let position = find(&index(dir.path()).unwrap(), &TenantId::default_tenant(), "tx-1");
            let reader = Reader::open(dir.path(), None).unwrap();
            let entry = reader.read(position.unwrap().unwrap()).unwrap();
            (entry_text(&entry, entry.personal()), entry_json(&entry, entry.personal()))
        };
        let (text, json) = shown();
        assert!(text.starts_with("decision tx-1  (number 1, tenant default)\n"), "{text}");
        assert!(text.contains(r#""name": "Jane""#), "{text}");
        assert_eq!(json["personal"]["name"], "Jane");
        assert_eq!(json["open"]["summary"]["amount"], "49.00");

        let ledger = Ledger::open(LedgerConfig::new(dir.path()), &mut |_| {}).unwrap();
        ledger.erase(ledger.hasher().subject(&TenantId::default_tenant(), "acc-7")).unwrap();
        drop(ledger);
        let (text, json) = shown();
        assert!(text.ends_with("personal   erased\n"), "{text}");
        assert_eq!((&json["personal"], &json["personal_state"]), (&Value::Null, &json!("erased")));
    }

    #[test]
    fn a_report_says_ok_or_names_the_record() {
        let dir = written();
        let report = || verify(dir.path(), None, &mut |_, _| {}).unwrap();
        assert!(report_text(&report()).starts_with("ok: 3 records in 1 segments\nhash of"));
        let path = dir.path().join("ledger/00000001.log");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[100] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let report = report();
        let text = report_text(&report);
        assert!(text.starts_with("finding: record 1 is damaged (checksum), segment 1 offset 64\n"));
        assert_eq!(report_json(&report)["finding"]["sequence"], 1);
        assert_eq!(report_json(&report)["ok"], false);
    }

    #[test]
    fn times_are_read_with_or_without_a_clock_time() {
        assert_eq!(time("2026-11-20").unwrap(), time("2026-11-20T01:00:00+01:00").unwrap());
        assert!(
            time("yesterday").unwrap_err().to_string().starts_with("`yesterday` is not a time")
        );
        assert!(kind("decisions").unwrap_err().starts_with("one of decision, event"));
    }
}
