use std::fmt;
use std::str::FromStr;

use phalanx_batch::{Nanos, PolicyKind};

/// By which rule batches are formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// One of the engine's policies, run by the engine's scheduler.
    Engine(PolicyKind),
    /// Another rule, on a plain queue.
    Textbook(Textbook),
}

/// Rules as they were published, for comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Textbook {
    /// The first batching server of the seeds: a window of fixed length opens when the worker becomes idle, and its batch
    /// leaves when it is full or the window ends. Nobody is refused.
    Window {
        /// Rows of the largest batch.
        rows_max: usize,
        /// How long the window is open, in nanoseconds.
        window_ns: Nanos,
    },
    /// The seeds' adaptive batcher: a free lane takes what waits, up to a largest batch that doubles when more than twice
    /// its rows wait, and halves when fewer than half of them do and batches take less than the target. Nobody is refused.
    Doubling {
        /// Rows of the largest batch.
        rows_max: usize,
        /// Batches slower than this do not shrink, in nanoseconds.
        target_ns: Nanos,
    },
    /// A free lane takes what waits, as Triton does unless told to wait. Nobody is refused.
    Greedy,
    /// The same, in batches of which two fit into the SLO; who is too late to run even alone is refused.
    Capped,
    /// Nexus' early drop (Shen and others, SOSP 2019): a window slides over the queue up to the first request whose
    /// deadline lets a batch of all those behind it run, as many as two fit into the SLO; those before it are refused.
    Nexus,
}

/// The text names no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected immediate, delay:TIME, adaptive:TIME, aimd[:TIME], deferred or slo-window, as the engine has them, or \
     window:ROWS:TIME, doubling:ROWS:TIME, greedy, capped or nexus, got {got:?}"
)]
pub struct ParseRuleError {
    /// The text.
    pub got: String,
}

impl Default for Rule {
    fn default() -> Self {
        Self::Engine(PolicyKind::default())
    }
}

impl Rule {
    /// Those of the published table, in its order.
    pub const PUBLISHED: [Self; 10] = [
        Self::Textbook(Textbook::Window { rows_max: 32, window_ns: 10_000_000 }),
        Self::Textbook(Textbook::Doubling { rows_max: 64, target_ns: 50_000_000 }),
        Self::Engine(PolicyKind::Adaptive { target_ns: 50_000_000 }),
        Self::Textbook(Textbook::Greedy),
        Self::Engine(PolicyKind::Immediate),
        Self::Engine(PolicyKind::Aimd { target_ns: None }),
        Self::Engine(PolicyKind::Deferred),
        Self::Textbook(Textbook::Capped),
        Self::Textbook(Textbook::Nexus),
        Self::Engine(PolicyKind::SloWindow),
    ];
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(policy) => policy.fmt(f),
            Self::Textbook(Textbook::Window { rows_max, window_ns }) => {
                write!(f, "window:{rows_max}:{}", span_text(*window_ns))
            }
            Self::Textbook(Textbook::Doubling { rows_max, target_ns }) => {
                write!(f, "doubling:{rows_max}:{}", span_text(*target_ns))
            }
            Self::Textbook(Textbook::Greedy) => f.write_str("greedy"),
            Self::Textbook(Textbook::Capped) => f.write_str("capped"),
            Self::Textbook(Textbook::Nexus) => f.write_str("nexus"),
        }
    }
}

impl FromStr for Rule {
    type Err = ParseRuleError;

    fn from_str(text: &str) -> Result<Self, ParseRuleError> {
        let refuse = || ParseRuleError { got: text.to_owned() };
        Ok(match text {
            "greedy" => Self::Textbook(Textbook::Greedy),
            "capped" => Self::Textbook(Textbook::Capped),
            "nexus" => Self::Textbook(Textbook::Nexus),
            _ => match text.split_once(':') {
                Some(("window", rest)) => Self::Textbook(window(rest).ok_or_else(refuse)?),
                Some(("doubling", rest)) => Self::Textbook(doubling(rest).ok_or_else(refuse)?),
                _ => Self::Engine(text.parse().map_err(|_| refuse())?),
            },
        })
    }
}

fn window(text: &str) -> Option<Textbook> {
    let (rows_max, window_ns) = rows_and_time(text)?;
    Some(Textbook::Window { rows_max, window_ns })
}

fn doubling(text: &str) -> Option<Textbook> {
    let (rows_max, target_ns) = rows_and_time(text)?;
    Some(Textbook::Doubling { rows_max, target_ns })
}

fn rows_and_time(text: &str) -> Option<(usize, Nanos)> {
    let (rows, time) = text.split_once(':')?;
    let rows_max = rows.parse().ok().filter(|&rows| rows > 0)?;
    Some((rows_max, span(time)?))
}

fn span_text(ns: Nanos) -> String {
    match ns {
        ns if ns.is_multiple_of(1_000_000) => format!("{}ms", ns / 1_000_000),
        ns => format!("{}us", ns / 1000),
    }
}

/// A time, in the words of the engine's own policies.
fn span(text: &str) -> Option<Nanos> {
    match format!("delay:{text}").parse() {
        Ok(PolicyKind::Delay { timeout_ns }) => Some(timeout_ns),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_by_name() {
        for rule in Rule::PUBLISHED {
            assert_eq!(rule.to_string().parse(), Ok(rule));
        }
        for wrong in ["", "window", "window:0:10ms", "window:32", "window:32:10", "greedy:3"] {
            assert!(wrong.parse::<Rule>().is_err(), "{wrong}");
        }
    }
}
