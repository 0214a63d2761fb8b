//! Another master key: whenever the process or the machine stops, one of both opens everything.

use super::super::rekey::{NewMaster, Rekeyed, rekey};
use super::super::seal::NEXT_MASTER_KEY_FILE;
use super::super::storage::Disk;
use super::super::testing::copy;
use super::*;

/// The key is kept in the directory.
fn own(dir: &Path, disk: &TestDisk) -> LedgerConfig {
    LedgerConfig { master_key: None, ..config(dir, disk) }
}

/// A ledger of which one person was erased; what every entry says.
fn written() -> (tempfile::TempDir, Vec<Personal>) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(own(dir.path(), &TestDisk::default()));
    put_all(&ledger, 1..=30);
    ledger.erase(&[entry(1).subject.unwrap()].into()).unwrap();
    drop(ledger);
    let said = said(dir.path());
    assert!(said.contains(&Personal::Erased));
    (dir, said)
}

fn said(dir: &Path) -> Vec<Personal> {
    let entries = Reader::open(dir, None).unwrap().scan(None).unwrap();
    entries.map(|entry| entry.unwrap().personal().unwrap()).collect()
}

fn hash_of(dir: &Path) -> LookupHash {
    let reader = Reader::open(dir, None).unwrap();
    let tenant = TenantId::new("a").unwrap();
    reader.hasher().unwrap().lookup(&tenant, LookupField::Card, "card 1")
}

#[test]
fn one_of_both_keys_opens_everything_wherever_it_stops() {
    let (dir, expected) = written();
    let (hash, old) = (hash_of(dir.path()), fs::read(dir.path().join("master.key")).unwrap());
    let (mut stops, mut ends) = (0, [0, 0]);
    for (after, power) in (0..).flat_map(|after| [(after, false), (after, true)]) {
        let crashed = copy(dir.path());
        let (path, disk) = (crashed.path(), TestDisk::default());
        disk.stop_after(after);
        let done = rekey(path, NewMaster::default(), &disk, &mut |_, _| ());
        if power {
            disk.power_loss(|| after % 2 == 0);
        }
        assert_eq!(said(path), expected, "a reader, stopped after {after} ({power})");
        assert_eq!(hash_of(path), hash);
        let ledger = open(own(path, &TestDisk::default()));
        put(&ledger, 31);
        drop(ledger);
        assert!(!path.join(NEXT_MASTER_KEY_FILE).exists());
        assert!(!path.join("keys.new").exists(), "an erasure reaches every copy of a key");
        let mut more = expected.clone();
        more.push(Personal::Readable(entry(31).personal));
        assert_eq!(said(path), more, "stopped after {after} ({power})");
        assert_eq!(verify(path, None, &mut |_, _| ()).unwrap().finding, None);
        let is_new = fs::read(path.join("master.key")).unwrap() != old;
        ends[usize::from(is_new)] += 1;
        stops += 1;
        if done.is_ok_and(|rekeyed| rekeyed.wiped) && power {
            break;
        }
    }
    assert!(stops > 20 && ends[0] > 10 && ends[1] > 4, "{stops} {ends:?}");
}

#[test]
fn keys_are_counted_and_a_second_change_follows_the_first() {
    let (dir, expected) = written();
    let hash = hash_of(dir.path());
    for _ in 0..2 {
        let before = fs::read(dir.path().join("master.key")).unwrap();
        let rekeyed = rekey(dir.path(), NewMaster::default(), &Disk, &mut |_, _| ()).unwrap();
        assert_eq!(rekeyed, Rekeyed { keys: rekeyed.keys, lost: 0, wiped: true });
        assert!(rekeyed.keys >= 6, "{rekeyed:?}");
        assert_ne!(fs::read(dir.path().join("master.key")).unwrap(), before);
        assert_eq!((said(dir.path()), hash_of(dir.path())), (expected.clone(), hash));
        let old = unhex_key(&before);
        let error = Reader::open(dir.path(), Some(old)).err().unwrap();
        assert!(matches!(error, LedgerError::MasterKeyWrong { .. }), "{error}");
    }
}

fn unhex_key(text: &[u8]) -> MasterKey {
    let digits = std::str::from_utf8(text).unwrap().trim();
    let byte = |place: usize| u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).unwrap();
    MasterKey::from_bytes(std::array::from_fn(byte))
}

#[test]
fn keys_kept_elsewhere_are_given_and_nobody_holds_the_ledger() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(config(dir.path(), &TestDisk::default()));
    put_all(&ledger, 1..=9);
    let [old, new] = [[42; 32], [43; 32]].map(MasterKey::from_bytes);
    let change = |new: Option<&MasterKey>| {
        let keys = NewMaster { old: Some(old.clone()), new: new.cloned() };
        rekey(dir.path(), keys, &Disk, &mut |_, _| ())
    };
    assert!(matches!(change(Some(&new)), Err(LedgerError::Locked { .. })));
    drop(ledger);
    assert!(matches!(change(None), Err(LedgerError::NoNewMasterKey)));
    assert!(matches!(change(Some(&old)), Err(LedgerError::SameMasterKey)));
    assert!(change(Some(&new)).unwrap().keys > 0);
    assert!(matches!(change(Some(&new)), Err(LedgerError::MasterKeyWrong { .. })));
    assert!(!dir.path().join("master.key").exists());
    let ledger = LedgerConfig { master_key: Some(new), ..config(dir.path(), &TestDisk::default()) };
    let ledger = open(ledger);
    for (stored, n) in ledger.scan(None).unwrap().zip(1..) {
        assert!(same(&stored.unwrap(), &entry(n)), "{n}");
    }
}
