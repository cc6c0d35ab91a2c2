use std::fmt;
use std::str::FromStr;

use crate::Nanos;

/// Which rule forms the batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PolicyKind {
    /// A free lane takes what waits, up to the largest batch.
    Immediate,
    /// A batch leaves when it is full or when its first request has waited this long.
    Delay {
        /// The longest wait, in nanoseconds.
        timeout_ns: Nanos,
    },
    /// The largest batch doubles while requests pile up and halves while few wait and batches are fast.
    Adaptive {
        /// Batches slower than this do not shrink, in nanoseconds.
        target_ns: Nanos,
    },
    /// The largest batch grows by one while batches are fast enough and shrinks by a tenth when one is not.
    Aimd {
        /// The longest that a batch should take, in nanoseconds; the SLO where none is given.
        target_ns: Option<Nanos>,
    },
    /// A batch leaves as late as its requests' deadlines let it.
    Deferred,
    /// The largest batch that still lets every request keep its deadline.
    #[default]
    SloWindow,
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Immediate => f.write_str("immediate"),
            Self::Delay { timeout_ns } => write!(f, "delay:{}", Span(*timeout_ns)),
            Self::Adaptive { target_ns } => write!(f, "adaptive:{}", Span(*target_ns)),
            Self::Aimd { target_ns: Some(target_ns) } => write!(f, "aimd:{}", Span(*target_ns)),
            Self::Aimd { target_ns: None } => f.write_str("aimd"),
            Self::Deferred => f.write_str("deferred"),
            Self::SloWindow => f.write_str("slo-window"),
        }
    }
}

/// A time as people write it: in milliseconds where it is whole ones, else in microseconds.
struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(1_000_000) {
            write!(f, "{}ms", self.0 / 1_000_000)
        } else {
            write!(f, "{}us", self.0 / 1000)
        }
    }
}

impl FromStr for PolicyKind {
    type Err = String;

    /// Reads `immediate`, `delay:10ms`, `adaptive:50ms`, `aimd`, `aimd:20ms`, `deferred` or `slo-window`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, argument) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let span = |default_ms: u64| match argument {
            None => Ok(default_ms * 1_000_000),
            Some(argument) => parse_span(argument),
        };
        match (name, argument) {
            ("immediate", None) => Ok(Self::Immediate),
            ("delay", _) => Ok(Self::Delay { timeout_ns: span(10)? }),
            ("adaptive", _) => Ok(Self::Adaptive { target_ns: span(50)? }),
            ("aimd", None) => Ok(Self::Aimd { target_ns: None }),
            ("aimd", Some(target)) => Ok(Self::Aimd { target_ns: Some(parse_span(target)?) }),
            ("deferred", None) => Ok(Self::Deferred),
            ("slo-window", None) => Ok(Self::SloWindow),
            _ => Err(format!(
                "expected immediate, delay:TIME, adaptive:TIME, aimd[:TIME], deferred or slo-window, got {text:?}"
            )),
        }
    }
}

fn parse_span(text: &str) -> Result<Nanos, String> {
    let error = || format!("expected a time such as 500us, 10ms or 2s, got {text:?}");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
    let unit_ns: u64 = match &text[digits..] {
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        _ => return Err(error()),
    };
    let count: u64 = text[..digits].parse().map_err(|_| error())?;
    count.checked_mul(unit_ns).ok_or_else(error)
}

/// What a scheduler may do.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Lanes that take batches.
    pub lanes: usize,
    /// Batches of a lane that may be formed or running at once.
    pub depth: usize,
    /// Rows of the largest batch.
    pub rows_max: usize,
    /// Rows that may wait or be formed, but not run yet.
    pub queue_rows_max: usize,
    /// The latency every request was promised, unless it has a deadline of its own.
    pub slo_ns: Option<Nanos>,
    /// How long before the batch in flight ends the next is submitted, where it is not full by then. Zero for a lane
    /// that blocks while it runs: it asks for the next batch when it is free.
    pub lead_ns: Nanos,
    /// The rule.
    pub policy: PolicyKind,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lanes: 1,
            depth: 2,
            rows_max: 64,
            queue_rows_max: 4096,
            slo_ns: None,
            lead_ns: 0,
            policy: PolicyKind::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_by_name() {
        assert_eq!("delay:3ms".parse(), Ok(PolicyKind::Delay { timeout_ns: 3_000_000 }));
        assert_eq!("adaptive".parse(), Ok(PolicyKind::Adaptive { target_ns: 50_000_000 }));
        for policy in
            ["immediate", "slo-window", "delay:10ms", "adaptive:250us", "aimd", "aimd:20ms", "deferred"]
        {
            assert_eq!(policy.parse::<PolicyKind>().unwrap().to_string(), policy);
        }
        for wrong in [
            "",
            "greedy",
            "delay:",
            "delay:3",
            "delay:ms",
            "immediate:3ms",
            "aimd:",
            "delay:99999999999999999999s",
        ] {
            assert!(wrong.parse::<PolicyKind>().is_err(), "{wrong}");
        }
    }
}
