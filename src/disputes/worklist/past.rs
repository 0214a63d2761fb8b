//! What became of earlier disputes, and of what came before disputes.

use super::chance::{Chance, Chances, Counted};
use super::network_of;
use crate::disputes::packet::{CaseFile, Completeness, completeness};
use crate::disputes::rulebook::{BINS, Before, Contest, Day, Held, Rulebook};
use crate::disputes::settle::{Likelihood, Settled, settled_when_opened};
use crate::disputes::{DisputeStore, SaleKeys, case_file, ce3, reasons};
use crate::domain::{
    Amount, DAY_MS, Dispute, DisputeCategory, DisputeReason, DisputeStage, DisputeStatus, Event,
    EventKind, Text, Timestamp, TransactionId,
};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Most ended disputes whose evidence is read again: beyond, a regression would say more than a table.
const MAX_ENDED: usize = 500;
/// Notices are looked at for so many days.
const NOTICES_DAYS: i64 = 180;
/// A notice this many days old has become a dispute by now, or will not.
const RIPE_DAYS: i64 = 60;

/// One cell of the table of wins.
type Cell = (String, DisputeCategory, Held, usize);

/// What was seen.
pub(super) struct Past {
    wins: BTreeMap<Cell, Counted>,
    escalated: BTreeMap<Before, Counted>,
    notices: Vec<Notice>,
    refunded: BTreeMap<TransactionId, Refunded>,
    unread: usize,
    /// There are more notices than were read.
    cut: bool,
    chances: Chances,
}

/// What was given back of a sale that somebody complained of.
struct Refunded {
    amounts: Vec<Amount>,
    last: Timestamp,
    /// True where it is all of it, or where nothing tells what all of it is.
    whole: bool,
}

/// Something that may become a dispute.
pub(super) struct Notice {
    pub(super) kind: Before,
    pub(super) event: Event,
    network: Option<String>,
}

impl Past {
    /// Reads what there is.
    pub(super) fn read<S: DisputeStore>(
        store: &S,
        disputes: &[Dispute],
        now: Timestamp,
    ) -> Result<Self, S::Error> {
        let mut past = Self {
            wins: BTreeMap::new(),
            escalated: BTreeMap::new(),
            notices: Vec::new(),
            refunded: BTreeMap::new(),
            unread: 0,
            cut: false,
            chances: Chances::default(),
        };
        past.count_wins(store, disputes)?;
        let notices = store.notices(now.plus_millis(-NOTICES_DAYS * DAY_MS))?;
        past.cut = !notices.whole;
        for event in notices.events {
            if event.kind == EventKind::Refund {
                past.add_refund(event);
            } else if let Some(kind) = kind_of(&event) {
                let network = network(store, kind, &event)?;
                past.notices.push(Notice { kind, event, network });
            }
        }
        past.compare_refunds(store)?;
        past.count_escalations(disputes, now);
        Ok(past)
    }

    fn add_refund(&mut self, event: Event) {
        let Some(sale) = event.transaction_id else { return };
        let new = || Refunded { amounts: Vec::new(), last: event.event_time, whole: false };
        let refunded = self.refunded.entry(sale).or_insert_with(new);
        refunded.amounts.extend(event.data.amount);
        refunded.last = refunded.last.max(event.event_time);
    }

    /// Holds what was refunded against what was paid, of the sales that have notices.
    fn compare_refunds<S: DisputeStore>(&mut self, store: &S) -> Result<(), S::Error> {
        let noticed: BTreeSet<&TransactionId> =
            self.notices.iter().filter_map(|notice| notice.event.transaction_id.as_ref()).collect();
        self.refunded.retain(|sale, _| noticed.contains(sale));
        for (sale, refunded) in &mut self.refunded {
            let keys = SaleKeys { transaction_id: Some(sale.clone()), ..SaleKeys::default() };
            let paid = store.find_sale(&keys)?.and_then(|sale| sale.amount);
            refunded.whole = paid.is_none_or(|paid| {
                let same = refunded.amounts.iter().filter(|a| a.currency() == paid.currency());
                same.map(|amount| amount.value()).sum::<Decimal>() >= paid.value()
            });
        }
        Ok(())
    }

