//! Reason groups: what the parts of a score are called.
//!
//! Features of one kind rise and fall together, so an analyst is shown their sum. A code is never
//! renamed. The sentence states what the group did to the score and nothing the model does not know:
//! a group can raise the risk by a high value, a low one, or a missing one.

use crate::features::FieldId;

/// A named group of features.
#[derive(Debug, PartialEq, Eq)]
pub struct ReasonGroup {
    /// Stable code, e.g. `IP_VELOCITY`.
    pub code: &'static str,
    raises: &'static str,
    lowers: &'static str,
    /// Field names, with `*` for any beginning or any end. The first group that matches has the field.
    fields: &'static [&'static str],
}

/// What one group adds to the log-odds of fraud, compared with the average transaction of training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contribution {
    /// The group.
    pub group: &'static ReasonGroup,
    /// Calibrated log-odds; negative when the group lowers the risk.
    pub log_odds: f64,
}

impl Contribution {
    /// One sentence for an analyst.
    pub fn text(&self) -> &'static str {
        if self.log_odds < 0.0 { self.group.lowers } else { self.group.raises }
    }
}

macro_rules! groups {
    ($($code:literal $subject:literal [$($field:literal)*])*) => {
        /// Every group; the last takes what no other names.
        pub static REASON_GROUPS: &[ReasonGroup] = &[$(ReasonGroup {
            code: $code,
            raises: concat!($subject, " raises the risk."),
            lowers: concat!($subject, " lowers the risk."),
            fields: &[$($field),*],
        }),*];
    };
}

groups! {
    "LINKED_PEOPLE" "What is known of people who share a card, device or other tie" ["links.*"]
    "KNOWN_OUTCOMES" "How earlier sales turned out"
        ["account_known_*" "card_known_*" "email_known_*" "device_known_*" "bin_known_*"
         "sku_known_*" "seller_known_*" "*.clean_history"]
    "TRIAL_REUSE" "Earlier trials"
        ["trial.*" "*.trials" "*_trial_count_90d" "account.trial_started_h" "*.trial_converted"]
    "GEO_MISMATCH" "How countries, time zones, languages and currencies agree"
        ["*_mismatch" "*_timezone_gap_h" "countries_*" "timezone.*" "language.*" "phone.*"]
    "DISPUTE_HISTORY" "Earlier disputes, warnings and refunds"
        ["*.disputes" "*_dispute_count_90d" "*.warnings" "*.refunds" "*_refund_count_90d"]
    "ISSUER_ANSWERS" "The issuers' earlier answers"
        ["*.last_result" "*.last_result_h" "*.last_decline" "*_decline_ratio_30d" "*_decline_ratio_1d"]
    "CHALLENGE_HISTORY" "Earlier challenges" ["account.last_challenge" "account_challenge_*"]
    "TRAVEL" "The way from where the buyer was last seen"
        ["*.travel_km" "*.travel_kmh" "*.impossible_travel"]
    "AMOUNT_HISTORY" "The amount against what was spent before"
        ["*_amount_mean_ratio_90d" "*_amount_max_ratio_90d" "*_priced_count_90d" "*_spend_ratio_1d"]
    "SIGN_UPS" "Recent sign-ups from the same place" ["*_sign_up_count_1d"]
    "SUBSCRIPTION" "The subscription so far"
        ["account.renewals_paid" "account.cancelled_h" "account_plan_change_*" "invoice_*"]
    "WALLET" "Small payments, top-ups and what is owed"
        ["account_micro_*" "account_top_up_*" "account_spent_*" "account_owed_*"]
    "LICENCES" "How licence keys and seats are used"
        ["licence_*" "account_activation_*" "account_distinct_machines_30d" "account.seats"]
    "ACCESS" "Logins, sessions and changed credentials"
        ["account_distinct_login_*" "*_login_failed_count_1h" "account_sessions_*"
         "account.credentials_changed_h"]
    "AMOUNT" "The amount and number of units" ["amount_*" "eur_rate" "item_count" "items.*" "discount_share"]
    "CARD_AGE" "How long the card is known"
        ["card.first_seen_h" "card.last_attempt_h" "card.last_seen_h" "card_on_account.*" "card_on_ip.*"]
    "EMAIL_AGE" "How long the e-mail address is known"
        ["email.first_seen_h" "email.last_attempt_h" "email.last_seen_h"]
    "IP_AGE" "How long the IP address is known" ["ip.first_seen_h" "ip.last_attempt_h" "ip.last_seen_h"]
    "DEVICE_AGE" "How long the device is known"
        ["device.first_seen_h" "device.last_attempt_h" "device.last_seen_h" "device_on_account.*"]
    "CARD_VELOCITY" "Recent activity of the card" ["card_*"]
    "BIN_VELOCITY" "Recent activity of cards that begin alike" ["bin_*" "bin.first_seen_h"]
    "SELLER" "The seller's recent sales" ["seller_*" "seller.*"]
    "PAYER" "The wallet's payer" ["wallet_*" "wallet.*"]
    "CARD_PRODUCT" "The kind of card" ["bin.*" "card.*"]
    "EMAIL_VELOCITY" "Recent activity of the e-mail address" ["email_*"]
    "EMAIL" "The kind of e-mail address" ["email.*"]
    "IP_VELOCITY" "Recent activity from the IP address" ["ip_*"]
    "IP_NETWORK" "The network of the IP address" ["ip.*"]
    "DEVICE_VELOCITY" "Recent activity of the device" ["device_*"]
    "ACCOUNT_VELOCITY" "Recent activity of the account" ["account_*"]
    "ACCOUNT_AGE" "The age of the account"
        ["account.age_h" "account.first_seen_h" "account.last_attempt_h" "account.last_seen_h" "account.sign_up_h"
         "account.first_purchase_h"]
    "AGENT" "The browser or program" ["agent.*"]
    "PAYMENT" "How the payment is made" ["payment.*"]
    "PURCHASE" "What is bought and how it is delivered" ["type" "subscription.*" "fulfilment.*" "terms.*"]
    "TIME_OF_DAY" "The time of day and week" ["hour_utc" "local_*"]
    "OWN_FACTS" "What the shop sends of its own" ["custom.*"]
    "OTHER" "Everything else" ["*"]
}

