//! `vouch train`: labelled history in, a model with its report out.
//!
//! Where the rows come from is the caller's business: [`run`] is given the step that reads what the
//! arguments name, a file or the ledger, through the one pipeline.

use super::state::ConfigArgs;
use crate::clock::Stopwatch;
use crate::decision::{CostPolicy, Policy};
use crate::domain::{Calibration, DAY_MS, HOUR_MS, TenantId, Timestamp};
use crate::train::{
    Boosting, CustomFeature, Dataset, Direction, ErrorCost, ErrorCosts, ModelKind, TrainConfig,
    Trial, train, tune,
};
use anyhow::{Context, Result};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Trials told of a search, the best first.
const TRIALS_TOLD: usize = 5;

/// Arguments of `vouch train`.
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of the command")]
#[derive(Debug, clap::Args)]
pub(super) struct TrainArgs {
    /// Labelled transactions: JSONL, CSV or Parquet
    #[arg(value_name = "FILE", required_unless_present = "from_ledger")]
    pub(super) file: Option<PathBuf>,
    /// Train on the decisions and labels of the ledger
    #[arg(long, conflicts_with = "file")]
    pub(super) from_ledger: bool,
    /// Data directory of the server
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    pub(super) data_dir: PathBuf,
    /// Whose decisions and labels of the ledger
    #[arg(long, value_name = "TENANT", default_value = "default", value_parser = TenantId::new)]
    pub(super) tenant: TenantId,
    /// Mapping file for foreign data
    #[arg(long, value_name = "MAP.toml")]
    pub(super) map: Option<PathBuf>,
    /// A member of `custom` that is to be a feature, e.g. campaign=word or seats=number; may be repeated
    #[arg(long, value_name = "NAME=word|number")]
    pub(super) custom: Vec<CustomFeature>,
    /// Directory of the new model, e.g. models/spring; its last part is the name
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What to train: `boosted`, `forest` or `logistic`
    #[arg(long, value_name = "KIND", default_value = "boosted")]
    model: ModelKind,
    #[command(flatten)]
    boosting: BoostingArgs,
    /// Search for better settings of boosted trees for so long, on later parts of the training window
    #[arg(long, value_name = "SPAN", value_parser = span_ms)]
    tune: Option<i64>,
    /// Start of training; default: the first row
    #[arg(long, value_name = "TIME", value_parser = time)]
    train_from: Option<Timestamp>,
    /// End of training; default: one delay before the test
    #[arg(long, value_name = "TIME", value_parser = time)]
    train_to: Option<Timestamp>,
    /// Time between training and test, in which outcomes become known
    #[arg(long, value_name = "SPAN", value_parser = span_ms, default_value = "7d")]
    delay: i64,
    /// Age at which a sale nobody complained of counts as good; default: the delay
    #[arg(long, value_name = "SPAN", value_parser = span_ms)]
    maturity: Option<i64>,
    /// Start of the test; default: the last fifth of the time
    #[arg(long, value_name = "TIME", value_parser = time)]
    test_from: Option<Timestamp>,
    /// End of the test; default: after the last row
    #[arg(long, value_name = "TIME", value_parser = time)]
    test_to: Option<Timestamp>,
    /// Test without cards whose fraud, since the start of training, was known before the day of the
    /// sale: they would have been blocked
    #[arg(long)]
    without_known_cards: bool,
    /// What the forest's samples and the report's intervals are drawn from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The labels are generated: the model advises and rules act
    #[arg(long)]
    synthetic: bool,
    /// Rows kept in memory at most. Of more, every sale that was called bad stays and the others are
    /// sampled evenly; each then stands for those like it, in training and in the report
    #[arg(long, value_name = "ROWS", default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(1000..))]
    pub(super) max_rows: u64,
    /// Train no challenger and no baseline for the report: a fraction of the time on a million rows
    #[arg(long)]
    alone: bool,
    /// Fit again without each of the best features, and with labels as they were known then and
    /// later: some twelve fits more
    #[arg(long)]
    ablation: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) config: ConfigArgs,
}

/// How boosted trees are grown.
#[derive(Debug, clap::Args)]
struct BoostingArgs {
    /// Most boosted trees; a later slice of the training window stops them earlier
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    trees: Option<u16>,
    /// Most questions of a boosted tree on the way to a leaf
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    depth: Option<u8>,
    /// Share of each boosted tree's correction that is taken
    #[arg(long, value_name = "SHARE", value_parser = share)]
    rate: Option<f32>,
    /// Thresholds tried a feature
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=65_535))]
    bins: Option<u16>,
    /// A feature along which the risk may only move one way, e.g. ip.tor=rising; may be repeated
    #[arg(long, value_name = "FEATURE=rising|falling", value_parser = monotone)]
    monotone: Vec<(String, Direction)>,
    /// Weight training sales by their amount
    #[arg(long)]
    weight_by_amount: bool,
}

