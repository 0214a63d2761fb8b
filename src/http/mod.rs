//! The HTTP surface: routes, wire types, error mapping, metrics. Alone knows axum.
//!
//! A handler reads the body, calls the engine, and waits for the disk within the deadline. The
//! writing runs in a task of its own, so a client that hangs up does not undo what was decided.

mod access;
mod answer;
mod blocking;
mod body;
mod connection;
mod deadline;
mod deadlines;
mod decisions;
mod desk;
mod dispute_metrics;
mod disputes;
mod error;
mod evaluate;
mod events;
mod exhibits;
mod keep;
mod layers;
mod metrics;
mod minfraud;
mod once;
mod openapi;
mod ops;
mod packets;
mod peers;
mod plan;
mod query;
mod radar;
mod reload;
mod renamed;
mod score;
mod server;
mod signifyd;
mod state;
mod teller_metrics;
mod tellers;
#[cfg(test)]
mod tests;
mod tls;
mod unsigned;
mod webhooks;
mod worklist;

pub use error::ErrorBody;
pub use server::{ServeError, bind, router, serve};
pub use state::{AppState, Teller};
pub use tls::{Tls, TlsError};
