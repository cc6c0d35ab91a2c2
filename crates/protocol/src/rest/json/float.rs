use super::Cursor;
use super::digits::{DIGITS_MAX, digits, few_digits, slow};
use super::number::{NumberFault, Scalar};

macro_rules! floats {
    ($($type:ty: $read:ident),*) => {
        $(impl Scalar for $type {
            #[inline(always)]
            fn read(cursor: &mut Cursor<'_>) -> Result<Self, NumberFault> {
                cursor.peek();
                let (value, end) = $read(cursor.text, cursor.at)?;
                cursor.at = end;
                Ok(value)
            }
        })*
    };
}

floats!(f32: single, f64: double);

/// A decimal number: `mantissa` times ten to the `exponent`, where the mantissa is `exact`.
pub(super) struct Decimal {
    negative: bool,
    mantissa: u64,
    exponent: i64,
    exact: bool,
    /// The byte after it.
    pub(super) end: usize,
}

/// The largest power of ten that an `f64` holds exactly.
const EXACT_MAX: i64 = 22;

/// Powers of ten from 10^-22 to 10^22. Only those from 1 on are exact; the others are rounded.
const POWERS: [f64; 2 * EXACT_MAX as usize + 1] = [
    1e-22, 1e-21, 1e-20, 1e-19, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8,
    1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Reads an `f32` at `at`, rounded correctly.
#[inline(always)]
pub(super) fn single(text: &[u8], at: usize) -> Result<(f32, usize), NumberFault> {
    let Some(decimal) = decimal(text, at) else {
        let (value, end) = word(text, at)?;
        return Ok((value as f32, end));
    };
    if let Some(double) = decimal.closely() {
        // Three roundings are behind `double`, so that it is at most three of its last bits off. One more, to a single, is
        // right unless it lies about halfway between two singles, or where singles are subnormal or end.
        let halfway = (double.to_bits() & 0x1FFF_FFFF).wrapping_sub(0x1000_0000 - 4) <= 8;
        if !halfway && (double == 0.0 || (f64::from(f32::MIN_POSITIVE)..1e38).contains(&double.abs())) {
            return Ok((double as f32, decimal.end));
        }
    }
    let value: f32 = slow(text, at, decimal.end).ok_or(NumberFault::Malformed)?;
    if value.is_finite() { Ok((value, decimal.end)) } else { Err(NumberFault::OutOfRange) }
}

/// Reads an `f64` at `at`, rounded correctly.
#[inline(always)]
pub(super) fn double(text: &[u8], at: usize) -> Result<(f64, usize), NumberFault> {
    let Some(decimal) = decimal(text, at) else { return word(text, at) };
    let value = match decimal.exactly() {
        Some(value) => value,
        None => slow(text, at, decimal.end).ok_or(NumberFault::Malformed)?,
    };
    if value.is_finite() { Ok((value, decimal.end)) } else { Err(NumberFault::OutOfRange) }
}

/// Takes a decimal number apart.
#[inline(always)]
pub(super) fn decimal(text: &[u8], at: usize) -> Option<Decimal> {
    let negative = text.get(at) == Some(&b'-');
    let start = at + usize::from(negative);
    let mut mantissa = 0;
    let mut end = few_digits(text, start, &mut mantissa);
    let mut count = end - start;
    if count == 0 || (count > 1 && text[start] == b'0') {
        return None;
    }
    let mut exponent = 0;
    if text.get(end) == Some(&b'.') {
        let fraction = end + 1;
        end = digits(text, fraction, &mut mantissa);
        if end == fraction {
            return None;
        }
        count += end - fraction;
        exponent = -((end - fraction) as i64);
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let (power, after) = power(text, end + 1)?;
        exponent += power;
        end = after;
    }
    Some(Decimal { negative, mantissa, exponent, exact: count < DIGITS_MAX, end })
}

/// What follows the `e`.
#[cold]
fn power(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let sign = text.get(at).copied().filter(|byte| matches!(byte, b'-' | b'+'));
    let start = at + usize::from(sign.is_some());
    let mut value = 0;
    let end = digits(text, start, &mut value);
    if end == start {
        return None;
    }
    // Beyond this it is all the same to any float: the exponent of a mantissa as long as the text allows included.
    let value = if end - start > DIGITS_MAX { i64::MAX / 4 } else { value.min(i64::MAX as u64 / 4) as i64 };
    Some((if sign == Some(b'-') { -value } else { value }, end))
}

impl Decimal {
    /// The correctly rounded value, where one multiplication or division of exact numbers gives it (W. D. Clinger,
    /// "How to read floating point numbers accurately", PLDI 1990).
    #[inline(always)]
    fn exactly(&self) -> Option<f64> {
        if !self.exact || self.mantissa > 1 << 53 {
            return None;
        }
        let scale = POWERS.get(usize::try_from(self.exponent.abs() + EXACT_MAX).ok()?)?;
        let mantissa = self.signed();
        Some(if self.exponent < 0 { mantissa / scale } else { mantissa * scale })
    }

    /// The value but for three roundings: of the mantissa, of the power of ten, and of their product.
    #[inline(always)]
    fn closely(&self) -> Option<f64> {
        let scale = POWERS.get(usize::try_from(self.exponent + EXACT_MAX).ok()?)?;
        if self.exact { Some(self.signed() * scale) } else { None }
    }

    /// The mantissa, which eighteen digits cannot make too large for a signed number (and those are quickly converted).
    #[inline(always)]
    fn signed(&self) -> f64 {
        let mantissa = self.mantissa as i64 as f64;
        // Without a branch, as signs cannot be predicted.
        f64::from_bits(mantissa.to_bits() | u64::from(self.negative) << 63)
    }
}

/// One of the words that stand for numbers JSON has none for.
#[cold]
pub(super) fn word(text: &[u8], at: usize) -> Result<(f64, usize), NumberFault> {
    let negative = text.get(at) == Some(&b'-');
    let start = at + usize::from(negative);
    let sign = if negative { -1.0 } else { 1.0 };
    for (word, value) in
        [("NaN", f64::NAN), ("Infinity", sign * f64::INFINITY), ("Inf", sign * f64::INFINITY)]
    {
        if text.get(start..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return Ok((value, start + word.len()));
        }
    }
    Err(NumberFault::Malformed)
}
