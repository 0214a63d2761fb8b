//! Files that are taken and files that are not, and what becomes of them in a case and its packet.

use super::attach::{NewFile, attach, files, withdraw};
use super::*;
use crate::disputes::memory::{Memory, message};
use crate::disputes::packet::{Pdf, PdfOptions, Profile, pdf, text};
use crate::disputes::{DisputeStore, Manifest, links, take_in, whole_case};
use crate::domain::DisputeId;
use crate::ledger::SigningKey;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::io::Write;

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// A file of objects numbered from 1, the first its catalogue.
fn file(objects: &[&str]) -> Vec<u8> {
    let mut file = String::from("%PDF-1.4\n");
    for (number, object) in (1..).zip(objects) {
        writeln!(file, "{number} 0 obj\n{object}\nendobj").unwrap();
    }
    file.push_str("trailer\n<</Root 1 0 R>>\n%%EOF\n");
    file.into_bytes()
}

const ROOT: &str = "<</Type/Catalog/Pages 2 0 R>>";
const LIST: &str = "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 612 792]>>";
const PAGE: &str = "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>";
const DRAWN: &str =
    "<</Length 45>>\nstream\nBT /F 24 Tf 72 700 Td (Signed contract) Tj ET\nendstream";
const FONT: &str = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";

fn contract() -> Vec<u8> {
    file(&[ROOT, LIST, PAGE, DRAWN, FONT])
}

/// So many pages, each of them filled with `weight` bytes that can't be packed.
fn heavy(pages: usize, weight: usize) -> Vec<u8> {
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", page + 4)).collect();
    let kids = kids.join(" ");
    let mut noise = String::new();
    let mut state = 7_u64;
    while noise.len() < weight {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise.push(char::from(b'!' + u8::try_from((state >> 33) % 80).unwrap()));
    }
    let noise = noise.replace(['%', '(', ')', '\\'], "x");
    let shared = format!("<</Length {}>>\nstream\n%{noise}\nendstream", noise.len() + 1);
    let list = format!("<</Kids[{kids}]/Count {pages}/MediaBox[0 0 595 842]>>");
    let mut objects = vec![ROOT.to_owned(), list, shared];
    objects.extend((0..pages).map(|_| "<</Type/Page/Contents 3 0 R>>".to_owned()));
    file(&objects.iter().map(String::as_str).collect::<Vec<_>>())
}

fn chunk(name: &[u8], body: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(name);
    crc.update(body);
    let length = u32::try_from(body.len()).unwrap();
    [&length.to_be_bytes(), name, body, &crc.sum().to_be_bytes()].concat()
}

/// A picture of rows that each begin with the byte of their filter.
fn png((width, height): (u32, u32), [bits, colour, interlaced]: [u8; 3], rows: &[u8]) -> Vec<u8> {
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend([bits, colour, 0, 0, interlaced]);
    let mut file = png::SIGNATURE.to_vec();
    file.extend(chunk(b"IHDR", &head));
    file.extend(chunk(b"PLTE", &[0, 0, 0, 255, 0, 0, 255, 255, 255]));
    file.extend(chunk(b"IDAT", &deflated(rows)));
    file.extend(chunk(b"IEND", b""));
    file
}

fn screen() -> Vec<u8> {
    let row: Vec<u8> =
        std::iter::once(0).chain((0..40).flat_map(|x| [x * 6, 40, 200, 255])).collect();
    png((40, 30), [8, 6, 0], &row.repeat(30))
}

fn jpeg(parts: &[&[u8]]) -> Vec<u8> {
    let frame = [0xff, 0xc0, 0, 11, 8, 0, 20, 0, 30, 1, 1, 0x11, 0];
    let scan = [0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9];
    [&[0xff, 0xd8], parts.concat().as_slice(), &frame, &scan].concat()
}

/// What a camera writes: where it was, and that the picture lies on its side.
fn turned() -> Vec<u8> {
    let tiff = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0LATITUDE";
    let length = u16::try_from(tiff.len() + 2).unwrap().to_be_bytes();
    [&[0xff, 0xe1], length.as_slice(), tiff].concat()
}

