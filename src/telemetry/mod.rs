//! Spans and metrics for a collector of OpenTelemetry: OTLP over HTTP, in JSON.
//!
//! ```text
//! request ─ Tracer (ids; full: dropped, counted) ─► queue ─► run: batches ─► POST /v1/traces
//! the page of /metrics ─────────────────────────────────────► run ─────────► POST /v1/metrics
//! ```
//!
//! INVARIANT: no request waits for it. A span is put into a bounded queue or dropped; one task sends, waits longer each
//! time a collector fails, and gives a batch up after some tries.
//! INVARIANT: nothing a client sent is in it, but for the ids of its trace: routes by their pattern, statuses, times.
//!
//! Rejected: the crates of OpenTelemetry. Over HTTP with JSON alone they are 24 crates more, `tonic` and `prost` among
//! them for types this format does not use, and second copies of `rand`, `getrandom` and `cpufeatures`; what is sent here is one
//! kind of span, three kinds of metric, and a page long.

mod export;
mod metrics;
mod span;

pub use export::{Counts, Exporter, exporter};
pub use span::{Open, Parent, Tracer};
