//! The pages of a file, held against what an exhibit may be, and written again as a file of pages only.
//!
//! What is printed is what was looked at: the packet's writer is given this new file, never the original.
//! Scripts, links, attachments and metadata have no place in it.
#![expect(clippy::float_arithmetic, reason = "the format's numbers are floats")]

use super::budget::{Budget, VALUE};
use super::error::ExhibitError;
use super::file::File;
use super::token::{Dict, Value};
use super::written::{Area, Written};
use super::{MAX_PAGES, Pages};
use std::collections::{BTreeMap, BTreeSet};

/// Deepest tree of pages.
const MAX_TREE: usize = 32;
/// What a page has from the nodes above it.
const INHERITED: [&str; 4] = ["Resources", "MediaBox", "CropBox", "Rotate"];
/// Sides of a page in points: nothing smaller is readable, nothing larger is a page.
const SIDES: std::ops::RangeInclusive<f64> = 36.0..=14_400.0;
/// What is left out of every copied object: it leads out of the page, or says what is not printed.
const LEFT_OUT: [&str; 9] = [
    "Metadata",
    "StructParent",
    "StructParents",
    "PieceInfo",
    "LastModified",
    "OPI",
    "Ref",
    "AF",
    "OC",
];

/// Names that stand for what a sheet of paper does not do, with their words.
const ACTIVE: [(&str, &str); 8] = [
    ("JS", "a script"),
    ("JavaScript", "a script"),
    ("Launch", "a command that starts a program"),
    ("SubmitForm", "a form that is sent away"),
    ("ImportData", "a form that reads other files"),
    ("XFA", "a form that draws itself"),
    ("RichMedia", "sound or film"),
    ("EmbeddedFiles", "files of its own; attach them one by one"),
];

/// One page: its own values and those of the nodes above it.
struct Page<'f> {
    own: &'f Dict,
    inherited: BTreeMap<&'static str, &'f Value>,
}

impl<'f> Page<'f> {
    fn get(&self, key: &str) -> Option<&'f Value> {
        self.own.get(key).or_else(|| self.inherited.get(key).copied())
    }
}

/// Reads a PDF file.
///
/// # Errors
/// It can't be an exhibit; why, and what to do.
pub(super) fn pdf(bytes: &[u8]) -> Result<Pages, ExhibitError> {
    let budget = Budget::default();
    let read = File::read(bytes, &budget).and_then(|file| flat(&file));
    // What was taken for missing when it was spent says nothing about the file.
    budget.check().and(read)
}

/// The pages of a file, written anew.
fn flat(file: &File<'_>) -> Result<Pages, ExhibitError> {
    file.values().try_for_each(quiet)?;
    let broken = ExhibitError::Broken { what: "it has no list of pages" };
    let root = file.catalogue().ok_or(broken.clone())?;
    if has_hidden_layers(file, root) {
        return Err(ExhibitError::Unread { what: "has layers that are not shown" });
    }
    let tree = root.get("Pages").ok_or(broken)?;
    let pages = leaves(file, tree)?;
    if pages.is_empty() {
        return Err(ExhibitError::NoPage);
    }
    let mut written = Written::default();
    let (no_resources, mut sizes) = (Value::Dict(Dict::default()), Vec::new());
    for (number, page) in (1..).zip(&pages) {
        if page.own.get("Annots").is_some_and(|notes| overlays(file, notes)) {
            return Err(ExhibitError::Overlaid { page: number });
        }
        let contents = contents(file, page)?;
        let (corner, size) = area(file, page)?;
        let resources = page.get("Resources").unwrap_or(&no_resources);
        let rotate = page.get("Rotate").and_then(|value| file.resolve(value)?.number());
        let turns = quarter_turns(rotate.unwrap_or(0.0));
        let length = written.page((corner, size), turns, resources, &contents);
        file.budget().take(length)?;
        sizes.push(thousandths(size, turns));
    }
    written.copy(file);
    Ok(Pages { flat: written.finish(), sizes })
}

/// Holds a value against [`ACTIVE`].
fn quiet(value: &Value) -> Result<(), ExhibitError> {
    let see = |name: &[u8]| match ACTIVE.iter().find(|(word, _)| *name == *word.as_bytes()) {
        Some((_, what)) => Err(ExhibitError::Active { what }),
        None => Ok(()),
    };
    match value {
        Value::Name(name) => see(name),
        Value::Array(values) => values.iter().try_for_each(quiet),
        Value::Dict(dict) => {
            dict.0.iter().try_for_each(|(key, value)| see(key).and_then(|()| quiet(value)))
        }
        Value::Plain(_) | Value::Text(_) | Value::Ref(_) => Ok(()),
    }
}