#[test]
fn what_is_taken() {
    let packed_objects = format!("3 0 {PAGE}");
    let first = "3 0 ".len();
    let packed = deflated(packed_objects.as_bytes());
    let mut modern = file(&[ROOT, LIST, "null", DRAWN, FONT]);
    modern.extend(
        format!(
            "6 0 obj\n<</Type/ObjStm/N 1/First {first}/Filter/FlateDecode/Length {}>>\nstream\n",
            packed.len()
        )
        .bytes(),
    );
    modern.extend(packed);
    modern.extend(b"\nendstream\nendobj\n7 0 obj\n<</Type/XRef/Root 1 0 R/Length 0>>stream\n\nendstream endobj");
    let photograph = jpeg(&[&turned()]);
    for (name, bytes, pages) in [
        ("a contract", contract(), vec![(612_000, 792_000)]),
        ("behind a remark", [b"junk\n".to_vec(), contract()].concat(), vec![(612_000, 792_000)]),
        ("packed objects", modern, vec![(612_000, 792_000)]),
        ("many pages", heavy(3, 10), vec![(595_000, 842_000); 3]),
        (
            "turned",
            file(&[ROOT, LIST, &PAGE.replace("/Type/Page", "/Type/Page/Rotate 90"), DRAWN, FONT]),
            vec![(792_000, 612_000)],
        ),
        (
            "cropped",
            file(&[ROOT, LIST, &PAGE.replace("/Type/Page", "/CropBox[0 0 300 400]"), DRAWN, FONT]),
            vec![(300_000, 400_000)],
        ),
        ("without contents", file(&[ROOT, LIST, "<</Type/Page>>"]), vec![(612_000, 792_000)]),
        ("a screen", screen(), vec![(842_000, 631_500)]),
        (
            "of two colours",
            png((16, 9), [1, 3, 0], &[0, 0b1010_1010, 0b1010_1010].repeat(9)),
            vec![(842_000, 473_625)],
        ),
        (
            "of 16 bits",
            png((2, 2), [16, 4, 0], &[2, 0, 0, 255, 255, 9, 9, 128, 0].repeat(2)),
            vec![(842_000, 842_000)],
        ),
        ("a photograph", photograph, vec![(561_333, 842_000)]),
    ] {
        let read = pages_of(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.sizes, pages, "{name}");
        assert!(crate::disputes::packet::is_printable(&read), "{name}");
        assert_eq!(pages_of(&bytes).unwrap(), read, "{name}: the same bytes");
        // What was written anew is itself a file that is taken, and stays as it is.
        assert_eq!(pages_of(&read.flat).unwrap().sizes, pages, "{name}");
    }
    let flat = pages_of(&jpeg(&[&turned()])).unwrap().flat;
    assert!(!flat.windows(8).any(|word| word == b"LATITUDE"), "where it was taken stays here");
}

