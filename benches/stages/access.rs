//! Whether a request may pass, beside reading it: the ratio to `path/read_transaction` is what counts.

use criterion::Criterion;
use std::hint::black_box;
use vouch::access::{AccessFile, Gate, Key, Limits, Scope, Token};
use vouch::domain::{TenantId, Timestamp};

/// The benches of this stage.
pub(crate) fn bench(c: &mut Criterion) {
    let now = Timestamp::default();
    let mut file = AccessFile::default();
    let mut texts = vec![];
    for _ in 0..1_000 {
        let token = Token::new().expect("random numbers");
        let scopes = Scope::ALL.iter().copied().collect();
        let mut key = Key::of(&token, TenantId::default_tenant(), scopes, now);
        key.limits = Limits { per_second: Some(u32::MAX), burst: None, at_once: Some(100) };
        file.add(key).expect("room for a key");
        texts.push(token.reveal());
    }
    let gate = Gate::new(&file);
    let mut texts = texts.iter().cycle();
    c.bench_function("access/admit", |b| {
        b.iter(|| {
            let key = texts.next().expect("a key");
            gate.admit(black_box(key), Scope::Score, now).expect("a good key");
        });
    });
}
