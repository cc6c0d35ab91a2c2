use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Backend, Precision, PrepareOptions};
use phalanx_model::Model;
use phalanx_tensor::{Signature, Tensor};

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
        let (entrants, budget) = (self.entrants, self.budget());
        for (entrant, trial) in entrants.iter().zip(&mut trials) {
            if trial.is_none() {
                let attempt = self.attempt(&entrant.backend, &entrant.candidate, self.options, budget);
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
        for Referee { backend, options } in referees {
            let Ok(candidate) = Candidate::of(&**backend, DEVICE) else { continue };
            let own = self.entrants.iter().position(|entrant| entrant.candidate == candidate);
            let own = own.filter(|_| options == *self.options);
            let budget = if own.is_some() { self.budget() } else { Duration::ZERO };
            match self.attempt(backend, &candidate, &options, budget) {
                Attempt::Ran(ran) => return self.found(candidate, own, ran, trials),
                failed => {
                    if let Some(own) = own {
                        trials[own] = Some(self.judge(None, failed));
                    }
                }
            }
        }
        None
    }

    /// `None` where the same rows gave other answers when they were run again, which then is the model's nature.
    fn found(
        &self,
        candidate: Candidate,
        own: Option<usize>,
        ran: Ran,
        trials: &mut [Option<Trial>],
    ) -> Option<Found> {
        let again = compare(self.signature(), Precision::Fp32, &ran.small.outputs, &ran.again);
        if again.is_err() {
            if let Some(own) = own {
                trials[own] = Some(self.judge(None, Attempt::Ran(ran)));
            }
            return None;
        }
        if let Some(own) = own {
            trials[own] = Some(agreed(&ran, Some(0.0)));
        }
        Some(Found { reference: Reference { candidate, apart: own.is_none() }, ran })
    }

    /// Where there is nobody to be faster than, nobody needs to be timed.
    fn budget(&self) -> Duration {
        if self.entrants.len() > 1 { self.budget } else { Duration::ZERO }
    }

    fn attempt(
        &mut self,
        backend: &Arc<dyn Backend>,
        candidate: &Candidate,
        options: &PrepareOptions,
        budget: Duration,
    ) -> Attempt {
        let (model, inputs, large) = (self.model, &self.inputs, self.large);
        let attempt = self.bench.attempt(&Task { model, backend, candidate, options, inputs, large, budget });
        if let Attempt::Ran(ran) = &attempt {
            self.inputs.shapes = vec![ran.shapes.clone()];
            self.large = Large::Exactly(ran.large.timed.rows);
        }
        attempt
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
        let first = |tensor: &Tensor| tensor.slice_rows(0, 1).unwrap_or_else(|_| tensor.clone());
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