/// The pages of a tree, in order.
fn leaves<'f>(file: &'f File<'_>, tree: &'f Value) -> Result<Vec<Page<'f>>, ExhibitError> {
    let mut seen = BTreeSet::new();
    let mut pages = Vec::new();
    let mut waiting = vec![(tree, BTreeMap::new(), 0)];
    while let Some((node, mut inherited, depth)) = waiting.pop() {
        let is_again = matches!(node, Value::Ref(number) if !seen.insert(*number));
        if is_again || depth > MAX_TREE {
            return Err(ExhibitError::Broken { what: "its list of pages runs in a circle" });
        }
        file.budget().take(VALUE)?;
        let Some(dict) = file.dict(node) else { continue };
        match dict.get("Kids").and_then(|kids| file.array(kids)) {
            Some(kids) => {
                for key in INHERITED {
                    inherited.extend(dict.get(key).map(|value| (key, value)));
                }
                let kids = kids.iter().rev().map(|kid| (kid, inherited.clone(), depth + 1));
                waiting.extend(kids.take(MAX_PAGES + 1));
            }
            None => pages.push(Page { own: dict, inherited }),
        }
        if pages.len() > MAX_PAGES || waiting.len() > 2 * MAX_PAGES * MAX_TREE {
            return Err(ExhibitError::TooManyPages);
        }
    }
    Ok(pages)
}

/// Whether a page would show more without the layers' switches, which are not copied.
fn has_hidden_layers(file: &File<'_>, root: &Dict) -> bool {
    let layers = root.get("OCProperties").and_then(|layers| file.dict(layers));
    let usual = layers.and_then(|layers| file.dict(layers.get("D")?));
    usual.is_some_and(|usual| {
        let off = usual.get("OFF").and_then(|off| file.array(off));
        off.is_some_and(|off| !off.is_empty()) || usual.name("BaseState") == Some(b"OFF")
    })
}

/// Whether something is drawn over a page that is not part of it.
fn overlays(file: &File<'_>, notes: &Value) -> bool {
    const HIDDEN: usize = 0b10_0010;
    file.array(notes).unwrap_or_default().iter().filter_map(|note| file.dict(note)).any(|note| {
        let flags = note.get("F").and_then(|flags| file.resolve(flags)?.whole()).unwrap_or(0);
        let corners = note.get("Rect").and_then(|rect| corners(file, rect));
        let is_blank = corners.is_some_and(|[x0, y0, x1, y1]| x0 >= x1 || y0 >= y1);
        let is_seen = flags & HIDDEN == 0 && !is_blank;
        let is_drawn = note.get("AP").is_some() || note.get("V").is_some();
        is_seen && is_drawn && !matches!(note.name("Subtype"), Some(b"Link" | b"Popup"))
    })
}

/// What is drawn on a page, unpacked.
fn contents(file: &File<'_>, page: &Page<'_>) -> Result<Vec<u8>, ExhibitError> {
    let Some(contents) = page.own.get("Contents") else { return Ok(Vec::new()) };
    let parts: Vec<&Value> = match file.array(contents) {
        Some(parts) => parts.iter().collect(),
        None => vec![contents],
    };
    let mut all = Vec::new();
    for part in parts {
        let Value::Ref(number) = part else { continue };
        if let Some(unpacked) = file.unpack(*number) {
            all.extend(unpacked?);
            all.push(b'\n');
        }
    }
    Ok(all)
}

/// Lower left corner and size of what is shown of a page.
fn area(file: &File<'_>, page: &Page<'_>) -> Result<Area, ExhibitError> {
    const A4: [f64; 4] = [0.0, 0.0, 595.276, 841.89];
    let of = |key| page.get(key).and_then(|value| corners(file, value));
    let media = of("MediaBox").unwrap_or(A4);
    let crop = of("CropBox").unwrap_or(media);
    let (x0, y0) = (media[0].max(crop[0]), media[1].max(crop[1]));
    let size = (media[2].min(crop[2]) - x0, media[3].min(crop[3]) - y0);
    if SIDES.contains(&size.0) && SIDES.contains(&size.1) {
        Ok(((x0, y0), size))
    } else {
        Err(ExhibitError::Broken { what: "a page has no size, or that of a wall" })
    }
}

/// The corners of a rectangle, the lower left one first.
fn corners(file: &File<'_>, value: &Value) -> Option<[f64; 4]> {
    let values = file.array(value)?.iter().map(|value| file.resolve(value)?.number());
    let [a, b, c, d] = values.collect::<Option<Vec<f64>>>()?.try_into().ok()?;
    Some([f64::min(a, c), f64::min(b, d), f64::max(a, c), f64::max(b, d)])
}

/// By how many quarters a page is turned, clockwise; those of no whole quarter are not.
fn quarter_turns(degrees: f64) -> u8 {
    match degrees.rem_euclid(360.0) {
        90.0 => 1,
        180.0 => 2,
        270.0 => 3,
        _ => 0,
    }
}

/// Width and height as they are looked at after so many turns.
#[expect(clippy::cast_possible_truncation, reason = "sides of a page are checked to be few")]
pub(super) fn thousandths((width, height): (f64, f64), turns: u8) -> (i32, i32) {
    let [width, height] = [width, height].map(|side| (side * 1000.0).round() as i32);
    if turns % 2 == 1 { (height, width) } else { (width, height) }
}

pub(super) fn is_left_out(key: &[u8]) -> bool {
    LEFT_OUT.iter().any(|name| *key == *name.as_bytes())
}
