//! `vouch dispute plan`: one case, from what settles it to what to do.

use super::worklist::{Pricing, share};
use super::{code_text, settled};
use crate::disputes::rulebook::Level;
use crate::disputes::{CasePlan, DisputeStore, plan};
use crate::domain::{DisputeId, Timestamp};
use anyhow::Context;
use clap::Args;
use std::io::Write;

pub(super) const AFTER_HELP: &str = "\
First what settles the case before evidence is weighed: facts that make it invalid, 3-D Secure, First-Party Trust,
each with the records it rests on and how far the rule's source is to be trusted. Then the evidence for this claim:
`+` is on record, `-` is not, with the event or field that would record it and an example. Then what to do.";

/// Which case, and in which form.
#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArgs {
    /// The processor's identifier of the dispute
    #[arg(value_parser = super::dispute_id)]
    id: DisputeId,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pricing: Pricing,
}

impl PlanArgs {
    /// Prints the plan.
    pub(super) fn run<S: DisputeStore>(
        &self,
        store: &S,
        now: Timestamp,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let id = &self.id;
        let made = self.pricing.with(now, |terms, convert| plan(store, id, terms, convert, now))?;
        let made = made?.with_context(|| format!("no dispute `{id}` is recorded"))?;
        if self.json {
            writeln!(out, "{}", serde_json::to_string_pretty(&made)?)?;
            return Ok(());
        }
        write(&made, out)
    }
}

fn write(plan: &CasePlan, out: &mut dyn Write) -> anyhow::Result<()> {
    let dispute = &plan.dispute;
    let title = plan.title.unwrap_or("-");
    writeln!(out, "{:<18}{}", "dispute", dispute.id)?;
    writeln!(out, "{:<18}{}, {title}: {}", "code", code_text(dispute), plan.category)?;
    let due = plan.deadline.due_by.zip(plan.deadline.source.as_ref());
    let due = due.map_or_else(|| "-".to_owned(), |(due, field)| format!("{due} ({field})"));
    writeln!(out, "{:<18}{due}, {}", "evidence due by", plan.deadline)?;
    settled::write(&plan.settled, true, out)?;
    writeln!(out, "{:<18}{} %", "evidence", plan.completeness_bp / 100)?;
    for item in &plan.exhibits {
        let level = match item.level {
            Level::Required => "required",
            Level::Strong => "strong",
            Level::Optional => "optional",
        };
        let mark = if item.present { '+' } else { '-' };
        writeln!(out, "{mark} {level:<9}{:<3}{}", item.weight, item.what)?;
        if let Some(how) = item.how {
            writeln!(out, "{:<14}record {}", "", settled::line(how))?;
        }
    }
    recommend(plan, out)
}

fn recommend(plan: &CasePlan, out: &mut dyn Write) -> anyhow::Result<()> {
    let currency = plan.dispute.amount.currency();
    let Some(made) = &plan.recommendation else {
        writeln!(out, "{:<18}- (it can't be answered any more, or was)", "recommendation")?;
        return Ok(());
    };
    let choices: Vec<String> = made
        .choices
        .iter()
        .map(|choice| format!("{} {:.2} {currency}", choice.advice, choice.value))
        .collect();
    let why = if made.explores { " (to learn; it does not pay)" } else { "" };
    let choices = choices.join(", ");
    writeln!(out, "{:<18}{}{why}: {choices}", "recommendation", made.advice)?;
    let win = made.win.as_ref().map_or_else(|| "nobody reads an answer".to_owned(), share);
    writeln!(out, "{:<18}{win}", "chance to win")?;
    if made.unpriced {
        writeln!(out, "{:<18}no exchange rate: fees left out", "")?;
    }
    Ok(())
}
