//! Benches per stage, one module each: `cargo bench --bench stages -- reference`.
#![expect(clippy::expect_used, reason = "a bench that can't be set up has nothing to measure")]

mod engine;
mod ledger;
mod model;
mod model;
mod reference;
mod velocity;

criterion::criterion_group!(stages, model::bench, reference::bench);
criterion::criterion_main!(stages);
