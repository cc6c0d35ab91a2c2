use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use phalanx_measure::tune::{Done, Objective, Observer, Step};

use super::watch::words;
use super::{Search, apply, search};
use crate::args::{EngineArgs, SampleArgs, TuneArgs};
use crate::failure::Failure;

/// How long a server that tunes itself measures a model, about.
const BUDGET: Duration = Duration::from_secs(60);

/// The options for a model that is about to be served, with what `tune` found for those that were not given: before, if
/// it has measured this model on this machine, or now. `say` is told what is done.
pub(crate) fn for_serving(
    path: &Path,
    engine: &EngineArgs,
    say: &mut dyn FnMut(&str),
) -> Result<EngineArgs, Failure> {
    let args = TuneArgs {
        model: path.to_owned(),
        objective: if engine.slo.is_some() { Objective::Goodput } else { Objective::Throughput },
        rate: None,
        arrivals: Default::default(),
        memory_limit: None,
        try_processes: false,
        try_precision: Vec::new(),
        budget: BUDGET,
        fresh: false,
        output: Default::default(),
        force: false,
        json: false,
        samples: SampleArgs::default(),
        engine: engine.clone(),
    };
    let found = match search::found_before(&args)? {
        Some(found) => found,
        None => {
            let seconds = BUDGET.as_secs();
            say(&format!(
                "tuning {} for about {seconds} s, since it never was on this machine",
                path.display()
            ));
            Search::new(&args)?.run(&mut Said(say))?
        }
    };
    say(&format!("tuned: {}", found.knobs));
    Ok(apply(engine, &found.knobs))
}

/// Says what is done.
struct Said<'a>(&'a mut dyn FnMut(&str));

impl Observer for Said<'_> {
    fn begins(&mut self, _step: &Step<'_>, _done: usize, _total: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn done(&mut self, done: &Done<'_>) {
        (self.0)(&words(done));
    }
}
