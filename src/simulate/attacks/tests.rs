//! Each kind of campaign leaves the trace it is described by.

use super::*;
use crate::domain::{
    AccountId, CustomValue, DeviceId, Event, EventKind as K, LabelClass, Outcome, Transaction,
    TransactionId, TransactionKind,
};
use crate::simulate::{Config, Line, Simulation};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

fn world(attacks: Campaigns, attack_percent: u32) -> impl Iterator<Item = Line> {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    Simulation::new(Config { seed: 21, start, days: 160, accounts: 20, attacks, attack_percent })
}

fn text(line: &Line) -> String {
    serde_json::to_string(line).unwrap()
}

static HONEST: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| world(Campaigns::NONE, 0).map(|line| text(&line)).collect());

/// The lines of about eight campaigns of one kind, without the honest ones.
struct Trace {
    transactions: Vec<Transaction>,
    events: Vec<Event>,
}

impl Trace {
    fn of(campaign: Campaign) -> Self {
        let (_, _, rate) = Campaign::ALL.iter().find(|(kind, ..)| *kind == campaign).unwrap();
        let mut trace = Self { transactions: vec![], events: vec![] };
        for line in world(Campaigns::NONE.with(campaign), 250_000 / rate) {
            if HONEST.contains(&text(&line)) {
                continue;
            }
            match line {
                Line::Transaction(sent) => trace.transactions.push(*sent),
                Line::Event(event) => trace.events.push(*event),
            }
        }
        trace
    }

    fn kind(&self, kind: TransactionKind) -> impl Iterator<Item = &Transaction> {
        self.transactions.iter().filter(move |sent| sent.kind == kind)
    }

    fn events(&self, kind: K) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.kind == kind)
    }

    fn answers(&self, outcome: Outcome) -> usize {
        self.events(K::AuthResult).filter(|e| e.data.outcome == Some(outcome)).count()
    }

    fn labels(&self, class: LabelClass) -> usize {
        self.events(K::Label).filter(|event| event.data.label == Some(class)).count()
    }

    /// The most events of a kind that one account has.
    fn most_of_one_account(&self, kind: K) -> usize {
        let mut counts: BTreeMap<&AccountId, usize> = BTreeMap::new();
        for event in self.events(kind) {
            *counts.entry(event.account_id.as_ref().unwrap()).or_default() += 1;
        }
        counts.into_values().max().unwrap_or(0)
    }

    /// The most devices an event of a kind comes from, by what `of` names.
    fn most_devices<T: Ord>(&self, kind: K, of: impl Fn(&Event) -> Option<&T>) -> usize {
        let mut devices: BTreeMap<&T, BTreeSet<&DeviceId>> = BTreeMap::new();
        for event in self.events(kind) {
            if let (Some(name), Some(device)) = (of(event), &event.device_id) {
                devices.entry(name).or_default().insert(device);
            }
        }
        devices.into_values().map(|seen| seen.len()).max().unwrap_or(0)
    }
}

fn distinct<T: Ord>(values: impl Iterator<Item = Option<T>>) -> usize {
    values.flatten().collect::<BTreeSet<_>>().len()
}

#[test]
fn card_testing_is_declined_cards_by_the_dozen() {
    let trace = Trace::of(Campaign::CardTesting);
    let (yes, no) = (trace.answers(Outcome::Approved), trace.answers(Outcome::Declined));
    assert!(no > 4 * yes && no > 40, "{no} declined, {yes} approved");
    let bins = distinct(
        trace
            .transactions
            .iter()
            .map(|sent| Some(sent.card.as_ref()?.bin.as_ref()?.valid()?.as_str())),
    );
    assert!(bins * 4 < no, "{bins} first digits, {no} declined");
    assert!(trace.labels(LabelClass::StolenInstrument) * 2 > no);
    assert!(trace.events(K::PaymentBlocked).count() > 0);
}

#[test]
fn stolen_cards_end_in_warnings_and_disputes() {
    let trace = Trace::of(Campaign::StolenCards);
    assert!(trace.labels(LabelClass::StolenInstrument) > 10);
    assert!(trace.events(K::FraudWarning).count() > 3);
    let fraud = |event: &&Event| event.data.reason.as_ref().is_some_and(|r| r.as_str() == "fraud");
    assert!(trace.events(K::DisputeCreated).filter(fraud).count() > 1);
}

