//! Deadlines of disputes while a server runs: alarms, the numbers of `/metrics`, and, where the merchant
//! wants it, the best packet sent in time by itself.

use super::error::with_causes;
use super::state::AppState;
use crate::clock;
use crate::config::AutoSubmit;
use crate::disputes::deadline::{Answer, deadline};
use crate::disputes::stripe::signature::WebhookSecrets;
use crate::disputes::{self, DisputeStore, alarm};
use crate::domain::{Dispute, DisputeId, EventKind, HOUR_MS, TenantId, Timestamp};
use crate::engine::{CaseSource, Cases, EngineError};
use crate::processor::{Mode, ProcessorError, SendError, Sent, Stripe, key_of, send};
use std::collections::BTreeSet;
use tokio::runtime::Handle;

/// Most lines of the log one look writes for a tenant; the number of the others is told.
const MOST_LINES: usize = 10_000;
/// How long one look may go on sending, in milliseconds.
const SENDING_MS: i64 = 100_000;

impl AppState {
    /// Looks at the deadlines of every tenant's disputes.
    pub async fn watch_deadlines(&self, now: Timestamp) {
        let state = self.clone();
        if tokio::task::spawn_blocking(move || state.look(now)).await.is_err() {
            tracing::error!("looking at deadlines panicked");
        }
    }

    fn look(&self, now: Timestamp) {
        let Some(source) = &self.cases else { return };
        let (mut all, mut due) = (Vec::new(), Vec::new());
        // Everybody is told before anything is sent: one tenant's trouble, or a slow processor, is nobody else's.
        for tenant in self.tenants() {
            let looked = source.open(tenant.clone(), now).and_then(|cases| {
                let mut cases = cases.writing_through(&self.engine);
                let disputes = cases.disputes()?;
                self.tell(&mut cases, &tenant, &disputes, now);
                Ok(disputes)
            });
            match looked {
                Ok(mut disputes) => {
                    let policy = &self.stripe.auto_submit;
                    let own = disputes.iter().filter(|dispute| is_due(policy, dispute, now));
                    due.extend(own.map(|dispute| (tenant.clone(), dispute.clone())));
                    all.append(&mut disputes);
                }
                Err(error) => {
                    let (tenant, error) = (tenant.as_str(), with_causes(&error));
                    tracing::warn!(tenant, error, "deadlines could not be looked at");
                }
            }
        }
        self.metrics.disputes.waiting(&all, now);
        self.send_due(source, due);
    }

    fn tenants(&self) -> BTreeSet<TenantId> {
        let mut tenants: BTreeSet<TenantId> = self.gate.tenants().into_iter().collect();
        tenants.insert(TenantId::default_tenant());
        let secrets = self.stripe_secrets.as_ref().and_then(|secret| secret.read().ok());
        if let Some(secrets) = secrets.and_then(|text| WebhookSecrets::parse(&text).ok()) {
            tenants.extend(secrets.tenants().cloned());
        }
        tenants
    }

    fn tell(&self, cases: &mut Cases<'_>, tenant: &TenantId, disputes: &[Dispute], now: Timestamp) {
        let rung = alarm::ring(cases, disputes, now);
        let tenant = tenant.as_str();
        for (place, alarm) in rung.alarms.iter().enumerate() {
            self.metrics.disputes.alarm(alarm.hours);
            if place < MOST_LINES {
                let due = alarm.dispute.evidence_due_by.map(|due| due.to_string());
                let (dispute, hours) = (alarm.dispute.id.as_str(), alarm.hours);
                tracing::warn!(tenant, dispute, hours, due, "evidence is due soon");
            }
        }
        let more = rung.alarms.len().saturating_sub(MOST_LINES);
        if more > 0 {
            tracing::warn!(
                tenant,
                more,
                "evidence is due soon; `vouch dispute list` names them all"
            );
        }
        for (id, error) in rung.failed.iter().take(MOST_LINES) {
            let (dispute, error) = (id.as_str(), with_causes(error));
            tracing::warn!(
                tenant,
                dispute,
                error,
                "an alarm could not be recorded; the next look tries again"
            );
        }
    }

