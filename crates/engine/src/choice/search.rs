use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::Backend;

use super::Inputs;
use super::bench;
use super::cache::{self, Key, Verdict};
use super::entrants::Entrant;
use super::prepare::Wanted;
use super::reference::{DEVICE, referees};
use super::task::Large;
use super::trials::Trials;
use crate::EngineError;

/// Rows of the large batch that candidates are timed with, at most.
const LARGE_ROWS_MAX: usize = 32;

/// A slow machine reads and prepares this many bytes of weights a second.
const LOADED_BYTES_PER_S: u64 = 16 << 20;

/// What is known of the candidates.
pub(crate) struct Searched {
    /// A trial an entrant, in their order; `None` where there was nothing to try.
    pub(crate) verdict: Option<Verdict>,
    pub(crate) cached: bool,
    pub(crate) warnings: Vec<String>,
}

/// Tries the candidates, unless that was done at an earlier start.
pub(crate) fn search(
    wanted: &Wanted<'_>,
    backends: &[Arc<dyn Backend>],
    entrants: &[Entrant],
) -> Result<Searched, EngineError> {
    let mut searched = Searched { verdict: None, cached: false, warnings: Vec::new() };
    if !can_be_wrong(wanted, backends, entrants) {
        return Ok(searched);
    }
    let Some(inputs) = Inputs::of(wanted.model.signature(), wanted.given, wanted.pad)? else {
        if entrants.len() > 1 {
            let text = "the backends were not compared: their inputs cannot be drawn at random, give a warm-up sample";
            searched.warnings.push(text.to_owned());
        }
        return Ok(searched);
    };
    let kept = wanted.search.cache.as_deref().map(|folder| (folder, key(wanted, entrants, &inputs)));
    if let Some((folder, key)) = &kept {
        match cache::load(folder, key) {
            Ok(verdict) => searched.verdict = verdict,
            Err(error) => {
                searched.warnings.push(format!("an earlier choice of backend cannot be read: {error}"));
            }
        }
        searched.cached = searched.verdict.is_some();
    }
    if searched.cached {
        return Ok(searched);
    }
    let verdict = run(wanted, backends, entrants, inputs);
    if let Some((folder, key)) = kept.filter(|_| verdict.trials.iter().any(|tried| tried.trial.agreed()))
        && let Err(error) = cache::store(folder, key, wanted.model.name(), verdict.clone())
    {
        searched.warnings.push(format!("the choice of backend cannot be kept for the next start: {error}"));
    }
    searched.verdict = Some(verdict);
    Ok(searched)
}

/// Whether there is anything to find out: not of a reference that is alone.
fn can_be_wrong(wanted: &Wanted<'_>, backends: &[Arc<dyn Backend>], entrants: &[Entrant]) -> bool {
    let [alone] = entrants else { return !entrants.is_empty() };
    let mut referees = referees(backends, wanted.options);
    !referees.next().is_some_and(|first| {
        let is_it = first.backend.name() == alone.candidate.backend && alone.candidate.device == DEVICE;
        is_it && first.options == *wanted.options
    })
}

fn key(wanted: &Wanted<'_>, entrants: &[Entrant], inputs: &Inputs) -> Key {
    let options = wanted.options;
    let candidate = |entrant: &Entrant| (entrant.candidate.clone(), entrant.description.clone());
    Key {
        phalanx: env!("CARGO_PKG_VERSION").to_owned(),
        machine: cache::Machine::here(),
        model: format!("{:032x}", wanted.model.fingerprint()),
        inputs: Key::of_inputs(inputs),
        threads: options.threads,
        optimize: options.optimize,
        precision: options.precision,
        rows_max: options.rows_max.get().min(LARGE_ROWS_MAX),
        candidates: entrants.iter().map(candidate).collect(),
    }
}

fn run(wanted: &Wanted<'_>, backends: &[Arc<dyn Backend>], entrants: &[Entrant], inputs: Inputs) -> Verdict {
    let search = wanted.search;
    let loading = Duration::from_secs(wanted.model.parameter_bytes() / LOADED_BYTES_PER_S);
    let bench = bench::of(search, wanted.library, search.trial_timeout + loading);
    let rows = wanted.options.rows_max.get().min(LARGE_ROWS_MAX);
    let trials = Trials {
        bench: &*bench,
        model: wanted.model,
        options: wanted.options,
        entrants,
        inputs,
        large: Large::UpTo { rows, within: search.budget },
        budget: search.budget,
    };
    trials.run(referees(backends, wanted.options))
}
