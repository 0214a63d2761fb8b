//! Files of the merchant's own as exhibits: one row for each, and its pages.

use super::clean::clean;
use super::layout::Page;
use super::words::utc;
use super::{CaseFile, Exhibit};
use crate::disputes::exhibit::attach::letter;
use crate::disputes::exhibit::{AttachedFile, Pages};
use crate::disputes::sha256_hex;
use crate::domain::ExhibitKind;

/// A file that can be put into a packet.
pub(super) struct FilePages<'a> {
    pub(super) file: &'a AttachedFile,
    pub(super) pages: Pages,
    pub(super) exhibit: Exhibit,
}

impl FilePages<'_> {
    /// The file in words: title, pages, when it was added.
    pub(super) fn row(&self) -> String {
        row(self.file, &self.pages)
    }
}

/// The files of a case, and what became of those that can't be read.
pub(super) fn files(case: &CaseFile) -> (Vec<FilePages<'_>>, Vec<String>) {
    let (mut files, mut unread) = (Vec::new(), Vec::new());
    for (place, file) in case.files.iter().enumerate() {
        let letter = letter(place);
        match file.pages() {
            Ok(pages) if file.is_whole() => {
                let exhibit = exhibit(file, &pages, letter);
                files.push(FilePages { file, pages, exhibit });
            }
            Ok(_) => {
                unread.push(format!("exhibit {letter} is left out: it is not the file it was"));
            }
            Err(error) => unread.push(format!("exhibit {letter} is left out: {error}")),
        }
    }
    (files, unread)
}

fn row(file: &AttachedFile, pages: &Pages) -> String {
    let count = pages.sizes.len();
    let pages = if count == 1 { "1 page".to_owned() } else { format!("{count} pages") };
    format!("\"{}\", {pages}, filed {} UTC", clean(&file.title), utc(file.attached_at))
}

fn exhibit(file: &AttachedFile, pages: &Pages, letter: char) -> Exhibit {
    let title = title(file.kind);
    let mut page = Page::default();
    page.line(&format!("EXHIBIT {letter}: {}", title.to_uppercase()));
    page.rule('-');
    page.labelled("  1  ", &row(file, pages));
    page.line("SHA-256 of the file:");
    page.line(&file.sha256);
    let text = page.text();
    Exhibit {
        letter,
        title,
        sha256: sha256_hex(text.as_bytes()),
        event_ids: vec![file.event_id.clone()],
        log_events: 0,
        log_sha256: String::new(),
        text,
    }
}

fn title(kind: ExhibitKind) -> &'static str {
    match kind {
        ExhibitKind::Contract => "Contract",
        ExhibitKind::Communication => "Correspondence",
        ExhibitKind::Screenshot => "Screenshot",
        ExhibitKind::Receipt => "Receipt document",
        ExhibitKind::Policy => "Policy document",
        ExhibitKind::Delivery => "Delivery document",
        ExhibitKind::Refund => "Refund document",
        ExhibitKind::Product => "Product description",
        ExhibitKind::Other => "Further document",
    }
}
