//! The integration tests: one binary, one module per area.

mod disputes;
mod input;
mod parity;
mod serve;
