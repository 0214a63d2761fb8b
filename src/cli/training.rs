//! Rows to train on: a file's lines through the engine, or the ledger's records as they are.

use super::progress;
use super::rows::{count, for_each, map_at};
use super::state;
use super::train::TrainArgs;
use crate::domain::{TenantId, Timestamp, TransactionId};
use crate::engine::{Engine, EventFacts, read_open_event};
use crate::input::files::open;
use crate::input::{Item, Line, Map};
use crate::ledger::{EntryKind, MasterKey, Reader};
use crate::train::{Dataset, Label, Rows, calls_bad};
use anyhow::{Context, Result};
use std::collections::HashSet;
use std::path::Path;

/// The rows the arguments name, and how many of the file could not be used. Each of those was named on
/// standard error, or counted with what to do about it.
pub(super) fn collect(args: &TrainArgs) -> Result<(Dataset, u64)> {
    let room = usize::try_from(args.max_rows).unwrap_or(usize::MAX);
    let mut rows = Rows::of(args.tenant.clone()).with_custom(&args.custom).with_room(room);
    let bad = if let Some(file) = &args.file {
        let mut config = args.config.load()?;
        // The sales of a file were not decided by us: nothing of them passed by our luck.
        config.policy.pass_through = None;
        let engine = state::engine_in_memory(&config)?;
        from_file(&engine, file, args.map.as_deref(), &mut rows)?
    } else {
        from_ledger(&args.data_dir, &args.tenant, &mut rows)?;
        0
    };
    if rows.unknown() > 0 {
        eprintln!("warning: {} events are about transactions not among the rows", rows.unknown());
    }
    if rows.late() > 0 {
        eprintln!(
            "warning: {} payments come after later lines, so their history knew the future: left out; \
             sort the rows by event_time, or say `unordered = true` in the map, to use them",
            rows.late()
        );
    }
    let left_out = rows.left_out();
    let data = rows.finish();
    if left_out > 0 {
        eprintln!(
            "{left_out} sales that nobody called bad made room: one in {} stayed and stands for the \
             others (--max-rows)",
            data.one_in()
        );
    }
    if data.refused() > 0 {
        eprintln!(
            "{} refused payments without a label have no outcome and were left out",
            data.refused()
        );
    }
    Ok((data, bad))
}

/// Feeds a file's rows in their order, or in that of their times where the map says that they have
/// none; returns how many were bad.
fn from_file(engine: &Engine, file: &Path, map: Option<&Path>, rows: &mut Rows) -> Result<u64> {
    let map = map_at(map)?;
    let lines = open(file, map.as_ref()).with_context(|| format!("`{}`", file.display()))?;
    let unordered = map.as_ref().is_some_and(Map::is_unordered);
    let mut kept = vec![];
    let mut bad = for_each(file, lines, true, |line| {
        if unordered {
            kept.push(line);
            return Ok(());
        }
        take(engine, line.item, rows)?;
        if rows.is_full() {
            rows.tell_bad(called_bad(file, map.as_ref())?);
        }
        Ok(())
    })?;
    kept.sort_by_key(|line| time(&line.item));
    rows.tell_bad(kept.iter().filter_map(|line| called_bad_by(&line.item)).collect());
    for Line { position, item } in kept {
        if let Err(error) = take(engine, item, rows) {
            eprintln!("{}: {position}: {error:#}", file.display());
            bad += 1;
        }
    }
    if bad > 0 {
        eprintln!("{} left out", count(bad, "bad row"));
    }
    Ok(bad)
}

/// The sales that events of the file call bad: read once more, when rows have to go.
fn called_bad(file: &Path, map: Option<&Map>) -> Result<HashSet<TransactionId>> {
    let bar = progress::counter("looking for labels");
    let mut bad = HashSet::new();
    // A row that can't be read is reported where it is read for good.
    for line in open(file, map)?.flatten() {
        bar.inc(1);
        bad.extend(called_bad_by(&line.item));
    }
    bar.finish_and_clear();
    Ok(bad)
}

fn called_bad_by(item: &Item) -> Option<TransactionId> {
    match item {
        Item::Event { event, .. } => calls_bad(EventFacts::of(event)),
        Item::Transaction { .. } => None,
    }
}

fn time(item: &Item) -> Timestamp {
    match item {
        Item::Transaction { transaction, .. } => transaction.event_time,
        Item::Event { event, .. } => event.event_time,
    }
}

fn take(engine: &Engine, item: Item, rows: &mut Rows) -> Result<()> {
    match item {
        Item::Transaction { transaction, label, warnings } => {
            let label =
                label.map(|label| Label { class: label.class, known_at: Some(label.known_at) });
            rows.transaction(engine, *transaction, warnings, label)?;
        }
        Item::Event { event, .. } => rows.event(engine, &event)?,
    }
    Ok(())
}

