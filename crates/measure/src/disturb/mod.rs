//! Workers killed or stopped under load: what that costs, and whether anybody notices.

mod strike;
mod tally;

use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_engine::Engine;
use serde::Serialize;

use crate::answers::Answers;
use crate::load::{Among, Load};
use crate::{MeasureError, Samples};
use strike::Striker;
use tally::DisturbTally;

/// What is done to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strike {
    /// It is killed, with SIGKILL.
    Kill,
    /// It hangs: it is stopped with SIGSTOP, and never goes on.
    Stop,
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
        })
    }
}

/// The text names no strike.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected kill or stop, got {got:?}")]
pub struct ParseStrikeError {
    /// The text.
    pub got: String,
}

impl FromStr for Strike {
    type Err = ParseStrikeError;

    fn from_str(text: &str) -> Result<Self, ParseStrikeError> {
        match text {
            "kill" => Ok(Self::Kill),
            "stop" => Ok(Self::Stop),
            _ => Err(ParseStrikeError { got: text.to_owned() }),
        }
    }
}

/// How an engine's workers are disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disturb {
    /// Concurrent callers.
    pub callers: usize,
    /// What is done to a worker.
    pub strike: Strike,
    /// How often.
    pub every: Duration,
    /// How long, the undisturbed times in between not counted.
    pub duration: Duration,
}

/// What that did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disturbed {
    /// Workers that were struck.
    pub strikes: usize,
    /// Requests answered, each exactly once and with its own rows; had one failed, there would be no report.
    pub requests: u64,
    /// Answers that were compared with what they had to be.
    pub checked: u64,
    /// Requests a second between the disturbed times.
    pub undisturbed_per_s: f64,
    /// Requests a second while workers were struck.
    pub disturbed_per_s: f64,
    /// The second as a share of the first.
    pub kept: f64,
    /// From a strike until everybody who was waiting then had an answer: the median, in milliseconds.
    pub recovery_p50_ms: f64,
    /// The same, of which 99 % were at most this.
    pub recovery_p99_ms: f64,
    /// Batches, or halves of batches, that were run again.
    pub reruns: u64,
}

/// Undisturbed and disturbed times take turns, so that a machine whose speed drifts does not decide the comparison.
#[derive(Clone, Copy, Debug)]
struct Turns {
    begin: Instant,
    quiet: Duration,
    struck: Duration,
    rounds: u32,
}

impl Turns {
    fn new(disturb: &Disturb) -> Self {
        let struck = disturb.duration.min((disturb.every * 10).max(Duration::from_secs(10)));
        let rounds = disturb.duration.as_secs_f64() / struck.as_secs_f64().max(1e-3);
        Self { begin: Instant::now(), quiet: struck / 3, struck, rounds: (rounds.round() as u32).max(1) }
    }

    /// Whether workers are struck at `now`; `None` once all is over.
    fn is_struck(&self, now: Instant) -> Option<bool> {
        let round = self.quiet + self.struck;
        let elapsed = now.saturating_duration_since(self.begin);
        if elapsed >= round * self.rounds {
            return None;
        }
        let into = Duration::from_nanos((elapsed.as_nanos() % round.as_nanos().max(1)) as u64);
        Some(into >= self.quiet)
    }

    fn total(&self, part: Duration) -> f64 {
        (part * self.rounds).as_secs_f64()
    }
}

impl Disturb {
    /// Lets callers loop, strikes workers, and checks that every request is answered once and rightly. `watch` is told
    /// how many answers there were, and ends it with a break.
    ///
    /// # Errors
    /// [`MeasureError::NoWorkers`] for an engine without worker processes; the first error that any caller got;
    /// [`MeasureError::WrongAnswer`]; [`MeasureError::Interrupted`] after a break.
    pub fn run(
        &self,
        engine: &Engine,
        samples: &Samples,
        answers: &Arc<Answers>,
        watch: impl FnMut(u64) -> ControlFlow<()> + 'static,
    ) -> Result<Disturbed, MeasureError> {
        if engine.metrics().workers.is_empty() {
            return Err(MeasureError::NoWorkers);
        }
        let load = Load {
            strategy: "disturb",
            engine: engine.clone(),
            samples: samples.clone(),
            answers: Arc::clone(answers),
            callers: self.callers,
            wait_every: 1,
            among: Among::only(self.callers),
        };
        let before = engine.metrics();
        let turns = Turns::new(self);
        let striker = Striker::start(engine.clone(), self.strike, self.every, turns)?;
        let tally = load.drive(DisturbTally::new(turns, striker.strikes(), Box::new(watch)));
        let strikes = striker.stop();
        let tally = tally?;
        if tally.interrupted {
            return Err(MeasureError::Interrupted);
        }
        let after = engine.metrics();
        let undisturbed_per_s = tally.quiet as f64 / turns.total(turns.quiet);
        let disturbed_per_s = tally.struck as f64 / turns.total(turns.struck);
        let recovery_ms = tally.recovery_ms();
        Ok(Disturbed {
            strikes,
            requests: after.requests - before.requests,
            checked: tally.checked,
            undisturbed_per_s,
            disturbed_per_s,
            kept: disturbed_per_s / undisturbed_per_s.max(f64::MIN_POSITIVE),
            recovery_p50_ms: quantile(&recovery_ms, 0.5),
            recovery_p99_ms: quantile(&recovery_ms, 0.99),
            reruns: after.reruns - before.reruns,
        })
    }
}

/// The smallest of these ascending values that a share `quantile` of them does not exceed; 0 for none.
fn quantile(ascending: &[f64], quantile: f64) -> f64 {
    let rank = (ascending.len() as f64 * quantile).ceil() as usize;
    ascending.get(rank.max(1) - 1).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_and_struck_times_take_turns() {
        let disturb = Disturb {
            callers: 1,
            strike: Strike::Kill,
            every: Duration::from_secs(1),
            duration: Duration::from_secs(30),
        };
        let turns = Turns::new(&disturb);
        assert_eq!((turns.rounds, turns.struck), (3, Duration::from_secs(10)));
        let at = |seconds: f64| turns.is_struck(turns.begin + Duration::from_secs_f64(seconds));
        assert_eq!(
            [at(0.0), at(3.0), at(3.4), at(13.0), at(13.5)],
            [false, false, true, true, false].map(Some)
        );
        assert_eq!(at(40.1), None);
        assert!((turns.total(turns.struck) - 30.0).abs() < 1e-9);
    }

    #[test]
    fn quantiles_are_values_that_occurred() {
        assert_eq!(quantile(&[], 0.5), 0.0);
        assert_eq!(quantile(&[1.0, 2.0, 3.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 3.0], 0.99), 3.0);
    }
}
