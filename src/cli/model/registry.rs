//! The registry from the command line: what lies where, what is live, and changing that.

use super::{DONE, FINDING, Place, metrics_finding};
use crate::clock;
use crate::engine::{By, Registered, Registry, Roster, Who};
use crate::model::{FILE, Model, ModelError};
use crate::train::METRICS_FILE;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

const HOW_TO_TAKE_UP: &str =
    "a running server takes it up at SIGHUP, `POST /v1/reload` or its next look for changed files";

/// Who changes the registry.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Acting {
    /// Who does it, for the record
    #[arg(long, value_name = "NAME", default_value = "operator")]
    by: String,
    /// Why
    #[arg(long, default_value = "")]
    note: String,
    /// Print as JSON what stands afterwards
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) place: Place,
}

impl Acting {
    pub(super) fn by(&self) -> Result<By> {
        let who = Who::new(&self.by).context("`--by` is a name of 1 to 64 characters")?;
        Ok(By { who, at: clock::now(), note: self.note.clone() })
    }

    /// Takes a model of the models' directory in, or finds one that is in the registry.
    pub(super) fn take_in(&self, name: &Path, by: &By) -> Result<String> {
        let registry = self.place.registry();
        let path = self.place.find(name);
        if !path.exists() {
            return Ok(registry.roster()?.find(&name.to_string_lossy())?.sha256.clone());
        }
        let model = Model::load(&path).with_context(|| format!("`{}`", path.display()))?;
        registry.add(&model, report(&path)?.as_ref(), by)?;
        Ok(model.digest().to_owned())
    }

    pub(super) fn tell(&self, roster: &Roster, out: &mut impl Write) -> Result<u8> {
        if self.json {
            let standing = standing(&self.place.registry(), roster);
            writeln!(out, "{standing}")?;
            return Ok(DONE);
        }
        let live = roster.live().and_then(|live| roster.get(live));
        match live {
            Some(model) => writeln!(out, "live: {}, sha256 {}", model.label(), model.sha256)?,
            None => writeln!(out, "live: what the configuration names")?,
        }
        if let Some(model) = roster.shadow().and_then(|shadow| roster.get(shadow)) {
            writeln!(out, "shadow: {}, sha256 {}", model.label(), model.sha256)?;
        }
        if let Some((canary, share)) = roster.canary()
            && let Some(model) = roster.get(canary)
        {
            writeln!(out, "canary: {} on {share}, sha256 {}", model.label(), model.sha256)?;
        }
        eprintln!("{HOW_TO_TAKE_UP}");
        Ok(DONE)
    }
}

/// Makes a model live.
pub(super) fn promote(model: &Path, acting: &Acting, out: &mut impl Write) -> Result<u8> {
    let by = acting.by()?;
    let digest = acting.take_in(model, &by)?;
    acting.tell(&acting.place.registry().promote(&digest, &by)?, out)
}

/// Goes back to the model that was live before.
pub(super) fn rollback(acting: &Acting, out: &mut impl Write) -> Result<u8> {
    acting.tell(&acting.place.registry().rollback(&acting.by()?)?, out)
}

/// The report of a model's training, which lies beside it; none is no error.
fn report(place: &Path) -> Result<Option<Value>> {
    let dir = if place.is_dir() { Some(place) } else { place.parent() };
    let Some(file) = dir.map(|dir| dir.join(METRICS_FILE)).filter(|file| file.is_file()) else {
        return Ok(None);
    };
    let text = std::fs::read(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let json = serde_json::from_slice(&text);
    Ok(Some(json.with_context(|| format!("`{}`", file.display()))?))
}

/// A row of the list.
struct Row {
    name: String,
    role: &'static str,
    place: Option<PathBuf>,
    model: Result<Model, String>,
    measured: Value,
    registered: Option<Registered>,
}

impl Row {
    fn json(&self) -> Value {
        let mut row = json!({"name": self.name, "role": self.role, "place": self.place,
            "registered": self.registered, "measured": self.measured});
        if let Some(row) = row.as_object_mut() {
            match &self.model {
                Ok(model) => {
                    row.insert("sha256".to_owned(), model.digest().into());
                    row.insert("calibration".to_owned(), model.calibration().word().into());
                    row.insert("training".to_owned(), json!(model.artefact().training));
                }
                Err(why) => drop(row.insert("refused".to_owned(), why.as_str().into())),
            }
        }
        row
    }

    fn text(&self) -> String {
        let Self { name, role, .. } = self;
        match &self.model {
            Ok(model) => {
                let training = &model.artefact().training;
                let (rows, frauds, digest) = (training.rows, training.positives, model.digest());
                let calibration = model.calibration().word();
                let until = if training.is_elsewhere() {
                    "elsewhere".to_owned()
                } else {
                    training.to.to_string().chars().take(10).collect()
                };
                let measure = |pointer: &str| {
                    let number = self.measured.pointer(pointer).and_then(Value::as_f64);
                    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.4}"))
                };
                let (pr, roc) = (measure("/test/pr_auc"), measure("/test/roc_auc"));
                format!(
                    "{name:<20} {role:<7} {calibration:<10} {until:<10} {rows:>9} {frauds:>8} {pr:>7} \
                     {roc:>7}  {digest}"
                )
            }
            Err(why) => format!("{name:<20} {role:<7} refused: {why}"),
        }
    }
}

