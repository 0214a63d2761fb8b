//! One thing to do, valued.

use super::chance::Chance;
use super::past::{Notice, Past, is_qualified};
use super::ratio::Standing;
use super::value::Stakes;
use super::{Convert, network_of};
use crate::disputes::deadline::{Deadline, deadline};
use crate::disputes::packet::{CaseFile, Completeness, completeness};
use crate::disputes::rulebook::{Before, Price, Rulebook};
use crate::disputes::settle::settled_when_opened;
use crate::disputes::{DisputeStore, SaleKeys, case_file, is_same_card, reasons, sha256_hex};
use crate::domain::{
    Amount, Currency, DAY_MS, Dispute, DisputeCategory, DisputeId, DisputeReason, DisputeStage,
    DisputeStatus, DisputeTerms, Event, EventKind, FulfilmentMethod, Text, Timestamp, Transaction,
    TransactionId,
};
use rust_decimal::Decimal;
use serde::Serialize;
use std::cmp::Reverse;
use std::fmt;

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// A dispute with money moved.
    Dispute,
    /// A question of the issuer, or a chance to refund before the dispute.
    Inquiry,
    /// A fraud report of the issuer.
    Warning,
    /// The buyer wants the money back.
    RefundRequest,
    /// The buyer is unhappy.
    Complaint,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Answer with evidence.
    Fight,
    /// Let it be lost.
    Accept,
    /// Give the money back before there is a dispute.
    Refund,
    /// Do nothing yet.
    Wait,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fight => "fight",
            Self::Accept => "accept",
            Self::Refund => "refund",
            Self::Wait => "wait",
        })
    }
}

/// One choice and what it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Choice {
    /// The choice.
    pub advice: Advice,
    /// Expected value in the currency of the amount, to its minor unit; what is lost is below 0.
    #[schema(value_type = String)]
    pub value: Decimal,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct WorkItem {
    /// What it is.
    pub kind: WorkKind,
    /// The dispute's identifier, or that of the event.
    pub id: String,
    /// The sale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<TransactionId>,
    /// Network and code, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Text<32>>,
    /// See `network`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_reason_code: Option<Text<64>>,
    /// The claim, or the claim to expect.
    pub category: DisputeCategory,
    /// What is at stake.
    pub amount: Amount,
    /// What to do.
    pub advice: Advice,
    /// True where fighting costs more than it brings, and is advised to keep the chances honest.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(nullable = false)]
    pub explores: bool,
    /// The choices, best first.
    pub choices: Vec<Choice>,
    /// The chance to win; absent where nobody reads an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub win: Option<Chance>,
    /// The least share of wins that stay at which fighting pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub break_even: Option<Decimal>,
    /// The chance to become a dispute; of what is none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub becomes_dispute: Option<Chance>,
    /// Rules that end the dispute on what is recorded, e.g. `V104-4`.
    pub invalid_by: Vec<&'static str>,
    /// Whether Compelling Evidence 3.0 or 3-D Secure moves the loss to the issuer, by what is recorded.
    pub liability_moves: bool,
    /// The evidence on record.
    pub evidence: Completeness,
    /// The time left; of disputes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
    /// When it was opened or arrived.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// What the best choice is worth beyond the next, in the currency of the terms; absent without a rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub gain: Option<Decimal>,
    /// True where fees and work are left out for want of an exchange rate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(nullable = false)]
    pub unpriced: bool,
}

impl WorkItem {
    /// The order of work: alarms first, least time left first; then by gain, then by time left, then by name.
    pub(super) fn rank(&self) -> (bool, i64, Reverse<Option<Decimal>>, i64, &str) {
        let left = self.deadline.as_ref().and_then(|deadline| deadline.left_ms);
        let rings = self.deadline.as_ref().is_some_and(|deadline| deadline.alarm_hours.is_some());
        let left = left.unwrap_or(i64::MAX);
        (!rings, if rings { left } else { 0 }, Reverse(self.gain), left, &self.id)
    }
}

/// What items are valued with.
pub(super) struct Desk<'d, S> {
    pub(super) store: &'d S,
    pub(super) past: &'d Past,
    pub(super) terms: &'d DisputeTerms,
    pub(super) convert: Convert<'d>,
    pub(super) monitoring: &'d [Standing],
    pub(super) now: Timestamp,
}

