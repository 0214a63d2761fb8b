//! The packet as a file for a bank's reviewer: PDF/A-2b, 12 points, black on white.
//!
//! The same draft as the text, laid out on pages: the letter, the timeline, the exhibits, the manifest.
//! Pages are counted before anything is drawn, so what is over a limit is shortened and counted again;
//! an exhibit the letter rests on is never left out.
//!
//! Rejected: typst, which breaks lines better and takes six times as long to build; a processor's text
//! fields alone, which show no timeline.

mod body;
mod chart;
mod face;
mod flow;
mod letter;
mod write;

use super::files::{FilePages, files};
use super::manifest::{self, Places};
use super::plan::{Plan, plan};
use super::points::{Draft, Point};
use super::profile::{Limits, Paper, Profile};
use super::sheets::{Kind, MAX_ROWS};
use super::{CaseFile, Exhibit, exhibit, warnings};
use crate::disputes::error::PacketError;
use crate::disputes::exhibit::Pages as ForeignPages;
use crate::disputes::{Link, sha256_hex};
use crate::domain::Timestamp;
use crate::ledger::{Signed, SigningKey};
use face::Faces;
use flow::{Flow, Mark, SMALL};
use letter::Pages;

/// How a packet is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PdfOptions {
    /// Who takes it.
    pub profile: Profile,
    /// The paper, where it is not the profile's.
    pub paper: Option<Paper>,
}

/// A packet as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdf {
    /// The file.
    pub bytes: Vec<u8>,
    /// Number of its pages.
    pub pages: usize,
    /// Its exhibits, each with the page it begins on.
    pub exhibits: Vec<(Exhibit, usize)>,
    /// The manifest, one fact a line.
    pub manifest: String,
    /// Its signature.
    pub signed: Signed,
    /// What the merchant should know before sending it, not part of the file.
    pub warnings: Vec<String>,
}

impl Pdf {
    /// The manifest with its signature in one last line: `signature`, public key, signature.
    pub fn signed_manifest(&self) -> String {
        format!("{}signature {} {}\n", self.manifest, self.signed.key, self.signed.signature)
    }
}

/// How much of a case is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    /// Most rows of an exhibit.
    rows: usize,
    /// Most lines of the timeline; 0 leaves it out.
    timeline: usize,
    /// Leave out exhibits the letter does not rest on, so many of them.
    dropped: usize,
}

/// What is shown, from everything to the least: shorter logs first, then no timeline (it repeats rows
/// of the exhibits), then fewer exhibits that no sentence rests on.
const EXTENTS: [Extent; 6] = [
    Extent { rows: MAX_ROWS, timeline: 40, dropped: 0 },
    Extent { rows: 20, timeline: 20, dropped: 0 },
    Extent { rows: 10, timeline: 10, dropped: 0 },
    Extent { rows: 10, timeline: 0, dropped: 0 },
    Extent { rows: 10, timeline: 0, dropped: 2 },
    SHORTEST,
];

/// The last of [`EXTENTS`].
const SHORTEST: Extent = Extent { rows: 6, timeline: 0, dropped: usize::MAX };

/// Which exhibits go first when some must: what says least about most claims. The receipt stays.
const DROPPED_FIRST: [Kind; 7] = [
    Kind::Reports,
    Kind::Account,
    Kind::Communication,
    Kind::Terms,
    Kind::Prior,
    Kind::Refunds,
    Kind::Use,
];

