//! What a rule author is told: facts with their place, all of them at once.

use super::MAX_DIAGNOSTICS;
use super::problem::Problem;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A rule file's name and text, kept to point into it.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
}

impl Source {
    /// A source called `name`, usually the path it was read from.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset, both from 1; the column counts characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).map_or(0, |line| line.chars().count()) + 1;
        (before.matches('\n').count() + 1, column)
    }
}

/// A stretch of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// Bytes of its text.
    pub span: Range<usize>,
}

impl fmt::Display for Place {
    /// `file:line:column`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.source.position(self.span.start);
        write!(f, "{}:{line}:{column}", self.source.name)
    }
}

/// One thing that keeps a rule set from loading.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    pub(super) problem: Problem,
    place: Place,
}

impl Diagnostic {
    pub(super) fn new(problem: Problem, source: &Arc<Source>, span: Range<usize>) -> Self {
        Self { problem, place: Place { source: Arc::clone(source), span } }
    }

    /// The stable code, e.g. `R201`.
    pub fn code(&self) -> &'static str {
        self.problem.code()
    }

    /// What is wrong, in one clause.
    pub fn message(&self) -> String {
        self.problem.message()
    }

    /// What to write instead, where that is known.
    pub fn help(&self) -> Option<String> {
        self.problem.help()
    }

    /// Where.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The message with file, line, caret and help, as `rustc` prints its own.
    pub fn render(&self) -> String {
        let Place { source, span } = &self.place;
        let (message, help) = (self.message(), self.help());
        let mut group = Group::with_title(Level::ERROR.primary_title(&message).id(self.code()));
        if !source.text.is_empty() {
            let caret = AnnotationKind::Primary.span(span.clone());
            group =
                group.element(Snippet::source(&source.text).path(source.name()).annotation(caret));
        }
        group = group.elements(help.as_deref().map(|help| Level::HELP.message(help)));
        Renderer::plain().render(&[group])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.place, self.message(), self.code())
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            code: &'static str,
            message: String,
            help: Option<String>,
            file: &'a str,
            line: usize,
            column: usize,
            end_line: usize,
            end_column: usize,
        }
        let Place { source, span } = &self.place;
        let (line, column) = source.position(span.start);
        let (end_line, end_column) = source.position(span.end);
        Flat {
            code: self.code(),
            message: self.message(),
            help: self.help(),
            file: source.name(),
            line,
            column,
            end_line,
            end_column,
        }
        .serialize(serializer)
    }
}

/// Everything wrong with a rule set, in the order of files and places. Never empty as an error.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    #[serde(skip)]
    left_out: usize,
}

impl Diagnostics {
    pub(super) fn new(mut list: Vec<Diagnostic>) -> Self {
        list.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.place.span.start, d.place.span.end);
            a.place.source.name.cmp(&b.place.source.name).then_with(|| key(a).cmp(&key(b)))
        });
        let left_out = list.len().saturating_sub(MAX_DIAGNOSTICS);
        list.truncate(MAX_DIAGNOSTICS);
        Self { list, left_out }
    }

    /// Each of them, the first [`MAX_DIAGNOSTICS`] at most.
    pub fn all(&self) -> &[Diagnostic] {
        &self.list
    }

    /// How many more there are.
    pub fn left_out(&self) -> usize {
        self.left_out
    }
}

impl fmt::Display for Diagnostics {
    /// Every diagnostic with its caret, a blank line between two.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rendered: Vec<_> = self.list.iter().map(Diagnostic::render).collect();
        f.write_str(&rendered.join("\n\n"))?;
        if self.left_out > 0 { write!(f, "\n\nand {} more", self.left_out) } else { Ok(()) }
    }
}

impl std::error::Error for Diagnostics {}

/// The candidate nearest to a misspelt name, if one is near enough to be meant.
pub(super) fn nearest<'c>(
    given: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    let lower = given.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let likeness = strsim::normalized_damerau_levenshtein(&lower, &candidate.to_lowercase());
        let same_tail = candidate.rsplit('.').next() == Some(lower.as_str());
        let likeness = if same_tail { likeness.max(0.8) } else { likeness };
        if likeness >= 0.65 && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate.to_owned())
}
