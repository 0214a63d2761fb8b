//! How complete the evidence of a case is, by the table of its claim (`data/disputes/evidence.toml`).
//!
//! Completeness is the weight of what is on record over the weight of all that matters; without a required
//! item it is at most 40 %. It decides which prior a chance to win starts from, and nothing else: the packet
//! prints what there is.

use super::CaseFile;
use super::facts::Facts;
use super::needs::{
    AUTHORIZATION, AVS, CANCEL_LOG, CHECKOUT, CVV, DELIVERY, DESCRIPTOR, DEVICE, EMAIL, IP, Need,
    ORDER, POLICY, REFUND, SUPPORT_LOG, TERMS, THREE_DS, USE,
};
use crate::disputes::reasons;
use crate::disputes::rulebook::{BINS, Day, EvidenceItem, Level, Rulebook};
use crate::domain::EventKind;
use serde::Serialize;

/// Without a required item evidence is at most so complete, in basis points.
const CAP_BP: u64 = 4_000;
const WHOLE_BP: u64 = 10_000;

/// How complete the evidence of a case is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Completeness {
    /// In basis points.
    pub bp: u16,
    /// What is not on record, heaviest first.
    pub missing: Vec<MissingItem>,
}

/// An item of evidence that is not on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MissingItem {
    /// Its name.
    pub name: String,
    /// `required`, `strong` or `optional`.
    #[schema(value_type = String)]
    pub level: Level,
    /// What to start recording.
    pub record: &'static str,
}

impl Completeness {
    /// Its class, from 0.
    pub fn bin(&self) -> usize {
        (usize::from(self.bp) * BINS / 10_000).min(BINS - 1)
    }

    /// Names of required items that are missing.
    pub fn required_missing(&self) -> impl Iterator<Item = &str> {
        let required = self.missing.iter().filter(|item| item.level == Level::Required);
        required.map(|item| item.name.as_str())
    }
}

/// An item of evidence, on record or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemState {
    /// Its name.
    pub name: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What it counts towards completeness.
    pub weight: u16,
    /// Whether it is on record.
    pub present: bool,
    /// What it is and where it is sent.
    pub record: &'static str,
}

/// Every item that matters for a case, required ones first. Without the sale nothing is on record.
pub fn items(case: &CaseFile) -> Vec<ItemState> {
    let facts = Facts::new(case);
    let category = reasons::category(&case.dispute);
    let rule = Rulebook::bundled().evidence(category, Day::of(case.dispute.opened_at));
    let items = rule.map(|rule| rule.items.as_slice()).unwrap_or_default();
    let state = |item: &'static EvidenceItem| {
        let need = need(&item.name);
        ItemState {
            name: &item.name,
            level: item.level,
            weight: item.weight,
            present: facts.sale.is_some() && need.is_some_and(|need| (need.met)(&facts)),
            record: need.map_or("", |need| need.what),
        }
    };
    items.iter().map(state).collect()
}

/// How complete the evidence of a case is. Without the sale nothing is on record.
pub fn completeness(case: &CaseFile) -> Completeness {
    Completeness::of(&items(case))
}

impl Completeness {
    /// By the items of a case.
    pub fn of(items: &[ItemState]) -> Self {
        let weigh = |counts: fn(&ItemState) -> bool| -> u64 {
            items.iter().filter(|item| counts(item)).map(|item| u64::from(item.weight)).sum()
        };
        let (present, all) = (weigh(|item| item.present), weigh(|_| true));
        let missing = items.iter().filter(|item| !item.present).map(|item| MissingItem {
            name: item.name.to_owned(),
            level: item.level,
            record: item.record,
        });
        let missing: Vec<MissingItem> = missing.collect();
        let bp = (present * WHOLE_BP).checked_div(all).unwrap_or_default();
        let lacks = missing.iter().any(|item| item.level == Level::Required);
        let bp = if lacks { bp.min(CAP_BP) } else { bp };
        Self { bp: u16::try_from(bp).unwrap_or(u16::MAX), missing }
    }
}

