//! Vouch: fraud scoring and chargeback evidence for sellers of digital goods.
//!
//! One request's life runs top to bottom through the modules below; `ARCHITECTURE.md` draws it.

pub mod cli;
pub mod clock;
pub mod decision;
pub mod domain;
pub mod features;
pub mod simulate;
pub mod velocity;
pub mod input;
