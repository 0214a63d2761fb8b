//! `vouch ledger show`: one entry with everything in it.

use super::{Place, index, master_key, print, tenant};
use crate::domain::TenantId;
use crate::engine::readable;
use crate::ledger::{Index, LedgerError, Personal, Position, Query, Reader, StoredEntry};
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    place: Place,
    /// Whose entry
    #[arg(long, default_value = "default", value_parser = tenant)]
    tenant: TenantId,
    /// An entry's id, or its number; an id is looked for first, the latest entry that has it
    #[arg(value_name = "ID|NUMBER")]
    entry: String,
}

/// Exit code 1: no such entry.
pub(super) fn run(args: &ShowArgs) -> Result<ExitCode> {
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

/// The state of the personal part in a word, and its content.
fn personal_json(personal: Result<Personal, LedgerError>) -> (String, Value) {
    match personal {
        Ok(Personal::None) => ("none".to_owned(), Value::Null),
        Ok(Personal::Readable(bytes)) => ("readable".to_owned(), readable(&bytes)),
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
        "open": readable(&entry.open),
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
    line("open", &format!("{:#}", readable(&entry.open)));
    match personal {
        Value::Null => line("personal", &state),
        personal => line("personal", &format!("{personal:#}")),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::written;
    use super::*;
    use crate::ledger::{Ledger, LedgerConfig};

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
        ledger
            .erase(&[ledger.hasher().subject(&TenantId::default_tenant(), "acc-7")].into())
            .unwrap();
        drop(ledger);
        let (text, json) = shown();
        assert!(text.ends_with("personal   erased\n"), "{text}");
        assert_eq!((&json["personal"], &json["personal_state"]), (&Value::Null, &json!("erased")));
    }
}
