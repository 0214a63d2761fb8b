//! The request's own fields, copied into the record under the request's own names.

use crate::domain::{CustomValue, Loose, Transaction};
use crate::features::{Record, Value, fields as f};

/// Copies every field the transaction carries. What is absent or unreadable stays missing.
pub(super) fn copy(tx: &Transaction, record: &mut Record) {
    record.set(f::TYPE, tx.kind.word());
    record.set(f::EVENT_TIME, tx.event_time);
    record.set(f::ORDER_ID, tx.order_id.as_ref().map(|id| id.as_str()));
    record.set(f::SELLER_ID, tx.seller_id.as_ref().map(|id| id.as_str()));
    record.set(f::MERCHANT_ACCOUNT, tx.merchant_account.as_ref().map(|id| id.as_str()));
    record.set(f::DESCRIPTOR, tx.descriptor.as_ref().map(|text| text.as_str()));
    record.set(f::AMOUNT, tx.amount);
    record.set(f::PRICE_REGION, tx.price_region.as_ref().and_then(Loose::valid).copied());
    account(tx, record);
    card(tx, record);
    payment(tx, record);
    device(tx, record);
    agreement(tx, record);
    for (name, value) in tx.custom.iter().flat_map(|custom| &custom.0) {
        record.set_custom(name.as_str(), custom(value));
    }
}

fn account(tx: &Transaction, record: &mut Record) {
    if let Some(account) = &tx.account {
        record.set(f::ACCOUNT_ID, account.id.as_ref().map(|id| id.as_str()));
        record.set(f::ACCOUNT_CREATED_AT, account.created_at);
        record.set(f::ACCOUNT_EMAIL, account.email.as_ref().map(|text| text.as_str()));
        record.set(f::ACCOUNT_NAME, account.name.as_ref().map(|text| text.as_str()));
        record.set(f::ACCOUNT_PHONE, account.phone.as_ref().map(|text| text.as_str()));
    }
    if let Some(billing) = &tx.billing {
        record.set(f::BILLING_COUNTRY, billing.country.as_ref().and_then(Loose::valid).copied());
        let postal_code = billing.postal_code.as_ref().map(|text| text.as_str());
        record.set(f::BILLING_POSTAL_CODE, postal_code);
    }
}

fn card(tx: &Transaction, record: &mut Record) {
    let Some(card) = &tx.card else { return };
    record.set(f::CARD_FINGERPRINT, card.fingerprint.as_ref().map(|id| id.as_str()));
    let bin = card.bin.as_ref().and_then(Loose::valid);
    record.set(f::CARD_BIN, bin.map(|bin| bin.as_str()));
    record.set(f::CARD_LAST4, card.last4.as_ref().map(|text| text.as_str()));
    record.set(f::CARD_NETWORK_TOKEN, card.network_token.is_some());
    record.set(f::CARD_AVS_RESULT, card.avs_result.as_ref().map(|text| text.as_str()));
    record.set(f::CARD_CVV_RESULT, card.cvv_result.as_ref().map(|text| text.as_str()));
    if let Some(three_ds) = &card.three_ds {
        record.set(f::CARD_THREE_DS_ECI, three_ds.eci.as_ref().map(|text| text.as_str()));
        record.set(f::CARD_THREE_DS_VERSION, three_ds.version.as_ref().map(|text| text.as_str()));
        record.set(f::CARD_THREE_DS_LIABILITY_SHIFT, three_ds.liability_shift);
    }
}

fn payment(tx: &Transaction, record: &mut Record) {
    let Some(payment) = &tx.payment else { return };
    record.set(f::PAYMENT_METHOD, payment.method.map(|method| method.word()));
    record.set(f::PAYMENT_PROCESSOR, payment.processor.as_ref().map(|text| text.as_str()));
    record.set(f::PAYMENT_ATTEMPT, payment.attempt.map(u32::from));
    record.set(f::PAYMENT_INVOICE_ID, payment.invoice_id.as_ref().map(|id| id.as_str()));
    record.set(f::PAYMENT_INITIATOR, payment.initiator.map(|who| who.word()));
}

fn device(tx: &Transaction, record: &mut Record) {
    let Some(device) = &tx.device else { return };
    record.set(f::DEVICE_IP, device.ip.as_ref().and_then(Loose::valid).copied());
    record.set(f::DEVICE_USER_AGENT, device.user_agent.as_ref().map(|text| text.as_str()));
    record.set(f::DEVICE_DEVICE_ID, device.device_id.as_ref().map(|id| id.as_str()));
    let language = device.accept_language.as_ref().map(|text| text.as_str());
    record.set(f::DEVICE_ACCEPT_LANGUAGE, language);
    record.set(f::DEVICE_TIMEZONE, device.timezone.as_ref().map(|text| text.as_str()));
}