    /// Whether refunds ended what a notice of a sale is about: all was given back, or a part of it to somebody who
    /// had asked.
    fn is_settled(&self, notice: &Notice, sale: &TransactionId) -> bool {
        let asked = matches!(notice.kind, Before::RefundRequest | Before::Complaint);
        self.refunded.get(sale).is_some_and(|refunded| {
            refunded.whole || asked && refunded.last >= notice.event.event_time
        })
    }

    fn count_wins<S: DisputeStore>(
        &mut self,
        store: &S,
        disputes: &[Dispute],
    ) -> Result<(), S::Error> {
        let mut read = 0;
        for dispute in disputes {
            let won = match dispute.status {
                DisputeStatus::Won => true,
                DisputeStatus::Lost => false,
                _ => continue,
            };
            if !store.is_contested(&dispute.id)? {
                continue;
            }
            if read == MAX_ENDED {
                self.unread += 1;
                continue;
            }
            // Of an erased buyer nothing tells how complete the evidence was.
            if let Some(case) = case_file(store, &dispute.id)?.filter(|c| c.transaction.is_some()) {
                read += 1;
                self.wins.entry(cell(&case, completeness(&case).bin())).or_default().add(won);
            }
        }
        Ok(())
    }

    fn count_escalations(&mut self, disputes: &[Dispute], now: Timestamp) {
        let mut opened: BTreeMap<&TransactionId, Timestamp> = BTreeMap::new();
        for dispute in disputes.iter().filter(|d| d.stage >= DisputeStage::Chargeback) {
            let Some(sale) = &dispute.transaction_id else { continue };
            let at = opened.entry(sale).or_insert(dispute.opened_at);
            *at = dispute.opened_at.min(*at);
        }
        let mut counted = BTreeSet::new();
        for notice in &self.notices {
            let Some(sale) = &notice.event.transaction_id else { continue };
            let at = notice.event.event_time;
            let opened = opened.get(sale);
            // What comes after the dispute, as issuers' reports often do, says nothing of what leads to one.
            if opened.is_some_and(|opened| *opened < at) {
                continue;
            }
            // A refund headed it off, or did not: neither says what happens without one.
            let ripe = now.millis_since(at) >= RIPE_DAYS * DAY_MS;
            if ripe && !self.is_settled(notice, sale) && counted.insert((notice.kind, sale)) {
                self.escalated.entry(notice.kind).or_default().add(opened.is_some());
            }
        }
    }

    /// The chance to win a case; `None` where nobody reads an answer.
    pub(super) fn win(&self, case: &CaseFile, complete: &Completeness) -> Option<Chance> {
        let row = reasons::of(&case.dispute);
        if row.is_some_and(|row| row.contest == Contest::None) {
            return None;
        }
        let (network, category, held, bin) = cell(case, complete.bin());
        let day = Day::of(case.dispute.opened_at);
        let prior = Rulebook::bundled().odds().win(&network, category, held, day)?;
        let rare = row.is_some_and(|row| row.contest == Contest::Rare);
        let prior_bp = prior.at(if rare { 0 } else { bin });
        let counted = self.wins.get(&(network, category, held, bin));
        let counted = counted.copied().unwrap_or_default();
        Some(self.chances.of(prior_bp, prior.strength, counted, &prior.provenance))
    }

    /// The chance that something becomes a dispute.
    pub(super) fn becomes(&self, kind: Before) -> Option<Chance> {
        let prior = Rulebook::bundled().odds().escalation(kind)?;
        let counted = self.escalated.get(&kind).copied().unwrap_or_default();
        Some(self.chances.of(prior.share_bp, prior.strength, counted, &prior.provenance))
    }

