use std::path::Path;
use std::sync::Arc;

use phalanx_backend::{Backend, Device, PrepareOptions};
use phalanx_model::Model;
use phalanx_tensor::Tensor;

use super::bench;
use super::entrants::{Entrant, Field, Reach};
use super::prepared::Prepared;
use super::rank::order;
use super::search::{Searched, search};
use super::{Choice, Search, Trial};
use crate::isolation::{Isolated, Isolation};
use crate::pad::PadPlan;
use crate::{BackendChoice, EngineError, backends};

/// What is to be prepared.
pub(crate) struct Wanted<'a> {
    pub(crate) backend: &'a BackendChoice,
    /// Where onnxruntime's library is, where it is not to be searched for.
    pub(crate) library: Option<&'a Path>,
    pub(crate) model: &'a Model,
    pub(crate) device: Option<Device>,
    pub(crate) options: &'a PrepareOptions,
    /// The user's warm-up sample.
    pub(crate) given: Option<&'a [Tensor]>,
    pub(crate) pad: &'a PadPlan,
    pub(crate) search: &'a Search,
    pub(crate) isolation: Isolation,
    /// The executable of worker processes, where one was named.
    pub(crate) worker_exe: Option<&'a Path>,
}

impl Wanted<'_> {
    /// The backend that serves: the same, or its programs in processes of their own.
    fn placed(&self, backend: &Arc<dyn Backend>) -> Arc<dyn Backend> {
        match self.isolation {
            Isolation::Thread => Arc::clone(backend),
            Isolation::Process => Arc::new(Isolated::new(Arc::clone(backend), self.library, self.worker_exe)),
        }
    }

    fn reach(&self) -> Reach {
        match self.device {
            Some(device) => Reach::Only(device),
            // Drivers that may crash are not tried in this process unless the user wants them.
            None if self.search.program.is_some() => Reach::All,
            None => Reach::Only(Device::Cpu),
        }
    }

    fn device_or_cpu(&self) -> Device {
        self.device.unwrap_or(Device::Cpu)
    }
}

/// Prepares the model with the backend that was named, or with the fastest of those that give the right answers.
pub(crate) fn prepare(wanted: &Wanted<'_>) -> Result<Prepared, EngineError> {
    match wanted.backend {
        BackendChoice::Custom(backend) => named(wanted, backend),
        BackendChoice::Ranked(backends) => ranked_before(wanted, backends),
        BackendChoice::Named(name) => {
            let all = backends(wanted.library);
            let names: Vec<&str> = all.iter().map(|backend| backend.name()).collect();
            let unknown =
                || EngineError::invalid_option("backend", format!("auto, {}", names.join(" or ")), name);
            named(wanted, all.iter().find(|backend| backend.name() == name).ok_or_else(unknown)?)
        }
        BackendChoice::Auto => best(wanted, &backends(wanted.library)),
        BackendChoice::Among(backends) => best(wanted, backends),
    }
}

fn named(wanted: &Wanted<'_>, backend: &Arc<dyn Backend>) -> Result<Prepared, EngineError> {
    let device = wanted.device.unwrap_or_else(|| backend.default_device());
    let backend = wanted.placed(backend);
    let program = backend.prepare(wanted.model, device, wanted.options).map_err(EngineError::Prepare)?;
    Ok(Prepared {
        backend,
        device,
        program,
        fallbacks: Vec::new(),
        choice: None,
        warnings: Vec::new(),
        hints: Vec::new(),
    })
}

/// The first that can prepare the model, in an order that was given.
fn ranked_before(wanted: &Wanted<'_>, backends: &[Arc<dyn Backend>]) -> Result<Prepared, EngineError> {
    let device_of = |backend: &Arc<dyn Backend>| wanted.device.unwrap_or_else(|| backend.default_device());
    let mut failures = Vec::new();
    for (place, backend) in backends.iter().enumerate() {
        match named(wanted, backend) {
            Ok(mut prepared) => {
                prepared.fallbacks =
                    backends[place + 1..].iter().map(|next| (wanted.placed(next), device_of(next))).collect();
                prepared.warnings = failures;
                return Ok(prepared);
            }
            Err(error) => failures.push(format!("{} was passed over: {error}", backend.name())),
        }
    }
    Err(EngineError::NoBackend { device: wanted.device_or_cpu(), failures })
}

fn best(wanted: &Wanted<'_>, backends: &[Arc<dyn Backend>]) -> Result<Prepared, EngineError> {
    let bench = bench::of(wanted.search, wanted.library, wanted.search.trial_timeout);
    let Field { entrants, failures, hints, warnings } =
        Field::of(backends, wanted.reach(), &*bench, wanted.library.is_some())?;
    let searched = search(wanted, backends, &entrants)?;
    let ranked = ranked(wanted, &entrants, &searched, &failures)?;
    let mut prepared = first(wanted, &entrants, &ranked, searched, failures)?;
    prepared.hints.extend(hints);
    prepared.warnings.extend(warnings);
    prepared.add_reference(wanted, backends);
    Ok(prepared)
}

