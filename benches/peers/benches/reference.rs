//! Our tables beside the crates that answer the same questions, on the same input.
//!
//! Not the same answers: each crate knows some things our tables do not (whether a phone number can
//! exist, names of countries in full) and the other way round. What is timed is the one fact a
//! decision needs.

use criterion::Criterion;
use std::hint::black_box;
use vouch::reference::{EmailClass, Reference, agent};

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
                       (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const PHONE: &str = "+442071838750";
const THROWN_AWAY: &str = "somebody@mailinator.com";

fn main() {
    let mut c = Criterion::default().configure_from_args();
    let reference = Reference::bundled().expect("the bundled tables are good");
    let places = reference.places().expect("the bundled places");
    phones(&mut c, places);
    agents(&mut c);
    mailboxes(&mut c, &reference);
    countries(&mut c, places);
    c.final_summary();
}

fn phones(c: &mut Criterion, places: &vouch::reference::Places) {
    let theirs = |text: &str| {
        let number = phonenumber::parse(None, text).ok()?;
        number.country().id().map(|id| id.as_ref().to_owned())
    };
    assert_eq!(theirs(PHONE).as_deref(), Some("GB"));
    assert_eq!(
        places.phone_country(PHONE).map(|country| country.to_string()).as_deref(),
        Some("GB")
    );
    let mut group = c.benchmark_group("phone");
    group.bench_function("vouch", |b| b.iter(|| places.phone_country(black_box(PHONE))));
    group.bench_function("phonenumber", |b| b.iter(|| theirs(black_box(PHONE))));
    group.finish();
}

fn agents(c: &mut Criterion) {
    let parser = woothee::parser::Parser::new();
    assert_eq!(parser.parse(BROWSER).map(|found| found.name), Some("Chrome"));
    let mut group = c.benchmark_group("user agent");
    group.bench_function("vouch", |b| b.iter(|| agent(black_box(BROWSER))));
    group.bench_function("woothee", |b| {
        b.iter(|| parser.parse(black_box(BROWSER)).map(|found| found.category.len()));
    });
    group.finish();
}

fn mailboxes(c: &mut Criterion, reference: &Reference) {
    assert!(!mailchecker::is_valid(THROWN_AWAY));
    assert_eq!(reference.email(THROWN_AWAY).class, Some(EmailClass::Disposable));
    let mut group = c.benchmark_group("mailbox");
    group.bench_function("vouch", |b| b.iter(|| reference.email(black_box(THROWN_AWAY))));
    group.bench_function("mailchecker", |b| {
        b.iter(|| mailchecker::is_valid(black_box(THROWN_AWAY)))
    });
    group.finish();
}

fn countries(c: &mut Criterion, places: &vouch::reference::Places) {
    let mut group = c.benchmark_group("country code");
    group.bench_function("vouch", |b| {
        b.iter(|| {
            black_box("GB").parse().ok().and_then(|country| places.country(country)).is_some()
        });
    });
    group.bench_function("rust_iso3166", |b| {
        b.iter(|| rust_iso3166::from_alpha2(black_box("GB")).is_some());
    });
    group.finish();
}
