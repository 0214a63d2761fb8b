//! What became of the sales of a transaction's parties, and who is tied to them.

use super::{Field, Kind, Origin, Stage, TRIED_WITH};

group! { after super::history::END;
    ACCOUNT_KNOWN_FRAUD_COUNT_1D "account_known_fraud_count_1d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "1d",
        missing: "no account in the request, or no sale in the window",
        "Sales of the account in the day that ended a label delay before this one and that are known to be fraud by now.";
    ACCOUNT_KNOWN_FRAUD_SHARE_1D "account_known_fraud_share_1d" Kind::Float, Before, Derived, personal: false, unit: "", window: "1d",
        missing: "no account in the request, or no sale in the window",
        "These over all its sales of the same day.";
    ACCOUNT_KNOWN_FRAUD_COUNT_7D "account_known_fraud_count_7d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "7d",
        missing: "no account in the request, or no sale in the window",
        "Sales of the account in the 7 days that ended a label delay before this one and that are known to be fraud by now.";
    ACCOUNT_KNOWN_FRAUD_SHARE_7D "account_known_fraud_share_7d" Kind::Float, Before, Derived, personal: false, unit: "", window: "7d",
        missing: "no account in the request, or no sale in the window",
        "These over all its sales of the same 7 days.";
    ACCOUNT_KNOWN_FRAUD_COUNT_30D "account_known_fraud_count_30d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "30d",
        missing: "no account in the request, or no sale in the window",
        "Sales of the account in the 30 days that ended a label delay before this one and that are known to be fraud by now.";
    ACCOUNT_KNOWN_FRAUD_SHARE_30D "account_known_fraud_share_30d" Kind::Float, Before, Derived, personal: false, unit: "", window: "30d",
        missing: "no account in the request, or no sale in the window",
        "These over all its sales of the same 30 days.";
    ACCOUNT_KNOWN_FRAUD_COUNT_90D "account_known_fraud_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no account in the request, or no sale in the window",
        "Sales of the account in the 90 days that ended a label delay before this one and that are known to be fraud by now.";
    ACCOUNT_KNOWN_FRAUD_SHARE_90D "account_known_fraud_share_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "no account in the request, or no sale in the window",
        "These over all its sales of the same 90 days.";
    ACCOUNT_KNOWN_WARNING_COUNT_90D "account_known_warning_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no account in the request, or no sale in the window",
        "Sales of the account in the 90 days that ended a label delay before this one and that the issuer or processor warned of by now.";
    ACCOUNT_KNOWN_DISPUTE_COUNT_90D "account_known_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no account in the request, or no sale in the window",
        "Sales of the account in the 90 days that ended a label delay before this one and that were disputed by now.";
    ACCOUNT_KNOWN_MISUSE_COUNT_90D "account_known_misuse_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no account in the request, or no sale in the window",
        "Sales of the account in the 90 days that ended a label delay before this one and that their latest label calls first-party misuse by now.";
    ACCOUNT_KNOWN_SERVICE_COUNT_90D "account_known_service_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no account in the request, or no sale in the window",
        "Sales of the account in the 90 days that ended a label delay before this one and that their latest label calls a complaint about product, delivery or billing by now.";
    ACCOUNT_KNOWN_REFUND_COUNT_90D "account_known_refund_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no account in the request, or no sale in the window",
        "Sales of the account in the 90 days that ended a label delay before this one and of which money went back by now.";
    ACCOUNT_KNOWN_WON_COUNT_90D "account_known_won_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no account in the request, or no sale in the window",
        "Sales of the account in the 90 days that ended a label delay before this one and about which a case was won by now.";
    ACCOUNT_KNOWN_LOST_COUNT_90D "account_known_lost_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no account in the request, or no sale in the window",
        "Sales of the account in the 90 days that ended a label delay before this one and about which a case was lost or not contested by now.";
    CARD_KNOWN_FRAUD_COUNT_1D "card_known_fraud_count_1d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "1d",
        missing: "no card in the request, or no sale in the window",
        "Sales of the card in the day that ended a label delay before this one and that are known to be fraud by now.";
    CARD_KNOWN_FRAUD_SHARE_1D "card_known_fraud_share_1d" Kind::Float, Before, Derived, personal: false, unit: "", window: "1d",
        missing: "no card in the request, or no sale in the window",
        "These over all its sales of the same day.";
    CARD_KNOWN_FRAUD_COUNT_7D "card_known_fraud_count_7d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "7d",
        missing: "no card in the request, or no sale in the window",
        "Sales of the card in the 7 days that ended a label delay before this one and that are known to be fraud by now.";
    CARD_KNOWN_FRAUD_SHARE_7D "card_known_fraud_share_7d" Kind::Float, Before, Derived, personal: false, unit: "", window: "7d",
        missing: "no card in the request, or no sale in the window",
        "These over all its sales of the same 7 days.";
    CARD_KNOWN_FRAUD_COUNT_30D "card_known_fraud_count_30d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "30d",
        missing: "no card in the request, or no sale in the window",
        "Sales of the card in the 30 days that ended a label delay before this one and that are known to be fraud by now.";
    CARD_KNOWN_FRAUD_SHARE_30D "card_known_fraud_share_30d" Kind::Float, Before, Derived, personal: false, unit: "", window: "30d",
        missing: "no card in the request, or no sale in the window",
        "These over all its sales of the same 30 days.";
    CARD_KNOWN_FRAUD_COUNT_90D "card_known_fraud_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card in the request, or no sale in the window",
        "Sales of the card in the 90 days that ended a label delay before this one and that are known to be fraud by now.";
    CARD_KNOWN_FRAUD_SHARE_90D "card_known_fraud_share_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "no card in the request, or no sale in the window",
        "These over all its sales of the same 90 days.";
    CARD_KNOWN_WARNING_COUNT_90D "card_known_warning_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card in the request, or no sale in the window",
        "Sales of the card in the 90 days that ended a label delay before this one and that the issuer or processor warned of by now.";
    CARD_KNOWN_DISPUTE_COUNT_90D "card_known_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card in the request, or no sale in the window",
        "Sales of the card in the 90 days that ended a label delay before this one and that were disputed by now.";
    CARD_KNOWN_MISUSE_COUNT_90D "card_known_misuse_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card in the request, or no sale in the window",
        "Sales of the card in the 90 days that ended a label delay before this one and that their latest label calls first-party misuse by now.";
    CARD_KNOWN_SERVICE_COUNT_90D "card_known_service_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card in the request, or no sale in the window",
        "Sales of the card in the 90 days that ended a label delay before this one and that their latest label calls a complaint about product, delivery or billing by now.";
    CARD_KNOWN_REFUND_COUNT_90D "card_known_refund_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card in the request, or no sale in the window",
        "Sales of the card in the 90 days that ended a label delay before this one and of which money went back by now.";
    CARD_KNOWN_WON_COUNT_90D "card_known_won_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card in the request, or no sale in the window",
        "Sales of the card in the 90 days that ended a label delay before this one and about which a case was won by now.";
    CARD_KNOWN_LOST_COUNT_90D "card_known_lost_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card in the request, or no sale in the window",
        "Sales of the card in the 90 days that ended a label delay before this one and about which a case was lost or not contested by now.";
    EMAIL_KNOWN_FRAUD_COUNT_1D "email_known_fraud_count_1d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "1d",
        missing: "no e-mail address in the request, or no sale in the window",
        "Sales of the e-mail address in the day that ended a label delay before this one and that are known to be fraud by now.";
    EMAIL_KNOWN_FRAUD_SHARE_1D "email_known_fraud_share_1d" Kind::Float, Before, Derived, personal: false, unit: "", window: "1d",
        missing: "no e-mail address in the request, or no sale in the window",
        "These over all its sales of the same day.";
    EMAIL_KNOWN_FRAUD_COUNT_7D "email_known_fraud_count_7d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "7d",
        missing: "no e-mail address in the request, or no sale in the window",
        "Sales of the e-mail address in the 7 days that ended a label delay before this one and that are known to be fraud by now.";
    EMAIL_KNOWN_FRAUD_SHARE_7D "email_known_fraud_share_7d" Kind::Float, Before, Derived, personal: false, unit: "", window: "7d",
        missing: "no e-mail address in the request, or no sale in the window",
        "These over all its sales of the same 7 days.";
    EMAIL_KNOWN_FRAUD_COUNT_30D "email_known_fraud_count_30d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "30d",
        missing: "no e-mail address in the request, or no sale in the window",
        "Sales of the e-mail address in the 30 days that ended a label delay before this one and that are known to be fraud by now.";
    EMAIL_KNOWN_FRAUD_SHARE_30D "email_known_fraud_share_30d" Kind::Float, Before, Derived, personal: false, unit: "", window: "30d",
        missing: "no e-mail address in the request, or no sale in the window",
        "These over all its sales of the same 30 days.";
    EMAIL_KNOWN_FRAUD_COUNT_90D "email_known_fraud_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no e-mail address in the request, or no sale in the window",
        "Sales of the e-mail address in the 90 days that ended a label delay before this one and that are known to be fraud by now.";
    EMAIL_KNOWN_FRAUD_SHARE_90D "email_known_fraud_share_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "no e-mail address in the request, or no sale in the window",
        "These over all its sales of the same 90 days.";
    EMAIL_KNOWN_WARNING_COUNT_90D "email_known_warning_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no e-mail address in the request, or no sale in the window",
        "Sales of the e-mail address in the 90 days that ended a label delay before this one and that the issuer or processor warned of by now.";
    EMAIL_KNOWN_DISPUTE_COUNT_90D "email_known_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no e-mail address in the request, or no sale in the window",
        "Sales of the e-mail address in the 90 days that ended a label delay before this one and that were disputed by now.";
    EMAIL_KNOWN_MISUSE_COUNT_90D "email_known_misuse_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no e-mail address in the request, or no sale in the window",
        "Sales of the e-mail address in the 90 days that ended a label delay before this one and that their latest label calls first-party misuse by now.";
    EMAIL_KNOWN_SERVICE_COUNT_90D "email_known_service_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no e-mail address in the request, or no sale in the window",
        "Sales of the e-mail address in the 90 days that ended a label delay before this one and that their latest label calls a complaint about product, delivery or billing by now.";
    EMAIL_KNOWN_REFUND_COUNT_90D "email_known_refund_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no e-mail address in the request, or no sale in the window",
        "Sales of the e-mail address in the 90 days that ended a label delay before this one and of which money went back by now.";
    EMAIL_KNOWN_WON_COUNT_90D "email_known_won_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no e-mail address in the request, or no sale in the window",
        "Sales of the e-mail address in the 90 days that ended a label delay before this one and about which a case was won by now.";
    EMAIL_KNOWN_LOST_COUNT_90D "email_known_lost_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no e-mail address in the request, or no sale in the window",
        "Sales of the e-mail address in the 90 days that ended a label delay before this one and about which a case was lost or not contested by now.";
    DEVICE_KNOWN_FRAUD_COUNT_1D "device_known_fraud_count_1d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "1d",
        missing: "no device in the request, or no sale in the window",
        "Sales of the device in the day that ended a label delay before this one and that are known to be fraud by now.";
    DEVICE_KNOWN_FRAUD_SHARE_1D "device_known_fraud_share_1d" Kind::Float, Before, Derived, personal: false, unit: "", window: "1d",
        missing: "no device in the request, or no sale in the window",
        "These over all its sales of the same day.";
    DEVICE_KNOWN_FRAUD_COUNT_7D "device_known_fraud_count_7d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "7d",
        missing: "no device in the request, or no sale in the window",
        "Sales of the device in the 7 days that ended a label delay before this one and that are known to be fraud by now.";
    DEVICE_KNOWN_FRAUD_SHARE_7D "device_known_fraud_share_7d" Kind::Float, Before, Derived, personal: false, unit: "", window: "7d",
        missing: "no device in the request, or no sale in the window",
        "These over all its sales of the same 7 days.";
    DEVICE_KNOWN_FRAUD_COUNT_30D "device_known_fraud_count_30d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "30d",
        missing: "no device in the request, or no sale in the window",
        "Sales of the device in the 30 days that ended a label delay before this one and that are known to be fraud by now.";
    DEVICE_KNOWN_FRAUD_SHARE_30D "device_known_fraud_share_30d" Kind::Float, Before, Derived, personal: false, unit: "", window: "30d",
        missing: "no device in the request, or no sale in the window",
        "These over all its sales of the same 30 days.";
    DEVICE_KNOWN_FRAUD_COUNT_90D "device_known_fraud_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no device in the request, or no sale in the window",
        "Sales of the device in the 90 days that ended a label delay before this one and that are known to be fraud by now.";
    DEVICE_KNOWN_FRAUD_SHARE_90D "device_known_fraud_share_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "no device in the request, or no sale in the window",
        "These over all its sales of the same 90 days.";
    DEVICE_KNOWN_WARNING_COUNT_90D "device_known_warning_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no device in the request, or no sale in the window",
        "Sales of the device in the 90 days that ended a label delay before this one and that the issuer or processor warned of by now.";
    DEVICE_KNOWN_DISPUTE_COUNT_90D "device_known_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no device in the request, or no sale in the window",
        "Sales of the device in the 90 days that ended a label delay before this one and that were disputed by now.";
    DEVICE_KNOWN_MISUSE_COUNT_90D "device_known_misuse_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no device in the request, or no sale in the window",
        "Sales of the device in the 90 days that ended a label delay before this one and that their latest label calls first-party misuse by now.";
    DEVICE_KNOWN_SERVICE_COUNT_90D "device_known_service_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no device in the request, or no sale in the window",
        "Sales of the device in the 90 days that ended a label delay before this one and that their latest label calls a complaint about product, delivery or billing by now.";
    DEVICE_KNOWN_REFUND_COUNT_90D "device_known_refund_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no device in the request, or no sale in the window",
        "Sales of the device in the 90 days that ended a label delay before this one and of which money went back by now.";
    DEVICE_KNOWN_WON_COUNT_90D "device_known_won_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no device in the request, or no sale in the window",
        "Sales of the device in the 90 days that ended a label delay before this one and about which a case was won by now.";
    DEVICE_KNOWN_LOST_COUNT_90D "device_known_lost_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no device in the request, or no sale in the window",
        "Sales of the device in the 90 days that ended a label delay before this one and about which a case was lost or not contested by now.";
    BIN_KNOWN_FRAUD_COUNT_1D "bin_known_fraud_count_1d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "1d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "Sales of the issuer range in the day that ended a label delay before this one and that are known to be fraud by now.";
    BIN_KNOWN_FRAUD_SHARE_1D "bin_known_fraud_share_1d" Kind::Float, Before, Derived, personal: false, unit: "", window: "1d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "These over all its sales of the same day.";
    BIN_KNOWN_FRAUD_COUNT_7D "bin_known_fraud_count_7d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "7d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "Sales of the issuer range in the 7 days that ended a label delay before this one and that are known to be fraud by now.";
    BIN_KNOWN_FRAUD_SHARE_7D "bin_known_fraud_share_7d" Kind::Float, Before, Derived, personal: false, unit: "", window: "7d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "These over all its sales of the same 7 days.";
    BIN_KNOWN_FRAUD_COUNT_30D "bin_known_fraud_count_30d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "30d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "Sales of the issuer range in the 30 days that ended a label delay before this one and that are known to be fraud by now.";
    BIN_KNOWN_FRAUD_SHARE_30D "bin_known_fraud_share_30d" Kind::Float, Before, Derived, personal: false, unit: "", window: "30d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "These over all its sales of the same 30 days.";
    BIN_KNOWN_FRAUD_COUNT_90D "bin_known_fraud_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "Sales of the issuer range in the 90 days that ended a label delay before this one and that are known to be fraud by now.";
    BIN_KNOWN_FRAUD_SHARE_90D "bin_known_fraud_share_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "These over all its sales of the same 90 days.";
    BIN_KNOWN_WARNING_COUNT_90D "bin_known_warning_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "Sales of the issuer range in the 90 days that ended a label delay before this one and that the issuer or processor warned of by now.";
    BIN_KNOWN_DISPUTE_COUNT_90D "bin_known_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "Sales of the issuer range in the 90 days that ended a label delay before this one and that were disputed by now.";
    BIN_KNOWN_MISUSE_COUNT_90D "bin_known_misuse_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "Sales of the issuer range in the 90 days that ended a label delay before this one and that their latest label calls first-party misuse by now.";
    BIN_KNOWN_SERVICE_COUNT_90D "bin_known_service_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "Sales of the issuer range in the 90 days that ended a label delay before this one and that their latest label calls a complaint about product, delivery or billing by now.";
    BIN_KNOWN_REFUND_COUNT_90D "bin_known_refund_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "Sales of the issuer range in the 90 days that ended a label delay before this one and of which money went back by now.";
    BIN_KNOWN_WON_COUNT_90D "bin_known_won_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "Sales of the issuer range in the 90 days that ended a label delay before this one and about which a case was won by now.";
    BIN_KNOWN_LOST_COUNT_90D "bin_known_lost_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no card number's first digits in the request, or no sale in the window",
        "Sales of the issuer range in the 90 days that ended a label delay before this one and about which a case was lost or not contested by now.";
    SKU_KNOWN_FRAUD_COUNT_1D "sku_known_fraud_count_1d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "1d",
        missing: "not exactly one article in the request, or no sale in the window",
        "Sales of the article in the day that ended a label delay before this one and that are known to be fraud by now.";
    SKU_KNOWN_FRAUD_SHARE_1D "sku_known_fraud_share_1d" Kind::Float, Before, Derived, personal: false, unit: "", window: "1d",
        missing: "not exactly one article in the request, or no sale in the window",
        "These over all its sales of the same day.";
    SKU_KNOWN_FRAUD_COUNT_7D "sku_known_fraud_count_7d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "7d",
        missing: "not exactly one article in the request, or no sale in the window",
        "Sales of the article in the 7 days that ended a label delay before this one and that are known to be fraud by now.";
    SKU_KNOWN_FRAUD_SHARE_7D "sku_known_fraud_share_7d" Kind::Float, Before, Derived, personal: false, unit: "", window: "7d",
        missing: "not exactly one article in the request, or no sale in the window",
        "These over all its sales of the same 7 days.";
    SKU_KNOWN_FRAUD_COUNT_30D "sku_known_fraud_count_30d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "30d",
        missing: "not exactly one article in the request, or no sale in the window",
        "Sales of the article in the 30 days that ended a label delay before this one and that are known to be fraud by now.";
    SKU_KNOWN_FRAUD_SHARE_30D "sku_known_fraud_share_30d" Kind::Float, Before, Derived, personal: false, unit: "", window: "30d",
        missing: "not exactly one article in the request, or no sale in the window",
        "These over all its sales of the same 30 days.";
    SKU_KNOWN_FRAUD_COUNT_90D "sku_known_fraud_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "not exactly one article in the request, or no sale in the window",
        "Sales of the article in the 90 days that ended a label delay before this one and that are known to be fraud by now.";
    SKU_KNOWN_FRAUD_SHARE_90D "sku_known_fraud_share_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "not exactly one article in the request, or no sale in the window",
        "These over all its sales of the same 90 days.";
    SKU_KNOWN_WARNING_COUNT_90D "sku_known_warning_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "not exactly one article in the request, or no sale in the window",
        "Sales of the article in the 90 days that ended a label delay before this one and that the issuer or processor warned of by now.";
    SKU_KNOWN_DISPUTE_COUNT_90D "sku_known_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "not exactly one article in the request, or no sale in the window",
        "Sales of the article in the 90 days that ended a label delay before this one and that were disputed by now.";
    SKU_KNOWN_MISUSE_COUNT_90D "sku_known_misuse_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "not exactly one article in the request, or no sale in the window",
        "Sales of the article in the 90 days that ended a label delay before this one and that their latest label calls first-party misuse by now.";
    SKU_KNOWN_SERVICE_COUNT_90D "sku_known_service_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "not exactly one article in the request, or no sale in the window",
        "Sales of the article in the 90 days that ended a label delay before this one and that their latest label calls a complaint about product, delivery or billing by now.";
    SKU_KNOWN_REFUND_COUNT_90D "sku_known_refund_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "not exactly one article in the request, or no sale in the window",
        "Sales of the article in the 90 days that ended a label delay before this one and of which money went back by now.";
    SKU_KNOWN_WON_COUNT_90D "sku_known_won_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "not exactly one article in the request, or no sale in the window",
        "Sales of the article in the 90 days that ended a label delay before this one and about which a case was won by now.";
    SKU_KNOWN_LOST_COUNT_90D "sku_known_lost_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "not exactly one article in the request, or no sale in the window",
        "Sales of the article in the 90 days that ended a label delay before this one and about which a case was lost or not contested by now.";
    SELLER_KNOWN_FRAUD_COUNT_1D "seller_known_fraud_count_1d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "1d",
        missing: "no seller in the request, or no sale in the window",
        "Sales of the seller in the day that ended a label delay before this one and that are known to be fraud by now.";
    SELLER_KNOWN_FRAUD_SHARE_1D "seller_known_fraud_share_1d" Kind::Float, Before, Derived, personal: false, unit: "", window: "1d",
        missing: "no seller in the request, or no sale in the window",
        "These over all its sales of the same day.";
    SELLER_KNOWN_FRAUD_COUNT_7D "seller_known_fraud_count_7d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "7d",
        missing: "no seller in the request, or no sale in the window",
        "Sales of the seller in the 7 days that ended a label delay before this one and that are known to be fraud by now.";
    SELLER_KNOWN_FRAUD_SHARE_7D "seller_known_fraud_share_7d" Kind::Float, Before, Derived, personal: false, unit: "", window: "7d",
        missing: "no seller in the request, or no sale in the window",
        "These over all its sales of the same 7 days.";
    SELLER_KNOWN_FRAUD_COUNT_30D "seller_known_fraud_count_30d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "30d",
        missing: "no seller in the request, or no sale in the window",
        "Sales of the seller in the 30 days that ended a label delay before this one and that are known to be fraud by now.";
    SELLER_KNOWN_FRAUD_SHARE_30D "seller_known_fraud_share_30d" Kind::Float, Before, Derived, personal: false, unit: "", window: "30d",
        missing: "no seller in the request, or no sale in the window",
        "These over all its sales of the same 30 days.";
    SELLER_KNOWN_FRAUD_COUNT_90D "seller_known_fraud_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no seller in the request, or no sale in the window",
        "Sales of the seller in the 90 days that ended a label delay before this one and that are known to be fraud by now.";
    SELLER_KNOWN_FRAUD_SHARE_90D "seller_known_fraud_share_90d" Kind::Float, Before, Derived, personal: false, unit: "", window: "90d",
        missing: "no seller in the request, or no sale in the window",
        "These over all its sales of the same 90 days.";
    SELLER_KNOWN_WARNING_COUNT_90D "seller_known_warning_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no seller in the request, or no sale in the window",
        "Sales of the seller in the 90 days that ended a label delay before this one and that the issuer or processor warned of by now.";
    SELLER_KNOWN_DISPUTE_COUNT_90D "seller_known_dispute_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no seller in the request, or no sale in the window",
        "Sales of the seller in the 90 days that ended a label delay before this one and that were disputed by now.";
    SELLER_KNOWN_MISUSE_COUNT_90D "seller_known_misuse_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no seller in the request, or no sale in the window",
        "Sales of the seller in the 90 days that ended a label delay before this one and that their latest label calls first-party misuse by now.";
    SELLER_KNOWN_SERVICE_COUNT_90D "seller_known_service_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no seller in the request, or no sale in the window",
        "Sales of the seller in the 90 days that ended a label delay before this one and that their latest label calls a complaint about product, delivery or billing by now.";
    SELLER_KNOWN_REFUND_COUNT_90D "seller_known_refund_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no seller in the request, or no sale in the window",
        "Sales of the seller in the 90 days that ended a label delay before this one and of which money went back by now.";
    SELLER_KNOWN_WON_COUNT_90D "seller_known_won_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no seller in the request, or no sale in the window",
        "Sales of the seller in the 90 days that ended a label delay before this one and about which a case was won by now.";
    SELLER_KNOWN_LOST_COUNT_90D "seller_known_lost_count_90d" Kind::Int, Before, Derived, personal: false, unit: "sales", window: "90d",
        missing: "no seller in the request, or no sale in the window",
        "Sales of the seller in the 90 days that ended a label delay before this one and about which a case was lost or not contested by now.";
    ACCOUNT_CLEAN_HISTORY "account.clean_history" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no account in the request",
        "True with at least 3 purchases of the account that are settled, 60 days old or older, and of which nothing bad is known.";
    CARD_CLEAN_HISTORY "card.clean_history" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no card in the request",
        "The same of purchases with the card, on any account.";
    LINKS_ACCOUNTS "links.accounts" Kind::Int, Before, Derived, personal: false, unit: "accounts", window: "",
        missing: "no account, card, e-mail address, phone, device or licence key in the request",
        "Other accounts within two hops: that share a card, e-mail address, phone, device or licence key with this side or with such an account, each tie seen within 180 days.";
    LINKS_HUBS "links.hubs" Kind::Int, Before, Derived, personal: false, unit: "ties", window: "",
        missing: "no account, card, e-mail address, phone, device or licence key in the request",
        "How many of the request's own card, e-mail address, phone, device and licence key more than 12 accounts used within 180 days, of those that paid with it where any did: they link nobody.";
    LINKS_CLEAN_ACCOUNTS "links.clean_accounts" Kind::Int, Before, Derived, personal: false, unit: "accounts", window: "",
        missing: "no account, card, e-mail address, phone, device or licence key in the request",
        "Of these accounts, those with a clean history.";
    LINKS_DISPUTES "links.disputes" Kind::Float, Before, Derived, personal: false, unit: "disputes", window: "",
        missing: "no account, card, e-mail address, phone, device or licence key in the request, or only what too many share was told of any",
        "Disputed sales of this side and of all within two hops; each weighs 1, halved for each 90 days since.";
    LINKS_WARNINGS "links.warnings" Kind::Float, Before, Derived, personal: false, unit: "warnings", window: "",
        missing: "no account, card, e-mail address, phone, device or licence key in the request, or only what too many share was told of any",
        "The same of sales that the issuer or processor warned of.";
    LINKS_TRIALS "links.trials" Kind::Int, Before, Derived, personal: false, unit: "trials", window: "",
        missing: "no account, card, e-mail address, phone, device or licence key in the request",
        "Trials begun by this side and by all within two hops.";
    TRIAL_USED "trial.used" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no card, e-mail address, phone or device in the request, or none with a trial and one of them that more than 12 accounts share",
        "True when a trial was begun before with the card, e-mail address, phone or device, on whatever account, a deleted one too. One that was challenged or held began when it was let through. Of one that more than 12 accounts share it is not known.";
    TRIAL_USED_BY "trial.used_by" Kind::Word(TRIED_WITH), Before, Derived, personal: false, unit: "", window: "",
        missing: "no such trial",
        "Which of them, the first that applies.";
    PHONE_TRIALS "phone.trials" Kind::Int, Before, Derived, personal: false, unit: "trials", window: "",
        missing: "no phone in the request, or one that more than 12 accounts share",
        "Trials begun with the phone number; saturates at 8.";
}
