use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// What is asked of an engine before it is trusted, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Its answers are those of the reference, whoever shares the batch.
    Correctness,
    /// It is loaded, asked and stopped again and again without a crash.
    Stability,
    /// It is as fast as it was promised, or has been.
    Performance,
    /// Its memory stops growing.
    Memory,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Correctness, Self::Stability, Self::Performance, Self::Memory];

    /// Its number, from 1.
    #[must_use]
    pub fn number(self) -> usize {
        1 + self as usize
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Correctness => "correctness",
            Self::Stability => "stability",
            Self::Performance => "performance",
            Self::Memory => "memory",
        })
    }
}

/// The text names no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a level from 1 to 4, or its name, got {got:?}")]
pub struct ParseLevelError {
    /// The text.
    pub got: String,
}

impl FromStr for Level {
    type Err = ParseLevelError;

    fn from_str(text: &str) -> Result<Self, ParseLevelError> {
        let named = |level: &Self| text == level.to_string() || text == level.number().to_string();
        Self::ALL.into_iter().find(named).ok_or_else(|| ParseLevelError { got: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_go_by_number_and_by_name() {
        for (number, level) in (1..).zip(Level::ALL) {
            assert_eq!((level.number(), number.to_string().parse()), (number, Ok(level)));
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        assert!("5".parse::<Level>().is_err() && "".parse::<Level>().is_err());
    }
}
