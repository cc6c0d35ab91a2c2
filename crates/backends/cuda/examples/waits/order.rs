use std::fmt;
use std::str::FromStr;

use crate::rule::Rule;

/// What a lane is told: to run batches by a rule for some time. A line of text between processes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) rule: Rule,
    pub(crate) millis: u64,
}

/// What a lane did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) batches: u64,
    pub(crate) seconds: f64,
    /// Quantiles of a batch's time, in microseconds.
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rule, self.millis)
    }
}

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rule, millis) =
            text.trim().split_once(' ').ok_or_else(|| format!("expected an order, got {text:?}"))?;
        let millis = millis.parse().map_err(|_| format!("expected milliseconds, got {millis:?}"))?;
        Ok(Self { rule: rule.parse()?, millis })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.batches, self.seconds, self.p50_us, self.p99_us)
    }
}

impl FromStr for Answer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Option<Vec<f64>> = text.split_whitespace().map(|word| word.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[batches, seconds, p50_us, p99_us]) => {
                Ok(Self { batches: batches as u64, seconds, p50_us, p99_us })
            }
            _ => Err(format!("expected the figures of a lane, got {text:?}")),
        }
    }
}