/// The candidates that may serve, the best first: those that agreed. Where nothing could be compared, all that did not
/// take their process down, in the order of preference.
fn ranked(
    wanted: &Wanted<'_>,
    entrants: &[Entrant],
    searched: &Searched,
    failures: &[String],
) -> Result<Vec<usize>, EngineError> {
    let Some(verdict) = &searched.verdict else { return Ok((0..entrants.len()).collect()) };
    let agreed = order(&verdict.trials);
    if !agreed.is_empty() {
        return Ok(agreed);
    }
    let may_serve = |trial: &Trial| matches!(trial, Trial::Failed { .. } | Trial::Disagreed { .. });
    let left = verdict.trials.iter().enumerate().filter(|(_, tried)| may_serve(&tried.trial));
    let left: Vec<usize> = left.map(|(index, _)| index).collect();
    if verdict.reference.is_none() && !left.is_empty() {
        return Ok(left);
    }
    let said = verdict.trials.iter().map(|tried| format!("{}: {}", tried.candidate, tried.trial));
    let failures = failures.iter().cloned().chain(said).collect();
    Err(EngineError::NoBackend { device: wanted.device_or_cpu(), failures })
}

/// Prepares the first of the ranked candidates that can be; the others may take over from it.
fn first(
    wanted: &Wanted<'_>,
    entrants: &[Entrant],
    ranked: &[usize],
    searched: Searched,
    mut failures: Vec<String>,
) -> Result<Prepared, EngineError> {
    let mut warnings = searched.warnings;
    for (place, &index) in ranked.iter().enumerate() {
        let Entrant { backend, candidate, .. } = &entrants[index];
        let backend = wanted.placed(backend);
        match backend.prepare(wanted.model, candidate.device, wanted.options) {
            Ok(program) => {
                let rest = ranked[place + 1..].iter().map(|&index| &entrants[index]);
                let verdict = searched.verdict.unwrap_or_default();
                let choice = Choice {
                    chosen: candidate.clone(),
                    trials: verdict.trials,
                    reference: verdict.reference,
                    cached: searched.cached,
                };
                warnings.extend(passed_over(&choice));
                return Ok(Prepared {
                    backend,
                    device: candidate.device,
                    program,
                    fallbacks: rest
                        .map(|next| (wanted.placed(&next.backend), next.candidate.device))
                        .collect(),
                    choice: Some(choice),
                    warnings,
                    hints: Vec::new(),
                });
            }
            Err(error) => {
                warnings.push(format!("{} was passed over: {error}", backend.name()));
                failures.push(error.to_string());
            }
        }
    }
    Err(EngineError::NoBackend { device: wanted.device_or_cpu(), failures })
}

/// What the user should know of the candidates that were not taken: wrong answers and crashes always, refusals where
/// the candidate would have been preferred.
fn passed_over(choice: &Choice) -> Vec<String> {
    if choice.agreed().next().is_none() && !choice.trials.is_empty() {
        let said = choice.trials.iter().map(|tried| format!("{}: {}", tried.candidate, tried.trial));
        return vec![format!("the backends could not be compared: {}", said.collect::<Vec<_>>().join("; "))];
    }
    let chosen = choice.trials.iter().position(|tried| tried.candidate == choice.chosen);
    let tried = choice.trials.iter().enumerate().filter(|(index, tried)| match tried.trial {
        Trial::Agreed { .. } => false,
        Trial::Failed { .. } => Some(*index) < chosen,
        Trial::Disagreed { .. } | Trial::Crashed { .. } | Trial::TimedOut { .. } => Some(*index) != chosen,
    });
    tried.map(|(_, tried)| format!("{} was passed over: {}", tried.candidate, tried.trial)).collect()
}

impl Prepared {
    /// Where an accelerator was chosen, the reference can take over although nobody asked for the processor.
    fn add_reference(&mut self, wanted: &Wanted<'_>, backends: &[Arc<dyn Backend>]) {
        let reference = self.choice.as_ref().and_then(|choice| choice.reference.as_ref());
        let Some(reference) = reference.filter(|_| self.device != Device::Cpu) else { return };
        let candidate = &reference.candidate;
        let is_it = |backend: &Arc<dyn Backend>| backend.name() == candidate.backend;
        let is_there =
            self.fallbacks.iter().any(|(backend, device)| is_it(backend) && *device == candidate.device);
        if let Some(backend) = backends.iter().find(|backend| is_it(backend)).filter(|_| !is_there) {
            self.fallbacks.push((wanted.placed(backend), candidate.device));
        }
    }
}
