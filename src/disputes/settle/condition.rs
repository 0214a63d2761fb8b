//! What each condition means on a record.
//!
//! INVARIANT: nothing is read from silence. That no report, no cancellation or no message is recorded answers no
//! only where a log would show it; what only the network sees is never denied.

use super::Basis;
use crate::disputes::ce3::{self, Element, Elements, Verdict};
use crate::disputes::packet::CaseFile;
use crate::disputes::packet::facts::{CANCELLED, Facts};
use crate::disputes::packet::sale::SaleFact;
use crate::disputes::rulebook::{Condition, Excepted, Types, Words};
use crate::domain::{
    Card, DAY_MS, Event, EventKind, Initiator, Outcome, Text, ThreeDs, Transaction, TransactionKind,
};

/// A condition's answer with what it rests on; of what is unknown, names of what would decide it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Truth<'a> {
    Yes(Vec<Basis<'a>>),
    No(Vec<Basis<'a>>),
    Unknown(Vec<&'static str>),
}

use Truth::{No, Unknown, Yes};

/// A case with its sale.
pub(super) struct Bench<'a, 'f> {
    pub(super) case: &'a CaseFile,
    pub(super) facts: &'f Facts<'a>,
    pub(super) sale: &'a Transaction,
}

/// The words for the cryptogram of a card, of a token, and for none; any other tells nothing.
const CAVV: &str = "cavv";
const TAVV: &str = "tavv";
const CRYPTOGRAMS: [&str; 3] = [CAVV, TAVV, "none"];

impl<'a> Bench<'a, '_> {
    /// Whether a condition holds.
    pub(super) fn truth(&self, condition: &Condition) -> Truth<'a> {
        match condition {
            Condition::Eci(wanted) => self.eci(wanted),
            Condition::LiabilityMoved => self.liability_moved(),
            Condition::Cavv => self.cavv(),
            Condition::Tavv => self.tavv(),
            Condition::PaidByToken => self.paid_by_token(),
            Condition::SecurityCode(words) => self.security_code(words),
            Condition::Approved => self.approved(),
            Condition::FraudReportedBeforeSale(types) => self.fraud_reported_before_sale(types),
            Condition::DisputesOver { count, days } => self.disputes_over(*count, *days),
            Condition::FraudReportedLate => self.fraud_reported_late(),
            Condition::FraudType(types) => self.fraud_type(types),
            Condition::CompellingEvidence => self.compelling_evidence(),
            Condition::OlderThan { days, margin } => self.older_than(*days, *margin),
            Condition::CancelledBeforeDelivery => self.cancelled_before_delivery(),
            Condition::CancelledAfterSale => self.cancelled_after_sale(),
            Condition::Claim(words) => self.claim(words),
            Condition::NotRecurring => self.not_recurring(),
            Condition::NoContact => self.no_contact(),
            Condition::DeliveredWithin { days } => self.delivered_within(*days),
        }
    }

    fn eci(&self, wanted: &[String]) -> Truth<'a> {
        let eci = self.three_ds(|three_ds| three_ds.eci.as_ref().map(Text::as_str));
        let Some((eci, basis)) = eci else { return Unknown(vec!["three_ds"]) };
        let padded = format!("{eci:0>2}");
        told(wanted.contains(&padded), vec![basis])
    }

    fn liability_moved(&self) -> Truth<'a> {
        match self.three_ds(|three_ds| three_ds.liability_shift) {
            Some((moved, basis)) => told(moved, vec![basis]),
            None => Unknown(vec!["liability_shift"]),
        }
    }

    /// As recorded; where nothing is, liability that moved after an authentication says so, for it can't without.
    fn cavv(&self) -> Truth<'a> {
        match (self.cryptogram(CAVV), self.liability_moved()) {
            (Some(told), _) => told,
            (None, Yes(on)) => Yes(on),
            (None, _) => Unknown(vec!["cryptogram"]),
        }
    }

    fn tavv(&self) -> Truth<'a> {
        self.cryptogram(TAVV).unwrap_or(Unknown(vec!["cryptogram"]))
    }

    /// Whether it is the wanted one; `None` where none is recorded.
    fn cryptogram(&self, wanted: &str) -> Option<Truth<'a>> {
        let (word, basis) =
            self.three_ds(|three_ds| three_ds.cryptogram.as_ref().map(Text::as_str))?;
        let known = CRYPTOGRAMS.into_iter().find(|known| word.trim().eq_ignore_ascii_case(known));
        let unknown = Unknown(vec!["cryptogram"]);
        Some(known.map_or(unknown, |known| told(known == wanted, vec![basis])))
    }

    fn paid_by_token(&self) -> Truth<'a> {
        match self.sale.card.as_ref().and_then(|card| card.network_token.as_ref()) {
            Some(_) => Yes(vec![Basis::Sale(SaleFact::Checks)]),
            None => Unknown(vec!["token"]),
        }
    }

    fn security_code(&self, words: &Words) -> Truth<'a> {
        let result = self.checked(
            |event| event.data.cvv_result.as_ref().map(Text::as_str),
            |card| card.cvv_result.as_ref().map(Text::as_str),
        );
        match result {
            Some((word, basis)) => worded(words, word, basis).unwrap_or(Unknown(vec!["cvv"])),
            None => Unknown(vec!["cvv"]),
        }
    }

    fn approved(&self) -> Truth<'a> {
        let ended = |wanted: Outcome| {
            let mut results = self.facts.of(&[EventKind::AuthResult]);
            results.find(|event| event.data.outcome == Some(wanted))
        };
        let yes = ended(Outcome::Approved).or_else(|| self.facts.of(&[EventKind::Capture]).next());
        match (yes, ended(Outcome::Declined)) {
            (Some(event), _) => Yes(vec![Basis::Event(event)]),
            (None, Some(event)) => No(vec![Basis::Event(event)]),
            (None, None) => Unknown(vec!["authorization"]),
        }
    }

    /// Never denied: other merchants' reports are not seen.
    fn fraud_reported_before_sale(&self, types: &Excepted) -> Truth<'a> {
        let approved = self.approval().map_or(self.sale.event_time, |event| event.event_time);
        let reports: Vec<Basis<'a>> = self
            .of_other_sales(EventKind::FraudWarning)
            .filter(|event| event.event_time < approved)
            .filter(|event| {
                let said = fraud_word(event);
                said.is_some_and(|word| !is_in(&types.not, word) && !is_in(&types.unclear, word))
            })
            .map(Basis::Event)
            .collect();
        if reports.is_empty() { Unknown(vec!["fraud_warning"]) } else { Yes(reports) }
    }

    /// Never denied: other merchants' disputes are not seen.
    fn disputes_over(&self, count: u32, days: i64) -> Truth<'a> {
        let opened = self.case.dispute.opened_at;
        let since = opened.plus_millis(-days * DAY_MS);
        let mut found: Vec<&'a Event> = self
            .of_other_sales(EventKind::DisputeCreated)
            .filter(|event| event.event_time >= since && event.event_time < opened)
            .collect();
        let matter = |event: &Event| (event.dispute_id.clone(), event.transaction_id.clone());
        found.sort_by_key(|event| matter(event));
        found.dedup_by_key(|event| matter(event));
        if u32::try_from(found.len()).is_ok_and(|found| found > count) {
            Yes(found.into_iter().map(Basis::Event).collect())
        } else {
            Unknown(vec!["other_disputes"])
        }
    }

    /// Never affirmed: a report's time is that of the processor's message, which may come days after the issuer's.
    fn fraud_reported_late(&self) -> Truth<'a> {
        let opened = self.case.dispute.opened_at;
        let mut reports = self.facts.of(&[EventKind::FraudWarning]);
        match reports.next() {
            Some(first) if first.event_time.day() <= opened.day() => No(vec![Basis::Event(first)]),
            _ => Unknown(vec!["fraud_warning"]),
        }
    }

    fn fraud_type(&self, types: &Types) -> Truth<'a> {
        let reports: Vec<&'a Event> = self.facts.of(&[EventKind::FraudWarning]).collect();
        let is = |event: &&&Event| fraud_word(event).is_some_and(|word| is_in(&types.is, word));
        if let Some(report) = reports.iter().find(is) {
            return Yes(vec![Basis::Event(report)]);
        }
        let told =
            |event: &&Event| fraud_word(event).is_some_and(|word| !is_in(&types.unclear, word));
        if !reports.is_empty() && reports.iter().all(told) {
            return No(reports.into_iter().map(Basis::Event).collect());
        }
        Unknown(vec!["fraud_warning"])
    }

    /// What was copied from an earlier checkout is no match; what is not recorded is no difference.
    fn compelling_evidence(&self) -> Truth<'a> {
        let Ok(report) = ce3::of_case(self.case) else { return Unknown(vec!["card"]) };
        let sale = Basis::Sale(SaleFact::Compared);
        match &report.visa {
            Verdict::Qualified { pair } if pair.inherited.is_empty() => {
                let others = self.case.other_sales.iter().map(|other| &other.transaction);
                let is_one =
                    |sale: &&Transaction| pair.transactions.contains(&sale.transaction_id.as_str());
                Yes(std::iter::once(sale).chain(others.filter(is_one).map(Basis::Other)).collect())
            }
            Verdict::Qualified { .. } => Unknown(vec!["ip", "device"]),
            Verdict::RequiresAction { .. } => Unknown(vec!["items"]),
            Verdict::NotQualified => {
                let lacks = self.lacks_for_pairs(&report);
                if lacks.is_empty() { No(vec![sale]) } else { Unknown(lacks) }
            }
        }
    }

    /// What a sale must record before it can be compared with others.
    fn lacks_for_pairs(&self, report: &ce3::Report<'_>) -> Vec<&'static str> {
        const DEVICE: [Element; 2] = [Element::DeviceId, Element::DeviceFingerprint];
        let card = self.sale.card.as_ref();
        if card.is_none_or(|card| card.fingerprint.is_none() && card.network_token.is_none()) {
            return vec!["card"];
        }
        let in_time = report.candidates.iter().filter(|one| one.visa_bars.is_empty());
        let missing = in_time
            .filter_map(|one| one.compared.map(|compared| compared.missing))
            .fold(Elements::default(), Elements::or);
        let lacking = |element: Element| report.sale_lacks.has(element) || missing.has(element);
        let mut lacks = Vec::new();
        if lacking(Element::Ip) {
            lacks.push("ip");
        }
        if DEVICE.into_iter().all(lacking) {
            lacks.push("device");
        }
        if lacking(Element::AccountId) {
            lacks.push("account");
        }
        lacks
    }

    /// The capture comes before the sale's processing, and the processor's day of the dispute after the network's:
    /// the days between can only be fewer, by an unknown few.
    fn older_than(&self, days: i64, margin: i64) -> Truth<'a> {
        let opened = self.case.dispute.opened_at.day();
        match self.facts.of(&[EventKind::Capture]).next() {
            Some(capture) => {
                let apart = opened - capture.event_time.day();
                if apart > days && apart <= days + margin {
                    return Unknown(vec!["capture"]);
                }
                told(apart > days, vec![Basis::Event(capture)])
            }
            None if opened - self.sale.event_time.day() <= days => {
                No(vec![Basis::Sale(SaleFact::Charge)])
            }
            None => Unknown(vec!["capture"]),
        }
    }

    /// When it was first used says not since when it could have been: only the issue of the good does.
    fn cancelled_before_delivery(&self) -> Truth<'a> {
        let since = |event: &&Event| self.facts.since_sale(event);
        let asked = self.withdrawal().filter(since);
        let asked = asked.filter(|event| self.facts.is_of_payment(event));
        let is_silent = !self.cancellations().any(|event| since(&event));
        match (asked, self.delivery()) {
            (Some(asked), Some(delivery)) if asked.event_time >= delivery.event_time => {
                No(vec![Basis::Event(asked), Basis::Event(delivery)])
            }
            (Some(asked), Some(delivery)) if delivery.kind == EventKind::LicenceIssued => {
                Yes(vec![Basis::Event(asked), Basis::Event(delivery)])
            }
            (Some(_), _) => Unknown(vec!["delivery"]),
            (None, Some(delivery)) => match self.cancellation_log().filter(|_| is_silent) {
                Some(log) => No(vec![Basis::Event(log), Basis::Event(delivery)]),
                None => Unknown(vec!["cancellation"]),
            },
            (None, None) => Unknown(vec!["cancellation", "delivery"]),
        }
    }

    fn cancelled_after_sale(&self) -> Truth<'a> {
        match self.withdrawal() {
            Some(first) => {
                let is_later = first.event_time.day() > self.sale.event_time.day();
                told(is_later, vec![Basis::Event(first)])
            }
            None => Unknown(vec!["cancellation"]),
        }
    }

    /// The buyer's, before the dispute: what came after may be its echo.
    fn withdrawal(&self) -> Option<&'a Event> {
        let first = self.facts.first_withdrawal();
        first.filter(|event| self.facts.before_dispute(event.event_time))
    }

    fn claim(&self, words: &Words) -> Truth<'a> {
        let of_it = |event: &&Event| {
            event.kind.reports_dispute() && event.dispute_id.as_ref() == Some(&self.case.dispute.id)
        };
        let said = self.facts.events.iter().copied().filter(of_it);
        let mut answers = said.filter_map(|event| {
            worded(words, event.data.reason.as_ref()?.as_str(), Basis::Event(event))
        });
        answers.next_back().unwrap_or(Unknown(vec!["statement"]))
    }

    /// Of what the merchant started nothing recorded says that it had no schedule: a top-up may have one.
    fn not_recurring(&self) -> Truth<'a> {
        let basis = vec![Basis::Sale(SaleFact::Charge)];
        let initiator = self.sale.payment.as_ref().and_then(|payment| payment.initiator);
        match (initiator, self.sale.kind) {
            (_, TransactionKind::Renewal) => No(basis),
            (Some(Initiator::Customer), _) => Yes(basis),
            (Some(Initiator::Merchant), _) if self.sale.subscription.is_some() => No(basis),
            _ => Unknown(vec!["initiator"]),
        }
    }

    /// A log that holds an answer of ours, or money given back, between sale and dispute may lack what it answered.
    fn no_contact(&self) -> Truth<'a> {
        let is_between = |event: &&'a Event| {
            self.facts.since_sale(event) && self.facts.before_dispute(event.event_time)
        };
        if let Some(asked) = self.withdrawal().filter(is_between) {
            return No(vec![Basis::Event(asked)]);
        }
        let log = self.facts.messages();
        if let Some(wrote) = log.iter().copied().find(|event| self.facts.may_have_written(event)) {
            return No(vec![Basis::Event(wrote)]);
        }
        let given = self.facts.of(&[EventKind::Refund, EventKind::RefundOffered]);
        let mut echoes = log.iter().copied().chain(given).chain(self.cancellations());
        if log.is_empty() || echoes.any(|event| is_between(&event)) {
            return Unknown(vec!["support_log"]);
        }
        Yes(log.iter().copied().map(Basis::Event).collect())
    }

    fn delivered_within(&self, days: i64) -> Truth<'a> {
        let opened = self.case.dispute.opened_at;
        match self.delivery().filter(|event| event.event_time <= opened) {
            Some(delivery) => {
                let is_early = opened.day() - delivery.event_time.day() < days;
                told(is_early, vec![Basis::Event(delivery)])
            }
            None => Unknown(vec!["delivery"]),
        }
    }

    fn delivery(&self) -> Option<&'a Event> {
        self.facts.events.iter().copied().find(|event| self.facts.is_delivery(event))
    }

    fn cancellations(&self) -> impl Iterator<Item = &'a Event> {
        self.facts.of(&CANCELLED)
    }

    fn cancellation_log(&self) -> Option<&'a Event> {
        self.facts.of(&[EventKind::CancelPageViewed]).next()
    }

    fn of_other_sales(&self, kind: EventKind) -> impl Iterator<Item = &'a Event> {
        let others = self.case.other_sales.iter().flat_map(|other| &other.events);
        others.filter(move |event| event.kind == kind)
    }

    /// The approval that is told, if any is.
    fn approval(&self) -> Option<&'a Event> {
        let mut results = self.facts.of(&[EventKind::AuthResult]);
        results.find(|event| event.data.outcome == Some(Outcome::Approved))
    }

    /// What the approval says of 3-D Secure, else what the sale was sent with.
    pub(super) fn three_ds<T>(
        &self,
        read: impl Fn(&'a ThreeDs) -> Option<T>,
    ) -> Option<(T, Basis<'a>)> {
        self.checked(
            |event| event.data.three_ds.as_ref().and_then(&read),
            |card| card.three_ds.as_ref().and_then(&read),
        )
    }

    fn checked<T>(
        &self,
        of_event: impl Fn(&'a Event) -> Option<T>,
        of_card: impl Fn(&'a Card) -> Option<T>,
    ) -> Option<(T, Basis<'a>)> {
        let told = self.approval().and_then(|event| Some((of_event(event)?, Basis::Event(event))));
        let sent = || {
            let found = of_card(self.sale.card.as_ref()?)?;
            Some((found, Basis::Sale(SaleFact::Checks)))
        };
        told.or_else(sent)
    }
}

fn told(holds: bool, on: Vec<Basis<'_>>) -> Truth<'_> {
    if holds { Yes(on) } else { No(on) }
}

/// `None` for a word that tells nothing.
fn worded<'a>(words: &Words, word: &str, on: Basis<'a>) -> Option<Truth<'a>> {
    let is = is_in(&words.is, word);
    (is || is_in(&words.other, word)).then(|| told(is, vec![on]))
}

fn is_in(words: &[String], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word.trim()))
}

/// The type of a fraud report, as sent.
fn fraud_word(report: &Event) -> Option<&str> {
    report.data.reason.as_ref().map(Text::as_str)
}