/// What an item of the table asks of the record.
fn need(name: &str) -> Option<&'static Need> {
    Some(match name {
        "ip" => &IP,
        "name" => &NAME,
        "email" => &EMAIL,
        "use" => &USE,
        "late_use" => &LATE_USE,
        "prior_payments" => &PRIOR,
        "three_ds" => &THREE_DS,
        "device" => &DEVICE,
        "avs" => &AVS,
        "cvv" => &CVV,
        "account_opened" => &OPENED,
        "delivery" => &DELIVERY,
        "terms" => &TERMS,
        "descriptor" => &DESCRIPTOR,
        "receipt_notice" => &RECEIPT_NOTICE,
        "renewal_notice" => &RENEWAL_NOTICE,
        "checkout" => &CHECKOUT,
        "support_log" => &SUPPORT_LOG,
        "refund" => &REFUND,
        "policy" => &POLICY,
        "cancel_log" => &CANCEL_LOG,
        "withdrawal_waived" => &WAIVED,
        "order" => &ORDER,
        "authorization" => &AUTHORIZATION,
        _ => return None,
    })
}

const NAME: Need = Need {
    what: "the buyer's name (`account.name`)",
    met: |facts| facts.sale.and_then(|sale| sale.account.as_ref()?.name.as_ref()).is_some(),
};
const LATE_USE: Need = Need {
    what: "use after the dispute (`session.*`, `api.usage`, `entitlement.consumed`)",
    met: |facts| facts.events.iter().any(|event| facts.is_late_use(event)),
};
const PRIOR: Need = Need {
    what: "two undisputed purchases of the same buyer 120 to 365 days before, with address and device",
    met: |facts| facts.prior.is_some(),
};
const OPENED: Need = Need {
    what: "when the account was opened (`account.created_at`)",
    met: |facts| facts.sale.and_then(|sale| sale.account.as_ref()?.created_at).is_some(),
};
const RECEIPT_NOTICE: Need = Need {
    what: "the receipt sent (`notice.sent` of kind `receipt`)",
    met: |facts| is_noticed(facts, &["receipt", "invoice", "confirm"]),
};
const RENEWAL_NOTICE: Need = Need {
    what: "the notice before the charge (`notice.sent` of kind `renewal reminder` or `trial end`)",
    met: |facts| is_noticed(facts, &["renewal", "trial", "price"]),
};
const WAIVED: Need = Need {
    what: "the waiver of the right of withdrawal (`withdrawal.waived`)",
    met: |facts| facts.of(&[EventKind::WithdrawalWaived]).next().is_some(),
};

/// Whether a notice was sent whose kind begins so or has such a word.
fn is_noticed(facts: &Facts<'_>, words: &[&str]) -> bool {
    facts.of(&[EventKind::NoticeSent]).any(|event| {
        let kind = event.data.notice.as_ref().and_then(|notice| notice.kind.as_ref());
        kind.is_some_and(|kind| {
            let kind = kind.as_str().to_lowercase();
            words.iter().any(|word| kind.contains(word))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disputes::memory::{Memory, message};
    use crate::disputes::{DisputeStore, case_file};
    use crate::domain::DisputeCategory;

    fn case(file: &str, report: &str) -> CaseFile {
        let mut memory = Memory::with(file);
        let report = message(report);
        let id = report.dispute.clone().unwrap().id;
        memory.record_report(&report).unwrap();
        case_file(&memory, &id).unwrap().unwrap()
    }

    #[test]
    fn every_item_of_the_table_can_be_asked() {
        let today = Day::of("2026-11-22T00:00:00Z".parse().unwrap());
        for category in DisputeCategory::ALL {
            for item in &Rulebook::bundled().evidence(*category, today).unwrap().items {
                assert!(need(&item.name).is_some(), "{category}: {}", item.name);
            }
        }
    }

    #[test]
    fn what_is_missing_costs_its_weight_and_a_required_item_caps() {
        let full = case("licence", "visa_13_1_created");
        let whole = completeness(&full);
        assert_eq!(whole.required_missing().count(), 0, "{whole:?}");
        assert!(whole.bp > 4_000, "{whole:?}");
        let mut none = full.clone();
        none.events.clear();
        let bare = completeness(&none);
        assert_eq!(bare.required_missing().collect::<Vec<_>>(), ["delivery", "use"]);
        assert!(bare.bp <= 4_000 && bare.bp < whole.bp, "{bare:?}");
        assert_eq!(bare.bin(), usize::from(bare.bp) / 2_000);
        none.transaction = None;
        assert_eq!(completeness(&none).bp, 0, "without the sale there is no evidence");
        let top = Completeness { bp: 10_000, missing: Vec::new() };
        assert_eq!(top.bin(), BINS - 1);
    }

    #[test]
    fn more_events_are_never_less() {
        let full = case("renewal", "visa_13_2_created");
        let mut before = 0;
        for count in 0..=full.events.len() {
            let mut part = full.clone();
            part.events.truncate(count);
            let bp = completeness(&part).bp;
            assert!(bp >= before, "{count} events");
            before = bp;
        }
    }
}