/// Writes the packet of a case. Pure: the same input gives the same bytes. Cost: about 10 ms.
///
/// # Errors
/// It does not fit the profile even at its shortest, or the writer refuses.
pub fn pdf(
    case: &CaseFile,
    links: &[Link],
    key: &SigningKey,
    options: PdfOptions,
) -> Result<Pdf, PacketError> {
    let faces = Faces::bundled()
        .ok_or_else(|| PacketError::Refused { words: "the bundled fonts".to_owned() })?;
    let limits = options.profile.limits(&case.dispute);
    let paper = options.paper.unwrap_or(options.profile.paper());
    let plan = plan(case.dispute.reason);
    let places = Places::of(links);
    let (files, unread) = files(case);
    let (mut last, mut limit) = ((0, 0), Over::Pages);
    let (mut kept, mut left_out): (Vec<_>, Vec<_>) = (files.iter().collect(), Vec::new());
    for (at, leaves_out) in cuts(files.len()) {
        let extent = EXTENTS.get(at).copied().unwrap_or(SHORTEST);
        if leaves_out {
            left_out.extend(largest(&kept, limit).map(|place| kept.remove(place)));
        }
        let laid = Laid::out(faces, (case, &kept), plan, (&places, key), (paper, extent));
        let fits_pages = limits.pages.is_none_or(|most| laid.pages.len() <= most);
        last = (laid.pages.len(), 0);
        if !fits_pages {
            limit = Over::Pages;
            continue;
        }
        let title = format!("Answer to dispute {}", case.dispute.id);
        let flat: Vec<&[u8]> = kept.iter().map(|file| &*file.pages.flat).collect();
        let date = (title, laid.date());
        let bytes = write::write(faces, paper.size(), &laid.pages, date, &flat)?;
        last.1 = bytes.len();
        if bytes.len() <= limits.bytes {
            let mut pdf = laid.into_pdf(case, plan, bytes, at);
            pdf.warnings.extend(unread);
            left_out.sort_by_key(|file| file.exhibit.letter);
            pdf.warnings.extend(left_out.iter().map(|file| said_left_out(file)));
            if !kept.is_empty() {
                pdf.warnings.push("with files of your own it is a PDF and no PDF/A".to_owned());
            }
            return Ok(pdf);
        }
        limit = Over::Bytes;
    }
    Err(too_large(options.profile, limits, last))
}

/// How often it is tried, each with the place of its extent and whether one more file is left out: files
/// go last, for a person chose them, and one that is left out is told by name.
fn cuts(files: usize) -> impl Iterator<Item = (usize, bool)> {
    let shortest = EXTENTS.len() - 1;
    (0..EXTENTS.len()).map(|at| (at, false)).chain((0..files).map(move |_| (shortest, true)))
}

/// Which limit a packet was over when it was last tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Pages,
    Bytes,
}

/// The place of the file that takes most of what is short; the first of equal ones.
fn largest(files: &[&FilePages<'_>], limit: Over) -> Option<usize> {
    let size = |(_, file): &(usize, &&FilePages<'_>)| {
        let (pages, bytes) = (file.pages.sizes.len(), file.pages.flat.len());
        match limit {
            Over::Pages => (pages, bytes),
            Over::Bytes => (bytes, pages),
        }
    };
    files.iter().enumerate().rev().max_by_key(size).map(|(place, _)| place)
}

fn said_left_out(file: &FilePages<'_>) -> String {
    let (letter, title) = (file.exhibit.letter, &file.file.title);
    let (pages, bytes) = (file.pages.sizes.len(), file.pages.flat.len());
    format!(
        "left out to fit: exhibit {letter}, your file `{title}` with {pages} pages and {bytes} bytes; \
         shorten it or choose another profile"
    )
}

/// Whether pages of a file can be put into a packet.
pub(in crate::disputes) fn is_printable(pages: &ForeignPages) -> bool {
    let Some(faces) = Faces::bundled() else { return false };
    let sheet = |(page, size): (usize, &(i32, i32))| {
        vec![Mark::Sheet { file: 0, page, at: (0, 0), size: *size }]
    };
    let marks: Vec<Vec<Mark>> = pages.sizes.iter().enumerate().map(sheet).collect();
    let about = (String::new(), Timestamp::from_millis(0));
    write::write(faces, Paper::A4.size(), &marks, about, &[&pages.flat]).is_ok()
}

fn too_large(profile: Profile, limits: Limits, (pages, bytes): (usize, usize)) -> PacketError {
    PacketError::TooLarge {
        profile: profile.word(),
        pages,
        bytes,
        max_pages: limits.pages,
        max_bytes: limits.bytes,
    }
}

/// A packet on pages, not drawn yet.
struct Laid<'a> {
    draft: Draft<'a>,
    points: Vec<Point>,
    exhibits: Vec<Exhibit>,
    dropped: Vec<Kind>,
    begin: Pages,
    pages: Vec<Vec<Mark>>,
    manifest: String,
    signed: Signed,
    numbered: bool,
}

