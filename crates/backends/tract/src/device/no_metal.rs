use phalanx_backend::Device;
use tract_onnx::prelude::{TractResult, TypedModel};
use tract_onnx::tract_core::internal::Runnable;
use tract_onnx::tract_core::internal::bail;

/// There is no Metal outside macOS.
pub(super) fn description() -> Option<String> {
    None
}

/// Nothing but the CPU is prepared for here.
pub(crate) fn prepare(device: Device, _: TypedModel) -> TractResult<Box<dyn Runnable>> {
    bail!("there is no {device} here")
}
