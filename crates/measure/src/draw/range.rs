use std::fmt;
use std::str::FromStr;

/// Values from `low` up to but not including `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputRange {
    /// The smallest value.
    pub low: f64,
    /// One past the largest value.
    pub high: f64,
}

/// The text is no range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a range LOW:HIGH with LOW below HIGH, got {got:?}")]
pub struct ParseRangeError {
    /// The text.
    pub got: String,
}

impl FromStr for InputRange {
    type Err = ParseRangeError;

    fn from_str(text: &str) -> Result<Self, ParseRangeError> {
        let parse = || {
            let (low, high) = text.split_once(':')?;
            let range = Self { low: low.trim().parse().ok()?, high: high.trim().parse().ok()? };
            (range.low.is_finite() && range.high.is_finite() && range.low < range.high).then_some(range)
        };
        parse().ok_or_else(|| ParseRangeError { got: text.to_owned() })
    }
}

impl fmt::Display for InputRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        let range: InputRange = "-1.5:2".parse().unwrap();
        assert_eq!(range, InputRange { low: -1.5, high: 2.0 });
        assert_eq!(range.to_string().parse(), Ok(range));
        for wrong in ["", "1", "2:1", "1:1", "a:b", "0:inf", "nan:1", "1:2:3"] {
            assert!(wrong.parse::<InputRange>().is_err(), "{wrong}");
        }
    }
}
