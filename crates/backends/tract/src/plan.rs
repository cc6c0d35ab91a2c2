use std::sync::Arc;

use phalanx_backend::{Device, Optimize, Placement};
use tract_onnx::prelude::{TractResult, TypedModel};
use tract_onnx::tract_core::internal::{Runnable, TypedSimplePlan};

use crate::device;
use crate::share::{Constants, sharing_codegen};

/// A model prepared for fixed shapes, or for any where it has symbols left.
pub(crate) struct Plan {
    pub(crate) runnable: Box<dyn Runnable>,
}

impl Plan {
    pub(crate) fn new(
        mut model: TypedModel,
        device: Device,
        optimize: Optimize,
        constants: &Arc<Constants>,
    ) -> TractResult<Self> {
        if optimize != Optimize::None {
            model.declutter()?;
        }
        let runnable: Box<dyn Runnable> = match (device, optimize) {
            (Device::Cpu, Optimize::Full) => {
                model.optimize_with_session(&mut sharing_codegen(constants).session())?;
                Box::new(TypedSimplePlan::new(model)?)
            }
            (Device::Cpu, Optimize::None | Optimize::Basic) => Box::new(TypedSimplePlan::new(model)?),
            _ => device::prepare(device, model)?,
        };
        Ok(Self { runnable })
    }

    /// Where its nodes run.
    pub(crate) fn placement(&self, device: Device) -> Placement {
        self.runnable.typed_model().map_or_else(Placement::default, |model| device::placement(device, model))
    }
}
