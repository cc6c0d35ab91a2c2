use std::time::Duration;

use phalanx_backend::{Precision, PrepareOptions};
use phalanx_model::Model;
use phalanx_tensor::Signature;

use super::bench::Bench;
use super::cache::Verdict;
use super::compare::{Difference, compare};
use super::entrants::Entrant;
use super::reference::{DEVICE, Referee};
use super::task::{Attempt, Batch, Large, Ran, Task};
use super::{Candidate, Inputs, Reference, Trial, Tried};

/// Tries candidates one after the other.
pub(crate) struct Trials<'a> {
    pub(crate) bench: &'a dyn Bench,
    pub(crate) model: &'a Model,
    pub(crate) options: &'a PrepareOptions,
    pub(crate) entrants: &'a [Entrant],
    /// Narrowed to what the first candidate that ran took, so that all run the same.
    pub(crate) inputs: Inputs,
    pub(crate) large: Large,
    pub(crate) budget: Duration,
}

/// A reference that ran.
struct Found {
    reference: Reference,
    ran: Ran,
}

impl Trials<'_> {
    /// Runs the reference and then everybody else.
    pub(crate) fn run<'r>(mut self, referees: impl Iterator<Item = Referee<'r>>) -> Verdict {
        let mut trials: Vec<Option<Trial>> = self.entrants.iter().map(|_| None).collect();
        let found = self.find_reference(referees, &mut trials);
        let entrants = self.entrants;
        // Where there is nobody to be faster than, nobody needs to be timed.
        let budget = if entrants.len() > 1 { self.budget } else { Duration::ZERO };
        for (entrant, trial) in entrants.iter().zip(&mut trials) {
            if trial.is_none() {
                let attempt = self.attempt(entrant, &entrant.candidate, self.options, budget);
                *trial = Some(self.judge(found.as_ref().map(|found| &found.ran), attempt));
            }
        }
        let tried = entrants.iter().zip(trials).filter_map(|(entrant, trial)| {
            Some(Tried { candidate: entrant.candidate.clone(), trial: trial? })
        });
        Verdict { trials: tried.collect(), reference: found.map(|found| found.reference) }
    }

    /// The first referee that runs the model; where it is also a candidate, that is tried with it.
    fn find_reference<'r>(
        &mut self,
        referees: impl Iterator<Item = Referee<'r>>,
        trials: &mut [Option<Trial>],
    ) -> Option<Found> {
        for referee in referees {
            let Ok(candidate) = Candidate::of(&**referee.backend, DEVICE) else { continue };
            let own = self.entrants.iter().position(|entrant| entrant.candidate == candidate);
            let own = own.filter(|_| referee.options == *self.options);
            let budget = if own.is_some() && self.entrants.len() > 1 { self.budget } else { Duration::ZERO };
            let entrant = Entrant { backend: referee.backend.clone(), candidate, description: String::new() };
            let attempt = self.attempt(&entrant, &entrant.candidate, &referee.options, budget);
            let stable = match attempt {
                Attempt::Ran(ran) if self.is_stable(&ran) => ran,
                unusable => {
                    let ran = matches!(unusable, Attempt::Ran(_));
                    if let Some(own) = own {
                        trials[own] = Some(self.judge(None, unusable));
                    }
                    if ran {
                        // A model whose answers change from run to run does so on every backend.
                        return None;
                    }
                    continue;
                }
            };
            if let Some(own) = own {
                trials[own] = Some(agreed(&stable, Some(0.0)));
            }
            let reference = Reference { candidate: entrant.candidate, apart: own.is_none() };
            return Some(Found { reference, ran: stable });
        }
        None
    }

    fn attempt(
        &mut self,
        entrant: &Entrant,
        candidate: &Candidate,
        options: &PrepareOptions,
        budget: Duration,
    ) -> Attempt {
        let task = Task {
            model: self.model,
            backend: &entrant.backend,
            candidate,
            options,
            inputs: &self.inputs,
            large: self.large,
            budget,
        };
        let attempt = self.bench.attempt(&task);
        if let Attempt::Ran(ran) = &attempt {
            self.inputs.shapes = vec![ran.shapes.clone()];
            self.large = Large::Exactly(ran.large.timed.rows);
        }
        attempt
    }

    /// Whether the same rows give the same answers twice.
    fn is_stable(&self, ran: &Ran) -> bool {
        compare(self.signature(), Precision::Fp32, &ran.small.outputs, &ran.again).is_ok()
    }

    fn judge(&self, reference: Option<&Ran>, attempt: Attempt) -> Trial {
        let ran = match attempt {
            Attempt::Ran(ran) => ran,
            Attempt::Failed(reason) => return Trial::Failed { reason },
            Attempt::Crashed(how) => return Trial::Crashed { how },
            Attempt::TimedOut(after) => {
                return Trial::TimedOut { after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX) };
            }
        };
        let compared = match reference {
            Some(reference) => self.with_reference(reference, &ran).map(Some),
            None => self.with_itself(&ran).map(|()| None),
        };
        match compared {
            Ok(error_max) => agreed(&ran, error_max),
            Err(Difference { place, expected, got }) => Trial::Disagreed { place, expected, got },
        }
    }

    fn with_reference(&self, reference: &Ran, ran: &Ran) -> Result<f64, Difference> {
        let check = |expected: &Batch, got: &Batch| {
            let compared = compare(self.signature(), self.options.precision, &expected.outputs, &got.outputs);
            compared.map_err(|difference| difference.in_batch_of(got.timed.rows))
        };
        let small = check(&reference.small, &ran.small)?;
        Ok(small.max(check(&reference.large, &ran.large)?))
    }

    /// Where there is no reference, the same row must at least give the same answer alone and among others.
    fn with_itself(&self, ran: &Ran) -> Result<(), Difference> {
        let first =
            |tensor: &phalanx_tensor::Tensor| tensor.slice_rows(0, 1).unwrap_or_else(|_| tensor.clone());
        let among: Vec<_> = match ran.large.timed.rows {
            1 => ran.large.outputs.clone(),
            _ => ran.large.outputs.iter().map(first).collect(),
        };
        let compared = compare(self.signature(), self.options.precision, &ran.small.outputs, &among);
        compared.map(drop).map_err(|difference| difference.in_batch_of(ran.large.timed.rows))
    }

    fn signature(&self) -> &Signature {
        self.model.signature()
    }
}

fn agreed(ran: &Ran, error_max: Option<f64>) -> Trial {
    Trial::Agreed { error_max, small: ran.small.timed, large: ran.large.timed }
}
