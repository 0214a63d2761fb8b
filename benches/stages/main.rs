//! Benches per stage, one module each: `cargo bench --bench stages -- reference`.
#![expect(clippy::expect_used, reason = "a bench that can't be set up has nothing to measure")]

mod backtest;
mod disputes;
mod engine;
mod ledger;
mod model;
mod outcomes;
mod reference;
mod velocity;

criterion::criterion_group!(
    stages,
    reference::bench,
    velocity::bench,
    outcomes::bench,
    model::bench,
    ledger::bench,
    engine::bench,
    backtest::bench,
    disputes::bench
);
criterion::criterion_main!(stages);
