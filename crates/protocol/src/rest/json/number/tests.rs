use proptest::prelude::*;

use super::*;

/// What is read, and whether all of the text was.
fn reads<T: Scalar>(text: &str) -> Option<T> {
    // What follows a number in a message, and what is behind the end of one.
    for tail in [",", "]}]}            ", ""] {
        let text = format!("{text}{tail}");
        let mut cursor = Cursor::new(text.as_bytes(), 1);
        let value = T::read(&mut cursor).ok()?;
        assert_eq!(cursor.at, text.len() - tail.len(), "{text}");
        if tail.is_empty() {
            return Some(value);
        }
    }
    None
}

fn agrees(text: &str) {
    let single = reads::<f32>(text).map(f32::to_bits);
    let double = reads::<f64>(text).map(f64::to_bits);
    let finite32 = text.parse::<f32>().ok().filter(|value| value.is_finite());
    let finite64 = text.parse::<f64>().ok().filter(|value| value.is_finite());
    assert_eq!(single, finite32.map(f32::to_bits), "{text}");
    assert_eq!(double, finite64.map(f64::to_bits), "{text}");
}

#[test]
fn numbers_that_are_hard_to_round() {
    for text in [
        "0",
        "-0",
        "0.0",
        "-0.0e5",
        "16777217",
        "16777217.0000000000000001",
        "9007199254740993",
        "1e23",
        "8.5e-46",
        "1.1754943508222875e-38",
        "1.17549429e-38",
        "7.0064923216240853e-46",
        "7.0064923216240854e-46",
        "1e-400",
        "3.4028235677973366e38",
        "3.4028235677973365e38",
        "1.7976931348623159e308",
        "1e400",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "123456789012345678901234567890",
        "0.000000000000000000000000000000000000001",
        "2.2250738585072011e-308",
        "5e-324",
        "2.4703282292062327e-324",
        "100000000000000000000e-20",
    ] {
        agrees(text);
    }
}

#[test]
fn what_json_does_not_call_a_number() {
    for text in ["", "-", "+1", "01", "-01", ".5", "1.", "1.e5", "1e", "1e+", "--1", "nan", "inf", "e5"] {
        for tail in ["", ",", "          "] {
            let text = format!("{text}{tail}");
            assert!(f32::read(&mut Cursor::new(text.as_bytes(), 1)).is_err(), "{text}");
        }
    }
}

#[test]
fn words_stand_for_what_json_has_no_number_for() {
    assert!(reads::<f32>("NaN").is_some_and(f32::is_nan));
    assert_eq!(reads::<f32>("Infinity"), Some(f32::INFINITY));
    assert_eq!(reads::<f64>("-Infinity"), Some(f64::NEG_INFINITY));
    assert_eq!(reads::<f64>("-Inf"), Some(f64::NEG_INFINITY));
    assert_eq!(reads::<i32>("NaN"), None);
}

#[test]
fn whole_numbers_stay_within_their_type() {
    assert_eq!(reads::<i8>("-128"), Some(-128));
    assert_eq!(reads::<i8>("128"), None);
    assert_eq!(reads::<u8>("-1"), None);
    assert_eq!(reads::<u8>("-0"), Some(0));
    assert_eq!(reads::<u64>("18446744073709551615"), Some(u64::MAX));
    assert_eq!(reads::<u64>("18446744073709551616"), None);
    assert_eq!(reads::<i64>("-9223372036854775808"), Some(i64::MIN));
    assert_eq!(reads::<i64>("9223372036854775808"), None);
    for text in ["1.0", "1e3", "1E3", "100000000000000000000000", "007"] {
        assert_eq!(reads::<i64>(text), None, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn singles_of_any_bits(bits in any::<u32>(), digits in 0_usize..20) {
        let value = f32::from_bits(bits);
        prop_assume!(value.is_finite());
        agrees(&format!("{value:?}"));
        agrees(&format!("{value:.digits$e}"));
        agrees(&format!("{:?}", f64::from(value)));
    }

    #[test]
    fn doubles_of_any_bits(bits in any::<u64>(), digits in 0_usize..20) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        agrees(&format!("{value:?}"));
        agrees(&format!("{value:.digits$e}"));
    }

    /// Halfway between two singles, and as near to it as a few more digits get.
    #[test]
    fn singles_from_about_halfway(bits in 0_u32..0x7F00_0000, digits in 7_usize..25) {
        let (low, high) = (f32::from_bits(bits), f32::from_bits(bits + 1));
        let middle = (f64::from(low) + f64::from(high)) / 2.0;
        agrees(&format!("{middle:.digits$e}"));
        agrees(&format!("{middle}"));
        agrees(&format!("{:?}", f64::from_bits(middle.to_bits() + 1)));
        agrees(&format!("{:?}", f64::from_bits(middle.to_bits() - 1)));
    }

    #[test]
    fn decimals_as_people_write_them(whole in 0_u64..100_000, fraction in "[0-9]{1,18}", sign in "-?") {
        agrees(&format!("{sign}{whole}.{fraction}"));
        agrees(&format!("{sign}{whole}"));
    }
}