impl<S: DisputeStore> Desk<'_, S> {
    /// A dispute, valued.
    pub(super) fn dispute(&self, dispute: &Dispute) -> Result<WorkItem, S::Error> {
        let bare = || CaseFile {
            dispute: dispute.clone(),
            transaction: None,
            decision: None,
            events: Vec::new(),
            other_sales: Vec::new(),
            files: Vec::new(),
        };
        let case = case_file(self.store, &dispute.id)?.unwrap_or_else(bare);
        let early = dispute.stage < DisputeStage::Chargeback;
        let kind = if early { WorkKind::Inquiry } else { WorkKind::Dispute };
        let mut item = self.valued(&case, kind, early.then_some(Before::Inquiry));
        item.deadline = Some(deadline(dispute, self.now));
        Ok(item)
    }

    /// A notice, valued as the dispute it may become; `None` where its sale or amount is not known.
    pub(super) fn notice(&self, notice: &Notice) -> Result<Option<WorkItem>, S::Error> {
        let event = &notice.event;
        let keys = SaleKeys { transaction_id: event.transaction_id.clone(), ..SaleKeys::default() };
        let Some(sale) = self.store.find_sale(&keys)? else { return Ok(None) };
        let Some(dispute) = expected(notice, &sale) else { return Ok(None) };
        let other_sales = match notice.kind {
            Before::Warning => self.store.other_sales(&sale)?,
            _ => Vec::new(),
        };
        debug_assert!(other_sales.iter().all(|other| is_same_card(&sale, &other.transaction)));
        let mut events = self.store.events(&sale)?;
        events.retain(|event| !event.kind.is_of_the_desk());
        let case = CaseFile {
            dispute,
            transaction: Some(sale),
            decision: None,
            events,
            other_sales,
            files: Vec::new(),
        };
        let kind = match notice.kind {
            Before::Warning | Before::Inquiry => WorkKind::Warning,
            Before::RefundRequest => WorkKind::RefundRequest,
            Before::Complaint => WorkKind::Complaint,
        };
        Ok(Some(self.valued(&case, kind, Some(notice.kind))))
    }

    fn valued(&self, case: &CaseFile, kind: WorkKind, before: Option<Before>) -> WorkItem {
        let dispute = &case.dispute;
        let currency = dispute.amount.currency();
        let evidence = completeness(case);
        let win = self.past.win(case, &evidence);
        let becomes = before.and_then(|before| self.past.becomes(before));
        let amount = at_stake(case, kind);
        let (stakes, unpriced) = self.stakes(case, amount);
        let win_bp = win.as_ref().map_or(0, |win| win.bp);
        let becomes_bp = becomes.as_ref().map_or(0, |becomes| becomes.bp);
        let fight = stakes.fight(win_bp);
        let mut choices = match kind {
            WorkKind::Dispute => vec![(Advice::Accept, Decimal::ZERO), (Advice::Fight, fight)],
            // An inquiry that nobody answers can hardly be won later.
            WorkKind::Inquiry => vec![
                (Advice::Refund, stakes.refund()),
                (Advice::Fight, stakes.wait(becomes_bp, win_bp) - stakes.work),
                (Advice::Wait, stakes.wait(becomes_bp, 0)),
            ],
            WorkKind::Warning | WorkKind::RefundRequest | WorkKind::Complaint => vec![
                (Advice::Wait, stakes.wait(becomes_bp, win_bp)),
                (Advice::Refund, stakes.refund()),
            ],
        };
        choices.sort_by_key(|(_, value)| Reverse(*value)); // stable: at a tie the quieter choice
        let explores = kind == WorkKind::Dispute && win_bp > 0 && fight <= Decimal::ZERO;
        let explores = explores && self.explores(dispute);
        let best = choices.first().map_or(Advice::Wait, |(advice, _)| *advice);
        let advice = if explores { Advice::Fight } else { best };
        let gap = match choices.as_slice() {
            [(_, best), (_, next), ..] => best - next,
            _ => Decimal::ZERO,
        };
        let minor = u32::from(currency.exponent().unwrap_or(2));
        let gain = (self.convert)(gap, currency, self.terms.currency);
        let settled = settled_when_opened(case);
        WorkItem {
            kind,
            id: dispute.id.to_string(),
            transaction_id: dispute.transaction_id.clone(),
            network: dispute.network.clone(),
            network_reason_code: dispute.network_reason_code.clone(),
            category: reasons::category(dispute),
            amount,
            advice,
            explores,
            choices: choices
                .into_iter()
                .map(|(advice, value)| Choice { advice, value: value.round_dp(minor) })
                .collect(),
            break_even: stakes.break_even().map(|share| share.round_dp(4)),
            win,
            becomes_dispute: becomes,
            invalid_by: settled.ending().map(|fact| fact.id).collect(),
            liability_moves: is_qualified(case, &settled),
            evidence,
            deadline: None,
            since: dispute.opened_at,
            gain: gain.map(|gain| gain.round_dp(2)),
            unpriced,
        }
    }

    /// What is at stake, in the dispute's currency; true where a rate is missing.
    fn stakes(&self, case: &CaseFile, amount: Amount) -> (Stakes, bool) {
        let (dispute, terms) = (&case.dispute, self.terms);
        let odds = Rulebook::bundled().odds();
        let to = amount.currency();
        let mut unpriced = false;
        let mut own = |value: Decimal, from: Currency| {
            if value.is_zero() {
                return Decimal::ZERO;
            }
            (self.convert)(value, from, to).unwrap_or_else(|| {
                unpriced = true;
                Decimal::ZERO
            })
        };
        let network_fee = odds.lost_fee(reasons::category(dispute), dispute.stage);
        let network_fee = network_fee.map_or(Decimal::ZERO, |fee| own(fee.value, fee.currency));
        let item = self.item_price(dispute);
        let stakes = Stakes {
            amount: amount.value(),
            reversal_bp: terms.reversal_bp.unwrap_or(odds.reversal_bp),
            work: own(terms.work, terms.currency),
            lost_fee: own(terms.lost_fee, terms.currency) + network_fee,
            dispute_fee: own(terms.dispute_fee, terms.currency),
            revocable_bp: case.transaction.as_ref().map_or(0, |sale| revocable_bp(sale, self.now)),
            item_price: item.map_or(Decimal::ZERO, |price| own(price.value, price.currency)),
        };
        (stakes, unpriced)
    }

    /// What one item less is worth in the programme of the dispute's network where it is worth most.
    fn item_price(&self, dispute: &Dispute) -> Option<Price> {
        let network = Rulebook::bundled().network(dispute.network.as_ref().map(Text::as_str)?);
        let own = self.monitoring.iter().filter(|standing| standing.network == network);
        own.map(|standing| standing.item_price).max_by_key(|price| price.value)
    }

    /// Whether this one of those not worth fighting is fought all the same. The same answer at every look.
    fn explores(&self, dispute: &Dispute) -> bool {
        let own = self.terms.currency;
        let amount = (self.convert)(dispute.amount.value(), dispute.amount.currency(), own);
        let digest = sha256_hex(format!("explore\n{}", dispute.id).as_bytes());
        let drawn = digest.get(..8).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        amount.is_some_and(|amount| amount < self.terms.explore_below)
            && drawn.is_some_and(|drawn| drawn % 10_000 < u32::from(self.terms.explore_bp))
    }
}

