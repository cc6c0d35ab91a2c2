use std::collections::BTreeMap;

use phalanx_backend::{Backend, PrepareOptions};
use phalanx_engine::Engine;
use phalanx_measure::Samples;
use phalanx_model::Model;
use serde::Serialize;

use crate::failure::Failure;

/// All nodes of one kind.
#[derive(Serialize)]
pub(super) struct Operator {
    /// The kind.
    pub(super) operator: String,
    /// How many nodes.
    pub(super) nodes: usize,
    /// The time of all of them in a run, in microseconds.
    pub(super) us: f64,
    /// The share of all operators' time.
    pub(super) share: f64,
    /// The node that takes longest.
    pub(super) longest: String,
}

/// The operators of a batch, those that take longest first.
pub(super) fn of(
    backend: &dyn Backend,
    model: &Model,
    engine: &Engine,
    options: &PrepareOptions,
    (samples, rows): (&Samples, usize),
    runs: usize,
) -> Result<Option<Vec<Operator>>, Failure> {
    let inputs = if samples.batched() { samples.batch(0, rows)? } else { samples.get(0).to_vec() };
    let Some(times) = backend.operator_times(model, engine.info().device, options, &inputs, runs)? else {
        return Ok(None);
    };
    let total: f64 = times.iter().map(|time| time.mean_ns).sum();
    let mut kinds: BTreeMap<&str, (usize, f64, f64, &str)> = BTreeMap::new();
    for time in &times {
        let (nodes, sum, most, longest) = kinds.entry(&time.operator).or_default();
        (*nodes, *sum) = (*nodes + 1, *sum + time.mean_ns);
        if time.mean_ns >= *most {
            (*most, *longest) = (time.mean_ns, &time.node);
        }
    }
    let operator = |(operator, (nodes, sum, _, longest)): (&str, (usize, f64, f64, &str))| Operator {
        operator: operator.to_owned(),
        nodes,
        us: sum / 1e3,
        share: sum / total.max(f64::MIN_POSITIVE),
        longest: longest.to_owned(),
    };
    let mut all: Vec<Operator> = kinds.into_iter().map(operator).collect();
    all.sort_by(|a, b| b.us.total_cmp(&a.us));
    Ok(Some(all))
}