/// The place in [`REASON_GROUPS`] of a field's group.
pub(super) fn group_of(field: FieldId) -> usize {
    group_of_name(field.field().name)
}

/// The same by name, of the merchant's own fields too.
pub(super) fn group_of_name(name: &str) -> usize {
    let matches = |pattern: &str| match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(start), _) => name.starts_with(start),
        (_, Some(end)) => name.ends_with(end),
        _ => name == pattern,
    };
    REASON_GROUPS
        .iter()
        .position(|group| group.fields.iter().any(|pattern| matches(pattern)))
        .unwrap_or(REASON_GROUPS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{FIELDS, Origin, fields};
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_every_derived_number_has_a_group() {
        let codes: BTreeSet<_> = REASON_GROUPS.iter().map(|g| g.code).collect();
        assert_eq!(codes.len(), REASON_GROUPS.len());
        for field in FIELDS.iter().filter(|f| f.origin == Origin::Derived && f.kind.is_numeric()) {
            let group = REASON_GROUPS[group_of(field.id)].code;
            assert_eq!(group == "OTHER", field.name.starts_with("model."), "{}", field.name);
        }
    }

    #[test]
    fn fields_fall_where_a_reader_looks() {
        for (field, code) in [
            (fields::IP_BIN_MISMATCH, "GEO_MISMATCH"),
            (fields::IP_TX_COUNT_1H, "IP_VELOCITY"),
            (fields::IP_TOR, "IP_NETWORK"),
            (fields::CARD_FIRST_SEEN_H, "CARD_AGE"),
            (fields::CARD_TX_COUNT_1H, "CARD_VELOCITY"),
            (fields::CARD_TRIALS, "TRIAL_REUSE"),
            (fields::PHONE_TRIALS, "TRIAL_REUSE"),
            (fields::LINKS_DISPUTES, "LINKED_PEOPLE"),
            (fields::BIN_KNOWN_FRAUD_SHARE_30D, "KNOWN_OUTCOMES"),
            (fields::DEVICE_DISPUTES, "DISPUTE_HISTORY"),
            (fields::DEVICE_ON_ACCOUNT_FIRST_SEEN_H, "DEVICE_AGE"),
            (fields::ACCOUNT_DISTINCT_LOGIN_DEVICES_7D, "ACCESS"),
            (fields::ACCOUNT_AGE_H, "ACCOUNT_AGE"),
            (fields::AMOUNT_EUR, "AMOUNT"),
            (fields::PAYMENT_METHOD, "PAYMENT"),
        ] {
            assert_eq!(REASON_GROUPS[group_of(field)].code, code, "{}", field.field().name);
        }
    }

    #[test]
    fn the_sentence_follows_the_sign() {
        let group = &REASON_GROUPS[group_of(fields::EMAIL_CLASS)];
        let text = |log_odds| Contribution { group, log_odds }.text();
        assert_eq!(text(0.4), "The kind of e-mail address raises the risk.");
        assert_eq!(text(-0.4), "The kind of e-mail address lowers the risk.");
    }
}
