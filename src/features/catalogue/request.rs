//! Fields copied from the request, by its own names.

use super::{FULFILMENTS, Field, INITIATORS, Kind, METHODS, Origin, Stage, TYPES};

group! { after 0;
    TYPE "type" Kind::Word(TYPES), Before, Request, personal: false, unit: "", window: "",
        missing: "never",
        "What is being scored: a purchase, a login, a trial start, …";
    EVENT_TIME "event_time" Kind::Time, Before, Request, personal: false, unit: "", window: "",
        missing: "never",
        "When it happened, by the merchant's clock.";
    ORDER_ID "order_id" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The order the attempt belongs to.";
    SELLER_ID "seller_id" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The seller a merchant of record sells for.";
    MERCHANT_ACCOUNT "merchant_account" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The merchant's account at the processor.";
    DESCRIPTOR "descriptor" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The text on the buyer's statement.";
    AMOUNT "amount" Kind::Money, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The price in the currency it was charged in.";
    ACCOUNT_ID "account.id" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The buyer's account.";
    ACCOUNT_CREATED_AT "account.created_at" Kind::Time, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "When the account was opened.";
    ACCOUNT_EMAIL "account.email" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The account's e-mail address as typed.";
    ACCOUNT_NAME "account.name" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The account holder's name.";
    ACCOUNT_PHONE "account.phone" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The account holder's phone number.";
    CARD_FINGERPRINT "card.fingerprint" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The processor's keyed hash of the card number.";
    CARD_BIN "card.bin" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "First six to eight digits of the card number.";
    CARD_LAST4 "card.last4" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "Last four digits of the card number.";
    CARD_NETWORK_TOKEN "card.network_token" Kind::Bool, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "True when a network token stands for the card number.";
    CARD_AVS_RESULT "card.avs_result" Kind::Text, After, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The network's address-check letter, as sent.";
    CARD_CVV_RESULT "card.cvv_result" Kind::Text, After, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The network's security-code letter, as sent.";
    CARD_THREE_DS_ECI "card.three_ds.eci" Kind::Text, After, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The electronic commerce indicator of the 3-D Secure result.";
    CARD_THREE_DS_VERSION "card.three_ds.version" Kind::Text, After, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The 3-D Secure version used.";
    CARD_THREE_DS_LIABILITY_SHIFT "card.three_ds.liability_shift" Kind::Bool, After, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "True when the processor reports that liability moved to the issuer.";
    PAYMENT_METHOD "payment.method" Kind::Word(METHODS), Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "How the buyer pays.";
    PAYMENT_PROCESSOR "payment.processor" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "Who processes the payment.";
    PAYMENT_ATTEMPT "payment.attempt" Kind::Int, Before, Request, personal: false, unit: "attempts", window: "",
        missing: "not sent",
        "Which attempt at this order or invoice it is, from 1.";
    PAYMENT_INVOICE_ID "payment.invoice_id" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The invoice the attempt pays; retries share it.";
    PAYMENT_INITIATOR "payment.initiator" Kind::Word(INITIATORS), Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "Who started the payment: the customer or the merchant.";
    DEVICE_IP "device.ip" Kind::Ip, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The address the request came from.";
    DEVICE_USER_AGENT "device.user_agent" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The browser's or app's own name.";
    DEVICE_DEVICE_ID "device.device_id" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The merchant's device identifier.";
    DEVICE_ACCEPT_LANGUAGE "device.accept_language" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The browser's language preference.";
    DEVICE_TIMEZONE "device.timezone" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The device's IANA time zone.";
    BILLING_COUNTRY "billing.country" Kind::Country, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The billing address's country.";
    BILLING_POSTAL_CODE "billing.postal_code" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The billing address's postal code.";
    PRICE_REGION "price_region" Kind::Country, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The country whose price list was used.";
    SUBSCRIPTION_PLAN "subscription.plan" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The plan.";
    SUBSCRIPTION_INTERVAL "subscription.interval" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "How often it renews.";
    SUBSCRIPTION_TRIAL "subscription.trial" Kind::Bool, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "True while the plan is a free or reduced trial.";
    SUBSCRIPTION_RENEWAL_NUMBER "subscription.renewal_number" Kind::Int, Before, Request, personal: false, unit: "renewals", window: "",
        missing: "not sent",
        "0 for the first payment, 1 for the first renewal, …";
    FULFILMENT_METHOD "fulfilment.method" Kind::Word(FULFILMENTS), Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "How the good reaches the buyer.";
    TERMS_VERSION "terms.version" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The version of the terms accepted.";
    TERMS_ACCEPTED_AT "terms.accepted_at" Kind::Time, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "When the terms were accepted.";
}