#[test]
fn of_a_photograph_only_the_picture_leaves() {
    let part = |mark: u8, body: &[u8]| {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, mark], length.as_slice(), body].concat()
    };
    let jfif = part(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\x01\x01LATITUDE");
    let jfxx = part(0xe0, b"JFXX\0\x10LATITUDE");
    let adobe = part(0xee, b"Adobe\0d\0\0\0\0\x01");
    let [hidden, table, scan] = [turned(), part(0xc4, b"table"), part(0xda, b"")];
    let plain = jpeg(&[&jfif, &jfxx, &adobe]);
    let before = &plain[..plain.len() - 9];
    let (first, second) = ([1, 0xff, 0, 0xff, 0xd3, 2], [3, 0xff, 0, 4]);
    let comment = part(0xfe, b"LATITUDE");
    let photograph =
        [before, &scan, &first, &hidden, &comment, &table, &[0xff], &scan, &second, &[0xff, 0xd9]]
            .concat();
    let preview = jpeg(&[&hidden]);
    let film = b"ftypmp42 LATITUDE \xff\xd9".to_vec();
    let alone = pages_of(&photograph).unwrap();
    let flat = &alone.flat;
    let holds = |wanted: &[u8]| flat.windows(wanted.len()).any(|word| word == wanted);
    assert!(!holds(b"LATITUDE") && !holds(b"JFXX"));
    let drawn = [scan.as_slice(), &first, &table, &scan, &second, &[0xff, 0xd9]].concat();
    assert!(holds(&drawn) && holds(&adobe), "the picture itself is whole");
    assert!(holds(&part(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0")));
    for behind in [preview, film] {
        assert_eq!(pages_of(&[photograph.clone(), behind].concat()).unwrap(), alone);
    }
}

#[test]
fn what_is_not_taken_and_why() {
    let with = |page: &str| file(&[ROOT, LIST, &PAGE.replace("/Type/Page", page), DRAWN, FONT]);
    let drawn = |head: &str| {
        let stream = DRAWN.replace("<<", &format!("<<{head}"));
        file(&[ROOT, LIST, PAGE, &stream, FONT])
    };
    let root =
        |more: &str| file(&[&ROOT.replace(">>", &format!("{more}>>")), LIST, PAGE, DRAWN, FONT]);
    let bomb = deflated(&vec![b' '; unpack::MAX_UNPACKED + 1]);
    let mut swollen = file(&[ROOT, LIST, PAGE]);
    swollen.extend(
        format!("4 0 obj\n<</Filter/FlateDecode/Length {}>>\nstream\n", bomb.len()).bytes(),
    );
    swollen.extend(&bomb);
    swollen.extend(b"\nendstream\nendobj\n");
    let field = "/Type/Page/Annots[<</Subtype/Widget/Rect[0 0 9 9]/AP<<>>>>]";
    let whole = screen();
    for (bytes, says) in [
        (vec![], "the file is empty"),
        (vec![b'x'; MAX_BYTES + 1], "over 2000000 bytes"),
        (b"PK\x03\x04 a letter of another program".to_vec(), "no PDF, PNG or JPEG"),
        (b"<html><script>%PDF</script>".to_vec(), "no PDF, PNG or JPEG"),
        (b"%PDF-1.7\n".to_vec(), "no list of pages"),
        (contract()[..60].to_vec(), "no list of pages"),
        (file(&[ROOT, "<</Kids[]/Count 0>>"]), "has no page"),
        (file(&[ROOT, "<</Kids[2 0 R]>>"]), "in a circle"),
        (file(&[ROOT, "<</Kids[3 0 R 3 0 R]>>", PAGE]), "in a circle"),
        (file(&["<</Pages 1 0 R/Kids[2 0 R]>>", "3 0 R", "2 0 R"]), "has no page"),
        (heavy(50, 1), "over 49 pages"),
        (root("/Encrypt 9 0 R"), ""),
        ([contract(), b"trailer<</Encrypt 9 0 R>>".to_vec()].concat(), "is encrypted"),
        (root("/OpenAction<</S/JavaScript/JS(x)>>"), "a script"),
        (root("/OpenAction<</S/J#61vaScript>>"), "a script"),
        (root("/OpenAction<</S/Launch/F(cmd)>>"), "starts a program"),
        (root("/Names<</EmbeddedFiles<<>>>>"), "files of its own"),
        (root("/AcroForm<</XFA[]>>"), "draws itself"),
        (root("/OCProperties<</D<</OFF[5 0 R]>>>>"), "layers"),
        (with(field), "page 1 has a form field"),
        (with("/Type/Page/MediaBox[0 0 1 1]"), "no size"),
        (with("/Type/Page/MediaBox[0 0 1e9 1e9]"), "no size"),
        (drawn("/Filter/LZWDecode"), "out of use"),
        (drawn("/Filter/FlateDecode"), "can't be unpacked"),
        (drawn("/Filter[/FlateDecode/FlateDecode/FlateDecode]"), "as if it were a picture"),
        (drawn("/DecodeParms<</Predictor 12>>"), "as if it were a picture"),
        (swollen, "too large when it is unpacked"),
        (whole[..whole.len() - 20].to_vec(), "breaks off"),
        ([&whole[..50], &[0xff], &whole[51..]].concat(), "breaks off"),
        (png((40, 30), [8, 6, 1], &[]), "interlaced"),
        (png((40, 30), [8, 6, 0], &[0; 9]), "less data than dots"),
        (png((4, 3), [8, 0, 0], &[7; 15]), "less data than dots"),
        (png((4, 3), [3, 0, 0], &[]), "no known form"),
        (png((0, 3), [8, 0, 0], &[]), "no area"),
        (png((100_000, 100_000), [8, 0, 0], &[]), "too large when"),
        (png((2_000, 3), [8, 0, 0], &[]), "no area"),
        (jpeg(&[])[..20].to_vec(), "breaks off"),
        (vec![0xff, 0xd8, 0xff], "without data"),
        (vec![0xff, 0xd8, 0xff, 0xe0, 0, 1], "breaks off"),
        (jpeg(&[&[0xff, 0xc3, 0, 2]]), "rare kind"),
        (jpeg(&[&[0xff, 0xc0, 0, 8, 8, 0, 1, 0, 1, 4]]), "printing press"),
    ] {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
        match pages_of(&bytes) {
            Err(error) => {
                let error = error.to_string();
                assert!(!says.is_empty() && error.contains(says), "{error} of {shown}");
            }
            // The word alone in a catalogue locks nothing.
            Ok(_) => assert!(says.is_empty(), "{shown} was taken, not: {says}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// Whatever a file is changed to, reading it comes back, and what is taken can be printed.
    #[test]
    fn nothing_breaks_the_reader(
        of in 0..4_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
        moved in prop::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
    ) {
        let mut bytes = [contract(), heavy(2, 300), screen(), jpeg(&[&turned()])][of].clone();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some((from, to)) = moved {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let part = bytes[from.min(to)..from.max(to)].to_vec();
            bytes.extend(part);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(pages) = pages_of(&bytes) {
            prop_assert!(crate::disputes::packet::is_printable(&pages));
        }
    }
}

/// A case with a sale.
fn disputed() -> (Memory, DisputeId) {
    let mut memory = Memory::with("licence");
    let intake = message("visa_10_4_created");
    let id = intake.dispute.as_ref().unwrap().id.clone();
    take_in(&mut memory, intake, at(0)).unwrap();
    (memory, id)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_796_400_000_000 + second * 1000)
}

fn add(memory: &mut Memory, id: &DisputeId, title: &str, bytes: &[u8]) -> attach::Attached {
    let new = NewFile { kind: ExhibitKind::Contract, title, bytes };
    attach(memory, id, new, at(1)).unwrap()
}

fn written(memory: &Memory, id: &DisputeId, profile: Profile) -> Pdf {
    let key = SigningKey::from_bytes([7; 32]);
    let case = whole_case(memory, id).unwrap().unwrap();
    let links = links(memory, &case).unwrap();
    pdf(&case, &links, &key, PdfOptions { profile, paper: None }).unwrap()
}

#[test]
fn files_come_and_go() {
    let (mut memory, id) = disputed();
    let first = add(&mut memory, &id, "Order form", &contract());
    assert_eq!((first.letter, first.pages, first.new), ('I', 1, true));
    assert!(!add(&mut memory, &id, "Again", &contract()).new);
    assert_eq!(add(&mut memory, &id, "Screen", &screen()).letter, 'J');
    let titles = |memory: &Memory| -> Vec<String> {
        files(memory, &id).unwrap().into_iter().map(|file| file.title).collect()
    };
    assert_eq!(titles(&memory), ["Order form", "Screen"]);
    assert!(files(&memory, &id).unwrap().iter().all(AttachedFile::is_whole));
    assert!(withdraw(&mut memory, &id, "beef", at(2)).is_err());
    assert!(
        withdraw(&mut memory, &id, &first.sha256[..7], at(2)).is_err(),
        "too short to be meant"
    );
    assert_eq!(withdraw(&mut memory, &id, &first.sha256[..8], at(2)).unwrap().title, "Order form");
    assert_eq!(titles(&memory), ["Screen"]);
    assert!(add(&mut memory, &id, "Order form", &contract()).new, "once more");
    assert_eq!(titles(&memory), ["Screen", "Order form"]);
    let steps = memory.exhibits(&id).unwrap();
    assert_eq!(steps.len(), 4, "nothing is taken out of the record");
    for title in ["", " ", &"x".repeat(121), "a\nb"] {
        let new = NewFile { kind: ExhibitKind::Other, title, bytes: &screen() };
        assert!(matches!(attach(&mut memory, &id, new, at(3)), Err(AttachError::Title)), "{title}");
    }
    let new = NewFile { kind: ExhibitKind::Other, title: "x", bytes: &screen() };
    let other = DisputeId::new("dp_none").unwrap();
    assert!(matches!(attach(&mut memory, &other, new, at(3)), Err(AttachError::Unknown(_))));
    memory.sales.clear();
    assert!(matches!(attach(&mut memory, &id, new, at(3)), Err(AttachError::NoSale)));
}

#[test]
fn a_case_has_letters_for_so_many() {
    let (mut memory, id) = disputed();
    for number in 0..MAX_EXHIBITS {
        let bytes = heavy(1, 10 + number);
        let letter = add(&mut memory, &id, "page", &bytes).letter;
        assert_eq!(usize::from(u8::try_from(letter).unwrap() - b'I'), number);
    }
    let new = NewFile { kind: ExhibitKind::Other, title: "x", bytes: &screen() };
    assert!(matches!(attach(&mut memory, &id, new, at(3)), Err(AttachError::TooMany)));
    // Most exhibits of records with most files: every page is there.
    let packet = written(&memory, &id, Profile::Paypal);
    assert!(packet.pages > MAX_EXHIBITS);
}

#[test]
fn a_packet_shows_every_page_and_its_manifest_names_the_record() {
    let (mut memory, id) = disputed();
    let plain = written(&memory, &id, Profile::Stripe);
    add(&mut memory, &id, "Order form (signed)", &heavy(2, 50));
    add(&mut memory, &id, "Screen", &screen());
    let packet = written(&memory, &id, Profile::Stripe);
    assert_eq!(packet, written(&memory, &id, Profile::Stripe), "the same records, the same bytes");
    assert!(packet.pages >= plain.pages + 3, "{} after {}", packet.pages, plain.pages);
    let letters: String = packet.exhibits.iter().map(|(exhibit, _)| exhibit.letter).collect();
    assert!(letters.ends_with("IJ"), "{letters}");
    let is_archival = |pdf: &Pdf| pdf.bytes.windows(13).any(|word| word == b"pdfaid:part>2");
    assert!(is_archival(&plain) && !is_archival(&packet));
    assert!(packet.warnings.iter().any(|warning| warning.contains("no PDF/A")));
    let signed = packet.signed_manifest();
    let manifest = Manifest::read(&signed).unwrap();
    let files = manifest.records.iter().filter(|record| record.id.starts_with("exhibit-"));
    assert_eq!(
        files.filter(|record| record.sequence.is_none()).count(),
        2,
        "not in this test's ledger"
    );
    let case = whole_case(&memory, &id).unwrap().unwrap();
    let text = text(&case);
    assert!(text.text.contains("EXHIBIT I: CONTRACT"), "{}", text.text);
    assert!(text.text.contains("\"Order form (signed)\", 2 pages"), "{}", text.text);
    assert!(text.text.contains(&case.files[0].sha256));
}

#[test]
fn a_file_that_does_not_fit_is_left_out_by_name() {
    let (mut memory, id) = disputed();
    add(&mut memory, &id, "Whole correspondence", &heavy(40, 100));
    add(&mut memory, &id, "One letter", &contract());
    let packet = written(&memory, &id, Profile::Strict);
    let said: Vec<&String> =
        packet.warnings.iter().filter(|warning| warning.contains("left out to fit")).collect();
    assert!(
        said.iter()
            .any(|warning| warning
                .contains("exhibit I, your file `Whole correspondence` with 40 pages")),
        "{said:?}"
    );
    assert!(!said.iter().any(|warning| warning.contains("One letter")), "{said:?}");
    let letters: String = packet.exhibits.iter().map(|(exhibit, _)| exhibit.letter).collect();
    assert!(letters.ends_with('J') && !letters.contains('I'), "{letters}");
    // One that takes it all leaves nothing out.
    let packet = written(&memory, &id, Profile::Paypal);
    assert!(packet.warnings.iter().all(|warning| !warning.contains("left out")));
    // By bytes, too.
    let (mut memory, id) = disputed();
    add(&mut memory, &id, "Film", &heavy(1, 1_900_000));
    let packet = written(&memory, &id, Profile::AmexOptblue);
    assert!(packet.warnings.iter().any(|warning| warning.contains("your file `Film`")));
    assert!(packet.bytes.len() <= 1_000_000);
    // The one that is too heavy goes, not those with more pages.
    let (mut memory, id) = disputed();
    add(&mut memory, &id, "Long", &heavy(3, 100));
    add(&mut memory, &id, "Film", &heavy(1, 1_900_000));
    let packet = written(&memory, &id, Profile::AmexOptblue);
    let said = packet.warnings.iter().filter(|warning| warning.contains("your file"));
    let said: Vec<&String> = said.collect();
    assert!(said.len() == 1 && said[0].contains("your file `Film`"), "{said:?}");
}
