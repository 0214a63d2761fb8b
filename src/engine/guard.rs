//! No card number enters.
//!
//! A number in `card.*` or in free text refuses the transaction: storing it would put the merchant
//! and us in scope of card-data rules. In `custom` it is masked and warned of, since a buyer must
//! not be lost to a merchant's field. Identifiers, phone numbers, hashes and user agents are not
//! looked at: a good buyer is never refused for an order number.

use super::error::EngineError;
use crate::domain::{CustomValue, Event, Loose, Text, Transaction, Warning};
use crate::reference::{Reference, pan};

/// Refuses a transaction that carries a card number; masks one in `custom`.
///
/// # Errors
/// [`EngineError::CardNumber`] with the place; the number itself is in no message.
pub(super) fn transaction(
    tx: &mut Transaction,
    reference: &Reference,
) -> Result<Vec<Warning>, EngineError> {
    for (pointer, text) in free_texts(tx) {
        refuse(pointer, text, reference)?;
    }
    for (place, item) in tx.items.iter().enumerate() {
        let category = item.category.as_ref().map_or("", |text| text.as_str());
        refuse(&format!("/items/{place}/category"), category, reference)?;
    }
    Ok(mask_custom(tx, reference))
}

/// Refuses an event whose free text carries a card number.
///
/// # Errors
/// [`EngineError::CardNumber`] with the place.
pub(super) fn event(event: &Event, reference: &Reference) -> Result<(), EngineError> {
    let data = &event.data;
    let contact = data.contact.as_ref().and_then(|contact| contact.text.as_ref());
    let consent = data.consent.as_ref().and_then(|consent| consent.shown_as.as_ref());
    for (pointer, text) in [
        ("/data/reason", data.reason.as_ref().map(|text| text.as_str())),
        ("/data/decline_code", data.decline_code.as_ref().map(|text| text.as_str())),
        ("/data/avs_result", data.avs_result.as_ref().map(|text| text.as_str())),
        ("/data/cvv_result", data.cvv_result.as_ref().map(|text| text.as_str())),
        ("/data/status", data.status.as_ref().map(|text| text.as_str())),
        ("/data/contact/text", contact.map(|text| text.as_str())),
        ("/data/consent/shown_as", consent.map(|text| text.as_str())),
    ] {
        refuse(pointer, text.unwrap_or_default(), reference)?;
    }
    Ok(())
}

/// Masks card numbers in the places warnings point at: a member's name is the sender's text too.
pub(super) fn mask_pointers(warnings: &mut [Warning], reference: &Reference) {
    for warning in warnings {
        if let Some(masked) = pan::mask(&warning.pointer, reference.bins()) {
            warning.pointer = masked;
        }
    }
}

fn refuse(pointer: &str, text: &str, reference: &Reference) -> Result<(), EngineError> {
    match pan::find(text, reference.bins()) {
        Some(_) => Err(EngineError::CardNumber { pointer: pointer.to_owned() }),
        None => Ok(()),
    }
}

/// The texts a person or a hasty integration may type a number into.
fn free_texts(tx: &Transaction) -> Vec<(&'static str, &str)> {
    let card = tx.card.as_ref();
    let three_ds = card.and_then(|c| c.three_ds.as_ref());
    let account = tx.account.as_ref();
    let billing = tx.billing.as_ref();
    let bin = card.and_then(|c| c.bin.as_ref()).and_then(|bin| match bin {
        Loose::Invalid(text) => Some(text.as_str()),
        Loose::Valid(_) => None,
    });
    let subscription = tx.subscription.as_ref();
    [
        ("/card/bin", bin),
        ("/card/fingerprint", card.and_then(|c| c.fingerprint.as_ref()).map(|x| x.as_str())),
        ("/card/network_token", card.and_then(|c| c.network_token.as_ref()).map(Text::as_str)),
        ("/card/avs_result", card.and_then(|c| c.avs_result.as_ref()).map(Text::as_str)),
        ("/card/cvv_result", card.and_then(|c| c.cvv_result.as_ref()).map(Text::as_str)),
        ("/card/three_ds/version", three_ds.and_then(|t| t.version.as_ref()).map(Text::as_str)),
        (
            "/card/three_ds/ds_transaction_id",
            three_ds.and_then(|t| t.ds_transaction_id.as_ref()).map(Text::as_str),
        ),
        (
            "/card/three_ds/sca_exemption",
            three_ds.and_then(|t| t.sca_exemption.as_ref()).map(Text::as_str),
        ),
        ("/billing/region", billing.and_then(|b| b.region.as_ref()).map(Text::as_str)),
        ("/billing/postal_code", billing.and_then(|b| b.postal_code.as_ref()).map(|x| x.as_str())),
        ("/descriptor", tx.descriptor.as_ref().map(Text::as_str)),
        ("/account/name", account.and_then(|a| a.name.as_ref()).map(|x| x.as_str())),
        ("/billing/line1", billing.and_then(|b| b.line1.as_ref()).map(|x| x.as_str())),
        ("/billing/city", billing.and_then(|b| b.city.as_ref()).map(|x| x.as_str())),
        ("/subscription/plan", subscription.and_then(|s| s.plan.as_ref()).map(Text::as_str)),
    ]
    .into_iter()
    .filter_map(|(pointer, text)| Some((pointer, text?)))
    .collect()
}

fn mask_custom(tx: &mut Transaction, reference: &Reference) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (name, value) in tx.custom.iter_mut().flat_map(|custom| &mut custom.0) {
        let text = match value {
            CustomValue::Text(text) => text.as_str().to_owned(),
            CustomValue::Int(number) => number.to_string(),
            _ => continue,
        };
        let masked = pan::mask(&text, reference.bins());
        if let Some(Ok(masked)) = masked.map(|masked| Text::new(&masked)) {
            *value = CustomValue::Text(masked);
            warnings.push(Warning {
                code: "card_number_masked".to_owned(),
                message: "a card number was masked; do not send card numbers".to_owned(),
                pointer: format!("/custom/{}", name.as_str().replace('~', "~0").replace('/', "~1")),
            });
        }
    }
    warnings
}
