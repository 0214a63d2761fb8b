//! What is counted: an occurrence, its signal, and the keys of the entities it touched.
//!
//! Keys are keyed hashes made elsewhere, so no personal value reaches this module or a log line of
//! it. The serialised form is stored with ledger records and replayed on recovery: its names are
//! stable, and a field this version does not know is refused rather than dropped.

use super::entity::EntityKeys;
use super::place::Place;
use super::sales::Sale;
use crate::domain::Timestamp;
use serde::{Deserialize, Serialize};

/// Declares the signals, those with an amount first.
macro_rules! signals {
    (priced { $($(#[$pdoc:meta])* $priced:ident $pname:literal,)* }
     counted { $($(#[$doc:meta])* $signal:ident $name:literal,)* }) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Signal {
            $($(#[$pdoc])* $priced,)*
            $($(#[$doc])* $signal,)*
        }

        impl Signal {
            /// Every signal; those with an amount first.
            pub const ALL: &'static [Self] = &[$(Self::$priced,)* $(Self::$signal,)*];
            /// How many signals there are.
            pub const COUNT: usize = Self::ALL.len();
            /// How many of them, the first, have an amount.
            pub const PRICED: usize = [$(Self::$priced,)*].len();

            /// The name in fields, documents and ledger records.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$priced => $pname,)*
                    $(Self::$signal => $name,)*
                }
            }
        }
    };
}

signals! {
    priced {
        /// A payment attempt was scored, and we did not refuse it.
        Attempt "attempt",
        /// As [`Signal::Attempt`], of a few euro: the wallets of games and of card tests.
        Micro "micro",
        /// Credit was bought and paid for.
        TopUp "top_up",
        /// Credit, an item or an entitlement left a prepaid balance.
        Spent "spent",
        /// A service billed by use was used.
        Usage "usage",
        /// The merchant saw an account shared; the amount is its sessions open at once.
        Sharing "sharing",
    }
    counted {
        /// The issuer approved an attempt.
        Approved "approved",
        /// The issuer refused an attempt for no reason of the classes below.
        Declined "declined",
        /// The issuer refused it for lack of funds.
        DeclinedFunds "declined_funds",
        /// The issuer refused it: the card is lost, stolen or to be picked up.
        DeclinedStolen "declined_stolen",
        /// The issuer refused it: wrong number, expiry or security code.
        DeclinedData "declined_data",
        /// A renewal was paid.
        Renewal "renewal",
        /// A free or reduced trial began.
        Trial "trial",
        /// An account was opened.
        SignUp "sign_up",
        /// A plan was changed.
        PlanChange "plan_change",
        /// A subscription was cancelled.
        Cancel "cancel",
        /// Money went back to the buyer.
        Refund "refund",
        /// A dispute was opened.
        Dispute "dispute",
        /// The issuer or processor warned of fraud.
        Warning "warning",
        /// A challenge was passed.
        ChallengePassed "challenge_passed",
        /// A challenge was failed.
        ChallengeFailed "challenge_failed",
        /// The buyer left a challenge.
        ChallengeAbandoned "challenge_abandoned",
        /// A licence key was activated on a machine.
        Activation "activation",
        /// A seat of a subscription was given to a person.
        SeatAssigned "seat_assigned",
        /// A seat of a subscription was taken back.
        SeatRemoved "seat_removed",
        /// Somebody logged in.
        Login "login",
        /// A login was refused.
        LoginFailed "login_failed",
        /// The password, e-mail address or second factor was changed.
        CredentialChange "credential_change",
        /// What became of a sale was said, and nothing else happened: no window counts it.
        Outcome "outcome",
        /// We declined it ourselves. Counted for the kinds of blocks alone.
        Blocked "blocked",
    }
}

impl Signal {
    /// The signals of an issuer's refusal, by class.
    pub const DECLINES: [Self; 4] =
        [Self::Declined, Self::DeclinedFunds, Self::DeclinedStolen, Self::DeclinedData];

    /// The signals of a challenge's end.
    pub const CHALLENGES: [Self; 3] =
        [Self::ChallengePassed, Self::ChallengeFailed, Self::ChallengeAbandoned];

    /// Whether an amount is kept of it.
    pub(super) const fn is_priced(self) -> bool {
        (self as usize) < Self::PRICED
    }
}

/// One thing to count, for every entity it touched.
///
/// ```
/// # use vouch::velocity::{EntityKey, EntityKeys, Occurrence, Signal};
/// let occurrence = Occurrence {
///     keys: EntityKeys { card: Some(EntityKey(0x9f2c)), ..EntityKeys::default() },
///     at: "2026-11-20T10:15:00Z".parse().unwrap(),
///     signal: Signal::Attempt,
///     amount: Some(4_900),
///     place: None,
///     sale: None,
/// };
/// assert_eq!(
///     serde_json::to_string(&occurrence).unwrap(),
///     r#"{"keys":{"card":"0000000000009f2c"},"at":"2026-11-20T10:15:00Z","signal":"attempt","amount":4900}"#
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Occurrence {
    /// Whom it touched; also keys of those that this signal does not count for.
    pub keys: EntityKeys,
    /// Event time.
    pub at: Timestamp,
    /// What happened.
    pub signal: Signal,
    /// Hundredths of the base currency (of [`Signal::Sharing`]: sessions), 0 or more; read of priced
    /// signals only. `None`, or a negative one, where it could not be converted: the occurrence
    /// counts and its sum is incomplete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// Where it happened, where that is known to a city.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What it says of which sale, of the occurrences that say something of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale: Option<Sale>,
}

impl Occurrence {
    /// An occurrence of which no more is known.
    pub fn new(keys: EntityKeys, at: Timestamp, signal: Signal) -> Self {
        Self { keys, at, signal, amount: None, place: None, sale: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::velocity::{EntityKey, Told};

    #[test]
    fn an_occurrence_reads_back_as_written() {
        let keys = EntityKeys {
            card: Some(EntityKey(u64::MAX)),
            email: Some(EntityKey(1)),
            device: Some(EntityKey(0)),
            ..EntityKeys::default()
        };
        let place = Place::new(51.5, -0.12, 20);
        for signal in Signal::ALL.iter().copied() {
            for (amount, place) in [(None, None), (Some(0), place), (Some(i64::MAX), None)] {
                let at = Timestamp::from_millis(1_763_633_700_123);
                let sale = amount.map(|_| Sale { id: EntityKey(7), at, told: Told::Settled });
                let occurrence = Occurrence { keys, at, signal, amount, place, sale };
                let text = serde_json::to_string(&occurrence).unwrap();
                assert!(text.contains(&format!(r#""signal":"{}""#, signal.name())), "{text}");
                assert_eq!(serde_json::from_str::<Occurrence>(&text).unwrap(), occurrence);
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for bad in [
            r#"{"keys":{"card":"9f2c"},"at":"2026-11-20T10:15:00Z","signal":"attempt"}"#,
            r#"{"keys":{"card":"+000000000009f2c"},"at":"2026-11-20T10:15:00Z","signal":"attempt"}"#,
            r#"{"keys":{"purse":"0000000000009f2c"},"at":"2026-11-20T10:15:00Z","signal":"attempt"}"#,
            r#"{"keys":{},"at":"2026-11-20T10:15:00Z","signal":"refunded"}"#,
            r#"{"keys":{},"at":"2026-11-20T10:15:00Z","signal":"attempt","currency":"EUR"}"#,
        ] {
            assert!(serde_json::from_str::<Occurrence>(bad).is_err(), "{bad}");
        }
    }
}