    /// Fraud reports: network, where known, and time.
    pub(super) fn warnings(&self) -> Vec<(Option<String>, Timestamp)> {
        let warnings = self.notices.iter().filter(|notice| notice.kind == Before::Warning);
        warnings.map(|notice| (notice.network.clone(), notice.event.event_time)).collect()
    }

    /// Notices since an instant about sales that are neither refunded nor disputed: of each sale the gravest, of
    /// those the latest.
    pub(super) fn open_notices(&self, disputes: &[Dispute], since: Timestamp) -> Vec<&Notice> {
        let disputed: BTreeSet<&TransactionId> =
            disputes.iter().filter_map(|dispute| dispute.transaction_id.as_ref()).collect();
        let mut open: BTreeMap<&TransactionId, &Notice> = BTreeMap::new();
        for notice in self.notices.iter().filter(|notice| notice.event.event_time >= since) {
            let Some(sale) = &notice.event.transaction_id else { continue };
            if disputed.contains(sale) || self.is_settled(notice, sale) {
                continue;
            }
            let known = open.entry(sale).or_insert(notice);
            if notice.kind <= known.kind {
                *known = notice;
            }
        }
        open.into_values().collect()
    }

    /// What the numbers do not cover.
    pub(super) fn notes(&self) -> Vec<String> {
        let unread = self.unread;
        let mut notes = Vec::new();
        if unread > 0 {
            notes.push(format!(
                "{unread} older disputes that were fought are not counted in the chances"
            ));
        }
        if self.cut {
            notes.push(
                "more fraud reports, messages or refunds than are read: the oldest are left out"
                    .to_owned(),
            );
        }
        notes
    }
}

/// What a notice is; `None` for a message about something else.
fn kind_of(event: &Event) -> Option<Before> {
    if event.kind == EventKind::FraudWarning {
        return Some(Before::Warning);
    }
    let contact = event.data.contact.as_ref()?;
    if contact.direction.as_ref().map(Text::as_str) == Some("out") {
        return None;
    }
    match contact.topic.as_ref()?.as_str() {
        "refund" => Some(Before::RefundRequest),
        "complaint" => Some(Before::Complaint),
        _ => None,
    }
}

/// The network of a fraud report: as it says, else that of the sale's card.
fn network<S: DisputeStore>(
    store: &S,
    kind: Before,
    event: &Event,
) -> Result<Option<String>, S::Error> {
    if kind != Before::Warning {
        return Ok(None);
    }
    if let Some(network) = &event.data.network {
        return Ok(Some(Rulebook::bundled().network(network.as_str()).to_owned()));
    }
    let keys = SaleKeys { transaction_id: event.transaction_id.clone(), ..SaleKeys::default() };
    let sale = store.find_sale(&keys)?;
    Ok(sale.as_ref().and_then(network_of).map(str::to_owned))
}

/// Where a case stands in the table of wins.
fn cell(case: &CaseFile, bin: usize) -> Cell {
    let network = case.dispute.network.as_ref().map(Text::as_str).unwrap_or_default();
    let network = Rulebook::bundled().network(network).to_owned();
    let category = reasons::category(&case.dispute);
    let settled = settled_when_opened(case);
    let invalid = settled.ending().next().is_some();
    let held = Held { qualified: is_qualified(case, &settled), invalid };
    (network, category, held, bin.min(BINS - 1))
}

/// Whether the loss moves to the issuer: a rule holds by its conditions, or 3-D Secure is read so.
pub(super) fn is_qualified(case: &CaseFile, settled: &Settled) -> bool {
    let is_fraud =
        matches!(case.dispute.reason, DisputeReason::Fraud | DisputeReason::Unrecognized);
    let has_pair = || {
        let report = ce3::of_case(case).ok();
        report.is_some_and(|report| report.visa.pair().or(report.stripe.pair()).is_some())
    };
    let three_ds = settled.three_ds.as_ref().map(|outlook| outlook.issuer_bears);
    is_fraud && (three_ds == Some(Likelihood::Likely) || has_pair())
}
