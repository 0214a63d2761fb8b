//! What to do with the good, by action and by whether it can be taken back.

use crate::domain::{Action, Delivery, FulfilmentMethod};

/// The delivery for an action.
///
/// A good that cannot be revoked leaves only when the answer is `approve`. A seat that can be
/// revoked may open while a person looks; bought credit opens in part. An unknown fulfilment is
/// treated as one that cannot be revoked.
pub fn delivery(action: Action, fulfilment: Option<FulfilmentMethod>) -> Delivery {
    let credits = fulfilment == Some(FulfilmentMethod::Credits);
    let revocable = fulfilment.is_some_and(FulfilmentMethod::can_be_revoked);
    match action {
        Action::Approve => Delivery::Now,
        Action::Review if revocable || credits => Delivery::Limited,
        Action::Challenge | Action::Review | Action::Decline => Delivery::Hold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_irrevocable_leaves_before_approval() {
        for method in FulfilmentMethod::ALL {
            assert_eq!(delivery(Action::Approve, Some(*method)), Delivery::Now);
            assert_eq!(delivery(Action::Decline, Some(*method)), Delivery::Hold);
            if !method.can_be_revoked() && *method != FulfilmentMethod::Credits {
                assert_eq!(delivery(Action::Review, Some(*method)), Delivery::Hold);
            }
        }
        assert_eq!(delivery(Action::Review, Some(FulfilmentMethod::SaasSeat)), Delivery::Limited);
        assert_eq!(delivery(Action::Review, Some(FulfilmentMethod::Credits)), Delivery::Limited);
        assert_eq!(delivery(Action::Review, None), Delivery::Hold);
    }
}
