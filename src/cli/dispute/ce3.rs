//! `vouch dispute ce3`: what Compelling Evidence 3.0 makes of a case.

use super::case_of;
use crate::disputes::DisputeStore;
use crate::disputes::ce3::{self, NotApplicable, Profile, Report, Verdict, Version};
use crate::domain::DisputeId;
use serde_json::json;
use std::io::Write;

/// Most near misses shown; the JSON has all.
const SHOWN: usize = 10;

pub(super) fn run<S: DisputeStore>(
    id: &DisputeId,
    store: &S,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let case = case_of(id, store)?;
    let found = ce3::of_case(&case);
    if json {
        let value = match &found {
            Ok(report) => serde_json::to_value(report)?,
            Err(why) => json!({"not_applicable": why}),
        };
        writeln!(out, "{}", serde_json::to_string_pretty(&value)?)?;
        return Ok(());
    }
    match &found {
        Ok(report) => write_report(report, out),
        Err(why) => Ok(writeln!(out, "not applicable: {}", reason(*why))?),
    }
}

/// Why there is nothing to evaluate, in words.
pub(super) fn reason(why: NotApplicable) -> &'static str {
    match why {
        NotApplicable::OtherClaim => "Compelling Evidence 3.0 answers Visa 10.4 only",
        NotApplicable::SaleUnknown => "the disputed sale is not recorded",
    }
}

fn write_report(report: &Report<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let version = match report.version {
        Version::UntilOctober2026 => "disputes processed up to 2026-10-23",
        Version::FromOctober2026 => "disputes processed from 2026-10-24",
    };
    writeln!(out, "{:<18}{version}", "rule")?;
    for (name, profile) in [("Visa's text", Profile::Visa), ("Stripe", Profile::Stripe)] {
        let verdict = report.verdict(profile);
        writeln!(out, "{name:<18}{}", verdict.word())?;
        if let Some(pair) = verdict.pair() {
            let [one, other] = pair.transactions;
            writeln!(out, "{:<18}transactions {one} and {other} share {}", "", pair.shared)?;
            if !pair.inherited.is_empty() {
                writeln!(out, "{:<18}copied from an earlier checkout: {}", "", pair.inherited)?;
            }
        }
        if let Verdict::RequiresAction { actions, .. } = verdict {
            for action in actions {
                writeln!(out, "{:<18}{action}", "to do")?;
            }
        }
    }
    let lacks = (!report.sale_lacks.is_empty()).then(|| report.sale_lacks.to_string());
    writeln!(out, "{:<18}{}", "sale lacks", lacks.as_deref().unwrap_or("-"))?;
    if !report.sale_malformed.is_empty() {
        writeln!(out, "{:<18}{}", "does not count", report.sale_malformed)?;
    }
    writeln!(out, "{:<18}{}", "other sales", report.candidates.len())?;
    let out_of_time = report.candidates.iter().filter(|c| c.is_out_of_time()).count();
    if out_of_time > 0 {
        writeln!(out, "{:<18}{out_of_time} of them too new or too old", "")?;
    }
    let unmet = Profile::ALL.into_iter().find(|p| report.verdict(*p).pair().is_none());
    let Some(profile) = unmet else { return Ok(()) };
    let misses = report.near_misses(profile);
    for candidate in misses.iter().take(SHOWN) {
        let miss = candidate.miss(profile, report.version).unwrap_or_default();
        writeln!(out, "{:<18}{miss}", "near miss")?;
    }
    if misses.len() > SHOWN {
        writeln!(out, "{:<18}{} further sales", "", misses.len() - SHOWN)?;
    }
    Ok(())
}
