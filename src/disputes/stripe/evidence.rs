//! The answer to a dispute in Stripe's own fields, beside the packet's file.
//!
//! Limits are Stripe's: 20,000 characters a text field, 150,000 for all together. A longer text is cut at
//! the end of a sentence or line, never inside a character, and says that the file has the rest. Sources:
//! Stripe's API reference (object "Dispute", "Update a dispute"), official SDK 23.1.0.
//!
//! Compelling Evidence 3.0 goes beside the usual evidence, not instead: where Visa refuses it, the case is
//! judged by the rest.

use crate::disputes::ce3::{self, Element, Elements, Goods, Sale, Verdict};
use crate::disputes::packet::{self, CaseFile};
use crate::domain::{DisputeReason, Personal, Transaction};

/// Most characters of one text field.
pub const MAX_FIELD_CHARS: usize = 20_000;
/// Most characters of all text fields together.
pub const MAX_ALL_CHARS: usize = 150_000;
/// Stripe's name for Compelling Evidence 3.0 among what a dispute is eligible for.
pub const CE3: &str = "visa_compelling_evidence_3";

const CUT: &str = "\n[Shortened here; the attached file has the rest.]";

/// An answer, field by field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Names and values as they are sent, names as in `evidence[customer_name]`.
    pub fields: Vec<(String, String)>,
    /// What the merchant should know, not part of the answer.
    pub notes: Vec<String>,
}

impl Evidence {
    /// The answer to a case. `takes_ce3`: whether Stripe says that the dispute is eligible for it.
    pub fn of(case: &CaseFile, takes_ce3: bool) -> Self {
        let mut answer = Self { fields: Vec::new(), notes: Vec::new() };
        if let Some(sale) = &case.transaction {
            answer.add_sale(sale);
        }
        answer.add_texts(case);
        answer.fit();
        if takes_ce3 {
            answer.add_ce3(case);
        }
        answer
    }

    /// Attaches the packet, by the name of its upload.
    pub fn attach(&mut self, file_id: &str) {
        self.put("uncategorized_file", file_id);
    }

    /// The fields as a form, sent for good or only handed over.
    pub fn form(&self, submit: bool) -> Vec<(String, String)> {
        let mut form = self.fields.clone();
        form.push(("submit".to_owned(), submit.to_string()));
        form
    }

