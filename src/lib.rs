//! Vouch: fraud scoring and chargeback evidence for sellers of digital goods.
//!
//! One request's life runs top to bottom through the modules below; `ARCHITECTURE.md` draws it.

pub mod access;
pub mod archive;
pub mod cli;
pub mod clock;
pub mod config;
pub mod decision;
pub mod disputes;
pub mod domain;
pub mod engine;
pub mod features;
pub mod http;
pub mod input;
pub mod ledger;
pub mod lists;
pub mod model;
pub mod processor;
pub mod reference;
pub mod rules;
pub mod simulate;
pub mod telemetry;
pub mod train;
pub mod velocity;
pub mod webhook;
