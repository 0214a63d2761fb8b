//! The members of Stripe's dispute object that take more than a look: money, stage, method, sale.

use super::super::IntakeError;
use super::super::intake::SaleKeys;
use super::super::json::{Node, constant, optional_text};
use crate::domain::{
    Amount, Currency, DisputeStage, DisputeStatus, OrderId, Text, Timestamp, TransactionId,
};
use rust_decimal::Decimal;

/// Currencies Stripe counts in whole units.
///
/// Source: docs.stripe.com/currencies#zero-decimal, 2026-05-09. All but MGA agree with ISO 4217.
const ZERO_DECIMAL: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];

/// Currencies without a minor unit that Stripe counts in hundredths all the same, always `00`.
///
/// Source: docs.stripe.com/currencies#special-cases, 2026-05-09: 500 is 5 ISK, 500 is 5 UGX (which
/// the zero-decimal list names too; the special case is the more specific).
const HUNDREDTHS: [&str; 2] = ["ISK", "UGX"];

/// How the buyer paid, as far as a dispute says it.
#[derive(Default)]
pub(super) struct Method {
    pub(super) network: Option<Text<32>>,
    pub(super) code: Option<Text<64>>,
    pub(super) case_type: Option<Text<32>>,
}

impl Method {
    /// From `payment_method_details` and its member named by `type`. A method without networks is
    /// its own network.
    pub(super) fn read(node: &Node<'_>) -> Result<Self, IntakeError> {
        let Some(details) = node.get("payment_method_details")? else {
            return Ok(Self::default());
        };
        let kind: Option<Text<32>> = optional_text(&details, "type")?;
        let member = kind.as_ref().map(|kind| details.get(kind.as_str())).transpose()?.flatten();
        let Some(member) = member else {
            return Ok(Self { network: kind, ..Self::default() });
        };
        let network = match optional_text(&member, "network")? {
            Some(network) => Some(network),
            None => optional_text(&member, "brand")?.or(kind),
        };
        let code = match optional_text(&member, "network_reason_code")? {
            Some(code) => Some(code),
            None => optional_text(&member, "reason_code")?,
        };
        Ok(Self {
            network: network
                .map(|network| constant(&member, &network.as_str().to_ascii_lowercase()))
                .transpose()?,
            code,
            case_type: optional_text(&member, "case_type")?,
        })
    }
}

/// The status of a status word.
pub fn status_of(word: &str) -> DisputeStatus {
    stage_and_status(word, None).1
}

/// Stage and status of a status word; the kind of case decides the stage only where the word leaves
/// it open.
pub(super) fn stage_and_status(
    word: &str,
    case_type: Option<&Text<32>>,
) -> (DisputeStage, DisputeStatus) {
    use DisputeStage as G;
    use DisputeStatus as S;
    let by_case = match case_type.map(Text::as_str) {
        Some("inquiry") => G::Inquiry,
        Some("block" | "resolution") => G::Alert,
        _ => G::Chargeback, // the kind that costs most where nothing is known
    };
    match word {
        "warning_needs_response" => (G::Inquiry, S::NeedsResponse),
        "warning_under_review" => (G::Inquiry, S::UnderReview),
        "warning_closed" => (G::Inquiry, S::Prevented), // never became a chargeback
        "needs_response" => (by_case, S::NeedsResponse),
        "under_review" => (by_case, S::UnderReview),
        "won" => (by_case, S::Won),
        "lost" => (by_case, S::Lost), // `close`, our way to accept, ends as `lost` too
        "prevented" => (G::Alert, S::Prevented),
        "appeal_needs_response" => (G::PreArbitration, S::NeedsResponse),
        "appeal_under_review" => (G::PreArbitration, S::UnderReview),
        other if other.starts_with("warning_") => (G::Inquiry, S::Unknown),
        other if other.starts_with("appeal_") => (G::PreArbitration, S::Unknown),
        _ => (by_case, S::Unknown),
    }
}

pub(super) fn amount(node: &Node<'_>) -> Result<Amount, IntakeError> {
    money(node, "amount", 0)
}

/// So many minor units as a member says, less `less` of them.
pub(super) fn money(node: &Node<'_>, member: &str, less: i64) -> Result<Amount, IntakeError> {
    let code = node.need("currency")?;
    let currency: Currency = code
        .str()?
        .to_ascii_uppercase()
        .parse()
        .map_err(|source| IntakeError::Currency { pointer: code.pointer(), source })?;
    let exponent = exponent(currency)
        .ok_or_else(|| IntakeError::NoMinorUnit { pointer: code.pointer(), currency })?;
    let minor = node.need(member)?;
    Decimal::try_from_i128_with_scale(i128::from(minor.integer()?) - i128::from(less), exponent)
        .map_err(|_| minor.wrong("a whole number of minor units"))
        .and_then(|value| {
            Amount::new(value, currency)
                .map_err(|source| IntakeError::Amount { pointer: minor.pointer(), source })
        })
}

/// Decimals of Stripe's amounts in a currency; `None` where the currency has no minor unit.
pub fn exponent(currency: Currency) -> Option<u32> {
    let code = currency.code();
    if ZERO_DECIMAL.contains(&code) {
        Some(0)
    } else if HUNDREDTHS.contains(&code) {
        Some(2)
    } else {
        currency.exponent().map(u32::from)
    }
}

/// When evidence is due, and the field's name where it is there. Stripe writes 0 where no answer is
/// possible: then the name stands alone.
pub(super) fn due_by(
    node: &Node<'_>,
) -> Result<(Option<Timestamp>, Option<Text<64>>), IntakeError> {
    let Some(details) = node.get("evidence_details")? else { return Ok((None, None)) };
    let Some(field) = details.get("due_by")? else { return Ok((None, None)) };
    let due = field.epoch_seconds()?;
    let name = constant(&field, "evidence_details.due_by")?;
    Ok((Some(due).filter(|due| due.millis() != 0), Some(name)))
}

/// Charge and payment intent, each an identifier or the object itself, and the merchant's own
/// identifiers in the metadata of any of them.
pub(super) fn sale_keys(node: &Node<'_>) -> Result<SaleKeys, IntakeError> {
    let mut keys = SaleKeys::default();
    add_metadata(node, &mut keys)?;
    for member in ["charge", "latest_charge", "payment_intent"] {
        let Some(payment) = node.get(member)? else { continue };
        let id = if payment.is_object() {
            add_metadata(&payment, &mut keys)?;
            payment.need("id")?
        } else {
            payment
        };
        keys.payment_references.push(id.keep(Text::new)?);
    }
    Ok(keys)
}

/// Metadata is the merchant's own free text: what is no identifier there is no error.
fn add_metadata(node: &Node<'_>, keys: &mut SaleKeys) -> Result<(), IntakeError> {
    let Some(metadata) = node.get("metadata")? else { return Ok(()) };
    let text = |key| Ok::<_, IntakeError>(metadata.get(key)?.and_then(|node| node.str().ok()));
    let transaction = text("transaction_id")?.and_then(|id| TransactionId::new(id).ok());
    let order = text("order_id")?.and_then(|id| OrderId::new(id).ok());
    keys.transaction_id = keys.transaction_id.take().or(transaction);
    keys.order_id = keys.order_id.take().or(order);
    Ok(())
}