impl BoostingArgs {
    fn boosting(&self) -> Boosting {
        let default = Boosting::default();
        Boosting {
            trees: self.trees.map_or(default.trees, usize::from),
            depth: self.depth.map_or(default.depth, usize::from),
            rate: self.rate.unwrap_or(default.rate),
            bins: self.bins.unwrap_or(default.bins),
            monotone: self.monotone.clone(),
            by_amount: self.weight_by_amount,
            ..default
        }
    }
}

impl TrainArgs {
    fn training(&self, policy: &Policy) -> Result<TrainConfig> {
        let name = self.out.file_name().and_then(|name| name.to_str());
        let name =
            name.with_context(|| format!("`{}` does not end in a name", self.out.display()))?;
        let synthetic = self.synthetic;
        Ok(TrainConfig {
            name: name.to_owned(),
            kind: self.model,
            boosting: self.boosting.boosting(),
            without_known_cards: self.without_known_cards,
            calibration: if synthetic { Calibration::Synthetic } else { Calibration::Merchant },
            train_from: self.train_from,
            train_to: self.train_to,
            delay_ms: self.delay,
            maturity_ms: self.maturity,
            silence_is_good: self.map.is_none(),
            test_from: self.test_from,
            test_to: self.test_to,
            seed: self.seed,
            costs: error_costs(&policy.costs),
            alone: self.alone,
            ablation: self.ablation,
            ..TrainConfig::default()
        })
    }
}

/// What errors cost by the policy, for a card sale whose liability did not move.
fn error_costs(costs: &CostPolicy) -> ErrorCosts {
    let rate = costs.dispute_rate(None);
    let dispute_eur = costs.dispute_fee + costs.dispute_work + costs.dispute_headroom;
    ErrorCosts {
        missed_fraud: ErrorCost {
            share: rate * costs.loss_share,
            fixed_eur: rate * dispute_eur + costs.warning_headroom,
        },
        declined_good: ErrorCost {
            share: costs.margin,
            fixed_eur: costs.future_margin * costs.insult,
        },
    }
}

/// Trains and saves. Exit codes: 0 done, 1 done without some bad rows, 2 no model could be trained; a
/// model already in `--out` is then untouched.
pub(super) fn run(
    args: &TrainArgs,
    rows: impl FnOnce(&TrainArgs) -> Result<(Dataset, u64)>,
) -> Result<ExitCode> {
    let bad = run_to(args, rows, &mut std::io::stdout().lock())?;
    eprintln!("saved in {}", args.out.display());
    Ok(if bad > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Returns how many rows were bad.
fn run_to(
    args: &TrainArgs,
    rows: impl FnOnce(&TrainArgs) -> Result<(Dataset, u64)>,
    out: &mut impl Write,
) -> Result<u64> {
    let mut config = args.training(&args.config.load()?.policy)?;
    let (data, bad) = rows(args)?;
    if let Some(budget_ms) = args.tune {
        config.boosting = tuned(&data, &config, budget_ms)?;
    }
    let trained = train(&data, &config)?;
    trained.save(&args.out)?;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &trained.report)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", trained.report)?;
    }
    Ok(bad)
}

/// The best settings found in the time given; each trial is told on standard error.
fn tuned(data: &Dataset, config: &TrainConfig, budget_ms: i64) -> Result<Boosting> {
    let watch = Stopwatch::start();
    let budget = Duration::from_millis(u64::try_from(budget_ms)?);
    let trials = tune(data, config, || watch.elapsed() < budget)?;
    eprintln!("{} settings tried; log loss on later parts of the training window:", trials.len());
    for Trial { boosting, log_loss } in trials.iter().take(TRIALS_TOLD) {
        let Boosting { depth, rate, leaf, l2, .. } = boosting;
        eprintln!("  {log_loss:.5}  depth {depth}, rate {rate}, leaf {leaf}, penalty {l2}");
    }
    Ok(trials.into_iter().next().map_or_else(|| config.boosting.clone(), |best| best.boosting))
}

/// A date (midnight UTC) or a time with its offset.
fn time(text: &str) -> Result<Timestamp, String> {
    let midnight = format!("{text}T00:00:00Z");
    let text = if text.len() == 10 { &midnight } else { text };
    text.parse().map_err(|error: crate::domain::TimeError| error.to_string())
}

