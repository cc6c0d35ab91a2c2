use std::num::NonZeroU64;
use std::path::PathBuf;

use super::action::{finite, number};
use super::rule::Wrong;

const WHENS: &str = "value=X, first=N, after=N, every=N, while=FILE, prepare or open";

/// What a backend is asked for when it misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Prepare,
    Open,
    Batch,
}

/// A condition of a rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum When {
    Value(f64),
    First(u64),
    After(u64),
    Every(NonZeroU64),
    While(PathBuf),
}

impl Stage {
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "prepare" => Some(Self::Prepare),
            "open" => Some(Self::Open),
            _ => None,
        }
    }
}

impl When {
    pub(super) fn read(text: &str) -> Result<Self, Wrong> {
        match text.split_once('=') {
            Some(("value", value)) => finite(value).map(Self::Value),
            Some(("first", value)) => number(value, "a number of times").map(Self::First),
            Some(("after", value)) => number(value, "a number of times").map(Self::After),
            Some(("every", value)) => number(value, "a number of times above 0").map(Self::Every),
            Some(("while", path)) if !path.is_empty() => Ok(Self::While(path.into())),
            _ => Err((WHENS, text.to_owned())),
        }
    }

    /// Whether it holds for the `nth` time, counted from 1, on a batch whose rows begin with `firsts`.
    pub(crate) fn holds(&self, nth: u64, firsts: &[f64]) -> bool {
        match self {
            Self::Value(value) => firsts.contains(value),
            Self::First(times) => nth <= *times,
            Self::After(times) => nth > *times,
            Self::Every(times) => nth.is_multiple_of(times.get()),
            Self::While(path) => path.exists(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str) -> Vec<u64> {
        let when = When::read(text).unwrap();
        (1..=6).filter(|&nth| when.holds(nth, &[])).collect()
    }

    #[test]
    fn times_are_counted_from_one() {
        assert_eq!(times("first=2"), [1, 2]);
        assert_eq!(times("after=4"), [5, 6]);
        assert_eq!(times("every=3"), [3, 6]);
    }

    #[test]
    fn a_value_is_one_of_the_rows() {
        let when = When::read("value=666").unwrap();
        assert!(when.holds(1, &[1.0, 666.0]) && !when.holds(1, &[665.0]) && !when.holds(1, &[]));
    }

    #[test]
    fn a_file_is_looked_for_each_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let when = When::read(&format!("while={}", file.path().display())).unwrap();
        assert!(when.holds(1, &[]));
        file.close().unwrap();
        assert!(!when.holds(1, &[]));
    }
}
