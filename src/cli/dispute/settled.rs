//! What settles a dispute, in lines: for `vouch dispute show` and `vouch dispute plan`.

use crate::disputes::Recording;
use crate::disputes::settle::{Answer, Finding, Likelihood, Outlook, Record, Settled};
use std::io::Write;

/// Writes every fact with what it rests on, then who bears the loss; `whole` with what would decide the unknown.
pub(super) fn write(settled: &Settled, whole: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    for finding in &settled.invalid {
        fact(finding, out)?;
        if whole {
            if let Some(ask) = finding.ask {
                writeln!(out, "{:<27}ask: {ask}", "")?;
            }
            how(&finding.missing, out)?;
        }
    }
    let outlooks =
        [("3-D Secure", &settled.three_ds), ("First-Party Trust", &settled.first_party_trust)];
    for (name, outlook) in outlooks {
        if let Some(outlook) = outlook {
            liability(name, outlook, out)?;
            how(if whole { &outlook.missing } else { &[] }, out)?;
        }
    }
    Ok(())
}

fn fact(finding: &Finding, out: &mut dyn Write) -> anyhow::Result<()> {
    let Finding { id, text, records, .. } = finding;
    let confidence = finding.confidence.word();
    let answer = match finding.answer {
        Answer::Holds if finding.ends_it() => "INVALID",
        Answer::Holds => "perhaps",
        Answer::DoesNot => "no",
        Answer::Unknown => "unknown",
    };
    writeln!(out, "{id:<18}{answer:<9}{text} ({confidence}){}", rests(records))?;
    Ok(())
}

fn liability(name: &str, outlook: &Outlook, out: &mut dyn Write) -> anyhow::Result<()> {
    let answer = match outlook.issuer_bears {
        Likelihood::Likely => "likely",
        Likelihood::Unlikely => "unlikely",
        Likelihood::Unknown => "unknown",
    };
    let confidence = outlook.confidence.map(|word| format!(" ({word})")).unwrap_or_default();
    let reasons = outlook.reasons.join("; ");
    let rests = rests(&outlook.records);
    writeln!(out, "{name:<18}{answer:<9}the issuer bears it{confidence}: {reasons}{rests}")?;
    Ok(())
}

/// ` [transaction tx-1, event e-2]`, at most five.
fn rests(records: &[Record]) -> String {
    const MOST: usize = 5;
    if records.is_empty() {
        return String::new();
    }
    let named: Vec<String> =
        records.iter().take(MOST).map(|record| format!("{} {}", record.kind, record.id)).collect();
    let more = records.len().saturating_sub(MOST);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    format!(" [{}{more}]", named.join(", "))
}

/// What would decide it.
fn how(missing: &[&Recording], out: &mut dyn Write) -> anyhow::Result<()> {
    for recording in missing {
        writeln!(out, "{:<27}record {}", "", line(recording))?;
    }
    Ok(())
}

/// `support.message, data.contact.direction (POST /v1/events): {…}`.
pub(super) fn line(recording: &Recording) -> String {
    let Recording { to, event, field, example, .. } = recording;
    let event = event.map(|event| format!("{event}, ")).unwrap_or_default();
    format!("{event}{field} ({to}): {example}")
}
