use std::fmt;
use std::sync::Arc;

use phalanx_backend::{Backend, BackendError, PrepareOptions, Program};
use phalanx_engine::{BackendChoice, Engine, EngineBuilder, EngineError, EngineInfo, Isolation};
use phalanx_model::Model;

use super::{Config, Subject};
use crate::Samples;
use crate::draw::Draw;

/// What every check begins with: a model, an engine's options, and inputs.
#[derive(Clone)]
pub struct Setup {
    /// The model.
    pub model: Model,
    /// The engine's options; backend and device are each subject's own.
    pub builder: EngineBuilder,
    /// What `builder` says of that, where no configuration says otherwise.
    pub isolation: Isolation,
    /// Ordinary inputs.
    pub samples: Samples,
    /// How they were drawn; `None` where they come from a file.
    pub draw: Option<Draw>,
    /// Backends whose answers on the CPU, without optimisation, may serve as the reference, the preferred first.
    pub references: Vec<Arc<dyn Backend>>,
}

/// One thing to verify: a subject, and how its engine is set up where that is crossed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) subject: &'a Subject,
    pub(super) config: Option<&'a Config>,
}

impl Setup {
    /// The engine that a candidate describes.
    pub(super) fn engine(&self, candidate: &Candidate<'_>) -> Result<Engine, EngineError> {
        self.builder(candidate).build()
    }

    /// The builder of that engine.
    pub(super) fn builder(&self, candidate: &Candidate<'_>) -> EngineBuilder {
        let backend = BackendChoice::Custom(Arc::clone(&candidate.subject.backend));
        let builder = self.builder.clone().backend(backend).device(candidate.subject.device);
        match candidate.config {
            Some(config) => config.apply(builder),
            None => builder,
        }
    }

    /// The model prepared as the engine with this `info` has it, for batches of up to `rows_max`.
    pub(super) fn program(
        &self,
        subject: &Subject,
        info: &EngineInfo,
        rows_max: usize,
    ) -> Result<Arc<dyn Program>, BackendError> {
        let defaults = PrepareOptions::default();
        let options = PrepareOptions {
            threads: info.threads.try_into().unwrap_or(defaults.threads),
            optimize: info.optimize,
            precision: info.precision,
            rows_max: rows_max.try_into().unwrap_or(defaults.rows_max),
            ..defaults
        };
        subject.backend.prepare(&self.model, subject.device, &options)
    }
}

impl fmt::Display for Candidate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.subject.fmt(f)?;
        match self.config {
            Some(config) => write!(f, ", {config}"),
            None => Ok(()),
        }
    }
}

/// Whether this says that a backend does not do such a thing, rather than that it failed at it.
pub(super) fn is_unsupported(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Prepare(
            BackendError::Unavailable { .. }
                | BackendError::NoSuchDevice { .. }
                | BackendError::UnsupportedOperators { .. }
                | BackendError::UnsupportedOption { .. }
        )
    )
}
