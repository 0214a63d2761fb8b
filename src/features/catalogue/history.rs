//! What was known of the transaction's entities just before it.

use super::{Field, Kind, Origin, Stage};

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
        "Distinct emails seen with the card in the 7 days before; saturates at the cap.";
    CARD_DISTINCT_IPS_1D "card_distinct_ips_1d" Kind::Int, Before, Derived, personal: false, unit: "ips", window: "1d",
        missing: "no card in the request",
        "Distinct ips seen with the card in the day before; saturates at the cap.";
    EMAIL_TX_COUNT_1D "email_tx_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no e-mail address in the request",
        "Payment attempts of the e-mail address in the day before this one, our own blocks and repeats excluded.";
    EMAIL_DISTINCT_CARDS_7D "email_distinct_cards_7d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "7d",
        missing: "no e-mail address in the request",
        "Distinct cards seen with the e-mail address in the 7 days before; saturates at the cap.";
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
        "Distinct cards seen with the IP address in the hour before; saturates at the cap.";
    IP_DISTINCT_CARDS_1D "ip_distinct_cards_1d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "1d",
        missing: "no IP address in the request",
        "Distinct cards seen with the IP address in the day before; saturates at the cap.";
    IP_DISTINCT_ACCOUNTS_1D "ip_distinct_accounts_1d" Kind::Int, Before, Derived, personal: false, unit: "accounts", window: "1d",
        missing: "no IP address in the request",
        "Distinct accounts seen with the IP address in the day before; saturates at the cap.";
    DEVICE_TX_COUNT_1H "device_tx_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no device in the request",
        "Payment attempts of the device in the hour before this one, our own blocks and repeats excluded.";
    DEVICE_DECLINED_COUNT_1D "device_declined_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no device in the request",
        "Authorizations of the device the issuer declined in the day before, outages excluded.";
    DEVICE_DISTINCT_CARDS_1D "device_distinct_cards_1d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "1d",
        missing: "no device in the request",
        "Distinct cards seen with the device in the day before; saturates at the cap.";
    DEVICE_DISTINCT_ACCOUNTS_30D "device_distinct_accounts_30d" Kind::Int, Before, Derived, personal: false, unit: "accounts", window: "30d",
        missing: "no device in the request",
        "Distinct accounts seen with the device in the 30 days before; saturates at the cap.";
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
        "Distinct cards seen with the account in the 7 days before; saturates at the cap.";
    ACCOUNT_DISTINCT_DEVICES_30D "account_distinct_devices_30d" Kind::Int, Before, Derived, personal: false, unit: "devices", window: "30d",
        missing: "no account in the request",
        "Distinct devices seen with the account in the 30 days before; saturates at the cap.";
    ACCOUNT_FIRST_SEEN_H "account.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account, or never seen",
        "Time since we first saw the account.";
    CARD_FIRST_SEEN_H "card.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no card, or never seen",
        "Time since we first saw the card.";
}
