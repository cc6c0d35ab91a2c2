use super::Cursor;
use super::digits::{DIGITS_MAX, digits, slow};
use super::number::{NumberFault, Scalar};

/// A whole number, as sign and magnitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) negative: bool,
    pub(crate) magnitude: u64,
    /// The byte after it.
    pub(crate) end: usize,
}

macro_rules! integers {
    ($($type:ty),*) => {
        $(impl Scalar for $type {
            #[inline(always)]
            fn read(cursor: &mut Cursor<'_>) -> Result<Self, NumberFault> {
                cursor.peek();
                let Whole { negative, magnitude, end } = whole(cursor.text, cursor.at)?;
                let value = i128::from(magnitude);
                let value = Self::try_from(if negative { -value } else { value });
                let value = value.map_err(|_| NumberFault::OutOfRange)?;
                cursor.at = end;
                Ok(value)
            }
        })*
    };
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64);

/// Reads a whole number at `at`.
#[inline]
pub(super) fn whole(text: &[u8], at: usize) -> Result<Whole, NumberFault> {
    let negative = text.get(at) == Some(&b'-');
    let start = at + usize::from(negative);
    let mut magnitude = 0;
    let end = digits(text, start, &mut magnitude);
    if end == start || (end > start + 1 && text[start] == b'0') {
        return Err(NumberFault::Malformed);
    }
    if matches!(text.get(end), Some(b'.' | b'e' | b'E')) {
        return Err(NumberFault::NotWhole);
    }
    if end - start > DIGITS_MAX {
        // Twenty digits may fit all the same.
        magnitude = slow(text, start, end).ok_or(NumberFault::OutOfRange)?;
    }
    Ok(Whole { negative, magnitude, end })
}
