//! Whatever comes, in whatever order and over whatever disk: history is what a slow recount of the
//! ledger makes of it, before a restart and after, from a checkpoint or not.
//!
//! The recount knows no keys, occurrences or stores. It reads what the ledger's reader gives back,
//! applies the rules as `engine::counted` and `velocity` state them to the words in it, and is asked
//! for every field whose name it understands.

#![expect(clippy::cast_precision_loss, reason = "hours of a few months, few sales, small amounts")]

mod links;
mod script;

use super::*;
use crate::domain::{DAY_MS, HOUR_MS, LabelClass, MINUTE_MS, Timestamp, TransactionKind};
use crate::engine::{read_decision, read_event};
use crate::features::{FieldId, Record};
use crate::ledger::AckPolicy;
use crate::ledger::testing::{Fault, TestDisk, config};
use proptest::prelude::*;
use script::{Step, lines, script, transaction};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

const FLAGS: &str = r#"
[group]
owner = "tests"

[[rule]]
id = "blocked"
action = "block"
reason = "BLOCKED"
text = "The script says so."
when = "custom.block"

[[rule]]
id = "challenged"
action = "challenge"
challenge = "three_ds"
reason = "CHALLENGED"
text = "The script says so."
when = "custom.challenge"
"#;

/// 2026-03-01T00:00:00Z
const START: i64 = 1_772_323_200_000;

/// What ties accounts together here.
const TIES: [&str; 4] = ["card", "email", "device", "licence"];

/// Who or what took part, by kind.
type Names = BTreeMap<&'static str, String>;

/// Something that counts.
struct Fact {
    who: Names,
    at: i64,
    what: &'static str,
    /// Euro cents of a payment that asks for any.
    cents: Option<i64>,
}

impl Fact {
    fn new(who: Names, at: i64, what: &'static str) -> Self {
        Self { who, at, what, cents: None }
    }
}

/// What a field is asked about.
struct Asked {
    who: Names,
    at: i64,
    cents: Option<i64>,
}

/// Something told of a sale.
struct Told {
    who: Names,
    sale: Names,
    sold_at: i64,
    at: i64,
    what: &'static str,
}

/// What a recount knows of a decision.
struct Bought {
    who: Names,
    at: i64,
    kind: TransactionKind,
    cents: Option<i64>,
}

#[derive(Default)]
struct Recount {
    sales: BTreeMap<String, Bought>,
    facts: Vec<Fact>,
    told: Vec<Told>,
}

/// Slots of a window, each a 24th: the reading's own and the 23 before.
fn holds(minutes: i64, now: i64, at: i64) -> bool {
    let slot = |time: i64| time / (minutes * MINUTE_MS / 24);
    at <= now && slot(at) > slot(now) - 24
}

fn window(name: &str) -> Option<i64> {
    Some(match name {
        "1m" => 1,
        "1h" => 60,
        "1d" => 1_440,
        "7d" => 7 * 1_440,
        "30d" => 30 * 1_440,
        "90d" => 90 * 1_440,
        _ => return None,
    })
}

fn word(json: &Json, pointer: &str) -> Option<String> {
    json.pointer(pointer).and_then(Json::as_str).map(str::to_owned)
}