/// A share above 0, at most 1.
fn share(text: &str) -> Result<f32, String> {
    let share = text.parse().ok().filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| format!("`{text}` is not a share above 0 and at most 1"))
}

/// A feature and its direction, as `ip.tor=rising`.
fn monotone(text: &str) -> Result<(String, Direction), String> {
    let (name, direction) =
        text.split_once('=').ok_or_else(|| format!("`{text}` has no `=rising` or `=falling`"))?;
    Ok((name.to_owned(), direction.parse()?))
}

/// A span as `7d`, `36h`, `20m` or `0d`, in milliseconds.
fn span_ms(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is not a span; write it like `7d` or `36h`");
    let units = [('d', DAY_MS), ('h', HOUR_MS), ('m', HOUR_MS / 60)];
    let read = |(letter, unit)| Some((text.strip_suffix(letter)?, unit));
    let (number, unit) = units.into_iter().find_map(read).ok_or_else(wrong)?;
    let number: u16 = number.parse().map_err(|_| wrong())?;
    Ok(i64::from(number) * unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::LabelClass;
    use crate::features::{Record, fields};
    use crate::train::{Label, LabelledRecord};
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: TrainArgs,
    }

    fn args(words: &str) -> Result<TrainArgs, clap::Error> {
        Command::try_parse_from(format!("train {words}").split(' ')).map(|command| command.args)
    }

    #[test]
    fn reads_its_arguments() {
        let config = args(
            "history.csv --map map.toml --out models/spring --train-from 2026-01-01 \
             --train-to 2026-02-01T12:00:00+01:00 --delay 36h --test-from 2026-02-10 --seed 9",
        )
        .unwrap()
        .training(&Policy::default())
        .unwrap();
        assert_eq!(config.name, "spring");
        assert_eq!(config.train_from.unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(config.train_to.unwrap().to_string(), "2026-02-01T11:00:00Z");
        assert_eq!((config.delay_ms, config.seed), (36 * HOUR_MS, 9));
        assert_eq!(config.calibration, Calibration::Merchant);
        assert!(args("--from-ledger --out models/x").is_ok());
    }

    #[test]
    fn errors_cost_what_the_policy_says() {
        let (found, default) = (error_costs(&CostPolicy::default()), ErrorCosts::default());
        let numbers = |costs: ErrorCosts| {
            let ErrorCosts { missed_fraud, declined_good } = costs;
            [
                missed_fraud.share,
                missed_fraud.fixed_eur,
                declined_good.share,
                declined_good.fixed_eur,
            ]
        };
        for (found, expected) in numbers(found).into_iter().zip(numbers(default)) {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_mean() {
        for (words, part) in [
            ("--out models/x", "FILE"),
            ("a.csv --from-ledger --out models/x", "cannot be used with"),
            ("a.csv", "--out"),
            ("a.csv --out m --delay week", "write it like `7d` or `36h`"),
            ("a.csv --out m --delay=-3d", "write it like `7d` or `36h`"),
            ("a.csv --out m --train-from yesterday", "is not a time"),
        ] {
            let error = args(words).unwrap_err().to_string();
            assert!(error.contains(part), "{words}: {error}");
        }
        assert!(args("a.csv --out /").unwrap().training(&Policy::default()).is_err());
    }

    fn some_rows() -> Dataset {
        let mut data = Dataset::default();
        for n in 0..400 {
            let mut record = Record::default();
            record.set(fields::IP_TX_COUNT_1H, n % 7);
            let class = if n % 7 > 4 && n % 3 > 0 {
                LabelClass::StolenInstrument
            } else {
                LabelClass::Legitimate
            };
            let event_time = Timestamp::from_millis(n * DAY_MS / 4);
            let labels = vec![Label { class, known_at: None }];
            data.push(&LabelledRecord { record, event_time, labels });
        }
        data
    }

    #[test]
    fn trains_saves_and_prints() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("small");
        let args = args(&format!("a.csv --synthetic --json --out {}", place.display())).unwrap();
        let mut out = vec![];
        let rows = |args: &TrainArgs| {
            assert_eq!(args.file.as_deref(), Some("a.csv".as_ref()));
            Ok((some_rows(), 3))
        };
        assert_eq!(run_to(&args, rows, &mut out).unwrap(), 3);
        let report: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            (&report["model"], &report["calibration"]),
            (&"small".into(), &"synthetic".into())
        );
        assert!(report["test"]["roc_auc"].as_f64().unwrap() > 0.9);
        assert!(crate::model::Model::load(&place).is_ok());
        let error = run_to(&args, |_| Ok((Dataset::default(), 0)), &mut out).unwrap_err();
        assert_eq!(error.to_string(), "there are no rows to train on");
    }
}
