use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// When a strategy waits for its results and reads them back. Only rows of one rule can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// Every batch, or request, is waited for and read back.
    #[default]
    Each,
    /// One wait, for the last of so many; the others are waited for with it, and not read back.
    Every(usize),
    /// Requests are sent when they are due, whether or not answers came.
    OpenLoop,
    /// There are no results.
    Nothing,
}

impl Rule {
    /// Waits once for so many.
    #[must_use]
    pub fn every(batches: usize) -> Self {
        if batches > 1 { Self::Every(batches) } else { Self::Each }
    }

    /// Batches, or requests, that one wait is for.
    #[must_use]
    pub fn batches(self) -> usize {
        match self {
            Self::Every(batches) => batches,
            Self::Each | Self::OpenLoop | Self::Nothing => 1,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Each => f.pad("each"),
            Self::Every(batches) => f.pad(&format!("every {batches}")),
            Self::OpenLoop => f.pad("open loop"),
            Self::Nothing => f.pad("-"),
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where the inputs of a batch are when it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Io {
    /// In the caller's memory: each batch copies its rows to where the device reads them.
    #[default]
    Host,
    /// Where the device reads them: nothing is copied before a batch runs. Outputs are read back all the same.
    Resident,
}

impl fmt::Display for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Host => "host",
            Self::Resident => "resident",
        })
    }
}

impl FromStr for Io {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "host" => Ok(Self::Host),
            "resident" => Ok(Self::Resident),
            _ => Err(format!("expected host or resident, got {text:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wait_a_batch_is_a_wait_for_each() {
        assert_eq!(
            (Rule::every(1), Rule::every(0), Rule::every(8)),
            (Rule::Each, Rule::Each, Rule::Every(8))
        );
        assert_eq!((Rule::Every(8).to_string(), Rule::Every(8).batches()), ("every 8".to_owned(), 8));
    }

    #[test]
    fn inputs_are_read_as_they_are_written() {
        for io in [Io::Host, Io::Resident] {
            assert_eq!(io.to_string().parse(), Ok(io));
        }
        assert!("device".parse::<Io>().is_err());
    }
}
