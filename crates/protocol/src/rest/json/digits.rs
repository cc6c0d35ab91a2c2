/// Digits that a `u64` holds whatever they are.
pub(super) const DIGITS_MAX: usize = 19;

/// Powers of ten that a `u64` holds, as far as one step of [`digits`] needs them.
const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Moves past the decimal digits at `at` and appends them to `value`, which wraps where they do not fit.
///
/// Eight at a time, as described in D. Lemire, "Number parsing at a gigabyte per second", SPE 2021.
#[inline(always)]
pub(super) fn digits(text: &[u8], mut at: usize, value: &mut u64) -> usize {
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk) ^ 0x3030_3030_3030_3030;
        let count = leading(word);
        *value = value.wrapping_mul(POWERS[count]).wrapping_add(combine(word, count));
        at += count;
        if count < 8 {
            return at;
        }
    }
    few_digits(text, at, value)
}

/// As [`digits`], one at a time: better where there are one or two, as before a point.
#[inline(always)]
pub(super) fn few_digits(text: &[u8], mut at: usize, value: &mut u64) -> usize {
    while let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
        *value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    at
}

/// How many of the low bytes of `word` are below ten before the first that is not.
#[inline(always)]
fn leading(word: u64) -> usize {
    // The addition carries only out of bytes that are no digits, so the lowest mark is right.
    let marks = (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
    (marks.trailing_zeros() / 8) as usize
}

/// The number that the `count` low bytes of `word` spell, the lowest byte first.
#[inline(always)]
fn combine(word: u64, count: usize) -> u64 {
    // Pushed up, they are led by zeros in place of the missing digits.
    let word = word.checked_shl(64 - 8 * count as u32).unwrap_or(0);
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let high = (pairs & 0x0000_00FF_0000_00FF).wrapping_mul(0x000F_4240_0000_0064);
    let low = (pairs >> 16 & 0x0000_00FF_0000_00FF).wrapping_mul(0x0000_2710_0000_0001);
    high.wrapping_add(low) >> 32
}

/// What the standard library reads between two bytes that enclose a number.
#[cold]
pub(super) fn slow<T: std::str::FromStr>(text: &[u8], start: usize, end: usize) -> Option<T> {
    std::str::from_utf8(text.get(start..end)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_as_the_standard_library_does(number in any::<u64>(), cut in 0_u32..20, tail in "[^0-9][ -~]{0,9}|") {
            let number = number / 10_u64.pow(cut.min(19));
            let text = format!("{number}{tail}");
            let mut value = 0;
            prop_assert_eq!(digits(text.as_bytes(), 0, &mut value), text.len() - tail.len());
            prop_assert_eq!(value, number);
        }

        #[test]
        fn stops_at_any_other_byte(byte in any::<u8>(), before in "[0-9]{0,8}", after in any::<[u8; 8]>()) {
            prop_assume!(!byte.is_ascii_digit());
            let text = [before.as_bytes(), &[byte], &after].concat();
            let mut value = 0;
            prop_assert_eq!(digits(&text, 0, &mut value), before.len());
            prop_assert_eq!(value, before.parse().unwrap_or(0));
        }
    }
}
