//! `vouch lookup --account`: who is tied to an account, and by what.

use super::LookupArgs;
use crate::clock;
use crate::config::{Config, master_key};
use crate::domain::{AccountId, TenantId};
use crate::engine::{People, Surroundings};
use crate::ledger::MasterKey;
use crate::velocity::Limits;
use anyhow::Context;
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

/// Exit code 1 when the account was never seen.
pub(super) fn run(args: &LookupArgs, account: &str, config: &Config) -> anyhow::Result<ExitCode> {
    let dir = args.data_dir.as_path();
    let account = AccountId::new(account).context("this is no account's identifier")?;
    let tenant = TenantId::new(&args.tenant).context("this is no tenant's identifier")?;
    let master = master_key()?.map(MasterKey::from_bytes);
    let limits = Limits { max_keys: config.velocity.max_keys, seed: 0 };
    let people = People::open(dir, master, tenant, limits)
        .with_context(|| format!("can't read the ledger in `{}`", dir.display()))?;
    let around = people.around(&account, clock::now())?;
    let mut stdout = std::io::stdout().lock();
    if args.json {
        writeln!(stdout, "{:#}", as_json(&account, &around))?;
    } else {
        stdout.write_all(text(&around).as_bytes())?;
    }
    Ok(if around.known { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn as_json(account: &AccountId, around: &Surroundings) -> serde_json::Value {
    let accounts = around
        .accounts
        .iter()
        .map(|linked| json!({ "account": linked.account, "path": linked.path }));
    json!({
        "account": account.as_str(), "known": around.known, "settled_purchases": around.settled,
        "clean_history": around.is_clean, "disputes": around.view.disputes,
        "warnings": around.view.warnings, "trials": around.view.trials,
        "linked": accounts.collect::<Vec<_>>(),
    })
}

fn weight(weight: Option<f64>) -> String {
    weight.map_or_else(|| "unknown".to_owned(), |weight| weight.to_string())
}

fn text(around: &Surroundings) -> String {
    if !around.known {
        return "nothing known\n".to_owned();
    }
    let mut text = String::new();
    for (name, value) in [
        ("settled", format!("{} good purchases of 60 days and older", around.settled)),
        ("clean", if around.is_clean { "yes" } else { "no" }.to_owned()),
        ("disputes", weight(around.view.disputes)),
        ("warnings", weight(around.view.warnings)),
        ("trials", around.view.trials.to_string()),
        ("linked", format!("{} accounts", around.accounts.len())),
    ] {
        let _ = writeln!(text, "{name:<12} {value}");
    }
    for linked in &around.accounts {
        let _ = writeln!(text, "  {:<10} {}", linked.account, linked.path);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Neighbour;
    use crate::velocity::LinksView;
    use expect_test::expect;

    #[test]
    fn an_answer_reads_top_down() {
        let (account, path) = ("acc-9".to_owned(), "shares a device with `acc-9`".to_owned());
        let view = LinksView { disputes: Some(1.5), trials: 2, ..LinksView::default() };
        let accounts = vec![Neighbour { account, path }];
        let around = Surroundings { known: true, settled: 4, is_clean: true, accounts, view };
        expect![[r"
            settled      4 good purchases of 60 days and older
            clean        yes
            disputes     1.5
            warnings     unknown
            trials       2
            linked       1 accounts
              acc-9      shares a device with `acc-9`
        "]]
        .assert_eq(&text(&around));
        let never = Surroundings { known: false, ..around };
        assert_eq!(text(&never), "nothing known\n");
    }
}
