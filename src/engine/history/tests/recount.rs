//! Random histories of payments and what came of them, late and twice: what is kept is what the ledger
//! holds, counted again entry by entry, and what was sent, counted once each.

use super::*;
use crate::engine::stored::{self, Recovered};
use crate::ledger::{AckPolicy, LedgerConfig};
use crate::velocity::links::naive::Recount as LinksRecount;
use crate::velocity::naive::Recount as WindowsRecount;
use crate::velocity::sales::{Delay, naive::Recount as SalesRecount};
use crate::velocity::{
    Entity, EntityKey, Links, LinksView, Occurrence, Party, Sales, Signal, Velocity, Window,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const PAYMENTS: usize = 14;

/// What is said of a payment, and what its card counts by it.
const SAID: [(&str, &str, &str, Option<Signal>); 11] = [
    ("auth.result", "outcome", "approved", Some(Signal::Approved)),
    ("auth.result", "outcome", "declined", Some(Signal::Declined)),
    ("auth.result", "outcome", "unavailable", None),
    ("capture", "", "", None),
    ("refund", "", "", Some(Signal::Refund)),
    ("fraud.warning", "", "", Some(Signal::Warning)),
    ("dispute.created", "", "", Some(Signal::Dispute)),
    ("dispute.closed", "status", "won", None),
    ("dispute.closed", "status", "lost", None),
    ("label", "label", "stolen_instrument", None),
    ("label", "label", "legitimate", None),
];

/// One thing said of a payment, so many hours after it; whether it comes twice.
#[derive(Debug, Clone)]
struct Said {
    payment: usize,
    what: usize,
    hours: i64,
    again: bool,
}

fn said() -> impl Strategy<Value = Said> {
    (0..PAYMENTS, 0..SAID.len(), 0..24 * 40_i64, any::<bool>())
        .prop_map(|(payment, what, hours, again)| Said { payment, what, hours, again })
}

fn card_of(payment: usize) -> usize {
    payment % 3
}

fn is_blocked(payment: usize) -> bool {
    payment % 5 == 4
}

/// All are within ninety days of [`NOW`], so that no window leaves one out.
fn made_at(payment: usize) -> i64 {
    NOW - (80 - 3 * i64::try_from(payment).unwrap()) * 24 * HOUR_MS
}

fn transaction(payment: usize) -> Transaction {
    let kind = if payment % 7 == 6 { "trial_start" } else { "purchase" };
    serde_json::from_value(json!({
        "transaction_id": format!("tx-{payment}"), "type": kind,
        "event_time": Timestamp::from_millis(made_at(payment)), "amount": euro("9.00"),
        "account": {"id": format!("a-{}", payment % 4), "email": format!("m{}@example.com", payment % 5)},
        "card": {"fingerprint": format!("c-{}", card_of(payment)), "bin": "457173"},
        "device": {"device_id": format!("d-{}", payment % 2), "ip": BRITAIN},
        "seller_id": "s-1", "items": [{"sku": format!("k-{}", payment % 2)}],
        "custom": {"block": is_blocked(payment)},
    }))
    .unwrap()
}

fn event(number: usize, said: &Said) -> Event {
    let (kind, member, word, _) = SAID[said.what];
    let data = if member.is_empty() { json!({}) } else { json!({member: word}) };
    let at = Timestamp::from_millis(made_at(said.payment) + said.hours * HOUR_MS);
    serde_json::from_value(json!({
        "event_id": format!("ev-{number}"), "type": kind, "event_time": at, "data": data,
        "transaction_id": format!("tx-{}", said.payment),
    }))
    .unwrap()
}

/// What an engine on a new ledger is told; each payment when first something is said of it.
fn told(dir: &std::path::Path, history: &[Said]) -> (Engine, BTreeSet<usize>) {
    static TABLES: LazyLock<Arc<Reference>> =
        LazyLock::new(|| Arc::new(Reference::bundled().unwrap()));
    let rules = RuleSet::from_sources(&[Source::new("test.toml", RULES)]).unwrap();
    let snapshot = Snapshot::new(TABLES.clone(), rules, None, Policy::default());
    let config = LedgerConfig {
        durability: AckPolicy::Os,
        segment_bytes: 1 << 20,
        index_every: None,
        ..LedgerConfig::new(dir)
    };
    let limits = Limits { max_keys: 10_000, seed: 7 };
    let engine = Engine::open(snapshot, config, limits, &mut |_| ()).unwrap();
    let tenant = TenantId::default_tenant();
    let mut made = BTreeSet::new();
    for (number, said) in history.iter().enumerate() {
        for time in 0..=u8::from(said.again) {
            let transaction = transaction(said.payment);
            let request = ScoreRequest {
                tenant: tenant.clone(),
                transaction,
                warnings: Vec::new(),
                received_at: None,
            };
            let begun = engine.begin(request).unwrap();
            assert_eq!(begun.repeated, !made.insert(said.payment));
            begun.settling.map(|settling| engine.settle_blocking(settling).unwrap());
            let begun = engine.record_event(&tenant, &event(number, said), None).unwrap();
            assert_eq!(begun.repeated, time > 0);
            begun.settling.map(|settling| engine.settle_blocking(settling).unwrap());
        }
    }
    (engine, made)
}

/// Every occurrence in the ledger, and the key of each card.
fn kept(engine: &Engine) -> (Vec<Occurrence>, BTreeMap<usize, EntityKey>) {
    let (mut occurrences, mut cards) = (Vec::new(), BTreeMap::new());
    for entry in engine.ledger().unwrap().scan(None).unwrap() {
        let entry = entry.unwrap();
        let Ok(recovered) = stored::read::<Recovered>(&entry.open) else { continue };
        occurrences.extend(recovered.occurrences);
        if let Some(payment) = entry.id.strip_prefix("tx-") {
            cards.insert(card_of(payment.parse().unwrap()), recovered.keys.card.unwrap());
        }
    }
    (occurrences, cards)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_history_is_as_the_ledger_recounts_it(history in prop::collection::vec(said(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let (engine, made) = told(dir.path(), &history);
        let (occurrences, cards) = kept(&engine);
        let (windows, sales, links) =
            (WindowsRecount::default(), SalesRecount::default(), LinksRecount::default());
        for occurrence in &occurrences {
            windows.record(occurrence);
            sales.record(occurrence);
            links.record(occurrence);
        }
        let past = &engine.histories;
        for days in [-60, -10, 0, 45, 120] {
            let now = Timestamp::from_millis(NOW + days * 24 * HOUR_MS);
            for (entity, key) in past.windows.views().into_keys() {
                let (found, expected) =
                    (past.windows.view(entity, key, now), windows.view(entity, key, now));
                prop_assert_eq!(found, expected, "{} {} {}", entity.name(), key, days);
            }
            for occurrence in &occurrences {
                for party in Party::SOLD_TO {
                    let Some(key) = party.key(&occurrence.keys) else { continue };
                    for delay in [0, 7, 30].map(Delay::days) {
                        let (found, expected) =
                            (past.sales.view(party, key, now, delay), sales.view(party, key, now, delay));
                        prop_assert_eq!(found, expected, "{} {} {}", party.name(), key, days);
                    }
                }
                let found = past.links.view(&occurrence.keys, now).map(|view| {
                    let met: BTreeSet<_> =
                        view.accounts.iter().map(|linked| linked.last.account).collect();
                    (met, LinksView { accounts: Vec::new(), ..view })
                });
                prop_assert_eq!(found, links.met(&occurrence.keys, now));
            }
        }
        // And what was sent, each once.
        for (card, key) in cards {
            let now = Timestamp::from_millis(NOW);
            let view = past.windows.view(Entity::Card, key, now);
            let blocks = past.windows.view(Entity::CardBlocks, key, now);
            let own = |payment: &&usize| card_of(**payment) == card;
            let is_said = |said: &&Said, signal| SAID[said.what].3 == Some(signal);
            let own_said: Vec<&Said> =
                history.iter().filter(|said| card_of(said.payment) == card).collect();
            for signal in SAID.iter().filter_map(|(.., signal)| *signal) {
                let sent = own_said.iter().filter(|said| is_said(said, signal)).count();
                let counted = view.count(signal, Window::D90);
                prop_assert_eq!(usize::try_from(counted).unwrap(), sent, "{}", signal.name());
            }
            let blocked = made.iter().filter(own).filter(|payment| is_blocked(**payment)).count();
            let counted = blocks.count(Signal::Blocked, Window::D90);
            prop_assert_eq!(usize::try_from(counted).unwrap(), blocked);
            let counts = own_said.iter().filter(|said| SAID[said.what].3.is_some());
            let times = counts.map(|said| made_at(said.payment) + said.hours * HOUR_MS);
            let payments = made.iter().filter(own).filter(|payment| !is_blocked(**payment));
            let times: Vec<i64> = times.chain(payments.map(|payment| made_at(*payment))).collect();
            let seen = |time: Option<&i64>| time.copied().map(Timestamp::from_millis);
            prop_assert_eq!(view.first_seen(), seen(times.iter().min()));
            prop_assert_eq!(view.last_seen(), seen(times.iter().max()));
        }
    }
}
