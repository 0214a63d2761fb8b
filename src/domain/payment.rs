//! How the buyer pays, and which methods let the payer take the money back.

use super::words::words;
use super::{InvoiceId, Text};
use serde::{Deserialize, Serialize};

words! {
    /// A payment method.
    PaymentMethod {
        /// A card entered or kept on file.
        Card = "card",
        /// Apple Pay (a card underneath).
        ApplePay = "apple_pay",
        /// Google Pay (a card underneath).
        GooglePay = "google_pay",
        /// A PayPal account.
        Paypal = "paypal",
        /// Amazon Pay.
        AmazonPay = "amazon_pay",
        /// Stripe Link (a card or bank account underneath).
        Link = "link",
        /// Klarna: pay later, disputes with Klarna.
        Klarna = "klarna",
        /// SEPA Direct Debit, Core scheme.
        SepaDebit = "sepa_debit",
        /// ACH debit (United States).
        AchDebit = "ach_debit",
        /// Bacs Direct Debit (United Kingdom).
        BacsDebit = "bacs_debit",
        /// SEPA credit transfer.
        SepaTransfer = "sepa_transfer",
        /// Any other bank transfer the buyer pushes.
        BankTransfer = "bank_transfer",
        /// iDEAL (Netherlands).
        Ideal = "ideal",
        /// Alipay.
        Alipay = "alipay",
        /// `WeChat` Pay.
        WechatPay = "wechat_pay",
        /// Boleto (Brazil).
        Boleto = "boleto",
        /// Pix (Brazil).
        Pix = "pix",
        /// UPI (India).
        Upi = "upi",
        /// An app store's own billing.
        AppStore = "app_store",
        /// Prepaid credit held with the merchant.
        StoreCredit = "store_credit",
        /// A voucher or gift code.
        Voucher = "voucher",
        /// A crypto-currency.
        Crypto = "crypto",
        /// Anything else.
        Other = "other",
    }
}

/// Who can reverse a payment after the good is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeRight {
    /// A card network's chargeback, or an equal right in a wallet or pay-later scheme.
    Chargeback,
    /// The debtor's bank returns the debit without a reason within weeks.
    DebitReturn,
    /// A special procedure for fraud only (Pix MED, UPI).
    FraudReturn,
    /// The payer pushed the money and has no right to take it back.
    None,
}

impl PaymentMethod {
    /// True where a card lies underneath, so that the buyer can be sent through 3-D Secure.
    pub fn has_three_ds(self) -> bool {
        matches!(self, Self::Card | Self::ApplePay | Self::GooglePay | Self::Link)
    }

    /// The payer's right to reverse this method; `None` (the option) where it is not known.
    ///
    /// Source: the schemes' public rules: SEPA Direct Debit Core rulebook (8 weeks, 13 months when
    /// unauthorised), Nacha operating rules (60 days), Direct Debit Guarantee, Banco Central do
    /// Brasil resolution on the MED of Pix. Push payments and vouchers carry no right.
    pub fn dispute_right(self) -> Option<DisputeRight> {
        match self {
            Self::Card
            | Self::ApplePay
            | Self::GooglePay
            | Self::Paypal
            | Self::AmazonPay
            | Self::Link
            | Self::Klarna => Some(DisputeRight::Chargeback),
            Self::SepaDebit | Self::AchDebit | Self::BacsDebit => Some(DisputeRight::DebitReturn),
            Self::Pix | Self::Upi => Some(DisputeRight::FraudReturn),
            Self::SepaTransfer
            | Self::BankTransfer
            | Self::Ideal
            | Self::Alipay
            | Self::WechatPay
            | Self::Boleto
            | Self::StoreCredit
            | Self::Voucher
            | Self::Crypto => Some(DisputeRight::None),
            Self::AppStore | Self::Other => None,
        }
    }
}

impl PaymentMethod {
    /// Days from the payment in which the payer can usually still have it reversed as unauthorised;
    /// 0 where there is no such right, `None` where no rule gives a number of days.
    ///
    /// Source: Visa and Mastercard, 120 days for most reasons (a longer limit from the day a service
    /// was due is left out); `PayPal`, 180 days; SEPA Core rulebook, 13 months; Nacha, 60 days; Pix
    /// MED, 80 days. Bacs has no limit, Klarna and UPI no public number.
    pub fn dispute_days(self) -> Option<i64> {
        match self {
            Self::Card | Self::ApplePay | Self::GooglePay | Self::Link => Some(120),
            Self::Paypal => Some(180),
            Self::SepaDebit => Some(395),
            Self::AchDebit => Some(60),
            Self::Pix => Some(80),
            _ => (self.dispute_right()? == DisputeRight::None).then_some(0),
        }
    }
}

words! {
    /// Who started the payment.
    Initiator {
        /// The buyer is present.
        Customer = "customer",
        /// The merchant charges an agreement on file.
        Merchant = "merchant",
    }
}

/// The payment attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Payment {
    /// How the buyer pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<PaymentMethod>,
    /// Who processes it, e.g. `stripe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor: Option<Text<64>>,
    /// The processor's name for this payment, e.g. a charge or payment-intent id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor_reference: Option<Text<128>>,
    /// Which attempt at the same order or invoice, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 65535)]
    pub attempt: Option<u16>,
    /// The invoice paid; retries of one invoice count as one attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<InvoiceId>,
    /// Who started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiator: Option<Initiator>,
    /// The wallet account the processor attests, e.g. the payer's e-mail at `PayPal`; never what the
    /// buyer typed. Where the method has no card underneath, history knows the payment by it instead
    /// of by the card's fingerprint, which such a wallet mints anew for each attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attested_payer: Option<super::Personal<256>>,
}
