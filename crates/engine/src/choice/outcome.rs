use std::fmt;

use serde::{Deserialize, Serialize};

use super::rank::order;
use super::{Candidate, Timed, Trial, Tried};

/// What the candidates' answers were compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Which candidate gave them.
    pub candidate: Candidate,
    /// Whether it was prepared another way than it would be to serve: in single precision, or without optimisation.
    pub apart: bool,
}

/// Which candidate was taken, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choice {
    /// The one that was taken.
    pub chosen: Candidate,
    /// Every candidate that was tried, in the order of preference. Empty where there was only the reference itself.
    pub trials: Vec<Tried>,
    /// What answers were compared with; `None` where nothing could run the model that can be relied on.
    pub reference: Option<Reference>,
    /// Whether this was found out at an earlier start.
    pub cached: bool,
}

impl Choice {
    /// Whether answers were compared with a reference.
    #[must_use]
    pub fn referenced(&self) -> bool {
        self.reference.is_some()
    }

    /// The candidates that agreed, the fastest first.
    pub fn agreed(&self) -> impl Iterator<Item = &Candidate> {
        order(&self.trials).into_iter().map(|index| &self.trials[index].candidate)
    }

    /// What speaks for it, without saying again which it is.
    #[must_use]
    pub fn why(&self) -> impl fmt::Display + '_ {
        Why(self)
    }

    fn timed(&self, candidate: &Candidate) -> Option<(Option<f64>, Timed)> {
        self.trials.iter().find(|tried| tried.candidate == *candidate).and_then(|tried| match tried.trial {
            Trial::Agreed { error_max, large, .. } => Some((error_max, large)),
            _ => None,
        })
    }

    /// How many times as fast as the next best it is.
    fn write_speed(&self, f: &mut fmt::Formatter<'_>, own: Timed) -> fmt::Result {
        let other = self.agreed().find(|&candidate| *candidate != self.chosen);
        let Some((other, (_, timed))) = other.and_then(|other| Some((other, self.timed(other)?))) else {
            return Ok(());
        };
        let times = timed.row_ns() / own.row_ns().max(1.0);
        // Where both run on one device, the backend's name says it.
        let against =
            if other.device == self.chosen.device { other.backend.clone() } else { other.to_string() };
        write!(f, "{times:.1}x {against} at {} rows; ", own.rows)
    }
}

/// What speaks for the candidate that was taken, in words.
struct Why<'a>(&'a Choice);

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.chosen, Why(self))
    }
}

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(choice) = self;
        if choice.trials.is_empty() {
            return f.write_str("the only one here");
        }
        match choice.timed(&choice.chosen) {
            None => f.write_str("none could be compared")?,
            Some((error_max, timed)) => {
                choice.write_speed(f, timed)?;
                match (&choice.reference, error_max) {
                    (Some(Reference { candidate, apart: false }), _) if *candidate == choice.chosen => {
                        f.write_str("is the reference")?;
                    }
                    (Some(reference), Some(error)) => {
                        write!(f, "agrees with {} to {error:.0e}", reference.candidate.backend)?;
                    }
                    _ => f.write_str("unreferenced")?,
                }
            }
        }
        f.write_str(if choice.cached { " (cached)" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_backend::Device;

    fn candidate(backend: &str) -> Candidate {
        Candidate { backend: backend.to_owned(), version: "1.2".to_owned(), device: Device::Cpu }
    }

    fn agreed(backend: &str, error_max: Option<f64>, large_ns: u64) -> Tried {
        let (small, large) = (Timed { rows: 1, ns: 10_000 }, Timed { rows: 32, ns: large_ns });
        Tried { candidate: candidate(backend), trial: Trial::Agreed { error_max, small, large } }
    }

    #[test]
    fn is_one_line() {
        let mut choice = Choice {
            chosen: candidate("onnxruntime"),
            trials: vec![agreed("onnxruntime", Some(3e-7), 100_000), agreed("tract", Some(0.0), 210_000)],
            reference: Some(Reference { candidate: candidate("tract"), apart: false }),
            cached: false,
        };
        let text = "onnxruntime 1.2 on cpu: 2.1x tract at 32 rows; agrees with tract to 3e-7";
        assert_eq!(choice.to_string(), text);
        choice.cached = true;
        assert_eq!(choice.to_string(), format!("{text} (cached)"));
        choice.reference = None;
        choice.trials = vec![agreed("onnxruntime", None, 100_000)];
        assert_eq!(choice.to_string(), "onnxruntime 1.2 on cpu: unreferenced (cached)");
        choice.trials = Vec::new();
        assert_eq!(choice.to_string(), "onnxruntime 1.2 on cpu: the only one here");
    }
}
