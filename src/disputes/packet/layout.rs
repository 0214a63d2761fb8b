//! Plain text of a fixed width.

/// Columns of a packet: what a mail, a terminal and a printed page all take.
pub(super) const WIDTH: usize = 80;

/// A page that grows downwards. No line is wider than [`WIDTH`] characters, none ends in a space.
#[derive(Default)]
pub(super) struct Page(String);

impl Page {
    /// One line, cut nowhere: the caller knows that it fits.
    pub(super) fn line(&mut self, text: &str) {
        self.0.push_str(text.trim_end_matches(' '));
        self.0.push('\n');
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.line("");
    }

    /// A line of one character.
    pub(super) fn rule(&mut self, stroke: char) {
        self.line(&stroke.to_string().repeat(WIDTH));
    }

    /// Text after a label, continued under itself.
    pub(super) fn labelled(&mut self, label: &str, text: &str) {
        let indent = label.chars().count();
        let mut before = label.to_owned();
        for line in wrap(text, WIDTH.saturating_sub(indent)) {
            self.line(&format!("{before}{line}"));
            before = " ".repeat(indent);
        }
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

/// Breaks text at spaces; a word longer than the width is cut. At least one line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        if used > 0 && used + 1 + letters.len() > width {
            lines.push(String::new());
            used = 0;
        }
        for (at, piece) in letters.chunks(width).enumerate() {
            if at > 0 {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                if used > 0 {
                    line.push(' ');
                    used += 1;
                }
                line.extend(piece);
                used += piece.len();
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_nothing_is_lost() {
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("ab abcdefghij k", 4), ["ab", "abcd", "efgh", "ij k"]);
        assert_eq!(wrap("äöü äöü", 3), ["äöü", "äöü"]);
        let mut page = Page::default();
        page.labelled("Label  ", &"word ".repeat(40));
        for line in page.text().lines() {
            assert!(line.chars().count() <= WIDTH);
            assert!(line.starts_with("Label  ") || line.starts_with("       "));
        }
    }
}
