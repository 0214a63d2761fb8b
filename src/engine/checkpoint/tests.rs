//! A start from a checkpoint ends in the state of a start without one.

use super::file::{Kind, Writer};
use super::*;
use crate::decision::Policy;
use crate::domain::Timestamp;
use crate::engine::known::{ContentHash, IdHash, Known, KnownIds};
use crate::engine::open::Recovery;
use crate::engine::{Engine, ListEntry, ScoreRequest, Snapshot, Who};
use crate::ledger::testing::{self, Fault, TestDisk};
use crate::ledger::{AckPolicy, Disk, Ledger, LedgerConfig, MasterKey, Personal, Position};
use crate::lists::Lists;
use crate::reference::Reference;
use crate::rules::RuleSet;
use crate::simulate::{Campaigns, Config, Line, Simulation};
use crate::velocity::{EntityKey, EntityView};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::LazyLock;
use std::sync::atomic::AtomicUsize;

static TABLES: LazyLock<Arc<Reference>> = LazyLock::new(|| Arc::new(Reference::bundled().unwrap()));

fn snapshot() -> Snapshot {
    Snapshot::new(TABLES.clone(), RuleSet::builtin().unwrap(), None, Policy::default())
}

fn config(dir: &Path) -> LedgerConfig {
    LedgerConfig {
        durability: AckPolicy::Os,
        segment_bytes: 1 << 16,
        index_every: None,
        ..LedgerConfig::new(dir)
    }
}

fn open(dir: &Path, max_keys: usize) -> Engine {
    Engine::open(snapshot(), config(dir), Limits { max_keys, seed: 7 }, &mut |_| ()).unwrap()
}

/// A few months of commerce, attacks and all.
fn commerce(seed: u64, lines: usize) -> Vec<Line> {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    let world = Config {
        seed,
        start,
        days: 300,
        accounts: 12,
        attacks: Campaigns::ALL,
        attack_percent: 100,
    };
    Simulation::new(world).take(lines).collect()
}

fn feed(engine: &Engine, line: &Line) {
    let tenant = TenantId::default_tenant();
    let begun = match line {
        Line::Event(event) => engine.record_event(&tenant, event, None),
        Line::Transaction(transaction) => engine.begin(ScoreRequest {
            tenant,
            transaction: (**transaction).clone(),
            warnings: Vec::new(),
            received_at: None,
        }),
    };
    if let Some(settling) = begun.unwrap().settling {
        engine.settle_blocking(settling).unwrap();
    }
}

/// Everything an engine knows.
#[derive(Debug, PartialEq)]
struct State {
    windows: BTreeMap<(Entity, EntityKey), EntityView>,
    outcomes: Vec<String>,
    ids: BTreeMap<IdHash, (ContentHash, Position)>,
}

fn state(histories: &Histories, known: &KnownIds) -> State {
    let (sales, links) = (&histories.sales, &histories.links);
    let mut outcomes = Vec::new();
    sales.for_each_sale(&mut |id, fate| outcomes.push(format!("{id} {fate:?}")));
    sales.for_each_party(&mut |party, key, hours| {
        outcomes.push(format!("{party:?} {key} {hours:?}"));
    });
    links.for_each_node(&mut |party, key, ties| outcomes.push(format!("{party:?} {key} {ties:?}")));
    outcomes.sort_unstable();
    let mut ids = BTreeMap::new();
    ids.extend(
        known
            .parts(|id, known| match known {
                Known::Kept { content, position } => Some((*id, (*content, *position))),
                other => unreachable!("{other:?}"),
            })
            .flatten(),
    );
    State { windows: histories.windows.views(), outcomes, ids }
}

/// The state that a start recovers, how it went and how many records there are.
fn recovered(dir: &Path, max_keys: usize) -> (State, Start, u64) {
    let mut silent = |_| ();
    let mut recovery = Recovery::new(dir, Limits { max_keys, seed: 7 }, &mut silent);
    let ledger = Ledger::open_with(config(dir), &mut recovery).unwrap();
    let state = state(&recovery.histories, &recovery.known);
    (state, recovery.start, ledger.recovery().records)
}

