use std::sync::Arc;

use phalanx_backend::{Backend, Device, Optimize, Precision, PrepareOptions};

/// The backends that answers are compared with, the preferred first, and how much each may rewrite the model: tract as
/// it would serve; where it cannot run a model, onnxruntime as the model was exported.
const REFERENCES: [(&str, Option<Optimize>); 2] = [("tract", None), ("onnxruntime", Some(Optimize::None))];

/// A backend that may serve as the reference, on the processor.
pub(crate) struct Referee<'a> {
    pub(crate) backend: &'a Arc<dyn Backend>,
    pub(crate) options: PrepareOptions,
}

/// Those of `backends` that may serve as the reference, the preferred first.
pub(crate) fn referees<'a>(
    backends: &'a [Arc<dyn Backend>],
    options: &PrepareOptions,
) -> impl Iterator<Item = Referee<'a>> {
    REFERENCES.into_iter().filter_map(move |(name, optimize)| {
        let backend = backends.iter().find(|backend| backend.name() == name)?;
        let optimize = optimize.unwrap_or(options.optimize);
        Some(Referee {
            backend,
            options: PrepareOptions { optimize, precision: Precision::Fp32, ..options.clone() },
        })
    })
}

/// What references run on.
pub(crate) const DEVICE: Device = Device::Cpu;
