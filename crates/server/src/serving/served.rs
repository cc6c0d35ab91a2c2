use std::time::Duration;

use compact_str::{CompactString, ToCompactString};
use phalanx_engine::{Engine, EngineInfo, Policy};
use phalanx_model::Model;
use phalanx_tensor::Signature;

use super::{Handling, ModelOptions, Statistics, reaper};
use crate::ServeError;

/// Lanes of all models that submit to an accelerator at once, where nothing else was said: one that computes, and one
/// whose batch follows. A processor needs no such limit, since the system takes it away from whoever had it long.
const ACCELERATOR_SUBMITTERS_MAX: usize = 2;

/// Of an SLO, at most one part in this many is kept for handing out answers.
const HANDLING_SHARE_MAX: u32 = 4;

/// One version of a model, ready to answer.
///
/// Every request holds it while it runs, so a version that is replaced is stopped when its last request is answered.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) name: CompactString,
    pub(crate) version: CompactString,
    pub(crate) options: ModelOptions,
    pub(crate) statistics: Statistics,
    pub(crate) handling: Handling,
    /// There until dropped.
    engine: Option<Engine>,
    /// What the outputs are called, as answers name them.
    pub(crate) output_names: Vec<CompactString>,
}

impl Served {
    /// Prepares `model`, warms it up on real shapes, and runs the user's warm-up requests. Takes as long as that.
    ///
    /// # Errors
    /// [`ServeError::Failed`] where it cannot be prepared or a warm-up request fails.
    pub(crate) fn start(
        name: &str,
        version: &str,
        model: Model,
        options: ModelOptions,
    ) -> Result<Self, ServeError> {
        let failed = |error: phalanx_engine::EngineError| ServeError::Failed { message: error.to_string() };
        let builder = options.builder(model).accelerator_submitters_max(ACCELERATOR_SUBMITTERS_MAX);
        let engine = builder.build().map_err(failed)?;
        for inputs in &options.warmup {
            engine.infer_blocking(inputs.clone().into()).map_err(failed)?;
        }
        let output_names = engine.signature().outputs.iter().map(|output| output.name.to_compact_string());
        Ok(Self {
            name: name.into(),
            version: version.into(),
            options,
            statistics: Statistics::default(),
            handling: Handling::default(),
            output_names: output_names.collect(),
            engine: Some(engine),
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("the engine is taken in drop alone")
    }

    /// How long the engine has for a request that sets no time of its own, so that its answer is sent within the SLO;
    /// for ever where no deadline follows from one.
    pub(crate) fn promised(&self) -> Option<Duration> {
        let slo = self.options.slo?;
        let info = self.info();
        let one_row_ns = info.batch_times_ns.first().map_or(0, |&(_, one_row_ns)| one_row_ns);
        let is_kept = info.policy == Policy::SloWindow && u128::from(one_row_ns) <= slo.as_nanos();
        is_kept.then(|| slo.saturating_sub(self.handling.estimate().min(slo / HANDLING_SHARE_MAX)))
    }

    pub(crate) fn signature(&self) -> &Signature {
        self.engine().signature()
    }

    pub(crate) fn info(&self) -> &EngineInfo {
        self.engine().info()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.engine.take().into_iter().for_each(reaper::reap);
    }
}
