//! The integration tests: one binary, one module per area.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails must say so at once"
)]

mod allocations;
mod archive;
mod backtest;
mod backup;
mod deploy;
mod disk;
mod disputes;
mod doctor;
mod flood;
mod foreign;
mod fossils;
mod fuzz;
mod golden;
mod input;
mod keys;
mod leaks;
mod ledger;
mod mmdb;
mod models;
mod packets;
mod parity;
mod pointintime;
mod readme;
mod reload;
mod replay;
mod serve;
mod stripe;
mod telemetry;
mod tls;
mod webhooks;
