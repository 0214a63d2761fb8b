//! What decisions are made with, swapped as one.

use super::artefacts::policy_digest;
use crate::decision::Policy;
use crate::domain::{Timestamp, Versions};
use crate::features::Record;
use crate::lists::Lists;
use crate::model::Model;
use crate::reference::Reference;
use crate::rules::RuleSet;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Rules, model, lists, tables and costs of one moment. A request sees one snapshot and reports it.
pub struct Snapshot {
    /// The tables. Shared with the next snapshot where they did not change.
    pub reference: Arc<Reference>,
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// The model; without one, rules act alone and the answer says `degraded: ["model"]`.
    pub model: Option<Arc<Model>>,
    /// The lists rules ask about.
    pub lists: Arc<Lists>,
    /// The costs.
    pub policy: Policy,
    /// Digests of all of these.
    pub versions: Versions,
    /// Parts that are missing, and those whose newest file was refused (`rules.refused`) so that an
    /// older one goes on; named in every answer.
    pub degraded: Vec<String>,
}

impl Snapshot {
    /// Puts the parts together and takes their digests. Cost: microseconds.
    pub fn new(
        reference: Arc<Reference>,
        rules: RuleSet,
        model: Option<Model>,
        policy: Policy,
    ) -> Self {
        Self::of(reference, Arc::new(rules), model.map(Arc::new), policy)
    }

    /// The same of parts that another snapshot may share.
    pub(super) fn of(
        reference: Arc<Reference>,
        rules: Arc<RuleSet>,
        model: Option<Arc<Model>>,
        policy: Policy,
    ) -> Self {
        let versions = Versions {
            model: model.as_ref().map(|model| model.digest().to_owned()).unwrap_or_default(),
            rules: rules.digest().to_owned(),
            lists: String::new(),
            reference: reference.digest().to_owned(),
            policy: policy_digest(&policy),
        };
        let mut degraded: Vec<String> =
            reference.missing().into_iter().map(|table| format!("reference.{table}")).collect();
        if model.is_none() {
            degraded.push("model".to_owned());
        }
        let lists = Arc::default();
        Self { reference, rules, model, lists, policy, versions, degraded }
    }

    /// The same with lists.
    #[must_use]
    pub fn with_lists(mut self, lists: Arc<Lists>) -> Self {
        lists.digest().clone_into(&mut self.versions.lists);
        self.lists = lists;
        self
    }

    /// The same with other lists, and whatever was refused still refused.
    pub(super) fn exchanging(&self, lists: Arc<Lists>) -> Self {
        let degraded = self.degraded.clone();
        Self { degraded, ..self.again() }.with_lists(lists)
    }

    /// Puts into a record what the lists say of it now: from here on they are not asked again.
    pub(super) fn ask_lists(&self, now: Timestamp, record: &mut Record) {
        self.rules.list_questions().answer(&self.lists, now, record);
    }

    /// The same parts, none of them refused.
    pub(super) fn again(&self) -> Self {
        let (reference, rules) = (Arc::clone(&self.reference), Arc::clone(&self.rules));
        Self::of(reference, rules, self.model.clone(), self.policy.clone())
            .with_lists(Arc::clone(&self.lists))
    }

    /// The same, saying in every answer that these parts were refused.
    #[must_use]
    pub(super) fn refusing<'p>(mut self, parts: impl IntoIterator<Item = &'p str>) -> Self {
        self.degraded.extend(parts.into_iter().map(|part| format!("{part}.refused")));
        self
    }
}

/// SHA-256 in hex.
pub(super) fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("versions", &self.versions).finish_non_exhaustive()
    }
}