    /// Sends what is due by itself, where the policy says so, as far as the time goes. One that fails or was not
    /// reached is tried at the next look; the first is another at each, so that one that hangs starves nobody.
    fn send_due(&self, source: &CaseSource, mut due: Vec<(TenantId, Dispute)>) {
        due.sort_by_key(|(_, dispute)| dispute.evidence_due_by);
        let began = clock::now().millis();
        let turn = usize::try_from(began / SENDING_MS).unwrap_or(0).checked_rem(due.len());
        due.rotate_left(turn.unwrap_or(0));
        for (tenant, dispute) in &due {
            let now = clock::now();
            if now.millis() - began > SENDING_MS {
                tracing::warn!("evidence is due, and this look had no more time to send it");
                return;
            }
            let id = dispute.id.as_str();
            let sent = source.open(tenant.clone(), now).map_err(SendError::Store);
            let sent = sent.and_then(|cases| {
                self.send_by_policy(&mut cases.writing_through(&self.engine), dispute, now)
            });
            match sent {
                Ok(None) => {}
                Ok(Some(sent)) => {
                    tracing::info!(
                        dispute = id,
                        status = sent.status,
                        "evidence submitted by policy"
                    );
                }
                Err(error) => {
                    tracing::error!(
                        dispute = id,
                        error = with_causes(&error),
                        "evidence is due and could not be submitted"
                    );
                }
            }
        }
    }

    fn send_by_policy(
        &self,
        cases: &mut Cases<'_>,
        dispute: &Dispute,
        now: Timestamp,
    ) -> Result<Option<Sent>, SendError<EngineError>> {
        let steps = cases.sendings(&dispute.id).map_err(SendError::Store)?;
        // What was refused in words is refused again: a person must look.
        let is_over =
            |kind| matches!(kind, EventKind::EvidenceSubmitted | EventKind::EvidenceRefused);
        if steps.iter().any(|step| is_over(step.kind) && step.is_of(dispute.stage)) {
            return Ok(None);
        }
        let case = disputes::case_file(cases, &dispute.id).map_err(SendError::Store)?;
        let answers = case.map_or(0, |case| disputes::packet::answers(&case).len());
        if answers < self.stripe.auto_submit.least_answers {
            return Err(SendError::NoAnswer);
        }
        self.send_evidence(cases, &dispute.id, Mode::Submit, now).map(Some)
    }

    /// Hands evidence over or sends it, and counts what came of it. Blocks.
    pub(super) fn send_evidence(
        &self,
        cases: &mut Cases<'_>,
        id: &DisputeId,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Sent, SendError<EngineError>> {
        let sent = self.interface(cases.tenant()).and_then(|stripe| {
            let source = self.cases.as_ref().ok_or(SendError::Unknown(id.clone()))?;
            let key = source.signing_key().map_err(|error| SendError::Store(error.into()))?;
            send(cases, id, mode, (&stripe, &key), now)
        });
        let outcome = match &sent {
            Ok(_) => match mode {
                Mode::Stage => "staged",
                Mode::Submit => "submitted",
            },
            Err(SendError::Processor(
                ProcessorError::Unanswered { .. } | ProcessorError::Failed { .. },
            )) => "unanswered",
            Err(_) => "refused",
        };
        self.metrics.disputes.evidence(outcome);
        sent
    }

    fn interface(&self, tenant: &TenantId) -> Result<Stripe, SendError<EngineError>> {
        let secret = self.stripe.secret_key().and_then(|secret| secret.read().ok());
        let secret = key_of(&secret.ok_or(ProcessorError::NoKey)?, tenant)?;
        Ok(Stripe::new(Handle::current(), &self.stripe, &secret)?)
    }
}

/// Whether the policy sends a dispute's evidence by now.
fn is_due(policy: &AutoSubmit, dispute: &Dispute, now: Timestamp) -> bool {
    let left = deadline(dispute, now);
    policy.enabled
        && dispute.processor.as_str() == "stripe"
        && left.answer == Answer::Open
        && left.left_ms.is_some_and(|left| left <= i64::from(policy.hours_before) * HOUR_MS)
}
