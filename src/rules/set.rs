//! The rule set: loaded whole or not at all, evaluated whole.
//!
//! Every rule is evaluated on every record. Stopping at the first block would save nothing that can
//! be measured and would lose what explanations, shadow rules and overlap need: the full list of
//! what matched.

use super::compiled::{Compiled, Scratch};
use super::error::{Diagnostic, Diagnostics, Place, Source};
use super::eval::Truth;
use super::expr::{Expr, FieldRef};
use super::file;
use super::link::Questions;
use super::problem::Problem;
use super::rule::{Case, Hit, Meaning, Notes, Rule, Written};
use super::{MAX_FILE_BYTES, MAX_FILES, MAX_RULES, MAX_SET_PATTERNS, builtin};
use crate::domain::{RuleMode, Timestamp};
use crate::features::Record;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rules that passed every check, in the order of action, priority (highest first) and id.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSet {
    rules: Vec<Rule>,
    digest: String,
    /// The conditions of the rules, numbered as they stand; those of rules that are off never hold.
    compiled: Compiled,
    questions: Questions,
}

/// What a rule set says of a record. Each list is in the set's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<'r> {
    /// Rules that matched: live ones act, shadow ones are only reported.
    pub hits: Vec<Hit<'r>>,
    /// Ids of rules a missing fact would have decided. A rule that is here on much of the traffic is an
    /// integration that does not send what the rule reads.
    pub unknown: Vec<&'r str>,
    /// Ids of rules that would have matched, were they not past their date.
    pub expired: Vec<&'r str>,
}

/// A test beside a rule, run.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseResult<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// The test.
    pub case: &'r Case,
    /// What the condition came to.
    pub got: Truth,
}

impl CaseResult<'_> {
    /// True where that was expected.
    pub fn passed(&self) -> bool {
        self.got == self.case.expect
    }
}

impl RuleSet {
    /// The rules the program comes with.
    ///
    /// # Errors
    /// None in a released program: a test loads them.
    pub fn builtin() -> Result<Self, Diagnostics> {
        Self::from_sources(&builtin::packs())
    }

    /// Loads rule files, and the `.toml` files of directories (not of directories below them).
    ///
    /// # Errors
    /// Everything wrong in all of them: unreadable or too large files, TOML, keys, conditions, ids
    /// used twice, a directory without rules.
    pub fn load<P: AsRef<Path>>(paths: &[P]) -> Result<Self, Diagnostics> {
        let (mut found, mut sources) = (Vec::new(), Vec::new());
        for path in paths {
            for file in rule_files(path.as_ref(), &mut found) {
                sources.extend(read_file(&file, &mut found));
            }
        }
        Self::check(&sources, found)
    }

    /// Checks rule files already read.
    ///
    /// # Errors
    /// As [`RuleSet::load`].
    pub fn from_sources(sources: &[Arc<Source>]) -> Result<Self, Diagnostics> {
        Self::check(sources, Vec::new())
    }

    fn check(sources: &[Arc<Source>], mut found: Vec<Diagnostic>) -> Result<Self, Diagnostics> {
        let mut rules = Vec::new();
        for source in sources {
            rules.extend(file::read(source, &mut found));
            // It is refused anyway; a directory may hold a gigabyte.
            if rules.len() > MAX_RULES {
                break;
            }
        }
        find_duplicates(&rules, &mut found);
        if let (true, Some(rule)) = (rules.len() > MAX_RULES, rules.last()) {
            let problem = Problem::TooManyRules { limit: MAX_RULES };
            found.push(Diagnostic::new(problem, &rule.place.source, rule.place.span.clone()));
        }
        let mut patterns = 0;
        let beyond = rules.iter().find(|rule| {
            patterns += rule.when.patterns();
            patterns > MAX_SET_PATTERNS
        });
        if let Some(rule) = beyond {
            let problem = Problem::TooManyInSet { limit: MAX_SET_PATTERNS };
            found.push(Diagnostic::new(problem, &rule.place.source, rule.place.span.clone()));
        }
        if !found.is_empty() {
            return Err(Diagnostics::new(found));
        }
        Ok(Self::in_order(rules))
    }

