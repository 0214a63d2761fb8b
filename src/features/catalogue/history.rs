//! What was known of the transaction's entities just before it.

use super::{CHALLENGES, DECLINES, Field, Kind, Origin, RESULTS, Stage};

group! { after super::facts::END;
    CARD_TX_COUNT_1H "card_tx_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no card in the request",
        "Payment attempts of the card in the hour before this one, our own blocks and repeats excluded.";
    CARD_TX_COUNT_1D "card_tx_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no card in the request",
        "Payment attempts of the card in the day before this one, our own blocks and repeats excluded.";
    CARD_DECLINED_COUNT_1D "card_declined_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no card in the request",
        "Authorizations of the card the issuer declined in the day before, outages excluded.";
    CARD_AMOUNT_EUR_SUM_1D "card_amount_eur_sum_1d" Kind::Decimal, Before, Derived, personal: false, unit: "EUR", window: "1d",
        missing: "no card in the request",
        "Sum of the amounts tried with the card in the day before, those without a rate left out.";
    CARD_DISTINCT_EMAILS_7D "card_distinct_emails_7d" Kind::Int, Before, Derived, personal: false, unit: "emails", window: "7d",
        missing: "no card in the request",
        "Distinct emails seen with the card in the 7 days before; past 16 an estimate.";
    CARD_DISTINCT_IPS_1D "card_distinct_ips_1d" Kind::Int, Before, Derived, personal: false, unit: "ips", window: "1d",
        missing: "no card in the request",
        "Distinct ips seen with the card in the day before; past 16 an estimate.";
    EMAIL_TX_COUNT_1D "email_tx_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no e-mail address in the request",
        "Payment attempts of the e-mail address in the day before this one, our own blocks and repeats excluded.";
    EMAIL_DISTINCT_CARDS_7D "email_distinct_cards_7d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "7d",
        missing: "no e-mail address in the request",
        "Distinct cards seen with the e-mail address in the 7 days before; past 16 an estimate.";
    IP_TX_COUNT_1M "ip_tx_count_1m" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1m",
        missing: "no IP address in the request",
        "Payment attempts of the IP address in the minute before this one, our own blocks and repeats excluded.";
    IP_TX_COUNT_1H "ip_tx_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no IP address in the request",
        "Payment attempts of the IP address in the hour before this one, our own blocks and repeats excluded.";
    IP_DECLINED_COUNT_1H "ip_declined_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no IP address in the request",
        "Authorizations of the IP address the issuer declined in the hour before, outages excluded.";
    IP_DISTINCT_CARDS_1H "ip_distinct_cards_1h" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "1h",
        missing: "no IP address in the request",
        "Distinct cards seen with the IP address in the hour before; past 16 an estimate.";
    IP_DISTINCT_CARDS_1D "ip_distinct_cards_1d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "1d",
        missing: "no IP address in the request",
        "Distinct cards seen with the IP address in the day before; past 16 an estimate.";
    IP_DISTINCT_ACCOUNTS_1D "ip_distinct_accounts_1d" Kind::Int, Before, Derived, personal: false, unit: "accounts", window: "1d",
        missing: "no IP address in the request",
        "Distinct accounts seen with the IP address in the day before; past 16 an estimate.";
    DEVICE_TX_COUNT_1H "device_tx_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no device in the request",
        "Payment attempts of the device in the hour before this one, our own blocks and repeats excluded.";
    DEVICE_DECLINED_COUNT_1D "device_declined_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no device in the request",
        "Authorizations of the device the issuer declined in the day before, outages excluded.";
    DEVICE_DISTINCT_CARDS_1D "device_distinct_cards_1d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "1d",
        missing: "no device in the request",
        "Distinct cards seen with the device in the day before; past 16 an estimate.";
    DEVICE_DISTINCT_ACCOUNTS_30D "device_distinct_accounts_30d" Kind::Int, Before, Derived, personal: false, unit: "accounts", window: "30d",
        missing: "no device in the request",
        "Distinct accounts seen with the device in the 30 days before; past 16 an estimate.";
    ACCOUNT_TX_COUNT_1H "account_tx_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no account in the request",
        "Payment attempts of the account in the hour before this one, our own blocks and repeats excluded.";
    ACCOUNT_TX_COUNT_30D "account_tx_count_30d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "30d",
        missing: "no account in the request",
        "Payment attempts of the account in the 30 days before this one, our own blocks and repeats excluded.";
    ACCOUNT_DECLINED_COUNT_1D "account_declined_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no account in the request",
        "Authorizations of the account the issuer declined in the day before, outages excluded.";
    ACCOUNT_AMOUNT_EUR_SUM_30D "account_amount_eur_sum_30d" Kind::Decimal, Before, Derived, personal: false, unit: "EUR", window: "30d",
        missing: "no account in the request",
        "Sum of the amounts tried with the account in the 30 days before, those without a rate left out.";
    ACCOUNT_APPROVED_COUNT_90D "account_approved_count_90d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "90d",
        missing: "no account in the request",
        "Authorizations of the account the issuer approved in the 90 days before.";
    ACCOUNT_DISTINCT_CARDS_7D "account_distinct_cards_7d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "7d",
        missing: "no account in the request",
        "Distinct cards seen with the account in the 7 days before; past 16 an estimate.";
    ACCOUNT_DISTINCT_DEVICES_30D "account_distinct_devices_30d" Kind::Int, Before, Derived, personal: false, unit: "devices", window: "30d",
        missing: "no account in the request",
        "Distinct devices seen with the account in the 30 days before; past 16 an estimate.";
    ACCOUNT_FIRST_SEEN_H "account.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account, or never seen",
        "Time since we first saw the account.";
    CARD_FIRST_SEEN_H "card.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no card, or never seen",
        "Time since we first saw the card.";
    ACCOUNT_AMOUNT_MEAN_RATIO_90D "account_amount_mean_ratio_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "no account in the request, no amount in euro, or none tried in the 90 days",
        "The amount over the mean of those tried with the account in the 90 days before.";
    ACCOUNT_AMOUNT_MAX_RATIO_90D "account_amount_max_ratio_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "no account in the request, no amount in euro, or none tried in the 90 days",
        "The amount over the largest tried with the account in the 90 days before.";
    ACCOUNT_PRICED_COUNT_90D "account_priced_count_90d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "90d",
        missing: "no account in the request",
        "Payment attempts of the account with an amount in the 90 days before: what the two ratios rest on.";
    CARD_AMOUNT_MEAN_RATIO_90D "card_amount_mean_ratio_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "no card in the request, no amount in euro, or none tried in the 90 days",
        "The amount over the mean of those tried with the card in the 90 days before.";
    CARD_AMOUNT_MAX_RATIO_90D "card_amount_max_ratio_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "no card in the request, no amount in euro, or none tried in the 90 days",
        "The amount over the largest tried with the card in the 90 days before.";
    CARD_PRICED_COUNT_90D "card_priced_count_90d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "90d",
        missing: "no card in the request",
        "Payment attempts of the card with an amount in the 90 days before: what the two ratios rest on.";
    SKU_AMOUNT_MEAN_RATIO_90D "sku_amount_mean_ratio_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "not exactly one article in the request, no amount in euro, or none tried in the 90 days",
        "The amount over the mean of those tried for the article in the 90 days before.";
    SKU_AMOUNT_MAX_RATIO_90D "sku_amount_max_ratio_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "not exactly one article in the request, no amount in euro, or none tried in the 90 days",
        "The amount over the largest tried for the article in the 90 days before.";
    SKU_PRICED_COUNT_90D "sku_priced_count_90d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "90d",
        missing: "not exactly one article in the request",
        "Payment attempts of the article with an amount in the 90 days before: what the two ratios rest on.";
    ACCOUNT_SPEND_RATIO_1D "account_spend_ratio_1d" Kind::Float, Before, Derived, personal: false, unit: "", window: "1d",
        missing: "no account in the request, or no priced attempt more than a day ago",
        "What the account tried to spend in the day before over its mean per day since its first attempt, at most 90 days.";
    CARD_DISTINCT_ACCOUNTS_30D "card_distinct_accounts_30d" Kind::Int, Before, Derived, personal: false, unit: "accounts", window: "30d",
        missing: "no card in the request",
        "Distinct accounts seen with the card in the 30 days before; past 16 an estimate.";
    CARD_DISTINCT_DEVICES_7D "card_distinct_devices_7d" Kind::Int, Before, Derived, personal: false, unit: "devices", window: "7d",
        missing: "no card in the request",
        "Distinct devices seen with the card in the 7 days before; past 16 an estimate.";
    CARD_DISTINCT_COUNTRIES_30D "card_distinct_countries_30d" Kind::Int, Before, Derived, personal: false, unit: "countries", window: "30d",
        missing: "no card in the request",
        "Distinct countries of the address seen with the card in the 30 days before; past 16 an estimate.";
    EMAIL_DISTINCT_ACCOUNTS_30D "email_distinct_accounts_30d" Kind::Int, Before, Derived, personal: false, unit: "accounts", window: "30d",
        missing: "no e-mail address in the request",
        "Distinct accounts seen with the e-mail address in the 30 days before; past 16 an estimate.";
    IP_DISTINCT_EMAILS_1D "ip_distinct_emails_1d" Kind::Int, Before, Derived, personal: false, unit: "emails", window: "1d",
        missing: "no IP address in the request",
        "Distinct e-mail addresses seen with the IP address in the day before; past 16 an estimate.";
    IP_DISTINCT_DEVICES_1D "ip_distinct_devices_1d" Kind::Int, Before, Derived, personal: false, unit: "devices", window: "1d",
        missing: "no IP address in the request",
        "Distinct devices seen with the IP address in the day before; past 16 an estimate.";
    DEVICE_DISTINCT_CARDS_7D "device_distinct_cards_7d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "7d",
        missing: "no device in the request",
        "Distinct cards seen with the device in the 7 days before; past 16 an estimate.";
    DEVICE_DISTINCT_EMAILS_7D "device_distinct_emails_7d" Kind::Int, Before, Derived, personal: false, unit: "emails", window: "7d",
        missing: "no device in the request",
        "Distinct e-mail addresses seen with the device in the 7 days before; past 16 an estimate.";
    ACCOUNT_DISTINCT_IPS_7D "account_distinct_ips_7d" Kind::Int, Before, Derived, personal: false, unit: "ips", window: "7d",
        missing: "no account in the request",
        "Distinct IP addresses seen with the account in the 7 days before; past 16 an estimate.";
    ACCOUNT_DISTINCT_COUNTRIES_7D "account_distinct_countries_7d" Kind::Int, Before, Derived, personal: false, unit: "countries", window: "7d",
        missing: "no account in the request",
        "Distinct countries of the address seen with the account in the 7 days before; past 16 an estimate.";
    ACCOUNT_DISTINCT_COUNTRIES_30D "account_distinct_countries_30d" Kind::Int, Before, Derived, personal: false, unit: "countries", window: "30d",
        missing: "no account in the request",
        "Distinct countries of the address seen with the account in the 30 days before; past 16 an estimate.";
    EMAIL_FIRST_SEEN_H "email.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no e-mail address, or never seen",
        "Time since we first saw the e-mail address.";
    DEVICE_FIRST_SEEN_H "device.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no device, or never seen",
        "Time since we first saw the device.";
    IP_FIRST_SEEN_H "ip.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no IP address, or never seen",
        "Time since we first saw the IP address.";
    CARD_ON_ACCOUNT_FIRST_SEEN_H "card_on_account.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no card or no account, or never seen together",
        "Time since we first saw this card on this account.";
    DEVICE_ON_ACCOUNT_FIRST_SEEN_H "device_on_account.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no device or no account, or never seen together",
        "Time since we first saw this device on this account.";
    ACCOUNT_LAST_ATTEMPT_H "account.last_attempt_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account, or none before",
        "Time since the last payment attempt of the account, our own blocks and repeats excluded.";
    CARD_LAST_ATTEMPT_H "card.last_attempt_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no card, or none before",
        "Time since the last payment attempt of the card, our own blocks and repeats excluded.";
    EMAIL_LAST_ATTEMPT_H "email.last_attempt_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no e-mail address, or none before",
        "Time since the last payment attempt of the e-mail address, our own blocks and repeats excluded.";
    DEVICE_LAST_ATTEMPT_H "device.last_attempt_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no device, or none before",
        "Time since the last payment attempt of the device, our own blocks and repeats excluded.";
    IP_LAST_ATTEMPT_H "ip.last_attempt_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no IP address, or none before",
        "Time since the last payment attempt of the IP address, our own blocks and repeats excluded.";
    ACCOUNT_FIRST_PURCHASE_H "account.first_purchase_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account, or none before",
        "Time since the account's first approved payment: how long it has been a customer.";
    ACCOUNT_SIGN_UP_H "account.sign_up_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account, or its sign-up was not scored",
        "Time since the sign-up of the account was scored.";
    ACCOUNT_LAST_RESULT "account.last_result" Kind::Word(RESULTS), Before, Derived, personal: false, unit: "", window: "",
        missing: "no account, or no answer before",
        "The issuer's last answer on the account, outages excluded.";
    ACCOUNT_LAST_RESULT_H "account.last_result_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account, or no answer before",
        "Time since the issuer's last answer on the account.";
    ACCOUNT_LAST_DECLINE "account.last_decline" Kind::Word(DECLINES), Before, Derived, personal: false, unit: "", window: "",
        missing: "no account, or no decline before",
        "Why the issuer last declined the account: `data` is a wrong number, expiry or security code.";
    CARD_LAST_RESULT "card.last_result" Kind::Word(RESULTS), Before, Derived, personal: false, unit: "", window: "",
        missing: "no card, or no answer before",
        "The issuer's last answer on the card, outages excluded.";
    CARD_LAST_RESULT_H "card.last_result_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no card, or no answer before",
        "Time since the issuer's last answer on the card.";
    CARD_LAST_DECLINE "card.last_decline" Kind::Word(DECLINES), Before, Derived, personal: false, unit: "", window: "",
        missing: "no card, or no decline before",
        "Why the issuer last declined the card: `data` is a wrong number, expiry or security code.";
    CARD_DECLINED_FUNDS_COUNT_1D "card_declined_funds_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no card in the request",
        "Authorizations of the card the issuer declined for lack of funds in the day before.";
    CARD_DECLINED_DATA_COUNT_1D "card_declined_data_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no card in the request",
        "Authorizations of the card the issuer declined for a wrong number, expiry or security code in the day before.";
    CARD_DECLINED_STOLEN_COUNT_30D "card_declined_stolen_count_30d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "30d",
        missing: "no card in the request",
        "Authorizations of the card the issuer declined as lost or stolen in the 30 days before.";
    IP_DECLINED_DATA_COUNT_1D "ip_declined_data_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no IP address in the request",
        "Authorizations of the IP address the issuer declined for a wrong number, expiry or security code in the day before.";
    CARD_DECLINE_RATIO_30D "card_decline_ratio_30d" Kind::Float, Before, Derived, personal: false, unit: "", window: "30d",
        missing: "no card in the request, or no answer in the 30 days",
        "Share of the issuers' answers on the card in the 30 days before that were declines.";
    ACCOUNT_DECLINE_RATIO_30D "account_decline_ratio_30d" Kind::Float, Before, Derived, personal: false, unit: "", window: "30d",
        missing: "no account in the request, or no answer in the 30 days",
        "Share of the issuers' answers on the account in the 30 days before that were declines.";
    IP_DECLINE_RATIO_1D "ip_decline_ratio_1d" Kind::Float, Before, Derived, personal: false, unit: "", window: "1d",
        missing: "no IP address in the request, or no answer in the day",
        "Share of the issuers' answers on the IP address in the day before that were declines.";
    ACCOUNT_DECLINED_COUNT_30D "account_declined_count_30d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "30d",
        missing: "no account in the request",
        "Authorizations of the account the issuer declined in the 30 days before, outages excluded.";
    ACCOUNT_LAST_CHALLENGE "account.last_challenge" Kind::Word(CHALLENGES), Before, Derived, personal: false, unit: "", window: "",
        missing: "no account, or no challenge before",
        "How the last challenge of the account ended.";
    ACCOUNT_CHALLENGE_PASSED_COUNT_90D "account_challenge_passed_count_90d" Kind::Int, Before, Derived, personal: false, unit: "challenges", window: "90d",
        missing: "no account in the request",
        "Challenges the account passed in the 90 days before.";
    ACCOUNT_CHALLENGE_FAILED_COUNT_90D "account_challenge_failed_count_90d" Kind::Int, Before, Derived, personal: false, unit: "challenges", window: "90d",
        missing: "no account in the request",
        "Challenges the account failed in the 90 days before.";
    ACCOUNT_CHALLENGE_ABANDONED_COUNT_90D "account_challenge_abandoned_count_90d" Kind::Int, Before, Derived, personal: false, unit: "challenges", window: "90d",
        missing: "no account in the request",
        "Challenges the account left unfinished in the 90 days before.";
    ACCOUNT_REFUND_COUNT_90D "account_refund_count_90d" Kind::Int, Before, Derived, personal: false, unit: "refunds", window: "90d",
        missing: "no account in the request",
        "Refunds to the account in the 90 days before, as far as known.";
    ACCOUNT_REFUNDS "account.refunds" Kind::Int, Before, Derived, personal: false, unit: "refunds", window: "",
        missing: "no account in the request",
        "Refunds to the account ever, as far as known.";
    ACCOUNT_DISPUTE_COUNT_90D "account_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "disputes", window: "90d",
        missing: "no account in the request",
        "Disputes of payments of the account that were opened in the 90 days before, as far as known.";
    ACCOUNT_DISPUTES "account.disputes" Kind::Int, Before, Derived, personal: false, unit: "disputes", window: "",
        missing: "no account in the request",
        "Disputes of payments of the account ever, as far as known.";
    CARD_DISPUTES "card.disputes" Kind::Int, Before, Derived, personal: false, unit: "disputes", window: "",
        missing: "no card in the request",
        "Disputes of payments of the card ever, as far as known.";
    EMAIL_DISPUTES "email.disputes" Kind::Int, Before, Derived, personal: false, unit: "disputes", window: "",
        missing: "no e-mail address in the request",
        "Disputes of payments of the e-mail address ever, as far as known.";
    DEVICE_DISPUTES "device.disputes" Kind::Int, Before, Derived, personal: false, unit: "disputes", window: "",
        missing: "no device in the request",
        "Disputes of payments of the device ever, as far as known.";
    ACCOUNT_WARNINGS "account.warnings" Kind::Int, Before, Derived, personal: false, unit: "warnings", window: "",
        missing: "no account in the request",
        "Issuers' fraud reports and early warnings on the account ever, as far as known.";
    CARD_WARNINGS "card.warnings" Kind::Int, Before, Derived, personal: false, unit: "warnings", window: "",
        missing: "no card in the request",
        "Issuers' fraud reports and early warnings on the card ever, as far as known.";
    EMAIL_WARNINGS "email.warnings" Kind::Int, Before, Derived, personal: false, unit: "warnings", window: "",
        missing: "no e-mail address in the request",
        "Issuers' fraud reports and early warnings on the e-mail address ever, as far as known.";
    CARD_TRIAL_COUNT_90D "card_trial_count_90d" Kind::Int, Before, Derived, personal: false, unit: "trials", window: "90d",
        missing: "no card in the request",
        "Trials begun with the card in the 90 days before, our own blocks excluded.";
    EMAIL_TRIAL_COUNT_90D "email_trial_count_90d" Kind::Int, Before, Derived, personal: false, unit: "trials", window: "90d",
        missing: "no e-mail address in the request",
        "Trials begun with the e-mail address in the 90 days before, our own blocks excluded.";
    DEVICE_TRIAL_COUNT_90D "device_trial_count_90d" Kind::Int, Before, Derived, personal: false, unit: "trials", window: "90d",
        missing: "no device in the request",
        "Trials begun with the device in the 90 days before, our own blocks excluded.";
    IP_TRIAL_COUNT_90D "ip_trial_count_90d" Kind::Int, Before, Derived, personal: false, unit: "trials", window: "90d",
        missing: "no IP address in the request",
        "Trials begun with the IP address in the 90 days before, our own blocks excluded.";
    CARD_TRIALS "card.trials" Kind::Int, Before, Derived, personal: false, unit: "trials", window: "",
        missing: "no card in the request",
        "Trials ever begun with the card, our own blocks excluded.";
    EMAIL_TRIALS "email.trials" Kind::Int, Before, Derived, personal: false, unit: "trials", window: "",
        missing: "no e-mail address in the request",
        "Trials ever begun with the e-mail address, our own blocks excluded.";
    DEVICE_TRIALS "device.trials" Kind::Int, Before, Derived, personal: false, unit: "trials", window: "",
        missing: "no device in the request",
        "Trials ever begun with the device, our own blocks excluded.";
    ACCOUNT_TRIAL_STARTED_H "account.trial_started_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account, or no trial before",
        "Time since the last trial of the account began.";
    ACCOUNT_TRIAL_CONVERTED "account.trial_converted" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no account, or no trial before",
        "True when a renewal was paid with the account after its first trial began.";
    CARD_TRIAL_CONVERTED "card.trial_converted" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no card, or no trial before",
        "True when a renewal was paid with the card after its first trial began.";
    ACCOUNT_RENEWALS_PAID "account.renewals_paid" Kind::Int, Before, Derived, personal: false, unit: "renewals", window: "",
        missing: "no account in the request",
        "Renewals the account ever paid.";
    INVOICE_DECLINED_COUNT_30D "invoice_declined_count_30d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "30d",
        missing: "no invoice in the request",
        "Declines of this invoice in the 30 days before: the failed payments of its dunning, outages excluded.";
    ACCOUNT_PLAN_CHANGE_COUNT_30D "account_plan_change_count_30d" Kind::Int, Before, Derived, personal: false, unit: "changes", window: "30d",
        missing: "no account in the request",
        "Plan changes of the account in the 30 days before, our own blocks excluded.";
    ACCOUNT_CANCELLED_H "account.cancelled_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account, or no cancellation before",
        "Time since a subscription of the account was last cancelled, or that took effect.";
    ACCOUNT_MICRO_COUNT_1H "account_micro_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no account in the request",
        "Purchases and top-ups of the account of at most 5 EUR in the hour before, our own blocks excluded.";
    ACCOUNT_MICRO_COUNT_1D "account_micro_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no account in the request",
        "Purchases and top-ups of the account of at most 5 EUR in the day before, our own blocks excluded.";
    ACCOUNT_MICRO_EUR_SUM_1D "account_micro_eur_sum_1d" Kind::Decimal, Before, Derived, personal: false, unit: "EUR", window: "1d",
        missing: "no account in the request",
        "Sum of these small payments in the day before.";
    ACCOUNT_TOP_UP_COUNT_1D "account_top_up_count_1d" Kind::Int, Before, Derived, personal: false, unit: "top-ups", window: "1d",
        missing: "no account in the request",
        "Top-ups the account paid in the day before.";
    ACCOUNT_TOP_UP_EUR_SUM_7D "account_top_up_eur_sum_7d" Kind::Decimal, Before, Derived, personal: false, unit: "EUR", window: "7d",
        missing: "no account in the request",
        "Sum of the top-ups paid in the 7 days before.";
    ACCOUNT_SPENT_RATIO_30D "account_spent_ratio_30d" Kind::Float, Before, Derived, personal: false, unit: "", window: "30d",
        missing: "no account in the request, no top-up, or an amount without a rate in the 30 days",
        "What left the balance of the account in the 30 days before over what it topped up.";
    ACCOUNT_OWED_USAGE_COUNT_30D "account_owed_usage_count_30d" Kind::Int, Before, Derived, personal: false, unit: "uses", window: "30d",
        missing: "no account in the request",
        "Uses billed later, in the 30 days before and since the last approved payment, to about 30 hours.";
    ACCOUNT_OWED_USAGE_EUR_SUM_30D "account_owed_usage_eur_sum_30d" Kind::Decimal, Before, Derived, personal: false, unit: "EUR", window: "30d",
        missing: "no account in the request, or a use without an amount",
        "What these uses cost: the exposure not yet billed.";
    LICENCE_ACTIVATION_COUNT_1D "licence_activation_count_1d" Kind::Int, Before, Derived, personal: false, unit: "activations", window: "1d",
        missing: "no licence key in the request",
        "Activations of the licence key in the day before.";
    LICENCE_ACTIVATION_COUNT_30D "licence_activation_count_30d" Kind::Int, Before, Derived, personal: false, unit: "activations", window: "30d",
        missing: "no licence key in the request",
        "Activations of the licence key in the 30 days before.";
    LICENCE_DISTINCT_MACHINES_30D "licence_distinct_machines_30d" Kind::Int, Before, Derived, personal: false, unit: "machines", window: "30d",
        missing: "no licence key in the request",
        "Distinct machines the licence key was activated on in the 30 days before; past 16 an estimate.";
    LICENCE_DISTINCT_ACTIVATION_COUNTRIES_30D "licence_distinct_activation_countries_30d" Kind::Int, Before, Derived, personal: false, unit: "countries", window: "30d",
        missing: "no licence key in the request",
        "Distinct countries the licence key was activated from in the 30 days before; past 16 an estimate.";
    ACCOUNT_ACTIVATION_COUNT_30D "account_activation_count_30d" Kind::Int, Before, Derived, personal: false, unit: "activations", window: "30d",
        missing: "no account in the request",
        "Activations of licence keys of the account in the 30 days before.";
    ACCOUNT_DISTINCT_MACHINES_30D "account_distinct_machines_30d" Kind::Int, Before, Derived, personal: false, unit: "machines", window: "30d",
        missing: "no account in the request",
        "Distinct machines licence keys of the account were activated on in the 30 days before; past 16 an estimate.";
    ACCOUNT_SEATS "account.seats" Kind::Int, Before, Derived, personal: false, unit: "seats", window: "",
        missing: "no account in the request",
        "Seats in use: those ever given to people less those taken back.";
    ACCOUNT_DISTINCT_LOGIN_DEVICES_1H "account_distinct_login_devices_1h" Kind::Int, Before, Derived, personal: false, unit: "devices", window: "1h",
        missing: "no account in the request",
        "Distinct devices the account was logged in from in the hour before; past 16 an estimate.";
    ACCOUNT_DISTINCT_LOGIN_DEVICES_7D "account_distinct_login_devices_7d" Kind::Int, Before, Derived, personal: false, unit: "devices", window: "7d",
        missing: "no account in the request",
        "Distinct devices the account was logged in from in the 7 days before; past 16 an estimate.";
    ACCOUNT_DISTINCT_LOGIN_COUNTRIES_7D "account_distinct_login_countries_7d" Kind::Int, Before, Derived, personal: false, unit: "countries", window: "7d",
        missing: "no account in the request",
        "Distinct countries the account was logged in from in the 7 days before; past 16 an estimate.";
    ACCOUNT_SESSIONS_MAX_90D "account_sessions_max_90d" Kind::Int, Before, Derived, personal: false, unit: "sessions", window: "90d",
        missing: "no account in the request, or no such signal",
        "Most sessions open at once in a sharing signal of the 90 days before.";
    ACCOUNT_LOGIN_FAILED_COUNT_1H "account_login_failed_count_1h" Kind::Int, Before, Derived, personal: false, unit: "logins", window: "1h",
        missing: "no account in the request",
        "Refused logins of the account in the hour before.";
    IP_LOGIN_FAILED_COUNT_1H "ip_login_failed_count_1h" Kind::Int, Before, Derived, personal: false, unit: "logins", window: "1h",
        missing: "no IP address in the request",
        "Refused logins of the IP address in the hour before.";
    ACCOUNT_CREDENTIALS_CHANGED_H "account.credentials_changed_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account, or no change before",
        "Time since the password, e-mail address or second factor was last changed.";
    IP_SIGN_UP_COUNT_1D "ip_sign_up_count_1d" Kind::Int, Before, Derived, personal: false, unit: "sign-ups", window: "1d",
        missing: "no IP address in the request",
        "Sign-ups scored from the IP address in the day before, our own blocks excluded.";
    DEVICE_SIGN_UP_COUNT_1D "device_sign_up_count_1d" Kind::Int, Before, Derived, personal: false, unit: "sign-ups", window: "1d",
        missing: "no device in the request",
        "Sign-ups scored from the device in the day before, our own blocks excluded.";
    ACCOUNT_TRAVEL_KM "account.travel_km" Kind::Float, Before, Derived, personal: false, unit: "km", window: "",
        missing: "no city for either address, or one of a host, CDN, relay, VPN, proxy or Tor; or none before",
        "Distance to where the account was last seen.";
    ACCOUNT_TRAVEL_KMH "account.travel_kmh" Kind::Float, Before, Derived, personal: false, unit: "km/h", window: "",
        missing: "no city for either address, or one of a host, CDN, relay, VPN, proxy or Tor; or none before",
        "That distance over the time since.";
    ACCOUNT_IMPOSSIBLE_TRAVEL "account.impossible_travel" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no city for either address, or one of a host, CDN, relay, VPN, proxy or Tor; or none before",
        "True above 900 km/h when the places are more than 200 km apart at their nearest.";
    CARD_TRAVEL_KM "card.travel_km" Kind::Float, Before, Derived, personal: false, unit: "km", window: "",
        missing: "no city for either address, or one of a host, CDN, relay, VPN, proxy or Tor; or none before",
        "Distance to where the card was last seen.";
    CARD_TRAVEL_KMH "card.travel_kmh" Kind::Float, Before, Derived, personal: false, unit: "km/h", window: "",
        missing: "no city for either address, or one of a host, CDN, relay, VPN, proxy or Tor; or none before",
        "That distance over the time since.";
    CARD_IMPOSSIBLE_TRAVEL "card.impossible_travel" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no city for either address, or one of a host, CDN, relay, VPN, proxy or Tor; or none before",
        "True above 900 km/h when the places are more than 200 km apart at their nearest.";
    CARD_APPROVED_COUNT_30D "card_approved_count_30d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "30d",
        missing: "no card in the request",
        "Authorizations of the card the issuer approved in the 30 days before.";
    CARD_REFUND_COUNT_90D "card_refund_count_90d" Kind::Int, Before, Derived, personal: false, unit: "refunds", window: "90d",
        missing: "no card in the request",
        "Refunds of the card in the 90 days before.";
    CARD_DISPUTE_COUNT_90D "card_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "disputes", window: "90d",
        missing: "no card in the request",
        "Disputes of the card opened in the 90 days before.";
    CARD_LAST_SEEN_H "card.last_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no card, or never seen",
        "Time since we last saw the card in any way, our own blocks left out.";
    EMAIL_APPROVED_COUNT_30D "email_approved_count_30d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "30d",
        missing: "no e-mail address in the request",
        "Authorizations of the e-mail address the issuer approved in the 30 days before.";
    EMAIL_DECLINED_COUNT_1D "email_declined_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no e-mail address in the request",
        "Authorizations of the e-mail address the issuer declined in the day before, outages excluded.";
    EMAIL_REFUND_COUNT_90D "email_refund_count_90d" Kind::Int, Before, Derived, personal: false, unit: "refunds", window: "90d",
        missing: "no e-mail address in the request",
        "Refunds of the e-mail address in the 90 days before.";
    EMAIL_DISPUTE_COUNT_90D "email_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "disputes", window: "90d",
        missing: "no e-mail address in the request",
        "Disputes of the e-mail address opened in the 90 days before.";
    EMAIL_LAST_SEEN_H "email.last_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no e-mail address, or never seen",
        "Time since we last saw the e-mail address in any way, our own blocks left out.";
    IP_APPROVED_COUNT_1D "ip_approved_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no IP address in the request",
        "Authorizations of the IP address the issuer approved in the day before.";
    IP_LAST_SEEN_H "ip.last_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no IP address, or never seen",
        "Time since we last saw the IP address in any way, our own blocks left out.";
    DEVICE_APPROVED_COUNT_30D "device_approved_count_30d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "30d",
        missing: "no device in the request",
        "Authorizations of the device the issuer approved in the 30 days before.";
    DEVICE_REFUND_COUNT_90D "device_refund_count_90d" Kind::Int, Before, Derived, personal: false, unit: "refunds", window: "90d",
        missing: "no device in the request",
        "Refunds of the device in the 90 days before.";
    DEVICE_DISPUTE_COUNT_90D "device_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "disputes", window: "90d",
        missing: "no device in the request",
        "Disputes of the device opened in the 90 days before.";
    DEVICE_LAST_SEEN_H "device.last_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no device, or never seen",
        "Time since we last saw the device in any way, our own blocks left out.";
    ACCOUNT_LAST_SEEN_H "account.last_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account, or never seen",
        "Time since we last saw the account in any way, our own blocks left out.";
    BIN_TX_COUNT_1H "bin_tx_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no BIN in the request",
        "Payment attempts of cards that begin with the same six digits in the hour before this one, our own blocks and repeats excluded.";
    BIN_DECLINED_COUNT_1H "bin_declined_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no BIN in the request",
        "Authorizations of cards that begin with the same six digits the issuer declined in the hour before, outages excluded.";
    BIN_DECLINE_RATIO_1D "bin_decline_ratio_1d" Kind::Float, Before, Derived, personal: false, unit: "", window: "1d",
        missing: "no BIN, or no answer in the day",
        "Declines over all answers of issuers to cards that begin with the same six digits in the day before.";
    BIN_DISTINCT_CARDS_1H "bin_distinct_cards_1h" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "1h",
        missing: "no BIN in the request",
        "Distinct cards seen with cards that begin with the same six digits in the hour before; past 16 an estimate.";
    BIN_DISTINCT_IPS_1H "bin_distinct_ips_1h" Kind::Int, Before, Derived, personal: false, unit: "ips", window: "1h",
        missing: "no BIN in the request",
        "Distinct IP addresses seen with cards that begin with the same six digits in the hour before; past 16 an estimate.";
    BIN_DISPUTE_COUNT_90D "bin_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "disputes", window: "90d",
        missing: "no BIN in the request",
        "Disputes of cards that begin with the same six digits opened in the 90 days before.";
    BIN_FIRST_SEEN_H "bin.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no BIN, or never seen",
        "Time since we first saw cards that begin with the same six digits.";
    SELLER_TX_COUNT_1H "seller_tx_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no seller in the request",
        "Payment attempts of the seller in the hour before this one, our own blocks and repeats excluded.";
    SELLER_APPROVED_COUNT_30D "seller_approved_count_30d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "30d",
        missing: "no seller in the request",
        "Authorizations of the seller the issuer approved in the 30 days before.";
    SELLER_DECLINE_RATIO_1D "seller_decline_ratio_1d" Kind::Float, Before, Derived, personal: false, unit: "", window: "1d",
        missing: "no seller, or no answer in the day",
        "Declines over all answers of issuers to the seller in the day before.";
    SELLER_REFUND_COUNT_30D "seller_refund_count_30d" Kind::Int, Before, Derived, personal: false, unit: "refunds", window: "30d",
        missing: "no seller in the request",
        "Refunds of the seller in the 30 days before.";
    SELLER_DISPUTE_COUNT_90D "seller_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "disputes", window: "90d",
        missing: "no seller in the request",
        "Disputes of the seller opened in the 90 days before.";
    SELLER_DISTINCT_CARDS_1D "seller_distinct_cards_1d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "1d",
        missing: "no seller in the request",
        "Distinct cards seen with the seller in the day before; past 16 an estimate.";
    SELLER_FIRST_SEEN_H "seller.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no seller, or never seen",
        "Time since we first saw the seller.";
    WALLET_TX_COUNT_1D "wallet_tx_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no attested payer in the request",
        "Payment attempts of the wallet in the day before this one, our own blocks and repeats excluded.";
    WALLET_DECLINED_COUNT_1D "wallet_declined_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no attested payer in the request",
        "Authorizations of the wallet the issuer declined in the day before, outages excluded.";
    WALLET_APPROVED_COUNT_90D "wallet_approved_count_90d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "90d",
        missing: "no attested payer in the request",
        "Authorizations of the wallet the issuer approved in the 90 days before.";
    WALLET_REFUND_COUNT_90D "wallet_refund_count_90d" Kind::Int, Before, Derived, personal: false, unit: "refunds", window: "90d",
        missing: "no attested payer in the request",
        "Refunds of the wallet in the 90 days before.";
    WALLET_DISPUTE_COUNT_90D "wallet_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "disputes", window: "90d",
        missing: "no attested payer in the request",
        "Disputes of the wallet opened in the 90 days before.";
    WALLET_DISTINCT_ACCOUNTS_30D "wallet_distinct_accounts_30d" Kind::Int, Before, Derived, personal: false, unit: "accounts", window: "30d",
        missing: "no attested payer in the request",
        "Distinct accounts seen with the wallet in the 30 days before; past 16 an estimate.";
    WALLET_DISTINCT_EMAILS_30D "wallet_distinct_emails_30d" Kind::Int, Before, Derived, personal: false, unit: "emails", window: "30d",
        missing: "no attested payer in the request",
        "Distinct e-mail addresses seen with the wallet in the 30 days before; past 16 an estimate.";
    WALLET_FIRST_SEEN_H "wallet.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no attested payer, or never seen",
        "Time since we first saw the wallet.";
    WALLET_LAST_SEEN_H "wallet.last_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no attested payer, or never seen",
        "Time since we last saw the wallet in any way, our own blocks left out.";
    CARD_ON_IP_TX_COUNT_1D "card_on_ip_tx_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no card or no IP address in the request",
        "Payment attempts of this card on this IP address in the day before this one, our own blocks and repeats excluded.";
    CARD_ON_IP_APPROVED_COUNT_90D "card_on_ip_approved_count_90d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "90d",
        missing: "no card or no IP address in the request",
        "Authorizations of this card on this IP address the issuer approved in the 90 days before.";
    CARD_ON_IP_FIRST_SEEN_H "card_on_ip.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no card or no IP address, or never seen",
        "Time since we first saw this card on this IP address.";
    CARD_ON_IP_LAST_SEEN_H "card_on_ip.last_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no card or no IP address, or never seen",
        "Time since we last saw this card on this IP address in any way, our own blocks left out.";
    CARD_ON_ACCOUNT_APPROVED_COUNT_90D "card_on_account_approved_count_90d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "90d",
        missing: "no card or no account in the request",
        "Authorizations of this card on this account the issuer approved in the 90 days before.";
    CARD_ON_ACCOUNT_LAST_SEEN_H "card_on_account.last_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no card or no account, or never seen",
        "Time since we last saw this card on this account in any way, our own blocks left out.";
    DEVICE_ON_ACCOUNT_LAST_SEEN_H "device_on_account.last_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no device or no account, or never seen",
        "Time since we last saw this device on this account in any way, our own blocks left out.";
}
