use std::sync::Arc;

use phalanx_backend::{Backend, BackendError, Device, DeviceInfo, OperatorTime, PrepareOptions, Program};
use phalanx_model::Model;
use phalanx_tensor::Tensor;

use crate::dtype::datum_type;
use crate::operator_times::operator_times;
use crate::program::TractProgram;
use crate::{NAME, device, precision, prepare_error};

/// The version that the manifest pins.
const VERSION: &str = "0.23.9";

/// The tract backend. It has nothing to load, so that it is always there.
///
/// Models with bf16 inputs or outputs and functions of their own are refused; so is any precision but fp32 on x86
/// processors. A lane runs each batch on the thread that submits it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tract;

impl Backend for Tract {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> Result<String, BackendError> {
        Ok(VERSION.to_owned())
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        Ok(device::devices())
    }

    fn prepare(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        device::check(device)?;
        precision::check(options.precision, device)?;
        check_dtypes(model)?;
        Ok(Arc::new(TractProgram::new(model, device, options)?))
    }

    fn operator_times(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
        inputs: &[Tensor],
        runs: usize,
    ) -> Result<Option<Vec<OperatorTime>>, BackendError> {
        device::check(device)?;
        precision::check(options.precision, device)?;
        check_dtypes(model)?;
        operator_times(TractProgram::new(model, device, options)?.shared(), inputs, runs)
    }
}

fn check_dtypes(model: &Model) -> Result<(), BackendError> {
    let signature = model.signature();
    let wrong =
        signature.inputs.iter().chain(&signature.outputs).find(|info| datum_type(info.dtype).is_none());
    match wrong {
        None => Ok(()),
        Some(info) => {
            Err(prepare_error(format!("{:?} is {}, which tract does not have", info.name, info.dtype)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_in_the_manifest() {
        let pins = include_str!("../Cargo.toml").lines().filter(|line| line.starts_with("tract-"));
        assert!(pins.clone().count() >= 2);
        assert!(pins.into_iter().all(|pin| pin.contains(&format!("\"={VERSION}\""))));
    }
}
