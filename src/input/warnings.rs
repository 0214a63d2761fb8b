//! What is odd about a request without costing it its answer.

use super::json::push_step;
use crate::domain::{Amount, Event, Timestamp, Transaction, Warning};
use serde_ignored::Path;

/// Most unknown members listed for one request; one more warning says that there were others.
pub const MAX_UNKNOWN: usize = 32;

/// The unknown members met while reading, in the order they were sent.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    pointers: Vec<String>,
    others: usize,
}

impl Unknown {
    pub(super) fn note(&mut self, path: &Path<'_>) {
        if self.pointers.len() == MAX_UNKNOWN {
            self.others += 1;
            return;
        }
        let mut pointer = String::new();
        push_path(&mut pointer, path);
        self.pointers.push(pointer);
    }

    pub(super) fn into_warnings(self) -> Vec<Warning> {
        let listed = self.pointers.into_iter();
        let mut warnings: Vec<_> = listed
            .map(|pointer| warning("unknown_field", "not a field of the request: ignored", pointer))
            .collect();
        if self.others > 0 {
            let message = format!("{} more members are not fields of the request", self.others);
            warnings.push(warning("unknown_field", &message, String::new()));
        }
        warnings
    }
}

fn push_path(pointer: &mut String, path: &Path<'_>) {
    match path {
        Path::Root => {}
        Path::Seq { parent, index } => {
            push_path(pointer, parent);
            push_step(pointer, &index.to_string());
        }
        Path::Map { parent, key } => {
            push_path(pointer, parent);
            // A mailbox in the place of a name: warnings lie open in the ledger.
            push_step(pointer, if key.contains('@') { "…" } else { key });
        }
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => push_path(pointer, parent),
    }
}

fn warning(code: &str, message: &str, pointer: impl Into<String>) -> Warning {
    Warning { code: code.into(), message: message.into(), pointer: pointer.into() }
}

/// Appends what is odd about a transaction's values.
pub(super) fn of_transaction(transaction: &Transaction, warnings: &mut Vec<Warning>) {
    let unreadable = transaction.unreadable();
    warnings.extend(unreadable.into_iter().map(unreadable_value));
    warnings.extend(of_amount(transaction.amount, transaction.event_time, "/amount"));
}

/// Appends what is odd about an event's values.
pub(super) fn of_event(event: &Event, warnings: &mut Vec<Warning>) {
    if event.ip.as_ref().is_some_and(|ip| ip.valid().is_none()) {
        warnings.push(unreadable_value("/ip"));
    }
    let checkout = event.data.checkout.as_ref();
    for (amount, pointer) in [
        (event.data.amount, "/data/amount"),
        (checkout.and_then(|checkout| checkout.price), "/data/checkout/price"),
        (checkout.and_then(|checkout| checkout.tax), "/data/checkout/tax"),
    ] {
        warnings.extend(of_amount(amount, event.event_time, pointer));
    }
}

fn unreadable_value(pointer: &str) -> Warning {
    warning("unreadable_value", "could not be read: counts as missing", pointer)
}

fn of_amount(amount: Option<Amount>, at: Timestamp, pointer: &str) -> Vec<Warning> {
    let Some(amount) = amount else { return Vec::new() };
    let currency = amount.currency();
    let mut warnings = Vec::new();
    if amount.finer_than_minor_unit() {
        let message = format!("has more decimals than {currency} has");
        warnings.push(warning("amount_precision", &message, format!("{pointer}/value")));
    }
    if let (Some(withdrawn), false) = (currency.withdrawn(), currency.in_use(at)) {
        let message = format!("{currency} was withdrawn in {withdrawn}, before this time");
        warnings.push(warning("currency_withdrawn", &message, format!("{pointer}/currency")));
    }
    warnings
}
