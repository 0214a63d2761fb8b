//! A range of decisions made again, on all cores.

use super::{ReplayArgs, reader};
use crate::cli::ledger::{columns, ensure_range};
use crate::cli::progress;
use crate::clock::Stopwatch;
use crate::engine::{Artefacts, Listed, Rerun, RerunOf, rerun};
use crate::model::Model;
use crate::rules::RuleSet;
use anyhow::{Result, anyhow, ensure};
use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

/// Exit code 1: a decision is not as it was, or can't be made again.
pub(super) fn run(args: &ReplayArgs) -> Result<ExitCode> {
    let bounded = args.from.is_some() || args.to.is_some();
    ensure!(args.all || bounded, "which? give --decision ID, --from and --to, or --all");
    ensure!(!(args.all && bounded), "--all is every decision; leave out --from and --to");
    ensure_range(args.from, args.to)?;
    let of = RerunOf {
        tenant: args.tenant.clone(),
        from: args.from,
        to: args.to,
        rules: rules(args)?,
        model: args.model.as_deref().map(Model::load).transpose()?.map(Arc::new),
        threads: match args.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => usize::from(threads),
        },
        listed: args.limit,
    };
    let artefacts = Artefacts::new(&args.data_dir);
    let reader = reader(&args.data_dir)?;
    let bar = progress::counter("replaying");
    let watch = Stopwatch::start();
    let done = rerun(&reader, &artefacts, &of, &mut |entry| bar.set_position(entry));
    bar.finish_and_clear();
    let (done, seconds) = (done?, watch.elapsed().as_secs_f64());
    if args.json {
        println!("{}", serde_json::to_string(&done)?);
    } else {
        print!("{}", text(&done, of.is_hypothetical()));
    }
    eprintln!("{}", speed(done.decisions, seconds, of.threads));
    let finding = done.unreadable > 0 || (done.changed > 0 && !of.is_hypothetical());
    Ok(if finding { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn rules(args: &ReplayArgs) -> Result<Option<Arc<RuleSet>>> {
    if args.with.is_empty() {
        return Ok(None);
    }
    let loaded =
        RuleSet::load(&args.with).map_err(|found| anyhow!("the rules can not be used\n{found}"))?;
    Ok(Some(Arc::new(loaded)))
}

#[expect(clippy::cast_precision_loss, reason = "a rate to three digits")]
fn speed(decisions: u64, seconds: f64, threads: usize) -> String {
    let rate = decisions as f64 / seconds.max(1e-9);
    let each = rate / threads.max(1) as f64;
    format!("{seconds:.2} s on {threads} threads: {rate:.0} decisions/s, {each:.0} a thread")
}

fn text(done: &Rerun, hypothetical: bool) -> String {
    let mut text = String::new();
    let same = if hypothetical { "with the same action" } else { "the same byte for byte" };
    let _ = writeln!(
        text,
        "{} decisions: {} {same}, {} changed, {} erased, {} unreadable",
        done.decisions, done.same, done.changed, done.erased, done.unreadable
    );
    if hypothetical {
        let head = ["was", "now", "decisions", "money"].map(str::to_owned);
        let shifts = done.actions.iter().map(|shift| {
            let money = shift.money.iter().map(|(currency, sum)| format!("{sum} {currency}"));
            let money = money.collect::<Vec<_>>().join(", ");
            [shift.was.to_string(), shift.now.to_string(), shift.decisions.to_string(), money]
        });
        text.push('\n');
        text.push_str(&columns(&std::iter::once(head).chain(shifts).collect::<Vec<_>>()));
    }
    if !done.listed.is_empty() {
        let head =
            ["number", "transaction", "time", "was", "now", "score was", "score now", "differs"];
        let lines = done.listed.iter().map(cells);
        text.push('\n');
        let lines: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(lines).collect();
        text.push_str(&columns(&lines));
        let listed = u64::try_from(done.listed.len()).unwrap_or(u64::MAX);
        let more = (done.changed + done.unreadable).saturating_sub(listed);
        if more > 0 {
            let _ = writeln!(text, "… and {more} more");
        }
    }
    text
}

fn cells(listed: &Listed) -> [String; 8] {
    let action = |action: Option<crate::domain::Action>| {
        action.map_or_else(|| "-".to_owned(), |action| action.to_string())
    };
    let score =
        |score: Option<f64>| score.map_or_else(|| "-".to_owned(), |score| format!("{score:.2}"));
    [
        listed.sequence.to_string(),
        listed.transaction_id.clone(),
        listed.event_time.to_string(),
        action(listed.was),
        action(listed.now),
        score(listed.score_was),
        score(listed.score_now),
        listed.differs.join(", "),
    ]
}
