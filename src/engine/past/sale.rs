//! One past decision, beside its record.

use super::aftermath::Aftermath;
use crate::domain::{Action, Calibration, DAY_MS, Decision, LabelClass, RuleHit, Timestamp};
use crate::engine::is_payment;
use crate::features::{Record, Value, fields as f};
use crate::rules::backtest::Fate;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A decision and what became of its sale.
#[derive(Debug, Clone, PartialEq)]
pub struct PastSale {
    /// Its number: the entry of a ledger, the row of a file.
    pub number: u64,
    /// The transaction.
    pub id: String,
    /// Event time.
    pub at: Timestamp,
    /// What it was said to be, last.
    pub label: Option<LabelClass>,
    /// Another control or the issuer refused it.
    pub refused: bool,
    /// True for a payment attempt: only of these does silence mean that all is well.
    pub is_payment: bool,
    /// The buyer by their account, else mailbox, else card, else device, as a hash.
    pub buyer: Option<u64>,
    /// What was decided.
    pub was: Action,
    /// How the score was calibrated; the score itself is in the record.
    pub calibration: Calibration,
    /// What the decision names, where it comes from a ledger.
    pub recorded: Option<Recorded>,
}

/// What a decision of a ledger rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Rules that matched.
    pub hits: Vec<RuleHit>,
    /// Digest of the rules.
    pub rules: String,
    /// Digest of the costs.
    pub policy: String,
}

impl PastSale {
    /// The sale of a decision just made or read back.
    pub fn of(number: u64, decision: &Decision, record: &Record, aftermath: &Aftermath) -> Self {
        let told = aftermath.of(&decision.transaction_id);
        let at = match record.get(f::EVENT_TIME) {
            Value::Time(at) => *at,
            _ => Timestamp::default(),
        };
        Self {
            number,
            id: decision.transaction_id.as_str().to_owned(),
            at,
            label: told.label.map(|(class, _)| class),
            refused: told.refused,
            is_payment: is_payment(record),
            buyer: buyer(record),
            was: decision.action,
            calibration: decision.calibration,
            recorded: Some(Recorded {
                hits: decision.rules.clone(),
                rules: decision.versions.rules.clone(),
                policy: decision.versions.policy.clone(),
            }),
        }
    }
}

fn buyer(record: &Record) -> Option<u64> {
    let named = [f::ACCOUNT_ID, f::ACCOUNT_EMAIL, f::CARD_FINGERPRINT, f::DEVICE_DEVICE_ID];
    named.into_iter().find_map(|field| match record.get(field) {
        Value::Text(name) => {
            let mut hasher = DefaultHasher::new();
            (field.index(), name).hash(&mut hasher);
            Some(hasher.finish())
        }
        _ => None,
    })
}

/// When silence means that a sale was good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maturity {
    /// Age at which a sale nobody complained of counts as good, in days.
    pub days: u32,
    /// Ages are counted to here.
    pub until: Timestamp,
    /// False for a table that labels some of its rows: age proves nothing there, only a label does.
    pub silence_is_good: bool,
}

impl Maturity {
    /// What became of a sale.
    pub fn fate(&self, sale: &PastSale) -> Fate {
        let age = self.until.millis_since(sale.at);
        let young = self.silence_is_good && age < i64::from(self.days) * DAY_MS;
        match sale.label {
            Some(class) if class.is_fraud() && young => Fate::ImmatureFraud,
            Some(class) if class.is_fraud() => Fate::Fraud,
            Some(_) if young => Fate::Immature,
            Some(LabelClass::Legitimate) => Fate::Good,
            Some(_) => Fate::Disputed,
            None if sale.was == Action::Decline => Fate::Blocked,
            None if sale.refused => Fate::Refused,
            None if !sale.is_payment || !self.silence_is_good => Fate::Unlabelled,
            None if young => Fate::Immature,
            None => Fate::Good,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::LabelClass as L;

    #[test]
    fn fates_follow_label_age_and_what_was_done() {
        let until = Timestamp::from_millis(200 * DAY_MS);
        let maturity = Maturity { days: 90, until, silence_is_good: true };
        let table = Maturity { silence_is_good: false, ..maturity };
        let old = PastSale {
            number: 0,
            id: "tx".to_owned(),
            at: Timestamp::from_millis(110 * DAY_MS),
            label: None,
            refused: false,
            is_payment: true,
            buyer: None,
            was: Action::Approve,
            calibration: Calibration::None,
            recorded: None,
        };
        let young = PastSale { at: old.at.plus_millis(1), ..old.clone() };
        let said = |sale: &PastSale, label| PastSale { label: Some(label), ..sale.clone() };
        let blocked = PastSale { was: Action::Decline, ..old.clone() };
        let refused = PastSale { refused: true, ..young.clone() };
        let sign_up = PastSale { is_payment: false, ..old.clone() };
        for (sale, by_age, by_label) in [
            (&old, Fate::Good, Fate::Unlabelled),
            (&young, Fate::Immature, Fate::Unlabelled),
            (&said(&old, L::StolenInstrument), Fate::Fraud, Fate::Fraud),
            (&said(&young, L::AccountTakeover), Fate::ImmatureFraud, Fate::Fraud),
            (&said(&old, L::Legitimate), Fate::Good, Fate::Good),
            (&said(&young, L::Legitimate), Fate::Immature, Fate::Good),
            (&said(&old, L::ServiceDispute), Fate::Disputed, Fate::Disputed),
            (&blocked, Fate::Blocked, Fate::Blocked),
            (&said(&blocked, L::StolenInstrument), Fate::Fraud, Fate::Fraud),
            (&refused, Fate::Refused, Fate::Refused),
            (&sign_up, Fate::Unlabelled, Fate::Unlabelled),
        ] {
            assert_eq!((maturity.fate(sale), table.fate(sale)), (by_age, by_label), "{sale:?}");
        }
    }
}
