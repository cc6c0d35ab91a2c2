use phalanx_engine::{BackendChoice, Policy};

use super::super::Scope;
use super::{clash, clash_if};
use crate::args::EngineArgs;
use crate::failure::Failure;

/// Rows a queue holds unless it was told otherwise, as the option's help says.
fn queue_limit(scope: &Scope, args: &EngineArgs) -> usize {
    let usual = || scope.get("queue_limit")?.option.usual()?.parse().ok();
    args.queue_limit.map(usize::from).or_else(usual).unwrap_or(usize::MAX)
}

/// Refuses what contradicts itself in one model's options.
pub(super) fn check(scope: &Scope) -> Result<(), Failure> {
    let args: EngineArgs = scope.typed()?;
    let both = |one: &str, other: &str, why: &str| clash(scope.get(one), scope.get(other), why);
    let batch = args.max_batch.map_or(0, usize::from);
    clash_if(batch > queue_limit(scope, &args), || {
        both("max_batch", "queue_limit", "the queue could never hold the rows of a full batch")
    })?;
    let slo_ns = args.slo.map(|slo| slo.as_nanos());
    let beyond_slo = |ns: u64| slo_ns.is_some_and(|slo_ns| u128::from(ns) >= slo_ns);
    match args.policy {
        Some(Policy::Delay { timeout_ns }) => clash_if(beyond_slo(timeout_ns), || {
            both("policy", "slo", "a request that waits this long for its batch is late before it runs")
        })?,
        Some(Policy::Adaptive { target_ns }) => clash_if(beyond_slo(target_ns), || {
            both("policy", "slo", "batches would grow to take longer than was promised")
        })?,
        _ => {}
    }
    clash_if(args.slo.zip(args.batch_timeout).is_some_and(|(slo, timeout)| timeout < slo), || {
        both("batch_timeout", "slo", "a batch would be given up while its answers are still in time")
    })?;
    let other_backend = matches!(&args.backend, Some(BackendChoice::Named(name)) if name != "onnxruntime");
    clash_if(other_backend && args.onnxruntime.is_some(), || {
        both("onnxruntime", "backend", "the library of a runtime that does not run is not used")
    })
}