fn from_ledger(data_dir: &Path, tenant: &TenantId, rows: &mut Rows) -> Result<()> {
    let master = crate::config::master_key()?.map(MasterKey::from_bytes);
    let reader = Reader::open(data_dir, master)
        .with_context(|| format!("no ledger in `{}`", data_dir.display()))?;
    let bar = progress::counter("reading the ledger");
    for entry in reader.scan(None)? {
        let entry = entry?;
        bar.set_position(entry.sequence);
        rows.entry(&entry)?;
        if rows.is_full() {
            rows.tell_bad(called_bad_in_ledger(&reader, tenant)?);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// As [`called_bad`], of the ledger's events.
fn called_bad_in_ledger(reader: &Reader, tenant: &TenantId) -> Result<HashSet<TransactionId>> {
    let bar = progress::counter("looking for labels");
    let mut bad = HashSet::new();
    for entry in reader.scan(None)? {
        let entry = entry?;
        bar.set_position(entry.sequence);
        if entry.kind != EntryKind::Decision && entry.tenant == *tenant {
            bad.extend(read_open_event(&entry)?.and_then(calls_bad));
        }
    }
    bar.finish_and_clear();
    Ok(bad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::DAY_MS;
    use crate::train::{ModelKind, TrainConfig, train};

    /// A map for four columns of a shop's own.
    const MAP: &str = "[[table]]\nname = \"sales\"\n\
        [table.fields]\ntransaction_id = \"no\"\ntype = { constant = \"purchase\" }\n\
        event_time = { column = \"day\", as = \"%Y-%m-%d %H:%M\" }\namount.value = \"sum\"\n\
        amount.currency = { constant = \"EUR\" }\naccount.id = \"buyer\"\n\
        [table.label]\ncolumn = \"bad\"\ndelay = \"2d\"\n\
        values = { 1 = \"stolen_instrument\", 0 = \"legitimate\" }\n";

    /// A shop's table: fifteen sales a day, every tenth large and fraud, and so is now and then another.
    fn sales(days: u32) -> Vec<String> {
        let sale = |n: u32| {
            let (month, day) = (n / 15 / 28 + 1, n / 15 % 28 + 1);
            let (hour, minute) = (n % 15 + 6, n * 7 % 60);
            let (sum, bad) = if n % 10 == 3 { (300 + n % 7, 1) } else { (5 + n % 90, 0) };
            let bad = if n % 97 == 5 { 1 - bad } else { bad };
            format!("s-{n},2026-{month:02}-{day:02} {hour:02}:{minute:02},{sum},b-{},{bad}", n % 40)
        };
        (0..days * 15).map(sale).collect()
    }

    /// What is read of these rows, and how many of them were bad.
    fn read(rows: &[String], map: &str) -> Result<(Rows, u64)> {
        let directory = tempfile::tempdir()?;
        let (file, map_file) = (directory.path().join("a.csv"), directory.path().join("map.toml"));
        std::fs::write(&file, format!("no,day,sum,buyer,bad\n{}\n", rows.join("\n")))?;
        std::fs::write(&map_file, map)?;
        let engine = state::engine_in_memory(&Config::default())?;
        let mut rows = Rows::default();
        let bad = from_file(&engine, &file, Some(&map_file), &mut rows)?;
        Ok((rows, bad))
    }

    fn config() -> TrainConfig {
        TrainConfig {
            kind: ModelKind::Logistic,
            delay_ms: 3 * DAY_MS,
            silence_is_good: false,
            ..TrainConfig::default()
        }
    }

    #[test]
    fn a_table_of_another_schema_trains_by_its_map_alone() {
        let (rows, bad) = read(&sales(60), MAP).unwrap();
        let data = rows.finish();
        assert_eq!((data.len(), bad), (900, 0));
        let report = train(&data, &config()).unwrap().report;
        assert!(report.test.roc_auc.unwrap() > 0.8, "{report}");
        assert!(report.rows.tested > 100 && report.rows.fitted > 100, "{report}");
    }

    #[test]
    fn rows_in_no_order_are_sorted_where_the_map_says_so_and_left_out_elsewhere() {
        let ordered = read(&sales(20), MAP).unwrap().0.finish();
        let mut turned = sales(20);
        turned.reverse();
        let (rows, _) = read(&turned, MAP).unwrap();
        assert!(rows.late() > 250, "{}", rows.late());
        let unordered = MAP.replace("[table.fields]", "unordered = true\n[table.fields]");
        let (rows, bad) = read(&turned, &unordered).unwrap();
        assert_eq!((rows.late(), bad), (0, 0));
        assert_eq!(rows.finish().digest(), ordered.digest());
    }

    #[test]
    fn a_label_that_is_none_and_an_id_used_twice_are_refused() {
        let mut rows = sales(20);
        let all = rows.len();
        let labelled = |row: &str, label| {
            row.rsplit_once(',').map(|(row, _)| format!("{row},{label}")).unwrap()
        };
        (rows[7], rows[8]) = (labelled(&rows[7], "NaN"), labelled(&rows[8], ""));
        let (again, other) = (rows[20].clone(), rows[21].replace("s-21,", "s-22,"));
        rows.insert(21, again);
        rows.insert(24, other);
        let (rows, bad) = read(&rows, MAP).unwrap();
        assert_eq!(bad, 3, "a label that is none, a row told again, the id of another sale");
        let data = rows.finish();
        assert_eq!(data.len(), all - 1);
        assert_eq!((0..data.len()).filter(|row| !data.is_labelled(*row)).count(), 1, "no label");
    }

    #[test]
    fn labels_that_can_teach_nothing_say_so() {
        let with = |label: &str| -> String {
            let last = |row: &String| row.rsplit_once(',').map(|(row, _)| format!("{row},{label}"));
            let rows: Vec<_> = sales(40).iter().filter_map(last).collect();
            let data = read(&rows, MAP).unwrap().0.finish();
            train(&data, &config()).unwrap_err().to_string()
        };
        assert_eq!(
            with(""),
            "none of the 600 rows has a label; map a label column, or import `label` and `dispute` \
             events first"
        );
        assert_eq!(with("NaN"), "there are no rows to train on");
        for (label, counts) in [("0", "has 0 frauds and"), ("1", "frauds and 0 others")] {
            let message = with(label);
            assert!(message.starts_with("the training window from 2026-01-01"), "{message}");
            assert!(message.contains(counts) && message.contains("both are needed"), "{message}");
        }
    }
}
