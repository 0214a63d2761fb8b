//! Benches per stage, one module each: `cargo bench --bench stages -- reference`.
#![expect(clippy::expect_used, reason = "a bench that can't be set up has nothing to measure")]

mod reference;

criterion::criterion_group!(stages, reference::bench);
criterion::criterion_main!(stages);
