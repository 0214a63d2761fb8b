//! Facts derived from the request and the reference tables alone.

use super::{EMAIL_CLASSES, FUNDINGS, Field, Kind, Origin, Stage};

group! { after super::request::END;
    AMOUNT_EUR "amount_eur" Kind::Decimal, Before, Derived, personal: false, unit: "EUR", window: "",
        missing: "no amount, or no rate for its currency",
        "The amount in euro at the last ECB rate on or before the event's day.";
    AMOUNT_USD "amount_usd" Kind::Decimal, Before, Derived, personal: false, unit: "USD", window: "",
        missing: "no amount, or no rate for its currency",
        "The amount in US dollars by the same table.";
    EUR_RATE "eur_rate" Kind::Float, Before, Derived, personal: false, unit: "EUR", window: "",
        missing: "no amount, or no rate for its currency",
        "Euro per unit of the amount's currency by the same table.";
    ITEM_COUNT "item_count" Kind::Int, Before, Derived, personal: false, unit: "units", window: "",
        missing: "no items",
        "Units bought, over all items.";
    HOUR_UTC "hour_utc" Kind::Int, Before, Derived, personal: false, unit: "h", window: "",
        missing: "never",
        "Hour of the event's day in UTC, 0–23.";
    ACCOUNT_AGE_H "account.age_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account or no opening time",
        "Age of the account at the event; negative when it is said to open later.";
    IP_COUNTRY "ip.country" Kind::Country, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, a private one, or no entry",
        "Country of the address. Unreliable for hosting, CDN and anycast networks.";
    IP_ASN "ip.asn" Kind::Int, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, a private one, or no entry",
        "Autonomous system that announces the address.";
    IP_HOSTING "ip.hosting" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address or no table",
        "True for a data centre, cloud or hosting network, where commercial VPN exits also live.";
    IP_TOR "ip.tor" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address or no table",
        "True for a Tor exit.";
    IP_VPN "ip.vpn" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address or no table",
        "True only when a source names the range as a VPN.";
    IP_RESERVED "ip.reserved" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address",
        "True for private, loopback, documentation and other addresses that are not public.";
    BIN_COUNTRY "bin.country" Kind::Country, Before, Derived, personal: false, unit: "", window: "",
        missing: "no BIN or no entry",
        "Country of the issuer.";
    BIN_BRAND "bin.brand" Kind::Text, Before, Derived, personal: false, unit: "", window: "",
        missing: "no BIN or no entry",
        "Network of the BIN, lower case.";
    BIN_FUNDING "bin.funding" Kind::Word(FUNDINGS), Before, Derived, personal: false, unit: "", window: "",
        missing: "no BIN or no entry",
        "Credit, debit or charge card.";
    BIN_PREPAID "bin.prepaid" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no BIN or no entry",
        "True for prepaid, gift and reloadable products.";
    BIN_TEST "bin.test" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no BIN",
        "True for a BIN the networks publish for testing.";
    EMAIL_DOMAIN "email.domain" Kind::Text, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, or not one",
        "Registrable domain of the address, lower case.";
    EMAIL_CLASS "email.class" Kind::Word(EMAIL_CLASSES), Before, Derived, personal: false, unit: "", window: "",
        missing: "no address or no table",
        "What kind of mailbox the domain offers.";
    EMAIL_ROLE "email.role" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address or no table",
        "True for a mailbox of a function (billing@, info@) rather than a person.";
    IP_BILLING_MISMATCH "ip_billing_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The address's country differs from the billing country.";
    IP_BIN_MISMATCH "ip_bin_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The address's country differs from the issuer's.";
    BIN_BILLING_MISMATCH "bin_billing_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The issuer's country differs from the billing country.";
    PRICE_REGION_MISMATCH "price_region_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The price list's country differs from the issuer's.";
    PAYMENT_DISPUTE_RIGHT "payment.dispute_right" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no method, or one we know nothing of",
        "True when the method lets the payer dispute the payment.";
}
