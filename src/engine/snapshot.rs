//! What decisions are made with, swapped as one.

use super::artefacts::policy_digest;
use crate::decision::Policy;
use crate::domain::{Currency, TenantId, Timestamp, Versions};
use crate::features::Record;
use crate::lists::Lists;
use crate::model::Model;
use crate::reference::Reference;
use crate::rules::{Canary, RuleSet};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rules, model, lists, tables and costs of one moment. A request sees one snapshot and reports it.
pub struct Snapshot {
    /// The tables. Shared with the next snapshot where they did not change.
    pub reference: Arc<Reference>,
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// The model; without one, rules act alone and the answer says `degraded: ["model"]`.
    pub model: Option<Arc<Model>>,
    /// A model that scores beside the live one and moves nothing.
    pub shadow: Option<Arc<Model>>,
    /// A model that decides in place of the live one for a share of buyers.
    pub canary: Option<ModelCanary>,
    /// The lists rules ask about, with what people of the default tenant changed.
    pub lists: Arc<Lists>,
    /// The same lists as other tenants have them.
    pub(super) tenants: TenantLists,
    /// The costs.
    pub policy: Policy,
    /// Digests of all of these.
    pub versions: Versions,
    /// Parts that are missing, and those whose newest file was refused (`rules.refused`) so that an
    /// older one goes on; named in every answer.
    pub degraded: Vec<String>,
}

impl Snapshot {
    /// One with the model that is shipped, for tests of modules that know no models.
    #[cfg(test)]
    pub(crate) fn with_bundled_model(reference: Arc<Reference>, rules: RuleSet) -> Self {
        Self::new(reference, rules, Model::bundled().ok(), Policy::default())
    }

    /// The same for decisions that are tried out: no decline passes by luck, and nothing scores beside.
    #[must_use]
    pub fn for_trials(mut self) -> Self {
        self.policy.pass_through = None;
        self.shadow = None;
        self
    }
}

/// A model on trial, and on whom.
#[derive(Debug, Clone)]
pub struct ModelCanary {
    /// The model.
    pub model: Arc<Model>,
    /// On whom it decides.
    pub share: Canary,
}

impl ModelCanary {
    /// Whether it decides on this buyer: by a hash over model and buyer, as a rule's canary, so a buyer is
    /// always on the same side and the next canary takes others.
    pub fn takes(&self, record: &Record) -> bool {
        self.share.takes(self.model.digest(), record)
    }
}

/// The lists of tenants other than the default one: what people change is their own tenant's alone.
#[derive(Debug, Clone, Default)]
pub(super) struct TenantLists {
    /// As the files have them; `None` where nobody changed any.
    pub(super) of_files: Option<Arc<Lists>>,
    /// Of tenants whose people changed some.
    pub(super) changed: BTreeMap<TenantId, Arc<Lists>>,
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

    /// Money in another currency by the rates in use; `None` without one of the last days before `on`.
    pub fn convert(
        &self,
        value: Decimal,
        from: Currency,
        to: Currency,
        on: Timestamp,
    ) -> Option<Decimal> {
        if from == to {
            return Some(value);
        }
        self.reference.rates()?.convert(value, from, to, on)
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
            ..Versions::default()
        };
        let mut degraded: Vec<String> =
            reference.missing().into_iter().map(|table| format!("reference.{table}")).collect();
        if model.is_none() {
            degraded.push("model".to_owned());
        }
        let (lists, tenants) = (Arc::default(), TenantLists::default());
        let (shadow, canary) = (None, None);
        Self { reference, rules, model, shadow, canary, lists, tenants, policy, versions, degraded }
    }

    /// The same with models on trial. Without a live model there is nothing to try them against.
    #[must_use]
    pub fn trying(mut self, shadow: Option<Arc<Model>>, canary: Option<ModelCanary>) -> Self {
        if self.model.is_some() {
            let digest = |model: &Arc<Model>| model.digest().to_owned();
            self.versions.shadow = shadow.as_ref().map(digest).unwrap_or_default();
            self.versions.canary =
                canary.as_ref().map(|canary| digest(&canary.model)).unwrap_or_default();
            (self.shadow, self.canary) = (shadow, canary);
        }
        self
    }

    /// The model that decides on the buyer of a record.
    pub(super) fn model_for(&self, record: &Record) -> Option<&Model> {
        let canary = self.canary.as_ref().filter(|canary| canary.takes(record));
        canary.map(|canary| &canary.model).or(self.model.as_ref()).map(Arc::as_ref)
    }

    /// The same with lists, those of all tenants.
    #[must_use]
    pub fn with_lists(mut self, lists: Arc<Lists>) -> Self {
        lists.digest().clone_into(&mut self.versions.lists);
        (self.lists, self.tenants) = (lists, TenantLists::default());
        self
    }

    /// The same with other lists of one tenant, and whatever was refused still refused.
    pub(super) fn exchanging(&self, tenant: &TenantId, lists: Arc<Lists>) -> Self {
        let mut again = Self { degraded: self.degraded.clone(), ..self.again() };
        if tenant.is_default() {
            lists.digest().clone_into(&mut again.versions.lists);
            again.lists = lists;
        } else {
            again.tenants.changed.insert(tenant.clone(), lists);
        }
        again
    }

    /// The lists as a tenant has them.
    pub fn lists_of(&self, tenant: &TenantId) -> &Arc<Lists> {
        if tenant.is_default() {
            return &self.lists;
        }
        let changed = self.tenants.changed.get(tenant);
        changed.or(self.tenants.of_files.as_ref()).unwrap_or(&self.lists)
    }

    /// The digests a tenant's decisions name.
    pub(super) fn versions_of(&self, tenant: &TenantId) -> Versions {
        Versions { lists: self.lists_of(tenant).digest().to_owned(), ..self.versions.clone() }
    }

    /// Puts into a record what its tenant's lists say of it now: from here on they are not asked again.
    pub(super) fn ask_lists(&self, tenant: &TenantId, now: Timestamp, record: &mut Record) {
        self.rules.list_questions().answer(self.lists_of(tenant), now, record);
    }

    /// The same parts, none of them refused.
    pub(super) fn again(&self) -> Self {
        let (reference, rules) = (Arc::clone(&self.reference), Arc::clone(&self.rules));
        let again = Self::of(reference, rules, self.model.clone(), self.policy.clone())
            .trying(self.shadow.clone(), self.canary.clone())
            .with_lists(Arc::clone(&self.lists));
        Self { tenants: self.tenants.clone(), ..again }
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
