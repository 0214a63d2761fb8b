//! What every state is written with where it is kept: numbers of few bytes, and taking them apart.
//!
//! Taking apart never panics and never reads past the end: what is not there is `None`. Whether the
//! bytes are those that were written is the file's to know; it has a checksum.

/// The form in which states are kept. Raised with every change of what is written; an older form is
/// not read, for the ledger holds all of it.
pub const STATE_FORMAT: u32 = 5;

/// A state that can be kept.
pub(super) trait Stored: Sized {
    /// Adds its bytes.
    fn put(&self, out: &mut Vec<u8>);

    /// The state whose bytes come next.
    fn take(bytes: &mut Bytes<'_>) -> Option<Self>;
}

/// Adds a number: seven bits a byte, the lowest first.
pub(super) fn put_number(out: &mut Vec<u8>, number: impl Into<u64>) {
    let mut rest = number.into();
    while rest > 0x7f {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push((rest & 0x7f) as u8);
}

/// Adds how many follow.
pub(super) fn put_len(out: &mut Vec<u8>, len: usize) {
    put_number(out, u64::try_from(len).unwrap_or(u64::MAX));
}

/// What is left of a byte string, read from the front.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    pub(super) fn number<T: TryFrom<u64>>(&mut self) -> Option<T> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte <= 0x7f {
                return T::try_from(number).ok();
            }
        }
        None
    }

    pub(super) fn slice(&mut self, len: usize) -> Option<&'a [u8]> {
        let (slice, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(slice)
    }

    /// How many follow, each of at least one byte: never more than there are bytes.
    pub(super) fn len(&mut self) -> Option<usize> {
        self.number().filter(|len: &usize| *len <= self.0.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_end() {
        let numbers = [0_u64, 1, 127, 128, 1 << 35, u64::MAX];
        let mut out = Vec::new();
        for number in numbers {
            put_number(&mut out, number);
        }
        let mut bytes = Bytes(&out);
        assert!(numbers.into_iter().all(|number| bytes.number() == Some(number)));
        assert!(bytes.is_empty() && bytes.number::<u64>().is_none());
        assert_eq!(Bytes(&[0xff; 12]).number::<u64>(), None);
        assert_eq!(Bytes(&[0x80, 0x02]).number::<u8>(), None);
        assert_eq!(Bytes(&[9, 1]).len(), None);
    }
}