/// Starts with the checkpoint that is there and without; returns how the first start went.
fn compared(dir: &Path, max_keys: usize) -> Start {
    let (with, start, records) = recovered(dir, max_keys);
    fs::remove_file(dir.join(CHECKPOINT_FILE)).unwrap();
    let (without, whole, all) = recovered(dir, max_keys);
    assert!(whole.after.is_none() && all == records);
    assert!(with == without, "{start:?}: {}", difference(&with, &without));
    start
}

fn difference(one: &State, other: &State) -> String {
    let outcomes = one.outcomes.iter().zip(&other.outcomes).find(|(one, other)| one != other);
    let windows = one.windows.iter().find(|(key, view)| other.windows.get(key) != Some(view));
    format!(
        "{} and {} ids, {outcomes:?}, {:?}",
        one.ids.len(),
        other.ids.len(),
        windows.map(|w| w.0)
    )
}

/// The checkpoint that an engine writes now, to the last byte what it knows; empty before the first entry.
fn saved(engine: &Engine, dir: &Path) -> Vec<u8> {
    match engine.save_checkpoint().unwrap() {
        Some(_) => fs::read(dir.join(CHECKPOINT_FILE)).unwrap(),
        None => Vec::new(),
    }
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Checkpoints made while three threads record: whatever was under way at the time, each with the rest
/// of the ledger is the whole.
#[test]
fn a_checkpoint_made_under_load_loses_and_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let lines = commerce(5, 600);
    let engine = open(dir.path(), 100_000);
    let mut kept = Vec::new();
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (engine, lines, done) = (&engine, &lines, &done);
            scope.spawn(move || {
                lines.iter().skip(thread).step_by(3).for_each(|line| feed(engine, line));
                done.fetch_add(1, Ordering::AcqRel);
            });
        }
        while done.load(Ordering::Acquire) < 3 {
            if engine.save_checkpoint().unwrap().is_some() {
                kept.push(fs::read(dir.path().join(CHECKPOINT_FILE)).unwrap());
            }
        }
    });
    drop(engine);
    assert!(kept.len() > 3, "{} checkpoints", kept.len());
    let step = kept.len().div_ceil(5);
    for bytes in kept.iter().step_by(step) {
        fs::write(dir.path().join(CHECKPOINT_FILE), bytes).unwrap();
        let start = compared(dir.path(), 100_000);
        assert!(start.after.is_some() && start.unusable.is_none(), "{start:?}");
    }
}

/// Random ends of the log, each with a random earlier checkpoint: the state is, to the last byte of the
/// next checkpoint, that of the engine when it had counted so much, which never stopped. Returns that
/// engine's stores, and how often a checkpoint was used, with entries behind it, and refused.
fn killed(max_keys: usize, times: usize) -> ([crate::velocity::Stats; 3], [usize; 3]) {
    let origin = tempfile::tempdir().unwrap();
    let engine = open(origin.path(), max_keys);
    let mut states = vec![saved(&engine, origin.path())];
    for line in &commerce(6, 100) {
        feed(&engine, line);
        states.push(saved(&engine, origin.path()));
    }
    let stats = [engine.windows().stats(), engine.sales().held_parties(), engine.links().held()];
    drop(engine);
    let kept: Vec<&Vec<u8>> = states.iter().skip(4).step_by(9).collect();
    let dir = tempfile::tempdir().unwrap();
    let (mut used, mut behind, mut refused) = (0, 0, 0);
    let mut random = proptest::test_runner::TestRng::from_seed(
        proptest::test_runner::RngAlgorithm::ChaCha,
        &[9; 32],
    );
    let mut draw = |below: usize| random.next_u32() as usize % below;
    for _ in 0..times {
        fs::remove_dir_all(dir.path()).unwrap();
        copy_dir(origin.path(), dir.path());
        let mut logs: Vec<_> =
            fs::read_dir(dir.path().join("ledger")).unwrap().map(|e| e.unwrap().path()).collect();
        logs.sort();
        let last = logs.drain(draw(logs.len())..).collect::<Vec<_>>();
        last.iter().skip(1).for_each(|log| fs::remove_file(log).unwrap());
        let log = fs::OpenOptions::new().write(true).open(&last[0]).unwrap();
        let length = usize::try_from(log.metadata().unwrap().len()).unwrap();
        log.set_len((64 + draw(length - 63)) as u64).unwrap();
        fs::write(dir.path().join(CHECKPOINT_FILE), kept[draw(kept.len())]).unwrap();
        let engine = open(dir.path(), max_keys);
        let start = engine.start().unwrap();
        let records = engine.ledger().unwrap().recovery().records;
        let counted = &states[usize::try_from(records).unwrap()];
        assert!(saved(&engine, dir.path()) == *counted, "{records} records: {start:?}");
        used += usize::from(start.after.is_some());
        behind += usize::from(start.after.is_some_and(|after| after < records));
        refused += usize::from(matches!(start.unusable, Some(Unusable::Ledger(_))));
        assert_eq!(start.after.is_none(), start.unusable.is_some(), "{start:?}");
    }
    (stats, [used, behind, refused])
}