fn names(given: &[(&'static str, Option<String>)]) -> Names {
    given.iter().filter_map(|(kind, name)| Some((*kind, name.clone()?))).collect()
}

fn only(who: &Names, kinds: &[&str]) -> Names {
    who.iter().filter(|(kind, _)| kinds.contains(*kind)).map(|(k, n)| (*k, n.clone())).collect()
}

/// Euro cents of a transaction.
fn cents(tx: &Json) -> Option<i64> {
    let value = word(tx, "/amount/value")?;
    value.replace('.', "").parse().ok()
}

/// The names in a transaction. A token of a wallet is the payer it attests.
fn buyer(tx: &Json) -> Names {
    let wallet = word(tx, "/payment/attested_payer");
    let card = word(tx, "/card/fingerprint");
    names(&[
        ("card", card.map(|card| wallet.clone().unwrap_or(card))),
        ("email", word(tx, "/account/email")),
        ("ip", word(tx, "/device/ip")),
        ("device", word(tx, "/device/device_id")),
        ("account", word(tx, "/account/id")),
        ("bin", word(tx, "/card/bin")),
        ("seller", word(tx, "/seller_id")),
        ("sku", word(tx, "/items/0/sku")),
        ("wallet", wallet),
        ("invoice", word(tx, "/payment/invoice_id")),
        ("licence", word(tx, "/fulfilment/licence_key")),
    ])
}

/// Whose history what belongs to.
fn sees(who: &str, what: &str) -> bool {
    let of_all = ["tx", "approved", "declined"];
    let more: &[&str] = match who {
        "card" => &["trial", "refund", "dispute", "warning", "challenge"],
        "email" => &["trial", "sign_up", "refund", "dispute", "warning"],
        "ip" => &["trial", "sign_up"],
        "device" => &["trial", "sign_up", "refund", "dispute", "warning", "login"],
        "account" => &[
            "trial",
            "sign_up",
            "refund",
            "dispute",
            "warning",
            "login",
            "challenge",
            "activation",
        ],
        "sku" => return what == "tx",
        "licence" => return what == "activation",
        "wallet" => &["trial", "refund", "dispute"],
        "bin" => &["dispute"],
        "seller" => &["refund", "dispute"],
        _ => return false,
    };
    of_all.contains(&what) || more.contains(&what)
}

impl Recount {
    fn of(dir: &Path) -> Self {
        let mut recount = Self::default();
        let master = crate::ledger::MasterKey::from_bytes([42; 32]);
        for entry in Reader::open(dir, Some(master)).unwrap().scan(None).unwrap() {
            let entry = entry.unwrap();
            if entry.kind == crate::ledger::EntryKind::Decision {
                let stored = read_decision(&entry).unwrap();
                recount.bought(&stored.transaction.unwrap(), stored.decision.action);
            } else {
                recount.said(&read_event(&entry).unwrap().unwrap());
            }
        }
        recount
    }

    fn bought(&mut self, tx: &Transaction, action: Action) {
        use TransactionKind as K;
        let json = serde_json::to_value(tx).unwrap();
        let (who, at, cents) = (buyer(&json), tx.event_time.millis(), cents(&json));
        let id = tx.transaction_id.to_string();
        self.sales.insert(id.clone(), Bought { who: who.clone(), at, kind: tx.kind, cents });
        let what = match tx.kind {
            _ if action == Action::Decline => "blocked",
            K::SignUp => "sign_up",
            K::TrialStart => "trial",
            K::Purchase | K::CardSetup | K::Renewal | K::TopUp | K::PlanChange => "tx",
            _ => return,
        };
        if what == "trial" && action == Action::Approve {
            self.tell(&id, "began", at);
        }
        if !["tx", "trial"].contains(&what) || !self.was_tried(&who, what, at) {
            let cents = cents.filter(|cents| *cents > 0);
            self.facts.push(Fact { cents, ..Fact::new(who, at, what) });
        }
    }

    fn was_tried(&self, who: &Names, what: &str, at: i64) -> bool {
        let bill =
            |who: &Names| only(who, &["invoice", "seller", "card", "wallet", "account", "email"]);
        let same =
            |fact: &&Fact| ["tx", "trial"].contains(&fact.what) && bill(&fact.who) == bill(who);
        let tried: Vec<&Fact> = self.facts.iter().filter(same).collect();
        let now = tried.iter().map(|fact| fact.at).fold(at, i64::max);
        let is_one = |fact: &&Fact| fact.what == what && holds(90 * 1_440, now, fact.at);
        who.contains_key("invoice") && tried.into_iter().any(|fact| is_one(&fact))
    }

    fn said(&mut self, event: &Event) {
        use EventKind as K;
        let at = event.event_time.millis();
        let sale = event.transaction_id.as_ref().map(ToString::to_string);
        let sale = sale.filter(|id| self.sales.contains_key(id));
        let account = event.account_id.as_ref().map(ToString::to_string);
        let outcome = event.data.outcome;
        let (what, told) = match event.kind {
            K::SessionLogin => {
                let device = event.device_id.as_ref().map(ToString::to_string);
                let who = names(&[("account", account), ("device", device)]);
                return self.facts.push(Fact::new(who, at, "login"));
            }
            K::LicenceActivated => {
                let device = event.device_id.as_ref().map(ToString::to_string);
                let licence = event.licence_key.as_ref().map(ToString::to_string);
                let who = names(&[("account", account), ("device", device), ("licence", licence)]);
                return self.facts.push(Fact::new(who, at, "activation"));
            }
            K::Capture => (None, Some("settled")),
            K::DisputeUpdated | K::DisputeClosed => {
                let status = event.data.status.as_ref().map(|status| status.as_str());
                (None, status.and_then(|status| ["won", "lost"].into_iter().find(|s| *s == status)))
            }
            K::AuthResult => match outcome {
                Some(Outcome::Approved) => (Some("approved"), Some("settled")),
                Some(Outcome::Declined) => (Some("declined"), None),
                _ => (None, None),
            },
            K::ChallengeResult if outcome == Some(Outcome::Passed) => {
                (Some("challenge"), Some("began"))
            }
            K::ChallengeResult => (Some("challenge"), None),
            K::Refund => (Some("refund"), Some("refunded")),
            K::FraudWarning => (Some("warning"), Some("warned")),
            K::DisputeCreated => (Some("dispute"), Some("disputed")),
            K::Label => (
                None,
                event.data.label.map(|label| match label {
                    LabelClass::StolenInstrument | LabelClass::AccountTakeover => "fraud",
                    LabelClass::FirstPartyMisuse => "misuse",
                    LabelClass::ServiceDispute => "service",
                    LabelClass::OurError | LabelClass::Legitimate => "good",
                }),
            ),
            _ => unreachable!("{event:?}"),
        };
        let Some(id) = sale else {
            // An issuer's answer to nobody's payment says nothing.
            let who = names(&[("account", account)]);
            let counts = what.filter(|what| !["approved", "declined"].contains(what));
            return self.facts.extend(counts.map(|what| Fact::new(who, at, what)));
        };
        let who = self.sales[&id].who.clone();
        self.facts.extend(what.map(|what| Fact::new(who, at, what)));
        if let Some(told) = told {
            self.tell(&id, told, at);
        }
    }

    fn tell(&mut self, id: &str, told: &'static str, at: i64) {
        use TransactionKind as K;
        let Bought { who, at: sold_at, kind, cents } = &self.sales[id];
        let is_trial = *kind == K::TrialStart;
        let is_sale = [K::Purchase, K::Renewal, K::PlanChange, K::TopUp].contains(kind);
        let is_charged = is_sale && *cents != Some(0);
        let what = match told {
            "settled" if is_trial => "began",
            "settled" if !is_charged => return,
            "began" if !is_trial => return,
            told => told,
        };
        let parties = ["account", "card", "email", "device", "bin", "sku", "seller"];
        let sale = match who.get("invoice") {
            Some(_) => only(who, &[&parties[..], &["invoice"]].concat()),
            None => names(&[("sale", Some(id.to_owned()))]),
        };
        let (who, sold_at) = (who.clone(), *sold_at);
        self.told.push(Told { who, sale, sold_at, at, what });
    }

    /// What a field says of `asked` at a moment; `None` where its name is not understood.
    fn field(&self, name: &str, asked: &Asked) -> Option<Json> {
        if let Some(what) = name.strip_prefix("links.") {
            let is_node = asked.who.keys().any(|kind| *kind == "account" || TIES.contains(kind));
            let found = self.around(&asked.who, asked.at, what)?;
            return Some(if is_node { found } else { Json::Null });
        }
        if name == "trial.used" {
            let own = only(&asked.who, &["card", "email", "device"]);
            let began = self.told.iter().filter(|told| told.what == "began");
            let is_used =
                began.flat_map(|told| &told.who).any(|(k, name)| own.get(k) == Some(name));
            return Some((!own.is_empty()).then_some(is_used).into());
        }
        let kinds = [
            "card", "email", "ip", "device", "account", "wallet", "bin", "seller", "sku", "licence",
        ];
        let who = kinds.into_iter().find(|who| {
            name.starts_with(&format!("{who}_")) || name.starts_with(&format!("{who}."))
        })?;
        let rest = &name[who.len() + 1..];
        let Some(own) = asked.who.get(who) else {
            return self.history(who, "", rest, asked).map(|_| Json::Null);
        };
        self.history(who, own, rest, asked)
    }

    fn history(&self, who: &'static str, own: &str, rest: &str, asked: &Asked) -> Option<Json> {
        let at = asked.at;
        let is_own = |names: &Names| names.get(who).is_some_and(|name| name == own);
        if let Some(rest) = rest.strip_prefix("known_") {
            return self.known(&is_own, rest, at);
        }
        let blocks = rest.starts_with("blocked_count_");
        let counts = |fact: &&Fact| {
            is_own(&fact.who) && if blocks { fact.what == "blocked" } else { sees(who, fact.what) }
        };
        let facts: Vec<&Fact> = self.facts.iter().filter(counts).collect();
        let times = || facts.iter().map(|fact| fact.at);
        let since = |time: Option<i64>| time.map(|time| (at - time) as f64 / HOUR_MS as f64);
        let ever = |what: &str| json!(facts.iter().filter(|fact| fact.what == what).count());
        match rest {
            "first_seen_h" => return Some(json!(since(times().min()))),
            "last_seen_h" => return Some(json!(since(times().max()))),
            "refunds" => return Some(ever("refund")),
            "disputes" => return Some(ever("dispute")),
            "warnings" => return Some(ever("warning")),
            "trials" => return Some(ever("trial")),
            _ => {}
        }
        let now = times().fold(at, i64::max);
        let (what, span) = rest.rsplit_once('_')?;
        let span = window(span)?;
        let held = facts.iter().filter(|fact| holds(span, now, fact.at));
        let priced = || held.clone().filter(|fact| fact.what == "tx").filter_map(|fact| fact.cents);
        let over =
            |whole: f64| asked.cents.filter(|_| whole > 0.0).map(|cents| cents as f64 / whole);
        let sum = priced().sum::<i64>() as f64;
        match what {
            "amount_eur_sum" => return Some(json!(sum / 100.0)),
            "priced_count" => return Some(json!(priced().count())),
            "amount_mean_ratio" => return Some(json!(over(sum / priced().count().max(1) as f64))),
            "amount_max_ratio" => return Some(json!(over(priced().max().unwrap_or(0) as f64))),
            _ => {}
        }
        if let Some(what) = what.strip_suffix("_count") {
            let known = [
                "tx",
                "approved",
                "declined",
                "refund",
                "dispute",
                "trial",
                "blocked",
                "activation",
            ];
            let count = held.filter(|fact| fact.what == what).count();
            return known.contains(&what).then(|| json!(count));
        }
        let other = what.strip_prefix("distinct_")?.strip_suffix('s')?;
        let together = ["tx", "approved", "declined", "trial", "sign_up"];
        let others = held.filter(|fact| together.contains(&fact.what));
        let others: BTreeSet<_> = others.filter_map(|fact| fact.who.get(other)).collect();
        let people = ["card", "email", "ip", "device", "account"];
        people.contains(&other).then(|| json!(others.len()))
    }

    /// Sales known to have ended so, by the time of the sale, a week ago and before.
    fn known(&self, is_own: &dyn Fn(&Names) -> bool, rest: &str, at: i64) -> Option<Json> {
        let (what, span) = rest.rsplit_once('_')?;
        let hours = window(span)? / 60;
        let (what, is_share) = match (what.strip_suffix("_count"), what.strip_suffix("_share")) {
            (Some(what), _) => (what, false),
            (_, Some(what)) => (what, true),
            _ => return None,
        };
        let mut sales: BTreeMap<&Names, Vec<&Told>> = BTreeMap::new();
        let tellings = self.told.iter().filter(|told| is_own(&told.who) && told.what != "began");
        let mut now = at / HOUR_MS;
        for told in tellings {
            now = now.max(told.at / HOUR_MS);
            sales.entry(&told.sale).or_default().push(told);
        }
        let (mut sold, mut ended) = (0, 0);
        for tellings in sales.into_values() {
            let made = tellings.iter().map(|told| told.sold_at / HOUR_MS).min().unwrap();
            if (0..hours).contains(&(now - 7 * 24 - made - 1)) {
                let (was_sold, ended_so) = ending(&tellings, what)?;
                sold += usize::from(was_sold);
                ended += usize::from(ended_so);
            }
        }
        ending(&[], what)?;
        Some(match (sold, is_share) {
            (0, _) => Json::Null,
            (_, true) => json!(ended as f64 / sold as f64),
            (_, false) => json!(ended),
        })
    }
}

/// Whether a sale was made, and ended so; `None` for an end nobody knows.
fn ending(tellings: &[&Told], what: &str) -> Option<(bool, bool)> {
    let was = |what: &str| tellings.iter().any(|told| told.what == what);
    let order = ["fraud", "misuse", "service", "good"];
    let rank = |told: &&&Told| order.iter().position(|label| *label == told.what);
    let labels = tellings.iter().filter(|told| order.contains(&told.what));
    let label = labels.max_by_key(|told| (told.at / 1_000, rank(told))).map(|told| told.what);
    let bad = was("refunded") || was("warned") || was("disputed") || was("lost");
    let sold = was("settled") || was("won") || bad || label.is_some_and(|label| label != "good");
    let ended = match what {
        "fraud" => label == Some("fraud") || label.is_none() && was("warned"),
        "warning" => was("warned"),
        "dispute" => was("disputed"),
        "refund" => was("refunded"),
        "won" => was("won"),
        "lost" => was("lost"),
        "misuse" => label == Some("misuse"),
        "service" => label == Some("service"),
        _ => return None,
    };
    Some((sold, ended))
}

fn open(dir: &Path, disk: &TestDisk) -> Engine {
    let rules = RuleSet::from_sources(&[Source::new("test.toml", FLAGS)]).unwrap();
    let snapshot = Snapshot::new(tables(), rules, None, Policy::default());
    let config =
        LedgerConfig { durability: AckPolicy::Os, segment_bytes: 1 << 16, ..config(dir, disk) };
    Engine::open(snapshot, config, limits(), &mut |_| ()).unwrap()
}

/// Sends a line; whether it was kept.
fn send(engine: &Engine, line: &Json) -> bool {
    let begun = if line.get("event_id").is_some() {
        let event: Event = serde_json::from_value(line.clone()).unwrap();
        engine.record_event(&tenant(), &event, None)
    } else {
        engine.begin(request(serde_json::from_value(line.clone()).unwrap()))
    };
    begun.unwrap().settling.is_none_or(|settling| engine.settle_blocking(settling).is_ok())
}

/// Where the engine and the recount differ, and how many fields were held against each other.
fn compare(engine: &Engine, recount: &Recount, asked: &[(Json, i64)]) -> Result<usize, String> {
    let mut compared = 0;
    for (line, minutes) in asked {
        let mut line = line.clone();
        line["type"] = json!("purchase");
        let (line, _) = lines(&[(Step::Line(line, *minutes), None)]).remove(0);
        let tx: Transaction = serde_json::from_value(line.clone()).unwrap();
        let record: Record = engine.preview(&tenant(), &tx);
        let json = serde_json::to_value(&tx).unwrap();
        let (who, at, cents) = (buyer(&json), tx.event_time.millis(), cents(&json));
        let asked = Asked { who, at, cents };
        for field in FIELDS {
            let Some(expected) = recount.field(field.name, &asked) else {
                continue;
            };
            let found =
                serde_json::to_value(record.get(FieldId::by_name(field.name).unwrap())).unwrap();
            // An amount is written as a word.
            let number = |json: &Json| json.as_f64().or_else(|| json.as_str()?.parse().ok());
            let same = match (number(&found), number(&expected)) {
                (Some(found), Some(expected)) => (found - expected).abs() < 1e-3,
                _ => found == expected,
            };
            if !same {
                return Err(format!("{}: {found}, recounted {expected}, asked {line}", field.name));
            }
            compared += 1;
        }
    }
    Ok(compared)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn history_is_what_the_ledger_recounts(
        script in script(),
        asked in prop::collection::vec((transaction(), 0..150 * 1_440_i64), 3),
        checkpoint in 0..60_usize,
    ) {
        let (dir, disk) = (tempfile::tempdir().unwrap(), TestDisk::default());
        let engine = open(dir.path(), &disk);
        let mut lost = false;
        for (number, (line, fails)) in lines(&script).iter().enumerate() {
            if fails.is_some() {
                disk.set(Some(Fault::Full));
                lost |= !send(&engine, line) && *fails == Some(false);
                disk.set(None);
                super::faults::until_healthy(&engine);
            }
            if *fails != Some(false) {
                prop_assert!(send(&engine, line));
            }
            if number == checkpoint {
                let _ = engine.save_checkpoint(); // none once the disk has failed
            }
        }
        let recount = Recount::of(dir.path());
        if !lost {
            let compared = compare(&engine, &recount, &asked);
            prop_assert!(compared.as_ref().is_ok_and(|fields| *fields > 300), "{compared:?}");
        }
        drop(engine);
        for from_checkpoint in [true, false] {
            let engine = open(dir.path(), &disk);
            let compared = compare(&engine, &recount, &asked);
            prop_assert!(compared.is_ok(), "from a checkpoint {from_checkpoint}: {compared:?}");
            drop(engine);
            let _ = std::fs::remove_file(dir.path().join(crate::engine::CHECKPOINT_FILE));
        }
    }
}
