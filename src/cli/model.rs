//! `vouch model`: the registry of models, models trained elsewhere, and trying a model.

mod columns;
mod compare;
mod explain;
mod foreign;
mod registry;
mod trial;

use crate::engine::Registry;
use crate::train::METRICS_FILE;
use anyhow::{Context, Result};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// List, show, verify, promote, import and try models
#[derive(Debug, clap::Subcommand)]
pub(super) enum ModelCommand {
    /// List the models of the registry, and those of a directory that are not in it
    List {
        /// Print as JSON, with every change of the registry
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Show a model's facts and coefficients
    Show {
        /// A model's name, its directory or its file
        model: PathBuf,
        /// Print the artefact as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Check that models are the ones that were trained, and that this version scores them alike
    Verify {
        /// A model's name, its directory or its file; without one all of the registry
        model: Option<PathBuf>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Make a model live; taken into the registry first where it is not there
    Promote {
        /// A model's name, its directory or its file, `name@2`, or the beginning of its digest
        model: PathBuf,
        #[command(flatten)]
        acting: registry::Acting,
    },
    /// Go back to the model that was live before
    Rollback {
        #[command(flatten)]
        acting: registry::Acting,
    },
    /// Hold two models against each other over past sales of known outcome
    Compare(Box<compare::CompareArgs>),
    /// Say why a decision was made, and which single facts would have changed it
    Explain(explain::ExplainArgs),
    /// Have a model score beside the live one, moving nothing; without a model, end that
    Shadow {
        /// As for `promote`
        model: Option<PathBuf>,
        #[command(flatten)]
        acting: registry::Acting,
    },
    /// Have a model decide for a share of buyers; without a model, end that
    Canary {
        /// As for `promote`
        model: Option<PathBuf>,
        #[command(flatten)]
        share: trial::Share,
        #[command(flatten)]
        acting: registry::Acting,
    },
    /// Make a model of ours from one trained elsewhere
    Import(foreign::ImportArgs),
    /// Print margin and probability of each row of a table, by a model trained elsewhere
    Predict(foreign::PredictArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// Directory that holds the models
    #[arg(long, value_name = "DIR", default_value = "models")]
    models_dir: PathBuf,
    /// Data directory of the server, which holds the registry
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
}

impl Place {
    fn registry(&self) -> Registry {
        Registry::new(&self.data_dir)
    }

    /// What is called so in the models' directory, or else the path itself.
    fn find(&self, model: &Path) -> PathBuf {
        let inside = self.models_dir.join(model);
        if inside.exists() { inside } else { model.to_owned() }
    }
}

/// Exit codes: 0 done, 1 a model is refused, 2 there is none.
pub(super) fn run(command: &ModelCommand) -> Result<ExitCode> {
    Ok(ExitCode::from(run_to(command, &mut std::io::stdout().lock())?))
}

const DONE: u8 = 0;
const FINDING: u8 = 1;

fn run_to(command: &ModelCommand, out: &mut impl Write) -> Result<u8> {
    match command {
        ModelCommand::List { json, place } => registry::list(place, *json, out),
        ModelCommand::Show { model, json, place } => {
            let model = registry::load(place, model)?;
            if *json {
                out.write_all(model.bytes())?;
            } else {
                write!(out, "{}", model.artefact())?;
            }
            Ok(DONE)
        }
        ModelCommand::Verify { model, json, place } => {
            registry::verify(model.as_deref(), place, *json, out)
        }
        ModelCommand::Promote { model, acting } => registry::promote(model, acting, out),
        ModelCommand::Rollback { acting } => registry::rollback(acting, out),
        ModelCommand::Compare(args) => compare::compare(args),
        ModelCommand::Explain(args) => explain::run(args, out),
        ModelCommand::Shadow { model, acting } => trial::shadow(model.as_deref(), acting, out),
        ModelCommand::Canary { model, share, acting } => {
            trial::canary(model.as_deref(), share, acting, out)
        }
        ModelCommand::Import(args) => foreign::import(args, out),
        ModelCommand::Predict(args) => foreign::predict(args, out),
    }
}

/// What is wrong with the measures beside a model; a model without any is not wrong.
fn metrics_finding(place: &Path, digest: &str) -> Result<Option<String>> {
    #[derive(serde::Deserialize)]
    struct Metrics {
        sha256: String,
    }
    let file = place.join(METRICS_FILE);
    if !file.is_file() {
        return Ok(None);
    }
    let text = std::fs::read(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    Ok(match serde_json::from_slice::<Metrics>(&text) {
        Ok(metrics) if metrics.sha256 == digest => None,
        Ok(metrics) => Some(format!("{METRICS_FILE} is of another model, `{}`", metrics.sha256)),
        Err(error) => Some(format!("{METRICS_FILE}: {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DAY_MS, LabelClass, Timestamp};
    use crate::features::{Record, fields};
    use crate::model::FILE;
    use crate::train::{Dataset, Label, LabelledRecord, TrainConfig, train};

    fn save_model(place: &Path, name: &str) {
        let mut data = Dataset::default();
        for n in 0..300 {
            let mut record = Record::default();
            record.set(fields::IP_TOR, n % 10 == 0);
            let fraud = n % 10 == 0 && n % 4 > 0;
            let class = if fraud { LabelClass::StolenInstrument } else { LabelClass::Legitimate };
            let event_time = Timestamp::from_millis(n * DAY_MS / 2);
            let labels = vec![Label { class, known_at: None }];
            data.push(&LabelledRecord { record, event_time, labels });
        }
        let config = TrainConfig { name: name.into(), ..TrainConfig::default() };
        train(&data, &config).unwrap().save(&place.join(name)).unwrap();
    }

    fn vouch_model(words: &[&str], models: &Path) -> (u8, String) {
        #[derive(clap::Parser)]
        struct Command {
            #[command(subcommand)]
            command: ModelCommand,
        }
        let mut words = [&["model"], words].concat();
        words.extend(["--models-dir", models.to_str().unwrap()]);
        let command = <Command as clap::Parser>::try_parse_from(words).unwrap().command;
        let mut out = vec![];
        match run_to(&command, &mut out) {
            Ok(exit) => (exit, String::from_utf8(out).unwrap()),
            Err(error) => (2, format!("{error:#}")),
        }
    }

    #[test]
    fn lists_shows_and_verifies() {
        let directory = tempfile::tempdir().unwrap();
        let models = directory.path();
        save_model(models, "a");
        save_model(models, "b");
        let (exit, text) = vouch_model(&["list"], models);
        assert_eq!(exit, 0);
        assert_eq!(text.lines().count(), 3, "{text}");
        let (exit, text) = vouch_model(&["show", "a"], models);
        assert_eq!(exit, 0);
        assert!(text.contains("probability of") && text.contains("ip.tor"), "{text}");
        let (_, json) = vouch_model(&["show", "a", "--json"], models);
        assert_eq!(json, std::fs::read_to_string(models.join("a").join(FILE)).unwrap());
        let (exit, text) = vouch_model(&["verify", "a"], models);
        assert!(exit == 0 && text.contains(": ok, sha256 "), "{text}");
    }

    #[test]
    fn a_changed_or_mixed_up_model_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let models = directory.path();
        save_model(models, "a");
        save_model(models, "b");
        std::fs::copy(models.join("b").join(METRICS_FILE), models.join("a").join(METRICS_FILE))
            .unwrap();
        let (exit, text) = vouch_model(&["verify", "a"], models);
        assert!(exit == 1 && text.contains("metrics.json is of another model"), "{text}");

        let file = models.join("b").join(FILE);
        let changed = std::fs::read_to_string(&file).unwrap().replacen("\"name\"", "\"nome\"", 1);
        std::fs::write(&file, changed).unwrap();
        let (exit, text) = vouch_model(&["verify", "b"], models);
        assert!(exit == 1 && text.contains("the checksum does not match"), "{text}");
        let (exit, text) = vouch_model(&["list"], models);
        assert!(exit == 1 && text.contains("refused: the checksum"), "{text}");
        let (exit, text) = vouch_model(&["verify", "absent"], models);
        assert!(exit == 2 && text.contains("absent"), "{text}");
    }
}
