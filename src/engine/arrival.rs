//! What is said of an event or a transaction when it arrives: too early, very late, or about a sale nobody
//! knows.

use super::error::EngineError;
use super::known::SaleRef;
use crate::domain::{DAY_MS, Event, Timestamp, Warning};
use crate::velocity::MAX_AHEAD_MS;

/// An event time this much older than its arrival is worth a warning.
const LATE_MS: i64 = DAY_MS;

/// Says that an event names a transaction nobody has scored: it is kept, and moves nothing of others
/// than it names itself.
pub(super) fn unknown_sale(event: &Event, sale: Option<&SaleRef>) -> Vec<Warning> {
    let unknown = event.transaction_id.is_some() && sale.is_none();
    let warning = unknown.then(|| Warning {
        code: "transaction_unknown".to_owned(),
        message:
            "no transaction of this id is known: the event is kept, and counts only for whom it \
                  names itself"
                .to_owned(),
        pointer: "/transaction_id".to_owned(),
    });
    warning.into_iter().collect()
}

/// Refuses the far future and warns of the distant past.
pub(super) fn arrival(
    event_time: Timestamp,
    received_at: Option<Timestamp>,
) -> Result<Vec<Warning>, EngineError> {
    let Some(received_at) = received_at else { return Ok(Vec::new()) };
    let age = received_at.millis_since(event_time);
    if age < -MAX_AHEAD_MS {
        return Err(EngineError::FutureEvent { event_time });
    }
    let late = (age > LATE_MS).then(|| Warning {
        code: "event_time_late".to_owned(),
        message: format!("`event_time` is {} days before its arrival", age / DAY_MS),
        pointer: "/event_time".to_owned(),
    });
    Ok(late.into_iter().collect())
}
