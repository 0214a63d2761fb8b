//! Benches per stage, one module each: `cargo bench --bench stages -- reference`.
#![expect(clippy::expect_used, reason = "a bench that can't be set up has nothing to measure")]

mod ledger;
mod reference;
mod velocity;

criterion::criterion_group!(stages, reference::bench, velocity::bench, ledger::bench);
criterion::criterion_main!(stages);
