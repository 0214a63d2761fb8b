//! Whatever is changed, the check names it.

use super::*;
use crate::domain::{TenantId, Timestamp};
use crate::ledger::{EntryKind, Ledger, LedgerConfig, NewEntry, prove};

const EXHIBIT: &str = "EXHIBIT A: RECEIPT\n------\nA1 paid\n";

struct Made {
    _dir: tempfile::TempDir,
    manifest: String,
    proof: Proof,
    packet: String,
}

/// A ledger of five records, and a manifest of three of them.
fn made() -> Made {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(LedgerConfig::new(dir.path()), &mut |_| {}).unwrap();
    for n in 1..=5 {
        let time = Timestamp::from_millis(1_790_000_000_000 + n * 1000);
        let entry = NewEntry {
            tenant: TenantId::default_tenant(),
            kind: if n == 1 { EntryKind::Decision } else { EntryKind::Event },
            id: format!("ev {n}"),
            event_time: time,
            received_at: time,
            subject: None,
            open: b"{}".to_vec(),
            personal: Vec::new(),
            lookups: Vec::new(),
        };
        ledger.append(&entry).unwrap().wait().unwrap();
    }
    let last = ledger.scan(None).unwrap().nth(3).unwrap().unwrap().hash;
    drop(ledger);
    let key = SigningKey::open(dir.path()).unwrap();
    let text = format!(
        "vouch manifest 1\ndispute dp 1 stripe\nsale ev 1 1\nexhibit A {} 3\n\
         record A event ev 2 2\nrecord A event ev 4 4\nrecord A event gone -\n\
         log A {} 7\nchain 4 {last}\n",
        sha256_hex(EXHIBIT.as_bytes()),
        "0".repeat(64),
    );
    let signed = key.sign(text.as_bytes());
    let manifest = format!("{text}signature {} {}\n", signed.key, signed.signature);
    let wanted = Manifest::read(&manifest).unwrap().sequences();
    assert_eq!(wanted, BTreeSet::from([1, 2, 4]));
    let packet = format!("ANSWER\nsee EXHIBIT A\n\n{EXHIBIT}\nMANIFEST\n");
    let inclusions = prove(dir.path(), &key, &wanted).unwrap();
    let proof = Proof::sign(&key, &manifest, packet.as_bytes(), inclusions);
    Made { _dir: dir, manifest, proof, packet }
}

/// The first misfit of everything there is to check.
fn misfit(manifest: &str, proof: &Proof, packet: &str) -> Option<Misfit> {
    let check = || {
        let read = Manifest::read(manifest)?;
        read.has_exhibits(packet)?;
        proof.check(&read, manifest)?;
        proof.is_of_file(packet.as_bytes())
    };
    check().err()
}

#[test]
fn what_was_written_fits() {
    let Made { manifest, proof, packet, .. } = &made();
    assert_eq!(misfit(manifest, proof, packet), None);
    let json = serde_json::to_string(proof).unwrap();
    assert_eq!(serde_json::from_str::<Proof>(&json).unwrap(), *proof);
    let read = Manifest::read(manifest).unwrap();
    assert_eq!((read.exhibits(), read.records[0].id, read.records[3].sequence), (1, "ev 1", None));
    assert_eq!(read.is_signed_by(&read.signed.key.to_uppercase()), Ok(()));
    assert!(matches!(read.is_signed_by("00"), Err(Misfit::Key { .. })));
}

#[test]
fn the_first_thing_that_does_not_fit_is_named() {
    let Made { manifest, proof, packet, .. } = &made();
    let changed = |from: &str, to: &str| {
        assert!(manifest.contains(from), "{from}");
        misfit(&manifest.replacen(from, to, 1), proof, packet)
    };
    assert_eq!(changed("manifest 1", "manifest 2"), Some(Misfit::Form { line: 1 }));
    assert_eq!(changed("record A event ev 2 2", "record A event"), Some(Misfit::Form { line: 5 }));
    assert_eq!(changed("record A event ev 2 2", "record A event ev 3 2"), Some(Misfit::Signature));
    assert_eq!(misfit("", proof, packet), Some(Misfit::Form { line: 1 }));
    let exhibit = Some(Misfit::Exhibit { exhibit: "A".to_owned() });
    assert_eq!(misfit(manifest, proof, &packet.replace("paid", "owed")), exhibit);
    assert_eq!(misfit(manifest, proof, &packet.replace("ANSWER", "Answer")), Some(Misfit::File));
    let with = |change: &dyn Fn(&mut Proof)| {
        let mut proof = proof.clone();
        change(&mut proof);
        misfit(manifest, &proof, packet)
    };
    assert_eq!(with(&|p| p.format = 2), Some(Misfit::Format { found: 2 }));
    assert_eq!(with(&|p| p.file_sha256 = "00".to_owned()), Some(Misfit::Proof));
    let root = with(&|p| p.inclusions[0].root.last += 1);
    assert!(matches!(root, Some(Misfit::Root { first: 1, last: 5, .. })), "{root:?}");
    let hash = |p: &mut Proof| p.inclusions[0].records[1].hash = "00".repeat(32);
    assert_eq!(with(&hash), Some(Misfit::Record { sequence: 2 }));
    let gone = |p: &mut Proof| drop(p.inclusions[0].records.remove(1));
    assert_eq!(with(&gone), Some(Misfit::Unproven { sequence: 2, id: "ev 2".to_owned() }));
}

#[test]
fn a_stranger_can_sign_a_packet_of_his_own_only() {
    let Made { manifest, proof, packet, .. } = &made();
    let key = SigningKey::from_bytes([9; 32]);
    let (text, _) = manifest.split_at(manifest.rfind("signature").unwrap());
    let sign = |text: &str| {
        let signed = key.sign(text.as_bytes());
        format!("{text}signature {} {}\n", signed.key, signed.signature)
    };
    let forged = sign(text);
    assert_eq!(misfit(&forged, proof, packet), Some(Misfit::Proof));
    let own = Proof::sign(&key, &forged, packet.as_bytes(), proof.inclusions.clone());
    assert!(matches!(misfit(&forged, &own, packet), Some(Misfit::Root { .. })));
    let fewer = sign(&text.replace("exhibit A", "exhibit B"));
    assert_eq!(misfit(&fewer, proof, packet), Some(Misfit::Records { exhibit: "B".to_owned() }));
}
