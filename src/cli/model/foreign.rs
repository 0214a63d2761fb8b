//! `vouch model predict` and `vouch model import`: models trained elsewhere.

use super::columns::{self, Cell};
use super::{DONE, FINDING};
use crate::cli::output::reader_has_gone;
use crate::domain::Calibration;
use crate::model::forest::{Engine, Feature, Forest, Limits};
use crate::model::import::{self, Imported};
use crate::model::{Artefact, FILE, FORMAT, Model, ModelError, Platt, Scorer, Training, sigmoid};
use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Map, json};
use std::io::{ErrorKind, Read as _, Write};
use std::path::{Path, PathBuf};

/// Rows on which engines are compared before a model is kept.
const PROBES: usize = 2000;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct PredictArgs {
    /// LightGBM text, XGBoost JSON or UBJSON, ONNX, or a model of ours that was imported
    #[arg(value_name = "FILE")]
    model: PathBuf,
    /// Rows to predict, with the model's features as columns: CSV, JSON lines or Parquet
    #[arg(long, value_name = "ROWS")]
    data: PathBuf,
    /// Also give what each feature adds to the margin (exact Shapley values), and last the margin
    /// expected of any row
    #[arg(long)]
    contributions: bool,
    /// Print one JSON object a row
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ImportArgs {
    /// LightGBM text, XGBoost JSON or UBJSON, or ONNX
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the model is called here; the file's name otherwise
    #[arg(long)]
    name: Option<String>,
    /// A feature that the catalogue calls otherwise; may be repeated
    #[arg(long, value_name = "THEIRS=OURS")]
    rename: Vec<String>,
    /// Read features that the catalogue does not know from the request's `custom`
    #[arg(long)]
    custom: bool,
    /// Replace a model of that name
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    pub(super) place: super::Place,
}

/// Where a probability comes from.
struct Scoring {
    forest: Forest,
    calibrator: Option<Platt>,
}

pub(super) fn predict(args: &PredictArgs, out: &mut impl Write) -> Result<u8> {
    let name = || format!("`{}`", args.model.display());
    let Scoring { forest, calibrator } = scoring(&args.model).with_context(name)?;
    let engine = Engine::new(&forest)?;
    let names: Vec<String> = forest.features.iter().map(|feature| feature.name.clone()).collect();
    let mut row = vec![f64::NAN; names.len()];
    let mut shares = vec![];
    ensure!(
        !args.contributions || forest.shapley(&row, &mut shares).is_some(),
        "{}: it does not say how many training rows its leaves stand for: no contributions",
        name()
    );
    let mut bad = 0_u64;
    let done = columns::for_each(&args.data, &names, |number, cells| {
        let filled = cells.and_then(|cells| fill(&mut row, cells, &forest.features));
        if let Err(error) = filled {
            bad += 1;
            eprintln!("{}: row {number}: {error:#}", args.data.display());
            return Ok(());
        }
        let margin = engine.margin(&row);
        let probability = match calibrator {
            Some(platt) if platt != Platt::IDENTITY => {
                sigmoid(platt.slope * forest.link.log_odds(margin) + platt.intercept)
            }
            _ => forest.link.probability(margin),
        };
        let expected = if args.contributions { forest.shapley(&row, &mut shares) } else { None };
        if args.json {
            let mut line = Map::new();
            line.insert("margin".to_owned(), json!(margin));
            line.insert("probability".to_owned(), json!(probability));
            if let Some(expected) = expected {
                let shares = names.iter().cloned().zip(shares.iter().map(|share| json!(share)));
                line.insert("contributions".to_owned(), shares.collect::<Map<_, _>>().into());
                line.insert("expected".to_owned(), json!(expected));
            }
            writeln!(out, "{}", serde_json::Value::Object(line))?;
        } else {
            write!(out, "{margin:>24?} {probability:>24?}")?;
            for share in shares.iter().chain(&expected).filter(|_| expected.is_some()) {
                write!(out, " {share:>24?}")?;
            }
            writeln!(out)?;
        }
        Ok(())
    });
    match done.with_context(|| format!("`{}`", args.data.display())) {
        Err(error) if reader_has_gone(&error) => Ok(DONE),
        Err(error) => Err(error),
        Ok(()) => Ok(if bad == 0 { DONE } else { FINDING }),
    }
}

/// What only an artefact of ours has.
#[derive(serde::Deserialize)]
struct Header {
    #[serde(rename = "format")]
    _format: u32,
    #[serde(rename = "sha256")]
    _sha256: String,
}

/// A foreign file, or an artefact of ours that holds a forest.
fn scoring(path: &Path) -> Result<Scoring> {
    let file = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
    let bytes = read(&file)?;
    if serde_json::from_slice::<Header>(&bytes).is_err() {
        let Imported { forest, .. } = import::read(&bytes)?;
        return Ok(Scoring { forest, calibrator: None });
    }
    let Artefact { scorer, calibrator, .. } = Artefact::read(&bytes)?;
    match scorer {
        Scorer::Forest(forest) => Ok(Scoring { forest, calibrator: Some(calibrator) }),
        Scorer::Logistic(_) => {
            bail!("a logistic model reads transactions, not columns; use `vouch score`")
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = vec![];
    let most = u64::try_from(import::MAX_FILE)? + 1;
    let mut file = std::fs::File::open(path)?.take(most);
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Cells as numbers: words by their place in the feature's list, missing and unlisted ones as NaN.
fn fill(row: &mut [f64], cells: &[Cell], features: &[Feature]) -> Result<()> {
    for ((slot, cell), feature) in row.iter_mut().zip(cells).zip(features) {
        let listed = |word: &str| feature.words.iter().position(|known| known == word);
        let same =
            |number: f64| feature.words.iter().position(|known| known.parse::<f64>() == Ok(number));
        let place = |place: Option<usize>| {
            place.and_then(|place| u32::try_from(place).ok()).map_or(f64::NAN, f64::from)
        };
        *slot = match cell {
            Cell::Missing => f64::NAN,
            Cell::Number(number) if feature.words.is_empty() => *number,
            Cell::Number(number) => place(same(*number)),
            Cell::Word(word) if feature.words.is_empty() => {
                let cut: String = word.chars().take(40).collect();
                bail!("`{}` is `{cut}`, which is no number", feature.name);
            }
            Cell::Word(word) => place(listed(word)),
        };
    }
    Ok(())
}

pub(super) fn import(args: &ImportArgs, out: &mut impl Write) -> Result<u8> {
    let of_file = || format!("`{}`", args.file.display());
    let bytes = read(&args.file).with_context(of_file)?;
    let Imported { mut forest, source } = import::read(&bytes).with_context(of_file)?;
    rename(&mut forest, args)?;
    let name = match (&args.name, args.file.file_stem()) {
        (Some(name), _) => name.clone(),
        (None, Some(stem)) => stem.to_string_lossy().into_owned(),
        (None, None) => bail!("give the model a name by `--name`"),
    };
    ensure!(
        !name.starts_with('.') && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)),
        "`{name}` is no name for a directory; give another by `--name`"
    );
    forest.check_engines(PROBES, 1).with_context(of_file)?;
    let facts = format!(
        "{} trees, {} features, {PROBES} rows scored alike by every engine",
        forest.trees.len(),
        forest.features.len()
    );
    let mut artefact = Artefact {
        format: FORMAT,
        sha256: String::new(),
        name: name.clone(),
        label: "whatever its training labels said".to_owned(),
        calibration: Calibration::None,
        calibrator: Platt::IDENTITY,
        scorer: Scorer::Forest(forest),
        training: Training::elsewhere(source.clone(), &bytes),
    };
    let sealed = artefact.seal()?;
    let model = Model::from_bytes(&sealed).map_err(|error| advised(error, args))?;
    let directory = args.place.models_dir.join(&name);
    keep(&directory, model.bytes(), args.replace)?;
    writeln!(out, "{}: {source}, {facts}", directory.display())?;
    writeln!(out, "calibration: none, the probability is the model's own; it advises, rules act")?;
    writeln!(out, "sha256 {}", model.digest())?;
    Ok(DONE)
}

fn rename(forest: &mut Forest, args: &ImportArgs) -> Result<()> {
    for pair in &args.rename {
        let (theirs, ours) = pair
            .split_once('=')
            .with_context(|| format!("`--rename {pair}` is not THEIRS=OURS"))?;
        let feature = forest.features.iter_mut().find(|feature| feature.name == theirs);
        let feature = feature.with_context(|| format!("no feature is called `{theirs}`"))?;
        ours.clone_into(&mut feature.name);
    }
    if args.custom {
        for feature in &mut forest.features {
            let known = crate::features::FieldId::by_name(&feature.name).is_some();
            if !known && !feature.name.starts_with("custom.") {
                feature.name.insert_str(0, "custom.");
            }
        }
    }
    debug_assert!(forest.features.len() <= Limits::FEATURES, "the reader has checked");
    Ok(())
}

fn advised(error: ModelError, args: &ImportArgs) -> anyhow::Error {
    let unknown = matches!(error, ModelError::UnknownFeatures { .. });
    let error = anyhow::Error::from(error).context(format!("`{}`", args.file.display()));
    if !unknown {
        return error;
    }
    anyhow!("{error:#}; name them as the catalogue does by `--rename`, or use `--custom`")
}

/// Writes the artefact beside its place and renames it, so that no half of one is ever there.
fn keep(directory: &Path, bytes: &[u8], replace: bool) -> Result<()> {
    let path = directory.join(FILE);
    let unwritable = || format!("cannot write `{}`", path.display());
    ensure!(
        replace || !path.exists(),
        "`{}` is there already; use `--replace` or another `--name`",
        path.display()
    );
    let written = || -> std::io::Result<()> {
        std::fs::create_dir_all(directory)?;
        let beside = directory.join(".model.json.new");
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, &path)?;
        match std::fs::File::open(directory).and_then(|directory| directory.sync_all()) {
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
            _ => Ok(()),
        }
    };
    written().with_context(unwritable)
}
