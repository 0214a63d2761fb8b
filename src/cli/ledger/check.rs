//! `vouch ledger verify`: every checksum, link and key.

use super::{Place, master_key, print};
use crate::cli::progress;
use crate::ledger::{Tail, VerifyReport, verify};
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    place: Place,
}

/// Exit code 1: a finding.
pub(super) fn run(args: &VerifyArgs) -> Result<ExitCode> {
    let bar = progress::bytes("checking", 0);
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
        "roots": report.roots,
        "superseded": report.superseded,
        "torn_tail": torn,
        "finding": finding,
    })
}

pub(super) fn report_text(report: &VerifyReport) -> String {
    let mut text = String::new();
    let good = format!("{} records in {} segments", report.records, report.segments);
    let _ = match report.finding {
        Some(damage) => writeln!(text, "finding: {damage}\n{good} are good before it"),
        None => writeln!(text, "ok: {good}"),
    };
    let _ = writeln!(text, "hash of the last good record: {}", report.last_hash);
    if report.roots > 0 {
        let _ = writeln!(text, "roots: {} signed roots hold", report.roots);
    }
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
    use super::super::tests::written;
    use super::*;

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
}
