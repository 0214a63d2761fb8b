//! What the reading of one file may cost, whatever the file says.
//!
//! A PDF of some kilobytes can name one thing a million times over: pages of pages, objects packed at one
//! place, one stream drawn again and again, texts without an end. Each costs little by itself. So all that
//! is read, visited or unpacked is charged to one budget, and a file that has spent it is refused. Once
//! spent it stays spent and everything that is asked of the file is answered at once with nothing; so who
//! reads a file asks [`Budget::check`] last, and no answer in between needs to tell why it is empty.
//!
//! Rejected: a limit at each such place. There were some, and each new way to read needs another.

use super::error::ExhibitError;
use std::cell::Cell;

/// Units a file may cost. An honest file of the longest length costs a third of it: each of its bytes is
/// read once, unpacked to ten, and some hundred thousand values stand in it.
const UNITS: usize = 64 * 1024 * 1024;
/// What a value costs beside its bytes, about what it holds in memory; so does a node of the tree of pages.
pub(super) const VALUE: usize = 128;

/// What is left.
#[derive(Debug)]
pub(super) struct Budget {
    /// One unit a byte looked at or made; 0 once it is spent.
    left: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: Cell::new(UNITS) }
    }
}

impl Budget {
    /// Charges so many units.
    ///
    /// # Errors
    /// They are not left, and nothing is from now on.
    pub(super) fn take(&self, units: usize) -> Result<(), ExhibitError> {
        self.left.set(self.left.get().saturating_sub(units));
        self.check()
    }

    /// Whether something is left.
    ///
    /// # Errors
    /// It is spent.
    pub(super) fn check(&self) -> Result<(), ExhibitError> {
        if self.left.get() == 0 { Err(ExhibitError::TooComplex) } else { Ok(()) }
    }

    /// Units that may still be charged.
    pub(super) fn left(&self) -> usize {
        self.left.get()
    }
}

#[cfg(test)]
mod tests {
    use super::super::pages::pdf;
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::Write;

    fn is_too_complex(name: &str, file: &[u8]) {
        assert!(file.len() < 2_000_000, "{name}");
        assert_eq!(pdf(file).unwrap_err(), ExhibitError::TooComplex, "{name}");
    }

    const HEAD: &str = "%PDF-1.4\n1 0 obj<</Pages 2 0 R>>endobj trailer<</Root 1 0 R>>";

    #[test]
    fn a_tree_of_lists_without_a_page_ends() {
        let mut file = format!("{HEAD} 2 0 obj<</Kids 10 0 R>>endobj\n");
        for number in 10..40 {
            let kid = format!("<</Kids {} 0 R>>", number + 1);
            std::fmt::Write::write_fmt(
                &mut file,
                format_args!("{number} 0 obj[{}]endobj\n", kid.repeat(50)),
            )
            .unwrap();
        }
        file += "40 0 obj[]endobj\n";
        is_too_complex("50 to the power of 30 nodes", file.as_bytes());
    }

    fn with_packed(heads: &str, object: &[u8]) -> Vec<u8> {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(heads.as_bytes()).unwrap();
        packer.write_all(object).unwrap();
        let packed = packer.finish().unwrap();
        let (first, length) = (heads.len(), packed.len());
        let count = heads.split(' ').count() / 2;
        let dict = format!(
            "2 0 obj<</Type/ObjStm/N {count}/First {first}/Filter/FlateDecode/Length {length}>>"
        );
        [HEAD.as_bytes(), dict.as_bytes(), b"stream\n", &packed, b"\nendstream endobj"].concat()
    }

    #[test]
    fn objects_packed_at_one_place_are_each_charged() {
        let heads: String =
            (1..=40_000).fold(String::new(), |heads, number| heads + &number.to_string() + " 0 ");
        let array = format!("[{}]", "0 ".repeat(100_000));
        is_too_complex("one array many times", &with_packed(&heads, array.as_bytes()));
        let array = format!("[{}]", "0 ".repeat(1_000_000));
        is_too_complex("one array of a million", &with_packed("1 0 ", array.as_bytes()));
        let text = [b"(".as_slice(), &vec![b'x'; 1_000_000]].concat();
        is_too_complex("one text without an end", &with_packed(&heads, &text));
    }

    #[test]
    fn a_stream_drawn_again_and_again_is_charged_each_time() {
        let list = "2 0 obj<</Kids[3 0 R]/MediaBox[0 0 595 842]>>endobj";
        let parts = "5 0 R ".repeat(100_000);
        for (filter, length) in [("/ASCII85Decode", 100_000), ("/A85", 0)] {
            let blanks = " ".repeat(length);
            let file = format!(
                "{HEAD}{list} 3 0 obj<</Contents[{parts}{parts}{parts}]>>endobj \
                 5 0 obj<</Filter{filter}/Length {length}>>stream\n{blanks}\nendstream endobj"
            );
            is_too_complex("blanks", file.as_bytes());
        }
        let page = "<</Contents 4 0 R>>".repeat(40);
        let (list, parts) = (format!("2 0 obj<</Kids[{page}]>>endobj"), "5 0 R ".repeat(20_000));
        let file = format!("{HEAD}{list} 4 0 obj[{parts}]endobj 5 0 obj<<>>stream\n\nendstream");
        is_too_complex("of many pages", file.as_bytes());
    }

    #[test]
    fn what_each_page_inherits_is_charged_to_each() {
        let page = "<<>>".repeat(49);
        let list = format!("2 0 obj<</Kids[{page}]/Resources<</A({})>>>>", "x".repeat(1_500_000));
        is_too_complex("a text in every page", format!("{HEAD}{list}").as_bytes());
    }

    #[test]
    fn what_has_no_end_is_not_read_to_it_forever() {
        for part in ["1 0 obj(", "1 0 obj<", "trailer(", "1 0 obj 1%", "1 0 obj[1%"] {
            let file = format!("%PDF-1.4\n{}", part.repeat(1_900_000 / part.len()));
            is_too_complex(part, file.as_bytes());
        }
    }
}
