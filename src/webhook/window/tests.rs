//! What is sent again, and when.

use super::super::message::Kind;
use super::*;
use crate::ledger::{ChainHash, Position};

const PATIENCE: Patience =
    Patience { attempts: 4, backoff_ms: 1_000, max_backoff_ms: 60_000, seed: 7 };

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn place(sequence: u64) -> Place {
    let position = Position { segment: 1, offset: u32::try_from(sequence).unwrap() };
    Place { sequence, position, hash: ChainHash([0; 32]) }
}

fn message(sequence: u64, subject: &str) -> Message {
    let kind = Kind::DecisionChanged;
    let (id, subject) = (format!("m{sequence}"), subject.to_owned());
    Message { id, kind, sequence, subject, body: Vec::new() }
}

/// A window over `a a b`, whose last entry says nothing.
fn window() -> Window {
    let mut window = Window::new(PATIENCE, 8, None);
    for (sequence, subject) in [(1, "a"), (2, "a"), (3, "b")] {
        window.take(place(sequence), vec![message(sequence, subject)]);
    }
    window.take(place(4), Vec::new());
    window
}

fn next(window: &mut Window, ms: i64) -> Option<String> {
    window.next(at(ms)).map(|message| message.id)
}

#[test]
fn one_subject_waits_and_another_does_not() {
    let mut w = window();
    assert_eq!(next(&mut w, 0).as_deref(), Some("m1"));
    assert_eq!(next(&mut w, 0).as_deref(), Some("m3"), "m2 is of the subject under way");
    assert_eq!(next(&mut w, 0), None);
    assert_eq!(w.failed("m1", at(0), None), Tried::Later);
    assert_eq!(next(&mut w, 100), None, "neither m1 before its time nor m2 before m1");
    w.done("m3");
    assert_eq!(w.cursor(), (None, vec!["m3".to_owned()]), "from the begin, m3 known");
    assert_eq!(next(&mut w, 1_000).as_deref(), Some("m1"));
    w.done("m1");
    assert_eq!(w.cursor(), (Some(place(1)), vec!["m3".to_owned()]));
    assert_eq!(next(&mut w, 1_000).as_deref(), Some("m2"));
    w.done("m2");
    assert_eq!((w.cursor(), w.pending()), ((Some(place(4)), vec![]), 0));
}

#[test]
fn waits_double_within_limits_and_end() {
    let mut w = window();
    let (mut now, mut waits) = (0, Vec::new());
    loop {
        assert_eq!(next(&mut w, now).as_deref(), Some("m1"));
        if let Tried::GivenUp { tries } = w.failed("m1", at(now), None) {
            assert_eq!(tries, PATIENCE.attempts);
            break;
        }
        w.waiting[2].state = State::Done;
        let began = now;
        while w.waiting[0].not_before > now {
            now += 1;
        }
        waits.push(now - began);
    }
    for (wait, whole) in waits.iter().zip([1_000, 2_000, 4_000]) {
        assert!((whole / 2..=whole).contains(wait), "{waits:?}");
    }
    assert_eq!(PATIENCE.wait_ms("m1", 99).clamp(30_000, 60_000), PATIENCE.wait_ms("m1", 99));
    let other = Patience { seed: 8, ..PATIENCE };
    assert_ne!(PATIENCE.wait_ms("m1", 1), other.wait_ms("m1", 1), "the seed counts");
    assert_ne!(PATIENCE.wait_ms("m1", 1), PATIENCE.wait_ms("m2", 1), "not all at once");
    assert_eq!(next(&mut w, i64::MAX), None, "given up, and not yet written down");
    w.done("m1");
    assert_eq!(next(&mut w, now).as_deref(), Some("m2"), "the next of the subject goes on");
}

#[test]
fn a_receiver_may_ask_for_more_time_within_limits() {
    for (asked, least, most) in
        [(None, 0, 1_000), (Some(30_000), 30_000, 30_000), (Some(900_000), 60_000, 60_000)]
    {
        let mut w = window();
        next(&mut w, 0);
        w.failed("m1", at(0), asked);
        assert!((least..=most).contains(&w.waiting[0].not_before), "{asked:?}");
    }
}

#[test]
fn what_is_in_memory_has_an_end() {
    let mut w = Window::new(PATIENCE, 2, Some(place(9)));
    assert_eq!(
        (w.read(), w.has_room(), w.cursor()),
        (Some(place(9)), true, (Some(place(9)), vec![]))
    );
    w.take(place(10), vec![message(10, "a"), message(11, "a")]);
    assert!(!w.has_room());
    w.done("m10");
    assert_eq!((w.room(), w.cursor()), (1, (Some(place(9)), vec![])));
}