    fn in_order(mut rules: Vec<Rule>) -> Self {
        rules.sort_by(|a, b| {
            let tier = |rule: &Rule| (rule.effect.action(), std::cmp::Reverse(rule.priority));
            tier(a).cmp(&tier(b)).then_with(|| a.id.cmp(&b.id))
        });
        let digest = digest(source_json(&rules).as_bytes());
        let off = |rule: &Rule| rule.mode == RuleMode::Off;
        let never = Expr::Constant(false);
        let conditions = rules.iter().map(|rule| if off(rule) { &never } else { &rule.when });
        let compiled = Compiled::new(conditions);
        let questions = Questions::of(&rules);
        Self { rules, digest, compiled, questions }
    }

    /// What bears on a decision, as JSON: [`RuleSet::digest`] is the digest of these bytes, and
    /// [`RuleSet::from_source_json`] reads them back.
    pub fn source_json(&self) -> String {
        source_json(&self.rules)
    }

    /// The set that was kept by [`RuleSet::source_json`]: equal decisions and digest, without notes,
    /// tests and places.
    ///
    /// # Errors
    /// The text is not one, or a condition reads a field this version does not have.
    pub fn from_source_json(json: &str) -> Result<Self, Diagnostics> {
        let source = Source::new("kept rules", json);
        let damaged = |reason: String| {
            let problem = Problem::Unreadable { path: "kept rules".to_owned(), reason };
            Diagnostics::new(vec![Diagnostic::new(problem, &source, 0..0)])
        };
        let kept: Vec<Meaning> = serde_json::from_str(json).map_err(|e| damaged(e.to_string()))?;
        let mut rules = Vec::with_capacity(kept.len());
        for meaning in kept {
            let when = super::parse(&meaning.id, &meaning.when)?;
            let Some(effect) = meaning.effect() else {
                return Err(damaged(format!("rule `{}` has no valid action", meaning.id)));
            };
            rules.push(Rule {
                id: meaning.id,
                effect,
                mode: meaning.mode,
                canary: meaning.canary,
                guard: meaning.guard,
                customer_text: meaning.customer_text,
                priority: meaning.priority,
                reason: meaning.reason,
                text: meaning.text,
                expires: meaning.expires,
                when,
                notes: Notes::default(),
                tests: Vec::new(),
                written: Written::default(),
                place: Place { source: Arc::clone(&source), span: 0..0 },
            });
        }
        Ok(Self::in_order(rules))
    }

    /// Every rule, those that are off included, in the set's order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// A rule by its id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Every field a rule that is not off reads.
    pub fn fields(&self) -> BTreeSet<FieldRef> {
        let on = self.rules.iter().filter(|rule| rule.mode != RuleMode::Off);
        on.flat_map(|rule| rule.when.fields()).collect()
    }

