//! Pages that fill from the top: paragraphs, rows and rules at places counted in whole thousandths of a
//! point, so that they are the same on every machine.
//!
//! Nothing is drawn here: a page is a list of marks, so pages can be counted and thrown away when they
//! are too many.

use super::face::{Faces, Weight};
use crate::disputes::packet::profile::Paper;

/// Space left blank on each side.
const SIDE: i32 = 54_000;
const TOP: i32 = 54_000;
const BOTTOM: i32 = 62_000;
/// Baseline of the line at the foot of each page, from the lower edge.
const FOOT: i32 = 36_000;
/// A row taller than this may be parted between pages.
const TALL: i32 = 240_000;

/// Letters of one size and thickness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) weight: Weight,
    pub(super) size: i32,
    /// From one baseline to the next.
    pub(super) leading: i32,
}

const fn style(weight: Weight, size: i32) -> Style {
    Style { weight, size, leading: size * 5 / 4 }
}

/// What is read: 12 points.
pub(super) const BODY: Style = style(Weight::Regular, 12_000);
pub(super) const STRONG: Style = style(Weight::Bold, 12_000);
pub(super) const TITLE: Style = style(Weight::Bold, 18_000);
pub(super) const HEADING: Style = style(Weight::Bold, 14_000);
/// What is looked up: digests, axes, page numbers.
pub(super) const SMALL: Style = style(Weight::Regular, 10_000);

/// One mark on a page; places count from the upper left corner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// Printable text on a baseline.
    Text { x: i32, y: i32, style: Style, text: String },
    /// A straight line.
    Line { from: (i32, i32), to: (i32, i32), width: i32 },
    /// A page of a file, by their places, from its upper left corner.
    Sheet { file: usize, page: usize, at: (i32, i32), size: (i32, i32) },
    /// A rectangle from its upper left corner: black, or only its outline.
    Bar { x: i32, y: i32, width: i32, height: i32, solid: bool },
}

/// A column of a row: where it begins, how wide it is, what it says.
pub(super) struct Cell<'t> {
    pub(super) x: i32,
    pub(super) width: i32,
    pub(super) style: Style,
    pub(super) text: &'t str,
}

/// Pages under way.
pub(super) struct Flow {
    faces: &'static Faces,
    size: (i32, i32),
    pages: Vec<Vec<Mark>>,
    /// The upper edge of what comes next.
    y: i32,
    /// What heads the next page when a part goes on there.
    running: Option<String>,
    /// Letters without a sign were met.
    pub(super) numbered: bool,
}

impl Flow {
    pub(super) fn new(faces: &'static Faces, paper: Paper) -> Self {
        let (size, pages) = (paper.size(), vec![Vec::new()]);
        Self { faces, size, pages, y: TOP, running: None, numbered: false }
    }

    /// Width between the margins.
    pub(super) fn width(&self) -> i32 {
        self.size.0 - 2 * SIDE
    }

    /// Number of the page under way, from 1.
    pub(super) fn page(&self) -> usize {
        self.pages.len()
    }

    /// Height left on the page.
    pub(super) fn room(&self) -> i32 {
        self.size.1 - BOTTOM - self.y
    }

    /// Begins a new page, unless the present one is blank.
    pub(super) fn turn(&mut self) {
        if self.pages.last().is_some_and(Vec::is_empty) {
            return;
        }
        self.pages.push(Vec::new());
        self.y = TOP;
        if let Some(running) = self.running.clone() {
            self.paragraph(&format!("{running} (continued)"), STRONG);
            self.gap(4_000);
        }
    }

    /// Begins a new page where `height` is not left on this one.
    pub(super) fn need(&mut self, height: i32) {
        if self.room() < height {
            self.turn();
        }
    }

    pub(super) fn gap(&mut self, height: i32) {
        self.y += height;
    }

    /// Begins a part; when it goes on, the next page says so. `None` ends one.
    pub(super) fn part(&mut self, name: Option<&str>) {
        self.running = name.map(str::to_owned);
    }

    /// A heading that is not left alone at the foot of a page.
    pub(super) fn heading(&mut self, text: &str) {
        self.gap(10_000);
        self.need(90_000);
        self.paragraph(text, HEADING);
        self.gap(2_000);
        self.rule(800);
        self.gap(3_000);
    }

    pub(super) fn paragraph(&mut self, text: &str, style: Style) {
        let width = self.width();
        self.row(&[Cell { x: 0, width, style, text }]);
    }

    /// Text after a label, continued under itself.
    pub(super) fn labelled(&mut self, label: (&str, i32), text: &str) {
        let (label, indent) = label;
        let width = self.width() - indent;
        self.row(&[
            Cell { x: 0, width: indent, style: STRONG, text: label },
            Cell { x: indent, width, style: BODY, text },
        ]);
    }

