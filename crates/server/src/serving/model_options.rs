use std::path::PathBuf;
use std::time::Duration;

use phalanx_backend::{Devices, Optimize, Precision};
use phalanx_engine::choice::Search;
use phalanx_engine::{BackendChoice, Engine, EngineBuilder, Isolation, PadRule, Policy};
use phalanx_model::Model;
use phalanx_tensor::Tensor;

/// How a model is run. What is not said is left to the engine.
#[derive(Clone, Debug, Default)]
pub struct ModelOptions {
    /// What runs it.
    pub backend: Option<BackendChoice>,
    /// How `auto` finds what runs it.
    pub search: Option<Search>,
    /// What it runs on.
    pub device: Option<Devices>,
    /// The onnxruntime library to load.
    pub onnxruntime: Option<PathBuf>,
    /// Lanes of each device.
    pub lanes: Option<usize>,
    /// Threads of one run.
    pub threads: Option<usize>,
    /// Rows of the largest batch.
    pub max_batch: Option<usize>,
    /// Batches of a lane formed or running at once.
    pub depth: Option<usize>,
    /// Queues of each device, which share its lanes out.
    pub queues: Option<usize>,
    /// The latency that callers are promised.
    pub slo: Option<Duration>,
    /// When a batch leaves.
    pub policy: Option<Policy>,
    /// Rows that may wait in each queue.
    pub queue_limit: Option<usize>,
    /// How much the runtime may rewrite the model.
    pub optimize: Option<Optimize>,
    /// Arithmetic inside the model.
    pub precision: Option<Precision>,
    /// Microseconds that the end of a batch on a GPU is waited for awake.
    pub spin_us: Option<u32>,
    /// Which axes are padded, so that requests of different lengths share batches.
    pub pad: Option<Vec<PadRule>>,
    /// Memory for requests and batches, in bytes.
    pub memory_max: Option<usize>,
    /// Lanes of all models that may submit to the device at once.
    pub device_submitters_max: Option<usize>,
    /// How long a batch may run.
    pub batch_timeout: Option<Duration>,
    /// Whether lanes run in threads or in worker processes.
    pub isolation: Option<Isolation>,
    /// The executable of worker processes.
    pub worker_exe: Option<PathBuf>,
    /// Whether another backend runs what the chosen one fails to run.
    pub fallback: Option<bool>,
    /// Valid inputs to run before the model is ready, each one tensor an input.
    pub warmup: Vec<Vec<Tensor>>,
}

impl ModelOptions {
    /// These options, and where they do not say, those of `defaults`.
    #[must_use]
    pub fn or(self, defaults: &Self) -> Self {
        let defaults = defaults.clone();
        Self {
            backend: self.backend.or(defaults.backend),
            search: self.search.or(defaults.search),
            device: self.device.or(defaults.device),
            onnxruntime: self.onnxruntime.or(defaults.onnxruntime),
            lanes: self.lanes.or(defaults.lanes),
            threads: self.threads.or(defaults.threads),
            max_batch: self.max_batch.or(defaults.max_batch),
            depth: self.depth.or(defaults.depth),
            queues: self.queues.or(defaults.queues),
            slo: self.slo.or(defaults.slo),
            policy: self.policy.or(defaults.policy),
            queue_limit: self.queue_limit.or(defaults.queue_limit),
            optimize: self.optimize.or(defaults.optimize),
            precision: self.precision.or(defaults.precision),
            spin_us: self.spin_us.or(defaults.spin_us),
            pad: self.pad.or(defaults.pad),
            memory_max: self.memory_max.or(defaults.memory_max),
            device_submitters_max: self.device_submitters_max.or(defaults.device_submitters_max),
            batch_timeout: self.batch_timeout.or(defaults.batch_timeout),
            isolation: self.isolation.or(defaults.isolation),
            worker_exe: self.worker_exe.or(defaults.worker_exe),
            fallback: self.fallback.or(defaults.fallback),
            warmup: if self.warmup.is_empty() { defaults.warmup } else { self.warmup },
        }
    }

    /// Describes the engine that they ask for.
    #[must_use]
    pub fn builder(&self, model: Model) -> EngineBuilder {
        let mut builder = Engine::builder(model);
        macro_rules! given {
            ($($option:ident => $setter:ident),* $(,)?) => {
                $(if let Some(value) = self.$option.clone() {
                    builder = builder.$setter(value);
                })*
            };
        }
        given! {
            backend => backend,
            search => search,
            device => device,
            onnxruntime => onnxruntime_library,
            lanes => lanes,
            threads => threads,
            max_batch => max_batch,
            depth => depth,
            queues => queues,
            slo => slo,
            policy => policy,
            queue_limit => queue_limit,
            optimize => optimize,
            precision => precision,
            spin_us => spin_us,
            pad => pad,
            device_submitters_max => device_submitters_max,
            batch_timeout => batch_timeout,
            isolation => isolation,
            worker_exe => worker_exe,
            fallback => fallback,
        }
        if let Some(bytes) = self.memory_max {
            builder = builder.memory_bytes_max(bytes as u64);
        }
        match self.warmup.first() {
            Some(first) => builder.warmup(first.clone()),
            None => builder,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_goes_before_what_is_usual() {
        let usual = ModelOptions { lanes: Some(1), threads: Some(2), ..ModelOptions::default() };
        let said = ModelOptions { lanes: Some(4), ..ModelOptions::default() }.or(&usual);
        assert_eq!((said.lanes, said.threads, said.depth), (Some(4), Some(2), None));
    }
}