    /// SHA-256 over what bears on a decision, in hexadecimal. Layout, comments, notes, tests and the
    /// division into files do not change it.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Evaluates every rule that is not off. `now` decides which are past their date; a replay
    /// passes the time of the decision. Never fails.
    pub fn evaluate(&self, record: &Record, now: Timestamp) -> Outcome<'_> {
        self.evaluate_with(record, now, &mut Scratch::default())
    }

    /// As [`RuleSet::evaluate`], with memory kept from one record to the next.
    pub fn evaluate_with(
        &self,
        record: &Record,
        now: Timestamp,
        scratch: &mut Scratch,
    ) -> Outcome<'_> {
        self.compiled.evaluate(record, scratch);
        let mut outcome = Outcome { hits: vec![], unknown: vec![], expired: vec![] };
        for rule in scratch.matched().filter_map(|number| self.rules.get(number)) {
            if rule.expired(now) {
                outcome.expired.push(&rule.id);
            } else {
                outcome.hits.push(rule.hit());
            }
        }
        let open = scratch.open().filter_map(|number| self.rules.get(number));
        outcome.unknown.extend(open.filter(|rule| !rule.expired(now)).map(|rule| rule.id.as_str()));
        outcome
    }

    /// Every question about a list that a rule asks which is not off, each once.
    pub fn list_questions(&self) -> &Questions {
        &self.questions
    }

    /// Numbers of the rules that match, ascending, whether past their date or not: what a backtest
    /// counts. No allocation once `scratch` has grown.
    pub fn matching<'s>(
        &self,
        record: &Record,
        scratch: &'s mut Scratch,
    ) -> impl Iterator<Item = usize> + use<'s> {
        self.compiled.evaluate(record, scratch);
        scratch.matched()
    }

    /// The set, if the tests beside its rules pass: what a server asks before it uses one.
    ///
    /// # Errors
    /// Every test that does not.
    pub fn passing(self) -> Result<Self, Diagnostics> {
        self.failed_tests().map_or(Ok(self), Err)
    }

    /// Every test beside a rule that does not pass; `None` where all do.
    pub fn failed_tests(&self) -> Option<Diagnostics> {
        let failed: Vec<Diagnostic> = self
            .run_tests()
            .into_iter()
            .filter(|result| !result.passed())
            .map(|CaseResult { rule, case, got }| {
                let (rule, expected) = (rule.id.clone(), case.expect.to_string());
                let problem = Problem::FailedTest { rule, expected, got: got.to_string() };
                Diagnostic::new(problem, &case.place.source, case.place.span.clone())
            })
            .collect();
        (!failed.is_empty()).then(|| Diagnostics::new(failed))
    }

    /// Runs the tests beside the rules, those of rules that are off or expired included.
    pub fn run_tests(&self) -> Vec<CaseResult<'_>> {
        let cases =
            self.rules.iter().flat_map(|rule| rule.tests.iter().map(move |case| (rule, case)));
        cases
            .map(|(rule, case)| CaseResult { rule, case, got: rule.when.eval(&case.given) })
            .collect()
    }
}

fn find_duplicates(rules: &[Rule], found: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<&str, &Rule> = BTreeMap::new();
    for rule in rules {
        match first.get(rule.id.as_str()) {
            None => {
                first.insert(&rule.id, rule);
            }
            Some(other) => {
                let problem = Problem::DuplicateId {
                    id: rule.id.clone(),
                    first: format!("the rule at {}", other.place),
                };
                let place = &rule.place;
                found.push(Diagnostic::new(problem, &place.source, place.span.clone()));
            }
        }
    }
}

fn source_json(rules: &[Rule]) -> String {
    let meanings: Vec<Meaning> = rules.iter().map(Rule::meaning).collect();
    serde_json::to_string(&meanings).unwrap_or_default()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn report(problem: Problem, path: &Path, found: &mut Vec<Diagnostic>) {
    let source = Source::new(path.display().to_string(), "");
    found.push(Diagnostic::new(problem, &source, 0..0));
}

fn unreadable(error: &std::io::Error, path: &Path) -> Problem {
    Problem::Unreadable { path: path.display().to_string(), reason: error.to_string() }
}

/// The file itself, or a directory's rule files by name.
fn rule_files(path: &Path, found: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let listed = fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>());
    let mut files = match listed {
        Ok(files) => files,
        Err(error) => {
            report(unreadable(&error, path), path, found);
            return Vec::new();
        }
    };
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    if files.is_empty() {
        report(Problem::NoRules { place: format!("`{}`", path.display()) }, path, found);
    }
    if files.len() > MAX_FILES {
        report(Problem::TooManyFiles { limit: MAX_FILES }, path, found);
        return Vec::new();
    }
    files
}

fn read_file(path: &Path, found: &mut Vec<Diagnostic>) -> Option<Arc<Source>> {
    let bytes = fs::metadata(path).and_then(|data| {
        let size = data.len();
        if size > MAX_FILE_BYTES { Ok(Err(size)) } else { fs::read(path).map(Ok) }
    });
    let problem = match bytes {
        Ok(Ok(bytes)) => match String::from_utf8(bytes) {
            Ok(text) => return Some(Source::new(path.display().to_string(), text)),
            Err(_) => Problem::NotUtf8,
        },
        Ok(Err(bytes)) => Problem::FileTooLarge { bytes, limit: MAX_FILE_BYTES },
        Err(error) => unreadable(&error, path),
    };
    report(problem, path, found);
    None
}
