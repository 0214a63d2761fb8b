//! Declines that pass: none by default, never one by a hard block, said in the answer and made again byte
//! for byte.

use super::*;
use crate::decision::PassThrough;
use crate::domain::{Action, Decision, Delivery, HeldBack};

const BLOCKS: &str = "[[rule]]\nid = \"large\"\naction = \"block\"\nguard = false\nreason = \"LARGE\"\n\
                      text = \"Large.\"\nwhen = \"amount_eur > 1\"\n";
const HARD: &str = "[[rule]]\nid = \"never\"\naction = \"hard_block\"\nreason = \"NEVER\"\n\
                    text = \"Never.\"\nwhen = \"amount_eur > 1\"\n";

fn snapshot(rules: &str, pass_through: Option<PassThrough>) -> Snapshot {
    let rules = RuleSet::from_sources(&[Source::new("test.toml", rules)]).unwrap();
    Snapshot::new(tables(), rules, None, Policy { pass_through, ..Policy::default() })
}

fn decided(engine: &Engine) -> Vec<Decision> {
    (0..200).map(|n| score(engine, purchase(&format!("tx-{n}"), n % 60))).collect()
}

const PASS: PassThrough = PassThrough { one_in: 10, seed: 3 };

#[test]
fn a_few_declines_pass_and_say_so_and_replay() {
    let dir = tempfile::tempdir().unwrap();
    let config = LedgerConfig::new(dir.path());
    let engine = Engine::open(snapshot(BLOCKS, Some(PASS)), config, limits(), &mut |_| ()).unwrap();
    let found = decided(&engine);
    drop(engine);
    let passed: Vec<_> = found.iter().filter(|one| one.action == Action::Approve).collect();
    assert!((8..=34).contains(&passed.len()), "{} of 200 at 1 in 10", passed.len());
    for one in &passed {
        let spared = one.spared.as_ref().unwrap();
        assert_eq!((spared.would_be, spared.guard), (Action::Decline, HeldBack::PassThrough));
        assert_eq!((spared.one_in, spared.by.as_slice()), (Some(10), &["large".to_owned()][..]));
        assert_eq!(one.rules[0].held_back, Some(HeldBack::PassThrough));
        assert_eq!((one.delivery, &one.customer_text), (Delivery::Now, &None));
        assert!(PASS.takes("default", one.transaction_id.as_str()));
    }
    let artefacts = Artefacts::new(dir.path());
    let reader = Reader::open(dir.path(), None).unwrap();
    let mut replayed = 0;
    for entry in reader.scan(None).unwrap() {
        let stored = read_decision(&entry.unwrap()).unwrap();
        let kept = artefacts.snapshot(&stored.decision.versions, tables()).unwrap();
        assert!(matches!(replay(&stored, &kept), Replay::Same(_)));
        replayed += 1;
    }
    assert_eq!(replayed, found.len());
}

#[test]
fn none_passes_by_default_or_a_hard_block() {
    for (rules, pass) in [(BLOCKS.to_owned(), None), (format!("{BLOCKS}{HARD}"), Some(PASS))] {
        let engine = Engine::in_memory(snapshot(&rules, pass), limits());
        for one in decided(&engine) {
            assert_eq!((one.action, one.spared), (Action::Decline, None));
        }
    }
}

#[test]
fn the_share_is_small_and_the_digest_of_a_policy_without_it_stays() {
    for (one_in, sound) in [(9, false), (10, true), (1_000_000, true), (1_000_001, false)] {
        let pass_through = Some(PassThrough { one_in, seed: 0 });
        let policy = Policy { pass_through, ..Policy::default() };
        assert_eq!(policy.check().is_ok(), sound, "{one_in}");
    }
    let json = serde_json::to_string(&Policy::default()).unwrap();
    assert!(!json.contains("pass_through"), "{json}");
}