    fn put(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.fields.push((format!("evidence[{name}]"), value.to_owned()));
        }
    }

    fn add_sale(&mut self, sale: &Transaction) {
        let account = sale.account.as_ref();
        let name = account.and_then(|account| account.name.as_ref()).map(Personal::as_str);
        let email = account.and_then(|account| account.email.as_ref()).map(Personal::as_str);
        self.put("customer_name", name.unwrap_or_default());
        self.put("customer_email_address", email.unwrap_or_default());
        let ip =
            sale.device.as_ref().and_then(|device| device.ip.as_ref()).and_then(|ip| ip.valid());
        self.put("customer_purchase_ip", &ip.map(ToString::to_string).unwrap_or_default());
        self.put("product_description", &packet::goods(sale).unwrap_or_default());
        self.put("service_date", &sale.event_time.date_text());
    }

    fn add_texts(&mut self, case: &CaseFile) {
        let answers = packet::answers(case).join("\n");
        let field = match case.dispute.reason {
            DisputeReason::SubscriptionCancelled => "cancellation_rebuttal",
            DisputeReason::CreditNotProcessed => "refund_refusal_explanation",
            DisputeReason::Duplicate => "duplicate_charge_explanation",
            _ => "uncategorized_text",
        };
        self.put(field, &answers);
        let packet = packet::text(case);
        let of = |letter| packet.exhibits.iter().find(|exhibit| exhibit.letter == letter);
        if let Some(usage) = of('B') {
            self.put("access_activity_log", &usage.text);
        }
        if let (Some(terms), DisputeReason::SubscriptionCancelled) = (of('C'), case.dispute.reason)
        {
            self.put("cancellation_policy_disclosure", &terms.text);
        }
        if let (Some(terms), DisputeReason::CreditNotProcessed) = (of('C'), case.dispute.reason) {
            self.put("refund_policy_disclosure", &terms.text);
        }
    }

    /// Cuts what is too long: each field first, then the longest until all fit together.
    fn fit(&mut self) {
        for (name, value) in &mut self.fields {
            if let Some(shorter) = cut(value, MAX_FIELD_CHARS) {
                self.notes.push(format!("`{name}` was cut to {MAX_FIELD_CHARS} characters"));
                *value = shorter;
            }
        }
        loop {
            let chars = |(_, value): &(String, String)| value.chars().count();
            let all: usize = self.fields.iter().map(chars).sum();
            let Some(over) = all.checked_sub(MAX_ALL_CHARS).filter(|over| *over > 0) else {
                return;
            };
            let Some(longest) = self.fields.iter_mut().max_by_key(|field| chars(field)) else {
                return;
            };
            let room = longest.1.chars().count().saturating_sub(over);
            self.notes.push(format!("`{}` was cut to {room} characters", longest.0));
            longest.1 = cut(&longest.1, room).unwrap_or_default();
        }
    }

    fn add_ce3(&mut self, case: &CaseFile) {
        let (Ok(report), Some(sale)) = (ce3::of_case(case), &case.transaction) else { return };
        let pair = match &report.stripe {
            Verdict::Qualified { pair } if pair.inherited.is_empty() => pair,
            Verdict::Qualified { .. } => {
                let note = "Compelling Evidence 3.0 is not sent: address or device were copied from an earlier checkout";
                return self.notes.push(note.to_owned());
            }
            Verdict::RequiresAction { actions, .. } => {
                let note = |action| format!("Compelling Evidence 3.0 is not sent: {action}");
                return self.notes.extend(actions.iter().map(note));
            }
            Verdict::NotQualified => return,
        };
        let disputed = Sale::recorded(sale, &case.events);
        let mut fields =
            vec![("disputed_transaction".to_owned(), elements(&disputed, pair.shared))];
        if let Some((_, own)) = fields.first_mut() {
            own.push(("product_description", packet::goods(sale).unwrap_or_default()));
            let goods = match disputed.goods {
                Some(Goods::Services) => "services",
                Some(Goods::Merchandise) | None => "merchandise",
            };
            own.push(("merchandise_or_services", goods.to_owned()));
        }
        for (number, id) in pair.transactions.into_iter().enumerate() {
            let is_it =
                |other: &&packet::OtherSale| other.transaction.transaction_id.as_str() == id;
            let Some(other) = case.other_sales.iter().find(is_it) else { return };
            let earlier = Sale::of(other);
            let mut own = elements(&earlier, pair.shared);
            own.push(("charge", earlier.charge.unwrap_or_default().to_owned()));
            own.push((
                "product_description",
                packet::goods(&other.transaction).unwrap_or_default(),
            ));
            fields.push((format!("prior_undisputed_transactions][{number}"), own));
        }
        for (sale, own) in fields {
            for (name, value) in own.into_iter().filter(|(_, value)| !value.is_empty()) {
                let name = format!("evidence[enhanced_evidence][{CE3}][{sale}][{name}]");
                self.fields.push((name, cut(&value, MAX_FIELD_CHARS).unwrap_or(value)));
            }
        }
    }
}

/// The elements three sales share, in clear: hashed or masked ones do not count.
fn elements(sale: &Sale<'_>, shared: Elements) -> Vec<(&'static str, String)> {
    let value = |element| match element {
        Element::Ip => ("customer_purchase_ip", sale.ip.map(|ip| ip.to_string())),
        Element::DeviceId => ("customer_device_id", sale.device_id.map(str::to_owned)),
        Element::DeviceFingerprint => {
            ("customer_device_fingerprint", sale.device_fingerprint.map(str::to_owned))
        }
        Element::AccountId => ("customer_account_id", sale.account_id.map(str::to_owned)),
        Element::Email => ("customer_email_address", sale.email.map(str::to_owned)),
        Element::Address => ("shipping_address", None), // sellers of digital goods record none
    };
    shared.iter().map(value).filter_map(|(name, value)| Some((name, value?))).collect()
}