#[test]
fn takeovers_come_through_accounts_that_are_old() {
    let trace = Trace::of(Campaign::Takeover);
    assert!(trace.labels(LabelClass::AccountTakeover) > 5);
    assert_eq!(trace.kind(TransactionKind::SignUp).count(), 0);
    assert!(trace.events(K::ChallengeResult).count() > 0);
}

#[test]
fn trial_farms_have_few_cards_and_never_pay() {
    let trace = Trace::of(Campaign::TrialFarming);
    let card = |sent: &Transaction| sent.card.as_ref()?.fingerprint.clone();
    let accounts = trace.kind(TransactionKind::SignUp).count();
    let cards = distinct(trace.kind(TransactionKind::TrialStart).map(card));
    assert!(accounts > 2 * cards, "{accounts} accounts, {cards} cards");
    assert_eq!(trace.kind(TransactionKind::Renewal).count(), 0);
    assert!(trace.events(K::CancelRequested).count() > accounts / 2);
    assert!(trace.labels(ABUSE) > 0);
}

#[test]
fn promo_abuse_uses_one_coupon_in_every_account() {
    let trace = Trace::of(Campaign::PromoAbuse);
    let welcome = |sent: &&Transaction| {
        let code = sent.custom.as_ref().and_then(|custom| custom.0.values().next());
        matches!(code, Some(CustomValue::Text(code)) if code.as_str() == "WELCOME20")
    };
    let orders = trace.transactions.iter().filter(welcome).count();
    assert!(orders > 10);
    // the last newcomers may not have ordered before the world ends
    assert!(orders + 2 >= trace.kind(TransactionKind::SignUp).count());
}

#[test]
fn resold_keys_come_to_life_everywhere() {
    let trace = Trace::of(Campaign::KeyResale);
    let machines = trace.most_devices(K::LicenceActivated, |event| event.transaction_id.as_ref());
    assert!(machines > 3, "{machines} machines");
    let items = trace.kind(TransactionKind::Purchase).flat_map(|sent| &sent.items);
    assert!(items.map(|item| item.quantity).all(|pieces| pieces >= Some(2)));
}

#[test]
fn shared_accounts_have_sessions_from_many_devices() {
    let trace = Trace::of(Campaign::AccountSharing);
    let devices = trace.most_devices(K::SessionLogin, |event| event.account_id.as_ref());
    assert!(devices > 3, "{devices} devices");
    let far = |event: &&Event| event.data.sharing.as_ref().unwrap().impossible_travel == Some(true);
    assert!(trace.events(K::SharingSignal).filter(far).count() > 0);
}

#[test]
fn burnt_credit_is_used_and_not_paid() {
    let trace = Trace::of(Campaign::CreditBurn);
    let owed = trace.events(K::ApiUsage).filter(|event| event.data.amount.is_some()).count();
    assert!(owed > 20);
    let bills: BTreeSet<&TransactionId> =
        trace.kind(TransactionKind::Renewal).map(|sent| &sent.transaction_id).collect();
    let declined = trace.events(K::AuthResult).filter(|event| {
        event.data.outcome == Some(Outcome::Declined)
            && event.transaction_id.as_ref().is_some_and(|id| bills.contains(id))
    });
    assert!(declined.count() * 2 > bills.len());
    assert!(trace.labels(LabelClass::StolenInstrument) + trace.labels(ABUSE) > 1);
}

#[test]
fn refunds_and_disputes_come_again_and_again() {
    let trace = Trace::of(Campaign::RefundAbuse);
    assert!(trace.most_of_one_account(K::Refund) >= 3);
    assert!(trace.most_of_one_account(K::SupportMessage) >= 3);
    let trace = Trace::of(Campaign::FriendlyFraud);
    assert!(trace.most_of_one_account(K::DisputeCreated) >= 2);
    assert!(trace.labels(ABUSE) > 2);
}

#[test]
fn kinds_are_named_once_and_read_back() {
    let names: BTreeSet<_> = Campaign::ALL.iter().map(|(_, name, _)| *name).collect();
    assert_eq!(names.len(), Campaign::ALL.len());
    for (campaign, name, _) in Campaign::ALL {
        let read: Campaigns = name.parse().unwrap();
        assert_eq!(read, Campaigns::NONE.with(campaign));
        assert!(Campaigns::ALL.has(campaign) && !Campaigns::NONE.has(campaign));
    }
    assert_eq!("all".parse(), Ok(Campaigns::ALL));
    assert_eq!("takeover, farm".parse::<Campaigns>().unwrap_err().given, "farm");
}
