use std::panic::catch_unwind;
use std::sync::OnceLock;

use phalanx_backend::Device;
use tract_onnx::prelude::{TractResult, TypedModel};
use tract_onnx::tract_core::internal::Runnable;
use tract_onnx::tract_core::internal::TractErrorContext;
use tract_onnx::tract_core::runtime::runtime_for_name;
use tract_onnx::tract_core::transform::get_transform;

/// The GPU in the words of its driver; `None` where tract cannot use it.
pub(super) fn description() -> Option<String> {
    static FOUND: OnceLock<bool> = OnceLock::new();
    // tract panics where there is no GPU, as in a virtual machine.
    let found = FOUND
        .get_or_init(|| catch_unwind(|| tract_metal::with_metal_stream(|_| Ok(())).is_ok()).unwrap_or(false));
    found.then(|| "Apple GPU through Metal".to_owned())
}

/// Prepares `model` for the GPU.
pub(crate) fn prepare(_: Device, mut model: TypedModel) -> TractResult<Box<dyn Runnable>> {
    // Its fast convolution needs the channels last.
    let channels_last = get_transform("conv_nhwc")?.context("tract has no transform conv_nhwc")?;
    channels_last.transform(&mut model)?;
    model.declutter()?;
    runtime_for_name("metal")?.context("tract has no runtime metal")?.prepare(model)
}