    /// Cells side by side, each broken into lines of its own width. A row stays on one page, unless it
    /// is taller than a third of one.
    pub(super) fn row(&mut self, cells: &[Cell<'_>]) {
        let broken: Vec<(&Cell<'_>, Vec<String>)> =
            cells.iter().map(|cell| (cell, self.lines(cell))).collect();
        let leading = cells.iter().map(|cell| cell.style.leading).max().unwrap_or(0);
        let count = broken.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
        let height = i32::try_from(count).unwrap_or(i32::MAX).saturating_mul(leading);
        if height <= TALL {
            self.need(height);
        }
        for number in 0..count {
            self.need(leading);
            for (cell, lines) in &broken {
                let Some(text) = lines.get(number).filter(|line| !line.is_empty()) else {
                    continue;
                };
                let (x, y) = (SIDE + cell.x, self.y + cell.style.size);
                self.put(Mark::Text { x, y, style: cell.style, text: text.clone() });
            }
            self.y += leading;
        }
    }

    /// A line from margin to margin.
    pub(super) fn rule(&mut self, width: i32) {
        let (from, to) = ((SIDE, self.y), (self.size.0 - SIDE, self.y));
        self.put(Mark::Line { from, to, width });
        self.gap(3_000);
    }

    /// Height for marks placed by hand, on one page; their corner.
    pub(super) fn area(&mut self, height: i32) -> (i32, i32) {
        self.need(height);
        let corner = (SIDE, self.y);
        self.y += height;
        corner
    }

    pub(super) fn put(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Width of a text.
    pub(super) fn measure(&self, text: &str, style: Style) -> i32 {
        self.faces.width(text, style.weight, style.size)
    }

    /// The pages, each with a line at its foot.
    pub(super) fn finish(mut self, foot: &str) -> Vec<Vec<Mark>> {
        while self.pages.len() > 1 && self.pages.last().is_some_and(Vec::is_empty) {
            self.pages.pop();
        }
        let (count, foot) = (self.pages.len(), self.faces.printable(foot));
        let y = self.size.1 - FOOT;
        for (number, page) in (1..).zip(&mut self.pages) {
            let place = format!("Page {number} of {count}");
            let right = self.faces.width(&place, SMALL.weight, SMALL.size);
            let x = self.size.0 - SIDE - right;
            page.push(Mark::Text { x: SIDE, y, style: SMALL, text: foot.clone() });
            page.push(Mark::Text { x, y, style: SMALL, text: place });
        }
        self.pages
    }

    /// Breaks a cell's text at spaces; a word wider than the cell is cut. At least one line.
    fn lines(&mut self, cell: &Cell<'_>) -> Vec<String> {
        let text = self.faces.printable(cell.text);
        self.numbered |= text != cell.text && cell.text.chars().any(|c| !self.faces.has(c));
        let Style { weight, size, .. } = cell.style;
        let width_of = |text: &str| self.faces.width(text, weight, size);
        let space = width_of(" ");
        let mut lines = vec![String::new()];
        let mut used = 0;
        for word in text.split_ascii_whitespace() {
            for (piece, is_first) in pieces(word, cell.width, width_of) {
                let width = width_of(&piece);
                let fits = is_first && used + space + width <= cell.width;
                match lines.last_mut().filter(|line| line.is_empty() || fits) {
                    Some(line) if line.is_empty() => line.push_str(&piece),
                    Some(line) => {
                        line.push(' ');
                        line.push_str(&piece);
                        used += space;
                    }
                    None => {
                        lines.push(piece);
                        used = 0;
                    }
                }
                used += width;
            }
        }
        lines
    }
}

/// A word in parts that fit, each with whether it is the first.
fn pieces(word: &str, width: i32, width_of: impl Fn(&str) -> i32) -> Vec<(String, bool)> {
    if width_of(word) <= width {
        return vec![(word.to_owned(), true)];
    }
    let mut pieces = vec![(String::new(), true)];
    let mut used = 0;
    for letter in word.chars() {
        let advance = width_of(letter.encode_utf8(&mut [0; 4]));
        if used + advance > width && used > 0 {
            pieces.push((String::new(), false));
            used = 0;
        }
        if let Some((piece, _)) = pieces.last_mut() {
            piece.push(letter);
        }
        used += advance;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow() -> Flow {
        Flow::new(Faces::bundled().unwrap(), Paper::A4)
    }

    fn texts(page: &[Mark]) -> Vec<&str> {
        page.iter()
            .filter_map(|mark| match mark {
                Mark::Text { text, .. } => Some(text.as_str()),
                Mark::Line { .. } | Mark::Bar { .. } | Mark::Sheet { .. } => None,
            })
            .collect()
    }

    #[test]
    fn lines_fit_and_nothing_is_lost() {
        let mut flow = flow();
        for text in ["one two three", &"w".repeat(300), "a wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww b", ""]
        {
            let cell = Cell { x: 0, width: 100_000, style: BODY, text };
            let lines = flow.lines(&cell);
            assert!(lines.iter().all(|line| flow.measure(line, BODY) <= 100_000), "{lines:?}");
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(letters(&lines.concat()), letters(text));
        }
        assert!(!flow.numbered);
        flow.paragraph("中", BODY);
        assert!(flow.numbered);
    }

    #[test]
    fn a_part_that_goes_on_says_so_and_every_page_has_its_number() {
        let mut flow = flow();
        flow.part(Some("Exhibit B"));
        for _ in 0..60 {
            flow.paragraph("row", BODY);
        }
        let pages = flow.finish("foot");
        assert_eq!(pages.len(), 2);
        assert_eq!(texts(&pages[1])[0], "Exhibit B (continued)");
        assert_eq!(texts(&pages[1]).last(), Some(&"Page 2 of 2"));
        for mark in pages.iter().flatten() {
            let Mark::Text { y, .. } = mark else { continue };
            assert!(*y <= Paper::A4.size().1 - FOOT);
        }
    }
}