/// What a matter is about. Before a dispute no more than was paid and not given back yet: nobody can ask for the
/// rest again. Of a dispute the processor took what it says, whatever was refunded beside it.
fn at_stake(case: &CaseFile, kind: WorkKind) -> Amount {
    let whole = case.dispute.amount;
    let left = case.transaction.as_ref().and_then(|sale| left_of(sale, &case.events));
    let less =
        left.filter(|left| left.currency() == whole.currency() && left.value() < whole.value());
    if kind == WorkKind::Dispute { whole } else { less.unwrap_or(whole) }
}

/// What was paid for a sale and not refunded; missing without an amount. Refunds in another currency can't be
/// taken off, and are not.
fn left_of(sale: &Transaction, events: &[Event]) -> Option<Amount> {
    let paid = sale.amount?;
    let of_sale = |event: &&Event| {
        event.kind == EventKind::Refund
            && event.transaction_id.as_ref() == Some(&sale.transaction_id)
    };
    let amounts = events.iter().filter(of_sale).filter_map(|event| event.data.amount);
    let refunded = amounts.filter(|amount| amount.currency() == paid.currency());
    let refunded: Decimal = refunded.map(|amount| amount.value()).sum();
    Amount::new((paid.value() - refunded).max(Decimal::ZERO), paid.currency()).ok()
}

/// The dispute a notice may become.
fn expected(notice: &Notice, sale: &Transaction) -> Option<Dispute> {
    let network = network_of(sale);
    let (reason, code) = match notice.kind {
        Before::Warning | Before::Inquiry => {
            let code = match network {
                Some("visa") => Some("10.4"),
                Some("mastercard") => Some("4837"),
                _ => None,
            };
            (DisputeReason::Fraud, code)
        }
        Before::RefundRequest => (DisputeReason::CreditNotProcessed, None),
        Before::Complaint => (DisputeReason::NotAsDescribed, None),
    };
    let event = &notice.event;
    Some(Dispute {
        id: DisputeId::new(event.event_id.as_str()).ok()?,
        processor: Text::new("none").ok()?,
        network: network.and_then(|network| Text::new(network).ok()),
        network_reason_code: code.and_then(|code| Text::new(code).ok()),
        reason,
        stage: DisputeStage::Chargeback,
        status: DisputeStatus::NeedsResponse,
        processor_status: Text::new("expected").ok()?,
        amount: sale.amount?,
        payment_reference: None,
        transaction_id: Some(sale.transaction_id.clone()),
        opened_at: event.event_time,
        evidence_due_by: None,
        evidence_due_source: None,
        updated_at: event.event_time,
        updated_by: event.event_id.clone(),
    })
}

/// Share of the value that is not used up yet and can be taken back: what is left of the paid period of a seat or
/// of access; nothing of a key, a download or a term nobody stated.
fn revocable_bp(sale: &Transaction, now: Timestamp) -> u16 {
    let method = sale.fulfilment.as_ref().and_then(|fulfilment| fulfilment.method);
    let can = method.is_some_and(FulfilmentMethod::can_be_revoked);
    let interval = sale.subscription.as_ref().and_then(|agreement| agreement.interval.as_ref());
    let days = match interval.map(Text::as_str) {
        Some("day") => 1,
        Some("week") => 7,
        Some("month") => 30,
        Some("quarter") => 91,
        Some("year") => 365,
        _ => return 0,
    };
    if !can {
        return 0;
    }
    let whole = days * DAY_MS;
    let used = now.millis_since(sale.event_time).clamp(0, whole);
    u16::try_from((whole - used) * 10_000 / whole).unwrap_or_default()
}
