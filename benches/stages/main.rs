//! Benches per stage, one module each: `cargo bench --bench stages -- reference`.
#![expect(clippy::expect_used, reason = "a bench that can't be set up has nothing to measure")]

mod access;
mod backtest;
mod engine;
mod ledger;
mod lists;
mod model;
mod outcomes;
mod reference;
mod velocity;

criterion::criterion_group!(
    stages,
    access::bench,
    reference::bench,
    velocity::bench,
    outcomes::bench,
    model::bench,
    ledger::bench,
    lists::bench,
    engine::bench,
    backtest::bench
);
criterion::criterion_main!(stages);