/// A text of at most `most` characters, cut at the end of a sentence or line where one is near; `None`
/// where it fits as it is.
fn cut(text: &str, most: usize) -> Option<String> {
    text.char_indices().nth(most)?;
    let room = most.saturating_sub(CUT.chars().count());
    let end = text.char_indices().nth(room).map_or(text.len(), |(at, _)| at);
    let (start, _) = text.split_at_checked(end)?;
    let sentence = start.rfind(". ").map(|at| at + 1);
    let near = sentence.max(start.rfind('\n')).filter(|at| *at > end / 2);
    let kept = near.and_then(|at| start.get(..at)).unwrap_or(start);
    Some(if most > CUT.len() { format!("{kept}{CUT}") } else { kept.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disputes::memory::{Memory, message};
    use crate::disputes::{case_file, take_in};
    use crate::domain::{Event, EventKind, TransactionId};
    use proptest::prelude::*;

    fn case(of: &str, report: &str) -> CaseFile {
        let mut memory = Memory::with(of);
        let intake = message(report);
        let id = intake.dispute.clone().unwrap().id;
        take_in(&mut memory, intake, "2027-01-01T00:00:00Z".parse().unwrap()).unwrap();
        case_file(&memory, &id).unwrap().unwrap()
    }

    fn value<'e>(evidence: &'e Evidence, name: &str) -> Option<&'e str> {
        let name = format!("evidence[{name}]");
        evidence.fields.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn each_claim_has_its_fields() {
        let fraud = Evidence::of(&case("licence", "visa_10_4_created"), true);
        assert_eq!(value(&fraud, "customer_name"), Some("Jane Doe"));
        assert_eq!(value(&fraud, "customer_purchase_ip"), Some("81.2.69.142"));
        assert_eq!(value(&fraud, "service_date"), Some("2026-11-20"));
        assert!(value(&fraud, "product_description").unwrap().contains("pro-year"));
        assert!(value(&fraud, "uncategorized_text").unwrap().contains("3-D Secure"));
        assert!(value(&fraud, "access_activity_log").unwrap().contains("EXHIBIT B"));
        assert!(!fraud.fields.iter().any(|(name, _)| name.contains(CE3)), "no earlier sale");
        let cancelled = Evidence::of(&case("renewal", "visa_13_2_created"), true);
        assert!(value(&cancelled, "cancellation_rebuttal").is_some());
        assert!(value(&cancelled, "cancellation_policy_disclosure").is_some());
        assert_eq!(value(&cancelled, "uncategorized_text"), None);
        let submit = ("submit".to_owned(), "true".to_owned());
        assert_eq!(fraud.form(true).last(), Some(&submit));
    }

    #[test]
    fn a_pair_of_earlier_sales_goes_beside_the_rest() {
        let mut case = case("licence", "visa_10_4_created");
        let sale = case.transaction.clone().unwrap();
        case.other_sales = [150, 200]
            .map(|days| {
                let mut transaction = sale.clone();
                transaction.transaction_id = TransactionId::new(&format!("old-{days}")).unwrap();
                transaction.event_time = sale.event_time.plus_millis(-86_400_000 * days);
                let charge = crate::domain::Text::new(&format!("ch_{days}")).unwrap();
                transaction.payment.as_mut().unwrap().processor_reference = Some(charge);
                let mut paid: Event =
                    case.events.iter().find(|e| e.kind == EventKind::Capture).unwrap().clone();
                paid.transaction_id = Some(transaction.transaction_id.clone());
                paid.event_time = transaction.event_time;
                packet::OtherSale { transaction, events: vec![paid] }
            })
            .to_vec();
        let sent = Evidence::of(&case, true);
        let ce3 = |name: &str| value(&sent, &format!("enhanced_evidence][{CE3}][{name}"));
        assert_eq!(ce3("disputed_transaction][customer_purchase_ip"), Some("81.2.69.142"));
        assert_eq!(ce3("disputed_transaction][merchandise_or_services"), Some("merchandise"));
        assert_eq!(ce3("prior_undisputed_transactions][0][charge"), Some("ch_150"));
        assert_eq!(ce3("prior_undisputed_transactions][1][charge"), Some("ch_200"));
        assert!(ce3("prior_undisputed_transactions][1][product_description").is_some());
        assert!(value(&sent, "access_activity_log").is_some());
        let payment = case.other_sales[1].transaction.payment.as_mut().unwrap();
        payment.processor_reference = crate::domain::Text::new("pi_200").ok();
        let intent = Evidence::of(&case, true);
        assert!(!intent.fields.iter().any(|(name, _)| name.contains(CE3)), "`pi_` is no charge");
        assert!(intent.notes.iter().any(|note| note.contains("is not sent")), "{:?}", intent.notes);
        let without = Evidence::of(&case, false);
        assert!(
            !without.fields.iter().any(|(name, _)| name.contains(CE3)),
            "Stripe does not take it"
        );
    }

    #[test]
    fn all_fields_fit_together() {
        let field = |number| (format!("evidence[{number}]"), "word. ".repeat(4_000));
        let mut evidence = Evidence { fields: (0..9).map(field).collect(), notes: Vec::new() };
        evidence.fit();
        let all: usize = evidence.fields.iter().map(|(_, value)| value.chars().count()).sum();
        assert!(all <= MAX_ALL_CHARS && all > MAX_ALL_CHARS - 1_000, "{all}");
        assert!(!evidence.notes.is_empty());
    }

    proptest! {
        #[test]
        fn a_cut_fits_and_begins_as_the_text(text in "(\\PC{0,40}[. \n]){0,20}", most in 0_usize..400) {
            match cut(&text, most) {
                None => prop_assert!(text.chars().count() <= most),
                Some(shorter) => {
                    prop_assert!(shorter.chars().count() <= most);
                    prop_assert!(text.starts_with(shorter.trim_end_matches(CUT)));
                }
            }
        }
    }
}
