use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Streams that may be asked for.
const STREAMS_MAX: usize = 65_536;

/// What a configuration is to be best at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Objective {
    /// The highest rate at which 99 % of the requests are answered inside the SLO.
    #[default]
    Goodput,
    /// Samples a second, however long each takes.
    Throughput,
    /// The latency that 99 % of the requests do not exceed, at the rate that is to be expected.
    Latency,
    /// Samples a second that so many callers get who each wait for their answer.
    Streams(usize),
}

/// The text names no objective.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected goodput, throughput, latency or streams=N with N from 1 to {STREAMS_MAX}, got {got:?}")]
pub struct ParseObjectiveError {
    /// The text.
    pub got: String,
}

impl FromStr for Objective {
    type Err = ParseObjectiveError;

    fn from_str(text: &str) -> Result<Self, ParseObjectiveError> {
        let streams = text.strip_prefix("streams=").and_then(|number| number.parse().ok());
        match (text, streams) {
            ("goodput", _) => Ok(Self::Goodput),
            ("throughput", _) => Ok(Self::Throughput),
            ("latency", _) => Ok(Self::Latency),
            (_, Some(streams @ 1..=STREAMS_MAX)) => Ok(Self::Streams(streams)),
            _ => Err(ParseObjectiveError { got: text.to_owned() }),
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Goodput => f.write_str("goodput"),
            Self::Throughput => f.write_str("throughput"),
            Self::Latency => f.write_str("latency"),
            Self::Streams(streams) => write!(f, "streams={streams}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_read_by_name() {
        for text in ["goodput", "throughput", "latency", "streams=16"] {
            assert_eq!(text.parse::<Objective>().unwrap().to_string(), text);
        }
        for wrong in ["", "speed", "streams", "streams=", "streams=0", "streams=99999999"] {
            assert!(wrong.parse::<Objective>().is_err(), "{wrong}");
        }
    }
}
