//! The whole in-process path beside parsing the request: what scoring costs in units of `serde_json`.

use criterion::{BatchSize, Criterion};
use std::hint::black_box;
use std::sync::Arc;
use vouch::decision::Policy;
use vouch::domain::{TenantId, Transaction, TransactionId};
use vouch::engine::{Engine, ScoreRequest, Snapshot};
use vouch::input;
use vouch::model::Model;
use vouch::reference::Reference;
use vouch::rules::RuleSet;
use vouch::velocity::Limits;

const REQUEST: &[u8] = br#"{"transaction_id":"tx-1001","type":"purchase","event_time":"2026-11-20T10:15:00Z","order_id":"o-77","seller_id":"s-3","merchant_account":"eu-1","descriptor":"VOUCHSOFT*PRO",
"amount":{"value":"49.00","currency":"EUR"},
"account":{"id":"acc-7","created_at":"2026-11-20T10:02:11Z","email":"j.doe@example.com","name":"Jane Doe","phone":"+442071838750"},
"card":{"fingerprint":"fp_9f2c","bin":"457173","last4":"4242","network_token":null,"avs_result":"Y","cvv_result":"M","three_ds":{"eci":"05","version":"2.2.0"}},
"payment":{"method":"card","processor":"stripe","attempt":1,"invoice_id":null,"initiator":"customer"},
"device":{"ip":"81.2.69.142","user_agent":"Mozilla/5.0","device_id":"d-51c0a8e2b7f94d10","accept_language":"en-GB","timezone":"Europe/London"},
"billing":{"country":"GB","postal_code":"EC1A 1BB"},"price_region":"GB",
"items":[{"sku":"pro-year","category":"subscription","quantity":1,"unit_price":"49.00"}],
"subscription":{"plan":"pro","interval":"year","trial":false,"renewal_number":0},
"fulfilment":{"method":"licence_key"},"terms":{"version":"2026-09","accepted_at":"2026-11-20T10:14:40Z"},"custom":{"campaign":"autumn"}}"#;

fn engine() -> Engine {
    let reference = Arc::new(Reference::bundled().expect("a good fixture"));
    let (rules, model) =
        (RuleSet::builtin().expect("a good fixture"), Model::bundled().expect("a good fixture"));
    let snapshot = Snapshot::new(reference, rules, Some(model), Policy::default());
    Engine::in_memory(snapshot, Limits { max_keys: 1_000_000, seed: 1 })
}

fn request(transaction: Transaction) -> ScoreRequest {
    let tenant = TenantId::default_tenant();
    ScoreRequest { tenant, transaction, warnings: Vec::new(), received_at: None }
}

/// Parsing alone, parsing as we do it, gathering alone, and the whole path.
pub(crate) fn bench(c: &mut Criterion) {
    let engine = engine();
    let (transaction, _) = input::read_transaction(REQUEST).expect("a good fixture");
    let tenant = TenantId::default_tenant();
    let mut group = c.benchmark_group("path");
    group.bench_function("serde_json_value", |b| {
        b.iter(|| {
            serde_json::from_slice::<serde_json::Value>(black_box(REQUEST)).expect("a good fixture")
        });
    });
    group.bench_function("serde_json_typed", |b| {
        b.iter(|| {
            serde_json::from_slice::<Transaction>(black_box(REQUEST)).expect("a good fixture")
        });
    });
    group.bench_function("read_transaction", |b| {
        b.iter(|| input::read_transaction(black_box(REQUEST)).expect("a good fixture"));
    });
    group.bench_function("gather", |b| b.iter(|| engine.preview(&tenant, black_box(&transaction))));
    let mut number = 0_u64;
    group.bench_function("whole", |b| {
        b.iter_batched(
            || {
                number += 1;
                TransactionId::new(&format!("tx-{number}")).expect("a good fixture")
            },
            |id| {
                let (mut transaction, _) =
                    input::read_transaction(black_box(REQUEST)).expect("a good fixture");
                transaction.transaction_id = id;
                engine.begin(request(transaction)).expect("a good fixture")
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}
