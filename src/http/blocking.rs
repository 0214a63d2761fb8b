//! Work that may wait for the disk, away from the threads that serve everybody.
//!
//! What was kept long ago is read from the ledger's files: mostly from memory, at times from a disk
//! that takes milliseconds, and on a thread of the runtime every other request would wait with it.

use super::error::Failure;

/// Runs `work` on a thread for such work. A panic in it goes on here.
///
/// # Errors
/// The runtime is being shut down.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let span = tracing::Span::current();
    let ended = tokio::task::spawn_blocking(move || span.in_scope(work)).await;
    ended.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Failure::internal(),
    })
}
