use std::sync::Arc;

use phalanx_backend::{Backend, Device, Program};

use super::{Candidate, Choice};

/// A prepared model, and what was learned on the way.
pub(crate) struct Prepared {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) device: Device,
    pub(crate) program: Arc<dyn Program>,
    /// What may take over where this fails, the preferred first: the fastest of those whose answers agreed, and last
    /// the reference itself. They are not prepared.
    pub(crate) fallbacks: Vec<(Arc<dyn Backend>, Device)>,
    /// Why this one; `None` where it was named.
    pub(crate) choice: Option<Choice>,
    pub(crate) warnings: Vec<String>,
    pub(crate) hints: Vec<String>,
}

impl Prepared {
    /// What may take over, in words.
    pub(crate) fn fallback_candidates(&self) -> Vec<Candidate> {
        self.fallbacks
            .iter()
            .filter_map(|(backend, device)| Candidate::of(&**backend, *device).ok())
            .collect()
    }
}