fn agreement(tx: &Transaction, record: &mut Record) {
    if let Some(subscription) = &tx.subscription {
        record.set(f::SUBSCRIPTION_PLAN, subscription.plan.as_ref().map(|text| text.as_str()));
        let interval = subscription.interval.as_ref().map(|text| text.as_str());
        record.set(f::SUBSCRIPTION_INTERVAL, interval);
        record.set(f::SUBSCRIPTION_TRIAL, subscription.trial);
        record.set(f::SUBSCRIPTION_RENEWAL_NUMBER, subscription.renewal_number);
    }
    if let Some(fulfilment) = &tx.fulfilment {
        record.set(f::FULFILMENT_METHOD, fulfilment.method.map(|method| method.word()));
    }
    if let Some(terms) = &tx.terms {
        record.set(f::TERMS_VERSION, terms.version.as_ref().map(|text| text.as_str()));
        record.set(f::TERMS_ACCEPTED_AT, terms.accepted_at);
    }
}

fn custom(value: &CustomValue) -> Value {
    match value {
        CustomValue::Bool(b) => Value::Bool(*b),
        CustomValue::Int(i) => Value::Int(*i),
        CustomValue::Float(x) => Value::float(*x),
        CustomValue::Text(text) => Value::text(text.as_str()),
        CustomValue::Null(()) => Value::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{FIELDS, FieldId, Origin};

    /// The request of the documentation, with every field the record can copy.
    const FULL: &str = r#"{
        "transaction_id": "tx-1", "type": "purchase", "event_time": "2026-11-20T10:15:00Z",
        "order_id": "o-77", "seller_id": "s-3", "merchant_account": "eu-1",
        "descriptor": "VOUCHSOFT*PRO", "amount": {"value": "49.00", "currency": "EUR"},
        "account": {"id": "acc-7", "created_at": "2026-11-20T10:02:11Z",
            "email": "j.doe@example.com", "name": "Jane Doe", "phone": "+442071838750"},
        "card": {"fingerprint": "fp_9f2c", "bin": "457173", "last4": "4242",
            "network_token": "nt-1", "avs_result": "Y", "cvv_result": "M",
            "three_ds": {"eci": "05", "version": "2.2.0", "liability_shift": true}},
        "payment": {"method": "card", "processor": "stripe", "attempt": 1, "invoice_id": "in-1",
            "initiator": "customer"},
        "device": {"ip": "81.2.69.142", "user_agent": "Mozilla/5.0", "device_id": "d-51c0",
            "accept_language": "en-GB", "timezone": "Europe/London"},
        "billing": {"country": "GB", "postal_code": "EC1A 1BB"}, "price_region": "GB",
        "items": [{"sku": "pro-year", "quantity": 1, "unit_price": "49.00"}],
        "subscription": {"plan": "pro", "interval": "year", "trial": false, "renewal_number": 0},
        "fulfilment": {"method": "licence_key"},
        "terms": {"version": "2026-09", "accepted_at": "2026-11-20T10:14:40Z"},
        "custom": {"campaign": "autumn", "seats": 3, "vip": true, "share": 0.1}}"#;

    #[test]
    fn every_request_field_is_copied_from_the_member_of_its_name() {
        let tx: Transaction = serde_json::from_str(FULL).unwrap();
        let mut record = Record::default();
        copy(&tx, &mut record);
        let json: serde_json::Value = serde_json::from_str(FULL).unwrap();
        for field in FIELDS.iter().filter(|field| field.origin == Origin::Request) {
            let value = record.get(field.id);
            assert!(!value.is_missing(), "{} was not copied", field.name);
            let member = json.pointer(&format!("/{}", field.name.replace('.', "/")));
            if field.id != f::CARD_NETWORK_TOKEN {
                assert_eq!(Some(&serde_json::to_value(value).unwrap()), member, "{}", field.name);
            }
        }
        assert_eq!(record.custom("seats"), &Value::Int(3));
        let derived = FieldId::by_name("ip.country").unwrap();
        assert!(record.get(derived).is_missing());
    }

    #[test]
    fn a_record_survives_the_split_and_its_json_form() {
        let tx: Transaction = serde_json::from_str(FULL).unwrap();
        let mut record = Record::default();
        copy(&tx, &mut record);
        let (mut open, personal) = record.split_personal();
        let json = serde_json::to_string(&open).unwrap();
        for secret in ["j.doe", "Jane", "81.2.69.142", "fp_9f2c", "EC1A", "autumn", "d-51c0"] {
            assert!(!json.contains(secret), "{secret} in {json}");
        }
        open.merge(personal);
        assert_eq!(open, record);
        let serde_json::Value::Object(map) = serde_json::to_value(&record).unwrap() else {
            unreachable!()
        };
        assert_eq!(Record::from_json(&map).unwrap(), record);
    }
}
