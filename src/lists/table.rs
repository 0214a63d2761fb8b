//! The values of a list, sorted and without a pointer each.

use super::kind::ListKind;
use super::network::{Block, Blocks};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

/// The values of one list, numbered in ascending order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Table {
    /// Texts one behind the other, and where each begins; one more than there are.
    Texts {
        ignores_case: bool,
        bytes: Box<str>,
        starts: Box<[u32]>,
    },
    /// A 1 and the digits: 457173 is 1457173, so that no leading zero is lost.
    Bins(Box<[u32]>),
    Blocks(Blocks),
}

impl Table {
    /// From texts, sorted and different.
    pub(super) fn texts(kind: ListKind, sorted: &[&str]) -> Self {
        let mut bytes = String::with_capacity(sorted.iter().map(|text| text.len()).sum());
        let mut starts = Vec::with_capacity(sorted.len() + 1);
        for text in sorted {
            starts.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            bytes.push_str(text);
        }
        starts.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        let ignores_case = kind.ignores_case();
        Self::Texts { ignores_case, bytes: bytes.into(), starts: starts.into() }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Texts { starts, .. } => starts.len().saturating_sub(1),
            Self::Bins(bins) => bins.len(),
            Self::Blocks(blocks) => blocks.len(),
        }
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Texts { bytes, starts, .. } => bytes.len() + 4 * starts.len(),
            Self::Bins(bins) => 4 * bins.len(),
            Self::Blocks(blocks) => blocks.bytes(),
        }
    }

    /// Tells the numbers of the entries a text of a record is held by; `false` where the text is of
    /// no kind that is here, as a text that is no address.
    pub(super) fn holding_text(&self, value: &str, found: &mut dyn FnMut(usize)) -> bool {
        match self {
            Self::Texts { .. } => {
                self.place_of_text(value).into_iter().for_each(found);
                true
            }
            Self::Bins(bins) => {
                let digits = value.bytes().take_while(u8::is_ascii_digit).count();
                for length in 4..=digits.min(8) {
                    let prefix = value.get(..length).and_then(bin);
                    prefix
                        .and_then(|key| bins.binary_search(&key).ok())
                        .into_iter()
                        .for_each(&mut *found);
                }
                digits == value.len()
            }
            Self::Blocks(blocks) => match value.parse() {
                Ok(address) => {
                    blocks.holding(address, found);
                    true
                }
                Err(_) => false,
            },
        }
    }

    /// The same of an address.
    pub(super) fn holding_address(&self, address: IpAddr, found: &mut dyn FnMut(usize)) -> bool {
        let Self::Blocks(blocks) = self else { return false };
        blocks.holding(address, found);
        true
    }

    /// The number of an entry written like this.
    pub(super) fn place(&self, entry: &str) -> Option<usize> {
        match self {
            Self::Texts { .. } => self.place_of_text(entry),
            Self::Bins(bins) => bins.binary_search(&bin(entry)?).ok(),
            Self::Blocks(blocks) => blocks.place(Block::parse(entry)?),
        }
    }

    /// The entry of a number, as text.
    pub(super) fn get(&self, place: usize) -> Option<Cow<'_, str>> {
        match self {
            Self::Texts { .. } => self.text(place).map(Cow::Borrowed),
            Self::Bins(bins) => {
                bins.get(place).and_then(|key| Some(key.to_string().get(1..)?.to_owned().into()))
            }
            Self::Blocks(blocks) => blocks.get(place).map(|block| block.to_string().into()),
        }
    }

    fn text(&self, place: usize) -> Option<&str> {
        let Self::Texts { bytes, starts, .. } = self else { return None };
        let start = *starts.get(place)? as usize;
        bytes.get(start..*starts.get(place + 1)? as usize)
    }

    fn place_of_text(&self, value: &str) -> Option<usize> {
        let Self::Texts { ignores_case, .. } = self else { return None };
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match order_texts(*ignores_case, self.text(middle)?, value) {
                Ordering::Equal => return Some(middle),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }
}

/// The order of texts in a table.
pub(super) fn order_texts(ignores_case: bool, a: &str, b: &str) -> Ordering {
    if ignores_case {
        a.bytes().map(|c| c.to_ascii_lowercase()).cmp(b.bytes().map(|c| c.to_ascii_lowercase()))
    } else {
        a.cmp(b)
    }
}

/// The digits as a number behind a 1; `None` for none or more than 8.
pub(super) fn bin(digits: &str) -> Option<u32> {
    let good = (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = u32::try_from(digits.len()).ok()?;
    good.then(|| digits.parse::<u32>().ok()).flatten().map(|number| number + 10_u32.pow(exponent))
}
