//! Packets as files: what is on which page, limits, what never is printed, equal bytes.

use super::*;
use crate::disputes::OtherSale;
use crate::disputes::memory::{data, message};
use crate::domain::{
    Actor, DisputeReason, DisputeStage, Event, OrderId, Text, Transaction, TransactionId,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

fn case(file: &str, report: &str) -> CaseFile {
    let file = std::fs::read(data(&format!("cases/{file}.json"))).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    CaseFile {
        dispute: message(report).dispute.unwrap(),
        transaction: Some(serde_json::from_value(file["transaction"].clone()).unwrap()),
        decision: None,
        events: serde_json::from_value(file["events"].clone()).unwrap(),
        other_sales: Vec::new(),
        files: Vec::new(),
    }
}

/// The reference case: a licence with so many more uses.
fn used(count: i64) -> CaseFile {
    let mut case = case("licence", "visa_10_4_created");
    let start = case.transaction.as_ref().unwrap().event_time;
    case.events.extend((0..count).map(|number| -> Event {
        serde_json::from_value(json!({
            "event_id": format!("u-{number:03}"), "type": "session.action",
            "event_time": start.plus_millis(DAY_MS / 5 * (number + 1)), "account_id": "acc-7",
            "actor": "customer", "ip": "81.2.69.142", "device_id": "d-51c0a8e2b7f94d10",
            "data": {"usage": {"what": format!("feature {}", number % 7), "quantity": number + 1}}
        }))
        .unwrap()
    }));
    case
}

/// Two paid sales on the same card, so many days before the sale.
fn with_earlier(mut case: CaseFile) -> CaseFile {
    let sale = case.transaction.clone().unwrap();
    case.other_sales = [150, 200]
        .map(|days| {
            let mut transaction: Transaction = sale.clone();
            transaction.transaction_id = TransactionId::new(&format!("tx-old-{days}")).unwrap();
            transaction.event_time = sale.event_time.plus_millis(-DAY_MS * days);
            let capture = json!({"event_id": format!("c-{days}"), "type": "capture",
                "event_time": transaction.event_time, "transaction_id": transaction.transaction_id});
            OtherSale { transaction, events: vec![serde_json::from_value(capture).unwrap()] }
        })
        .to_vec();
    case
}

fn links(case: &CaseFile) -> Vec<Link> {
    let sales = case.transaction.iter().chain(case.other_sales.iter().map(|o| &o.transaction));
    let ids = sales
        .map(|sale| (true, sale.transaction_id.to_string()))
        .chain(case.events.iter().map(|event| (false, event.event_id.to_string())));
    (1..)
        .zip(ids)
        .map(|(sequence, (is_sale, id))| Link {
            is_sale,
            hash: sha256_hex(id.as_bytes()),
            id,
            sequence,
        })
        .collect()
}

fn key() -> SigningKey {
    SigningKey::from_bytes([7; 32])
}

fn made(case: &CaseFile, profile: Profile) -> Result<Pdf, PacketError> {
    pdf(case, &links(case), &key(), PdfOptions { profile, paper: None })
}

/// Everything printed, page by page.
fn printed(case: &CaseFile, extent: Extent) -> Vec<String> {
    let (links, key) = (links(case), key());
    let places = Places::of(&links);
    let faces = Faces::bundled().unwrap();
    let plan = plan(case.dispute.reason);
    let laid = Laid::out(faces, (case, &[]), plan, (&places, &key), (Paper::A4, extent));
    let text = |mark: &Mark| match mark {
        Mark::Text { text, .. } => Some(text.clone()),
        Mark::Line { .. } | Mark::Bar { .. } | Mark::Sheet { .. } => None,
    };
    let page = |marks: &Vec<Mark>| marks.iter().filter_map(text).collect::<Vec<_>>().join(" ");
    laid.pages.iter().map(page).collect()
}

fn whole(case: &CaseFile) -> Vec<String> {
    printed(case, EXTENTS[0])
}

#[test]
fn the_reference_case_is_small_and_its_bytes_are_equal() {
    let case = used(90);
    let packet = made(&case, Profile::Strict).unwrap();
    assert!(packet.bytes.starts_with(b"%PDF-1.7"));
    assert!(packet.bytes.len() <= 100_000, "{} bytes", packet.bytes.len());
    assert!(packet.pages <= 19, "{} pages", packet.pages);
    assert_eq!(made(&case, Profile::Strict).unwrap(), packet);
    assert_eq!(packet.exhibits.iter().map(|(e, _)| e.letter).collect::<String>(), "ABF");
    assert!(packet.exhibits.iter().all(|(_, page)| (2..=packet.pages).contains(page)));
    assert_eq!(packet.warnings, Vec::<String>::new());
    let mut turned = case.clone();
    turned.events.rotate_left(31);
    let turned = pdf(&turned, &links(&case), &key(), PdfOptions::default()).unwrap();
    assert_eq!(turned.bytes, packet.bytes, "the order of the events changes nothing");
}

#[test]
fn page_1_says_it_all() {
    for (file, report) in [
        ("licence", "visa_10_4_created"),
        ("licence", "visa_13_1_created"),
        ("renewal", "visa_13_2_created"),
    ] {
        let case = case(file, report);
        let pages = whole(&case);
        let page = &pages[0];
        for part in ["The claim", "Our answer", "We ask", "Enclosed: A ", "per day"] {
            assert!(page.contains(part), "{report}: `{part}` is not on page 1:\n{page}");
        }
        assert!(page.contains(", page 3") || page.contains(", page 4"), "{page}");
        let packet = made(&case, Profile::Strict).unwrap();
        for (exhibit, number) in packet.exhibits {
            let name = format!("Exhibit {}: {}", exhibit.letter, exhibit.title);
            assert!(pages[number - 1].contains(&name), "{name} is not on page {number}");
        }
    }
}

#[test]
fn earlier_purchases_are_argued_and_shown() {
    let case = with_earlier(case("licence", "visa_10_4_created"));
    let pages = whole(&case).join(" ");
    assert!(pages.contains("Two earlier purchases on this card, of"), "{pages}");
    assert!(pages.contains("Exhibit G: Earlier undisputed purchases"));
    assert!(pages.contains("transaction tx-old-150") && pages.contains("transaction tx-old-200"));
    let packet = made(&case, Profile::Stripe).unwrap();
    assert!(packet.manifest.contains("\nrecord G sale tx-old-200 3\n"), "{}", packet.manifest);
}

#[test]
fn the_manifest_is_signed_and_names_every_record() {
    let case = used(90);
    let packet = made(&case, Profile::Strict).unwrap();
    assert!(packet.signed.is_of(packet.manifest.as_bytes()));
    for (exhibit, _) in &packet.exhibits {
        let count = exhibit.event_ids.len();
        let line = format!("exhibit {} {} {count}\n", exhibit.letter, exhibit.sha256);
        assert!(packet.manifest.contains(&line), "{line}");
        for id in &exhibit.event_ids {
            assert!(packet.manifest.contains(&format!("record {} event {id} ", exhibit.letter)));
        }
    }
    assert!(packet.manifest.contains("\nsale tx-1001 1\n"));
    assert!(packet.manifest.lines().last().unwrap().starts_with("chain "));
    let without = pdf(&case, &[], &key(), PdfOptions::default()).unwrap();
    assert!(without.manifest.contains("record A event e-005 -\n"));
    assert!(!without.manifest.contains("chain"));
}

#[test]
fn a_profile_is_kept_and_shortening_is_told() {
    for profile in Profile::ALL {
        let case = used(900);
        let limits = profile.limits(&case.dispute);
        let packet = made(&case, profile).unwrap();
        assert!(limits.pages.is_none_or(|most| packet.pages <= most), "{profile:?}");
        assert!(packet.bytes.len() <= limits.bytes);
    }
    let mut inquiry = with_earlier(used(900));
    inquiry.dispute.network = Some(Text::new("mastercard").unwrap());
    inquiry.dispute.stage = DisputeStage::Inquiry;
    inquiry.dispute.reason = DisputeReason::General;
    let packet = made(&inquiry, Profile::Adyen).unwrap();
    assert!(packet.pages <= 4, "{}", packet.pages);
    let told = packet.warnings.join("\n");
    assert!(told.contains("shortened to fit: at most"), "{told}");
    // What the letter rests on is there, what it does not is told.
    let draft = Draft::of(&inquiry, plan(inquiry.dispute.reason), MAX_ROWS);
    for point in draft.points(plan(inquiry.dispute.reason)) {
        for cite in &point.cites {
            let letter = cite.kind.letter();
            assert!(packet.exhibits.iter().any(|(exhibit, _)| exhibit.letter == letter));
        }
    }
    for sheet in &draft.sheets {
        let letter = sheet.kind.letter();
        let here = packet.exhibits.iter().any(|(exhibit, _)| exhibit.letter == letter);
        assert!(here || told.contains(&format!("left out to fit: exhibit {letter}")), "{letter}");
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let limits = Limits { pages: Some(4), bytes: 1 };
    let error = too_large(Profile::Adyen, limits, (7, 0));
    assert_eq!(
        error.to_string(),
        "the packet does not fit `adyen`: 7 pages of at most 4, 0 bytes of at most 1; choose \
         another profile"
    );
}

#[test]
fn nothing_leaks() {
    for reason in DisputeReason::ALL {
        let mut case = used(5);
        case.dispute.reason = *reason;
        let pages = whole(&case).join(" ");
        for secret in
            ["4242 4242 4242", "Anna", "many_cards_one_device", "impersonation", "VS-PRO-7F3A"]
        {
            assert!(!pages.contains(secret), "{reason}: {secret}");
        }
    }
}

#[test]
fn foreign_letters_are_numbered_and_told() {
    let mut case = case("licence", "visa_10_4_created");
    let account = case.transaction.as_mut().unwrap().account.as_mut().unwrap();
    account.name = serde_json::from_value(json!("Ольга Ωμέγα 王")).unwrap();
    let page = &whole(&case)[0];
    assert!(page.contains("Ольга Ωμέγα [U+738B]"), "{page}");
    let warnings = made(&case, Profile::Strict).unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("by number")), "{warnings:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_case_is_written(
        words in "\\PC{0,200}",
        shift in -30..60_i64,
        reason in prop::sample::select(DisputeReason::ALL.to_vec()),
        keep in any::<u32>(),
    ) {
        let mut case = used(12);
        case.dispute.reason = reason;
        case.dispute.opened_at = case.dispute.opened_at.plus_millis(shift * DAY_MS);
        let mut at = 0;
        case.events.retain(|_| { at += 1; keep >> (at % 32) & 1 == 1 });
        let words: String = words.chars().filter(|c| !c.is_control()).collect();
        let cut: String = words.chars().take(16).collect();
        let sale = case.transaction.as_mut().unwrap();
        sale.order_id = OrderId::new(&cut).ok();
        case.events.push(serde_json::from_value(json!({
            "event_id": "w-1", "type": "support.message", "event_time": "2026-11-22T00:00:00Z",
            "account_id": "acc-7", "actor": Actor::Customer,
            "data": {"contact": {"direction": "in", "text": format!("{words} 5555-5555-5555-4444")}}
        })).unwrap());
        let pages = whole(&case).join(" ");
        let digits: String = pages.chars().filter(|c| !c.is_whitespace()).collect();
        prop_assert!(!digits.contains("5555-5555-5555-4444"));
        let packet = made(&case, Profile::Strict).unwrap();
        prop_assert!(packet.pages <= 19 && packet.bytes.len() <= 1_000_000);
    }
}