#[test]
fn two_hundred_kills_leave_no_trace() {
    let (stores, [used, behind, refused]) = killed(10_000, 200);
    assert!(stores.iter().all(|store| store.evictions == 0), "{stores:?}");
    assert!(used > 30 && behind > 20 && refused > 20, "{used} {behind} {refused}");
}

/// Who is given up next depends on a draw and on what was given up before.
#[test]
fn nor_do_kills_while_stores_are_full() {
    let (stores, [used, behind, _]) = killed(120, 60);
    assert!(stores.iter().all(|store| store.evictions > 20), "{stores:?}");
    assert!(used > 10 && behind > 5, "{used} {behind}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Any history, any moment, stores full or not, and a state that comes from a checkpoint itself.
    #[test]
    fn a_checkpoint_and_the_rest_are_the_whole(
        seed in 0..1_000_u64,
        moments in proptest::collection::vec(0..120_usize, 1..4),
        max_keys in prop_oneof![Just(10_000), Just(200)],
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut engine = open(dir.path(), max_keys);
        for (number, line) in commerce(seed, 120).iter().enumerate() {
            feed(&engine, line);
            if moments.contains(&number) {
                engine.save_checkpoint().unwrap().unwrap();
                drop(engine);
                engine = open(dir.path(), max_keys);
                prop_assert!(engine.start().unwrap().after.is_some());
            }
        }
        drop(engine);
        let with = saved(&open(dir.path(), max_keys), dir.path());
        fs::remove_file(dir.path().join(CHECKPOINT_FILE)).unwrap();
        let whole = open(dir.path(), max_keys);
        prop_assert!(whole.start().unwrap().after.is_none());
        prop_assert!(saved(&whole, dir.path()) == with);
    }
}

/// The ledger is on disk as far as the checkpoint rests on it, whatever is acknowledged before.
#[test]
fn a_power_loss_leaves_no_checkpoint_ahead_of_the_ledger() {
    for durability in [AckPolicy::Os, AckPolicy::Async] {
        let (dir, disk) = (tempfile::tempdir().unwrap(), TestDisk::default());
        let listed = dir.path().join("lists");
        fs::create_dir(&listed).unwrap();
        fs::write(listed.join("mailboxes.txt"), "# type: email\n").unwrap();
        let open = || {
            let rules = RuleSet::builtin().unwrap();
            let questions = rules.list_questions();
            let kinds = questions.kinds();
            let lists = Lists::default().read(Some(&listed), &kinds, &|_| false).lists;
            let snapshot = snapshot().with_lists(Arc::new(lists));
            let config = LedgerConfig {
                durability,
                segment_bytes: 1 << 20,
                ..testing::config(dir.path(), &disk)
            };
            let limits = Limits { max_keys: 10_000, seed: 7 };
            Engine::open(snapshot, config, limits, &mut |_| ()).unwrap()
        };
        let engine = open();
        let (counted, lost) = (commerce(8, 60), commerce(9, 20));
        for line in &counted {
            feed(&engine, line);
        }
        let (tenant, at) = (TenantId::default_tenant(), Timestamp::from_millis(0));
        let blocked = ListEntry { value: "bad@example.com".to_owned(), expires: None };
        let act = ("mailboxes".to_owned(), blocked, "stolen cards".to_owned());
        engine.list_add(&tenant, &Who::new("ann").unwrap(), act, at).unwrap();
        let saved = engine.save_checkpoint().unwrap().unwrap();
        for line in &lost {
            feed(&engine, line);
        }
        drop(engine);
        disk.power_loss(|| false);
        let master = MasterKey::from_bytes([42; 32]);
        let report = crate::ledger::verify(dir.path(), Some(master), &mut |_, _| {}).unwrap();
        assert_eq!(report.finding, None);
        let engine = open();
        let start = engine.start().unwrap();
        assert_eq!((start.after, engine.known_ids()), (Some(saved.after), 60), "{start:?}");
        let sealed = engine.ledger().unwrap().scan(None).unwrap().map(Result::unwrap);
        let readable = sealed.filter(|entry| entry.personal().unwrap() != Personal::None).count();
        assert!(readable > 30, "{readable}");

        // A disk that could not do it: what it lost is not known.
        disk.set(Some(Fault::SyncFails));
        feed(&engine, &lost[0]);
        let error = engine.save_checkpoint().unwrap_err();
        assert!(matches!(error, CheckpointError::Disk(_)), "{error:?}");
        disk.set(None);
        assert!(matches!(engine.save_checkpoint(), Err(CheckpointError::Torn)));
    }
}

/// It holds the seed that decides who is given up, and one left half-written holds it too.
#[test]
fn a_checkpoint_is_its_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(CHECKPOINT_FILE);
    let left = path.with_extension("new");
    fs::write(&left, "half of one").unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o644)).unwrap();
    let engine = open(dir.path(), 10_000);
    feed(&engine, &commerce(7, 1)[0]);
    engine.save_checkpoint().unwrap().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!left.exists());
}

