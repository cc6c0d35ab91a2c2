//! Singles as the shortest decimals that read back as the same: many at once, with few branches, since what digits a
//! number has is nothing that a processor could predict.
//!
//! The digits are chosen as in R. Giulietti, "The Schubfach way to render doubles", 2021. Between 2^-16 and 2^24 a
//! single is a fraction of two integers so small that all of it is exact in 64 bits; what lies outside is left to a
//! library that can do all.

use std::hint::select_unpredictable;

/// Bytes that [`write`] may touch, of which it uses fewer.
pub(super) const ROOM: usize = 32;

/// Powers of five; with as many powers of two they are those of ten.
const FIVES: [u64; 13] = {
    let mut fives = [1; 13];
    let mut power = 1;
    while power < fives.len() {
        fives[power] = fives[power - 1] * 5;
        power += 1;
    }
    fives
};

/// ASCII zeros.
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

/// Writes `value` to the front of `out`, and gives how long it became; `None` where that is left to others.
#[inline(always)]
pub(super) fn write(out: &mut [u8; ROOM], value: f32) -> Option<usize> {
    let bits = value.to_bits();
    let (negative, biased) = (bits >> 31, bits >> 23 & 0xFF);
    // The value is `significand` / 2^`scale`.
    let significand = u64::from(bits & 0x7F_FFFF | 0x80_0000);
    let scale = 150_u32.wrapping_sub(biased);
    if scale >= 40 {
        return None;
    }
    let (decimal, power) = shortest(significand, scale);
    let start = negative as usize & 1;
    out[0] = b'-';
    Some(start + positional(&mut out[start..], decimal, power))
}

/// The shortest decimal nearest to `significand` / 2^`scale` among those that read back as it: an integer of seven to
/// nine digits (some of which may be trailing zeros), to be divided by the power of ten that comes with it.
#[inline(always)]
fn shortest(significand: u64, scale: u32) -> (u64, u32) {
    // The least power of ten that is at least 2^scale; 1233 / 2^12 is log10(2), near enough for so few.
    let power = (scale * 1233 + 4095) >> 12;
    let five = FIVES[power as usize];
    // In units of 2^-shift: the value, and half the way to the next single on either side.
    let shift = scale - power + 2;
    let value = significand * 4 * five;
    let above = five * 2;
    let below = if significand == 1 << 23 { five } else { above };
    let odd = significand & 1;

    let floor = value >> shift;
    let tens = floor / 10 * 10;
    let past = value - (tens << shift);
    let nearest = (value + (1 << (shift - 1)) - 1 + (floor & 1)) >> shift;
    let decimal = if past + above >= (10 << shift) + odd { tens + 10 } else { nearest };
    (if past + odd <= below { tens } else { decimal }, power)
}

/// Writes `decimal` / 10^`power`: at least one digit before the point and one behind it, and no zeros at the end but
/// that. Gives the length.
#[inline(always)]
fn positional(out: &mut [u8], decimal: u64, power: u32) -> usize {
    let more = usize::from(decimal >= 10_000_000) + usize::from(decimal >= 100_000_000);
    let nine = decimal
        * if decimal >= 100_000_000 {
            1
        } else if decimal >= 10_000_000 {
            10
        } else {
            100
        };
    let first = nine / 100_000_000;
    let rest = eight_digits(nine - first * 100_000_000);
    let significant = 9 - (rest.leading_zeros() / 8) as usize;
    let rest = rest | ZEROS;

    // The power of ten of the first digit: where it is negative, so many zeros come first.
    let exponent = 6 + more as i32 - power as i32;
    let (above, below) = (exponent.max(0) as usize & 7, exponent.min(0).unsigned_abs() as usize & 7);
    let digits = select_unpredictable(below > 0, below + 1, 0);
    put(out, 0, ZEROS);
    out[digits] = b'0' | first as u8;
    put(out, digits + 1, rest);
    // Those behind the point once more, one further on.
    put(out, above + below + 2, rest >> (8 * above) | ZEROS);
    out[above + 1] = b'.';
    (below + significant).max(above + 2) + 1
}

#[inline(always)]
fn put(out: &mut [u8], at: usize, eight: u64) {
    out[at..at + 8].copy_from_slice(&eight.to_le_bytes());
}

/// The digits of a number below 10^8, one a byte, the first lowest.
#[inline(always)]
fn eight_digits(number: u64) -> u64 {
    // Halves, quarters, digits; each step divides by multiplying, in lanes wide enough for the product.
    let high = (number * 109_951_163) >> 40;
    let halves = high | (number - high * 10_000) << 32;
    let high = ((halves * 5_243) >> 19) & 0x0000_007F_0000_007F;
    let quarters = high | (halves - high * 100) << 16;
    let high = ((quarters * 103) >> 10) & 0x000F_000F_000F_000F;
    high | (quarters - high * 10) << 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(value: f32) -> Option<String> {
        let mut out = [0; ROOM];
        let len = write(&mut out, value)?;
        Some(String::from_utf8(out[..len].to_vec()).unwrap())
    }

    /// As the library writes it, which was checked over all singles.
    fn expected(value: f32) -> String {
        zmij::Buffer::new().format_finite(value).to_owned()
    }

    #[test]
    fn all_powers_of_two_in_range_and_their_neighbours() {
        for exponent in -16..24 {
            for step in [-1, 0, 1] {
                for sign in [1.0, -1.0] {
                    let power = (exponent as f32).exp2();
                    let value = sign * f32::from_bits(power.to_bits().wrapping_add_signed(step));
                    if let Some(text) = written(value) {
                        assert_eq!(text, expected(value));
                    } else {
                        assert_eq!((exponent, step), (-16, -1), "{value} is in range");
                    }
                }
            }
        }
    }

    #[test]
    fn round_decimals_stay_short() {
        for text in ["0.1", "0.25", "1.0", "-7.0", "100.0", "12345.0", "0.00002", "3.1415927", "16777215.0"] {
            assert_eq!(written(text.parse().unwrap()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_out_of_range_is_left_to_others() {
        for value in [0.0, -0.0, 1e-5, 16_777_216.0, f32::MAX, f32::MIN_POSITIVE, f32::NAN, f32::INFINITY] {
            assert_eq!(written(value), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn reads_back_and_is_as_short_as_can_be(bits in any::<u32>()) {
            let value = f32::from_bits(bits);
            if let Some(text) = written(value) {
                prop_assert_eq!(text.parse::<f32>().unwrap().to_bits(), bits);
                prop_assert_eq!(text, expected(value));
            }
        }

        #[test]
        fn decimals_are_given_back(whole in 0_u32..1000, fraction in 0_u32..1000) {
            let text = format!("{whole}.{fraction:03}");
            let value: f32 = text.parse().unwrap();
            if let Some(written) = written(value) {
                prop_assert_eq!(written, expected(value));
            }
        }
    }
}
