//! Facts derived from the request and the reference tables alone.

use super::{
    AGENT_BROWSERS, AGENT_CLASSES, AGENT_SYSTEMS, CHECKS, EMAIL_CLASSES, FUNDINGS, Field, Kind,
    Origin, Stage, THREE_DS,
};

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
        "The address's country differs from the billing country, also where `ip.country_reliable` is false.";
    IP_BIN_MISMATCH "ip_bin_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The address's country differs from the issuer's, also where `ip.country_reliable` is false.";
    BIN_BILLING_MISMATCH "bin_billing_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The issuer's country differs from the billing country.";
    PRICE_REGION_MISMATCH "price_region_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The price list's country differs from the issuer's.";
    PAYMENT_DISPUTE_RIGHT "payment.dispute_right" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no method, or one we know nothing of",
        "True when the method lets the payer dispute the payment.";
    IP_CDN "ip.cdn" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, a private one, or no table",
        "True for a content delivery or anycast network.";
    IP_RELAY "ip.relay" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, a private one, or no table",
        "True for the exit of a privacy relay that ordinary buyers use, such as Apple's.";
    IP_BOT "ip.bot" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, a private one, or no table",
        "True for the range of a crawler that names itself.";
    IP_PROXY "ip.proxy" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, or no merchant's file that says so",
        "True for a public or residential proxy.";
    IP_PROVIDER "ip.provider" Kind::Text, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, or no provider names the range",
        "The provider that publishes the range as its own.";
    IP_CITY_KNOWN "ip.city_known" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, or a private one",
        "True when a merchant's file gives city coordinates.";
    IP_USER_TYPE "ip.user_type" Kind::Text, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, or no merchant's file that says so",
        "Kind of connection as MaxMind names it: residential, cellular, business, hosting, …";
    IP_ANONYMIZER_CONFIDENCE "ip.anonymizer_confidence" Kind::Int, Before, Derived, personal: false, unit: "%", window: "",
        missing: "no address, or no merchant's file that says so",
        "How sure a merchant's file is that the address hides somebody, 1–99.";
    IP_COUNTRY_RELIABLE "ip.country_reliable" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, a private one, or no table",
        "False for hosting, CDN, relay, VPN, Tor, proxy and crawler addresses: their country is not where a buyer is. All `ip_*_mismatch` fields but the first two are missing then.";
    IP_CURRENCY_MISMATCH "ip_currency_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no amount, or the address's country is missing or not reliable",
        "The amount's currency is none of the address's country.";
    BILLING_CURRENCY_MISMATCH "billing_currency_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The amount's currency is none of the billing country.";
    BIN_CURRENCY_MISMATCH "bin_currency_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The amount's currency is none of the issuer's country.";
    IP_PRICE_REGION_MISMATCH "ip_price_region_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no price region, or the address's country is missing or not reliable",
        "The address's country differs from the price list's.";
    BILLING_PRICE_REGION_MISMATCH "billing_price_region_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The billing country differs from the price list's.";
    TIMEZONE_COUNTRY "timezone.country" Kind::Country, Before, Derived, personal: false, unit: "", window: "",
        missing: "no time zone, an unknown one, or one of no place",
        "The first country of the device's time zone.";
    TIMEZONE_PLACELESS "timezone.placeless" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no time zone, or an unknown one",
        "True for UTC and other zones of no place, as servers and emulators have them.";
    IP_TIMEZONE_MISMATCH "ip_timezone_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no zone with a place, or the address's country is missing or not reliable",
        "The address's country is none of the time zone's.";
    BILLING_TIMEZONE_MISMATCH "billing_timezone_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no zone with a place, or no billing country",
        "The billing country is none of the time zone's.";
    IP_TIMEZONE_GAP_H "ip_timezone_gap_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no known time zone, or the address's country is missing or not reliable",
        "Hours from the device's offset at the event to the nearest offset in use in the address's country; 0 inside.";
    BILLING_TIMEZONE_GAP_H "billing_timezone_gap_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no known time zone or no billing country",
        "The same for the billing country.";
    LANGUAGE_PRIMARY "language.primary" Kind::Text, Before, Derived, personal: false, unit: "", window: "",
        missing: "no language, or not one",
        "First language the device accepts, lower case without its region.";
    LANGUAGE_COUNTRY "language.country" Kind::Country, Before, Derived, personal: false, unit: "", window: "",
        missing: "no accepted language names a region",
        "First region among the languages the device accepts (`en-GB` → GB).";
    IP_LANGUAGE_MISMATCH "ip_language_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no language but English, or the address's country is missing or not reliable",
        "No accepted language or region belongs to the address's country. English alone says nothing.";
    BILLING_LANGUAGE_MISMATCH "billing_language_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no language but English, or no billing country",
        "No accepted language or region belongs to the billing country. English alone says nothing.";
    PHONE_COUNTRY "phone.country" Kind::Country, Before, Derived, personal: false, unit: "", window: "",
        missing: "no phone, a national form, or a code of no country",
        "Country of the account's phone number by its calling code.";
    IP_PHONE_MISMATCH "ip_phone_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no phone country, or the address's country is missing or not reliable",
        "The phone's country differs from the address's.";
    BILLING_PHONE_MISMATCH "billing_phone_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The phone's country differs from the billing country.";
    BIN_PHONE_MISMATCH "bin_phone_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The phone's country differs from the issuer's.";
    COUNTRIES_KNOWN "countries_known" Kind::Int, Before, Derived, personal: false, unit: "signals", window: "",
        missing: "never",
        "How many of address (if reliable), issuer, billing, price region, phone and time zone name a country.";
    COUNTRIES_DISTINCT "countries_distinct" Kind::Int, Before, Derived, personal: false, unit: "countries", window: "",
        missing: "fewer than two of them name one",
        "How many different countries they name; a zone of several countries counts as one that is named already, if it can.";
    EMAIL_LOCAL_LENGTH "email.local_length" Kind::Int, Before, Derived, personal: false, unit: "characters", window: "",
        missing: "no address, or not one",
        "Length of the part before `@`, as typed.";
    EMAIL_DIGIT_SHARE "email.digit_share" Kind::Float, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, or not one",
        "Share of digits in the part before `@`, 0 to 1.";
    EMAIL_PLUS_TAG "email.plus_tag" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, or not one",
        "True for a tag after `+` (`jane+shop@…`).";
    EMAIL_LOOKS_RANDOM "email.looks_random" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, not one, or letters beyond ASCII",
        "True when the part before `@` has five consonants in a row, four changes between letters and digits, or eight letters and under a fifth vowels. Rough; y is a vowel.";
    EMAIL_NAME_SIMILARITY "email.name_similarity" Kind::Float, Before, Derived, personal: false, unit: "", window: "",
        missing: "no name or no address, or letters of another script",
        "Likeness of the account's name and the part before `@` (Jaro–Winkler, best of the usual arrangements), 0 to 1.";
    AGENT_CLASS "agent.class" Kind::Word(AGENT_CLASSES), Before, Derived, personal: false, unit: "", window: "",
        missing: "no user agent",
        "What the user agent says it is. All `agent.*` are the client's own claim.";
    AGENT_OS "agent.os" Kind::Word(AGENT_SYSTEMS), Before, Derived, personal: false, unit: "", window: "",
        missing: "no user agent, or it names none",
        "Operating system.";
    AGENT_BROWSER "agent.browser" Kind::Word(AGENT_BROWSERS), Before, Derived, personal: false, unit: "", window: "",
        missing: "no user agent, or it names none",
        "Browser family.";
    AGENT_VERSION "agent.version" Kind::Int, Before, Derived, personal: false, unit: "", window: "",
        missing: "no user agent, or it names none",
        "Major version of the browser; an old one is a lazy script's.";
    AGENT_MOBILE "agent.mobile" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no user agent, or it names no system",
        "True for a phone or tablet.";
    AGENT_AUTOMATED "agent.automated" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no user agent",
        "True for a bot, a headless browser or an HTTP library.";
    BIN_BUSINESS "bin.business" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no BIN, no entry, or an entry without a category",
        "True for business, corporate, commercial and purchasing products.";
    BIN_LENGTH "bin.length" Kind::Int, Before, Derived, personal: false, unit: "digits", window: "",
        missing: "no BIN",
        "Digits of the BIN given, 6 to 8; the table knows six.";
    CARD_AVS_MATCH "card.avs_match" Kind::Word(CHECKS), After, Derived, personal: false, unit: "", window: "",
        missing: "no result, or a letter we do not know, or one (D, E, F, W) whose meaning hangs on a network we do not know",
        "The address check: both parts match, one does, none does, or it was not made.";
    CARD_CVV_MATCH "card.cvv_match" Kind::Word(CHECKS), After, Derived, personal: false, unit: "", window: "",
        missing: "no result, or a letter we do not know",
        "The security code: matches, does not, or was not checked; never partial.";
    CARD_THREE_DS_OUTCOME "card.three_ds_outcome" Kind::Word(THREE_DS), After, Derived, personal: false, unit: "", window: "",
        missing: "no ECI, or one whose meaning depends on a brand we do not know",
        "3-D Secure: the cardholder was authenticated, it was attempted, or neither.";
    PAYMENT_DISPUTE_DAYS "payment.dispute_days" Kind::Int, Before, Derived, personal: false, unit: "d", window: "",
        missing: "no method, or no rule with a number of days",
        "Days in which the payer can usually still take the money back as unauthorised; 0 for none.";
    PAYMENT_RETRY "payment.retry" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no attempt number",
        "True from the second attempt at the same order or invoice.";
    PAYMENT_MERCHANT_INITIATED "payment.merchant_initiated" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no initiator",
        "True when the merchant charges an agreement on file.";
    ITEMS_MAX_PRICE_EUR "items.max_price_eur" Kind::Decimal, Before, Derived, personal: false, unit: "EUR", window: "",
        missing: "no unit price, or no rate for its currency",
        "The highest unit price in euro.";
    ITEMS_DISTINCT_SKUS "items.distinct_skus" Kind::Int, Before, Derived, personal: false, unit: "SKUs", window: "",
        missing: "no item with a SKU",
        "Different articles bought.";
    AMOUNT_PER_UNIT_EUR "amount_per_unit_eur" Kind::Decimal, Before, Derived, personal: false, unit: "EUR", window: "",
        missing: "no amount in euro or no items",
        "The amount in euro over the units bought.";
    AMOUNT_ROUND "amount_round" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no amount, or a currency without minor units known",
        "True for a multiple of ten units of the currency, or of a thousand where it has no minor units.";
    DISCOUNT_SHARE "discount_share" Kind::Float, Before, Derived, personal: false, unit: "", window: "",
        missing: "no amount, no items, or an item without price",
        "Share taken off the items' prices, 0 to 1: coupons and credits. Negative where tax or fees come on top.";
    TERMS_AGE_S "terms.age_s" Kind::Float, Before, Derived, personal: false, unit: "s", window: "",
        missing: "no time of acceptance",
        "Seconds from accepting the terms to the event; negative when accepted later.";
    LOCAL_HOUR "local_hour" Kind::Int, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no known time zone, and no reliable country with one offset",
        "Hour of the day, 0–23, at the device's time zone, else in the address's country if that has one offset.";
    LOCAL_WEEKDAY "local_weekday" Kind::Int, Before, Derived, personal: false, unit: "", window: "",
        missing: "as `local_hour`",
        "Day of the week there, Monday 1 to Sunday 7.";
    LOCAL_WEEKEND "local_weekend" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "as `local_hour`",
        "True on a Saturday or Sunday there.";
    LOCAL_NIGHT "local_night" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "as `local_hour`",
        "True from midnight to six there.";
    SUBSCRIPTION_IN_TRIAL "subscription.in_trial" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "not said, and a type other than `trial_start`",
        "True when a trial starts or runs.";
    SUBSCRIPTION_RENEWAL "subscription.renewal" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no renewal number, and a type other than `renewal`",
        "True for a renewal, false for a first payment.";
    SUBSCRIPTION_INTERVAL_DAYS "subscription.interval_days" Kind::Int, Before, Derived, personal: false, unit: "d", window: "",
        missing: "no interval, or a word we do not know",
        "Days between renewals; a month is 30, a year 365.";
    SUBSCRIPTION_TRIAL_LEFT_H "subscription.trial_left_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no end of a trial",
        "Hours until the trial ends; negative after it.";
}