impl<'a> Laid<'a> {
    fn out(
        faces: &'static Faces,
        (case, files): (&'a CaseFile, &[&FilePages<'_>]),
        plan: &Plan,
        (places, key): (&Places<'_>, &SigningKey),
        (paper, extent): (Paper, Extent),
    ) -> Self {
        let mut draft = Draft::of(case, plan, extent.rows);
        let points = draft.points(plan);
        let dropped = drop_uncited(&mut draft, &points, extent.dropped);
        let mut exhibits: Vec<Exhibit> = draft.sheets.iter().map(|s| exhibit(&draft, s)).collect();
        exhibits.extend(files.iter().map(|file| file.exhibit.clone()));
        let manifest = manifest::text(&draft, &exhibits, places);
        let signed = key.sign(manifest.as_bytes());
        let digest = sha256_hex(manifest.as_bytes());
        // The letter names pages that are known when all is laid out; numbers of other lengths may
        // move a line, so it is done until they agree.
        let (mut begin, mut laid) = (Pages::new(), None);
        for _ in 0..4 {
            let mut flow = Flow::new(faces, paper);
            let mut found = Pages::new();
            letter::letter(&mut flow, &draft, plan, (&points, &exhibits), &begin);
            flow.turn();
            if extent.timeline > 0 {
                body::timeline(&mut flow, &draft, extent.timeline);
            }
            body::exhibits(&mut flow, &draft, &exhibits, &mut found);
            body::files(&mut flow, files, &mut found);
            body::manifest(&mut flow, &draft, &exhibits, places, (&signed, &digest));
            if flow.numbered {
                flow.gap(4_000);
                flow.paragraph("Letters our fonts lack are given by number, as [U+4E2D].", SMALL);
            }
            let agreed = found == begin;
            begin = found;
            let numbered = flow.numbered;
            let foot = format!("Dispute {}", draft.facts.dispute.id);
            laid = Some((flow.finish(&foot), numbered));
            if agreed {
                break;
            }
        }
        let (pages, numbered) = laid.unwrap_or_default();
        Self { draft, points, exhibits, dropped, begin, pages, manifest, signed, numbered }
    }

    /// Of the latest record: the packet's date, without a clock.
    fn date(&self) -> Timestamp {
        let facts = &self.draft.facts;
        let events = facts.events.iter().map(|event| event.event_time);
        events.fold(facts.dispute.updated_at, Timestamp::max)
    }

    fn into_pdf(self, case: &CaseFile, plan: &Plan, bytes: Vec<u8>, at: usize) -> Pdf {
        let mut warnings = warnings(case, &self.draft, plan, &self.points);
        if let Some(extent) = EXTENTS.get(at).filter(|_| at > 0) {
            let timeline = if extent.timeline == 0 { ", no timeline" } else { "" };
            let rows = extent.rows;
            warnings.push(format!("shortened to fit: at most {rows} rows an exhibit{timeline}"));
        }
        warnings.extend(self.dropped.iter().map(|kind| {
            let (letter, title) = (kind.letter(), kind.title());
            format!("left out to fit: exhibit {letter}, {title}; no sentence rests on it")
        }));
        if self.numbered {
            warnings.push("letters the fonts lack are printed by number, as [U+4E2D]".to_owned());
        }
        let page_of = |exhibit: &Exhibit| self.begin.get(&exhibit.letter).copied().unwrap_or(0);
        let exhibits = self.exhibits.into_iter().map(|e| (page_of(&e), e));
        Pdf {
            bytes,
            pages: self.pages.len(),
            exhibits: exhibits.map(|(page, exhibit)| (exhibit, page)).collect(),
            manifest: self.manifest,
            signed: self.signed,
            warnings,
        }
    }
}

/// Takes out at most `most` exhibits that no sentence of the letter rests on.
fn drop_uncited(draft: &mut Draft<'_>, points: &[Point], most: usize) -> Vec<Kind> {
    let cited = |kind: Kind| points.iter().flat_map(|p| &p.cites).any(|cite| cite.kind == kind);
    let here = |kind: &Kind| draft.sheets.iter().any(|sheet| sheet.kind == *kind);
    let gone: Vec<Kind> =
        DROPPED_FIRST.into_iter().filter(|kind| here(kind) && !cited(*kind)).take(most).collect();
    draft.sheets.retain(|sheet| !gone.contains(&sheet.kind));
    gone
}

#[cfg(test)]
mod tests;
