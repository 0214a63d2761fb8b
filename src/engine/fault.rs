//! Why a part was refused, with its place, in a form for logs and answers alike.

use crate::rules::Diagnostics;
use serde::Serialize;
use std::error::Error;
use std::path::Path;

/// One thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fault {
    /// What is wrong; of a file without lines, with its name and byte.
    pub message: String,
    /// The rule file or model.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub file: Option<String>,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub line: Option<usize>,
    /// Column, from 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub column: Option<usize>,
    /// The line itself with a caret under the place, and what to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub excerpt: Option<String>,
}

impl Fault {
    /// An error with its causes.
    pub fn new(error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Self { message, file: None, line: None, column: None, excerpt: None }
    }

    /// The same, naming the file it is about.
    pub(super) fn of_file(self, path: &Path) -> Self {
        Self { file: Some(path.display().to_string()), ..self }
    }

    /// Every diagnostic of a rule set.
    pub(super) fn of_rules(found: &Diagnostics) -> Vec<Self> {
        let fault = |diagnostic: &crate::rules::Diagnostic| {
            let place = diagnostic.place();
            let (line, column) = place.source.position(place.span.start);
            Self {
                message: diagnostic.message(),
                file: Some(place.source.name().to_owned()),
                line: Some(line),
                column: Some(column),
                excerpt: Some(diagnostic.render()),
            }
        };
        found.all().iter().map(fault).collect()
    }
}
