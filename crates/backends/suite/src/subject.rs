use std::sync::Arc;

use phalanx_backend::{Backend, BackendError, Device, PrepareOptions, Program};
use phalanx_model::Model;

/// A backend under test, on one of its devices.
#[derive(Clone)]
pub struct Subject {
    /// The backend.
    pub backend: Arc<dyn Backend>,
    /// The device it prepares for.
    pub device: Device,
    /// Options of every program, except where a case sets its own.
    pub options: PrepareOptions,
    /// How far an answer may lie from another batch's, from another thread count's or from the reference, relative
    /// to the largest magnitude of its row.
    pub tolerance: f64,
    /// Cases that this backend is known to fail, each with the reason. A gap that no longer fails is a failure.
    pub gaps: &'static [(&'static str, &'static str)],
}

impl Subject {
    /// `backend` on `device` with default options, the tolerance of fp32 (1e-5) and no known gaps.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, device: Device) -> Self {
        Self { backend, device, options: PrepareOptions::default(), tolerance: 1e-5, gaps: &[] }
    }

    /// The same with these known gaps: a case's name, and why this backend fails it.
    #[must_use]
    pub fn with_gaps(self, gaps: &'static [(&'static str, &'static str)]) -> Self {
        Self { gaps, ..self }
    }

    /// Prepares `model` with the subject's own options.
    ///
    /// # Errors
    /// As [`Backend::prepare`].
    pub fn prepare(&self, model: &Model) -> Result<Arc<dyn Program>, BackendError> {
        self.prepare_with(model, &self.options)
    }

    /// Prepares `model` with `options`.
    ///
    /// # Errors
    /// As [`Backend::prepare`].
    pub fn prepare_with(
        &self,
        model: &Model,
        options: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        self.backend.prepare(model, self.device, options)
    }
}