#[test]
fn what_is_wrong_with_a_checkpoint_is_named_and_the_ledger_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(CHECKPOINT_FILE);
    let engine = open(dir.path(), 10_000);
    assert_eq!(engine.save_checkpoint().unwrap(), None);
    for line in &commerce(7, 60) {
        feed(&engine, line);
    }
    engine.save_checkpoint().unwrap().unwrap();
    let keys = engine.ledger().unwrap().hasher().clone();
    drop(engine);
    let good = fs::read(&path).unwrap();
    let limits = Limits { max_keys: 10_000, seed: 1 };
    let loaded = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        load(dir.path(), &keys, limits).map(|loaded| loaded.is_some())
    };
    assert!(loaded(&good).unwrap());
    for at in (0..good.len()).filter(|at| *at < 160 || at % 293 == 0 || at + 60 > good.len()) {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(loaded(&bad).is_err(), "byte {at} of {}", good.len());
        assert!(loaded(&good[..at]).is_err(), "cut at {at}");
    }
    assert!(loaded(&[good.as_slice(), &[0]].concat()).is_err());

    let mut newer = good.clone();
    newer[8] += 1;
    assert!(matches!(loaded(&newer), Err(Unusable::Format { found: 3, known: 2 })));
    fs::write(&path, &good).unwrap();
    let more = Limits { max_keys: 20_000, seed: 7 };
    let error = load(dir.path(), &keys, more).err().unwrap();
    assert!(matches!(error, Unusable::Limits { found: 10_000, wanted: 20_000 }), "{error}");

    let other = tempfile::tempdir().unwrap();
    let engine = open(other.path(), 10_000);
    let foreign = engine.ledger().unwrap().hasher().clone();
    drop(engine);
    assert!(matches!(load(dir.path(), &foreign, limits), Err(Unusable::Key)));

    // Whole, and another build's.
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    let mut head = Head {
        owner: owner(&keys),
        shape: SHAPE,
        max_keys: 10_000,
        seed: 7,
        after: crate::ledger::Place {
            sequence: 1,
            position: Position { segment: 1, offset: 64 },
            hash: crate::ledger::ChainHash([0; 32]),
        },
        parts: [0; 3],
    };
    head.shape[2] += 1;
    let mut file = Writer::begin(storage.open(&path).unwrap(), &path).unwrap();
    file.block(Kind::Head, |out| head.put(out)).unwrap();
    file.sync().unwrap();
    assert!(matches!(load(dir.path(), &keys, limits), Err(Unusable::Shape)));
    let start = compared(dir.path(), 10_000);
    assert!(matches!(start, Start { after: None, unusable: Some(Unusable::Shape) }), "{start:?}");
}
