//! What a finished dispute says the sale was.
//!
//! | Ended as | Claim | Label | Why |
//! |---|---|---|---|
//! | lost, accepted | fraud, unrecognized | `stolen_instrument` | nobody showed that the cardholder took part |
//! | won | fraud, unrecognized | `first_party_misuse` | the evidence tied the cardholder to the sale |
//! | won, liability with the issuer | fraud, unrecognized | – | 3-D Secure decided it: who bought stays open |
//! | won, lost, accepted | not received, not as described, cancelled, credit | `service_dispute` | the buyer was unhappy, whoever was right |
//! | lost, accepted | duplicate, processing | `our_error` | the network found our fault |
//! | won | duplicate, processing | – | no fault was found, and nothing is said of the buyer |
//! | won, lost, accepted | general | – | no claim is known |
//! | prevented, withdrawn | any | – | nothing was decided |
//! | early fraud warning | – | `stolen_instrument` | the issuer reports fraud; known from the warning's time on |

use crate::domain::{Dispute, Transaction};
use crate::domain::{DisputeReason, DisputeStatus, Event, EventKind, LabelClass, Timestamp};

/// The label of a finished dispute and since when it is known, by the processor's clock; `None` while
/// it is open and where the table above has none.
///
/// `sale` tells whether liability had moved to the issuer; without it, it had not.
pub fn label_of(dispute: &Dispute, sale: Option<&Transaction>) -> Option<(LabelClass, Timestamp)> {
    use DisputeReason as R;
    use LabelClass as L;
    let won = match dispute.status {
        DisputeStatus::Won => true,
        DisputeStatus::Lost | DisputeStatus::Accepted => false,
        _ => return None,
    };
    let class = match dispute.reason {
        R::Fraud | R::Unrecognized if !won => L::StolenInstrument,
        R::Fraud | R::Unrecognized if !liability_shifted(sale) => L::FirstPartyMisuse,
        R::NotReceived | R::NotAsDescribed | R::SubscriptionCancelled | R::CreditNotProcessed => {
            L::ServiceDispute
        }
        R::Duplicate | R::Processing if !won => L::OurError,
        R::Fraud | R::Unrecognized | R::Duplicate | R::Processing | R::General => return None,
    };
    Some((class, dispute.updated_at))
}

/// The label of an early fraud warning and since when it is known; `None` for any other event.
pub fn label_of_warning(event: &Event) -> Option<(LabelClass, Timestamp)> {
    (event.kind == EventKind::FraudWarning)
        .then_some((LabelClass::StolenInstrument, event.event_time))
}

fn liability_shifted(sale: Option<&Transaction>) -> bool {
    sale.and_then(|sale| sale.card.as_ref()?.three_ds.as_ref()?.liability_shift) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disputes::stripe;
    use crate::domain::{Card, ThreeDs, TransactionId, TransactionKind};

    fn dispute(reason: DisputeReason, status: DisputeStatus) -> Dispute {
        let body = r#"{"object":"event","id":"evt_1","type":"charge.dispute.closed",
            "created":1700000009,"data":{"object":{"object":"dispute","id":"dp_1","amount":100,
            "currency":"eur","created":1700000000,"status":"lost"}}}"#;
        let mut dispute = stripe::read(body.as_bytes()).unwrap().dispute.unwrap();
        dispute.reason = reason;
        dispute.status = status;
        dispute
    }

    #[test]
    fn the_table_holds_for_every_claim_and_outcome() {
        use DisputeReason as R;
        use DisputeStatus as S;
        use LabelClass as L;
        for (reason, lost, won) in [
            (R::Fraud, Some(L::StolenInstrument), Some(L::FirstPartyMisuse)),
            (R::Unrecognized, Some(L::StolenInstrument), Some(L::FirstPartyMisuse)),
            (R::NotReceived, Some(L::ServiceDispute), Some(L::ServiceDispute)),
            (R::NotAsDescribed, Some(L::ServiceDispute), Some(L::ServiceDispute)),
            (R::SubscriptionCancelled, Some(L::ServiceDispute), Some(L::ServiceDispute)),
            (R::CreditNotProcessed, Some(L::ServiceDispute), Some(L::ServiceDispute)),
            (R::Duplicate, Some(L::OurError), None),
            (R::Processing, Some(L::OurError), None),
            (R::General, None, None),
        ] {
            let label = |status| label_of(&dispute(reason, status), None).map(|(class, _)| class);
            assert_eq!(label(S::Lost), lost, "{reason} lost");
            assert_eq!(label(S::Accepted), lost, "{reason} accepted");
            assert_eq!(label(S::Won), won, "{reason} won");
            for status in [S::NeedsResponse, S::UnderReview, S::Prevented, S::Withdrawn, S::Unknown]
            {
                assert_eq!(label(status), None, "{reason} {status}");
            }
        }
    }

    #[test]
    fn it_is_known_from_the_last_report_on() {
        let (_, at) = label_of(&dispute(DisputeReason::Fraud, DisputeStatus::Lost), None).unwrap();
        assert_eq!(at.to_string(), "2023-11-14T22:13:29Z");
    }

    #[test]
    fn a_win_by_liability_shift_says_nothing_of_the_buyer() {
        let at = Timestamp::from_millis(0);
        let id = TransactionId::new("tx-1").unwrap();
        let mut sale = Transaction::bare(id, TransactionKind::Purchase, at);
        let won = dispute(DisputeReason::Fraud, DisputeStatus::Won);
        assert!(label_of(&won, Some(&sale)).is_some());
        let three_ds = ThreeDs { liability_shift: Some(true), ..ThreeDs::default() };
        sale.card = Some(Card { three_ds: Some(three_ds), ..Card::default() });
        assert_eq!(label_of(&won, Some(&sale)), None);
        let lost = dispute(DisputeReason::Fraud, DisputeStatus::Lost);
        assert!(label_of(&lost, Some(&sale)).is_some());
    }
}