/// Lists the registry, then the models' directory as far as it is not in there.
pub(super) fn list(place: &Place, as_json: bool, out: &mut impl Write) -> Result<u8> {
    let registry = place.registry();
    let roster = registry.roster()?;
    let mut rows: Vec<Row> =
        roster.models.iter().map(|model| row(&registry, &roster, model)).collect();
    let lying = match lying(&place.models_dir) {
        // Beside a registry no models' directory is no fault.
        Err(_) if !rows.is_empty() => Vec::new(),
        other => other?,
    };
    let is_new = |row: &Row| match &row.model {
        Ok(model) => roster.get(model.digest()).is_none(),
        Err(_) => true,
    };
    rows.extend(lying.into_iter().filter(is_new));
    let exit = if rows.iter().all(|row| row.model.is_ok()) { DONE } else { FINDING };
    if as_json {
        let models: Vec<Value> = rows.iter().map(Row::json).collect();
        writeln!(out, "{}", json!({"models": models, "changes": roster.changes}))?;
        return Ok(exit);
    }
    writeln!(
        out,
        "{:<20} {:<7} {:<10} {:<10} {:>9} {:>8} {:>7} {:>7}  sha256",
        "model", "role", "calibrated", "until", "rows", "frauds", "PR-AUC", "ROC-AUC"
    )?;
    for row in &rows {
        writeln!(out, "{}", row.text())?;
    }
    Ok(exit)
}

fn row(registry: &Registry, roster: &Roster, registered: &Registered) -> Row {
    let sha256 = &registered.sha256;
    Row {
        name: registered.label(),
        role: roster.role(sha256).map_or("-", crate::engine::Role::word),
        place: None,
        model: registry.load(sha256).map_err(|error| format!("{:#}", anyhow::Error::from(error))),
        measured: registry.measured(sha256),
        registered: Some(registered.clone()),
    }
}

/// Models of the models' directory.
fn lying(directory: &Path) -> Result<Vec<Row>> {
    let unreadable = || format!("cannot read `{}`", directory.display());
    let entries = std::fs::read_dir(directory).with_context(unreadable)?;
    let mut places = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .with_context(unreadable)?;
    places.retain(|place| place.join(FILE).is_file());
    places.sort();
    let row = |place: PathBuf| Row {
        name: place.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        role: "-",
        model: Model::load(&place).map_err(|error| error.to_string()),
        measured: report(&place).ok().flatten().unwrap_or_default(),
        place: Some(place),
        registered: None,
    };
    Ok(places.into_iter().map(row).collect())
}

/// The registry as JSON.
fn standing(registry: &Registry, roster: &Roster) -> Value {
    let rows = roster.models.iter().map(|model| row(registry, roster, model).json());
    let canary = roster.canary();
    json!({
        "live": roster.live(), "before": roster.before(), "live_since": roster.live_since(),
        "shadow": roster.shadow(),
        "canary": canary.map(|(sha256, share)| json!({"sha256": sha256, "share": share})),
        "models": rows.collect::<Vec<_>>(), "changes": roster.changes,
    })
}

/// The model of this name: in the models' directory, a path, or in the registry.
pub(super) fn load(place: &Place, name: &Path) -> Result<Model> {
    let path = place.find(name);
    match Model::load(&path) {
        Err(error @ ModelError::Unreadable { .. }) => {
            let registry = place.registry();
            match registry.roster()?.find(&name.to_string_lossy()) {
                Ok(found) => Ok(registry.load(&found.sha256)?),
                Err(unknown) => Err(anyhow::Error::from(error).context(unknown.to_string())),
            }
        }
        other => Ok(other?),
    }
}

/// Checks one model, or every model of the registry.
pub(super) fn verify(
    name: Option<&Path>,
    place: &Place,
    as_json: bool,
    out: &mut impl Write,
) -> Result<u8> {
    let registry = place.registry();
    let mut checked: Vec<(String, Option<String>, Vec<String>)> = Vec::new();
    if let Some(path) = name.map(|name| place.find(name)).filter(|path| path.exists()) {
        let (digest, findings) = match Model::load(&path) {
            Ok(model) => {
                let found = metrics_finding(&path, model.digest())?;
                (Some(model.digest().to_owned()), found.into_iter().collect())
            }
            Err(error @ ModelError::Unreadable { .. }) => return Err(error.into()),
            Err(error) => (None, vec![format!("refused: {error}")]),
        };
        checked.push((path.display().to_string(), digest, findings));
    } else {
        let roster = registry.roster()?;
        let models = match name {
            Some(name) => vec![roster.find(&name.to_string_lossy())?],
            None => roster.models.iter().collect(),
        };
        ensure!(!models.is_empty(), "the registry holds no model");
        for model in models {
            let findings = registry.verify(&model.sha256)?;
            checked.push((model.label(), Some(model.sha256.clone()), findings));
        }
    }
    let is_good = checked.iter().all(|(_, _, findings)| findings.is_empty());
    if as_json {
        let told = |(name, sha256, findings): &(String, Option<String>, Vec<String>)| json!({"name": name, "sha256": sha256, "findings": findings});
        writeln!(out, "{}", Value::Array(checked.iter().map(told).collect()))?;
    } else {
        for (name, sha256, findings) in &checked {
            match (findings.as_slice(), sha256) {
                ([], Some(sha256)) => writeln!(out, "{name}: ok, sha256 {sha256}")?,
                (findings, _) => {
                    findings.iter().try_for_each(|finding| writeln!(out, "{name}: {finding}"))?;
                }
            }
        }
    }
    Ok(if is_good { DONE } else { FINDING })
}
