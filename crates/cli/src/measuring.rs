//! What the commands that measure have in common.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Backend, PrepareOptions, Program};
use phalanx_engine::Engine;
use phalanx_measure::Samples;
use phalanx_measure::draw::Draw;
use phalanx_measure::strategy::{AllocationCount, Measured, Plan, Strategy, interleave};
use phalanx_model::Model;
use phalanx_tensor::Tensor;

use crate::failure::Failure;
use crate::progress::Progress;

/// The longest warm-up of a strategy.
pub(crate) const WARM_UP_MAX: Duration = Duration::from_millis(500);

/// How long the answers that are compared with may take to compute.
pub(crate) const REFERENCE_BUDGET: Duration = Duration::from_secs(5);

/// Distinct samples that are drawn, and the memory they may take.
const SAMPLES: usize = 256;
const SAMPLES_BYTES_MAX: usize = 256 << 20;

/// Counts the allocations that all threads of this program have made so far, where it was built to.
pub(crate) const ALLOCATIONS: Option<AllocationCount> = counting::COUNT;

#[cfg(feature = "count-allocations")]
mod counting {

    use phalanx_measure::strategy::AllocationCount;

    #[global_allocator]
    static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

    pub(super) const COUNT: Option<AllocationCount> = Some(|| {
        let stats = ALLOCATOR.stats();
        (stats.allocations + stats.reallocations) as u64
    });
}

#[cfg(not(feature = "count-allocations"))]
mod counting {
    use phalanx_measure::strategy::AllocationCount;

    pub(super) const COUNT: Option<AllocationCount> = None;
}

/// Measures all strategies in turn, and shows how far it has come.
pub(crate) fn run(strategies: &mut [Box<dyn Strategy + '_>], plan: &Plan) -> Result<Vec<Measured>, Failure> {
    let progress = Progress::steps(0);
    let all = interleave(strategies, plan, &mut |step| {
        progress.length(step.total as u64);
        progress.position(step.done as u64);
        progress.message(&match step.round {
            0 => format!("{}, warming up", step.label),
            round => format!("{}, round {round} of {}", step.label, plan.rounds),
        });
        ControlFlow::Continue(())
    })?;
    Ok(all)
}

/// Draws as many distinct samples as fit into the memory set aside for them.
pub(crate) fn draw(model: &Model, draw: &Draw) -> Result<Samples, Failure> {
    let one = Samples::draw(model.signature(), draw, 1)?;
    let sample_bytes: usize = one.get(0).iter().map(Tensor::size_bytes).sum();
    let count = (SAMPLES_BYTES_MAX / sample_bytes.max(1)).clamp(4, SAMPLES);
    Ok(Samples::draw(model.signature(), draw, count)?)
}

/// Prepares the model once more as `engine` did, for what runs it without the engine, with batches of up to
/// `rows_max`.
pub(crate) fn program(
    backend: &dyn Backend,
    engine: &Engine,
    model: &Model,
    rows_max: usize,
) -> Result<Arc<dyn Program>, Failure> {
    Ok(backend.prepare(model, engine.info().device, &prepare_options(engine, rows_max))?)
}

/// The options that `engine` prepared its model with, for batches of up to `rows_max`.
pub(crate) fn prepare_options(engine: &Engine, rows_max: usize) -> PrepareOptions {
    let info = engine.info();
    let defaults = PrepareOptions::default();
    PrepareOptions {
        threads: info.threads.try_into().unwrap_or(defaults.threads),
        optimize: info.optimize,
        precision: info.precision,
        rows_max: rows_max.try_into().unwrap_or(defaults.rows_max),
        ..defaults
    }
}
