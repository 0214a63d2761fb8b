//! What we did ourselves: for an analyst's rule, never for a model.
//!
//! A block says what our rules thought, not what a buyer did. A model that saw it would learn its own
//! answers, and one wrong block would bring the next. It is counted beside the history of those it
//! touched and moves nothing in it.

use super::{Field, Kind, Origin, Stage};

group! { after super::outcomes::END;
    CARD_BLOCKED_COUNT_1D "card_blocked_count_1d" Kind::Int, Before, Own, personal: false, unit: "transactions", window: "1d",
        missing: "no card in the request",
        "Transactions of the card we declined ourselves in the day before: no sign of fraud, and kept from every model.";
    CARD_BLOCKED_COUNT_30D "card_blocked_count_30d" Kind::Int, Before, Own, personal: false, unit: "transactions", window: "30d",
        missing: "no card in the request",
        "Transactions of the card we declined ourselves in the 30 days before: no sign of fraud, and kept from every model.";
    EMAIL_BLOCKED_COUNT_1D "email_blocked_count_1d" Kind::Int, Before, Own, personal: false, unit: "transactions", window: "1d",
        missing: "no e-mail address in the request",
        "Transactions of the e-mail address we declined ourselves in the day before: no sign of fraud, and kept from every model.";
    EMAIL_BLOCKED_COUNT_30D "email_blocked_count_30d" Kind::Int, Before, Own, personal: false, unit: "transactions", window: "30d",
        missing: "no e-mail address in the request",
        "Transactions of the e-mail address we declined ourselves in the 30 days before: no sign of fraud, and kept from every model.";
    IP_BLOCKED_COUNT_1D "ip_blocked_count_1d" Kind::Int, Before, Own, personal: false, unit: "transactions", window: "1d",
        missing: "no IP address in the request",
        "Transactions of the IP address we declined ourselves in the day before: no sign of fraud, and kept from every model.";
    IP_BLOCKED_COUNT_30D "ip_blocked_count_30d" Kind::Int, Before, Own, personal: false, unit: "transactions", window: "30d",
        missing: "no IP address in the request",
        "Transactions of the IP address we declined ourselves in the 30 days before: no sign of fraud, and kept from every model.";
    DEVICE_BLOCKED_COUNT_1D "device_blocked_count_1d" Kind::Int, Before, Own, personal: false, unit: "transactions", window: "1d",
        missing: "no device in the request",
        "Transactions of the device we declined ourselves in the day before: no sign of fraud, and kept from every model.";
    DEVICE_BLOCKED_COUNT_30D "device_blocked_count_30d" Kind::Int, Before, Own, personal: false, unit: "transactions", window: "30d",
        missing: "no device in the request",
        "Transactions of the device we declined ourselves in the 30 days before: no sign of fraud, and kept from every model.";
    ACCOUNT_BLOCKED_COUNT_1D "account_blocked_count_1d" Kind::Int, Before, Own, personal: false, unit: "transactions", window: "1d",
        missing: "no account in the request",
        "Transactions of the account we declined ourselves in the day before: no sign of fraud, and kept from every model.";
    ACCOUNT_BLOCKED_COUNT_30D "account_blocked_count_30d" Kind::Int, Before, Own, personal: false, unit: "transactions", window: "30d",
        missing: "no account in the request",
        "Transactions of the account we declined ourselves in the 30 days before: no sign of fraud, and kept from every model.";
}
